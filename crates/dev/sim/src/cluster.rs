//! The nodes of one world: their disks, which outlive them, and their lives.

use crate::checkers::stored_hints_arrive::HintRecord;
use crate::disk::Disk;
use crate::engine::DiskProfile;
use crate::engine::EngineParts;
use crate::engine::SimEngine;
use crate::executor::Executor;
use crate::executor::Group;
use crate::executor::lock;
use crate::history::History;
use crate::history::MetadataSeen;
use crate::network::Network;
use crate::network::NodeIndex;
use crate::network::Sender;
use crate::plan::Plan;
use crate::planted::PlantedBug;
use crate::rng::Rng;
use crate::world::Life;
use crate::world::SimWorld;
use crate::world::WallClock;
use futures_util::future::Either;
use futures_util::future::select;
use quorate_coordinator::HintPolicy;
use quorate_node::Identity;
use quorate_node::Node;
use quorate_node::NodeConfig;
use quorate_node::recorded_tables;
use quorate_request::Frontend;
use quorate_types::ConsistencyLevel;
use quorate_types::Endpoint;
use quorate_types::HostId;
use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The nodes. A clone is a handle to the same.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    executor: Executor,
    network: Network,
    plan: Plan,
    planted: Option<PlantedBug>,
    history: Arc<Mutex<History>>,
    stored_hints: Arc<Mutex<Vec<HintRecord>>>,
    stations: Mutex<Vec<Station>>,
}

/// One node, dead or alive.
struct Station {
    host: HostId,
    address: Endpoint,
    disk: Arc<Mutex<Disk>>,
    profile: Arc<Mutex<DiskProfile>>,
    clock: Arc<WallClock>,
    lives: u64,
    life: Option<Living>,
}

/// A life of a node.
#[derive(Clone)]
struct Living {
    group: Group,
    ended: Arc<Notify>,
    engine: SimEngine,
    /// `None` until it is open.
    node: Option<Node<SimWorld>>,
}

/// Why a client has no answer of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nobody takes connections: nothing was done.
    NotConnected,
    /// The node died, or took too long.
    Lost,
}

/// Who node number `index` is, in all worlds.
fn host_id(index: NodeIndex) -> HostId {
    HostId(Uuid::from_u128(
        0x5100_0000_4000_8000 << 64 | (index as u128 + 1),
    ))
}

fn address(index: NodeIndex, life: u64) -> Endpoint {
    Endpoint {
        host: format!("10.0.{life}.{}", index + 1),
        port: 7000,
    }
}

impl Cluster {
    pub(crate) fn new(
        executor: Executor,
        network: Network,
        plan: Plan,
        planted: Option<PlantedBug>,
        history: Arc<Mutex<History>>,
    ) -> Self {
        let mut rng = Rng::stream(plan.seed, "clocks", 0);
        let stations = (0..plan.nodes).map(|index| {
            let clock = WallClock::default();
            clock.set(
                rng.between(0, 160_000) as i64 - 80_000,
                rng.between(0, 200) as i64 - 100,
            );
            Station {
                host: host_id(index),
                address: address(index, 0),
                disk: Arc::default(),
                profile: Arc::new(Mutex::new(plan.disk)),
                clock: Arc::new(clock),
                lives: 0,
                life: None,
            }
        });
        let stations = Mutex::new(stations.collect());
        Self(Arc::new(Inner {
            executor,
            network,
            plan,
            planted,
            history,
            stored_hints: Arc::default(),
            stations,
        }))
    }

    /// What the seed is about.
    pub fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// The time and the tasks.
    pub fn executor(&self) -> &Executor {
        &self.0.executor
    }

    /// The network between the nodes.
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    /// What was recorded so far.
    pub fn history(&self) -> &Mutex<History> {
        &self.0.history
    }

    /// Every hint that was ever stored.
    pub(crate) fn stored_hints(&self) -> Vec<HintRecord> {
        lock(&self.0.stored_hints).clone()
    }

    /// The numbers of all nodes.
    pub fn indices(&self) -> std::ops::Range<NodeIndex> {
        0..self.0.plan.nodes
    }

    /// Something went wrong that no checker looks for.
    pub fn trouble(&self, what: String) {
        self.0.executor.note(format_args!("trouble: {what}"));
        lock(&self.0.history).troubles.push(what);
    }

    fn with<T>(&self, index: NodeIndex, act: impl FnOnce(&mut Station) -> T) -> Option<T> {
        lock(&self.0.stations).get_mut(index).map(act)
    }

    fn life(&self, index: NodeIndex) -> Option<Living> {
        self.with(index, |station| station.life.clone()).flatten()
    }

    /// A node that takes connections.
    pub fn node(&self, index: NodeIndex) -> Option<Node<SimWorld>> {
        self.life(index)?.node
    }

    /// The node's identity.
    pub fn host(&self, index: NodeIndex) -> HostId {
        host_id(index)
    }

    /// The node's disk.
    pub(crate) fn disk(&self, index: NodeIndex) -> Option<Arc<Mutex<Disk>>> {
        self.with(index, |station| station.disk.clone())
    }

    /// Makes a node's disk slower or faster.
    pub fn set_disk_profile(&self, index: NodeIndex, profile: DiskProfile) {
        self.with(index, |station| *lock(&station.profile) = profile);
    }

    /// Sets a node's wall clock.
    pub fn set_clock(&self, index: NodeIndex, offset_micros: i64, drift_per_million: i64) {
        self.with(index, |station| {
            station.clock.set(offset_micros, drift_per_million);
        });
    }

    /// Starts a node that is not running. `moved`: it comes back under another address.
    pub fn start(&self, index: NodeIndex, moved: bool) {
        let plan = &self.0.plan;
        let begun = self.with(index, |station| {
            if station.life.is_some() {
                return None;
            }
            station.lives += 1;
            if moved {
                station.address = address(index, station.lives);
            }
            let group = self.0.executor.new_group();
            let ended = Arc::new(Notify::new());
            let number = index as u64 * 1_000 + station.lives;
            let disk = station.disk.clone();
            let tables = recorded_tables(|name| Ok(lock(&disk).blobs.get(name).cloned()));
            let engine = SimEngine::open(
                EngineParts {
                    executor: self.0.executor.clone(),
                    group,
                    disk: disk.clone(),
                    profile: station.profile.clone(),
                    planted: self.0.planted,
                    rng: Rng::stream(plan.seed, "disk", number),
                    stored_hints: self.0.stored_hints.clone(),
                },
                tables.as_deref().unwrap_or_default(),
            );
            let world = SimWorld::new(Life {
                executor: self.0.executor.clone(),
                group,
                network: self.0.network.clone(),
                sender: Sender {
                    index,
                    host: station.host,
                    group,
                    ended: ended.clone(),
                },
                engine: engine.clone(),
                disk,
                clock: station.clock.clone(),
                began_micros: self.0.executor.now_micros(),
                random: Mutex::new(Rng::stream(plan.seed, "node", number)),
            });
            let life = Living {
                group,
                ended,
                engine,
                node: None,
            };
            station.life = Some(life);
            Some((group, world, station.address.clone(), tables.err()))
        });
        let Some(Some((group, world, address, damage))) = begun else {
            return;
        };
        self.0
            .executor
            .note(format_args!("n{index} starts as {address}"));
        if let Some(damage) = damage {
            self.trouble(format!("node {index} cannot read its metadata: {damage}"));
        }
        let cluster = self.clone();
        self.0.executor.spawn(group, async move {
            cluster.bring_up(index, group, world, address).await;
        });
    }

    async fn bring_up(self, index: NodeIndex, group: Group, world: SimWorld, address: Endpoint) {
        let identity = Identity {
            native: None,
            host_id: host_id(index),
            internode: address.clone(),
            client: Endpoint {
                port: 9040,
                ..address.clone()
            },
            datacenter: Arc::from("dc1"),
            rack: Arc::from(if index.is_multiple_of(2) { "r1" } else { "r2" }),
            build: "sim".to_owned(),
        };
        let node = match Node::open(world, identity, self.config()).await {
            Ok(node) => node,
            Err(error) => return self.trouble(format!("node {index} does not open: {error}")),
        };
        let network = &self.0.network;
        network.listen(address, index, group, node.clone());
        self.with(index, |station| {
            if let Some(life) = station.life.as_mut().filter(|life| life.group == group) {
                life.node = Some(node.clone());
            }
        });
        let watching = self.clone().watch_metadata(index, node.clone());
        self.0.executor.spawn(group, watching);
        match node.bring_up().await {
            Ok(()) => self.0.executor.note(format_args!("n{index} serves")),
            Err(error) => self.trouble(format!("node {index} does not start: {error}")),
        }
    }

    /// Writes down each state of the cluster that the node comes to know.
    async fn watch_metadata(self, index: NodeIndex, node: Node<SimWorld>) {
        let mut seen = 0;
        let mut epoch = None;
        loop {
            let metadata = node.metadata();
            if epoch != Some(metadata.epoch) {
                epoch = Some(metadata.epoch);
                let at = self.0.executor.now_micros();
                self.0
                    .executor
                    .note(format_args!("n{index} is at epoch {}", metadata.epoch));
                lock(&self.0.history).metadata.push(MetadataSeen {
                    node: index,
                    at,
                    epoch: metadata.epoch.0,
                    bytes: metadata.encode(),
                });
            }
            seen = node.changed(seen).await;
        }
    }

    fn config(&self) -> NodeConfig {
        let plan = &self.0.plan;
        NodeConfig {
            cluster_name: "sim".to_owned(),
            seeds: vec![address(0, 0), address(1, 0)],
            num_tokens: plan.num_tokens,
            default_consistency: ConsistencyLevel::Quorum,
            page_size: 5_000,
            read_timeout: plan.request_timeout,
            range_timeout: plan.request_timeout * 2,
            write_timeout: plan.request_timeout,
            truncate_timeout: Duration::from_secs(5),
            metadata_timeout: Duration::from_secs(5),
            requests_in_flight_max: 256,
            hints_in_flight_max: 128,
            hints: HintPolicy {
                enabled: true,
                window: Duration::from_hours(3),
                bytes_per_host_max: 1 << 30,
            },
            hint_dispatch_interval: plan.hint_interval,
            hint_bytes_per_second: 16 << 20,
            gossip_interval: plan.gossip_interval,
            phi_threshold: 8.0,
            timestamp_ahead_max: Duration::from_hours(1),
            mutation_bytes_max: 1 << 20,
            prepared_statements_max: 10_000,
            sweep_interval: plan.sweep_interval,
            shown_settings: Vec::new(),
            authentication: false,
            initial_superuser: None,
        }
    }

    /// A node loses power.
    pub fn crash(&self, index: NodeIndex) {
        let Some(Some(life)) = self.with(index, |station| station.life.take()) else {
            return;
        };
        self.0.executor.note(format_args!("n{index} crashes"));
        life.engine.lose_power();
        self.0.network.close(index);
        self.0.executor.kill(life.group);
        // Its connections break: what others do for it ends.
        life.ended.notify_waiters();
    }

    /// A node stands still.
    pub fn pause(&self, index: NodeIndex) {
        if let Some(life) = self.life(index) {
            self.0.executor.note(format_args!("n{index} stands still"));
            self.0.executor.pause(life.group);
        }
    }

    /// A node goes on.
    pub fn resume(&self, index: NodeIndex) {
        if let Some(life) = self.life(index) {
            self.0.executor.note(format_args!("n{index} goes on"));
            self.0.executor.resume(life.group);
        }
    }

    /// Sends a client's request to a node and waits for the answer. The request belongs to the node
    /// and dies with it.
    pub async fn request<T, F>(
        &self,
        index: NodeIndex,
        patience: Duration,
        ask: impl FnOnce(Node<SimWorld>) -> F,
    ) -> Result<T, NoAnswer>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let life = self.life(index).ok_or(NoAnswer::NotConnected)?;
        let node = life.node.ok_or(NoAnswer::NotConnected)?;
        let (answer, answered) = oneshot::channel();
        let (waiting, gone) = oneshot::channel::<()>();
        let asked = Box::pin(ask(node));
        let executor = &self.0.executor;
        executor.spawn(life.group, async move {
            // A client that hangs up takes its request with it, wherever that stands.
            if let Either::Left((said, _)) = select(asked, gone).await {
                let _ = answer.send(said);
            }
        });
        let timer = executor.sleep(patience);
        let outcome = match select(answered, timer).await {
            Either::Left((Ok(answer), _)) => Ok(answer),
            Either::Left((Err(_), _)) | Either::Right(_) => Err(NoAnswer::Lost),
        };
        drop(waiting);
        outcome
    }

    /// Ends all lives, so that what they hold on one another goes.
    pub(crate) fn shut_down(&self) {
        for index in self.indices() {
            let life = self.with(index, |station| station.life.take());
            drop(life);
            self.0.network.close(index);
        }
        self.0.executor.shut_down();
    }
}
