//! What each level says with one node down, and with two.

use crate::KEYSPACE;
use anyhow::ensure;
use quorate_client::proto::Consistency;
use quorate_tests::Cluster;
use quorate_tests::Direct;
use quorate_tests::Refusal;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::rows_of;
use quorate_tests::with_cluster;
use std::time::Duration;
use std::time::Instant;

const UNAVAILABLE: u32 = 0x1000;
const INSERT: &str = "INSERT INTO shop.carts (user, count) VALUES (?, ?)";
const SELECT: &str = "SELECT count FROM shop.carts WHERE user = ?";

async fn set_up(cluster: &mut Cluster) -> anyhow::Result<()> {
    let client = cluster.client().await?;
    client.execute(KEYSPACE, ()).await?;
    let table = "CREATE TABLE shop.carts (user int PRIMARY KEY, count int)";
    client.execute(table, ()).await?;
    let everywhere = cluster.direct(1)?;
    everywhere
        .execute(INSERT, vec![integer(1), integer(10)], Consistency::All)
        .await?;
    Ok(())
}

/// Writes and reads back through one node.
async fn works(node: &Direct, level: Consistency, count: i32) -> anyhow::Result<()> {
    let values = vec![integer(1), integer(count)];
    node.execute(INSERT, values, level).await?;
    let answer = node.execute(SELECT, vec![integer(1)], level).await?;
    ensure!(rows_of(answer) == [[integer(count)]], "expected {count}");
    Ok(())
}

/// The numbers with which a write and a read are refused, each within a second.
async fn refusals(
    node: &Direct,
    level: Consistency,
) -> anyhow::Result<[Option<(u32, u32, u32)>; 2]> {
    let write = refused_at_once(node, INSERT, vec![integer(1), integer(99)], level).await?;
    let read = refused_at_once(node, SELECT, vec![integer(1)], level).await?;
    Ok([write.numbers(), read.numbers()])
}

async fn refused_at_once(
    node: &Direct,
    cql: &str,
    values: Vec<quorate_client::proto::Value>,
    level: Consistency,
) -> anyhow::Result<Refusal> {
    let started = Instant::now();
    let outcome = node.execute(cql, values, level).await;
    let took = started.elapsed();
    ensure!(took < Duration::from_secs(1), "{cql} took {took:?}");
    match outcome {
        Ok(_) => anyhow::bail!("{cql} was not refused at {level:?}"),
        Err(refusal) => Ok(refusal),
    }
}

#[test]
fn a_level_that_cannot_be_reached_is_refused_at_once_with_its_numbers() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        set_up(cluster).await?;
        cluster.kill(3)?;
        cluster.settle().await?;
        for number in [1, 2] {
            let node = cluster.direct(number)?;
            works(&node, Consistency::Quorum, i32::from(number)).await?;
            let refusals = refusals(&node, Consistency::All).await?;
            assert_eq!(
                refusals,
                [Some((UNAVAILABLE, 3, 2)); 2],
                "through node {number}"
            );
        }
        cluster.kill(2)?;
        cluster.settle().await?;
        let node = cluster.direct(1)?;
        works(&node, Consistency::One, 7).await?;
        let quorum = refusals(&node, Consistency::Quorum).await?;
        assert_eq!(quorum, [Some((UNAVAILABLE, 2, 1)); 2]);
        let all = refusals(&node, Consistency::All).await?;
        assert_eq!(all, [Some((UNAVAILABLE, 3, 1)); 2]);
        Ok(())
    })
}

#[test]
fn a_quorum_survives_the_moment_in_which_a_node_dies() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        set_up(cluster).await?;
        let node = cluster.direct(1)?;
        works(&node, Consistency::All, 1).await?;
        cluster.kill(3)?;
        // Nobody has noticed yet.
        for count in 2..50 {
            works(&node, Consistency::Quorum, count).await?;
        }
        Ok(())
    })
}

#[test]
fn the_driver_gives_unavailable_as_a_type_with_its_numbers() -> anyhow::Result<()> {
    use quorate_client::ClientError;
    use quorate_client::ConsistencyLevel;
    use quorate_client::Query;
    use quorate_client::RequestOptions;
    use quorate_types::RequestError;
    with_cluster(Setup::nodes(3), async |cluster| {
        set_up(cluster).await?;
        cluster.kill(2)?;
        cluster.settle().await?;
        let client = cluster.client().await?;
        let options = RequestOptions {
            consistency: Some(ConsistencyLevel::All),
            ..RequestOptions::default()
        };
        let query = Query::new("SELECT * FROM shop.carts WHERE user = 1").options(options);
        let error = client.query(query).await.unwrap_err();
        let expected = RequestError::Unavailable {
            level: ConsistencyLevel::All,
            required: 3,
            alive: 2,
            datacenter: None,
        };
        assert_eq!(error, ClientError::Request(expected));
        Ok(())
    })
}
