//! What a TRUNCATE took away stays away, whatever is replayed or delivered afterwards.

use anyhow::ensure;
use quorate_client::proto::Consistency;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::with_cluster;

const KEYSPACE: &str =
    "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}";
const SELECT: &str = "SELECT k FROM shop.log";

async fn write(cluster: &Cluster, keys: std::ops::Range<i32>) -> anyhow::Result<()> {
    let node = cluster.direct(1)?;
    for key in keys {
        let insert = "INSERT INTO shop.log (k, v) VALUES (?, 1)";
        node.execute(insert, vec![integer(key)], Consistency::Quorum)
            .await?;
    }
    Ok(())
}

#[test]
fn a_truncated_table_stays_empty_through_replay_and_hints() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        let table = "CREATE TABLE shop.log (k int PRIMARY KEY, v int)";
        client.execute(table, ()).await?;
        write(cluster, 0..100).await?;

        // Hints of older writes are kept for node 3 when the table is truncated.
        cluster.pause(3)?;
        write(cluster, 100..120).await?;
        cluster.resume(3)?;
        cluster.settle().await?;
        let node = cluster.direct(2)?;
        node.execute("TRUNCATE shop.log", Vec::new(), Consistency::One)
            .await?;
        write(cluster, 500..510).await?;
        cluster.kill_all()?;
        for number in 1..=3 {
            cluster.start(number)?;
        }
        cluster.settle().await?;
        for number in 1..=3 {
            let rows = cluster
                .direct(number)?
                .every_row(SELECT, Consistency::All, 1_000)
                .await?;
            ensure!(rows.len() == 10, "node {number} counts {} rows", rows.len());
        }

        cluster.kill(3)?;
        cluster.settle().await?;
        let refused = cluster
            .direct(1)?
            .execute("TRUNCATE shop.log", Vec::new(), Consistency::One)
            .await
            .expect_err("a node that is down would keep its rows");
        ensure!(refused.code() == Some(0x1000), "{refused}");
        Ok(())
    })
}
