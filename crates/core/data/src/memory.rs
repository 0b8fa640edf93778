//! One table of one replica as a map: the model of every storage engine.
//!
//! Storage key → merged fragment, merged by the same function as in the real engine, read by the same
//! [`partition::read`](crate::partition::read). The simulator runs on it; the tests of the real engine
//! compare that with it.

use crate::CorruptFragment;
use crate::CorruptKey;
use crate::EntryKind;
use crate::FragmentView;
use crate::Mutation;
use crate::Row;
use crate::Tombstone;
use crate::key::partition_prefix;
use crate::key::split_key;
use crate::key::split_range_tombstone;
use crate::partition::Pair;
use crate::partition::PairCursor;
use crate::partition::Pairs;
use crate::partition::RangeTombstones;
use crate::reconcile::SweepVerdict;
use crate::reconcile::merge_or_quarantine;
use crate::reconcile::sweep;
use bytes::Bytes;
use quorate_types::NowInSeconds;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound::Excluded;
use std::ops::Bound::Included;
use std::ops::Bound::Unbounded;

/// The entries of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryTable {
    entries: BTreeMap<Vec<u8>, Bytes>,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Entries looked at.
    pub read: u64,
    /// Entries dropped or rewritten.
    pub purged: u64,
}

/// An entry that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// Its key.
    #[error(transparent)]
    Key(#[from] CorruptKey),
    /// Its fragment.
    #[error(transparent)]
    Fragment(#[from] CorruptFragment),
}

impl MemoryTable {
    /// Merges a mutation in.
    pub fn apply(&mut self, mutation: &Mutation) {
        let prefix = partition_prefix(mutation.token(), &mutation.key);
        for entry in &mutation.entries {
            let mut key = Vec::with_capacity(prefix.len() + entry.suffix.len());
            key.extend_from_slice(&prefix);
            key.extend_from_slice(&entry.suffix);
            match self.entries.get_mut(&key) {
                None => {
                    self.entries.insert(key, entry.fragment.clone());
                }
                Some(existing) => {
                    let operands = std::iter::once(&entry.fragment[..]);
                    *existing = merge_or_quarantine(Some(existing), operands).into();
                }
            }
        }
    }

    /// The entries of one partition alone.
    #[must_use]
    pub fn only_partition_of(&self, mutation: &Mutation) -> Self {
        let prefix = partition_prefix(mutation.token(), &mutation.key);
        let from = self
            .entries
            .range::<[u8], _>((Included(&prefix[..]), Unbounded));
        let inside = from.take_while(|(key, _)| key.starts_with(&prefix));
        Self {
            entries: inside
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }

    /// Entries, not rows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all keys and fragments.
    pub fn bytes(&self) -> u64 {
        let sizes = self.entries.iter();
        sizes
            .map(|(key, value)| (key.len() + value.len()) as u64)
            .sum()
    }

    /// Takes away what is shadowed, and deletions made before `purge_before_secs`, in one step: rows
    /// first, so that no deletion goes before what it covers.
    ///
    /// # Errors
    /// [`Damaged`]; some of the entries may be gone then.
    pub fn sweep(&mut self, now: NowInSeconds, purge_before_secs: u32) -> Result<Swept, Damaged> {
        let mut swept = Swept::default();
        let mut kept = Vec::with_capacity(self.entries.len());
        let mut rest = std::mem::take(&mut self.entries).into_iter().peekable();
        while let Some((key, _)) = rest.peek() {
            let prefix = prefix_of(key)?.to_vec();
            let mut partition = BTreeMap::new();
            while let Some((key, fragment)) = rest.next_if(|(key, _)| key.starts_with(&prefix)) {
                partition.insert(key, fragment);
            }
            swept.read += partition.len() as u64;
            swept.purged += sweep_partition(&mut partition, prefix.len(), now, purge_before_secs)?;
            kept.extend(partition);
        }
        self.entries = kept.into_iter().collect();
        Ok(swept)
    }
}

fn prefix_of(key: &[u8]) -> Result<&[u8], CorruptKey> {
    let (_, _, suffix) = split_key(key)?;
    Ok(key.get(..key.len() - suffix.len()).unwrap_or_default())
}

/// Sweeps the entries of one partition; returns how many were dropped or rewritten.
fn sweep_partition(
    entries: &mut BTreeMap<Vec<u8>, Bytes>,
    prefix_length: usize,
    now: NowInSeconds,
    purge_before_secs: u32,
) -> Result<u64, Damaged> {
    let mut deletion: Option<Tombstone> = None;
    let mut ranges = Vec::new();
    for (key, fragment) in entries.iter() {
        let suffix = key.get(prefix_length..).unwrap_or_default();
        let view = FragmentView::parse(fragment)?;
        match EntryKind::of_suffix(suffix) {
            Some(EntryKind::Header) => deletion = view.deletion(),
            Some(EntryKind::RangeTombstone) => {
                let slice = split_range_tombstone(suffix)?;
                ranges.extend(view.deletion().map(|tombstone| (slice, tombstone)));
            }
            Some(EntryKind::Static | EntryKind::Row) | None => {}
        }
    }
    let ranges = RangeTombstones::new(ranges);
    let mut changes = Vec::new();
    let mut ranges_left = 0_u32;
    for (key, fragment) in entries.iter() {
        let suffix = key.get(prefix_length..).unwrap_or_default();
        let kind = EntryKind::of_suffix(suffix);
        let covering = match kind {
            Some(EntryKind::Header) | None => None,
            Some(EntryKind::RangeTombstone | EntryKind::Static) => deletion,
            Some(EntryKind::Row) => {
                let framed = suffix.get(1..).unwrap_or_default();
                deletion.max(ranges.covering(framed))
            }
        };
        let verdict = sweep(fragment, covering, now, purge_before_secs)?;
        if kind == Some(EntryKind::RangeTombstone) && verdict != SweepVerdict::Drop {
            ranges_left += 1;
        }
        match verdict {
            SweepVerdict::Keep => {}
            SweepVerdict::Rewrite(bytes) => changes.push((key.clone(), Some(bytes))),
            SweepVerdict::Drop => changes.push((key.clone(), None)),
        }
    }
    let count = changes.len() as u64;
    for (key, change) in changes {
        match change {
            Some(bytes) => entries.insert(key, bytes),
            None => entries.remove(&key),
        };
    }
    if ranges_left == 0 {
        clear_mark(entries, prefix_length)?;
    }
    Ok(count)
}

/// The header announces no range tombstones any more.
fn clear_mark(entries: &mut BTreeMap<Vec<u8>, Bytes>, prefix_length: usize) -> Result<(), Damaged> {
    let header = entries.iter().next().filter(|(key, _)| {
        let suffix = key.get(prefix_length..).unwrap_or_default();
        EntryKind::of_suffix(suffix) == Some(EntryKind::Header)
    });
    let Some((key, fragment)) = header else {
        return Ok(());
    };
    let (key, mut row) = (key.clone(), Row::decode(fragment)?);
    if row.has_range_tombstones {
        row.has_range_tombstones = false;
        if row.is_empty() {
            entries.remove(&key);
        } else {
            entries.insert(key, row.encode());
        }
    }
    Ok(())
}

impl Pairs for MemoryTable {
    type Error = Infallible;
    type Cursor<'a> = MemoryCursor<'a>;

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Infallible> {
        Ok(self.entries.get(key).cloned())
    }

    fn cursor<'a>(&'a self, lower: &[u8], upper: Option<&[u8]>) -> MemoryCursor<'a> {
        MemoryCursor {
            entries: &self.entries,
            lower: lower.to_vec(),
            upper: upper.map(<[u8]>::to_vec),
            at: None,
        }
    }
}

/// A place among a table's entries.
#[derive(Debug)]
pub struct MemoryCursor<'a> {
    entries: &'a BTreeMap<Vec<u8>, Bytes>,
    lower: Vec<u8>,
    upper: Option<Vec<u8>>,
    at: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> MemoryCursor<'a> {
    fn stand_on(&mut self, found: Option<(&'a Vec<u8>, &'a Bytes)>) {
        let upper = self.upper.as_deref();
        self.at = found
            .map(|(key, fragment)| (&key[..], &fragment[..]))
            .filter(|(key, _)| *key >= &self.lower[..] && upper.is_none_or(|upper| *key < upper));
    }
}

impl PairCursor for MemoryCursor<'_> {
    type Error = Infallible;

    fn seek(&mut self, key: &[u8]) {
        let from = Included(key.max(&self.lower));
        let found = self.entries.range::<[u8], _>((from, Unbounded)).next();
        self.stand_on(found);
    }

    fn seek_for_prev(&mut self, key: &[u8]) {
        let to = match self.upper.as_deref() {
            Some(upper) if key >= upper => Excluded(upper),
            Some(_) | None => Included(key),
        };
        let found = self.entries.range::<[u8], _>((Unbounded, to)).next_back();
        self.stand_on(found);
    }

    fn next(&mut self) {
        if let Some((key, _)) = self.at {
            let after = (Excluded(key), Unbounded);
            let found = self.entries.range::<[u8], _>(after).next();
            self.stand_on(found);
        }
    }

    fn prev(&mut self) {
        if let Some((key, _)) = self.at {
            let before = (Unbounded, Excluded(key));
            let found = self.entries.range::<[u8], _>(before).next_back();
            self.stand_on(found);
        }
    }

    fn item(&self) -> Result<Option<Pair<'_>>, Infallible> {
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cell;
    use crate::CellState;
    use crate::ColumnId;
    use crate::Slice;
    use crate::key::header_suffix;
    use crate::key::row_suffix;
    use quorate_types::Epoch;
    use quorate_types::TableId;
    use uuid::Uuid;

    fn mutation() -> Mutation {
        let id = TableId(Uuid::from_u128(1));
        Mutation::new(id, Epoch(1), Bytes::from_static(b"key"))
    }

    fn row(timestamp: i64) -> Mutation {
        let cell = Cell {
            column: ColumnId(1),
            path: None,
            timestamp,
            state: CellState::Live(Bytes::from_static(b"value")),
        };
        let row = Row {
            cells: vec![cell],
            ..Row::default()
        };
        let mut mutation = mutation();
        mutation.insert(row_suffix(&[0x40, 7, 0x38]), &row);
        mutation
    }

    fn tombstone(deleted_at: i64) -> Tombstone {
        Tombstone {
            deleted_at,
            local_deletion_secs: 100,
        }
    }

    #[test]
    fn a_sweep_takes_what_is_shadowed_and_keeps_the_tombstone_until_it_may_go() {
        let mut table = MemoryTable::default();
        table.apply(&row(5));
        let mut deletion = mutation();
        deletion.insert_range_tombstone(&Slice::everything(), tombstone(9));
        table.apply(&deletion);
        assert_eq!(table.len(), 3);
        let swept = table.sweep(NowInSeconds(200), 50).unwrap();
        assert_eq!((swept.read, swept.purged, table.len()), (3, 1, 2));
        table.sweep(NowInSeconds(200), 150).unwrap();
        assert_eq!(table, MemoryTable::default());
    }

    #[test]
    fn a_sweep_leaves_newer_rows_alone() {
        let mut table = MemoryTable::default();
        table.apply(&row(10));
        let mut deletion = mutation();
        let header = Row {
            deletion: Some(tombstone(9)),
            ..Row::default()
        };
        deletion.insert(header_suffix(), &header);
        table.apply(&deletion);
        let before = table.clone();
        table.sweep(NowInSeconds(200), 50).unwrap();
        assert_eq!(table, before);
    }

    #[test]
    fn a_cursor_stays_inside_its_bounds() {
        let mut table = MemoryTable::default();
        for byte in [2_u8, 4, 6, 8] {
            table.entries.insert(vec![byte], Bytes::from(vec![byte]));
        }
        let mut cursor = table.cursor(&[3], Some(&[8]));
        let at = |cursor: &MemoryCursor<'_>| cursor.at.map(|(key, _)| key[0]);
        cursor.seek(&[0]);
        assert_eq!(at(&cursor), Some(4));
        cursor.next();
        assert_eq!(at(&cursor), Some(6));
        cursor.next();
        assert_eq!(at(&cursor), None);
        cursor.seek_for_prev(&[9]);
        assert_eq!(at(&cursor), Some(6));
        cursor.prev();
        cursor.prev();
        assert_eq!(at(&cursor), None);
    }
}
