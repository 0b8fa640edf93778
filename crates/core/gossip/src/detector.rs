//! How suspicious a silence is: the phi-accrual failure detector for one peer.
//!
//! Heartbeats arrive at intervals around a mean. If they were exponentially distributed, a silence
//! of `t` would happen by chance with probability `e^(−t/mean)`; phi is how many zeros that
//! probability has after the decimal point: `log₁₀(e) · t / mean`. The detector keeps the
//! intervals and computes phi; which phi is too much is the caller's.
//!
//! # Invariants
//!
//! * **D1** At most [`FailureDetector::INTERVALS_MAX`] intervals count, the newest ones.
//! * **D2** An interval longer than twice the gossip interval counts as a pause of the peer or the
//!   network and is left out, else one outage would make the detector slow for the next one.
//! * **D3** The first interval is not measured: it is twice the gossip interval.

use quorate_types::Monotonic;
use std::collections::VecDeque;
use std::time::Duration;

/// How unlikely a silence is: phi 8 means once in 10⁸.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Phi(pub f64);

impl Phi {
    /// Whether it is too much.
    pub fn exceeds(self, threshold: f64) -> bool {
        self.0 > threshold
    }
}

/// One peer's heartbeats, as heard here (from it, or through others).
#[derive(Debug, Clone)]
pub struct FailureDetector {
    intervals_micros: VecDeque<u64>,
    sum_micros: u128,
    interval_max: Duration,
    last_heard: Monotonic,
}

impl FailureDetector {
    /// How many intervals the mean is taken over (D1).
    pub const INTERVALS_MAX: usize = 1_000;

    /// Starts with the first heartbeat of a life of the peer.
    pub fn new(first_heard: Monotonic, gossip_interval: Duration) -> Self {
        let interval_max = gossip_interval.saturating_mul(2);
        let mut detector = Self {
            intervals_micros: VecDeque::new(),
            sum_micros: 0,
            interval_max,
            last_heard: first_heard,
        };
        detector.count(interval_max); // D3
        detector
    }

    /// Takes a newer heartbeat.
    pub fn heard(&mut self, now: Monotonic) {
        let interval = now.since(self.last_heard);
        self.last_heard = self.last_heard.max(now);
        if interval <= self.interval_max {
            self.count(interval); // D2
        }
    }

    /// The suspicion at `now`.
    pub fn phi(&self, now: Monotonic) -> Phi {
        let silence_micros = now.since(self.last_heard).as_micros() as f64;
        Phi(std::f64::consts::LOG10_E * silence_micros / self.mean_micros())
    }

    /// When the last newer heartbeat came.
    pub const fn last_heard(&self) -> Monotonic {
        self.last_heard
    }

    fn count(&mut self, interval: Duration) {
        let micros = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
        if self.intervals_micros.len() == Self::INTERVALS_MAX
            && let Some(oldest) = self.intervals_micros.pop_front()
        {
            self.sum_micros -= u128::from(oldest);
        }
        self.intervals_micros.push_back(micros);
        self.sum_micros += u128::from(micros);
        assert!(self.intervals_micros.len() <= Self::INTERVALS_MAX, "D1");
    }

    /// At least 1 µs: a window full of simultaneous heartbeats must not divide by zero.
    fn mean_micros(&self) -> f64 {
        let mean = self.sum_micros as f64 / self.intervals_micros.len() as f64;
        mean.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: f64) -> Monotonic {
        Monotonic((seconds * 1e6) as u64)
    }

    /// A detector whose window holds nothing but `interval`, heard last at the returned instant.
    fn steady(gossip_interval: Duration, interval: Duration) -> (FailureDetector, Monotonic) {
        let mut now = Monotonic(0);
        let mut detector = FailureDetector::new(now, gossip_interval);
        for _ in 0..FailureDetector::INTERVALS_MAX {
            now = now.after(interval);
            detector.heard(now);
        }
        (detector, now)
    }

    /// Seconds of silence until `threshold` is exceeded.
    fn detection_seconds(detector: &FailureDetector, last: Monotonic, threshold: f64) -> f64 {
        let mut silence = Duration::ZERO;
        while !detector.phi(last.after(silence)).exceeds(threshold) {
            silence += Duration::from_millis(1);
        }
        silence.as_secs_f64()
    }

    #[test]
    fn phi_counts_the_zeros_of_the_chance() {
        let (detector, last) = steady(SECOND, SECOND);
        for (silence, phi) in [(0.0, 0.0), (10.0, 4.342_944_819), (20.0, 8.685_889_638)] {
            let now = last.after(Duration::from_secs_f64(silence));
            assert!((detector.phi(now).0 - phi).abs() < 1e-9, "{silence}");
        }
    }

    #[test]
    fn a_mean_of_one_second_is_down_after_18_4_seconds_at_threshold_8() {
        let (detector, last) = steady(SECOND, SECOND);
        let seconds = detection_seconds(&detector, last, 8.0);
        assert!((18.4..18.5).contains(&seconds), "{seconds}");
    }

    #[test]
    fn a_mean_of_two_seconds_is_down_after_36_8_seconds_at_threshold_8() {
        let (detector, last) = steady(SECOND, 2 * SECOND);
        let seconds = detection_seconds(&detector, last, 8.0);
        assert!((36.8..36.9).contains(&seconds), "{seconds}");
    }

    #[test]
    fn the_first_interval_is_two_seconds() {
        let detector = FailureDetector::new(at(100.0), SECOND);
        let seconds = detection_seconds(&detector, at(100.0), 8.0);
        assert!((36.8..36.9).contains(&seconds), "{seconds}");
    }

    #[test]
    fn a_tenth_of_the_interval_detects_ten_times_as_fast() {
        let tenth = SECOND / 10;
        let (detector, last) = steady(tenth, tenth);
        let seconds = detection_seconds(&detector, last, 8.0);
        assert!((1.84..1.85).contains(&seconds), "{seconds}");
    }

    #[test]
    fn a_long_silence_does_not_make_the_detector_patient() {
        let mut detector = FailureDetector::new(at(0.0), SECOND);
        detector.heard(at(1.0));
        let before = detector.phi(at(2.0));
        detector.heard(at(3.001));
        assert_eq!(detector.phi(at(4.001)), before, "2.001 s is left out");
        detector.heard(at(5.001));
        assert!(detector.phi(at(6.001)) < before, "2 s counts");
    }

    #[test]
    fn only_the_newest_thousand_intervals_count() {
        let (mut detector, mut now) = steady(SECOND, 2 * SECOND);
        for _ in 0..FailureDetector::INTERVALS_MAX {
            now = now.after(SECOND);
            detector.heard(now);
        }
        let seconds = detection_seconds(&detector, now, 8.0);
        assert!((18.4..18.5).contains(&seconds), "{seconds}");
    }

    #[test]
    fn simultaneous_heartbeats_do_not_divide_by_zero() {
        let (detector, last) = steady(SECOND, Duration::ZERO);
        assert!(detector.phi(last).0.abs() < f64::EPSILON);
        assert!(detector.phi(last.after(SECOND)).0.is_finite());
    }

    proptest! {
        #[test]
        fn suspicion_grows_with_silence_and_is_never_negative(
            heartbeats in prop::collection::vec(0u64..3_000_000, 0..50),
            earlier in 0u64..100_000_000,
            longer in 0u64..100_000_000,
        ) {
            let mut now = Monotonic(0);
            let mut detector = FailureDetector::new(now, SECOND);
            for micros in heartbeats {
                now = Monotonic(now.0 + micros);
                detector.heard(now);
            }
            let phi = detector.phi(Monotonic(earlier));
            prop_assert!(phi.0 >= 0.0);
            prop_assert!(detector.phi(Monotonic(earlier + longer)) >= phi);
        }
    }
}
