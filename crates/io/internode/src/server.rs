//! The answering side: one task per stream, its requests answered side by side, replies in batches.

use crate::codec;
use crate::message::Handler;
use crate::message::PeerReply;
use crate::peers::CLUSTER_KEY;
use crate::peers::HOST_ID_KEY;
use crate::peers::MESSAGE_BYTES_MAX;
use crate::proto;
use crate::proto::internode_server::Internode;
use crate::proto::internode_server::InternodeServer;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use quorate_tls::Identity;
use quorate_tls::incoming;
use quorate_types::FailureReason;
use quorate_types::HostId;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::Streaming;
use uuid::Uuid;

/// Requests of one stream that are worked on at once; the next ones wait in the stream.
const IN_FLIGHT_MAX: usize = 4_096;
/// Replies sent in one message.
const BATCH_COUNT_MAX: usize = 512;

/// How long after the stop streams end: peers were told before, what was under way has arrived.
const STREAM_GRACE: Duration = Duration::from_millis(100);

/// The listener broke.
#[derive(Debug, thiserror::Error)]
#[error("the internode listener stopped: {0}")]
pub struct ServeError(#[from] tonic::transport::Error);

/// Answers peers until `stop` completes; their streams end a moment later. With an identity, peers
/// are those whose certificates its authority vouches for.
///
/// # Errors
/// [`ServeError`].
pub async fn serve<H: Handler>(
    listener: TcpListener,
    identity: Option<Identity>,
    handler: H,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (stopping, stops) = watch::channel(false);
    let service = InternodeServer::new(Service { handler, stops })
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(10)))
        .initial_stream_window_size(Some(8 << 20))
        .initial_connection_window_size(Some(16 << 20))
        .add_service(service)
        .serve_with_incoming_shutdown(incoming(listener, identity), async move {
            stop.await;
            stopping.send_replace(true);
        })
        .await?;
    Ok(())
}

struct Service<H> {
    handler: H,
    /// Becomes true when the listener stops.
    stops: watch::Receiver<bool>,
}

#[tonic::async_trait]
impl<H: Handler> Internode for Service<H> {
    type ExchangeStream = ReceiverStream<Result<proto::ReplyBatch, Status>>;

    async fn exchange(
        &self,
        request: Request<Streaming<proto::RequestBatch>>,
    ) -> Result<Response<Self::ExchangeStream>, Status> {
        let from = caller(&request, &self.handler.cluster_name())?;
        let (replies, outgoing) = mpsc::channel(4);
        tokio::spawn(answer_stream(
            self.handler.clone(),
            from,
            request.into_inner(),
            replies,
            self.stops.clone(),
        ));
        Ok(Response::new(ReceiverStream::new(outgoing)))
    }
}

/// Who opened the stream.
fn caller(
    request: &Request<Streaming<proto::RequestBatch>>,
    cluster_name: &str,
) -> Result<HostId, Status> {
    let metadata = request.metadata();
    let cluster = metadata
        .get_bin(CLUSTER_KEY)
        .and_then(|value| value.to_bytes().ok());
    if cluster.is_none_or(|theirs| theirs != cluster_name.as_bytes()) {
        return Err(Status::permission_denied(format!(
            "this node belongs to cluster '{cluster_name}'"
        )));
    }
    metadata
        .get(HOST_ID_KEY)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<Uuid>().ok())
        .map(HostId)
        .ok_or_else(|| Status::invalid_argument("expected the caller's host id"))
}

/// Answers the requests of one stream. All of them live in this one task: a group of writes that
/// becomes durable together wakes it once, and its replies leave in one message.
async fn answer_stream<H: Handler>(
    handler: H,
    from: HostId,
    mut requests: Streaming<proto::RequestBatch>,
    replies: mpsc::Sender<Result<proto::ReplyBatch, Status>>,
    mut stops: watch::Receiver<bool>,
) {
    let mut ending = pin!(async {
        // An error means that the listener has gone altogether.
        let _ = stops.wait_for(|stops| *stops).await;
        tokio::time::sleep(STREAM_GRACE).await;
    });
    let mut working = FuturesUnordered::new();
    loop {
        let mut batch = proto::ReplyBatch::default();
        tokio::select! {
            received = requests.message(), if working.len() < IN_FLIGHT_MAX => {
                let Ok(Some(received)) = received else { return };
                for request in received.requests {
                    working.push(answer(&handler, from, request));
                }
            }
            Some(reply) = working.next() => batch.replies.extend(reply),
            () = &mut ending, if working.is_empty() => return,
        }
        while batch.replies.len() < BATCH_COUNT_MAX
            && let Some(Some(reply)) = working.next().now_or_never()
        {
            batch.replies.extend(reply);
        }
        if !batch.replies.is_empty() && replies.send(Ok(batch)).await.is_err() {
            return;
        }
    }
}

async fn answer<H: Handler>(
    handler: &H,
    from: HostId,
    request: proto::Request,
) -> Option<proto::Reply> {
    let id = request.id;
    let timeout = Duration::from_micros(request.timeout_micros);
    let epoch = quorate_types::Epoch(request.epoch);
    let reply = match codec::request_from_proto(request.body) {
        Ok(body) => handler.handle(from, epoch, timeout, body).await,
        Err(malformed) => {
            tracing::warn!(%from, %malformed, "a request cannot be read");
            PeerReply::Failed {
                reason: FailureReason::Unknown,
                message: malformed.to_string(),
            }
        }
    };
    (id != 0).then(|| proto::Reply {
        id,
        epoch: handler.epoch().0,
        body: Some(codec::reply_to_proto(reply)),
    })
}
