//! The cluster as the driver knows it: nodes, keyspaces, tables. A new view comes with every change
//! that a node tells of.

use crate::convert::host_id;
use crate::placement::Placements;
use crate::proto;
use proto::cluster_snapshot;
use quorate_data::CqlType;
use quorate_types::HostId;
use quorate_types::Token;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The cluster at one epoch, as one of its nodes sees it.
///
/// ```no_run
/// # async fn run(client: quorate_client::Client) {
/// let view = client.cluster();
/// for node in &view.nodes {
///     eprintln!("{} {} up: {}", node.host_id, node.address, node.up);
/// }
/// if let Some(table) = view.table("shop", "carts") {
///     eprintln!("{} columns", table.columns.len());
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClusterView {
    /// The metadata's epoch.
    pub epoch: u64,
    /// The cluster's name.
    pub cluster_name: String,
    /// The build of the node that tells.
    pub build: String,
    /// The node that tells.
    pub host_id: Option<HostId>,
    /// Every node.
    pub nodes: Vec<NodeView>,
    /// Every keyspace, by name.
    pub keyspaces: BTreeMap<String, KeyspaceView>,
    pub(crate) placements: Placements,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Who it is.
    pub host_id: HostId,
    /// Where clients reach it, `host:port`.
    pub address: String,
    /// Where other nodes reach it.
    pub internode_address: String,
    /// Its datacenter.
    pub datacenter: String,
    /// Its rack.
    pub rack: String,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Whether it is thought alive.
    pub up: bool,
    /// Joining, Normal, Leaving or Left.
    pub state: String,
    /// What it runs.
    pub build: String,
}

/// A keyspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyspaceView {
    /// Its name.
    pub name: String,
    /// The replication as CQL's map: `class` and its options.
    pub replication: BTreeMap<String, String>,
    /// Its tables, by name.
    pub tables: BTreeMap<String, TableView>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableView {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Uuid,
    /// Its columns, keys first.
    pub columns: Vec<ColumnView>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// The name of its type.
    pub type_name: String,
    /// Its type; `None` if this driver does not know it.
    pub cql_type: Option<CqlType>,
    /// Its part in the table.
    pub kind: ColumnKind,
}

/// A column's part in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Says which partition.
    PartitionKey,
    /// Says where in the partition.
    Clustering,
    /// One value per partition.
    Static,
    /// A value per row.
    Regular,
}

impl ClusterView {
    /// A table, if there is one of that name.
    pub fn table(&self, keyspace: &str, table: &str) -> Option<&TableView> {
        self.keyspaces.get(keyspace)?.tables.get(table)
    }

    /// A node, by its id.
    pub fn node(&self, host_id: HostId) -> Option<&NodeView> {
        self.nodes.iter().find(|node| node.host_id == host_id)
    }

    /// The replicas of a token, in the ring's order; none for keyspaces that are not there.
    pub fn replicas(&self, keyspace: &str, token: Token) -> impl Iterator<Item = &NodeView> {
        self.replica_indexes(keyspace, token)
            .iter()
            .filter_map(|index| self.nodes.get(*index))
    }

    /// As [`Self::replicas`], as positions in [`Self::nodes`].
    pub(crate) fn replica_indexes(&self, keyspace: &str, token: Token) -> &[usize] {
        self.placements.replicas(keyspace, token)
    }

    /// The view that a node's snapshot describes. `address` is where that node was reached, for
    /// clusters that do not know their first node yet.
    pub(crate) fn from_proto(snapshot: proto::ClusterSnapshot, address: &str) -> Self {
        let teller = host_id(&snapshot.host_id);
        let mut nodes: Vec<NodeView> = snapshot.nodes.into_iter().map(node).collect();
        match nodes.iter_mut().find(|node| node.host_id == teller) {
            // Who answers is up, whatever gossip says.
            Some(node) => node.up = true,
            None => nodes.push(NodeView {
                host_id: teller,
                address: address.to_owned(),
                internode_address: String::new(),
                datacenter: String::new(),
                rack: String::new(),
                tokens: Vec::new(),
                up: true,
                state: String::new(),
                build: snapshot.build.clone(),
            }),
        }
        nodes.sort_by_key(|node| node.host_id);
        let keyspaces = snapshot.keyspaces.into_iter().map(keyspace);
        let keyspaces: BTreeMap<String, KeyspaceView> = keyspaces
            .map(|keyspace| (keyspace.name.clone(), keyspace))
            .collect();
        Self {
            epoch: snapshot.epoch,
            cluster_name: snapshot.cluster_name,
            build: snapshot.build,
            host_id: Some(teller),
            placements: Placements::new(&nodes, &keyspaces),
            nodes,
            keyspaces,
        }
    }
}

fn node(node: cluster_snapshot::Node) -> NodeView {
    NodeView {
        host_id: host_id(&node.host_id),
        address: node.client_address,
        internode_address: node.internode_address,
        datacenter: node.datacenter,
        rack: node.rack,
        tokens: node.tokens.into_iter().map(Token::new).collect(),
        up: node.up,
        state: node.state,
        build: node.build,
    }
}

fn keyspace(keyspace: cluster_snapshot::Keyspace) -> KeyspaceView {
    let tables = keyspace.tables.into_iter().map(|table| TableView {
        id: Uuid::from_slice(&table.id).unwrap_or_default(),
        columns: table.columns.into_iter().map(column).collect(),
        name: table.name,
    });
    KeyspaceView {
        name: keyspace.name,
        replication: keyspace.replication.into_iter().collect(),
        tables: tables.map(|table| (table.name.clone(), table)).collect(),
    }
}

fn column(column: cluster_snapshot::TableColumn) -> ColumnView {
    ColumnView {
        cql_type: CqlType::from_name(&column.r#type),
        kind: match column.kind.as_str() {
            "partition_key" => ColumnKind::PartitionKey,
            "clustering" => ColumnKind::Clustering,
            "static" => ColumnKind::Static,
            _ => ColumnKind::Regular,
        },
        name: column.name,
        type_name: column.r#type,
    }
}
