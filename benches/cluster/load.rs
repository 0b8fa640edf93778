//! What the nodes are asked: prepared writes and reads of `bench.kv`, each of a fixed number of
//! askers waiting for its answer before it asks again.

use anyhow::Context;
use anyhow::ensure;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hdrhistogram::Histogram;
use quorate_benches::cpu;
use quorate_benches::flights;
use quorate_benches::flights::Flights;
use quorate_benches::nodes::Cluster;
use quorate_benches::random::Random;
use quorate_benches::samples;
use quorate_client::Client;
use quorate_client::ConsistencyLevel;
use quorate_client::PreparedStatement;
use quorate_client::RequestOptions;
use std::time::Duration;
use std::time::Instant;
use tokio::task::JoinSet;

/// Values are slices of this many random bytes.
const VALUES_BYTES: usize = 1 << 20;
const FILLERS: usize = 128;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Write,
    Read,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
        }
    }
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(crate) operations: u64,
    pub(crate) elapsed: Duration,
    pub(crate) server_cpu: Duration,
    pub(crate) client_cpu: Duration,
    /// Microseconds.
    pub(crate) latencies: Histogram<u64>,
}

/// CPU times and the clock at the beginning of a measurement.
struct Begun {
    at: Instant,
    server: Duration,
    client: Duration,
}

impl Begun {
    fn now(cluster: &Cluster) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server: cluster.cpu()?,
            client: cpu::of_this_process()?,
        })
    }

    fn end(self, cluster: &Cluster, latencies: Histogram<u64>) -> anyhow::Result<Driven> {
        Ok(Driven {
            operations: latencies.len(),
            elapsed: self.at.elapsed(),
            server_cpu: cluster.cpu()?.saturating_sub(self.server),
            client_cpu: cpu::of_this_process()?.saturating_sub(self.client),
            latencies,
        })
    }
}

/// The table's statements.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    insert: PreparedStatement,
    select: PreparedStatement,
    values: Bytes,
    rows: u64,
}

impl Load {
    /// Makes the table with as many replicas as there are nodes.
    pub(crate) async fn prepare(client: &Client, replicas: u8, rows: u64) -> anyhow::Result<Self> {
        let keyspace = format!(
            "CREATE KEYSPACE bench WITH replication = \
             {{'class': 'NetworkTopologyStrategy', 'dc1': {replicas}}}"
        );
        let made = client.execute(&keyspace, ()).await;
        made.context("the keyspace cannot be made")?;
        let table = "CREATE TABLE bench.kv (k bigint PRIMARY KEY, v blob)";
        let made = client.execute(table, ()).await;
        made.context("the table cannot be made")?;
        let insert = "INSERT INTO bench.kv (k, v) VALUES (?, ?)";
        let select = "SELECT v FROM bench.kv WHERE k = ?";
        Ok(Self {
            insert: client.prepare(insert).await?,
            select: client.prepare(select).await?,
            values: Random::new(6).bytes(VALUES_BYTES),
            rows,
        })
    }

    /// Writes every row once.
    pub(crate) async fn fill(
        &self,
        client: &Client,
        level: ConsistencyLevel,
    ) -> anyhow::Result<()> {
        let mut random = Random::new(7);
        let mut waiting = FuturesUnordered::new();
        for number in 0..self.rows {
            if waiting.len() >= FILLERS
                && let Some(written) = waiting.next().await
            {
                let written: anyhow::Result<()> = written;
                written?;
            }
            waiting.push(self.write(client, level, number, random.number()));
        }
        while let Some(written) = waiting.next().await {
            written?;
        }
        Ok(())
    }

    /// Lets `in_flight` askers ask until the time is up.
    pub(crate) async fn drive(
        &self,
        cluster: &Cluster,
        client: &Client,
        kind: Kind,
        level: ConsistencyLevel,
        in_flight: usize,
        time: Duration,
    ) -> anyhow::Result<Driven> {
        let begun = Begun::now(cluster)?;
        let ends = begun.at + time;
        let mut askers = JoinSet::new();
        for number in 0..in_flight {
            let (load, client) = (self.clone(), client.clone());
            let random = Random::new(100 + number as u64);
            askers.spawn(async move { load.ask(&client, kind, level, random, ends).await });
        }
        let mut latencies = histogram()?;
        while let Some(asked) = askers.join_next().await {
            latencies.add(asked??)?;
        }
        begun.end(cluster, latencies)
    }

    async fn ask(
        &self,
        client: &Client,
        kind: Kind,
        level: ConsistencyLevel,
        mut random: Random,
        ends: Instant,
    ) -> anyhow::Result<Histogram<u64>> {
        let mut latencies = histogram()?;
        let mut asked = Instant::now();
        while asked < ends {
            let number = random.below(self.rows);
            match kind {
                Kind::Write => self.write(client, level, number, random.number()).await?,
                Kind::Read => self.read(client, level, number).await?,
            }
            let answered = Instant::now();
            latencies.saturating_record(u64::try_from((answered - asked).as_micros())?);
            asked = answered;
        }
        Ok(latencies)
    }

    async fn write(
        &self,
        client: &Client,
        level: ConsistencyLevel,
        number: u64,
        random: u64,
    ) -> anyhow::Result<()> {
        let start = usize::try_from(random % (VALUES_BYTES - samples::VALUE_BYTES) as u64)?;
        let value = self.values.slice(start..start + samples::VALUE_BYTES);
        let values = (i64::try_from(number)?, value);
        let written = client
            .execute_prepared(&self.insert, values, at(level))
            .await;
        written.with_context(|| format!("row {number} cannot be written at {level}"))?;
        Ok(())
    }

    async fn read(
        &self,
        client: &Client,
        level: ConsistencyLevel,
        number: u64,
    ) -> anyhow::Result<()> {
        let values = (i64::try_from(number)?,);
        let result = client
            .execute_prepared(&self.select, values, at(level))
            .await
            .with_context(|| format!("row {number} cannot be read at {level}"))?;
        ensure!(result.rows.len() == 1, "row {number} is missing");
        Ok(())
    }
}

fn at(level: ConsistencyLevel) -> RequestOptions {
    RequestOptions {
        consistency: Some(level),
        ..RequestOptions::default()
    }
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    // Up to a minute, three digits.
    Histogram::new_with_bounds(1, 60_000_000, 3).context("the histogram's bounds")
}

/// Writes all flights at QUORUM.
pub(crate) async fn load_flights(
    cluster: &Cluster,
    client: &Client,
    flights: Flights,
    in_flight: usize,
) -> anyhow::Result<Driven> {
    client.execute(flights::TABLE, ()).await?;
    let insert = &client.prepare(flights::INSERT).await?;
    let begun = Begun::now(cluster)?;
    let mut latencies = histogram()?;
    let mut waiting = FuturesUnordered::new();
    for flight in flights {
        if waiting.len() >= in_flight
            && let Some(written) = waiting.next().await
        {
            let written: anyhow::Result<Duration> = written;
            latencies.saturating_record(u64::try_from(written?.as_micros())?);
        }
        let flight = flight?;
        waiting.push(async move {
            let asked = Instant::now();
            let options = at(ConsistencyLevel::Quorum);
            client.execute_prepared(insert, flight, options).await?;
            Ok(asked.elapsed())
        });
    }
    while let Some(written) = waiting.next().await {
        latencies.saturating_record(u64::try_from(written?.as_micros())?);
    }
    begun.end(cluster, latencies)
}
