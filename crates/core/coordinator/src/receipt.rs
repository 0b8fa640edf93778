//! What a request was and what it delivered: every request can say so.

use quorate_cluster::Replica;
use quorate_types::ConsistencyLevel;
use quorate_types::Epoch;
use quorate_types::FailureReason;
use quorate_types::WriteTimestamp;
use std::fmt;
use std::time::Duration;

/// What became of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// The metadata epoch the whole request saw.
    pub epoch: Epoch,
    /// The level asked for.
    pub level: ConsistencyLevel,
    /// Replicas that the strategy wants of the partition.
    pub replication_factor: u32,
    /// Replicas waited for.
    pub block_for: u32,
    /// Replicas that had answered when the client was.
    pub answered: u32,
    /// The replica set, and what each did.
    pub replicas: Vec<ReplicaReceipt>,
    /// Whether what the replicas said agreed; `None` for writes.
    pub digests: Option<DigestVerdict>,
    /// The timestamp that a write carries.
    pub timestamp: Option<WriteTimestamp>,
    /// When each step of the path was done.
    pub steps: Vec<Step>,
    /// How many reads (partitions, ranges, pages) or mutations this sums up.
    pub parts: u32,
}

/// What one replica did.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaReceipt {
    /// Which.
    pub replica: Replica,
    /// Whether it was thought alive when the request was planned.
    pub alive: bool,
    /// Its answer by the time the client was answered; `None` while it owed one, or was not asked.
    pub answer: Option<Answer>,
    /// Whether it was asked.
    pub asked: bool,
    /// From the request's start to its answer.
    pub took: Duration,
}

/// A replica's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The write is durable there.
    Acknowledged,
    /// It sent rows.
    Data,
    /// It sent a digest.
    Digest,
    /// It failed.
    Failed(FailureReason),
    /// It is down: a hint is kept for it.
    Hinted,
    /// It lacked something the others had, and has it now.
    Repaired,
}

/// Whether the replicas that answered a read said the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestVerdict {
    /// Only one was asked: nothing was compared.
    SingleReplica,
    /// All that answered agree.
    Agreed,
    /// They differed; this many entries were sent to the replicas that lacked them.
    Repaired {
        /// Entries sent, over all replicas.
        entries: u32,
    },
    /// They differed; the table's `read_repair` option is NONE, so nothing was sent.
    Differed,
}

/// A step of the write or read path that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its number and name, as in ARCHITECTURE.md: `W4 coordinate`.
    pub name: &'static str,
    /// From the request's start to its end.
    pub done_after: Duration,
}

impl ReplicaReceipt {
    /// What it answered, in words; nothing when it was not asked.
    pub fn said(&self) -> String {
        match self.answer {
            None if self.asked => "no answer yet".to_owned(),
            None => String::new(),
            Some(Answer::Acknowledged) => "acknowledged".to_owned(),
            Some(Answer::Data) => "data".to_owned(),
            Some(Answer::Digest) => "digest".to_owned(),
            Some(Answer::Failed(reason)) => format!("failed: {}", reason.name()),
            Some(Answer::Hinted) => "hinted".to_owned(),
            Some(Answer::Repaired) => "repaired".to_owned(),
        }
    }
}

impl fmt::Display for DigestVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SingleReplica => f.write_str("single replica, nothing compared"),
            Self::Agreed => f.write_str("agreed"),
            Self::Repaired { entries } => write!(f, "differed, {entries} entries repaired"),
            Self::Differed => f.write_str("differed, not repaired"),
        }
    }
}

impl Receipt {
    /// What the client may rely on, in one sentence; it follows from the numbers, not from hope.
    pub fn guarantee(&self) -> String {
        let (answered, factor) = (self.answered, self.replication_factor);
        match self.digests {
            None => self.write_guarantee(),
            Some(_) if self.overlaps_quorum_writes() => format!(
                "every write acknowledged at QUORUM before this read began is seen: {answered} of \
                 {factor} replicas were compared, and any majority of writers overlaps them"
            ),
            Some(_) => format!(
                "the newest of {answered} of {factor} replicas; writes acknowledged elsewhere may \
                 be missing"
            ),
        }
    }

    /// R + W > N for W a majority of all replicas.
    fn overlaps_quorum_writes(&self) -> bool {
        self.answered + (self.replication_factor / 2 + 1) > self.replication_factor
    }

    fn write_guarantee(&self) -> String {
        let (answered, factor) = (self.answered, self.replication_factor);
        if answered == 0 {
            return "kept as a hint only: no replica holds it yet, and no read sees it until one does"
                .to_owned();
        }
        let overlap = factor.saturating_sub(answered) + 1;
        format!(
            "durable on {answered} of {factor} replicas; every read that compares {overlap} or more \
             replicas sees it"
        )
    }

    /// Sums up two parts of one request: what the weaker of them promises, and how many there were.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let parts = self.parts + other.parts;
        let digests = match (self.digests, other.digests) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
        let weaker = if other.answered < self.answered {
            other
        } else {
            self
        };
        Self {
            parts,
            digests,
            ..weaker
        }
    }
}

impl DigestVerdict {
    /// What to say of two reads together: the more eventful of the two.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Repaired { entries: one }, Self::Repaired { entries: other }) => {
                Self::Repaired {
                    entries: one + other,
                }
            }
            (repaired @ Self::Repaired { .. }, _) | (_, repaired @ Self::Repaired { .. }) => {
                repaired
            }
            (Self::Differed, _) | (_, Self::Differed) => Self::Differed,
            (Self::SingleReplica, _) | (_, Self::SingleReplica) => Self::SingleReplica,
            (Self::Agreed, Self::Agreed) => Self::Agreed,
        }
    }
}
