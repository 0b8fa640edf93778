//! What takes its turn on the writer thread between mutations: whatever must be serial with writes.
//!
//! Decides the order of steps of a truncation and of a drop, and which log segments may go. What a
//! sweep does with its entries is in [`crate::sweep`].

use super::DirtyTables;
use super::Item;
use super::publish_segments;
use crate::EngineError;
use crate::state::State;
use crate::sweep::SweepChunk;
use crate::sweep::SweepCounts;
use crate::sweep::SweepWatch;
use crate::table::CLEAN;
use crate::table::Table;
use crate::truncation::Truncation;
use quorate_commitlog::CommitLog;
use quorate_commitlog::LogPosition;
use quorate_commitlog::LogWriter;
use quorate_types::TableId;
use rocksdb::WriteOptions;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How a control item is answered.
pub(crate) struct Done<T>(Box<dyn FnOnce(Result<T, EngineError>) + Send>);

impl<T: Send + 'static> Done<T> {
    /// For a thread that waits.
    pub(crate) fn for_thread() -> (Self, mpsc::Receiver<Result<T, EngineError>>) {
        let (sender, receiver) = mpsc::channel();
        (
            Self(Box::new(move |result| drop(sender.send(result)))),
            receiver,
        )
    }

    pub(crate) fn answer(self, result: Result<T, EngineError>) {
        self.0(result);
    }
}

/// What takes a turn.
pub(crate) enum Control {
    /// Forgets all rows of a table.
    Truncate {
        table: Arc<Table>,
        at_millis: u64,
        done: Done<()>,
    },
    /// Drops a table's column family; the table is in the map no more.
    Drop { table: Arc<Table>, done: Done<()> },
    /// Discards log segments, given how far the files of dirty tables go.
    Trim {
        durable: Vec<(TableId, LogPosition)>,
        done: Done<()>,
    },
    /// Starts noting the partitions of a table that are written; answers the table's generation.
    Watch { table: Arc<Table>, done: Done<u64> },
    /// Stops noting.
    Unwatch,
    /// Sweeps some entries.
    Sweep {
        chunk: SweepChunk,
        done: Done<SweepCounts>,
    },
    /// Does nothing: everything submitted before it was applied.
    Barrier { done: Done<()> },
}

/// The writer thread's things, for one control item.
pub(crate) struct Turn<'a> {
    pub(crate) state: &'a State,
    pub(crate) log: &'a mut CommitLog,
    /// Everything logged before it was applied, nothing from it on.
    pub(crate) position: LogPosition,
    pub(crate) dirty: &'a mut DirtyTables,
    pub(crate) watch: &'a mut Option<SweepWatch>,
    pub(crate) options: &'a WriteOptions,
}

impl Control {
    pub(crate) fn run(self, turn: &mut Turn<'_>) {
        if let Err(error) = turn.state.health.check_not_poisoned() {
            return self.refuse(error);
        }
        match self {
            Self::Truncate {
                table,
                at_millis,
                done,
            } => done.answer(turn.truncate(&table, at_millis)),
            Self::Drop { table, done } => done.answer(turn.drop_table(&table)),
            Self::Trim { durable, done } => done.answer(turn.trim(&durable)),
            Self::Watch { table, done } => {
                *turn.watch = Some(SweepWatch::new(table.id));
                done.answer(Ok(table.generation()));
            }
            Self::Unwatch => *turn.watch = None,
            Self::Sweep { chunk, done } => {
                let swept = chunk.run(turn.state, turn.watch.as_ref(), turn.options);
                done.answer(swept);
            }
            Self::Barrier { done } => done.answer(Ok(())),
        }
    }

    pub(crate) fn refuse(self, error: EngineError) {
        match self {
            Self::Truncate { done, .. }
            | Self::Drop { done, .. }
            | Self::Trim { done, .. }
            | Self::Barrier { done } => done.answer(Err(error)),
            Self::Watch { done, .. } => done.answer(Err(error)),
            Self::Sweep { done, .. } => done.answer(Err(error)),
            Self::Unwatch => {}
        }
    }
}

impl Turn<'_> {
    /// The record of the truncation comes first: from then on a start finishes what a crash leaves.
    fn truncate(&mut self, table: &Table, at_millis: u64) -> Result<(), EngineError> {
        if table.is_dropped() {
            return Err(EngineError::UnknownTable(table.id));
        }
        let truncations = &self.state.truncations;
        let before = truncations.of(table.id).map_or(0, |last| last.at_millis);
        let truncation = Truncation {
            position: self.position,
            at_millis: at_millis.max(before),
        };
        truncations.record(table.id, truncation)?;
        // With the record on disk and the old rows in place nothing may be written any more.
        self.state
            .replace_family(table)
            .inspect_err(|error| self.state.health.poison(error))?;
        self.forget_dirty(table);
        Ok(())
    }

    fn drop_table(&mut self, table: &Table) -> Result<(), EngineError> {
        table.mark_dropped();
        self.forget_dirty(table);
        self.state
            .db
            .drop_cf(&table.family)
            .map_err(|error| EngineError::rocksdb("drop column family", &error))?;
        self.state.truncations.forget(table.id)
    }

    fn trim(&mut self, durable: &[(TableId, LogPosition)]) -> Result<(), EngineError> {
        for (table, position) in durable {
            let Some(dirty) = self.dirty.get_mut(table) else {
                continue;
            };
            if *position >= dirty.applied {
                dirty.table.set_dirty_segment(CLEAN);
                self.dirty.remove(table);
            } else {
                dirty.from = dirty.from.max(*position);
                dirty.table.set_dirty_segment(dirty.from.segment);
            }
        }
        let oldest = self.dirty.values().map(|dirty| dirty.from).min();
        let needed = oldest.unwrap_or(self.position).min(self.position);
        let discarded = self
            .log
            .discard_before(needed)
            .map_err(|error| EngineError::of_append(&error))
            .inspect_err(|error| self.state.health.poison(error))?;
        if discarded > 0 {
            tracing::debug!(discarded, before = %needed, "log segments discarded");
            publish_segments(self.state, self.log);
        }
        Ok(())
    }

    /// Forgets that a table has anything in memtables only: its records are not needed any more.
    fn forget_dirty(&mut self, table: &Table) {
        self.dirty.remove(&table.id);
        table.set_dirty_segment(CLEAN);
    }
}

/// Queues a control item. Waits while the queue is full: what takes a turn is rare, and whoever
/// asks for it runs on a thread of its own.
pub(crate) fn submit_control(
    state: &State,
    writer: &LogWriter<Item>,
    control: Control,
) -> Result<(), EngineError> {
    let mut item = Item::Control(control);
    loop {
        match writer.submit(item) {
            Ok(()) => return Ok(()),
            Err(back) => item = back,
        }
        state.health.check_running()?;
        if writer.is_poisoned() {
            return Err(EngineError::Poisoned("the commit log failed".to_owned()));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Queues a control item and waits for its answer.
pub(crate) fn take_turn<T: Send + 'static>(
    state: &State,
    writer: &LogWriter<Item>,
    control: impl FnOnce(Done<T>) -> Control,
) -> Result<T, EngineError> {
    let (done, answer) = Done::for_thread();
    submit_control(state, writer, control(done))?;
    answer
        .recv()
        .unwrap_or_else(|_| Err(state.health.why_unanswered()))
}
