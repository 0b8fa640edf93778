//! The queues of an engine, and what a sync brings to the disk.

use super::SimEngine;
use super::unknown_table;
use crate::disk::Disk;
use crate::executor::lock;
use crate::planted::PlantedBug;
use bytes::Bytes;
use quorate_data::Mutation;
use quorate_node::Compacted;
use quorate_node::EngineFailure;
use quorate_node::StoredHint;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::oneshot;

/// What syncs by itself, beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Log,
    Hints,
    Blobs,
}

/// A change of the disk.
#[derive(Debug)]
pub(super) enum Effect {
    Write(Mutation),
    Truncate {
        table: TableId,
        at_millis: u64,
    },
    Sweep {
        table: TableId,
        now: NowInSeconds,
        purge_before_secs: u32,
        report: Arc<Mutex<Compacted>>,
    },
    StoreHint {
        target: HostId,
        hint: StoredHint,
    },
    ForgetHints {
        target: HostId,
        up_to: u64,
    },
    Blob(String, Bytes),
    Nothing,
}

/// A change that waits for its sync, and who waits for it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) effect: Effect,
    done: oneshot::Sender<Result<(), EngineFailure>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Job>,
    syncing: Vec<Job>,
}

#[derive(Debug, Default)]
pub(super) struct Lanes {
    log: Queue,
    hints: Queue,
    blobs: Queue,
}

impl Lanes {
    const fn of(&mut self, lane: Lane) -> &mut Queue {
        match lane {
            Lane::Log => &mut self.log,
            Lane::Hints => &mut self.hints,
            Lane::Blobs => &mut self.blobs,
        }
    }

    /// What was being synced; what only waited is gone.
    pub(super) fn take_syncing(&mut self) -> [Vec<Job>; 3] {
        let lanes = std::mem::take(self);
        [lanes.log.syncing, lanes.hints.syncing, lanes.blobs.syncing]
    }
}

impl Effect {
    /// Whether a full disk refuses it. Small files have their room set aside.
    pub(super) const fn needs_room(&self) -> bool {
        match self {
            Self::Write(_) | Self::StoreHint { .. } => true,
            Self::Truncate { .. }
            | Self::Sweep { .. }
            | Self::ForgetHints { .. }
            | Self::Blob(..)
            | Self::Nothing => false,
        }
    }

    pub(super) fn carry_out(self, disk: &mut Disk) -> Result<(), EngineFailure> {
        let known = match self {
            Self::Write(mutation) => disk.apply(&mutation),
            Self::Truncate { table, at_millis } => disk.truncate(table, at_millis),
            Self::Sweep {
                table,
                now,
                purge_before_secs,
                report,
            } => match disk.tables.get_mut(&table) {
                None => false,
                Some(table) => {
                    let swept = table.sweep(now, purge_before_secs).map_err(|damage| {
                        super::failure(FailureReason::Unknown, &damage.to_string())
                    })?;
                    let mut report = lock(&report);
                    report.entries_read = swept.read;
                    report.entries_purged = swept.purged;
                    true
                }
            },
            Self::StoreHint { target, hint } => {
                disk.store_hint(target, hint);
                true
            }
            Self::ForgetHints { target, up_to } => {
                disk.forget_hints(target, up_to);
                true
            }
            Self::Blob(name, bytes) => {
                disk.blobs.insert(name, bytes);
                true
            }
            Self::Nothing => true,
        };
        if known { Ok(()) } else { Err(unknown_table()) }
    }
}

impl SimEngine {
    /// Queues a change, and starts a sync when none is under way.
    pub(super) fn enqueue(
        &self,
        lane: Lane,
        effect: Effect,
    ) -> oneshot::Receiver<Result<(), EngineFailure>> {
        let (done, answer) = oneshot::channel();
        let is_idle = {
            let mut state = lock(&self.0.state);
            let queue = state.lanes.of(lane);
            queue.waiting.push(Job { effect, done });
            queue.syncing.is_empty()
        };
        if is_idle {
            self.start_sync(lane);
        }
        answer
    }

    fn start_sync(&self, lane: Lane) {
        let latency = self.sync_latency(lane);
        {
            let mut state = lock(&self.0.state);
            let queue = state.lanes.of(lane);
            if queue.waiting.is_empty() {
                return;
            }
            queue.syncing = std::mem::take(&mut queue.waiting);
        }
        let engine = self.clone();
        self.0
            .executor
            .after(latency, self.0.group, move || engine.finish_sync(lane));
    }

    fn sync_latency(&self, lane: Lane) -> Duration {
        let profile = *lock(&self.0.profile);
        let latency = profile.sync_latency(&mut lock(&self.0.state).rng);
        if self.0.planted == Some(PlantedBug::AckBeforeSync) && lane == Lane::Log {
            // Nobody waits for it: synced every now and then.
            latency + Duration::from_secs(1)
        } else {
            latency
        }
    }

    // E1
    fn finish_sync(&self, lane: Lane) {
        let jobs = std::mem::take(&mut lock(&self.0.state).lanes.of(lane).syncing);
        let answers: Vec<_> = {
            let mut disk = lock(&self.0.disk);
            let carried_out = jobs
                .into_iter()
                .map(|job| (job.done, job.effect.carry_out(&mut disk)));
            carried_out.collect()
        };
        self.start_sync(lane);
        for (done, answer) in answers {
            // Whoever asked may have given up.
            let _ = done.send(answer);
        }
    }
}
