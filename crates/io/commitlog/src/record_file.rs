//! A file of records outside the log: hints.
use bytes::Bytes;
use std::io;
use std::path::{Path, PathBuf};

/// Why a record file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFileError {
    /// The file could not be read, written or synced. A writer is poisoned by it, a reader ends.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file's header is unreadable or of another kind or version. Nothing was read.
    #[error("{path} is no record file this program reads: {reason}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A record is unreadable. The reader goes on at `resumes_at`.
    #[error("{path} damaged at offset {offset}, readable again at {resumes_at}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the unreadable record begins.
        offset: u64,
        /// Where the next readable one begins.
        resumes_at: u64,
    },
    /// The record is empty or too long. Nothing was written.
    #[error("record of {bytes} bytes, expected 1 to {bytes_max}")]
    RecordBytes {
        /// Bytes of the payload.
        bytes: usize,
        /// The longest payload there may be.
        bytes_max: usize,
    },
    /// An earlier write or sync failed; what is on disk is unknown.
    #[error("{path} takes no more records: an earlier write failed")]
    Poisoned {
        /// The file.
        path: PathBuf,
    },
}

/// Writes a new record file.
#[derive(Debug)]
pub struct RecordFileWriter {}

impl RecordFileWriter {
    /// Creates a file; fails when it exists. `id` salts its checksums.
    pub fn create(path: impl AsRef<Path>, id: u64) -> Result<Self, RecordFileError> {
        unimplemented!("{:?} {id}", path.as_ref())
    }
    /// Appends a record; returns the offset after it.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, RecordFileError> {
        unimplemented!("{payload:?}")
    }
    /// Writes what is buffered and syncs it.
    pub fn sync(&mut self) -> Result<(), RecordFileError> {
        unimplemented!()
    }
    /// Bytes of the file so far, with what is buffered.
    pub fn bytes(&self) -> u64 {
        unimplemented!()
    }
}

/// Reads a record file: `(offset after the record, payload)`, oldest first.
#[derive(Debug)]
pub struct RecordFileReader {}

impl RecordFileReader {
    /// Opens a file and stands before its first record.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RecordFileError> {
        unimplemented!("{:?}", path.as_ref())
    }
    /// Goes to an offset that an earlier read returned.
    pub fn seek(&mut self, offset: u64) {
        unimplemented!("{offset}")
    }
    /// The id the file was created with.
    pub fn id(&self) -> u64 {
        unimplemented!()
    }
    /// Where the file stops in the middle of a record, once the end was reached.
    pub fn torn_tail(&self) -> Option<u64> {
        unimplemented!()
    }
}

impl Iterator for RecordFileReader {
    type Item = Result<(u64, Bytes), RecordFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        unimplemented!()
    }
}
