//! Each table of a small cluster, read back.

use super::contents;
use crate::ClientView;
use crate::GossipFact;
use crate::GossipView;
use crate::LocalNode;
use crate::NodeView;
use crate::PreparedView;
use crate::SizeEstimate;
use crate::Snapshot;
use crate::SslView;
use crate::keyspaces;
use crate::table;
use bytes::Bytes;
use quorate_cluster::Column;
use quorate_cluster::ColumnDefinition;
use quorate_cluster::Metadata;
use quorate_cluster::Node;
use quorate_cluster::NodeState;
use quorate_cluster::Permission;
use quorate_cluster::Property;
use quorate_cluster::Resource;
use quorate_cluster::SaltedHash;
use quorate_cluster::TableChange;
use quorate_cluster::TableDefinition;
use quorate_cluster::Transformation;
use quorate_data::CellState;
use quorate_data::CqlType;
use quorate_data::Limits;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Slice;
use quorate_data::ordered::decode_component;
use quorate_data::partition::read;
use quorate_data::read::live_rows;
use quorate_data::text::format_literal;
use quorate_data::value::partition_key_components;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use quorate_types::Token;
use quorate_types::TokenRange;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use uuid::Uuid;

fn node(number: u32, rack: &str, tokens: &[i64]) -> Node {
    let endpoint = |port| Endpoint {
        host: format!("10.0.0.{number}"),
        port,
    };
    Node {
        host_id: HostId(Uuid::from_u128(number.into())),
        internode: endpoint(7000),
        client: endpoint(9043),
        native: Some(endpoint(9042)),
        datacenter: "dc1".to_owned(),
        rack: rack.to_owned(),
        state: NodeState::Normal,
        tokens: tokens.iter().copied().map(Token::new).collect(),
        build: "0.1.0".to_owned(),
    }
}

fn texts(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    entries.iter().map(owned).collect()
}

fn create_keyspace(name: &str, replication: &[(&str, &str)]) -> Transformation {
    Transformation::CreateKeyspace {
        name: name.to_owned(),
        replication: Some(texts(replication)),
        durable_writes: true,
        if_not_exists: false,
    }
}

fn create_table(keyspace: &str, name: &str, columns: &[(&str, CqlType)]) -> Transformation {
    let columns = columns.iter().map(|(name, cql_type)| ColumnDefinition {
        name: (*name).to_owned(),
        cql_type: *cql_type,
        is_static: *name == "s",
    });
    let columns: Vec<ColumnDefinition> = columns.collect();
    let has_clustering = columns.iter().any(|column| column.name == "c");
    Transformation::CreateTable {
        definition: TableDefinition {
            id: TableId(Uuid::from_u128(u128::from(name.len() as u64))),
            keyspace: keyspace.to_owned(),
            name: name.to_owned(),
            columns,
            partition_key: vec!["k".to_owned()],
            clustering: Vec::from_iter(has_clustering.then(|| "c".to_owned())),
            clustering_order: Vec::from_iter(has_clustering.then(|| ("c".to_owned(), true))),
            options: BTreeMap::from([
                ("comment".to_owned(), Property::quoted("it's ours")),
                (
                    "extensions".to_owned(),
                    Property::Map(texts(&[("x", "0xcafe")])),
                ),
            ]),
        },
        if_not_exists: false,
    }
}

/// Three nodes; `shop` with the tables `orders` and `hits`, and `empty`.
fn cluster() -> Metadata {
    let join = |node| Transformation::Join {
        node,
        num_tokens: 1,
    };
    let steps = [
        Transformation::Initialize {
            cluster_name: "demo".to_owned(),
            first: node(1, "r1", &[0, -5_000]),
            num_tokens: 2,
        },
        join(node(2, "r2", &[100])),
        join(node(3, "r3", &[-70, 200])),
        create_keyspace(
            "shop",
            &[("class", "NetworkTopologyStrategy"), ("dc1", "3")],
        ),
        create_keyspace(
            "empty",
            &[("class", "SimpleStrategy"), ("replication_factor", "1")],
        ),
        create_table(
            "shop",
            "orders",
            &[
                ("k", CqlType::Uuid),
                ("c", CqlType::Timeuuid),
                ("s", CqlType::Text),
                ("Paid", CqlType::Boolean),
                ("gone", CqlType::Inet),
            ],
        ),
        create_table(
            "shop",
            "hits",
            &[("k", CqlType::Text), ("n", CqlType::Counter)],
        ),
        Transformation::AlterTable {
            keyspace: "shop".to_owned(),
            table: "orders".to_owned(),
            change: TableChange::DropColumns {
                names: vec!["gone".to_owned()],
                if_exists: false,
                at_micros: 1_700_000_000_123_456,
            },
            if_exists: false,
        },
    ];
    let mut metadata = Metadata::empty("");
    for step in steps {
        metadata = metadata.apply(&step).unwrap().0;
    }
    metadata
}

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// What node 1 knows: all of node 2, of node 3 only the metadata.
fn snapshot(metadata: &Metadata) -> Snapshot<'_> {
    Snapshot {
        metadata,
        local: LocalNode {
            host_id: HostId(Uuid::from_u128(1)),
            generation: 1_700_000_000,
            native: socket("192.0.2.1:9142"),
            broadcast: socket("10.0.0.1:7000"),
            listen: socket("10.0.0.1:7001"),
        },
        nodes: vec![NodeView {
            host_id: HostId(Uuid::from_u128(2)),
            internode: socket("10.0.0.2:7000"),
            native: Some(socket("[2001:db8::2]:9142")),
            schema_version: Some(Uuid::from_u128(5)),
        }],
        prepared: Vec::new(),
        clients: Vec::new(),
        settings: Vec::new(),
        sizes: Vec::new(),
        gossip: Vec::new(),
        traces: Vec::new(),
    }
}

/// The rows of a table as `column=literal …`, nulls left out, sorted.
fn rows(name: &str, snapshot: &Snapshot<'_>) -> Vec<String> {
    let (keyspace, name) = name.split_once('.').unwrap();
    let table = table(keyspace, name).unwrap();
    let filled = contents(table.id, snapshot).unwrap();
    let command = ReadCommand {
        table: table.id,
        epoch: Epoch::NONE,
        now: NowInSeconds(1_000),
        purge_before_secs: 0,
        target: ReadTarget::Range(TokenRange::FULL),
        slices: vec![Slice::everything()],
        reversed: false,
        limits: Limits {
            rows: u32::MAX,
            rows_per_partition: u32::MAX,
            reply_bytes: u32::MAX,
            tombstones: u32::MAX,
        },
        after: None,
    };
    let reply = read(&filled, &command).unwrap();
    let mut lines = Vec::new();
    for partition in &reply.partitions {
        let live = live_rows(partition, command.now).unwrap();
        let key = table.partition_key();
        let key: Vec<(&Column, Bytes)> = key
            .iter()
            .zip(partition_key_components(&live.key, key.len()).unwrap())
            .collect();
        for (framed, row) in live.rows {
            let mut rest = &framed[..];
            let mut values = key.clone();
            for column in table.clustering() {
                let wire = decode_component(column.cql_type, false, &mut rest).unwrap();
                values.push((column, wire));
            }
            for cell in row.cells {
                assert_eq!(cell.timestamp, 0);
                let CellState::Live(wire) = cell.state else {
                    panic!("{cell:?}");
                };
                values.push((table.column_by_id(cell.column).unwrap(), wire));
            }
            let texts = values.iter().map(|(column, wire)| {
                format!("{}={}", column.name, format_literal(column.cql_type, wire))
            });
            lines.push(texts.collect::<Vec<_>>().join(" "));
        }
    }
    lines.sort();
    lines
}

/// Those of [`rows`] that contain `part`.
fn rows_with(name: &str, snapshot: &Snapshot<'_>, part: &str) -> Vec<String> {
    let mut lines = rows(name, snapshot);
    lines.retain(|line| line.contains(part));
    lines
}

#[test]
fn every_table_has_contents_and_no_other_has() {
    let metadata = cluster();
    let snapshot = snapshot(&metadata);
    for table in keyspaces().iter().flat_map(|known| known.tables.values()) {
        assert!(contents(table.id, &snapshot).is_some());
        assert_eq!(
            contents(table.id, &snapshot),
            contents(table.id, &snapshot),
            "Y2"
        );
    }
    let orders = metadata.table("shop", "orders").unwrap();
    assert!(contents(orders.id, &snapshot).is_none());
}

#[test]
fn the_local_node_is_one_row() {
    let metadata = cluster();
    let version = metadata.schema_version();
    let wanted = format!(
        "key='local' bootstrapped='COMPLETED' broadcast_address='10.0.0.1' broadcast_port=7000 cluster_name='demo' cql_version='3.4.7' data_center='dc1' gossip_generation=1700000000 host_id=00000000-0000-0000-0000-000000000001 listen_address='10.0.0.1' listen_port=7001 native_protocol_version='5' partitioner='org.apache.cassandra.dht.Murmur3Partitioner' rack='r1' release_version='5.0.9' rpc_address='192.0.2.1' rpc_port=9142 schema_version={version} tokens={{'-5000', '0'}}"
    );
    assert_eq!(rows("system.local", &snapshot(&metadata)), [wanted]);
    let before = Metadata::empty("demo");
    let lines = rows("system.local", &snapshot(&before));
    assert!(lines[0].contains("bootstrapped='NEEDS_BOOTSTRAP'"));
    assert!(!lines[0].contains("tokens"));
}

#[test]
fn the_other_nodes_are_peers_known_by_gossip_or_by_metadata() {
    let metadata = cluster();
    let snapshot = snapshot(&metadata);
    assert_eq!(
        rows("system.peers_v2", &snapshot),
        [
            "peer='10.0.0.2' peer_port=7000 data_center='dc1' host_id=00000000-0000-0000-0000-000000000002 native_address='2001:db8::2' native_port=9142 rack='r2' release_version='5.0.9' schema_version=00000000-0000-0000-0000-000000000005 tokens={'100'}",
            "peer='10.0.0.3' peer_port=7000 data_center='dc1' host_id=00000000-0000-0000-0000-000000000003 native_address='10.0.0.3' native_port=9042 rack='r3' release_version='5.0.9' tokens={'-70', '200'}",
        ]
    );
    assert_eq!(
        rows("system.peers", &snapshot),
        [
            "peer='10.0.0.2' data_center='dc1' host_id=00000000-0000-0000-0000-000000000002 rack='r2' release_version='5.0.9' rpc_address='2001:db8::2' schema_version=00000000-0000-0000-0000-000000000005 tokens={'100'}",
            "peer='10.0.0.3' data_center='dc1' host_id=00000000-0000-0000-0000-000000000003 rack='r3' release_version='5.0.9' rpc_address='10.0.0.3' tokens={'-70', '200'}",
        ]
    );
}

#[test]
fn a_node_that_drivers_could_not_use_is_no_peer() {
    let mut metadata = cluster();
    let changed = |metadata: &mut Metadata, number: u32, change: fn(&mut Node)| {
        let host_id = HostId(Uuid::from_u128(number.into()));
        change(metadata.nodes.get_mut(&host_id).unwrap());
    };
    changed(&mut metadata, 3, |node| node.native = None);
    assert_eq!(rows("system.peers_v2", &snapshot(&metadata)).len(), 1);
    changed(&mut metadata, 3, |node| {
        node.native = "node-3.example:9042".parse().ok();
    });
    assert_eq!(rows("system.peers_v2", &snapshot(&metadata)).len(), 1);
    changed(&mut metadata, 2, |node| node.state = NodeState::Joining);
    assert_eq!(rows("system.peers_v2", &snapshot(&metadata)).len(), 0);
}

#[test]
fn without_ports_nodes_of_one_address_are_one_peer_not_a_mixture() {
    let metadata = cluster();
    let mut snapshot = snapshot(&metadata);
    let mut third = snapshot.nodes[0];
    third.host_id = HostId(Uuid::from_u128(3));
    third.internode.set_port(7002);
    snapshot.nodes.push(third);
    assert_eq!(rows("system.peers_v2", &snapshot).len(), 2);
    let peers = rows("system.peers", &snapshot);
    assert_eq!(peers.len(), 1);
    assert!(peers[0].contains("rack='r2'") && peers[0].contains("tokens={'100'}"));
}

#[test]
fn users_and_system_keyspaces_are_in_the_schema_and_virtual_ones_apart() {
    let metadata = cluster();
    let snapshot = snapshot(&metadata);
    let line = |name: &str, class: &str, factors: &str| {
        format!(
            "keyspace_name='{name}' durable_writes=true replication={{'class': 'org.apache.cassandra.locator.{class}'{factors}}}"
        )
    };
    let simple = |factor| format!(", 'replication_factor': '{factor}'");
    assert_eq!(
        rows("system_schema.keyspaces", &snapshot),
        [
            line("empty", "SimpleStrategy", &simple(1)),
            line("shop", "NetworkTopologyStrategy", ", 'dc1': '3'"),
            line("system", "LocalStrategy", ""),
            line("system_auth", "SimpleStrategy", &simple(1)),
            line("system_distributed", "SimpleStrategy", &simple(3)),
            line("system_schema", "LocalStrategy", ""),
            line("system_traces", "SimpleStrategy", &simple(2)),
        ]
    );
    assert_eq!(
        rows("system_virtual_schema.keyspaces", &snapshot),
        [
            "keyspace_name='system_views'",
            "keyspace_name='system_virtual_schema'"
        ]
    );
}

#[test]
fn tables_show_their_options() {
    let metadata = cluster();
    let snapshot = snapshot(&metadata);
    let users = rows_with("system_schema.tables", &snapshot, "keyspace_name='shop'");
    let options = "additional_write_policy='99p' allow_auto_snapshot=true bloom_filter_fp_chance=0.01 caching={'keys': 'ALL', 'rows_per_partition': 'NONE'} cdc=false comment='it''s ours' compaction={'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', 'max_threshold': '32', 'min_threshold': '4'} compression={'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'} crc_check_chance=1.0 dclocal_read_repair_chance=0.0 default_time_to_live=0 extensions={'x': 0xcafe}";
    let more = "incremental_backups=true max_index_interval=2048 memtable='default' memtable_flush_period_in_ms=0 min_index_interval=128 read_repair='BLOCKING' read_repair_chance=0.0 speculative_retry='99p'";
    assert_eq!(
        users,
        [
            format!(
                "keyspace_name='shop' table_name='hits' {options} flags={{'compound', 'counter'}} gc_grace_seconds=864000 id=00000000-0000-0000-0000-000000000004 {more}"
            ),
            format!(
                "keyspace_name='shop' table_name='orders' {options} flags={{'compound'}} gc_grace_seconds=864000 id=00000000-0000-0000-0000-000000000006 {more}"
            ),
        ]
    );
    let replicated = keyspaces().iter().take(5);
    let own: usize = replicated.map(|keyspace| keyspace.tables.len()).sum();
    assert_eq!(rows("system_schema.tables", &snapshot).len(), 2 + own);
    assert_eq!(
        rows_with("system_virtual_schema.tables", &snapshot, "settings"),
        ["keyspace_name='system_views' table_name='settings' comment='current settings'"]
    );
}

#[test]
fn columns_show_their_place_and_type() {
    let metadata = cluster();
    let snapshot = snapshot(&metadata);
    let line = |column: &str, rest: &str| {
        format!("keyspace_name='shop' table_name='orders' column_name={column} {rest}")
    };
    assert_eq!(
        rows_with("system_schema.columns", &snapshot, "'orders'"),
        [
            line(
                "'Paid'",
                "clustering_order='none' column_name_bytes=0x50616964 kind='regular' position=-1 type='boolean'"
            ),
            line(
                "'c'",
                "clustering_order='desc' column_name_bytes=0x63 kind='clustering' position=0 type='timeuuid'"
            ),
            line(
                "'k'",
                "clustering_order='none' column_name_bytes=0x6b kind='partition_key' position=0 type='uuid'"
            ),
            line(
                "'s'",
                "clustering_order='none' column_name_bytes=0x73 kind='static' position=-1 type='text'"
            ),
        ]
    );
    let type_of = |table: &str, part: &str| {
        let mut lines = rows_with(table, &snapshot, part);
        let line = lines.pop().unwrap();
        assert!(lines.is_empty());
        line.split_once("type=").unwrap().1.to_owned()
    };
    let columns = "system_schema.columns";
    let truncated_at = "table_name='local' column_name='truncated_at'";
    assert_eq!(type_of(columns, truncated_at), "'map<uuid, blob>'");
    let replication = "table_name='keyspaces' column_name='replication'";
    assert_eq!(type_of(columns, replication), "'frozen<map<text, text>>'");
    let columns = "system_virtual_schema.columns";
    assert_eq!(type_of(columns, "column_name='value'"), "'text'");
}

#[test]
fn dropped_columns_are_remembered() {
    let metadata = cluster();
    assert_eq!(
        rows("system_schema.dropped_columns", &snapshot(&metadata)),
        [
            "keyspace_name='shop' table_name='orders' column_name='gone' dropped_time='2023-11-14T22:13:20.123Z' kind='regular' type='inet'"
        ]
    );
}

#[test]
fn prepared_statements_and_settings_are_listed() {
    let metadata = cluster();
    let mut snapshot = snapshot(&metadata);
    let statement = |id: u8, keyspace: Option<&str>| PreparedView {
        id: Bytes::copy_from_slice(&[id; 2]),
        keyspace: keyspace.map(str::to_owned),
        query: "SELECT 1".to_owned(),
    };
    snapshot.prepared = vec![statement(1, Some("shop")), statement(2, None)];
    assert_eq!(
        rows("system.prepared_statements", &snapshot),
        [
            "prepared_id=0x0101 logged_keyspace='shop' query_string='SELECT 1'",
            "prepared_id=0x0202 query_string='SELECT 1'",
        ]
    );
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    snapshot.settings = vec![setting("cluster_name", "demo"), setting("", "left out")];
    assert_eq!(
        rows("system_views.settings", &snapshot),
        ["name='cluster_name' value='demo'"]
    );
}

/// [`cluster`] with the superuser `root`, `ada` who made the table `shop.orders` and is a `clerk`,
/// and what clerks may do.
fn cluster_with_roles() -> Metadata {
    let create = |name: &str, is_superuser| Transformation::CreateRole {
        name: name.to_owned(),
        can_login: name != "clerk",
        is_superuser,
        salted_hash: SaltedHash::new(format!("$2a$10${}", "x".repeat(53))),
        if_not_exists: false,
    };
    let grant =
        |role: &str, resource, permissions: &[Permission]| Transformation::GrantPermissions {
            role: role.to_owned(),
            resource,
            permissions: permissions.iter().copied().collect(),
        };
    let orders = Resource::table("shop", "orders");
    let steps = [
        create("root", true),
        create("clerk", false),
        create("ada", false),
        Transformation::GrantRole {
            role: "clerk".to_owned(),
            grantee: "ada".to_owned(),
        },
        grant("ada", orders, &[Permission::Modify, Permission::Alter]),
        grant("clerk", Resource::AllKeyspaces, &[Permission::Select]),
        grant(
            "clerk",
            Resource::AllTables("shop".to_owned()),
            &[Permission::Create],
        ),
        grant(
            "clerk",
            Resource::Role("ada".to_owned()),
            &[Permission::Drop],
        ),
    ];
    let mut metadata = cluster();
    for step in steps {
        metadata = metadata.apply(&step).unwrap().0;
    }
    metadata
}

#[test]
fn roles_and_their_members_are_shown_without_their_passwords() {
    let metadata = cluster_with_roles();
    assert!(
        metadata
            .roles
            .values()
            .all(|role| role.salted_hash.is_some())
    );
    let snapshot = snapshot(&metadata);
    assert_eq!(
        rows("system_auth.roles", &snapshot),
        [
            "role='ada' can_login=true is_superuser=false member_of={'clerk'}",
            "role='clerk' can_login=false is_superuser=false",
            "role='root' can_login=true is_superuser=true",
        ],
        "Y3"
    );
    assert_eq!(
        rows("system_auth.role_members", &snapshot),
        ["role='clerk' member='ada'"]
    );
}

#[test]
fn grants_are_shown_by_role_and_by_resource() {
    let metadata = cluster_with_roles();
    let snapshot = snapshot(&metadata);
    assert_eq!(
        rows("system_auth.role_permissions", &snapshot),
        [
            "role='ada' resource='data/shop/orders' permissions={'ALTER', 'MODIFY'}",
            "role='clerk' resource='data' permissions={'SELECT'}",
            "role='clerk' resource='data/shop/*' permissions={'CREATE'}",
            "role='clerk' resource='roles/ada' permissions={'DROP'}",
        ]
    );
    assert_eq!(
        rows("system_auth.resource_role_permissons_index", &snapshot),
        [
            "resource='data' role='clerk'",
            "resource='data/shop/*' role='clerk'",
            "resource='data/shop/orders' role='ada'",
            "resource='roles/ada' role='clerk'",
        ]
    );
}

#[test]
fn sizes_are_shared_out_by_the_length_of_the_primary_ranges() {
    let metadata = cluster();
    let mut snapshot = snapshot(&metadata);
    snapshot.local.host_id = HostId(Uuid::from_u128(3));
    snapshot.sizes = vec![SizeEstimate {
        keyspace: "shop".to_owned(),
        table: "orders".to_owned(),
        partitions: 50_300,
        partition_bytes_mean: 7,
    }];
    // The ring: -5000 (1), -70 (3), 0 (1), 100 (2), 200 (3): 4930 tokens and 100.
    assert_eq!(
        rows("system.size_estimates", &snapshot),
        [
            "keyspace_name='shop' table_name='orders' range_start='-5000' range_end='-70' mean_partition_size=7 partitions_count=49300",
            "keyspace_name='shop' table_name='orders' range_start='100' range_end='200' mean_partition_size=7 partitions_count=1000",
        ]
    );
    snapshot.local.host_id = HostId(Uuid::from_u128(1));
    assert_eq!(
        rows("system.table_estimates", &snapshot),
        [
            "keyspace_name='shop' table_name='orders' range_type='primary' range_start='-70' range_end='0' mean_partition_size=7 partitions_count=0",
            "keyspace_name='shop' table_name='orders' range_type='primary' range_start='200' range_end='-5000' mean_partition_size=7 partitions_count=50300",
        ]
    );
}

#[test]
fn clients_are_listed_with_what_is_known_of_them() {
    let metadata = cluster();
    let mut snapshot = snapshot(&metadata);
    let plain = ClientView {
        address: socket("198.51.100.1:50000"),
        hostname: None,
        options: texts(&[("CQL_VERSION", "3.0.0")]),
        stage: "ESTABLISHED",
        driver_name: None,
        driver_version: None,
        keyspace: None,
        protocol_version: 4,
        request_count: 1,
        ssl: None,
        username: None,
    };
    let known = ClientView {
        address: socket("198.51.100.1:50001"),
        hostname: Some("app".to_owned()),
        options: BTreeMap::new(),
        stage: "READY",
        driver_name: Some("Python".to_owned()),
        driver_version: Some("3.30".to_owned()),
        keyspace: Some("shop".to_owned()),
        protocol_version: 5,
        request_count: u64::MAX,
        ssl: Some(SslView {
            cipher_suite: "AES".to_owned(),
            protocol: "TLSv1.3".to_owned(),
        }),
        username: Some("ada".to_owned()),
    };
    snapshot.clients = vec![known, plain];
    assert_eq!(
        rows("system_views.clients", &snapshot),
        [
            "address='198.51.100.1' port=50000 client_options={'CQL_VERSION': '3.0.0'} connection_stage='ESTABLISHED' protocol_version=4 request_count=1 ssl_enabled=false",
            "address='198.51.100.1' port=50001 client_options={} connection_stage='READY' driver_name='Python' driver_version='3.30' hostname='app' keyspace_name='shop' protocol_version=5 request_count=9223372036854775807 ssl_cipher_suite='AES' ssl_enabled=true ssl_protocol='TLSv1.3' username='ada'",
        ]
    );
}

#[test]
fn gossip_shows_the_facts_it_has_columns_for() {
    let metadata = cluster();
    let mut snapshot = snapshot(&metadata);
    let fact = |name, value: &str, version| GossipFact {
        name,
        value: value.to_owned(),
        version,
    };
    snapshot.gossip = vec![GossipView {
        address: socket("10.0.0.2:7000"),
        hostname: "node-2".to_owned(),
        generation: 17,
        heartbeat: 99,
        facts: vec![
            fact("rack", "r2", 4),
            fact("dc", "dc1", 3),
            fact("other", "x", 5),
        ],
    }];
    assert_eq!(
        rows("system_views.gossip_info", &snapshot),
        [
            "address='10.0.0.2' port=7000 hostname='node-2' dc='dc1' dc_version=3 generation=17 heartbeat=99 rack='r2' rack_version=4"
        ]
    );
}
