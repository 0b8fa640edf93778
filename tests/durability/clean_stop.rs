//! A node that is told to stop leaves nothing to do for its next start.

use anyhow::Context;
use anyhow::ensure;
use quorate_client::Client;
use quorate_client::RequestOptions;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::time::Duration;
use std::time::Instant;

const ROWS: i64 = 2_000;

/// Makes a table with one replica and fills it.
pub(crate) async fn fill(client: &Client) -> anyhow::Result<()> {
    let keyspace = "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
    client.execute(keyspace, ()).await?;
    client
        .execute("CREATE TABLE shop.log (k bigint PRIMARY KEY, v text)", ())
        .await?;
    let insert = client
        .prepare("INSERT INTO shop.log (k, v) VALUES (?, ?)")
        .await?;
    for key in 0..ROWS {
        let values = (key, format!("value {key}"));
        client
            .execute_prepared(&insert, values, RequestOptions::default())
            .await?;
    }
    Ok(())
}

/// How many rows there are.
pub(crate) async fn count(cluster: &mut Cluster) -> anyhow::Result<i64> {
    let client = cluster.client().await?;
    Ok(client
        .execute("SELECT count(*) FROM shop.log", ())
        .await?
        .single()?)
}

/// A number that a node logged in this life, as `name=7`.
fn logged(cluster: &Cluster, name: &str) -> anyhow::Result<u64> {
    let log = cluster.log(1)?;
    let words = log.split_whitespace();
    let mut values = words.filter_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let value = values
        .next()
        .with_context(|| format!("no {name} is logged"))?;
    Ok(value.parse()?)
}

#[test]
fn a_node_that_was_told_to_stop_replays_nothing_and_starts_fast() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let client = cluster.client().await?;
        fill(&client).await?;
        let stopping = Instant::now();
        cluster.stop(1).await?;
        let stopped_in = stopping.elapsed();
        cluster.start(1)?;
        cluster.settle().await?;
        assert_eq!(logged(cluster, "replayed")?, 0);
        let took = Duration::from_millis(logged(cluster, "after_ms")?);
        ensure!(took < Duration::from_secs(4), "it served after {took:?}");
        ensure!(
            stopped_in < Duration::from_secs(10),
            "it stopped after {stopped_in:?}"
        );
        assert_eq!(count(cluster).await?, ROWS);
        Ok(())
    })
}

#[test]
fn a_node_that_was_killed_replays_its_log() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let client = cluster.client().await?;
        fill(&client).await?;
        cluster.kill(1)?;
        cluster.start(1)?;
        cluster.settle().await?;
        let replayed = logged(cluster, "replayed")?;
        ensure!(
            replayed >= u64::try_from(ROWS)?,
            "{replayed} records were replayed"
        );
        assert_eq!(count(cluster).await?, ROWS);
        Ok(())
    })
}
