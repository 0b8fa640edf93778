//! The keyspaces `system_schema` and `system_virtual_schema`: what keyspaces, tables and columns
//! there are.

use super::Definition;

pub(super) const TABLES: [Definition; 11] = [
    Definition {
        name: "keyspaces",
        comment: "keyspace definitions",
        partition_key: "keyspace_name text",
        clustering: "",
        others: "durable_writes boolean; replication frozen<map<text, text>>",
    },
    Definition {
        name: "tables",
        comment: "table definitions",
        partition_key: "keyspace_name text",
        clustering: "table_name text",
        others: "additional_write_policy text; allow_auto_snapshot boolean; \
            bloom_filter_fp_chance double; caching frozen<map<text, text>>; cdc boolean; \
            comment text; compaction frozen<map<text, text>>; \
            compression frozen<map<text, text>>; crc_check_chance double; \
            dclocal_read_repair_chance double; default_time_to_live int; \
            extensions frozen<map<text, blob>>; flags frozen<set<text>>; gc_grace_seconds int; \
            id uuid; incremental_backups boolean; max_index_interval int; memtable text; \
            memtable_flush_period_in_ms int; min_index_interval int; read_repair text; \
            read_repair_chance double; speculative_retry text",
    },
    Definition {
        name: "columns",
        comment: "column definitions",
        partition_key: "keyspace_name text",
        clustering: "table_name text; column_name text",
        others: "clustering_order text; column_name_bytes blob; kind text; position int; type text",
    },
    Definition {
        name: "column_masks",
        comment: "column dynamic data masks",
        partition_key: "keyspace_name text",
        clustering: "table_name text; column_name text",
        others: "function_argument_nulls frozen<list<boolean>>; \
            function_argument_types frozen<list<text>>; \
            function_argument_values frozen<list<text>>; function_keyspace text; \
            function_name text",
    },
    Definition {
        name: "dropped_columns",
        comment: "dropped column registry",
        partition_key: "keyspace_name text",
        clustering: "table_name text; column_name text",
        others: "dropped_time timestamp; kind text; type text",
    },
    Definition {
        name: "triggers",
        comment: "trigger definitions",
        partition_key: "keyspace_name text",
        clustering: "table_name text; trigger_name text",
        others: "options frozen<map<text, text>>",
    },
    Definition {
        name: "views",
        comment: "view definitions",
        partition_key: "keyspace_name text",
        clustering: "view_name text",
        others: "additional_write_policy text; allow_auto_snapshot boolean; base_table_id uuid; \
            base_table_name text; bloom_filter_fp_chance double; \
            caching frozen<map<text, text>>; cdc boolean; comment text; \
            compaction frozen<map<text, text>>; compression frozen<map<text, text>>; \
            crc_check_chance double; dclocal_read_repair_chance double; \
            default_time_to_live int; extensions frozen<map<text, blob>>; gc_grace_seconds int; \
            id uuid; include_all_columns boolean; incremental_backups boolean; \
            max_index_interval int; memtable text; memtable_flush_period_in_ms int; \
            min_index_interval int; read_repair text; read_repair_chance double; \
            speculative_retry text; where_clause text",
    },
    Definition {
        name: "types",
        comment: "user defined type definitions",
        partition_key: "keyspace_name text",
        clustering: "type_name text",
        others: "field_names frozen<list<text>>; field_types frozen<list<text>>",
    },
    Definition {
        name: "functions",
        comment: "user defined function definitions",
        partition_key: "keyspace_name text",
        clustering: "function_name text; argument_types frozen<list<text>>",
        others: "argument_names frozen<list<text>>; body text; called_on_null_input boolean; \
            language text; return_type text",
    },
    Definition {
        name: "aggregates",
        comment: "user defined aggregate definitions",
        partition_key: "keyspace_name text",
        clustering: "aggregate_name text; argument_types frozen<list<text>>",
        others: "final_func text; initcond text; return_type text; state_func text; \
            state_type text",
    },
    Definition {
        name: "indexes",
        comment: "secondary index definitions",
        partition_key: "keyspace_name text",
        clustering: "table_name text; index_name text",
        others: "kind text; options frozen<map<text, text>>",
    },
];

pub(super) const VIRTUAL_TABLES: [Definition; 3] = [
    Definition {
        name: "keyspaces",
        comment: "virtual keyspace definitions",
        partition_key: "keyspace_name text",
        clustering: "",
        others: "",
    },
    Definition {
        name: "tables",
        comment: "virtual table definitions",
        partition_key: "keyspace_name text",
        clustering: "table_name text",
        others: "comment text",
    },
    Definition {
        name: "columns",
        comment: "virtual column definitions",
        partition_key: "keyspace_name text",
        clustering: "table_name text; column_name text",
        others: "clustering_order text; column_name_bytes blob; kind text; position int; type text",
    },
];
