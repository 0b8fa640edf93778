//! A change to one partition of one table: the same bytes between nodes, in the commit log and in
//! hint files.

use crate::Entry;
use bytes::Bytes;
use quorate_types::Epoch;
use quorate_types::TableId;

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
