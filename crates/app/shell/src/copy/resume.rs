//! How far a load is, for the next one to go on.
//!
//! Requests are answered in any order; what counts is the prefix of the file that is settled:
//! written, or noted as failed. A small file beside the rejects says how long it is. It is only
//! ever replaced whole, at most one second old, and removed when the load is done; what was written
//! after it is written once more, with the same values.

use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;

/// Which records are settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefix {
    /// All before it are.
    next: u64,
    /// Some after it.
    ahead: BTreeSet<u64>,
}

impl Prefix {
    pub(super) const fn starting_at(first: u64) -> Self {
        Self {
            next: first,
            ahead: BTreeSet::new(),
        }
    }

    /// Marks a record.
    pub(super) fn settle(&mut self, index: u64) {
        if index != self.next {
            if index > self.next {
                self.ahead.insert(index);
            }
            return;
        }
        self.next += 1;
        while self.ahead.remove(&self.next) {
            self.next += 1;
        }
    }

    /// How many records from the file's beginning are all settled.
    pub(super) const fn records(&self) -> u64 {
        self.next
    }
}

/// How far a load of one file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The file.
    pub(super) source: PathBuf,
    /// Its size: a changed file is not gone on with.
    pub(super) bytes: u64,
    /// Records of it that are settled, without a header.
    pub(super) rows: u64,
}

/// The file that keeps a mark.
#[derive(Debug, Clone)]
pub(super) struct MarkFile {
    path: PathBuf,
}

impl MarkFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What an interrupted load of this file left; the error says why it can't be gone on with.
    pub(super) fn load(&self, source: &Path, bytes: u64) -> Result<Option<Mark>, String> {
        let shown = self.path.display();
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("Could not open '{shown}': {error}")),
        };
        let mark: Mark = serde_json::from_str(&text)
            .map_err(|error| format!("'{shown}' is damaged: {error}"))?;
        if mark.source != source || mark.bytes != bytes {
            return Err(format!(
                "'{shown}' is about '{}' with {} bytes, not about '{}' with {bytes}; \
                 remove it to load from the beginning",
                mark.source.display(),
                mark.bytes,
                source.display()
            ));
        }
        Ok(Some(mark))
    }

    /// Replaces the mark.
    pub(super) fn save(&self, mark: &Mark) -> io::Result<()> {
        let next = self.path.with_extension("resume.next");
        fs::write(&next, serde_json::to_vec(mark)?)?;
        fs::rename(next, &self.path)
    }

    /// Removes it; that it is not there is fine.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_prefix_waits_for_the_slowest() {
        let mut prefix = Prefix::starting_at(10);
        for index in [12, 11, 14] {
            prefix.settle(index);
            assert_eq!(prefix.records(), 10);
        }
        prefix.settle(10);
        assert_eq!(prefix.records(), 13);
        prefix.settle(13);
        assert_eq!(prefix.records(), 15);
        assert!(prefix.ahead.is_empty());
    }

    #[test]
    fn a_mark_is_kept_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = MarkFile::new(folder.path().join("import_ks_t.resume"));
        let source = Path::new("/data/x.csv");
        assert_eq!(file.load(source, 5), Ok(None));
        let mark = Mark {
            source: source.to_owned(),
            bytes: 5,
            rows: 3,
        };
        file.save(&mark).unwrap();
        assert_eq!(file.load(source, 5), Ok(Some(mark)));
        let changed = file.load(source, 6).unwrap_err();
        assert!(changed.contains("5 bytes"), "{changed}");
        assert!(file.load(Path::new("/data/y.csv"), 5).is_err());
        file.remove().unwrap();
        file.remove().unwrap();
        assert_eq!(file.load(source, 5), Ok(None));
        fs::write(file.path(), "{\"source\"").unwrap();
        assert!(file.load(source, 5).unwrap_err().contains("damaged"));
    }

    proptest! {
        #[test]
        fn whatever_the_order_the_prefix_ends_before_the_first_that_lacks(
            order in Just((0..40_u64).collect::<Vec<_>>()).prop_shuffle(),
            taken in 0..40_usize,
        ) {
            let mut prefix = Prefix::starting_at(0);
            for index in &order[..taken] {
                prefix.settle(*index);
            }
            let first_missing = order[taken..].iter().min().copied().unwrap_or(40);
            prop_assert_eq!(prefix.records(), first_missing);
        }
    }
}
