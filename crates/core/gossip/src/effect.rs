//! What the gossip of a node tells its driver: things to do, and what it thinks of a peer.

use crate::message::Message;
use crate::state::ApplicationState;
use crate::state::Generation;
use crate::state::HeartbeatVersion;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Monotonic;

/// What the driver must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send it; losing it is harmless.
    Send {
        /// Where to.
        to: Endpoint,
        /// What.
        message: Message,
    },
    /// The peer is up from now on.
    Up(HostId),
    /// The peer is down from now on.
    Down(HostId),
    /// The peer has started anew: what was known of it is gone, connections to it are stale.
    Restarted(HostId),
    /// The peer says something else than before, or something for the first time; look it up
    /// with [`Gossip::endpoint`](crate::Gossip::endpoint).
    StateChanged(HostId, ApplicationState),
    /// Somebody else runs with this node's host id (a copied disk): one of the two must stop.
    /// Said once for each generation.
    Impostor {
        /// Who told.
        from: Endpoint,
        /// The other one's generation.
        generation: Generation,
    },
    /// A node of another cluster has called; it was not answered.
    OtherCluster {
        /// Who called.
        from: Endpoint,
        /// The name it gave.
        cluster: String,
    },
    /// News with an impossible generation or version was thrown away: a clock or a memory is
    /// broken. Said each time it comes.
    Implausible {
        /// Who told.
        from: Endpoint,
        /// About whom.
        host: HostId,
        /// The generation it gave.
        generation: Generation,
        /// The largest version it gave.
        version_max: HeartbeatVersion,
    },
}

/// What this node thinks of a peer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Whether requests may be sent to it.
    pub up: bool,
    /// The suspicion at the last tick or message.
    pub phi: f64,
    /// Since when it is up, or down.
    pub since: Monotonic,
}
