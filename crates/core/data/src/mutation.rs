//! A change to one partition of one table: the same bytes between nodes, in the commit log and in
//! hint files.

use crate::Entry;
use crate::Row;
use crate::Slice;
use crate::Tombstone;
use bytes::Bytes;
use quorate_types::Epoch;
use quorate_types::TableId;
use quorate_types::Token;

/// A change to one partition of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// Whose rows.
    pub table: TableId,
    /// The epoch of the schema that it was made under.
    pub epoch: Epoch,
    /// The partition key's bytes (semantics 2.2).
    pub key: Bytes,
    /// What is written, in order of suffix, each suffix once.
    pub entries: Vec<Entry>,
}

/// Bytes that are no mutation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mutation is damaged at byte {offset}: {what}")]
pub struct CorruptMutation {
    /// Where reading stopped.
    pub offset: usize,
    /// What was expected there.
    pub what: &'static str,
}

impl Mutation {
    /// A mutation that writes nothing yet.
    pub fn new(table: TableId, epoch: Epoch, key: Bytes) -> Self {
        Self {
            table,
            epoch,
            key,
            entries: Vec::new(),
        }
    }

    /// Writes a row fragment (or static row, or partition deletion) at a suffix; merged with what
    /// the mutation already writes there.
    pub fn insert(&mut self, suffix: Bytes, row: &Row) {
        unimplemented!("{suffix:?} {row:?}")
    }

    /// Writes a range tombstone, and the mark in the header that announces it.
    pub fn insert_range_tombstone(&mut self, slice: &Slice, tombstone: Tombstone) {
        unimplemented!("{slice:?} {tombstone:?}")
    }

    /// The partition's place on the ring.
    pub fn token(&self) -> Token {
        Token::of_key(&self.key)
    }

    /// Both writes as one. The epoch is the larger one.
    ///
    /// # Panics
    /// When they are for different partitions.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        unimplemented!("{other:?}")
    }

    /// The bytes between nodes, in the commit log and in hints.
    pub fn encode(&self) -> Bytes {
        unimplemented!()
    }

    /// As [`Mutation::encode`], appending.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        unimplemented!("{out:?}")
    }

    /// How many bytes [`Mutation::encode`] gives.
    pub fn encoded_len(&self) -> usize {
        unimplemented!()
    }

    /// Reads what [`Mutation::encode`] wrote and checks all of it: order, kinds, every fragment,
    /// that range tombstones are announced. Keys and fragments are slices of `bytes`.
    pub fn decode(bytes: Bytes) -> Result<Self, CorruptMutation> {
        unimplemented!("{bytes:?}")
    }

    /// Reads only for whom it is: table, partition key, token.
    pub fn peek(bytes: &[u8]) -> Result<(TableId, &[u8], Token), CorruptMutation> {
        unimplemented!("{bytes:?}")
    }
}
