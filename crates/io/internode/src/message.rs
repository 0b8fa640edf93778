//! The vocabulary between nodes.

use bytes::Bytes;
use quorate_data::RowDigest;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::TableId;
use std::future::Future;
use std::time::Duration;

/// What a node asks of a peer. Mutations, commands and rows are in their one encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerRequest {
    /// Make this mutation durable.
    Mutate(Bytes),
    /// A mutation that the peer missed when it was written.
    Hint {
        /// The mutation.
        mutation: Bytes,
        /// When it was written, milliseconds since 1970.
        created_millis: u64,
    },
    /// Answer this read command with rows.
    Read(Bytes),
    /// Answer this read command with a digest.
    ReadDigest(Bytes),
    /// A message of the gossip. Not answered; what follows comes as messages of its own.
    Gossip {
        /// Where the sender is reached.
        from: Endpoint,
        /// What it says.
        message: quorate_gossip::Message,
    },
    /// A message of the metadata log's Paxos.
    Metadata(quorate_paxos::Request),
    /// Send the encoded metadata state: for a node that lacks entries nobody keeps any more, and
    /// for one that does not belong to a cluster yet.
    MetadataSnapshot,
    /// Drop all data of a table.
    Truncate {
        /// Which.
        table: TableId,
        /// When, milliseconds since 1970.
        at_millis: u64,
    },
}

/// What a peer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerReply {
    /// It is done, durably.
    Done,
    /// An encoded data reply.
    Data(Bytes),
    /// To a digest read.
    Digest(RowDigest),
    /// To a metadata message.
    Metadata(quorate_paxos::Reply),
    /// The encoded metadata state; `None` when the peer belongs to no cluster yet.
    MetadataSnapshot(Option<Bytes>),
    /// It could not.
    Failed {
        /// Why, as clients see it.
        reason: FailureReason,
        /// Why, for the log.
        message: String,
    },
}

/// A reply, and the metadata epoch of the peer that sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Whoever is behind fetches the entries it lacks.
    pub epoch: Epoch,
    /// The reply.
    pub reply: PeerReply,
}

/// The node behind the answering side.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Answers a request of the peer `from` (its host id, told when the stream was opened), whose
    /// metadata is at `epoch` and which waits for `timeout` more.
    fn handle(
        &self,
        from: HostId,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
    ) -> impl Future<Output = PeerReply> + Send;

    /// The epoch to put on replies.
    fn epoch(&self) -> Epoch;

    /// The cluster's name; streams of another cluster are refused.
    fn cluster_name(&self) -> String;
}
