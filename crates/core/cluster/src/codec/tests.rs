//! Round trips, the worked examples of `docs/formats/metadata.md`, and bytes that are wrong.

use super::*;
use crate::ColumnDefinition;
use crate::Permission;
use crate::Property;
use crate::Resource;
use crate::SaltedHash;
use crate::TableChange;
use crate::TableDefinition;
use crate::testing;
use crate::testing::applied;
use proptest::collection::btree_map;
use proptest::collection::btree_set;
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_data::CqlType;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::TableId;
use quorate_types::Token;
use uuid::Uuid;

/// The bytes of the example with this name in the format's document. Two spaces end the digits.
fn documented(name: &str) -> Vec<u8> {
    let document = include_str!("../../../../../docs/formats/metadata.md");
    let fence = format!("```hex {name}\n");
    let after = document.split_once(&fence).expect("the example is there").1;
    let block = after.split("```").next().expect("a fence ends it");
    let digits: String = block
        .lines()
        .flat_map(|line| line.split("  ").next().unwrap_or("").chars())
        .filter(|digit| !digit.is_whitespace())
        .collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn the_documented_entry_is_what_is_written() {
    let transformation = Transformation::AlterTable {
        keyspace: "k".to_owned(),
        table: "t".to_owned(),
        change: TableChange::AddColumns {
            columns: testing::columns("v text"),
            if_not_exists: true,
        },
        if_exists: false,
    };
    let bytes = documented("entry");
    assert_eq!(transformation.encode(), bytes);
    assert_eq!(Transformation::decode(&bytes), Ok(transformation));
}

/// One node, one keyspace, no table: small enough to draw.
fn small() -> Metadata {
    let metadata = testing::cluster_of("c", vec![testing::node_at(1, "dc1", "r1", &[-2])]);
    let create = testing::create_keyspace(
        "k",
        &[("class", "SimpleStrategy"), ("replication_factor", "3")],
    );
    applied(&metadata, &create).unwrap()
}

#[test]
fn the_documented_snapshot_is_what_is_written() {
    let bytes = documented("snapshot");
    assert_eq!(small().encode(), bytes);
    assert_eq!(Metadata::decode(&bytes), Ok(small()));
}

/// A state with every kind of thing in it.
fn rich() -> Metadata {
    let places = [("dc1", "r1"), ("dc1", "r2"), ("dc2", "r1")];
    let mut metadata = testing::cluster("rich", &places);
    let mut written = testing::definition("u", "a int, b text, c int, d blob", "a b", "c");
    written.clustering_order = vec![("c".to_owned(), true)];
    written.options = testing::properties(&[("speculative_retry", "MIN(99.9p,1.5ms)")]);
    written.options.insert(
        "extensions".to_owned(),
        Property::Map(testing::texts(&[("x", "0x0102")])),
    );
    for transformation in [
        testing::create_keyspace("k", &[("class", "NetworkTopologyStrategy")]),
        testing::create_table(testing::definition(
            "t",
            "a int, b int, s int static, v text",
            "a",
            "b",
        )),
        testing::alter_table("t", testing::drop_columns(&["v", "s"])),
        testing::alter_table("t", testing::add("v text, w varint")),
        testing::create_table(written),
        testing::create_table(testing::definition("n", "a int, n counter", "a", "")),
        testing::create_role("ann", true),
        testing::create_role("readers", false),
        testing::grant_role("readers", "ann"),
        testing::grant("readers", Resource::table("k", "t"), &[Permission::Select]),
        testing::grant(
            "ann",
            Resource::Role("readers".to_owned()),
            &[Permission::Alter],
        ),
    ] {
        metadata = applied(&metadata, &transformation).unwrap();
    }
    metadata
}

#[test]
fn a_snapshot_reads_back_with_everything_derived() {
    let metadata = rich();
    let read = Metadata::decode(&metadata.encode()).unwrap();
    assert_eq!(read, metadata);
    assert_eq!(read.encode(), metadata.encode());
    assert_eq!(read.ring(), metadata.ring());
    let keyspace = metadata.keyspace("k").unwrap();
    assert_eq!(
        read.replica_ranges(keyspace),
        metadata.replica_ranges(keyspace)
    );
    for table in keyspace.tables.values() {
        assert_eq!(read.table_by_id(table.id), Some(table));
    }
}

#[test]
fn cut_bytes_are_refused_at_every_length() {
    for bytes in [rich().encode(), testing::with_tables().encode()] {
        for length in 0..bytes.len() {
            assert!(Metadata::decode(&bytes[..length]).is_err(), "{length}");
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(
            Metadata::decode(&longer),
            Err(CorruptMetadata("1 bytes after the end".to_owned()))
        );
    }
}

#[test]
fn another_version_is_refused_by_number() {
    let mut bytes = small().encode().to_vec();
    bytes[0] = 3;
    let expected = "corrupt metadata: version 3, but this build reads version 2";
    assert_eq!(Metadata::decode(&bytes).unwrap_err().to_string(), expected);
    assert_eq!(
        Transformation::decode(&bytes).unwrap_err().to_string(),
        expected
    );
}

/// The words that refuse a state whose parts contradict one another.
fn contradiction(break_it: impl FnOnce(&mut Metadata)) -> String {
    let mut metadata = rich();
    break_it(&mut metadata);
    Metadata::decode(&metadata.encode()).unwrap_err().0
}

#[test]
fn contradicting_states_are_refused() {
    let stranger = HostId(Uuid::from_u128(77));
    assert_eq!(
        contradiction(|metadata| {
            metadata.metadata_replicas.insert(stranger);
        }),
        format!("metadata replica {stranger} is no node"),
        "C2"
    );
    let doubled = contradiction(|metadata| {
        let token = metadata.ring().entries()[0].0;
        for node in metadata.nodes.values_mut() {
            node.tokens.insert(token);
        }
    });
    assert!(doubled.ends_with("has two owners"), "{doubled}");
    let table = testing::table(&rich(), "t");
    let broken = |change: fn(&mut crate::TableSchema)| {
        let mut table = crate::TableSchema::clone(&table);
        change(&mut table);
        contradiction(|metadata| {
            let keyspace = metadata.keyspaces.get_mut("k").unwrap();
            let keyspace = std::sync::Arc::make_mut(keyspace);
            keyspace.tables.insert("t".to_owned(), table.into());
        })
    };
    assert_eq!(
        broken(|table| table.next_column_id.0 = 1),
        "table t: column id 1"
    );
    assert_eq!(
        broken(|table| table.dropped_columns[0].id.0 = 0),
        "table t: column id 0"
    );
    assert_eq!(
        broken(|table| "other".clone_into(&mut table.keyspace)),
        "table other.t lies in another keyspace"
    );
    assert_eq!(
        broken(|table| table.options.crc_check_chance = f64::NAN),
        "number NaN"
    );
}

fn texts() -> impl Strategy<Value = String> {
    "[a-zé\"' ]{0,6}"
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    (texts(), any::<u16>()).prop_map(|(host, port)| Endpoint { host, port })
}

fn host_ids() -> impl Strategy<Value = HostId> {
    any::<u128>().prop_map(|id| HostId(Uuid::from_u128(id)))
}

fn nodes() -> impl Strategy<Value = Node> {
    let states = prop_oneof![
        Just(NodeState::Joining),
        Just(NodeState::Normal),
        Just(NodeState::Leaving),
        Just(NodeState::Left),
    ];
    let tokens = btree_set(any::<i64>().prop_map(Token::new), 0..4);
    let addresses = (endpoints(), endpoints(), proptest::option::of(endpoints()));
    let places = (texts(), texts(), texts());
    (host_ids(), addresses, places, states, tokens).prop_map(
        |(host_id, (internode, client, native), (datacenter, rack, build), state, tokens)| Node {
            host_id,
            internode,
            client,
            native,
            datacenter,
            rack,
            state,
            tokens,
            build,
        },
    )
}

fn properties() -> impl Strategy<Value = Property> {
    prop_oneof![
        (texts(), any::<bool>()).prop_map(|(text, quoted)| Property::Text { text, quoted }),
        btree_map(texts(), texts(), 0..3).prop_map(Property::Map),
    ]
}

fn columns() -> impl Strategy<Value = ColumnDefinition> {
    (texts(), 0..CqlType::EVERY.len(), any::<bool>()).prop_map(|(name, which, is_static)| {
        ColumnDefinition {
            name,
            cql_type: CqlType::EVERY[which],
            is_static,
        }
    })
}

fn definitions() -> impl Strategy<Value = TableDefinition> {
    let names = || vec(texts(), 0..3);
    (
        any::<u128>(),
        (texts(), texts()),
        vec(columns(), 0..4),
        (names(), names()),
        vec((texts(), any::<bool>()), 0..3),
        btree_map(texts(), properties(), 0..3),
    )
        .prop_map(
            |(id, (keyspace, name), columns, (partition_key, clustering), order, options)| {
                TableDefinition {
                    id: TableId(Uuid::from_u128(id)),
                    keyspace,
                    name,
                    columns,
                    partition_key,
                    clustering,
                    clustering_order: order,
                    options,
                }
            },
        )
}

fn table_changes() -> impl Strategy<Value = TableChange> {
    let names = || vec(texts(), 0..3);
    prop_oneof![
        (vec(columns(), 0..3), any::<bool>()).prop_map(|(columns, if_not_exists)| {
            TableChange::AddColumns {
                columns,
                if_not_exists,
            }
        }),
        (names(), any::<bool>(), any::<i64>()).prop_map(|(names, if_exists, at_micros)| {
            TableChange::DropColumns {
                names,
                if_exists,
                at_micros,
            }
        }),
        (vec((texts(), texts()), 0..3), any::<bool>())
            .prop_map(|(renames, if_exists)| TableChange::RenameColumns { renames, if_exists }),
        btree_map(texts(), properties(), 0..3).prop_map(TableChange::SetOptions),
    ]
}

fn node_transformations() -> impl Strategy<Value = Transformation> {
    let update = |node: Node| Transformation::UpdateNode {
        host_id: node.host_id,
        internode: node.internode,
        client: node.client,
        native: node.native,
        datacenter: node.datacenter,
        rack: node.rack,
        build: node.build,
    };
    prop_oneof![
        (texts(), nodes(), any::<u32>()).prop_map(|(cluster_name, first, num_tokens)| {
            Transformation::Initialize {
                cluster_name,
                first,
                num_tokens,
            }
        }),
        (nodes(), any::<u32>())
            .prop_map(|(node, num_tokens)| Transformation::Join { node, num_tokens }),
        nodes().prop_map(update),
    ]
}

fn schema_transformations() -> impl Strategy<Value = Transformation> {
    let replications = || proptest::option::of(btree_map(texts(), texts(), 0..3));
    prop_oneof![
        (texts(), replications(), any::<bool>(), any::<bool>()).prop_map(
            |(name, replication, durable_writes, if_not_exists)| Transformation::CreateKeyspace {
                name,
                replication,
                durable_writes,
                if_not_exists,
            }
        ),
        (
            texts(),
            replications(),
            any::<Option<bool>>(),
            any::<bool>()
        )
            .prop_map(|(name, replication, durable_writes, if_exists)| {
                Transformation::AlterKeyspace {
                    name,
                    replication,
                    durable_writes,
                    if_exists,
                }
            }),
        (texts(), any::<bool>())
            .prop_map(|(name, if_exists)| Transformation::DropKeyspace { name, if_exists }),
        (definitions(), any::<bool>()).prop_map(|(definition, if_not_exists)| {
            Transformation::CreateTable {
                definition,
                if_not_exists,
            }
        }),
        (texts(), texts(), table_changes(), any::<bool>()).prop_map(
            |(keyspace, table, change, if_exists)| Transformation::AlterTable {
                keyspace,
                table,
                change,
                if_exists,
            }
        ),
        (texts(), texts(), any::<bool>()).prop_map(|(keyspace, table, if_exists)| {
            Transformation::DropTable {
                keyspace,
                table,
                if_exists,
            }
        }),
    ]
}

fn hashes() -> impl Strategy<Value = SaltedHash> {
    "[$]2[abxy][$](0[4-9]|1[0-4])[$][./A-Za-z0-9]{53}"
        .prop_map(|text| SaltedHash::new(text).expect("of bcrypt's form"))
}

fn resources() -> impl Strategy<Value = Resource> {
    prop_oneof![
        Just(Resource::AllKeyspaces),
        texts().prop_map(Resource::Keyspace),
        texts().prop_map(Resource::AllTables),
        (texts(), texts()).prop_map(|(keyspace, name)| Resource::Table { keyspace, name }),
        Just(Resource::AllRoles),
        texts().prop_map(Resource::Role),
    ]
}

fn role_transformations() -> impl Strategy<Value = Transformation> {
    let optional_hashes = || proptest::option::of(hashes());
    let permissions = || btree_set(proptest::sample::select(Permission::ALL.to_vec()), 0..4);
    let flags = || (any::<Option<bool>>(), any::<Option<bool>>());
    prop_oneof![
        (texts(), hashes()).prop_map(|(name, salted_hash)| {
            Transformation::CreateFirstSuperuser { name, salted_hash }
        }),
        (texts(), any::<[bool; 3]>(), optional_hashes()).prop_map(
            |(name, [can_login, is_superuser, if_not_exists], salted_hash)| {
                Transformation::CreateRole {
                    name,
                    can_login,
                    is_superuser,
                    salted_hash,
                    if_not_exists,
                }
            }
        ),
        (texts(), flags(), optional_hashes(), any::<bool>()).prop_map(
            |(name, (can_login, is_superuser), salted_hash, if_exists)| {
                Transformation::AlterRole {
                    name,
                    can_login,
                    is_superuser,
                    salted_hash,
                    if_exists,
                }
            }
        ),
        (texts(), any::<bool>())
            .prop_map(|(name, if_exists)| Transformation::DropRole { name, if_exists }),
        (texts(), texts()).prop_map(|(role, grantee)| Transformation::GrantRole { role, grantee }),
        (texts(), texts()).prop_map(|(role, grantee)| Transformation::RevokeRole { role, grantee }),
        (texts(), resources(), permissions()).prop_map(|(role, resource, permissions)| {
            Transformation::GrantPermissions {
                role,
                resource,
                permissions,
            }
        }),
        (texts(), resources(), permissions()).prop_map(|(role, resource, permissions)| {
            Transformation::RevokePermissions {
                role,
                resource,
                permissions,
            }
        }),
    ]
}

fn authored() -> impl Strategy<Value = Transformation> {
    (texts(), schema_transformations()).prop_map(|(author, asked)| Transformation::Authored {
        author,
        asked: Box::new(asked),
    })
}

#[test]
fn an_author_has_no_author() {
    let drop = Transformation::DropRole {
        name: String::new(),
        if_exists: false,
    };
    let authored = |asked| Transformation::Authored {
        author: String::new(),
        asked: Box::new(asked),
    };
    let bytes = authored(authored(drop)).encode();
    let expected = CorruptMetadata("an author's author".to_owned());
    assert_eq!(Transformation::decode(&bytes), Err(expected));
}

#[test]
fn what_has_no_roles_is_written_for_older_builds() {
    assert_eq!(small().encode().first(), Some(&1));
    assert_eq!(rich().encode().first(), Some(&2));
    assert_eq!(
        testing::create_keyspace("k", &[]).encode().first(),
        Some(&1)
    );
    assert_eq!(testing::create_role("r", true).encode().first(), Some(&2));
}

proptest! {
    #[test]
    fn every_transformation_reads_back(
        transformation in prop_oneof![
            node_transformations(),
            schema_transformations(),
            role_transformations(),
            authored(),
        ],
    ) {
        let bytes = transformation.encode();
        prop_assert_eq!(Transformation::decode(&bytes), Ok(transformation));
        for length in 0..bytes.len() {
            prop_assert!(Transformation::decode(&bytes[..length]).is_err());
        }
    }

    /// Whatever nodes and tables a state has, its bytes give it back.
    #[test]
    fn every_state_reads_back(
        nodes in vec(nodes(), 0..5),
        replicas in btree_set(0..5usize, 0..3),
        definitions in vec((0..3u8, 1..4usize, 0..3usize, vec(columns(), 0..5)), 0..4),
        epochs in (any::<u64>(), any::<u64>()),
    ) {
        let mut metadata = Metadata::empty("any");
        (metadata.epoch.0, metadata.schema_epoch.0) = epochs;
        let mut taken = BTreeSet::new();
        for mut node in nodes {
            node.tokens.retain(|token| taken.insert(*token));
            metadata.nodes.insert(node.host_id, node);
        }
        let hosts: Vec<HostId> = metadata.nodes.keys().copied().collect();
        metadata.metadata_replicas =
            replicas.iter().filter_map(|index| hosts.get(*index)).copied().collect();
        for (number, (keyspace, keys, clusterings, others)) in definitions.into_iter().enumerate() {
            let keyspace = format!("k{keyspace}");
            let names: Vec<String> =
                (0..keys + clusterings).map(|index| format!("p{index}")).collect();
            let declared: Vec<String> = names.iter().map(|name| format!("{name} int")).collect();
            let (partition_key, clustering) = names.split_at(keys);
            let mut definition = testing::definition(
                &format!("t{number}"),
                &declared.join(", "),
                &partition_key.join(" "),
                &clustering.join(" "),
            );
            definition.keyspace.clone_from(&keyspace);
            definition.columns.extend(others);
            let Ok(table) = crate::TableSchema::from_definition(&definition, metadata.epoch) else {
                continue;
            };
            let entry = metadata.keyspaces.entry(keyspace.clone()).or_insert_with(|| {
                crate::Keyspace {
                    name: keyspace,
                    replication: crate::ReplicationStrategy::Simple { factor: 2 },
                    durable_writes: number % 2 == 0,
                    tables: std::collections::BTreeMap::new(),
                }
                .into()
            });
            std::sync::Arc::make_mut(entry).tables.insert(table.name.clone(), table.into());
        }
        let metadata = metadata.rebuilt();
        let read = Metadata::decode(&metadata.encode());
        prop_assert_eq!(read, Ok(metadata));
    }

    #[test]
    fn damaged_bytes_never_panic_and_what_they_decode_to_is_canonical(
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
        wild in vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = testing::with_tables().encode().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(metadata) = Metadata::decode(&bytes) {
            let again = Metadata::decode(&metadata.encode());
            prop_assert_eq!(again, Ok(metadata), "C1, C2");
        }
        let _ = Metadata::decode(&wild);
        let mut entry = vec![VERSION];
        entry.extend(wild);
        let _ = Transformation::decode(&entry);
    }
}

#[test]
fn a_count_that_the_bytes_do_not_back_is_refused_at_once() {
    let mut bytes = vec![VERSION];
    bytes.extend([0; 16]);
    bytes.extend([0, 0, 0, 0]);
    bytes.extend([0xff; 4]);
    assert!(Metadata::decode(&bytes).is_err(), "C1");
}

#[test]
fn keys_that_repeat_or_descend_are_refused() {
    let metadata = small();
    let node = metadata.nodes.values().next().unwrap();
    for numbers in [[1, 1], [2, 1]] {
        let mut bytes = vec![VERSION];
        bytes.extend([0; 16]);
        "c".to_owned().write(&mut bytes);
        let nodes = numbers.map(|number| Node {
            host_id: HostId(Uuid::from_u128(number)),
            tokens: BTreeSet::new(),
            ..node.clone()
        });
        wire::write_all(&nodes, &mut bytes);
        bytes.extend([0; 8]);
        assert_eq!(
            Metadata::decode(&bytes),
            Err(CorruptMetadata(
                "a key that is not after the one before it".to_owned()
            ))
        );
    }
}
