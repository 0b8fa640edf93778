//! A small cluster in one thread: messages travel up to a fifth of an interval, some are lost.

use crate::tests::random;
use crate::*;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Monotonic;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

const INTERVAL: Duration = Duration::from_millis(100);
const WALL: WallSeconds = WallSeconds(1_000_000);

fn host(index: u64) -> HostId {
    HostId(Uuid::from_u128(u128::from(index)))
}

fn address(index: u64) -> Endpoint {
    format!("n{index}:7000").parse().unwrap()
}

struct Cluster {
    nodes: BTreeMap<Endpoint, Gossip>,
    in_flight: BTreeMap<(Monotonic, u64), (Endpoint, Endpoint, Message)>,
    now: Monotonic,
    sent_count: u64,
    random: Box<dyn FnMut() -> u64>,
    loss_percent: u64,
    /// From, to: nothing gets through.
    cut: BTreeSet<(Endpoint, Endpoint)>,
    /// Who went up or down, as seen by whom.
    events: Vec<(Endpoint, Effect)>,
}

impl Cluster {
    fn new(count: u64, loss_percent: u64, seed: u64) -> Self {
        let mut cluster = Self {
            nodes: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            now: Monotonic(0),
            sent_count: 0,
            random: Box::new(random(seed)),
            loss_percent,
            cut: BTreeSet::new(),
            events: Vec::new(),
        };
        for index in 0..count {
            cluster.start(index, index, 100);
        }
        cluster
    }

    /// Starts node `index` at the address of `at`.
    fn start(&mut self, index: u64, at: u64, generation: u64) {
        let config = Config::new("q", host(index)).with_interval(INTERVAL);
        let facts = [
            (ApplicationState::InternodeAddress, address(at).to_string()),
            (ApplicationState::Load, index.to_string()),
        ];
        let gossip = Gossip::new(config, Generation(generation), facts);
        self.nodes.insert(address(at), gossip);
    }

    fn rounds(&mut self, count: u64) {
        let seeds = [address(0), address(1)];
        for _ in 0..count {
            let names: Vec<Endpoint> = self.nodes.keys().cloned().collect();
            for name in names {
                let node = self.nodes.get_mut(&name).unwrap();
                let effects = node.tick(self.now, WALL, &mut self.random, &seeds);
                self.carry_out(&name, effects);
            }
            let next = self.now.after(INTERVAL);
            self.deliver_until(next);
            self.now = next;
        }
    }

    fn deliver_until(&mut self, end: Monotonic) {
        while let Some(entry) = self.in_flight.first_entry()
            && entry.key().0 < end
        {
            let ((at, _), (from, to, message)) = entry.remove_entry();
            self.now = at;
            if let Some(node) = self.nodes.get_mut(&to) {
                let effects = node.receive(at, WALL, &from, message);
                self.carry_out(&to, effects);
            }
        }
    }

    fn carry_out(&mut self, name: &Endpoint, effects: Vec<Effect>) {
        for effect in effects {
            let Effect::Send { to, message } = effect else {
                self.events.push((name.clone(), effect));
                continue;
            };
            let lost = (self.random)() % 100 < self.loss_percent;
            if lost || self.cut.contains(&(name.clone(), to.clone())) {
                continue;
            }
            let delay = Duration::from_micros((self.random)() % 20_000);
            self.sent_count += 1;
            let key = (self.now.after(delay), self.sent_count);
            self.in_flight.insert(key, (name.clone(), to, message));
        }
    }

    /// Whether every running node sees it so.
    fn all_see(&self, index: u64, up: bool) -> bool {
        let mut nodes = self.nodes.values();
        nodes.all(|node| node.is_up(host(index)) == up)
    }

    /// Rounds until `done`, at most `count_max`.
    fn until(&mut self, count_max: u64, done: impl Fn(&Self) -> bool) -> Option<u64> {
        for count in 0..count_max {
            if done(self) {
                return Some(count);
            }
            self.rounds(1);
        }
        None
    }

    fn downs(&self) -> usize {
        let down = |(_, effect): &&(Endpoint, Effect)| matches!(effect, Effect::Down(_));
        self.events.iter().filter(down).count()
    }
}

fn all_up(cluster: &Cluster) -> bool {
    (0..10).all(|index| cluster.all_see(index, true))
}

#[test]
fn ten_nodes_find_each_other_and_stay_up_though_a_fifth_of_messages_is_lost() {
    for seed in 0..10 {
        let mut cluster = Cluster::new(10, 20, seed);
        let rounds = cluster.until(60, all_up);
        assert!(rounds.is_some(), "seed {seed}");
        cluster.events.clear();
        cluster.rounds(600);
        assert!(all_up(&cluster), "seed {seed}");
        assert_eq!(cluster.downs(), 0, "seed {seed}");
    }
}

#[test]
fn a_killed_node_is_seen_down_by_all() {
    for seed in 0..10 {
        let mut cluster = Cluster::new(10, 20, seed);
        cluster.rounds(200);
        cluster.nodes.remove(&address(7));
        cluster.rounds(5);
        assert!(cluster.all_see(7, true), "not at once, seed {seed}");
        let rounds = cluster.until(60, |cluster| cluster.all_see(7, false));
        assert!(rounds.is_some(), "seed {seed}");
        assert_eq!(cluster.downs(), 9, "and nobody else, seed {seed}");
    }
}

#[test]
fn a_node_that_says_goodbye_is_down_at_once() {
    let mut cluster = Cluster::new(10, 0, 1);
    cluster.rounds(100);
    let effects = cluster.nodes.get_mut(&address(7)).unwrap().shut_down();
    cluster.carry_out(&address(7), effects);
    cluster.nodes.remove(&address(7));
    cluster.rounds(1);
    assert!(cluster.all_see(7, false));
    cluster.rounds(100);
    assert!(cluster.all_see(7, false));
}

#[test]
fn a_node_restarted_elsewhere_is_taken_at_its_new_address() {
    for seed in 0..10 {
        let mut cluster = Cluster::new(10, 20, seed);
        cluster.rounds(200);
        cluster.nodes.remove(&address(7));
        cluster.rounds(10);
        cluster.start(7, 77, 101);
        let taken = |cluster: &Cluster| {
            let moved = |node: &Gossip| {
                let state = node.endpoint(host(7));
                state.and_then(EndpointState::internode_address) == Some(address(77))
            };
            cluster.nodes.values().all(moved) && cluster.all_see(7, true)
        };
        assert!(cluster.until(60, taken).is_some(), "seed {seed}");
        let restarted = |(_, effect): &&(Endpoint, Effect)| *effect == Effect::Restarted(host(7));
        let count = cluster.events.iter().filter(restarted).count();
        assert_eq!(count, 9, "seed {seed}");
    }
}

#[test]
fn a_node_that_has_taken_another_s_address_is_not_mistaken_for_it() {
    let mut cluster = Cluster::new(10, 0, 5);
    cluster.rounds(100);
    cluster.nodes.remove(&address(7));
    cluster.rounds(60);
    cluster.start(12, 7, 101);
    cluster.rounds(100);
    assert!(cluster.all_see(7, false));
    assert!(cluster.all_see(12, true));
}

#[test]
fn a_node_cut_from_one_other_is_up_for_all() {
    let mut cluster = Cluster::new(10, 5, 3);
    cluster.rounds(100);
    cluster.cut.insert((address(3), address(7)));
    cluster.cut.insert((address(7), address(3)));
    cluster.events.clear();
    cluster.rounds(600);
    assert_eq!(cluster.downs(), 0, "its heartbeat comes through others");
}

#[test]
fn a_node_that_cannot_be_reached_does_not_become_up() {
    let mut cluster = Cluster::new(10, 0, 3);
    cluster.cut.insert((address(3), address(7)));
    cluster.rounds(200);
    let three = cluster.nodes.get(&address(3)).unwrap();
    assert!(three.endpoint(host(7)).is_some(), "heard of");
    assert!(!three.is_up(host(7)), "but never reached");
    let four = cluster.nodes.get(&address(4)).unwrap();
    assert!(four.is_up(host(7)));
}

#[test]
fn two_halves_that_lost_each_other_meet_again() {
    let mut cluster = Cluster::new(10, 5, 9);
    cluster.rounds(100);
    for left in 0..5 {
        for right in 5..10 {
            cluster.cut.insert((address(left), address(right)));
            cluster.cut.insert((address(right), address(left)));
        }
    }
    cluster.rounds(200);
    assert!(!all_up(&cluster));
    cluster.cut.clear();
    assert!(cluster.until(60, all_up).is_some());
}

#[test]
fn a_forgotten_node_does_not_come_back_through_gossip() {
    let mut cluster = Cluster::new(10, 5, 4);
    cluster.rounds(100);
    cluster.nodes.remove(&address(7));
    let names: Vec<Endpoint> = cluster.nodes.keys().cloned().collect();
    for name in names {
        // One after the other, while the rest still talk about it.
        cluster.nodes.get_mut(&name).unwrap().forget(host(7));
        cluster.rounds(20);
    }
    cluster.rounds(700);
    for node in cluster.nodes.values() {
        assert_eq!(node.endpoint(host(7)), None);
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let run = || {
        let mut cluster = Cluster::new(10, 20, 11);
        cluster.rounds(100);
        format!("{:?} {}", cluster.events, cluster.sent_count)
    };
    assert_eq!(run(), run());
}

mod pairs {
    use super::*;
    use proptest::prelude::*;

    /// A whole exchange of `from` with `to`, nothing lost.
    fn exchange(nodes: &mut [Gossip], from: usize, to: usize) {
        let (a, b) = (address(from as u64), address(to as u64));
        // An empty cluster of seeds and a peer that is always chosen: the Syn is made by hand.
        let mut pending = vec![(a.clone(), to, syn_of(&nodes[from], from))];
        while let Some((sender, receiver, message)) = pending.pop() {
            let effects = nodes[receiver].receive(Monotonic(0), WALL, &sender, message);
            let me = if receiver == to { &b } else { &a };
            let other = if receiver == to { from } else { to };
            for effect in effects {
                if let Effect::Send {
                    to: address,
                    message,
                } = effect
                    && !matches!(message, Message::Echo)
                {
                    assert_eq!(address, sender);
                    pending.push((me.clone(), other, message));
                }
            }
        }
    }

    fn syn_of(node: &Gossip, index: usize) -> Message {
        let mine = node.endpoint(host(index as u64)).unwrap();
        let all = std::iter::once((host(index as u64), mine));
        let all = all.chain(node.peers().map(|(host, state, _)| (host, state)));
        let digest = |(host, state): (HostId, &EndpointState)| GossipDigest {
            host,
            generation: state.generation,
            version_max: state.version_max(),
        };
        Message::Syn {
            cluster: "q".to_owned(),
            digests: all.map(digest).collect(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whoever_meets_whom_in_the_end_all_know_all(
            meetings in prop::collection::vec((0usize..6, 0usize..6, 0u64..3), 0..30),
        ) {
            let mut cluster = Cluster::new(6, 0, 1);
            let mut nodes: Vec<Gossip> = std::mem::take(&mut cluster.nodes).into_values().collect();
            for (from, to, load) in meetings {
                nodes[from].set(ApplicationState::Load, load.to_string());
                if from != to {
                    exchange(&mut nodes, from, to);
                }
            }
            // A ring of meetings, there and back, joins whatever the random ones left apart.
            for from in (0..5).chain((0..5).rev()) {
                exchange(&mut nodes, from, from + 1);
            }
            for index in 0..6 {
                let truth = nodes[index as usize].endpoint(host(index)).unwrap();
                for node in &nodes {
                    prop_assert_eq!(node.endpoint(host(index)), Some(truth));
                }
            }
        }
    }
}
