//! One partition of several replies.

use crate::CorruptFragment;
use crate::Entry;
use crate::EntryKind;
use crate::FragmentView;
use crate::Position;
use crate::ReadCommand;
use crate::Row;
use crate::Tombstone;
use crate::key::header_suffix;
use crate::key::range_tombstone_suffix;
use crate::key::split_range_tombstone;
use crate::key::static_suffix;
use crate::partition::RangeTombstones;
use crate::read::has_same_content;
use crate::read::window::Window;
use crate::read::window::compare_places;
use crate::reconcile::Merger;
use crate::reconcile::RowVerdict;
use crate::reconcile::normalize;
use bytes::Bytes;
use std::collections::BTreeMap;

/// What one reply says of the partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartitionReply<'r> {
    pub(super) entries: &'r [Entry],
    /// Where in this partition the reply stopped, when it did.
    pub(super) stopped_after: Option<&'r Bytes>,
}

/// What they say together.
#[derive(Debug, Default)]
pub(super) struct MergedPartition {
    pub(super) entries: Vec<Entry>,
    /// For each reply.
    pub(super) repairs: Vec<Vec<Entry>>,
    /// Rows that count against the limits; one when only the static row is live.
    pub(super) counted_rows: u32,
    /// Rows of the partition that count, those of earlier pages too.
    pub(super) rows_seen: u32,
    /// Where it ends, when that is not its end and not its own limit of rows.
    pub(super) stopped_after: Option<Bytes>,
}

/// A reply's part, sorted out.
#[derive(Default)]
struct Sorted<'r> {
    deletion: Option<Tombstone>,
    ranges: BTreeMap<&'r Bytes, Tombstone>,
    static_row: Option<&'r Bytes>,
    rows: &'r [Entry],
}

/// Merges what the replies say, up to `rows_wanted` live rows.
pub(super) fn merge_partition(
    command: &ReadCommand,
    window: Window<'_>,
    replies: &[PartitionReply<'_>],
    rows_wanted: u32,
) -> Result<MergedPartition, CorruptFragment> {
    let sorted = replies
        .iter()
        .map(|reply| sort_out(command, reply.entries))
        .collect::<Result<Vec<_>, _>>()?;
    let mut end = Position::END;
    for (reply, sorted) in replies.iter().zip(&sorted) {
        if let Some(known) = known_until(command, reply, sorted, window.rows_seen)?
            && compare_places(command.reversed, &known, &end).is_lt()
        {
            end = known;
        }
    }
    let deletion = sorted.iter().filter_map(|sorted| sorted.deletion).max();
    let merge = PartitionMerge {
        command,
        deletion,
        ranges: united_ranges(&sorted)?,
        replies: sorted,
        window,
    };
    merge.merge(&end, rows_wanted)
}

fn sort_out<'r>(
    command: &ReadCommand,
    entries: &'r [Entry],
) -> Result<Sorted<'r>, CorruptFragment> {
    let damage = |what| CorruptFragment { offset: 0, what };
    let mut sorted = Sorted::default();
    let mut previous: Option<&Entry> = None;
    for (index, entry) in entries.iter().enumerate() {
        let kind = EntryKind::of_suffix(&entry.suffix).ok_or(damage("the kind of an entry"))?;
        let ascends = previous.is_none_or(|previous| {
            if kind == EntryKind::Row {
                compare_places(command.reversed, &previous.suffix, &entry.suffix).is_lt()
            } else {
                previous.suffix < entry.suffix
            }
        });
        if !ascends {
            return Err(damage("a reply whose entries are in the order of the read"));
        }
        previous = Some(entry);
        match kind {
            EntryKind::Header => {
                sorted.deletion = FragmentView::parse(&entry.fragment)?.deletion();
            }
            EntryKind::RangeTombstone => {
                if let Some(deletion) = FragmentView::parse(&entry.fragment)?.deletion() {
                    sorted.ranges.insert(&entry.suffix, deletion);
                }
            }
            EntryKind::Static => sorted.static_row = Some(&entry.fragment),
            EntryKind::Row => {
                if sorted.rows.is_empty() {
                    sorted.rows = entries.get(index..).unwrap_or_default();
                }
            }
        }
    }
    Ok(sorted)
}

/// How far a reply knows the partition: to where it stopped, else to the row at which the
/// partition had all the rows it may have, else to its end (`None`).
fn known_until(
    command: &ReadCommand,
    reply: &PartitionReply<'_>,
    sorted: &Sorted<'_>,
    rows_seen: u32,
) -> Result<Option<Bytes>, CorruptFragment> {
    let limit = command.limits.rows_per_partition.max(1);
    let may_be_full = rows_seen as usize + sorted.rows.len() >= limit as usize;
    if may_be_full && let Some(last) = sorted.rows.last() {
        let mut live_rows = rows_seen;
        for row in sorted.rows {
            let verdict = judge(command, &row.fragment, None, &mut Vec::new())?;
            live_rows = live_rows.saturating_add(u32::from(verdict.live));
        }
        if live_rows >= limit {
            return Ok(Some(last.suffix.clone()));
        }
    }
    Ok(reply.stopped_after.cloned())
}

fn united_ranges(replies: &[Sorted<'_>]) -> Result<RangeTombstones, CorruptFragment> {
    let mut united: BTreeMap<&Bytes, Tombstone> = BTreeMap::new();
    for (suffix, tombstone) in replies.iter().flat_map(|reply| &reply.ranges) {
        let greatest = united.entry(suffix).or_insert(*tombstone);
        *greatest = (*greatest).max(*tombstone);
    }
    let ranges = united.into_iter().map(|(suffix, tombstone)| {
        let slice = split_range_tombstone(suffix).map_err(|corrupt| CorruptFragment {
            offset: corrupt.offset,
            what: corrupt.what,
        })?;
        Ok((slice, tombstone))
    });
    let ranges = ranges.collect::<Result<_, CorruptFragment>>()?;
    Ok(RangeTombstones::new(ranges))
}

fn judge(
    command: &ReadCommand,
    fragment: &[u8],
    covering: Option<Tombstone>,
    out: &mut Vec<u8>,
) -> Result<RowVerdict, CorruptFragment> {
    normalize(
        fragment,
        covering,
        command.now,
        command.purge_before_secs,
        out,
    )
}

fn deletion_entry(suffix: Bytes, deletion: Tombstone) -> Entry {
    let row = Row {
        deletion: Some(deletion),
        ..Row::default()
    };
    Entry {
        suffix,
        fragment: row.encode(),
    }
}

struct PartitionMerge<'c, 'r> {
    command: &'c ReadCommand,
    window: Window<'c>,
    replies: Vec<Sorted<'r>>,
    deletion: Option<Tombstone>,
    ranges: RangeTombstones,
}

impl PartitionMerge<'_, '_> {
    fn merge(self, end: &Bytes, rows_wanted: u32) -> Result<MergedPartition, CorruptFragment> {
        let mut merged = MergedPartition {
            repairs: vec![Vec::new(); self.replies.len()],
            ..MergedPartition::default()
        };
        let mut row_repairs = vec![Vec::new(); self.replies.len()];
        let static_rows: Vec<_> = self.replies.iter().map(|reply| reply.static_row).collect();
        let (static_is_live, static_entry) = self.merge_entry(
            &static_suffix(),
            &static_rows,
            self.deletion,
            &mut row_repairs,
        )?;
        let mut rows = Vec::new();
        let (live_rows, stopped_after) =
            self.merge_rows(end, rows_wanted, &mut rows, &mut row_repairs)?;
        merged.rows_seen = self.window.rows_seen.saturating_add(live_rows);
        merged.counted_rows = live_rows;
        let is_full = merged.rows_seen >= self.command.limits.rows_per_partition.max(1);
        if static_is_live && merged.rows_seen == 0 && stopped_after.is_none() {
            merged.counted_rows = 1;
        }
        self.merge_deletions(stopped_after.as_deref(), &mut merged);
        merged.entries.extend(static_entry);
        merged.entries.extend(rows);
        for (repairs, more) in merged.repairs.iter_mut().zip(row_repairs) {
            repairs.extend(more);
            // Mutations are in storage order, whatever the order of the read.
            repairs.sort_unstable_by(|a, b| a.suffix.cmp(&b.suffix));
        }
        merged.stopped_after = stopped_after.filter(|_| !is_full);
        Ok(merged)
    }

    /// The header and the range tombstones that matter for what was read.
    fn merge_deletions(&self, stopped_after: Option<&[u8]>, merged: &mut MergedPartition) {
        let may_purge =
            |tombstone: Tombstone| tombstone.local_deletion_secs < self.command.purge_before_secs;
        let header = self.deletion.filter(|deletion| !may_purge(*deletion));
        let window = self.window.until(self.command.reversed, stopped_after);
        let matters =
            |tombstone: &Tombstone| !may_purge(*tombstone) && Some(*tombstone) > self.deletion;
        let visible = self.ranges.visible(&window, matters);
        let ranges: Vec<(Bytes, Tombstone)> = visible
            .into_iter()
            .map(|(slice, tombstone)| (range_tombstone_suffix(slice), tombstone))
            .collect();
        for (reply, repairs) in self.replies.iter().zip(&mut merged.repairs) {
            let is_lacking = |own: Option<&Tombstone>, tombstone: &Tombstone| {
                own.map(|own| own.deleted_at) != Some(tombstone.deleted_at)
            };
            let lacking: Vec<Entry> = ranges
                .iter()
                .filter(|(suffix, tombstone)| is_lacking(reply.ranges.get(suffix), tombstone))
                .map(|(suffix, tombstone)| deletion_entry(suffix.clone(), *tombstone))
                .collect();
            let lacks_header = |deletion: &Tombstone| is_lacking(reply.deletion.as_ref(), deletion);
            let row = Row {
                deletion: header.filter(lacks_header),
                has_range_tombstones: !lacking.is_empty(),
                ..Row::default()
            };
            if !row.is_empty() {
                repairs.push(Entry {
                    suffix: header_suffix(),
                    fragment: row.encode(),
                });
            }
            repairs.extend(lacking);
        }
        let header = header.map(|deletion| deletion_entry(header_suffix(), deletion));
        merged.entries.extend(header);
        let ranges = ranges.into_iter();
        merged
            .entries
            .extend(ranges.map(|(suffix, tombstone)| deletion_entry(suffix, tombstone)));
    }

    /// Merges rows up to `end` or a limit; gives back how many are live and where it stopped.
    fn merge_rows(
        &self,
        end: &Bytes,
        rows_wanted: u32,
        rows: &mut Vec<Entry>,
        repairs: &mut [Vec<Entry>],
    ) -> Result<(u32, Option<Bytes>), CorruptFragment> {
        let reversed = self.command.reversed;
        let limit = self.command.limits.rows_per_partition.max(1);
        let limit = limit.saturating_sub(self.window.rows_seen).min(rows_wanted);
        let mut left: Vec<&[Entry]> = self.replies.iter().map(|reply| reply.rows).collect();
        let mut live_rows = 0;
        loop {
            let heads = left.iter().filter_map(|rows| rows.first());
            let next = heads.min_by(|a, b| compare_places(reversed, &a.suffix, &b.suffix));
            let Some(suffix) = next.map(|entry| entry.suffix.clone()) else {
                break;
            };
            if compare_places(reversed, &suffix, end).is_gt() {
                break;
            }
            let versions: Vec<Option<&Bytes>> = left
                .iter_mut()
                .map(|rows| {
                    let (first, rest) = rows.split_first()?;
                    if first.suffix != suffix {
                        return None;
                    }
                    *rows = rest;
                    Some(&first.fragment)
                })
                .collect();
            let clustering = suffix.get(1..).unwrap_or_default();
            let covering = self.deletion.max(self.ranges.covering(clustering));
            let (is_live, entry) = self.merge_entry(&suffix, &versions, covering, repairs)?;
            rows.extend(entry);
            live_rows += u32::from(is_live);
            if live_rows >= limit {
                return Ok((live_rows, self.stop_after(suffix)));
            }
        }
        Ok((live_rows, self.stop_after(end.clone())))
    }

    /// A stop at this place is one only when something can follow it in the partition.
    fn stop_after(&self, place: Bytes) -> Option<Bytes> {
        Some(place).filter(|place| !self.window.is_done_after(self.command.reversed, place))
    }

    /// Merges the versions of one entry, and notes who lacks what of it.
    fn merge_entry(
        &self,
        suffix: &Bytes,
        versions: &[Option<&Bytes>],
        covering: Option<Tombstone>,
        repairs: &mut [Vec<Entry>],
    ) -> Result<(bool, Option<Entry>), CorruptFragment> {
        let mut merger = Merger::new();
        for fragment in versions.iter().copied().flatten() {
            merger.push(fragment)?;
        }
        if merger.is_empty() {
            return Ok((false, None));
        }
        let mut merged = Vec::new();
        let verdict = judge(self.command, merger.finish(), covering, &mut merged)?;
        if verdict.empty {
            return Ok((false, None));
        }
        let same = versions
            .iter()
            .copied()
            .flatten()
            .find(|own| **own == merged);
        let entry = Entry {
            suffix: suffix.clone(),
            fragment: same.cloned().unwrap_or_else(|| Bytes::from(merged)),
        };
        for (own, repairs) in versions.iter().zip(repairs) {
            if !self.says_the_same(*own, &entry.fragment, covering)? {
                repairs.push(entry.clone());
            }
        }
        Ok((verdict.live, Some(entry)))
    }

    /// Whether a replica that has `own` needs nothing but the deletions that cover the entry to
    /// say what `merged` does.
    fn says_the_same(
        &self,
        own: Option<&Bytes>,
        merged: &Bytes,
        covering: Option<Tombstone>,
    ) -> Result<bool, CorruptFragment> {
        let Some(own) = own else {
            return Ok(false);
        };
        if own == merged {
            return Ok(true);
        }
        let mut left = Vec::new();
        judge(self.command, own, covering, &mut left)?;
        Ok(has_same_content(&left, merged, self.command.now))
    }
}
