//! The log's directory, as few verbs as the log needs.
//!
//! Decides nothing. It exists so that tests can put a disk below the log that loses what was not
//! synced and fails where it is told to.

use crate::LogError;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// One directory without subdirectories.
pub(crate) trait Disk: Debug + Send + Sync {
    /// Names and sizes.
    fn list(&self) -> io::Result<Vec<(String, u64)>>;
    /// A new file; fails when it exists.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// An existing file.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, durable after [`Disk::sync_directory`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file, durable after [`Disk::sync_directory`].
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes names durable.
    fn sync_directory(&self) -> io::Result<()>;
}

/// One open file.
pub(crate) trait DiskFile: Debug + Send + Sync {
    /// The whole content.
    fn read(&self) -> io::Result<Vec<u8>>;
    /// Writes, extending the file when needed.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the content durable.
    fn sync(&self) -> io::Result<()>;
}

/// A directory of the operating system, locked against other processes.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    handle: File,
    _lock: File,
}

const LOCK: &str = "lock";

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let failed = |action| {
            move |source| LogError::Io {
                action,
                path: path.to_path_buf(),
                source,
            }
        };
        create_durably(path).map_err(failed("create directory"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(failed("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LogError::InUse {
                    path: path.to_path_buf(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        let handle = File::open(path).map_err(failed("open directory"))?;
        Ok(Self {
            path: path.to_path_buf(),
            handle,
            _lock: lock,
        })
    }
}

/// Creates the directory and makes its name durable in its parent.
fn create_durably(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

impl Disk for Directory {
    fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string()
                && name != LOCK
            {
                found.push((name, entry.metadata()?.len()));
            }
        }
        found.sort();
        Ok(found)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.path.join(name))?;
        Ok(Box::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(self.path.join(name))?,
        ))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}

impl DiskFile for File {
    fn read(&self) -> io::Result<Vec<u8>> {
        let bytes = usize::try_from(self.metadata()?.len()).map_err(io::Error::other)?;
        let mut content = vec![0; bytes];
        self.read_exact_at(&mut content, 0)?;
        Ok(content)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
pub(crate) mod simulated;
