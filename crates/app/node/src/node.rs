//! One node: its outside, its view of the cluster, and what its services share.

use crate::Engine;
use crate::Liveness;
use crate::NodeConfig;
use crate::World;
use crate::clients::Clients;
use crate::hints::HintBook;
use crate::metadata_log::MetadataLog;
use crate::passwords::Passwords;
use crate::prepared::PreparedStatements;
use crate::requests::random_bytes;
use crate::traces::Traces;
use arc_swap::ArcSwap;
use quorate_cluster::Metadata;
use quorate_cluster::TableSchema;
use quorate_cluster::system_tables;
use quorate_coordinator::HybridClock;
use quorate_coordinator::LatencyTracker;
use quorate_gossip::ApplicationState;
use quorate_gossip::Gossip;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::Monotonic;
use quorate_types::NowInSeconds;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// Who a node is and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its identity, for life.
    pub host_id: HostId,
    /// Where peers reach it.
    pub internode: Endpoint,
    /// Where gRPC clients reach it.
    pub client: Endpoint,
    /// Where drivers of the CQL protocol reach it, when it serves them.
    pub native: Option<Endpoint>,
    /// Its datacenter.
    pub datacenter: Arc<str>,
    /// Its rack.
    pub rack: Arc<str>,
    /// The build it runs.
    pub build: String,
}

/// One node. A clone is another handle to it.
pub struct Node<W: World>(Arc<Inner<W>>);

impl<W: World> Clone for Node<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(crate) struct Inner<W: World> {
    pub(crate) world: W,
    pub(crate) identity: Identity,
    pub(crate) config: NodeConfig,
    metadata: ArcSwap<Metadata>,
    pub(crate) log: MetadataLog,
    gossip: Mutex<Gossip>,
    pub(crate) liveness: Liveness,
    pub(crate) clock: HybridClock,
    latencies: Mutex<LatencyTracker>,
    pub(crate) prepared: PreparedStatements,
    pub(crate) passwords: Passwords,
    pub(crate) clients: Clients,
    pub(crate) traces: Traces,
    pub(crate) hints: HintBook,
    pub(crate) in_flight: AtomicUsize,
    pub(crate) serving: AtomicBool,
    changes: watch::Sender<u64>,
}

impl<W: World> Node<W> {
    pub(crate) fn assemble(
        world: W,
        identity: Identity,
        config: NodeConfig,
        metadata: Metadata,
        log: MetadataLog,
        gossip: Gossip,
    ) -> Self {
        let prepared = PreparedStatements::new(config.prepared_statements_max);
        let secret = [random_bytes(&world), random_bytes(&world)].concat();
        Self(Arc::new(Inner {
            traces: Traces::default(),
            world,
            identity,
            metadata: ArcSwap::from_pointee(metadata),
            log,
            gossip: Mutex::new(gossip),
            liveness: Liveness::default(),
            clock: HybridClock::new(),
            latencies: Mutex::new(LatencyTracker::new()),
            prepared,
            clients: Clients::default(),
            passwords: Passwords::new(&secret),
            hints: HintBook::default(),
            in_flight: AtomicUsize::new(0),
            serving: AtomicBool::new(false),
            changes: watch::Sender::new(1),
            config,
        }))
    }

    pub(crate) fn inner(&self) -> &Inner<W> {
        &self.0
    }

    /// The outside it runs in.
    pub fn world(&self) -> &W {
        &self.0.world
    }

    /// Its rows.
    pub fn engine(&self) -> &W::Engine {
        self.0.world.engine()
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Its settings.
    pub fn config(&self) -> &NodeConfig {
        &self.0.config
    }

    pub(crate) fn me(&self) -> HostId {
        self.0.identity.host_id
    }

    /// The cluster as this node knows it: one immutable state, good for a whole request.
    pub fn current_metadata(&self) -> Arc<Metadata> {
        self.0.metadata.load_full()
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.0.metadata.load().epoch
    }

    /// Takes a newer state of the cluster into use. Engine first: who sees the new epoch may write
    /// to its tables.
    pub(crate) fn publish(&self, metadata: Metadata) {
        if metadata.schema_epoch != self.0.metadata.load().schema_epoch
            && let Err(failure) = self.engine().set_tables(&engine_tables(&metadata))
        {
            tracing::error!(%failure, epoch = metadata.epoch.0, "the engine cannot follow the schema");
        }
        self.gossip()
            .set(ApplicationState::Epoch, metadata.epoch.to_string());
        self.0.metadata.store(Arc::new(metadata));
        self.notify_change();
    }

    pub(crate) fn notify_change(&self) {
        self.0.changes.send_modify(|number| *number += 1);
    }

    pub(crate) fn subscribe_changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    // A panic while one of these locks is held cannot leave its data half changed in a way that
    // matters more than going on: poisoning is passed over.

    pub(crate) fn gossip(&self) -> MutexGuard<'_, Gossip> {
        self.0.gossip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn latencies(&self) -> MutexGuard<'_, LatencyTracker> {
        self.0
            .latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Monotonic {
        self.0.world.monotonic()
    }

    pub(crate) fn unix_millis(&self) -> u64 {
        u64::try_from(self.0.world.unix_micros() / 1_000).unwrap_or(0)
    }

    /// The second by which a request that starts now judges expiry.
    pub(crate) fn now_in_seconds(&self) -> NowInSeconds {
        NowInSeconds(u32::try_from(self.unix_millis() / 1_000).unwrap_or(u32::MAX))
    }

    /// Whether requests should be sent to the node; this one always.
    pub fn is_peer_up(&self, host: HostId) -> bool {
        host == self.me() || self.0.liveness.is_up(host, self.now())
    }

    /// Where a node is reached: what it gossips in this life, else what the metadata says.
    pub(crate) fn address_of(&self, host: HostId) -> Option<Endpoint> {
        if host == self.me() {
            return Some(self.0.identity.internode.clone());
        }
        let gossiped = self
            .gossip()
            .endpoint(host)
            .and_then(quorate_gossip::EndpointState::internode_address);
        gossiped.or_else(|| {
            self.0
                .metadata
                .load()
                .nodes
                .get(&host)
                .map(|node| node.internode.clone())
        })
    }

    /// Whether client requests are taken.
    pub fn is_serving(&self) -> bool {
        self.0.serving.load(Ordering::Acquire)
    }

    pub(crate) fn set_serving(&self, serving: bool) {
        self.0.serving.store(serving, Ordering::Release);
    }
}

/// The tables an engine holds: the users', and those that each node keeps for itself.
pub(crate) fn engine_tables(metadata: &Metadata) -> Vec<Arc<TableSchema>> {
    let users = metadata
        .keyspaces
        .values()
        .flat_map(|keyspace| keyspace.tables.values().cloned());
    users.chain(system_tables()).collect()
}
