//! What operators ask of a node, and the background work that needs nobody to ask.

use crate::Compacted;
use crate::Engine;
use crate::EngineFailure;
use crate::EngineTableStats;
use crate::HintBacklog;
use crate::Node;
use crate::World;
use crate::node::engine_tables;
use quorate_cluster::TableSchema;
use quorate_gossip::ApplicationState;
use quorate_gossip::EndpointState;
use quorate_gossip::Verdict;
use quorate_types::HostId;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// One node of the cluster as this one sees it.
#[derive(Debug, Clone)]
pub struct NodeStatus {
    /// What the metadata says of it.
    pub node: quorate_cluster::Node,
    /// Whether requests are sent to it.
    pub up: bool,
    /// Bytes of rows it holds, as it said last.
    pub load_bytes: Option<u64>,
    /// The share of the ring it owns, 0 to 1.
    pub owns: f64,
}

/// Hints kept here for another node.
#[derive(Debug, Clone)]
pub struct HintTarget {
    /// What is kept.
    pub backlog: HintBacklog,
    /// Whether they are being delivered.
    pub up: bool,
}

impl<W: World> Node<W> {
    /// Every node that has not left, with its share of the ring (or of `keyspace`'s replicas).
    pub fn statuses(&self, keyspace: Option<&str>) -> Vec<NodeStatus> {
        let metadata = self.current_metadata();
        let keyspace = keyspace.and_then(|name| metadata.keyspaces.get(name));
        let shares = metadata.ownership(keyspace.map(Arc::as_ref));
        metadata
            .present_nodes()
            .map(|node| NodeStatus {
                up: self.is_peer_up(node.host_id),
                load_bytes: self.load_of(node.host_id),
                owns: shares.get(&node.host_id).copied().unwrap_or(0.0),
                node: node.clone(),
            })
            .collect()
    }

    fn load_of(&self, host: HostId) -> Option<u64> {
        if host == self.me() {
            return Some(self.load());
        }
        let gossip = self.gossip();
        gossip
            .endpoint(host)?
            .value(ApplicationState::Load)?
            .parse()
            .ok()
    }

    /// Bytes of rows on this node.
    fn load(&self) -> u64 {
        let metadata = self.current_metadata();
        let tables = metadata
            .keyspaces
            .values()
            .flat_map(|keyspace| keyspace.tables.values());
        tables
            .map(|table| {
                let stats = self.engine().table_stats(table.id);
                stats.bytes_on_disk + stats.memtable_bytes
            })
            .sum()
    }

    /// What gossip knows of everybody, this node first.
    pub fn gossip_states(&self) -> Vec<(HostId, EndpointState, Option<Verdict>)> {
        let gossip = self.gossip();
        let mine = gossip
            .endpoint(self.me())
            .cloned()
            .map(|state| (self.me(), state, None));
        let peers = gossip
            .peers()
            .map(|(host, state, verdict)| (host, state.clone(), Some(verdict)));
        mine.into_iter().chain(peers).collect()
    }

    /// Hints that wait here.
    pub fn pending_hints(&self) -> Vec<HintTarget> {
        let backlogs = self.engine().hint_summary().into_iter();
        backlogs
            .map(|backlog| HintTarget {
                up: self.is_peer_up(backlog.target),
                backlog,
            })
            .collect()
    }

    /// The tables of a keyspace (or of all), or one of them.
    pub fn tables(&self, keyspace: &str, table: &str) -> Vec<Arc<TableSchema>> {
        let metadata = self.current_metadata();
        let keyspaces = metadata
            .keyspaces
            .values()
            .filter(|candidate| keyspace.is_empty() || candidate.name == keyspace);
        keyspaces
            .flat_map(|keyspace| keyspace.tables.values())
            .filter(|candidate| table.is_empty() || candidate.name == table)
            .cloned()
            .collect()
    }

    /// Numbers of a table on this node.
    pub fn table_stats(&self, table: &TableSchema) -> EngineTableStats {
        self.engine().table_stats(table.id)
    }

    /// Writes a table's memtables to files.
    ///
    /// # Errors
    /// What the engine said.
    pub async fn flush(&self, table: &TableSchema) -> Result<(), EngineFailure> {
        self.engine().flush(Some(table.id)).await
    }

    /// Sweeps what may be purged of a table on this node, then compacts it.
    ///
    /// # Errors
    /// What the engine said.
    pub async fn compact(&self, table: &TableSchema) -> Result<Compacted, EngineFailure> {
        let now = self.now_in_seconds().0;
        let grace = u32::try_from(table.options.gc_grace_seconds).unwrap_or(0);
        self.engine()
            .compact(table.id, now, now.saturating_sub(grace))
            .await
    }

    /// Takes no more client requests; those in progress go on.
    pub fn stop_serving(&self) {
        self.set_serving(false);
    }

    /// Waits until the requests in progress are answered, at most `patience`.
    pub async fn wait_for_requests(&self, patience: Duration) {
        let ends = self.now().after(patience);
        while self.inner().in_flight.load(Ordering::Relaxed) > 0 && self.now() < ends {
            self.world().sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops taking clients, tells the peers, and makes everything durable: the process may end.
    ///
    /// # Errors
    /// What the engine said.
    pub async fn drain(&self) -> Result<(), EngineFailure> {
        self.set_serving(false);
        self.gossip_shutdown();
        self.engine().close().await
    }

    /// Compacts table after table, for ever, and gossips the load.
    pub(crate) async fn sweep_rounds(self) {
        loop {
            let load = self.load();
            self.gossip().set(ApplicationState::Load, load.to_string());
            self.world().sleep(self.config().sweep_interval).await;
            for table in engine_tables(&self.current_metadata()) {
                if let Err(failure) = self.compact(&table).await {
                    tracing::error!(table = table.full_name(), %failure, "a sweep failed");
                }
            }
        }
    }
}
