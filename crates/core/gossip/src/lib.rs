//! Who is alive: heartbeats, what each node says of itself, and when silence means "down".
//!
//! Every node keeps what it knows of every node, and once an interval tells some other node which
//! versions it has. The two exchange what the other lacks, so news reaches everybody in a number
//! of rounds that grows with the logarithm of the cluster's size. A node whose heartbeat stops
//! growing is suspected more and more; past a threshold it is *down* here, on this node alone.
//!
//! The crate decides nothing about ownership: tokens, schema and membership belong to the
//! metadata log. It holds no socket, clock or thread: the driver calls [`Gossip::tick`] once an
//! interval and [`Gossip::receive`] for each message, and carries out the [`Effect`]s.
//!
//! Start with [`Gossip`]; [`EndpointState`] is what travels, [`FailureDetector`] is the suspicion.

mod apply;
mod config;
mod detector;
mod effect;
mod exchange;
mod machine;
pub mod message;
mod round;
mod state;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use detector::FailureDetector;
pub use detector::Phi;
pub use effect::Effect;
pub use effect::Verdict;
pub use machine::Gossip;
pub use message::Delta;
pub use message::GossipDigest;
pub use message::Message;
pub use state::ApplicationState;
pub use state::EndpointState;
pub use state::Generation;
pub use state::HeartbeatVersion;
pub use state::VersionedValue;
pub use state::WallSeconds;
