//! "Durable first, then answer", as a type.
//!
//! A [`SlotLog`](crate::SlotLog) changes in memory and gives back its answer wrapped together with
//! the record of the change. The caller makes the record durable and then unwraps the answer:
//!
//! ```
//! # use quorate_paxos::{Persist, Record, Reply, Request, SlotLog};
//! # use quorate_types::{Ballot, Epoch, HostId};
//! # let mut disk: Vec<bytes::Bytes> = Vec::new();
//! # let ballot = Ballot::after(Ballot::NONE, 1, HostId(uuid::Uuid::from_u128(1)));
//! let mut log = SlotLog::new();
//! let answer = log.answer(Request::Prepare { slot: Epoch(1), ballot }).unwrap();
//! if let Some(record) = answer.record() {
//!     disk.push(record.encode()); // and sync
//! }
//! let reply: Reply = answer.once_durable();
//! # let records = disk.into_iter().map(|bytes| Record::decode(bytes).unwrap());
//! # assert_eq!(SlotLog::recover(records), Ok(log));
//! ```
//!
//! Records must become durable in the order in which they were made: a later one may stand on an
//! earlier one. Several may be synced together. What is kept may be less than all of them: a later
//! acceptor replaces an earlier one, an entry replaces the acceptor of its slot, a floor replaces the
//! entries up to it. Nothing else replaces an acceptor: losing it breaks its promise.

use crate::acceptor::AcceptorState;
use crate::codec;
use crate::codec::DecodeError;
use bytes::BufMut;
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
    /// A decided slot. Comes out once, when the slot is learned.
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
        let mut out = codec::begin();
        let (Self::Acceptor { slot, .. } | Self::Entry { slot, .. } | Self::Floor { slot }) = self;
        match self {
            Self::Acceptor { state, .. } => {
                out.put_u8(b'A');
                out.put_u64(slot.0);
                out.put_slice(&state.encode());
            }
            Self::Entry { value, .. } => {
                out.put_u8(b'E');
                out.put_u64(slot.0);
                out.put_slice(value);
            }
            Self::Floor { .. } => {
                out.put_u8(b'F');
                out.put_u64(slot.0);
            }
        }
        out.freeze()
    }

    /// From bytes of the disk. Values share them.
    pub fn decode(mut bytes: Bytes) -> Result<Self, DecodeError> {
        codec::expect_version(&mut bytes)?;
        let tag = codec::take_u8(&mut bytes)?;
        let slot = codec::take_slot(&mut bytes)?;
        match tag {
            b'A' => {
                let state = AcceptorState::decode(bytes)?;
                Ok(Self::Acceptor { slot, state })
            }
            b'E' => Ok(Self::Entry { slot, value: bytes }),
            b'F' => {
                codec::expect_end(&bytes)?;
                Ok(Self::Floor { slot })
            }
            other => Err(DecodeError::UnknownTag(other)),
        }
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
    pub(crate) const fn first(record: Record, answer: T) -> Self {
        Self {
            record: Some(record),
            answer,
        }
    }

    pub(crate) const fn nothing(answer: T) -> Self {
        Self {
            record: None,
            answer,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::ballot;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = Record> {
        let value = prop::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from);
        let entry = (any::<u64>(), value.clone());
        let acceptor = (any::<u64>(), 1u64..5, prop::option::of((1u64..5, value)));
        prop_oneof![
            any::<u64>().prop_map(|slot| Record::Floor { slot: Epoch(slot) }),
            entry.prop_map(|(slot, value)| {
                let slot = Epoch(slot);
                Record::Entry { slot, value }
            }),
            acceptor.prop_map(|(slot, promised, accepted)| {
                let mut state = AcceptorState::NEW;
                if let Some((number, value)) = accepted {
                    let _ = state.propose(ballot(number), value);
                }
                let _ = state.prepare(ballot(promised));
                let slot = Epoch(slot);
                Record::Acceptor { slot, state }
            }),
        ]
    }

    #[test]
    fn the_bytes_of_records_are_these() {
        let slot = Epoch(0x0102);
        let value = Bytes::from_static(b"xy");
        assert_eq!(
            Record::Entry { slot, value }.encode(),
            &b"\x01E\0\0\0\0\0\0\x01\x02xy"[..]
        );
        assert_eq!(
            Record::Floor { slot }.encode(),
            &b"\x01F\0\0\0\0\0\0\x01\x02"[..]
        );
        let state = AcceptorState::NEW;
        let mut golden = b"\x01A\0\0\0\0\0\0\x01\x02\x01".to_vec();
        golden.extend([0; 25]);
        assert_eq!(Record::Acceptor { slot, state }.encode(), golden);
    }

    #[test]
    fn bytes_of_another_build_are_refused() {
        let decode = |bytes: &'static [u8]| Record::decode(Bytes::from_static(bytes));
        assert_eq!(
            decode(b""),
            Err(DecodeError::TooShort {
                expected: 1,
                remaining: 0
            })
        );
        assert_eq!(decode(b"\x02E"), Err(DecodeError::UnknownVersion(2)));
        assert_eq!(
            decode(b"\x01Z\0\0\0\0\0\0\0\x01"),
            Err(DecodeError::UnknownTag(b'Z'))
        );
        assert_eq!(
            decode(b"\x01F\0\0\0\0\0\0\0\x01more"),
            Err(DecodeError::TooLong(4))
        );
    }

    proptest! {
        #[test]
        fn a_record_survives_its_bytes(record in any_record()) {
            prop_assert_eq!(Record::decode(record.encode()), Ok(record));
        }

        #[test]
        fn a_cut_record_never_panics(record in any_record(), cut in any::<prop::sample::Index>()) {
            let bytes = record.encode();
            let cut = cut.index(bytes.len());
            if let Ok(shorter) = Record::decode(bytes.slice(..cut)) {
                prop_assert_eq!(shorter.encode(), bytes.slice(..cut));
            }
        }
    }
}
