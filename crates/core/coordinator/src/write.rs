//! Decides one write: whom to send it to, when to answer, for whom to keep a hint.
//!
//! A write goes to *every* live replica at every level; the level only decides when the client is
//! answered (semantics 3.2).
//!
//! ```text
//!   plan ──▶ Waiting ──enough acknowledged────────▶ Answered(ok) ─┐
//!              ├──too many failed─────────────────▶ Answered(failure)├──▶ late ones: hint
//!              └──deadline────────────────────────▶ Answered(timeout)┘
//! ```
//!
//! # Invariants
//!
//! * **X1** A write is answered exactly once.
//! * **X2** Success is answered only when distinct replicas satisfying the level acknowledged
//!   (for ANY: or a hint was stored).
//! * **X3** Every replica of the plan ends acknowledged or handed to the hints, never forgotten.

use crate::Answer;
use crate::BlockFor;
use crate::ReplicaReceipt;
use crate::Tally;
use quorate_cluster::Replica;
use quorate_cluster::ReplicaSet;
use quorate_cluster::ReplicationStrategy;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::RequestError;
use quorate_types::WriteType;
use std::sync::Arc;
use std::time::Duration;

/// Whom a write goes to.
#[derive(Debug, Clone)]
pub struct WritePlan {
    /// What the client's answer waits for.
    pub block_for: BlockFor,
    /// Replicas alive, natural and pending: each gets the write.
    pub contacts: Vec<Replica>,
    /// Replicas down: each gets a hint at once.
    pub down: Vec<Replica>,
}

impl WritePlan {
    /// Plans a write (step W3).
    ///
    /// # Errors
    /// [`RequestError::Unavailable`] before anything is sent or hinted, when too few are alive.
    pub fn new(
        level: ConsistencyLevel,
        strategy: &ReplicationStrategy,
        replicas: &ReplicaSet,
        local_datacenter: &Arc<str>,
        is_up: impl Fn(HostId) -> bool,
    ) -> Result<Self, RequestError> {
        let block_for = BlockFor::write(level, strategy, replicas, local_datacenter)?;
        let natural = replicas.natural.iter();
        // A node that is both counts once, as natural.
        let pending = replicas.pending.iter().filter(|pending| {
            !replicas
                .natural
                .iter()
                .any(|replica| replica.host_id == pending.host_id)
        });
        let (contacts, down): (Vec<_>, Vec<_>) = natural
            .chain(pending)
            .cloned()
            .partition(|replica| is_up(replica.host_id));
        if level == ConsistencyLevel::Any {
            // A stored hint is enough; only a keyspace without replicas here cannot be written.
            if contacts.is_empty() && down.is_empty() {
                return block_for.check_available(contacts.iter()).map(|()| Self {
                    block_for,
                    contacts,
                    down,
                });
            }
        } else {
            block_for.check_available(contacts.iter())?;
        }
        Ok(Self {
            block_for,
            contacts,
            down,
        })
    }
}

/// What happened to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The replica has it durably.
    Acknowledged(HostId),
    /// The replica refused, or could not be reached.
    Failed(HostId, FailureReason),
    /// A hint for this replica is stored durably.
    HintStored(HostId),
    /// No hint could be stored for this replica: read repair and anti-entropy must help it.
    HintRefused(HostId),
    /// The request's time is up.
    DeadlinePassed,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Answer the client, now.
    Answer(Result<(), RequestError>),
    /// Keep a hint for the replica.
    Hint(HostId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Owing,
    Acknowledged,
    Failed(FailureReason),
    Hinted,
}

/// The machine of one write (step W4).
#[derive(Debug)]
pub struct Write {
    block_for: BlockFor,
    write_type: WriteType,
    replicas: Vec<(Replica, Progress, Duration)>,
    tally: Tally,
    answered: bool,
}

impl Write {
    /// Begins. The returned effects hint the replicas that are down.
    pub fn new(plan: WritePlan, write_type: WriteType) -> (Self, Vec<Effect>) {
        let tally = Tally::new(&plan.block_for);
        let effects = plan
            .down
            .iter()
            .map(|replica| Effect::Hint(replica.host_id))
            .collect();
        let owing = plan
            .contacts
            .into_iter()
            .map(|replica| (replica, Progress::Owing, Duration::ZERO));
        let down = plan
            .down
            .into_iter()
            .map(|replica| (replica, Progress::Hinted, Duration::ZERO));
        let write = Self {
            block_for: plan.block_for,
            write_type,
            replicas: owing.chain(down).collect(),
            tally,
            answered: false,
        };
        (write, effects)
    }

    /// Takes what happened, `elapsed` after the request's start.
    pub fn on(&mut self, elapsed: Duration, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Acknowledged(host) => self.acknowledged(elapsed, host, &mut effects),
            Input::Failed(host, reason) => self.failed(elapsed, host, reason, &mut effects),
            Input::HintStored(_) => {
                if self.block_for.level() == ConsistencyLevel::Any {
                    self.answer(Ok(()), &mut effects);
                }
            }
            Input::HintRefused(_) => {}
            Input::DeadlinePassed => self.deadline_passed(&mut effects),
        }
        effects
    }

    fn acknowledged(&mut self, elapsed: Duration, host: HostId, effects: &mut Vec<Effect>) {
        let Some((replica, progress, took)) = self.entry(host) else {
            return;
        };
        if *progress != Progress::Owing {
            return;
        }
        *progress = Progress::Acknowledged;
        *took = elapsed;
        let replica = replica.clone();
        self.tally.count(&replica);
        if self.tally.is_satisfied() {
            self.answer(Ok(()), effects);
        }
    }

    fn failed(
        &mut self,
        elapsed: Duration,
        host: HostId,
        reason: FailureReason,
        effects: &mut Vec<Effect>,
    ) {
        let Some((_, progress, took)) = self.entry(host) else {
            return;
        };
        if *progress != Progress::Owing {
            return;
        }
        *progress = Progress::Failed(reason);
        *took = elapsed;
        effects.push(Effect::Hint(host));
        if self.block_for.level() != ConsistencyLevel::Any && self.cannot_succeed() {
            let error = self.failure();
            self.answer(Err(error), effects);
        }
    }

    fn deadline_passed(&mut self, effects: &mut Vec<Effect>) {
        for (replica, progress, _) in &mut self.replicas {
            if *progress == Progress::Owing {
                *progress = Progress::Failed(FailureReason::Timeout);
                effects.push(Effect::Hint(replica.host_id));
            }
        }
        if self.block_for.level() != ConsistencyLevel::Any {
            let error = self.timeout();
            self.answer(Err(error), effects);
        }
    }

    /// Whether even all that still owe an answer would not be enough.
    fn cannot_succeed(&self) -> bool {
        let mut best = self.tally.clone();
        for (replica, progress, _) in &self.replicas {
            if *progress == Progress::Owing {
                best.count(replica);
            }
        }
        !best.is_satisfied()
    }

    fn failures(&self) -> Vec<(String, FailureReason)> {
        self.replicas
            .iter()
            .filter_map(|(replica, progress, _)| match progress {
                Progress::Failed(reason) => Some((replica.address.to_string(), *reason)),
                Progress::Owing | Progress::Acknowledged | Progress::Hinted => None,
            })
            .collect()
    }

    /// A failure when a replica gave a reason of its own; when all were merely late, a timeout.
    fn failure(&self) -> RequestError {
        let failures = self.failures();
        if failures
            .iter()
            .all(|(_, reason)| *reason == FailureReason::Timeout)
        {
            return self.timeout();
        }
        RequestError::WriteFailure {
            level: self.block_for.level(),
            received: self.tally.received(),
            block_for: self.block_for.total(),
            write_type: self.write_type,
            failures,
        }
    }

    /// What a client hears when its time is up now.
    pub fn timeout(&self) -> RequestError {
        RequestError::WriteTimeout {
            level: self.block_for.level(),
            // An acknowledgement may race with the deadline; "timed out with enough" helps nobody.
            received: self
                .tally
                .received()
                .min(self.block_for.total().saturating_sub(1)),
            block_for: self.block_for.total(),
            write_type: self.write_type,
        }
    }

    fn answer(&mut self, outcome: Result<(), RequestError>, effects: &mut Vec<Effect>) {
        if self.answered {
            return;
        }
        self.answered = true;
        if outcome.is_ok() && self.block_for.level() != ConsistencyLevel::Any {
            assert!(self.tally.is_satisfied(), "X2");
        }
        effects.push(Effect::Answer(outcome));
    }

    fn entry(&mut self, host: HostId) -> Option<&mut (Replica, Progress, Duration)> {
        self.replicas
            .iter_mut()
            .find(|(replica, _, _)| replica.host_id == host)
    }

    /// Whether the client has its answer (**X1**).
    pub const fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whether no replica owes an answer any more (**X3**).
    pub fn is_over(&self) -> bool {
        self.replicas
            .iter()
            .all(|(_, progress, _)| *progress != Progress::Owing)
    }

    /// What is waited for.
    pub const fn block_for(&self) -> &BlockFor {
        &self.block_for
    }

    /// Replicas counted by the level that acknowledged so far.
    pub fn received(&self) -> u32 {
        self.tally.received()
    }

    /// What each replica did, for the receipt.
    pub fn replica_receipts(&self) -> Vec<ReplicaReceipt> {
        self.replicas
            .iter()
            .map(|(replica, progress, took)| ReplicaReceipt {
                replica: replica.clone(),
                alive: *progress != Progress::Hinted,
                asked: *progress != Progress::Hinted,
                answer: match progress {
                    Progress::Owing => None,
                    Progress::Acknowledged => Some(Answer::Acknowledged),
                    Progress::Failed(reason) => Some(Answer::Failed(*reason)),
                    Progress::Hinted => Some(Answer::Hinted),
                },
                took: *took,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
