//! Taking news of one host in: what is newer replaces what is known, what leaves a hole is refused.
//!
//! Leaves of the machine. Whether a peer is thereby up or down is decided there, not here.
//!
//! # Invariants
//!
//! * **A1** Neither a generation nor, within one, any version ever goes back.
//! * **A2** No holes: of a host's generation everything up to its largest version is known. So a
//!   delta that starts after what is known is refused; the next exchange brings the rest. (It comes
//!   when a node asks, restarts, and gets the answer to its former life's question.)

use crate::message::Delta;
use crate::state::ApplicationState;
use crate::state::EndpointState;
use crate::state::HeartbeatVersion;
use crate::state::VersionedValue;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What a delta brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Nothing new, or nothing that can be used (A1, A2).
    Nothing,
    /// More of the same life.
    More {
        /// Whether the node's heart has beaten since.
        heartbeat: bool,
        /// What has another value now.
        changed: Vec<ApplicationState>,
    },
    /// A later life; what was known is replaced.
    NewLife {
        /// What it says, all of it.
        changed: Vec<ApplicationState>,
    },
}

/// What the first news of a host makes known; nothing when its beginning is missing (A2).
pub(crate) fn first(delta: Delta) -> Option<EndpointState> {
    (delta.newer_than == HeartbeatVersion::NONE).then(|| normal(delta.state))
}

/// Merges news of a known host.
pub(crate) fn merge(known: &mut EndpointState, delta: Delta) -> News {
    match delta.state.generation.cmp(&known.generation) {
        Ordering::Less => News::Nothing, // A1
        Ordering::Equal if delta.newer_than > known.version_max() => News::Nothing, // A2
        Ordering::Equal => merge_same_life(known, normal(delta.state)),
        Ordering::Greater => match first(delta) {
            None => News::Nothing,
            Some(state) => {
                *known = state;
                News::NewLife {
                    changed: known.states.keys().copied().collect(),
                }
            }
        },
    }
}

fn merge_same_life(known: &mut EndpointState, news: EndpointState) -> News {
    let version_before = known.version_max();
    let heartbeat = news.heartbeat > known.heartbeat;
    known.heartbeat = known.heartbeat.max(news.heartbeat);
    let mut changed = Vec::new();
    for (name, fact) in news.states {
        let before = known.states.get(&name);
        if before.is_some_and(|before| before.version >= fact.version) {
            continue;
        }
        if before.is_none_or(|before| before.value != fact.value) {
            changed.push(name);
        }
        known.states.insert(name, fact);
    }
    assert!(known.version_max() >= version_before, "A1");
    if heartbeat || !changed.is_empty() {
        News::More { heartbeat, changed }
    } else {
        News::Nothing
    }
}

/// With each fact under the name that this build has for its number; a sender that spelled a
/// known one as [`ApplicationState::Other`] would otherwise make two facts of one.
fn normal(state: EndpointState) -> EndpointState {
    let mut states: BTreeMap<ApplicationState, VersionedValue> = BTreeMap::new();
    for (name, fact) in state.states {
        let name = ApplicationState::from_code(name.code());
        if states
            .get(&name)
            .is_none_or(|other| other.version < fact.version)
        {
            states.insert(name, fact);
        }
    }
    EndpointState { states, ..state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::delta_after;
    use crate::state::Generation;
    use proptest::prelude::*;
    use quorate_types::HostId;
    use uuid::Uuid;

    const HOST: HostId = HostId(Uuid::from_u128(1));

    /// Reads `g5 h9 Rack=r1@3 Load=12@7`.
    fn state(text: &str) -> EndpointState {
        let mut state = EndpointState::new(Generation::NONE);
        for word in text.split_whitespace() {
            if let Some(generation) = word.strip_prefix('g') {
                state.generation = Generation(generation.parse().unwrap());
            } else if let Some(version) = word.strip_prefix('h') {
                state.heartbeat = HeartbeatVersion(version.parse().unwrap());
            } else {
                let (name, fact) = word.split_once('=').unwrap();
                let (value, version) = fact.split_once('@').unwrap();
                let name = match name {
                    "Rack" => ApplicationState::Rack,
                    "Load" => ApplicationState::Load,
                    number => ApplicationState::Other(number.parse().unwrap()),
                };
                let value = VersionedValue {
                    value: value.to_owned(),
                    version: HeartbeatVersion(version.parse().unwrap()),
                };
                state.states.insert(name, value);
            }
        }
        state
    }

    fn delta(newer_than: u64, text: &str) -> Delta {
        Delta {
            host: HOST,
            newer_than: HeartbeatVersion(newer_than),
            state: state(text),
        }
    }

    /// Merges `news` into `g5 h9 Rack=r1@3 Load=12@7`.
    fn play(newer_than: u64, news: &str) -> (News, EndpointState) {
        let mut known = state("g5 h9 Rack=r1@3 Load=12@7");
        let news = merge(&mut known, delta(newer_than, news));
        (news, known)
    }

    #[test]
    fn newer_facts_replace_older_ones() {
        let (news, known) = play(9, "g5 h11 Load=13@10");
        let changed = vec![ApplicationState::Load];
        assert_eq!(
            news,
            News::More {
                heartbeat: true,
                changed
            }
        );
        assert_eq!(known, state("g5 h11 Rack=r1@3 Load=13@10"));
    }

    #[test]
    fn late_news_changes_nothing() {
        for late in ["g5 h8 Load=11@6", "g4 h99 Load=0@98", "g5 h9 Load=12@7"] {
            assert_eq!(
                play(0, late),
                (News::Nothing, state("g5 h9 Rack=r1@3 Load=12@7"))
            );
        }
    }

    #[test]
    fn the_same_value_said_again_is_no_change() {
        let (news, known) = play(9, "g5 h11 Load=12@10");
        let changed = vec![];
        assert_eq!(
            news,
            News::More {
                heartbeat: true,
                changed
            }
        );
        assert_eq!(known, state("g5 h11 Rack=r1@3 Load=12@10"));
    }

    #[test]
    fn a_new_life_replaces_everything() {
        let (news, known) = play(0, "g6 h1 Rack=r2@1");
        let changed = vec![ApplicationState::Rack];
        assert_eq!(news, News::NewLife { changed });
        assert_eq!(known, state("g6 h1 Rack=r2@1"));
    }

    #[test]
    fn news_that_would_leave_a_hole_is_refused() {
        assert_eq!(play(10, "g5 h12").0, News::Nothing);
        assert_eq!(play(1, "g6 h12").0, News::Nothing);
        assert_eq!(first(delta(1, "g6 h12")), None);
        assert!(first(delta(0, "g6 h12")).is_some());
    }

    #[test]
    fn a_known_fact_spelled_by_its_number_is_the_same_fact() {
        let number = ApplicationState::Load.code();
        let (_, known) = play(9, &format!("g5 h11 {number}=13@10"));
        assert_eq!(known, state("g5 h11 Rack=r1@3 Load=13@10"));
    }

    #[test]
    fn an_unknown_fact_is_carried_on() {
        let (_, known) = play(9, "g5 h11 999=x@10");
        let onward = delta_after(HOST, &known, HeartbeatVersion(9));
        assert_eq!(onward.state, state("g5 h11 999=x@10"), "S2");
    }

    /// A history of one node over two lives: each step a heartbeat or a fact.
    fn history() -> impl Strategy<Value = Vec<EndpointState>> {
        let life = prop::collection::vec(prop::option::of((0u16..4, 0u8..3)), 1..12);
        (life.clone(), life).prop_map(|lives| {
            let mut all = Vec::new();
            for (generation, steps) in [(1, lives.0), (2, lives.1)] {
                let mut state = EndpointState::new(Generation(generation));
                for (version, step) in (1..).zip(steps) {
                    let version = HeartbeatVersion(version);
                    match step {
                        None => state.heartbeat = version,
                        Some((name, value)) => {
                            let fact = VersionedValue {
                                value: value.to_string(),
                                version,
                            };
                            state
                                .states
                                .insert(ApplicationState::from_code(name + 3), fact);
                        }
                    }
                    all.push(state.clone());
                }
            }
            all
        })
    }

    proptest! {
        /// A2 as a law: whatever deltas come in whatever order, what is known is a moment of the
        /// history, complete.
        #[test]
        fn what_is_known_is_always_a_moment_of_what_was_said(
            history in history(),
            deliveries in prop::collection::vec((any::<prop::sample::Index>(), 0u64..14), 0..30),
        ) {
            let mut known: Option<EndpointState> = None;
            for (moment, newer_than) in deliveries {
                let sent = delta_after(HOST, moment.get(&history), HeartbeatVersion(newer_than));
                match &mut known {
                    Some(known) => drop(merge(known, sent)),
                    None => known = first(sent),
                }
                if let Some(known) = &known {
                    prop_assert!(history.contains(known), "{known:?}");
                }
            }
        }
    }
}
