//! Times: what writes carry, what queries judge expiry by, what drivers wait by. No clock is
//! read here; values come in.

use std::fmt;
use std::time::Duration;

/// The time a write carries, in microseconds: larger wins. Clients may choose it freely, but not
/// `i64::MIN`, which stands for "no deletion" (semantics: reconciliation 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteTimestamp(i64);

/// `i64::MIN` was given as a write timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Out of bound timestamp, must be in [{min}, {max}]", min = i64::MIN + 1, max = i64::MAX)]
pub struct TimestampOutOfBounds;

impl WriteTimestamp {
    /// The smallest legal one.
    pub const MIN: Self = Self(i64::MIN + 1);
    /// The largest legal one.
    pub const MAX: Self = Self(i64::MAX);

    /// Takes microseconds.
    pub const fn new(micros: i64) -> Result<Self, TimestampOutOfBounds> {
        if micros == i64::MIN {
            Err(TimestampOutOfBounds)
        } else {
            Ok(Self(micros))
        }
    }

    /// Takes microseconds; `i64::MIN` becomes [`Self::MIN`].
    pub const fn saturating(micros: i64) -> Self {
        if micros == i64::MIN {
            Self::MIN
        } else {
            Self(micros)
        }
    }

    /// Microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for WriteTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The second by which one request judges expiry, everywhere alike: shipped to replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NowInSeconds(pub u32);

/// Time since a node's start on its monotonic clock, in microseconds. Never compared between nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)),
        )
    }

    /// Time since `earlier`; zero when it is not earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// When a request's time is up, on this node's monotonic clock. Between nodes the remaining time
/// travels, not the instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Monotonic);

impl Deadline {
    /// What remains at `now`; zero when it is over.
    pub const fn remaining(self, now: Monotonic) -> Duration {
        self.0.since(now)
    }

    /// Whether it is over.
    pub fn has_passed(self, now: Monotonic) -> bool {
        now >= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_integer_is_no_timestamp() {
        assert_eq!(WriteTimestamp::new(i64::MIN), Err(TimestampOutOfBounds));
        assert_eq!(
            TimestampOutOfBounds.to_string(),
            "Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807]"
        );
        assert_eq!(WriteTimestamp::new(-5).map(WriteTimestamp::micros), Ok(-5));
    }

    #[test]
    fn a_passed_deadline_leaves_nothing() {
        let deadline = Deadline(Monotonic(10).after(Duration::from_micros(5)));
        assert_eq!(deadline.remaining(Monotonic(12)), Duration::from_micros(3));
        assert_eq!(deadline.remaining(Monotonic(20)), Duration::ZERO);
        assert!(deadline.has_passed(Monotonic(15)));
    }
}
