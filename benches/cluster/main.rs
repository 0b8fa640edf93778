//! Real nodes on one machine, asked through the Rust driver's sessions: CPU time of the nodes for
//! each write and read, latencies as the client sees them, memory, start-up time.
//!
//! The primary figure is the nodes' own CPU time (`utime + stime` of their processes): client and
//! nodes share the machine's cores, so that operations per second of wall time say as much about
//! the client.

mod load;

use load::Driven;
use load::Kind;
use load::Load;
use quorate_benches::Run;
use quorate_benches::Table;
use quorate_benches::flights::Flights;
use quorate_benches::micros;
use quorate_benches::nodes::Cluster;
use quorate_benches::nodes::Started;
use quorate_benches::nodes::Stop;
use quorate_benches::nodes::binary;
use quorate_benches::per_second;
use quorate_client::Client;
use quorate_client::ConsistencyLevel;
use std::time::Duration;
use std::time::Instant;

/// Rows that reads choose from and writes write to.
const ROWS: u64 = 50_000;
const IN_FLIGHT: [usize; 3] = [1, 16, 128];
const WARM_UP: Duration = Duration::from_millis(400);
/// How long each kind of request is measured, unless `QUORATE_BENCH_SECONDS` says otherwise.
const SECONDS: u64 = 2;
const IDLE: Duration = Duration::from_secs(3);

/// A cluster and what it is asked.
struct Section {
    name: &'static str,
    nodes: u8,
    sync: &'static str,
    levels: &'static [ConsistencyLevel],
    in_flight: &'static [usize],
}

const SECTIONS: [Section; 3] = [
    Section {
        name: "one",
        nodes: 1,
        sync: "group",
        levels: &[ConsistencyLevel::One],
        in_flight: &IN_FLIGHT,
    },
    Section {
        name: "three",
        nodes: 3,
        sync: "group",
        levels: &[ConsistencyLevel::One, ConsistencyLevel::Quorum],
        in_flight: &IN_FLIGHT,
    },
    Section {
        name: "periodic",
        nodes: 3,
        sync: "periodic",
        levels: &[ConsistencyLevel::Quorum],
        in_flight: &[16, 128],
    },
];

fn main() -> anyhow::Result<()> {
    let Some(run) = Run::begin("cluster") else {
        return Ok(());
    };
    eprintln!("    nodes run {}", binary()?.display());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut figures = Figures::new();
        if run.wants("start") {
            start_up(&mut figures).await?;
        }
        let time = run.seconds(SECONDS)?;
        for section in &SECTIONS {
            if run.wants(section.name) {
                requests(&mut figures, &run, section, time).await?;
            }
        }
        if run.wants("flights") {
            flights(&mut figures).await?;
        }
        figures.print();
        Ok(())
    })
}

struct Figures {
    requests: Table,
    memory: Table,
    start: Table,
}

impl Figures {
    fn new() -> Self {
        Self {
            requests: Table::new(
                "Requests through gRPC sessions, rows of 300 bytes",
                &[
                    "request",
                    "nodes",
                    "log sync",
                    "in flight",
                    "cluster CPU µs/op",
                    "ops per server CPU-s",
                    "client CPU µs/op",
                    "ops/s",
                    "p50 ms",
                    "p99 ms",
                ],
            ),
            memory: Table::new(
                "Memory and idle CPU",
                &["nodes", "when", "RSS of each node, MiB", "CPU of all, ms/s"],
            ),
            start: Table::new(
                "From exec to the first answered request, one node",
                &["start", "ms", "CPU ms"],
            ),
        }
    }

    fn request(&mut self, name: &str, section: &Section, in_flight: usize, driven: &Driven) {
        let quantile = |share| driven.latencies.value_at_quantile(share) as f64 / 1e3;
        self.requests.row([
            name.to_owned(),
            section.nodes.to_string(),
            section.sync.to_owned(),
            in_flight.to_string(),
            format!("{:.1}", micros(driven.server_cpu, driven.operations)),
            per_second(driven.operations, driven.server_cpu),
            format!("{:.1}", micros(driven.client_cpu, driven.operations)),
            per_second(driven.operations, driven.elapsed),
            format!("{:.2}", quantile(0.5)),
            format!("{:.2}", quantile(0.99)),
        ]);
    }

    async fn memory(&mut self, cluster: &Cluster, when: &str) -> anyhow::Result<()> {
        let before = cluster.cpu()?;
        tokio::time::sleep(IDLE).await;
        let spent = cluster.cpu()?.saturating_sub(before);
        let resident: Vec<String> = cluster.resident_mib()?.iter().map(u64::to_string).collect();
        let idle = spent.as_secs_f64() * 1e3 / IDLE.as_secs_f64();
        self.memory.row([
            resident.len().to_string(),
            when.to_owned(),
            resident.join(", "),
            format!("{idle:.0}"),
        ]);
        Ok(())
    }

    fn started(&mut self, how: &str, started: Started) {
        self.start.row([
            how.to_owned(),
            format!("{:.0}", started.after.as_secs_f64() * 1e3),
            format!("{:.0}", started.cpu.as_secs_f64() * 1e3),
        ]);
    }

    fn print(&self) {
        self.requests.print();
        self.memory.print();
        self.start.print();
    }
}

/// One node: started on nothing, after a clean stop, after `kill -9`.
async fn start_up(figures: &mut Figures) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut cluster = Cluster::start(1, &[])?;
    let first = "CREATE KEYSPACE IF NOT EXISTS first WITH replication = \
                 {'class': 'SimpleStrategy', 'replication_factor': 1}";
    let started = cluster.first_answer(begun, first).await?;
    figures.started("first, on an empty directory", started);

    let client = cluster.settled().await?;
    let load = Load::prepare(&client, 1, ROWS).await?;
    load.fill(&client, ConsistencyLevel::One).await?;
    cluster.stop(Stop::Clean)?;
    let read = "SELECT v FROM bench.kv WHERE k = 7";
    let started = cluster.start_again(read).await?;
    figures.started(&format!("after a clean stop, {ROWS} rows"), started);

    let client = cluster.settled().await?;
    load.fill(&client, ConsistencyLevel::One).await?;
    cluster.stop(Stop::Kill)?;
    let started = cluster.start_again(read).await?;
    figures.started(&format!("after kill -9, {ROWS} records to replay"), started);
    Ok(())
}

/// Reads and writes at each level, with so many in flight.
async fn requests(
    figures: &mut Figures,
    run: &Run,
    section: &Section,
    time: Duration,
) -> anyhow::Result<()> {
    let setting = format!("commit_log_sync={}", section.sync);
    let cluster = Cluster::start(section.nodes, &[&setting])?;
    let client = cluster.settled().await?;
    if section.sync == "group" {
        figures.memory(&cluster, "idle, empty").await?;
    }
    let asked = ask(figures, run, section, &cluster, &client, time).await;
    if asked.is_err() {
        cluster.print_logs();
    }
    asked
}

async fn ask(
    figures: &mut Figures,
    run: &Run,
    section: &Section,
    cluster: &Cluster,
    client: &Client,
    time: Duration,
) -> anyhow::Result<()> {
    let load = Load::prepare(client, section.nodes, ROWS).await?;
    load.fill(client, ConsistencyLevel::All).await?;
    // Reads find their rows in files, as most rows of a real cluster lie.
    cluster.flush()?;
    for kind in [Kind::Read, Kind::Write] {
        for &level in section.levels {
            for &in_flight in section.in_flight {
                let request = format!("{} {level}", kind.name());
                if !run.wants(&format!("{} {request} {in_flight}", section.name)) {
                    continue;
                }
                load.drive(cluster, client, kind, level, in_flight, WARM_UP)
                    .await?;
                let driven = load
                    .drive(cluster, client, kind, level, in_flight, time)
                    .await?;
                figures.request(&request, section, in_flight, &driven);
            }
        }
    }
    Ok(())
}

/// The flights at QUORUM, and what the nodes hold afterwards.
async fn flights(figures: &mut Figures) -> anyhow::Result<()> {
    let cluster = Cluster::start(3, &[])?;
    let client = cluster.settled().await?;
    Load::prepare(&client, 3, 0).await?;
    let loaded = load::load_flights(&cluster, &client, Flights::open()?, 128).await;
    if loaded.is_err() {
        cluster.print_logs();
    }
    let driven = loaded?;
    let [_, three, _] = &SECTIONS;
    figures.request("load of the flights, QUORUM", three, 128, &driven);
    let when = format!("after the load of {} flights", driven.operations);
    figures.memory(&cluster, &when).await
}
