//! All nodes die at once under load, again and again.

use anyhow::Context;
use anyhow::ensure;
use futures_util::TryStreamExt;
use quorate_client::Client;
use quorate_client::ClientError;
use quorate_client::PreparedStatement;
use quorate_client::Query;
use quorate_client::RequestOptions;
use quorate_tests::Cluster;
use quorate_tests::Random;
use quorate_tests::Setup;
use quorate_tests::until;
use quorate_tests::with_cluster;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;

const ROUNDS: u32 = 20;
const WRITERS: i64 = 8;
/// Keys below it are registers, written over and over; from it on, each key is written once.
const FIRST_FRESH_KEY: i64 = 1_000;

/// What was tried and what was acknowledged.
#[derive(Debug, Default)]
struct Ledger {
    next_key: AtomicI64,
    next_value: AtomicI64,
    acknowledged: Mutex<BTreeMap<i64, i64>>,
    count: AtomicI64,
    stop: AtomicBool,
}

impl Ledger {
    fn note(&self, key: i64, value: i64) {
        let mut acknowledged = self
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        acknowledged.insert(key, value);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> i64 {
        self.count.load(Ordering::Relaxed)
    }

    fn acknowledged(&self) -> BTreeMap<i64, i64> {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Writes fresh keys and, every other time, its own register, one after another.
async fn write(client: Client, insert: PreparedStatement, writer: i64, ledger: Arc<Ledger>) {
    let options = RequestOptions {
        timeout: Some(Duration::from_secs(3)),
        ..RequestOptions::default()
    };
    for turn in 0_u64.. {
        if ledger.stop.load(Ordering::Relaxed) {
            return;
        }
        let key = if turn.is_multiple_of(2) {
            writer
        } else {
            FIRST_FRESH_KEY + ledger.next_key.fetch_add(1, Ordering::Relaxed)
        };
        let value = ledger.next_value.fetch_add(1, Ordering::Relaxed);
        let written = client
            .execute_prepared(&insert, (key, value), options.clone())
            .await;
        if written.is_ok() {
            ledger.note(key, value);
        }
    }
}

/// Puts the cluster under load and kills it in the middle.
async fn round(
    cluster: &mut Cluster,
    ledger: &Arc<Ledger>,
    random: &mut Random,
) -> anyhow::Result<()> {
    let client = cluster.client().await?;
    let insert = client
        .prepare("INSERT INTO shop.log (k, v) VALUES (?, ?)")
        .await?;
    ledger.stop.store(false, Ordering::Relaxed);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (client, insert) = (client.clone(), insert.clone());
            tokio::spawn(write(client, insert, writer, Arc::clone(ledger)))
        })
        .collect();
    let enough = ledger.count() + 50 + i64::try_from(random.below(250))?;
    let loaded = until(
        "writes are acknowledged",
        Duration::from_secs(20),
        async || {
            let count = ledger.count();
            ensure!(count >= enough, "{count} of {enough}");
            Ok(())
        },
    )
    .await;
    cluster.kill_all()?;
    ledger.stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await?;
    }
    loaded
}

/// Every row, read at QUORUM.
async fn read_back(client: &Client) -> Result<BTreeMap<i64, i64>, ClientError> {
    let query = Query::new("SELECT k, v FROM shop.log").options(RequestOptions {
        page_size: Some(500),
        ..RequestOptions::default()
    });
    client
        .rows(query)
        .and_then(|row| async move { Ok((row.get::<i64>("k")?, row.get::<i64>("v")?)) })
        .try_collect()
        .await
}

#[test]
fn no_acknowledged_write_is_lost_when_all_nodes_are_killed_at_once_twenty_times()
-> anyhow::Result<()> {
    let seed = Random::fresh_seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    with_cluster(
        Setup::nodes(3).set("commit_log_segment_bytes=1048576"),
        async |cluster| {
            let client = cluster.client().await?;
            let keyspace = "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}";
            client.execute(keyspace, ()).await?;
            client
                .execute("CREATE TABLE shop.log (k bigint PRIMARY KEY, v bigint)", ())
                .await?;
            drop(client);
            let ledger = Arc::new(Ledger::default());
            for number in 0..ROUNDS {
                round(cluster, &ledger, &mut random)
                    .await
                    .with_context(|| format!("in round {number}"))?;
                for node in 1..=3 {
                    cluster.start(node)?;
                }
                cluster
                    .settle()
                    .await
                    .with_context(|| format!("after round {number}"))?;
            }
            let client = cluster.client().await?;
            let found = read_back(&client).await?;
            let acknowledged = ledger.acknowledged();
            ensure!(
                acknowledged.len() > 500,
                "only {} keys were written",
                acknowledged.len()
            );
            let lost: Vec<_> = acknowledged
                .iter()
                .filter(|(key, value)| {
                    let found = found.get(key);
                    // A later value of a register was written, though nobody was told.
                    let fresh = **key >= FIRST_FRESH_KEY;
                    found.is_none_or(|found| {
                        if fresh {
                            found != *value
                        } else {
                            found < *value
                        }
                    })
                })
                .collect();
            assert!(
                lost.is_empty(),
                "{} of {} are lost: {lost:?}",
                lost.len(),
                acknowledged.len()
            );
            Ok(())
        },
    )
}
