//! What must be replayed after opening.
use crate::{Damage, LogError, LogPosition};
use bytes::Bytes;

/// Every record of the log in order, as it stood when the log was opened.
#[derive(Debug)]
pub struct Replay {
    summary: ReplaySummary,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayRecord {
    /// Where it starts.
    pub position: LogPosition,
    /// What was appended.
    pub payload: Bytes,
}

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplaySummary {
    /// Segments on disk, without prepared ones.
    pub segments: usize,
    /// Records to replay.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Where the last segment stops in the middle of a write, if it does. Normal after a crash.
    pub torn_tail: Option<TornTail>,
    /// What was left out, with [`DamagePolicy::Skip`](crate::DamagePolicy::Skip).
    pub damage: Vec<Damage>,
}

/// The end of a log whose last, never synced write is incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Where the incomplete write begins.
    pub position: LogPosition,
    /// Readable records of the same write after the gap. They were never synced and are left out:
    /// what is replayed is a prefix of what was appended.
    pub records_after: u64,
}

impl Replay {
    /// What opening found; complete before the first record is taken.
    pub fn summary(&self) -> &ReplaySummary {
        &self.summary
    }
}

impl Iterator for Replay {
    type Item = Result<ReplayRecord, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        unimplemented!()
    }
}
