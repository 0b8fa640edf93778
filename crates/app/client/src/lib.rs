//! The Rust driver of Quorate.
//!
//! A [`Client`] finds the cluster's nodes from any one of them, keeps one connection to each that
//! it uses, sends every request to a node that holds the data, and turns answers into rows or a
//! typed [`ClientError`]. It retries only what may be repeated. It decides nothing about
//! consistency: that is the server's work, which a [`Receipt`] tells of.
//!
//! ```no_run
//! # async fn run() -> Result<(), quorate_client::ClientError> {
//! use quorate_client::Client;
//!
//! let client = Client::connect("127.0.0.1:9160").await?;
//! let insert = client
//!     .prepare("INSERT INTO shop.carts (user, item, count) VALUES (?, ?, ?)")
//!     .await?;
//! client
//!     .execute_prepared(&insert, ("ada", "tea", 2_i32), Default::default())
//!     .await?;
//! let result = client
//!     .execute("SELECT item, count FROM shop.carts WHERE user = ?", ("ada",))
//!     .await?;
//! for row in &result.rows {
//!     let (item, count): (String, i32) = (row.get("item")?, row.get("count")?);
//!     assert!(count > 0, "{item}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Which node
//!
//! A prepared statement whose partition key is bound goes to a replica of that key, first those
//! of the local datacenter, in turn; every other request goes to the nodes in turn. Nodes that
//! are down or unreachable come last.
//!
//! # What is repeated
//!
//! | what happened | what the driver does |
//! |---|---|
//! | no connection, nothing was sent | the next node |
//! | the connection broke after sending | the next node, if the statement is idempotent |
//! | `Overloaded`, `IsBootstrapping` | the next node |
//! | `Unavailable` | the next node, once |
//! | `ReadTimeout` with enough answers but no data | the same node, once |
//! | `WriteTimeout` of a batch log | the same node, once |
//! | a failure because replicas went down, a server error | the next node, once, if idempotent |
//! | `Unprepared` | prepares again and repeats, unseen |
//!
//! SELECTs are idempotent, prepared statements if the server says so (an INSERT of plain values
//! is: the driver gives each write its timestamp, so a repetition changes nothing), others if
//! [`RequestOptions::idempotent`] says so. All of it happens within the request's timeout.
//!
//! Start with [`Client`]; inside, with `client.rs`, then `run.rs`, `routing.rs`,
//! `retry.rs` and `session.rs`.

mod access;
mod batch;
mod builder;
mod client;
mod clock;
mod cluster;
mod convert;
mod error;
mod node;
mod pages;
mod placement;
mod prepared;
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated from the proto files"
)]
#[doc(hidden)]
pub mod proto;
mod query;
mod receipt;
mod result;
mod retry;
mod routing;
mod run;
mod session;
mod value;
mod values;
mod watch;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use access::Tls;
pub use batch::Batch;
pub use builder::ClientBuilder;
pub use client::Client;
pub use cluster::ClusterView;
pub use cluster::ColumnKind;
pub use cluster::ColumnView;
pub use cluster::KeyspaceView;
pub use cluster::NodeView;
pub use cluster::TableView;
pub use error::ClientError;
pub use prepared::PreparedStatement;
pub use query::Query;
pub use query::RequestOptions;
pub use receipt::Receipt;
pub use receipt::ReplicaReceipt;
pub use receipt::StepReceipt;
pub use result::ColumnIndex;
pub use result::ColumnSpec;
pub use result::QueryResult;
pub use result::Row;
pub use result::SchemaChange;
pub use value::FromValue;
pub use value::Value;
pub use values::Values;

pub use quorate_data::CqlType;
pub use quorate_types::ConsistencyLevel;
pub use quorate_types::FailureReason;
pub use quorate_types::HostId;
pub use quorate_types::RequestError;
pub use quorate_types::Token;
pub use quorate_types::WriteType;
