//! Which nodes replicate a token, as the server computes it (semantics 2.3 and 2.4). A wrong answer
//! costs a hop, never correctness: any node coordinates any request.
//!
//! # Invariants
//!
//! * **P1** Replicas come in ring order and are distinct.
//! * **P2** A rack that already has a replica gets another only while repeats are left; there is
//!   no second pass over nodes that were skipped.

use crate::KeyspaceView;
use crate::NodeView;
use quorate_types::Token;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The replicas of every range of the ring, of every keyspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placements {
    /// The ring's tokens, sorted.
    tokens: Vec<Token>,
    /// By keyspace: for each token, positions of nodes. Keyspaces with equal replication share one.
    by_keyspace: BTreeMap<String, Arc<[Box<[usize]>]>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Strategy {
    Simple { factor: usize },
    NetworkTopology { factors: BTreeMap<String, usize> },
}

impl Placements {
    /// Walks the ring once per token and strategy.
    pub(crate) fn new(nodes: &[NodeView], keyspaces: &BTreeMap<String, KeyspaceView>) -> Self {
        let mut ring: Vec<(Token, usize)> = nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| owns_tokens(node))
            .flat_map(|(index, node)| node.tokens.iter().map(move |token| (*token, index)))
            .collect();
        ring.sort_unstable();
        ring.dedup_by_key(|(token, _)| *token);
        let mut shared: BTreeMap<Strategy, Arc<[Box<[usize]>]>> = BTreeMap::new();
        let mut by_keyspace = BTreeMap::new();
        for keyspace in keyspaces.values() {
            let Some(strategy) = Strategy::read(&keyspace.replication) else {
                continue;
            };
            let sets = shared.entry(strategy).or_insert_with_key(|strategy| {
                (0..ring.len())
                    .map(|start| strategy.replicas(nodes, &ring, start))
                    .collect()
            });
            by_keyspace.insert(keyspace.name.clone(), Arc::clone(sets));
        }
        Self {
            tokens: ring.into_iter().map(|(token, _)| token).collect(),
            by_keyspace,
        }
    }

    /// The replicas of a token: those of the first ring token that is not smaller, or of the first
    /// of all.
    pub(crate) fn replicas(&self, keyspace: &str, token: Token) -> &[usize] {
        let Some(sets) = self.by_keyspace.get(keyspace) else {
            return &[];
        };
        let index = self.tokens.partition_point(|candidate| *candidate < token);
        sets.get(index)
            .or_else(|| sets.first())
            .map_or(&[], |set| set)
    }
}

/// Nodes that join do not serve reads yet, nodes that left no more.
fn owns_tokens(node: &NodeView) -> bool {
    !matches!(node.state.as_str(), "Joining" | "Left")
}

impl Strategy {
    /// Reads CQL's map; `None` for strategies without replicas, and those this driver does not know.
    fn read(replication: &BTreeMap<String, String>) -> Option<Self> {
        let class = replication.get("class")?;
        match class.rsplit('.').next()? {
            "SimpleStrategy" => Some(Self::Simple {
                factor: replication.get("replication_factor")?.parse().ok()?,
            }),
            "NetworkTopologyStrategy" => {
                let factors = replication.iter().filter(|(name, _)| *name != "class");
                let factors = factors.map(|(datacenter, factor)| {
                    let factor = factor.parse().ok()?;
                    Some((datacenter.clone(), factor))
                });
                Some(Self::NetworkTopology {
                    factors: factors.collect::<Option<_>>()?,
                })
            }
            _ => None,
        }
    }

    fn replicas(&self, nodes: &[NodeView], ring: &[(Token, usize)], start: usize) -> Box<[usize]> {
        let (before, after) = ring.split_at(start.min(ring.len()));
        let walk = after.iter().chain(before).map(|(_, index)| *index);
        match self {
            Self::Simple { factor } => simple(*factor, walk),
            Self::NetworkTopology { factors } => network_topology(factors, nodes, walk),
        }
    }
}

fn simple(factor: usize, walk: impl Iterator<Item = usize>) -> Box<[usize]> {
    let mut chosen = Vec::new();
    for index in walk {
        if chosen.len() == factor {
            break;
        }
        if !chosen.contains(&index) {
            chosen.push(index);
        }
    }
    chosen.into()
}

/// What a datacenter still wants.
struct Wanted {
    left: usize,
    /// Replicas that racks may have beyond their first.
    repeats: usize,
}

fn network_topology(
    factors: &BTreeMap<String, usize>,
    nodes: &[NodeView],
    walk: impl Iterator<Item = usize>,
) -> Box<[usize]> {
    let mut wanted: BTreeMap<&str, Wanted> = BTreeMap::new();
    for (datacenter, factor) in factors {
        let members = nodes.iter().filter(|node| {
            node.datacenter == *datacenter && owns_tokens(node) && !node.tokens.is_empty()
        });
        let racks: BTreeSet<&str> = members.clone().map(|node| node.rack.as_str()).collect();
        let state = Wanted {
            left: (*factor).min(members.count()),
            repeats: factor.saturating_sub(racks.len()),
        };
        wanted.insert(datacenter, state);
    }
    let mut racks_seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut chosen: Vec<usize> = Vec::new();
    for index in walk {
        let Some(node) = nodes.get(index) else {
            continue;
        };
        let Some(state) = wanted.get_mut(node.datacenter.as_str()) else {
            continue;
        };
        if state.left == 0 || chosen.contains(&index) {
            continue;
        }
        let is_new_rack = racks_seen.insert((&node.datacenter, &node.rack));
        if !is_new_rack {
            if state.repeats == 0 {
                continue;
            }
            state.repeats -= 1;
        }
        state.left -= 1;
        chosen.push(index);
        if wanted.values().all(|state| state.left == 0) {
            break;
        }
    }
    chosen.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_types::HostId;
    use uuid::Uuid;

    /// The worked example of semantics 2.4.
    fn nodes() -> Vec<NodeView> {
        let racks = [
            ("dc1", "r1"),
            ("dc1", "r1"),
            ("dc1", "r2"),
            ("dc1", "r3"),
            ("dc2", "r1"),
            ("dc2", "r1"),
        ];
        let tokens: [&[i64]; 6] = [&[-90, 0], &[-60, 60], &[-30, 80], &[30], &[-45, 75], &[10]];
        let nodes = racks.iter().zip(tokens).enumerate();
        nodes
            .map(|(index, ((datacenter, rack), tokens))| NodeView {
                host_id: HostId(Uuid::from_u128(index as u128)),
                address: String::new(),
                internode_address: String::new(),
                datacenter: (*datacenter).to_owned(),
                rack: (*rack).to_owned(),
                tokens: tokens.iter().map(|token| Token::new(*token)).collect(),
                up: true,
                state: "Normal".to_owned(),
                build: String::new(),
            })
            .collect()
    }

    fn replicas(nodes: &[NodeView], replication: &[(&str, &str)], token: i64) -> String {
        let replication = replication
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let keyspace = KeyspaceView {
            name: "k".to_owned(),
            replication: replication.collect(),
            tables: BTreeMap::new(),
        };
        let keyspaces = BTreeMap::from([("k".to_owned(), keyspace)]);
        let placements = Placements::new(nodes, &keyspaces);
        let names = placements
            .replicas("k", Token::new(token))
            .iter()
            .map(|index| ["A", "B", "C", "D", "E", "F"][*index]);
        names.collect::<Vec<_>>().join(" ")
    }

    const NETWORK: &str = "org.apache.cassandra.locator.NetworkTopologyStrategy";

    #[test]
    fn replicas_are_those_of_the_worked_example() {
        let table = [
            (-100, "A E C D", "A E C F", "A B C D", "A B E"),
            (-60, "B E C D", "B E C F", "B C A D", "B E C"),
            (-59, "E C A D", "E C A F", "C A D B", "E C A"),
            (5, "F D B C", "F D B E", "D B C A", "F D B"),
            (61, "E C A D", "E C A F", "C A B D", "E C A"),
            (81, "A E C D", "A E C F", "A B C D", "A B E"),
        ];
        let nodes = nodes();
        for (token, three_one, two_two, four, simple) in table {
            let network = |dc1, dc2| {
                let factors = [("class", NETWORK), ("dc1", dc1), ("dc2", dc2)];
                replicas(&nodes, &factors, token)
            };
            assert_eq!(network("3", "1"), three_one, "3,1 at {token}");
            assert_eq!(network("2", "2"), two_two, "2,2 at {token}");
            assert_eq!(network("4", "0"), four, "4 at {token}");
            let factors = [("class", "SimpleStrategy"), ("replication_factor", "3")];
            assert_eq!(
                replicas(&nodes, &factors, token),
                simple,
                "simple at {token}"
            );
        }
    }

    #[test]
    fn a_rack_gets_no_more_repeats_than_are_left() {
        let mut nodes = nodes();
        nodes.truncate(4);
        for (index, node) in nodes.iter_mut().enumerate() {
            node.rack = if index < 3 { "r1" } else { "r2" }.to_owned();
            node.tokens = vec![Token::new(index as i64)];
        }
        let factors = [("class", NETWORK), ("dc1", "3")];
        assert_eq!(replicas(&nodes, &factors, 0), "A B D");
        assert_eq!(replicas(&nodes, &factors, 2), "C D A");
    }

    #[test]
    fn a_joining_node_has_no_replicas_yet() {
        let mut nodes = nodes();
        nodes[0].state = "Joining".to_owned();
        let factors = [("class", "SimpleStrategy"), ("replication_factor", "2")];
        assert_eq!(replicas(&nodes, &factors, -100), "B E");
    }

    #[test]
    fn strategies_without_replicas_route_nowhere() {
        for class in ["LocalStrategy", "SomeStrategy"] {
            assert_eq!(replicas(&nodes(), &[("class", class)], 5), "");
        }
    }
}
