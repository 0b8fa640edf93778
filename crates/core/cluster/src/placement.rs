//! Which nodes replicate each range of the ring, computed once per strategy and ring so that a
//! request only looks it up.
//!
//! # Invariants
//!
//! * **P1** Replicas come in ring order and are distinct.
//! * **P2** A rack that already has a replica gets another only while repeats are left; there is
//!   no second pass over nodes that were skipped.

use crate::Node;
use crate::Replica;
use crate::ReplicaSet;
use crate::ReplicationStrategy;
use crate::TokenRing;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The replica set of every ring token, by its index.
#[derive(Debug)]
pub(crate) struct Placement {
    sets: Vec<ReplicaSet>,
}

impl Placement {
    /// Walks the ring once per token. Tokens with equal replicas share one set.
    pub(crate) fn new(strategy: &ReplicationStrategy, topology: &Topology) -> Self {
        let mut shared: BTreeMap<Vec<usize>, ReplicaSet> = BTreeMap::new();
        let sets = (0..topology.owners.len())
            .map(|index| {
                shared
                    .entry(topology.replicas(strategy, index))
                    .or_insert_with_key(|members| topology.set_of(members))
                    .clone()
            })
            .collect();
        Self { sets }
    }

    /// The set of the ring token with this index.
    pub(crate) fn at(&self, index: usize) -> Option<&ReplicaSet> {
        self.sets.get(index)
    }
}

/// The ring with its nodes numbered, for walking.
pub(crate) struct Topology {
    members: Vec<Member>,
    datacenters: Vec<Datacenter>,
    rack_count: usize,
    /// The member that owns each ring token.
    owners: Vec<usize>,
}

struct Member {
    replica: Replica,
    datacenter: usize,
    rack: usize,
}

struct Datacenter {
    name: Arc<str>,
    node_count: usize,
    rack_count: usize,
}

impl Topology {
    /// Numbers the nodes of the ring.
    pub(crate) fn new(nodes: &BTreeMap<HostId, Node>, ring: &TokenRing) -> Self {
        let on_ring: BTreeSet<HostId> =
            ring.entries().iter().map(|(_, host_id)| *host_id).collect();
        let mut topology = Self {
            members: Vec::new(),
            datacenters: Vec::new(),
            rack_count: 0,
            owners: Vec::new(),
        };
        let mut numbers = BTreeMap::new();
        let mut datacenters: BTreeMap<&str, usize> = BTreeMap::new();
        let mut racks: BTreeMap<(&str, &str), (usize, Arc<str>)> = BTreeMap::new();
        for node in nodes
            .values()
            .filter(|node| on_ring.contains(&node.host_id))
        {
            let datacenter = *datacenters.entry(&node.datacenter).or_insert_with(|| {
                topology.datacenters.push(Datacenter {
                    name: node.datacenter.as_str().into(),
                    node_count: 0,
                    rack_count: 0,
                });
                topology.datacenters.len() - 1
            });
            let Some(state) = topology.datacenters.get_mut(datacenter) else {
                continue;
            };
            let (rack, rack_name) = racks
                .entry((&node.datacenter, &node.rack))
                .or_insert_with(|| {
                    state.rack_count += 1;
                    topology.rack_count += 1;
                    (topology.rack_count - 1, node.rack.as_str().into())
                })
                .clone();
            state.node_count += 1;
            numbers.insert(node.host_id, topology.members.len());
            topology.members.push(Member {
                replica: Replica {
                    host_id: node.host_id,
                    datacenter: Arc::clone(&state.name),
                    rack: rack_name,
                    address: node.internode.clone(),
                },
                datacenter,
                rack,
            });
        }
        topology.owners = ring
            .entries()
            .iter()
            .filter_map(|(_, host_id)| numbers.get(host_id).copied())
            .collect();
        assert_eq!(
            topology.owners.len(),
            ring.len(),
            "every ring token has a known owner"
        );
        topology
    }

    /// The members that replicate the range that ends at the ring token with this index.
    fn replicas(&self, strategy: &ReplicationStrategy, index: usize) -> Vec<usize> {
        match strategy {
            ReplicationStrategy::Simple { factor } => self.simple(*factor, index),
            ReplicationStrategy::NetworkTopology { factors } => {
                self.network_topology(factors, index)
            }
            ReplicationStrategy::Local => Vec::new(),
        }
    }

    /// [`Self::replicas`] as a set.
    pub(crate) fn replica_set(&self, strategy: &ReplicationStrategy, index: usize) -> ReplicaSet {
        self.set_of(&self.replicas(strategy, index))
    }

    fn set_of(&self, members: &[usize]) -> ReplicaSet {
        let natural: Vec<Replica> = members
            .iter()
            .filter_map(|member| self.members.get(*member))
            .map(|member| member.replica.clone())
            .collect();
        ReplicaSet::new(natural, Vec::new())
    }

    /// The owners of the ring's tokens from `index` on, once round.
    fn walk(&self, index: usize) -> impl Iterator<Item = usize> {
        let (before, after) = self.owners.split_at(index.min(self.owners.len()));
        after.iter().chain(before).copied()
    }

    fn simple(&self, factor: u32, index: usize) -> Vec<usize> {
        let wanted = usize::try_from(factor)
            .unwrap_or(usize::MAX)
            .min(self.members.len());
        let mut chosen = Vec::with_capacity(wanted);
        for member in self.walk(index) {
            if chosen.len() == wanted {
                break;
            }
            if !chosen.contains(&member) {
                chosen.push(member);
            }
        }
        chosen
    }

    fn network_topology(&self, factors: &BTreeMap<String, u32>, index: usize) -> Vec<usize> {
        let mut wanted: Vec<Wanted> = self
            .datacenters
            .iter()
            .map(|datacenter| Wanted::new(datacenter, factors))
            .collect();
        let mut left_total: usize = wanted.iter().map(|wanted| wanted.left).sum();
        let mut chosen = Vec::with_capacity(left_total);
        let mut racks_seen = vec![false; self.rack_count];
        for number in self.walk(index) {
            if left_total == 0 {
                break;
            }
            let Some(member) = self.members.get(number) else {
                continue;
            };
            let (Some(wanted), Some(rack_seen)) = (
                wanted.get_mut(member.datacenter),
                racks_seen.get_mut(member.rack),
            ) else {
                continue;
            };
            if wanted.left == 0 || chosen.contains(&number) {
                continue;
            }
            if *rack_seen {
                if wanted.repeats == 0 {
                    continue;
                }
                wanted.repeats -= 1;
            }
            *rack_seen = true;
            wanted.left -= 1;
            left_total -= 1;
            chosen.push(number);
        }
        chosen
    }
}

/// What a datacenter still needs during a walk.
struct Wanted {
    left: usize,
    repeats: usize,
}

impl Wanted {
    fn new(datacenter: &Datacenter, factors: &BTreeMap<String, u32>) -> Self {
        let factor = factors.get(datacenter.name.as_ref()).copied().unwrap_or(0);
        let factor = usize::try_from(factor).unwrap_or(usize::MAX);
        Self {
            left: factor.min(datacenter.node_count),
            repeats: factor.saturating_sub(datacenter.rack_count),
        }
    }
}

#[cfg(test)]
mod tests;
