//! What can go wrong with the log, variant by variant, and what state each leaves behind.

use crate::LogPosition;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the log refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The record is larger than half a segment. Nothing was appended; the log goes on.
    #[error("record of {bytes} bytes, at most {bytes_max} fit")]
    Oversized {
        /// Bytes of the payload.
        bytes: usize,
        /// The longest payload there may be.
        bytes_max: usize,
    },
    /// A record must have at least one byte. Nothing was appended; the log goes on.
    #[error("record without bytes")]
    EmptyRecord,
    /// No room on the disk for another segment. Nothing was appended; the log goes on, and the
    /// next append tries again.
    #[error("no disk space for segment {segment}: {source}")]
    Full {
        /// The segment that could not be made.
        segment: u64,
        /// What the operating system said.
        source: io::Error,
    },
    /// An earlier write or sync failed, so what is on disk is unknown. Every later append and sync
    /// fails like this one; only opening the directory again helps.
    #[error("log stopped: {reason}")]
    Poisoned {
        /// The failure that poisoned the log.
        reason: String,
    },
    /// A file could not be read, written or synced. When it happened to an open log, the log is
    /// poisoned.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The log holds damage that no crash explains. Nothing was changed.
    #[error("commit log damaged at {0}")]
    Damaged(Damage),
    /// A file is of another format version. Nothing was changed.
    #[error("{path} has format version {found}, this program reads version {expected}")]
    FormatVersion {
        /// The file.
        path: PathBuf,
        /// The version it names.
        found: u32,
        /// The version we read.
        expected: u32,
    },
    /// Another process (or another log in this one) has the directory open. Nothing was changed.
    #[error("{path} is in use by another process")]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The configured segment size is out of bounds. Nothing was touched.
    #[error("segment size of {bytes} bytes, expected {bytes_min} to {bytes_max}")]
    SegmentBytes {
        /// The size asked for.
        bytes: u32,
        /// The least possible.
        bytes_min: u32,
        /// The most possible.
        bytes_max: u32,
    },
}

/// Bytes that are not what was written, and that no crash explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where the first unreadable record begins.
    pub position: LogPosition,
    /// What is wrong there.
    pub kind: DamageKind,
    /// Readable records after it, in the same segment, that are left out with it.
    pub records_after: u64,
}

/// The kinds of [`Damage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// The segment's header is unreadable or names another segment.
    Header,
    /// A record that had been synced is unreadable.
    Record,
    /// The segment stops before its closing mark although a later segment holds records.
    Unclosed,
    /// The segment is missing: the one before names it as its successor.
    Missing,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LogPosition { segment, offset } = self.position;
        let what = match self.kind {
            DamageKind::Header => "unreadable header",
            DamageKind::Record => "unreadable record",
            DamageKind::Unclosed => "the segment ends too early",
            DamageKind::Missing => "the segment is missing",
        };
        write!(
            f,
            "segment {segment} offset {offset}: {what}, {} readable records after it",
            self.records_after
        )
    }
}
