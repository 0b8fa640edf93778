//! What nodes say to one another, and the tonic streams that carry it.
//!
//! [`PeerRequest`] and [`PeerReply`] are the whole vocabulary between nodes; the node's drivers and
//! the simulator speak it and never see a socket. [`Peers`] is the asking side: one long-lived
//! stream per peer, requests sent in batches of whatever queued meanwhile. [`serve`] is the
//! answering side, generic over a [`Handler`]. This is the only crate that knows the internode
//! proto. It decides nothing about liveness, retries or consistency.
//!
//! Start with [`PeerRequest`], then [`Peers`].

mod codec;
mod error;
mod message;
mod peers;
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated from the proto files"
)]
mod proto;
mod server;

pub use error::CallError;
pub use message::Answered;
pub use message::Handler;
pub use message::PeerReply;
pub use message::PeerRequest;
pub use peers::Peers;
pub use peers::PeersConfig;
pub use server::ServeError;
pub use server::serve;
