//! The keyspace `system`: what a node knows of itself and its peers.

use super::Definition;

pub(super) const TABLES: [Definition; 17] = [
    Definition {
        name: "local",
        comment: "information about the local node",
        partition_key: "key text",
        clustering: "",
        others: "bootstrapped text; broadcast_address inet; broadcast_port int; \
            cluster_name text; cql_version text; data_center text; gossip_generation int; \
            host_id uuid; listen_address inet; listen_port int; native_protocol_version text; \
            partitioner text; rack text; release_version text; rpc_address inet; rpc_port int; \
            schema_version uuid; tokens set<text>; truncated_at map<uuid, blob>",
    },
    Definition {
        name: "peers",
        comment: "information about known peers in the cluster, without ports",
        partition_key: "peer inet",
        clustering: "",
        others: "data_center text; host_id uuid; preferred_ip inet; rack text; \
            release_version text; rpc_address inet; schema_version uuid; tokens set<text>",
    },
    Definition {
        name: "peers_v2",
        comment: "information about known peers in the cluster",
        partition_key: "peer inet",
        clustering: "peer_port int",
        others: "data_center text; host_id uuid; native_address inet; native_port int; \
            preferred_ip inet; preferred_port int; rack text; release_version text; \
            schema_version uuid; tokens set<text>",
    },
    Definition {
        name: "prepared_statements",
        comment: "prepared statements",
        partition_key: "prepared_id blob",
        clustering: "",
        others: "logged_keyspace text; query_string text",
    },
    Definition {
        name: "size_estimates",
        comment: "per-table primary range size estimates",
        partition_key: "keyspace_name text",
        clustering: "table_name text; range_start text; range_end text",
        others: "mean_partition_size bigint; partitions_count bigint",
    },
    Definition {
        name: "table_estimates",
        comment: "per-table range size estimates",
        partition_key: "keyspace_name text",
        clustering: "table_name text; range_type text; range_start text; range_end text",
        others: "mean_partition_size bigint; partitions_count bigint",
    },
    Definition {
        name: "IndexInfo",
        comment: "built column indexes",
        partition_key: "table_name text",
        clustering: "index_name text",
        others: "value blob",
    },
    Definition {
        name: "available_ranges_v2",
        comment: "available keyspace/ranges during bootstrap/replace that are ready to be served",
        partition_key: "keyspace_name text",
        clustering: "",
        others: "full_ranges set<blob>; transient_ranges set<blob>",
    },
    Definition {
        name: "batches",
        comment: "batches awaiting replay",
        partition_key: "id timeuuid",
        clustering: "",
        others: "mutations list<blob>; version int",
    },
    Definition {
        name: "built_views",
        comment: "built views",
        partition_key: "keyspace_name text",
        clustering: "view_name text",
        others: "status_replicated boolean",
    },
    Definition {
        name: "compaction_history",
        comment: "week-long compaction history",
        partition_key: "id timeuuid",
        clustering: "",
        others: "bytes_in bigint; bytes_out bigint; columnfamily_name text; \
            compacted_at timestamp; compaction_properties frozen<map<text, text>>; \
            keyspace_name text; rows_merged map<int, bigint>",
    },
    Definition {
        name: "paxos",
        comment: "in-progress paxos proposals",
        partition_key: "row_key blob",
        clustering: "cf_id uuid",
        others: "in_progress_ballot timeuuid; most_recent_commit blob; \
            most_recent_commit_at timeuuid; most_recent_commit_version int; proposal blob; \
            proposal_ballot timeuuid; proposal_version int",
    },
    Definition {
        name: "peer_events_v2",
        comment: "events related to peers",
        partition_key: "peer inet",
        clustering: "peer_port int",
        others: "hints_dropped map<uuid, int>",
    },
    Definition {
        name: "repairs",
        comment: "repairs",
        partition_key: "parent_id timeuuid",
        clustering: "",
        others: "cfids set<uuid>; coordinator inet; coordinator_port int; last_update timestamp; \
            participants set<inet>; participants_wp set<text>; ranges set<blob>; \
            repaired_at timestamp; started_at timestamp; state int",
    },
    Definition {
        name: "sstable_activity_v2",
        comment: "historic sstable read rates",
        partition_key: "keyspace_name text; table_name text; id text",
        clustering: "",
        others: "rate_120m double; rate_15m double",
    },
    Definition {
        name: "transferred_ranges_v2",
        comment: "record of transferred ranges for streaming operation",
        partition_key: "operation text; keyspace_name text",
        clustering: "peer inet; peer_port int",
        others: "ranges set<blob>",
    },
    Definition {
        name: "view_builds_in_progress",
        comment: "views builds current progress",
        partition_key: "keyspace_name text",
        clustering: "view_name text; start_token text; end_token text",
        others: "keys_built bigint; last_token text",
    },
];
