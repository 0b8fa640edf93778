//! Ownership of clusters that grow node by node.

use super::*;
use crate::Keyspace;
use crate::ReplicationStrategy;
use crate::Transformation;
use crate::testing;
use std::collections::BTreeMap;

/// The largest relative deviation from the mean: of primary, and of threefold ownership.
fn worst(metadata: &Metadata, factor: u32) -> (f64, f64) {
    let keyspace = Keyspace {
        name: "k".to_owned(),
        replication: ReplicationStrategy::Simple { factor },
        durable_writes: true,
        tables: BTreeMap::new(),
    };
    let of = |shares: BTreeMap<_, f64>| {
        let mean = shares.values().sum::<f64>() / shares.len() as f64;
        shares
            .values()
            .map(|share| (share / mean - 1.0).abs())
            .fold(0.0, f64::max)
    };
    (
        of(metadata.ownership(None)),
        of(metadata.ownership(Some(&keyspace))),
    )
}

#[test]
fn show() {
    for name in ["a", "Test Cluster", "prod", "x1", "quorate"] {
        let mut metadata = testing::cluster(name, &[("dc1", "r1")]);
        for count in 2..=14u32 {
            let node = testing::node(count, "dc1", "r1");
            let start = std::time::Duration::ZERO;
            let _ = start;
            metadata = metadata
                .apply(&Transformation::Join {
                    node,
                    num_tokens: 16,
                })
                .unwrap()
                .0;
            let (primary, replicated) = worst(&metadata, 3);
            println!(
                "{name} {count}: {:.1}% {:.1}%",
                primary * 100.0,
                replicated * 100.0
            );
        }
    }
}
