//! Nodes coming in and changing their attributes.

use crate::Change;
use crate::Metadata;
use crate::Node;
use crate::NodeState;
use crate::Refused;
use crate::allocation::NUM_TOKENS_MAX;
use crate::allocation::allocate_tokens;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;

/// How many tables a refused join names.
const NAMED_TABLES_MAX: usize = 3;

/// What a restarted node says of itself.
pub(super) struct NodeUpdate<'a> {
    pub(super) internode: &'a Endpoint,
    pub(super) client: &'a Endpoint,
    pub(super) native: &'a Option<Endpoint>,
    pub(super) datacenter: &'a str,
    pub(super) rack: &'a str,
    pub(super) build: &'a str,
}

fn refused<T>(message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Node(message.into()))
}

impl Metadata {
    pub(super) fn initialize(
        &mut self,
        cluster_name: &str,
        first: &Node,
        num_tokens: u32,
    ) -> Result<Change, Refused> {
        if self.epoch != Epoch::NONE.next() {
            if self.cluster_name == cluster_name && self.already_has(first) {
                return Ok(Change::None);
            }
            return refused(format!(
                "cluster '{}' exists already; a node joins it instead of initialising it",
                self.cluster_name
            ));
        }
        if cluster_name.is_empty() {
            return refused("a cluster needs a name");
        }
        if !self.cluster_name.is_empty() && self.cluster_name != cluster_name {
            return refused(format!(
                "this node is configured for cluster '{}', not for '{cluster_name}'",
                self.cluster_name
            ));
        }
        cluster_name.clone_into(&mut self.cluster_name);
        self.add_node(first, num_tokens)?;
        Ok(Change::Nodes)
    }

    pub(super) fn join(&mut self, node: &Node, num_tokens: u32) -> Result<Change, Refused> {
        if self.nodes.is_empty() {
            return refused("there is no cluster to join yet; it has to be initialised first");
        }
        if self.already_has(node) {
            return Ok(Change::None);
        }
        if let Some(known) = self.nodes.get(&node.host_id) {
            return refused(match known.state {
                NodeState::Left => format!(
                    "node {} left this cluster; to come back it needs an empty data directory and a new host id",
                    node.host_id
                ),
                NodeState::Joining | NodeState::Normal | NodeState::Leaving => format!(
                    "node {} is in this cluster already, with other attributes; it has to be updated, not joined",
                    node.host_id
                ),
            });
        }
        self.check_holds_no_tables()?;
        self.add_node(node, num_tokens)?;
        Ok(Change::Nodes)
    }

    pub(super) fn update_node(
        &mut self,
        host_id: HostId,
        update: &NodeUpdate<'_>,
    ) -> Result<Change, Refused> {
        let Some(node) = self.nodes.get_mut(&host_id) else {
            return refused(format!("node {host_id} is not in this cluster"));
        };
        if node.state == NodeState::Left {
            return refused(format!("node {host_id} left this cluster"));
        }
        if node.datacenter != update.datacenter || node.rack != update.rack {
            return refused(format!(
                "node {host_id} belongs to datacenter '{}', rack '{}'; it cannot become datacenter '{}', rack '{}', because its data would be in the wrong place",
                node.datacenter, node.rack, update.datacenter, update.rack
            ));
        }
        let before = node.clone();
        // Two nodes may claim one address for a while: where addresses are dealt out anew, one
        // of them restarts first. The host id, not the address, says who answers.
        node.internode.clone_from(update.internode);
        node.client.clone_from(update.client);
        node.native.clone_from(update.native);
        update.build.clone_into(&mut node.build);
        Ok(if *node == before {
            Change::None
        } else {
            Change::Nodes
        })
    }

    /// Whether `node` is here with the same attributes: then a retried entry changes nothing.
    fn already_has(&self, node: &Node) -> bool {
        self.nodes.get(&node.host_id).is_some_and(|known| {
            let retried = Node {
                state: known.state,
                tokens: if node.tokens.is_empty() {
                    known.tokens.clone()
                } else {
                    node.tokens.clone()
                },
                ..node.clone()
            };
            known.state != NodeState::Left && *known == retried
        })
    }

    /// Until ranges can be streamed, a node that joins a cluster with tables would answer reads
    /// of its ranges with nothing.
    fn check_holds_no_tables(&self) -> Result<(), Refused> {
        let mut names: Vec<String> = self
            .keyspaces
            .values()
            .flat_map(|keyspace| keyspace.tables.values())
            .take(NAMED_TABLES_MAX + 1)
            .map(|table| table.full_name())
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        if let Some(more) = names.get_mut(NAMED_TABLES_MAX) {
            "…".clone_into(more);
        }
        Err(Refused::HoldsData(format!(
            "this cluster already holds tables ({}); a node can join it only before the first table is created, until streaming is supported",
            names.join(", ")
        )))
    }

    fn add_node(&mut self, node: &Node, num_tokens: u32) -> Result<(), Refused> {
        if node.datacenter.is_empty() || node.rack.is_empty() {
            return refused(format!(
                "node {} needs a datacenter and a rack",
                node.host_id
            ));
        }
        for known in self.present_nodes() {
            if known.internode == node.internode {
                return refused(format!(
                    "the address {} belongs to node {}",
                    node.internode, known.host_id
                ));
            }
            if let Some(token) = node.tokens.intersection(&known.tokens).next() {
                return refused(format!("token {token} belongs to node {}", known.host_id));
            }
        }
        let mut joined = node.clone();
        joined.state = NodeState::Normal;
        if joined.tokens.is_empty() {
            if !(1..=NUM_TOKENS_MAX).contains(&num_tokens) {
                return refused(format!(
                    "num_tokens must be between 1 and {NUM_TOKENS_MAX}, not {num_tokens}"
                ));
            }
            joined.tokens = allocate_tokens(self, node, num_tokens);
        }
        assert!(!joined.tokens.is_empty(), "a node owns at least one token");
        self.nodes.insert(joined.host_id, joined);
        self.choose_metadata_replicas();
        Ok(())
    }
}
