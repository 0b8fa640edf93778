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

use crate::CorruptKey;
use bytes::Bytes;
use quorate_types::Token;
use quorate_types::TokenRange;

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

/// What every storage key of a partition starts with: token · 40 · escaped key · 38.
pub fn partition_prefix(token: Token, key: &[u8]) -> Vec<u8> {
    unimplemented!("{token} {key:?}")
}

/// The smallest key after all that start with `prefix` (a partition's): where the next partition
/// can begin.
pub fn after_partition(prefix: &[u8]) -> Vec<u8> {
    unimplemented!("{prefix:?}")
}

/// Takes a storage key apart: token, partition key, entry suffix.
pub fn split_key(storage_key: &[u8]) -> Result<(Token, Bytes, &[u8]), CorruptKey> {
    unimplemented!("{storage_key:?}")
}

/// The keys of the partitions whose token lies in `range`: from the first (inclusive), to the
/// second (exclusive; `None`: to the end).
pub fn token_bounds(range: TokenRange) -> (Vec<u8>, Option<Vec<u8>>) {
    unimplemented!("{range:?}")
}

impl EntryKind {
    /// The kind that a suffix starts with.
    pub fn of_suffix(suffix: &[u8]) -> Option<Self> {
        unimplemented!("{suffix:?}")
    }
}

/// The suffix of the row with this framed clustering (`38` alone for a table without clustering
/// columns).
pub fn row_suffix(framed_clustering: &[u8]) -> Bytes {
    unimplemented!("{framed_clustering:?}")
}

/// The suffix of a partition's header.
pub const fn header_suffix() -> Bytes {
    Bytes::from_static(&[0x10])
}

/// The suffix of a partition's static row.
pub const fn static_suffix() -> Bytes {
    Bytes::from_static(&[0x30])
}

/// The suffix of a range tombstone: kind · start · end · length of start (4 bytes, big endian).
pub fn range_tombstone_suffix(slice: &Slice) -> Bytes {
    unimplemented!("{slice:?}")
}

/// Reads [`range_tombstone_suffix`].
pub fn split_range_tombstone(suffix: &[u8]) -> Result<Slice, CorruptKey> {
    unimplemented!("{suffix:?}")
}

impl Bound {
    /// Before every row.
    pub const BOTTOM: Self = Self(Bytes::from_static(&[0x20]));
    /// After every row.
    pub const TOP: Self = Self(Bytes::from_static(&[0x60]));

    /// Where a slice begins that starts with (inclusive) or after the rows that continue `prefix`:
    /// framed components without a terminator, none for an empty prefix.
    pub fn starting(prefix: &[u8], inclusive: bool) -> Self {
        unimplemented!("{prefix:?} {inclusive}")
    }

    /// Where a slice ends that stops after (inclusive) or before the rows that continue `prefix`.
    pub fn ending(prefix: &[u8], inclusive: bool) -> Self {
        unimplemented!("{prefix:?} {inclusive}")
    }
}

impl Slice {
    /// All rows of a partition.
    pub const fn everything() -> Self {
        Self {
            start: Bound::BOTTOM,
            end: Bound::TOP,
        }
    }

    /// The one row with this full framed clustering (with its `38`; for a table without clustering
    /// columns `38` alone). Reads of points are point reads; a slice from
    /// `Bound::starting(prefix, true)` to `Bound::ending(prefix, true)` holds the same row, but is
    /// a scan.
    pub fn point(framed_clustering: &[u8]) -> Self {
        unimplemented!("{framed_clustering:?}")
    }

    /// The framed clustering, when this was made by [`Slice::point`].
    pub fn as_point(&self) -> Option<Bytes> {
        unimplemented!()
    }

    /// Whether nothing can lie in it.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Whether the row lies in it.
    pub fn contains(&self, framed_clustering: &[u8]) -> bool {
        unimplemented!("{framed_clustering:?}")
    }

    /// Whether a row could lie in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        unimplemented!("{other:?}")
    }
}
