//! Group commit: one thread owns the log and a sink.
use crate::{CommitLog, LogError, LogPosition};
use std::marker::PhantomData;

/// What happens to logged items.
pub trait Sink: Send + 'static {
    /// What is submitted: bytes to log, and how to answer whoever submitted them.
    type Item: Send + 'static;

    /// Bytes to log for this item; `None` when there is nothing to log and only its place in the
    /// order matters (a control item, such as "run this closure between batches").
    fn payload<'a>(&self, item: &'a Self::Item) -> Option<&'a [u8]>;

    /// Bytes this item counts for against [`WriterConfig::queue_bytes_max`]. Override it when items
    /// own memory.
    fn queued_bytes(item: &Self::Item) -> usize {
        size_of_val(item)
    }

    /// Called once per drained batch, after the append and, in group and batch mode, after the
    /// sync. `positions` has one entry per item: where its record starts, or, for an item without a
    /// payload, where the next record would start. Must answer each item itself.
    ///
    /// On `Err` nothing of the batch may be acknowledged. A record that was refused on its own
    /// (oversized, empty, disk full) comes alone, with its error, and the log goes on; any other
    /// error means that the log is poisoned and every later submit is refused. The batch may be
    /// empty when a sync between batches failed.
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

/// A cheap handle to the writer thread. The thread ends when the last handle is dropped, after it
/// has written what is queued.
#[derive(Debug)]
pub struct LogWriter<I> {
    item: PhantomData<fn(I)>,
}

impl<I> Clone for LogWriter<I> {
    fn clone(&self) -> Self {
        Self { item: PhantomData }
    }
}

impl<I: Send + 'static> LogWriter<I> {
    /// Queues an item, or gives it back when the queue is full or the writer has stopped.
    pub fn submit(&self, item: I) -> Result<(), I> {
        Err(item)
    }
    /// Whether a write or a sync has failed, so that nothing more can be logged.
    pub fn is_poisoned(&self) -> bool {
        unimplemented!()
    }
    /// Refuses further submits; what is queued is still written.
    pub fn shutdown(&self) {
        unimplemented!()
    }
    /// Waits until the thread has written what was queued and closed the log.
    pub fn join(&self) -> Result<(), LogError> {
        unimplemented!()
    }
}

/// Starts the thread that owns `log` and `sink`.
pub fn spawn_writer<S: Sink>(log: CommitLog, sink: S, config: WriterConfig) -> LogWriter<S::Item> {
    drop((log, sink, config));
    unimplemented!()
}
