//! Drives one decision under one ballot: whom to ask, what to propose, when it is chosen.
//!
//! The machine holds no socket, clock or thread. The driver sends what an [`Action`] says, feeds
//! the replies back, and calls [`Proposer::on_timeout`] when it has waited long enough. After an
//! action that ends it, a next try is a new [`Proposer`] with a larger ballot.
//!
//! ```text
//!   start ──▶ Preparing ──majority promised──▶ Proposing ──majority accepted──▶ Chosen
//!                ├──a larger ballot──▶ Preempted   ├──all rejected──▶ Preempted
//!                └──timeout──▶ Unanswered          └──no majority, or timeout──▶ Uncertain
//! ```
//!
//! # Invariants
//!
//! * **Q1** It proposes the value accepted under the largest ballot that its majority reported, and
//!   its own value only if none was reported.
//! * **Q2** Each acceptor counts once, a stranger never.
//! * **Q3** It calls a value chosen only after a majority accepted it under this ballot, or after a
//!   node that knows the decision said so.
//! * **Q4** It says [`Action::Preempted`] or [`Action::Unanswered`] only if nobody has accepted its
//!   proposal or ever will: those mean "nothing happened". Anything else is [`Action::Uncertain`].
//! * **Q5** It ends once; afterwards every action is [`Action::Wait`].

use crate::message::PrepareReply;
use crate::message::ProposeReply;
use crate::message::Reply;
use crate::message::Request;
use bytes::Bytes;
use quorate_types::Ballot;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// What the driver of a [`Proposer`] must do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing, until the next reply or the timeout.
    Wait,
    /// Send a prepare.
    SendPrepare {
        /// To these.
        to: BTreeSet<HostId>,
        /// Under this ballot.
        ballot: Ballot,
    },
    /// Send a propose.
    SendPropose {
        /// To these.
        to: BTreeSet<HostId>,
        /// Under this ballot.
        ballot: Ballot,
        /// The value, which may be another proposer's.
        value: Bytes,
    },
    /// Over: this value was chosen. Tell everybody ([`Request::Learn`]).
    Chosen {
        /// The value.
        value: Bytes,
        /// Whether it equals the one this proposer was made with. Two proposers of equal bytes
        /// both hear yes: put something unique into a value when that matters.
        mine: bool,
    },
    /// Over: another proposer is ahead, and this one's value was accepted by nobody. Wait a random
    /// while, then start anew with a larger ballot.
    Preempted {
        /// The ballot to exceed.
        by: Ballot,
    },
    /// Over: too few answered the prepare in time. Nothing was proposed; a new try is safe.
    Unanswered {
        /// Promises that came.
        received: usize,
        /// Promises needed.
        required: usize,
    },
    /// Over: the value was proposed, but not enough answers came to know whether it is or will be
    /// chosen. A new round with the same value (and a larger ballot) settles it.
    Uncertain,
}

/// Drives one decision under one ballot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proposer {
    slot: Epoch,
    ballot: Ballot,
    acceptors: BTreeSet<HostId>,
    mine: Bytes,
    ballot_max: Ballot,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Phase {
    New,
    Preparing {
        /// What each that promised has accepted before.
        promises: BTreeMap<HostId, Option<(Ballot, Bytes)>>,
    },
    Proposing {
        value: Bytes,
        accepts: BTreeSet<HostId>,
        rejects: BTreeSet<HostId>,
        /// Those of `rejects` that may have accepted it before.
        doubtful: BTreeSet<HostId>,
    },
    Over,
}

impl Proposer {
    /// A try to get `value` chosen for `slot` by a majority of `acceptors`. The ballot must be one
    /// that this proposer has never used ([`Ballot::after`] the largest seen).
    pub fn new(slot: Epoch, ballot: Ballot, acceptors: BTreeSet<HostId>, value: Bytes) -> Self {
        Self {
            slot,
            ballot,
            acceptors,
            mine: value,
            ballot_max: ballot,
            phase: Phase::New,
        }
    }

    /// The first thing to do. Asked again, nothing.
    pub fn start(&mut self) -> Action {
        if self.phase != Phase::New {
            return Action::Wait;
        }
        self.phase = Phase::Preparing {
            promises: BTreeMap::new(),
        };
        Action::SendPrepare {
            to: self.acceptors.clone(),
            ballot: self.ballot,
        }
    }

    /// Takes a reply to this proposer's prepare (of this slot and ballot: the caller knows by the
    /// request it answers; else use [`Self::on_reply`]).
    pub fn on_prepare_reply(&mut self, from: HostId, reply: PrepareReply) -> Action {
        let Phase::Preparing { promises } = &mut self.phase else {
            return Action::Wait;
        };
        if !self.acceptors.contains(&from) {
            return Action::Wait; // Q2
        }
        match reply {
            PrepareReply::Promise { accepted } => {
                let before = accepted
                    .as_ref()
                    .is_none_or(|(under, _)| *under < self.ballot);
                if !before {
                    return Action::Wait; // no acceptor says that; counting it could break Q1
                }
                promises.entry(from).or_insert(accepted);
                self.propose_if_promised()
            }
            PrepareReply::Reject { promised } => {
                self.ballot_max = self.ballot_max.max(promised);
                if promised <= self.ballot {
                    // The second of two equal prepares; the first one's promise may still come.
                    return Action::Wait;
                }
                self.end(Action::Preempted { by: promised })
            }
        }
    }

    /// Takes a reply to this proposer's propose (of this slot and ballot, as above).
    pub fn on_propose_reply(&mut self, from: HostId, reply: ProposeReply) -> Action {
        let Phase::Proposing {
            accepts,
            rejects,
            doubtful,
            ..
        } = &mut self.phase
        else {
            return Action::Wait;
        };
        if !self.acceptors.contains(&from) {
            return Action::Wait; // Q2
        }
        match reply {
            ProposeReply::Accept => {
                // It stands whatever else came: the reject answered a repetition.
                rejects.remove(&from);
                doubtful.remove(&from);
                accepts.insert(from);
            }
            ProposeReply::Reject { promised, accepted } => {
                self.ballot_max = self.ballot_max.max(promised);
                if accepts.contains(&from) {
                    return Action::Wait;
                }
                rejects.insert(from);
                if accepted >= self.ballot {
                    doubtful.insert(from);
                }
            }
        }
        self.judge_proposal()
    }

    /// Takes what a [`SlotLog`](crate::SlotLog) answered; replies to another slot or ballot are
    /// ignored. `Behind` is nothing to the proposer: bring the peer up to date, then send it
    /// [`Self::request`] again. `SnapshotNeeded` neither: this node must catch up and give up.
    pub fn on_reply(&mut self, from: HostId, reply: Reply) -> Action {
        match reply {
            Reply::Prepared {
                slot,
                ballot,
                reply,
            } if (slot, ballot) == (self.slot, self.ballot) => self.on_prepare_reply(from, reply),
            Reply::Proposed {
                slot,
                ballot,
                reply,
            } if (slot, ballot) == (self.slot, self.ballot) => self.on_propose_reply(from, reply),
            Reply::Decided { slot, value } if slot == self.slot => self.on_decided(value),
            Reply::Prepared { .. }
            | Reply::Proposed { .. }
            | Reply::Decided { .. }
            | Reply::Behind { .. }
            | Reply::Learned { .. }
            | Reply::Entries { .. }
            | Reply::SnapshotNeeded { .. } => Action::Wait,
        }
    }

    /// Takes the news that the slot is decided.
    pub fn on_decided(&mut self, value: Bytes) -> Action {
        if self.phase == Phase::Over {
            return Action::Wait; // Q5
        }
        let mine = value == self.mine;
        self.end(Action::Chosen { value, mine })
    }

    /// Gives up waiting.
    pub fn on_timeout(&mut self) -> Action {
        let required = self.required();
        match &self.phase {
            Phase::New => self.end(Action::Unanswered {
                received: 0,
                required,
            }),
            Phase::Preparing { promises } => {
                let received = promises.len();
                self.end(Action::Unanswered { received, required })
            }
            Phase::Proposing { .. } => self.end(Action::Uncertain),
            Phase::Over => Action::Wait,
        }
    }

    /// What is being asked at the moment, for a peer that must be asked again; nothing before the
    /// start and after the end.
    pub fn request(&self) -> Option<Request> {
        let (slot, ballot) = (self.slot, self.ballot);
        match &self.phase {
            Phase::New | Phase::Over => None,
            Phase::Preparing { .. } => Some(Request::Prepare { slot, ballot }),
            Phase::Proposing { value, .. } => Some(Request::Propose {
                slot,
                ballot,
                value: value.clone(),
            }),
        }
    }

    /// The largest ballot seen, its own included: a new try takes one after it.
    pub const fn ballot_max(&self) -> Ballot {
        self.ballot_max
    }

    /// More than half of the acceptors; of none, one, which never comes.
    fn required(&self) -> usize {
        self.acceptors.len() / 2 + 1
    }

    fn propose_if_promised(&mut self) -> Action {
        let required = self.required();
        let Phase::Preparing { promises } = &self.phase else {
            return Action::Wait;
        };
        if promises.len() < required {
            return Action::Wait;
        }
        let reported = promises.values().flatten();
        let latest = reported.max_by_key(|(ballot, _)| *ballot);
        let value = latest.map_or_else(|| self.mine.clone(), |(_, value)| value.clone()); // Q1
        self.phase = Phase::Proposing {
            value: value.clone(),
            accepts: BTreeSet::new(),
            rejects: BTreeSet::new(),
            doubtful: BTreeSet::new(),
        };
        Action::SendPropose {
            to: self.acceptors.clone(),
            ballot: self.ballot,
            value,
        }
    }

    fn judge_proposal(&mut self) -> Action {
        let required = self.required();
        let Phase::Proposing {
            value,
            accepts,
            rejects,
            doubtful,
        } = &self.phase
        else {
            return Action::Wait;
        };
        let count = self.acceptors.len();
        assert!(accepts.is_disjoint(rejects), "Q2");
        assert!(accepts.len() + rejects.len() <= count, "Q2");
        if accepts.len() >= required {
            let value = value.clone();
            let mine = value == self.mine;
            return self.end(Action::Chosen { value, mine }); // Q3
        }
        if rejects.len() == count && doubtful.is_empty() {
            let by = self.ballot_max;
            return self.end(Action::Preempted { by }); // Q4
        }
        let accepts_possible = count - rejects.len();
        let known_or_feared = !accepts.is_empty() || !doubtful.is_empty();
        if accepts_possible < required && known_or_feared {
            return self.end(Action::Uncertain);
        }
        // Too many rejects to win, but those who have not answered may tell that all rejected.
        Action::Wait
    }

    fn end(&mut self, action: Action) -> Action {
        self.phase = Phase::Over;
        action
    }
}
