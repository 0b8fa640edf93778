//! The tables have the columns that drivers expect.

use crate::catalogue::type_text;
use crate::is_system_keyspace;
use crate::keyspaces;
use crate::table;
use crate::table_by_id;
use crate::tables::VIRTUAL_KEYSPACES;
use quorate_cluster::SYSTEM_KEYSPACES;
use quorate_cluster::TableSchema;
use std::collections::BTreeSet;

/// As `(partition key), clustering; others`, transcribed from semantics B.2: `SELECT *` order.
const COLUMNS: &[(&str, &str)] = &[
    (
        "system.local",
        "(key text); bootstrapped text, broadcast_address inet, broadcast_port int, cluster_name text, cql_version text, data_center text, gossip_generation int, host_id uuid, listen_address inet, listen_port int, native_protocol_version text, partitioner text, rack text, release_version text, rpc_address inet, rpc_port int, schema_version uuid, tokens set<text>, truncated_at map<uuid, blob>",
    ),
    (
        "system.peers_v2",
        "(peer inet), peer_port int; data_center text, host_id uuid, native_address inet, native_port int, preferred_ip inet, preferred_port int, rack text, release_version text, schema_version uuid, tokens set<text>",
    ),
    (
        "system.peers",
        "(peer inet); data_center text, host_id uuid, preferred_ip inet, rack text, release_version text, rpc_address inet, schema_version uuid, tokens set<text>",
    ),
    (
        "system.prepared_statements",
        "(prepared_id blob); logged_keyspace text, query_string text",
    ),
    (
        "system.size_estimates",
        "(keyspace_name text), table_name text, range_start text, range_end text; mean_partition_size bigint, partitions_count bigint",
    ),
    (
        "system.table_estimates",
        "(keyspace_name text), table_name text, range_type text, range_start text, range_end text; mean_partition_size bigint, partitions_count bigint",
    ),
    (
        "system.IndexInfo",
        "(table_name text), index_name text; value blob",
    ),
    (
        "system.available_ranges_v2",
        "(keyspace_name text); full_ranges set<blob>, transient_ranges set<blob>",
    ),
    (
        "system.batches",
        "(id timeuuid); mutations list<blob>, version int",
    ),
    (
        "system.built_views",
        "(keyspace_name text), view_name text; status_replicated boolean",
    ),
    (
        "system.compaction_history",
        "(id timeuuid); bytes_in bigint, bytes_out bigint, columnfamily_name text, compacted_at timestamp, compaction_properties frozen<map<text, text>>, keyspace_name text, rows_merged map<int, bigint>",
    ),
    (
        "system.paxos",
        "(row_key blob), cf_id uuid; in_progress_ballot timeuuid, most_recent_commit blob, most_recent_commit_at timeuuid, most_recent_commit_version int, proposal blob, proposal_ballot timeuuid, proposal_version int",
    ),
    (
        "system.peer_events_v2",
        "(peer inet), peer_port int; hints_dropped map<uuid, int>",
    ),
    (
        "system.repairs",
        "(parent_id timeuuid); cfids set<uuid>, coordinator inet, coordinator_port int, last_update timestamp, participants set<inet>, participants_wp set<text>, ranges set<blob>, repaired_at timestamp, started_at timestamp, state int",
    ),
    (
        "system.sstable_activity_v2",
        "(keyspace_name text, table_name text, id text); rate_120m double, rate_15m double",
    ),
    (
        "system.transferred_ranges_v2",
        "(operation text, keyspace_name text), peer inet, peer_port int; ranges set<blob>",
    ),
    (
        "system.view_builds_in_progress",
        "(keyspace_name text), view_name text, start_token text, end_token text; keys_built bigint, last_token text",
    ),
    (
        "system_schema.keyspaces",
        "(keyspace_name text); durable_writes boolean, replication frozen<map<text, text>>",
    ),
    (
        "system_schema.tables",
        "(keyspace_name text), table_name text; additional_write_policy text, allow_auto_snapshot boolean, bloom_filter_fp_chance double, caching frozen<map<text, text>>, cdc boolean, comment text, compaction frozen<map<text, text>>, compression frozen<map<text, text>>, crc_check_chance double, dclocal_read_repair_chance double, default_time_to_live int, extensions frozen<map<text, blob>>, flags frozen<set<text>>, gc_grace_seconds int, id uuid, incremental_backups boolean, max_index_interval int, memtable text, memtable_flush_period_in_ms int, min_index_interval int, read_repair text, read_repair_chance double, speculative_retry text",
    ),
    (
        "system_schema.columns",
        "(keyspace_name text), table_name text, column_name text; clustering_order text, column_name_bytes blob, kind text, position int, type text",
    ),
    (
        "system_schema.column_masks",
        "(keyspace_name text), table_name text, column_name text; function_argument_nulls frozen<list<boolean>>, function_argument_types frozen<list<text>>, function_argument_values frozen<list<text>>, function_keyspace text, function_name text",
    ),
    (
        "system_schema.dropped_columns",
        "(keyspace_name text), table_name text, column_name text; dropped_time timestamp, kind text, type text",
    ),
    (
        "system_schema.indexes",
        "(keyspace_name text), table_name text, index_name text; kind text, options frozen<map<text, text>>",
    ),
    (
        "system_schema.types",
        "(keyspace_name text), type_name text; field_names frozen<list<text>>, field_types frozen<list<text>>",
    ),
    (
        "system_schema.triggers",
        "(keyspace_name text), table_name text, trigger_name text; options frozen<map<text, text>>",
    ),
    (
        "system_schema.functions",
        "(keyspace_name text), function_name text, argument_types frozen<list<text>>; argument_names frozen<list<text>>, body text, called_on_null_input boolean, language text, return_type text",
    ),
    (
        "system_schema.aggregates",
        "(keyspace_name text), aggregate_name text, argument_types frozen<list<text>>; final_func text, initcond text, return_type text, state_func text, state_type text",
    ),
    (
        "system_schema.views",
        "(keyspace_name text), view_name text; additional_write_policy text, allow_auto_snapshot boolean, base_table_id uuid, base_table_name text, bloom_filter_fp_chance double, caching frozen<map<text, text>>, cdc boolean, comment text, compaction frozen<map<text, text>>, compression frozen<map<text, text>>, crc_check_chance double, dclocal_read_repair_chance double, default_time_to_live int, extensions frozen<map<text, blob>>, gc_grace_seconds int, id uuid, include_all_columns boolean, incremental_backups boolean, max_index_interval int, memtable text, memtable_flush_period_in_ms int, min_index_interval int, read_repair text, read_repair_chance double, speculative_retry text, where_clause text",
    ),
    ("system_virtual_schema.keyspaces", "(keyspace_name text); "),
    (
        "system_virtual_schema.tables",
        "(keyspace_name text), table_name text; comment text",
    ),
    (
        "system_virtual_schema.columns",
        "(keyspace_name text), table_name text, column_name text; clustering_order text, column_name_bytes blob, kind text, position int, type text",
    ),
    (
        "system_auth.roles",
        "(role text); can_login boolean, is_superuser boolean, member_of set<text>, salted_hash text",
    ),
    ("system_auth.role_members", "(role text), member text; "),
    (
        "system_auth.role_permissions",
        "(role text), resource text; permissions set<text>",
    ),
    (
        "system_auth.resource_role_permissons_index",
        "(resource text), role text; ",
    ),
    (
        "system_auth.network_permissions",
        "(role text); dcs frozen<set<text>>",
    ),
    (
        "system_auth.cidr_permissions",
        "(role text); cidr_groups frozen<set<text>>",
    ),
    ("system_auth.identity_to_role", "(identity text); role text"),
    (
        "system_traces.sessions",
        "(session_id uuid); client inet, command text, coordinator inet, coordinator_port int, duration int, parameters map<text, text>, request text, started_at timestamp",
    ),
    (
        "system_traces.events",
        "(session_id uuid), event_id timeuuid; activity text, source inet, source_elapsed int, source_port int, thread text",
    ),
    (
        "system_distributed.repair_history",
        "(keyspace_name text, columnfamily_name text), id timeuuid; coordinator inet, coordinator_port int, exception_message text, exception_stacktrace text, finished_at timestamp, parent_id timeuuid, participants set<inet>, participants_v2 set<text>, range_begin text, range_end text, started_at timestamp, status text",
    ),
    (
        "system_distributed.parent_repair_history",
        "(parent_id timeuuid); columnfamily_names set<text>, exception_message text, exception_stacktrace text, finished_at timestamp, keyspace_name text, options map<text, text>, requested_ranges set<text>, started_at timestamp, successful_ranges set<text>",
    ),
    (
        "system_distributed.view_build_status",
        "(keyspace_name text, view_name text), host_id uuid; status text",
    ),
    (
        "system_distributed.partition_denylist",
        "(ks_name text, table_name text), key blob; ",
    ),
    (
        "system_views.clients",
        "(address inet), port int; client_options frozen<map<text, text>>, connection_stage text, driver_name text, driver_version text, hostname text, keyspace_name text, protocol_version int, request_count bigint, ssl_cipher_suite text, ssl_enabled boolean, ssl_protocol text, username text",
    ),
    (
        "system_views.gossip_info",
        "(address inet), port int, hostname text; dc text, dc_version int, generation int, heartbeat int, host_id text, host_id_version int, internal_address_and_port text, internal_address_and_port_version int, load text, load_version int, native_address_and_port text, native_address_and_port_version int, rack text, rack_version int, release_version text, release_version_version int, rpc_ready text, rpc_ready_version int, schema text, schema_version int, status_with_port text, status_with_port_version int",
    ),
    ("system_views.settings", "(name text); value text"),
];

fn shown(table: &TableSchema) -> String {
    let texts = |columns: &[quorate_cluster::Column]| -> Vec<String> {
        let columns = columns.iter();
        columns
            .map(|column| format!("{} {}", column.name, type_text(table.id, column)))
            .collect()
    };
    let mut keys = vec![format!("({})", texts(table.partition_key()).join(", "))];
    keys.extend(texts(table.clustering()));
    format!(
        "{}; {}",
        keys.join(", "),
        texts(table.regulars()).join(", ")
    )
}

#[test]
fn every_table_has_the_columns_of_cassandra() {
    for (name, columns) in COLUMNS {
        let (keyspace, name) = name.split_once('.').unwrap();
        let table = table(keyspace, name).unwrap_or_else(|| panic!("{keyspace}.{name}"));
        assert_eq!(shown(table), *columns, "{}", table.full_name());
    }
    let tables = keyspaces()
        .iter()
        .flat_map(|keyspace| keyspace.tables.values());
    let named: BTreeSet<String> = tables.map(|table| table.full_name()).collect();
    let wanted = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(named, wanted);
}

#[test]
fn the_keyspaces_are_those_that_nobody_may_change() {
    let names: Vec<&str> = keyspaces()
        .iter()
        .map(|known| known.name.as_str())
        .collect();
    assert_eq!(BTreeSet::from_iter(names), BTreeSet::from(SYSTEM_KEYSPACES),);
    assert!(VIRTUAL_KEYSPACES.into_iter().all(is_system_keyspace));
    assert!(!is_system_keyspace("shop"));
}

#[test]
fn tables_are_found_by_their_ids_and_names() {
    let mut ids = BTreeSet::new();
    for table in keyspaces().iter().flat_map(|known| known.tables.values()) {
        assert!(ids.insert(table.id), "{}", table.full_name());
        assert_eq!(table_by_id(table.id), Some(table));
    }
    assert!(table("system", "indexinfo").is_none());
    assert!(table("shop", "local").is_none());
    // Other nodes and other builds make the same.
    assert_eq!(
        table("system", "local").map(|table| table.id.to_string()),
        Some("76de0a4c-4f85-3969-a50f-22d45ab3427d".to_owned())
    );
}
