//! Real nodes asked over the CQL native protocol by latte, a load generator written for Cassandra:
//! CPU time of the nodes for each prepared point write and read, latencies as latte sees them; and
//! what connections cost that only stand there, native ones and gRPC ones.
//!
//! Latte's rows and statements (`benches/latte/points.rn`) are those of the benchmark `cluster`, so
//! the two protocols can be compared.

mod connections;
mod latte;

use anyhow::Context;
use latte::Latte;
use quorate_benches::Run;
use quorate_benches::Table;
use quorate_benches::micros;
use quorate_benches::nodes::Cluster;
use quorate_benches::nodes::binary;
use quorate_benches::per_second;

/// How long each kind of request is measured, unless `QUORATE_BENCH_SECONDS` says otherwise.
const SECONDS: u64 = 5;
const IN_FLIGHT: [usize; 3] = [1, 16, 128];
/// Reads come first, as in the benchmark `cluster`: of rows that were written once.
const KINDS: [&str; 3] = ["read", "write", "mixed"];

fn main() -> anyhow::Result<()> {
    let Some(run) = Run::begin("native") else {
        return Ok(());
    };
    eprintln!("    nodes run {}", binary()?.display());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut table = Table::new(
            "Requests through the native protocol, rows of 300 bytes, latte as client",
            &[
                "request",
                "nodes",
                "in flight",
                "cluster CPU µs/op",
                "ops per server CPU-s",
                "client CPU µs/op",
                "ops/s",
                "p50 ms",
                "p99 ms",
            ],
        );
        for (section, nodes, levels) in [("one", 1, &["ONE"][..]), ("three", 3, &["ONE", "QUORUM"])]
        {
            if run.wants(section) {
                requests(&mut table, &run, section, nodes, levels).await?;
            }
        }
        table.print();
        if run.wants("connections") {
            connections::measure().await?.print();
        }
        Ok(())
    })
}

async fn requests(
    table: &mut Table,
    run: &Run,
    section: &str,
    nodes: u8,
    levels: &[&str],
) -> anyhow::Result<()> {
    let time = run.seconds(SECONDS)?;
    let cluster = Cluster::start(nodes, &[])?;
    cluster.settled().await?;
    let latte = Latte::new(cluster.host(1))?;
    latte.fill(nodes)?;
    cluster.flush()?;
    for kind in KINDS {
        for level in levels {
            for in_flight in IN_FLIGHT {
                let name = format!("{kind} {level}");
                if !run.wants(&format!("{section} {name} {in_flight}")) {
                    continue;
                }
                let driven = latte
                    .drive(&cluster, kind, level, in_flight, time)
                    .with_context(|| name.clone())?;
                table.row([
                    name,
                    nodes.to_string(),
                    in_flight.to_string(),
                    format!("{:.1}", micros(driven.server_cpu, driven.operations)),
                    per_second(driven.operations, driven.server_cpu),
                    format!("{:.1}", micros(driven.client_cpu, driven.operations)),
                    per_second(driven.operations, driven.elapsed),
                    format!("{:.2}", driven.p50_ms),
                    format!("{:.2}", driven.p99_ms),
                ]);
            }
        }
    }
    Ok(())
}
