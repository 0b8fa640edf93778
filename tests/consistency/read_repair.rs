//! A replica that lost what it had gets back what is read, and nothing else.

use crate::KEYSPACE;
use anyhow::ensure;
use quorate_client::RequestOptions;
use quorate_client::proto::Consistency;
use quorate_client::proto::Options;
use quorate_client::proto::Value;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::rows_of;
use quorate_tests::with_cluster;

const USERS: i32 = 100;
const ITEMS: i32 = 3;
const EVERYTHING: &str = "SELECT user, item, count FROM shop.carts";
const HALF: &str = "SELECT user, item, count FROM shop.carts WHERE token(user) <= 0";

/// Takes from a stopped node all that its engine holds; who it is and the metadata stay.
fn empty_engine(cluster: &Cluster, number: u8) -> anyhow::Result<()> {
    let data = cluster.data_directory(number)?;
    for part in ["rocksdb", "commitlog"] {
        std::fs::remove_dir_all(data.join(part))?;
    }
    ensure!(
        data.join("blobs").is_dir(),
        "the node's identity is gone too"
    );
    Ok(())
}

async fn sorted(cluster: &Cluster, number: u8, cql: &str) -> anyhow::Result<Vec<String>> {
    let node = cluster.direct(number)?;
    let rows = node.every_row(cql, Consistency::One, 1_000).await?;
    Ok(shown(&rows))
}

fn shown(rows: &[Vec<Value>]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn a_quorum_scan_repairs_exactly_what_it_read() -> anyhow::Result<()> {
    with_cluster(
        Setup::nodes(3).set("hinted_handoff=false"),
        async |cluster| {
            let client = cluster.client().await?;
            client.execute(KEYSPACE, ()).await?;
            let table =
                "CREATE TABLE shop.carts (user int, item int, count int, PRIMARY KEY (user, item))";
            client.execute(table, ()).await?;
            let insert = "INSERT INTO shop.carts (user, item, count) VALUES (?, ?, ?)";
            let insert = client.prepare(insert).await?;
            let everywhere = RequestOptions {
                consistency: Some(quorate_client::ConsistencyLevel::All),
                ..RequestOptions::default()
            };
            for (user, item) in (0..USERS).flat_map(|user| (0..ITEMS).map(move |item| (user, item)))
            {
                let values = (user, item, user * 10 + item);
                client
                    .execute_prepared(&insert, values, everywhere.clone())
                    .await?;
            }

            cluster.stop(3).await?;
            empty_engine(cluster, 3)?;
            cluster.start(3)?;
            cluster.settle().await?;
            assert_eq!(
                sorted(cluster, 3, EVERYTHING).await?.len(),
                0,
                "node 3 was emptied"
            );

            // Without node 1, each quorum is of the whole node 2 and the empty node 3.
            cluster.kill(1)?;
            cluster.settle().await?;
            let options = Options {
                consistency: Consistency::Quorum.into(),
                receipt: true,
                ..Options::default()
            };
            let answer = cluster
                .direct(2)?
                .execute_with(HALF, Vec::new(), options)
                .await?;
            let verdict = answer.receipt.clone().unwrap_or_default().digests;
            let read = shown(&rows_of(answer));
            let count = usize::try_from(USERS * ITEMS)?;
            ensure!(
                (1..count).contains(&read.len()),
                "{} rows are no part of it",
                read.len()
            );
            let expected = format!("differed, {} entries repaired", read.len());
            assert_eq!(verdict, expected, "what the receipt says");

            assert_eq!(sorted(cluster, 2, EVERYTHING).await?.len(), count);
            cluster.kill(2)?;
            assert_eq!(sorted(cluster, 3, EVERYTHING).await?, read);
            Ok(())
        },
    )
}

#[test]
fn a_quorum_read_of_a_page_repairs_the_page_and_not_the_partition() -> anyhow::Result<()> {
    with_cluster(
        Setup::nodes(3).set("hinted_handoff=false"),
        async |cluster| {
            let client = cluster.client().await?;
            client.execute(KEYSPACE, ()).await?;
            let table =
                "CREATE TABLE shop.carts (user int, item int, count int, PRIMARY KEY (user, item))";
            client.execute(table, ()).await?;
            cluster.stop(3).await?;
            cluster.settle().await?;
            let node = cluster.direct(2)?;
            for item in 0..20 {
                let cql =
                    format!("INSERT INTO shop.carts (user, item, count) VALUES (1, {item}, 1)");
                node.execute(&cql, Vec::new(), Consistency::Quorum).await?;
            }
            cluster.start(3)?;
            cluster.settle().await?;
            cluster.kill(1)?;
            cluster.settle().await?;
            let options = Options {
                consistency: Consistency::Quorum.into(),
                page_size: 5,
                ..Options::default()
            };
            let cql = "SELECT user, item, count FROM shop.carts WHERE user = 1 AND item >= 10";
            let page = rows_of(node.execute_with(cql, Vec::new(), options).await?);
            assert_eq!(page.len(), 5);
            cluster.kill(2)?;
            let held = sorted(cluster, 3, EVERYTHING).await?;
            // One row more was read, to know whether a page follows.
            ensure!(held.len() <= 6, "{} rows were repaired", held.len());
            assert_eq!(held.get(..5), Some(&*shown(&page)));
            Ok(())
        },
    )
}
