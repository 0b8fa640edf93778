//! Opening a directory: looks through every segment, judges what it finds, and only then changes
//! anything.
//!
//! A crash may leave, and nothing else counts as normal: the last segment torn behind its last
//! mark; behind it segments that were prepared and never written; spares in any state. Everything
//! else is damage.
//!
//! # Invariants
//!
//! * **L4** What is replayed is a prefix of what was appended, or the gap is reported as damage.
//! * **L5** Opening never appends to a segment that holds anything: unsynced bytes of the earlier
//!   run may stand behind its end, and have the same salt.

use crate::disk::{Disk, DiskFile};
use crate::frame::{self, HEADER_BYTES, HeaderFault, Salt};
use crate::replay::{ReplaySegment, ReplaySummary, TornTail};
use crate::segment::{Content, Ending, FileName, PrepareError, PreparedSegment, prepare};
use crate::{Damage, DamageKind, DamagePolicy, LogConfig, LogError, LogPosition};
use std::collections::{BTreeMap, VecDeque};
use std::io;

/// A directory that is ready for a log.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) summary: ReplaySummary,
    pub(crate) replay: VecDeque<ReplaySegment>,
    pub(crate) closed: VecDeque<ClosedSegment>,
    pub(crate) active: PreparedSegment,
    pub(crate) prepared: Option<PreparedSegment>,
    pub(crate) spares: Vec<u64>,
    /// Greater than every id seen.
    pub(crate) next_id: u64,
}

/// A segment that takes no more records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClosedSegment {
    pub(crate) id: u64,
    pub(crate) bytes_used: u32,
    pub(crate) bytes_on_disk: u64,
}

/// A segment's file and what is in it.
#[derive(Debug)]
struct Found {
    id: u64,
    file: Box<dyn DiskFile>,
    bytes_on_disk: u64,
    content: Content,
}

/// What the directory holds, before anything was changed.
#[derive(Debug)]
struct Inventory {
    written: Vec<Found>,
    pristine: VecDeque<Found>,
    blank: Vec<Found>,
    spares: Vec<u64>,
    stale_spares: Vec<u64>,
    next_id: u64,
}

pub(crate) fn recover(disk: &dyn Disk, config: &LogConfig) -> Result<Recovered, LogError> {
    let Inventory {
        written,
        mut pristine,
        blank,
        mut spares,
        stale_spares,
        mut next_id,
    } = take_inventory(disk, config)?;
    let judgement = judge(&written, pristine.front());
    if config.damage_policy == DamagePolicy::Refuse
        && let Some(damage) = judgement.damage.first()
    {
        return Err(LogError::Damaged(damage.clone()));
    }
    report(&judgement);

    let io = |action, name: String| {
        let path = config.directory.join(name);
        move |source| LogError::Io {
            action,
            path,
            source,
        }
    };
    sync_last(&written, config)?;
    let first_pristine = pristine.pop_front();
    let prepared = pristine.pop_front();
    let needless = blank.into_iter().chain(pristine);
    let needless = needless.map(|found| FileName::Segment(found.id));
    let needless: Vec<_> = needless
        .chain(stale_spares.into_iter().map(FileName::Spare))
        .collect();
    for name in needless.iter().map(|name| name.text()) {
        disk.remove(&name).map_err(io("remove", name))?;
    }
    // A killed process leaves names that are visible and not yet durable: of the segment that is
    // written next, of spares that are overwritten next. And what was just removed must not come
    // back between segments that hold records.
    disk.sync_directory().map_err(io("sync", String::new()))?;
    let active = if let Some(Found { id, file, .. }) = first_pristine {
        PreparedSegment { id, file }
    } else {
        next_id += 1;
        prepare(disk, next_id - 1, config.segment_bytes, spares.pop())
            .map_err(|error| prepare_failed(config, error))?
    };
    if let Some(last) = written.last()
        && !judgement.last_is_damaged
    {
        let name = FileName::Segment(last.id).text();
        close_last(last, active.id).map_err(io("close", name))?;
    }
    let prepared = prepared.map(|Found { id, file, .. }| PreparedSegment { id, file });
    Ok(assemble(
        config, written, judgement, active, prepared, spares, next_id,
    ))
}

fn assemble(
    config: &LogConfig,
    written: Vec<Found>,
    judgement: Judgement,
    active: PreparedSegment,
    prepared: Option<PreparedSegment>,
    spares: Vec<u64>,
    next_id: u64,
) -> Recovered {
    let summary = ReplaySummary {
        segments: written.len(),
        records: written.iter().map(|found| found.content.records).sum(),
        bytes: written
            .iter()
            .map(|found| found.content.payload_bytes)
            .sum(),
        torn_tail: judgement.torn_tail,
        damage: judgement.damage,
    };
    let closed = written
        .iter()
        .map(
            |Found {
                 id,
                 bytes_on_disk,
                 content,
                 ..
             }| ClosedSegment {
                id: *id,
                bytes_used: content.end,
                bytes_on_disk: *bytes_on_disk,
            },
        )
        .collect();
    let replay = written
        .into_iter()
        .filter(|found| found.content.records > 0)
        .map(
            |Found {
                 id, file, content, ..
             }| ReplaySegment {
                id,
                path: config.directory.join(FileName::Segment(id).text()),
                file,
                end: content.end,
            },
        )
        .collect();
    Recovered {
        summary,
        replay,
        closed,
        active,
        prepared,
        spares,
        next_id,
    }
}

/// What an attempt to make a segment failed with: a full disk is no reason to stop for good.
pub(crate) fn prepare_failed(config: &LogConfig, error: PrepareError) -> LogError {
    if error.is_full() {
        return LogError::Full {
            segment: error.id,
            source: error.source,
        };
    }
    let PrepareError {
        action,
        name,
        source,
        ..
    } = error;
    LogError::Io {
        action,
        path: config.directory.join(name),
        source,
    }
}

fn take_inventory(disk: &dyn Disk, config: &LogConfig) -> Result<Inventory, LogError> {
    let io = |action, path| {
        move |source| LogError::Io {
            action,
            path,
            source,
        }
    };
    let files = disk.list().map_err(io("list", config.directory.clone()))?;
    let mut segments = BTreeMap::new();
    let (mut spares, mut stale_spares) = (Vec::new(), Vec::new());
    let mut last_id = 0;
    for (name, bytes_on_disk) in files {
        match FileName::parse(&name) {
            Some(FileName::Segment(id)) => {
                last_id = last_id.max(id);
                segments.insert(id, bytes_on_disk);
            }
            Some(FileName::Spare(id)) => {
                last_id = last_id.max(id);
                let whole = bytes_on_disk == u64::from(config.segment_bytes);
                if whole {
                    &mut spares
                } else {
                    &mut stale_spares
                }
                .push(id);
            }
            None => {
                tracing::warn!(directory = %config.directory.display(), name, "not a file of the log, left alone");
            }
        }
    }
    let mut written = Vec::new();
    for (id, bytes_on_disk) in segments {
        let path = config.directory.join(FileName::Segment(id).text());
        let file = disk
            .open(&FileName::Segment(id).text())
            .map_err(io("open", path.clone()))?;
        let bytes = file.read().map_err(io("read", path.clone()))?;
        let content = Content::of(&bytes, id);
        if let Err(HeaderFault::Version(found)) = content.header {
            return Err(LogError::FormatVersion {
                path,
                found,
                expected: frame::FORMAT_VERSION,
            });
        }
        if let Ending::Closed { successor } = content.ending {
            last_id = last_id.max(successor);
        }
        written.push(Found {
            id,
            file,
            bytes_on_disk,
            content,
        });
    }
    let (written, pristine, blank) = sort_out(written, config.segment_bytes);
    Ok(Inventory {
        written,
        pristine,
        blank,
        spares,
        stale_spares,
        next_id: last_id + 1,
    })
}

/// Splits off the segments at the end that hold nothing: those that can take records, and those
/// that cannot (another size, an unreadable header).
fn sort_out(
    mut written: Vec<Found>,
    segment_bytes: u32,
) -> (Vec<Found>, VecDeque<Found>, Vec<Found>) {
    let usable = |found: &Found| {
        found.content.is_pristine() && found.bytes_on_disk == u64::from(segment_bytes)
    };
    let count = written
        .iter()
        .rposition(|found| !found.content.is_blank())
        .map_or(0, |i| i + 1);
    let mut empty: VecDeque<Found> = written.split_off(count).into();
    if let Some(first) = empty.front()
        && !usable(first)
    {
        // The one the log went on in cannot be taken away: it is the end of the log.
        let is_the_end = match written.last().map(|last| last.content.ending) {
            Some(Ending::Closed { successor }) => successor == first.id,
            Some(Ending::Clean | Ending::Torn { .. }) => false,
            Some(Ending::Damaged { .. }) | None => true,
        };
        if is_the_end {
            written.extend(empty.pop_front());
        }
    }
    let (pristine, blank): (Vec<_>, Vec<_>) = empty.into_iter().partition(usable);
    (written, pristine.into(), blank)
}

#[derive(Debug, Default)]
struct Judgement {
    damage: Vec<Damage>,
    torn_tail: Option<TornTail>,
    last_is_damaged: bool,
}

/// Tells what a crash explains from what it does not.
fn judge(written: &[Found], first_pristine: Option<&Found>) -> Judgement {
    let mut judgement = Judgement::default();
    for (index, found) in written.iter().enumerate() {
        let position = LogPosition {
            segment: found.id,
            offset: found.content.end,
        };
        let next_written = written.get(index + 1);
        let next = next_written.or(first_pristine).map(|next| next.id);
        let is_last = next_written.is_none();
        let whole = if found.content.header.is_ok() {
            DamageKind::Record
        } else {
            DamageKind::Header
        };
        let damage = match found.content.ending {
            Ending::Closed { successor } if Some(successor) == next => None,
            Ending::Closed { successor } => {
                let position = LogPosition {
                    segment: successor,
                    offset: 0,
                };
                Some(Damage {
                    position,
                    kind: DamageKind::Missing,
                    records_after: 0,
                })
            }
            Ending::Torn { records_after } if is_last => {
                judgement.torn_tail = Some(TornTail {
                    position,
                    records_after,
                });
                None
            }
            Ending::Torn { records_after } | Ending::Damaged { records_after } => Some(Damage {
                position,
                kind: whole,
                records_after,
            }),
            Ending::Clean if is_last => None,
            Ending::Clean => Some(Damage {
                position,
                kind: DamageKind::Unclosed,
                records_after: 0,
            }),
        };
        judgement.last_is_damaged = damage.is_some();
        judgement.damage.extend(damage);
    }
    judgement
}

fn report(judgement: &Judgement) {
    for damage in &judgement.damage {
        tracing::error!(%damage, "commit log damaged, the rest of the segment is left out");
    }
    if let Some(TornTail {
        position,
        records_after,
    }) = judgement.torn_tail
    {
        tracing::info!(%position, records_after, "commit log ends in an incomplete write");
    }
}

/// Makes durable what a killed process left to the operating system: it is about to be replayed,
/// and the next segment relies on the closing marks before it (L2). Whatever comes before a segment
/// with a record or a mark is durable already.
fn sync_last(written: &[Found], config: &LogConfig) -> Result<(), LogError> {
    for found in written.iter().rev() {
        found.file.sync().map_err(|source| {
            let path = config.directory.join(FileName::Segment(found.id).text());
            LogError::Io {
                action: "sync",
                path,
                source,
            }
        })?;
        if !found.content.is_blank() {
            break;
        }
    }
    Ok(())
}

/// Gives the last written segment its closing mark (L2).
fn close_last(last: &Found, successor: u64) -> io::Result<()> {
    if matches!(last.content.ending, Ending::Closed { .. }) {
        return Ok(());
    }
    let mut end = last.content.end;
    if last.content.header.is_err() {
        last.file
            .write_at(&frame::encode_header(frame::SEGMENT_MAGIC, last.id), 0)?;
        last.file.sync()?;
        end = HEADER_BYTES;
    }
    let mut mark = Vec::new();
    frame::encode_closed(&Salt::new(last.id), end, successor, &mut mark);
    last.file.write_at(&mark, u64::from(end))?;
    last.file.sync()
}
