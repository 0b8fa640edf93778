//! What can be wrong with certificates, and with those who connect.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::TcpStream;

/// The files cannot be used. Nothing of a key is ever shown.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds no PEM of the kind that is needed.
    #[error("{path} has no usable {expected} in PEM")]
    NotPem {
        /// Which.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
    },
    /// Certificate, key and authority do not make an identity together.
    #[error("certificate {certificate}: {source}")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// What does not fit.
        source: rustls::Error,
    },
    /// The authority's certificates cannot be believed.
    #[error("authority {authority}: {reason}")]
    Authority {
        /// Its file.
        authority: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// A socket did not become an encrypted connection.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The other side speaks something else; here is its socket, with what it said still unread.
    #[error("the other side does not speak TLS")]
    Plaintext(TcpStream),
    /// The handshake failed; the other side was told why.
    #[error("the TLS handshake failed: {0}")]
    Failed(#[source] io::Error),
    /// The other side went away, as port scanners and probes do.
    #[error("the other side went away")]
    Gone,
    /// The other side took too long.
    #[error("the TLS handshake took too long")]
    TimedOut,
}

impl HandshakeError {
    /// Writes to the log who was refused and why.
    pub fn note(&self, peer: SocketAddr) {
        if matches!(self, Self::Gone) {
            tracing::debug!(%peer, error = %self, "a connection was refused");
        } else {
            tracing::warn!(%peer, error = %self, "a connection was refused");
        }
    }
}

/// What TLS has to do with an error, in words; `None` if nothing.
pub fn refusal_of(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = tls_error(error) {
            return Some(format!("TLS: {tls}"));
        }
        next = error.source();
    }
    None
}

/// An error of rustls, itself or inside one of a socket: the chain of causes leaves that one out.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let inside = || {
        let socket = error.downcast_ref::<io::Error>()?;
        socket.get_ref()?.downcast_ref()
    };
    error.downcast_ref().or_else(inside)
}
