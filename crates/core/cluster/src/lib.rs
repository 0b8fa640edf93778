//! The cluster's metadata state: schema, ring, replication strategies, roles, transformations, epochs.
//!
//! Decides what the cluster looks like after each entry of the metadata log: which nodes exist,
//! which tokens they own, which keyspaces and tables there are, who replicates a token, and which
//! role may do what. The
//! state is a fold: [`Metadata::apply`] takes one [`Transformation`] and gives the next immutable
//! [`Metadata`], or says why not ([`Refused`]). The same transformations give the same bytes on
//! every node. Knows nothing of how entries are agreed on, stored or sent, of rows, or of who is
//! up: there is no clock, randomness or liveness here.
//!
//! Start with [`Metadata`], then [`Transformation`], then [`TableSchema`] and [`ReplicaSet`].

mod allocation;
mod apply;
mod authorize;
mod codec;
mod describe;
mod metadata;
mod node;
mod options;
mod placement;
mod refused;
mod replication;
mod ring;
mod role;
mod schema;
mod system_tables;
#[cfg(test)]
mod testing;
mod transformation;
mod warnings;

pub use allocation::allocate_tokens;
pub use authorize::Denied;
pub use codec::CorruptMetadata;
pub use describe::create_keyspace_cql;
pub use describe::create_table_cql;
pub use describe::quoted_name;
pub use describe::quoted_text;
pub use metadata::Metadata;
pub use metadata::Missing;
pub use node::Node;
pub use node::NodeState;
pub use options::Property;
pub use options::ReadRepair;
pub use options::SpeculativeRetry;
pub use options::SpeculativeRetryPolicy;
pub use options::TableOptions;
pub use refused::Refused;
pub use replication::ReplicationStrategy;
pub use ring::Replica;
pub use ring::ReplicaSet;
pub use ring::TokenRing;
pub use role::Permission;
pub use role::Resource;
pub use role::Role;
pub use role::SaltedHash;
pub use schema::Column;
pub use schema::ColumnKind;
pub use schema::DroppedColumn;
pub use schema::Keyspace;
pub use schema::SYSTEM_KEYSPACES;
pub use schema::TableSchema;
pub use schema::is_system_keyspace;
pub use system_tables::BATCHES_VALUE;
pub use system_tables::batches_table;
pub use system_tables::batches_table_id;
pub use system_tables::system_tables;
pub use transformation::Change;
pub use transformation::ColumnDefinition;
pub use transformation::KeyspaceProperties;
pub use transformation::TableChange;
pub use transformation::TableDefinition;
pub use transformation::Transformation;
pub use transformation::keyspace_properties;
