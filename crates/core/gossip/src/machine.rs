//! The gossip of one node.

use crate::message::Message;
use crate::state::ApplicationState;
use crate::state::EndpointState;
use crate::state::Generation;
use crate::state::HeartbeatVersion;
use crate::state::WallSeconds;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Monotonic;
use std::time::Duration;

/// How one node gossips. [`Config::new`] gives the defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Nodes of another cluster are not answered.
    pub cluster: String,
    /// This node.
    pub me: HostId,
    /// How often [`Gossip::tick`] is called.
    pub interval: Duration,
    /// A peer whose suspicion exceeds this is down.
    pub phi_threshold: f64,
    /// When this node itself slept longer than this between two ticks, it convicts nobody for as
    /// long: the silence may have been its own.
    pub local_pause_max: Duration,
    /// How long a forgotten node's news is ignored.
    pub quarantine: Duration,
}

impl Config {
    /// The defaults: an interval of 1 s, threshold 8, local pause 5 s, quarantine 60 s.
    pub fn new(cluster: impl Into<String>, me: HostId) -> Self {
        Self {
            cluster: cluster.into(),
            me,
            interval: Duration::from_secs(1),
            phi_threshold: 8.0,
            local_pause_max: Duration::from_secs(5),
            quarantine: Duration::from_mins(1),
        }
    }

    /// Another interval, and with it everything that is measured in intervals: all but the
    /// quarantine. Detection takes about `2.3 · phi_threshold` mean intervals of a heard heartbeat.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self {
            interval,
            local_pause_max: interval * 5,
            ..self
        }
    }
}

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
    /// The peer says something else than before; look it up with [`Gossip::endpoint`].
    StateChanged(HostId, ApplicationState),
    /// Somebody else runs with this node's host id (a copied disk): one of the two must stop.
    /// Said once for each generation and version seen.
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
    /// News with an impossible generation or version was thrown away: a clock or a memory is broken.
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

/// The gossip of one node.
#[derive(Debug, Clone)]
pub struct Gossip {}

impl Gossip {
    /// Starts a life of this node: `generation` must be larger than that of every earlier one
    /// ([`Generation::at_start`]), `my_states` is what it says of itself, among it
    /// [`ApplicationState::InternodeAddress`].
    pub fn new(
        _config: Config,
        _generation: Generation,
        _my_states: impl IntoIterator<Item = (ApplicationState, String)>,
    ) -> Self {
        todo!()
    }

    /// Says something new of this node.
    pub fn set(&mut self, _state: ApplicationState, _value: String) {
        todo!()
    }

    /// One round. To be called once an interval.
    pub fn tick(
        &mut self,
        _now: Monotonic,
        _wall: WallSeconds,
        _random: &mut dyn FnMut() -> u64,
        _seeds: &[Endpoint],
    ) -> Vec<Effect> {
        todo!()
    }

    /// Takes a message of a node that is reached at `from` (its internode address, not the port
    /// its connection happens to come from): answers go there.
    pub fn receive(
        &mut self,
        _now: Monotonic,
        _wall: WallSeconds,
        _from: &Endpoint,
        _message: Message,
    ) -> Vec<Effect> {
        todo!()
    }

    /// Drops a node that has left the ring; its news is ignored for [`Config::quarantine`].
    pub fn forget(&mut self, _host: HostId) {
        todo!()
    }

    /// Everybody else this node knows.
    pub fn peers(&self) -> impl Iterator<Item = (HostId, &EndpointState, Verdict)> {
        std::iter::empty()
    }

    /// What is known of a node, this one included.
    pub fn endpoint(&self, _host: HostId) -> Option<&EndpointState> {
        todo!()
    }

    /// Whether requests may be sent to the node. This one is up until it shuts down.
    pub fn is_up(&self, _host: HostId) -> bool {
        todo!()
    }

    /// Tells every peer that is up that this node stops. Afterwards it says and hears nothing.
    pub fn shut_down(&mut self) -> Vec<Effect> {
        todo!()
    }
}
