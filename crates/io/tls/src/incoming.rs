//! Accepted sockets as a stream of connections, for servers that want them so.

use crate::Connection;
use crate::Identity;
use crate::set_up;
use futures_util::Stream;
use futures_util::StreamExt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::wrappers::TcpListenerStream;

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
                Err(error) => error.note(peer),
            }
            drop(turn);
        });
    }
}
