//! Which system keyspaces and tables there are, with the columns of Cassandra 5.0.9 (semantics B.2).

mod others;
mod schema;
mod system;

use quorate_cluster::ReplicationStrategy;

/// A keyspace of the server's own.
pub(crate) struct KeyspaceDefinition {
    pub(crate) name: &'static str,
    pub(crate) replication: ReplicationStrategy,
    pub(crate) tables: &'static [Definition],
}

/// A table, its columns written as `name type; name type`.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) comment: &'static str,
    pub(crate) partition_key: &'static str,
    pub(crate) clustering: &'static str,
    pub(crate) others: &'static str,
}

/// Keyspaces whose tables are made when they are asked for, and that say so themselves: they stand
/// in `system_virtual_schema`, not in `system_schema`.
pub(crate) const VIRTUAL_KEYSPACES: [&str; 2] = ["system_views", "system_virtual_schema"];

/// All of them.
pub(crate) const KEYSPACES: [KeyspaceDefinition; 7] = [
    KeyspaceDefinition {
        name: "system",
        replication: ReplicationStrategy::Local,
        tables: &system::TABLES,
    },
    KeyspaceDefinition {
        name: "system_schema",
        replication: ReplicationStrategy::Local,
        tables: &schema::TABLES,
    },
    KeyspaceDefinition {
        name: "system_auth",
        replication: ReplicationStrategy::Simple { factor: 1 },
        tables: &others::AUTH,
    },
    KeyspaceDefinition {
        name: "system_distributed",
        replication: ReplicationStrategy::Simple { factor: 3 },
        tables: &others::DISTRIBUTED,
    },
    KeyspaceDefinition {
        name: "system_traces",
        replication: ReplicationStrategy::Simple { factor: 2 },
        tables: &others::TRACES,
    },
    KeyspaceDefinition {
        name: "system_views",
        replication: ReplicationStrategy::Local,
        tables: &others::VIEWS,
    },
    KeyspaceDefinition {
        name: "system_virtual_schema",
        replication: ReplicationStrategy::Local,
        tables: &schema::VIRTUAL_TABLES,
    },
];

#[cfg(test)]
mod tests;
