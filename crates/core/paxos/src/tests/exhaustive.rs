//! Every run of one decision by three acceptors and a few proposers of one ballot each.
//!
//! A message once sent stays in the air for ever and may arrive at any time, any number of times,
//! or never: that is loss, repetition and reordering in one. An acceptor that crashes and comes
//! back from its durable state is one that was slow, so crashes are in it, too (losing state is
//! what the schedules test). A proposer takes the replies it acts on when it acts: having taken
//! some before makes no difference. States are told apart by a hash of 64 bits.

use crate::tests::ballot_of;
use crate::tests::host;
use crate::*;
use bytes::Bytes;
use quorate_types::Ballot;
use quorate_types::Epoch;
use std::collections::BTreeSet;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

const ACCEPTORS: usize = 3;

#[derive(Debug, Clone)]
struct World {
    acceptors: [AcceptorState; ACCEPTORS],
    tries: Vec<Try>,
}

/// One proposer, and what the acceptors have answered to it.
#[derive(Debug, Clone)]
struct Try {
    proposer: Proposer,
    /// What it proposes, once it does.
    value: Option<Bytes>,
    /// By acceptor; what a repetition is answered does not matter.
    promised: [Option<PrepareReply>; ACCEPTORS],
    /// By acceptor; a repetition may be answered differently.
    proposed: [Vec<ProposeReply>; ACCEPTORS],
    /// It may have been told that nobody has accepted its value or ever will.
    told_nothing: bool,
}

fn ballot(proposer: usize) -> Ballot {
    ballot_of(proposer as u64 + 1, proposer as u64)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl World {
    fn new(proposers: usize) -> Self {
        let acceptors: BTreeSet<_> = (0..ACCEPTORS as u64).map(host).collect();
        let start = |index| {
            let value = Bytes::from(format!("value {index}"));
            let mut proposer = Proposer::new(Epoch(1), ballot(index), acceptors.clone(), value);
            proposer.start();
            Try {
                proposer,
                value: None,
                promised: Default::default(),
                proposed: Default::default(),
                told_nothing: false,
            }
        };
        Self {
            acceptors: std::array::from_fn(|_| AcceptorState::NEW),
            tries: (0..proposers).map(start).collect(),
        }
    }

    /// Every world that may follow, and some that are this one again.
    fn successors(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for index in 0..self.tries.len() {
            for acceptor in 0..ACCEPTORS {
                all.extend(self.with_prepare_delivered(index, acceptor));
                all.extend(self.with_propose_delivered(index, acceptor));
                // The majority without this one.
                all.extend(self.with_proposal(index, acceptor));
            }
        }
        all
    }

    fn with_prepare_delivered(&self, index: usize, acceptor: usize) -> Option<Self> {
        let mut next = self.clone();
        let reply = next.acceptors[acceptor].prepare(ballot(index));
        let promised = matches!(reply, PrepareReply::Promise { .. });
        next.tries[index].promised[acceptor] = promised.then_some(reply);
        promised.then_some(next)
    }

    fn with_propose_delivered(&self, index: usize, acceptor: usize) -> Option<Self> {
        let value = self.tries[index].value.clone()?;
        let mut next = self.clone();
        let reply = next.acceptors[acceptor].propose(ballot(index), value);
        let replies = &mut next.tries[index].proposed[acceptor];
        if replies.contains(&reply) {
            return None;
        }
        replies.push(reply);
        next.hear(index);
        Some(next)
    }

    fn with_proposal(&self, index: usize, absent: usize) -> Option<Self> {
        let mut next = self.clone();
        let this = &mut next.tries[index];
        if this.value.is_some() {
            return None;
        }
        let others = (0..ACCEPTORS).filter(|acceptor| *acceptor != absent);
        for acceptor in others {
            let promise = this.promised[acceptor].clone()?;
            let from = host(acceptor as u64);
            if let Action::SendPropose { value, .. } = this.proposer.on_prepare_reply(from, promise)
            {
                this.value = Some(value);
            }
        }
        assert!(this.value.is_some(), "two promises are a majority");
        Some(next)
    }

    /// Feeds each choice of one reply per acceptor, and of a repeated one both orders; remembers
    /// what the proposer may make of it.
    fn hear(&mut self, index: usize) {
        let ways = |replies: &Vec<ProposeReply>| {
            let mut ways = vec![vec![]];
            for first in replies {
                ways.push(vec![*first]);
                let others = replies.iter().filter(|second| *second != first);
                ways.extend(others.map(|second| vec![*first, *second]));
            }
            ways
        };
        let [a, b, c] = self.tries[index].proposed.each_ref().map(ways);
        for a in &a {
            for b in &b {
                for c in &c {
                    let told_nothing = self.tell(index, [a, b, c]);
                    self.tries[index].told_nothing |= told_nothing;
                }
            }
        }
    }

    /// Whether the proposer, told these replies, says that nothing happened.
    fn tell(&self, index: usize, replies: [&[ProposeReply]; ACCEPTORS]) -> bool {
        let mut proposer = self.tries[index].proposer.clone();
        for (acceptor, replies) in (0..).zip(replies) {
            for reply in replies {
                match proposer.on_propose_reply(host(acceptor), *reply) {
                    Action::Wait | Action::Uncertain => {}
                    Action::Chosen { value, .. } => {
                        assert_eq!(self.chosen(index), Some(&value), "Q3: {self:#?}");
                    }
                    Action::Preempted { .. } => return true,
                    other => panic!("{other:?}"),
                }
            }
        }
        false
    }

    /// The same for worlds that differ only in the names of the acceptors. What else a proposer
    /// remembers follows from its value.
    fn identity(&self) -> u64 {
        let of_acceptor = |acceptor: usize| {
            let answers = |this: &Try| hash(&(&this.promised[acceptor], &this.proposed[acceptor]));
            let answers: Vec<u64> = self.tries.iter().map(answers).collect();
            hash(&(&self.acceptors[acceptor], answers))
        };
        let tries = self.tries.iter();
        let tries: Vec<_> = tries.map(|this| (&this.value, this.told_nothing)).collect();
        (0..ACCEPTORS)
            .map(of_acceptor)
            .fold(hash(&tries), u64::wrapping_add)
    }

    fn has_accepted(&self, index: usize, acceptor: usize) -> bool {
        self.tries[index].proposed[acceptor].contains(&ProposeReply::Accept)
    }

    /// The value chosen under the ballot of this try.
    fn chosen(&self, index: usize) -> Option<&Bytes> {
        let accepts = (0..ACCEPTORS).filter(|acceptor| self.has_accepted(index, *acceptor));
        let value = self.tries[index].value.as_ref();
        value.filter(|_| accepts.count() > ACCEPTORS / 2)
    }

    fn check(&self) {
        for (index, this) in self.tries.iter().enumerate() {
            let accepted = (0..ACCEPTORS).any(|acceptor| self.has_accepted(index, acceptor));
            assert!(!(this.told_nothing && accepted), "Q4: {self:#?}");
            for earlier in 0..index {
                let chosen = self.chosen(earlier);
                let same = chosen == this.value.as_ref();
                assert!(!accepted || chosen.is_none() || same, "P2: {self:#?}");
            }
        }
    }
}

/// Visits every world; how many there are, and in how many all ballots chose.
fn explore(proposers: usize) -> (usize, usize) {
    let mut seen = BTreeSet::new();
    let mut open = vec![World::new(proposers)];
    let mut all_chosen = 0;
    while let Some(world) = open.pop() {
        for next in world.successors() {
            if seen.insert(next.identity()) {
                next.check();
                let mut tries = 0..proposers;
                all_chosen += usize::from(tries.all(|index| next.chosen(index).is_some()));
                open.push(next);
            }
        }
    }
    (seen.len(), all_chosen)
}

#[test]
fn no_run_of_two_proposers_chooses_two_values() {
    let (worlds, all_chosen) = explore(2);
    assert!(worlds > 1_000, "{worlds}");
    assert!(all_chosen > 0, "some runs choose under every ballot");
}
