//! The rule "durable first, then answer" as a type.

use crate::acceptor::AcceptorState;
use crate::codec::DecodeError;
use bytes::Bytes;
use quorate_types::Epoch;

/// A change of a [`SlotLog`](crate::SlotLog) for the disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Record {
    /// The acceptor of an undecided slot; replaces every earlier one.
    Acceptor {
        /// Of which slot.
        slot: Epoch,
        /// What it remembers.
        state: AcceptorState,
    },
    /// A decided slot.
    Entry {
        /// Which.
        slot: Epoch,
        /// What was chosen.
        value: Bytes,
    },
    /// The slots up to and with this one are covered by a snapshot; their entries may be deleted.
    Floor {
        /// The last one covered.
        slot: Epoch,
    },
}

impl Record {
    /// As bytes, for the disk.
    pub fn encode(&self) -> Bytes {
        todo!()
    }

    /// From bytes of the disk.
    pub fn decode(_bytes: Bytes) -> Result<Self, DecodeError> {
        todo!()
    }
}

/// An answer that may leave only once a record is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the record must be durable before the answer leaves"]
pub struct Persist<T> {
    record: Option<Record>,
    answer: T,
}

impl<T> Persist<T> {
    /// What must be durable first; nothing when the answer promises nothing.
    pub const fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// The answer. Calling this says: [`Self::record`] is durable. When that failed, drop this
    /// and stop the log: what it holds in memory is ahead of the disk.
    pub fn once_durable(self) -> T {
        self.answer
    }
}
