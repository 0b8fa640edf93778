//! A node as the metadata log knows it: identity, addresses, place, tokens. Whether it is up is
//! gossip's business.

use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Token;
use std::collections::BTreeSet;
use std::fmt;

/// One node of the cluster. The host id is its identity; the addresses are attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its identity, for life.
    pub host_id: HostId,
    /// Where other nodes reach it.
    pub internode: Endpoint,
    /// Where gRPC clients reach it.
    pub client: Endpoint,
    /// Where CQL drivers reach it, when it serves the native protocol.
    pub native: Option<Endpoint>,
    /// Its datacenter; fixed at the join.
    pub datacenter: String,
    /// Its rack within the datacenter; fixed at the join.
    pub rack: String,
    /// Where it stands in its life.
    pub state: NodeState,
    /// The ends of the ranges it owns. In a node that is about to join, empty means "allocate".
    pub tokens: BTreeSet<Token>,
    /// The build it last started with.
    pub build: String,
}

/// Where a node stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeState {
    /// Receives writes for its ranges but serves no reads yet.
    Joining,
    /// Owns its ranges.
    Normal,
    /// Owns its ranges until others have them.
    Leaving,
    /// Owns nothing any more; kept so that its host id is never used again.
    Left,
}

impl NodeState {
    /// Whether the node's tokens are on the ring that reads use.
    pub const fn owns_ranges(self) -> bool {
        match self {
            Self::Normal | Self::Leaving => true,
            Self::Joining | Self::Left => false,
        }
    }

    /// The word that operators see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Joining => "Joining",
            Self::Normal => "Normal",
            Self::Leaving => "Leaving",
            Self::Left => "Left",
        }
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
