//! Everything the driver does, against a running cluster: `cluster_tour [CONTACT_POINT]`.
//!
//! Makes a keyspace, prepares, writes, reads page by page, runs a batch, asks for a receipt. With
//! `QUORATE_TOUR_SECS=30` it then writes and reads at QUORUM for that long, and says how many
//! requests failed: restart nodes meanwhile.

use futures_util::TryStreamExt;
use quorate_client::Batch;
use quorate_client::Client;
use quorate_client::ClientError;
use quorate_client::ConsistencyLevel;
use quorate_client::Query;
use quorate_client::RequestOptions;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contact_point = std::env::args().nth(1);
    let contact_point = contact_point.unwrap_or_else(|| "127.0.0.1:9160".to_owned());
    let client = Client::builder()
        .contact_points([contact_point])
        .consistency(ConsistencyLevel::Quorum)
        .page_size(100)
        .build()
        .await?;
    let mut out = std::io::stdout();
    let nodes = client.cluster().nodes.len();
    let factor = nodes.min(3);
    writeln!(out, "{nodes} nodes")?;
    let create = format!(
        "CREATE KEYSPACE IF NOT EXISTS tour WITH replication = \
         {{'class': 'SimpleStrategy', 'replication_factor': {factor}}}"
    );
    client.execute(&create, ()).await?;
    client.use_keyspace("tour").await?;
    let create = "CREATE TABLE IF NOT EXISTS steps (walk int, step int, word text, \
                  PRIMARY KEY (walk, step))";
    client.execute(create, ()).await?;
    let cql = "INSERT INTO steps (walk, step, word) VALUES (?, ?, ?)";
    let insert = client.prepare(cql).await?;
    for step in 0..1_000_i32 {
        client
            .execute_prepared(&insert, (1, step, format!("word {step}")), defaults())
            .await?;
    }
    let query = Query::new("SELECT step, word FROM steps WHERE walk = ?").bind((1,));
    let rows: Vec<_> = client.rows(query.clone()).try_collect().await?;
    writeln!(out, "{} rows read in pages of 100", rows.len())?;
    let mut batch = Batch::logged();
    for step in 0..10 {
        batch.push_prepared(&insert, (2, step, "batched"));
    }
    client.batch(batch).await?;
    let options = RequestOptions {
        receipt: true,
        ..defaults()
    };
    if let Some(receipt) = client.query(query.options(options)).await?.receipt {
        writeln!(out, "{receipt}")?;
    }
    if let Ok(secs) = std::env::var("QUORATE_TOUR_SECS") {
        let (done, failures) = load(&client, Duration::from_secs(secs.parse()?)).await?;
        let failed: u64 = failures.values().sum();
        writeln!(out, "{done} requests, {failed} failed")?;
        for (error, count) in failures {
            writeln!(out, "{count} times: {error}")?;
        }
    }
    Ok(())
}

fn defaults() -> RequestOptions {
    RequestOptions::default()
}

/// Writes and reads in 32 tasks; gives how many requests were done, and each error with how often
/// it came.
async fn load(
    client: &Client,
    time: Duration,
) -> Result<(u64, BTreeMap<String, u64>), ClientError> {
    let insert = client
        .prepare("INSERT INTO tour.steps (walk, step, word) VALUES (?, ?, ?)")
        .await?;
    let select = client
        .prepare("SELECT word FROM tour.steps WHERE walk = ? AND step = ?")
        .await?;
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..32_i32)
        .map(|task| {
            let (client, insert, select) = (client.clone(), insert.clone(), select.clone());
            tokio::spawn(async move {
                let (mut done, mut step) = (0_u64, 0_i32);
                let mut failures: BTreeMap<String, u64> = BTreeMap::new();
                while Instant::now() < end {
                    let key = (100 + task, step % 1_000);
                    let written = client
                        .execute_prepared(&insert, (key.0, key.1, "load"), defaults())
                        .await;
                    let read = client.execute_prepared(&select, key, defaults()).await;
                    for outcome in [written, read] {
                        done += 1;
                        if let Err(error) = outcome {
                            let shown = format!("{}: {error}", error.name());
                            *failures.entry(shown).or_default() += 1;
                        }
                    }
                    step += 1;
                }
                (done, failures)
            })
        })
        .collect();
    let mut total: (u64, BTreeMap<String, u64>) = Default::default();
    for task in tasks {
        let (done, failures) = task.await.unwrap_or_default();
        total.0 += done;
        for (error, count) in failures {
            *total.1.entry(error).or_default() += count;
        }
    }
    Ok(total)
}
