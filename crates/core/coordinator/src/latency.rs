//! How fast answers come: per replica, to ask the nearest first; over all, to know when a read is
//! slow enough to ask another replica too (semantics 4.1, 4.3).

use hdrhistogram::Histogram;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::time::Duration;

/// Weight of a new sample in a replica's running mean.
const SAMPLE_WEIGHT: f64 = 0.1;
/// Samples after which the histogram begins anew, so that old times fade.
const HISTOGRAM_SAMPLES_MAX: u64 = 10_000;
/// Fewer samples say nothing about a percentile.
const HISTOGRAM_SAMPLES_MIN: u64 = 100;

/// Latencies of reads, in microseconds.
#[derive(Debug)]
pub struct LatencyTracker {
    means: BTreeMap<HostId, f64>,
    current: Histogram<u64>,
    previous: Option<Histogram<u64>>,
}

impl LatencyTracker {
    /// Nothing measured yet.
    pub fn new() -> Self {
        Self {
            means: BTreeMap::new(),
            current: empty_histogram(),
            previous: None,
        }
    }

    /// A replica answered a read after this long.
    pub fn record(&mut self, replica: HostId, took: Duration) {
        let micros = took.as_micros() as f64;
        let mean = self.means.entry(replica).or_insert(micros);
        *mean += (micros - *mean) * SAMPLE_WEIGHT;
        self.current
            .saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if self.current.len() >= HISTOGRAM_SAMPLES_MAX {
            self.previous = Some(std::mem::replace(&mut self.current, empty_histogram()));
        }
    }

    /// The running mean of a replica, microseconds; zero for one never measured, so that it is tried.
    pub fn mean_micros(&self, replica: HostId) -> f64 {
        self.means.get(&replica).copied().unwrap_or(0.0)
    }

    /// The time within which this share (0 to 100) of answers came; `None` with too few samples.
    pub fn percentile(&self, percentile: f64) -> Option<Duration> {
        let histogram = match &self.previous {
            Some(previous) => previous,
            None if self.current.len() >= HISTOGRAM_SAMPLES_MIN => &self.current,
            None => return None,
        };
        Some(Duration::from_micros(
            histogram.value_at_percentile(percentile),
        ))
    }
}

impl Default for LatencyTracker {
    fn default() -> Self {
        Self::new()
    }
}

/// One microsecond to one minute, two digits: about 20 KB.
fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 2).expect("the bounds are in order")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_slower_replica_has_the_larger_mean() {
        let (near, far) = (HostId(Uuid::from_u128(1)), HostId(Uuid::from_u128(2)));
        let mut tracker = LatencyTracker::new();
        for _ in 0..50 {
            tracker.record(near, Duration::from_micros(300));
            tracker.record(far, Duration::from_millis(9));
        }
        assert!(tracker.mean_micros(far) > tracker.mean_micros(near));
        assert!(tracker.mean_micros(HostId(Uuid::from_u128(3))) < 1.0);
    }

    #[test]
    fn a_percentile_needs_enough_samples() {
        let mut tracker = LatencyTracker::new();
        assert_eq!(tracker.percentile(99.0), None);
        for micros in 1..=1000 {
            tracker.record(HostId(Uuid::from_u128(1)), Duration::from_micros(micros));
        }
        let p99 = tracker.percentile(99.0).unwrap().as_micros();
        assert!((980..=1010).contains(&p99), "{p99}");
    }
}
