//! Clients: they ask random nodes for random things, one after the other, and write down what they
//! asked and what they got.

use crate::cluster::Cluster;
use crate::cluster::NoAnswer;
use crate::executor::lock;
use crate::history::Read;
use crate::history::Seen;
use crate::history::Stamp;
use crate::history::Write;
use crate::history::WriteOutcome;
use crate::network::NodeIndex;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::statements::Modification;
use crate::statements::Selection;
use crate::statements::Statements;
use crate::world::CLOCK_ERROR_MAX;
use crate::world::SimWorld;
use crate::world::WALL_BEGIN_MICROS;
use bytes::Bytes;
use quorate_coordinator::DigestVerdict;
use quorate_node::Node;
use quorate_query::BoundValue;
use quorate_query::ResultSet;
use quorate_request::Batch;
use quorate_request::Execute;
use quorate_request::Frontend;
use quorate_request::Options;
use quorate_request::Outcome;
use quorate_request::Response;
use quorate_request::Statement;
use quorate_types::ConsistencyLevel;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

/// How long a client waits for a node.
const PATIENCE: Duration = Duration::from_secs(6);

type Answer = Result<Result<Response, RequestError>, NoAnswer>;

/// One client.
pub(crate) struct Client {
    cluster: Cluster,
    number: u64,
    rng: Rng,
    values: u64,
    stopped: Arc<Mutex<bool>>,
}

impl Client {
    /// Client number `number` of a world; it works until `stopped`.
    pub(crate) fn new(cluster: Cluster, number: u64, stopped: Arc<Mutex<bool>>) -> Self {
        let rng = Rng::stream(cluster.plan().seed, "client", number);
        Self {
            cluster,
            number,
            rng,
            values: 0,
            stopped,
        }
    }

    /// Asks and asks.
    pub(crate) async fn work(mut self) {
        let mean = self.cluster.plan().think_time.as_micros() as f64;
        while !*lock(&self.stopped) {
            let pause = 1 + self.rng.exponential(mean) as u64;
            let executor = self.cluster.executor();
            executor.sleep(Duration::from_micros(pause)).await;
            if self.rng.chance(self.cluster.plan().write_share) {
                self.write().await;
            } else {
                self.read().await;
            }
        }
    }

    fn a_node(&mut self) -> NodeIndex {
        self.rng.index(self.cluster.plan().nodes)
    }

    fn now(&self) -> u64 {
        self.cluster.executor().now_micros()
    }

    async fn write(&mut self) {
        let cluster = self.cluster.clone();
        let plan = cluster.plan();
        let is_batch = self.rng.chance(plan.batch_share);
        let count = if is_batch { self.rng.between(2, 4) } else { 1 };
        let mut modifications = Vec::new();
        for _ in 0..count {
            modifications.extend(self.modification(plan));
        }
        let level = self.rng.pick(&plan.write_levels).copied();
        let level = level.unwrap_or(ConsistencyLevel::Quorum);
        let wall = self.client_clock();
        let given = self.rng.chance(plan.client_timestamp_share);
        let timestamp = given.then(|| WriteTimestamp::saturating(wall));
        let options = Options {
            consistency: Some(level),
            timestamp,
            receipt: true,
            ..Options::default()
        };
        let invoked = self.now();
        let text = modifications.iter().map(|one| one.text.as_str());
        let text = text.collect::<Vec<_>>().join("; ");
        let cells = modifications.iter().flat_map(|one| one.cells.clone());
        let write = Write {
            invoked,
            outcome: WriteOutcome::Unknown,
            level,
            stamp: timestamp.map_or(self.unknown_stamp(), |given| Stamp::exactly(given.micros())),
            cells: cells.collect(),
            text: text.clone(),
        };
        let index = {
            let mut history = lock(cluster.history());
            history.writes.push(write);
            history.writes.len() - 1
        };
        let node = self.a_node();
        let answer = if is_batch {
            let logged = self.rng.chance(0.5);
            self.ask_batch(node, logged, modifications, options).await
        } else {
            let one = modifications.into_iter().next();
            let Some(Modification { text, values, .. }) = one else {
                return;
            };
            self.ask(node, text, values, options).await
        };
        self.write_down(index, &answer, count > 1);
        let client = self.number;
        cluster.executor().note(format_args!(
            "c{client} n{node} {level:?} {text}: {}",
            summary(&answer)
        ));
    }

    fn modification(&mut self, plan: &Plan) -> Option<Modification> {
        let statements = Statements::new(plan);
        let (number, values) = (self.number, &mut self.values);
        let mut fresh = || {
            *values += 1;
            // Positive, so that greater values are greater bytes too.
            (*values << 8 | number) as i64
        };
        if self.rng.chance(plan.ledger_share) {
            return Some(statements.put_in_ledger(fresh()));
        }
        if self.rng.chance(plan.delete_share) {
            return statements.delete(&mut self.rng);
        }
        statements.put(&mut self.rng, fresh)
    }

    /// A clock as far off as the nodes' are. Coarse at times, so that timestamps collide.
    fn client_clock(&mut self) -> i64 {
        let error = CLOCK_ERROR_MAX.as_micros() as u64;
        let wall = WALL_BEGIN_MICROS + self.now() as i64 - error as i64;
        let wall = wall + self.rng.between(0, 2 * error) as i64;
        if self.rng.chance(0.2) {
            wall / 100_000 * 100_000
        } else {
            wall
        }
    }

    /// What is known of the timestamp that a coordinator will give: its clock is not further behind
    /// than clocks may be, and it may come to the request late.
    fn unknown_stamp(&self) -> Stamp {
        let behind = CLOCK_ERROR_MAX.as_micros() as i64;
        Stamp {
            low: WALL_BEGIN_MICROS + self.now() as i64 - behind - 1_000_000,
            high: i64::MAX,
        }
    }

    fn write_down(&self, index: usize, answer: &Answer, several: bool) {
        let now = self.now();
        let mut history = lock(self.cluster.history());
        let history = &mut *history;
        let Some(write) = history.writes.get_mut(index) else {
            return;
        };
        match answer {
            Ok(Ok(response)) => {
                write.outcome = WriteOutcome::Acknowledged(now);
                let receipt = response.receipt.as_ref();
                if let Some(timestamp) = receipt.and_then(|receipt| receipt.timestamp) {
                    write.stamp = Stamp::exactly(timestamp.micros());
                }
            }
            Ok(Err(error)) => {
                history.errors += 1;
                if is_refusal(error) && !several {
                    write.outcome = WriteOutcome::Refused;
                }
            }
            Err(NoAnswer::NotConnected) => write.outcome = WriteOutcome::Refused,
            Err(NoAnswer::Lost) => {}
        }
    }

    async fn read(&mut self) {
        let cluster = self.cluster.clone();
        let plan = cluster.plan();
        let Some(selection) = Statements::new(plan).select(&mut self.rng) else {
            return;
        };
        let level = self.rng.pick(&plan.read_levels).copied();
        let level = level.unwrap_or(ConsistencyLevel::Quorum);
        let page_size = self.rng.chance(0.3).then(|| self.rng.between(1, 3) as u32);
        let invoked = self.now();
        let text = selection.text.clone();
        let seen = self.read_pages(selection, level, page_size).await;
        let client = self.number;
        match seen {
            Ok(cells) => {
                let shown: Vec<_> = cells
                    .iter()
                    .map(|(_, seen)| seen.map(|seen| seen.value))
                    .collect();
                cluster
                    .executor()
                    .note(format_args!("c{client} {level:?} {text}: {shown:?}"));
                lock(cluster.history()).reads.push(Read {
                    invoked,
                    completed: self.now(),
                    level,
                    cells,
                    is_final: false,
                    text: format!("{text} at {level:?}, page size {page_size:?}"),
                });
            }
            Err(error) => {
                cluster
                    .executor()
                    .note(format_args!("c{client} {level:?} {text}: {error}"));
                lock(cluster.history()).errors += 1;
            }
        }
    }

    /// Reads page after page, each from another node.
    async fn read_pages(
        &mut self,
        selection: Selection,
        level: ConsistencyLevel,
        page_size: Option<u32>,
    ) -> Result<Vec<(crate::history::Register, Option<Seen>)>, String> {
        let mut rows = Vec::new();
        let mut paging_state = None;
        loop {
            let options = Options {
                consistency: Some(level),
                page_size,
                paging_state: paging_state.take(),
                receipt: true,
                ..Options::default()
            };
            let node = self.a_node();
            let answer = self
                .ask(
                    node,
                    selection.text.clone(),
                    selection.values.clone(),
                    options,
                )
                .await;
            lock(self.cluster.history()).read_repairs += u64::from(has_repaired(&answer));
            let page = rows_of(answer)?;
            rows.extend(page.rows);
            match page.paging_state {
                Some(state) => paging_state = Some(state),
                None => return show(&selection, self.cluster.plan(), &rows),
            }
        }
    }

    async fn ask(
        &mut self,
        node: NodeIndex,
        text: String,
        values: Vec<BoundValue>,
        options: Options,
    ) -> Answer {
        let prepared = self.rng.chance(0.5);
        let patience = self.patience();
        let asked = |node| execute(node, prepared, text, values, options);
        self.cluster.request(node, patience, asked).await
    }

    /// Most clients wait; some hang up in the middle.
    fn patience(&mut self) -> Duration {
        if self.rng.chance(self.cluster.plan().hang_up_share) {
            Duration::from_micros(self.rng.log_uniform(100.0, 1_000_000.0) as u64)
        } else {
            PATIENCE
        }
    }

    async fn ask_batch(
        &mut self,
        node: NodeIndex,
        logged: bool,
        modifications: Vec<Modification>,
        options: Options,
    ) -> Answer {
        let statements = modifications
            .into_iter()
            .map(|one| (Statement::Text(one.text), one.values))
            .collect();
        let batch = Batch {
            logged,
            statements,
            options,
        };
        let patience = self.patience();
        let asked = |node: Node<SimWorld>| async move { node.batch(batch).await };
        self.cluster.request(node, patience, asked).await
    }
}

/// Runs a statement on a node, prepared there first or not.
pub(crate) async fn execute(
    node: Node<SimWorld>,
    prepared: bool,
    text: String,
    values: Vec<BoundValue>,
    options: Options,
) -> Result<Response, RequestError> {
    let statement = if prepared {
        Statement::Prepared(node.prepare(text, None, None).await?.id)
    } else {
        Statement::Text(text)
    };
    let request = Execute {
        statement,
        values,
        names: None,
        options,
    };
    node.execute(request).await
}

/// Reads a whole table at ALL from a node that is up: what is there in the end.
pub(crate) async fn read_finally(
    cluster: &Cluster,
    node: NodeIndex,
    selection: Selection,
) -> Result<(), String> {
    let level = ConsistencyLevel::All;
    let invoked = cluster.executor().now_micros();
    let options = Options {
        consistency: Some(level),
        ..Options::default()
    };
    let (text, values) = (selection.text.clone(), selection.values.clone());
    let asked = |node| execute(node, false, text, values, options);
    let page = rows_of(cluster.request(node, PATIENCE, asked).await)?;
    let cells = show(&selection, cluster.plan(), &page.rows)?;
    let shown: Vec<_> = cells
        .iter()
        .map(|(_, seen)| seen.map(|seen| seen.value))
        .collect();
    cluster.executor().note(format_args!(
        "finally n{node} {}: {shown:?}",
        selection.text
    ));
    lock(cluster.history()).reads.push(Read {
        invoked,
        completed: cluster.executor().now_micros(),
        level,
        cells,
        is_final: true,
        text: format!("{} at ALL, in the end", selection.text),
    });
    Ok(())
}

/// Whether the node did nothing at all. Of several mutations some may have been sent.
const fn is_refusal(error: &RequestError) -> bool {
    match error {
        RequestError::Unavailable { .. }
        | RequestError::Overloaded(_)
        | RequestError::Bootstrapping(_)
        | RequestError::Protocol(_)
        | RequestError::Authentication(_)
        | RequestError::Syntax(_)
        | RequestError::Unauthorized(_)
        | RequestError::Invalid(_)
        | RequestError::Config(_)
        | RequestError::Unprepared(_)
        | RequestError::FunctionFailure { .. }
        | RequestError::AlreadyExists { .. } => true,
        RequestError::Server(_)
        | RequestError::Truncate(_)
        | RequestError::WriteTimeout { .. }
        | RequestError::ReadTimeout { .. }
        | RequestError::ReadFailure { .. }
        | RequestError::WriteFailure { .. } => false,
    }
}

/// What came of a request, in a word or two.
pub(crate) fn summary(answer: &Answer) -> String {
    match answer {
        Ok(Ok(_)) => "ok".to_owned(),
        Ok(Err(error)) => format!("{}: {error}", error.name()),
        Err(why) => format!("{why:?}"),
    }
}

/// Whether the receipt speaks of a read repair.
fn has_repaired(answer: &Answer) -> bool {
    let Ok(Ok(response)) = answer else {
        return false;
    };
    let digests = response
        .receipt
        .as_ref()
        .and_then(|receipt| receipt.digests);
    matches!(digests, Some(DigestVerdict::Repaired { .. }))
}

fn rows_of(answer: Answer) -> Result<ResultSet, String> {
    match answer {
        Ok(Ok(Response {
            outcome: Outcome::Rows(rows),
            ..
        })) => Ok(rows),
        Ok(Ok(_)) => Err("no rows in the answer".to_owned()),
        other => Err(summary(&other)),
    }
}

fn integer(value: Option<&Option<Bytes>>) -> Option<i64> {
    let bytes = value?.as_deref()?;
    match bytes.len() {
        4 => bytes
            .first_chunk()
            .map(|four| i64::from(i32::from_be_bytes(*four))),
        _ => bytes.first_chunk().map(|eight| i64::from_be_bytes(*eight)),
    }
}

/// What the rows of an answer show in each cell that was asked for.
fn show(
    selection: &Selection,
    plan: &Plan,
    rows: &[Vec<Option<Bytes>>],
) -> Result<Vec<(crate::history::Register, Option<Seen>)>, String> {
    let clustered = plan
        .tables
        .get(selection.table)
        .is_some_and(|table| table.clustered);
    let first_column = if clustered { 2 } else { 1 };
    let mut cells: Vec<_> = selection.cells.iter().map(|cell| (*cell, None)).collect();
    for row in rows {
        let key = integer(row.first());
        let clustering = if clustered {
            integer(row.get(1))
        } else {
            Some(0)
        };
        let mut found = false;
        for (cell, seen) in &mut cells {
            if (Some(cell.partition), Some(cell.row)) != (key, clustering) {
                continue;
            }
            found = true;
            let at = first_column + 2 * cell.column;
            let value = integer(row.get(at));
            let timestamp = integer(row.get(at + 1));
            if seen.is_some() {
                return Err(format!("the row {key:?}, {clustering:?} came twice"));
            }
            *seen = value
                .zip(timestamp)
                .map(|(value, timestamp)| Seen { value, timestamp });
        }
        if !found {
            return Err(format!("the row {key:?}, {clustering:?} was not asked for"));
        }
    }
    Ok(cells)
}
