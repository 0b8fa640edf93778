//! latte, a load generator written for Cassandra, runs its writes, reads and both mixed without an
//! error.

use crate::clients::alone;
use crate::clients::host;
use crate::clients::listening;
use crate::clients::run;
use crate::clients::skipped;
use anyhow::ensure;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// Rows of the table.
const ROWS: &str = "rows=5000";

/// The program, compiled at the first run; or why there is none.
fn program() -> anyhow::Result<Result<PathBuf, String>> {
    alone("latte-tool", |_| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/latte.sh");
        let made = run(&mut Command::new(script));
        Ok(made.map(|made| String::from_utf8_lossy(&made.stdout).trim().into()))
    })
}

/// Runs its workloads against so many nodes that each keep every row.
fn works(nodes: u8) -> anyhow::Result<()> {
    let latte = match program()? {
        Ok(latte) => latte,
        Err(reason) => return skipped("latte", &reason),
    };
    with_cluster(Setup::nodes(nodes), async |cluster| {
        listening(cluster, nodes).await?;
        let host = host(cluster, 1)?;
        let folder = tempfile::TempDir::new()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/latte/points.rn");
        let replicas = format!("replicas={nodes}");
        let workload = |function: &'static str| {
            ["run", "-q", "-d", "2s", "-o", function, "-f", function].to_vec()
        };
        for arguments in [
            vec!["schema", "-P", &replicas],
            vec!["load", "-q"],
            workload("write"),
            workload("read"),
            workload("mixed"),
        ] {
            let mut command = Command::new(&latte);
            command.args(&arguments).arg(&script).arg(&host);
            command.args(["-P", ROWS]).current_dir(folder.path());
            let ran = tokio::task::spawn_blocking(move || run(&mut command)).await?;
            ran.map_err(anyhow::Error::msg)?;
        }
        for function in ["write", "read", "mixed"] {
            let report = std::fs::read(folder.path().join(function))?;
            let report: serde_json::Value = serde_json::from_slice(&report)?;
            let result = report.get("result").cloned().unwrap_or_default();
            let number = |name: &str| result.get(name).and_then(serde_json::Value::as_u64);
            ensure!(
                number("error_count") == Some(0) && number("request_retry_count") == Some(0),
                "{function}: {result}"
            );
            let requests = number("request_count").unwrap_or(0);
            ensure!(requests > 100, "{function}: {requests} requests");
            // Every read finds its row.
            let rows = number("row_count").unwrap_or(0);
            let expected = match function {
                "read" => requests..=requests,
                "mixed" => requests / 2 - 1..=requests / 2 + 1,
                _ => 0..=0,
            };
            ensure!(
                expected.contains(&rows),
                "{function}: {rows} rows of {requests}"
            );
        }
        Ok(())
    })
}

#[test]
fn latte_runs_against_one_node() -> anyhow::Result<()> {
    works(1)
}

#[test]
fn latte_runs_against_three_nodes() -> anyhow::Result<()> {
    works(3)
}
