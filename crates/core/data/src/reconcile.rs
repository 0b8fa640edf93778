//! How versions of a row become one, and what of a row is alive (semantics 1.2 to 1.5, 1.9).
//!
//! The rule is stated twice: [`merge_rows`] says it plainly, [`merge_fragments`] does it on encoded
//! bytes without allocating per cell. No clock is looked at in a merge, so replicas that have seen
//! the same writes hold the same bytes, whatever the order; only [`normalize`] and [`sweep`] know
//! a second, the one they are given.
//!
//! # Invariants
//!
//! * **M1** Merging is commutative, associative and idempotent, byte for byte.
//! * **M2** Merging fragments is encoding the merge of their rows.
//! * **M3** No bytes are ever lost in a merge, readable or not.

mod normalize;
mod quarantine;

use crate::Cell;
use crate::ColumnId;
use crate::CorruptFragment;
use crate::Row;
use crate::Tombstone;
use crate::fragment::CellRef;
use crate::fragment::CellStateRef;
use crate::fragment::Expiring;
use crate::fragment::Liveness;
use crate::fragment::codec;
use crate::fragment::codec::Covers;
use crate::fragment::codec::FragmentWriter;
use crate::fragment::codec::Head;
use crate::fragment::codec::ItemRef;
use bytes::Bytes;
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BTreeMap;

pub use normalize::RowVerdict;
pub use normalize::SweepVerdict;
pub use normalize::normalize;
pub use normalize::sweep;
pub(crate) use quarantine::QUARANTINE_VERSION;
pub use quarantine::QUARANTINED;
pub use quarantine::Quarantined;
pub use quarantine::merge_or_quarantine;

/// Of two versions of one cell, the one that stays (semantics 1.2).
#[inline]
pub fn reconcile_cells<'a>(a: CellRef<'a>, b: CellRef<'a>) -> CellRef<'a> {
    if compare_cells(&a, &b).is_lt() { b } else { a }
}

/// Which of two versions of a cell stays: the greater.
#[inline]
fn compare_cells(a: &CellRef<'_>, b: &CellRef<'_>) -> Ordering {
    let order = a.timestamp.cmp(&b.timestamp);
    order.then_with(|| compare_states(&a.state, &b.state))
}

/// Which state wins at the same timestamp: the greater. A tombstone beats an expiring cell, which
/// beats a plain one; so what expires never uncovers what it replaced.
fn compare_states(a: &CellStateRef<'_>, b: &CellStateRef<'_>) -> Ordering {
    use CellStateRef::Expiring;
    use CellStateRef::Live;
    use CellStateRef::Tombstone;
    match (a, b) {
        (Live(a), Live(b)) => a.cmp(b),
        (Expiring(a, a_expiring), Expiring(b, b_expiring)) => {
            compare_expiring(*a_expiring, *b_expiring).then_with(|| a.cmp(b))
        }
        (
            Tombstone {
                local_deletion_secs: a,
            },
            Tombstone {
                local_deletion_secs: b,
            },
        ) => a.cmp(b),
        (Live(_), Expiring(..) | Tombstone { .. }) | (Expiring(..), Tombstone { .. }) => {
            Ordering::Less
        }
        (Expiring(..) | Tombstone { .. }, Live(_)) | (Tombstone { .. }, Expiring(..)) => {
            Ordering::Greater
        }
    }
}

/// Of two with the same expiry, that with the smaller time to live was written later.
fn compare_expiring(a: Expiring, b: Expiring) -> Ordering {
    (a.expiry, Reverse(a.ttl)).cmp(&(b.expiry, Reverse(b.ttl)))
}

/// Semantics 1.3.2: later wins, then expiring beats plain.
fn reconcile_liveness(a: Option<Liveness>, b: Option<Liveness>) -> Option<Liveness> {
    let (Some(one), Some(other)) = (a, b) else {
        return a.or(b);
    };
    let order = one.timestamp.cmp(&other.timestamp);
    let order = order.then_with(|| match (one.expiring, other.expiring) {
        (Some(one), Some(other)) => compare_expiring(one, other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    });
    Some(if order == Ordering::Less { other } else { one })
}

fn merge_heads(a: &Head, b: &Head) -> Head {
    let deletion = a.deletion.max(b.deletion);
    Head {
        liveness: reconcile_liveness(a.liveness, b.liveness).filter(|liveness| {
            deletion.is_none_or(|deletion| liveness.timestamp > deletion.deleted_at)
        }),
        deletion,
        has_range_tombstones: a.has_range_tombstones || b.has_range_tombstones,
    }
}

/// Merges two versions of a row (semantics 1.4). The plain statement of the rule; the encoded
/// form of it is [`merge_fragments`].
#[must_use]
pub fn merge_rows(a: &Row, b: &Row) -> Row {
    let head = merge_heads(&a.head(), &b.head());
    let mut column_deletions: BTreeMap<ColumnId, Tombstone> = BTreeMap::new();
    for &(column, tombstone) in a.column_deletions.iter().chain(&b.column_deletions) {
        let greatest = column_deletions.entry(column).or_insert(tombstone);
        *greatest = tombstone.max(*greatest);
    }
    column_deletions.retain(|_, tombstone| head.deletion.is_none_or(|row| *tombstone > row));
    let mut cells: BTreeMap<(ColumnId, Option<&[u8]>), &Cell> = BTreeMap::new();
    for cell in a.cells.iter().chain(&b.cells) {
        let winner = cells
            .entry((cell.column, cell.path.as_deref()))
            .or_insert(cell);
        if reconcile_cells(winner.as_ref(), cell.as_ref()) != winner.as_ref() {
            *winner = cell;
        }
    }
    cells.retain(|(column, _), cell| {
        let row = head.deletion.map(|row| row.deleted_at);
        let column = column_deletions.get(column).map(|column| column.deleted_at);
        row.max(column)
            .is_none_or(|deleted_at| cell.timestamp > deleted_at)
    });
    Row {
        liveness: head.liveness,
        deletion: head.deletion,
        has_range_tombstones: head.has_range_tombstones,
        column_deletions: column_deletions.into_iter().collect(),
        cells: cells.into_values().cloned().collect(),
    }
}

/// Appends to `out` what both fragments say together; equals encoding [`merge_rows`] of them, byte
/// for byte. On an error `out` is as it was.
pub fn merge_fragments(a: &[u8], b: &[u8], out: &mut Vec<u8>) -> Result<(), CorruptFragment> {
    let length_before = out.len();
    let merged = merge_streams(a, b, out);
    if merged.is_err() {
        out.truncate(length_before);
    }
    merged
}

fn merge_streams(a: &[u8], b: &[u8], out: &mut Vec<u8>) -> Result<(), CorruptFragment> {
    let (a_head, mut a_items) = codec::open(a)?;
    let (b_head, mut b_items) = codec::open(b)?;
    let head = merge_heads(&a_head, &b_head);
    out.reserve(a.len() + b.len());
    let mut writer = FragmentWriter::new(&head, out);
    let mut covers = Covers::new(head.deletion);
    let mut write = |item: &ItemRef<'_>| {
        if covers.leaves(item) {
            writer.item(item);
        }
    };
    let (mut a_next, mut b_next) = (a_items.next()?, b_items.next()?);
    loop {
        let order = match (&a_next, &b_next) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => {
                let order = a.key().cmp(&b.key());
                if order.is_eq() {
                    write(winner(a, b));
                }
                order
            }
        };
        if order.is_le() {
            if let Some(item) = a_next.as_ref().filter(|_| order.is_lt()) {
                write(item);
            }
            a_next = a_items.next()?;
        }
        if order.is_ge() {
            if let Some(item) = b_next.as_ref().filter(|_| order.is_gt()) {
                write(item);
            }
            b_next = b_items.next()?;
        }
    }
}

/// Of two items with the same key, the one that stays.
#[inline]
fn winner<'i, 'a>(a: &'i ItemRef<'a>, b: &'i ItemRef<'a>) -> &'i ItemRef<'a> {
    let order = match (a, b) {
        (ItemRef::Cell(a), ItemRef::Cell(b)) => compare_cells(a, b),
        (ItemRef::ColumnDeletion(_, a), ItemRef::ColumnDeletion(_, b)) => a.cmp(b),
        (ItemRef::Cell(_), ItemRef::ColumnDeletion(..)) => Ordering::Greater,
        (ItemRef::ColumnDeletion(..), ItemRef::Cell(_)) => Ordering::Less,
    };
    if order.is_lt() { b } else { a }
}

/// Merges any number of fragments, in any order and grouping with the same result. Its two buffers
/// are used again and again.
#[derive(Debug, Default)]
pub struct Merger {
    /// Empty when nothing was pushed; else a fragment that was checked.
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
        if self.merged == fragment && !fragment.is_empty() {
            return Ok(());
        }
        if self.merged.is_empty() {
            crate::FragmentView::parse(fragment)?;
            self.merged.extend_from_slice(fragment);
            return Ok(());
        }
        self.spare.clear();
        merge_fragments(&self.merged, fragment, &mut self.spare)?;
        std::mem::swap(&mut self.merged, &mut self.spare);
        Ok(())
    }

    /// The first two at once, which spares reading the first one twice. On an error nothing changed.
    fn begin(&mut self, first: &[u8], second: &[u8]) -> Result<(), CorruptFragment> {
        merge_fragments(first, second, &mut self.merged)
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty()
    }

    /// All that was pushed, as one fragment; the empty row's when nothing was.
    pub fn finish(&self) -> &[u8] {
        if self.merged.is_empty() {
            &[codec::VERSION, 0]
        } else {
            &self.merged
        }
    }

    /// Takes [`Merger::finish`] out and starts anew.
    pub fn take(&mut self) -> Bytes {
        let bytes = Bytes::copy_from_slice(self.finish());
        self.clear();
        bytes
    }

    /// Starts anew; the buffers stay.
    pub fn clear(&mut self) {
        self.merged.clear();
    }
}

#[cfg(test)]
mod tests;
