//! Clusters and definitions for tests.

use crate::Change;
use crate::ColumnDefinition;
use crate::Metadata;
use crate::Node;
use crate::NodeState;
use crate::Permission;
use crate::Property;
use crate::Refused;
use crate::Resource;
use crate::SaltedHash;
use crate::TableChange;
use crate::TableDefinition;
use crate::TableSchema;
use crate::Transformation;
use quorate_data::CqlType;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::TableId;
use quorate_types::Token;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// Node `number`, with addresses made from its number and no tokens.
pub(crate) fn node(number: u32, datacenter: &str, rack: &str) -> Node {
    let endpoint = |port| Endpoint {
        host: format!("10.0.0.{number}"),
        port,
    };
    Node {
        host_id: HostId(Uuid::from_u128(u128::from(number))),
        internode: endpoint(7000),
        client: endpoint(9043),
        native: Some(endpoint(9042)),
        datacenter: datacenter.to_owned(),
        rack: rack.to_owned(),
        state: NodeState::Joining,
        tokens: BTreeSet::new(),
        build: "1.0".to_owned(),
    }
}

/// [`node`] with these tokens.
pub(crate) fn node_at(number: u32, datacenter: &str, rack: &str, tokens: &[i64]) -> Node {
    Node {
        tokens: tokens.iter().copied().map(Token::new).collect(),
        ..node(number, datacenter, rack)
    }
}

/// A cluster of these nodes, the first of which made it.
pub(crate) fn cluster_of(name: &str, nodes: Vec<Node>) -> Metadata {
    let mut metadata = Metadata::empty(name);
    for node in nodes {
        let transformation = if metadata.nodes.is_empty() {
            Transformation::Initialize {
                cluster_name: name.to_owned(),
                first: node,
                num_tokens: 16,
            }
        } else {
            Transformation::Join {
                node,
                num_tokens: 16,
            }
        };
        metadata = applied(&metadata, &transformation).unwrap();
    }
    metadata
}

/// A cluster with nodes 1, 2, … at these datacenters and racks, 16 tokens each.
pub(crate) fn cluster(name: &str, places: &[(&str, &str)]) -> Metadata {
    let nodes = (1..)
        .zip(places)
        .map(|(number, (datacenter, rack))| node(number, datacenter, rack))
        .collect();
    cluster_of(name, nodes)
}

/// The state after a transformation.
pub(crate) fn applied(
    metadata: &Metadata,
    transformation: &Transformation,
) -> Result<Metadata, Refused> {
    metadata.apply(transformation).map(|(metadata, _)| metadata)
}

/// What a transformation changes, without the state.
pub(crate) fn change(
    metadata: &Metadata,
    transformation: &Transformation,
) -> Result<Change, Refused> {
    metadata.apply(transformation).map(|(_, change)| change)
}

/// A map of texts.
pub(crate) fn texts(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// Properties that are constants.
pub(crate) fn properties(entries: &[(&str, &str)]) -> BTreeMap<String, Property> {
    entries
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Property::quoted(*text)))
        .collect()
}

/// CREATE KEYSPACE with this replication map.
pub(crate) fn create_keyspace(name: &str, replication: &[(&str, &str)]) -> Transformation {
    Transformation::CreateKeyspace {
        name: name.to_owned(),
        replication: Some(texts(replication)),
        durable_writes: true,
        if_not_exists: false,
    }
}

/// Columns written as `a int, b text static`.
pub(crate) fn columns(text: &str) -> Vec<ColumnDefinition> {
    let declared = text.split(", ").filter(|declared| !declared.is_empty());
    declared
        .map(|declared| {
            let words: Vec<&str> = declared.split(' ').collect();
            ColumnDefinition {
                name: words[0].to_owned(),
                cql_type: CqlType::from_name(words[1]).unwrap(),
                is_static: words.get(2) == Some(&"static"),
            }
        })
        .collect()
}

/// The table `k.name`: columns as [`columns`] reads them, then partition key and clustering as
/// names between spaces. Its id follows from its name.
pub(crate) fn definition(
    name: &str,
    declared: &str,
    partition_key: &str,
    clustering: &str,
) -> TableDefinition {
    let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let id = name.bytes().fold(7, |id: u128, byte| {
        id.wrapping_mul(257).wrapping_add(u128::from(byte))
    });
    TableDefinition {
        id: TableId(Uuid::from_u128(id)),
        keyspace: "k".to_owned(),
        name: name.to_owned(),
        columns: columns(declared),
        partition_key: names(partition_key),
        clustering: names(clustering),
        clustering_order: Vec::new(),
        options: BTreeMap::new(),
    }
}

/// CREATE TABLE of this definition.
pub(crate) fn create_table(definition: TableDefinition) -> Transformation {
    Transformation::CreateTable {
        definition,
        if_not_exists: false,
    }
}

/// ALTER TABLE k.table.
pub(crate) fn alter_table(table: &str, change: TableChange) -> Transformation {
    Transformation::AlterTable {
        keyspace: "k".to_owned(),
        table: table.to_owned(),
        change,
        if_exists: false,
    }
}

/// ALTER TABLE … ADD.
pub(crate) fn add(declared: &str) -> TableChange {
    TableChange::AddColumns {
        columns: columns(declared),
        if_not_exists: false,
    }
}

/// ALTER TABLE … DROP, at microsecond 1,000.
pub(crate) fn drop_columns(names: &[&str]) -> TableChange {
    TableChange::DropColumns {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        if_exists: false,
        at_micros: 1_000,
    }
}

/// One node, keyspace `k`, and the tables `t` (a, b, s static, v, w) and `counts` (a, n).
pub(crate) fn with_tables() -> Metadata {
    let mut metadata = cluster("Test Cluster", &[("dc1", "r1")]);
    for transformation in [
        create_keyspace(
            "k",
            &[("class", "SimpleStrategy"), ("replication_factor", "1")],
        ),
        create_table(definition(
            "t",
            "w int, v text, s text static, b int, a int",
            "a",
            "b",
        )),
        create_table(definition("counts", "a int, n counter", "a", "")),
    ] {
        metadata = applied(&metadata, &transformation).unwrap();
    }
    metadata
}

/// A hash of no password that anybody knows.
pub(crate) fn salted_hash() -> SaltedHash {
    SaltedHash::new(format!("$2a$10${}", "x".repeat(53))).unwrap()
}

/// CREATE ROLE of one that may log in.
pub(crate) fn create_role(name: &str, is_superuser: bool) -> Transformation {
    Transformation::CreateRole {
        name: name.to_owned(),
        can_login: true,
        is_superuser,
        salted_hash: Some(salted_hash()),
        if_not_exists: false,
    }
}

/// DROP ROLE.
pub(crate) fn drop_role(name: &str) -> Transformation {
    Transformation::DropRole {
        name: name.to_owned(),
        if_exists: false,
    }
}

/// GRANT role TO grantee.
pub(crate) fn grant_role(role: &str, grantee: &str) -> Transformation {
    Transformation::GrantRole {
        role: role.to_owned(),
        grantee: grantee.to_owned(),
    }
}

/// GRANT permissions ON resource TO role.
pub(crate) fn grant(role: &str, resource: Resource, permissions: &[Permission]) -> Transformation {
    Transformation::GrantPermissions {
        role: role.to_owned(),
        resource,
        permissions: permissions.iter().copied().collect(),
    }
}

/// The table `k.name`.
pub(crate) fn table(metadata: &Metadata, name: &str) -> Arc<TableSchema> {
    Arc::clone(metadata.table("k", name).unwrap())
}
