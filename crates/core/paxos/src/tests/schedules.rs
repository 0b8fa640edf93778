//! Four nodes, several slots, and everything that goes wrong, in many random schedules.
//!
//! Messages are lost, repeated and reordered. A node answers from memory but its records reach the
//! disk later, in order; a crash loses those still on their way, together with the answers that
//! waited for them. Clocks jump, so that a restarted proposer may use a ballot again. The acceptors
//! of a slot are three of the four nodes, named by the value decided before it.
//!
//! What is checked at every step is what the headers promise; afterwards the faults stop, and the
//! nodes must agree and go on.

use crate::tests::ballot_of;
use crate::tests::host;
use crate::*;
use bytes::Bytes;
use quorate_types::Ballot;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

const NODES: usize = 4;

/// What a schedule may break on purpose, to see that the checks notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    None,
    /// Answers leave before their records are durable.
    AnswerFirst,
    /// A repeated accept leaves at once, as if its record were known to be durable.
    TrustRepeats,
    /// The reject of a propose leaves at once.
    TrustRejects,
}

#[derive(Debug, Clone)]
enum Message {
    Request(Request),
    Reply(Reply),
    /// The state at that slot; what is in it is not modelled.
    Snapshot(Epoch),
}

struct Node {
    log: SlotLog,
    disk: Vec<Bytes>,
    /// On their way to the disk, and the answers that wait for them.
    unsynced: VecDeque<(Bytes, HostId, Reply)>,
    proposer: Option<(Epoch, Ballot, Proposer)>,
    value: Option<Bytes>,
    clock: u64,
}

struct World {
    nodes: Vec<Node>,
    /// From, to, what.
    air: Vec<(usize, usize, Message)>,
    sabotage: Sabotage,
    random: Box<dyn FnMut() -> u64>,
    values: u64,
    /// Every accept whose answer left.
    accepts: BTreeMap<(Epoch, Ballot), BTreeMap<Bytes, BTreeSet<usize>>>,
    /// What a proposer or a learner took for decided.
    decided: BTreeMap<Epoch, Bytes>,
    /// Proposals of which their proposer was told that nothing happened.
    nothing: BTreeSet<(Epoch, Ballot, usize)>,
    /// Ballots used twice: nothing can be said of those by their name.
    reused: BTreeSet<(Epoch, Ballot)>,
    used: BTreeSet<(Epoch, Ballot)>,
    violation: Option<String>,
}

fn index(host: HostId) -> usize {
    host.0.as_u128() as usize
}

/// The acceptors of the slot after one decided as `value`: all but one.
fn acceptors_after(value: Option<&Bytes>) -> BTreeSet<HostId> {
    let absent = value.map_or(3, |value| usize::from(value[value.len() - 1]) % NODES);
    let all = (0..NODES).filter(|index| *index != absent);
    all.map(|index| host(index as u64)).collect()
}

impl World {
    fn new(seed: u64, sabotage: Sabotage) -> Self {
        let node = || Node {
            log: SlotLog::new(),
            disk: Vec::new(),
            unsynced: VecDeque::new(),
            proposer: None,
            value: None,
            clock: 0,
        };
        Self {
            nodes: (0..NODES).map(|_| node()).collect(),
            air: Vec::new(),
            sabotage,
            random: Box::new(random(seed)),
            values: 0,
            accepts: BTreeMap::new(),
            decided: BTreeMap::new(),
            nothing: BTreeSet::new(),
            reused: BTreeSet::new(),
            used: BTreeSet::new(),
            violation: None,
        }
    }

    fn below(&mut self, count: usize) -> usize {
        ((self.random)() % count as u64) as usize
    }

    /// One thing happens.
    fn step(&mut self) {
        let node = self.below(NODES);
        match self.below(100) {
            0..70 if !self.air.is_empty() => {
                let index = self.below(self.air.len());
                let repeated = self.below(5) == 0;
                let lost = self.below(20) == 0;
                let (from, to, message) = if repeated {
                    self.air[index].clone()
                } else {
                    self.air.swap_remove(index)
                };
                if !lost {
                    self.deliver(from, to, message);
                }
            }
            0..72 => self.propose(node),
            72..95 => {
                let waiting = |node: &usize| !self.nodes[*node].unsynced.is_empty();
                let waiting: Vec<usize> = (0..NODES).filter(waiting).collect();
                if !waiting.is_empty() {
                    let which = self.below(waiting.len());
                    self.sync(waiting[which]);
                }
            }
            95..96 => self.time_out(node),
            96..98 => self.crash(node),
            98..99 => self.nodes[node].clock = (self.random)() % 4,
            _ => {
                let slot = self.nodes[node].log.last();
                drop(self.nodes[node].log.truncate_below(slot));
                // Its record is only a hint: the entries may as well stay on the disk.
            }
        }
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        self.air.push((from, to, message));
    }

    fn deliver(&mut self, from: usize, to: usize, message: Message) {
        match message {
            Message::Request(request) => self.on_request(from, to, request),
            Message::Reply(reply) => self.on_reply(from, to, reply),
            Message::Snapshot(slot) => {
                let installed = self.nodes[to].log.install_snapshot(slot);
                if let Some(record) = installed.record() {
                    let next = self.nodes[to].log.next();
                    let wait = (record.encode(), host(from as u64), Reply::Learned { next });
                    self.nodes[to].unsynced.push_back(wait);
                }
            }
        }
    }

    fn on_request(&mut self, from: usize, to: usize, request: Request) {
        let before = self.nodes[to].log.clone();
        let answer = match self.nodes[to].log.answer(request) {
            Ok(answer) => answer,
            Err(disagreement) => {
                self.violation = Some(format!("P2: {disagreement}"));
                return;
            }
        };
        let unchanged = self.nodes[to].log == before;
        self.note_decided(to);
        let record = answer.record().map(Record::encode);
        let reply = answer.once_durable(); // by `sync`, below
        let trusted = match (&reply, self.sabotage) {
            (_, Sabotage::AnswerFirst) => true,
            (Reply::Proposed { reply, .. }, Sabotage::TrustRepeats) => {
                unchanged && *reply == ProposeReply::Accept
            }
            (Reply::Proposed { reply, .. }, Sabotage::TrustRejects) => {
                *reply != ProposeReply::Accept
            }
            _ => false,
        };
        match record {
            Some(record) if !trusted => {
                let asker = host(from as u64);
                self.nodes[to].unsynced.push_back((record, asker, reply));
            }
            _ => self.leave(to, from, reply),
        }
    }

    /// An answer leaves: from now on it must hold.
    fn leave(&mut self, from: usize, to: usize, reply: Reply) {
        self.send(from, to, Message::Reply(reply));
    }

    /// Some of the records on their way arrive.
    fn sync(&mut self, node: usize) {
        let count = 1 + self.below(self.nodes[node].unsynced.len());
        for _ in 0..count {
            let (record, asker, reply) = self.nodes[node].unsynced.pop_front().unwrap();
            self.note_durable(node, &record);
            self.nodes[node].disk.push(record);
            self.leave(node, index(asker), reply);
        }
    }

    /// A durable accept is an accept, whether its answer arrives or not.
    fn note_durable(&mut self, node: usize, record: &Bytes) {
        if let Record::Acceptor { slot, state } = Record::decode(record.clone()).unwrap()
            && let Some((ballot, value)) = state.accepted
        {
            let under = self.accepts.entry((slot, ballot)).or_default();
            under.entry(value).or_default().insert(node);
        }
    }

    fn crash(&mut self, node: usize) {
        let state = &mut self.nodes[node];
        state.unsynced.clear();
        state.proposer = None;
        let records = state.disk.iter();
        let records = records.map(|bytes| Record::decode(bytes.clone()).unwrap());
        match SlotLog::recover(records) {
            Ok(log) => state.log = log,
            Err(error) => self.violation = Some(format!("L5: {error}")),
        }
    }

    fn propose(&mut self, node: usize) {
        if self.nodes[node].proposer.is_some() {
            return;
        }
        self.values += 1;
        let (values, state) = (self.values, &mut self.nodes[node]);
        let slot = state.log.next();
        let fresh = Bytes::from(format!("{node}.{values}"));
        let value = state.value.take().unwrap_or(fresh);
        let acceptors = acceptors_after(state.log.entry(state.log.last()));
        if slot > Epoch(1) && state.log.entry(state.log.last()).is_none() {
            return; // truncated: the acceptors are in the snapshot, which is not modelled
        }
        state.clock += 1;
        let seen = state.log.promised();
        let ballot = Ballot::after(seen, state.clock, host(node as u64));
        if !self.used.insert((slot, ballot)) {
            self.reused.insert((slot, ballot));
        }
        let mut proposer = Proposer::new(slot, ballot, acceptors, value);
        let action = proposer.start();
        self.nodes[node].proposer = Some((slot, ballot, proposer));
        self.carry_out(node, action);
    }

    fn time_out(&mut self, node: usize) {
        if let Some((_, _, proposer)) = &mut self.nodes[node].proposer {
            let action = proposer.on_timeout();
            self.carry_out(node, action);
        }
    }

    fn on_reply(&mut self, from: usize, to: usize, reply: Reply) {
        let peer = host(from as u64);
        match &reply {
            Reply::Behind { next } => {
                let after = Epoch(next.0 - 1);
                let mut missing = self.nodes[to].log.entries_after(after, 10);
                if let Reply::SnapshotNeeded { floor } = missing {
                    self.send(to, from, Message::Snapshot(floor));
                    missing = self.nodes[to].log.entries_after(floor, 10);
                }
                if let Reply::Entries { entries, .. } = missing {
                    for (slot, value) in entries {
                        let learn = Request::Learn { slot, value };
                        self.send(to, from, Message::Request(learn));
                    }
                }
                if let Some((_, _, proposer)) = &self.nodes[to].proposer
                    && let Some(again) = proposer.request()
                {
                    self.send(to, from, Message::Request(again));
                }
            }
            Reply::Decided { slot, value } => {
                let (slot, value) = (*slot, value.clone());
                self.on_request(to, to, Request::Learn { slot, value });
            }
            _ => {}
        }
        if let Some((_, _, proposer)) = &mut self.nodes[to].proposer {
            let action = proposer.on_reply(peer, reply);
            self.carry_out(to, action);
        }
    }

    fn carry_out(&mut self, node: usize, action: Action) {
        let Some((slot, ballot, proposer)) = &self.nodes[node].proposer else {
            return;
        };
        let (slot, ballot, request) = (*slot, *ballot, proposer.request());
        let ended = match action {
            Action::Wait => return,
            Action::SendPrepare { to, .. } | Action::SendPropose { to, .. } => {
                for peer in to {
                    let message = Message::Request(request.clone().unwrap());
                    self.send(node, index(peer), message);
                }
                return;
            }
            ended => ended,
        };
        let (_, _, proposer) = self.nodes[node].proposer.take().unwrap();
        let clock = proposer.ballot_max().micros.min(50);
        self.nodes[node].clock = self.nodes[node].clock.max(clock);
        match ended {
            Action::Chosen { value, .. } => {
                self.decide(slot, &value);
                for peer in 0..NODES {
                    let value = value.clone();
                    let learn = Request::Learn { slot, value };
                    self.send(node, peer, Message::Request(learn));
                }
            }
            Action::Preempted { .. } | Action::Unanswered { .. } => {
                self.nothing.insert((slot, ballot, node));
            }
            Action::Uncertain => {}
            Action::Wait | Action::SendPrepare { .. } | Action::SendPropose { .. } => {
                unreachable!("handled above");
            }
        }
    }

    fn decide(&mut self, slot: Epoch, value: &Bytes) {
        let known = self.decided.entry(slot).or_insert_with(|| value.clone());
        if known != value {
            self.violation = Some(format!("P2: {known:?} and {value:?} for slot {slot}"));
        }
    }

    /// Whatever a node holds as decided is decided.
    fn note_decided(&mut self, node: usize) {
        let last = self.nodes[node].log.last();
        if let Some(value) = self.nodes[node].log.entry(last).cloned() {
            self.decide(last, &value);
        }
    }

    /// P2 and Q4, over everything that has happened.
    fn check(&mut self) {
        let mut chosen: BTreeMap<Epoch, (Ballot, Bytes)> = BTreeMap::new();
        for ((slot, ballot), values) in &self.accepts {
            if values.len() > 1 {
                self.violation = Some(format!("P5: {values:?}"));
            }
            for (value, nodes) in values {
                // In order of ballots: what was chosen below binds what is accepted from here on.
                if let Some((_, before)) = chosen.get(slot)
                    && before != value
                {
                    self.violation = Some(format!("P2: {before:?}, then {value:?}"));
                }
                if nodes.len() >= 2 {
                    let entry = chosen.entry(*slot);
                    entry.or_insert_with(|| (*ballot, value.clone()));
                }
            }
        }
        for (slot, (_, value)) in chosen {
            self.decide(slot, &value);
        }
        for (slot, ballot, node) in &self.nothing {
            let reused = self.reused.contains(&(*slot, *ballot));
            if !reused && self.accepts.contains_key(&(*slot, *ballot)) {
                self.violation = Some(format!("Q4: node {node}, {ballot:?}"));
            }
        }
    }

    /// The faults stop: everybody is back, everything arrives, one node proposes.
    fn heal(&mut self) {
        self.air.clear();
        for node in 0..NODES {
            self.time_out(node);
            while !self.nodes[node].unsynced.is_empty() {
                self.sync(node);
            }
        }
        let clock = 1_000;
        let newest = (0..NODES)
            .max_by_key(|node| self.nodes[*node].log.last())
            .unwrap();
        self.nodes[newest].clock = clock;
        let before = self.nodes[newest].log.last();
        self.propose(newest);
        while !self.air.is_empty() || self.nodes.iter().any(|node| !node.unsynced.is_empty()) {
            if !self.air.is_empty() {
                let (from, to, message) = self.air.remove(0);
                self.deliver(from, to, message);
            }
            for node in 0..NODES {
                while !self.nodes[node].unsynced.is_empty() {
                    self.sync(node);
                }
            }
        }
        self.check();
        if self.violation.is_none() && self.nodes[newest].log.entry(before).is_some() {
            let agreed = self
                .nodes
                .iter()
                .all(|node| node.log.last() == before.next());
            if !agreed {
                let lasts: Vec<_> = self.nodes.iter().map(|node| node.log.last()).collect();
                self.violation = Some(format!("not live: {before} then {lasts:?}"));
            }
        }
    }
}

/// Random numbers from a seed (xorshift64*).
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 8
    }
}

/// Plays a schedule; what went wrong, and the number of decided slots.
fn play(seed: u64, sabotage: Sabotage) -> (Option<String>, usize) {
    let mut world = World::new(seed, sabotage);
    for _ in 0..120 {
        world.step();
        if world.violation.is_some() {
            return (world.violation, 0);
        }
    }
    world.check();
    let decided = world.decided.len();
    if world.violation.is_none() {
        world.heal();
    }
    (world.violation, decided)
}

/// Whether some schedule breaks the invariant of this name.
fn breaks(invariant: &str, sabotage: Sabotage) -> bool {
    (0..20_000).any(|seed| {
        let (violation, _) = play(seed, sabotage);
        violation.is_some_and(|what| what.starts_with(invariant))
    })
}

#[test]
fn no_schedule_decides_a_slot_twice_and_all_heal() {
    let mut decided = 0;
    for seed in 0..20_000 {
        let (violation, count) = play(seed, Sabotage::None);
        assert_eq!(violation, None, "seed {seed}");
        decided += count;
    }
    assert!(decided > 20_000, "the schedules are no idling: {decided}");
}

#[test]
fn answering_before_the_record_is_durable_would_be_noticed() {
    assert!(breaks("P2", Sabotage::AnswerFirst));
}

#[test]
fn trusting_that_a_repeated_accept_is_durable_would_be_noticed() {
    assert!(breaks("P2", Sabotage::TrustRepeats), "L3");
}

#[test]
fn trusting_that_a_reject_is_durable_would_be_noticed() {
    assert!(breaks("Q4", Sabotage::TrustRejects), "L3");
}

#[test]
fn a_ballot_of_one_proposer_used_twice_is_in_the_schedules() {
    let reused = (0..200).any(|seed| {
        let mut world = World::new(seed, Sabotage::None);
        (0..120).for_each(|_| world.step());
        !world.reused.is_empty()
    });
    assert!(reused, "P4");
    assert!(ballot_of(1, 0) < ballot_of(1, 1));
}
