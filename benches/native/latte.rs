//! Runs latte and reads its report.

use anyhow::Context;
use anyhow::ensure;
use quorate_benches::nodes::Cluster;
use serde::Deserialize;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Latte, and the node that it is told of.
pub(crate) struct Latte {
    program: PathBuf,
    script: PathBuf,
    host: String,
    reports: TempDir,
}

/// What was seen.
pub(crate) struct Driven {
    pub(crate) operations: u64,
    pub(crate) elapsed: Duration,
    pub(crate) server_cpu: Duration,
    pub(crate) client_cpu: Duration,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// What is read of latte's report.
#[derive(Deserialize)]
struct Report {
    percentiles: Vec<f64>,
    result: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    elapsed_time_s: f64,
    cpu_time_s: f64,
    request_count: u64,
    error_count: u64,
    errors: Vec<String>,
    cycle_latency: Latency,
}

#[derive(Deserialize)]
struct Latency {
    /// Those that the report names, in its order; milliseconds.
    percentiles: Vec<Mean>,
}

#[derive(Deserialize)]
struct Mean {
    value: f64,
}

impl Latte {
    /// Compiles latte if the cache does not have it.
    pub(crate) fn new(host: String) -> anyhow::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let made = Command::new(here.join("../deploy/latte.sh")).output()?;
        ensure!(
            made.status.success(),
            "latte cannot be had: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        Ok(Self {
            program: String::from_utf8(made.stdout)?.trim().into(),
            script: here.join("latte/points.rn"),
            host,
            reports: TempDir::new()?,
        })
    }

    fn run(&self, verb: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let output = Command::new(&self.program)
            .args(["--log-dir", "."])
            .arg(verb)
            .arg(&self.script)
            .arg(&self.host)
            .args(arguments)
            .current_dir(self.reports.path())
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "latte {verb}: {said}");
        Ok(())
    }

    /// Makes the table with this many replicas, and its rows.
    pub(crate) fn fill(&self, replicas: u8) -> anyhow::Result<()> {
        self.run("schema", &["-P", &format!("replicas={replicas}")])?;
        self.run("load", &["--quiet", "--consistency", "ALL"])
    }

    /// Keeps so many requests in flight until the time is up.
    pub(crate) fn drive(
        &self,
        cluster: &Cluster,
        kind: &str,
        level: &str,
        in_flight: usize,
        time: Duration,
    ) -> anyhow::Result<Driven> {
        let report = self.reports.path().join("report.json");
        let (report_name, in_flight) = (report.display().to_string(), in_flight.to_string());
        // Warmed up as latte does it, but before the CPU time is read.
        let run = |time: &str| {
            self.run(
                "run",
                &[
                    "--quiet",
                    "-f",
                    kind,
                    "--consistency",
                    level,
                    "-p",
                    &in_flight,
                    "-d",
                    time,
                    "-o",
                    &report_name,
                ],
            )
        };
        run("1s")?;
        std::fs::remove_file(&report)?;
        let before = cluster.cpu()?;
        run(&format!("{}s", time.as_secs()))?;
        let server_cpu = cluster.cpu()?.saturating_sub(before);
        let report: Report = serde_json::from_slice(&std::fs::read(&report)?)?;
        let result = &report.result;
        ensure!(result.error_count == 0, "errors: {:?}", result.errors);
        let percentile = |wanted: f64| {
            let known = report
                .percentiles
                .iter()
                .zip(&result.cycle_latency.percentiles);
            let mut known = known.filter(|(percentile, _)| (**percentile - wanted).abs() < 1e-9);
            known.next().map(|(_, latency)| latency.value)
        };
        Ok(Driven {
            operations: result.request_count,
            elapsed: Duration::from_secs_f64(result.elapsed_time_s),
            server_cpu,
            client_cpu: Duration::from_secs_f64(result.cpu_time_s),
            p50_ms: percentile(50.0).context("no median")?,
            p99_ms: percentile(99.0).context("no 99th percentile")?,
        })
    }
}
