//! A file of records outside the log: hints.
//!
//! Decides how a growing file of records is written and read back past a torn tail and past
//! damage. The framing is the log's ([`crate::frame`]) without marks: hints are sent more than
//! once without harm and a lost one is repaired, so the reader skips what it cannot read, names it
//! and goes on.
//!
//! # Invariants
//!
//! * **L10** No byte is answered that was not checked; every unreadable stretch is named once.

use crate::frame::{
    self, HEADER_BYTES, HeaderFault, PAYLOAD_BYTES_MAX, RECORD_FILE_MAGIC, RECORD_OVERHEAD, Salt,
};
use bytes::Bytes;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Appends are handed to the operating system when this much is buffered.
const BUFFER_BYTES_MAX: usize = 256 << 10;
/// What a reader takes from the file at once.
const WINDOW_BYTES: usize = 256 << 10;

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
pub struct RecordFileWriter {
    path: PathBuf,
    file: File,
    salt: Salt,
    /// What stands behind `written`.
    buffer: Vec<u8>,
    written: u64,
    synced: u64,
    poisoned: bool,
}

impl RecordFileWriter {
    /// Creates a file; fails when it exists. `id` salts its checksums. The file and its name are
    /// durable.
    pub fn create(path: impl AsRef<Path>, id: u64) -> Result<Self, RecordFileError> {
        let path = path.as_ref().to_path_buf();
        let failed = |action| {
            let path = path.clone();
            move |source| RecordFileError::Io {
                action,
                path,
                source,
            }
        };
        let options = OpenOptions::new().write(true).create_new(true).clone();
        let file = options.open(&path).map_err(failed("create"))?;
        let header = frame::encode_header(RECORD_FILE_MAGIC, id);
        file.write_all_at(&header, 0).map_err(failed("write"))?;
        file.sync_all().map_err(failed("sync"))?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        let named = File::open(parent).and_then(|parent| parent.sync_all());
        named.map_err(failed("sync directory of"))?;
        let start = u64::from(HEADER_BYTES);
        let salt = Salt::new(id);
        let (written, synced) = (start, start);
        Ok(Self {
            path,
            file,
            salt,
            buffer: Vec::new(),
            written,
            synced,
            poisoned: false,
        })
    }

    /// Appends a record; returns the offset after it. It is durable after [`RecordFileWriter::sync`].
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, RecordFileError> {
        self.check_poison()?;
        let bytes_max = PAYLOAD_BYTES_MAX as usize;
        if !(1..=bytes_max).contains(&payload.len()) {
            return Err(RecordFileError::RecordBytes {
                bytes: payload.len(),
                bytes_max,
            });
        }
        frame::encode_record(&self.salt, &[payload], &mut self.buffer);
        let end = self.bytes();
        if self.buffer.len() >= BUFFER_BYTES_MAX {
            self.write_buffered()?;
        }
        Ok(end)
    }

    /// Hands what is buffered to the operating system, so that readers see it.
    pub fn write_buffered(&mut self) -> Result<(), RecordFileError> {
        self.check_poison()?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all_at(&self.buffer, self.written);
        self.poison_on(written, "write")?;
        self.written = self.bytes();
        self.buffer.clear();
        self.buffer.shrink_to(4 * BUFFER_BYTES_MAX);
        Ok(())
    }

    /// Writes what is buffered and syncs it.
    pub fn sync(&mut self) -> Result<(), RecordFileError> {
        self.write_buffered()?;
        if self.written > self.synced {
            let synced = self.file.sync_data();
            self.poison_on(synced, "sync")?;
            self.synced = self.written;
        }
        Ok(())
    }

    /// Bytes of the file so far, with what is buffered.
    pub fn bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn check_poison(&self) -> Result<(), RecordFileError> {
        if self.poisoned {
            return Err(RecordFileError::Poisoned {
                path: self.path.clone(),
            });
        }
        Ok(())
    }

    fn poison_on(
        &mut self,
        result: io::Result<()>,
        action: &'static str,
    ) -> Result<(), RecordFileError> {
        result.map_err(|source| {
            self.poisoned = true;
            RecordFileError::Io {
                action,
                path: self.path.clone(),
                source,
            }
        })
    }
}

/// Reads a record file: `(offset after the record, payload)`, oldest first.
///
/// [`RecordFileError::Damaged`] does not end the iteration, any other error does. The file may grow
/// meanwhile: records that were not there when the end was reached are read by a later `next`.
#[derive(Debug)]
pub struct RecordFileReader {
    path: PathBuf,
    file: File,
    id: u64,
    salt: Salt,
    at: u64,
    torn_tail: Option<u64>,
    failed: bool,
    window: Vec<u8>,
    window_start: u64,
}

impl RecordFileReader {
    /// Opens a file and stands before its first record.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RecordFileError> {
        let path = path.as_ref().to_path_buf();
        let failed = |action| {
            let path = path.clone();
            move |source| RecordFileError::Io {
                action,
                path,
                source,
            }
        };
        let file = File::open(&path).map_err(failed("open"))?;
        let mut header = [0; HEADER_BYTES as usize];
        let read = read_up_to(&file, &mut header, 0).map_err(failed("read"))?;
        let header = header.get(..read).unwrap_or_default();
        let id = frame::decode_header(RECORD_FILE_MAGIC, header).map_err(|fault| {
            let reason = match fault {
                HeaderFault::Unreadable => "unreadable header".to_owned(),
                HeaderFault::Version(found) => {
                    format!("format version {found}, expected {}", frame::FORMAT_VERSION)
                }
            };
            RecordFileError::Header {
                path: path.clone(),
                reason,
            }
        })?;
        Ok(Self {
            path,
            file,
            id,
            salt: Salt::new(id),
            at: u64::from(HEADER_BYTES),
            torn_tail: None,
            failed: false,
            window: Vec::new(),
            window_start: 0,
        })
    }

    /// Goes to an offset that an earlier read returned (of this file, by any reader). An offset
    /// that is none reads as damage up to the next record.
    pub fn seek(&mut self, offset: u64) {
        self.at = offset.max(u64::from(HEADER_BYTES));
        self.torn_tail = None;
    }

    /// The id the file was created with.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Where the next record begins: the offset to [`seek`](RecordFileReader::seek) to.
    pub fn offset(&self) -> u64 {
        self.at
    }

    /// Where the file stops in the middle of a record, once the end was reached.
    pub fn torn_tail(&self) -> Option<u64> {
        self.torn_tail
    }

    fn read_next(&mut self) -> io::Result<Option<Result<(u64, Bytes), RecordFileError>>> {
        self.torn_tail = None;
        if let Some((next, payload)) = self.record_at(self.at)? {
            self.at = next;
            return Ok(Some(Ok((next, payload))));
        }
        let file_bytes = self.file.metadata()?.len();
        let offset = self.at;
        for candidate in offset + 1..file_bytes {
            if self.record_at(candidate)?.is_some() {
                self.at = candidate;
                let damage = RecordFileError::Damaged {
                    path: self.path.clone(),
                    offset,
                    resumes_at: candidate,
                };
                return Ok(Some(Err(damage)));
            }
        }
        self.torn_tail = (offset < file_bytes).then_some(offset);
        Ok(None)
    }

    /// The record at `offset` and the offset after it, if there is a whole one.
    fn record_at(&mut self, offset: u64) -> io::Result<Option<(u64, Bytes)>> {
        let Some(head) = self
            .look(offset, 8)?
            .and_then(|bytes| bytes.first_chunk().copied())
        else {
            return Ok(None);
        };
        let salt = self.salt.clone();
        let Some(body_bytes) = frame::record_bytes(head, &salt) else {
            return Ok(None);
        };
        let frame_bytes = (body_bytes + RECORD_OVERHEAD) as usize;
        let Some(frame) = self.look(offset, frame_bytes)? else {
            return Ok(None);
        };
        let body = frame.get(8..8 + body_bytes as usize).unwrap_or_default();
        let checks = frame
            .last_chunk()
            .is_some_and(|crc| frame::body_checks(body, *crc, &salt));
        Ok(checks.then(|| (offset + frame_bytes as u64, Bytes::copy_from_slice(body))))
    }

    /// `bytes` bytes at `offset`, or `None` when the file ends before.
    fn look(&mut self, offset: u64, bytes: usize) -> io::Result<Option<&[u8]>> {
        let held = |window: &[u8], start: u64| {
            let from = usize::try_from(offset.checked_sub(start)?).ok()?;
            (from.checked_add(bytes)? <= window.len()).then_some(from)
        };
        let from = if let Some(from) = held(&self.window, self.window_start) {
            from
        } else {
            if self.file.metadata()?.len() < offset.saturating_add(bytes as u64) {
                return Ok(None);
            }
            self.window.resize(bytes.max(WINDOW_BYTES), 0);
            let read = read_up_to(&self.file, &mut self.window, offset)?;
            self.window.truncate(read);
            self.window_start = offset;
            0
        };
        Ok(self.window.get(from..from + bytes))
    }
}

impl Iterator for RecordFileReader {
    type Item = Result<(u64, Bytes), RecordFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        self.read_next().unwrap_or_else(|source| {
            self.failed = true;
            Some(Err(RecordFileError::Io {
                action: "read",
                path: self.path.clone(),
                source,
            }))
        })
    }
}

/// Fills `buffer` as far as the file goes.
fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + read as u64) {
            Ok(0) => break,
            Ok(bytes) => read += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
