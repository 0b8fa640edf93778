//! One segment's file: its name, how it is made ready, and what a look through it finds.
//!
//! ```text
//!            prepare                 roll                discard_before
//!   spare ───────────▶ prepared ───────────▶ active … closed ───────────▶ spare
//!     ▲                (header, id and                                    (renamed,
//!     └── created,      name are durable)                                  bytes kept)
//!         zero-written
//! ```
//!
//! # Invariants
//!
//! * **L1** A file is called a segment only after a header with the same id is durable in it.
//! * **L2** A record is written into a segment only after its predecessor's closing mark, which
//!   names it, is durable; and a mark only after everything before it is.
//! * **L3** An id is never used for two lives of a file.

use crate::disk::{Disk, DiskFile};
use crate::frame::{self, Frame, HEADER_BYTES, HeaderFault, Salt};
use std::io;

/// What a file of the directory is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileName {
    /// A segment of the log.
    Segment(u64),
    /// A file to be overwritten; the number was its last id, or will be its first.
    Spare(u64),
}

impl FileName {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (kind, rest) = name.split_once('-')?;
        let digits = rest.strip_suffix(".log")?;
        if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let id = digits.parse().ok()?;
        match kind {
            "segment" => Some(Self::Segment(id)),
            "spare" => Some(Self::Spare(id)),
            _ => None,
        }
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::Segment(id) => format!("segment-{id:020}.log"),
            Self::Spare(id) => format!("spare-{id:020}.log"),
        }
    }
}

/// A segment that is ready to take its first record.
#[derive(Debug)]
pub(crate) struct PreparedSegment {
    pub(crate) id: u64,
    pub(crate) file: Box<dyn DiskFile>,
}

/// A step of [`prepare`] that failed.
#[derive(Debug)]
pub(crate) struct PrepareError {
    pub(crate) id: u64,
    pub(crate) action: &'static str,
    pub(crate) name: String,
    pub(crate) source: io::Error,
}

impl PrepareError {
    /// Whether there was no room, which may change.
    pub(crate) fn is_full(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }
}

/// Makes segment `id` out of `spare`, or out of a new file.
pub(crate) fn prepare(
    disk: &dyn Disk,
    id: u64,
    segment_bytes: u32,
    spare: Option<u64>,
) -> Result<PreparedSegment, PrepareError> {
    let name = FileName::Spare(spare.unwrap_or(id)).text();
    let failed = |action| {
        let name = name.clone();
        move |source| PrepareError {
            id,
            action,
            name,
            source,
        }
    };
    let file = match spare {
        Some(_) => disk.open(&name).map_err(failed("open"))?,
        None => disk.create(&name).map_err(failed("create"))?,
    };
    let made = (|| {
        if spare.is_none() {
            zero(file.as_ref(), segment_bytes).map_err(failed("write"))?;
        }
        let mut start = frame::encode_header(frame::SEGMENT_MAGIC, id);
        start.extend_from_slice(&frame::TERMINATOR);
        file.write_at(&start, 0).map_err(failed("write"))?;
        file.sync().map_err(failed("sync"))
    })();
    if let Err(error) = made {
        // Half-made and perhaps unsynced: not worth keeping. When this fails too, the next
        // opening finds a spare, whose content does not matter.
        let _ = disk.remove(&name);
        return Err(error);
    }
    disk.rename(&name, &FileName::Segment(id).text())
        .map_err(failed("rename"))?;
    disk.sync_directory().map_err(failed("sync directory of"))?;
    Ok(PreparedSegment { id, file })
}

/// Writes zeros once, so that later syncs overwrite blocks instead of growing the file.
fn zero(file: &dyn DiskFile, segment_bytes: u32) -> io::Result<()> {
    let chunk = vec![0; (1 << 20).min(segment_bytes as usize)];
    let mut at = 0;
    while at < segment_bytes {
        let bytes = (segment_bytes - at).min(chunk.len() as u32);
        file.write_at(chunk.get(..bytes as usize).unwrap_or(&chunk), u64::from(at))?;
        at += bytes;
    }
    Ok(())
}

/// How a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With its closing mark.
    Closed { successor: u64 },
    /// With nothing behind its last record.
    Clean,
    /// In the middle of a write that had not been synced.
    Torn { records_after: u64 },
    /// With something unreadable that had been synced.
    Damaged { records_after: u64 },
}

/// What a look through a segment finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    /// Whether the header is whole and names this segment.
    pub(crate) header: Result<(), HeaderFault>,
    pub(crate) records: u64,
    pub(crate) payload_bytes: u64,
    /// End of the last readable record or mark before the ending.
    pub(crate) end: u32,
    pub(crate) ending: Ending,
}

impl Content {
    /// Whether nothing was ever written into this life of the file.
    pub(crate) fn is_pristine(&self) -> bool {
        self.header.is_ok() && self.end == HEADER_BYTES && self.ending == Ending::Clean
    }

    /// Whether nothing of this life can be read. Nothing is lost with such a segment, unless its
    /// predecessor names it.
    pub(crate) fn is_blank(&self) -> bool {
        self.end <= HEADER_BYTES
            && matches!(
                self.ending,
                Ending::Clean | Ending::Torn { records_after: 0 }
            )
    }

    /// Reads through the bytes of segment `id`.
    pub(crate) fn of(bytes: &[u8], id: u64) -> Self {
        let header = match frame::decode_header(frame::SEGMENT_MAGIC, bytes) {
            Ok(found) if found == id => Ok(()),
            Ok(_) => Err(HeaderFault::Unreadable),
            Err(fault) => Err(fault),
        };
        let salt = Salt::new(id);
        let mut content = Self {
            header,
            records: 0,
            payload_bytes: 0,
            end: 0,
            ending: Ending::Clean,
        };
        if header.is_err() {
            // The header was durable before the first record: records behind a bad one are damage.
            content.ending = match ending_at(bytes, 0, true, &salt) {
                Ending::Torn { records_after } if records_after > 0 => {
                    Ending::Damaged { records_after }
                }
                other => other,
            };
            return content;
        }
        let mut at = HEADER_BYTES as usize;
        let bad = loop {
            match frame::frame_at(bytes, at, &salt) {
                Frame::Record { payload, next } => {
                    content.records += 1;
                    content.payload_bytes += payload.len() as u64;
                    at = next;
                }
                Frame::Synced { next } => at = next,
                Frame::Closed { successor } => {
                    content.end = at as u32;
                    content.ending = Ending::Closed { successor };
                    return content;
                }
                Frame::End => break false,
                Frame::Bad => break true,
            }
        };
        content.end = at as u32;
        content.ending = ending_at(bytes, at, bad, &salt);
        content
    }
}

/// Tells a torn write from damage: only what had been synced has a mark behind it (L2).
fn ending_at(bytes: &[u8], at: usize, bad: bool, salt: &Salt) -> Ending {
    let behind = frame::survey(bytes, at, salt);
    let records_after = behind.records;
    match (behind.synced, bad || records_after > 0) {
        (true, _) => Ending::Damaged { records_after },
        (false, true) => Ending::Torn { records_after },
        (false, false) => Ending::Clean,
    }
}
