//! What an entry of the metadata log asks for, and what came of it. Pure data; what may be asked
//! is decided in `apply`.

use crate::Node;
use crate::Permission;
use crate::Property;
use crate::Refused;
use crate::Resource;
use crate::SaltedHash;
use quorate_data::CqlType;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// One step of the cluster's metadata. Carries what the client or node asked for, unresolved:
/// every node resolves and validates it alike against the state it is applied to.
#[derive(Debug, Clone, PartialEq)]
pub enum Transformation {
    /// The first entry: a cluster of one node.
    Initialize {
        /// The cluster's name; it cannot change.
        cluster_name: String,
        /// The first node; its tokens are allocated when it brings none.
        first: Node,
        /// How many tokens to allocate, 1 to 256.
        num_tokens: u32,
    },
    /// A node joins. Its tokens are allocated here when it brings none. Joining again with the
    /// same attributes is no change, so that a proposer may retry.
    Join {
        /// The node; its state is ignored.
        node: Node,
        /// How many tokens to allocate, 1 to 256.
        num_tokens: u32,
    },
    /// A node restarted, perhaps with other addresses or another build.
    UpdateNode {
        /// Who.
        host_id: HostId,
        /// Where other nodes reach it.
        internode: Endpoint,
        /// Where gRPC clients reach it.
        client: Endpoint,
        /// Where CQL drivers reach it.
        native: Option<Endpoint>,
        /// Must equal what the cluster knows.
        datacenter: String,
        /// Must equal what the cluster knows.
        rack: String,
        /// The build it started with.
        build: String,
    },
    /// CREATE KEYSPACE.
    CreateKeyspace {
        /// The new keyspace.
        name: String,
        /// The replication map as written; `None` when it was left out.
        replication: Option<BTreeMap<String, String>>,
        /// Stored and shown.
        durable_writes: bool,
        /// Whether an existing one is no error.
        if_not_exists: bool,
    },
    /// ALTER KEYSPACE.
    AlterKeyspace {
        /// Which.
        name: String,
        /// The new replication map as written; `None` keeps the old one.
        replication: Option<BTreeMap<String, String>>,
        /// `None` keeps the old value.
        durable_writes: Option<bool>,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
    /// DROP KEYSPACE, with all its tables.
    DropKeyspace {
        /// Which.
        name: String,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
    /// CREATE TABLE.
    CreateTable {
        /// What was written.
        definition: TableDefinition,
        /// Whether an existing one is no error.
        if_not_exists: bool,
    },
    /// ALTER TABLE.
    AlterTable {
        /// The table's keyspace.
        keyspace: String,
        /// The table.
        table: String,
        /// What to change.
        change: TableChange,
        /// Whether a missing table is no error.
        if_exists: bool,
    },
    /// DROP TABLE.
    DropTable {
        /// The table's keyspace.
        keyspace: String,
        /// The table.
        table: String,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
    /// The role that the others are made with, from the configuration. No change as soon as there
    /// is any role.
    CreateFirstSuperuser {
        /// Its name.
        name: String,
        /// Its password's hash.
        salted_hash: SaltedHash,
    },
    /// CREATE ROLE.
    CreateRole {
        /// Its name.
        name: String,
        /// LOGIN.
        can_login: bool,
        /// SUPERUSER.
        is_superuser: bool,
        /// The hash of PASSWORD.
        salted_hash: Option<SaltedHash>,
        /// Whether an existing one is no error.
        if_not_exists: bool,
    },
    /// ALTER ROLE.
    AlterRole {
        /// Which.
        name: String,
        /// LOGIN; `None` leaves it.
        can_login: Option<bool>,
        /// SUPERUSER; `None` leaves it.
        is_superuser: Option<bool>,
        /// The hash of PASSWORD; `None` leaves it.
        salted_hash: Option<SaltedHash>,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
    /// DROP ROLE, with all grants of it and on it.
    DropRole {
        /// Which.
        name: String,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
    /// GRANT of a role.
    GrantRole {
        /// The role that is granted.
        role: String,
        /// Who gets it.
        grantee: String,
    },
    /// REVOKE of a role.
    RevokeRole {
        /// The role that is taken.
        role: String,
        /// From whom.
        grantee: String,
    },
    /// GRANT of permissions. Those held already stay.
    GrantPermissions {
        /// Who gets them.
        role: String,
        /// On what.
        resource: Resource,
        /// Which.
        permissions: BTreeSet<Permission>,
    },
    /// REVOKE of permissions. Those not held are passed over.
    RevokePermissions {
        /// From whom.
        role: String,
        /// On what.
        resource: Resource,
        /// Which.
        permissions: BTreeSet<Permission>,
    },
    /// What a role asked for that somebody logged in as: if it creates a thing, the role gets every
    /// permission on it.
    Authored {
        /// The role.
        author: String,
        /// What it asked for; not itself of this kind.
        asked: Box<Transformation>,
    },
}

/// A CREATE TABLE as written, its types resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDefinition {
    /// Chosen by the proposer; a property `id` overrides it.
    pub id: TableId,
    /// The keyspace it goes into.
    pub keyspace: String,
    /// Its name.
    pub name: String,
    /// The columns in the order they were declared.
    pub columns: Vec<ColumnDefinition>,
    /// The names in the partition key, in order.
    pub partition_key: Vec<String>,
    /// The names of the clustering columns, in order.
    pub clustering: Vec<String>,
    /// WITH CLUSTERING ORDER BY, in the order written: name, descending. Empty when left out.
    pub clustering_order: Vec<(String, bool)>,
    /// The properties after WITH, as written, by lower case name.
    pub options: BTreeMap<String, Property>,
}

/// A declared column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type.
    pub cql_type: CqlType,
    /// Whether it was declared STATIC.
    pub is_static: bool,
}

/// What ALTER TABLE changes.
#[derive(Debug, Clone, PartialEq)]
pub enum TableChange {
    /// ADD.
    AddColumns {
        /// The new columns.
        columns: Vec<ColumnDefinition>,
        /// Whether existing ones are skipped.
        if_not_exists: bool,
    },
    /// DROP.
    DropColumns {
        /// Their names.
        names: Vec<String>,
        /// Whether missing ones are skipped.
        if_exists: bool,
        /// USING TIMESTAMP, or the proposer's clock; microseconds since 1970.
        at_micros: i64,
    },
    /// RENAME of primary key columns: from, to.
    RenameColumns {
        /// From, to.
        renames: Vec<(String, String)>,
        /// Whether missing ones are skipped.
        if_exists: bool,
    },
    /// WITH: the properties as written, by lower case name.
    SetOptions(BTreeMap<String, Property>),
}

/// What a transformation changed, for those who must follow: storage, drivers, caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing (IF NOT EXISTS and the like); no entry needs to be written.
    None,
    /// Nodes or the ring.
    Nodes,
    /// Roles or permissions.
    Roles,
    /// A keyspace, by name.
    KeyspaceCreated(String),
    /// A keyspace's replication or durability, by name.
    KeyspaceAltered(String),
    /// A keyspace and every table in it.
    KeyspaceDropped {
        /// Its name.
        name: String,
        /// Its tables: name and id.
        tables: Vec<(String, TableId)>,
    },
    /// A table.
    TableCreated {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
        /// Its id.
        id: TableId,
    },
    /// A table's columns or options.
    TableAltered {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
        /// Its id.
        id: TableId,
    },
    /// A table.
    TableDropped {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
        /// Its id.
        id: TableId,
    },
}

/// The properties that CREATE and ALTER KEYSPACE know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyspaceProperties {
    /// `replication`, when it was written.
    pub replication: Option<BTreeMap<String, String>>,
    /// `durable_writes`, when it was written.
    pub durable_writes: Option<bool>,
}

/// Reads the properties of CREATE or ALTER KEYSPACE; unknown names are refused.
pub fn keyspace_properties(
    properties: &BTreeMap<String, Property>,
) -> Result<KeyspaceProperties, Refused> {
    let mut read = KeyspaceProperties::default();
    for (name, property) in properties {
        match name.as_str() {
            "replication" => read.replication = Some(property.map(name)?.clone()),
            "durable_writes" => read.durable_writes = Some(property.boolean(name)?),
            _ => return Err(Refused::SyntaxUnknownProperty(name.clone())),
        }
    }
    Ok(read)
}
