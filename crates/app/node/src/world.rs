//! Everything the node's drivers need of the outside: clock, chance, peers, engine, small files.
//!
//! The drivers are generic over [`World`], so that the very same code runs under tokio with RocksDB
//! (wired in `crates/app/quorate`) and in the simulator with virtual time and an engine in memory.

use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_data::DataReply;
use quorate_data::ReadCommand;
use quorate_internode::Answered;
use quorate_internode::CallError;
use quorate_internode::PeerRequest;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::Monotonic;
use quorate_types::TableId;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// The outside of one node. A clone is a handle to the same outside.
pub trait World: Clone + Send + Sync + 'static {
    /// Where this node's rows are.
    type Engine: Engine;

    /// The monotonic clock.
    fn monotonic(&self) -> Monotonic;

    /// The wall clock, microseconds since 1970.
    fn unix_micros(&self) -> i64;

    /// A random number.
    fn random(&self) -> u64;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static;

    /// Runs a task beside the caller until it ends or the node stops.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Asks a peer and waits for its reply, at most `timeout`.
    fn call(
        &self,
        to: Endpoint,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
    ) -> impl Future<Output = Result<Answered, CallError>> + Send + 'static;

    /// Tells a peer something and waits for nothing.
    fn send(&self, to: &Endpoint, epoch: Epoch, request: PeerRequest);

    /// The engine.
    fn engine(&self) -> &Self::Engine;

    /// A small durable file by name; `None` when it was never written.
    ///
    /// # Errors
    /// What the disk said.
    fn load_blob(&self, name: &str) -> Result<Option<Bytes>, String>;

    /// Replaces a small file, atomically and durably.
    fn persist_blob(
        &self,
        name: &str,
        bytes: Bytes,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EngineFailure {
    /// As clients see it.
    pub reason: FailureReason,
    /// Nothing was done, since there was too much to do.
    pub overloaded: bool,
    /// For the log.
    pub message: String,
}

/// The rows, hints and logs of one node. Futures complete when the effect is durable.
pub trait Engine: Send + Sync + 'static {
    /// Makes an encoded mutation durable and visible.
    fn apply(
        &self,
        mutation: Bytes,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + 'static;

    /// Answers a read.
    fn read(
        &self,
        command: ReadCommand,
    ) -> impl Future<Output = Result<DataReply, EngineFailure>> + Send + 'static;

    /// Follows the schema: makes room for new tables, drops those gone.
    ///
    /// # Errors
    /// What the disk said.
    fn set_tables(&self, tables: &[Arc<TableSchema>]) -> Result<(), EngineFailure>;

    /// Drops all rows of a table.
    fn truncate(
        &self,
        table: TableId,
        at_millis: u64,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send;

    /// When the table was truncated last, milliseconds since 1970.
    fn truncated_at(&self, table: TableId) -> Option<u64>;

    /// Writes memtables to files: of one table, or of all.
    fn flush(
        &self,
        table: Option<TableId>,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send;

    /// Sweeps what may be purged of a table, then compacts it. `purge_before_secs`: tombstones made
    /// before this second may go.
    fn compact(
        &self,
        table: TableId,
        now_secs: u32,
        purge_before_secs: u32,
    ) -> impl Future<Output = Result<Compacted, EngineFailure>> + Send;

    /// Numbers of a table.
    fn table_stats(&self, table: TableId) -> EngineTableStats;

    /// Keeps a hint.
    fn store_hint(
        &self,
        target: HostId,
        hint: StoredHint,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + 'static;

    /// The oldest hints for a target that were not delivered yet, with a mark after the last.
    fn hints(
        &self,
        target: HostId,
        bytes_max: usize,
    ) -> impl Future<Output = Result<(Vec<StoredHint>, HintMark), EngineFailure>> + Send;

    /// Forgets the hints up to a mark.
    fn hints_delivered(
        &self,
        target: HostId,
        up_to: HintMark,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send;

    /// What is kept, by target.
    fn hint_summary(&self) -> Vec<HintBacklog>;

    /// Stops taking writes and makes everything durable; the next start replays nothing.
    fn close(&self) -> impl Future<Output = Result<(), EngineFailure>> + Send;
}

/// A mutation kept for a replica that missed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHint {
    /// When the write was made, milliseconds since 1970.
    pub created_millis: u64,
    /// The table's gc_grace then: later the hint must not be delivered.
    pub gc_grace_secs: u32,
    /// The encoded mutation.
    pub mutation: Bytes,
}

/// A place in a target's hints; opaque to all but the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HintMark(pub u64, pub u64);

/// Hints kept for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintBacklog {
    /// For whom.
    pub target: HostId,
    /// Files they lie in.
    pub files: u64,
    /// How many, not yet delivered.
    pub hints: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// When the oldest was made, milliseconds since 1970.
    pub oldest_millis: Option<u64>,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Entries looked at.
    pub entries_read: u64,
    /// Entries dropped or made smaller.
    pub entries_purged: u64,
    /// Bytes of files before.
    pub bytes_before: u64,
    /// Bytes of files after.
    pub bytes_after: u64,
}

/// Numbers of one table on this node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineTableStats {
    /// An estimate.
    pub keys: u64,
    /// Bytes of files.
    pub bytes_on_disk: u64,
    /// Bytes not yet in files.
    pub memtable_bytes: u64,
    /// Files.
    pub files: u64,
    /// Reads answered since the start.
    pub reads: u64,
    /// Mutations applied since the start.
    pub writes: u64,
    /// Sweeps since the start.
    pub sweeps: u64,
    /// Entries that they purged.
    pub swept_entries: u64,
}
