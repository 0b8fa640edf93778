//! One table as sorted pairs, for `quorate_data::partition`.
//!
//! Decides how a read looks at RocksDB: one snapshot per read, bounds on every cursor, prefix
//! filters when a cursor stays within one token. With [`Tier::Cache`] it never waits for a disk
//! and never works long: it stops with [`Stop::WouldBlock`] instead.

use crate::EngineError;
use crate::rocks::ENTRIES_START;
use crate::rocks::PREFIX_BYTES;
use bytes::Bytes;
use quorate_data::partition::PairCursor;
use quorate_data::partition::Pairs;
use quorate_types::TableId;
use rocksdb::BoundColumnFamily;
use rocksdb::DB;
use rocksdb::DBRawIteratorWithThreadMode;
use rocksdb::ReadOptions;
use rocksdb::ReadTier;
use rocksdb::SnapshotWithThreadMode;
use std::sync::Arc;

/// Steps that a read may take on its caller's thread.
const INLINE_STEPS_MAX: u32 = 1_024;

/// How far down a read may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Memtables and cached blocks.
    Cache,
    /// Everywhere. Blocks read for a long scan are not cached.
    Disk {
        /// Whether blocks read are cached.
        fill_cache: bool,
    },
}

/// Why a read of pairs stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The cache does not have it, or it takes long.
    WouldBlock,
    /// It failed.
    Failed(EngineError),
}

/// A table at one moment.
pub(crate) struct StoredPairs<'db> {
    db: &'db DB,
    table: TableId,
    family: Arc<BoundColumnFamily<'db>>,
    tier: Tier,
    // Before `snapshot`: refers to it, so it must be dropped first.
    get_options: ReadOptions,
    snapshot: SnapshotWithThreadMode<'db, DB>,
}

impl<'db> StoredPairs<'db> {
    pub(crate) fn new(
        db: &'db DB,
        table: TableId,
        family: Arc<BoundColumnFamily<'db>>,
        tier: Tier,
    ) -> Self {
        let snapshot = db.snapshot();
        let get_options = options(tier, &snapshot);
        Self {
            db,
            table,
            family,
            tier,
            get_options,
            snapshot,
        }
    }

    /// A cursor over whatever lies between two keys, tokens and partitions alike.
    pub(crate) fn scan(&self, lower: &[u8], upper: Option<&[u8]>) -> StoredCursor<'_> {
        let mut options = options(self.tier, &self.snapshot);
        let within_a_token = lower
            .get(..PREFIX_BYTES)
            .is_some_and(|token| upper.is_some_and(|upper| upper.starts_with(token)));
        options.set_total_order_seek(!within_a_token);
        // The position key is no entry.
        options.set_iterate_lower_bound(lower.max(ENTRIES_START.as_slice()));
        if let Some(upper) = upper {
            options.set_iterate_upper_bound(upper);
        }
        StoredCursor {
            table: self.table,
            raw: self.db.raw_iterator_cf_opt(&self.family, options),
            steps_left: match self.tier {
                Tier::Cache => Some(INLINE_STEPS_MAX),
                Tier::Disk { .. } => None,
            },
        }
    }
}

fn options(tier: Tier, snapshot: &SnapshotWithThreadMode<'_, DB>) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_snapshot(snapshot);
    match tier {
        Tier::Cache => options.set_read_tier(ReadTier::BlockCache),
        Tier::Disk { fill_cache } => options.fill_cache(fill_cache),
    }
    options
}

impl Pairs for StoredPairs<'_> {
    type Error = Stop;
    type Cursor<'a>
        = StoredCursor<'a>
    where
        Self: 'a;

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Stop> {
        self.db
            .get_pinned_cf_opt(&self.family, key, &self.get_options)
            .map(|value| value.map(|value| Bytes::copy_from_slice(&value)))
            .map_err(|error| stop(self.table, key, &error))
    }

    fn cursor<'a>(&'a self, lower: &[u8], upper: Option<&[u8]>) -> StoredCursor<'a> {
        self.scan(lower, upper)
    }
}

/// A place in a table.
pub(crate) struct StoredCursor<'a> {
    table: TableId,
    raw: DBRawIteratorWithThreadMode<'a, DB>,
    /// `None`: as many as it takes.
    steps_left: Option<u32>,
}

impl StoredCursor<'_> {
    fn count_step(&mut self) {
        if let Some(left) = &mut self.steps_left {
            *left = left.saturating_sub(1);
        }
    }

    fn may_step(&self) -> bool {
        self.steps_left != Some(0)
    }
}

impl PairCursor for StoredCursor<'_> {
    type Error = Stop;

    fn seek(&mut self, key: &[u8]) {
        self.count_step();
        self.raw.seek(key);
    }

    fn seek_for_prev(&mut self, key: &[u8]) {
        self.count_step();
        self.raw.seek_for_prev(key);
    }

    fn next(&mut self) {
        self.count_step();
        if self.may_step() && self.raw.valid() {
            self.raw.next();
        }
    }

    fn prev(&mut self) {
        self.count_step();
        if self.may_step() && self.raw.valid() {
            self.raw.prev();
        }
    }

    fn item(&self) -> Result<Option<(&[u8], &[u8])>, Stop> {
        if !self.may_step() {
            return Err(Stop::WouldBlock);
        }
        if let Some(item) = self.raw.item() {
            return Ok(Some(item));
        }
        match self.raw.status() {
            Ok(()) => Ok(None),
            Err(error) => Err(stop(self.table, &[], &error)),
        }
    }
}

/// What RocksDB's error means for a read of one table.
pub(crate) fn stop(table: TableId, key: &[u8], error: &rocksdb::Error) -> Stop {
    match error.kind() {
        rocksdb::ErrorKind::Incomplete => Stop::WouldBlock,
        rocksdb::ErrorKind::Corruption => Stop::Failed(EngineError::Corrupt {
            table,
            key: Bytes::copy_from_slice(key),
            what: error.to_string(),
        }),
        rocksdb::ErrorKind::ColumnFamilyDropped => Stop::Failed(EngineError::UnknownTable(table)),
        _ => Stop::Failed(EngineError::rocksdb("read", error)),
    }
}
