//! Decisions in a row.

use crate::message::Reply;
use crate::message::Request;
use crate::persist::Persist;
use crate::persist::Record;
use bytes::Bytes;
use quorate_types::Ballot;
use quorate_types::Epoch;

/// Two values for one slot: Paxos was broken (a disk lost what it had promised to keep).
/// Nothing was changed; this node must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("slot {slot} is decided here with another value than a peer reports")]
pub struct Disagreement {
    /// Which slot.
    pub slot: Epoch,
}

/// Records that no log could have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// Entries are missing.
    #[error("found slot {found}, expected at most {next}")]
    Gap {
        /// The slot of the record.
        found: Epoch,
        /// The next slot by the records before it.
        next: Epoch,
    },
    /// Two values for one slot.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// An acceptor went back.
    #[error("the acceptor of slot {slot} went back to a smaller ballot")]
    PromiseWentBack {
        /// Which slot.
        slot: Epoch,
    },
}

/// The decided slots of one node, and the acceptor of the next one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotLog {}

impl SlotLog {
    /// Nothing decided.
    pub fn new() -> Self {
        todo!()
    }

    /// From the records of an earlier life, in the order they were made durable. Of those that a
    /// later one replaces (an older acceptor, entries under the floor) any may be missing.
    pub fn recover(_records: impl IntoIterator<Item = Record>) -> Result<Self, RecoverError> {
        todo!()
    }

    /// Answers any request.
    pub fn answer(&mut self, _request: Request) -> Result<Persist<Reply>, Disagreement> {
        todo!()
    }

    /// Answers a prepare.
    pub fn prepare(&mut self, _slot: Epoch, _ballot: Ballot) -> Persist<Reply> {
        todo!()
    }

    /// Answers a propose.
    pub fn propose(&mut self, _slot: Epoch, _ballot: Ballot, _value: Bytes) -> Persist<Reply> {
        todo!()
    }

    /// Takes the value chosen for `slot`. Answers `Learned`, or `Behind` when earlier ones are missing.
    pub fn learn(&mut self, _slot: Epoch, _value: Bytes) -> Result<Persist<Reply>, Disagreement> {
        todo!()
    }

    /// Decided entries after `epoch`, at most `count_max`: `Entries` or `SnapshotNeeded`.
    pub fn entries_after(&self, _epoch: Epoch, _count_max: u32) -> Reply {
        todo!()
    }

    /// Drops the entries before `epoch` (never undecided ones). The caller holds a durable
    /// snapshot of the state at the slot before it, or a later one.
    pub fn truncate_below(&mut self, _epoch: Epoch) -> Persist<()> {
        todo!()
    }

    /// Jumps to a snapshot of the state at `epoch` that a peer sent and that is durable here.
    /// Nothing happens when the log knows as much.
    pub fn install_snapshot(&mut self, _epoch: Epoch) -> Persist<()> {
        todo!()
    }

    /// The last decided slot that this node knows.
    pub fn last(&self) -> Epoch {
        todo!()
    }

    /// The first slot it doesn't know: the one to propose for.
    pub fn next(&self) -> Epoch {
        todo!()
    }

    /// The slots up to and with this one are in a snapshot only.
    pub fn floor(&self) -> Epoch {
        todo!()
    }

    /// The value of a decided slot above the floor.
    pub fn entry(&self, _slot: Epoch) -> Option<&Bytes> {
        todo!()
    }

    /// What the acceptor of the next slot has promised: a proposal from here takes a ballot after it.
    pub fn promised(&self) -> Ballot {
        todo!()
    }
}

impl Default for SlotLog {
    fn default() -> Self {
        Self::new()
    }
}
