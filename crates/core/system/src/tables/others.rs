//! The keyspaces that hold roles, traces and the history of repairs, and the views of a node at work.

use super::Definition;

pub(super) const AUTH: [Definition; 7] = [
    Definition {
        name: "roles",
        comment: "role definitions",
        partition_key: "role text",
        clustering: "",
        others: "can_login boolean; is_superuser boolean; member_of set<text>; salted_hash text",
    },
    Definition {
        name: "role_members",
        comment: "role memberships lookup table",
        partition_key: "role text",
        clustering: "member text",
        others: "",
    },
    Definition {
        name: "role_permissions",
        comment: "permissions granted to db roles",
        partition_key: "role text",
        clustering: "resource text",
        others: "permissions set<text>",
    },
    Definition {
        name: "resource_role_permissons_index",
        comment: "index of db roles with permissions granted on a resource",
        partition_key: "resource text",
        clustering: "role text",
        others: "",
    },
    Definition {
        name: "network_permissions",
        comment: "user network permissions",
        partition_key: "role text",
        clustering: "",
        others: "dcs frozen<set<text>>",
    },
    Definition {
        name: "cidr_permissions",
        comment: "user cidr permissions",
        partition_key: "role text",
        clustering: "",
        others: "cidr_groups frozen<set<text>>",
    },
    Definition {
        name: "identity_to_role",
        comment: "mtls authorized identities lookup table",
        partition_key: "identity text",
        clustering: "",
        others: "role text",
    },
];

pub(super) const DISTRIBUTED: [Definition; 4] = [
    Definition {
        name: "repair_history",
        comment: "Repair history",
        partition_key: "keyspace_name text; columnfamily_name text",
        clustering: "id timeuuid",
        others: "coordinator inet; coordinator_port int; exception_message text; \
            exception_stacktrace text; finished_at timestamp; parent_id timeuuid; \
            participants set<inet>; participants_v2 set<text>; range_begin text; range_end text; \
            started_at timestamp; status text",
    },
    Definition {
        name: "parent_repair_history",
        comment: "Repair history",
        partition_key: "parent_id timeuuid",
        clustering: "",
        others: "columnfamily_names set<text>; exception_message text; \
            exception_stacktrace text; finished_at timestamp; keyspace_name text; \
            options map<text, text>; requested_ranges set<text>; started_at timestamp; \
            successful_ranges set<text>",
    },
    Definition {
        name: "view_build_status",
        comment: "Materialized View build status",
        partition_key: "keyspace_name text; view_name text",
        clustering: "host_id uuid",
        others: "status text",
    },
    Definition {
        name: "partition_denylist",
        comment: "Partition keys which have been denied access",
        partition_key: "ks_name text; table_name text",
        clustering: "key blob",
        others: "",
    },
];

pub(super) const TRACES: [Definition; 2] = [
    Definition {
        name: "sessions",
        comment: "tracing sessions",
        partition_key: "session_id uuid",
        clustering: "",
        others: "client inet; command text; coordinator inet; coordinator_port int; \
            duration int; parameters map<text, text>; request text; started_at timestamp",
    },
    Definition {
        name: "events",
        comment: "tracing events",
        partition_key: "session_id uuid",
        clustering: "event_id timeuuid",
        others: "activity text; source inet; source_elapsed int; source_port int; thread text",
    },
];

pub(super) const VIEWS: [Definition; 3] = [
    Definition {
        name: "clients",
        comment: "currently connected clients",
        partition_key: "address inet",
        clustering: "port int",
        others: "client_options frozen<map<text, text>>; connection_stage text; \
            driver_name text; driver_version text; hostname text; keyspace_name text; \
            protocol_version int; request_count bigint; ssl_cipher_suite text; \
            ssl_enabled boolean; ssl_protocol text; username text",
    },
    Definition {
        name: "gossip_info",
        comment: "lists the gossip info for the cluster",
        partition_key: "address inet",
        clustering: "port int; hostname text",
        others: "dc text; dc_version int; generation int; heartbeat int; host_id text; \
            host_id_version int; internal_address_and_port text; \
            internal_address_and_port_version int; load text; load_version int; \
            native_address_and_port text; native_address_and_port_version int; rack text; \
            rack_version int; release_version text; release_version_version int; \
            rpc_ready text; rpc_ready_version int; schema text; schema_version int; \
            status_with_port text; status_with_port_version int",
    },
    Definition {
        name: "settings",
        comment: "current settings",
        partition_key: "name text",
        clustering: "",
        others: "value text",
    },
];
