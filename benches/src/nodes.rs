//! Clusters of real processes on loopback addresses, their CPU time and memory. Only what is
//! started here is ever stopped here.

use crate::cpu;
use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use quorate_client::Client;
use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;
use tempfile::TempDir;

const INTERNODE_PORT: u16 = 7000;
const CLIENT_PORT: u16 = 9160;
const NATIVE_PORT: u16 = 9042;
/// Addresses are taken from 127.0.250.0 to 127.0.253.0, where nothing else of the project listens.
const NETWORKS: [u8; 4] = [250, 251, 252, 253];
const SETTLE_MAX: Duration = Duration::from_mins(1);

/// The release binary: `QUORATE_BENCH_BIN`, or the one beside this program, or `QUORATE_BIN`.
///
/// # Errors
/// When there is none.
pub fn binary() -> anyhow::Result<PathBuf> {
    let beside = std::env::current_exe()?;
    // This program is target/release/deps/<name>.
    let beside = beside
        .ancestors()
        .nth(2)
        .map(|folder| folder.join("quorate"));
    let candidates = [
        std::env::var_os("QUORATE_BENCH_BIN").map(PathBuf::from),
        beside,
        std::env::var_os("QUORATE_BIN").map(PathBuf::from),
    ];
    let mut found = candidates.into_iter().flatten();
    found
        .find(|path| path.is_file())
        .context("there is no release binary: run `make build`, or set QUORATE_BENCH_BIN")
}

/// Nodes numbered from 1, each a process, in a folder that goes with them.
#[derive(Debug)]
pub struct Cluster {
    // Before the folder: the processes end first.
    nodes: Vec<Node>,
    binary: PathBuf,
    network: u8,
    settings: Vec<String>,
    directory: TempDir,
    /// Bound on the last address of the network: who has it, has the network.
    _claim: TcpListener,
}

#[derive(Debug)]
struct Node {
    number: u8,
    child: Option<Child>,
}

impl Cluster {
    /// Starts the processes. They may not answer yet.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(count: u8, settings: &[&str]) -> anyhow::Result<Self> {
        let claim = NETWORKS.into_iter().find_map(|network| {
            let claim = TcpListener::bind((format!("127.0.{network}.254"), INTERNODE_PORT));
            claim.ok().map(|claim| (network, claim))
        });
        let (network, claim) = claim.context("no loopback network is free")?;
        let mut cluster = Self {
            nodes: Vec::new(),
            binary: binary()?,
            network,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            directory: tempfile::Builder::new()
                .prefix("quorate-bench-")
                .tempdir()?,
            _claim: claim,
        };
        for number in 1..=count {
            let child = Some(cluster.spawn(number)?);
            cluster.nodes.push(Node { number, child });
        }
        Ok(cluster)
    }

    fn spawn(&self, number: u8) -> anyhow::Result<Child> {
        let folder = self.directory.path().join(format!("node{number}"));
        std::fs::create_dir_all(&folder)?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))?;
        let mut command = Command::new(&self.binary);
        command
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command.stderr(log);
        // What this program is configured with is not meant for the nodes.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("QUORATE_") {
                command.env_remove(name);
            }
        }
        let own = [
            format!("data_directory={}", folder.join("data").display()),
            format!("listen_address={}", self.host(number)),
            "authentication=false".to_owned(),
            format!("seeds={}:{INTERNODE_PORT}", self.host(1)),
            format!("rack=rack{number}"),
            "cluster_name=bench".to_owned(),
        ];
        for setting in own.iter().chain(&self.settings) {
            command.args(["--set", setting]);
        }
        command.spawn().context("a node cannot be started")
    }

    /// The address of a node, without a port.
    pub fn host(&self, number: u8) -> String {
        format!("127.0.{}.{number}", self.network)
    }

    /// Where a node speaks gRPC.
    pub fn address(&self, number: u8) -> String {
        format!("{}:{CLIENT_PORT}", self.host(number))
    }

    /// Where a node speaks the native protocol.
    pub fn native_address(&self, number: u8) -> String {
        format!("{}:{NATIVE_PORT}", self.host(number))
    }

    /// The process ids of the nodes that run.
    pub fn pids(&self) -> Vec<u32> {
        let running = self.nodes.iter().filter_map(|node| node.child.as_ref());
        running.map(Child::id).collect()
    }

    /// CPU time of all nodes together.
    ///
    /// # Errors
    /// When one has ended.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        self.pids().into_iter().map(cpu::of_process).sum()
    }

    /// Memory of all nodes together.
    ///
    /// # Errors
    /// When one has ended.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        self.pids().into_iter().map(cpu::resident_bytes).sum()
    }

    /// Memory of each node, MiB.
    ///
    /// # Errors
    /// When one has ended.
    pub fn resident_mib(&self) -> anyhow::Result<Vec<u64>> {
        let bytes = self.pids().into_iter().map(cpu::resident_bytes);
        bytes.map(|bytes| Ok(bytes? >> 20)).collect()
    }

    /// Waits until every node answers and sees all of them up; a client of the last one.
    ///
    /// # Errors
    /// When that takes too long; what the nodes logged is printed.
    pub async fn settled(&self) -> anyhow::Result<Client> {
        let ends = Instant::now() + SETTLE_MAX;
        let mut settled = None;
        for node in &self.nodes {
            let client = loop {
                if let Some(client) = self.sees_all(node.number).await {
                    break client;
                }
                if Instant::now() > ends {
                    self.print_logs();
                    bail!("node {} does not see its cluster", node.number);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            settled = Some(client);
        }
        settled.context("a cluster without nodes")
    }

    async fn sees_all(&self, number: u8) -> Option<Client> {
        let client = Client::connect(&self.address(number)).await.ok()?;
        let view = client.cluster();
        let up = view.nodes.iter().filter(|node| node.up).count();
        (up == self.nodes.len()).then_some(client)
    }

    /// Writes the memtables of all nodes to files, by the operator's verb.
    ///
    /// # Errors
    /// When a node refuses.
    pub fn flush(&self) -> anyhow::Result<()> {
        for node in &self.nodes {
            let told = Command::new(&self.binary)
                .args(["admin", "--host", &self.address(node.number), "flush"])
                .stdout(Stdio::null())
                .status()?;
            ensure!(told.success(), "node {} does not flush", node.number);
        }
        Ok(())
    }

    /// Ends every node, at once or as an operator would, and waits until it has.
    ///
    /// # Errors
    /// When a node cannot be told.
    pub fn stop(&mut self, how: Stop) -> anyhow::Result<()> {
        for node in &mut self.nodes {
            let Some(mut child) = node.child.take() else {
                continue;
            };
            match how {
                Stop::Kill => child.kill()?,
                Stop::Clean => {
                    let told = Command::new("kill")
                        .args(["-TERM", &child.id().to_string()])
                        .status()?;
                    ensure!(told.success(), "node {} cannot be told", node.number);
                }
            }
            child.wait()?;
        }
        Ok(())
    }

    /// Starts every node that was stopped and measures until one has answered this request.
    ///
    /// # Errors
    /// When none does in time.
    pub async fn start_again(&mut self, cql: &str) -> anyhow::Result<Started> {
        let begun = Instant::now();
        for index in 0..self.nodes.len() {
            let number = u8::try_from(index + 1)?;
            let child = self.spawn(number)?;
            if let Some(node) = self.nodes.get_mut(index) {
                node.child = Some(child);
            }
        }
        self.first_answer(begun, cql).await
    }

    /// Measures from `begun` until the first node has answered this request.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn first_answer(&self, begun: Instant, cql: &str) -> anyhow::Result<Started> {
        while begun.elapsed() < SETTLE_MAX {
            if let Ok(client) = Client::connect(&self.address(1)).await {
                match client.execute(cql, ()).await {
                    Ok(_) => {
                        return Ok(Started {
                            after: begun.elapsed(),
                            cpu: self.cpu()?,
                        });
                    }
                    Err(error) => eprintln!("    not yet: {error}"),
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.print_logs();
        bail!("no answer to {cql}")
    }

    /// Shows what the nodes had to say, for who looks for a failure.
    pub fn print_logs(&self) {
        for node in &self.nodes {
            let path = self
                .directory
                .path()
                .join(format!("node{}/log", node.number));
            let log = std::fs::read_to_string(path).unwrap_or_default();
            eprintln!("node {}:\n{log}", node.number);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Failing only means that they are gone already.
        let _ = self.stop(Stop::Kill);
    }
}

/// How nodes are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// `kill -9`.
    Kill,
    /// SIGTERM.
    Clean,
}

/// A start.
#[derive(Debug, Clone, Copy)]
pub struct Started {
    /// From the start of the process to the first answer.
    pub after: Duration,
    /// CPU time of the process till then.
    pub cpu: Duration,
}
