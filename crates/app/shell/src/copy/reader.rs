//! Reads records on a thread of its own: fields to values, rows grouped by partition.
//!
//! Rows of one partition that stand near each other are written as one unlogged batch, which costs
//! the cluster one write. Each row has its own write timestamp, later ones higher, so that of rows
//! with one key the last in the file wins, whatever order they are written in, and so that a
//! repeated write changes nothing.
//!
//! # Invariants
//!
//! * **I1** Every record from the first that is wanted on is sent once: in a group, or as bad.
//! * **I2** Of two rows the later has the higher timestamp.

use super::CopyOptions;
use super::values::Field;
use csv::ByteRecord;
use csv::ReaderBuilder;
use quorate_client::PreparedStatement;
use quorate_client::Token;
use quorate_client::Value;
use quorate_client::Values;
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use tokio::sync::mpsc;

/// Bytes of fields that a batch may have.
const BATCH_BYTES_MAX: usize = 32 << 10;

/// A row to write.
#[derive(Debug)]
pub(super) struct ImportRow {
    /// Counts the records, without a header.
    pub(super) index: u64,
    /// As it stood in the file, should it fail.
    pub(super) record: ByteRecord,
    pub(super) values: Values,
}

/// What the reader finds.
#[derive(Debug)]
pub(super) enum Event {
    /// Rows of one partition, or one row.
    Rows(Vec<ImportRow>),
    /// A record that is no row of the table.
    Bad {
        index: u64,
        record: ByteRecord,
        why: String,
    },
}

/// A CSV reader by a COPY's options.
pub(super) type Records = csv::Reader<Box<dyn Read + Send>>;

/// Opens CSV; with HEADER its first record comes along.
pub(super) fn open(
    source: Box<dyn Read + Send>,
    options: &CopyOptions,
) -> csv::Result<(Records, Option<ByteRecord>)> {
    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(options.delimiter)
        .quote(options.quote)
        .escape((options.escape != options.quote).then_some(options.escape))
        .comment(options.comment)
        .buffer_capacity(256 << 10)
        .from_reader(source);
    let mut header = None;
    if options.header {
        let mut record = ByteRecord::new();
        if records.read_byte_record(&mut record)? {
            header = Some(record);
        }
    }
    Ok((records, header))
}

/// What is read, and how.
pub(super) struct Plan {
    pub(super) statement: PreparedStatement,
    /// One for each field of a record; `None` is skipped.
    pub(super) fields: Vec<Option<Field>>,
    pub(super) options: CopyOptions,
    /// The first record that is wanted.
    pub(super) first: u64,
    /// Bytes read so far, for progress.
    pub(super) position: Arc<AtomicU64>,
}

/// Reads all records and sends what they are; the error is one of the file's.
pub(super) fn read(
    plan: &Plan,
    mut records: Records,
    events: &mpsc::Sender<Event>,
) -> Result<(), String> {
    let mut groups = Groups::default();
    let mut clock = Clock::default();
    let mut pace = Pace::new(plan.options.ingest_rate);
    // Counted from what is skipped, so that a load that goes on ends where it would have ended.
    let last = plan
        .options
        .max_rows
        .map(|rows| plan.options.skip_rows.saturating_add(rows));
    let mut index: u64 = 0;
    loop {
        let mut record = ByteRecord::new();
        let is_one = records
            .read_byte_record(&mut record)
            .map_err(|error| error.to_string())?;
        if !is_one || last.is_some_and(|last| index >= last) {
            break;
        }
        if index >= plan.first {
            let event = match values(&plan.fields, &record) {
                Ok(mut values) => {
                    values.push(Value::Integer(clock.next()));
                    let row = ImportRow {
                        index,
                        record,
                        values: Values::Positional(values),
                    };
                    groups.add(row, plan).map(Event::Rows)
                }
                Err(why) => Some(Event::Bad { index, record, why }),
            };
            if let Some(event) = event
                && events.blocking_send(event).is_err()
            {
                // Nobody wants more.
                return Ok(());
            }
            pace.wait();
        }
        index += 1;
        if index.is_multiple_of(plan.options.chunk_rows as u64) {
            let position = records.position().byte();
            plan.position.store(position, Ordering::Relaxed);
            if !send_all(groups.take(plan.options.batch_rows_min), events) {
                return Ok(());
            }
        }
    }
    let position = records.position().byte();
    plan.position.store(position, Ordering::Relaxed);
    send_all(groups.take(plan.options.batch_rows_min), events);
    Ok(())
}

fn send_all(groups: Vec<Vec<ImportRow>>, events: &mpsc::Sender<Event>) -> bool {
    groups
        .into_iter()
        .all(|rows| events.blocking_send(Event::Rows(rows)).is_ok())
}

/// The values of a record; the error says why it is no row.
fn values(fields: &[Option<Field>], record: &ByteRecord) -> Result<Vec<Value>, String> {
    if record.len() != fields.len() {
        return Err(format!(
            "Invalid row length {} should be {}",
            record.len(),
            fields.len()
        ));
    }
    let mut values = Vec::with_capacity(fields.len() + 1);
    for (position, (field, bytes)) in fields.iter().zip(record).enumerate() {
        let Some(field) = field else {
            continue;
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| format!("field {} is no UTF-8", position + 1))?;
        let value = field
            .read(text)
            .map_err(|why| format!("field {}: {why}", position + 1))?;
        values.push(value);
    }
    Ok(values)
}

/// Rows that wait for others of their partition.
#[derive(Default)]
struct Groups {
    /// In the order in which they began, so that a file is always cut the same way.
    open: Vec<Group>,
    by_token: HashMap<Token, usize>,
}

#[derive(Default)]
struct Group {
    rows: Vec<ImportRow>,
    bytes: usize,
}

impl Groups {
    /// Adds a row; a group that is full, or a row that needs no other, comes back.
    fn add(&mut self, row: ImportRow, plan: &Plan) -> Option<Vec<ImportRow>> {
        let most = plan.options.batch_rows_max;
        let token = if most > 1 {
            plan.statement.token(&row.values)
        } else {
            None
        };
        // Without a token the key is not right: the server says why.
        let Some(token) = token else {
            return Some(vec![row]);
        };
        let next = self.open.len();
        let position = *self.by_token.entry(token).or_insert(next);
        if position == next {
            self.open.push(Group::default());
        }
        let group = self.open.get_mut(position)?;
        group.bytes += row.record.as_slice().len();
        group.rows.push(row);
        if group.rows.len() < most && group.bytes < BATCH_BYTES_MAX {
            return None;
        }
        self.by_token.remove(&token);
        Some(std::mem::take(&mut group.rows))
    }

    /// All that waits; groups of fewer than `least` rows as single ones.
    fn take(&mut self, least: usize) -> Vec<Vec<ImportRow>> {
        self.by_token.clear();
        let mut groups = Vec::new();
        for group in self.open.drain(..) {
            if group.rows.len() >= least {
                groups.push(group.rows);
            } else {
                groups.extend(group.rows.into_iter().map(|row| vec![row]));
            }
        }
        groups.retain(|rows| !rows.is_empty());
        groups
    }
}

/// Write timestamps: microseconds of the wall clock that never repeat or go back.
#[derive(Default)]
struct Clock {
    last: i64,
}

impl Clock {
    fn next(&mut self) -> i64 {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        self.last = now.max(self.last + 1);
        self.last
    }
}

/// Holds the reader back to so many rows a second.
struct Pace {
    started: Instant,
    rows: u64,
    rate: Option<u64>,
}

impl Pace {
    fn new(rate: Option<u64>) -> Self {
        Self {
            started: Instant::now(),
            rows: 0,
            rate,
        }
    }

    fn wait(&mut self) {
        let Some(rate) = self.rate else {
            return;
        };
        self.rows += 1;
        let due = Duration::from_secs_f64(self.rows as f64 / rate as f64);
        if let Some(early) = due.checked_sub(self.started.elapsed()) {
            std::thread::sleep(early);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_client::CqlType;

    fn records(text: &'static str, options: &CopyOptions) -> Vec<Vec<String>> {
        let (mut records, _) = open(Box::new(text.as_bytes()), options).unwrap();
        records
            .byte_records()
            .map(|record| {
                let record = record.unwrap();
                record
                    .iter()
                    .map(|field| String::from_utf8_lossy(field).into_owned())
                    .collect()
            })
            .collect()
    }

    #[test]
    fn quotes_escapes_and_comments_are_read() {
        let options = CopyOptions {
            comment: Some(b'#'),
            ..CopyOptions::default()
        };
        assert_eq!(
            records("a,\"b,\"\"c\\\"\",\n# no\n\"x\ny\",z\n", &options),
            [
                vec!["a".to_owned(), "b,\"c\"".to_owned(), String::new()],
                vec!["x\ny".to_owned(), "z".to_owned()],
            ]
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        use crate::format::write_record;
        let fields = ["a\\", "\"", "\\\"", "x,y", "", "a\nb", "#no", "plain"];
        for escape in [b'\\', b'"'] {
            let options = CopyOptions {
                escape,
                comment: Some(b'#'),
                ..CopyOptions::default()
            };
            for first in fields {
                for second in fields {
                    let mut text = Vec::new();
                    write_record(&mut text, [first, second], options.dialect());
                    let (mut records, _) =
                        open(Box::new(std::io::Cursor::new(text)), &options).unwrap();
                    let mut record = ByteRecord::new();
                    assert!(records.read_byte_record(&mut record).unwrap());
                    assert_eq!(record, ByteRecord::from(vec![first, second]));
                }
            }
        }
    }

    #[test]
    fn the_header_is_apart() {
        let options = CopyOptions {
            header: true,
            ..CopyOptions::default()
        };
        let (_, header) = open(Box::new("k,v\n1,2\n".as_bytes()), &options).unwrap();
        assert_eq!(header, Some(ByteRecord::from(vec!["k", "v"])));
    }

    #[test]
    fn a_record_that_is_no_row_says_why() {
        let options = CopyOptions::default();
        let int = || Some(Field::new(CqlType::Int, &options));
        let check = |record: Vec<&str>| values(&[int(), None, int()], &ByteRecord::from(record));
        assert_eq!(
            check(vec!["1", "skipped", "2"]),
            Ok(vec![Value::Integer(1), Value::Integer(2)])
        );
        assert_eq!(
            check(vec!["1", "x"]),
            Err("Invalid row length 2 should be 3".to_owned())
        );
        assert_eq!(
            check(vec!["1", "x", "y"]),
            Err("field 3: Unable to make int from 'y'".to_owned())
        );
    }

    #[test]
    fn timestamps_only_grow() {
        let mut clock = Clock::default();
        let stamps: Vec<i64> = (0..10_000).map(|_| clock.next()).collect();
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "I2");
    }
}
