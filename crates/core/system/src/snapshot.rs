//! What a node knows when it is asked: the whole input of [`crate::contents`].

use bytes::Bytes;
use quorate_cluster::Metadata;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What a node knows at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    /// Nodes, tokens, keyspaces and tables.
    pub metadata: &'a Metadata,
    /// The node that answers.
    pub local: LocalNode,
    /// Nodes as gossip shows them; the local one among them or not. One that is missing here is
    /// shown as the metadata has it.
    pub nodes: Vec<NodeView>,
    /// The statements that are prepared.
    pub prepared: Vec<PreparedView>,
    /// The connections of clients.
    pub clients: Vec<ClientView>,
    /// Names and values of the configuration.
    pub settings: Vec<(String, String)>,
    /// Sizes of tables.
    pub sizes: Vec<SizeEstimate>,
    /// What gossip knows of each node.
    pub gossip: Vec<GossipView>,
    /// The requests that were traced here.
    pub traces: Vec<Arc<TraceView>>,
}

/// A request that was traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceView {
    /// A time UUID.
    pub id: Uuid,
    /// Who asked, when that is known.
    pub client: Option<IpAddr>,
    /// The node that coordinated it.
    pub coordinator: SocketAddr,
    /// How long it took.
    pub duration: Duration,
    /// The statement, its consistency level and the like.
    pub parameters: BTreeMap<String, String>,
    /// What kind of request it was.
    pub request: String,
    /// Milliseconds since 1970.
    pub started_millis: u64,
    /// What happened, in its order.
    pub events: Vec<TraceEvent>,
}

/// One thing that happened during a traced request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEvent {
    /// A time UUID; later ones sort later.
    pub id: Uuid,
    /// What happened.
    pub activity: String,
    /// On which node.
    pub source: SocketAddr,
    /// Since the request's start.
    pub elapsed: Duration,
    /// Which part of that node.
    pub thread: &'static str,
}

/// The node that answers. Its datacenter, rack and tokens come from the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalNode {
    /// Its identity.
    pub host_id: HostId,
    /// The second of its start.
    pub generation: i32,
    /// Where it tells CQL clients to reach it.
    pub native: SocketAddr,
    /// Where it tells other nodes to reach it.
    pub broadcast: SocketAddr,
    /// Where it listens for other nodes.
    pub listen: SocketAddr,
}

/// A node as gossip shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeView {
    /// Its identity.
    pub host_id: HostId,
    /// Where other nodes reach it.
    pub internode: SocketAddr,
    /// Where CQL clients reach it, when it says so.
    pub native: Option<SocketAddr>,
    /// The schema version it has, when that is known.
    pub schema_version: Option<Uuid>,
}

/// A prepared statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedView {
    /// What clients name it by.
    pub id: Bytes,
    /// The keyspace that was in use.
    pub keyspace: Option<String>,
    /// The statement.
    pub query: String,
}

/// A client's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientView {
    /// Where it comes from.
    pub address: SocketAddr,
    /// The name of that host, when it is known.
    pub hostname: Option<String>,
    /// What STARTUP said.
    pub options: BTreeMap<String, String>,
    /// How far it has come: `ESTABLISHED`, `AUTHENTICATING` or `READY`.
    pub stage: &'static str,
    /// The driver's name.
    pub driver_name: Option<String>,
    /// The driver's version.
    pub driver_version: Option<String>,
    /// The keyspace in use.
    pub keyspace: Option<String>,
    /// The protocol it speaks.
    pub protocol_version: u8,
    /// How much it has asked so far.
    pub request_count: u64,
    /// How it is encrypted, when it is.
    pub ssl: Option<SslView>,
    /// Who logged in.
    pub username: Option<String>,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SslView {
    /// The cipher suite.
    pub cipher_suite: String,
    /// The version of TLS.
    pub protocol: String,
}

/// How large a table is on this node, its primary ranges only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeEstimate {
    /// The keyspace.
    pub keyspace: String,
    /// The table.
    pub table: String,
    /// How many partitions.
    pub partitions: u64,
    /// Bytes of one on average.
    pub partition_bytes_mean: u64,
}

/// What gossip knows of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GossipView {
    /// Where other nodes reach it.
    pub address: SocketAddr,
    /// The name of that host, or its address.
    pub hostname: String,
    /// The second of its start.
    pub generation: i32,
    /// The version of its last heartbeat.
    pub heartbeat: i32,
    /// What it says of itself.
    pub facts: Vec<GossipFact>,
}

/// A fact that a node gossips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GossipFact {
    /// A column of `system_views.gossip_info` that has a `_version` beside it: `dc`, `host_id`,
    /// `internal_address_and_port`, `load`, `native_address_and_port`, `rack`, `release_version`,
    /// `rpc_ready`, `schema` or `status_with_port`. Others are left out.
    pub name: &'static str,
    /// What it says.
    pub value: String,
    /// The heartbeat when it said so.
    pub version: i32,
}
