//! How messages fare: how long they take, how often they are lost.

use crate::rng::Rng;
use std::time::Duration;

/// The state of all links together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// The mean delay of a message, microseconds; drawn anew for each, so they overtake.
    pub delay_micros: f64,
    /// How often a message takes very long.
    pub spike_chance: f64,
    /// How long at most.
    pub spike_micros_max: u64,
    /// How often a message is lost.
    pub loss_chance: f64,
    /// How often gossip arrives twice.
    pub duplicate_chance: f64,
}

impl Weather {
    /// Nothing goes wrong.
    pub const CALM: Self = Self {
        delay_micros: 300.0,
        spike_chance: 0.0,
        spike_micros_max: 0,
        loss_chance: 0.0,
        duplicate_chance: 0.0,
    };

    /// Something goes wrong now and then.
    pub fn stormy(rng: &mut Rng) -> Self {
        let sometimes = |rng: &mut Rng, low, high| {
            if rng.chance(0.4) {
                0.0
            } else {
                rng.log_uniform(low, high)
            }
        };
        Self {
            delay_micros: rng.log_uniform(200.0, 30_000.0),
            spike_chance: sometimes(rng, 0.001, 0.1),
            spike_micros_max: rng.log_uniform(20_000.0, 3_000_000.0) as u64,
            loss_chance: sometimes(rng, 0.0005, 0.15),
            duplicate_chance: sometimes(rng, 0.01, 0.5),
        }
    }

    pub(crate) fn delay(self, rng: &mut Rng) -> Duration {
        let mut micros = 50.0 + rng.exponential(self.delay_micros);
        if rng.chance(self.spike_chance) {
            micros += rng.below(self.spike_micros_max) as f64;
        }
        Duration::from_micros(micros as u64)
    }
}
