//! How fast a disk is: latencies drawn from the node's stream.

use crate::rng::Rng;
use std::time::Duration;

/// No operation takes longer.
const LATENCY_MAX: Duration = Duration::from_secs(3);

/// The speed of one node's disk.
#[derive(Debug, Clone, Copy)]
pub struct DiskProfile {
    /// The mean of a sync, microseconds.
    pub sync_micros: f64,
    /// The mean of a read, microseconds.
    pub read_micros: f64,
    /// How often an operation takes very long.
    pub hiccup_chance: f64,
    /// How long at most.
    pub hiccup_micros_max: u64,
    /// Everything takes this many times as long.
    pub slowness: f64,
    /// There is no room: writes and hints are refused.
    pub is_full: bool,
}

impl DiskProfile {
    /// A disk without surprises.
    pub const CALM: Self = Self {
        sync_micros: 500.0,
        read_micros: 80.0,
        hiccup_chance: 0.0,
        hiccup_micros_max: 0,
        slowness: 1.0,
        is_full: false,
    };

    pub(crate) fn sync_latency(self, rng: &mut Rng) -> Duration {
        self.latency(self.sync_micros, rng)
    }

    pub(crate) fn read_latency(self, rng: &mut Rng) -> Duration {
        self.latency(self.read_micros, rng)
    }

    fn latency(self, mean_micros: f64, rng: &mut Rng) -> Duration {
        let mut micros = 20.0 + rng.exponential(mean_micros);
        if rng.chance(self.hiccup_chance) {
            micros += rng.below(self.hiccup_micros_max) as f64;
        }
        Duration::from_micros((micros * self.slowness) as u64).min(LATENCY_MAX)
    }
}
