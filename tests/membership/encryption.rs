//! Nodes know each other by their certificates, which may change while they run.

use anyhow::Context;
use anyhow::ensure;
use quorate_client::Client;
use quorate_tests::Cluster;
use quorate_tests::Flaw;
use quorate_tests::Setup;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a refusal may take to be said.
const WITHIN: Duration = Duration::from_secs(30);

async fn logged(cluster: &Cluster, number: u8, words: &[&str]) -> anyhow::Result<()> {
    let what = format!("node {number} says {words:?}");
    until(&what, WITHIN, async || {
        let log = cluster.log(number)?;
        let mut lines = log.lines();
        let said = lines.any(|line| words.iter().all(|word| line.contains(word)));
        said.then_some(()).context("not yet")
    })
    .await
}

async fn shop(client: &Client) -> anyhow::Result<()> {
    for statement in [
        "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
        "CREATE TABLE shop.carts (user int PRIMARY KEY, item text)",
    ] {
        client.execute(statement, ()).await?;
    }
    Ok(())
}

#[test]
fn a_node_that_the_authority_does_not_vouch_for_stays_outside() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(2).secured(), async |cluster| {
        shop(&cluster.client().await?).await?;
        for (flaw, said) in [
            (Flaw::Strange, "UnknownIssuer"),
            (Flaw::Expired, "expired"),
            (Flaw::Misnamed, "not valid for name"),
        ] {
            cluster.stop(2).await?;
            cluster.reissue(2, flaw)?;
            cluster.start(2)?;
            // The others do not believe it; a certificate of another host is no way in either.
            logged(cluster, 1, &["no connection to a peer", "TLS", said]).await?;
            if flaw != Flaw::Misnamed {
                logged(cluster, 1, &["a connection was refused", said]).await?;
            }
            let seen = cluster.direct(1)?.status().await?;
            let host = cluster.internode_address(2)?;
            let other = seen.nodes.iter().find(|node| node.address == host);
            ensure!(other.is_some_and(|node| !node.up), "it came in: {seen:?}");
            // A good certificate is all it needs: no restart.
            cluster.reissue(2, Flaw::None)?;
            cluster
                .settle()
                .await
                .with_context(|| format!("after {flaw:?}"))?;
        }
        // One that does not encrypt at all.
        cluster.stop(2).await?;
        for name in ["certificate", "key", "authority"] {
            cluster.set(2, &format!("internode_tls_{name}="))?;
        }
        cluster.start(2)?;
        logged(
            cluster,
            1,
            &["a connection was refused", "does not speak TLS"],
        )
        .await?;
        logged(cluster, 1, &["no connection to a peer", "TLS"]).await?;
        logged(cluster, 2, &["no connection to a peer", "TLS is required"]).await
    })
}

#[test]
fn certificates_change_under_load_and_no_request_fails() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(3).secured(), async |cluster| {
        let client = cluster.client().await?;
        shop(&client).await?;
        let ends = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicU32::new(0));
        let load = tokio::spawn(write_until(
            client.clone(),
            Arc::clone(&ends),
            Arc::clone(&written),
        ));
        for _ in 0..5 {
            for number in 1..=3 {
                cluster.reissue(number, Flaw::None)?;
            }
            let before = written.load(Ordering::Relaxed);
            until("the load goes on", WITHIN, async || {
                tokio::time::sleep(Duration::from_millis(500)).await;
                let now = written.load(Ordering::Relaxed);
                ensure!(now > before + 20, "{before} writes, then {now}");
                Ok(())
            })
            .await?;
        }
        for number in 1..=3 {
            logged(cluster, number, &["the certificates have changed"]).await?;
        }
        ends.store(true, Ordering::Relaxed);
        load.await??;
        // New connections are made with the new ones.
        cluster.kill(2)?;
        cluster.start(2)?;
        cluster.settle().await
    })
}

async fn write_until(
    client: Client,
    ends: Arc<AtomicBool>,
    written: Arc<AtomicU32>,
) -> anyhow::Result<()> {
    let insert = "INSERT INTO shop.carts (user, item) VALUES (?, ?)";
    let insert = client.prepare(insert).await?;
    while !ends.load(Ordering::Relaxed) {
        let user = i32::try_from(written.fetch_add(1, Ordering::Relaxed))?;
        let done = client.execute_prepared(
            &insert,
            (user, "tea"),
            quorate_client::RequestOptions::default(),
        );
        done.await.with_context(|| format!("write {user}"))?;
    }
    Ok(())
}
