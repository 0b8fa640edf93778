//! What nodes say to each other. Plain values: how they are written as bytes is the transport's.
//!
//! ```text
//!   a ── Syn: "this is how much I know of each" ─▶ b
//!   a ◀─ Ack: "of these I lack …; you lack this" ─ b
//!   a ── Ack2: "here is what you lack" ──────────▶ b
//! ```
//!
//! An `Ack` or `Ack2` follows a `Syn` whose cluster name was checked, so they carry none.
//! `Echo` asks "are you who I think lives there?" before a peer is called up. `Shutdown` is the
//! only message that nobody asked for, so it names its cluster.

use crate::state::EndpointState;
use crate::state::Generation;
use crate::state::HeartbeatVersion;
use quorate_types::HostId;

/// How much somebody knows of one node; in [`Message::Ack::wanted`]: what newer than it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GossipDigest {
    /// Of whom.
    pub host: HostId,
    /// In which life; [`Generation::NONE`] for a node never heard of.
    pub generation: Generation,
    /// Everything up to here is known.
    pub version_max: HeartbeatVersion,
}

/// What one node said after a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// Who said it.
    pub host: HostId,
    /// The facts in `state` are all those newer than this. Whoever has not everything up to here
    /// would get a hole by taking it, and must ask again.
    pub newer_than: HeartbeatVersion,
    /// Its generation and heartbeat, and the newer facts.
    pub state: EndpointState,
}

/// One message of the gossip between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Opens an exchange.
    Syn {
        /// The sender's cluster; another cluster's is not answered.
        cluster: String,
        /// Of every node the sender knows, itself included.
        digests: Vec<GossipDigest>,
    },
    /// Answers a `Syn`.
    Ack {
        /// What the sender of this message wants.
        wanted: Vec<GossipDigest>,
        /// What the other one lacks.
        deltas: Vec<Delta>,
    },
    /// Ends the exchange.
    Ack2 {
        /// What the other one wanted.
        deltas: Vec<Delta>,
    },
    /// Asks whoever is reached to say who it is.
    Echo,
    /// Answers an `Echo`.
    EchoReply {
        /// Who was reached.
        host: HostId,
        /// In which life.
        generation: Generation,
    },
    /// The sender stops on purpose, now.
    Shutdown {
        /// The sender's cluster.
        cluster: String,
        /// All it says of itself, [`crate::ApplicationState::Shutdown`] among it.
        delta: Delta,
    },
}
