//! The hint files of one target.
//!
//! Decides where reading goes on and which files are done with. What cannot be read is named and
//! passed over: a lost hint is repaired, a stuck target is not.

use super::Hint;
use super::HintPosition;
use super::HintSummary;
use crate::EngineError;
use crate::blob::read_checked;
use crate::blob::sync_directory;
use crate::blob::write_checked;
use quorate_commitlog::RecordFileError;
use quorate_commitlog::RecordFileReader;
use quorate_commitlog::RecordFileWriter;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

const SUFFIX: &str = ".hints";
const MARK: &str = "delivered";

pub(super) struct TargetFiles {
    directory: PathBuf,
    /// By number, oldest first.
    files: BTreeMap<u64, FileState>,
    /// Everything before it was delivered.
    mark: HintPosition,
    writer: Option<(u64, RecordFileWriter)>,
    /// Never used twice while we run: positions of files that are gone stay in the past.
    next_file: u64,
}

/// What of a file is still to be delivered.
#[derive(Debug, Clone, Copy, Default)]
struct FileState {
    hints: u64,
    bytes: u64,
    oldest_millis: Option<u64>,
}

impl TargetFiles {
    pub(super) fn open(directory: PathBuf) -> Result<Self, EngineError> {
        make_directory(&directory)?;
        let mut target = Self {
            mark: load_mark(&directory),
            files: BTreeMap::new(),
            writer: None,
            next_file: 1,
            directory,
        };
        let failed = |error| EngineError::io("list", &target.directory, &error);
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&target.directory).map_err(failed)? {
            numbers.extend(number_of(&entry.map_err(failed)?.path()));
        }
        numbers.sort_unstable();
        target.next_file = numbers.last().copied().unwrap_or(0).max(target.mark.file) + 1;
        for number in numbers {
            target.count(number)?;
        }
        Ok(target)
    }

    /// Appends a hint; durable after [`TargetFiles::sync`].
    pub(super) fn append(
        &mut self,
        created_millis: u64,
        record: &[u8],
        file_bytes_max: u64,
    ) -> Result<(), EngineError> {
        if self
            .writer
            .as_ref()
            .is_some_and(|(_, writer)| writer.bytes() >= file_bytes_max)
        {
            self.sync()?;
            self.writer = None;
        }
        if self.writer.is_none() {
            make_directory(&self.directory)?;
            let number = self.next_file;
            let writer = RecordFileWriter::create(self.path(number), number)
                .map_err(|error| failed(&error))?;
            self.next_file += 1;
            self.files.insert(number, FileState::default());
            self.writer = Some((number, writer));
        }
        let Some((number, writer)) = &mut self.writer else {
            return Err(EngineError::Closed);
        };
        let appended = writer.append(record);
        let bytes = writer.bytes();
        let file = self.files.entry(*number).or_default();
        match appended {
            Ok(_) => {
                file.hints += 1;
                file.bytes = bytes;
                let oldest = file.oldest_millis.unwrap_or(created_millis);
                file.oldest_millis = Some(oldest.min(created_millis));
                Ok(())
            }
            Err(error) => {
                self.writer_failed(&error);
                Err(failed(&error))
            }
        }
    }

    pub(super) fn sync(&mut self) -> Result<(), EngineError> {
        let Some((_, writer)) = &mut self.writer else {
            return Ok(());
        };
        writer.sync().map_err(|error| {
            self.writer_failed(&error);
            failed(&error)
        })
    }

    /// After a failed write the next hint goes into a new file.
    fn writer_failed(&mut self, error: &RecordFileError) {
        if !matches!(error, RecordFileError::RecordBytes { .. }) {
            self.writer = None;
        }
    }

    /// Hints from the mark on, oldest first: at least one when there is one.
    pub(super) fn read(
        &mut self,
        bytes_max: usize,
    ) -> Result<Vec<(HintPosition, Hint)>, EngineError> {
        let mut hints = Vec::new();
        let mut bytes = 0;
        for number in self.files.keys().copied().collect::<Vec<_>>() {
            for read in self.open_from(number, self.mark)? {
                let (position, hint) = read?;
                bytes += hint.mutation.len();
                hints.push((position, hint));
                if bytes >= bytes_max {
                    return Ok(hints);
                }
            }
        }
        if hints.is_empty() && !self.files.is_empty() {
            // Nothing readable is left in any of them. A mark in the next file, whose number is
            // not taken yet, hides nothing.
            let passed = HintPosition {
                file: self.next_file,
                offset: 0,
            };
            self.delivered(passed)?;
        }
        Ok(hints)
    }

    /// Moves the mark and lets go of files before it.
    pub(super) fn delivered(&mut self, up_to: HintPosition) -> Result<(), EngineError> {
        if up_to <= self.mark {
            return Ok(());
        }
        self.mark = up_to;
        for number in self.files.keys().copied().collect::<Vec<_>>() {
            if number <= up_to.file {
                self.count(number)?;
            }
        }
        if self.files.is_empty() {
            // No files, no mark.
            return self.remove_directory();
        }
        let mut mark = [0; 16];
        let (file, offset) = mark.split_at_mut(8);
        file.copy_from_slice(&up_to.file.to_be_bytes());
        offset.copy_from_slice(&up_to.offset.to_be_bytes());
        let path = self.directory.join(MARK);
        write_checked(&path, &mark).map_err(|error| EngineError::io("write", &path, &error))
    }

    /// Forgets all hints.
    pub(super) fn discard(&mut self) -> Result<(), EngineError> {
        self.writer = None;
        self.files.clear();
        self.remove_directory()
    }

    /// `None` when there are no hints.
    pub(super) fn summary(&self, target: HostId) -> Option<HintSummary> {
        (!self.files.is_empty()).then(|| HintSummary {
            target,
            files: self.files.len() as u64,
            hints: self.files.values().map(|file| file.hints).sum(),
            bytes: self.files.values().map(|file| file.bytes).sum(),
            oldest_millis: self
                .files
                .values()
                .filter_map(|file| file.oldest_millis)
                .min(),
        })
    }

    /// Counts what of a file is after the mark, and removes it when that is nothing.
    fn count(&mut self, number: u64) -> Result<(), EngineError> {
        let mut state = FileState {
            bytes: fs::metadata(self.path(number)).map_or(0, |file| file.len()),
            ..FileState::default()
        };
        if number >= self.mark.file {
            for read in self.open_from(number, self.mark)? {
                let (_, hint) = read?;
                state.hints += 1;
                let oldest = state.oldest_millis.unwrap_or(hint.created_millis);
                state.oldest_millis = Some(oldest.min(hint.created_millis));
            }
        }
        if state.hints > 0 {
            self.files.insert(number, state);
            return Ok(());
        }
        self.writer.take_if(|(written, _)| *written == number);
        self.files.remove(&number);
        let path = self.path(number);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(EngineError::io("remove", &path, &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The readable hints of a file after a position.
    fn open_from(
        &self,
        number: u64,
        mark: HintPosition,
    ) -> Result<impl Iterator<Item = Result<(HintPosition, Hint), EngineError>> + use<>, EngineError>
    {
        let mut reader = match RecordFileReader::open(self.path(number)) {
            Ok(reader) => Some(reader),
            Err(error @ RecordFileError::Header { .. }) => {
                tracing::error!(%error, "hints are lost");
                None
            }
            Err(error) => return Err(failed(&error)),
        };
        if let Some(reader) = &mut reader
            && mark.file == number
        {
            let end = fs::metadata(self.path(number)).map_or(0, |file| file.len());
            reader.seek(mark.offset.min(end));
        }
        let hints = reader.into_iter().flatten().filter_map(move |read| {
            let (offset, record) = match read {
                Ok(read) => read,
                Err(error @ RecordFileError::Damaged { .. }) => {
                    tracing::error!(%error, "hints are lost");
                    return None;
                }
                Err(error) => return Some(Err(failed(&error))),
            };
            let position = HintPosition {
                file: number,
                offset,
            };
            Hint::decode(&record).map(|hint| Ok((position, hint)))
        });
        Ok(hints)
    }

    fn remove_directory(&mut self) -> Result<(), EngineError> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(EngineError::io("remove", &self.directory, &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:020}{SUFFIX}"))
    }
}

/// Makes a target's directory; its name is durable.
fn make_directory(directory: &Path) -> Result<(), EngineError> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory)
        .and_then(|()| directory.parent().map_or(Ok(()), sync_directory))
        .map_err(|error| EngineError::io("create", directory, &error))
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?
        .to_str()?
        .strip_suffix(SUFFIX)?
        .parse()
        .ok()
}

/// Without a mark that can be read, hints are delivered again: harmless.
fn load_mark(directory: &Path) -> HintPosition {
    let path = directory.join(MARK);
    let bytes = read_checked(&path).unwrap_or_else(|error| {
        tracing::warn!(%error, "hints will be delivered again");
        None
    });
    let read = |bytes: Vec<u8>| {
        let (file, rest) = bytes.split_first_chunk::<8>()?;
        let offset = rest.first_chunk::<8>()?;
        Some(HintPosition {
            file: u64::from_be_bytes(*file),
            offset: u64::from_be_bytes(*offset),
        })
    };
    bytes.and_then(read).unwrap_or_default()
}

fn failed(error: &RecordFileError) -> EngineError {
    match error {
        RecordFileError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            EngineError::DiskFull(error.to_string())
        }
        RecordFileError::RecordBytes { bytes, bytes_max } => EngineError::TooLarge {
            bytes: *bytes,
            bytes_max: *bytes_max,
        },
        other => EngineError::Io(other.to_string()),
    }
}
