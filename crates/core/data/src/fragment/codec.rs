//! The bytes of a fragment, read and written as a stream of items (`docs/formats/row-fragment.md`).
//!
//! Reading checks that the bytes are the only ones that say what they say: integers are minimal,
//! items ascend, what is equal to its context is left out, and nothing is there that a deletion of
//! the same fragment covers. So two fragments are equal exactly when their bytes are.

use super::CellRef;
use super::CellStateRef;
use super::ColumnId;
use super::CorruptFragment;
use super::Expiring;
use super::Liveness;
use super::Tombstone;
use super::bytes_in::BytesIn;
use super::bytes_in::Damage;
use super::bytes_in::put_sized;
use super::bytes_in::put_varint;
use super::bytes_in::unzigzag;
use super::bytes_in::zigzag;

/// The version byte of what we write.
pub(crate) const VERSION: u8 = 1;

const HAS_LIVENESS: u8 = 0x01;
const LIVENESS_EXPIRES: u8 = 0x02;
const HAS_DELETION: u8 = 0x04;
const HAS_RANGE_TOMBSTONES: u8 = 0x08;
const KNOWN_FLAGS: u8 = 0x0F;

const KIND: u8 = 0x03;
const KIND_LIVE: u8 = 0;
const KIND_EXPIRING: u8 = 1;
const KIND_TOMBSTONE: u8 = 2;
const KIND_COLUMN_DELETION: u8 = 3;
const HAS_PATH: u8 = 0x04;
const HAS_DELTA: u8 = 0x08;
const HAS_SECONDS: u8 = 0x10;
const KNOWN_ITEM_FLAGS: u8 = 0x1F;

impl From<Damage> for CorruptFragment {
    fn from(damage: Damage) -> Self {
        Self {
            offset: damage.offset,
            what: damage.what,
        }
    }
}

/// What comes before the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    pub(crate) liveness: Option<Liveness>,
    pub(crate) deletion: Option<Tombstone>,
    pub(crate) has_range_tombstones: bool,
}

impl Head {
    pub(crate) const fn is_empty(&self) -> bool {
        self.liveness.is_none() && self.deletion.is_none() && !self.has_range_tombstones
    }
}

/// What items are ordered by.
pub(crate) type ItemKey<'a> = (ColumnId, InColumn<'a>);

/// Where an item stands among those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InColumn<'a> {
    Deletion,
    Cell(Option<&'a [u8]>),
}

/// A cell, or the deletion of a whole complex column, which comes before its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemRef<'a> {
    ColumnDeletion(ColumnId, Tombstone),
    Cell(CellRef<'a>),
}

impl<'a> ItemRef<'a> {
    /// Each occurs once in a fragment.
    #[inline]
    pub(crate) const fn key(&self) -> ItemKey<'a> {
        match *self {
            ItemRef::ColumnDeletion(column, _) => (column, InColumn::Deletion),
            ItemRef::Cell(cell) => (cell.column, InColumn::Cell(cell.path)),
        }
    }
}

/// Tells, item by item in order, what the deletions above an item leave of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Covers {
    row: Option<Tombstone>,
    column: Option<(ColumnId, i64)>,
}

impl Covers {
    pub(crate) const fn new(row: Option<Tombstone>) -> Self {
        Self { row, column: None }
    }

    #[inline]
    pub(crate) fn leaves(&mut self, item: &ItemRef<'_>) -> bool {
        match *item {
            ItemRef::ColumnDeletion(column, tombstone) => {
                self.column = Some((column, tombstone.deleted_at));
                self.row.is_none_or(|row| tombstone > row)
            }
            ItemRef::Cell(cell) => {
                self.row.is_none_or(|row| cell.timestamp > row.deleted_at)
                    && self.column.is_none_or(|(column, deleted_at)| {
                        column != cell.column || cell.timestamp > deleted_at
                    })
            }
        }
    }
}

/// What later items of a fragment leave out when it is the same for them.
#[derive(Debug, Clone, Copy, Default)]
struct Context {
    timestamp: Option<i64>,
    expiring: Option<Expiring>,
    local_deletion_secs: Option<u32>,
}

/// The items of a fragment, checked as they are read.
#[derive(Debug, Clone)]
pub(crate) struct Items<'a> {
    input: BytesIn<'a>,
    context: Context,
    /// `None` when the base timestamp already belongs to the liveness or deletion.
    first_timestamp: Option<i64>,
    previous: Option<ItemKey<'a>>,
    covers: Covers,
}

/// Reads the head of a fragment; the items are read as they are asked for.
pub(crate) fn open(bytes: &[u8]) -> Result<(Head, Items<'_>), CorruptFragment> {
    let mut input = BytesIn::new(bytes);
    match input.byte("a version")? {
        VERSION => {}
        crate::reconcile::QUARANTINE_VERSION => {
            return Err(CorruptFragment {
                offset: 0,
                what: crate::reconcile::QUARANTINED,
            });
        }
        _ => {
            return Err(CorruptFragment {
                offset: 0,
                what: "version 1",
            });
        }
    }
    let flags_damage = CorruptFragment {
        offset: 1,
        what: "flags of version 1",
    };
    let flags = input.byte("flags")?;
    if flags & !KNOWN_FLAGS != 0 || flags & (HAS_LIVENESS | LIVENESS_EXPIRES) == LIVENESS_EXPIRES {
        return Err(flags_damage);
    }
    let mut head = Head {
        has_range_tombstones: flags & HAS_RANGE_TOMBSTONES != 0,
        ..Head::default()
    };
    let mut context = Context::default();
    let mut first_timestamp = None;
    if flags & (HAS_LIVENESS | HAS_DELETION) != 0 || !input.is_at_end() {
        let base = i64::from_be_bytes(input.array("a base timestamp")?);
        context.timestamp = Some(base);
        first_timestamp = Some(base);
    }
    if flags & HAS_LIVENESS != 0 {
        let timestamp = first_timestamp.take().unwrap_or_default();
        if flags & LIVENESS_EXPIRES != 0 {
            context.expiring = Some(read_expiring(&mut input)?);
        }
        head.liveness = Some(Liveness {
            timestamp,
            expiring: context.expiring,
        });
    }
    if flags & HAS_DELETION != 0 {
        let deleted_at = if let Some(base) = first_timestamp.take() {
            base
        } else {
            let base = context.timestamp.unwrap_or_default();
            base.wrapping_add(unzigzag(input.varint("a timestamp delta")?))
        };
        let local_deletion_secs = u32::from_be_bytes(input.array("a local deletion second")?);
        context.local_deletion_secs = Some(local_deletion_secs);
        let deletion = Tombstone {
            deleted_at,
            local_deletion_secs,
        };
        let covered = |liveness: Liveness| liveness.timestamp <= deletion.deleted_at;
        if head.liveness.is_some_and(covered) {
            return Err(input.damage("a deletion older than the liveness").into());
        }
        head.deletion = Some(deletion);
    }
    if first_timestamp.is_some() && input.is_at_end() {
        return Err(input.damage("what the base timestamp is of").into());
    }
    let items = Items {
        input,
        context,
        first_timestamp,
        previous: None,
        covers: Covers::new(head.deletion),
    };
    Ok((head, items))
}

fn read_expiring(input: &mut BytesIn<'_>) -> Result<Expiring, Damage> {
    Ok(Expiring {
        ttl: input.varint_u32("a time to live")?,
        expiry: u32::from_be_bytes(input.array("an expiry second")?),
    })
}

impl<'a> Items<'a> {
    pub(crate) const fn is_at_end(&self) -> bool {
        self.input.is_at_end()
    }

    /// The next item, when there is one. After an error there is none that can be trusted.
    #[expect(
        clippy::inline_always,
        reason = "out of line, a merge took 1.6 times as long"
    )]
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Result<Option<ItemRef<'a>>, CorruptFragment> {
        if self.input.is_at_end() {
            return Ok(None);
        }
        let offset = self.input.offset();
        let item = self.read_item()?;
        let key = item.key();
        if self.previous.is_some_and(|previous| previous >= key) {
            let what = "an item after the one before it";
            return Err(CorruptFragment { offset, what });
        }
        if !self.covers.leaves(&item) {
            let what = "an item that no deletion before it covers";
            return Err(CorruptFragment { offset, what });
        }
        self.previous = Some(key);
        Ok(Some(item))
    }

    #[expect(
        clippy::inline_always,
        reason = "out of line, a merge took 1.6 times as long"
    )]
    #[inline(always)]
    fn read_item(&mut self) -> Result<ItemRef<'a>, CorruptFragment> {
        let column = ColumnId(self.input.varint_u16("a column")?);
        let flags_damage = self.input.damage("item flags of version 1");
        let flags = self.input.byte("item flags")?;
        let kind = flags & KIND;
        let must_not = match kind {
            KIND_COLUMN_DELETION => !KNOWN_ITEM_FLAGS | HAS_PATH,
            KIND_LIVE => !KNOWN_ITEM_FLAGS | HAS_SECONDS,
            _ => !KNOWN_ITEM_FLAGS,
        };
        if flags & must_not != 0 {
            return Err(flags_damage.into());
        }
        let timestamp = self.read_timestamp(flags)?;
        let mut expiring = None;
        let mut local_deletion_secs = 0;
        match kind {
            KIND_LIVE => {}
            KIND_EXPIRING => expiring = Some(self.read_expiring(flags)?),
            _ => local_deletion_secs = self.read_local_deletion_secs(flags)?,
        }
        if kind == KIND_COLUMN_DELETION {
            let tombstone = Tombstone {
                deleted_at: timestamp,
                local_deletion_secs,
            };
            return Ok(ItemRef::ColumnDeletion(column, tombstone));
        }
        let path = if flags & HAS_PATH == 0 {
            None
        } else {
            Some(self.input.sized("a path")?)
        };
        let state = match (kind, expiring) {
            (KIND_TOMBSTONE, _) => CellStateRef::Tombstone {
                local_deletion_secs,
            },
            (_, Some(expiring)) => CellStateRef::Expiring(self.input.sized("a value")?, expiring),
            (_, None) => CellStateRef::Live(self.input.sized("a value")?),
        };
        Ok(ItemRef::Cell(CellRef {
            column,
            path,
            timestamp,
            state,
        }))
    }

    #[inline]
    fn read_timestamp(&mut self, flags: u8) -> Result<i64, CorruptFragment> {
        let base = self.context.timestamp.unwrap_or_default();
        let is_first = self.first_timestamp.take().is_some();
        if flags & HAS_DELTA == 0 {
            return Ok(base);
        }
        let damage = self.input.damage("a timestamp delta that is needed");
        match unzigzag(self.input.varint("a timestamp delta")?) {
            0 => Err(damage.into()),
            _ if is_first => Err(damage.into()),
            delta => Ok(base.wrapping_add(delta)),
        }
    }

    #[inline]
    fn read_expiring(&mut self, flags: u8) -> Result<Expiring, CorruptFragment> {
        let damage = self.input.damage("a time to live that is needed");
        match (flags & HAS_SECONDS != 0, self.context.expiring) {
            (false, Some(expiring)) => Ok(expiring),
            (false, None) => Err(damage.into()),
            (true, known) => {
                let expiring = read_expiring(&mut self.input)?;
                if known == Some(expiring) {
                    return Err(damage.into());
                }
                self.context.expiring = known.or(Some(expiring));
                Ok(expiring)
            }
        }
    }

    #[inline]
    fn read_local_deletion_secs(&mut self, flags: u8) -> Result<u32, CorruptFragment> {
        let damage = self.input.damage("a local deletion second that is needed");
        match (flags & HAS_SECONDS != 0, self.context.local_deletion_secs) {
            (false, Some(secs)) => Ok(secs),
            (false, None) => Err(damage.into()),
            (true, known) => {
                let secs = u32::from_be_bytes(self.input.array("a local deletion second")?);
                if known == Some(secs) {
                    return Err(damage.into());
                }
                self.context.local_deletion_secs = known.or(Some(secs));
                Ok(secs)
            }
        }
    }
}

/// Writes a fragment. Items must ascend and nothing be covered; callers see to it.
#[derive(Debug)]
pub(crate) struct FragmentWriter<'o> {
    out: &'o mut Vec<u8>,
    context: Context,
}

impl<'o> FragmentWriter<'o> {
    pub(crate) fn new(head: &Head, out: &'o mut Vec<u8>) -> Self {
        let mut flags = 0;
        if let Some(liveness) = head.liveness {
            flags |= HAS_LIVENESS;
            if liveness.expiring.is_some() {
                flags |= LIVENESS_EXPIRES;
            }
        }
        if head.deletion.is_some() {
            flags |= HAS_DELETION;
        }
        if head.has_range_tombstones {
            flags |= HAS_RANGE_TOMBSTONES;
        }
        out.push(VERSION);
        out.push(flags);
        let mut writer = Self {
            out,
            context: Context::default(),
        };
        if let Some(liveness) = head.liveness {
            writer.base(liveness.timestamp);
            if let Some(expiring) = liveness.expiring {
                writer.expiring(expiring);
            }
        }
        if let Some(deletion) = head.deletion {
            match writer.context.timestamp {
                None => writer.base(deletion.deleted_at),
                Some(base) => {
                    put_varint(zigzag(deletion.deleted_at.wrapping_sub(base)), writer.out);
                }
            }
            writer.local_deletion_secs(deletion.local_deletion_secs);
        }
        writer
    }

    fn base(&mut self, timestamp: i64) {
        self.context.timestamp = Some(timestamp);
        self.out.extend_from_slice(&timestamp.to_be_bytes());
    }

    fn expiring(&mut self, expiring: Expiring) {
        self.context.expiring.get_or_insert(expiring);
        put_varint(u64::from(expiring.ttl), self.out);
        self.out.extend_from_slice(&expiring.expiry.to_be_bytes());
    }

    fn local_deletion_secs(&mut self, secs: u32) {
        self.context.local_deletion_secs.get_or_insert(secs);
        self.out.extend_from_slice(&secs.to_be_bytes());
    }

    #[inline]
    pub(crate) fn item(&mut self, item: &ItemRef<'_>) {
        match *item {
            ItemRef::ColumnDeletion(column, tombstone) => {
                let secs = tombstone.local_deletion_secs;
                let has_secs = self.context.local_deletion_secs != Some(secs);
                let flags = KIND_COLUMN_DELETION | Self::seconds_flag(has_secs);
                self.column_flags_delta(column, flags, tombstone.deleted_at);
                if has_secs {
                    self.local_deletion_secs(secs);
                }
            }
            ItemRef::Cell(cell) => self.cell(&cell),
        }
    }

    #[inline]
    fn cell(&mut self, cell: &CellRef<'_>) {
        let path_flag = if cell.path.is_some() { HAS_PATH } else { 0 };
        match cell.state {
            CellStateRef::Live(_) => {
                self.column_flags_delta(cell.column, KIND_LIVE | path_flag, cell.timestamp);
            }
            CellStateRef::Expiring(_, expiring) => {
                let has_secs = self.context.expiring != Some(expiring);
                let flags = KIND_EXPIRING | path_flag | Self::seconds_flag(has_secs);
                self.column_flags_delta(cell.column, flags, cell.timestamp);
                if has_secs {
                    self.expiring(expiring);
                }
            }
            CellStateRef::Tombstone {
                local_deletion_secs: secs,
            } => {
                let has_secs = self.context.local_deletion_secs != Some(secs);
                let flags = KIND_TOMBSTONE | path_flag | Self::seconds_flag(has_secs);
                self.column_flags_delta(cell.column, flags, cell.timestamp);
                if has_secs {
                    self.local_deletion_secs(secs);
                }
            }
        }
        if let Some(path) = cell.path {
            put_sized(path, self.out);
        }
        match cell.state {
            CellStateRef::Live(value) | CellStateRef::Expiring(value, _) => {
                put_sized(value, self.out);
            }
            CellStateRef::Tombstone { .. } => {}
        }
    }

    const fn seconds_flag(has_secs: bool) -> u8 {
        if has_secs { HAS_SECONDS } else { 0 }
    }

    #[inline]
    fn column_flags_delta(&mut self, column: ColumnId, flags: u8, timestamp: i64) {
        let base = self.context.timestamp.unwrap_or(timestamp);
        if self.context.timestamp.is_none() {
            self.base(timestamp);
        }
        put_varint(u64::from(column.0), self.out);
        if timestamp == base {
            self.out.push(flags);
        } else {
            self.out.push(flags | HAS_DELTA);
            put_varint(zigzag(timestamp.wrapping_sub(base)), self.out);
        }
    }
}
