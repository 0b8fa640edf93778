//! How suspicious a silence is.

use quorate_types::Monotonic;
use std::time::Duration;

/// How unlikely a silence is.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Phi(pub f64);

/// One peer's heartbeats.
#[derive(Debug, Clone)]
pub struct FailureDetector {}

impl FailureDetector {
    /// Starts with the first heartbeat.
    pub fn new(_first_heard: Monotonic, _interval: Duration) -> Self {
        todo!()
    }
}
