//! The log: append, sync, roll, discard.
use crate::{LogConfig, LogError, LogPosition, Replay};

/// The log, with a single owner: the thread that writes.
#[derive(Debug)]
pub struct CommitLog {
    config: LogConfig,
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
    /// must be replayed.
    pub fn open(config: LogConfig) -> Result<(Self, Replay), LogError> {
        config.check()?;
        unimplemented!("{:?}", config)
    }
    /// The configuration it was opened with.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }
    /// Appends one record; it is in memory or in the page cache until the next sync. Returns its position.
    pub fn append(&mut self, payload: &[u8]) -> Result<LogPosition, LogError> {
        self.append_parts(&[payload])
    }
    /// Appends one record whose payload is the concatenation of `parts`.
    pub fn append_parts(&mut self, parts: &[&[u8]]) -> Result<LogPosition, LogError> {
        unimplemented!("{:?}", parts)
    }
    /// Writes what is buffered and syncs it.
    pub fn sync(&mut self) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Hands what is buffered to the operating system, without a sync.
    pub fn write_buffered(&mut self) -> Result<(), LogError> {
        unimplemented!()
    }
    /// The position the next record would get, or, when it does not fit here, a position before it.
    pub fn end(&self) -> LogPosition {
        unimplemented!()
    }
    /// The segments that hold records, oldest first, the current one last.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        unimplemented!()
    }
    /// Says that every record before `position` is no longer needed. Closed segments wholly before
    /// it are kept for reuse or deleted; returns how many.
    pub fn discard_before(&mut self, position: LogPosition) -> Result<usize, LogError> {
        unimplemented!("{position}")
    }
    /// Whether an earlier failure stopped the log.
    pub fn is_poisoned(&self) -> bool {
        unimplemented!()
    }
    /// Syncs and lets go of the directory.
    pub fn close(self) -> Result<(), LogError> {
        unimplemented!()
    }
}
