//! COPY TO: reads the table by token ranges, several at once, and writes the rows as they come.
//!
//! The order of the rows is that in which ranges answer; within a partition it is the table's.

use super::CopyCommand;
use super::CopyOptions;
use super::backoff;
use super::may_pass;
use super::progress::Point;
use super::progress::Progress;
use super::qualified;
use super::values::Field;
use crate::errors::ShellError;
use crate::format::write_record;
use crate::session::Session;
use quorate_client::Client;
use quorate_client::ClientError;
use quorate_client::ColumnKind;
use quorate_client::PreparedStatement;
use quorate_client::QueryResult;
use quorate_client::RequestOptions;
use quorate_client::Value;
use quorate_client::Values;
use quorate_cql::quote_identifier;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Ranges for each that is read at once: small ones, so that none ends long after the others.
const RANGES_PER_WORKER: u32 = 8;

/// What a worker has read.
enum Piece {
    /// Rows as CSV.
    Rows { text: Vec<u8>, rows: u64 },
    /// A range is done.
    Range,
}

impl Session {
    pub(super) async fn copy_to(
        &mut self,
        client: &Client,
        keyspace: &str,
        command: CopyCommand,
    ) -> Result<(), ShellError> {
        let table = qualified(keyspace, &command.table);
        let options = Arc::new(command.options.clone());
        let names = command.columns.as_ref().map_or_else(
            || "*".to_owned(),
            |columns| {
                let names: Vec<String> = columns.iter().map(|c| quote_identifier(c)).collect();
                names.join(", ")
            },
        );
        let key = partition_key(client, keyspace, &command.table);
        let is_whole = options.begin_token.is_none() && options.end_token.is_none();
        let (cql, ranges) = match key {
            Some(key) => (
                format!("SELECT {names} FROM {table} WHERE token({key}) > ? AND token({key}) <= ?"),
                ranges(&options),
            ),
            None if is_whole => (format!("SELECT {names} FROM {table}"), Vec::new()),
            None => {
                return Err(ShellError::command(format!(
                    "BEGINTOKEN and ENDTOKEN need the partition key of {table}, which is not known"
                )));
            }
        };
        let statement = client.prepare(&cql).await?;
        let columns: Vec<String> = statement
            .result_columns()
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let starting = format!(
            "\nStarting copy of {table} with columns [{}].",
            columns.join(", ")
        );
        let file = if let Some(path) = &command.file {
            let file = File::create(path).map_err(|error| {
                let path = path.display();
                ShellError::command(format!("Can't open '{path}' for writing: {error}"))
            })?;
            self.output.message(&starting)?;
            Some(BufWriter::with_capacity(1 << 20, file))
        } else {
            // Only data goes to standard output.
            self.output.note(&starting)?;
            None
        };
        let mut header = Vec::new();
        if options.header {
            write_record(&mut header, &columns, options.dialect());
        }
        let export = Export {
            client: client.clone(),
            request: RequestOptions {
                receipt: false,
                page_size: Some(options.page_rows),
                idempotent: Some(true),
                ..self.request_options()
            },
            fields: statement
                .result_columns()
                .iter()
                .map(|column| Field::new(column.cql_type, &options))
                .collect(),
            statement,
            options,
            ranges,
            next: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        };
        self.export(Arc::new(export), &header, file).await
    }

    /// Writes what the workers read.
    async fn export(
        &mut self,
        export: Arc<Export>,
        header: &[u8],
        mut file: Option<BufWriter<File>>,
    ) -> Result<(), ShellError> {
        let total = export.parts();
        let mut progress = Progress::new(Some(total), export.options.report_every);
        let (sender, mut pieces) = mpsc::channel(16);
        let mut workers = JoinSet::new();
        for _ in 0..u64::from(export.options.processes).min(total) {
            let (export, sender) = (Arc::clone(&export), sender.clone());
            workers.spawn(async move { export.work(&sender).await });
        }
        drop(sender);
        let mut point = Point::default();
        {
            let out = writer(&mut self.output, &mut file);
            out.write_all(header)?;
        }
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Rows { text, rows } => {
                    point.rows += rows;
                    writer(&mut self.output, &mut file).write_all(&text)?;
                }
                Piece::Range => point.position += 1,
            }
            point.retries = export.retries.load(Ordering::Relaxed);
            progress.show(point)?;
        }
        while let Some(ended) = workers.join_next().await {
            ended.map_err(|error| ShellError::command(error.to_string()))??;
        }
        writer(&mut self.output, &mut file).flush()?;
        progress.finish();
        let text = format!(
            "{} rows exported to 1 files in {:.3} seconds.",
            point.rows,
            progress.elapsed().as_secs_f64()
        );
        if file.is_some() {
            self.output.message(&text)?;
        } else {
            self.output.note(&text)?;
        }
        Ok(())
    }
}

fn writer<'w>(
    output: &'w mut crate::output::Output,
    file: &'w mut Option<BufWriter<File>>,
) -> &'w mut dyn Write {
    match file {
        Some(file) => file,
        None => output.stdout(),
    }
}

/// What the workers share.
struct Export {
    client: Client,
    statement: PreparedStatement,
    request: RequestOptions,
    fields: Vec<Field>,
    options: Arc<CopyOptions>,
    /// Bounds of token ranges, the first not in its range; none: the table in one piece.
    ranges: Vec<(i64, i64)>,
    /// The next range that nobody has taken.
    next: AtomicU64,
    retries: AtomicU64,
}

impl Export {
    fn parts(&self) -> u64 {
        (self.ranges.len() as u64).max(1)
    }

    /// Takes range after range.
    async fn work(&self, pieces: &mpsc::Sender<Piece>) -> Result<(), ClientError> {
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= self.parts() {
                return Ok(());
            }
            let range = usize::try_from(part).ok();
            let values = match range.and_then(|range| self.ranges.get(range)) {
                Some((after, last)) => Values::positional([*after, *last]),
                None => Values::default(),
            };
            let mut paging_state = None;
            loop {
                let page = self.page(&values, paging_state, part).await?;
                let piece = Piece::Rows {
                    text: self.text(&page),
                    rows: page.rows.len() as u64,
                };
                if pieces.send(piece).await.is_err() {
                    return Ok(());
                }
                paging_state = page.paging_state;
                if paging_state.is_none() {
                    break;
                }
            }
            if pieces.send(Piece::Range).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Reads a page, again while failures may pass.
    async fn page(
        &self,
        values: &Values,
        paging_state: Option<bytes::Bytes>,
        seed: u64,
    ) -> Result<QueryResult, ClientError> {
        let mut attempt = 0;
        loop {
            let options = RequestOptions {
                paging_state: paging_state.clone(),
                ..self.request.clone()
            };
            let read = self
                .client
                .execute_prepared(&self.statement, values.clone(), options);
            let error = match read.await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            attempt += 1;
            if !may_pass(&error) || attempt >= self.options.attempts_max {
                return Err(error);
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(backoff(attempt, seed + u64::from(attempt))).await;
        }
    }

    fn text(&self, page: &QueryResult) -> Vec<u8> {
        let mut text = Vec::with_capacity(page.rows.len() * 64);
        for row in &page.rows {
            let values = row.values().iter().zip(&self.fields);
            let fields = values.map(|(value, field): (&Value, &Field)| field.write(value));
            write_record(&mut text, fields, self.options.dialect());
        }
        text
    }
}

/// The partition key as the arguments of `token`; `None` for tables that are not in the cluster's
/// view, and those of the system, which no token finds.
fn partition_key(client: &Client, keyspace: &str, table: &str) -> Option<String> {
    if keyspace == "system" || keyspace.starts_with("system_") {
        return None;
    }
    let view = client.cluster();
    let columns = &view.table(keyspace, table)?.columns;
    let key: Vec<String> = columns
        .iter()
        .filter(|column| column.kind == ColumnKind::PartitionKey)
        .map(|column| quote_identifier(&column.name))
        .collect();
    (!key.is_empty()).then(|| key.join(", "))
}

/// The tokens that are wanted, cut into ranges of one size.
fn ranges(options: &CopyOptions) -> Vec<(i64, i64)> {
    let begin = i128::from(options.begin_token.unwrap_or(i64::MIN));
    let end = i128::from(options.end_token.unwrap_or(i64::MAX));
    let count = i128::from(options.processes * RANGES_PER_WORKER);
    if begin >= end {
        return vec![(begin as i64, begin as i64)];
    }
    let count = count.min(end - begin);
    let bound = |index: i128| (begin + (end - begin) * index / count) as i64;
    (0..count)
        .map(|index| (bound(index), bound(index + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(begin: Option<i64>, end: Option<i64>, processes: u32) -> Vec<(i64, i64)> {
        ranges(&CopyOptions {
            begin_token: begin,
            end_token: end,
            processes,
            ..CopyOptions::default()
        })
    }

    #[test]
    fn ranges_cover_every_token_once() {
        let all = between(None, None, 4);
        assert_eq!(all.len(), 32);
        assert_eq!(all.first().unwrap().0, i64::MIN);
        assert_eq!(all.last().unwrap().1, i64::MAX);
        assert!(all.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert!(all.iter().all(|(after, last)| after < last));
    }

    #[test]
    fn few_tokens_make_few_ranges() {
        assert_eq!(between(Some(5), Some(8), 4), [(5, 6), (6, 7), (7, 8)]);
        assert_eq!(between(Some(8), Some(5), 1), [(8, 8)], "an empty one");
    }
}
