//! A read under way: the partition it is in, what it has gathered, and when to stop.
//!
//! What goes into the reply is written into one buffer and cut into entries at the end, so that a
//! row costs no allocation of its own.

use super::Pair;
use super::PairCursor;
use super::Pairs;
use super::RangeTombstones;
use super::ReadError;
use crate::CorruptFragment;
use crate::CorruptKey;
use crate::DataReply;
use crate::Entry;
use crate::EntryKind;
use crate::FragmentView;
use crate::PartitionData;
use crate::Position;
use crate::ReadCommand;
use crate::Row;
use crate::Slice;
use crate::Tombstone;
use crate::key::header_suffix;
use crate::key::range_tombstone_bounds;
use crate::key::range_tombstone_suffix;
use crate::key::split_range_tombstone;
use crate::key::static_suffix;
use crate::read::window::Window;
use crate::reconcile::RowVerdict;
use crate::reconcile::normalize;
use bytes::Bytes;
use quorate_types::Token;
use std::ops::Range;

/// An entry as places in [`Scan::buffer`].
#[derive(Debug, Clone)]
struct Span {
    suffix: Range<usize>,
    fragment: Range<usize>,
}

/// The whole read.
#[derive(Debug)]
pub(super) struct Scan<'c> {
    pub(super) command: &'c ReadCommand,
    pub(super) stopped_at: Option<Position>,
    buffer: Vec<u8>,
    partitions: Vec<(Bytes, Vec<Span>)>,
    live_rows: u32,
    tombstones: u32,
}

/// The partition that the read is in.
#[derive(Debug)]
pub(super) struct PartitionScan<'c, 'p> {
    token: Token,
    key: Bytes,
    prefix: &'p [u8],
    pub(super) window: Window<'c>,
    deletion: Option<Tombstone>,
    ranges: RangeTombstones,
    has_live_static: bool,
    live_rows: u32,
    spans: Vec<Span>,
    /// How many of `spans` come before the range tombstones.
    header_spans: usize,
    /// Where a limit stopped it: the suffix of the last row that was read.
    stopped_after: Option<Bytes>,
    /// Whether that limit was the partition's own, so that the read goes on behind it.
    has_all_its_rows: bool,
}

impl<'c> Scan<'c> {
    pub(super) fn new(command: &'c ReadCommand) -> Self {
        Self {
            command,
            stopped_at: None,
            buffer: Vec::new(),
            partitions: Vec::new(),
            live_rows: 0,
            tombstones: 0,
        }
    }

    fn has_enough_rows(&self) -> bool {
        self.live_rows >= self.command.limits.rows.max(1)
    }

    fn has_enough_bytes(&self) -> bool {
        self.buffer.len() >= self.command.limits.reply_bytes as usize
    }

    /// What is left of an entry goes into the buffer.
    fn keep(
        &mut self,
        suffix: &[u8],
        fragment: &[u8],
        covering: Option<Tombstone>,
    ) -> Result<(RowVerdict, Option<Span>), CorruptFragment> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(suffix);
        let middle = self.buffer.len();
        let (now, purge) = (self.command.now, self.command.purge_before_secs);
        let verdict = normalize(fragment, covering, now, purge, &mut self.buffer)?;
        self.tombstones = self.tombstones.saturating_add(verdict.tombstones);
        if verdict.empty {
            self.buffer.truncate(start);
            return Ok((verdict, None));
        }
        let span = Span {
            suffix: start..middle,
            fragment: middle..self.buffer.len(),
        };
        Ok((verdict, Some(span)))
    }

    /// A deletion of a whole partition or range.
    fn keep_deletion(&mut self, suffix: &[u8], deletion: Tombstone) -> Span {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(suffix);
        let middle = self.buffer.len();
        let row = Row {
            deletion: Some(deletion),
            ..Row::default()
        };
        row.encode_into(&mut self.buffer);
        Span {
            suffix: start..middle,
            fragment: middle..self.buffer.len(),
        }
    }

    const fn may_purge(&self, tombstone: Tombstone) -> bool {
        tombstone.local_deletion_secs < self.command.purge_before_secs
    }

    /// Ends a partition; the place where the read stops, when it does.
    pub(super) fn close(&mut self, mut partition: PartitionScan<'_, '_>) -> Option<Bytes> {
        let reversed = self.command.reversed;
        let stopped_after = partition
            .stopped_after
            .take()
            .filter(|place| !partition.window.is_done_after(reversed, place));
        let window = partition.window.until(reversed, stopped_after.as_deref());
        let matters = |tombstone: &Tombstone| {
            !self.may_purge(*tombstone) && Some(*tombstone) > partition.deletion
        };
        let visible = partition.ranges.visible(&window, matters);
        let ranges: Vec<Span> = visible
            .into_iter()
            .map(|(slice, tombstone)| self.keep_deletion(&range_tombstone_suffix(slice), tombstone))
            .collect();
        let after_header = partition.header_spans..partition.header_spans;
        partition.spans.splice(after_header, ranges);
        let is_read_whole = stopped_after.is_none();
        let is_static_only = partition.has_live_static
            && partition.live_rows == 0
            && partition.window.rows_seen == 0
            && is_read_whole;
        if is_static_only {
            self.live_rows = self.live_rows.saturating_add(1);
        }
        let has_content = !partition.spans.is_empty();
        if has_content {
            self.partitions
                .push((partition.key.clone(), partition.spans));
        }
        let place = match stopped_after {
            Some(place) if !partition.has_all_its_rows => place,
            Some(_) if self.has_enough_rows() || self.has_enough_bytes() => Position::END,
            None if has_content && (self.has_enough_rows() || self.has_enough_bytes()) => {
                Position::END
            }
            Some(_) | None => return None,
        };
        self.stopped_at = Some(Position {
            token: partition.token,
            key: partition.key,
            suffix: place.clone(),
            rows_seen: partition
                .window
                .rows_seen
                .saturating_add(partition.live_rows),
        });
        Some(place)
    }

    pub(super) fn finish(self) -> DataReply {
        let buffer = Bytes::from(self.buffer);
        let entry = |span: Span| Entry {
            suffix: buffer.slice(span.suffix),
            fragment: buffer.slice(span.fragment),
        };
        let partition = |(key, spans): (Bytes, Vec<Span>)| PartitionData {
            key,
            entries: spans.into_iter().map(entry).collect(),
        };
        DataReply {
            partitions: self.partitions.into_iter().map(partition).collect(),
            stopped_at: self.stopped_at,
        }
    }
}

impl<'c, 'p> PartitionScan<'c, 'p> {
    pub(super) fn new(token: Token, key: Bytes, prefix: &'p [u8], window: Window<'c>) -> Self {
        Self {
            token,
            key,
            prefix,
            window,
            deletion: None,
            ranges: RangeTombstones::default(),
            has_live_static: false,
            live_rows: 0,
            spans: Vec::new(),
            header_spans: 0,
            stopped_after: None,
            has_all_its_rows: false,
        }
    }

    /// Reads single rows by their keys. Range tombstones are looked for only when the header says
    /// that there are some.
    pub(super) fn look_up<P: Pairs>(
        &mut self,
        pairs: &P,
        scan: &mut Scan<'_>,
        points: &[Bytes],
    ) -> Result<(), ReadError<P::Error>> {
        let mut storage_key = self.prefix.to_vec();
        let mut get = |suffix: &[u8]| {
            storage_key.truncate(self.prefix.len());
            storage_key.extend_from_slice(suffix);
            pairs.get(&storage_key).map_err(ReadError::Store)
        };
        let header = get(&header_suffix())?;
        let static_row = get(&static_suffix())?;
        if let Some(fragment) = header
            && self.take_header(scan, &fragment)?
            && !points.is_empty()
        {
            let lower = self.storage_key(&[EntryKind::RangeTombstone.byte()]);
            let upper = self.storage_key(&static_suffix());
            let mut cursor = pairs.cursor(&lower, Some(&upper));
            cursor.seek(&lower);
            self.scan_range_tombstones(&mut cursor, scan)?;
        }
        if let Some(fragment) = static_row {
            self.take_static(scan, &fragment)?;
        }
        storage_key.truncate(self.prefix.len());
        storage_key.push(EntryKind::Row.byte());
        let length = storage_key.len();
        let mut points = points.iter();
        while let Some(point) = if scan.command.reversed {
            points.next_back()
        } else {
            points.next()
        } {
            storage_key.truncate(length);
            storage_key.extend_from_slice(point);
            let Some(fragment) = pairs.get(&storage_key).map_err(ReadError::Store)? else {
                continue;
            };
            let suffix = storage_key.get(self.prefix.len()..).unwrap_or_default();
            if self.take_row(scan, suffix, &fragment)? {
                self.stopped_after = Some(Bytes::copy_from_slice(suffix));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads the partition from a cursor that stands at its first entry, or at the first of the
    /// next when it has none.
    pub(super) fn scan<C: PairCursor>(
        &mut self,
        cursor: &mut C,
        scan: &mut Scan<'_>,
    ) -> Result<(), ReadError<C::Error>> {
        if let Some((suffix, fragment)) = self.entry(cursor)?
            && suffix == &header_suffix()[..]
        {
            self.take_header(scan, fragment)?;
            cursor.next();
        }
        self.scan_range_tombstones(cursor, scan)?;
        if let Some((suffix, fragment)) = self.entry(cursor)? {
            let damaged = |source| self.corrupt_key(suffix, source);
            if EntryKind::check_suffix(suffix).map_err(damaged)? == EntryKind::Static {
                self.take_static(scan, fragment)?;
                cursor.next();
            }
        }
        // The window is read from front to back or from back to front.
        let slices = std::mem::take(&mut self.window.slices);
        let result = if scan.command.reversed {
            self.scan_backward(cursor, scan, &slices)
        } else {
            self.scan_forward(cursor, scan, &slices)
        };
        self.window.slices = slices;
        result
    }

    fn scan_forward<C: PairCursor>(
        &mut self,
        cursor: &mut C,
        scan: &mut Scan<'_>,
        slices: &[Slice],
    ) -> Result<(), ReadError<C::Error>> {
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            let from = self.row_key(&slice.start.0);
            let to = self.row_key(&slice.end.0);
            // Here all before the cursor has been read, so one that is past `from` already stands
            // at the first row of the slice.
            let here = cursor.item().map_err(ReadError::Store)?;
            if here.is_some_and(|(storage_key, _)| storage_key < &from[..]) {
                cursor.seek(&from);
            }
            while let Some((storage_key, fragment)) = cursor.item().map_err(ReadError::Store)? {
                if storage_key >= &to[..] {
                    break;
                }
                let suffix = self.suffix_of(storage_key)?;
                if self.take_row(scan, suffix, fragment)? {
                    self.stopped_after = Some(Bytes::copy_from_slice(suffix));
                    return Ok(());
                }
                cursor.next();
            }
        }
        Ok(())
    }

    fn scan_backward<C: PairCursor>(
        &mut self,
        cursor: &mut C,
        scan: &mut Scan<'_>,
        slices: &[Slice],
    ) -> Result<(), ReadError<C::Error>> {
        for slice in slices.iter().rev().filter(|slice| !slice.is_empty()) {
            let from = self.row_key(&slice.start.0);
            cursor.seek_for_prev(&self.row_key(&slice.end.0));
            while let Some((storage_key, fragment)) = cursor.item().map_err(ReadError::Store)? {
                if storage_key <= &from[..] {
                    break;
                }
                let suffix = self.suffix_of(storage_key)?;
                if self.take_row(scan, suffix, fragment)? {
                    self.stopped_after = Some(Bytes::copy_from_slice(suffix));
                    return Ok(());
                }
                cursor.prev();
            }
        }
        Ok(())
    }

    /// Reads the range tombstones that overlap the window, from a cursor before or at the first.
    fn scan_range_tombstones<C: PairCursor>(
        &mut self,
        cursor: &mut C,
        scan: &mut Scan<'_>,
    ) -> Result<(), ReadError<C::Error>> {
        let mut ranges = Vec::new();
        let window_end = self.window.slices.last().map(|slice| slice.end.clone());
        while let Some((suffix, fragment)) = self.entry(cursor)? {
            let damaged = |source| self.corrupt_key(suffix, source);
            match EntryKind::of_suffix(suffix) {
                Some(EntryKind::RangeTombstone) => {}
                Some(EntryKind::Static | EntryKind::Row) => break,
                Some(EntryKind::Header) | None => {
                    let what = "an entry that comes after the header";
                    return Err(damaged(CorruptKey { offset: 0, what }));
                }
            }
            let (start, _) = range_tombstone_bounds(suffix).map_err(damaged)?;
            if window_end.as_ref().is_none_or(|end| start >= &end.0[..]) {
                // They ascend by their starts: no other reaches the window.
                cursor.seek(&self.storage_key(&static_suffix()));
                break;
            }
            let slice = split_range_tombstone(suffix).map_err(damaged)?;
            if self.window.slices.iter().any(|read| read.overlaps(&slice)) {
                let view = FragmentView::parse(fragment)
                    .map_err(|source| self.corrupt_fragment(suffix, source))?;
                if let Some(tombstone) = view.deletion() {
                    ranges.push((slice, tombstone));
                    if !scan.may_purge(tombstone) && Some(tombstone) > self.deletion {
                        scan.tombstones = scan.tombstones.saturating_add(1);
                        self.check_tombstones(scan)?;
                    }
                }
            }
            cursor.next();
        }
        self.ranges = RangeTombstones::new(ranges);
        Ok(())
    }

    /// The partition's deletion; gives back whether there are range tombstones.
    fn take_header<E>(
        &mut self,
        scan: &mut Scan<'_>,
        fragment: &[u8],
    ) -> Result<bool, ReadError<E>> {
        let suffix = header_suffix();
        let view = FragmentView::parse(fragment)
            .map_err(|source| self.corrupt_fragment(&suffix, source))?;
        self.deletion = view.deletion();
        if let Some(deletion) = self.deletion.filter(|deletion| !scan.may_purge(*deletion)) {
            scan.tombstones = scan.tombstones.saturating_add(1);
            self.spans.push(scan.keep_deletion(&suffix, deletion));
            self.header_spans = 1;
        }
        Ok(view.has_range_tombstones())
    }

    fn take_static<E>(&mut self, scan: &mut Scan<'_>, fragment: &[u8]) -> Result<(), ReadError<E>> {
        let suffix = static_suffix();
        let (verdict, span) = scan
            .keep(&suffix, fragment, self.deletion)
            .map_err(|source| self.corrupt_fragment(&suffix, source))?;
        self.has_live_static = verdict.live;
        self.spans.extend(span);
        self.check_tombstones(scan)
    }

    /// Gives back whether a limit says to stop after this row.
    fn take_row<E>(
        &mut self,
        scan: &mut Scan<'_>,
        suffix: &[u8],
        fragment: &[u8],
    ) -> Result<bool, ReadError<E>> {
        let clustering = suffix.get(1..).unwrap_or_default();
        let covering = self.deletion.max(self.ranges.covering(clustering));
        let (verdict, span) = scan
            .keep(suffix, fragment, covering)
            .map_err(|source| self.corrupt_fragment(suffix, source))?;
        self.spans.extend(span);
        self.check_tombstones(scan)?;
        if verdict.live {
            scan.live_rows = scan.live_rows.saturating_add(1);
            self.live_rows = self.live_rows.saturating_add(1);
            let rows = self.window.rows_seen.saturating_add(self.live_rows);
            self.has_all_its_rows = rows >= scan.command.limits.rows_per_partition.max(1);
            if self.has_all_its_rows || scan.has_enough_rows() {
                return Ok(true);
            }
        }
        Ok(!verdict.empty && scan.has_enough_bytes())
    }

    fn check_tombstones<E>(&self, scan: &Scan<'_>) -> Result<(), ReadError<E>> {
        if scan.tombstones <= scan.command.limits.tombstones {
            return Ok(());
        }
        Err(ReadError::TooManyTombstones {
            tombstones: scan.tombstones,
            live_rows: scan.live_rows,
            token: self.token,
            partition: self.key.clone(),
        })
    }

    /// What the cursor stands at, when that belongs to the partition.
    fn entry<'k, C: PairCursor>(
        &self,
        cursor: &'k C,
    ) -> Result<Option<Pair<'k>>, ReadError<C::Error>> {
        let item = cursor.item().map_err(ReadError::Store)?;
        Ok(item.and_then(|(storage_key, fragment)| {
            let suffix = storage_key.strip_prefix(self.prefix)?;
            Some((suffix, fragment))
        }))
    }

    fn suffix_of<'k, E>(&self, storage_key: &'k [u8]) -> Result<&'k [u8], ReadError<E>> {
        let suffix = storage_key.strip_prefix(self.prefix).unwrap_or_default();
        EntryKind::check_suffix(suffix).map_err(|source| self.corrupt_key(suffix, source))?;
        Ok(suffix)
    }

    fn storage_key(&self, suffix: &[u8]) -> Vec<u8> {
        [self.prefix, suffix].concat()
    }

    fn row_key(&self, clustering_or_bound: &[u8]) -> Vec<u8> {
        [self.prefix, &[EntryKind::Row.byte()], clustering_or_bound].concat()
    }

    fn corrupt_fragment<E>(&self, suffix: &[u8], source: CorruptFragment) -> ReadError<E> {
        ReadError::CorruptFragment {
            key: Bytes::from(self.storage_key(suffix)),
            source,
        }
    }

    fn corrupt_key<E>(&self, suffix: &[u8], source: CorruptKey) -> ReadError<E> {
        ReadError::CorruptKey {
            key: Bytes::from(self.storage_key(suffix)),
            source,
        }
    }
}
