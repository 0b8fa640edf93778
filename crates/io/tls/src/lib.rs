//! TLS for everything that listens, and for the streams between nodes: rustls with ring.
//!
//! An [`Identity`] is what a node shows of itself and whom it believes, read from PEM files and read
//! again when they change; connections that are there stay as they are. A listener turns accepted
//! sockets into a [`Connection`] with it, or passes them on as they are when it has none. Where TLS is
//! wanted, plaintext is refused.
//!
//! It decides nothing about what is said over a connection, or who may say it. Start with
//! [`Identity`], then [`incoming`].

mod connection;
mod error;
mod identity;
mod incoming;
mod socket;

#[cfg(test)]
mod tests;

pub use connection::Connection;
pub use connection::Peer;
pub use error::HandshakeError;
pub use error::TlsError;
pub use error::refusal_of;
pub use identity::Identity;
pub use identity::TlsFiles;
pub use incoming::incoming;
pub use socket::part;
pub use socket::set_up;
