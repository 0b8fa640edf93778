//! Accepts connections, and keeps what they share.

use crate::budget::Budget;
use crate::connection;
use crate::convert;
use crate::convert::Answer;
use crate::events;
use crate::outgoing::Outgoing;
use crate::session::Session;
use quorate_frame::Event;
use quorate_frame::ResponseFrame;
use quorate_frame::Version;
use quorate_request::Frontend;
use quorate_request::SslView;
use quorate_tls::HandshakeError;
use quorate_tls::Identity;
use quorate_tls::part;
use quorate_tls::set_up;
use quorate_types::RequestError;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::broadcast;
use tokio::sync::watch;

/// Events that a slow connection may be behind; one that is further loses some.
const EVENTS_MAX: usize = 1_024;
/// After an accept failed (no more file descriptors, as a rule).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections may cost.
#[derive(Debug, Clone)]
pub struct NativeConfig {
    /// Bytes of the largest frame's body.
    pub frame_bytes_max: u32,
    /// Bytes of requests in progress on one connection.
    pub connection_bytes_max: usize,
    /// Bytes of requests in progress on all connections.
    pub bytes_max: usize,
    /// Connections; further ones are closed at once.
    pub connections_max: usize,
    /// How long a client may take to get ready.
    pub handshake_timeout: Duration,
    /// A connection that is silent for longer is closed; `None`: never.
    pub idle_timeout: Option<Duration>,
}

impl Default for NativeConfig {
    fn default() -> Self {
        Self {
            frame_bytes_max: 16 << 20,
            connection_bytes_max: 32 << 20,
            bytes_max: 256 << 20,
            connections_max: 10_000,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: None,
        }
    }
}

/// Where a node listens, and with what limits.
#[derive(Debug)]
pub struct Listener {
    /// Bound already, so that its port is known.
    pub socket: TcpListener,
    /// What is shown to drivers; `None`: connections are not encrypted.
    pub identity: Option<Identity>,
    /// What connections may cost.
    pub config: NativeConfig,
}

/// What all connections share.
pub(crate) struct Shared<F> {
    pub(crate) frontend: F,
    pub(crate) config: NativeConfig,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) budget: Arc<Budget>,
    /// Becomes true when the listener stops.
    pub(crate) stops: watch::Receiver<bool>,
}

/// Serves drivers until `stop` completes. Then what is in progress is finished, and each connection
/// is closed as soon as it is quiet.
pub async fn serve<F: Frontend>(
    listener: Listener,
    frontend: F,
    stop: impl Future<Output = ()> + Send,
) {
    let (stopping, stops) = watch::channel(false);
    let (events, _) = broadcast::channel(EVENTS_MAX);
    let announcing = tokio::spawn(events::announce(frontend.clone(), events.clone()));
    let slots = Arc::new(Semaphore::new(listener.config.connections_max));
    let all_slots = listener.config.connections_max as u32;
    let shared = Arc::new(Shared {
        frontend,
        config: listener.config.clone(),
        events,
        budget: Arc::default(),
        stops,
    });
    tokio::select! {
        () = accept_all(&listener, &shared, &slots) => {}
        () = stop => {}
    }
    drop(listener.socket);
    stopping.send_replace(true);
    announcing.abort();
    // Each connection holds a slot: with all of them, none is left.
    let _ = slots.acquire_many(all_slots).await;
}

async fn accept_all<F: Frontend>(
    listener: &Listener,
    shared: &Arc<Shared<F>>,
    slots: &Arc<Semaphore>,
) {
    loop {
        let (stream, peer) = match listener.socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(slot) = Arc::clone(slots).try_acquire_owned() else {
            tracing::warn!(%peer, "too many connections: one was closed");
            continue;
        };
        set_up(&stream);
        let (shared, identity) = (Arc::clone(shared), listener.identity.clone());
        tokio::spawn(async move {
            match identity {
                None => serve_one(stream.into_split(), peer, None, &shared).await,
                // A connection without TLS has no room for its state.
                Some(identity) => {
                    Box::pin(serve_encrypted(stream, peer, &identity, &shared)).await;
                }
            }
            drop(slot);
        });
    }
}

async fn serve_one<F: Frontend>(
    (reader, writer): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    peer: SocketAddr,
    ssl: Option<SslView>,
    shared: &Arc<Shared<F>>,
) {
    let session = Session::new(peer, ssl, shared.frontend.requires_authentication());
    if let Err(error) = connection::run(reader, writer, session, shared).await {
        tracing::debug!(%peer, %error, "a connection broke");
    }
}

async fn serve_encrypted<F: Frontend>(
    socket: TcpStream,
    peer: SocketAddr,
    identity: &Identity,
    shared: &Arc<Shared<F>>,
) {
    let error = match identity.accept(socket).await {
        Ok(stream) => {
            let ssl = stream.encryption().map(|(protocol, cipher_suite)| SslView {
                cipher_suite,
                protocol,
            });
            return serve_one(tokio::io::split(stream), peer, ssl, shared).await;
        }
        Err(error) => error,
    };
    error.note(peer);
    if let HandshakeError::Plaintext(socket) = error {
        refuse_plaintext(socket).await;
    }
}

/// Tells a driver why, in the version that it speaks.
async fn refuse_plaintext(socket: TcpStream) {
    let mut first = [0];
    // It is there: that it begins no TLS was seen by it.
    let _ = socket.peek(&mut first).await;
    let version = Version::from_byte(first[0]).unwrap_or(Version::HIGHEST);
    let error = RequestError::Protocol("TLS is required on this port".to_owned());
    let mut outgoing = Outgoing::new();
    outgoing.speak(version);
    outgoing.push(&Answer::Frame(ResponseFrame::new(
        0,
        convert::error(&error),
    )));
    outgoing.seal();
    part(socket, &outgoing.ready).await;
}
