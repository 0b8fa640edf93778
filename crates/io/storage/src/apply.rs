//! W7: how mutations that are in the log become visible.
//!
//! Decides what one turn of the writer thread does: one `WriteBatch` for all mutations of the batch,
//! with each touched table's new position in the same `WriteBatch`, then the acknowledgements.
//! Truncations, dropped tables, sweeps and the log's trimming take their turn between mutations.
//! Appending and syncing is the commit log's.
//!
//! ```text
//!   callers ──submit──▶ queue ──▶ append all · sync · apply (here) · answer all
//! ```
//!
//! # Invariants
//!
//! * **E1** A write is answered after it was logged (as the mode says) and applied.
//! * **E2** A `WriteBatch` that holds entries of a table holds the position after their records.

mod control;

pub(crate) use control::Control;
use control::Turn;
pub(crate) use control::submit_control;
pub(crate) use control::take_turn;

use crate::EngineError;
use crate::rocks::POSITION_KEY;
use crate::rocks::write_options;
use crate::state::State;
use crate::sweep::SweepWatch;
use crate::table::Table;
use bytes::Bytes;
use quorate_commitlog::CommitLog;
use quorate_commitlog::LogError;
use quorate_commitlog::LogPosition;
use quorate_commitlog::Sink;
use quorate_data::Mutation;
use quorate_data::key::partition_prefix;
use quorate_types::TableId;
use rocksdb::BoundColumnFamily;
use rocksdb::WriteBatch;
use rocksdb::WriteOptions;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::oneshot;

/// What the writer thread is given.
pub(crate) enum Item {
    Write(Write),
    Control(Control),
}

/// A mutation, checked and taken apart on the thread of its caller.
pub(crate) struct Write {
    pub(crate) bytes: Bytes,
    pub(crate) table: Arc<Table>,
    pub(crate) entries: PreparedEntries,
    pub(crate) ack: Ack,
}

/// The entries of a mutation and what their keys start with.
pub(crate) struct PreparedEntries {
    prefix: Vec<u8>,
    mutation: Mutation,
}

impl PreparedEntries {
    pub(crate) fn new(mutation: Mutation) -> Self {
        let prefix = partition_prefix(mutation.token(), &mutation.key);
        Self { prefix, mutation }
    }

    /// Adds merges to a batch.
    pub(crate) fn stage(
        &self,
        family: &Arc<BoundColumnFamily<'_>>,
        batch: &mut WriteBatch,
        key: &mut Vec<u8>,
    ) {
        for entry in &self.mutation.entries {
            key.clear();
            key.extend_from_slice(&self.prefix);
            key.extend_from_slice(&entry.suffix);
            batch.merge_cf(family, key.as_slice(), &entry.fragment);
        }
    }
}

/// Whom to tell.
pub(crate) enum Ack {
    One(oneshot::Sender<Result<(), EngineError>>),
    Many(Arc<ManyAck>),
}

/// One answer for several mutations: the first error, or that all are applied.
pub(crate) struct ManyAck {
    left: AtomicUsize,
    answer: Mutex<ManyAnswer>,
}

struct ManyAnswer {
    error: Option<EngineError>,
    done: Option<oneshot::Sender<Result<(), EngineError>>>,
}

impl ManyAck {
    pub(crate) fn new(count: usize, done: oneshot::Sender<Result<(), EngineError>>) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicUsize::new(count),
            answer: Mutex::new(ManyAnswer {
                error: None,
                done: Some(done),
            }),
        })
    }
}

impl Ack {
    pub(crate) fn answer(self, result: Result<(), EngineError>) {
        match self {
            // Nobody waits any more: nothing to tell.
            Self::One(done) => drop(done.send(result)),
            Self::Many(many) => {
                let mut answer = many.answer.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = result {
                    answer.error.get_or_insert(error);
                }
                if many.left.fetch_sub(1, AcqRel) == 1
                    && let Some(done) = answer.done.take()
                {
                    drop(done.send(answer.error.take().map_or(Ok(()), Err)));
                }
            }
        }
    }
}

/// What of a table is in memtables only.
#[derive(Debug, Clone)]
pub(crate) struct Dirty {
    pub(crate) table: Arc<Table>,
    /// Before the oldest record that no file holds.
    pub(crate) from: LogPosition,
    /// The position that its newest batch stored.
    pub(crate) applied: LogPosition,
}

/// The tables with something in memtables only.
pub(crate) type DirtyTables = BTreeMap<TableId, Dirty>;

/// Notes that a table's memtable holds the records from `from` on, and its position `applied`.
pub(crate) fn note_dirty(
    dirty: &mut DirtyTables,
    table: &Arc<Table>,
    from: LogPosition,
    applied: LogPosition,
) {
    dirty
        .entry(table.id)
        .and_modify(|known| known.applied = applied)
        .or_insert_with(|| {
            table.set_dirty_segment(from.segment);
            Dirty {
                table: Arc::clone(table),
                from,
                applied,
            }
        });
}

/// The writer thread's side of the engine.
pub(crate) struct ApplySink {
    state: Arc<State>,
    options: WriteOptions,
    batch: WriteBatch,
    key: Vec<u8>,
    acks: Vec<Ack>,
    touched: Vec<Touched>,
    dirty: DirtyTables,
    /// What the sweep at work must know of writes.
    watch: Option<SweepWatch>,
    segment: u64,
    /// Tells the trimmer that a segment was begun.
    rolled: Box<dyn Fn() + Send>,
}

/// A table with entries in the batch that is being staged.
struct Touched {
    table: Arc<Table>,
    first: LogPosition,
    writes: u64,
}

impl ApplySink {
    pub(crate) fn new(
        state: Arc<State>,
        dirty: DirtyTables,
        rolled: impl Fn() + Send + 'static,
    ) -> Self {
        Self {
            state,
            options: write_options(),
            batch: WriteBatch::default(),
            key: Vec::new(),
            acks: Vec::new(),
            touched: Vec::new(),
            dirty,
            watch: None,
            segment: 0,
            rolled: Box::new(rolled),
        }
    }

    /// Adds a mutation to the batch.
    fn stage(&mut self, write: Write, position: LogPosition) {
        let state = Arc::clone(&self.state);
        let family = (!write.table.is_dropped())
            .then(|| write.table.handle(&state.db))
            .flatten();
        let Some(family) = family else {
            let gone = EngineError::UnknownTable(write.table.id);
            return write.ack.answer(Err(gone));
        };
        write.entries.stage(&family, &mut self.batch, &mut self.key);
        if let Some(watch) = &mut self.watch {
            watch.note_write(write.table.id, &write.entries.prefix);
        }
        self.acks.push(write.ack);
        match self
            .touched
            .iter_mut()
            .find(|touched| touched.table.id == write.table.id)
        {
            Some(touched) => touched.writes += 1,
            None => self.touched.push(Touched {
                table: write.table,
                first: position,
                writes: 1,
            }),
        }
    }

    /// Writes what was staged, `end` being after all of it, and answers.
    fn commit(&mut self, end: LogPosition) {
        let result = self.write_staged(end);
        if result.is_ok() {
            for touched in &self.touched {
                note_dirty(&mut self.dirty, &touched.table, touched.first, end);
                let counters = &touched.table.counters;
                counters.writes.fetch_add(touched.writes, Relaxed);
            }
        }
        self.batch.clear();
        self.touched.clear();
        for ack in self.acks.drain(..) {
            ack.answer(result.clone());
        }
    }

    fn write_staged(&mut self, end: LogPosition) -> Result<(), EngineError> {
        if self.touched.is_empty() {
            return Ok(());
        }
        self.state.health.check_not_poisoned()?;
        for touched in &self.touched {
            if let Some(family) = touched.table.handle(&self.state.db) {
                self.batch.put_cf(&family, POSITION_KEY, end.to_bytes());
            }
        }
        self.state
            .db
            .write_opt(&self.batch, &self.options)
            .map_err(|error| self.state.health.rocksdb_failed("write", &error))
    }

    /// Lets others see how far the log is.
    fn publish(&mut self, log: &CommitLog) {
        let end = log.end();
        self.state.log.set_end(end);
        if end.segment != self.segment {
            self.segment = end.segment;
            publish_segments(&self.state, log);
            (self.rolled)();
        }
    }
}

/// Lets others see how large the log is.
pub(crate) fn publish_segments(state: &State, log: &CommitLog) {
    let segments = log.segments();
    let bytes = segments.iter().map(|segment| segment.bytes_on_disk).sum();
    state.log.bytes.store(bytes, Relaxed);
    if let Some(oldest) = segments.first() {
        state.log.oldest_segment.store(oldest.id, Relaxed);
    }
}

impl Sink for ApplySink {
    type Item = Item;

    fn payload<'a>(&self, item: &'a Item) -> Option<&'a [u8]> {
        match item {
            Item::Write(write) => Some(&write.bytes),
            Item::Control(_) => None,
        }
    }

    fn queued_bytes(item: &Item) -> usize {
        match item {
            Item::Write(write) => {
                let entries = write.entries.mutation.entries.len();
                size_of::<Item>() + 2 * write.bytes.len() + 64 * entries
            }
            Item::Control(_) => size_of::<Item>(),
        }
    }

    // W7 apply: one `WriteBatch`, then the acknowledgements.
    fn apply(
        &mut self,
        log: &mut CommitLog,
        items: Vec<Item>,
        positions: &[LogPosition],
        outcome: Result<(), &LogError>,
    ) {
        if let Err(error) = outcome {
            let failure = EngineError::of_append(error);
            if matches!(failure, EngineError::Poisoned(_)) {
                self.state.health.poison(&failure);
            }
            for item in items {
                match item {
                    Item::Write(write) => write.ack.answer(Err(failure.clone())),
                    Item::Control(control) => control.refuse(failure.clone()),
                }
            }
            return;
        }
        for (item, position) in items.into_iter().zip(positions.iter().copied()) {
            match item {
                Item::Write(write) => self.stage(write, position),
                Item::Control(control) => {
                    self.commit(position);
                    control.run(&mut self.turn(log, position));
                }
            }
        }
        self.commit(log.end());
        self.publish(log);
    }
}

impl ApplySink {
    fn turn<'a>(&'a mut self, log: &'a mut CommitLog, position: LogPosition) -> Turn<'a> {
        Turn {
            state: &self.state,
            log,
            position,
            dirty: &mut self.dirty,
            watch: &mut self.watch,
            options: &self.options,
        }
    }
}
