//! How an engine starts: log, RocksDB, interrupted truncations, replay, threads.
//!
//! Decides which log records are applied again: those of a table that its files do not hold (**E2**)
//! and that no truncation came after. Records of tables that are neither in the schema nor on disk
//! are skipped and counted; a table that is on disk is kept, in the schema or not, until
//! [`Engine::set_tables`](crate::Engine::set_tables) says otherwise.

use crate::EngineConfig;
use crate::EngineError;
use crate::apply::DirtyTables;
use crate::apply::PreparedEntries;
use crate::apply::note_dirty;
use crate::config::guarantee;
use crate::rocks::POSITION_KEY;
use crate::rocks::Shared;
use crate::rocks::write_options;
use crate::state::Health;
use crate::state::LogState;
use crate::state::State;
use crate::table::Table;
use crate::table::table_of_family;
use crate::truncation::Truncations;
use quorate_cluster::TableSchema;
use quorate_commitlog::CommitLog;
use quorate_commitlog::Damage;
use quorate_commitlog::LogError;
use quorate_commitlog::LogPosition;
use quorate_commitlog::Replay;
use quorate_commitlog::ReplayRecord;
use quorate_commitlog::TornTail;
use quorate_data::Mutation;
use quorate_types::TableId;
use rocksdb::ColumnFamilyDescriptor;
use rocksdb::DB;
use rocksdb::WriteBatch;
use rocksdb::WriteOptions;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::RwLock;
use std::time::Duration;
use std::time::Instant;

/// Bytes of records applied in one `WriteBatch` during replay.
const REPLAY_BATCH_BYTES: usize = 1 << 20;

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenReport {
    /// Records applied again.
    pub records_replayed: u64,
    /// Records that the tables' files hold already, or that a truncation came after.
    pub records_durable: u64,
    /// Records of tables that are not known any more.
    pub records_of_unknown_tables: u64,
    /// Records that are no mutation this program can read.
    pub records_corrupt: u64,
    /// Where the log stopped in the middle of a write: normal after a crash.
    pub torn_tail: Option<String>,
    /// What of the log was left out.
    pub damage: Vec<String>,
    /// Truncations that a crash had interrupted.
    pub truncations_finished: u64,
    /// How long it took.
    pub duration: Duration,
    /// What an acknowledgement is worth from now on, as a sentence.
    pub guarantee: String,
}

/// What opening hands to the threads.
pub(crate) struct Opened {
    pub(crate) state: Arc<State>,
    pub(crate) log: CommitLog,
    pub(crate) dirty: DirtyTables,
    pub(crate) report: OpenReport,
}

/// Opens or creates the engine's files and brings RocksDB to where the log is.
pub(crate) fn open_files(
    config: EngineConfig,
    tables: &[Arc<TableSchema>],
) -> Result<Opened, EngineError> {
    let started = Instant::now();
    fs::create_dir_all(&config.directory)
        .map_err(|error| EngineError::io("create", &config.directory, &error))?;
    // First, since it locks the directory.
    let (log, replay) = CommitLog::open(config.log_config()).map_err(|error| refused(&error))?;
    let summary = replay.summary();
    let mut report = OpenReport {
        torn_tail: summary.torn_tail.as_ref().map(describe_torn_tail),
        damage: summary.damage.iter().map(Damage::to_string).collect(),
        guarantee: guarantee(config.log.sync_mode),
        ..OpenReport::default()
    };
    let state = open_rocksdb(config, tables)?;
    finish_truncations(&state, &mut report)?;
    let dirty = Replaying::new(&state)?.run(replay, &mut report)?;
    bring_positions_back(&state, log.end())?;
    crate::apply::publish_segments(&state, &log);
    state.log.set_end(log.end());
    report.duration = started.elapsed();
    Ok(Opened {
        state,
        log,
        dirty,
        report,
    })
}

fn refused(error: &LogError) -> EngineError {
    match error {
        LogError::Full { .. } => EngineError::DiskFull(error.to_string()),
        other => EngineError::Log(other.to_string()),
    }
}

fn describe_torn_tail(torn: &TornTail) -> String {
    format!(
        "the log stops in the middle of a write at {}, as after a crash ({} later records of that write were never synced and are left out)",
        torn.position, torn.records_after
    )
}

fn open_rocksdb(
    config: EngineConfig,
    schemas: &[Arc<TableSchema>],
) -> Result<Arc<State>, EngineError> {
    let truncations = Truncations::load(config.truncations_file())?;
    let shared = Shared::new(&config.memory);
    let path = config.rocksdb_directory();
    let schemas: BTreeMap<TableId, &Arc<TableSchema>> =
        schemas.iter().map(|schema| (schema.id, schema)).collect();
    let mut tables = BTreeMap::new();
    let mut families = Vec::new();
    for name in families_on_disk(&shared, &path)? {
        let id = table_of_family(&name);
        let schema = id.and_then(|id| schemas.get(&id).copied());
        let options = shared.family_options(schema.map(Arc::as_ref));
        families.push(ColumnFamilyDescriptor::new(name, options));
        if let Some(id) = id {
            tables.insert(id, Arc::new(Table::new(id, schema.cloned())));
        }
    }
    let db = DB::open_cf_descriptors(&shared.database_options(), &path, families)
        .map_err(|error| EngineError::rocksdb("open RocksDB", &error))?;
    let state = State {
        config,
        db,
        shared,
        tables: RwLock::new(tables),
        truncations,
        health: Health::default(),
        log: LogState::default(),
        sweep_turn: Mutex::new(()),
    };
    for (id, schema) in schemas {
        if state.stored_table(id).is_none() {
            let table = Table::new(id, Some(Arc::clone(schema)));
            state.create_family(&table)?;
            state.insert_table(table);
        }
    }
    Ok(Arc::new(state))
}

fn families_on_disk(shared: &Shared, path: &Path) -> Result<Vec<String>, EngineError> {
    if !path.join("CURRENT").exists() {
        return Ok(vec!["default".to_owned()]);
    }
    DB::list_cf(&shared.database_options(), path)
        .map_err(|error| EngineError::rocksdb("list column families", &error))
}

/// A table whose files are all older than its truncation was not emptied before the crash.
fn finish_truncations(state: &State, report: &mut OpenReport) -> Result<(), EngineError> {
    for (id, truncation) in state.truncations.all() {
        let Some(table) = state.stored_table(id) else {
            continue;
        };
        let files = state.durable_position(&table)?;
        if files.is_some_and(|files| files <= truncation.position) {
            state.replace_family(&table)?;
            report.truncations_finished += 1;
        }
    }
    Ok(())
}

/// Positions beyond the log's end belong to records that the log lost (a tail that was never
/// synced, or the whole log): brought back, they do not hide what is logged from now on.
fn bring_positions_back(state: &State, end: LogPosition) -> Result<(), EngineError> {
    for table in state.all_tables() {
        let files = state.durable_position(&table)?;
        if files.is_none_or(|files| files <= end) {
            continue;
        }
        tracing::warn!(table = %table.id, "the commit log is older than the table's files; unsynced writes were lost");
        if let Some(family) = table.handle(&state.db) {
            let mut batch = WriteBatch::default();
            batch.put_cf(&family, POSITION_KEY, end.to_bytes());
            state
                .db
                .write_opt(&batch, &write_options())
                .map_err(|error| EngineError::rocksdb("write", &error))?;
        }
        state.flush(&table)?;
    }
    state.truncations.clamp_to(end)
}

/// Applies log records again.
struct Replaying<'a> {
    state: &'a State,
    options: WriteOptions,
    /// Up to where each table's files go.
    files: BTreeMap<TableId, LogPosition>,
    dirty: DirtyTables,
    batch: WriteBatch,
    key: Vec<u8>,
    touched: BTreeMap<TableId, LogPosition>,
}

impl<'a> Replaying<'a> {
    fn new(state: &'a State) -> Result<Self, EngineError> {
        let mut files = BTreeMap::new();
        for table in state.all_tables() {
            if let Some(position) = state.durable_position(&table)? {
                files.insert(table.id, position);
            }
        }
        for (id, truncation) in state.truncations.all() {
            let known = files.entry(id).or_insert(LogPosition::START);
            *known = truncation.position.max(*known);
        }
        Ok(Self {
            state,
            options: write_options(),
            files,
            dirty: DirtyTables::new(),
            batch: WriteBatch::default(),
            key: Vec::new(),
            touched: BTreeMap::new(),
        })
    }

    fn run(mut self, replay: Replay, report: &mut OpenReport) -> Result<DirtyTables, EngineError> {
        for record in replay {
            let record = record.map_err(|error| refused(&error))?;
            let end = after(record.position);
            self.record(record, report);
            if self.batch.size_in_bytes() >= REPLAY_BATCH_BYTES {
                self.write(end)?;
            }
        }
        if let Some(last) = self.touched.values().max().copied() {
            self.write(after(last))?;
        }
        Ok(self.dirty)
    }

    fn record(&mut self, record: ReplayRecord, report: &mut OpenReport) {
        let ReplayRecord { position, payload } = record;
        let Ok((id, _, _)) = Mutation::peek(&payload) else {
            return corrupt(position, report);
        };
        let Some(table) = self.state.stored_table(id) else {
            report.records_of_unknown_tables += 1;
            return;
        };
        if self.files.get(&id).is_some_and(|files| position < *files) {
            report.records_durable += 1;
            return;
        }
        let Ok(mutation) = Mutation::decode(payload) else {
            return corrupt(position, report);
        };
        if let Some(family) = table.handle(&self.state.db) {
            PreparedEntries::new(mutation).stage(&family, &mut self.batch, &mut self.key);
            self.touched.insert(id, position);
            note_dirty(&mut self.dirty, &table, position, after(position));
            report.records_replayed += 1;
        }
    }

    fn write(&mut self, end: LogPosition) -> Result<(), EngineError> {
        for id in std::mem::take(&mut self.touched).into_keys() {
            let Some(table) = self.state.stored_table(id) else {
                continue;
            };
            if let Some(family) = table.handle(&self.state.db) {
                self.batch.put_cf(&family, POSITION_KEY, end.to_bytes());
            }
            if let Some(dirty) = self.dirty.get_mut(&id) {
                dirty.applied = end;
            }
        }
        self.state
            .db
            .write_opt(&self.batch, &self.options)
            .map_err(|error| EngineError::rocksdb("write", &error))?;
        self.batch.clear();
        Ok(())
    }
}

/// The smallest position that is after a record.
fn after(position: LogPosition) -> LogPosition {
    LogPosition {
        offset: position.offset + 1,
        ..position
    }
}

fn corrupt(position: LogPosition, report: &mut OpenReport) {
    tracing::error!(%position, "a record of the commit log is no mutation; it is left out");
    report.records_corrupt += 1;
}
