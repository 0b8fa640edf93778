//! What must be true of every history, one guarantee per file.
//!
//! A write that was not acknowledged may be there or not, now or later; only a refusal before
//! anything was done counts as absent. Everything is judged by the order in which versions win
//! (timestamp, then deletion over value, then the greater value), never by wall clocks.

mod lww;

pub mod metadata_log_agreement;
pub mod monotonic_quorum_reads;
pub mod no_invented_value;
pub mod no_lost_acknowledged_write;
pub mod no_lost_schema_change;
pub mod no_stale_quorum_read;
pub mod replicas_equal_after_healing;
pub mod stored_hints_arrive;

#[cfg(test)]
mod samples;

use crate::history::History;
use lww::Timeline;
use std::fmt;

/// A guarantee that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The checker that says so.
    pub guarantee: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.guarantee, self.what)
    }
}

/// Runs every checker that judges a history.
pub fn check_history(history: &History) -> Vec<Violation> {
    let timeline = Timeline::of(history);
    let mut violations = Vec::new();
    violations.extend(no_invented_value::check(history, &timeline));
    violations.extend(no_lost_acknowledged_write::check(history, &timeline));
    violations.extend(no_stale_quorum_read::check(history, &timeline));
    violations.extend(monotonic_quorum_reads::check(history, &timeline));
    violations.extend(metadata_log_agreement::check(&history.metadata));
    violations.extend(no_lost_schema_change::check(history));
    violations
}
