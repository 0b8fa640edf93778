//! Replication maps as written.

use super::*;
use crate::testing;

fn parse(
    written: &[(&str, &str)],
    previous: Option<&ReplicationStrategy>,
) -> Result<ReplicationStrategy, Refused> {
    let datacenters = ["dc1", "dc2"].map(str::to_owned).into();
    ReplicationStrategy::parse("k", &testing::texts(written), &datacenters, previous)
}

fn network(factors: &[(&str, u32)]) -> ReplicationStrategy {
    ReplicationStrategy::NetworkTopology {
        factors: factors
            .iter()
            .map(|(name, factor)| ((*name).to_owned(), *factor))
            .collect(),
    }
}

const NETWORK: (&str, &str) = ("class", "NetworkTopologyStrategy");
const SIMPLE: (&str, &str) = ("class", "SimpleStrategy");

#[test]
fn maps_are_refused_with_cassandras_words() {
    for (written, expected) in [
        (&[("dc1", "3")][..], "Missing replication strategy class"),
        (
            &[SIMPLE],
            "SimpleStrategy requires a replication_factor strategy option.",
        ),
        (
            &[SIMPLE, ("replication_factor", "x")],
            "Replication factor must be numeric; found x",
        ),
        (
            &[SIMPLE, ("replication_factor", "-1")],
            "Replication factor must be non-negative; found -1",
        ),
        (
            &[SIMPLE, ("replication_factor", "3/1")],
            "Transient replication is disabled. Enable in cassandra.yaml to use.",
        ),
        (
            &[SIMPLE, ("replication_factor", "1"), ("dc1", "1")],
            "Unrecognized strategy option {dc1} passed to SimpleStrategy for keyspace k",
        ),
        (
            &[NETWORK, ("dc9", "1")],
            "Unrecognized strategy option {dc9} passed to NetworkTopologyStrategy for keyspace k",
        ),
        (
            &[NETWORK, ("dc1", "many")],
            "Replication factor must be numeric; found many",
        ),
        (
            &[NETWORK, ("dc1", "0")],
            "Configuration for at least one datacenter must be present",
        ),
        (
            &[("class", "LocalStrategy")],
            "Unable to use given strategy class: LocalStrategy is reserved for internal use.",
        ),
        (
            &[("class", "Foo")],
            "Unable to find replication strategy class 'org.apache.cassandra.locator.Foo'",
        ),
        (
            &[("class", "com.x.Foo")],
            "Unable to find replication strategy class 'com.x.Foo'",
        ),
        (
            &[("class", "OldNetworkTopologyStrategy")],
            "The support for the OldNetworkTopologyStrategy has been removed in C* version 4.0. The keyspace strategy should be switch to NetworkTopologyStrategy",
        ),
    ] {
        assert_eq!(
            parse(written, None),
            Err(Refused::Config(expected.to_owned()))
        );
    }
}

#[test]
fn a_factor_for_all_expands_to_every_datacenter() {
    let all = ("replication_factor", "3");
    assert_eq!(
        parse(&[NETWORK, all], None),
        Ok(network(&[("dc1", 3), ("dc2", 3)]))
    );
    assert_eq!(
        parse(&[NETWORK, all, ("dc2", "1")], None),
        Ok(network(&[("dc1", 3), ("dc2", 1)]))
    );
    assert_eq!(
        parse(&[NETWORK, all, ("dc2", "0")], None),
        Ok(network(&[("dc1", 3)]))
    );
    assert_eq!(
        parse(&[NETWORK], None),
        Ok(network(&[("dc1", 1), ("dc2", 1)]))
    );
}

#[test]
fn an_alter_keeps_what_a_factor_for_all_would_change() {
    let previous = network(&[("dc1", 2)]);
    assert_eq!(
        parse(&[NETWORK, ("replication_factor", "3")], Some(&previous)),
        Ok(network(&[("dc1", 2), ("dc2", 3)]))
    );
    assert_eq!(
        parse(&[NETWORK, ("dc2", "3")], Some(&previous)),
        Ok(network(&[("dc2", 3)]))
    );
    let simple = ReplicationStrategy::Simple { factor: 2 };
    assert_eq!(
        parse(&[NETWORK], Some(&simple)),
        Ok(network(&[("dc1", 2), ("dc2", 2)]))
    );
}

#[test]
fn full_class_names_are_read_and_shown() {
    let full = ("class", "org.apache.cassandra.locator.SimpleStrategy");
    let strategy = parse(&[full, ("replication_factor", "2")], None).unwrap();
    assert_eq!(strategy, ReplicationStrategy::Simple { factor: 2 });
    assert_eq!(
        strategy.options(),
        testing::texts(&[full, ("replication_factor", "2")])
    );
    assert_eq!(strategy.total_factor(), 2);
    assert_eq!(network(&[("dc1", 3), ("dc2", 2)]).total_factor(), 5);
}
