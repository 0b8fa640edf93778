//! Writes that a replica missed are kept for it and delivered.

use crate::KEYSPACE;
use anyhow::Context;
use anyhow::ensure;
use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use quorate_client::Client;
use quorate_client::RequestOptions;
use quorate_client::proto::Consistency;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::text;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::time::Duration;

const WRITES: i32 = 10_000;
const IN_FLIGHT: usize = 64;

async fn write_all(client: &Client) -> anyhow::Result<()> {
    let insert = client
        .prepare("INSERT INTO shop.carts (user, count) VALUES (?, ?)")
        .await?;
    let writes = stream::iter(0..WRITES).map(|user| {
        let (client, insert) = (client.clone(), insert.clone());
        async move {
            let values = (user, user * 7);
            let options = RequestOptions::default();
            client.execute_prepared(&insert, values, options).await
        }
    });
    let writes = writes.buffer_unordered(IN_FLIGHT);
    writes.try_for_each(|_| async { Ok(()) }).await?;
    Ok(())
}

/// Waits until no running node of these keeps a hint.
async fn hints_are_delivered(cluster: &Cluster, keepers: &[u8]) -> anyhow::Result<()> {
    until(
        "all hints are delivered",
        Duration::from_secs(30),
        async || {
            for number in keepers {
                let pending = cluster.direct(*number)?.pending_hints().await?;
                ensure!(pending == 0, "node {number} keeps {pending} hints");
            }
            Ok(())
        },
    )
    .await
}

/// Waits until these nodes keep one hint for each write: the last ones may still be on their way to
/// the disk when the client has its answer.
async fn hints_are_kept(cluster: &Cluster, keepers: &[u8], count: u64) -> anyhow::Result<()> {
    let within = Duration::from_secs(5);
    until("each write leaves one hint", within, async || {
        let mut kept = 0;
        for number in keepers {
            kept += cluster.direct(*number)?.pending_hints().await?;
        }
        ensure!(kept == count, "{kept} hints, expected {count}");
        Ok(())
    })
    .await
}

/// What a node that is alone holds, at ONE.
async fn held_by(cluster: &Cluster, number: u8) -> anyhow::Result<Vec<Vec<i64>>> {
    use quorate_client::proto::value::Kind;
    let cql = "SELECT user, count FROM shop.carts";
    let rows = cluster
        .direct(number)?
        .every_row(cql, Consistency::One, 1_000)
        .await?;
    let number = |value: &quorate_client::proto::Value| match value.kind {
        Some(Kind::Integer(number)) => Some(number),
        _ => None,
    };
    let rows = rows
        .iter()
        .map(|row| row.iter().map(number).collect::<Option<Vec<i64>>>());
    let mut rows: Vec<Vec<i64>> = rows
        .collect::<Option<_>>()
        .context("a value is no integer")?;
    rows.sort_unstable();
    Ok(rows)
}

fn everything() -> Vec<Vec<i64>> {
    (0..i64::from(WRITES))
        .map(|user| vec![user, user * 7])
        .collect()
}

#[test]
fn a_node_that_was_down_holds_every_write_after_its_return() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        let table = "CREATE TABLE shop.carts (user int PRIMARY KEY, count int)";
        client.execute(table, ()).await?;
        cluster.kill(3)?;
        cluster.settle().await?;
        write_all(&client).await?;
        hints_are_kept(cluster, &[1, 2], u64::try_from(WRITES)?).await?;

        cluster.start(3)?;
        cluster.settle().await?;
        hints_are_delivered(cluster, &[1, 2]).await?;
        cluster.kill(1)?;
        cluster.kill(2)?;
        assert_eq!(held_by(cluster, 3).await?, everything());
        Ok(())
    })
}

#[test]
fn hints_survive_the_death_of_the_node_that_keeps_them() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        let table = "CREATE TABLE shop.carts (user int PRIMARY KEY, count int)";
        client.execute(table, ()).await?;
        cluster.kill(3)?;
        cluster.settle().await?;
        let keeper = cluster.direct(1)?;
        for user in 0..50 {
            let cql = "INSERT INTO shop.carts (user, count) VALUES (?, 1)";
            keeper
                .execute(cql, vec![integer(user)], Consistency::Quorum)
                .await?;
        }
        hints_are_kept(cluster, &[1], 50).await?;
        cluster.kill(1)?;
        cluster.start(1)?;
        cluster.start(3)?;
        cluster.settle().await?;
        hints_are_delivered(cluster, &[1, 2]).await?;
        cluster.kill(1)?;
        cluster.kill(2)?;
        assert_eq!(held_by(cluster, 3).await?.len(), 50);
        Ok(())
    })
}

#[test]
fn a_write_that_no_replica_can_take_does_not_hold_up_the_hints_behind_it() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        let table = "CREATE TABLE shop.carts (user int PRIMARY KEY, count int, note text)";
        client.execute(table, ()).await?;
        let keeper = cluster.direct(1)?;
        let huge = "INSERT INTO shop.carts (user, note) VALUES (?, ?)";
        let values = vec![integer(1), text("x".repeat(20 << 20))];
        let refused = keeper.execute(huge, values, Consistency::Quorum).await;
        ensure!(refused.is_err(), "20 MiB were written");

        cluster.kill(3)?;
        cluster.settle().await?;
        for user in 0..50 {
            let cql = "INSERT INTO shop.carts (user, count) VALUES (?, 1)";
            keeper
                .execute(cql, vec![integer(user)], Consistency::Quorum)
                .await?;
        }
        cluster.start(3)?;
        cluster.settle().await?;
        hints_are_delivered(cluster, &[1, 2]).await?;
        cluster.kill(1)?;
        cluster.kill(2)?;
        assert_eq!(held_by(cluster, 3).await?.len(), 50);
        Ok(())
    })
}
