//! Look-ups of the state.

use super::*;
use crate::testing;
use crate::testing::applied;
use proptest::prelude::*;

#[test]
fn the_ring_is_left_exclusive_and_right_inclusive_and_wraps() {
    let metadata = testing::cluster_of(
        "ring",
        vec![
            testing::node_at(1, "dc1", "r1", &[-10, 10]),
            testing::node_at(2, "dc1", "r1", &[0]),
        ],
    );
    let owner = |token| {
        metadata
            .ring()
            .owner(Token::new(token))
            .unwrap()
            .0
            .as_u128()
    };
    assert_eq!(
        [-11, -10, -9, 0, 1, 10, 11].map(owner),
        [1, 1, 2, 2, 1, 1, 1]
    );
    let ranges: Vec<String> = metadata.ranges().iter().map(ToString::to_string).collect();
    assert_eq!(
        ranges,
        [
            "(-9223372036854775808, -10]",
            "(-10, 0]",
            "(0, 10]",
            "(10, 9223372036854775807]",
        ]
    );
}

#[test]
fn an_empty_state_has_one_range_and_no_owner() {
    let metadata = Metadata::empty("none");
    assert_eq!(metadata.ranges(), [TokenRange::FULL]);
    assert_eq!(metadata.ring().owner(Token::MIN), None);
    assert!(metadata.ownership(None).is_empty());
}

proptest! {
    #[test]
    fn ranges_cover_the_ring_without_overlap(tokens in proptest::collection::btree_set(any::<i64>(), 1..20)) {
        let tokens: Vec<i64> = tokens.into_iter().chain([i64::MAX]).collect();
        let node = testing::node_at(1, "dc1", "r1", &tokens);
        let metadata = testing::cluster_of("cover", vec![node]);
        let mut start = i64::MIN;
        for range in metadata.ranges() {
            prop_assert_eq!(range.start(), start);
            start = range.end().value();
        }
        prop_assert_eq!(start, i64::MAX);
        let total: f64 = metadata.ownership(None).values().sum();
        prop_assert!((total - 1.0).abs() < 1e-9);
    }
}

#[test]
fn missing_names_are_told_apart() {
    let metadata = testing::with_tables();
    let missing = |keyspace, table| metadata.table(keyspace, table).unwrap_err().to_string();
    assert_eq!(missing("nope", "t"), "keyspace nope does not exist");
    assert_eq!(missing("k", "nope"), "table nope does not exist");
}

#[test]
fn tables_are_found_by_id_until_they_are_dropped() {
    let metadata = testing::with_tables();
    let id = testing::table(&metadata, "t").id;
    assert_eq!(
        metadata.table_by_id(id).map(|table| table.name.as_str()),
        Some("t")
    );
    let drop = crate::Transformation::DropTable {
        keyspace: "k".to_owned(),
        table: "t".to_owned(),
        if_exists: false,
    };
    let dropped = applied(&metadata, &drop).unwrap();
    assert!(dropped.table_by_id(id).is_none());
    assert!(
        metadata.table_by_id(id).is_some(),
        "an older state does not change"
    );
}

#[test]
fn the_schema_version_changes_with_the_schema_only() {
    let before = testing::cluster("versions", &[("dc1", "r1")]);
    assert_eq!(
        before.schema_version().to_string(),
        "59adb24e-f3cd-3e02-97f0-5b395827453f"
    );
    let joined = testing::cluster("versions", &[("dc1", "r1"), ("dc1", "r1")]);
    assert_eq!(before.schema_version(), joined.schema_version());
    let create = testing::create_keyspace("k", &[("class", "NetworkTopologyStrategy")]);
    let after = applied(&before, &create).unwrap();
    assert_ne!(after.schema_version(), before.schema_version());
    assert_eq!(after.schema_version().get_version_num(), 3);
    let later = applied(&joined, &create).unwrap();
    assert_ne!(after.schema_version(), later.schema_version());
    let decoded = Metadata::decode(&after.encode()).unwrap();
    assert_eq!(decoded.schema_version(), after.schema_version());
}

#[test]
fn ownership_of_a_keyspace_counts_every_replica() {
    let metadata = testing::cluster("own", &[("dc1", "r1"), ("dc1", "r1"), ("dc1", "r1")]);
    let create = testing::create_keyspace(
        "k",
        &[("class", "SimpleStrategy"), ("replication_factor", "3")],
    );
    let metadata = applied(&metadata, &create).unwrap();
    let keyspace = metadata.keyspace("k").unwrap();
    for share in metadata.ownership(Some(keyspace)).values() {
        assert!((share - 1.0).abs() < 1e-9);
    }
    for (range, set) in metadata.replica_ranges(keyspace) {
        assert_eq!(set.natural.len(), 3, "{range}");
    }
}

#[test]
fn a_join_moves_the_replicas_of_keyspaces_that_exist() {
    let create = testing::create_keyspace(
        "k",
        &[("class", "SimpleStrategy"), ("replication_factor", "1")],
    );
    let alone = testing::cluster_of("join", vec![testing::node_at(1, "dc1", "r1", &[0])]);
    let before = applied(&alone, &create).unwrap();
    let join = crate::Transformation::Join {
        node: testing::node_at(2, "dc1", "r1", &[100]),
        num_tokens: 1,
    };
    let after = applied(&before, &join).unwrap();
    let primary = |metadata: &Metadata, token| {
        let keyspace = metadata.keyspace("k").unwrap();
        let set = metadata.replicas(keyspace, Token::new(token));
        assert_eq!(set.natural.len(), 1);
        set.natural[0].host_id.0.as_u128()
    };
    assert_eq!([0, 50].map(|token| primary(&before, token)), [1, 1]);
    assert_eq!([0, 50].map(|token| primary(&after, token)), [1, 2], "M1");
}
