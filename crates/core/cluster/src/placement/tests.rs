//! The walk round the ring: the reference's example, and a naive walk to compare with.

use crate::Keyspace;
use crate::Metadata;
use crate::Node;
use crate::NodeState;
use crate::ReplicationStrategy;
use crate::testing;
use proptest::prelude::*;
use quorate_types::HostId;
use quorate_types::Token;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use uuid::Uuid;

fn network(factors: &[(&str, u32)]) -> ReplicationStrategy {
    ReplicationStrategy::NetworkTopology {
        factors: factors
            .iter()
            .map(|(datacenter, factor)| ((*datacenter).to_owned(), *factor))
            .collect(),
    }
}

/// The replicas' letters: node 1 is A.
fn letters(metadata: &Metadata, strategy: &ReplicationStrategy, token: i64) -> String {
    let set = metadata.replicas_by_strategy(strategy, Token::new(token));
    let letter = |host_id: HostId| char::from(b'@' + host_id.0.as_bytes()[15]).to_string();
    let letters: Vec<String> = set
        .natural
        .iter()
        .map(|replica| letter(replica.host_id))
        .collect();
    letters.join(" ")
}

#[test]
fn replicas_are_those_of_the_reference_example() {
    let metadata = testing::cluster_of(
        "example",
        vec![
            testing::node_at(1, "dc1", "r1", &[-90, 0]),
            testing::node_at(2, "dc1", "r1", &[-60, 60]),
            testing::node_at(3, "dc1", "r2", &[-30, 80]),
            testing::node_at(4, "dc1", "r3", &[30]),
            testing::node_at(5, "dc2", "r1", &[-45, 75]),
            testing::node_at(6, "dc2", "r1", &[10]),
        ],
    );
    let strategies = [
        network(&[("dc1", 3), ("dc2", 1)]),
        network(&[("dc1", 2), ("dc2", 2)]),
        network(&[("dc1", 4)]),
        ReplicationStrategy::Simple { factor: 3 },
    ];
    for (token, expected) in [
        (-100, ["A E C D", "A E C F", "A B C D", "A B E"]),
        (-60, ["B E C D", "B E C F", "B C A D", "B E C"]),
        (-59, ["E C A D", "E C A F", "C A D B", "E C A"]),
        (5, ["F D B C", "F D B E", "D B C A", "F D B"]),
        (61, ["E C A D", "E C A F", "C A B D", "E C A"]),
        (81, ["A E C D", "A E C F", "A B C D", "A B E"]),
    ] {
        for (strategy, expected) in strategies.iter().zip(expected) {
            assert_eq!(
                letters(&metadata, strategy, token),
                expected,
                "{token} {strategy:?}"
            );
        }
    }
}

#[test]
fn datacenters_that_are_unknown_or_have_no_factor_replicate_nothing() {
    let metadata = testing::cluster("c", &[("dc1", "r1"), ("dc2", "r1")]);
    for factors in [&[("dc1", 0), ("dc2", 0)], &[("dc8", 3), ("dc9", 3)]] {
        assert_eq!(letters(&metadata, &network(factors), 5), "");
    }
    assert_eq!(letters(&metadata, &ReplicationStrategy::Local, 5), "");
    let empty = Metadata::empty("c");
    assert_eq!(
        letters(&empty, &ReplicationStrategy::Simple { factor: 3 }, 5),
        ""
    );
}

/// The reference's words as plain code: no numbering, no cache.
fn naive(metadata: &Metadata, strategy: &ReplicationStrategy, token: i64) -> Vec<HostId> {
    let mut ring: Vec<(i64, &Node)> = metadata
        .nodes
        .values()
        .filter(|node| node.state == NodeState::Normal)
        .flat_map(|node| node.tokens.iter().map(move |token| (token.value(), node)))
        .collect();
    ring.sort_by_key(|(token, _)| *token);
    let first = ring
        .iter()
        .position(|(owned, _)| *owned >= token)
        .unwrap_or(0);
    ring.rotate_left(first);
    let in_datacenter = |name: &str| -> Vec<&Node> {
        metadata
            .nodes
            .values()
            .filter(|node| node.datacenter == name)
            .collect()
    };
    let mut chosen: Vec<HostId> = Vec::new();
    let mut racks = BTreeSet::new();
    let mut left: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    if let ReplicationStrategy::NetworkTopology { factors } = strategy {
        for (datacenter, factor) in factors {
            let nodes = in_datacenter(datacenter);
            let in_racks: BTreeSet<&str> = nodes.iter().map(|node| node.rack.as_str()).collect();
            let factor = i64::from(*factor);
            let state = (
                factor.min(nodes.len() as i64),
                factor - in_racks.len() as i64,
            );
            left.insert(datacenter, state);
        }
    }
    for (_, node) in ring {
        if chosen.contains(&node.host_id) {
            continue;
        }
        match strategy {
            ReplicationStrategy::Simple { factor } => {
                if chosen.len() < *factor as usize {
                    chosen.push(node.host_id);
                }
            }
            ReplicationStrategy::NetworkTopology { .. } => {
                let Some((left, repeats)) = left.get_mut(node.datacenter.as_str()) else {
                    continue;
                };
                let is_new_rack = !racks.contains(&(&node.datacenter, &node.rack));
                if *left == 0 || (!is_new_rack && *repeats <= 0) {
                    continue;
                }
                *repeats -= i64::from(!is_new_rack);
                *left -= 1;
                racks.insert((&node.datacenter, &node.rack));
                chosen.push(node.host_id);
            }
            ReplicationStrategy::Local => {}
        }
    }
    chosen
}

fn strategies() -> impl Strategy<Value = ReplicationStrategy> {
    let factors = proptest::collection::btree_map("dc[1-3]", 0..6u32, 1..4);
    prop_oneof![
        (0..6u32).prop_map(|factor| ReplicationStrategy::Simple { factor }),
        factors.prop_map(|factors| ReplicationStrategy::NetworkTopology { factors }),
    ]
}

/// Up to nine nodes on up to three datacenters and three racks, with tokens of their own.
fn clusters() -> impl Strategy<Value = Metadata> {
    let tokens = proptest::collection::btree_set(-60..60i64, 9..40);
    let places = proptest::collection::vec((1..4u32, 1..4u32), 1..10);
    (tokens, places).prop_map(|(tokens, places)| {
        let tokens: Vec<i64> = tokens.into_iter().collect();
        let count = places.len();
        let nodes = places
            .iter()
            .enumerate()
            .map(|(index, (datacenter, rack))| {
                let own: Vec<i64> = tokens
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| at * 7 % count == index || *at == index)
                    .filter(|(at, _)| *at >= count || *at == index)
                    .map(|(_, token)| *token)
                    .collect();
                let number = u32::try_from(index + 1).unwrap();
                let (datacenter, rack) = (format!("dc{datacenter}"), format!("r{rack}"));
                testing::node_at(number, &datacenter, &rack, &own)
            });
        testing::cluster_of("random", nodes.collect())
    })
}

proptest! {
    #[test]
    fn cached_replicas_equal_a_naive_walk(
        metadata in clusters(),
        strategy in strategies(),
        tokens in proptest::collection::vec(-70..70i64, 1..8),
    ) {
        let keyspace = Keyspace {
            name: "k".to_owned(),
            replication: strategy.clone(),
            durable_writes: true,
            tables: BTreeMap::new(),
        };
        let mut cached = metadata.clone();
        cached.keyspaces.insert("k".to_owned(), keyspace.clone().into());
        let cached = cached.rebuilt();
        for token in tokens {
            let expected = naive(&metadata, &strategy, token);
            let token = Token::new(token);
            let set = cached.replicas(&keyspace, token);
            let found: Vec<HostId> = set.natural.iter().map(|replica| replica.host_id).collect();
            prop_assert_eq!(&found, &expected, "P1, P2");
            prop_assert!(set.pending.is_empty());
            prop_assert_eq!(&metadata.replicas(&keyspace, token), &set);
            for replica in set.natural.iter() {
                let node = &metadata.nodes[&replica.host_id];
                prop_assert_eq!(replica.datacenter.as_ref(), node.datacenter.as_str());
                prop_assert_eq!(replica.rack.as_ref(), node.rack.as_str());
            }
        }
    }
}

#[test]
fn look_ups_of_one_segment_share_their_set() {
    let metadata = testing::with_tables();
    let keyspace = metadata.keyspace("k").unwrap();
    let one = metadata.replicas(keyspace, Token::new(1));
    let other = metadata.replicas(keyspace, Token::new(2));
    assert!(std::sync::Arc::ptr_eq(&one.natural, &other.natural), "M2");
    assert!(one.is_natural(HostId(Uuid::from_u128(1))));
    assert!(!one.contains(HostId(Uuid::from_u128(2))));
}
