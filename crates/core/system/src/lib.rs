//! The system tables that drivers, cqlsh and tools read (semantics, appendix B).
//!
//! Decides which system keyspaces, tables and columns there are, and what rows each table has for a
//! [`Snapshot`] of what a node knows. A SELECT on one of them is planned like any other, against the
//! schema that [`table`] gives, and answered by [`quorate_data::partition::read`] from what
//! [`contents`] makes: nothing here knows of statements, sessions, gossip or the engine, and nothing
//! is kept from one query to the next.
//!
//! Start with [`contents`], then `tables` for the columns.

mod catalogue;
mod contents;
mod rows;
mod snapshot;
mod tables;

pub use catalogue::keyspaces;
pub use catalogue::table;
pub use catalogue::table_by_id;
pub use contents::contents;
pub use quorate_cluster::is_system_keyspace;
pub use snapshot::ClientView;
pub use snapshot::GossipFact;
pub use snapshot::GossipView;
pub use snapshot::LocalNode;
pub use snapshot::NodeView;
pub use snapshot::PreparedView;
pub use snapshot::SizeEstimate;
pub use snapshot::Snapshot;
pub use snapshot::SslView;
pub use snapshot::TraceEvent;
pub use snapshot::TraceView;

use quorate_cluster::Metadata;
use uuid::Uuid;

/// The release of Cassandra whose behaviour drivers may expect: they parse it.
pub const RELEASE_VERSION: &str = "5.0.9";
/// The version of CQL.
pub const CQL_VERSION: &str = "3.4.7";
/// The highest version of the native protocol that is not a draft.
pub const NATIVE_PROTOCOL_VERSION: &str = "5";
/// The class that drivers know our token function by.
pub const PARTITIONER: &str = "org.apache.cassandra.dht.Murmur3Partitioner";

/// What drivers compare to see whether nodes agree on the schema.
pub fn schema_version(metadata: &Metadata) -> Uuid {
    metadata.schema_version()
}
