//! A cluster of processes, and what can befall it.

use crate::Direct;
use crate::Flaw;
use crate::SUPERUSER;
use crate::SUPERUSER_PASSWORD;
use crate::Security;
use crate::network::CLIENT_PORT;
use crate::network::INTERNODE_PORT;
use crate::network::Network;
use crate::process::Process;
use crate::until;
use anyhow::Context;
use anyhow::anyhow;
use anyhow::ensure;
use quorate_client::Access;
use quorate_client::Client;
use quorate_client::ConsistencyLevel;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use tempfile::TempDir;

/// How long nodes may take to see each other. Generous: other tests run beside.
const SETTLE_MAX: Duration = Duration::from_secs(40);
/// How long a node may take to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(20);
/// Lines of each node's log that a failing test prints.
const LOG_LINES_MAX: usize = 120;

/// Settings of every node: quick to notice, and small, since many nodes share a machine.
const SETTINGS: [&str; 9] = [
    "gossip_interval_ms=100",
    "hint_dispatch_interval_ms=200",
    "commit_log_segment_bytes=4194304",
    "commit_log_bytes_max=33554432",
    "block_cache_bytes=8388608",
    "write_buffer_bytes=8388608",
    "worker_threads=2",
    "read_threads=2",
    "log_filter=info",
];

/// What a test wants.
#[derive(Debug, Clone)]
pub struct Setup {
    nodes: u8,
    settings: Vec<String>,
    has_roles: bool,
    is_encrypted: bool,
}

impl Setup {
    /// A cluster of this many nodes.
    pub const fn nodes(nodes: u8) -> Self {
        Self {
            nodes,
            settings: Vec::new(),
            has_roles: false,
            is_encrypted: false,
        }
    }

    /// Clients must log in; there is [`SUPERUSER`] to begin with.
    #[must_use]
    pub const fn with_roles(mut self) -> Self {
        self.has_roles = true;
        self
    }

    /// Clients must log in, and everything is encrypted.
    #[must_use]
    pub const fn secured(mut self) -> Self {
        self.is_encrypted = true;
        self.with_roles()
    }

    /// A setting for every node, as `page_size=100`.
    #[must_use]
    pub fn set(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }
}

/// Nodes numbered from 1, each on a loopback address and in a rack of its own.
#[derive(Debug)]
pub struct Cluster {
    // Before the directory: the processes end first.
    nodes: Vec<Process>,
    network: Network,
    settings: Vec<String>,
    security: Option<Security>,
    access: Access,
    directory: TempDir,
}

/// Starts a cluster, waits until its nodes see each other, and runs a test on it.
///
/// # Errors
/// Those of the test, after the nodes' logs were printed.
pub fn with_cluster(
    setup: Setup,
    test: impl AsyncFnOnce(&mut Cluster) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut cluster = Cluster::start_all(setup)?;
        let outcome = match cluster.settle().await {
            Ok(()) => test(&mut cluster).await,
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            cluster.print_logs();
        }
        outcome
    })
}

impl Cluster {
    fn start_all(setup: Setup) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("quorate-test-").tempdir()?;
        let security = setup
            .is_encrypted
            .then(|| Security::new(directory.path().join("security")))
            .transpose()?;
        let access = match &security {
            Some(security) => security.access()?,
            None if setup.has_roles => {
                Access::default().credentials(SUPERUSER, SUPERUSER_PASSWORD)?
            }
            None => Access::default(),
        };
        let roles = if setup.has_roles {
            vec![
                "authentication=true".to_owned(),
                format!("initial_superuser={SUPERUSER}"),
            ]
        } else {
            vec!["authentication=false".to_owned()]
        };
        let mut cluster = Self {
            nodes: Vec::new(),
            network: Network::claim()?,
            settings: [roles, setup.settings].concat(),
            security,
            access,
            directory,
        };
        for _ in 0..setup.nodes {
            cluster.add()?;
        }
        Ok(cluster)
    }

    /// Starts one more node, which will try to join. Gives its number.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub fn add(&mut self) -> anyhow::Result<u8> {
        let number = u8::try_from(self.nodes.len() + 1)?;
        let host = self.network.host(number);
        let directory = self.directory.path().join(format!("node{number}"));
        let encrypted = self.security.as_ref();
        let encrypted = encrypted
            .map(|security| security.settings(&host))
            .transpose()?;
        let own = [
            format!("data_directory={}", directory.join("data").display()),
            format!("listen_address={host}"),
            format!("seeds={}:{INTERNODE_PORT}", self.network.host(1)),
            format!("rack=rack{number}"),
        ];
        let general = SETTINGS.iter().map(|setting| (*setting).to_owned());
        let settings = own
            .into_iter()
            .chain(encrypted.into_iter().flatten())
            .chain(general)
            .chain(self.settings.clone());
        let mut process = Process::new(host, directory, settings.collect());
        process.start()?;
        self.nodes.push(process);
        Ok(number)
    }

    /// Waits until every running node answers, sees exactly the running ones as up, and has the
    /// newest epoch.
    ///
    /// # Errors
    /// What was still wrong when the time was up, or that a node ended.
    pub async fn settle(&mut self) -> anyhow::Result<()> {
        until("the running nodes see each other", SETTLE_MAX, async || {
            for (number, process) in (1_u8..).zip(&mut self.nodes) {
                if let Some(status) = process.died()? {
                    // Not worth waiting for.
                    return Ok(Err(anyhow!("node {number} ended: {status}")));
                }
            }
            self.check_settled().await.map(Ok)
        })
        .await?
    }

    async fn check_settled(&mut self) -> anyhow::Result<()> {
        let mut running = Vec::new();
        for (number, process) in (1_u8..).zip(&mut self.nodes) {
            if process.is_running() {
                running.push(number);
            }
        }
        let mut wanted = Vec::new();
        for number in &running {
            wanted.push(self.internode_address(*number)?);
        }
        let mut epochs = BTreeSet::new();
        for number in &running {
            let status = self.direct(*number)?.status().await?;
            epochs.insert(status.epoch);
            let up = status.nodes.iter();
            let up = up.filter(|node| node.up && node.state == "Normal");
            let up: Vec<&String> = up.map(|node| &node.address).collect();
            ensure!(
                up.len() == wanted.len() && wanted.iter().all(|node| up.contains(&node)),
                "node {number} sees {up:?} as up, expected {wanted:?}"
            );
        }
        ensure!(epochs.len() <= 1, "the nodes have the epochs {epochs:?}");
        Ok(())
    }

    /// `kill -9` for one node.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn kill(&mut self, number: u8) -> anyhow::Result<()> {
        let node = self.node_mut(number)?;
        node.strike()?;
        node.bury()
    }

    /// `kill -9` for all of them at once.
    ///
    /// # Errors
    /// When one cannot be killed.
    pub fn kill_all(&mut self) -> anyhow::Result<()> {
        self.nodes.iter_mut().try_for_each(Process::strike)?;
        self.nodes.iter_mut().try_for_each(Process::bury)
    }

    /// SIGTERM, and its end.
    ///
    /// # Errors
    /// When it does not end in time, or with a failure.
    pub async fn stop(&mut self, number: u8) -> anyhow::Result<()> {
        self.node(number)?.signal("TERM")?;
        let status = self.wait_for_end(number, STOP_MAX).await?;
        ensure!(
            status.success(),
            "node {number} ended with {status} when it was told to stop"
        );
        Ok(())
    }

    /// Waits until a node has ended on its own.
    ///
    /// # Errors
    /// When it still runs at the end of that time.
    pub async fn wait_for_end(
        &mut self,
        number: u8,
        within: Duration,
    ) -> anyhow::Result<ExitStatus> {
        let node = self.node_mut(number)?;
        until("the node's process has ended", within, async || {
            node.ended()?.context("it still runs")
        })
        .await
    }

    /// Starts a node that does not run, with the data it had.
    ///
    /// # Errors
    /// When it runs or cannot be started.
    pub fn start(&mut self, number: u8) -> anyhow::Result<()> {
        self.node_mut(number)?.start()
    }

    /// SIGSTOP: the process is there, and does nothing.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self, number: u8) -> anyhow::Result<()> {
        self.node(number)?.signal("STOP")
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&self, number: u8) -> anyhow::Result<()> {
        self.node(number)?.signal("CONT")
    }

    /// Gives a node that does not run another address, for its next start.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn move_to_another_address(&mut self, number: u8) -> anyhow::Result<()> {
        let host = self.network.host(number + 100);
        let node = self.node_mut(number)?;
        node.settings.push(format!("listen_address={host}"));
        node.host = host;
        Ok(())
    }

    /// Sets something for a node's next start; wins over what was set before.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn set(&mut self, number: u8, setting: &str) -> anyhow::Result<()> {
        self.node_mut(number)?.settings.push(setting.to_owned());
        Ok(())
    }

    /// A driver that knows every running node, at QUORUM.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn client(&mut self) -> anyhow::Result<Client> {
        let running = self.nodes.iter_mut().filter_map(|node| {
            node.is_running()
                .then(|| format!("{}:{CLIENT_PORT}", node.host))
        });
        let points: Vec<String> = running.collect();
        let client = Client::builder()
            .contact_points(points)
            .access(self.access.clone())
            .consistency(ConsistencyLevel::Quorum)
            .build();
        Ok(client.await?)
    }

    /// One node, asked without the driver.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn direct(&self, number: u8) -> anyhow::Result<Direct> {
        Direct::new(&self.client_address(number)?, self.access.clone())
    }

    /// The certificates of a cluster that is [`secured`](Setup::secured).
    ///
    /// # Errors
    /// When it is not.
    pub fn security(&self) -> anyhow::Result<&Security> {
        self.security.as_ref().context("nothing is encrypted")
    }

    /// Gives a node another certificate, running or not.
    ///
    /// # Errors
    /// When nothing is encrypted, or there is no such node.
    pub fn reissue(&self, number: u8, flaw: Flaw) -> anyhow::Result<()> {
        let host = &self.node(number)?.host;
        self.security()?.issue(host, host, flaw)
    }

    /// Where clients reach a node, as host:port.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn client_address(&self, number: u8) -> anyhow::Result<String> {
        Ok(format!("{}:{CLIENT_PORT}", self.node(number)?.host))
    }

    /// Where other nodes reach a node, as host:port.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn internode_address(&self, number: u8) -> anyhow::Result<String> {
        Ok(format!("{}:{INTERNODE_PORT}", self.node(number)?.host))
    }

    /// Where a node keeps everything.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn data_directory(&self, number: u8) -> anyhow::Result<PathBuf> {
        Ok(self.node(number)?.data_directory())
    }

    /// The memory of a node's process, bytes.
    ///
    /// # Errors
    /// When there is no such node, or it does not run.
    pub fn resident_bytes(&self, number: u8) -> anyhow::Result<u64> {
        self.node(number)?.resident_bytes()
    }

    /// What a node logged since it was started last.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn log(&self, number: u8) -> anyhow::Result<String> {
        Ok(self.node(number)?.log_of_this_life())
    }

    fn node(&self, number: u8) -> anyhow::Result<&Process> {
        let index = usize::from(number).checked_sub(1);
        index
            .and_then(|index| self.nodes.get(index))
            .with_context(|| format!("there is no node {number}"))
    }

    fn node_mut(&mut self, number: u8) -> anyhow::Result<&mut Process> {
        let index = usize::from(number).checked_sub(1);
        index
            .and_then(|index| self.nodes.get_mut(index))
            .with_context(|| format!("there is no node {number}"))
    }

    fn print_logs(&self) {
        for node in &self.nodes {
            let log = node.log();
            let lines: Vec<&str> = log.lines().collect();
            let skipped = lines.len().saturating_sub(LOG_LINES_MAX);
            eprintln!("== log of {} ({skipped} lines before) ==", node.host);
            for line in lines.iter().skip(skipped) {
                eprintln!("{line}");
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_logs();
        }
    }
}
