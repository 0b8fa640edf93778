//! The hint thread: takes what is queued, appends, syncs once per file, answers.

use super::HintJob;
use super::HintSummary;
use super::Reply;
use super::Summaries;
use super::files::TargetFiles;
use crate::EngineError;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use uuid::Uuid;

/// Jobs taken per turn.
const TURN_MAX: usize = 1_024;

pub(super) struct HintWorker {
    directory: PathBuf,
    file_bytes_max: u64,
    targets: BTreeMap<HostId, TargetFiles>,
    summaries: Summaries,
    queued_bytes: Arc<AtomicUsize>,
    /// Appended since the last sync, and whom to answer.
    unsynced: BTreeSet<HostId>,
    waiting: Vec<(HostId, Reply<()>)>,
}

impl HintWorker {
    /// Finds the hints that are there.
    pub(super) fn open(
        directory: PathBuf,
        file_bytes_max: u64,
        summaries: Summaries,
        queued_bytes: Arc<AtomicUsize>,
    ) -> Result<Self, EngineError> {
        let failed = |error| EngineError::io("open", &directory, &error);
        fs::create_dir_all(&directory).map_err(failed)?;
        let mut targets = BTreeMap::new();
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(target) = target_of(&entry.path()) else {
                tracing::warn!(path = %entry.path().display(), "not the hints of a node, left alone");
                continue;
            };
            targets.insert(target, TargetFiles::open(entry.path())?);
        }
        let worker = Self {
            directory,
            file_bytes_max,
            targets,
            summaries,
            queued_bytes,
            unsynced: BTreeSet::new(),
            waiting: Vec::new(),
        };
        for target in worker.targets.keys() {
            worker.publish(*target);
        }
        Ok(worker)
    }

    /// Until the engine lets go of the queue.
    pub(super) fn run(&mut self, queue: &mpsc::Receiver<HintJob>) {
        while let Ok(first) = queue.recv() {
            self.job(first);
            for job in queue.try_iter().take(TURN_MAX) {
                self.job(job);
            }
            self.sync();
        }
    }

    fn job(&mut self, job: HintJob) {
        match job {
            HintJob::Store {
                target,
                created_millis,
                record,
                done,
            } => {
                self.queued_bytes.fetch_sub(record.len(), Relaxed);
                match self.append(target, created_millis, &record) {
                    Ok(()) => self.waiting.push((target, done)),
                    Err(error) => drop(done.send(Err(error))),
                }
            }
            HintJob::Read {
                target,
                bytes_max,
                done,
            } => {
                self.sync();
                let read = match self.targets.get_mut(&target) {
                    Some(files) => files.read(bytes_max),
                    None => Ok(Vec::new()),
                };
                self.publish(target);
                drop(done.send(read));
            }
            HintJob::Delivered {
                target,
                up_to,
                done,
            } => {
                self.sync();
                let marked = match self.targets.get_mut(&target) {
                    Some(files) => files.delivered(up_to),
                    None => Ok(()),
                };
                self.publish(target);
                drop(done.send(marked));
            }
            HintJob::Discard { target, done } => {
                self.sync();
                let discarded = match self.targets.get_mut(&target) {
                    Some(files) => files.discard(),
                    None => Ok(()),
                };
                self.publish(target);
                drop(done.send(discarded));
            }
        }
    }

    fn append(
        &mut self,
        target: HostId,
        created_millis: u64,
        record: &[u8],
    ) -> Result<(), EngineError> {
        let files = match self.targets.entry(target) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let path = self.directory.join(target.0.as_hyphenated().to_string());
                new.insert(TargetFiles::open(path)?)
            }
        };
        files.append(created_millis, record, self.file_bytes_max)?;
        self.unsynced.insert(target);
        Ok(())
    }

    /// Makes durable what was appended and answers for it.
    fn sync(&mut self) {
        let mut failed = BTreeMap::new();
        for target in std::mem::take(&mut self.unsynced) {
            if let Some(files) = self.targets.get_mut(&target)
                && let Err(error) = files.sync()
            {
                tracing::error!(%error, "hints could not be stored");
                failed.insert(target, error);
            }
            self.publish(target);
        }
        for (target, done) in self.waiting.drain(..) {
            let stored = failed
                .get(&target)
                .map_or(Ok(()), |error| Err(error.clone()));
            drop(done.send(stored));
        }
    }

    fn publish(&self, target: HostId) {
        let mut summaries = self
            .summaries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let files = self.targets.get(&target);
        match files.and_then(|files| files.summary(target)) {
            Some(summary) => drop::<Option<HintSummary>>(summaries.insert(target, summary)),
            None => drop(summaries.remove(&target)),
        }
    }
}

fn target_of(path: &Path) -> Option<HostId> {
    let name = path.file_name()?.to_str()?;
    Uuid::try_parse(name).ok().map(HostId)
}
