//! What of a row is alive, what may be forgotten, and what a sweep may rewrite (semantics 1.3, 1.8,
//! 1.9).
//!
//! Nothing here looks at other entries: the deletion that covers the row (the greatest of its
//! partition's and of the range tombstones over it) comes in.

use crate::CorruptFragment;
use crate::Tombstone;
use crate::fragment::CellRef;
use crate::fragment::CellStateRef;
use crate::fragment::Expiring;
use crate::fragment::codec;
use crate::fragment::codec::Covers;
use crate::fragment::codec::FragmentWriter;
use crate::fragment::codec::Head;
use crate::fragment::codec::ItemRef;
use crate::fragment::codec::Items;
use bytes::Bytes;
use quorate_types::NowInSeconds;

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
    let judge = Judge {
        now,
        purge_before_secs,
        rewrites_expired: false,
    };
    let survey = judge.survey(fragment, covering)?;
    if survey.changes {
        survey.write(judge, out)?;
    } else {
        out.extend_from_slice(fragment);
    }
    Ok(survey.verdict)
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
    let judge = Judge {
        now,
        purge_before_secs,
        rewrites_expired: true,
    };
    let survey = judge.survey(fragment, covering)?;
    if survey.verdict.empty {
        return Ok(SweepVerdict::Drop);
    }
    if !survey.changes {
        return Ok(SweepVerdict::Keep);
    }
    let mut out = Vec::with_capacity(fragment.len());
    survey.write(judge, &mut out)?;
    Ok(SweepVerdict::Rewrite(Bytes::from(out)))
}

impl Expiring {
    /// Whether it is over.
    #[inline]
    pub const fn has_expired(self, now: NowInSeconds) -> bool {
        now.0 >= self.expiry
    }

    /// The second it was written at: from here gc_grace counts once it has expired.
    #[inline]
    pub const fn written_secs(self) -> u32 {
        self.expiry.saturating_sub(self.ttl)
    }
}

/// What becomes of an item.
enum Fate<'a> {
    Live,
    Dead,
    Rewritten(CellRef<'a>),
    Dropped,
}

/// The seconds by which items are judged.
#[derive(Clone, Copy)]
struct Judge {
    now: NowInSeconds,
    purge_before_secs: u32,
    rewrites_expired: bool,
}

/// A fragment read once, and what is to be written of it.
struct Survey<'a> {
    head: Head,
    items: Items<'a>,
    covers: Covers,
    verdict: RowVerdict,
    /// Whether what is written differs from what was read.
    changes: bool,
}

impl Judge {
    fn survey(
        self,
        fragment: &[u8],
        covering: Option<Tombstone>,
    ) -> Result<Survey<'_>, CorruptFragment> {
        let (before, items) = codec::open(fragment)?;
        let covers = Covers::new(before.deletion.max(covering));
        let head = self.head(&before, covering);
        let mut survey = Survey {
            head,
            items,
            covers,
            verdict: RowVerdict {
                live: self.is_live(&head),
                empty: head.is_empty(),
                tombstones: u32::from(head.deletion.is_some()),
            },
            changes: head != before,
        };
        let verdict = &mut survey.verdict;
        let (mut items, mut covers) = (survey.items.clone(), covers);
        while let Some(item) = items.next()? {
            match self.fate(item, &mut covers) {
                Fate::Live => {
                    verdict.live = true;
                    verdict.empty = false;
                }
                Fate::Dead => {
                    verdict.tombstones = verdict.tombstones.saturating_add(1);
                    verdict.empty = false;
                }
                Fate::Rewritten(_) => {
                    verdict.tombstones = verdict.tombstones.saturating_add(1);
                    verdict.empty = false;
                    survey.changes = true;
                }
                Fate::Dropped => survey.changes = true,
            }
        }
        Ok(survey)
    }

    fn head(self, before: &Head, covering: Option<Tombstone>) -> Head {
        let row = before.deletion.filter(|&row| Some(row) > covering);
        let greatest = row.max(covering);
        let liveness = before.liveness.filter(|liveness| {
            let is_purgeable = |expiring: Expiring| {
                expiring.has_expired(self.now) && self.may_purge(expiring.written_secs())
            };
            greatest.is_none_or(|greatest| liveness.timestamp > greatest.deleted_at)
                && !liveness.expiring.is_some_and(is_purgeable)
        });
        Head {
            liveness,
            deletion: row.filter(|row| !self.may_purge(row.local_deletion_secs)),
            has_range_tombstones: before.has_range_tombstones,
        }
    }

    fn is_live(self, head: &Head) -> bool {
        head.liveness.is_some_and(|liveness| {
            let expiring = liveness.expiring;
            !expiring.is_some_and(|expiring| expiring.has_expired(self.now))
        })
    }

    const fn may_purge(self, local_deletion_secs: u32) -> bool {
        local_deletion_secs < self.purge_before_secs
    }

    #[inline]
    fn fate<'a>(self, item: ItemRef<'a>, covers: &mut Covers) -> Fate<'a> {
        if !covers.leaves(&item) {
            return Fate::Dropped;
        }
        let cell = match item {
            ItemRef::ColumnDeletion(_, tombstone) => {
                return self.dead(tombstone.local_deletion_secs);
            }
            ItemRef::Cell(cell) => cell,
        };
        match cell.state {
            CellStateRef::Live(_) => Fate::Live,
            CellStateRef::Expiring(_, expiring) if !expiring.has_expired(self.now) => Fate::Live,
            CellStateRef::Expiring(_, expiring) => {
                let local_deletion_secs = expiring.written_secs();
                match self.dead(local_deletion_secs) {
                    Fate::Dead if self.rewrites_expired => Fate::Rewritten(CellRef {
                        state: CellStateRef::Tombstone {
                            local_deletion_secs,
                        },
                        ..cell
                    }),
                    fate => fate,
                }
            }
            CellStateRef::Tombstone {
                local_deletion_secs,
            } => self.dead(local_deletion_secs),
        }
    }

    const fn dead<'a>(self, local_deletion_secs: u32) -> Fate<'a> {
        if self.may_purge(local_deletion_secs) {
            Fate::Dropped
        } else {
            Fate::Dead
        }
    }
}

impl Survey<'_> {
    fn write(&self, judge: Judge, out: &mut Vec<u8>) -> Result<(), CorruptFragment> {
        let mut writer = FragmentWriter::new(&self.head, out);
        let (mut items, mut covers) = (self.items.clone(), self.covers);
        while let Some(item) = items.next()? {
            match judge.fate(item, &mut covers) {
                Fate::Live | Fate::Dead => writer.item(&item),
                Fate::Rewritten(cell) => writer.item(&ItemRef::Cell(cell)),
                Fate::Dropped => {}
            }
        }
        Ok(())
    }
}
