//! The promise: a consistency level is delivered or refused, and replicas that missed something
//! get it.

mod hints;
mod levels;
mod read_repair;

/// Three replicas of everything.
const KEYSPACE: &str =
    "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}";
