//! COPY FROM: prepares the INSERT, lets the reader read and the loader write, and keeps the books.

use super::CopyCommand;
use super::CopyOptions;
use super::books::Books;
use super::load::Loader;
use super::load::Settled;
use super::progress::Progress;
use super::qualified;
use super::reader;
use super::reader::Event;
use super::reader::Plan;
use super::reader::Records;
use super::rejects::Rejects;
use super::resume::Mark;
use super::resume::MarkFile;
use super::resume::Prefix;
use super::source::Source;
use super::values::Field;
use crate::errors::ShellError;
use crate::session::Session;
use csv::ByteRecord;
use quorate_client::Client;
use quorate_client::ColumnSpec;
use quorate_client::PreparedStatement;
use quorate_client::RequestOptions;
use quorate_cql::quote_identifier;
use std::io;
use std::io::IsTerminal;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Interval;

/// Rows under way at once, however they are grouped.
const ROWS_IN_FLIGHT_MAX: usize = 8_192;

/// Between two marks of how far the load is.
const MARKED_EVERY: Duration = Duration::from_secs(1);

/// Between two looks at whether there is something to show.
const LOOKED_EVERY: Duration = Duration::from_millis(100);

impl Session {
    pub(super) async fn copy_from(
        &mut self,
        client: &Client,
        keyspace: &str,
        command: CopyCommand,
    ) -> Result<(), ShellError> {
        let table = qualified(keyspace, &command.table);
        let options = command.options.clone();
        let source = Source::open(command.file.as_deref())?;
        if command.file.is_none() && io::stdin().is_terminal() {
            self.output
                .message("[Use \\. on a line by itself to end input]")?;
        }
        let mark = source.path().zip(source.bytes()).map(|(path, bytes)| Mark {
            source: path.to_owned(),
            bytes,
            rows: 0,
        });
        let name = format!("import_{keyspace}_{}", command.table);
        let rejects_path = options.error_file.clone();
        let rejects_path = rejects_path.unwrap_or_else(|| PathBuf::from(format!("{name}.err")));
        let mark_file = MarkFile::new(rejects_path.with_file_name(format!("{name}.resume")));
        let resumed = self.resumed(&options, mark.as_ref(), &mark_file)?;

        let bytes = source.bytes();
        let read = source.into_read();
        let (records, header) = open_records(read, options.clone()).await?;
        let (columns, statement) = self
            .prepare_insert(client, &table, &command, header.as_ref())
            .await?;

        let first = resumed.max(options.skip_rows);
        let position = Arc::new(AtomicU64::new(0));
        let plan = Plan {
            fields: fields(&columns, &options, &statement),
            statement: statement.clone(),
            options: options.clone(),
            first,
            position: Arc::clone(&position),
        };
        let (sender, events) = mpsc::channel(64);
        let reading = tokio::task::spawn_blocking(move || reader::read(&plan, records, &sender));
        let loader = Loader {
            client: client.clone(),
            statement,
            options: self.load_options(),
            attempts_max: options.attempts_max,
            retries: AtomicU64::new(0),
        };
        let books = Books {
            prefix: Prefix::starting_at(first),
            rejects: Rejects::new(rejects_path, options.dialect(), header, options.resume),
            mark: mark.map(|mark| (mark, mark_file)),
            imported: 0,
            parse_errors: 0,
            insert_errors: 0,
            retries: 0,
            bytes: position,
            progress: Progress::new(bytes, options.report_every),
            stopped_by: None,
        };
        let books = load(Arc::new(loader), events, books, &options).await?;
        let was_read = match reading.await {
            Ok(result) => result.map_err(|error| format!("Can't read the data: {error}")),
            Err(error) => Err(error.to_string()),
        };
        self.conclude(books, was_read, first)
    }

    /// Plans the INSERT and says what is loaded; the fields of a record come along.
    async fn prepare_insert(
        &mut self,
        client: &Client,
        table: &str,
        command: &CopyCommand,
        header: Option<&ByteRecord>,
    ) -> Result<(Vec<String>, PreparedStatement), ShellError> {
        let known = client.prepare(&format!("SELECT * FROM {table}")).await?;
        let columns = columns(command, header, known.result_columns())?;
        let wanted: Vec<&str> = columns
            .iter()
            .filter(|column| !command.options.skip_columns.contains(column))
            .map(String::as_str)
            .collect();
        let cql = insert(table, &wanted, command.options.ttl_secs);
        let statement = client.prepare(&cql).await?;
        self.output.message(&format!(
            "\nStarting copy of {table} with columns [{}].",
            wanted.join(", ")
        ))?;
        Ok((columns, statement))
    }

    /// What every request of a load is sent with.
    fn load_options(&self) -> RequestOptions {
        RequestOptions {
            receipt: false,
            page_size: None,
            idempotent: Some(true),
            ..self.request_options()
        }
    }

    /// How many records an interrupted load has settled.
    fn resumed(
        &mut self,
        options: &CopyOptions,
        mark: Option<&Mark>,
        file: &MarkFile,
    ) -> Result<u64, ShellError> {
        if !options.resume {
            return Ok(0);
        }
        let Some(mark) = mark else {
            return Err(ShellError::command("RESUME needs a file"));
        };
        let found = file
            .load(&mark.source, mark.bytes)
            .map_err(ShellError::Command)?;
        let (rows, text) = if let Some(mark) = found {
            (mark.rows, format!("Resuming after {} rows.", mark.rows))
        } else {
            let text = "Nothing to resume: loading from the beginning.";
            (0, text.to_owned())
        };
        self.output.message(&text)?;
        Ok(rows)
    }

    /// Says how it went.
    fn conclude(
        &mut self,
        mut books: Books,
        was_read: Result<(), String>,
        skipped: u64,
    ) -> Result<(), ShellError> {
        books.progress.finish();
        books.rejects.flush()?;
        let failed = books.rejects.count();
        let stopped = books.stopped_by.take();
        let is_done = was_read.is_ok() && stopped.is_none();
        if let Some((mark, file)) = &mut books.mark {
            mark.rows = books.prefix.records();
            let kept = if is_done {
                file.remove()
            } else {
                file.save(mark)
            };
            if let Err(error) = kept {
                let path = file.path().display();
                self.output
                    .note(&format!("Could not write '{path}': {error}"))?;
            }
        }
        let retries = books.retries;
        if retries > 0 {
            self.output
                .message(&format!("{retries} requests were repeated."))?;
        }
        self.output.message(&format!(
            "{} rows imported from 1 files in {:.3} seconds ({skipped} skipped).",
            books.imported,
            books.progress.elapsed().as_secs_f64()
        ))?;
        was_read.map_err(ShellError::Command)?;
        if let Some(why) = stopped {
            return Err(ShellError::Command(why));
        }
        if failed > 0 {
            return Err(ShellError::command(format!(
                "Failed to import {failed} rows; they are in '{}', each with its reason",
                books.rejects.path().display()
            )));
        }
        Ok(())
    }
}

/// Writes what the reader sends, many requests at once, until there is no more.
async fn load(
    loader: Arc<Loader>,
    mut events: mpsc::Receiver<Event>,
    mut books: Books,
    options: &CopyOptions,
) -> Result<Books, ShellError> {
    let requests_max = options.requests_max();
    let mut requests: JoinSet<(usize, Settled)> = JoinSet::new();
    let mut rows_in_flight: usize = 0;
    let mut is_read = false;
    let mut marks = every(MARKED_EVERY);
    let mut looks = every(LOOKED_EVERY);
    // Does not matter for the load itself, so a folder that can't be written to is no error.
    let mut can_mark = true;
    while !(is_read && requests.is_empty()) {
        let has_room = requests.len() < requests_max && rows_in_flight < ROWS_IN_FLIGHT_MAX;
        tokio::select! {
            Some(done) = requests.join_next(), if !requests.is_empty() => {
                let (rows, settled) =
                    done.map_err(|error| ShellError::command(error.to_string()))?;
                rows_in_flight -= rows;
                books.settle(settled)?;
            }
            event = events.recv(), if has_room && !is_read => match event {
                Some(Event::Rows(rows)) => {
                    rows_in_flight += rows.len();
                    let loader = Arc::clone(&loader);
                    requests.spawn(async move { (rows.len(), loader.write(rows).await) });
                }
                Some(Event::Bad { index, record, why }) => books.bad(index, &record, &why)?,
                None => is_read = true,
            },
            _ = looks.tick() => {
                books.retries = loader.retries.load(Ordering::Relaxed);
                books.show()?;
            }
            _ = marks.tick(), if can_mark => can_mark = books.write_mark().is_ok(),
        }
        if books.stopped_by.is_none() {
            books.check(options);
        }
        if books.stopped_by.is_some() && !is_read {
            is_read = true;
            events.close();
        }
    }
    books.retries = loader.retries.load(Ordering::Relaxed);
    Ok(books)
}

/// Opens CSV where it may block.
async fn open_records(
    source: Box<dyn Read + Send>,
    options: CopyOptions,
) -> Result<(Records, Option<ByteRecord>), ShellError> {
    tokio::task::spawn_blocking(move || reader::open(source, &options))
        .await
        .map_err(|error| ShellError::command(error.to_string()))?
        .map_err(|error| ShellError::command(format!("Can't read the data: {error}")))
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}

/// What the fields of a record are, in their order.
fn columns(
    command: &CopyCommand,
    header: Option<&ByteRecord>,
    known: &[ColumnSpec],
) -> Result<Vec<String>, ShellError> {
    if let Some(columns) = &command.columns {
        return Ok(columns.clone());
    }
    let all = || known.iter().map(|column| column.name.clone());
    let Some(header) = header else {
        return Ok(all().collect());
    };
    let names = header.iter().map(|name| {
        let name = String::from_utf8_lossy(name);
        let name = name.trim_start_matches('\u{feff}').trim();
        let found = all().find(|column| column == name);
        let found = found.or_else(|| all().find(|column| *column == name.to_lowercase()));
        let is_skipped = command.options.skip_columns.iter().any(|skip| skip == name);
        found
            .or_else(|| is_skipped.then(|| name.to_owned()))
            .ok_or_else(|| {
                ShellError::command(format!(
                    "the header names '{name}', which is no column of {}; \
                     list the columns: COPY {} (…) FROM",
                    command.table, command.table
                ))
            })
    });
    names.collect()
}

/// One for each field of a record, by the statement's markers.
fn fields(
    columns: &[String],
    options: &CopyOptions,
    statement: &PreparedStatement,
) -> Vec<Option<Field>> {
    let mut markers = statement.markers().iter();
    columns
        .iter()
        .map(|column| {
            if options.skip_columns.contains(column) {
                return None;
            }
            markers
                .next()
                .map(|marker| Field::new(marker.cql_type, options))
        })
        .collect()
}

fn insert(table: &str, columns: &[&str], ttl_secs: Option<u32>) -> String {
    let names: Vec<String> = columns.iter().map(|name| quote_identifier(name)).collect();
    let markers = vec!["?"; columns.len()];
    let ttl = ttl_secs.map_or_else(String::new, |secs| format!(" AND TTL {secs}"));
    format!(
        "INSERT INTO {table} ({}) VALUES ({}) USING TIMESTAMP ?{ttl}",
        names.join(", "),
        markers.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_client::CqlType;

    fn known() -> Vec<ColumnSpec> {
        ["k", "Item", "v"]
            .map(|name| ColumnSpec {
                keyspace: "ks".to_owned(),
                table: "t".to_owned(),
                name: name.to_owned(),
                cql_type: CqlType::Int,
            })
            .to_vec()
    }

    fn columns_of(command: &str, header: Option<&[&str]>) -> Result<Vec<String>, String> {
        let command = CopyCommand::parse(command).unwrap();
        let header = header.map(|names| ByteRecord::from(names.to_vec()));
        columns(&command, header.as_ref(), &known()).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_come_from_the_command_the_header_or_the_table() {
        assert_eq!(
            columns_of("COPY t (v, k) FROM STDIN", Some(&["x", "y"])).unwrap(),
            ["v", "k"]
        );
        assert_eq!(
            columns_of("COPY t FROM STDIN", Some(&["\u{feff}V", " Item", "k"])).unwrap(),
            ["v", "Item", "k"]
        );
        assert_eq!(
            columns_of("COPY t FROM STDIN", None).unwrap(),
            ["k", "Item", "v"]
        );
        let refused = columns_of("COPY t FROM STDIN", Some(&["k", "x"])).unwrap_err();
        assert!(
            refused.contains("'x', which is no column of t"),
            "{refused}"
        );
        let skipped = columns_of("COPY t FROM STDIN WITH SKIPCOLS = 'x'", Some(&["k", "x"]));
        assert_eq!(skipped.unwrap(), ["k", "x"]);
    }

    #[test]
    fn the_insert_gives_each_row_its_time() {
        let columns = ["k", "Item"];
        assert_eq!(
            insert("ks.t", &columns, None),
            "INSERT INTO ks.t (k, \"Item\") VALUES (?, ?) USING TIMESTAMP ?"
        );
        assert!(insert("ks.t", &columns, Some(60)).ends_with("USING TIMESTAMP ? AND TTL 60"));
    }
}
