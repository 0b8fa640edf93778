//! The reading part of a sweep: partition by partition, which entries have something to sweep.
//!
//! Runs on its own thread and writes nothing.

use super::SweepReport;
use super::chunk::Candidate;
use super::chunk::CandidateKind;
use super::chunk::SweepChunk;
use crate::EngineError;
use crate::apply::Control;
use crate::apply::Item;
use crate::apply::submit_control;
use crate::apply::take_turn;
use crate::pairs::Stop;
use crate::pairs::StoredPairs;
use crate::pairs::Tier;
use crate::state::State;
use crate::table::Table;
use quorate_commitlog::LogWriter;
use quorate_data::EntryKind;
use quorate_data::Row;
use quorate_data::Slice;
use quorate_data::Tombstone;
use quorate_data::key::split_key;
use quorate_data::key::split_range_tombstone;
use quorate_data::key::token_bounds;
use quorate_data::partition::PairCursor;
use quorate_data::reconcile;
use quorate_data::reconcile::SweepVerdict;
use quorate_types::NowInSeconds;
use quorate_types::TokenRange;
use std::sync::Arc;

/// Entries read from one snapshot; a leg ends with the partition in which it reads so many.
const LEG_ENTRIES: u64 = 16_384;
/// Candidates that the writer thread decides in one turn: well under a millisecond.
const CHUNK_ENTRIES: usize = 128;

/// Sweeps all entries of a range.
pub(super) fn scan(
    state: &State,
    writer: &LogWriter<Item>,
    table: Arc<Table>,
    now: NowInSeconds,
    purge_before_secs: u32,
    range: TokenRange,
) -> Result<SweepReport, EngineError> {
    let mut sweeper = Sweeper {
        state,
        writer,
        table,
        now,
        purge_before_secs,
        generation: 0,
        candidates: Vec::new(),
        table_gone: false,
        report: SweepReport::default(),
    };
    let (mut from, upper) = token_bounds(range);
    let swept = loop {
        match sweeper.leg(&from, upper.as_deref()) {
            Ok(Some(next)) => from = next,
            Ok(None) => break Ok(sweeper.report),
            Err(error) => break Err(error),
        }
    };
    // A writer that is gone watches nothing any more.
    let _ = submit_control(state, writer, Control::Unwatch);
    swept
}

struct Sweeper<'a> {
    state: &'a State,
    writer: &'a LogWriter<Item>,
    table: Arc<Table>,
    now: NowInSeconds,
    purge_before_secs: u32,
    generation: u64,
    candidates: Vec<Candidate>,
    table_gone: bool,
    report: SweepReport,
}

/// A partition as far as it was read.
#[derive(Default)]
struct PartitionScan {
    prefix: Vec<u8>,
    deletion: Option<Tombstone>,
    header: Option<HeaderScan>,
    ranges: Vec<RangeScan>,
    /// Of `ranges`, the first that begins after the row that was read last.
    ranges_begun: usize,
    /// Of `ranges`, those that the row that was read last lies in, or may.
    ranges_open: Vec<usize>,
    /// Something in it cannot be read: it may be covered by any tombstone of the partition.
    unreadable: bool,
}

struct HeaderScan {
    key: Vec<u8>,
    purgeable: bool,
    has_mark: bool,
}

struct RangeScan {
    key: Vec<u8>,
    slice: Slice,
    tombstone: Tombstone,
    purgeable: bool,
}

impl Sweeper<'_> {
    /// Sweeps from a key on; where to go on, if there is more.
    fn leg(&mut self, from: &[u8], upper: Option<&[u8]>) -> Result<Option<Vec<u8>>, EngineError> {
        // Before the snapshot: a write is in one or noted by the other.
        self.watch()?;
        let family = self
            .table
            .handle(&self.state.db)
            .ok_or(EngineError::UnknownTable(self.table.id))?;
        let tier = Tier::Disk { fill_cache: false };
        let pairs = StoredPairs::new(&self.state.db, self.table.id, family, tier);
        let mut cursor = pairs.scan(from, upper);
        cursor.seek(from);
        let entries_before = self.report.entries_read;
        let mut partition: Option<PartitionScan> = None;
        while let Some((key, fragment)) = cursor.item().map_err(failed)? {
            let in_partition = partition
                .take_if(|partition| !key.starts_with(&partition.prefix))
                .map(|finished| self.finish(finished))
                .is_none();
            if !in_partition && self.report.entries_read - entries_before >= LEG_ENTRIES {
                let next = key.to_vec();
                self.send()?;
                return Ok((!self.table_gone).then_some(next));
            }
            self.report.entries_read += 1;
            self.entry(&mut partition, key, fragment);
            if self.candidates.len() >= CHUNK_ENTRIES {
                self.send()?;
            }
            if self.table_gone {
                return Ok(None);
            }
            cursor.next();
        }
        if let Some(finished) = partition {
            self.finish(finished);
        }
        self.send()?;
        Ok(None)
    }

    fn watch(&mut self) -> Result<(), EngineError> {
        let table = Arc::clone(&self.table);
        let watch = |done| Control::Watch { table, done };
        self.generation = take_turn(self.state, self.writer, watch)?;
        Ok(())
    }

    /// Has the candidates decided and swept on the writer thread.
    fn send(&mut self) -> Result<(), EngineError> {
        if self.candidates.is_empty() {
            return Ok(());
        }
        let chunk = SweepChunk {
            table: Arc::clone(&self.table),
            generation: self.generation,
            now: self.now,
            purge_before_secs: self.purge_before_secs,
            candidates: std::mem::take(&mut self.candidates),
        };
        let sweep = |done| Control::Sweep { chunk, done };
        let counts = take_turn(self.state, self.writer, sweep)?;
        self.report.entries_dropped += counts.dropped;
        self.report.entries_rewritten += counts.rewritten;
        self.report.tombstones_postponed += counts.postponed;
        self.report.entries_corrupt += counts.corrupt;
        self.table_gone |= counts.table_gone;
        Ok(())
    }

    /// Reads one entry into its partition.
    fn entry(&mut self, current: &mut Option<PartitionScan>, key: &[u8], fragment: &[u8]) {
        if current.is_none() {
            let Ok((_, _, suffix)) = split_key(key) else {
                self.corrupt(key, "no storage key");
                return;
            };
            let prefix = key.strip_suffix(suffix).unwrap_or(key);
            *current = Some(PartitionScan {
                prefix: prefix.to_vec(),
                ..PartitionScan::default()
            });
        }
        let Some(partition) = current else { return };
        let suffix = key.get(partition.prefix.len()..).unwrap_or_default();
        let read = match EntryKind::of_suffix(suffix) {
            Some(EntryKind::Header) => self.header(partition, key, fragment),
            Some(EntryKind::RangeTombstone) => self.range(partition, key, suffix, fragment),
            Some(EntryKind::Static) => self.row(key, fragment, partition.deletion),
            Some(EntryKind::Row) => {
                let clustering = suffix.get(1..).unwrap_or_default();
                let covering = partition.covering(clustering);
                self.row(key, fragment, covering)
            }
            None => Err("no entry kind".to_owned()),
        };
        if let Err(what) = read {
            partition.unreadable = true;
            self.corrupt(key, &what);
        }
    }

    fn corrupt(&mut self, key: &[u8], what: &str) {
        self.report.entries_corrupt += 1;
        tracing::warn!(table = %self.table.id, key = ?key, what, "an entry cannot be read; it is left alone");
    }

    fn verdict(&self, fragment: &[u8], covering: Option<Tombstone>) -> Result<bool, String> {
        reconcile::sweep(fragment, covering, self.now, self.purge_before_secs)
            .map(|verdict| verdict != SweepVerdict::Keep)
            .map_err(|error| error.to_string())
    }

    fn header(
        &self,
        partition: &mut PartitionScan,
        key: &[u8],
        fragment: &[u8],
    ) -> Result<(), String> {
        let header = Row::decode(fragment).map_err(|error| error.to_string())?;
        partition.deletion = header.deletion;
        partition.header = Some(HeaderScan {
            key: key.to_vec(),
            purgeable: self.verdict(fragment, None)?,
            has_mark: header.has_range_tombstones,
        });
        Ok(())
    }

    fn range(
        &self,
        partition: &mut PartitionScan,
        key: &[u8],
        suffix: &[u8],
        fragment: &[u8],
    ) -> Result<(), String> {
        let slice = split_range_tombstone(suffix).map_err(|error| error.to_string())?;
        let row = Row::decode(fragment).map_err(|error| error.to_string())?;
        let tombstone = row.deletion.ok_or("a range tombstone without deletion")?;
        partition.ranges.push(RangeScan {
            key: key.to_vec(),
            slice,
            tombstone,
            purgeable: self.verdict(fragment, partition.deletion)?,
        });
        Ok(())
    }

    fn row(
        &mut self,
        key: &[u8],
        fragment: &[u8],
        covering: Option<Tombstone>,
    ) -> Result<(), String> {
        if self.verdict(fragment, covering)? {
            self.candidates.push(Candidate {
                key: key.to_vec(),
                covering,
                what: CandidateKind::Row,
            });
        }
        Ok(())
    }

    /// After the last entry of a partition: its covering tombstones (**E5**).
    fn finish(&mut self, partition: PartitionScan) {
        let purgeable = partition.ranges.iter().filter(|range| range.purgeable);
        let all_ranges_go = purgeable.clone().count() == partition.ranges.len();
        let header = partition.header.and_then(|header| {
            let clear_mark = header.has_mark && all_ranges_go;
            (header.purgeable || clear_mark).then_some(Candidate {
                key: header.key,
                covering: None,
                what: CandidateKind::Header { clear_mark },
            })
        });
        if partition.unreadable {
            let count = purgeable.count() + usize::from(header.is_some());
            self.report.tombstones_postponed += count as u64;
            return;
        }
        let ranges = partition
            .ranges
            .into_iter()
            .filter(|range| range.purgeable)
            .map(|range| Candidate {
                key: range.key,
                covering: partition.deletion,
                what: CandidateKind::RangeTombstone,
            });
        self.candidates.extend(ranges);
        self.candidates.extend(header);
    }
}

impl PartitionScan {
    /// The deletion over a row. Rows must be asked for in their order.
    fn covering(&mut self, clustering: &[u8]) -> Option<Tombstone> {
        while let Some(next) = self.ranges.get(self.ranges_begun) {
            if next.slice.start.0.as_ref() >= clustering {
                break;
            }
            self.ranges_open.push(self.ranges_begun);
            self.ranges_begun += 1;
        }
        let ranges = &self.ranges;
        let is_open = |range: &RangeScan| range.slice.end.0.as_ref() > clustering;
        self.ranges_open
            .retain(|index| ranges.get(*index).is_some_and(is_open));
        let open = self
            .ranges_open
            .iter()
            .filter_map(|index| ranges.get(*index));
        open.map(|range| range.tombstone).chain(self.deletion).max()
    }
}

fn failed(stop: Stop) -> EngineError {
    match stop {
        Stop::Failed(error) => error,
        Stop::WouldBlock => {
            EngineError::Io("a scan that may wait for the disk was told that it would".to_owned())
        }
    }
}
