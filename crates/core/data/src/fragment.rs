//! The bytes of a row: what the coordinator encodes once and everybody else passes on.
//!
//! Decides how a row is written and which bytes are one. How two of them become one is decided in
//! [`crate::reconcile`]; which entry of a partition a fragment belongs to, in [`crate::key`].
//!
//! # Invariants
//!
//! * **F1** Equal content, equal bytes: of the bytes that could say the same, one is written and
//!   the others are refused.
//! * **F2** A fragment holds nothing that a deletion of the same fragment covers.

pub(crate) mod bytes_in;
pub(crate) mod codec;

use crate::reconcile::merge_rows;
use bytes::Bytes;
use codec::Covers;
use codec::FragmentWriter;
use codec::Head;
use codec::ItemRef;
use codec::Items;

/// A column's number, unique for the life of its table: a dropped and re-added column gets a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u16);

/// A deletion: covers everything written at or before `deleted_at` (a delete wins a tie).
///
/// Ordered as deletions supersede one another: by `deleted_at`, then by `local_deletion_secs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tombstone {
    /// Microseconds, as write timestamps.
    pub deleted_at: i64,
    /// The second at which the coordinator made it; from here gc_grace counts.
    pub local_deletion_secs: u32,
}

/// That a row was INSERTed (an UPDATE writes none): keeps a row visible that has no live cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Liveness {
    /// Write timestamp, microseconds.
    pub timestamp: i64,
    /// Seconds to live and the second of expiry, when the INSERT had a TTL.
    pub expiring: Option<Expiring>,
}

/// A time to live and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Expiring {
    /// Seconds, as the statement said; never zero.
    pub ttl: u32,
    /// The second from which the data is dead.
    pub expiry: u32,
}

/// One value of one column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cell {
    /// Which column.
    pub column: ColumnId,
    /// Which element of a non-frozen collection or UDT; `None` for a simple column.
    pub path: Option<Bytes>,
    /// Write timestamp, microseconds.
    pub timestamp: i64,
    /// Live, expiring or deleted.
    pub state: CellState,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CellState {
    /// A value for ever.
    Live(Bytes),
    /// A value until its expiry; from then on a tombstone in every respect.
    Expiring(Bytes, Expiring),
    /// Deleted, at this second.
    Tombstone {
        /// The second at which the coordinator deleted it.
        local_deletion_secs: u32,
    },
}

/// One row, or one part of it that a mutation writes. Also the static row, and (with nothing but
/// a deletion) a partition's header and its range tombstones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Set by INSERT.
    pub liveness: Option<Liveness>,
    /// The row's (partition's, range's) own deletion.
    pub deletion: Option<Tombstone>,
    /// On a partition's header: that range tombstones exist, so that a point read need not look.
    pub has_range_tombstones: bool,
    /// Deletions of whole complex columns (collections), in column order.
    pub column_deletions: Vec<(ColumnId, Tombstone)>,
    /// In order of column, then path.
    pub cells: Vec<Cell>,
}

/// Bytes that are no row fragment: damage, or a format of the future.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row fragment is damaged at byte {offset}: {what}")]
pub struct CorruptFragment {
    /// Where reading stopped.
    pub offset: usize,
    /// What was expected there.
    pub what: &'static str,
}

impl Row {
    /// The canonical bytes: equal content, equal bytes. Cells may be given in any order; what the
    /// row's own deletions cover is left out.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        Bytes::from(out)
    }

    /// As [`Row::encode`], appending.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        if self.is_canonical() {
            self.write(out);
        } else {
            merge_rows(self, &Self::default()).write(out);
        }
    }

    /// Reads what [`Row::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptFragment> {
        Self::read(bytes, Bytes::copy_from_slice)
    }

    /// As [`Row::decode`]; paths and values are slices of `bytes`, not copies.
    pub fn decode_shared(bytes: &Bytes) -> Result<Self, CorruptFragment> {
        Self::read(bytes, |part| bytes.slice_ref(part))
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.head().is_empty() && self.column_deletions.is_empty() && self.cells.is_empty()
    }

    pub(crate) const fn head(&self) -> Head {
        Head {
            liveness: self.liveness,
            deletion: self.deletion,
            has_range_tombstones: self.has_range_tombstones,
        }
    }

    fn read(bytes: &[u8], own: impl Fn(&[u8]) -> Bytes) -> Result<Self, CorruptFragment> {
        let (head, mut items) = codec::open(bytes)?;
        let mut row = Self {
            liveness: head.liveness,
            deletion: head.deletion,
            has_range_tombstones: head.has_range_tombstones,
            ..Self::default()
        };
        while let Some(item) = items.next()? {
            match item {
                ItemRef::ColumnDeletion(column, tombstone) => {
                    row.column_deletions.push((column, tombstone));
                }
                ItemRef::Cell(cell) => row.cells.push(Cell {
                    column: cell.column,
                    path: cell.path.map(&own),
                    timestamp: cell.timestamp,
                    state: match cell.state {
                        CellStateRef::Live(value) => CellState::Live(own(value)),
                        CellStateRef::Expiring(value, expiring) => {
                            CellState::Expiring(own(value), expiring)
                        }
                        CellStateRef::Tombstone {
                            local_deletion_secs,
                        } => CellState::Tombstone {
                            local_deletion_secs,
                        },
                    },
                }),
            }
        }
        Ok(row)
    }

    /// Column deletions and cells in the order of the encoding, when each is in order.
    fn items(&self) -> impl Iterator<Item = ItemRef<'_>> {
        let mut deletions = self.column_deletions.iter().peekable();
        let mut cells = self.cells.iter().peekable();
        std::iter::from_fn(move || {
            let next_column = cells.peek().map(|cell| cell.column);
            let deletion = deletions
                .next_if(|(column, _)| next_column.is_none_or(|next_column| *column <= next_column))
                .map(|&(column, tombstone)| ItemRef::ColumnDeletion(column, tombstone));
            deletion.or_else(|| cells.next().map(|cell| ItemRef::Cell(cell.as_ref())))
        })
    }

    fn is_canonical(&self) -> bool {
        let covered =
            |(liveness, deletion): (Liveness, Tombstone)| liveness.timestamp <= deletion.deleted_at;
        if self.liveness.zip(self.deletion).is_some_and(covered) {
            return false;
        }
        let mut covers = Covers::new(self.deletion);
        let mut previous = None;
        self.items().all(|item| {
            let ascends = previous.is_none_or(|previous| previous < item.key());
            previous = Some(item.key());
            ascends && covers.leaves(&item)
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut writer = FragmentWriter::new(&self.head(), out);
        for item in self.items() {
            writer.item(&item);
        }
    }
}

impl Cell {
    /// Borrows it.
    pub fn as_ref(&self) -> CellRef<'_> {
        CellRef {
            column: self.column,
            path: self.path.as_deref(),
            timestamp: self.timestamp,
            state: match &self.state {
                CellState::Live(value) => CellStateRef::Live(value),
                CellState::Expiring(value, expiring) => CellStateRef::Expiring(value, *expiring),
                CellState::Tombstone {
                    local_deletion_secs,
                } => CellStateRef::Tombstone {
                    local_deletion_secs: *local_deletion_secs,
                },
            },
        }
    }
}

/// A cell inside encoded bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellRef<'a> {
    /// Which column.
    pub column: ColumnId,
    /// Which element of a non-frozen collection or UDT; `None` for a simple column.
    pub path: Option<&'a [u8]>,
    /// Write timestamp, microseconds.
    pub timestamp: i64,
    /// Live, expiring or deleted.
    pub state: CellStateRef<'a>,
}

/// As [`CellState`], borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellStateRef<'a> {
    /// A value for ever.
    Live(&'a [u8]),
    /// A value until its expiry.
    Expiring(&'a [u8], Expiring),
    /// Deleted, at this second.
    Tombstone {
        /// The second at which the coordinator deleted it.
        local_deletion_secs: u32,
    },
}

/// A row fragment read in place.
#[derive(Debug, Clone)]
pub struct FragmentView<'a> {
    head: Head,
    items: Items<'a>,
}

impl<'a> FragmentView<'a> {
    /// Checks everything once: bounds, order, that the encoding is the canonical one.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CorruptFragment> {
        let (head, items) = codec::open(bytes)?;
        let mut checked = items.clone();
        while checked.next()?.is_some() {}
        Ok(Self { head, items })
    }

    /// Set by INSERT.
    pub const fn liveness(&self) -> Option<Liveness> {
        self.head.liveness
    }

    /// The row's (partition's, range's) own deletion.
    pub const fn deletion(&self) -> Option<Tombstone> {
        self.head.deletion
    }

    /// On a partition's header: that range tombstones exist.
    pub const fn has_range_tombstones(&self) -> bool {
        self.head.has_range_tombstones
    }

    /// Whether there are no cells and no deletions of columns.
    pub const fn is_without_columns(&self) -> bool {
        self.items.is_at_end()
    }

    /// Deletions of whole complex columns, in column order.
    pub fn column_deletions(&self) -> impl Iterator<Item = (ColumnId, Tombstone)> + use<'a> {
        self.items().filter_map(|item| match item {
            ItemRef::ColumnDeletion(column, tombstone) => Some((column, tombstone)),
            ItemRef::Cell(_) => None,
        })
    }

    /// In order of column, then path.
    pub fn cells(&self) -> impl Iterator<Item = CellRef<'a>> + use<'a> {
        self.items().filter_map(|item| match item {
            ItemRef::ColumnDeletion(..) => None,
            ItemRef::Cell(cell) => Some(cell),
        })
    }

    fn items(&self) -> impl Iterator<Item = ItemRef<'a>> + use<'a> {
        let mut items = self.items.clone();
        // Parsed before, so that no error is left to come.
        std::iter::from_fn(move || items.next().ok().flatten())
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod tests;
