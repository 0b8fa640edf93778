//! One connection to one node, with one `Session` stream that carries many requests at once.
//!
//! Requests wait in a queue until the stream takes them; then they have an id and wait for their
//! answer. What is still in the queue when the connection breaks was not sent; what had an id may
//! have been.
//!
//! # Invariants
//!
//! * **S1** A call ends exactly once: with its answer, or with why there is none.
//! * **S2** After the connection broke no call is left waiting.
//! * **S3** At most `in_flight_max` requests are queued or unanswered.

use crate::Access;
use crate::builder::Settings;
use crate::error::from_detail;
use crate::error::of_status;
use crate::error::with_causes;
use crate::proto;
use futures_util::Stream;
use proto::quorate_client::QuorateClient;
use proto::session_request::Request;
use proto::session_response::Response;
use quorate_types::RequestError;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tonic::Streaming;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// Largest message sent or taken, as on the server.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// A connection without traffic is tried this often, and given up when it is silent as long again.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The node never saw it.
    NotSent(String),
    /// The node may have seen it.
    Lost(String),
    /// The node refused it.
    Refused(RequestError),
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Session {
    queue: mpsc::UnboundedSender<Queued>,
    slots: Arc<Semaphore>,
    broken: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Queued {
    request: Request,
    waiting: Waiting,
}

#[derive(Debug)]
struct Waiting {
    reply: oneshot::Sender<Result<Response, String>>,
    _slot: OwnedSemaphorePermit,
}

/// The requests that were sent and are not answered.
#[derive(Debug, Default)]
struct Unanswered {
    last_id: u64,
    waiting: HashMap<u64, Waiting>,
    /// Set for good when the connection broke.
    closed: bool,
}

type Shared = Arc<Mutex<Unanswered>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Unanswered> {
    // Nothing that holds it panics between two changes.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection to an address; `Err` says why there is none.
pub(crate) async fn connect(address: &str, settings: &Settings) -> Result<Channel, String> {
    let endpoint = settings
        .access
        .endpoint(address)
        .map_err(|error| with_causes(&error))?
        .connect_timeout(settings.connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(Some(4 << 20))
        .initial_connection_window_size(Some(8 << 20));
    let connecting = tokio::time::timeout(settings.connect_timeout, endpoint.connect());
    match connecting.await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(with_causes(&error)),
        Err(_) => Err("timed out while connecting".to_owned()),
    }
}

/// The service behind a connection.
pub(crate) type Service = QuorateClient<InterceptedService<Channel, Access>>;

/// The service behind a connection, for requests as the settings say.
pub(crate) fn service(channel: Channel, settings: &Settings) -> Service {
    QuorateClient::with_interceptor(channel, settings.access.clone())
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

impl Session {
    /// Connects and opens the stream. `on_break` runs once, when the connection has broken.
    pub(crate) async fn open(
        address: &str,
        settings: &Settings,
        on_break: impl FnOnce() + Send + 'static,
    ) -> Result<Self, String> {
        let channel = connect(address, settings).await?;
        let (queue, queued) = mpsc::unbounded_channel();
        let shared = Shared::default();
        let outgoing = Outgoing {
            queued,
            shared: Arc::clone(&shared),
        };
        let mut service = service(channel, settings);
        let opening = tokio::time::timeout(settings.connect_timeout, service.session(outgoing));
        let answers = match opening.await {
            Ok(Ok(answers)) => answers.into_inner(),
            Ok(Err(status)) => return Err(of_status(&status)),
            Err(_) => return Err("timed out while opening a session".to_owned()),
        };
        let broken = Arc::new(AtomicBool::new(false));
        let session = Self {
            queue,
            slots: Arc::new(Semaphore::new(settings.in_flight_max)),
            broken: Arc::clone(&broken),
        };
        tokio::spawn(async move {
            let message = deliver(answers, &shared).await;
            broken.store(true, Ordering::Release);
            lose_all(&shared, &message);
            on_break();
        });
        Ok(session)
    }

    /// Whether it can take requests.
    pub(crate) fn is_open(&self) -> bool {
        !self.broken.load(Ordering::Acquire) && !self.queue.is_closed()
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn call(&self, request: Request) -> Result<Response, Failure> {
        let slots = Arc::clone(&self.slots);
        let slot = slots
            .acquire_owned()
            .await
            .map_err(|_| Failure::NotSent("the session is closed".to_owned()))?;
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { reply, _slot: slot };
        self.queue
            .send(Queued { request, waiting })
            .map_err(|_| Failure::NotSent("the connection broke".to_owned()))?;
        match answer.await {
            Ok(Ok(Response::Error(detail))) => Err(Failure::Refused(from_detail(detail))),
            Ok(Ok(response)) => Ok(response),
            Ok(Err(message)) => Err(Failure::Lost(message)),
            // Dropped while it was queued.
            Err(_) => Err(Failure::NotSent("the connection broke".to_owned())),
        }
    }
}

/// What the stream sends: queued requests, each with a new id.
struct Outgoing {
    queued: mpsc::UnboundedReceiver<Queued>,
    shared: Shared,
}

impl Stream for Outgoing {
    type Item = proto::SessionRequest;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(Queued { request, waiting }) =
                std::task::ready!(self.queued.poll_recv(context))
            else {
                return Poll::Ready(None);
            };
            if waiting.reply.is_closed() {
                // Its caller has gone: not worth sending.
                continue;
            }
            let mut unanswered = lock(&self.shared);
            if unanswered.closed {
                // The rest of the queue is dropped with this stream, unsent.
                return Poll::Ready(None);
            }
            unanswered.last_id += 1;
            let id = unanswered.last_id;
            unanswered.waiting.insert(id, waiting);
            return Poll::Ready(Some(proto::SessionRequest {
                id,
                request: Some(request),
            }));
        }
    }
}

/// Hands answers to those who wait, until the stream ends; says how it ended.
async fn deliver(mut answers: Streaming<proto::SessionResponse>, shared: &Shared) -> String {
    loop {
        match answers.message().await {
            Ok(Some(answer)) => {
                let waiting = lock(shared).waiting.remove(&answer.id);
                if let Some((waiting, response)) = waiting.zip(answer.response) {
                    // An error only means that the caller has gone.
                    let _ = waiting.reply.send(Ok(response));
                }
            }
            Ok(None) => return "the node closed the session".to_owned(),
            Err(status) => return of_status(&status),
        }
    }
}

fn lose_all(shared: &Shared, message: &str) {
    let waiting = {
        let mut unanswered = lock(shared);
        unanswered.closed = true;
        std::mem::take(&mut unanswered.waiting)
    };
    for waiting in waiting.into_values() {
        let _ = waiting.reply.send(Err(message.to_owned()));
    }
}
