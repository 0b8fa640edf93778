//! The engine: commit log and RocksDB.
//!
//! Decides how the rows of one node rest: which bytes are durable before a write is answered
//! (`apply`), which version of a row a read sees (`read`), when dead data may go (`sweep`),
//! and what a node that was killed finds again (`open`). It also keeps the hints for other nodes
//! (`hints`) and the node's small durable files ([`BlobStore`]). The only crate that knows
//! RocksDB. It knows nothing of clusters, consistency levels or CQL; how versions merge is decided
//! in `quorate_data::reconcile`, how bytes become durable in `quorate_commitlog`.
//!
//! Start with [`Engine`], then `apply` (the write path), `read` (the read path), `open`.
//!
//! # Invariants
//!
//! * **E1** A write is answered after its record was synced (as the mode says) and after reads see
//!   it.
//! * **E2** What a column family's files hold is exactly what the log held before the position
//!   stored in the same files; replay starts there.
//! * **E3** One thread writes to RocksDB. Truncations and sweeps take their turn on it.
//! * **E4** Cells are stored as merge operands. Only a sweep puts or deletes, after reading the
//!   whole history of the key on the writer thread.

mod apply;
mod blob;
mod config;

mod engine;
mod error;
mod hints;
mod open;
mod pairs;
mod read;
mod rocks;
mod state;
mod stats;
mod sweep;
mod table;
mod trim;
mod truncation;

pub use blob::BlobStore;
pub use config::DamagePolicy;
pub use config::EngineConfig;
pub use config::HintSettings;
pub use config::LogSettings;
pub use config::MemorySettings;
pub use config::SyncMode;
pub use engine::Engine;
pub use error::EngineError;
pub use hints::Hint;
pub use hints::HintPosition;
pub use hints::HintSummary;
pub use open::OpenReport;
pub use stats::TableStats;
pub use sweep::CompactReport;
pub use sweep::PurgePolicy;
pub use sweep::SweepReport;
