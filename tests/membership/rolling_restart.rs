//! Nodes are restarted, or killed, one after another, and nobody who asks notices.

use crate::KEYSPACE;
use anyhow::ensure;
use quorate_client::Client;
use quorate_client::PreparedStatement;
use quorate_client::RequestOptions;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

const WORKERS: i64 = 6;
/// So that the nodes have time for more than requests.
const PAUSE: Duration = Duration::from_millis(4);

/// What the workers share.
#[derive(Debug, Default)]
struct Load {
    stop: AtomicBool,
    done: AtomicI64,
}

/// A request that failed, and why.
type Failed = String;

/// Writes a key and reads it back, again and again; gives what failed.
async fn work(
    client: Client,
    statements: [PreparedStatement; 2],
    worker: i64,
    load: Arc<Load>,
) -> Vec<Failed> {
    let [insert, select] = statements;
    let mut failed = Vec::new();
    for turn in 0_i64.. {
        if load.stop.load(Ordering::Relaxed) || failed.len() > 5 {
            break;
        }
        let key = turn * WORKERS + worker;
        let started = Instant::now();
        let options = RequestOptions::default();
        let written = client
            .execute_prepared(&insert, (key, turn), options.clone())
            .await;
        let outcome = match written {
            Ok(_) => client.execute_prepared(&select, (key,), options).await,
            Err(error) => Err(error),
        };
        let value = outcome.and_then(|answer| answer.single::<i64>());
        let problem = match value {
            Ok(value) if value == turn => None,
            Ok(value) => Some(format!("{value} was read, expected {turn}")),
            Err(error) => Some(error.to_string()),
        };
        let took = started.elapsed();
        failed.extend(problem.map(|problem| format!("key {key}: {problem}, after {took:?}")));
        load.done.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
    failed
}

async fn some_more(load: &Load, count: i64) -> anyhow::Result<()> {
    let enough = load.done.load(Ordering::Relaxed) + count;
    until(
        "requests are answered",
        Duration::from_secs(30),
        async || {
            let done = load.done.load(Ordering::Relaxed);
            ensure!(done >= enough, "{done} of {enough}");
            Ok(())
        },
    )
    .await
}

/// Keeps the cluster under load while each node in turn goes, by `leave`, and comes back.
async fn none_fails_while_each_goes(
    cluster: &mut Cluster,
    leave: impl AsyncFn(&mut Cluster, u8) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let client = cluster.client().await?;
    client.execute(KEYSPACE, ()).await?;
    client
        .execute("CREATE TABLE shop.log (k bigint PRIMARY KEY, v bigint)", ())
        .await?;
    let insert = client
        .prepare("INSERT INTO shop.log (k, v) VALUES (?, ?)")
        .await?;
    let select = client.prepare("SELECT v FROM shop.log WHERE k = ?").await?;
    let load = Arc::new(Load::default());
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let statements = [insert.clone(), select.clone()];
            tokio::spawn(work(client.clone(), statements, worker, Arc::clone(&load)))
        })
        .collect();
    some_more(&load, 100).await?;
    for number in 1..=3 {
        leave(cluster, number).await?;
        some_more(&load, 100).await?;
        cluster.start(number)?;
        cluster.settle().await?;
        some_more(&load, 100).await?;
    }
    load.stop.store(true, Ordering::Relaxed);
    let mut failed = Vec::new();
    for worker in workers {
        failed.extend(worker.await?);
    }
    let done = load.done.load(Ordering::Relaxed);
    assert!(
        failed.is_empty(),
        "{} of {done} failed: {failed:#?}",
        failed.len()
    );
    eprintln!("{done} requests, none failed");
    Ok(())
}

#[test]
fn no_request_fails_during_a_rolling_restart() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        none_fails_while_each_goes(cluster, async |cluster, number| cluster.stop(number).await)
            .await
    })
}

#[test]
fn no_request_that_may_be_repeated_fails_when_nodes_are_killed() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        none_fails_while_each_goes(cluster, async |cluster, number| cluster.kill(number)).await
    })
}
