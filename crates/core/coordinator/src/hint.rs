//! Whether a write that a replica missed is kept for it (semantics 3.6).

use std::time::Duration;

/// When hints are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintPolicy {
    /// Off: replicas that missed writes wait for read repair and anti-entropy.
    pub enabled: bool,
    /// A node down for longer gets no more hints: it must be repaired.
    pub window: Duration,
    /// Bytes kept for one node.
    pub bytes_per_host_max: u64,
}

/// Why no hint was kept. The write's range then is dirty on that replica until repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintRefusal {
    /// Hinted handoff is off.
    Disabled,
    /// The node has been down for longer than the window.
    WindowOver,
    /// The oldest hint kept for it is older than the window.
    OldestTooOld,
    /// As many bytes as may be are kept for it.
    Full,
}

impl HintPolicy {
    /// Decides for a target that has been down for `down_for` (zero when it is up and merely late),
    /// whose oldest kept hint is `oldest_age` old, and for which `bytes` are kept.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check(
        &self,
        down_for: Duration,
        oldest_age: Option<Duration>,
        bytes: u64,
    ) -> Result<(), HintRefusal> {
        if !self.enabled {
            Err(HintRefusal::Disabled)
        } else if down_for > self.window {
            Err(HintRefusal::WindowOver)
        } else if oldest_age.is_some_and(|age| age > self.window) {
            // A restart of this coordinator forgets since when the target is down; its oldest hint
            // does not (else the window would begin anew with each restart).
            Err(HintRefusal::OldestTooOld)
        } else if bytes >= self.bytes_per_host_max {
            Err(HintRefusal::Full)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn policy() -> HintPolicy {
        HintPolicy {
            enabled: true,
            window: 3 * HOUR,
            bytes_per_host_max: 1000,
        }
    }

    #[test]
    fn the_window_ends_by_downtime_and_by_the_oldest_hint() {
        assert_eq!(policy().check(HOUR, Some(2 * HOUR), 0), Ok(()));
        assert_eq!(
            policy().check(4 * HOUR, None, 0),
            Err(HintRefusal::WindowOver)
        );
        assert_eq!(
            policy().check(Duration::ZERO, Some(4 * HOUR), 0),
            Err(HintRefusal::OldestTooOld)
        );
    }

    #[test]
    fn a_full_store_and_a_disabled_one_refuse() {
        assert_eq!(policy().check(HOUR, None, 1000), Err(HintRefusal::Full));
        let off = HintPolicy {
            enabled: false,
            ..policy()
        };
        assert_eq!(off.check(HOUR, None, 0), Err(HintRefusal::Disabled));
    }
}
