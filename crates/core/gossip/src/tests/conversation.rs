//! One node, told things one after the other; what it does about each.

use crate::*;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Monotonic;
use std::time::Duration;
use uuid::Uuid;

const WALL: WallSeconds = WallSeconds(1_000_000);

fn host(name: char) -> HostId {
    HostId(Uuid::from_u128(u128::from(u32::from(name))))
}

fn name(host: HostId) -> char {
    char::from_u32(host.0.as_u128() as u32).unwrap()
}

fn address(name: char) -> Endpoint {
    format!("{name}:7000").parse().unwrap()
}

/// Node `a`, in generation 100, at some second.
struct Node {
    gossip: Gossip,
    now: Monotonic,
    out: Vec<String>,
}

impl Node {
    fn new() -> Self {
        let facts = [
            (ApplicationState::InternodeAddress, "a:7000".to_owned()),
            (ApplicationState::Rack, "r1".to_owned()),
        ];
        let config = Config::new("q", host('a'));
        Self {
            gossip: Gossip::new(config, Generation(100), facts),
            now: Monotonic(0),
            out: Vec::new(),
        }
    }

    fn told(&mut self, from: char, message: Message) {
        let effects = self.gossip.receive(self.now, WALL, &address(from), message);
        self.note(effects);
    }

    fn note(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.out.push(show(effect));
        }
    }

    /// One word of a script:
    /// `b5.9` a delta of b, generation 5, heartbeat 9, with its address;
    /// `b5.9:Load=3@8` the same with a fact; `b5.9>7` only what is newer than 7;
    /// `echo:b5` the reply of b in generation 5; `+30` that many seconds pass, a tick at each;
    /// `sleep30` they pass without a tick, then there is one; `forget:b`.
    fn step(&mut self, word: &str) {
        if let Some(seconds) = word.strip_prefix('+') {
            for _ in 0..seconds.parse::<u64>().unwrap() {
                self.sleep(1);
            }
        } else if let Some(seconds) = word.strip_prefix("sleep") {
            self.sleep(seconds.parse().unwrap());
        } else if let Some(reply) = word.strip_prefix("echo:") {
            let (who, generation) = reply.split_at(1);
            let message = Message::EchoReply {
                host: host(who.chars().next().unwrap()),
                generation: Generation(generation.parse().unwrap()),
            };
            self.told(who.chars().next().unwrap(), message);
        } else if let Some(who) = word.strip_prefix("forget:") {
            self.gossip.forget(host(who.chars().next().unwrap()));
        } else {
            let deltas = vec![delta(word)];
            self.told('z', Message::Ack2 { deltas });
        }
    }

    /// Ticks, but talks to nobody: the seed list is empty and what is sent to peers is not noted.
    fn sleep(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        let effects = self.gossip.tick(self.now, WALL, &mut || 0, &[]);
        let mut effects = effects;
        effects.retain(|effect| !matches!(effect, Effect::Send { .. }));
        self.note(effects);
    }
}

/// Reads `b5.9:Load=3@8>7`.
fn delta(word: &str) -> Delta {
    let (word, newer_than) = match word.split_once('>') {
        Some((word, newer_than)) => (word, newer_than.parse().unwrap()),
        None => (word, 0),
    };
    let (life, fact) = match word.split_once(':') {
        Some((life, fact)) => (life, Some(fact)),
        None => (word, None),
    };
    let who = life.chars().next().unwrap();
    let (generation, heartbeat) = life[1..].split_once('.').unwrap();
    let mut state = EndpointState::new(Generation(generation.parse().unwrap()));
    state.heartbeat = HeartbeatVersion(heartbeat.parse().unwrap());
    let mut insert = |name, value: &str, version| {
        let value = VersionedValue {
            value: value.to_owned(),
            version: HeartbeatVersion(version),
        };
        state.states.insert(name, value);
    };
    if newer_than == 0 {
        insert(
            ApplicationState::InternodeAddress,
            &address(who).to_string(),
            1,
        );
    }
    if let Some(fact) = fact {
        let (name, value) = fact.split_once('=').unwrap();
        let (value, version) = value.split_once('@').unwrap();
        let name = match name {
            "Address" => ApplicationState::InternodeAddress,
            "Load" => ApplicationState::Load,
            "Shutdown" => ApplicationState::Shutdown,
            "Draining" => ApplicationState::Draining,
            _ => panic!("{name}"),
        };
        insert(name, value, version.parse().unwrap());
    }
    Delta {
        host: host(who),
        newer_than: HeartbeatVersion(newer_than),
        state,
    }
}

fn show(effect: Effect) -> String {
    match effect {
        Effect::Send { to, message } => format!("{}<-{}", to.host, show_message(message)),
        Effect::Up(host) => format!("Up({})", name(host)),
        Effect::Down(host) => format!("Down({})", name(host)),
        Effect::Restarted(host) => format!("Restarted({})", name(host)),
        Effect::StateChanged(host, state) => format!("{}.{state:?}", name(host)),
        Effect::Impostor { generation, .. } => format!("Impostor({generation})"),
        Effect::OtherCluster { cluster, .. } => format!("OtherCluster({cluster})"),
        Effect::Implausible { host, .. } => format!("Implausible({})", name(host)),
    }
}

fn show_message(message: Message) -> String {
    let digests = |digests: Vec<GossipDigest>| {
        let one = |d: &GossipDigest| format!("{}{}.{}", name(d.host), d.generation, d.version_max);
        digests.iter().map(one).collect::<Vec<_>>().join(",")
    };
    let deltas = |deltas: Vec<Delta>| {
        let one = |d: &Delta| {
            let facts = d.state.states.len();
            let (host, state) = (name(d.host), &d.state);
            let life = format!("{host}{}.{}", state.generation, state.heartbeat);
            format!("{life}+{facts}>{}", d.newer_than)
        };
        deltas.iter().map(one).collect::<Vec<_>>().join(",")
    };
    match message {
        Message::Syn { digests: d, .. } => format!("Syn({})", digests(d)),
        Message::Ack { wanted, deltas: d } => format!("Ack({};{})", digests(wanted), deltas(d)),
        Message::Ack2 { deltas: d } => format!("Ack2({})", deltas(d)),
        Message::Echo => "Echo".to_owned(),
        Message::EchoReply { host, generation } => format!("EchoReply({}{generation})", name(host)),
        Message::Shutdown { delta, .. } => format!("Shutdown({})", deltas(vec![delta])),
    }
}

/// Plays a script to a fresh node `a` and gives what it did.
fn play(script: &str) -> String {
    let mut node = Node::new();
    for word in script.split_whitespace() {
        node.step(word);
    }
    node.out.join(" ")
}

/// As [`play`], but gives only what follows from the last word.
fn last(script: &str) -> String {
    let mut node = Node::new();
    for word in script.split_whitespace() {
        node.out.clear();
        node.step(word);
    }
    node.out.join(" ")
}

fn syn(digests: &str) -> Message {
    let one = |text: &str| {
        let (generation, version) = text[1..].split_once('.').unwrap();
        GossipDigest {
            host: host(text.chars().next().unwrap()),
            generation: Generation(generation.parse().unwrap()),
            version_max: HeartbeatVersion(version.parse().unwrap()),
        }
    };
    Message::Syn {
        cluster: "q".to_owned(),
        digests: digests.split_whitespace().map(one).collect(),
    }
}

/// What node `a`, who knows `known`, answers to a Syn of b.
fn answer(known: &str, digests: &str) -> String {
    let mut node = Node::new();
    for word in known.split_whitespace() {
        node.step(word);
    }
    node.out.clear();
    node.told('b', syn(digests));
    node.out.join(" ")
}

#[test]
fn a_peer_is_up_only_once_it_has_answered() {
    assert_eq!(
        play("b5.9 echo:b5"),
        "b.InternodeAddress b<-Echo Up(b)",
        "G1"
    );
    assert_eq!(last("b5.9 +3 b5.12"), "b<-Echo", "asked again");
}

#[test]
fn an_answer_of_another_life_or_of_a_stranger_raises_nobody() {
    assert_eq!(last("b5.9 echo:b4"), "", "G1");
    assert_eq!(last("b5.9 echo:c5"), "", "G1");
}

#[test]
fn an_answer_after_a_suspicious_silence_raises_nobody() {
    assert_eq!(last("b5.9 +60 echo:b5"), "", "G1");
}

#[test]
fn up_is_said_once() {
    assert_eq!(last("b5.9 echo:b5 echo:b5"), "", "G2");
    assert_eq!(last("b5.9 echo:b5 b5.10"), "", "and nothing is asked");
}

#[test]
fn a_silent_peer_goes_down_once() {
    assert_eq!(last("b5.9 echo:b5 +36"), "");
    assert_eq!(last("b5.9 echo:b5 +37"), "Down(b)");
    assert_eq!(last("b5.9 echo:b5 +37 +100"), "", "G2");
}

#[test]
fn a_heartbeat_heard_through_another_keeps_a_peer_up() {
    assert_eq!(last("b5.9 echo:b5 +30 b5.39 +36"), "");
}

#[test]
fn old_news_is_no_heartbeat() {
    assert_eq!(last("b5.9 echo:b5 +30 b5.9 b5.8 b4.99 +7"), "Down(b)");
}

#[test]
fn a_fact_alone_is_no_heartbeat() {
    assert_eq!(last("b5.9 echo:b5 +30 b5.9:Load=1@20 +7"), "Down(b)");
}

#[test]
fn a_peer_that_was_down_comes_back() {
    assert_eq!(last("b5.9 echo:b5 +40 b5.10"), "b<-Echo");
    assert_eq!(last("b5.9 echo:b5 +40 b5.10 echo:b5"), "Up(b)");
}

#[test]
fn a_restart_is_down_first_and_up_after_the_answer() {
    assert_eq!(
        last("b5.9 echo:b5 b6.1"),
        "Down(b) Restarted(b) b.InternodeAddress b<-Echo"
    );
    assert_eq!(last("b5.9 echo:b5 b6.1 echo:b5"), "", "the old life's");
    assert_eq!(last("b5.9 echo:b5 b6.1 echo:b6"), "Up(b)");
}

#[test]
fn a_new_life_s_rhythm_is_learned_anew() {
    let beats: Vec<String> = (10..50).map(|beat| format!("+1 b5.{beat}")).collect();
    let steady = format!("b5.9 echo:b5 {}", beats.join(" "));
    assert_eq!(last(&format!("{steady} +20")), "Down(b)", "a beat a second");
    assert_eq!(last(&format!("{steady} b6.1 echo:b6 +36")), "", "D3");
    assert_eq!(last(&format!("{steady} b6.1 echo:b6 +37")), "Down(b)");
}

#[test]
fn the_newest_life_s_address_counts() {
    assert_eq!(
        last("b5.9 echo:b5 b6.1:Address=x:7000@2"),
        "Down(b) Restarted(b) b.InternodeAddress x<-Echo"
    );
    assert_eq!(
        last("b6.1:Address=x:7000@2 b5.9"),
        "",
        "an older life changes nothing"
    );
}

#[test]
fn an_illegible_address_cannot_be_asked() {
    assert_eq!(play("b5.9:Address=nowhere@2"), "b.InternodeAddress");
}

#[test]
fn a_changed_fact_is_told_once() {
    let twice = "b5.9:Load=3@8 b5.9:Load=3@8 b5.10:Load=3@10 b5.11:Load=4@11";
    assert_eq!(
        play(twice),
        "b.InternodeAddress b.Load b<-Echo b<-Echo b.Load b<-Echo"
    );
}

#[test]
fn a_shut_down_peer_is_down_at_once_and_stays_down_in_this_life() {
    let down = "b5.9 echo:b5 b5.9:Shutdown=true@10";
    assert_eq!(last(down), "b.Shutdown Down(b)");
    assert_eq!(last(&format!("{down} b5.11")), "");
    assert_eq!(last(&format!("{down} echo:b5")), "", "G1");
    assert_eq!(
        last(&format!("{down} b6.1 echo:b6")),
        "Up(b)",
        "its next life"
    );
}

#[test]
fn a_draining_peer_is_up() {
    assert_eq!(last("b5.9 echo:b5 b5.9:Draining=true@10"), "b.Draining");
}

#[test]
fn after_a_pause_of_its_own_a_node_convicts_nobody() {
    assert_eq!(last("b5.9 echo:b5 +1 sleep60"), "", "G4");
    assert_eq!(last("b5.9 echo:b5 +1 sleep60 +4"), "", "G4");
    assert_eq!(last("b5.9 echo:b5 +1 sleep60 +5"), "Down(b)");
    assert_eq!(
        last("b5.9 echo:b5 +34 sleep5"),
        "Down(b)",
        "5 s are no pause"
    );
}

#[test]
fn a_forgotten_node_s_news_is_ignored_until_its_quarantine_ends() {
    assert_eq!(last("b5.9 +1 forget:b b5.10"), "", "G5");
    assert_eq!(last("b5.9 +1 forget:b +59 b6.10"), "", "G5");
    assert_eq!(
        last("b5.9 +1 forget:b +60 b6.10"),
        "b.InternodeAddress b<-Echo"
    );
}

#[test]
fn a_forgotten_node_is_not_asked_for() {
    assert_eq!(
        answer("b5.9 +1 forget:b", "b5.10 a100.3"),
        "b<-Ack(;)",
        "G5"
    );
}

#[test]
fn news_of_the_far_future_is_thrown_away() {
    let ahead = WALL.0 + 365 * 86_400;
    assert_eq!(play(&format!("b{}.1", ahead + 1)), "Implausible(b)");
    assert_eq!(play(&format!("b{ahead}.1")), "b.InternodeAddress b<-Echo");
    assert_eq!(play(&format!("b5.{}", u64::MAX)), "Implausible(b)");
}

#[test]
fn a_digest_of_the_far_future_is_not_wanted() {
    let ahead = WALL.0 + 365 * 86_400 + 1;
    assert_eq!(
        answer("", &format!("b{ahead}.1 a100.2")),
        "Implausible(b) b<-Ack(;)"
    );
}

#[test]
fn somebody_else_under_my_name_is_reported_once_and_not_believed() {
    assert_eq!(
        play("a101.1 a101.2 a102.1"),
        "Impostor(101) Impostor(102)",
        "G3"
    );
    assert_eq!(play("a100.3"), "Impostor(100)", "same second, other node");
    assert_eq!(play("a99.50 a100.2"), "", "my own past");
    assert_eq!(
        answer("", "a101.9"),
        "Impostor(101) b<-Ack(;)",
        "nor asked for, G3"
    );
}

#[test]
fn a_syn_is_answered_with_what_each_lacks() {
    assert_eq!(answer("", "b5.9 a100.2"), "b<-Ack(b0.0;)");
    assert_eq!(answer("b5.9", "b5.12 a100.2"), "b<-Ack(b5.9;)");
    assert_eq!(answer("b5.9", "b5.7 a100.2"), "b<-Ack(;b5.9+0>7)");
    assert_eq!(answer("b5.9", "b4.7 a100.2"), "b<-Ack(;b5.9+1>0)");
    assert_eq!(answer("b5.9", "b5.9 a100.1"), "b<-Ack(;a100.0+1>1)");
    assert_eq!(answer("b5.9", "b5.9 a99.77"), "b<-Ack(;a100.0+2>0)");
}

#[test]
fn an_empty_syn_is_answered_with_everything() {
    assert_eq!(answer("b5.9", ""), "b<-Ack(;a100.0+2>0,b5.9+1>0)");
}

#[test]
fn a_repeated_digest_is_answered_once() {
    assert_eq!(answer("", "a100.2 b5.9 b5.9 b5.9"), "b<-Ack(b0.0;)");
}

#[test]
fn an_ack_is_answered_with_what_is_wanted_and_no_more() {
    let mut node = Node::new();
    let Message::Syn { digests, .. } = syn("a100.1 a100.1 b5.1 c5.1") else {
        unreachable!();
    };
    let deltas = vec![delta("b5.9")];
    node.told(
        'b',
        Message::Ack {
            wanted: digests,
            deltas,
        },
    );
    assert_eq!(
        node.out.join(" "),
        "b.InternodeAddress b<-Echo b<-Ack2(a100.0+1>1,b5.9+0>1)"
    );
}

#[test]
fn another_cluster_is_not_answered() {
    let mut node = Node::new();
    let cluster = "other".to_owned();
    let digests = vec![];
    node.told('b', Message::Syn { cluster, digests });
    let cluster = "other".to_owned();
    let delta = delta("b5.9");
    node.told('b', Message::Shutdown { cluster, delta });
    assert_eq!(
        node.out.join(" "),
        "OtherCluster(other) OtherCluster(other)"
    );
    assert_eq!(node.gossip.peers().count(), 0);
}

#[test]
fn an_echo_is_answered_with_name_and_life() {
    let mut node = Node::new();
    node.told('b', Message::Echo);
    assert_eq!(node.out.join(" "), "b<-EchoReply(a100)");
}

#[test]
fn a_stopping_node_tells_those_who_are_up_and_then_keeps_silent() {
    let mut node = Node::new();
    for word in "b5.9 echo:b5 c5.9".split_whitespace() {
        node.step(word);
    }
    node.out.clear();
    let effects = node.gossip.shut_down();
    node.note(effects);
    assert_eq!(node.out.join(" "), "b<-Shutdown(a100.0+3>0)");
    node.out.clear();
    assert!(!node.gossip.is_up(host('a')));
    assert_eq!(node.gossip.shut_down(), vec![], "G6");
    node.told('b', Message::Echo);
    node.told('b', syn("b5.9"));
    let tick = node.gossip.tick(node.now, WALL, &mut || 0, &[]);
    assert_eq!((node.out.len(), tick), (0, vec![]), "G6");
}

#[test]
fn a_tick_opens_an_exchange_with_a_seed_when_nobody_is_known() {
    let mut node = Node::new();
    let seeds = [address('a'), address('s')];
    let effects = node.gossip.tick(node.now, WALL, &mut || 0, &seeds);
    node.note(effects);
    assert_eq!(node.out.join(" "), "s<-Syn(a100.3)");
}

#[test]
fn the_same_fact_said_again_is_not_news() {
    let mut node = Node::new();
    let before = node.gossip.endpoint(host('a')).unwrap().version_max();
    node.gossip.set(ApplicationState::Rack, "r1".to_owned());
    let same = node.gossip.endpoint(host('a')).unwrap().version_max();
    node.gossip.set(ApplicationState::Rack, "r2".to_owned());
    let other = node.gossip.endpoint(host('a')).unwrap().version_max();
    assert_eq!((same, other), (before, before.next()), "S1");
}

#[test]
fn a_verdict_says_since_when() {
    let mut node = Node::new();
    for word in "+2 b5.9 +1 echo:b5 +10".split_whitespace() {
        node.step(word);
    }
    let (_, _, verdict) = node.gossip.peers().next().unwrap();
    assert!(verdict.up);
    assert_eq!(verdict.since, Monotonic(3_000_000));
    let phi = std::f64::consts::LOG10_E * 11.0 / 2.0;
    assert!((verdict.phi - phi).abs() < 1e-9, "{}", verdict.phi);
}

mod any_message {
    use super::*;
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = (HostId, EndpointState)> {
        let number = prop_oneof![0u64..4, 98u64..104, Just(1 << 48), Just(u64::MAX)];
        let fact = (0u16..14, "[a-c:7]{0,3}|b:7000", number.clone());
        let facts = prop::collection::vec(fact, 0..4);
        let host = prop::char::range('a', 'd').prop_map(host);
        (host, number.clone(), number, facts).prop_map(|(host, generation, heartbeat, facts)| {
            let mut state = EndpointState::new(Generation(generation));
            state.heartbeat = HeartbeatVersion(heartbeat);
            for (code, value, version) in facts {
                let version = HeartbeatVersion(version);
                let fact = VersionedValue { value, version };
                state.states.insert(ApplicationState::Other(code), fact);
            }
            (host, state)
        })
    }

    fn any_message() -> impl Strategy<Value = Message> {
        let deltas = prop::collection::vec((any_state(), 0u64..5), 0..4).prop_map(|all| {
            let one = |((host, state), newer_than)| Delta {
                host,
                newer_than: HeartbeatVersion(newer_than),
                state,
            };
            all.into_iter().map(one).collect::<Vec<_>>()
        });
        let deltas = deltas.boxed();
        let digests = prop::collection::vec(any_state(), 0..4).prop_map(|all| {
            let one = |(host, state): (HostId, EndpointState)| GossipDigest {
                host,
                generation: state.generation,
                version_max: state.heartbeat,
            };
            all.into_iter().map(one).collect::<Vec<_>>()
        });
        let digests = digests.boxed();
        prop_oneof![
            ("q|x", digests.clone())
                .prop_map(|(cluster, digests)| Message::Syn { cluster, digests }),
            (digests, deltas.clone()).prop_map(|(wanted, deltas)| Message::Ack { wanted, deltas }),
            deltas.prop_map(|deltas| Message::Ack2 { deltas }),
            Just(Message::Echo),
            any_state().prop_map(|(host, state)| Message::EchoReply {
                host,
                generation: state.generation
            }),
            ("q|x", any_state()).prop_map(|(cluster, (host, state))| Message::Shutdown {
                cluster,
                delta: Delta {
                    host,
                    newer_than: HeartbeatVersion::NONE,
                    state
                }
            }),
        ]
    }

    proptest! {
        #[test]
        fn no_message_panics_or_breaks_what_is_promised(
            steps in prop::collection::vec((any_message(), 0u64..40, 0u8..8), 1..40),
        ) {
            let mut node = Node::new();
            let mut up = std::collections::BTreeSet::new();
            for (message, seconds, what) in steps {
                let before: Vec<_> =
                    node.gossip.peers().map(|(host, state, _)| (host, state.clone())).collect();
                let mut effects =
                    node.gossip.receive(node.now, WALL, &address('b'), message);
                if what == 0 {
                    node.now = node.now.after(Duration::from_secs(seconds));
                    effects.extend(node.gossip.tick(node.now, WALL, &mut || seconds, &[]));
                }
                for effect in effects {
                    match effect {
                        Effect::Up(host) => prop_assert!(up.insert(host), "G2"),
                        Effect::Down(host) => prop_assert!(up.remove(&host), "G2"),
                        _ => {}
                    }
                }
                for (host, state) in before {
                    let after = node.gossip.endpoint(host).unwrap();
                    let forward = (after.generation, after.version_max())
                        >= (state.generation, state.version_max());
                    prop_assert!(forward, "A1");
                }
                for (host, state, verdict) in node.gossip.peers() {
                    prop_assert_eq!(up.contains(&host), verdict.up, "G2");
                    prop_assert!(!(verdict.up && state.is_shut_down()), "G1");
                }
                let me = node.gossip.endpoint(host('a')).unwrap();
                prop_assert_eq!(me.value(ApplicationState::Rack), Some("r1"), "G3");
            }
        }
    }
}
