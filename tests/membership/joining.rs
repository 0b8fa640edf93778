//! Who may join.

use crate::KEYSPACE;
use anyhow::ensure;
use quorate_client::proto::Consistency;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::time::Duration;

#[test]
fn a_node_joins_while_there_are_no_tables() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let number = cluster.add()?;
        cluster.settle().await?;
        let status = cluster.direct(number)?.status().await?;
        assert_eq!(status.nodes.len(), 4);
        let owned: f64 = status.nodes.iter().map(|node| node.owns).sum();
        ensure!(
            (owned - 1.0).abs() < 0.001,
            "the nodes own {owned} of the ring"
        );
        Ok(())
    })
}

#[test]
fn a_node_that_would_join_a_cluster_with_tables_is_refused_with_the_reason() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        client
            .execute("CREATE TABLE shop.carts (user int PRIMARY KEY)", ())
            .await?;
        let number = cluster.add()?;
        let status = cluster
            .wait_for_end(number, Duration::from_secs(20))
            .await?;
        assert!(!status.success(), "the node ended with {status}");
        let log = cluster.log(number)?;
        for part in [
            "the cluster refuses this node",
            "already holds tables",
            "shop.carts",
        ] {
            assert!(log.contains(part), "'{part}' is not in: {log}");
        }
        // The others do not mind.
        cluster.settle().await?;
        assert_eq!(cluster.direct(1)?.status().await?.nodes.len(), 3);
        let insert = "INSERT INTO shop.carts (user) VALUES (1)";
        cluster
            .direct(2)?
            .execute(insert, Vec::new(), Consistency::All)
            .await?;
        Ok(())
    })
}

#[test]
fn data_of_another_cluster_refuses_the_start() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        cluster.stop(1).await?;
        cluster.set(1, "cluster_name=other")?;
        cluster.start(1)?;
        let status = cluster.wait_for_end(1, Duration::from_secs(20)).await?;
        assert!(!status.success(), "the node ended with {status}");
        let log = cluster.log(1)?;
        for part in ["'other'", "'quorate'"] {
            assert!(log.contains(part), "{part} is not in: {log}");
        }
        Ok(())
    })
}
