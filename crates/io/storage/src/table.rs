//! One table of the engine: its column family, its counters, and whether it is still there.
//!
//! Decides how a table's column family is found while a truncation replaces it. Knows nothing of
//! what is stored.

use quorate_cluster::TableSchema;
use quorate_types::TableId;
use rocksdb::BoundColumnFamily;
use rocksdb::DB;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use uuid::Uuid;

/// [`Table::dirty_segment`] of a table of which nothing waits to be flushed.
pub(crate) const CLEAN: u64 = u64::MAX;

/// A column family and what is known of its table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) id: TableId,
    pub(crate) family: String,
    /// `None`: on disk, but not (yet) in the schema.
    schema: RwLock<Option<Arc<TableSchema>>>,
    /// Held for writing while the column family is replaced by an empty one.
    gate: RwLock<()>,
    /// Set on the writer thread when the column family is dropped for good.
    dropped: AtomicBool,
    /// Counts truncations.
    generation: AtomicU64,
    /// The segment of the oldest record that is in no file yet; written by the writer thread.
    pub(crate) dirty_segment: AtomicU64,
    pub(crate) counters: Counters,
}

/// What was done since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) reads: AtomicU64,
    pub(crate) writes: AtomicU64,
    pub(crate) sweeps: AtomicU64,
    pub(crate) swept_entries: AtomicU64,
}

impl Table {
    pub(crate) fn new(id: TableId, schema: Option<Arc<TableSchema>>) -> Self {
        Self {
            id,
            family: family_name(id),
            schema: RwLock::new(schema),
            gate: RwLock::new(()),
            dropped: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            dirty_segment: AtomicU64::new(CLEAN),
            counters: Counters::default(),
        }
    }

    /// The column family; `None` once it was dropped.
    pub(crate) fn handle<'db>(&self, db: &'db DB) -> Option<Arc<BoundColumnFamily<'db>>> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        db.cf_handle(&self.family)
    }

    /// Does something during which the column family may be missing.
    pub(crate) fn replace_family<R>(&self, replace: impl FnOnce() -> R) -> R {
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = replace();
        self.generation.fetch_add(1, Relaxed);
        replaced
    }

    pub(crate) fn schema(&self) -> Option<Arc<TableSchema>> {
        self.schema
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_schema(&self, schema: &Arc<TableSchema>) {
        *self.schema.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(schema));
    }

    pub(crate) fn is_known(&self) -> bool {
        self.schema
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.load(Relaxed)
    }

    pub(crate) fn mark_dropped(&self) {
        self.dropped.store(true, Relaxed);
    }

    /// How often it was truncated since the start.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Relaxed)
    }

    pub(crate) fn set_dirty_segment(&self, segment: u64) {
        self.dirty_segment.store(segment, Relaxed);
    }
}

/// The column family of a table.
pub(crate) fn family_name(id: TableId) -> String {
    id.0.as_hyphenated().to_string()
}

/// The table of a column family; `None` for RocksDB's own.
pub(crate) fn table_of_family(name: &str) -> Option<TableId> {
    Uuid::try_parse(name).ok().map(TableId)
}
