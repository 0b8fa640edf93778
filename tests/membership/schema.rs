//! One schema, whoever changes it and whoever is down meanwhile.

use crate::KEYSPACE;
use anyhow::ensure;
use futures_util::future::join_all;
use quorate_client::proto::Consistency;
use quorate_client::proto::ExecuteResponse;
use quorate_client::proto::cluster_snapshot::Table;
use quorate_client::proto::execute_response::Result as Outcome;
use quorate_tests::Cluster;
use quorate_tests::Refusal;
use quorate_tests::Setup;
use quorate_tests::integer;
use quorate_tests::rows_of;
use quorate_tests::with_cluster;

const CREATORS: u8 = 20;
const ALREADY_EXISTS: u32 = 0x2400;

/// The tables of the keyspace as one node knows them.
async fn tables(cluster: &Cluster, number: u8) -> anyhow::Result<Vec<Table>> {
    let snapshot = cluster.direct(number)?.snapshot().await?;
    let shop = snapshot
        .keyspaces
        .into_iter()
        .find(|keyspace| keyspace.name == "shop");
    Ok(shop.map(|shop| shop.tables).unwrap_or_default())
}

/// Creates a table whose one column says who won.
async fn create(
    cluster: &Cluster,
    creator: u8,
) -> anyhow::Result<Result<ExecuteResponse, Refusal>> {
    let node = cluster.direct(creator % 3 + 1)?;
    let cql = format!("CREATE TABLE shop.carts (user int PRIMARY KEY, by_{creator} int)");
    Ok(node.execute(&cql, Vec::new(), Consistency::Quorum).await)
}

#[test]
fn of_twenty_tables_of_one_name_created_at_once_one_is_and_the_others_are_told()
-> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        cluster.client().await?.execute(KEYSPACE, ()).await?;
        let this = &*cluster;
        let outcomes = join_all((0..CREATORS).map(|creator| create(this, creator))).await;
        let mut winners = Vec::new();
        for (creator, outcome) in (0..CREATORS).zip(outcomes) {
            match outcome? {
                Ok(answer) => {
                    let created = matches!(answer.result, Some(Outcome::SchemaChange(_)));
                    ensure!(created, "creator {creator} was answered {answer:?}");
                    winners.push(creator);
                }
                Err(refusal) => {
                    assert_eq!(
                        refusal.code(),
                        Some(ALREADY_EXISTS),
                        "creator {creator}: {refusal}"
                    );
                    let detail = refusal.detail.unwrap_or_default();
                    assert_eq!(
                        (detail.keyspace.as_str(), detail.table.as_str()),
                        ("shop", "carts")
                    );
                }
            }
        }
        assert_eq!(winners.len(), 1, "winners: {winners:?}");

        cluster.settle().await?;
        let known = tables(cluster, 1).await?;
        assert_eq!(known.len(), 1);
        let column = format!("by_{}", winners[0]);
        assert!(known[0].columns.iter().any(|known| known.name == column));
        assert!(known[0].id.len() == 16 && known[0].id.iter().any(|byte| *byte != 0));
        for number in [2, 3] {
            assert_eq!(tables(cluster, number).await?, known, "on node {number}");
        }
        let insert = format!("INSERT INTO shop.carts (user, {column}) VALUES (1, 2)");
        cluster
            .direct(2)?
            .execute(&insert, Vec::new(), Consistency::All)
            .await?;
        Ok(())
    })
}

#[test]
fn a_node_that_was_down_has_the_schema_after_its_return() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3), async |cluster| {
        let client = cluster.client().await?;
        client.execute(KEYSPACE, ()).await?;
        client
            .execute("CREATE TABLE shop.old (k int PRIMARY KEY)", ())
            .await?;
        client
            .execute("CREATE TABLE shop.gone (k int PRIMARY KEY)", ())
            .await?;
        cluster.kill(3)?;
        cluster.settle().await?;
        let node = cluster.direct(1)?;
        for cql in [
            "CREATE TABLE shop.carts (user int PRIMARY KEY, count int)",
            "ALTER TABLE shop.old ADD v int",
            "DROP TABLE shop.gone",
        ] {
            node.execute(cql, Vec::new(), Consistency::Quorum).await?;
        }
        cluster.start(3)?;
        cluster.settle().await?;
        let known = tables(cluster, 1).await?;
        let names: Vec<&str> = known.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["carts", "old"]);
        assert_eq!(tables(cluster, 3).await?, known);

        let returned = cluster.direct(3)?;
        let insert = "INSERT INTO shop.old (k, v) VALUES (1, 5)";
        returned
            .execute(insert, Vec::new(), Consistency::All)
            .await?;
        let select = "SELECT v FROM shop.old WHERE k = 1";
        let answer = returned
            .execute(select, Vec::new(), Consistency::One)
            .await?;
        assert_eq!(rows_of(answer), [[integer(5)]]);
        Ok(())
    })
}

#[test]
fn the_schema_changes_with_a_majority_and_is_refused_without() -> anyhow::Result<()> {
    with_cluster(
        Setup::nodes(3).set("metadata_timeout_ms=3000"),
        async |cluster| {
            cluster.kill(3)?;
            cluster.settle().await?;
            let node = cluster.direct(1)?;
            node.execute(KEYSPACE, Vec::new(), Consistency::Quorum)
                .await?;
            cluster.kill(2)?;
            cluster.settle().await?;
            let cql = "CREATE TABLE shop.carts (user int PRIMARY KEY)";
            let refusal = node
                .execute(cql, Vec::new(), Consistency::Quorum)
                .await
                .unwrap_err();
            ensure!(
                refusal.detail.is_some(),
                "expected a typed error, got {refusal}"
            );
            // Nothing of it appears when the others are back, unless the error said "unknown".
            cluster.start(2)?;
            cluster.start(3)?;
            cluster.settle().await?;
            let known = tables(cluster, 1).await?;
            for number in [2, 3] {
                assert_eq!(tables(cluster, number).await?, known);
            }
            Ok(())
        },
    )
}
