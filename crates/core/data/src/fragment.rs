//! The bytes of a row: what the coordinator encodes once and everybody else passes on.

use bytes::Bytes;

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
        unimplemented!("{out:?}")
    }

    /// Reads what [`Row::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptFragment> {
        unimplemented!("{bytes:?}")
    }

    /// As [`Row::decode`]; paths and values are slices of `bytes`, not copies.
    pub fn decode_shared(bytes: &Bytes) -> Result<Self, CorruptFragment> {
        unimplemented!("{bytes:?}")
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        unimplemented!()
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
#[derive(Debug, Clone, Copy)]
pub struct FragmentView<'a> {
    bytes: &'a [u8],
}

impl<'a> FragmentView<'a> {
    /// Checks everything once: bounds, order, that the encoding is the canonical one.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CorruptFragment> {
        unimplemented!("{bytes:?}")
    }

    /// Set by INSERT.
    pub fn liveness(&self) -> Option<Liveness> {
        unimplemented!("{:?}", self.bytes)
    }

    /// The row's (partition's, range's) own deletion.
    pub fn deletion(&self) -> Option<Tombstone> {
        unimplemented!()
    }

    /// On a partition's header: that range tombstones exist.
    pub fn has_range_tombstones(&self) -> bool {
        unimplemented!()
    }

    /// Deletions of whole complex columns, in column order.
    pub fn column_deletions(&self) -> impl Iterator<Item = (ColumnId, Tombstone)> + 'a {
        let _ = self.bytes;
        std::iter::empty()
    }

    /// In order of column, then path.
    pub fn cells(&self) -> impl Iterator<Item = CellRef<'a>> + 'a {
        let _ = self.bytes;
        std::iter::empty()
    }
}
