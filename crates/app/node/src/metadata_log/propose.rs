//! Proposing entries to the metadata log: catch up, propose, settle, tell everybody.
//!
//! ```text
//!   catch up ──▶ apply here: refused? ──▶ propose for the next slot ──▶ decided: mine? done
//!      ▲                                            │                     other's: again
//!      └──────────── pre-empted, too few, unknown ◀─┘
//! ```

use super::CommitError;
use super::ROUND_TIMEOUT;
use super::encode_entry;
use crate::Node;
use crate::World;
use bytes::Bytes;
use futures_util::future::join_all;
use quorate_cluster::Change;
use quorate_cluster::Metadata;
use quorate_cluster::Transformation;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_paxos::Action;
use quorate_paxos::Proposer;
use quorate_paxos::Reply;
use quorate_paxos::Request;
use quorate_types::Ballot;
use quorate_types::Deadline;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use uuid::Uuid;

impl<W: World> Node<W> {
    /// Asks every metadata replica that is up for entries that lack here, so that a change is judged
    /// by the latest state.
    async fn catch_up(&self) {
        let replicas = self.current_metadata().metadata_replicas.clone();
        let others = replicas
            .into_iter()
            .filter(|host| *host != self.me() && self.is_peer_up(*host));
        join_all(others.map(|host| self.catch_up_with(host))).await;
    }

    /// Makes a transformation the next entry of the log, and waits until the nodes that are up know
    /// it. An entry that changes nothing is not written.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn commit(
        &self,
        transformation: Transformation,
    ) -> Result<(Change, Arc<Metadata>), CommitError> {
        let node = self.clone();
        let outcome = self
            .on_own_task(async move { node.settle(transformation).await })
            .await;
        outcome.unwrap_or_else(|| Err(CommitError::Disk("the node stops".to_owned())))
    }

    async fn settle(
        &self,
        transformation: Transformation,
    ) -> Result<(Change, Arc<Metadata>), CommitError> {
        let deadline = Deadline(self.now().after(self.config().metadata_timeout));
        let id = Uuid::from_u64_pair(self.world().random(), self.world().random());
        let entry = encode_entry(id, &transformation);
        let mut seen = Ballot::NONE;
        self.catch_up().await;
        loop {
            if let Some((epoch, change)) = self.applied_entry(id).await {
                self.wait_until_known(epoch, deadline).await;
                return Ok((change, self.current_metadata()));
            }
            let metadata = self.current_metadata();
            let (_, change) = metadata.apply(&transformation)?;
            if change == Change::None {
                return Ok((change, metadata));
            }
            let outcome = self
                .propose(&metadata, entry.clone(), &mut seen, deadline)
                .await?;
            if deadline.has_passed(self.now()) && self.applied_entry(id).await.is_none() {
                return Err(outcome.into_error());
            }
            if !matches!(outcome, Proposed::Decided) {
                let pause = self.world().random() % 50 + 5;
                self.world().sleep(Duration::from_millis(pause)).await;
            }
        }
    }

    async fn applied_entry(&self, id: Uuid) -> Option<(Epoch, Change)> {
        self.inner()
            .log
            .state
            .lock()
            .await
            .applied
            .get(&id)
            .cloned()
    }

    /// One round of Paxos for the slot after `metadata`.
    async fn propose(
        &self,
        metadata: &Metadata,
        entry: Bytes,
        seen: &mut Ballot,
        deadline: Deadline,
    ) -> Result<Proposed, CommitError> {
        let slot = metadata.epoch.next();
        let acceptors = if metadata.epoch == Epoch::NONE {
            BTreeSet::from([self.me()])
        } else {
            metadata.metadata_replicas.clone()
        };
        let micros = u64::try_from(self.world().unix_micros()).unwrap_or(0);
        let ballot = Ballot::after(*seen, micros, self.me());
        let needed = acceptors.len() as u32 / 2 + 1;
        let mut proposer = Proposer::new(slot, ballot, acceptors, entry);
        let round_ends = self.now().after(ROUND_TIMEOUT).min(deadline.0);
        let (sender, replies) = mpsc::unbounded_channel();
        let mut round = Round {
            node: self.clone(),
            slot,
            sender,
            replies,
            owing: 0,
            deadline: Deadline(round_ends),
        };
        let mut answered = BTreeSet::new();
        let mut action = proposer.start();
        loop {
            match action {
                Action::Wait => {}
                Action::SendPrepare { to, ballot } => {
                    round.send(to, &Request::Prepare { slot, ballot });
                }
                Action::SendPropose { to, ballot, value } => {
                    answered.clear();
                    round.send(
                        to,
                        &Request::Propose {
                            slot,
                            ballot,
                            value,
                        },
                    );
                }
                Action::Chosen { value, .. } => {
                    *seen = proposer.ballot_max();
                    self.learn(slot, value.clone()).await?;
                    self.tell_everybody(slot, &value);
                    return Ok(Proposed::Decided);
                }
                Action::Preempted { .. } => {
                    *seen = proposer.ballot_max();
                    return Ok(Proposed::Preempted);
                }
                Action::Unanswered { .. } | Action::Uncertain => {
                    *seen = proposer.ballot_max();
                    return Ok(Proposed::TooFew {
                        answered: answered.len() as u32,
                        needed,
                    });
                }
            }
            action = match round.next_reply().await {
                Some((from, Some(reply))) => {
                    answered.insert(from);
                    if let Reply::Decided { value, .. } = &reply {
                        self.learn(slot, value.clone()).await?;
                    }
                    proposer.on_reply(from, reply)
                }
                Some((_, None)) => Action::Wait,
                None => proposer.on_timeout(),
            };
        }
    }

    fn tell_everybody(&self, slot: Epoch, value: &Bytes) {
        let metadata = self.current_metadata();
        for node in metadata
            .present_nodes()
            .filter(|node| node.host_id != self.me())
        {
            if let Some(address) = self.address_of(node.host_id) {
                let request = Request::Learn {
                    slot,
                    value: value.clone(),
                };
                self.world()
                    .send(&address, self.epoch(), PeerRequest::Metadata(request));
            }
        }
    }

    /// Waits until every node that is up has the epoch, so that whoever hears of the change finds it
    /// wherever it asks. A node that is slow does not hold the change up for long.
    async fn wait_until_known(&self, epoch: Epoch, deadline: Deadline) {
        let ends = self.now().after(ROUND_TIMEOUT).min(deadline.0);
        let metadata = self.current_metadata();
        let up: Vec<HostId> = metadata
            .present_nodes()
            .map(|node| node.host_id)
            .filter(|host| *host != self.me() && self.is_peer_up(*host))
            .collect();
        join_all(
            up.into_iter()
                .map(|host| self.until_peer_knows(host, epoch, Deadline(ends))),
        )
        .await;
    }

    async fn until_peer_knows(&self, host: HostId, epoch: Epoch, deadline: Deadline) {
        while !deadline.has_passed(self.now()) {
            let state = self
                .inner()
                .log
                .state
                .lock()
                .await
                .log
                .entry(epoch)
                .cloned();
            let Some(value) = state else { return };
            let request = PeerRequest::Metadata(Request::Learn { slot: epoch, value });
            match self.ask_peer(host, request, deadline).await {
                Ok(PeerReply::Metadata(Reply::Behind { next })) => {
                    self.send_missing(host, next, deadline).await;
                }
                // Learned, or no answer to be had: either way this peer is done with.
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Sends a peer the entries from `next` on.
    async fn send_missing(&self, host: HostId, next: Epoch, deadline: Deadline) {
        let mut slot = next;
        loop {
            let value = self.inner().log.state.lock().await.log.entry(slot).cloned();
            let Some(value) = value else { return };
            let request = PeerRequest::Metadata(Request::Learn { slot, value });
            if self.ask_peer(host, request, deadline).await.is_err() {
                return;
            }
            slot = slot.next();
        }
    }
}

/// How one round ended.
enum Proposed {
    /// The slot is decided and learned, by whomever.
    Decided,
    /// Another proposer is ahead.
    Preempted,
    /// Too few answered.
    TooFew { answered: u32, needed: u32 },
}

impl Proposed {
    const fn into_error(self) -> CommitError {
        match self {
            Self::Decided | Self::Preempted => CommitError::NoMajority {
                answered: 0,
                needed: 0,
            },
            Self::TooFew { answered, needed } => CommitError::NoMajority { answered, needed },
        }
    }
}

/// The messages of one round.
struct Round<W: World> {
    node: Node<W>,
    slot: Epoch,
    sender: mpsc::UnboundedSender<(HostId, Option<Reply>)>,
    replies: mpsc::UnboundedReceiver<(HostId, Option<Reply>)>,
    /// Acceptors asked that have not answered.
    owing: usize,
    deadline: Deadline,
}

impl<W: World> Round<W> {
    fn send(&mut self, to: BTreeSet<HostId>, request: &Request) {
        for host in to {
            let (node, request, deadline) = (self.node.clone(), request.clone(), self.deadline);
            let slot = self.slot;
            let sender = self.sender.clone();
            self.owing += 1;
            self.node.world().spawn(async move {
                let reply = node.ask_acceptor(host, slot, request, deadline).await;
                // The round may be over.
                let _ = sender.send((host, reply));
            });
        }
    }

    /// The next reply; `None` when the round's time is up or nobody owes one.
    async fn next_reply(&mut self) -> Option<(HostId, Option<Reply>)> {
        if self.owing == 0 {
            return None;
        }
        let remaining = self.deadline.remaining(self.node.now());
        let timer = Box::pin(self.node.world().sleep(remaining));
        let next = Box::pin(self.replies.recv());
        match futures_util::future::select(next, timer).await {
            futures_util::future::Either::Left((reply, _)) => {
                self.owing -= 1;
                reply
            }
            futures_util::future::Either::Right(_) => None,
        }
    }
}

impl<W: World> Node<W> {
    /// Asks an acceptor; one that lacks earlier entries gets them and is asked again.
    async fn ask_acceptor(
        &self,
        host: HostId,
        slot: Epoch,
        request: Request,
        deadline: Deadline,
    ) -> Option<Reply> {
        if host == self.me() {
            return self.answer_log(request).await.ok();
        }
        for _ in 0..2 {
            let asked = PeerRequest::Metadata(request.clone());
            let Ok(PeerReply::Metadata(reply)) = self.ask_peer(host, asked, deadline).await else {
                return None;
            };
            match reply {
                Reply::Behind { next } if next < slot => {
                    self.send_missing(host, next, deadline).await;
                }
                reply => return Some(reply),
            }
        }
        None
    }
}
