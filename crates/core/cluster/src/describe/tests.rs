//! The text of statements, compared letter by letter.

use super::*;
use crate::Metadata;
use crate::TableOptions;
use crate::testing;
use crate::testing::applied;
use quorate_types::Epoch;

const DEFAULT_OPTIONS: &str = "additional_write_policy = '99p'
    AND allow_auto_snapshot = true
    AND bloom_filter_fp_chance = 0.01
    AND caching = {'keys': 'ALL', 'rows_per_partition': 'NONE'}
    AND cdc = false
    AND comment = ''
    AND compaction = {'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', 'max_threshold': '32', 'min_threshold': '4'}
    AND compression = {'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'}
    AND memtable = 'default'
    AND crc_check_chance = 1.0
    AND default_time_to_live = 0
    AND extensions = {}
    AND gc_grace_seconds = 864000
    AND incremental_backups = true
    AND max_index_interval = 2048
    AND memtable_flush_period_in_ms = 0
    AND min_index_interval = 128
    AND read_repair = 'BLOCKING'
    AND speculative_retry = '99p';";

fn described(mut definition: crate::TableDefinition, order: &[(&str, bool)]) -> String {
    definition.clustering_order = order
        .iter()
        .map(|(name, descending)| ((*name).to_owned(), *descending))
        .collect();
    create_table_cql(&TableSchema::from_definition(&definition, Epoch(1)).unwrap())
}

#[test]
fn a_table_of_one_key_column_is_shown_with_its_key_in_place() {
    let definition = testing::definition("users", "id uuid, name text, age int", "id", "");
    let expected = format!(
        "CREATE TABLE k.users (
    id uuid PRIMARY KEY,
    age int,
    name text
) WITH {DEFAULT_OPTIONS}"
    );
    assert_eq!(described(definition, &[]), expected);
}

#[test]
fn a_table_of_composite_keys_is_shown_with_its_order() {
    let declared = "d date, Mixed int, select int, v text, s text static, c timestamp";
    let definition = testing::definition("readings", declared, "Mixed d", "c select");
    let expected = format!(
        "CREATE TABLE k.readings (
    \"Mixed\" int,
    d date,
    c timestamp,
    \"select\" int,
    s text static,
    v text,
    PRIMARY KEY ((\"Mixed\", d), c, \"select\")
) WITH CLUSTERING ORDER BY (c DESC, \"select\" ASC)
    AND {DEFAULT_OPTIONS}"
    );
    assert_eq!(described(definition, &[("c", true)]), expected);
}

#[test]
fn keyspaces_are_shown_with_short_class_names() {
    let metadata = testing::cluster("d", &[("dc1", "r1"), ("dc2", "r1")]);
    let shown = |name: &str, replication: &[(&str, &str)]| {
        let create = testing::create_keyspace(name, replication);
        let metadata: Metadata = applied(&metadata, &create).unwrap();
        create_keyspace_cql(metadata.keyspace(name).unwrap())
    };
    assert_eq!(
        shown(
            "k",
            &[("class", "SimpleStrategy"), ("replication_factor", "3")]
        ),
        "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '3'}  AND durable_writes = true;"
    );
    assert_eq!(
        shown(
            "Big",
            &[
                ("class", "NetworkTopologyStrategy"),
                ("dc2", "2"),
                ("dc1", "3")
            ]
        ),
        "CREATE KEYSPACE \"Big\" WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': '3', 'dc2': '2'}  AND durable_writes = true;"
    );
}

#[test]
fn names_and_texts_are_quoted_when_they_must_be() {
    let names = [
        "plain_1", "_x", "1x", "Upper", "a b", "a\"b", "table", "key", "",
    ];
    let expected = [
        "plain_1",
        "\"_x\"",
        "\"1x\"",
        "\"Upper\"",
        "\"a b\"",
        "\"a\"\"b\"",
        "\"table\"",
        "key",
        "\"\"",
    ];
    assert_eq!(names.map(quoted_name), expected);
    assert_eq!(quoted_text("it's"), "'it''s'");
}

#[test]
fn what_is_shown_of_options_reads_back_as_the_same_options() {
    let mut written = testing::properties(&[
        ("comment", "it's {odd}"),
        ("speculative_retry", "min(99.9p, 12.345ms)"),
        ("bloom_filter_fp_chance", "0.0001"),
        ("gc_grace_seconds", "60"),
        ("read_repair", "none"),
    ]);
    for (name, map) in [
        ("compression", testing::texts(&[("enabled", "false")])),
        ("extensions", testing::texts(&[("tool", "0x00ff")])),
        (
            "compaction",
            testing::texts(&[("class", "LeveledCompactionStrategy")]),
        ),
    ] {
        written.insert(name.to_owned(), Property::Map(map));
    }
    let options = TableOptions::default().with(&written).unwrap();
    let shown = options
        .properties()
        .into_iter()
        .map(|(name, property)| (name.to_owned(), property))
        .collect();
    assert_eq!(TableOptions::default().with(&shown), Ok(options.clone()));
    assert_eq!(options.speculative_retry.text(), "MIN(99.9p,12.345ms)");
    assert_eq!(
        constant("extensions", &shown["extensions"]),
        "{'tool': 0x00ff}"
    );
    assert_eq!(constant("comment", &shown["comment"]), "'it''s {odd}'");
}
