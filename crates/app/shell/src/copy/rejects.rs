//! The rows that failed, each under a line that says why. With COMMENT = '#' and the options of the
//! load the file can be loaded in its turn.

use crate::format::Dialect;
use crate::format::write_record;
use csv::ByteRecord;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

/// A file of rejected rows, made with the first one.
pub(super) struct Rejects {
    path: PathBuf,
    dialect: Dialect,
    header: Option<ByteRecord>,
    /// Whether an earlier load's rows stay in it.
    adds: bool,
    file: Option<BufWriter<File>>,
    count: u64,
}

impl Rejects {
    pub(super) fn new(
        path: PathBuf,
        dialect: Dialect,
        header: Option<ByteRecord>,
        adds: bool,
    ) -> Self {
        let comment = dialect.comment.or(Some(b'#'));
        Self {
            path,
            dialect: Dialect { comment, ..dialect },
            header,
            adds,
            file: None,
            count: 0,
        }
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes a row.
    pub(super) fn add(&mut self, index: u64, record: &ByteRecord, why: &str) -> io::Result<()> {
        let comment = self.dialect.comment.unwrap_or(b'#');
        let why = why.replace(['\n', '\r'], " ");
        let mut text = vec![comment];
        text.extend_from_slice(format!(" row {}: {why}\n", index + 1).as_bytes());
        write_record(&mut text, record, self.dialect);
        self.count += 1;
        self.open()?.write_all(&text)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }

    fn open(&mut self) -> io::Result<&mut BufWriter<File>> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.create()?,
        };
        Ok(self.file.insert(file))
    }

    fn create(&self) -> io::Result<BufWriter<File>> {
        if !self.adds && self.path.exists() {
            let age = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            let mut old = self.path.clone().into_os_string();
            old.push(format!(".{}", age.as_secs()));
            std::fs::rename(&self.path, old)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        let is_new = file.metadata()?.len() == 0;
        let mut file = BufWriter::new(file);
        if let Some(header) = self.header.as_ref().filter(|_| is_new) {
            let mut text = Vec::new();
            write_record(&mut text, header, self.dialect);
            file.write_all(&text)?;
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::CopyOptions;

    #[test]
    fn rejected_rows_stand_under_their_reason_and_can_be_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("import_ks_t.err");
        std::fs::write(&path, "of an earlier load").unwrap();
        let options = CopyOptions::default();
        let header = ByteRecord::from(vec!["k", "v"]);
        let mut rejects = Rejects::new(path.clone(), options.dialect(), Some(header), false);
        let row = ByteRecord::from(vec!["#x", "a,b"]);
        rejects.add(4, &row, "InvalidRequest:\nno").unwrap();
        rejects.flush().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "k,v\n# row 5: InvalidRequest: no\n\"#x\",\"a,b\"\n"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

        let mut more = Rejects::new(path.clone(), options.dialect(), None, true);
        more.add(9, &row, "again").unwrap();
        more.flush().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("k,v\n# row 5") && text.contains("# row 10: again\n"));
    }
}
