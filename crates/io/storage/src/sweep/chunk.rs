//! The writer thread's part of a sweep: candidates are read again, decided and written.

use crate::EngineError;
use crate::rocks::PREFIX_BYTES;
use crate::state::State;
use crate::table::Table;
use quorate_data::CorruptFragment;
use quorate_data::Row;
use quorate_data::Tombstone;
use quorate_data::reconcile;
use quorate_data::reconcile::SweepVerdict;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use rocksdb::WriteBatch;
use rocksdb::WriteOptions;
use std::collections::HashSet;
use std::sync::Arc;

/// Partitions remembered as written; more count as all.
const WRITTEN_MAX: usize = 65_536;

/// Which partitions of a table were written since a leg of a sweep began. Kept by token: two
/// partitions of one token are both taken for written.
#[derive(Debug)]
pub(crate) struct SweepWatch {
    table: TableId,
    written: HashSet<[u8; PREFIX_BYTES]>,
    overflowed: bool,
}

impl SweepWatch {
    pub(crate) fn new(table: TableId) -> Self {
        Self {
            table,
            written: HashSet::new(),
            overflowed: false,
        }
    }

    /// Notes a write to the partition of a key.
    pub(crate) fn note_write(&mut self, table: TableId, key: &[u8]) {
        if table != self.table || self.overflowed {
            return;
        }
        match key.first_chunk() {
            Some(token) if self.written.len() < WRITTEN_MAX => {
                self.written.insert(*token);
            }
            Some(_) | None => self.overflowed = true,
        }
    }

    fn is_written(&self, table: TableId, key: &[u8]) -> bool {
        let noted = |token: &[u8; PREFIX_BYTES]| self.written.contains(token);
        table != self.table || self.overflowed || key.first_chunk().is_none_or(noted)
    }
}

/// An entry that a scan found something to sweep in.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) key: Vec<u8>,
    /// A deletion that covers it, as the scan found it. Only sweeps take deletions away, and there
    /// is only this one: it still holds.
    pub(crate) covering: Option<Tombstone>,
    pub(crate) what: CandidateKind,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CandidateKind {
    /// A row or static row: its own history decides.
    Row,
    /// A range tombstone: what it covers must be gone (**E5**).
    RangeTombstone,
    /// A partition's header (**E5**).
    Header {
        /// No range tombstone is left, so the mark that announces them can go.
        clear_mark: bool,
    },
}

/// Some candidates of one table.
#[derive(Debug)]
pub(crate) struct SweepChunk {
    pub(crate) table: Arc<Table>,
    /// The table's generation when the leg began: after a truncation nothing of it holds.
    pub(crate) generation: u64,
    pub(crate) now: NowInSeconds,
    pub(crate) purge_before_secs: u32,
    pub(crate) candidates: Vec<Candidate>,
}

/// What became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SweepCounts {
    pub(crate) dropped: u64,
    pub(crate) rewritten: u64,
    pub(crate) postponed: u64,
    pub(crate) corrupt: u64,
    /// The table was truncated or dropped meanwhile: nothing was done.
    pub(crate) table_gone: bool,
}

impl SweepChunk {
    /// Only on the writer thread.
    pub(crate) fn run(
        &self,
        state: &State,
        watch: Option<&SweepWatch>,
        options: &WriteOptions,
    ) -> Result<SweepCounts, EngineError> {
        let mut counts = SweepCounts::default();
        let family = (!self.table.is_dropped() && self.table.generation() == self.generation)
            .then(|| self.table.handle(&state.db))
            .flatten();
        let Some(family) = family else {
            counts.table_gone = true;
            return Ok(counts);
        };
        let mut batch = WriteBatch::default();
        for candidate in &self.candidates {
            let written = watch.is_none_or(|watch| watch.is_written(self.table.id, &candidate.key));
            if candidate.what != CandidateKind::Row && written {
                counts.postponed += 1;
                continue;
            }
            let stored = state
                .db
                .get_pinned_cf(&family, &candidate.key)
                .map_err(|error| EngineError::rocksdb("read", &error))?;
            let Some(stored) = stored else {
                continue;
            };
            match self.decide(candidate, &stored) {
                Ok(SweepVerdict::Keep) => {}
                Ok(SweepVerdict::Rewrite(fragment)) => {
                    batch.put_cf(&family, &candidate.key, &fragment);
                    counts.rewritten += 1;
                }
                Ok(SweepVerdict::Drop) => {
                    batch.delete_cf(&family, &candidate.key);
                    counts.dropped += 1;
                }
                Err(_) => counts.corrupt += 1,
            }
        }
        if !batch.is_empty() {
            state
                .db
                .write_opt(&batch, options)
                .map_err(|error| state.health.rocksdb_failed("write", &error))?;
        }
        Ok(counts)
    }

    fn decide(
        &self,
        candidate: &Candidate,
        stored: &[u8],
    ) -> Result<SweepVerdict, CorruptFragment> {
        let verdict =
            reconcile::sweep(stored, candidate.covering, self.now, self.purge_before_secs)?;
        match candidate.what {
            CandidateKind::Header { clear_mark: true } => without_mark(stored, verdict),
            CandidateKind::Row
            | CandidateKind::RangeTombstone
            | CandidateKind::Header { clear_mark: false } => Ok(verdict),
        }
    }
}

/// A header's verdict when the mark of range tombstones goes too.
fn without_mark(stored: &[u8], verdict: SweepVerdict) -> Result<SweepVerdict, CorruptFragment> {
    let left = match &verdict {
        SweepVerdict::Keep => stored,
        SweepVerdict::Rewrite(fragment) => fragment,
        SweepVerdict::Drop => return Ok(SweepVerdict::Drop),
    };
    let mut header = Row::decode(left)?;
    if !header.has_range_tombstones {
        return Ok(verdict);
    }
    header.has_range_tombstones = false;
    if header.is_empty() {
        return Ok(SweepVerdict::Drop);
    }
    Ok(SweepVerdict::Rewrite(header.encode()))
}

#[cfg(test)]
impl SweepChunk {
    /// A chunk that would purge one header.
    pub(crate) fn of_header(table: &Arc<Table>, generation: u64, key: Vec<u8>) -> Self {
        Self {
            table: Arc::clone(table),
            generation,
            now: NowInSeconds(u32::MAX),
            purge_before_secs: u32::MAX,
            candidates: vec![Candidate {
                key,
                covering: None,
                what: CandidateKind::Header { clear_mark: false },
            }],
        }
    }
}
