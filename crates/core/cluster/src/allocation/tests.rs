//! Ownership of clusters that grow node by node.

use super::*;
use crate::Keyspace;
use crate::ReplicationStrategy;
use crate::Transformation;
use crate::testing;
use std::collections::BTreeMap;

fn simple(factor: u32) -> Keyspace {
    Keyspace {
        name: "k".to_owned(),
        replication: ReplicationStrategy::Simple { factor },
        durable_writes: true,
        tables: BTreeMap::new(),
    }
}

fn network(factors: &[(&str, u32)]) -> Keyspace {
    let factors = factors
        .iter()
        .map(|(datacenter, factor)| ((*datacenter).to_owned(), *factor))
        .collect();
    Keyspace {
        replication: ReplicationStrategy::NetworkTopology { factors },
        ..simple(1)
    }
}

/// The largest relative deviation from the mean.
fn worst(shares: &BTreeMap<quorate_types::HostId, f64>) -> f64 {
    let mean = shares.values().sum::<f64>() / shares.len() as f64;
    shares
        .values()
        .map(|share| (share / mean - 1.0).abs())
        .fold(0.0, f64::max)
}

fn joined(metadata: &Metadata, node: Node) -> Metadata {
    let join = Transformation::Join {
        node,
        num_tokens: 16,
    };
    testing::applied(metadata, &join).unwrap()
}

#[test]
fn ownership_stays_within_a_tenth_of_the_mean_from_3_to_12_nodes() {
    for name in ["Test Cluster", "production", "q"] {
        let mut metadata = testing::cluster(name, &[("dc1", "r1")]);
        for count in 2..=12 {
            metadata = joined(&metadata, testing::node(count, "dc1", "r1"));
            let primary = worst(&metadata.ownership(None));
            let replicated = worst(&metadata.ownership(Some(&simple(3))));
            assert!(primary < 0.1, "{name}, {count} nodes: primary {primary}");
            assert!(replicated < 0.1, "{name}, {count} nodes: {replicated}");
        }
    }
}

#[test]
fn ownership_stays_even_over_racks() {
    let keyspace = network(&[("dc1", 3)]);
    let mut metadata = testing::cluster("racks", &[("dc1", "r0")]);
    for count in 1..12 {
        let rack = format!("r{}", count % 3);
        metadata = joined(&metadata, testing::node(count + 1, "dc1", &rack));
        if count % 3 == 2 {
            let replicated = worst(&metadata.ownership(Some(&keyspace)));
            assert!(replicated < 0.1, "{} nodes: {replicated}", count + 1);
        }
    }
}

#[test]
fn each_datacenter_is_balanced_for_itself() {
    let places: Vec<(&str, &str)> = (0..8)
        .map(|index| (if index % 2 == 0 { "dc1" } else { "dc2" }, "r1"))
        .collect();
    let metadata = testing::cluster("two", &places);
    let shares = metadata.ownership(Some(&network(&[("dc1", 3), ("dc2", 3)])));
    assert!(worst(&shares) < 0.1, "{shares:?}");
}

#[test]
fn a_node_with_twice_the_tokens_owns_twice_as_much() {
    let metadata = testing::cluster("weights", &[("dc1", "r1"), ("dc1", "r1")]);
    let join = Transformation::Join {
        node: testing::node(3, "dc1", "r1"),
        num_tokens: 32,
    };
    let shares: Vec<f64> = testing::applied(&metadata, &join)
        .unwrap()
        .ownership(None)
        .into_values()
        .collect();
    assert!((shares[2] - 0.5).abs() < 0.05, "{shares:?}");
}

#[test]
fn the_first_node_is_spaced_evenly_and_clusters_differ() {
    let tokens = |name: &str| -> Vec<i64> {
        let metadata = testing::cluster(name, &[("dc1", "r1")]);
        let entries = metadata.ring().entries().iter();
        entries.map(|(token, _)| token.value()).collect()
    };
    let one = tokens("one");
    assert_eq!(one.len(), 16);
    for pair in one.windows(2) {
        let width = pair[1].wrapping_sub(pair[0]);
        assert!((width - (1 << 60)).abs() <= 1, "{width}");
    }
    assert_eq!(one, tokens("one"));
    assert_ne!(one, tokens("another"));
}

#[test]
fn every_number_of_tokens_is_had_exactly_and_none_belongs_to_two_nodes() {
    for num_tokens in [1, 2, 3, 255, 256] {
        let mut metadata = Metadata::empty("counts");
        for number in 1..=4 {
            let node = testing::node(number, "dc1", "r1");
            let tokens = allocate_tokens(&metadata, &node, num_tokens);
            assert_eq!(tokens.len(), num_tokens as usize);
            metadata = testing::applied(
                &metadata,
                &if number == 1 {
                    Transformation::Initialize {
                        cluster_name: "counts".to_owned(),
                        first: node,
                        num_tokens,
                    }
                } else {
                    Transformation::Join { node, num_tokens }
                },
            )
            .unwrap();
            assert_eq!(metadata.ring().len(), (num_tokens * number) as usize);
        }
    }
}

/// On a large ring the search has few steps, so the cuts must do most of the work.
#[test]
fn the_cuts_alone_keep_primary_ownership_within_a_tenth() {
    let mut metadata = testing::cluster("cuts", &[("dc1", "r1")]);
    for number in 2..=12 {
        let joining = testing::node(number, "dc1", "r1");
        let locals: Vec<&Node> = metadata.nodes.values().collect();
        let mut balance = Balance::new(&locals, &joining, 16);
        balance.cut_from_largest(16);
        let tokens = balance.places_of_joining().into_iter().map(token_at);
        let node = Node {
            tokens: tokens.collect(),
            ..joining
        };
        metadata = joined(&metadata, node);
        let primary = worst(&metadata.ownership(None));
        assert!(primary < 0.1, "{number} nodes: {primary}");
    }
}
