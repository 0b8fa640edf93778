//! Hints: mutations kept for nodes that missed them.
//!
//! Decides how hints rest on disk and when a file of them may go; whether a mutation is hinted and
//! when it is sent is decided in `core/coordinator` and `app/node`. One thread does all of it, so
//! stores that queue while it syncs share the next sync.
//!
//! ```text
//! hints/<host id>/00000000000000000007.hints   records: created (8) · gc_grace (4) · mutation
//! hints/<host id>/delivered                    file (8) · offset (8): all before it was delivered
//! ```
//!
//! # Invariants
//!
//! * **E7** A stored hint is answered after its sync, and is there until it is delivered or discarded.

mod files;
mod worker;

use crate::EngineConfig;
use crate::EngineError;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use worker::HintWorker;

/// Stores that may wait for the hint thread.
const QUEUE_MAX: usize = 8_192;
/// Bytes of hints that may wait for it.
const QUEUE_BYTES_MAX: usize = 64 << 20;
/// What precedes the mutation in a record.
const HEADER_BYTES: usize = 12;

/// A mutation kept for a replica that missed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// When the write was made, milliseconds since 1970.
    pub created_millis: u64,
    /// The table's gc_grace then: later than that the hint must not be delivered.
    pub gc_grace_secs: u32,
    /// The encoded mutation.
    pub mutation: Bytes,
}

/// The place after a hint, among the hints of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HintPosition {
    /// Which file, in the order they were written.
    pub file: u64,
    /// The offset after the hint.
    pub offset: u64,
}

/// What is kept for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintSummary {
    /// For whom.
    pub target: HostId,
    /// Files they lie in.
    pub files: u64,
    /// Hints not yet delivered.
    pub hints: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// When the oldest was made, milliseconds since 1970.
    pub oldest_millis: Option<u64>,
}

impl Hint {
    fn encode(&self) -> Bytes {
        let mut record = BytesMut::with_capacity(HEADER_BYTES + self.mutation.len());
        record.extend_from_slice(&self.created_millis.to_be_bytes());
        record.extend_from_slice(&self.gc_grace_secs.to_be_bytes());
        record.extend_from_slice(&self.mutation);
        record.freeze()
    }

    /// `None` for a record that is too short to be a hint.
    fn decode(record: &Bytes) -> Option<Self> {
        let (created, rest) = record.split_first_chunk::<8>()?;
        let (gc_grace, mutation) = rest.split_first_chunk::<4>()?;
        Some(Self {
            created_millis: u64::from_be_bytes(*created),
            gc_grace_secs: u32::from_be_bytes(*gc_grace),
            mutation: record.slice_ref(mutation),
        })
    }
}

type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// What the hint thread is asked.
enum HintJob {
    Store {
        target: HostId,
        created_millis: u64,
        record: Bytes,
        done: Reply<()>,
    },
    Read {
        target: HostId,
        bytes_max: usize,
        done: Reply<Vec<(HintPosition, Hint)>>,
    },
    Delivered {
        target: HostId,
        up_to: HintPosition,
        done: Reply<()>,
    },
    Discard {
        target: HostId,
        done: Reply<()>,
    },
}

type Summaries = Arc<Mutex<BTreeMap<HostId, HintSummary>>>;

/// The engine's side of the hint thread.
pub(crate) struct Hints {
    jobs: Mutex<Option<mpsc::SyncSender<HintJob>>>,
    queued_bytes: Arc<AtomicUsize>,
    summaries: Summaries,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Hints {
    /// Reads what is there and starts the thread.
    pub(crate) fn open(config: &EngineConfig) -> Result<Self, EngineError> {
        let summaries = Summaries::default();
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let directory = config.hints_directory();
        forget_hints_if_planted(&directory);
        let mut worker = HintWorker::open(
            directory.clone(),
            config.hints.file_bytes_max,
            Arc::clone(&summaries),
            Arc::clone(&queued_bytes),
        )?;
        let (jobs, queue) = mpsc::sync_channel(QUEUE_MAX);
        let thread = thread::Builder::new()
            .name("hints".to_owned())
            .spawn(move || worker.run(&queue))
            .map_err(|error| EngineError::io("start the thread of", &directory, &error))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            queued_bytes,
            summaries,
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(crate) fn store(
        &self,
        target: HostId,
        hint: &Hint,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        let record = hint.encode();
        let created_millis = hint.created_millis;
        self.ask(record.len(), move |done| HintJob::Store {
            target,
            created_millis,
            record,
            done,
        })
    }

    pub(crate) fn read(
        &self,
        target: HostId,
        bytes_max: usize,
    ) -> impl Future<Output = Result<Vec<(HintPosition, Hint)>, EngineError>> + Send + use<> {
        self.ask(0, move |done| HintJob::Read {
            target,
            bytes_max,
            done,
        })
    }

    pub(crate) fn delivered(
        &self,
        target: HostId,
        up_to: HintPosition,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.ask(0, move |done| HintJob::Delivered {
            target,
            up_to,
            done,
        })
    }

    pub(crate) fn discard(
        &self,
        target: HostId,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.ask(0, move |done| HintJob::Discard { target, done })
    }

    pub(crate) fn summary(&self) -> Vec<HintSummary> {
        let summaries = self
            .summaries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        summaries.values().cloned().collect()
    }

    /// Lets the thread finish what is queued, and waits for it.
    pub(crate) fn close(&self) {
        drop(
            self.jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the hint thread panicked");
        }
    }

    fn ask<T, J>(
        &self,
        bytes: usize,
        job: J,
    ) -> impl Future<Output = Result<T, EngineError>> + Send + use<T, J>
    where
        T: Send + 'static,
        J: FnOnce(Reply<T>) -> HintJob,
    {
        let (done, answer) = oneshot::channel();
        let submitted = self.submit(bytes, job(done));
        async move {
            submitted?;
            answer.await.unwrap_or(Err(EngineError::Closed))
        }
    }

    fn submit(&self, bytes: usize, job: HintJob) -> Result<(), EngineError> {
        const FULL: EngineError = EngineError::Overloaded("too many hints wait for the disk");
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = jobs.as_ref().ok_or(EngineError::Closed)?;
        let queued = self.queued_bytes.fetch_add(bytes, Relaxed);
        let sent = if queued > 0 && queued.saturating_add(bytes) > QUEUE_BYTES_MAX {
            Err(FULL)
        } else {
            jobs.try_send(job).map_err(|error| match error {
                mpsc::TrySendError::Full(_) => FULL,
                mpsc::TrySendError::Disconnected(_) => EngineError::Closed,
            })
        };
        if sent.is_err() {
            self.queued_bytes.fetch_sub(bytes, Relaxed);
        }
        sent
    }
}

#[cfg(not(feature = "planted-drop-hints"))]
fn forget_hints_if_planted(_: &std::path::Path) {}

#[cfg(feature = "planted-drop-hints")]
fn forget_hints_if_planted(directory: &std::path::Path) {
    drop(std::fs::remove_dir_all(directory));
}

#[cfg(test)]
mod tests;
