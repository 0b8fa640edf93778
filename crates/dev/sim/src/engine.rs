//! The engine in memory, behind the node's `Engine` trait: the real merge, the real read, latencies
//! from the seed, and a disk that keeps only what was synced.
//!
//! Writes queue for one of three lanes (log, hints, small files). A lane syncs what has queued, all
//! of it at once, and answers when the sync is over. A crash in the middle of a sync leaves a prefix
//! of it on the disk, nobody knows which.
//!
//! # Invariants
//!
//! * **E1** A write is answered after it is on the disk, and seen by reads from then on.

mod lanes;
mod profile;

use crate::checkers::stored_hints_arrive::HintRecord;
use crate::disk::Disk;
use crate::executor::Executor;
use crate::executor::Group;
use crate::executor::lock;
use crate::planted::PlantedBug;
use crate::rng::Rng;
use bytes::Bytes;
use lanes::Effect;
use lanes::Lane;
use lanes::Lanes;
use quorate_cluster::TableSchema;
use quorate_data::DataReply;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::memory::MemoryTable;
use quorate_data::partition;
use quorate_data::partition::ReadError;
use quorate_node::Compacted;
use quorate_node::Engine;
use quorate_node::EngineFailure;
use quorate_node::EngineTableStats;
use quorate_node::HintBacklog;
use quorate_node::HintMark;
use quorate_node::StoredHint;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

pub use profile::DiskProfile;

/// The engine of one life of a node. A clone is a handle to the same.
#[derive(Clone)]
pub struct SimEngine(Arc<Inner>);

pub(crate) struct Inner {
    executor: Executor,
    group: Group,
    disk: Arc<Mutex<Disk>>,
    profile: Arc<Mutex<DiskProfile>>,
    planted: Option<PlantedBug>,
    stored_hints: Arc<Mutex<Vec<HintRecord>>>,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    lanes: Lanes,
    closed: bool,
    counters: BTreeMap<TableId, Counters>,
    /// With [`PlantedBug::AckBeforeSync`]: what reads see, the disk being behind.
    unsynced_view: Option<BTreeMap<TableId, MemoryTable>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    reads: u64,
    writes: u64,
    sweeps: u64,
    swept_entries: u64,
}

/// What one life's engine is made of.
pub(crate) struct EngineParts {
    pub(crate) executor: Executor,
    pub(crate) group: Group,
    pub(crate) disk: Arc<Mutex<Disk>>,
    pub(crate) profile: Arc<Mutex<DiskProfile>>,
    pub(crate) planted: Option<PlantedBug>,
    pub(crate) rng: Rng,
    /// Every hint that was ever stored, by anybody.
    pub(crate) stored_hints: Arc<Mutex<Vec<HintRecord>>>,
}

fn failure(reason: FailureReason, message: &str) -> EngineFailure {
    EngineFailure {
        reason,
        overloaded: false,
        message: message.to_owned(),
    }
}

fn unknown_table() -> EngineFailure {
    failure(
        FailureReason::IncompatibleSchema,
        "the table is not known here",
    )
}

fn closed() -> EngineFailure {
    failure(FailureReason::NodeDown, "the engine is closed")
}

impl SimEngine {
    /// Opens what is on the disk; tables that are known and not there yet are made.
    pub(crate) fn open(parts: EngineParts, tables: &[Arc<TableSchema>]) -> Self {
        let unsynced_view = {
            let mut disk = lock(&parts.disk);
            for schema in tables {
                disk.tables.entry(schema.id).or_default();
            }
            if parts.planted == Some(PlantedBug::DropHints) {
                disk.hints.clear();
            }
            let is_planted = parts.planted == Some(PlantedBug::AckBeforeSync);
            is_planted.then(|| disk.tables.clone())
        };
        Self(Arc::new(Inner {
            executor: parts.executor,
            group: parts.group,
            disk: parts.disk,
            profile: parts.profile,
            planted: parts.planted,
            stored_hints: parts.stored_hints,
            state: Mutex::new(State {
                rng: parts.rng,
                lanes: Lanes::default(),
                closed: false,
                counters: BTreeMap::new(),
                unsynced_view,
            }),
        }))
    }

    /// The power goes: of what is being synced, a prefix is on the disk.
    pub(crate) fn lose_power(&self) {
        let mut state = lock(&self.0.state);
        let state = &mut *state;
        state.closed = true;
        for jobs in state.lanes.take_syncing() {
            let survivors = state.rng.index(jobs.len() + 1);
            let mut disk = lock(&self.0.disk);
            for job in jobs.into_iter().take(survivors) {
                drop(job.effect.carry_out(&mut disk));
            }
        }
    }

    /// Replaces a small file.
    pub(crate) fn persist_blob(
        &self,
        name: &str,
        bytes: Bytes,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + use<> {
        self.submit(Lane::Blobs, Effect::Blob(name.to_owned(), bytes))
    }

    fn submit(
        &self,
        lane: Lane,
        effect: Effect,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + use<> {
        let is_full = lock(&self.0.profile).is_full;
        let answer = if lock(&self.0.state).closed {
            Err(closed())
        } else if is_full && effect.needs_room() {
            Err(failure(FailureReason::Unknown, "the disk is full"))
        } else {
            Ok(self.enqueue(lane, effect))
        };
        async move { answer?.await.unwrap_or_else(|_| Err(closed())) }
    }

    fn read_latency(&self) -> Duration {
        let profile = *lock(&self.0.profile);
        profile.read_latency(&mut lock(&self.0.state).rng)
    }

    fn answer(&self, command: &ReadCommand) -> Result<DataReply, EngineFailure> {
        let mut state = lock(&self.0.state);
        let counters = state.counters.entry(command.table).or_default();
        counters.reads += 1;
        let disk = lock(&self.0.disk);
        let tables = state.unsynced_view.as_ref().unwrap_or(&disk.tables);
        let table = tables.get(&command.table).ok_or_else(unknown_table)?;
        partition::read(table, command).map_err(|error| {
            let reason = match &error {
                ReadError::TooManyTombstones { .. } => FailureReason::ReadTooManyTombstones,
                ReadError::Store(_)
                | ReadError::CorruptFragment { .. }
                | ReadError::CorruptKey { .. } => FailureReason::Unknown,
            };
            failure(reason, &error.to_string())
        })
    }

    fn check_write(&self, bytes: &Bytes) -> Result<Mutation, EngineFailure> {
        let mutation = Mutation::decode(bytes.clone())
            .map_err(|damage| failure(FailureReason::Unknown, &damage.to_string()))?;
        if !lock(&self.0.disk).tables.contains_key(&mutation.table) {
            return Err(unknown_table());
        }
        let mut state = lock(&self.0.state);
        state.counters.entry(mutation.table).or_default().writes += 1;
        Ok(mutation)
    }

    /// The planted bug: seen and acknowledged at once, durable later or never.
    fn apply_unsynced(&self, mutation: &Mutation) -> bool {
        let mut state = lock(&self.0.state);
        let Some(view) = &mut state.unsynced_view else {
            return false;
        };
        if let Some(table) = view.get_mut(&mutation.table) {
            table.apply(mutation);
        }
        true
    }
}

impl Engine for SimEngine {
    fn apply(
        &self,
        mutation: Bytes,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + 'static {
        let submitted = self.check_write(&mutation).map(|mutation| {
            let unsynced = self.apply_unsynced(&mutation);
            (unsynced, self.submit(Lane::Log, Effect::Write(mutation)))
        });
        async move {
            match submitted? {
                (true, _) => Ok(()),
                (false, synced) => synced.await,
            }
        }
    }

    fn read(
        &self,
        command: ReadCommand,
    ) -> impl Future<Output = Result<DataReply, EngineFailure>> + Send + 'static {
        let engine = self.clone();
        let sleep = engine.0.executor.sleep(engine.read_latency());
        async move {
            sleep.await;
            engine.answer(&command)
        }
    }

    fn set_tables(&self, tables: &[Arc<TableSchema>]) -> Result<(), EngineFailure> {
        let mut state = lock(&self.0.state);
        let mut disk = lock(&self.0.disk);
        let disk = &mut *disk;
        let views = [Some(&mut disk.tables), state.unsynced_view.as_mut()];
        for view in views.into_iter().flatten() {
            view.retain(|id, _| tables.iter().any(|schema| schema.id == *id));
            for schema in tables {
                view.entry(schema.id).or_default();
            }
        }
        disk.truncated_at
            .retain(|id, _| tables.iter().any(|schema| schema.id == *id));
        Ok(())
    }

    async fn truncate(&self, table: TableId, at_millis: u64) -> Result<(), EngineFailure> {
        self.submit(Lane::Log, Effect::Truncate { table, at_millis })
            .await?;
        if let Some(view) = &mut lock(&self.0.state).unsynced_view {
            view.insert(table, MemoryTable::default());
        }
        Ok(())
    }

    fn truncated_at(&self, table: TableId) -> Option<u64> {
        lock(&self.0.disk).truncated_at.get(&table).copied()
    }

    async fn flush(&self, table: Option<TableId>) -> Result<(), EngineFailure> {
        let known = table.is_none_or(|id| lock(&self.0.disk).tables.contains_key(&id));
        if !known {
            return Err(unknown_table());
        }
        self.submit(Lane::Log, Effect::Nothing).await
    }

    async fn compact(
        &self,
        table: TableId,
        now_secs: u32,
        purge_before_secs: u32,
    ) -> Result<Compacted, EngineFailure> {
        let purge_before_secs = if self.0.planted == Some(PlantedBug::PurgeEarly) {
            u32::MAX
        } else {
            purge_before_secs
        };
        let bytes = |engine: &Self| engine.table_stats(table).bytes_on_disk;
        let bytes_before = bytes(self);
        let report = Arc::new(Mutex::new(Compacted::default()));
        let effect = Effect::Sweep {
            table,
            now: NowInSeconds(now_secs),
            purge_before_secs,
            report: report.clone(),
        };
        self.submit(Lane::Log, effect).await?;
        let mut compacted = *lock(&report);
        compacted.bytes_before = bytes_before;
        compacted.bytes_after = bytes(self);
        let mut state = lock(&self.0.state);
        let counters = state.counters.entry(table).or_default();
        counters.sweeps += 1;
        counters.swept_entries += compacted.entries_purged;
        Ok(compacted)
    }

    fn table_stats(&self, table: TableId) -> EngineTableStats {
        let state = lock(&self.0.state);
        let counters = state.counters.get(&table).copied().unwrap_or_default();
        let disk = lock(&self.0.disk);
        let known = disk.tables.get(&table);
        EngineTableStats {
            keys: known.map_or(0, |table| table.len() as u64),
            bytes_on_disk: known.map_or(0, MemoryTable::bytes),
            memtable_bytes: 0,
            files: u64::from(known.is_some()),
            reads: counters.reads,
            writes: counters.writes,
            sweeps: counters.sweeps,
            swept_entries: counters.swept_entries,
        }
    }

    fn store_hint(
        &self,
        target: HostId,
        hint: StoredHint,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + 'static {
        let (engine, mutation) = (self.clone(), hint.mutation.clone());
        let stored = self.submit(Lane::Hints, Effect::StoreHint { target, hint });
        async move {
            stored.await?;
            lock(&engine.0.stored_hints).push((target, mutation));
            Ok(())
        }
    }

    async fn hints(
        &self,
        target: HostId,
        bytes_max: usize,
    ) -> Result<(Vec<StoredHint>, HintMark), EngineFailure> {
        let sleep = self.0.executor.sleep(self.read_latency());
        sleep.await;
        let disk = lock(&self.0.disk);
        let queue = disk.hints.get(&target);
        let (mut page, mut mark, mut bytes) = (Vec::new(), HintMark(0, 0), 0);
        for (number, hint) in queue.iter().flat_map(|queue| &queue.hints) {
            bytes += hint.mutation.len();
            page.push(hint.clone());
            mark = HintMark(*number, 0);
            if bytes >= bytes_max {
                break;
            }
        }
        Ok((page, mark))
    }

    async fn hints_delivered(&self, target: HostId, up_to: HintMark) -> Result<(), EngineFailure> {
        let effect = Effect::ForgetHints {
            target,
            up_to: up_to.0,
        };
        self.submit(Lane::Hints, effect).await
    }

    fn hint_summary(&self) -> Vec<HintBacklog> {
        let disk = lock(&self.0.disk);
        let queues = disk
            .hints
            .iter()
            .filter(|(_, queue)| !queue.hints.is_empty());
        queues
            .map(|(target, queue)| HintBacklog {
                target: *target,
                files: 1,
                hints: queue.hints.len() as u64,
                bytes: queue
                    .hints
                    .values()
                    .map(|hint| hint.mutation.len() as u64)
                    .sum(),
                oldest_millis: queue.hints.values().map(|hint| hint.created_millis).min(),
            })
            .collect()
    }

    async fn close(&self) -> Result<(), EngineFailure> {
        let done = self.submit(Lane::Log, Effect::Nothing);
        lock(&self.0.state).closed = true;
        done.await
    }
}
