//! What every accepted socket is set to, and how it is parted with.

use socket2::SockRef;
use socket2::TcpKeepalive;
use std::io;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// A connection that is silent for so long is tried.
const PROBE_AFTER: Duration = Duration::from_mins(1);
/// Between two tries.
const PROBE_INTERVAL: Duration = Duration::from_secs(10);
/// Tries before it is given up.
const PROBES: u32 = 3;
/// How long the other side may take to receive something: one that is gone, or reads no more, does
/// not hold what waits for it any longer.
const RECEIVED_WITHIN: Duration = Duration::from_mins(1);

/// How long the other side may take to hear why it was refused.
const PARTING_TIMEOUT: Duration = Duration::from_secs(1);

/// Sets up an accepted socket: nothing waits for more to fill a packet, and the connection ends when
/// the other side is gone without a word, or takes nothing any more.
pub fn set_up(socket: &TcpStream) {
    if let Err(error) = try_set_up(socket) {
        tracing::debug!(%error, "a socket cannot be set up");
    }
}

fn try_set_up(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(PROBE_AFTER)
        .with_interval(PROBE_INTERVAL)
        .with_retries(PROBES);
    let socket = SockRef::from(socket);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(RECEIVED_WITHIN))?;
    Ok(())
}

/// Says a last word and ends a connection so that the other side can read it: closing with something
/// of its unread would take the word back. Whoever has gone, or does not listen, is not waited for.
pub async fn part(mut socket: TcpStream, last_word: &[u8]) {
    let parting = async {
        socket.write_all(last_word).await?;
        socket.shutdown().await?;
        let mut unread = [0; 1_024];
        while socket.read(&mut unread).await? > 0 {}
        Ok::<(), io::Error>(())
    };
    let _ = tokio::time::timeout(PARTING_TIMEOUT, parting).await;
}
