//! What proposers ask and acceptors answer. Plain values: how they travel is the transport's.

use bytes::Bytes;
use quorate_types::Ballot;
use quorate_types::Epoch;

/// An acceptor's answer to a prepare.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PrepareReply {
    /// It will answer no smaller ballot.
    Promise {
        /// What it has accepted last, and under which ballot.
        accepted: Option<(Ballot, Bytes)>,
    },
    /// It has promised this ballot, which is not smaller.
    Reject {
        /// What a next try must exceed.
        promised: Ballot,
    },
}

/// An acceptor's answer to a propose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProposeReply {
    /// It has accepted the value.
    Accept,
    /// It has promised a larger ballot and will never accept the value under this one.
    Reject {
        /// What a next try must exceed.
        promised: Ballot,
        /// The largest ballot it has accepted a value under, [`Ballot::NONE`] for none. Those only
        /// grow, so a smaller one than the proposer's proves that it has not accepted the value
        /// before, either.
        accepted: Ballot,
    },
}

/// Asked of a node's [`SlotLog`](crate::SlotLog).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// First phase of deciding a slot.
    Prepare {
        /// Which decision.
        slot: Epoch,
        /// Under which number.
        ballot: Ballot,
    },
    /// Second phase.
    Propose {
        /// Which decision.
        slot: Epoch,
        /// Under which number.
        ballot: Ballot,
        /// The value to accept.
        value: Bytes,
    },
    /// Tells what was chosen.
    Learn {
        /// Which decision.
        slot: Epoch,
        /// The chosen value.
        value: Bytes,
    },
    /// Asks for decided entries.
    Fetch {
        /// Those after this slot.
        after: Epoch,
        /// At most so many.
        count_max: u32,
    },
}

/// What a node's [`SlotLog`](crate::SlotLog) answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reply {
    /// To a prepare.
    Prepared {
        /// As asked.
        slot: Epoch,
        /// As asked.
        ballot: Ballot,
        /// The acceptor's answer.
        reply: PrepareReply,
    },
    /// To a propose.
    Proposed {
        /// As asked.
        slot: Epoch,
        /// As asked.
        ballot: Ballot,
        /// The acceptor's answer.
        reply: ProposeReply,
    },
    /// To a prepare or propose: that slot is decided.
    Decided {
        /// As asked.
        slot: Epoch,
        /// What was chosen.
        value: Bytes,
    },
    /// To a prepare, propose or learn: I lack entries before that slot, send me those from `next`.
    Behind {
        /// The first slot I don't know.
        next: Epoch,
    },
    /// To a learn: known now (or before), though not necessarily durable yet.
    Learned {
        /// The first slot I don't know.
        next: Epoch,
    },
    /// To a fetch: decided entries, in order and without gaps; none when there are no newer ones.
    Entries {
        /// Slot and value.
        entries: Vec<(Epoch, Bytes)>,
        /// The first slot I don't know: there is more to fetch when it is after the last of `entries`.
        next: Epoch,
    },
    /// To a prepare, propose or fetch: those slots are decided, but only a snapshot has them.
    SnapshotNeeded {
        /// The slots up to and with this one are in the snapshot only.
        floor: Epoch,
    },
}
