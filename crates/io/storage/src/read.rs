//! R6: how a replica answers a read.
//!
//! Decides on which thread: short reads look at memtables and cached blocks on their caller's
//! thread; what is not there, and what is long, goes to a few threads that may wait for the disk.
//! What the answer is, is decided in `quorate_data::partition`.

use crate::EngineError;
use crate::pairs::Stop;
use crate::pairs::StoredPairs;
use crate::pairs::Tier;
use crate::state::State;
use crate::table::Table;
use bytes::Bytes;
use quorate_data::DataReply;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::partition;
use quorate_data::partition::ReadError;
use quorate_types::TableId;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Reads of a partition that ask for more rows than this go to the read threads at once.
const INLINE_ROWS_MAX: u32 = 256;
/// Reads that may wait for a read thread.
const QUEUE_MAX: usize = 4_096;

// R6 read the replica.
/// Answers a read: here when memory has it, else on a read thread.
pub(crate) async fn read(
    state: Arc<State>,
    readers: Arc<Readers>,
    command: ReadCommand,
) -> Result<DataReply, EngineError> {
    let table = state.table(command.table)?;
    table.counters.reads.fetch_add(1, Relaxed);
    if is_short(&command) {
        match answer(&state, &table, &command, Tier::Cache) {
            Ok(reply) => return Ok(reply),
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::WouldBlock) => {}
        }
    }
    let (done, reply) = oneshot::channel();
    readers.submit(Job {
        table,
        command,
        done,
    })?;
    reply.await.unwrap_or(Err(EngineError::Closed))
}

fn is_short(command: &ReadCommand) -> bool {
    match command.target {
        ReadTarget::Range(_) => false,
        ReadTarget::Partition(_) => {
            let rows = command.limits.rows.min(command.limits.rows_per_partition);
            rows <= INLINE_ROWS_MAX
                || command.slices.len() <= INLINE_ROWS_MAX as usize
                    && command
                        .slices
                        .iter()
                        .all(|slice| slice.as_point().is_some())
        }
    }
}

fn answer(
    state: &State,
    table: &Table,
    command: &ReadCommand,
    tier: Tier,
) -> Result<DataReply, Stop> {
    let family = table
        .handle(&state.db)
        .ok_or(Stop::Failed(EngineError::UnknownTable(table.id)))?;
    let pairs = StoredPairs::new(&state.db, table.id, family, tier);
    partition::read(&pairs, command).map_err(|error| refused(table.id, error))
}

fn refused(table: TableId, error: ReadError<Stop>) -> Stop {
    let corrupt = |key: Bytes, what: String| EngineError::Corrupt { table, key, what };
    Stop::Failed(match error {
        ReadError::Store(stop) => return stop,
        ReadError::CorruptFragment { key, source } => corrupt(key, source.to_string()),
        ReadError::CorruptKey { key, source } => corrupt(key, source.to_string()),
        ReadError::TooManyTombstones {
            tombstones,
            live_rows,
            token,
            partition,
        } => EngineError::TooManyTombstones {
            table,
            tombstones,
            live_rows,
            token,
            partition,
        },
    })
}

struct Job {
    table: Arc<Table>,
    command: ReadCommand,
    done: oneshot::Sender<Result<DataReply, EngineError>>,
}

/// The read threads' queue.
#[derive(Default)]
pub(crate) struct Readers {
    queue: Mutex<ReadQueue>,
    changed: Condvar,
}

#[derive(Default)]
struct ReadQueue {
    jobs: VecDeque<Job>,
    stopping: bool,
}

impl Readers {
    fn submit(&self, job: Job) -> Result<(), EngineError> {
        let mut queue = self.lock();
        if queue.stopping {
            return Err(EngineError::Closed);
        }
        if queue.jobs.len() >= QUEUE_MAX {
            return Err(EngineError::Overloaded("too many reads wait for the disk"));
        }
        queue.jobs.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Lets the threads end; reads that wait are not answered.
    pub(crate) fn stop(&self) {
        let mut queue = self.lock();
        queue.stopping = true;
        queue.jobs.clear();
        self.changed.notify_all();
    }

    fn take(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if queue.stopping {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, ReadQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the read threads.
pub(crate) fn spawn_readers(
    state: &Arc<State>,
    readers: &Arc<Readers>,
    count: usize,
) -> io::Result<Vec<JoinHandle<()>>> {
    let spawn = |_| {
        let (state, readers) = (Arc::clone(state), Arc::clone(readers));
        thread::Builder::new()
            .name("read".to_owned())
            .spawn(move || {
                while let Some(job) = readers.take() {
                    answer_job(&state, job);
                }
            })
    };
    (0..count.max(1)).map(spawn).collect()
}

fn answer_job(state: &State, job: Job) {
    if job.done.is_closed() {
        // Whoever asked has given up.
        return;
    }
    let fill_cache = matches!(job.command.target, ReadTarget::Partition(_));
    let reply = match answer(state, &job.table, &job.command, Tier::Disk { fill_cache }) {
        Ok(reply) => Ok(reply),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::WouldBlock) => Err(EngineError::Io(
            "a read that may wait for the disk was told that it would".to_owned(),
        )),
    };
    drop(job.done.send(reply));
}
