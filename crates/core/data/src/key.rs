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
use crate::ordered::decode_blob_escaped;
use crate::ordered::encode_blob_escaped;
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

/// One end of a slice, as sorted bytes: a framed clustering prefix with a closing `20` or `60` (or,
/// around a single row, `37` or `39`).
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

/// Comes before each component of a clustering, and before a partition key.
const COMPONENT: u8 = 0x40;
/// Ends a clustering, and a partition key.
const END: u8 = 0x38;
/// Ends a bound that lies before all that continue its prefix.
const BEFORE: u8 = 0x20;
/// Ends a bound that lies after all that continue its prefix.
const AFTER: u8 = 0x60;
/// Ends the bounds around one clustering: next to [`END`], so that nothing else lies between.
const JUST_BEFORE: u8 = END - 1;
const JUST_AFTER: u8 = END + 1;

/// What every storage key of a partition starts with: token · 40 · escaped key · 38.
pub fn partition_prefix(token: Token, key: &[u8]) -> Vec<u8> {
    let mut prefix = Vec::with_capacity(key.len() + 32);
    prefix.extend_from_slice(&token.to_sorted_bytes());
    prefix.push(COMPONENT);
    encode_blob_escaped(key, &mut prefix);
    prefix.push(END);
    prefix
}

/// The smallest key after all that start with `prefix` (a partition's): where the next partition
/// can begin.
pub fn after_partition(prefix: &[u8]) -> Vec<u8> {
    let mut after = prefix.to_vec();
    if let Some(last) = after.last_mut() {
        *last = JUST_AFTER;
    }
    after
}

/// Takes a storage key apart: token, partition key, entry suffix.
pub fn split_key(storage_key: &[u8]) -> Result<(Token, Bytes, &[u8]), CorruptKey> {
    let damage = |offset, what| CorruptKey { offset, what };
    let Some((&sorted, rest)) = storage_key.split_first_chunk() else {
        return Err(damage(0, "a token"));
    };
    let token = Token::from_sorted_bytes(sorted);
    if token.to_sorted_bytes() != sorted {
        return Err(damage(0, "a token that is on the ring"));
    }
    let Some((&COMPONENT, mut rest)) = rest.split_first() else {
        return Err(damage(8, "a partition key"));
    };
    let key = decode_blob_escaped(&mut rest).map_err(|corrupt| CorruptKey {
        offset: corrupt.offset.saturating_add(9),
        what: corrupt.what,
    })?;
    match rest.split_first() {
        Some((&END, suffix)) => Ok((token, key, suffix)),
        _ => Err(damage(
            storage_key.len() - rest.len(),
            "the end of the partition key",
        )),
    }
}

/// The keys of the partitions whose token lies in `range`: from the first (inclusive), to the
/// second (exclusive; `None`: to the end).
pub fn token_bounds(range: TokenRange) -> (Vec<u8>, Option<Vec<u8>>) {
    // A start is less than an end, so that adding one cannot overflow.
    let first = Token::new(range.start().saturating_add(1));
    let end = range.end();
    let after = (end != Token::MAX).then(|| Token::new(end.value() + 1));
    let bytes = |token: Token| token.to_sorted_bytes().to_vec();
    (bytes(first), after.map(bytes))
}

impl EntryKind {
    /// Every kind, in storage order.
    pub const EVERY: [Self; 4] = [Self::Header, Self::RangeTombstone, Self::Static, Self::Row];

    /// The kind byte.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The kind that a suffix starts with.
    pub fn of_suffix(suffix: &[u8]) -> Option<Self> {
        let byte = *suffix.first()?;
        Self::EVERY.into_iter().find(|kind| kind.byte() == byte)
    }

    /// As [`EntryKind::of_suffix`], and the rest of the suffix is right for the kind.
    pub fn check_suffix(suffix: &[u8]) -> Result<Self, CorruptKey> {
        let damage = |what| Err(CorruptKey { offset: 0, what });
        let Some(kind) = Self::of_suffix(suffix) else {
            return damage("the kind of an entry");
        };
        match kind {
            Self::Header | Self::Static if suffix.len() == 1 => Ok(kind),
            Self::Header | Self::Static => damage("a kind byte alone"),
            Self::RangeTombstone => split_range_tombstone(suffix).map(|_| kind),
            Self::Row if suffix.len() > 1 && suffix.last() == Some(&END) => Ok(kind),
            Self::Row => damage("a framed clustering"),
        }
    }
}

/// The suffix of the row with this framed clustering (`38` alone for a table without clustering
/// columns).
pub fn row_suffix(framed_clustering: &[u8]) -> Bytes {
    let mut suffix = Vec::with_capacity(1 + framed_clustering.len());
    suffix.push(EntryKind::Row.byte());
    suffix.extend_from_slice(framed_clustering);
    Bytes::from(suffix)
}

/// The suffix of a partition's header.
pub const fn header_suffix() -> Bytes {
    Bytes::from_static(const { &[EntryKind::Header.byte()] })
}

/// The suffix of a partition's static row.
pub const fn static_suffix() -> Bytes {
    Bytes::from_static(const { &[EntryKind::Static.byte()] })
}

/// The suffix of a range tombstone: kind · start · end · length of start (4 bytes, big endian).
///
/// The length stands last so that suffixes sort by where they start; no bound continues another,
/// so the end does not disturb that.
pub fn range_tombstone_suffix(slice: &Slice) -> Bytes {
    let (start, end) = (&slice.start.0, &slice.end.0);
    let mut suffix = Vec::with_capacity(1 + start.len() + end.len() + 4);
    suffix.push(EntryKind::RangeTombstone.byte());
    suffix.extend_from_slice(start);
    suffix.extend_from_slice(end);
    let start_length = u32::try_from(start.len()).unwrap_or(u32::MAX);
    suffix.extend_from_slice(&start_length.to_be_bytes());
    Bytes::from(suffix)
}

/// Reads [`range_tombstone_suffix`].
pub fn split_range_tombstone(suffix: &[u8]) -> Result<Slice, CorruptKey> {
    let (start, end) = range_tombstone_bounds(suffix)?;
    Ok(Slice {
        start: Bound(Bytes::copy_from_slice(start)),
        end: Bound(Bytes::copy_from_slice(end)),
    })
}

/// As [`split_range_tombstone`], borrowed.
pub(crate) fn range_tombstone_bounds(suffix: &[u8]) -> Result<(&[u8], &[u8]), CorruptKey> {
    let damage = |offset, what| CorruptKey { offset, what };
    let Some((&KIND_RANGE_TOMBSTONE, rest)) = suffix.split_first() else {
        return Err(damage(0, "a range tombstone"));
    };
    let Some((bounds, &start_length)) = rest.split_last_chunk() else {
        return Err(damage(1, "the length of the start bound"));
    };
    let start_length = usize::try_from(u32::from_be_bytes(start_length)).unwrap_or(usize::MAX);
    let Some((start, end)) = bounds.split_at_checked(start_length) else {
        return Err(damage(1, "a start bound and an end bound"));
    };
    let closes = |bound: &[u8]| {
        matches!(
            bound.last(),
            Some(&(BEFORE | AFTER | JUST_BEFORE | JUST_AFTER))
        )
    };
    if !closes(start) || !closes(end) || start >= end {
        return Err(damage(1, "a start bound before an end bound"));
    }
    Ok((start, end))
}

const KIND_RANGE_TOMBSTONE: u8 = EntryKind::RangeTombstone.byte();

impl Bound {
    /// Before every row.
    pub const BOTTOM: Self = Self(Bytes::from_static(&[BEFORE]));
    /// After every row.
    pub const TOP: Self = Self(Bytes::from_static(&[AFTER]));

    /// Where a slice begins that starts with (inclusive) or after the rows that continue `prefix`:
    /// framed components without a terminator, none for an empty prefix.
    pub fn starting(prefix: &[u8], inclusive: bool) -> Self {
        Self::closing(prefix, if inclusive { BEFORE } else { AFTER })
    }

    /// Where a slice ends that stops after (inclusive) or before the rows that continue `prefix`.
    pub fn ending(prefix: &[u8], inclusive: bool) -> Self {
        Self::closing(prefix, if inclusive { AFTER } else { BEFORE })
    }

    /// The place just before a row, nothing between.
    pub(crate) fn just_before(framed_clustering: &[u8]) -> Self {
        Self::closing(without_end(framed_clustering), JUST_BEFORE)
    }

    /// The place just after a row, nothing between.
    pub(crate) fn just_after(framed_clustering: &[u8]) -> Self {
        Self::closing(without_end(framed_clustering), JUST_AFTER)
    }

    fn closing(prefix: &[u8], last: u8) -> Self {
        let mut bound = Vec::with_capacity(prefix.len() + 1);
        bound.extend_from_slice(prefix);
        bound.push(last);
        Self(Bytes::from(bound))
    }
}

fn without_end(framed_clustering: &[u8]) -> &[u8] {
    framed_clustering
        .strip_suffix(&[END])
        .unwrap_or(framed_clustering)
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
        Self {
            start: Bound::just_before(framed_clustering),
            end: Bound::just_after(framed_clustering),
        }
    }

    /// The framed clustering, when this was made by [`Slice::point`].
    pub fn as_point(&self) -> Option<Bytes> {
        let prefix = self.start.0.strip_suffix(&[JUST_BEFORE])?;
        (self.end.0.strip_suffix(&[JUST_AFTER]) == Some(prefix))
            .then(|| Bound::closing(prefix, END).0)
    }

    /// Whether nothing can lie in it.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Whether the row lies in it.
    pub fn contains(&self, framed_clustering: &[u8]) -> bool {
        &self.start.0[..] < framed_clustering && framed_clustering < &self.end.0[..]
    }

    /// Whether a row could lie in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        (&self.start).max(&other.start) < (&self.end).min(&other.end)
    }
}

#[cfg(test)]
mod tests;
