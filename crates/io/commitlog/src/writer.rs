//! Group commit: one thread owns the log and a sink; everybody else submits items to its queue.
//!
//! ```text
//!  submit ─▶ queue ─▶ append all ─▶ one sync ─▶ apply all (the sink answers) ─┐
//!              ▲                                                              │
//!              └────────── what queued meanwhile is the next batch ◀──────────┘
//! ```
//!
//! Decides what a batch is and when it is synced. Knows nothing of what items mean.
//!
//! # Invariants
//!
//! * **L7** In group and batch mode an item is applied only after its record was synced.
//! * **L8** Items are applied in the order in which they were submitted, except that one that was
//!   refused on its own comes after its batch.
//! * **L9** Every item that was taken in is applied, or, after a panic of the sink, dropped.

use crate::{CommitLog, LogError, LogPosition, SyncMode};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What happens to logged items.
pub trait Sink: Send + 'static {
    /// What is submitted: bytes to log, and how to answer whoever submitted them.
    type Item: Send + 'static;

    /// Bytes to log for this item; `None` when there is nothing to log and only its place in the
    /// order matters (a control item, such as "run this closure between batches").
    fn payload<'a>(&self, item: &'a Self::Item) -> Option<&'a [u8]>;

    /// Bytes this item counts for against [`WriterConfig::queue_bytes_max`]. Override it when items
    /// own memory: the default sees only the item itself.
    fn queued_bytes(item: &Self::Item) -> usize {
        size_of_val(item)
    }

    /// Called once per drained batch, after the append and, in group and batch mode, after the
    /// sync. `positions` has one entry per item: where its record starts, or, for an item without a
    /// record, where the next record would start. Must answer each item itself.
    ///
    /// On `Err` nothing of the batch may be acknowledged. A record that was refused on its own
    /// (oversized, empty, disk full) comes alone, with its error, and the log goes on; any other
    /// error means that the log is poisoned and every later submit is refused. The batch may be
    /// empty when a sync between batches failed.
    ///
    /// Must not wait for [`LogWriter::join`].
    fn apply(
        &mut self,
        log: &mut CommitLog,
        items: Vec<Self::Item>,
        positions: &[LogPosition],
        outcome: Result<(), &LogError>,
    );
}

/// How much may wait for the writer thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterConfig {
    /// Items that may wait; one more is refused.
    pub queue_items_max: usize,
    /// Bytes that may wait, by [`Sink::queued_bytes`]; an item that would exceed it is refused,
    /// unless nothing waits.
    pub queue_bytes_max: usize,
    /// Items taken per batch.
    pub batch_items_max: usize,
    /// Name of the thread.
    pub thread_name: String,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            queue_items_max: 16_384,
            queue_bytes_max: 64 << 20,
            batch_items_max: 4_096,
            thread_name: "commit-log".to_owned(),
        }
    }
}

/// A cheap handle to the writer thread. After [`LogWriter::shutdown`], or when the last handle is
/// dropped, the thread writes what is queued, closes the log and ends.
pub struct LogWriter<I> {
    shared: Arc<Shared<I>>,
}

struct Shared<I> {
    config: WriterConfig,
    queued_bytes: fn(&I) -> usize,
    queue: Mutex<Queue<I>>,
    /// Something to do for the writer thread.
    wake: Condvar,
    /// The writer thread has ended.
    ended: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Queue<I> {
    items: VecDeque<(I, usize)>,
    bytes: usize,
    handles: usize,
    /// The writer thread sleeps.
    idle: bool,
    /// No more submits.
    closing: bool,
    stopped: bool,
    /// The failure that poisoned the log.
    failure: Option<String>,
}

impl<I> Shared<I> {
    /// A panic while the lock is held cannot leave the queue half changed.
    fn lock(&self) -> MutexGuard<'_, Queue<I>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Clone for LogWriter<I> {
    fn clone(&self) -> Self {
        self.shared.lock().handles += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<I> Drop for LogWriter<I> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.handles -= 1;
        if queue.handles == 0 {
            queue.closing = true;
            self.shared.wake.notify_one();
        }
    }
}

impl<I> fmt::Debug for LogWriter<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.shared.lock();
        f.debug_struct("LogWriter")
            .field("queued_items", &queue.items.len())
            .field("queued_bytes", &queue.bytes)
            .field("failure", &queue.failure)
            .finish_non_exhaustive()
    }
}

impl<I: Send + 'static> LogWriter<I> {
    /// Queues an item, or gives it back when the queue is full or the writer has stopped.
    pub fn submit(&self, item: I) -> Result<(), I> {
        let WriterConfig {
            queue_items_max,
            queue_bytes_max,
            ..
        } = self.shared.config;
        let bytes = (self.shared.queued_bytes)(&item);
        let mut queue = self.shared.lock();
        let fits = queue.items.is_empty()
            || (queue.items.len() < queue_items_max
                && queue.bytes.saturating_add(bytes) <= queue_bytes_max);
        if queue.closing || queue.stopped || queue.failure.is_some() || !fits {
            return Err(item);
        }
        queue.bytes = queue.bytes.saturating_add(bytes);
        queue.items.push_back((item, bytes));
        if queue.idle {
            self.shared.wake.notify_one();
        }
        Ok(())
    }

    /// Items and bytes that wait for the writer thread.
    pub fn queued(&self) -> (usize, usize) {
        let queue = self.shared.lock();
        (queue.items.len(), queue.bytes)
    }

    /// Whether a write or a sync has failed, so that nothing more can be logged.
    pub fn is_poisoned(&self) -> bool {
        self.shared.lock().failure.is_some()
    }

    /// Refuses further submits; what is queued is still written.
    pub fn shutdown(&self) {
        self.shared.lock().closing = true;
        self.shared.wake.notify_one();
    }

    /// Waits until the thread has ended: after [`LogWriter::shutdown`] or a failure. The log is
    /// closed and the sink dropped by then.
    ///
    /// # Errors
    /// [`LogError::Poisoned`] when the log had failed.
    pub fn join(&self) -> Result<(), LogError> {
        let mut queue = self.shared.lock();
        while !queue.stopped {
            queue = self
                .shared
                .ended
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let failure = queue.failure.clone();
        drop(queue);
        let thread = self
            .shared
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            return Err(LogError::Poisoned {
                reason: "the writer thread panicked".to_owned(),
            });
        }
        match failure {
            Some(reason) => Err(LogError::Poisoned { reason }),
            None => Ok(()),
        }
    }
}

/// Starts the thread that owns `log` and `sink`.
///
/// # Panics
/// When the operating system gives no thread.
pub fn spawn_writer<S: Sink>(log: CommitLog, sink: S, config: WriterConfig) -> LogWriter<S::Item> {
    let queue = Queue {
        items: VecDeque::new(),
        bytes: 0,
        handles: 1,
        idle: false,
        closing: false,
        stopped: false,
        failure: None,
    };
    let shared = Arc::new(Shared {
        config,
        queued_bytes: S::queued_bytes,
        queue: Mutex::new(queue),
        wake: Condvar::new(),
        ended: Condvar::new(),
        thread: Mutex::new(None),
    });
    let ending = Ending {
        shared: Arc::clone(&shared),
    };
    let writer = Writer {
        mode: log.config().sync_mode,
        log,
        sink,
        shared: Arc::clone(&shared),
        last_sync: Instant::now(),
    };
    let started: io::Result<_> = thread::Builder::new()
        .name(shared.config.thread_name.clone())
        .spawn(move || {
            // Declared first, dropped last: whoever joins finds the log closed, the sink dropped.
            let _ending = ending;
            writer.run();
        });
    let thread = started.expect("a program that cannot start threads cannot start");
    *shared.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    LogWriter { shared }
}

/// Tells waiters that the thread has ended, however it ended.
struct Ending<I> {
    shared: Arc<Shared<I>>,
}

impl<I> Drop for Ending<I> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.stopped = true;
        queue.bytes = 0;
        let left = std::mem::take(&mut queue.items);
        drop(queue);
        drop(left);
        self.shared.ended.notify_all();
    }
}

/// What the thread does next.
enum Work<I> {
    Batch(Vec<I>),
    SyncIsDue,
    Close,
}

struct Writer<S: Sink> {
    mode: SyncMode,
    log: CommitLog,
    sink: S,
    shared: Arc<Shared<S::Item>>,
    /// When everything appended was last known to be synced.
    last_sync: Instant,
}

impl<S: Sink> Writer<S> {
    fn run(mut self) {
        loop {
            match self.wait() {
                Work::Batch(items) => self.carry_out(items),
                Work::SyncIsDue => self.sync_between_batches(),
                Work::Close => break,
            }
        }
        if let Err(error) = self.log.close() {
            self.shared.lock().failure.get_or_insert(error.to_string());
        }
    }

    fn wait(&mut self) -> Work<S::Item> {
        let deadline = match self.mode {
            SyncMode::Periodic { interval } if self.log.has_unsynced() => {
                self.last_sync.checked_add(interval)
            }
            SyncMode::Periodic { .. } | SyncMode::Group | SyncMode::Batch => None,
        };
        let mut queue = self.shared.lock();
        while queue.items.is_empty() {
            if queue.closing || queue.failure.is_some() {
                return Work::Close;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Work::SyncIsDue;
            }
            queue.idle = true;
            queue = match left {
                Some(left) => {
                    let woken = self.shared.wake.wait_timeout(queue, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .shared
                    .wake
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner),
            };
            queue.idle = false;
        }
        let count = match self.mode {
            SyncMode::Batch => 1,
            SyncMode::Group | SyncMode::Periodic { .. } => queue
                .items
                .len()
                .min(self.shared.config.batch_items_max.max(1)),
        };
        let mut batch = Vec::with_capacity(count);
        let mut bytes = 0;
        for (item, item_bytes) in queue.items.drain(..count) {
            bytes += item_bytes;
            batch.push(item);
        }
        queue.bytes = queue.bytes.saturating_sub(bytes);
        Work::Batch(batch)
    }

    fn carry_out(&mut self, items: Vec<S::Item>) {
        let Appended {
            items,
            positions,
            refused,
            failure,
        } = self.append(items);
        let outcome = match failure {
            Some(error) => Err(error),
            None => self.make_durable(),
        };
        self.note_poison();
        self.sink
            .apply(&mut self.log, items, &positions, outcome.as_ref().copied());
        for (item, position, error) in refused {
            self.sink
                .apply(&mut self.log, vec![item], &[position], Err(&error));
        }
        if let SyncMode::Periodic { interval } = self.mode
            && self.last_sync.elapsed() >= interval
        {
            self.sync_between_batches();
        }
        // The sink has the log too.
        self.note_poison();
    }

    fn append(&mut self, items: Vec<S::Item>) -> Appended<S::Item> {
        if !self.log.has_unsynced() {
            self.last_sync = Instant::now();
        }
        let mut appended = Appended {
            positions: Vec::with_capacity(items.len()),
            items: Vec::with_capacity(items.len()),
            refused: Vec::new(),
            failure: None,
        };
        for item in items {
            let position = match self.sink.payload(&item) {
                Some(payload) if appended.failure.is_none() => self.log.append(payload),
                Some(_) | None => Ok(self.log.end()),
            };
            let position = match position {
                Ok(position) => position,
                Err(error) if self.log.is_poisoned() => {
                    appended.failure = Some(error);
                    self.log.end()
                }
                Err(error) => {
                    appended.refused.push((item, self.log.end(), error));
                    continue;
                }
            };
            appended.items.push(item);
            appended.positions.push(position);
        }
        appended
    }

    /// Does for what was appended what the mode promises before an acknowledgement.
    fn make_durable(&mut self) -> Result<(), LogError> {
        match self.mode {
            SyncMode::Group | SyncMode::Batch => self.sync(),
            SyncMode::Periodic { interval } => {
                self.log.write_buffered()?;
                // Acknowledgements wait rather than widen the promised loss window.
                if self.last_sync.elapsed() >= interval + interval / 2 {
                    self.sync()?;
                }
                Ok(())
            }
        }
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.log.sync()?;
        self.last_sync = Instant::now();
        Ok(())
    }

    fn sync_between_batches(&mut self) {
        if self.log.is_poisoned() {
            return;
        }
        if let Err(error) = self.sync() {
            self.note_poison();
            self.sink.apply(&mut self.log, Vec::new(), &[], Err(&error));
        }
    }

    /// From here on submits are refused; what is queued is still taken out and answered.
    fn note_poison(&self) {
        if let Some(reason) = self.log.poison_reason() {
            self.shared
                .lock()
                .failure
                .get_or_insert_with(|| reason.to_owned());
        }
    }
}

struct Appended<I> {
    items: Vec<I>,
    positions: Vec<LogPosition>,
    refused: Vec<(I, LogPosition, LogError)>,
    failure: Option<LogError>,
}

#[cfg(test)]
mod tests;
