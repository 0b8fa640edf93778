//! A change to one partition of one table: the same bytes between nodes, in the commit log and in
//! hint files (`docs/formats/mutation.md`).
//!
//! The coordinator encodes it once; a replica hands the fragments on to its store as they are, so
//! everything is checked here, when the bytes come in.

use crate::Entry;
use crate::EntryKind;
use crate::FragmentView;
use crate::Row;
use crate::Slice;
use crate::Tombstone;
use crate::fragment::bytes_in::BytesIn;
use crate::fragment::bytes_in::Damage;
use crate::fragment::bytes_in::put_sized;
use crate::fragment::bytes_in::put_varint;
use crate::fragment::bytes_in::varint_len;
use crate::key::header_suffix;
use crate::key::range_tombstone_suffix;
use crate::reconcile::merge_or_quarantine;
use bytes::Bytes;
use quorate_types::Epoch;
use quorate_types::TableId;
use quorate_types::Token;
use std::cmp::Ordering;
use std::iter;
use uuid::Uuid;

/// The version byte of what we write.
const VERSION: u8 = 1;

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
    /// the mutation already writes there. Static rows have no liveness, headers only a deletion.
    pub fn insert(&mut self, suffix: Bytes, row: &Row) {
        let fragment = row.encode();
        let place = self
            .entries
            .binary_search_by(|entry| entry.suffix.cmp(&suffix));
        match place {
            Err(index) => self.entries.insert(index, Entry { suffix, fragment }),
            Ok(index) => {
                if let Some(entry) = self.entries.get_mut(index) {
                    entry.fragment = merged(&entry.fragment, &fragment);
                }
            }
        }
    }

    /// Writes a range tombstone, and the mark in the header that announces it.
    pub fn insert_range_tombstone(&mut self, slice: &Slice, tombstone: Tombstone) {
        let mark = Row {
            has_range_tombstones: true,
            ..Row::default()
        };
        self.insert(header_suffix(), &mark);
        let deletion = Row {
            deletion: Some(tombstone),
            ..Row::default()
        };
        self.insert(range_tombstone_suffix(slice), &deletion);
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
        assert_eq!(self.table, other.table, "mutations of one table");
        assert_eq!(self.key, other.key, "mutations of one partition");
        let mut entries = Vec::with_capacity(self.entries.len() + other.entries.len());
        let (mut ours, mut theirs) = (
            self.entries.into_iter().peekable(),
            other.entries.into_iter().peekable(),
        );
        while let (Some(our), Some(their)) = (ours.peek(), theirs.peek()) {
            match our.suffix.cmp(&their.suffix) {
                Ordering::Less => entries.extend(ours.next()),
                Ordering::Greater => entries.extend(theirs.next()),
                Ordering::Equal => {
                    entries.push(Entry {
                        suffix: our.suffix.clone(),
                        fragment: merged(&our.fragment, &their.fragment),
                    });
                    ours.next();
                    theirs.next();
                }
            }
        }
        entries.extend(ours);
        entries.extend(theirs);
        Self {
            table: self.table,
            epoch: self.epoch.max(other.epoch),
            key: self.key,
            entries,
        }
    }

    /// The bytes between nodes, in the commit log and in hints.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.encode_into(&mut out);
        Bytes::from(out)
    }

    /// As [`Mutation::encode`], appending.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(self.table.0.as_bytes());
        put_varint(self.epoch.0, out);
        put_sized(&self.key, out);
        put_varint(self.entries.len() as u64, out);
        for entry in &self.entries {
            put_sized(&entry.suffix, out);
            put_sized(&entry.fragment, out);
        }
    }

    /// How many bytes [`Mutation::encode`] gives.
    pub fn encoded_len(&self) -> usize {
        let sized = |bytes: &Bytes| varint_len(bytes.len() as u64) + bytes.len();
        let entries = self.entries.iter();
        let entries = entries.map(|entry| sized(&entry.suffix) + sized(&entry.fragment));
        17 + varint_len(self.epoch.0)
            + sized(&self.key)
            + varint_len(self.entries.len() as u64)
            + entries.sum::<usize>()
    }

    /// Reads what [`Mutation::encode`] wrote and checks all of it: order, kinds, every fragment,
    /// that range tombstones are announced. Keys and fragments are slices of `bytes`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the mutation keeps shares of the bytes"
    )]
    pub fn decode(bytes: Bytes) -> Result<Self, CorruptMutation> {
        let mut input = BytesIn::new(&bytes);
        let (table, epoch) = read_head(&mut input)?;
        let key = input.sized_shared(&bytes, "a partition key")?;
        let count = input.count("a count of entries")?;
        let mut entries: Vec<Entry> = Vec::with_capacity(count.min(ENTRIES_RESERVED_MAX));
        let mut is_announced = false;
        for _ in 0..count {
            let offset = input.offset();
            let damage = |what| CorruptMutation { offset, what };
            let suffix = input.sized_shared(&bytes, "an entry's suffix")?;
            let kind = EntryKind::check_suffix(&suffix).map_err(|corrupt| damage(corrupt.what))?;
            if entries.last().is_some_and(|last| last.suffix >= suffix) {
                return Err(damage("an entry after the one before it"));
            }
            let fragment = input.sized_shared(&bytes, "an entry's fragment")?;
            let start = input.offset().saturating_sub(fragment.len());
            let view = FragmentView::parse(&fragment).map_err(|corrupt| CorruptMutation {
                offset: start.saturating_add(corrupt.offset),
                what: corrupt.what,
            })?;
            match kind {
                EntryKind::Header => is_announced = view.has_range_tombstones(),
                EntryKind::RangeTombstone if !is_announced => {
                    return Err(damage("a header that announces the range tombstone"));
                }
                EntryKind::RangeTombstone | EntryKind::Static | EntryKind::Row => {}
            }
            if !suits(kind, &view) {
                return Err(damage("a fragment that suits the kind of its entry"));
            }
            entries.push(Entry { suffix, fragment });
        }
        input.end()?;
        Ok(Self {
            table,
            epoch,
            key,
            entries,
        })
    }

    /// Reads only for whom it is: table, partition key, token.
    pub fn peek(bytes: &[u8]) -> Result<(TableId, &[u8], Token), CorruptMutation> {
        let mut input = BytesIn::new(bytes);
        let (table, _) = read_head(&mut input)?;
        let key = input.sized("a partition key")?;
        Ok((table, key, Token::of_key(key)))
    }
}

/// A count from a peer reserves no more room than this.
const ENTRIES_RESERVED_MAX: usize = 1024;

fn merged(a: &[u8], b: &[u8]) -> Bytes {
    Bytes::from(merge_or_quarantine(Some(a), iter::once(b)))
}

fn read_head(input: &mut BytesIn<'_>) -> Result<(TableId, Epoch), CorruptMutation> {
    if input.byte("a version")? != VERSION {
        return Err(CorruptMutation {
            offset: 0,
            what: "version 1",
        });
    }
    let table = TableId(Uuid::from_bytes(input.array("a table")?));
    Ok((table, Epoch(input.varint("an epoch")?)))
}

/// Headers and range tombstones hold deletions alone, and static rows are never inserted.
fn suits(kind: EntryKind, view: &FragmentView<'_>) -> bool {
    match kind {
        EntryKind::Row => !view.has_range_tombstones(),
        EntryKind::Static => view.liveness().is_none() && !view.has_range_tombstones(),
        EntryKind::Header => view.liveness().is_none() && view.is_without_columns(),
        EntryKind::RangeTombstone => {
            view.liveness().is_none()
                && view.is_without_columns()
                && view.deletion().is_some()
                && !view.has_range_tombstones()
        }
    }
}

impl From<Damage> for CorruptMutation {
    fn from(damage: Damage) -> Self {
        Self {
            offset: damage.offset,
            what: damage.what,
        }
    }
}

#[cfg(test)]
mod tests;
