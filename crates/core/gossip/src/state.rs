//! What one node says of itself: a generation, a heartbeat and a few named facts.
//!
//! Plain values; nothing here decides who is alive or who is told.
//!
//! # Invariants
//!
//! * **S1** Heartbeat and facts share one counter: of one generation, a larger version was said
//!   later, whatever it is about.
//! * **S2** A number that this build does not know as a fact is kept and passed on.

use quorate_types::Endpoint;
use quorate_types::Epoch;
use std::collections::BTreeMap;
use std::fmt;

/// Seconds since 1970 on the wall clock; only ever used to judge generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallSeconds(pub u64);

/// Which life of a node this is: seconds since 1970 at its start, larger for each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    /// Smaller than every node's generation; in a digest: "I know nothing of it".
    pub const NONE: Self = Self(0);

    /// How far a generation may lie ahead of the clock before it is taken for garbage: a year.
    pub const AHEAD_MAX_SECONDS: u64 = 365 * 86_400;

    /// The generation of a start at `wall`, when the last one was `previous` (kept on disk).
    /// Strictly larger than it even when the clock went back.
    #[must_use]
    pub fn at_start(wall: WallSeconds, previous: Option<Self>) -> Self {
        let least = previous.map_or(1, |Self(seconds)| seconds.saturating_add(1));
        Self(wall.0.max(least))
    }

    /// Whether a node could have started in it by `wall`.
    #[must_use]
    pub fn is_plausible(self, wall: WallSeconds) -> bool {
        self.0 <= wall.0.saturating_add(Self::AHEAD_MAX_SECONDS)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A node's own counter: each heartbeat and each changed fact takes the next number (S1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HeartbeatVersion(pub u64);

impl HeartbeatVersion {
    /// Before the first; in a digest or request: "I have nothing".
    pub const NONE: Self = Self(0);

    /// Above this it is garbage: a thousand changes a second need 8,900 years to get there.
    /// Without the bound one flipped bit would deafen the cluster to a node until its restart.
    pub const PLAUSIBLE_MAX: Self = Self(1 << 48);

    /// The number that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for HeartbeatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A fact that a node gossips about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApplicationState {
    /// Where other nodes reach it: `host:port`.
    InternodeAddress,
    /// Where drivers of the CQL protocol reach it: `host:port`.
    ClientAddress,
    /// Where gRPC clients reach it: `host:port`.
    GrpcAddress,
    /// Its datacenter's name.
    Datacenter,
    /// Its rack's name.
    Rack,
    /// Bytes of data it holds.
    Load,
    /// The last epoch of the metadata log it has applied.
    Epoch,
    /// The version of the program.
    Build,
    /// Its wall clock in microseconds when it said so.
    ClockMicros,
    /// Whether it serves clients.
    Ready,
    /// It finishes what it has begun and wants nothing new.
    Draining,
    /// It has stopped on purpose: down at once, until its next generation.
    Shutdown,
    /// A fact of a newer build, carried on unread (S2). Made by [`Self::from_code`] only.
    Other(u16),
}

impl ApplicationState {
    /// Its number between nodes.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::InternodeAddress => 0,
            Self::ClientAddress => 1,
            Self::GrpcAddress => 2,
            Self::Datacenter => 3,
            Self::Rack => 4,
            Self::Load => 5,
            Self::Epoch => 6,
            Self::Build => 7,
            Self::ClockMicros => 8,
            Self::Ready => 9,
            Self::Draining => 10,
            Self::Shutdown => 11,
            Self::Other(code) => code,
        }
    }

    /// The fact of this number; one that this build does not know is [`Self::Other`].
    #[must_use]
    pub const fn from_code(code: u16) -> Self {
        match code {
            0 => Self::InternodeAddress,
            1 => Self::ClientAddress,
            2 => Self::GrpcAddress,
            3 => Self::Datacenter,
            4 => Self::Rack,
            5 => Self::Load,
            6 => Self::Epoch,
            7 => Self::Build,
            8 => Self::ClockMicros,
            9 => Self::Ready,
            10 => Self::Draining,
            11 => Self::Shutdown,
            other => Self::Other(other),
        }
    }
}

/// What a node said, and when by its own counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedValue {
    /// The text.
    pub value: String,
    /// Larger was said later.
    pub version: HeartbeatVersion,
}

/// One node's facts. Gossip carries liveness and load, never ownership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointState {
    /// Which life of the node it is.
    pub generation: Generation,
    /// Grows once an interval as long as the node lives.
    pub heartbeat: HeartbeatVersion,
    /// What it says of itself.
    pub states: BTreeMap<ApplicationState, VersionedValue>,
}

impl EndpointState {
    /// Nothing said yet in `generation`.
    #[must_use]
    pub const fn new(generation: Generation) -> Self {
        Self {
            generation,
            heartbeat: HeartbeatVersion::NONE,
            states: BTreeMap::new(),
        }
    }

    /// The largest version in it: whoever has it has everything said before.
    #[must_use]
    pub fn version_max(&self) -> HeartbeatVersion {
        let facts = self.states.values().map(|fact| fact.version);
        facts.fold(self.heartbeat, HeartbeatVersion::max)
    }

    /// What it says about `state`.
    #[must_use]
    pub fn value(&self, state: ApplicationState) -> Option<&str> {
        self.states.get(&state).map(|fact| fact.value.as_str())
    }

    /// Where other nodes reach it, when it has said so legibly.
    #[must_use]
    pub fn internode_address(&self) -> Option<Endpoint> {
        self.value(ApplicationState::InternodeAddress)?.parse().ok()
    }

    /// Where drivers reach it, when it has said so legibly.
    #[must_use]
    pub fn client_address(&self) -> Option<Endpoint> {
        self.value(ApplicationState::ClientAddress)?.parse().ok()
    }

    /// The epoch it has applied, when it has said so legibly.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        let text = self.value(ApplicationState::Epoch)?;
        text.parse().ok().map(Epoch)
    }

    /// Whether it wants nothing new. It still answers, so it is not down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.value(ApplicationState::Draining) == Some("true")
    }

    /// Whether it has stopped on purpose.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.value(ApplicationState::Shutdown) == Some("true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_generation_grows_even_when_the_clock_went_back() {
        let wall = WallSeconds(1_000);
        assert_eq!(Generation::at_start(wall, None), Generation(1_000));
        assert_eq!(
            Generation::at_start(wall, Some(Generation(900))),
            Generation(1_000)
        );
        assert_eq!(
            Generation::at_start(wall, Some(Generation(1_000))),
            Generation(1_001)
        );
        assert_eq!(
            Generation::at_start(wall, Some(Generation(5_000))),
            Generation(5_001)
        );
        assert!(Generation::at_start(WallSeconds(0), None) > Generation::NONE);
    }

    #[test]
    fn a_generation_more_than_a_year_ahead_is_not_plausible() {
        let wall = WallSeconds(1_000);
        assert!(Generation(1_000 + 365 * 86_400).is_plausible(wall));
        assert!(!Generation(1_001 + 365 * 86_400).is_plausible(wall));
    }

    proptest! {
        #[test]
        fn every_code_survives_the_fact_it_names(code: u16) {
            prop_assert_eq!(ApplicationState::from_code(code).code(), code);
        }
    }

    #[test]
    fn an_illegible_address_is_no_address() {
        let mut state = EndpointState::new(Generation(1));
        for (text, legible) in [("", false), ("a", false), ("a:7000", true)] {
            let value = VersionedValue {
                value: text.to_owned(),
                version: HeartbeatVersion(1),
            };
            state
                .states
                .insert(ApplicationState::InternodeAddress, value);
            assert_eq!(state.internode_address().is_some(), legible, "{text}");
        }
    }
}
