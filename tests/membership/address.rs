//! A node is who its data says, wherever it is reached.

use crate::KEYSPACE;
use anyhow::Context;
use anyhow::ensure;
use quorate_client::proto::Consistency;
use quorate_tests::Cluster;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::time::Duration;

/// The host id that a node is known by at an address, as `observer` sees it.
async fn host_id_at(cluster: &Cluster, observer: u8, address: &str) -> anyhow::Result<Vec<u8>> {
    let status = cluster.direct(observer)?.status().await?;
    let node = status
        .nodes
        .into_iter()
        .find(|node| node.address == address);
    let node = node.with_context(|| format!("node {observer} knows nobody at {address}"))?;
    Ok(node.host_id.to_vec())
}

#[test]
fn a_node_that_returns_with_another_address_is_the_same_node() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        client
            .execute(
                "CREATE TABLE shop.carts (user int PRIMARY KEY, count int)",
                (),
            )
            .await?;
        let before = host_id_at(cluster, 1, &cluster.internode_address(3)?).await?;
        let insert = "INSERT INTO shop.carts (user, count) VALUES (?, ?)";
        let node = cluster.direct(1)?;
        node.execute(insert, vec![integer(1), integer(1)], Consistency::All)
            .await?;

        cluster.stop(3).await?;
        cluster.move_to_another_address(3)?;
        cluster.start(3)?;
        cluster.settle().await?;
        for observer in 1..=3 {
            let address = cluster.internode_address(3)?;
            assert_eq!(host_id_at(cluster, observer, &address).await?, before);
            let known = cluster.direct(observer)?.status().await?.nodes.len();
            assert_eq!(known, 3, "nodes that node {observer} knows");
        }
        for observer in 1..=3 {
            let node = cluster.direct(observer)?;
            let values = vec![integer(observer), integer(2)];
            node.execute(insert, values, Consistency::All).await?;
        }
        // The driver follows as well: it was told of the old address.
        let address = cluster.client_address(3)?;
        until(
            "the driver knows the new address",
            Duration::from_secs(10),
            async || {
                let view = client.cluster();
                let known = view.nodes.iter().any(|node| node.address == address);
                ensure!(known, "it knows {:?}", view.nodes);
                Ok(())
            },
        )
        .await?;
        cluster.kill(1)?;
        cluster.kill(2)?;
        let select = "SELECT * FROM shop.carts";
        let rows = cluster
            .direct(3)?
            .every_row(select, Consistency::One, 10)
            .await?;
        assert_eq!(rows.len(), 3);
        Ok(())
    })
}

#[test]
fn a_cluster_whose_every_node_has_moved_finds_itself_again() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        for number in 1..=3 {
            cluster.stop(number).await?;
            cluster.move_to_another_address(number)?;
        }
        let seed = cluster.internode_address(1)?;
        for number in 1..=3 {
            cluster.set(number, &format!("seeds={seed}"))?;
            cluster.start(number)?;
        }
        cluster.settle().await?;
        let status = cluster.direct(2)?.status().await?;
        assert_eq!(status.nodes.len(), 3);
        Ok(())
    })
}
