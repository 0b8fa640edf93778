//! The `Quorate` service: each call to its frontend and back.

use crate::connected::Session;
use crate::convert;
use crate::errors;
use crate::login;
use crate::proto;
use crate::proto::quorate_server::Quorate;
use crate::snapshot;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use quorate_request::Frontend;
use quorate_types::RequestError;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::Streaming;
use tonic::metadata::MetadataMap;

/// Requests of one session stream that are worked on at once.
const SESSION_IN_FLIGHT_MAX: usize = 1_024;
/// How long after the stop sessions end: clients were told before, what was under way has arrived.
const SESSION_GRACE: Duration = Duration::from_millis(250);

pub(crate) struct Service<F> {
    pub(crate) frontend: F,
    pub(crate) build: String,
    /// Becomes true when the listener stops.
    pub(crate) stops: watch::Receiver<bool>,
}

#[tonic::async_trait]
impl<F: Frontend> Quorate for Service<F> {
    type ExecuteStreamStream = ReceiverStream<Result<proto::ExecuteResponse, Status>>;
    type SessionStream = ReceiverStream<Result<proto::SessionResponse, Status>>;
    type WatchStream = ReceiverStream<Result<proto::ClusterSnapshot, Status>>;

    // W1 receive.
    // R1 receive.
    async fn execute(
        &self,
        request: Request<proto::ExecuteRequest>,
    ) -> Result<Response<proto::ExecuteResponse>, Status> {
        let caller = self.caller(&request).await?;
        execute(&self.frontend, request.into_inner(), &caller)
            .await
            .map(Response::new)
            .map_err(|error| errors::status(&error))
    }

    async fn execute_stream(
        &self,
        request: Request<proto::ExecuteRequest>,
    ) -> Result<Response<Self::ExecuteStreamStream>, Status> {
        let caller = Caller {
            timeout: None,
            ..self.caller(&request).await?
        };
        let frontend = self.frontend.clone();
        let (pages, outgoing) = mpsc::channel(2);
        tokio::spawn(send_pages(frontend, request.into_inner(), caller, pages));
        Ok(Response::new(ReceiverStream::new(outgoing)))
    }

    async fn prepare(
        &self,
        request: Request<proto::PrepareRequest>,
    ) -> Result<Response<proto::PrepareResponse>, Status> {
        let caller = self.caller(&request).await?;
        prepare(&self.frontend, request.into_inner(), &caller)
            .await
            .map(Response::new)
            .map_err(|error| errors::status(&error))
    }

    async fn execute_batch(
        &self,
        request: Request<proto::BatchRequest>,
    ) -> Result<Response<proto::ExecuteResponse>, Status> {
        let caller = self.caller(&request).await?;
        batch(&self.frontend, request.into_inner(), &caller)
            .await
            .map(Response::new)
            .map_err(|error| errors::status(&error))
    }

    async fn session(
        &self,
        request: Request<Streaming<proto::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let caller = Caller {
            timeout: None,
            ..self.caller(&request).await?
        };
        let session = Arc::new(Session::of(&request, caller.role.clone()));
        let known: Weak<Session> = Arc::downgrade(&session);
        self.frontend.note_connection(known);
        let (responses, outgoing) = mpsc::channel(64);
        tokio::spawn(serve_session(
            self.frontend.clone(),
            (caller, session),
            request.into_inner(),
            responses,
            self.stops.clone(),
        ));
        Ok(Response::new(ReceiverStream::new(outgoing)))
    }

    async fn watch(
        &self,
        request: Request<proto::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        self.caller(&request).await?;
        let (frontend, build) = (self.frontend.clone(), self.build.clone());
        let mut stops = self.stops.clone();
        let (snapshots, outgoing) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut seen = 0;
            loop {
                seen = tokio::select! {
                    now = frontend.changed(seen) => now,
                    _ = stops.wait_for(|stops| *stops) => return,
                };
                if snapshots
                    .send(Ok(snapshot::of(&frontend, &build)))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(outgoing)))
    }
}

/// Who makes a call, and how long it may take.
struct Caller {
    role: Option<Arc<str>>,
    timeout: Option<Duration>,
}

impl<F: Frontend> Service<F> {
    async fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let role = login::role_of(&self.frontend, request.metadata()).await;
        Ok(Caller {
            role: role.map_err(|error| errors::status(&error))?,
            timeout: deadline_of(request.metadata()),
        })
    }
}

/// What gRPC's own deadline leaves.
fn deadline_of(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count.saturating_mul(3600))),
        "M" => Some(Duration::from_secs(count.saturating_mul(60))),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

async fn execute<F: Frontend>(
    frontend: &F,
    request: proto::ExecuteRequest,
    caller: &Caller,
) -> Result<proto::ExecuteResponse, RequestError> {
    let wanted = wants_receipt(&request);
    let mut request = convert::execute(request, caller.timeout)?;
    request.options.role.clone_from(&caller.role);
    let response = frontend.execute(request).await?;
    Ok(convert::response(response, wanted))
}

/// A receipt is sent when asked for, and always for EXPLAIN CONSISTENCY, which is about nothing else.
fn wants_receipt(request: &proto::ExecuteRequest) -> bool {
    let explains = match &request.statement {
        Some(proto::execute_request::Statement::Cql(text)) => {
            let mut words = text.split_whitespace();
            words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("explain"))
        }
        Some(proto::execute_request::Statement::PreparedId(_)) | None => false,
    };
    explains
        || request
            .options
            .as_ref()
            .is_some_and(|options| options.receipt)
}

async fn prepare<F: Frontend>(
    frontend: &F,
    request: proto::PrepareRequest,
    caller: &Caller,
) -> Result<proto::PrepareResponse, RequestError> {
    let keyspace = (!request.keyspace.is_empty()).then_some(request.keyspace);
    let role = caller.role.clone();
    let prepared = frontend.prepare(request.cql, keyspace, role).await?;
    Ok(convert::prepared(&prepared))
}

async fn batch<F: Frontend>(
    frontend: &F,
    request: proto::BatchRequest,
    caller: &Caller,
) -> Result<proto::ExecuteResponse, RequestError> {
    let wanted = request
        .options
        .as_ref()
        .is_some_and(|options| options.receipt);
    let mut request = convert::batch(request, caller.timeout)?;
    request.options.role.clone_from(&caller.role);
    let response = frontend.batch(request).await?;
    Ok(convert::response(response, wanted))
}

/// Runs a statement page after page; ends with the last page or the first error.
async fn send_pages<F: Frontend>(
    frontend: F,
    mut request: proto::ExecuteRequest,
    caller: Caller,
    pages: mpsc::Sender<Result<proto::ExecuteResponse, Status>>,
) {
    loop {
        let outcome = execute(&frontend, request.clone(), &caller).await;
        let next = match &outcome {
            Ok(proto::ExecuteResponse {
                result: Some(proto::execute_response::Result::Rows(rows)),
                ..
            }) => rows.paging_state.clone(),
            Ok(_) | Err(_) => bytes::Bytes::new(),
        };
        let sent = pages
            .send(outcome.map_err(|error| errors::status(&error)))
            .await;
        if sent.is_err() || next.is_empty() {
            return;
        }
        request.options.get_or_insert_default().paging_state = next;
    }
}

/// Answers the requests of one session side by side, in one task.
async fn serve_session<F: Frontend>(
    frontend: F,
    (caller, session): (Caller, Arc<Session>),
    mut requests: Streaming<proto::SessionRequest>,
    responses: mpsc::Sender<Result<proto::SessionResponse, Status>>,
    mut stops: watch::Receiver<bool>,
) {
    let mut ending = pin!(async {
        // An error means that the listener has gone altogether.
        let _ = stops.wait_for(|stops| *stops).await;
        tokio::time::sleep(SESSION_GRACE).await;
    });
    let mut working = FuturesUnordered::new();
    let mut open = true;
    while open || !working.is_empty() {
        let ready = tokio::select! {
            received = requests.message(), if open && working.len() < SESSION_IN_FLIGHT_MAX => {
                match received {
                    Ok(Some(request)) => {
                        session.count_request();
                        working.push(answer(&frontend, &caller, request));
                    }
                    Ok(None) | Err(_) => open = false,
                }
                None
            }
            // An empty set would be ready at once, again and again.
            response = working.next(), if !working.is_empty() => response,
            () = &mut ending, if working.is_empty() => return,
        };
        let mut next = ready;
        while let Some(response) = next {
            if responses.send(Ok(response)).await.is_err() {
                return;
            }
            next = working.next().now_or_never().flatten();
        }
    }
}

async fn answer<F: Frontend>(
    frontend: &F,
    caller: &Caller,
    request: proto::SessionRequest,
) -> proto::SessionResponse {
    use proto::session_request::Request as Kind;
    use proto::session_response::Response as Answer;
    let outcome = match request.request {
        Some(Kind::Execute(request)) => execute(frontend, request, caller)
            .await
            .map(Answer::Execute),
        Some(Kind::Prepare(request)) => prepare(frontend, request, caller)
            .await
            .map(Answer::Prepare),
        Some(Kind::Batch(request)) => batch(frontend, request, caller).await.map(Answer::Execute),
        None => Err(RequestError::Protocol("expected a request".to_owned())),
    };
    let response = outcome.unwrap_or_else(|error| Answer::Error(errors::detail(&error)));
    proto::SessionResponse {
        id: request.id,
        response: Some(response),
    }
}
