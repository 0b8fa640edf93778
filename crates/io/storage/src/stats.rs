//! Numbers of one table. Decides nothing.

use crate::state::State;
use crate::table::Table;
use rocksdb::properties;
use std::sync::atomic::Ordering::Relaxed;

/// Numbers of one table on this node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableStats {
    /// Entries (rows, static rows, deletions), as RocksDB estimates them.
    pub keys_estimated: u64,
    /// Bytes of files.
    pub bytes_on_disk: u64,
    /// Bytes of memtables.
    pub memtable_bytes: u64,
    /// Files.
    pub files: u64,
    /// Reads since the start.
    pub reads: u64,
    /// Mutations applied since the start.
    pub writes: u64,
    /// Sweeps since the start.
    pub sweeps: u64,
    /// Entries that they dropped or made smaller.
    pub swept_entries: u64,
}

pub(crate) fn table_stats(state: &State, table: &Table) -> TableStats {
    let counters = &table.counters;
    let mut stats = TableStats {
        reads: counters.reads.load(Relaxed),
        writes: counters.writes.load(Relaxed),
        sweeps: counters.sweeps.load(Relaxed),
        swept_entries: counters.swept_entries.load(Relaxed),
        ..TableStats::default()
    };
    if let Some(family) = table.handle(&state.db) {
        let property = |name| {
            let value = state.db.property_int_value_cf(&family, name);
            value.ok().flatten().unwrap_or(0)
        };
        let files = state.db.get_column_family_metadata_cf(&family);
        stats.keys_estimated = property(properties::ESTIMATE_NUM_KEYS);
        stats.memtable_bytes = property(properties::CUR_SIZE_ALL_MEM_TABLES);
        stats.bytes_on_disk = files.size;
        stats.files = u64::try_from(files.file_count).unwrap_or(u64::MAX);
    }
    stats
}
