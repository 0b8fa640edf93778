//! Decides one read: whom to ask, when to answer, whom to repair.
//!
//! ```text
//!   plan ──▶ Comparing ──enough replied, digests agree──────────────▶ Done(rows)
//!               │  └──a replica failed or is slow──▶ ask a spare one
//!               └──digests differ──▶ Reconciling ──▶ Repairing ──▶ Done(rows)
//!            any of them ──deadline, too many failed──▶ Done(error)
//! ```
//!
//! A read of one partition asks the nearest replica for data and the others for digests; a read of
//! a token range asks all of them for data and skips the comparing (semantics 4.2, 4.7).
//!
//! # Invariants
//!
//! * **Q1** A read is answered exactly once.
//! * **Q2** Rows are answered only when distinct replicas satisfying the level replied, at least
//!   one of them with data.
//! * **Q3** Every effect names a replica of the plan.
//! * **Q4** With blocking read repair, rows are answered only when replicas satisfying the level
//!   are known to hold them: a later read at the level never sees less.

use crate::Answer;
use crate::BlockFor;
use crate::DigestVerdict;
use crate::ReplicaReceipt;
use crate::Tally;
use quorate_cluster::Replica;
use quorate_cluster::ReplicaSet;
use quorate_cluster::ReplicationStrategy;
use quorate_data::DataReply;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::RowDigest;
use quorate_data::read::merge_replies;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::RequestError;
use std::sync::Arc;
use std::time::Duration;

/// Whom a read asks.
#[derive(Debug, Clone)]
pub struct ReadPlan {
    /// What the answer waits for.
    pub block_for: BlockFor,
    /// Asked at once, nearest first.
    pub contacts: Vec<Replica>,
    /// Alive too, asked when a contact fails or is slow.
    pub spare: Vec<Replica>,
    /// Down: not asked, but named by the receipt.
    pub down: Vec<Replica>,
}

impl ReadPlan {
    /// Plans a read (step R3). `distance` orders the replicas: smaller is asked first.
    ///
    /// # Errors
    /// [`RequestError::Unavailable`] when too few are alive.
    pub fn new(
        level: ConsistencyLevel,
        strategy: &ReplicationStrategy,
        replicas: &ReplicaSet,
        local_datacenter: &Arc<str>,
        is_up: impl Fn(HostId) -> bool,
        distance: impl Fn(&Replica) -> u64,
    ) -> Result<Self, RequestError> {
        let block_for = BlockFor::read(level, strategy, local_datacenter)?;
        let (mut alive, down): (Vec<Replica>, Vec<Replica>) = replicas
            .natural
            .iter()
            .cloned()
            .partition(|replica| is_up(replica.host_id));
        alive.sort_by_cached_key(&distance);
        block_for.check_available(alive.iter())?;
        let (contacts, spare) = block_for.choose(alive);
        assert!(
            contacts.len() as u32 == block_for.total(),
            "Q2: an available level has its contacts"
        );
        Ok(Self {
            block_for,
            contacts,
            spare,
            down,
        })
    }
}

/// What happened to a read.
#[derive(Debug, Clone)]
pub enum Input {
    /// A replica sent rows.
    Data(HostId, DataReply),
    /// A replica sent a digest.
    Digest(HostId, RowDigest),
    /// A replica refused, or could not be reached.
    Failed(HostId, FailureReason),
    /// The read is slower than most: ask one more replica.
    SpeculationDue,
    /// A replica has durably what it lacked.
    Repaired(HostId),
    /// The request's time is up.
    DeadlinePassed,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the replica for rows.
    AskData(HostId),
    /// Ask the replica for a digest.
    AskDigest(HostId),
    /// Send the replica what it lacks.
    Repair(HostId, Vec<Mutation>),
    /// Answer the client, now.
    Answer(Result<DataReply, RequestError>),
}

#[derive(Debug)]
enum Reply {
    Owing,
    Data(DataReply),
    Digest(RowDigest),
    Failed(FailureReason),
}

#[derive(Debug)]
struct Contact {
    replica: Replica,
    reply: Reply,
    took: Duration,
    repaired: bool,
}

#[derive(Debug)]
enum Phase {
    /// Waiting for one data reply and digests.
    Comparing,
    /// Waiting for data replies only.
    Reconciling,
    /// Waiting for replicas to take what they lacked.
    Repairing {
        merged: DataReply,
        holders: Tally,
    },
    Done,
}

/// The machine of one read (step R4).
#[derive(Debug)]
pub struct Read {
    command: ReadCommand,
    block_for: BlockFor,
    read_repair: bool,
    contacts: Vec<Contact>,
    spare: Vec<Replica>,
    down: Vec<Replica>,
    phase: Phase,
    verdict: DigestVerdict,
    received: u32,
}

impl Read {
    /// Begins a read of one partition: data of the first contact, digests of the others.
    /// `read_repair` is the table's option (BLOCKING or not).
    pub fn partition(
        plan: ReadPlan,
        command: ReadCommand,
        read_repair: bool,
    ) -> (Self, Vec<Effect>) {
        let read = Self::new(plan, command, read_repair, Phase::Comparing);
        let effects = read
            .contacts
            .iter()
            .enumerate()
            .map(|(index, contact)| match index {
                0 => Effect::AskData(contact.replica.host_id),
                _ => Effect::AskDigest(contact.replica.host_id),
            })
            .collect();
        (read, effects)
    }

    /// Begins a read of a token range: data of all contacts.
    pub fn range(plan: ReadPlan, command: ReadCommand, read_repair: bool) -> (Self, Vec<Effect>) {
        let read = Self::new(plan, command, read_repair, Phase::Reconciling);
        let effects = read
            .contacts
            .iter()
            .map(|contact| Effect::AskData(contact.replica.host_id))
            .collect();
        (read, effects)
    }

    fn new(plan: ReadPlan, command: ReadCommand, read_repair: bool, phase: Phase) -> Self {
        let verdict = if plan.block_for.total() == 1 {
            DigestVerdict::SingleReplica
        } else {
            DigestVerdict::Agreed
        };
        let contacts = plan.contacts.into_iter().map(Contact::new).collect();
        Self {
            command,
            block_for: plan.block_for,
            read_repair,
            contacts,
            spare: plan.spare,
            down: plan.down,
            phase,
            verdict,
            received: 0,
        }
    }

    /// Takes what happened, `elapsed` after the request's start.
    pub fn on(&mut self, elapsed: Duration, input: Input) -> Vec<Effect> {
        if matches!(self.phase, Phase::Done) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        match input {
            Input::Data(host, reply) => {
                self.replied(elapsed, host, Reply::Data(reply), &mut effects);
            }
            Input::Digest(host, digest) => {
                self.replied(elapsed, host, Reply::Digest(digest), &mut effects);
            }
            Input::Failed(host, reason) => self.failed(elapsed, host, reason, &mut effects),
            Input::SpeculationDue => self.speculate(&mut effects),
            Input::Repaired(host) => self.repaired(host, &mut effects),
            Input::DeadlinePassed => {
                let error = self.timeout();
                self.finish(Err(error), &mut effects);
            }
        }
        effects
    }

    fn replied(
        &mut self,
        elapsed: Duration,
        host: HostId,
        reply: Reply,
        effects: &mut Vec<Effect>,
    ) {
        let reconciling = matches!(self.phase, Phase::Reconciling);
        let Some(contact) = self.contact(host) else {
            return;
        };
        // A digest that arrives while data is awaited says nothing new; a second reply neither.
        let useful = matches!(contact.reply, Reply::Owing)
            && (!reconciling || matches!(reply, Reply::Data(_)));
        if !useful {
            return;
        }
        contact.reply = reply;
        contact.took = elapsed;
        self.advance(effects);
    }

    fn advance(&mut self, effects: &mut Vec<Effect>) {
        match self.phase {
            Phase::Comparing => self.compare(effects),
            Phase::Reconciling => self.reconcile(effects),
            Phase::Repairing { .. } | Phase::Done => {}
        }
    }

    /// Replicas that replied, as the level counts them; `data_only` leaves digests out.
    fn tally(&self, data_only: bool) -> Tally {
        let mut tally = Tally::new(&self.block_for);
        for contact in &self.contacts {
            match contact.reply {
                Reply::Data(_) => tally.count(&contact.replica),
                Reply::Digest(_) if !data_only => tally.count(&contact.replica),
                Reply::Digest(_) | Reply::Owing | Reply::Failed(_) => {}
            }
        }
        tally
    }

    fn first_data(&self) -> Option<&DataReply> {
        self.contacts
            .iter()
            .find_map(|contact| match &contact.reply {
                Reply::Data(reply) => Some(reply),
                Reply::Digest(_) | Reply::Owing | Reply::Failed(_) => None,
            })
    }

    fn compare(&mut self, effects: &mut Vec<Effect>) {
        let tally = self.tally(false);
        self.received = tally.received();
        let Some(data) = self.first_data() else {
            return;
        };
        if !tally.is_satisfied() {
            return;
        }
        if self.digests_agree(data) {
            let rows = data.clone();
            self.finish(Ok(rows), effects);
        } else {
            self.start_reconciling(effects);
        }
    }

    /// Whether every reply so far says the same as `data`. A single reply agrees with itself.
    fn digests_agree(&self, data: &DataReply) -> bool {
        let mut others = self
            .contacts
            .iter()
            .filter_map(|contact| match &contact.reply {
                Reply::Digest(digest) => Some(*digest),
                Reply::Data(reply) if !std::ptr::eq(reply, data) => {
                    Some(reply.digest(&self.command))
                }
                Reply::Data(_) | Reply::Owing | Reply::Failed(_) => None,
            })
            .peekable();
        if others.peek().is_none() {
            return true;
        }
        let expected = data.digest(&self.command);
        others.all(|digest| digest == expected)
    }

    /// Asks all that sent a digest for their rows; data that came already is kept.
    fn start_reconciling(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Reconciling;
        self.verdict = DigestVerdict::Differed;
        for contact in &mut self.contacts {
            if matches!(contact.reply, Reply::Digest(_)) {
                contact.reply = Reply::Owing;
                effects.push(Effect::AskData(contact.replica.host_id));
            }
        }
        self.reconcile(effects);
    }

    fn reconcile(&mut self, effects: &mut Vec<Effect>) {
        let tally = self.tally(true);
        self.received = tally.received();
        if !tally.is_satisfied() {
            return;
        }
        let (hosts, replies): (Vec<HostId>, Vec<DataReply>) = self
            .contacts
            .iter_mut()
            .filter_map(|contact| match &mut contact.reply {
                Reply::Data(reply) => Some((contact.replica.host_id, std::mem::take(reply))),
                Reply::Digest(_) | Reply::Owing | Reply::Failed(_) => None,
            })
            .unzip();
        if let [_] = replies.as_slice() {
            let only = replies.into_iter().next().unwrap_or_default();
            return self.finish(Ok(only), effects);
        }
        // R7 resolve: digests agree, or reconcile.
        match merge_replies(&self.command, &replies) {
            Ok(merged) => self.repair(&hosts, merged.reply, merged.repairs, effects),
            Err(damage) => {
                let error = RequestError::Server(format!("a replica sent a damaged row: {damage}"));
                self.finish(Err(error), effects);
            }
        }
    }

    fn repair(
        &mut self,
        hosts: &[HostId],
        merged: DataReply,
        repairs: Vec<Vec<(bytes::Bytes, Vec<quorate_data::Entry>)>>,
        effects: &mut Vec<Effect>,
    ) {
        let lacking: Vec<_> = hosts
            .iter()
            .zip(repairs)
            .filter(|(_, repair)| !repair.is_empty())
            .collect();
        if lacking.is_empty() {
            self.verdict = DigestVerdict::Agreed;
            return self.finish(Ok(merged), effects);
        }
        self.verdict = DigestVerdict::Differed;
        if !self.read_repair || cfg!(feature = "planted-skip-read-repair") {
            return self.finish(Ok(merged), effects);
        }
        let mut holders = Tally::new(&self.block_for);
        for contact in &self.contacts {
            let host = contact.replica.host_id;
            let lacks = lacking.iter().any(|(lacking, _)| **lacking == host);
            if hosts.contains(&host) && !lacks {
                holders.count(&contact.replica);
            }
        }
        let mut entries = 0;
        for (host, repair) in lacking {
            entries += repair
                .iter()
                .map(|(_, entries)| entries.len() as u32)
                .sum::<u32>();
            effects.push(Effect::Repair(*host, self.repair_mutations(repair)));
        }
        self.verdict = DigestVerdict::Repaired { entries };
        self.phase = Phase::Repairing { merged, holders };
        self.answer_when_held(effects);
    }

    fn repair_mutations(
        &self,
        repair: Vec<(bytes::Bytes, Vec<quorate_data::Entry>)>,
    ) -> Vec<Mutation> {
        repair
            .into_iter()
            .map(|(key, entries)| Mutation {
                table: self.command.table,
                epoch: self.command.epoch,
                key,
                entries,
            })
            .collect()
    }

    fn repaired(&mut self, host: HostId, effects: &mut Vec<Effect>) {
        let Some(contact) = self.contact(host) else {
            return;
        };
        contact.repaired = true;
        let replica = contact.replica.clone();
        if let Phase::Repairing { holders, .. } = &mut self.phase {
            holders.count(&replica);
            self.answer_when_held(effects);
        }
    }

    /// **Q4**: not before enough replicas hold what is answered.
    fn answer_when_held(&mut self, effects: &mut Vec<Effect>) {
        if let Phase::Repairing { merged, holders } = &mut self.phase
            && holders.is_satisfied()
        {
            let rows = std::mem::take(merged);
            self.finish(Ok(rows), effects);
        }
    }

    fn failed(
        &mut self,
        elapsed: Duration,
        host: HostId,
        reason: FailureReason,
        effects: &mut Vec<Effect>,
    ) {
        if matches!(self.phase, Phase::Repairing { .. }) {
            return self.repair_failed(elapsed, host, reason, effects);
        }
        let Some(contact) = self.contact(host) else {
            return;
        };
        if !matches!(contact.reply, Reply::Owing) {
            return;
        }
        contact.reply = Reply::Failed(reason);
        contact.took = elapsed;
        self.speculate(effects);
        if self.cannot_succeed() {
            let error = self.failure();
            self.finish(Err(error), effects);
        }
    }

    /// A replica that was being repaired is lost: the others, and a spare one, are read anew. Waiting
    /// for the deadline would help nobody.
    fn repair_failed(
        &mut self,
        elapsed: Duration,
        host: HostId,
        reason: FailureReason,
        effects: &mut Vec<Effect>,
    ) {
        self.phase = Phase::Reconciling;
        for contact in &mut self.contacts {
            if contact.replica.host_id == host {
                contact.reply = Reply::Failed(reason);
                contact.took = elapsed;
            } else if !matches!(contact.reply, Reply::Failed(_)) {
                contact.reply = Reply::Owing;
                effects.push(Effect::AskData(contact.replica.host_id));
            }
        }
        self.speculate(effects);
        if self.cannot_succeed() {
            let error = self.failure();
            self.finish(Err(error), effects);
        }
    }

    /// Asks the next spare replica: for a digest when data is there or on its way, else for data.
    fn speculate(&mut self, effects: &mut Vec<Effect>) {
        if self.spare.is_empty() || matches!(self.phase, Phase::Repairing { .. } | Phase::Done) {
            return;
        }
        let replica = self.spare.remove(0);
        let host = replica.host_id;
        let comparing = matches!(self.phase, Phase::Comparing);
        let digest_is_enough = comparing && self.first_data().is_some();
        self.contacts.push(Contact::new(replica));
        effects.push(if digest_is_enough {
            Effect::AskDigest(host)
        } else {
            Effect::AskData(host)
        });
    }

    /// Whether even all that still owe a reply would not be enough.
    fn cannot_succeed(&self) -> bool {
        let mut best = self.tally(matches!(self.phase, Phase::Reconciling));
        for contact in &self.contacts {
            if matches!(contact.reply, Reply::Owing) {
                best.count(&contact.replica);
            }
        }
        !best.is_satisfied()
    }

    fn data_present(&self) -> bool {
        matches!(self.phase, Phase::Repairing { .. }) || self.first_data().is_some()
    }

    fn failure(&self) -> RequestError {
        let failures: Vec<(String, FailureReason)> = self
            .contacts
            .iter()
            .filter_map(|contact| match contact.reply {
                Reply::Failed(reason) => Some((contact.replica.address.to_string(), reason)),
                Reply::Data(_) | Reply::Digest(_) | Reply::Owing => None,
            })
            .collect();
        if failures
            .iter()
            .all(|(_, reason)| *reason == FailureReason::Timeout)
        {
            return self.timeout();
        }
        RequestError::ReadFailure {
            level: self.block_for.level(),
            received: self.received,
            block_for: self.block_for.total(),
            data_present: self.data_present(),
            failures,
        }
    }

    fn timeout(&self) -> RequestError {
        let block_for = self.block_for.total();
        let data_present = self.data_present();
        // With data at hand, enough replies would have answered: one too few is the honest number.
        let received = if data_present {
            self.received.min(block_for - 1)
        } else {
            self.received
        };
        RequestError::ReadTimeout {
            level: self.block_for.level(),
            received,
            block_for,
            data_present,
        }
    }

    fn finish(&mut self, outcome: Result<DataReply, RequestError>, effects: &mut Vec<Effect>) {
        assert!(!matches!(self.phase, Phase::Done), "Q1");
        self.phase = Phase::Done;
        effects.push(Effect::Answer(outcome));
    }

    fn contact(&mut self, host: HostId) -> Option<&mut Contact> {
        self.contacts
            .iter_mut()
            .find(|contact| contact.replica.host_id == host)
    }

    /// Whether the client has its answer.
    pub const fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// What is waited for.
    pub const fn block_for(&self) -> &BlockFor {
        &self.block_for
    }

    /// Replicas that replied so far.
    pub const fn received(&self) -> u32 {
        self.received
    }

    /// Whether the replies agreed.
    pub const fn verdict(&self) -> DigestVerdict {
        self.verdict
    }

    /// Whether a replica is left that was not asked.
    pub fn has_spare(&self) -> bool {
        !self.spare.is_empty()
    }

    /// What was asked.
    pub const fn command(&self) -> &ReadCommand {
        &self.command
    }

    /// What each replica did, for the receipt.
    pub fn replica_receipts(&self) -> Vec<ReplicaReceipt> {
        let asked = self.contacts.iter().map(|contact| ReplicaReceipt {
            replica: contact.replica.clone(),
            alive: true,
            asked: true,
            answer: match contact.reply {
                Reply::Owing => None,
                _ if contact.repaired => Some(Answer::Repaired),
                Reply::Data(_) => Some(Answer::Data),
                Reply::Digest(_) => Some(Answer::Digest),
                Reply::Failed(reason) => Some(Answer::Failed(reason)),
            },
            took: contact.took,
        });
        let not_asked = |alive: bool| {
            move |replica: &Replica| ReplicaReceipt {
                replica: replica.clone(),
                alive,
                asked: false,
                answer: None,
                took: Duration::ZERO,
            }
        };
        let spare = self.spare.iter().map(not_asked(true));
        let down = self.down.iter().map(not_asked(false));
        asked.chain(spare).chain(down).collect()
    }
}

impl Contact {
    const fn new(replica: Replica) -> Self {
        Self {
            replica,
            reply: Reply::Owing,
            took: Duration::ZERO,
            repaired: false,
        }
    }
}

#[cfg(test)]
mod tests;
