//! What the engine's threads share: the database, the tables, the engine's health.
//!
//! Decides which tables are there and when writes are refused altogether. Each thread's own work is
//! in its own file.

use crate::EngineConfig;
use crate::EngineError;
use crate::rocks;
use crate::rocks::Shared;
use crate::table::Table;
use crate::truncation::Truncations;
use quorate_commitlog::LogPosition;
use quorate_types::TableId;
use rocksdb::DB;
use rocksdb::FlushOptions;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// One per engine, shared by its threads.
pub(crate) struct State {
    pub(crate) config: EngineConfig,
    pub(crate) db: DB,
    pub(crate) shared: Shared,
    pub(crate) tables: RwLock<BTreeMap<TableId, Arc<Table>>>,
    pub(crate) truncations: Truncations,
    pub(crate) health: Health,
    pub(crate) log: LogState,
    /// One sweep at a time.
    pub(crate) sweep_turn: Mutex<()>,
}

/// What the writer thread lets others know of the log.
#[derive(Debug, Default)]
pub(crate) struct LogState {
    /// Bytes of the segments' files.
    pub(crate) bytes: AtomicU64,
    /// The oldest segment.
    pub(crate) oldest_segment: AtomicU64,
    end: Mutex<Option<LogPosition>>,
}

/// Whether writes are taken.
#[derive(Debug, Default)]
pub(crate) struct Health {
    poisoned: OnceLock<String>,
    closing: AtomicBool,
    stopped: AtomicBool,
    /// RocksDB found no room; it is asked to go on from time to time.
    pub(crate) disk_full: AtomicBool,
}

impl State {
    /// The table of an id that the schema knows.
    pub(crate) fn table(&self, id: TableId) -> Result<Arc<Table>, EngineError> {
        self.stored_table(id)
            .filter(|table| table.is_known())
            .ok_or(EngineError::UnknownTable(id))
    }

    /// The table of an id, whether the schema knows it or not.
    pub(crate) fn stored_table(&self, id: TableId) -> Option<Arc<Table>> {
        self.tables
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    pub(crate) fn all_tables(&self) -> Vec<Arc<Table>> {
        self.tables
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    pub(crate) fn insert_table(&self, table: Table) -> Arc<Table> {
        let table = Arc::new(table);
        self.tables
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(table.id, Arc::clone(&table));
        table
    }

    /// Makes the column family of a table.
    pub(crate) fn create_family(&self, table: &Table) -> Result<(), EngineError> {
        let schema = table.schema();
        let options = self.shared.family_options(schema.as_deref());
        self.db
            .create_cf(&table.family, &options)
            .map_err(|error| EngineError::rocksdb("create column family", &error))
    }

    /// Empties a table: an empty column family in the place of the old one. Only on the writer
    /// thread, or before it runs. Readers at work see the table as it was.
    pub(crate) fn replace_family(&self, table: &Table) -> Result<(), EngineError> {
        table.replace_family(|| {
            self.db
                .drop_cf(&table.family)
                .map_err(|error| EngineError::rocksdb("drop column family", &error))?;
            self.create_family(table)
        })
    }

    /// Writes a table's memtables to files and waits for it. A dropped table has none.
    pub(crate) fn flush(&self, table: &Table) -> Result<(), EngineError> {
        let Some(family) = table.handle(&self.db) else {
            return Ok(());
        };
        let mut options = FlushOptions::default();
        options.set_wait(true);
        match self.db.flush_cf_opt(&family, &options) {
            Err(error) if !table.is_dropped() => Err(self.health.rocksdb_failed("flush", &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Up to where the files of a table go.
    pub(crate) fn durable_position(
        &self,
        table: &Table,
    ) -> Result<Option<LogPosition>, EngineError> {
        let Some(family) = table.handle(&self.db) else {
            return Ok(None);
        };
        rocks::durable_position(&self.db, &family)
            .map_err(|error| EngineError::rocksdb("read", &error))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("directory", &self.config.directory)
            .field("health", &self.health)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

impl LogState {
    pub(crate) fn set_end(&self, end: LogPosition) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    /// Everything before it was applied.
    pub(crate) fn applied_to(&self) -> LogPosition {
        let end = *self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.unwrap_or(LogPosition::START)
    }
}

impl Health {
    /// Whether a write may be tried.
    pub(crate) fn check_writable(&self) -> Result<(), EngineError> {
        self.check_not_poisoned()?;
        if self.closing.load(Relaxed) {
            return Err(EngineError::Closed);
        }
        if self.disk_full.load(Relaxed) {
            return Err(EngineError::DiskFull(
                "memtables cannot be written to files".to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether what is on disk is known.
    pub(crate) fn check_not_poisoned(&self) -> Result<(), EngineError> {
        match self.poisoned.get() {
            Some(reason) => Err(EngineError::Poisoned(reason.clone())),
            None => Ok(()),
        }
    }

    /// Why a write that was taken in was never answered.
    pub(crate) fn why_unanswered(&self) -> EngineError {
        match self.poisoned.get() {
            Some(reason) => EngineError::Poisoned(reason.clone()),
            None => EngineError::Closed,
        }
    }

    pub(crate) fn poison(&self, error: &EngineError) {
        let reason = match error {
            EngineError::Poisoned(reason) => reason.clone(),
            other => other.to_string(),
        };
        if self.poisoned.set(reason).is_ok() {
            tracing::error!(%error, "the engine takes no more writes");
        }
    }

    /// Refuses writes from now on; whether this was the first time.
    pub(crate) fn start_closing(&self) -> bool {
        !self.closing.swap(true, Relaxed)
    }

    /// The writer thread takes nothing more.
    pub(crate) fn mark_stopped(&self) {
        self.closing.store(true, Relaxed);
        self.stopped.store(true, Relaxed);
    }

    /// Whether the writer thread takes anything.
    pub(crate) fn check_running(&self) -> Result<(), EngineError> {
        self.check_not_poisoned()?;
        if self.stopped.load(Relaxed) {
            return Err(EngineError::Closed);
        }
        Ok(())
    }

    /// What a failed write of RocksDB means: a full disk passes, anything else does not.
    pub(crate) fn rocksdb_failed(&self, action: &str, error: &rocksdb::Error) -> EngineError {
        let error = EngineError::rocksdb(action, error);
        if matches!(error, EngineError::DiskFull(_)) {
            if !self.disk_full.swap(true, Relaxed) {
                tracing::error!(%error, "writes are refused until there is room");
            }
            return error;
        }
        self.poison(&error);
        error
    }
}
