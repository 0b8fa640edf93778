//! How versions of a row become one, and what of a row is alive.

use crate::CorruptFragment;
use crate::Row;
use crate::Tombstone;
use crate::fragment::CellRef;
use bytes::Bytes;
use quorate_types::NowInSeconds;

/// Of two versions of one cell, the one that stays (semantics 1.2).
pub fn reconcile_cells<'a>(a: CellRef<'a>, b: CellRef<'a>) -> CellRef<'a> {
    unimplemented!("{a:?} {b:?}")
}

/// Merges two versions of a row (semantics 1.4). The plain statement of the rule; the encoded
/// form of it is [`merge_fragments`].
#[must_use]
pub fn merge_rows(a: &Row, b: &Row) -> Row {
    unimplemented!("{a:?} {b:?}")
}

/// Appends to `out` what both fragments say together; equals encoding [`merge_rows`] of them, byte
/// for byte. On an error `out` is as it was.
pub fn merge_fragments(a: &[u8], b: &[u8], out: &mut Vec<u8>) -> Result<(), CorruptFragment> {
    unimplemented!("{a:?} {b:?} {out:?}")
}

/// Merges any number of fragments, in any order and grouping with the same result.
#[derive(Debug, Default)]
pub struct Merger {
    merged: Vec<u8>,
    spare: Vec<u8>,
}

impl Merger {
    /// Nothing merged yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Merges one more in. On an error nothing changed.
    pub fn push(&mut self, fragment: &[u8]) -> Result<(), CorruptFragment> {
        unimplemented!("{fragment:?} {:?}", self.spare)
    }

    /// All that was pushed, as one fragment; the empty row's when nothing was.
    pub fn finish(&self) -> &[u8] {
        unimplemented!("{:?}", self.merged)
    }

    /// Takes [`Merger::finish`] out and starts anew.
    pub fn take(&mut self) -> Bytes {
        unimplemented!()
    }

    /// Starts anew; the buffers stay.
    pub fn clear(&mut self) {
        unimplemented!()
    }
}

/// [`CorruptFragment::what`] of bytes that [`merge_or_quarantine`] could not read and kept.
pub const QUARANTINED: &str = "a fragment that can be read (these bytes are quarantined)";

/// Merges what a storage engine holds of one row; never fails and never drops. Fragments that
/// cannot be read are kept as they are beside the merge of those that can, under a version byte of
/// their own; reading such bytes is a [`CorruptFragment`] that says [`QUARANTINED`].
pub fn merge_or_quarantine<'a>(
    existing: Option<&'a [u8]>,
    operands: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    unimplemented!("{existing:?} {}", operands.count())
}

/// What [`normalize`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowVerdict {
    /// Whether the row is to be seen (semantics 1.3.3): its liveness is, or any cell.
    pub live: bool,
    /// Whether nothing is left to say of it.
    pub empty: bool,
    /// Deletions and dead cells that are left, for the guard of semantics 4.9.
    pub tombstones: u32,
}

/// Appends to `out` what survives of a row under the deletion `covering` it (of its partition or a
/// range), without tombstones older than `purge_before_secs`. Expired cells stay as they are until
/// they may be purged. On an error `out` is as it was.
pub fn normalize(
    fragment: &[u8],
    covering: Option<Tombstone>,
    now: NowInSeconds,
    purge_before_secs: u32,
    out: &mut Vec<u8>,
) -> Result<RowVerdict, CorruptFragment> {
    unimplemented!("{fragment:?} {covering:?} {now:?} {purge_before_secs} {out:?}")
}

/// What a sweep does with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweepVerdict {
    /// Nothing to gain.
    Keep,
    /// Store these bytes instead.
    Rewrite(Bytes),
    /// Nothing is left of it.
    Drop,
}

/// What a sweep, which sees every version of an entry, leaves of it: no shadowed data, no
/// purgeable tombstones, and tombstones in the place of expired cells. No read whose second is
/// `now` or later, and whose purge second is `purge_before_secs` or later, sees a difference.
pub fn sweep(
    fragment: &[u8],
    covering: Option<Tombstone>,
    now: NowInSeconds,
    purge_before_secs: u32,
) -> Result<SweepVerdict, CorruptFragment> {
    unimplemented!("{fragment:?} {covering:?} {now:?} {purge_before_secs}")
}
