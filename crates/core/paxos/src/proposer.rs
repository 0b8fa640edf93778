//! Drives one decision.

use crate::message::PrepareReply;
use crate::message::ProposeReply;
use crate::message::Reply;
use crate::message::Request;
use bytes::Bytes;
use quorate_types::Ballot;
use quorate_types::Epoch;
use quorate_types::HostId;
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
        /// Whether it equals the one this proposer was made with.
        mine: bool,
    },
    /// Over: another proposer is ahead and this one's value was accepted by nobody. Wait a random
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
pub struct Proposer {}

impl Proposer {
    /// A try to get `value` chosen for `slot` by a majority of `acceptors`.
    pub fn new(_slot: Epoch, _ballot: Ballot, _acceptors: BTreeSet<HostId>, _value: Bytes) -> Self {
        todo!()
    }

    /// The first thing to do.
    pub fn start(&mut self) -> Action {
        todo!()
    }

    /// Takes a reply to this proposer's prepare (of this slot and ballot: the caller knows by the
    /// request it answers; else use [`Self::on_reply`]).
    pub fn on_prepare_reply(&mut self, _from: HostId, _reply: PrepareReply) -> Action {
        todo!()
    }

    /// Takes a reply to this proposer's propose.
    pub fn on_propose_reply(&mut self, _from: HostId, _reply: ProposeReply) -> Action {
        todo!()
    }

    /// Takes what a [`SlotLog`](crate::SlotLog) answered; replies to another slot or ballot are
    /// ignored. `Behind` is nothing to the proposer: bring the peer up to date, then send it
    /// [`Self::request`] again. `SnapshotNeeded` neither: this node must catch up and give up.
    pub fn on_reply(&mut self, _from: HostId, _reply: Reply) -> Action {
        todo!()
    }

    /// Takes the news that the slot is decided.
    pub fn on_decided(&mut self, _value: Bytes) -> Action {
        todo!()
    }

    /// Gives up waiting.
    pub fn on_timeout(&mut self) -> Action {
        todo!()
    }

    /// What is being asked at the moment, for a peer that must be asked again; nothing before the
    /// start and after the end.
    pub fn request(&self) -> Option<Request> {
        todo!()
    }

    /// The largest ballot seen, its own included: a new try takes one after it.
    pub fn ballot_max(&self) -> Ballot {
        todo!()
    }
}
