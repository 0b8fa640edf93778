//! The promise: the nodes agree on who they are and what the schema is, and come and go without
//! being missed.

mod address;
mod encryption;
mod joining;
mod rolling_restart;
mod schema;

/// Three replicas of everything.
const KEYSPACE: &str =
    "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}";
