//! The timestamps that this driver gives to writes.
//!
//! # Invariants
//!
//! * **C1** No two timestamps of one client are equal, and each is larger than those before it,
//!   whatever the machine's clock does.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Gives microseconds since 1970, each once.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    last: AtomicI64,
}

impl Clock {
    /// The next timestamp.
    pub(crate) fn next(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since.map_or(0, |since| since.as_micros() as i64);
        self.next_at(now)
    }

    fn next_at(&self, now_micros: i64) -> i64 {
        let after = |last: i64| now_micros.max(last + 1);
        let last = self
            .last
            .update(Ordering::Relaxed, Ordering::Relaxed, after);
        after(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_rise_even_when_the_clock_stands_or_goes_back() {
        let clock = Clock::default();
        let given = [100, 100, 50, 200].map(|now| clock.next_at(now));
        assert_eq!(given, [100, 101, 102, 200]);
    }

    #[test]
    fn no_two_threads_get_the_same() {
        let clock = Clock::default();
        let mut all: Vec<i64> = std::thread::scope(|scope| {
            let threads = [(); 4]
                .map(|()| scope.spawn(|| (0..1_000).map(|_| clock.next()).collect::<Vec<_>>()));
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("it only counts"))
                .collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4_000);
    }
}
