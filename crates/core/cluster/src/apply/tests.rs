//! Transformations as conversations: what they change, and every refusal with its words.

mod nodes;
mod roles;
mod tables;

use super::*;
use crate::testing;
use crate::testing::applied;
use crate::testing::change;

/// The refusal's code and words.
fn refusal(metadata: &Metadata, transformation: &Transformation) -> String {
    let refused = metadata
        .apply(transformation)
        .expect_err("it should be refused");
    format!("{:#06x} {refused}", refused.cql_code())
}

const SIMPLE: &[(&str, &str)] = &[("class", "SimpleStrategy"), ("replication_factor", "1")];

fn keyspace_twice(if_not_exists: bool) -> Transformation {
    Transformation::CreateKeyspace {
        name: "k".to_owned(),
        replication: Some(testing::texts(SIMPLE)),
        durable_writes: true,
        if_not_exists,
    }
}

#[test]
fn a_change_raises_the_epoch_by_one_and_a_no_op_does_not() {
    let metadata = testing::with_tables();
    assert_eq!(metadata.epoch.0, 4);
    assert_eq!(metadata.schema_epoch.0, 4);
    let (same, nothing) = metadata.apply(&keyspace_twice(true)).unwrap();
    assert_eq!((same.epoch, nothing), (metadata.epoch, Change::None), "A2");
    assert_eq!(same, metadata);
    let drop = Transformation::DropKeyspace {
        name: "k".to_owned(),
        if_exists: false,
    };
    assert_eq!(applied(&metadata, &drop).unwrap().epoch.0, 5, "A2");
}

#[test]
fn equal_entries_make_equal_bytes() {
    let build = || {
        let places = [("dc1", "r1"), ("dc1", "r2"), ("dc2", "r1"), ("dc1", "r1")];
        let mut metadata = testing::cluster("same", &places);
        for transformation in [
            testing::create_keyspace("k", &[("class", "NetworkTopologyStrategy")]),
            testing::create_table(testing::definition("t", "a int, b int, c int", "a", "b")),
            testing::alter_table("t", testing::drop_columns(&["c"])),
        ] {
            metadata = applied(&metadata, &transformation).unwrap();
        }
        metadata.encode()
    };
    assert_eq!(build(), build(), "A1");
}

#[test]
fn keyspaces_are_created_altered_and_dropped() {
    let metadata = testing::cluster("ks", &[("dc1", "r1"), ("dc2", "r1")]);
    let create = testing::create_keyspace("k", SIMPLE);
    assert_eq!(
        change(&metadata, &create),
        Ok(Change::KeyspaceCreated("k".to_owned()))
    );
    let metadata = applied(&metadata, &create).unwrap();
    let alter =
        |replication: Option<&[(&str, &str)]>, durable_writes| Transformation::AlterKeyspace {
            name: "k".to_owned(),
            replication: replication.map(testing::texts),
            durable_writes,
            if_exists: false,
        };
    let replication = [("class", "NetworkTopologyStrategy"), ("dc2", "2")];
    let altered = applied(&metadata, &alter(Some(&replication), Some(false))).unwrap();
    let keyspace = altered.keyspace("k").unwrap();
    assert!(!keyspace.durable_writes);
    assert_eq!(keyspace.replication.factor_in("dc1"), 0);
    assert_eq!(keyspace.replication.factor_in("dc2"), 2);
    assert_eq!(
        change(&altered, &alter(None, Some(false))),
        Ok(Change::None)
    );
    let drop = Transformation::DropKeyspace {
        name: "k".to_owned(),
        if_exists: false,
    };
    let dropped = change(&testing::with_tables(), &drop).unwrap();
    let Change::KeyspaceDropped { name, tables } = dropped else {
        panic!("{dropped:?}");
    };
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((name.as_str(), names), ("k", vec!["counts", "t"]));
}

#[test]
fn keyspaces_are_refused_with_cassandras_words() {
    let metadata = testing::with_tables();
    let check = |transformation: &Transformation, expected: &str| {
        assert_eq!(refusal(&metadata, transformation), expected);
    };
    check(
        &keyspace_twice(false),
        "0x2400 Cannot add existing keyspace \"k\"",
    );
    for (name, expected) in [
        ("system", "0x2100 system keyspace is not user-modifiable."),
        (
            "system_auth",
            "0x2100 system_auth keyspace is not user-modifiable.",
        ),
        (
            "system_views",
            "0x2200 Virtual keyspace 'system_views' is not user-modifiable",
        ),
        (
            "a-b",
            "0x2300 Keyspace name must not be empty, more than 48 characters long, or contain non-alphanumeric-underscore characters (got \"a-b\")",
        ),
        (
            "",
            "0x2300 Keyspace name must not be empty, more than 48 characters long, or contain non-alphanumeric-underscore characters (got \"\")",
        ),
    ] {
        check(&testing::create_keyspace(name, SIMPLE), expected);
    }
    let (fits, too_long) = ("k".repeat(48), "k".repeat(49));
    assert!(
        metadata
            .apply(&testing::create_keyspace(&fits, SIMPLE))
            .is_ok()
    );
    assert!(
        metadata
            .apply(&testing::create_keyspace(&too_long, SIMPLE))
            .is_err()
    );
    let no_replication = Transformation::CreateKeyspace {
        name: "x".to_owned(),
        replication: None,
        durable_writes: true,
        if_not_exists: false,
    };
    check(
        &no_replication,
        "0x2200 Missing mandatory option 'replication'",
    );
    for if_exists in [false, true] {
        for transformation in [
            Transformation::AlterKeyspace {
                name: "nope".to_owned(),
                replication: None,
                durable_writes: None,
                if_exists,
            },
            Transformation::DropKeyspace {
                name: "nope".to_owned(),
                if_exists,
            },
        ] {
            if if_exists {
                assert_eq!(change(&metadata, &transformation), Ok(Change::None));
            } else {
                check(&transformation, "0x2200 Keyspace 'nope' doesn't exist");
            }
        }
    }
}

#[test]
fn replication_does_not_change_while_ranges_move() {
    let mut metadata = testing::with_tables();
    let node = metadata.nodes.values_mut().next().unwrap();
    node.state = crate::NodeState::Leaving;
    let replication = [("class", "NetworkTopologyStrategy"), ("dc1", "2")];
    let alter = Transformation::AlterKeyspace {
        name: "k".to_owned(),
        replication: Some(testing::texts(&replication)),
        durable_writes: None,
        if_exists: false,
    };
    assert_eq!(
        refusal(&metadata, &alter),
        "0x2300 Cannot alter RF while some endpoints are not in normal state (no range movements): [10.0.0.1:7000]"
    );
}

#[test]
fn keyspace_properties_are_read_and_unknown_ones_refused() {
    let mut written = testing::properties(&[("durable_writes", "false")]);
    written.insert(
        "replication".to_owned(),
        crate::Property::Map(testing::texts(SIMPLE)),
    );
    let read = crate::keyspace_properties(&written).unwrap();
    assert_eq!(read.durable_writes, Some(false));
    assert_eq!(read.replication, Some(testing::texts(SIMPLE)));
    for (name, value, expected) in [
        ("foo", "1", "Unknown property 'foo'"),
        (
            "replication",
            "1",
            "Invalid value for property 'replication'. It should be a map.",
        ),
        (
            "durable_writes",
            "perhaps",
            "Invalid boolean value perhaps for 'durable_writes'. Positive values can be '1', 'true' or 'yes'. Negative values can be '0', 'false' or 'no'.",
        ),
    ] {
        let refused = crate::keyspace_properties(&testing::properties(&[(name, value)]));
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.to_string().as_str(), refused.cql_code()),
            (expected, 0x2000)
        );
    }
}
