//! One request, one machine: how many must answer, whom to ask, when to give up, what to hint and
//! what to repair.
//!
//! Everything here is a plain state machine or function: replies, failures and the passing of time
//! come in as inputs, decisions go out as effects, and a thin driver (`quorate-node`'s
//! `write_path.rs` and `read_path.rs`, or the simulator) carries them out. It knows the cluster's
//! replica sets, but nothing of sockets, clocks, disks or CQL.
//!
//! Start with [`BlockFor`] (the arithmetic of consistency levels), then [`mod@write`] and [`mod@read`].

mod block_for;
mod clock;
mod hint;
mod latency;
pub mod read;
mod receipt;
pub mod write;

pub use block_for::BlockFor;
pub use block_for::Tally;
pub use clock::HybridClock;
pub use hint::HintPolicy;
pub use hint::HintRefusal;
pub use latency::LatencyTracker;
pub use receipt::Answer;
pub use receipt::DigestVerdict;
pub use receipt::Receipt;
pub use receipt::ReplicaReceipt;
pub use receipt::Step;
