//! The asking side: one stream per peer, requests in batches, replies by id.
//!
//! ```text
//!   call ──▶ queue ──task: drain, send one batch──▶ peer
//!     ▲                                              │
//!     └──────── waiting, by request id ◀── replies ──┘
//! ```
//!
//! A peer's task connects when there is something to send, and ends when the stream breaks: every
//! waiting call then fails at once, and the next call makes a new stream.
//!
//! # Invariants
//!
//! * **N1** A call ends: with a reply, when the stream breaks, or when its time is up.
//! * **N2** What queues for a peer is bounded.

use crate::codec;
use crate::error::CallError;
use crate::message::Answered;
use crate::message::PeerRequest;
use crate::proto;
use crate::proto::internode_client::InternodeClient;
use quorate_tls::Identity;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;

/// Requests sent in one message.
const BATCH_COUNT_MAX: usize = 512;
/// Bytes after which a batch is sent even if more is queued.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// How often the same peer's refusals are said.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);
/// Largest message of a stream.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// The metadata keys that introduce the caller of a stream.
pub(crate) const HOST_ID_KEY: &str = "quorate-host-id";
pub(crate) const CLUSTER_KEY: &str = "quorate-cluster-bin";

/// How peers are asked.
#[derive(Debug, Clone)]
pub struct PeersConfig {
    /// Who asks.
    pub me: HostId,
    /// The cluster both belong to.
    pub cluster_name: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// Requests that may queue for one peer.
    pub queue_count_max: usize,
    /// What to show to peers and whom to believe; `None`: streams are not encrypted.
    pub identity: Option<Identity>,
}

/// The streams to all peers. A clone is another handle to the same.
#[derive(Debug, Clone)]
pub struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: PeersConfig,
    lanes: Mutex<HashMap<Endpoint, Lane>>,
    complaints: Arc<Complaints>,
}

/// The way to one peer, for as long as its stream lives.
#[derive(Debug, Clone)]
struct Lane {
    queue: mpsc::Sender<Queued>,
    next_id: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Queued {
    request: proto::Request,
    reply: Option<oneshot::Sender<Result<Answered, CallError>>>,
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<Answered, CallError>>>>>;

/// The maps behind these locks are whole between any two statements: poisoning is passed over.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Peers {
    /// No streams yet.
    pub fn new(config: PeersConfig) -> Self {
        Self(Arc::new(Inner {
            config,
            lanes: Mutex::new(HashMap::new()),
            complaints: Arc::default(),
        }))
    }

    /// Asks a peer and waits for its reply, at most `timeout` (**N1**).
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call(
        &self,
        to: &Endpoint,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
    ) -> impl Future<Output = Result<Answered, CallError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let queued = self.enqueue(to, epoch, timeout, request, Some(answer));
        async move {
            queued?;
            match tokio::time::timeout(timeout, answered).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(CallError::Broken),
                Err(_) => Err(CallError::TimedOut),
            }
        }
    }

    /// Tells a peer something. Whether it arrives is not known.
    pub fn send(&self, to: &Endpoint, epoch: Epoch, request: PeerRequest) {
        // What is told without waiting is repeated by its protocol (gossip, the metadata log).
        let _ = self.enqueue(to, epoch, Duration::from_secs(10), request, None);
    }

    fn enqueue(
        &self,
        to: &Endpoint,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
        reply: Option<oneshot::Sender<Result<Answered, CallError>>>,
    ) -> Result<(), CallError> {
        let lane = self.lane(to);
        let id = if reply.is_some() {
            lane.next_id.fetch_add(1, Ordering::Relaxed)
        } else {
            0
        };
        let request = proto::Request {
            id,
            epoch: epoch.0,
            timeout_micros: u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX),
            body: Some(codec::request_to_proto(request)),
        };
        let queued = Queued { request, reply };
        lane.queue
            .try_send(queued)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => CallError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => CallError::Broken,
            })
    }

    /// The lane to a peer; a new one with its task when there is none or the last one broke.
    fn lane(&self, to: &Endpoint) -> Lane {
        let mut lanes = locked(&self.0.lanes);
        if let Some(lane) = lanes.get(to).filter(|lane| !lane.queue.is_closed()) {
            return lane.clone();
        }
        let (queue, queued) = mpsc::channel(self.0.config.queue_count_max);
        let lane = Lane {
            queue,
            next_id: Arc::new(AtomicU64::new(1)),
        };
        lanes.insert(to.clone(), lane.clone());
        let complaints = Arc::clone(&self.0.complaints);
        tokio::spawn(run_lane(
            self.0.config.clone(),
            to.clone(),
            queued,
            complaints,
        ));
        lane
    }
}

/// Serves one lane until its stream breaks.
async fn run_lane(
    config: PeersConfig,
    to: Endpoint,
    mut queued: mpsc::Receiver<Queued>,
    complaints: Arc<Complaints>,
) {
    let stream = open_stream(&config, &to).await;
    let (requests, mut replies) = match stream {
        Ok(stream) => stream,
        Err(error) => {
            complaints.note(&to, &error);
            queued.close();
            while let Some(Queued { reply, .. }) = queued.recv().await {
                reply.map(|reply| reply.send(Err(CallError::Unreachable)));
            }
            return;
        }
    };
    let waiting: Waiting = Arc::default();
    let sending = send_batches(queued, requests, waiting.clone());
    let receiving = async {
        while let Ok(Some(batch)) = replies.message().await {
            deliver(&waiting, batch);
        }
    };
    tokio::select! {
        () = sending => {}
        () = receiving => {}
    }
    // Whoever still waits hears that the stream broke: the senders are dropped with the map.
    locked(&waiting).clear();
}

type Stream = (
    mpsc::Sender<proto::RequestBatch>,
    tonic::Streaming<proto::ReplyBatch>,
);

async fn open_stream(config: &PeersConfig, to: &Endpoint) -> Result<Stream, Unopened> {
    let scheme = if config.identity.is_some() {
        "https"
    } else {
        "http"
    };
    let mut endpoint = tonic::transport::Endpoint::from_shared(format!("{scheme}://{to}"))?;
    if let Some(identity) = &config.identity {
        endpoint = endpoint.tls_config(identity.client_config())?;
    }
    let channel: Channel = endpoint
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .initial_stream_window_size(Some(8 << 20))
        .initial_connection_window_size(Some(16 << 20))
        .connect()
        .await?;
    let (requests, outgoing) = mpsc::channel(4);
    let mut call = tonic::Request::new(ReceiverStream::new(outgoing));
    if let Ok(host_id) = config.me.to_string().parse() {
        call.metadata_mut().insert(HOST_ID_KEY, host_id);
    }
    let cluster = MetadataValue::from_bytes(config.cluster_name.as_bytes());
    call.metadata_mut().insert_bin(CLUSTER_KEY, cluster);
    let mut client = InternodeClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let replies = client.exchange(call).await?.into_inner();
    Ok((requests, replies))
}

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Unopened {
    message: String,
    /// Whether one of both nodes does not want the other: no silence, and no passing matter.
    is_refusal: bool,
}

impl From<tonic::transport::Error> for Unopened {
    fn from(error: tonic::transport::Error) -> Self {
        let refusal = quorate_tls::refusal_of(&error);
        Self {
            is_refusal: refusal.is_some(),
            message: refusal.unwrap_or_else(|| error.to_string()),
        }
    }
}

impl From<tonic::Status> for Unopened {
    fn from(status: tonic::Status) -> Self {
        let refusal = quorate_tls::refusal_of(&status);
        Self {
            is_refusal: refusal.is_some()
                || matches!(
                    status.code(),
                    Code::PermissionDenied | Code::FailedPrecondition
                ),
            message: refusal.unwrap_or_else(|| status.message().to_owned()),
        }
    }
}

/// Says which peers refuse this node, or are refused by it, each now and then.
#[derive(Debug, Default)]
struct Complaints(Mutex<HashMap<Endpoint, Instant>>);

impl Complaints {
    fn note(&self, peer: &Endpoint, error: &Unopened) {
        let mut noted = locked(&self.0);
        let is_due = noted
            .get(peer)
            .is_none_or(|last| last.elapsed() >= COMPLAINT_INTERVAL);
        if error.is_refusal && is_due {
            noted.insert(peer.clone(), Instant::now());
            tracing::warn!(%peer, %error, "no connection to a peer");
        } else {
            tracing::debug!(%peer, %error, "no connection to a peer");
        }
    }
}

/// Drains the queue and sends what it held, again and again: the longer a send takes, the more the
/// next one carries.
async fn send_batches(
    mut queued: mpsc::Receiver<Queued>,
    requests: mpsc::Sender<proto::RequestBatch>,
    waiting: Waiting,
) {
    let mut drained = Vec::with_capacity(BATCH_COUNT_MAX);
    while queued.recv_many(&mut drained, BATCH_COUNT_MAX).await > 0 {
        let mut batch = proto::RequestBatch::default();
        let mut bytes = 0;
        for Queued { request, reply } in drained.drain(..) {
            if let Some(reply) = reply {
                locked(&waiting).insert(request.id, reply);
            }
            bytes += payload_bytes(&request);
            batch.requests.push(request);
            if bytes >= BATCH_BYTES_MAX {
                bytes = 0;
                if requests.send(std::mem::take(&mut batch)).await.is_err() {
                    return;
                }
            }
        }
        if !batch.requests.is_empty() && requests.send(batch).await.is_err() {
            return;
        }
        forget_abandoned(&waiting);
    }
}

/// Calls whose time was up left their place behind.
fn forget_abandoned(waiting: &Waiting) {
    let mut waiting = locked(waiting);
    if waiting.len() > 4 * BATCH_COUNT_MAX {
        waiting.retain(|_, reply| !reply.is_closed());
    }
}

fn payload_bytes(request: &proto::Request) -> usize {
    match &request.body {
        Some(proto::request::Body::Mutate(bytes)) => bytes.len(),
        Some(proto::request::Body::Hint(hint)) => hint.mutation.len(),
        _ => 256,
    }
}

fn deliver(waiting: &Waiting, batch: proto::ReplyBatch) {
    for reply in batch.replies {
        let Some(waiter) = locked(waiting).remove(&reply.id) else {
            continue;
        };
        let outcome = match codec::reply_from_proto(reply.body) {
            Ok(body) => Ok(Answered {
                epoch: Epoch(reply.epoch),
                reply: body,
            }),
            Err(malformed) => {
                tracing::error!(%malformed, "a reply cannot be read");
                Err(CallError::Broken)
            }
        };
        // The caller may have given up already.
        let _ = waiter.send(outcome);
    }
}
