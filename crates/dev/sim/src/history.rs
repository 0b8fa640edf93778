//! What clients asked and what they got, and what was seen of the nodes: all that checkers judge.

use bytes::Bytes;
use quorate_types::ConsistencyLevel;

/// One cell that clients write and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Register {
    /// Index of its table in the plan.
    pub table: usize,
    /// Its partition key.
    pub partition: i64,
    /// Its clustering key; 0 in a table without.
    pub row: i64,
    /// Index of its column.
    pub column: usize,
}

/// What a client knows of the timestamp of a write: equal bounds when it knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Not before.
    pub low: i64,
    /// Not after.
    pub high: i64,
}

impl Stamp {
    /// A timestamp that is known.
    pub const fn exactly(micros: i64) -> Self {
        Self {
            low: micros,
            high: micros,
        }
    }

    /// Whether it may be this one.
    pub const fn may_be(self, micros: i64) -> bool {
        self.low <= micros && micros <= self.high
    }
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Acknowledged, at this time.
    Acknowledged(u64),
    /// It may or may not be there, now or later.
    Unknown,
    /// Refused before anything was done.
    Refused,
}

/// One write request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When it left the client.
    pub invoked: u64,
    /// How it ended.
    pub outcome: WriteOutcome,
    /// Its level.
    pub level: ConsistencyLevel,
    /// Its timestamp.
    pub stamp: Stamp,
    /// The cells it writes: a value that no other write has, or `None` for a deletion.
    pub cells: Vec<(Register, Option<i64>)>,
    /// The statement, for people.
    pub text: String,
}

/// A value as a read showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The value.
    pub value: i64,
    /// Its timestamp.
    pub timestamp: i64,
}

/// One read that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// When it left the client.
    pub invoked: u64,
    /// When its last page came.
    pub completed: u64,
    /// Its level.
    pub level: ConsistencyLevel,
    /// Every cell it asked for, and what it showed there.
    pub cells: Vec<(Register, Option<Seen>)>,
    /// Whether it was made after everything had healed.
    pub is_final: bool,
    /// The statement, for people.
    pub text: String,
}

/// A node's state of the cluster at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataSeen {
    /// Which node.
    pub node: usize,
    /// When.
    pub at: u64,
    /// Its epoch.
    pub epoch: u64,
    /// The encoded state.
    pub bytes: Bytes,
}

/// A change of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRequest {
    /// When it left the client.
    pub invoked: u64,
    /// The table it is about.
    pub table: String,
    /// What it does to it.
    pub action: SchemaAction,
    /// How it ended.
    pub outcome: WriteOutcome,
}

/// What a schema change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaAction {
    /// CREATE TABLE, without IF NOT EXISTS.
    Create,
    /// DROP TABLE.
    Drop,
}

/// Everything that was recorded.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Replicas of each partition.
    pub replication_factor: u32,
    /// Writes, as they were invoked.
    pub writes: Vec<Write>,
    /// Reads that were answered, as they were.
    pub reads: Vec<Read>,
    /// What the nodes knew of the cluster, in order of time.
    pub metadata: Vec<MetadataSeen>,
    /// Changes of the schema.
    pub schema: Vec<SchemaRequest>,
    /// The tables that each node knew in the end.
    pub final_tables: Vec<Vec<String>>,
    /// Requests that were answered with an error.
    pub errors: u64,
    /// Pages whose read found replicas different and repaired them.
    pub read_repairs: u64,
    /// What went wrong beyond what checkers look for: nodes that do not start, no convergence.
    pub troubles: Vec<String>,
}

/// Replicas that certainly have a write, or certainly were asked by a read, at a level.
pub const fn replicas_at(level: ConsistencyLevel, replication_factor: u32) -> u32 {
    match level {
        ConsistencyLevel::Any => 0,
        ConsistencyLevel::One | ConsistencyLevel::LocalOne => 1,
        ConsistencyLevel::Two => 2,
        ConsistencyLevel::Three => 3,
        ConsistencyLevel::Quorum
        | ConsistencyLevel::LocalQuorum
        | ConsistencyLevel::EachQuorum
        | ConsistencyLevel::Serial
        | ConsistencyLevel::LocalSerial => replication_factor / 2 + 1,
        ConsistencyLevel::All => replication_factor,
    }
}
