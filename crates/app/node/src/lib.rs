//! Drives the machines: the write path, the read path, the metadata log, gossip, hints.
//!
//! What is subtle (how many, who, when to give up, what to repair) is decided by the pure machines
//! of `crates/core`; this crate awaits, sends and carries out. It is generic over its [`World`] and
//! knows no RocksDB, socket or clock, so that the simulator runs it as it is.
//!
//! Start with [`Node`], then `write_path.rs` and `read_path.rs`.

mod access;
mod batch_log;
mod clients;
mod config;
mod gossiping;
mod hints;
mod liveness;
mod metadata_log;
mod node;
mod operations;
mod passwords;
mod peer;
mod prepared;
mod read_path;
mod requests;
mod startup;
mod system_tables;
mod traces;
mod world;
mod write_path;

pub use config::InitialSuperuser;
pub use config::NodeConfig;
pub use liveness::Liveness;
pub use metadata_log::CommitError;
pub use metadata_log::recorded_tables;
pub use node::Identity;
pub use node::Node;
pub use operations::HintTarget;
pub use operations::NodeStatus;
pub use startup::StartError;
pub use world::Compacted;
pub use world::Engine;
pub use world::EngineFailure;
pub use world::EngineTableStats;
pub use world::HintBacklog;
pub use world::HintMark;
pub use world::StoredHint;
pub use world::World;
