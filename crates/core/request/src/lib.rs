//! What clients ask and what they get, whatever the protocol: the words between an edge (gRPC, the
//! native protocol) and the node behind it.
//!
//! Decides nothing. An edge turns bytes into an [`Execute`], [`Batch`] or prepare, hands it to its
//! [`Frontend`], and turns the [`Response`] or
//! [`RequestError`] back into bytes. Start with [`Frontend`].

use bytes::Bytes;
use quorate_cluster::Metadata;
use quorate_coordinator::Receipt;
use quorate_query::BoundValue;
use quorate_query::ColumnSpec;
use quorate_query::ResultSet;
pub use quorate_system::ClientView;
pub use quorate_system::SslView;
use quorate_types::ConsistencyLevel;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;
use uuid::Uuid;

/// The id of a prepared statement: the same on every node and after restarts.
pub type StatementId = [u8; 16];

/// A statement, as text or by the id that preparing it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// CQL.
    Text(String),
    /// A prepared one.
    Prepared(StatementId),
}

/// How a request is to be carried out. What is left out, the node's configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// How many replicas must answer.
    pub consistency: Option<ConsistencyLevel>,
    /// Rows of a page; `None`: the node's default. `Some(0)` is refused.
    pub page_size: Option<u32>,
    /// Where the page before ended.
    pub paging_state: Option<Bytes>,
    /// The keyspace of names without one.
    pub keyspace: Option<String>,
    /// What writes carry that name no timestamp.
    pub timestamp: Option<WriteTimestamp>,
    /// Whether the answer shall say what was delivered.
    pub receipt: bool,
    /// The client waits no longer.
    pub timeout: Option<Duration>,
    /// The level of a condition's Paxos.
    pub serial_consistency: Option<ConsistencyLevel>,
    /// By which second expiry is judged and TTLs count; `None`: the node's clock.
    pub now: Option<NowInSeconds>,
    /// The client keeps a prepared statement's result columns as they were when it prepared it, and
    /// cannot be told that they have changed: it must be made to prepare it again.
    pub keeps_columns: bool,
    /// Whether what happens is to be written down in `system_traces`.
    pub trace: bool,
    /// Where the client is, for the trace.
    pub client: Option<IpAddr>,
    /// As whom the client has logged in; `None`: authentication is off, or it has not.
    pub role: Option<Arc<str>>,
}

/// One statement with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Execute {
    /// What to run.
    pub statement: Statement,
    /// One for each marker.
    pub values: Vec<BoundValue>,
    /// The markers' names, when values are given by name.
    pub names: Option<Vec<String>>,
    /// How to run it.
    pub options: Options,
}

/// Several modifications that are to happen together.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Whether all or none must happen even when nodes fail.
    pub logged: bool,
    /// Each statement with its values.
    pub statements: Vec<(Statement, Vec<BoundValue>)>,
    /// How to run it.
    pub options: Options,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub struct Response {
    /// The result.
    pub outcome: Outcome,
    /// What the client should know besides.
    pub warnings: Vec<String>,
    /// What was delivered, when it was asked for.
    pub receipt: Option<Receipt>,
    /// Of a prepared statement's rows: which columns they have.
    pub columns: Option<ResultColumns>,
    /// Where its trace is, when one was asked for.
    pub tracing_id: Option<Uuid>,
}

/// The version of a prepared statement's result columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultColumns {
    /// Their digest.
    pub id: [u8; 16],
    /// They have changed since this node knows the statement: not every client that says so can be
    /// trusted to know them.
    pub have_changed: bool,
}

/// The result of a statement.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Done, nothing to show.
    Void,
    /// Rows, and where the next page starts.
    Rows(ResultSet),
    /// USE: what names without a keyspace mean from now on.
    SetKeyspace(String),
    /// The schema has changed.
    SchemaChange(SchemaChange),
}

/// A change of the schema, as drivers hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// What happened.
    pub change: SchemaChangeKind,
    /// The keyspace.
    pub keyspace: String,
    /// The table; `None` when the keyspace itself changed.
    pub table: Option<String>,
    /// The epoch that has the change.
    pub epoch: Epoch,
}

/// What happened to a keyspace or table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaChangeKind {
    /// It is new.
    Created,
    /// It is different.
    Updated,
    /// It is gone.
    Dropped,
}

impl SchemaChangeKind {
    /// The protocol's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Updated => "UPDATED",
            Self::Dropped => "DROPPED",
        }
    }
}

/// What a client learns of a statement it prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedStatement {
    /// How to name it from now on.
    pub id: StatementId,
    /// The values it wants.
    pub markers: Vec<ColumnSpec>,
    /// The columns it gives.
    pub result_columns: Arc<[ColumnSpec]>,
    /// Their digest.
    pub result_metadata_id: [u8; 16],
    /// Which markers make the partition key, in its order.
    pub partition_key_markers: Option<Vec<usize>>,
    /// Whether running it twice does no harm.
    pub is_idempotent: bool,
    /// Whether it is a SELECT.
    pub is_select: bool,
}

/// A client's connection, as operators see it.
pub trait Connected: Send + Sync + 'static {
    /// What is to be said of it now.
    fn view(&self) -> ClientView;
}

/// The node behind an edge.
pub trait Frontend: Clone + Send + Sync + 'static {
    /// Runs a statement.
    fn execute(
        &self,
        request: Execute,
    ) -> impl Future<Output = Result<Response, RequestError>> + Send;

    /// Plans a statement for later, for a client that has logged in as `role`.
    fn prepare(
        &self,
        text: String,
        keyspace: Option<String>,
        role: Option<Arc<str>>,
    ) -> impl Future<Output = Result<PreparedStatement, RequestError>> + Send;

    /// Runs a batch.
    fn batch(&self, request: Batch) -> impl Future<Output = Result<Response, RequestError>> + Send;

    /// Whether clients must log in before anything else.
    fn requires_authentication(&self) -> bool;

    /// Logs a client in by name and password: the role that its requests are made as.
    fn authenticate(
        &self,
        name: String,
        password: String,
    ) -> impl Future<Output = Result<Arc<str>, RequestError>> + Send;

    /// Lists a client's connection among those that operators see, for as long as it is there.
    fn note_connection(&self, connection: Weak<dyn Connected>);

    /// The cluster as this node knows it.
    fn metadata(&self) -> Arc<Metadata>;

    /// Whether a node is thought alive.
    fn is_up(&self, host: HostId) -> bool;

    /// Whether a node is up and serves clients, by what it said last: no guess from a single
    /// connection.
    fn is_ready(&self, host: HostId) -> bool;

    /// Who this node is.
    fn host_id(&self) -> HostId;

    /// Completes when the metadata or a node's liveness is newer than `seen`, a number that an
    /// earlier call returned (0 at first), and returns the new number.
    fn changed(&self, seen: u64) -> impl Future<Output = u64> + Send;
}
