//! A logged batch happens whole or not at all, even when its coordinator dies half way.

use anyhow::ensure;
use quorate_client::proto::Consistency;
use quorate_tests::Cluster;
use quorate_tests::Direct;
use quorate_tests::Setup;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::collections::BTreeMap;
use std::time::Duration;

const ROUNDS: i32 = 3;
const BATCHES: i32 = 60;
/// Partitions of one batch: on every node some.
const PARTS: i32 = 12;
/// One replica each: what is missing there is missing.
const KEYSPACE: &str =
    "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";

fn batch(number: i32) -> String {
    let parts = (0..PARTS).map(|part| {
        let key = number * PARTS + part;
        format!("INSERT INTO shop.parts (k, batch_number) VALUES ({key}, {number}); ")
    });
    format!("BEGIN BATCH {}APPLY BATCH", parts.collect::<String>())
}

/// Sends batches to node 1, some at a time, until it dies; gives those it acknowledged.
async fn send_all(node: Direct, round: i32) -> Vec<i32> {
    let sends = (0..BATCHES).map(|turn| {
        let (node, number) = (node.clone(), round * BATCHES + turn);
        tokio::spawn(async move {
            // A few at once, and some while the first are answered.
            tokio::time::sleep(Duration::from_millis(u64::from(turn.unsigned_abs()) / 4)).await;
            let sent = node
                .execute(&batch(number), Vec::new(), Consistency::One)
                .await;
            sent.is_ok().then_some(number)
        })
    });
    let sends: Vec<_> = sends.collect();
    let mut acknowledged = Vec::new();
    for send in sends {
        acknowledged.extend(send.await.ok().flatten());
    }
    acknowledged
}

/// How many parts of each batch are there.
async fn parts(cluster: &Cluster) -> anyhow::Result<BTreeMap<i64, i32>> {
    use quorate_client::proto::value::Kind;
    let rows = cluster
        .direct(2)?
        .every_row(
            "SELECT batch_number FROM shop.parts",
            Consistency::One,
            1_000,
        )
        .await?;
    let mut parts = BTreeMap::new();
    for row in rows {
        if let Some(Kind::Integer(batch)) = row.first().and_then(|value| value.kind.clone()) {
            *parts.entry(batch).or_default() += 1;
        }
    }
    Ok(parts)
}

#[test]
fn batches_are_whole_after_their_coordinator_was_killed() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        let table = "CREATE TABLE shop.parts (k int PRIMARY KEY, batch_number int)";
        client.execute(table, ()).await?;
        let mut acknowledged = Vec::new();
        for round in 0..ROUNDS {
            let sending = tokio::spawn(send_all(cluster.direct(1)?, round));
            let after = 6 + 5 * u64::from(round.unsigned_abs());
            tokio::time::sleep(Duration::from_millis(after)).await;
            cluster.kill(1)?;
            acknowledged.extend(sending.await?);
            cluster.start(1)?;
            cluster.settle().await?;
        }
        // Those who keep a batch look for such as nobody finished every ten seconds.
        until(
            "every batch is there whole or not at all",
            Duration::from_mins(1),
            async || {
                let parts = parts(cluster).await?;
                let torn: Vec<_> = parts.iter().filter(|(_, held)| **held != PARTS).collect();
                ensure!(torn.is_empty(), "batches in parts: {torn:?}");
                for batch in &acknowledged {
                    let is_there = parts.contains_key(&i64::from(*batch));
                    ensure!(is_there, "the acknowledged batch {batch} is not there");
                }
                Ok(())
            },
        )
        .await
    })
}
