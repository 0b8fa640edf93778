//! The cluster's state after an epoch, with the look-ups that requests need.
//!
//! # Invariants
//!
//! * **M1** What is derived (ring, placements, tables by id) always matches the nodes and
//!   keyspaces: whoever changes those calls [`Metadata::rebuilt`].
//! * **M2** A request looks up tables and replicas without allocating.

use crate::Keyspace;
use crate::Node;
use crate::NodeState;
use crate::ReplicaSet;
use crate::ReplicationStrategy;
use crate::Role;
use crate::TableSchema;
use crate::TokenRing;
use crate::placement::Placement;
use crate::placement::Topology;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::TableId;
use quorate_types::Token;
use quorate_types::TokenRange;
use quorate_types::murmur3_h1;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// The cluster's state after an epoch: immutable, shared as `Arc<Metadata>` by requests.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// The index of the entry that led here.
    pub epoch: Epoch,
    /// The epoch of the last change of schema; what drivers' schema version is derived from.
    pub schema_epoch: Epoch,
    /// The cluster's name.
    pub cluster_name: String,
    /// Every node, those that left included.
    pub nodes: BTreeMap<HostId, Node>,
    /// The users' keyspaces.
    pub keyspaces: BTreeMap<String, Arc<Keyspace>>,
    /// The nodes that decide the next entry of the metadata log.
    pub metadata_replicas: BTreeSet<HostId>,
    /// Who may log in and what they may do.
    pub roles: BTreeMap<String, Arc<Role>>,
    derived: Arc<Derived>,
}

/// What follows from nodes and keyspaces (**M1**).
#[derive(Debug, Default)]
struct Derived {
    ring: TokenRing,
    placements: BTreeMap<ReplicationStrategy, Arc<Placement>>,
    tables: BTreeMap<TableId, Arc<TableSchema>>,
}

/// A keyspace or table that a statement names does not exist (CQL 0x2200).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// No keyspace has this name.
    #[error("keyspace {0} does not exist")]
    Keyspace(String),
    /// The keyspace has no table of this name.
    #[error("table {0} does not exist")]
    Table(String),
}

/// Two states are equal when what they were made from is; the rest follows.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch
            && self.schema_epoch == other.schema_epoch
            && self.cluster_name == other.cluster_name
            && self.nodes == other.nodes
            && self.keyspaces == other.keyspaces
            && self.metadata_replicas == other.metadata_replicas
            && self.roles == other.roles
    }
}

impl Metadata {
    /// Before the first entry: no nodes, no schema.
    pub fn empty(cluster_name: impl Into<String>) -> Self {
        Self {
            epoch: Epoch::NONE,
            schema_epoch: Epoch::NONE,
            cluster_name: cluster_name.into(),
            nodes: BTreeMap::new(),
            keyspaces: BTreeMap::new(),
            metadata_replicas: BTreeSet::new(),
            roles: BTreeMap::new(),
            derived: Arc::default(),
        }
    }

    /// The same state with everything derived made anew (**M1**).
    #[must_use]
    pub(crate) fn rebuilt(mut self) -> Self {
        let entries = self
            .nodes
            .values()
            .filter(|node| node.state.owns_ranges())
            .flat_map(|node| node.tokens.iter().map(|token| (*token, node.host_id)))
            .collect();
        let ring = TokenRing::new(entries);
        let topology = Topology::new(&self.nodes, &ring);
        let same_ring = self.derived.ring == ring;
        let mut placements = BTreeMap::new();
        for keyspace in self.keyspaces.values() {
            let strategy = &keyspace.replication;
            if placements.contains_key(strategy) {
                continue;
            }
            let known = self.derived.placements.get(strategy).filter(|_| same_ring);
            let placement = known
                .cloned()
                .unwrap_or_else(|| Arc::new(Placement::new(strategy, &topology)));
            placements.insert(strategy.clone(), placement);
        }
        let tables = self
            .keyspaces
            .values()
            .flat_map(|keyspace| keyspace.tables.values())
            .map(|table| (table.id, Arc::clone(table)))
            .collect();
        self.derived = Arc::new(Derived {
            ring,
            placements,
            tables,
        });
        self
    }

    /// The ring of the nodes that own ranges.
    pub fn ring(&self) -> &TokenRing {
        &self.derived.ring
    }

    /// Who replicates `token` in `keyspace`. A binary search and two counters when the keyspace
    /// is of this state; computed on the spot for another one.
    pub fn replicas(&self, keyspace: &Keyspace, token: Token) -> ReplicaSet {
        let index = self.derived.ring.index_of(token);
        match self.derived.placements.get(&keyspace.replication) {
            Some(placement) => placement
                .at(index)
                .cloned()
                .unwrap_or_else(ReplicaSet::empty),
            None => self.replicas_by_strategy(&keyspace.replication, token),
        }
    }

    /// Who would replicate `token` under `strategy`; walks the ring.
    pub fn replicas_by_strategy(&self, strategy: &ReplicationStrategy, token: Token) -> ReplicaSet {
        let ring = &self.derived.ring;
        Topology::new(&self.nodes, ring).replica_set(strategy, ring.index_of(token))
    }

    /// The whole ring in ranges that do not wrap, split at the ring's tokens, in order.
    pub fn ranges(&self) -> Vec<TokenRange> {
        self.derived.ring.ranges()
    }

    /// [`Self::ranges`] with the replicas of each.
    pub fn replica_ranges(&self, keyspace: &Keyspace) -> Vec<(TokenRange, ReplicaSet)> {
        self.ranges()
            .into_iter()
            .map(|range| (range, self.replicas(keyspace, range.end())))
            .collect()
    }

    /// The keyspace with this name.
    pub fn keyspace(&self, name: &str) -> Result<&Arc<Keyspace>, Missing> {
        self.keyspaces
            .get(name)
            .ok_or_else(|| Missing::Keyspace(name.to_owned()))
    }

    /// The table with this name.
    pub fn table(&self, keyspace: &str, name: &str) -> Result<&Arc<TableSchema>, Missing> {
        self.keyspace(keyspace)?
            .tables
            .get(name)
            .ok_or_else(|| Missing::Table(name.to_owned()))
    }

    /// The table with this id; `None` when it was dropped or is not known yet.
    pub fn table_by_id(&self, id: TableId) -> Option<&Arc<TableSchema>> {
        self.derived.tables.get(&id)
    }

    /// The nodes that own ranges or are on their way in or out: all but those that left.
    pub fn present_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes
            .values()
            .filter(|node| node.state != NodeState::Left)
    }

    /// The datacenters of the present nodes.
    pub fn datacenters(&self) -> BTreeSet<String> {
        self.present_nodes()
            .map(|node| node.datacenter.clone())
            .collect()
    }

    /// The share of the ring, 0 to 1, of each node that owns some: of the primary ranges, or of
    /// everything it replicates of `keyspace`.
    pub fn ownership(&self, keyspace: Option<&Keyspace>) -> BTreeMap<HostId, f64> {
        let mut shares: BTreeMap<HostId, f64> = self
            .nodes
            .values()
            .filter(|node| node.state.owns_ranges())
            .map(|node| (node.host_id, 0.0))
            .collect();
        let mut add = |host_id: HostId, range: TokenRange| {
            *shares.entry(host_id).or_default() += range.fraction();
        };
        for range in self.ranges() {
            match keyspace {
                None => self
                    .derived
                    .ring
                    .owner(range.end())
                    .into_iter()
                    .for_each(|owner| add(owner, range)),
                Some(keyspace) => {
                    for replica in self.replicas(keyspace, range.end()).natural.iter() {
                        add(replica.host_id, range);
                    }
                }
            }
        }
        shares
    }

    /// What drivers compare to see whether nodes agree on the schema: equal on every node that
    /// has seen the same last schema change, different after the next.
    pub fn schema_version(&self) -> Uuid {
        if self.schema_epoch == Epoch::NONE {
            // What drivers know as "no schema yet".
            return Uuid::from_u128(0x59ad_b24e_f3cd_3e02_97f0_5b39_5827_453f);
        }
        let hashed = |half: u8| {
            let mut bytes = vec![half];
            bytes.extend(self.schema_epoch.0.to_be_bytes());
            bytes.extend(self.cluster_name.as_bytes());
            murmur3_h1(&bytes).to_be_bytes()
        };
        let mut bytes = [0; 16];
        for (byte, hashed) in bytes.iter_mut().zip(hashed(0).into_iter().chain(hashed(1))) {
            *byte = hashed;
        }
        uuid::Builder::from_md5_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests;
