//! Which nodes decide the next entry of the metadata log.
//!
//! Three nodes, five from seven nodes on, fewer while there are fewer; spread over datacenters
//! and racks. Nodes are added one join at a time, and at most one is exchanged per join, for a
//! better spread; the number never shrinks while nodes stay.

use crate::Metadata;
use crate::Node;
use crate::NodeState;
use quorate_types::HostId;
use std::collections::BTreeMap;

impl Metadata {
    /// Brings the metadata replicas in line with the nodes.
    pub(super) fn choose_metadata_replicas(&mut self) {
        let normal = |node: &&Node| node.state == NodeState::Normal;
        let nodes = &self.nodes;
        self.metadata_replicas
            .retain(|host_id| nodes.get(host_id).is_some_and(|node| normal(&node)));
        let wanted = match self.nodes.values().filter(normal).count() {
            count @ ..3 => count,
            3..7 => 3,
            7.. => 5,
        };
        while self.metadata_replicas.len() < wanted {
            let Some(added) = self.best_addition() else {
                break;
            };
            self.metadata_replicas.insert(added);
        }
        self.exchange_one_for_spread();
    }

    /// The node whose datacenter, then rack, has the fewest metadata replicas; then by host id.
    fn best_addition(&self) -> Option<HostId> {
        let spread = self.spread();
        self.nodes
            .values()
            .filter(|node| node.state == NodeState::Normal)
            .filter(|node| !self.metadata_replicas.contains(&node.host_id))
            .min_by_key(|node| {
                (
                    spread.in_datacenter(node),
                    spread.in_rack(node),
                    node.host_id,
                )
            })
            .map(|node| node.host_id)
    }

    /// When a rack has several metadata replicas and another none, one moves.
    fn exchange_one_for_spread(&mut self) {
        let spread = self.spread();
        let crowded = self
            .metadata_replicas
            .iter()
            .filter_map(|host_id| self.nodes.get(host_id))
            .filter(|node| spread.in_rack(node) > 1)
            .max_by_key(|node| (spread.in_rack(node), node.host_id))
            .map(|node| node.host_id);
        let (Some(leaving), Some(coming)) = (crowded, self.best_in_empty_rack(&spread)) else {
            return;
        };
        self.metadata_replicas.remove(&leaving);
        self.metadata_replicas.insert(coming);
    }

    fn best_in_empty_rack(&self, spread: &Spread<'_>) -> Option<HostId> {
        self.nodes
            .values()
            .filter(|node| node.state == NodeState::Normal && spread.in_rack(node) == 0)
            .min_by_key(|node| (spread.in_datacenter(node), node.host_id))
            .map(|node| node.host_id)
    }

    fn spread(&self) -> Spread<'_> {
        let mut spread = Spread::default();
        for node in self
            .metadata_replicas
            .iter()
            .filter_map(|host_id| self.nodes.get(host_id))
        {
            *spread.datacenters.entry(&node.datacenter).or_default() += 1;
            *spread
                .racks
                .entry((&node.datacenter, &node.rack))
                .or_default() += 1;
        }
        spread
    }
}

/// How many metadata replicas each place has.
#[derive(Default)]
struct Spread<'a> {
    datacenters: BTreeMap<&'a str, usize>,
    racks: BTreeMap<(&'a str, &'a str), usize>,
}

impl Spread<'_> {
    fn in_datacenter(&self, node: &Node) -> usize {
        self.datacenters
            .get(node.datacenter.as_str())
            .copied()
            .unwrap_or(0)
    }

    fn in_rack(&self, node: &Node) -> usize {
        self.racks
            .get(&(node.datacenter.as_str(), node.rack.as_str()))
            .copied()
            .unwrap_or(0)
    }
}
