//! Small durable files: the node's identity, its metadata log.
//!
//! Decides only that a file is replaced wholly or not at all, and that bytes that changed on disk
//! are noticed. Knows nothing of what is in them. Works before an engine is opened.
//!
//! ```text
//! file = bytes · crc32(bytes) (4, big endian)
//! ```

use crate::config::blobs_directory;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use tokio::sync::oneshot;

/// A directory of small files. A clone is a handle to the same one.
#[derive(Debug, Clone)]
pub struct BlobStore {
    directory: PathBuf,
    writes: mpsc::Sender<BlobWrite>,
}

#[derive(Debug)]
struct BlobWrite {
    path: PathBuf,
    bytes: Vec<u8>,
    done: oneshot::Sender<io::Result<()>>,
}

impl BlobStore {
    /// Opens or creates the blobs of a node's data directory.
    pub fn open(data_directory: impl AsRef<Path>) -> io::Result<Self> {
        let directory = blobs_directory(data_directory.as_ref());
        fs::create_dir_all(&directory)?;
        sync_directory(data_directory.as_ref())?;
        let (writes, queue) = mpsc::channel::<BlobWrite>();
        // Ends when the last handle is gone.
        thread::Builder::new()
            .name("blobs".to_owned())
            .spawn(move || {
                for write in queue {
                    let written = write_checked(&write.path, &write.bytes);
                    // Nobody waits any more: nothing to tell.
                    let _ = write.done.send(written);
                }
            })?;
        Ok(Self { directory, writes })
    }

    /// Reads a blob; `None` when it was never written.
    ///
    /// # Errors
    /// `InvalidData` when its checksum is wrong, and what the disk says.
    pub fn load(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        read_checked(&self.path(name)?)
    }

    /// Replaces a blob, atomically and durably. Writes are done in the order of the calls.
    pub fn persist(
        &self,
        name: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = io::Result<()>> + Send + use<> {
        let (done, answer) = oneshot::channel();
        let queued = self.path(name).and_then(|path| {
            let write = BlobWrite { path, bytes, done };
            self.writes
                .send(write)
                .map_err(|_| io::Error::other("the blob thread has ended"))
        });
        async move {
            queued?;
            let lost = |_| io::Error::other("the blob thread has ended");
            answer.await.map_err(lost)?
        }
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.starts_with('.') || !name.bytes().all(plain) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("'{name}' is no name of a blob"),
            ));
        }
        Ok(self.directory.join(name))
    }
}

/// Replaces a file with `bytes` and their checksum.
pub(crate) fn write_checked(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_added_extension("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.write_all(&crc32fast::hash(bytes).to_be_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Reads what [`write_checked`] wrote; `None` when there is no such file.
pub(crate) fn read_checked(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let content = bytes.len().saturating_sub(4);
    let checks = bytes
        .split_last_chunk::<4>()
        .is_some_and(|(content, crc)| crc32fast::hash(content) == u32::from_be_bytes(*crc));
    if !checks {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is damaged: its checksum does not match", path.display()),
        ));
    }
    bytes.truncate(content);
    Ok(Some(bytes))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::test_support::block_on;

    #[test]
    fn a_blob_is_read_back_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let store = BlobStore::open(directory.path()).unwrap();
        assert_eq!(store.load("identity").unwrap(), None);
        block_on(store.persist("identity", b"one".to_vec())).unwrap();
        block_on(store.persist("identity", b"three".to_vec())).unwrap();
        drop(store);
        let store = BlobStore::open(directory.path()).unwrap();
        assert_eq!(store.load("identity").unwrap(), Some(b"three".to_vec()));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let store = BlobStore::open(directory.path()).unwrap();
        block_on(store.persist("log", vec![7; 100])).unwrap();
        let path = directory.path().join("blobs/log");
        let mut bytes = fs::read(&path).unwrap();
        bytes[50] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = store.load("log").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_name_cannot_leave_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let store = BlobStore::open(directory.path()).unwrap();
        for name in ["", "..", "a/b", ".hidden", "ä"] {
            assert!(store.load(name).is_err(), "{name}");
        }
    }
}
