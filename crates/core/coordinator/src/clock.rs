//! The coordinator's clock: a hybrid logical clock in microseconds (semantics 1.10).
//!
//! # Invariants
//!
//! * **C1** No two calls of [`HybridClock::next`] give the same timestamp.
//! * **C2** A timestamp is never behind one that was observed before, whatever the wall clock does.

use quorate_types::WriteTimestamp;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

/// Stamps writes. Shared by all requests of a node without a lock.
#[derive(Debug)]
pub struct HybridClock {
    last: AtomicI64,
}

impl HybridClock {
    /// Starts at zero: the first timestamp is the wall clock's.
    pub const fn new() -> Self {
        Self {
            last: AtomicI64::new(0),
        }
    }

    /// A timestamp later than all before it, and not before `wall_micros`.
    pub fn next(&self, wall_micros: i64) -> WriteTimestamp {
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = wall_micros.max(last.saturating_add(1));
            match self
                .last
                .compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return WriteTimestamp::saturating(next),
                Err(seen) => last = seen,
            }
        }
    }

    /// Takes note of a timestamp another node gave, so that ours come after it. One that is further
    /// ahead of the wall clock than `trusted_micros` is not followed: a single broken clock must not
    /// carry the whole cluster into the future.
    pub fn observe(&self, timestamp: WriteTimestamp, wall_micros: i64, trusted_micros: i64) {
        if timestamp.micros() <= wall_micros.saturating_add(trusted_micros) {
            self.last.fetch_max(timestamp.micros(), Ordering::Relaxed);
        }
    }
}

impl Default for HybridClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_rise_even_when_the_wall_clock_goes_back() {
        let clock = HybridClock::new();
        let first = clock.next(1_000);
        let second = clock.next(400);
        assert_eq!((first.micros(), second.micros()), (1_000, 1_001));
    }

    #[test]
    fn a_trusted_peers_timestamp_is_passed_and_a_wild_one_is_not() {
        let clock = HybridClock::new();
        clock.observe(WriteTimestamp::saturating(1_500), 1_000, 600);
        assert_eq!(clock.next(1_000).micros(), 1_501);
        clock.observe(WriteTimestamp::saturating(9_000_000), 1_000, 600);
        assert_eq!(clock.next(1_000).micros(), 1_502);
    }
}
