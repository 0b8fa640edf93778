//! Who lacks what: comparing a digest with what is known here.
//!
//! Leaves of the machine, without state. A digest says "of this life of the node I have everything
//! up to that version"; the answer is to want the rest, to send the rest, or nothing.

use crate::message::Delta;
use crate::message::GossipDigest;
use crate::state::EndpointState;
use crate::state::Generation;
use crate::state::HeartbeatVersion;
use quorate_types::HostId;
use std::cmp::Ordering;

/// What follows from a digest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// The other one knows more: ask for it.
    Want(GossipDigest),
    /// The other one knows less: tell it.
    Send(Delta),
    /// Both know the same.
    Nothing,
}

/// How much `state` is.
pub(crate) fn digest_of(host: HostId, state: &EndpointState) -> GossipDigest {
    GossipDigest {
        host,
        generation: state.generation,
        version_max: state.version_max(),
    }
}

/// Compares what another node knows of a host (`theirs`) with what is known here.
pub(crate) fn compare(known: Option<&EndpointState>, theirs: GossipDigest) -> Exchange {
    let host = theirs.host;
    let everything = GossipDigest {
        host,
        generation: Generation::NONE,
        version_max: HeartbeatVersion::NONE,
    };
    let Some(known) = known else {
        return Exchange::Want(everything);
    };
    match theirs.generation.cmp(&known.generation) {
        Ordering::Greater => Exchange::Want(everything),
        Ordering::Less => Exchange::Send(delta_after(host, known, HeartbeatVersion::NONE)),
        Ordering::Equal => match theirs.version_max.cmp(&known.version_max()) {
            Ordering::Greater => Exchange::Want(digest_of(host, known)),
            Ordering::Less => Exchange::Send(delta_after(host, known, theirs.version_max)),
            Ordering::Equal => Exchange::Nothing,
        },
    }
}

/// What somebody wants to know of a host; nothing when this node knows no more.
pub(crate) fn wanted(known: &EndpointState, wanted: GossipDigest) -> Option<Delta> {
    match compare(Some(known), wanted) {
        Exchange::Send(delta) => Some(delta),
        Exchange::Want(_) | Exchange::Nothing => None,
    }
}

/// All that `state` says after `newer_than`.
pub(crate) fn delta_after(
    host: HostId,
    state: &EndpointState,
    newer_than: HeartbeatVersion,
) -> Delta {
    let newer = state
        .states
        .iter()
        .filter(|(_, fact)| fact.version > newer_than);
    Delta {
        host,
        newer_than,
        state: EndpointState {
            generation: state.generation,
            heartbeat: state.heartbeat,
            states: newer.map(|(name, fact)| (*name, fact.clone())).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::ApplicationState;
    use crate::state::VersionedValue;
    use uuid::Uuid;

    const HOST: HostId = HostId(Uuid::from_u128(1));

    /// Generation 5, heartbeat 9, a rack said at 3 and a load said at 7.
    fn known() -> EndpointState {
        let fact = |value: &str, version| VersionedValue {
            value: value.to_owned(),
            version: HeartbeatVersion(version),
        };
        let mut state = EndpointState::new(Generation(5));
        state.heartbeat = HeartbeatVersion(9);
        state.states.insert(ApplicationState::Rack, fact("r1", 3));
        state.states.insert(ApplicationState::Load, fact("12", 7));
        state
    }

    fn digest(generation: u64, version: u64) -> GossipDigest {
        GossipDigest {
            host: HOST,
            generation: Generation(generation),
            version_max: HeartbeatVersion(version),
        }
    }

    fn play(generation: u64, version: u64) -> String {
        match compare(Some(&known()), digest(generation, version)) {
            Exchange::Want(want) => format!("want {}>{}", want.generation, want.version_max),
            Exchange::Send(delta) => {
                let names = delta.state.states.keys().map(|name| format!("{name:?}"));
                let names: Vec<String> = names.collect();
                format!("send >{} {}", delta.newer_than, names.join(","))
            }
            Exchange::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn a_newer_life_is_wanted_whole() {
        assert_eq!(play(6, 1), "want 0>0");
    }

    #[test]
    fn an_older_life_is_answered_whole() {
        assert_eq!(play(4, 999), "send >0 Rack,Load");
    }

    #[test]
    fn in_the_same_life_only_what_is_newer_travels() {
        assert_eq!(play(5, 10), "want 5>9");
        assert_eq!(play(5, 9), "nothing");
        assert_eq!(play(5, 8), "send >8 ");
        assert_eq!(play(5, 6), "send >6 Load");
        assert_eq!(play(5, 2), "send >2 Rack,Load");
    }

    #[test]
    fn a_host_never_heard_of_is_wanted_whole() {
        assert_eq!(
            compare(None, digest(5, 9)),
            Exchange::Want(digest(0, 0)),
            "from the beginning"
        );
    }

    #[test]
    fn a_wish_for_what_nobody_knows_here_is_not_granted() {
        assert_eq!(wanted(&known(), digest(5, 9)), None);
        assert_eq!(wanted(&known(), digest(6, 0)), None);
        assert!(wanted(&known(), digest(0, 0)).is_some());
    }
}
