//! How dead data leaves the disk.
//!
//! Decides which entries a sweep looks at and in which order tombstones go; whether an entry is
//! dead is decided in `quorate_data::reconcile`. A sweep reads ahead on its own thread, from a
//! snapshot, and only collects candidates; each candidate is read again and decided on the writer
//! thread, where nothing can be written in between. Its puts and deletes are therefore younger than
//! all they replace and older than all that comes: none of RocksDB's sequence rules can revive what
//! they hide. See `docs/decisions/0002-sweeps-through-the-writer.md`.
//!
//! ```text
//!   leg:  watch writes ─▶ snapshot ─▶ scan partitions ─▶ candidates ─▶ writer: read, decide, write
//!           ▲                                                            │
//!           └──────────────── some 10,000 entries later ◀────────────────┘
//! ```
//!
//! # Invariants
//!
//! * **E5** A tombstone that covers other keys (a partition's, a range's) goes only after every
//!   entry it covers was swept, and only when the partition was not written since the leg began.
//! * **E6** Nothing younger than the table's gc_grace is purged, whatever the caller asks for.

mod chunk;
mod scan;

pub(crate) use chunk::SweepChunk;
pub(crate) use chunk::SweepCounts;
pub(crate) use chunk::SweepWatch;

use crate::EngineError;
use crate::apply::Item;
use crate::state::State;
use crate::table::Table;
use quorate_cluster::TableSchema;
use quorate_commitlog::LogWriter;
use quorate_data::key::token_bounds;
use quorate_types::NowInSeconds;
use quorate_types::TokenRange;
use rocksdb::CompactOptions;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

/// What may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgePolicy {
    /// By which second expiry is judged.
    pub now: NowInSeconds,
    /// Tombstones made before this second may go, if the table's gc_grace allows it too. The
    /// caller lowers it when replicas have not been compared for longer than gc_grace.
    pub purge_before_secs: u32,
}

impl PurgePolicy {
    /// Whatever the table's gc_grace allows.
    pub const fn after_gc_grace(now: NowInSeconds) -> Self {
        Self {
            now,
            purge_before_secs: now.0,
        }
    }

    /// The second before which tombstones of this table may go.
    #[cfg(not(feature = "planted-purge-early"))]
    fn purge_before(self, schema: &TableSchema) -> u32 {
        let grace = u32::try_from(schema.options.gc_grace_seconds).unwrap_or(0);
        self.purge_before_secs.min(self.now.0.saturating_sub(grace))
    }

    #[cfg(feature = "planted-purge-early")]
    fn purge_before(self, _: &TableSchema) -> u32 {
        u32::MAX
    }
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Entries looked at.
    pub entries_read: u64,
    /// Entries of which nothing is left.
    pub entries_dropped: u64,
    /// Entries that lost a part.
    pub entries_rewritten: u64,
    /// Deletions of partitions and ranges that could go and were kept, since the partition was
    /// being written or cannot be read wholly. The next sweep tries again.
    pub tombstones_postponed: u64,
    /// Entries that cannot be read; they stay.
    pub entries_corrupt: u64,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactReport {
    /// The sweep before it.
    pub sweep: SweepReport,
    /// Bytes of files before.
    pub bytes_before: u64,
    /// Bytes of files after.
    pub bytes_after: u64,
}

/// Sweeps a range of a table and gives the disk space back. Takes as long as it takes.
pub(crate) fn sweep(
    state: &State,
    writer: &LogWriter<Item>,
    table: &Arc<Table>,
    policy: PurgePolicy,
    range: TokenRange,
) -> Result<SweepReport, EngineError> {
    let report = sweep_entries(state, writer, table, policy, range)?;
    if report.entries_dropped + report.entries_rewritten > 0 {
        compact_range(state, table, Some(range))?;
    }
    Ok(report)
}

/// Sweeps a whole table and compacts it.
pub(crate) fn compact(
    state: &State,
    writer: &LogWriter<Item>,
    table: &Arc<Table>,
    policy: PurgePolicy,
) -> Result<CompactReport, EngineError> {
    state.flush(table)?;
    let bytes_before = bytes_on_disk(state, table);
    let sweep = sweep_entries(state, writer, table, policy, TokenRange::FULL)?;
    compact_range(state, table, None)?;
    Ok(CompactReport {
        sweep,
        bytes_before,
        bytes_after: bytes_on_disk(state, table),
    })
}

fn sweep_entries(
    state: &State,
    writer: &LogWriter<Item>,
    table: &Arc<Table>,
    policy: PurgePolicy,
    range: TokenRange,
) -> Result<SweepReport, EngineError> {
    let schema = table.schema().ok_or(EngineError::UnknownTable(table.id))?;
    let _turn = state
        .sweep_turn
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let purge_before_secs = policy.purge_before(&schema);
    let report = scan::scan(
        state,
        writer,
        Arc::clone(table),
        policy.now,
        purge_before_secs,
        range,
    )?;
    let counters = &table.counters;
    counters.sweeps.fetch_add(1, Relaxed);
    counters
        .swept_entries
        .fetch_add(report.entries_dropped + report.entries_rewritten, Relaxed);
    Ok(report)
}

fn bytes_on_disk(state: &State, table: &Table) -> u64 {
    table.handle(&state.db).map_or(0, |family| {
        state.db.get_column_family_metadata_cf(&family).size
    })
}

/// Brings what was swept together with what it hides, so that both leave the disk.
fn compact_range(
    state: &State,
    table: &Table,
    range: Option<TokenRange>,
) -> Result<(), EngineError> {
    state.flush(table)?;
    let Some(family) = table.handle(&state.db) else {
        return Ok(());
    };
    let (start, end) = match range {
        Some(range) => {
            let (start, end) = token_bounds(range);
            (Some(start), end)
        }
        None => (None, None),
    };
    let mut options = CompactOptions::default();
    // Other tables' compactions go on beside it.
    options.set_exclusive_manual_compaction(false);
    state.db.compact_range_cf_opt(&family, start, end, &options);
    // RocksDB's interface does not say whether it worked; a failure shows in the next write.
    Ok(())
}
