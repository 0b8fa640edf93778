//! How one node gossips: its name, its pace, its patience.
//!
//! Values only. Everything that is measured in intervals follows the interval, so that a test or
//! a fast network can have detection in seconds by changing one number.

use quorate_types::HostId;
use std::time::Duration;

/// How one node gossips. [`Config::new`] gives the defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Nodes of another cluster are not answered.
    pub cluster: String,
    /// This node.
    pub me: HostId,
    /// How often [`Gossip::tick`](crate::Gossip::tick) is called.
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
    /// quarantine. Detection takes about 2.3 · `phi_threshold` times the mean time between two
    /// heartbeats heard of a peer, which is one to two intervals.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self {
            interval,
            local_pause_max: interval.saturating_mul(5),
            ..self
        }
    }
}
