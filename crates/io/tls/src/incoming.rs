//! Accepted sockets as a stream of connections, for servers that want them so.

use crate::Connection;
use crate::HandshakeError;
use crate::Identity;
use crate::set_up;
use futures_util::Stream;
use futures_util::StreamExt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::wrappers::TcpListenerStream;

/// How long a client without TLS may take to ask something, and to hear that it must not.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// gRPC's FAILED_PRECONDITION.
const FAILED_PRECONDITION: &str = "9";
/// Handshakes that go on at once; further connections wait to be accepted.
const HANDSHAKES_MAX: usize = 512;
/// After an accept failed (no more file descriptors, as a rule).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The listener's connections: encrypted if there is an identity, as they are if there is none. Slow
/// handshakes hold up nobody else. Listening ends with the stream.
pub fn incoming(
    listener: TcpListener,
    identity: Option<Identity>,
) -> impl Stream<Item = io::Result<Connection>> {
    match identity {
        None => TcpListenerStream::new(listener)
            .map(|accepted| {
                accepted.map(|socket| {
                    set_up(&socket);
                    Connection::Plain(socket)
                })
            })
            .left_stream(),
        Some(identity) => {
            let (connections, accepted) = mpsc::channel(16);
            tokio::spawn(accept_all(listener, identity, connections));
            ReceiverStream::new(accepted).map(Ok).right_stream()
        }
    }
}

async fn accept_all(
    listener: TcpListener,
    identity: Identity,
    connections: mpsc::Sender<Connection>,
) {
    let turns = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    // The semaphore is never closed.
    while let Ok(turn) = Arc::clone(&turns).acquire_owned().await {
        let (socket, peer) = tokio::select! {
            () = connections.closed() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        set_up(&socket);
        let (identity, connections) = (identity.clone(), connections.clone());
        tokio::spawn(async move {
            match identity.accept(socket).await {
                // An error means that the server has stopped.
                Ok(connection) => drop(connections.send(connection).await),
                Err(error) => {
                    error.note(peer);
                    if let HandshakeError::Plaintext(socket) = error {
                        let refusing = refuse_plaintext(socket);
                        let _ = tokio::time::timeout(REFUSAL_TIMEOUT, refusing).await;
                    }
                }
            }
            drop(turn);
        });
    }
}

/// Answers a gRPC call that came without TLS, so that its client knows.
async fn refuse_plaintext(socket: TcpStream) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(socket).await?;
    while let Some(call) = connection.accept().await {
        let (_, mut answer) = call?;
        let mut refusal = http::Response::new(());
        let headers = [
            ("content-type", "application/grpc"),
            ("grpc-status", FAILED_PRECONDITION),
            ("grpc-message", "TLS is required on this port"),
        ];
        for (name, value) in headers {
            let value = http::HeaderValue::from_static(value);
            refusal.headers_mut().insert(name, value);
        }
        answer.send_response(refusal, true)?;
        connection.graceful_shutdown();
    }
    Ok(())
}
