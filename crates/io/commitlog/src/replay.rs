//! What must be replayed after opening: an iterator over segments that were already judged.
//!
//! Decides nothing about damage; [`crate::recovery`] did. It reads one segment at a time and
//! checks every record again, so bytes that changed since opening are an error, never a payload.

use crate::disk::DiskFile;
use crate::frame::{self, Frame, HEADER_BYTES, Salt};
use crate::{Damage, DamageKind, LogError, LogPosition};
use bytes::Bytes;
use std::collections::VecDeque;
use std::path::PathBuf;

/// Every record of the log in order, as it stood when the log was opened.
///
/// It holds the files open, so discarding segments while it runs does not take them away, but a
/// segment that is discarded *and* used again makes the rest of it an error.
#[derive(Debug)]
pub struct Replay {
    summary: ReplaySummary,
    segments: VecDeque<ReplaySegment>,
    current: Option<Current>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayRecord {
    /// Where it starts.
    pub position: LogPosition,
    /// What was appended. A view into the segment's bytes: keeping it keeps the whole segment in
    /// memory.
    pub payload: Bytes,
}

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplaySummary {
    /// Segments on disk, without prepared ones.
    pub segments: usize,
    /// Records to replay.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Where the last segment stops in the middle of a write, if it does. Normal after a crash.
    pub torn_tail: Option<TornTail>,
    /// What was left out, with [`DamagePolicy::Skip`](crate::DamagePolicy::Skip).
    pub damage: Vec<Damage>,
}

/// The end of a log whose last, never synced write is incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TornTail {
    /// Where the incomplete write begins.
    pub position: LogPosition,
    /// Readable records of the same write after the gap. They were never synced and are left out:
    /// what is replayed is a prefix of what was appended.
    pub records_after: u64,
}

/// A segment to read, up to where it was judged readable.
#[derive(Debug)]
pub(crate) struct ReplaySegment {
    pub(crate) id: u64,
    pub(crate) path: PathBuf,
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) end: u32,
}

#[derive(Debug)]
struct Current {
    id: u64,
    salt: Salt,
    bytes: Bytes,
    at: usize,
}

impl Replay {
    pub(crate) fn new(summary: ReplaySummary, segments: VecDeque<ReplaySegment>) -> Self {
        Self {
            summary,
            segments,
            current: None,
        }
    }

    /// What opening found; complete before the first record is taken.
    pub fn summary(&self) -> &ReplaySummary {
        &self.summary
    }

    fn next_segment(&mut self) -> Option<Result<(), LogError>> {
        let ReplaySegment {
            id,
            path,
            file,
            end,
        } = self.segments.pop_front()?;
        Some(match file.read() {
            Ok(mut bytes) => {
                bytes.truncate(end as usize);
                self.current = Some(Current {
                    id,
                    salt: Salt::new(id),
                    bytes: Bytes::from(bytes),
                    at: HEADER_BYTES as usize,
                });
                Ok(())
            }
            Err(source) => Err(LogError::Io {
                action: "read",
                path,
                source,
            }),
        })
    }

    fn stop(&mut self) {
        self.segments.clear();
        self.current = None;
    }
}

impl Current {
    fn next_record(&mut self) -> Option<Result<ReplayRecord, LogError>> {
        loop {
            let position = LogPosition {
                segment: self.id,
                offset: self.at as u32,
            };
            if self.at >= self.bytes.len() {
                return None;
            }
            match frame::frame_at(&self.bytes, self.at, &self.salt) {
                Frame::Record { payload, next } => {
                    self.at = next;
                    let payload = self.bytes.slice(payload);
                    return Some(Ok(ReplayRecord { position, payload }));
                }
                Frame::Synced { next } => self.at = next,
                Frame::Closed { .. } | Frame::End | Frame::Bad => {
                    let kind = DamageKind::Record;
                    let damage = Damage {
                        position,
                        kind,
                        records_after: 0,
                    };
                    return Some(Err(LogError::Damaged(damage)));
                }
            }
        }
    }
}

impl Iterator for Replay {
    type Item = Result<ReplayRecord, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.current.as_mut().and_then(Current::next_record) {
                Some(Ok(record)) => return Some(Ok(record)),
                Some(Err(error)) => {
                    self.stop();
                    return Some(Err(error));
                }
                None => self.current = None,
            }
            if let Err(error) = self.next_segment()? {
                self.stop();
                return Some(Err(error));
            }
        }
    }
}
