//! The log with one owner: append, sync, roll to the next segment, discard.
//!
//! Decides where a record goes and in which order files are written and synced. Knows nothing of
//! queues and acknowledgements ([`crate::writer`]).
//!
//! # Invariants
//!
//! * **L6** After a write or a sync failed nothing is written or synced again.

use crate::disk::{Directory, Disk, DiskFile};
use crate::frame::{self, HEADER_BYTES, RECORD_OVERHEAD, RESERVE_BYTES, Salt, TERMINATOR};
use crate::prepare_ahead::PrepareAhead;
use crate::recovery::{ClosedSegment, Recovered, prepare_failed, recover};
use crate::segment::{FileName, PreparedSegment};
use crate::{LogConfig, LogError, LogPosition, Replay};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// Appends are handed to the operating system when this much is buffered, synced or not.
const BUFFER_BYTES_MAX: usize = 256 << 10;

/// The log, with a single owner: the thread that writes.
#[derive(Debug)]
pub struct CommitLog {
    config: LogConfig,
    disk: Arc<dyn Disk>,
    closed: VecDeque<ClosedSegment>,
    active: ActiveSegment,
    /// What stands behind `active.written`.
    buffer: Vec<u8>,
    prepare_ahead: PrepareAhead,
    spares: Vec<u64>,
    next_id: u64,
    /// The failure after which nothing is written.
    poison: Option<String>,
}

#[derive(Debug)]
struct ActiveSegment {
    id: u64,
    salt: Salt,
    file: Box<dyn DiskFile>,
    /// Bytes handed to the operating system.
    written: u32,
    /// Bytes with what is buffered.
    end: u32,
    /// Everything before this is durable; what is between this and `end` needs a sync.
    synced: u32,
}

impl ActiveSegment {
    fn new(PreparedSegment { id, file }: PreparedSegment) -> Self {
        let start = HEADER_BYTES;
        Self {
            id,
            salt: Salt::new(id),
            file,
            written: start,
            end: start,
            synced: start,
        }
    }
}

/// One segment of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The segment's id.
    pub id: u64,
    /// Bytes from the file's start to the end of its last record or mark.
    pub bytes_used: u64,
    /// Size of its file.
    pub bytes_on_disk: u64,
    /// Whether it takes no more records.
    pub closed: bool,
}

impl CommitLog {
    /// Opens a directory, validates every segment, and returns the log ready to append plus what
    /// must be replayed. What is replayed is durable, whether it had been synced or not.
    pub fn open(config: LogConfig) -> Result<(Self, Replay), LogError> {
        config.check()?;
        let disk = Arc::new(Directory::open(&config.directory)?);
        Self::open_on(disk, config, true)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        config: LogConfig,
        own_thread: bool,
    ) -> Result<(Self, Replay), LogError> {
        config.check()?;
        let recovered = recover(disk.as_ref(), &config)?;
        let Recovered {
            summary,
            replay,
            closed,
            active,
            prepared,
            spares,
            next_id,
        } = recovered;
        let prepare_ahead = PrepareAhead::new(
            Arc::clone(&disk),
            config.segment_bytes,
            own_thread,
            prepared,
        );
        let log = Self {
            config,
            disk,
            closed,
            active: ActiveSegment::new(active),
            buffer: Vec::new(),
            prepare_ahead,
            spares,
            next_id,
            poison: None,
        };
        Ok((log, Replay::new(summary, replay)))
    }

    /// The configuration it was opened with.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Appends one record; it is in memory or in the page cache until the next sync. Returns its
    /// position.
    pub fn append(&mut self, payload: &[u8]) -> Result<LogPosition, LogError> {
        self.append_parts(&[payload])
    }

    /// Appends one record whose payload is the concatenation of `parts`.
    pub fn append_parts(&mut self, parts: &[&[u8]]) -> Result<LogPosition, LogError> {
        self.check_poison()?;
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        let bytes_max = self.config.record_bytes_max() as usize;
        if bytes == 0 {
            return Err(LogError::EmptyRecord);
        }
        if bytes > bytes_max {
            return Err(LogError::Oversized { bytes, bytes_max });
        }
        let frame_bytes = bytes as u32 + RECORD_OVERHEAD;
        if self.active.end + frame_bytes + RESERVE_BYTES > self.config.segment_bytes {
            self.roll()?;
        }
        let position = self.end();
        frame::encode_record(&self.active.salt, parts, &mut self.buffer);
        self.active.end += frame_bytes;
        if self.buffer.len() >= BUFFER_BYTES_MAX {
            self.write_buffered()?;
        }
        if self.active.end > self.config.segment_bytes / 4 {
            self.prepare_ahead
                .request(&mut self.next_id, &mut self.spares);
        }
        Ok(position)
    }

    /// Hands what is buffered to the operating system, without a sync.
    pub fn write_buffered(&mut self) -> Result<(), LogError> {
        self.check_poison()?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.buffer.extend_from_slice(&TERMINATOR);
        let written = self
            .active
            .file
            .write_at(&self.buffer, u64::from(self.active.written));
        self.poison_on(written, "write", self.active.id)?;
        self.active.written = self.active.end;
        self.buffer.clear();
        self.buffer.shrink_to(4 * BUFFER_BYTES_MAX);
        Ok(())
    }

    /// Writes what is buffered and syncs it. Does nothing when nothing was appended since the last
    /// sync.
    pub fn sync(&mut self) -> Result<(), LogError> {
        self.check_poison()?;
        if !self.has_unsynced() {
            return Ok(());
        }
        self.write_buffered()?;
        let synced = self.active.file.sync();
        self.poison_on(synced, "sync", self.active.id)?;
        // The mark lets a later opening tell damage before it from a torn write (L2). It needs no
        // sync of its own: when it is lost, only the last sync cannot be proven.
        frame::encode_synced(&self.active.salt, self.active.end, &mut self.buffer);
        self.active.end += frame::SYNCED_BYTES;
        self.write_buffered()?;
        self.active.synced = self.active.end;
        Ok(())
    }

    pub(crate) fn has_unsynced(&self) -> bool {
        self.active.end > self.active.synced
    }

    /// The position the next record would get; when it does not fit in this segment it gets a
    /// later one.
    pub fn end(&self) -> LogPosition {
        LogPosition {
            segment: self.active.id,
            offset: self.active.end,
        }
    }

    /// The segments that hold records, oldest first, then the current one.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let closed = self.closed.iter().map(|segment| SegmentInfo {
            id: segment.id,
            bytes_used: u64::from(segment.bytes_used),
            bytes_on_disk: segment.bytes_on_disk,
            closed: true,
        });
        let active = SegmentInfo {
            id: self.active.id,
            bytes_used: u64::from(self.active.end),
            bytes_on_disk: u64::from(self.config.segment_bytes),
            closed: false,
        };
        closed.chain([active]).collect()
    }

    /// Whether an earlier failure stopped the log.
    pub fn is_poisoned(&self) -> bool {
        self.poison.is_some()
    }

    pub(crate) fn poison_reason(&self) -> Option<&str> {
        self.poison.as_deref()
    }

    /// Says that every record before `position` is no longer needed. Closed segments wholly before
    /// it are kept for reuse or deleted, oldest first; returns how many.
    pub fn discard_before(&mut self, position: LogPosition) -> Result<usize, LogError> {
        self.check_poison()?;
        let mut count = 0;
        while let Some(oldest) = self.closed.front().copied() {
            let end = LogPosition {
                segment: oldest.id,
                offset: oldest.bytes_used,
            };
            if end > position {
                break;
            }
            self.discard(oldest)?;
            self.closed.pop_front();
            count += 1;
        }
        Ok(count)
    }

    /// Syncs and lets go of the directory.
    pub fn close(mut self) -> Result<(), LogError> {
        self.sync()
    }

    fn discard(&mut self, segment: ClosedSegment) -> Result<(), LogError> {
        let name = FileName::Segment(segment.id).text();
        let reusable = segment.bytes_on_disk == u64::from(self.config.segment_bytes);
        let spare = reusable && self.spares.len() < self.config.spare_segments_max;
        let gone = if spare {
            self.disk.rename(&name, &FileName::Spare(segment.id).text())
        } else {
            self.disk.remove(&name)
        };
        self.poison_on(gone, "discard", segment.id)?;
        // Before the next one goes: a gap between two segments that are left would be damage.
        let synced = self.disk.sync_directory();
        self.poison_on(synced, "sync directory of", segment.id)?;
        if spare {
            self.spares.push(segment.id);
        }
        Ok(())
    }

    /// Closes the active segment and goes on in the next (L2).
    fn roll(&mut self) -> Result<(), LogError> {
        let next = match self.prepare_ahead.take(&mut self.next_id, &mut self.spares) {
            Ok(next) => next,
            Err(error) => {
                let error = prepare_failed(&self.config, error);
                return Err(match error {
                    LogError::Full { .. } => error,
                    _ => self.poison_with(error),
                });
            }
        };
        self.write_buffered()?;
        let id = self.active.id;
        // Also when only the last mark is unsynced: were it lost and the closing mark kept, the
        // gap would read as damage.
        let synced = self.active.file.sync();
        self.poison_on(synced, "sync", id)?;
        let mut mark = Vec::new();
        frame::encode_closed(&self.active.salt, self.active.end, next.id, &mut mark);
        let marked = self
            .active
            .file
            .write_at(&mark, u64::from(self.active.end))
            .and_then(|()| self.active.file.sync());
        self.poison_on(marked, "close", id)?;
        self.closed.push_back(ClosedSegment {
            id,
            bytes_used: self.active.end,
            bytes_on_disk: u64::from(self.config.segment_bytes),
        });
        self.active = ActiveSegment::new(next);
        Ok(())
    }

    fn check_poison(&self) -> Result<(), LogError> {
        match &self.poison {
            Some(reason) => Err(LogError::Poisoned {
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Turns a failed write or sync into the end of this log (L6).
    fn poison_on(
        &mut self,
        result: io::Result<()>,
        action: &'static str,
        segment: u64,
    ) -> Result<(), LogError> {
        result.map_err(|source| {
            let path = self
                .config
                .directory
                .join(FileName::Segment(segment).text());
            self.poison_with(LogError::Io {
                action,
                path,
                source,
            })
        })
    }

    fn poison_with(&mut self, error: LogError) -> LogError {
        tracing::error!(%error, "commit log stopped");
        self.poison = Some(error.to_string());
        error
    }
}

#[cfg(test)]
mod tests;
