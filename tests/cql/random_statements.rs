//! A cluster under random statements, with replicas cut off at random, answers as the model does.
//!
//! Statements are written at QUORUM and repeated until they are acknowledged: their timestamps are
//! explicit, so that repeating changes nothing. No hints are kept; what a replica missed, only reads
//! can bring it.

use crate::model::Model;
use crate::model::Moment;
use crate::model::PARTITIONS;
use crate::questions::Question;
use crate::statements::Statement;
use crate::statements::Statements;
use anyhow::Context;
use anyhow::bail;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use quorate_client::proto::Consistency;
use quorate_client::proto::Options;
use quorate_client::proto::Value;
use quorate_client::proto::execute_response::Result as Outcome;
use quorate_tests::Cluster;
use quorate_tests::Direct;
use quorate_tests::Random;
use quorate_tests::Setup;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// For how long statements are tried.
const DURATION: Duration = Duration::from_secs(24);
const ROUNDS_MIN: u32 = 4;
const WRITES_PER_ROUND: usize = 80;
const QUESTIONS_PER_ROUND: usize = 60;
const IN_FLIGHT: usize = 8;
/// For how long one statement or page is repeated.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node that is out of reach: how, and who.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Paused(u8),
    Killed(u8),
}

fn cut_one(cluster: &mut Cluster, random: &mut Random) -> anyhow::Result<Cut> {
    let number = u8::try_from(random.below(3))? + 1;
    if random.one_in(2) {
        cluster.pause(number)?;
        Ok(Cut::Paused(number))
    } else {
        cluster.kill(number)?;
        Ok(Cut::Killed(number))
    }
}

async fn restore(cluster: &mut Cluster, cut: Cut) -> anyhow::Result<()> {
    match cut {
        Cut::Paused(number) => cluster.resume(number)?,
        Cut::Killed(number) => cluster.start(number)?,
    }
    cluster.settle().await
}

/// The nodes that can be asked.
fn reachable(cluster: &Cluster, cut: Cut) -> anyhow::Result<Vec<Direct>> {
    let (Cut::Paused(out) | Cut::Killed(out)) = cut;
    (1..=3)
        .filter(|number| *number != out)
        .map(|number| cluster.direct(number))
        .collect()
}

fn seconds_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(0))
}

/// Runs statements as one, until it is acknowledged; gives when that was.
async fn write(node: &Direct, statements: &[Statement], logged: bool) -> anyhow::Result<Moment> {
    let cql = match statements {
        [one] => one.cql.clone(),
        several => {
            let kind = if logged { "" } else { "UNLOGGED " };
            let inner: Vec<&str> = several.iter().map(|one| one.cql.as_str()).collect();
            format!("BEGIN {kind}BATCH {} APPLY BATCH", inner.join("; "))
        }
    };
    let from = seconds_now();
    until("the write is acknowledged", PATIENCE, async || {
        node.execute(&cql, Vec::new(), Consistency::Quorum).await?;
        Ok(())
    })
    .await
    .with_context(|| cql.clone())?;
    let to = seconds_now();
    Ok(Moment { from, to })
}

/// Every row, page by page, each page through another node.
async fn ask(nodes: &[Direct], cql: &str, page_size: u32) -> anyhow::Result<Vec<Vec<Value>>> {
    let mut options = Options {
        consistency: Consistency::Quorum.into(),
        page_size,
        ..Options::default()
    };
    let mut every = Vec::new();
    for node in nodes.iter().cycle() {
        let answer = until("the page is read", PATIENCE, async || {
            Ok(node.execute_with(cql, Vec::new(), options.clone()).await?)
        })
        .await
        .with_context(|| cql.to_owned())?;
        let Some(Outcome::Rows(rows)) = answer.result else {
            bail!("{cql} was answered without rows");
        };
        if rows.rows.len() > page_size as usize {
            bail!(
                "a page of {} rows, {page_size} were asked for",
                rows.rows.len()
            );
        }
        every.extend(rows.rows.into_iter().map(|row| row.values));
        if rows.paging_state.is_empty() {
            break;
        }
        options.paging_state = rows.paging_state;
    }
    Ok(every)
}

/// Asks until it can be told what the answer must be, and compares.
async fn check(
    nodes: &[Direct],
    model: &Model,
    question: &Question,
    page_size: u32,
) -> anyhow::Result<()> {
    let cql = question.cql();
    let started = Instant::now();
    loop {
        let from = seconds_now();
        let answer = ask(nodes, &cql, page_size).await?;
        let to = seconds_now();
        match question.answer(model, Moment { from, to }) {
            Ok(expected) if expected == answer => return Ok(()),
            Ok(expected) => {
                let effects: Vec<String> = question
                    .partitions()
                    .iter()
                    .flat_map(|partition| {
                        model
                            .effects(*partition)
                            .iter()
                            .map(move |effect| (partition, effect))
                    })
                    .map(|(partition, effect)| format!("  {partition}: {effect:?}\n"))
                    .collect();
                let effects = effects.concat();
                let (answer, expected) = (shown(&answer), shown(&expected));
                bail!(
                    "{cql}\nin pages of {page_size} gave\n{answer}expected\n{expected}after\n{effects}"
                );
            }
            // Something expires about now.
            Err(_) if started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(_) => bail!("{cql}: something is always about to expire"),
        }
    }
}

fn shown(rows: &[Vec<Value>]) -> String {
    use quorate_client::proto::value::Kind;
    let cell = |value: &Value| match &value.kind {
        None => "null".to_owned(),
        Some(Kind::Integer(number)) => number.to_string(),
        Some(Kind::Text(text)) => text.clone(),
        Some(other) => format!("{other:?}"),
    };
    let line = |row: &Vec<Value>| {
        let cells: Vec<String> = row.iter().map(cell).collect();
        format!("  {}\n", cells.join(" | "))
    };
    rows.iter().map(line).collect()
}

/// A node is cut off, statements are written, the node returns.
async fn write_round(
    cluster: &mut Cluster,
    model: &mut Model,
    statements: &mut Statements,
    random: &mut Random,
) -> anyhow::Result<()> {
    let cut = cut_one(cluster, random)?;
    let nodes = reachable(cluster, cut)?;
    let mut jobs = Vec::new();
    while jobs.len() < WRITES_PER_ROUND {
        let count = if random.one_in(5) {
            2 + random.below(3)
        } else {
            1
        };
        let together: Vec<Statement> = (0..count).map(|_| statements.next(random)).collect();
        let node = random.choice(&nodes).context("no node is left")?.clone();
        jobs.push((node, together, random.one_in(2)));
    }
    let running = stream::iter(jobs).map(|(node, together, logged)| async move {
        let when = write(&node, &together, logged).await?;
        anyhow::Ok((together, when))
    });
    let done: Vec<_> = running.buffer_unordered(IN_FLIGHT).try_collect().await?;
    for (together, when) in done {
        for statement in together {
            statement.apply_to(model, when);
        }
    }
    restore(cluster, cut).await
}

/// A node, most likely another, is cut off, and everything is compared.
async fn read_round(
    cluster: &mut Cluster,
    model: &Model,
    random: &mut Random,
) -> anyhow::Result<()> {
    let cut = cut_one(cluster, random)?;
    let nodes = reachable(cluster, cut)?;
    let mut questions = Vec::new();
    for (page_size, partition) in (1..=10).zip((0..PARTITIONS).cycle()) {
        questions.push((Question::whole(partition, false), page_size));
        questions.push((Question::whole(partition, true), page_size));
    }
    while questions.len() < QUESTIONS_PER_ROUND {
        questions.push((Question::any(random), u32::try_from(random.below(10))? + 1));
    }
    let checks = stream::iter(questions).map(|(question, page_size)| {
        let mut nodes = nodes.clone();
        nodes.rotate_left(usize::from(random.one_in(2)));
        async move { check(&nodes, model, &question, page_size).await }
    });
    checks
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    restore(cluster, cut).await
}

#[test]
fn a_cluster_with_replicas_cut_off_answers_as_the_model_does() -> anyhow::Result<()> {
    let given = std::env::var("MODEL_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(Random::fresh_seed);
    let mut random = Random::new(seed);
    let setup = Setup::nodes(3)
        .set("hinted_handoff=false")
        .set("range_timeout_ms=2000")
        .set("read_timeout_ms=2000");
    with_cluster(setup, async |cluster| {
        let client = cluster.client().await?;
        let keyspace = "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}";
        client.execute(keyspace, ()).await?;
        let table = "CREATE TABLE shop.model (p int, c1 int, c2 text, s int static, v int, w text, PRIMARY KEY (p, c1, c2)) WITH CLUSTERING ORDER BY (c1 ASC, c2 DESC)";
        client.execute(table, ()).await?;
        let (mut model, mut statements) = (Model::default(), Statements::new());
        let started = Instant::now();
        let mut rounds = 0;
        while rounds < ROUNDS_MIN || started.elapsed() < DURATION {
            rounds += 1;
            write_round(cluster, &mut model, &mut statements, &mut random).await?;
            read_round(cluster, &model, &mut random).await?;
        }
        eprintln!("{rounds} rounds");
        Ok(())
    })
    .with_context(|| format!("seed {seed}: repeat its statements with MODEL_SEED={seed}"))
}
