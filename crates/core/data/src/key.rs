//! Storage keys: token, partition key, kind, clustering; and the bounds of slices.
//!
//! ```text
//! token (8, sorted bytes) · 40 · escaped partition key · 38 · kind (1) · clustering
//! └────────────────── partition prefix ─────────────────┘ └──── entry suffix ────┘
//! ```
//!
//! Keys sort like the ring, then like CQL. Clusterings are framed (semantics 2.7): `40` before each
//! component, `38` at the end; a bound ends with `20` (before all that continue its prefix) or
//! `60` (after). So "a range covers a row" is a comparison of bytes.

use bytes::Bytes;

/// What an entry of a partition is; the discriminants are the kind byte and sort that way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// The partition's deletion, and the mark that range tombstones exist. Suffix: the kind alone.
    Header = 0x10,
    /// A range tombstone. Suffix: kind, start bound, end bound.
    RangeTombstone = 0x20,
    /// The static row. Suffix: the kind alone.
    Static = 0x30,
    /// A row. Suffix: kind, framed clustering (just `38` for a table without clustering columns).
    Row = 0x40,
}

/// One end of a slice, as sorted bytes (framed clustering prefix with a closing `20` or `60`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bound(pub Bytes);

/// The rows between two bounds, in storage order: `start < clustering < end`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slice {
    /// Where it begins.
    pub start: Bound,
    /// Where it ends.
    pub end: Bound,
}
