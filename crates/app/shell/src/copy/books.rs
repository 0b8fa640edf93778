//! The books of a load: what was written, what failed and where that is put, how far it is.

use super::CopyOptions;
use super::load::Settled;
use super::progress::Point;
use super::progress::Progress;
use super::rejects::Rejects;
use super::resume::Mark;
use super::resume::MarkFile;
use super::resume::Prefix;
use csv::ByteRecord;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// What is known of a load.
pub(super) struct Books {
    pub(super) prefix: Prefix,
    pub(super) rejects: Rejects,
    /// `None` for standard input.
    pub(super) mark: Option<(Mark, MarkFile)>,
    pub(super) imported: u64,
    pub(super) parse_errors: u64,
    pub(super) insert_errors: u64,
    pub(super) retries: u64,
    /// How far the reader is.
    pub(super) bytes: Arc<AtomicU64>,
    pub(super) progress: Progress,
    /// Why it ended before its end.
    pub(super) stopped_by: Option<String>,
}

impl Books {
    /// A record that is no row.
    pub(super) fn bad(&mut self, index: u64, record: &ByteRecord, why: &str) -> io::Result<()> {
        self.parse_errors += 1;
        self.rejects
            .add(index, record, &format!("ParseError: {why}"))?;
        self.prefix.settle(index);
        Ok(())
    }

    pub(super) fn settle(&mut self, settled: Settled) -> io::Result<()> {
        self.imported += settled.written.len() as u64;
        for index in settled.written {
            self.prefix.settle(index);
        }
        for (row, why) in settled.failed {
            self.insert_errors += 1;
            self.rejects.add(row.index, &row.record, &why)?;
            self.prefix.settle(row.index);
        }
        Ok(())
    }

    /// Says why to stop, if the errors are too many.
    pub(super) fn check(&mut self, options: &CopyOptions) {
        let over = |count: u64, most: Option<u64>| most.is_some_and(|most| count > most);
        let (what, most) = if over(self.parse_errors, options.parse_errors_max) {
            ("parse errors", options.parse_errors_max)
        } else if over(self.insert_errors, options.insert_errors_max) {
            ("insert errors", options.insert_errors_max)
        } else {
            return;
        };
        let most = most.unwrap_or_default();
        self.stopped_by = Some(format!(
            "Exceeded maximum number of {what} {most}; the failed rows are in '{}'",
            self.rejects.path().display()
        ));
    }

    pub(super) fn show(&mut self) -> io::Result<()> {
        self.progress.show(Point {
            rows: self.imported,
            position: self.bytes.load(Ordering::Relaxed),
            failed: self.rejects.count(),
            retries: self.retries,
        })
    }

    /// Writes down how far the load is; rejects first, for what is settled must be somewhere.
    pub(super) fn write_mark(&mut self) -> io::Result<()> {
        self.rejects.flush()?;
        if let Some((mark, file)) = &mut self.mark {
            mark.rows = self.prefix.records();
            file.save(mark)?;
        }
        Ok(())
    }
}
