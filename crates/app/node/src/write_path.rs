//! The write path, from an encoded mutation to the client's answer. The machine in
//! `quorate_coordinator::write` decides; this file sends, waits and hints.
//!
//! W1 receive and W2 compile lie behind (`io/grpc`, `core/query`); W6 log and W7 apply happen on
//! each replica (`io/commitlog`, `io/storage`).

use crate::Engine;
use crate::Node;
use crate::World;
use crate::hints::HintWork;
use crate::peer::PeerFailure;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::future::Either;
use futures_util::future::join_all;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;
use quorate_cluster::Metadata;
use quorate_coordinator::Receipt;
use quorate_coordinator::Step;
use quorate_coordinator::write::Effect;
use quorate_coordinator::write::Input;
use quorate_coordinator::write::Write;
use quorate_coordinator::write::WritePlan;
use quorate_data::Mutation;
use quorate_internode::PeerRequest;
use quorate_types::ConsistencyLevel;
use quorate_types::Deadline;
use quorate_types::HostId;
use quorate_types::Monotonic;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use quorate_types::WriteType;
use std::sync::Arc;
use std::time::Duration;

/// What all mutations of one request share.
#[derive(Debug, Clone)]
pub(crate) struct WriteRequest {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) level: ConsistencyLevel,
    pub(crate) write_type: WriteType,
    pub(crate) timestamp: WriteTimestamp,
    pub(crate) started: Monotonic,
    pub(crate) deadline: Deadline,
}

/// What replicas and hints still owe: each completes with what happened.
type Pending = FuturesUnordered<BoxFuture<'static, Input>>;

impl<W: World> Node<W> {
    /// Writes every mutation at the request's level; the receipt sums them up.
    pub(crate) async fn write(
        &self,
        request: &WriteRequest,
        mutations: Vec<Mutation>,
    ) -> Result<Receipt, RequestError> {
        // All of them first: a write that is refused for its size is refused whole.
        let mut encoded = mutations
            .into_iter()
            .map(|mutation| {
                let bytes = mutation.encode();
                self.refuse_oversized(request, &mutation, bytes.len())?;
                Ok((mutation, bytes))
            })
            .collect::<Result<Vec<_>, RequestError>>()?;
        if encoded.len() <= 1 {
            return match encoded.pop() {
                Some((mutation, bytes)) => self.write_one(request, &mutation, bytes).await,
                None => Ok(empty_receipt(request)),
            };
        }
        let writes = encoded
            .iter()
            .map(|(mutation, bytes)| self.write_one(request, mutation, bytes.clone()));
        let outcomes = join_all(writes).await;
        let mut receipts = outcomes
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?
            .into_iter();
        let first = receipts.next().unwrap_or_else(|| empty_receipt(request));
        Ok(receipts.fold(first, Receipt::and))
    }

    async fn write_one(
        &self,
        request: &WriteRequest,
        mutation: &Mutation,
        bytes: Bytes,
    ) -> Result<Receipt, RequestError> {
        // W3 plan: replicas, block-for, Unavailable.
        let plan = self.plan_write(request, mutation)?;
        self.refuse_when_hints_overflow(&plan)?;
        let replication_factor = (plan.contacts.len() + plan.down.len()) as u32;
        let gc_grace_secs = gc_grace(&request.metadata, mutation);
        let work = HintWork {
            mutation: bytes,
            created_millis: self.unix_millis(),
            gc_grace_secs,
        };
        let planned = self.since(request);

        // W5 carry out: every live replica gets the same bytes.
        let pending = Pending::new();
        for replica in &plan.contacts {
            pending.push(self.send_mutation(
                replica.host_id,
                work.mutation.clone(),
                request.deadline,
            ));
        }
        let (mut machine, effects) = Write::new(plan, request.write_type);
        let mut answer = self.carry_out(effects, &work, &pending);
        let sent = self.since(request);

        // W4 coordinate: count, time out, decide hints.
        let mut running = Running {
            node: self.clone(),
            work,
            pending,
            started: request.started,
        };
        if answer.is_none() {
            answer = running.until_answered(&mut machine, request.deadline).await;
        }
        // W8 answer + receipt.
        let received = machine.received();
        let mut receipt = Receipt {
            epoch: request.metadata.epoch,
            level: request.level,
            replication_factor,
            block_for: machine.block_for().total(),
            answered: received,
            replicas: machine.replica_receipts(),
            digests: None,
            timestamp: Some(request.timestamp),
            steps: vec![
                Step {
                    name: "W3 plan",
                    done_after: planned,
                },
                Step {
                    name: "W5 carry out",
                    done_after: sent,
                },
                Step {
                    name: "W4 coordinate",
                    done_after: self.since(request),
                },
            ],
            parts: 1,
        };
        let timed_out = Err(machine.timeout());
        if !running.pending.is_empty() {
            running.finish_beside(machine, request.deadline);
        }
        receipt.steps.push(Step {
            name: "W8 answer",
            done_after: self.since(request),
        });
        answer.unwrap_or(timed_out).map(|()| receipt)
    }

    /// A mutation that no commit log has room for must not reach one: neither it nor its hints could
    /// ever be applied.
    pub(crate) fn refuse_oversized(
        &self,
        request: &WriteRequest,
        mutation: &Mutation,
        bytes: usize,
    ) -> Result<(), RequestError> {
        let bytes_max = self.config().mutation_bytes_max;
        if bytes <= bytes_max {
            return Ok(());
        }
        let table = request.metadata.table_by_id(mutation.table);
        let (keyspace, table) = table.map_or(("system", "batches"), |table| {
            (table.keyspace.as_str(), table.name.as_str())
        });
        let token = mutation.token();
        Err(RequestError::Invalid(format!(
            "Rejected an oversized mutation ({bytes}/{bytes_max}) for keyspace: {keyspace}. Top keys are: {table} at token {token}"
        )))
    }

    fn plan_write(
        &self,
        request: &WriteRequest,
        mutation: &Mutation,
    ) -> Result<WritePlan, RequestError> {
        let metadata = &request.metadata;
        let table = metadata
            .table_by_id(mutation.table)
            .ok_or_else(|| RequestError::Invalid("the table was dropped meanwhile".to_owned()))?;
        let keyspace = metadata
            .keyspace(&table.keyspace)
            .map_err(|missing| RequestError::Invalid(missing.to_string()))?;
        let replicas = metadata.replicas(keyspace, mutation.token());
        WritePlan::new(
            request.level,
            &keyspace.replication,
            &replicas,
            &self.identity().datacenter,
            |host| self.is_peer_up(host),
        )
    }

    fn send_mutation(
        &self,
        host: HostId,
        mutation: Bytes,
        deadline: Deadline,
    ) -> BoxFuture<'static, Input> {
        if host == self.me() {
            let applied = self.engine().apply(mutation);
            return Box::pin(async move {
                match applied.await {
                    Ok(()) => Input::Acknowledged(host),
                    Err(failure) => Input::Failed(host, failure.reason),
                }
            });
        }
        let call = self.ask_peer(host, PeerRequest::Mutate(mutation), deadline);
        Box::pin(async move {
            match call.await {
                Ok(_) => Input::Acknowledged(host),
                Err(PeerFailure { reason, .. }) => Input::Failed(host, reason),
            }
        })
    }

    /// Does what the machine decided; returns the client's answer when it is among it.
    fn carry_out(
        &self,
        effects: Vec<Effect>,
        work: &HintWork,
        pending: &Pending,
    ) -> Option<Result<(), RequestError>> {
        let mut answer = None;
        for effect in effects {
            match effect {
                Effect::Answer(outcome) => answer = Some(outcome),
                Effect::Hint(host) => {
                    let stored = self.keep_hint(host, work.clone());
                    pending.push(Box::pin(async move {
                        if stored.await {
                            Input::HintStored(host)
                        } else {
                            Input::HintRefused(host)
                        }
                    }));
                }
            }
        }
        answer
    }

    fn since(&self, request: &WriteRequest) -> Duration {
        self.now().since(request.started)
    }
}

/// One write in progress.
struct Running<W: World> {
    node: Node<W>,
    work: HintWork,
    pending: Pending,
    started: Monotonic,
}

impl<W: World> Running<W> {
    /// Feeds the machine until the client can be answered.
    async fn until_answered(
        &mut self,
        machine: &mut Write,
        deadline: Deadline,
    ) -> Option<Result<(), RequestError>> {
        let remaining = deadline.remaining(self.node.now());
        let mut timer = Box::pin(self.node.world().sleep(remaining).fuse());
        loop {
            let input = match select(self.pending.next(), &mut timer).await {
                Either::Left((Some(input), _)) => input,
                Either::Left((None, _)) | Either::Right(_) => Input::DeadlinePassed,
            };
            let over = input == Input::DeadlinePassed;
            let elapsed = self.node.now().since(self.started);
            let effects = machine.on(elapsed, input);
            let answer = self.node.carry_out(effects, &self.work, &self.pending);
            // ANY may still be saved by a hint that is being stored after the deadline.
            if answer.is_some() || (over && self.pending.is_empty()) {
                return answer;
            }
        }
    }

    /// Waits for the replicas that are late, so that each ends acknowledged or hinted.
    fn finish_beside(mut self, mut machine: Write, deadline: Deadline) {
        let world = self.node.world().clone();
        world.spawn(async move {
            if !machine.is_over() {
                // The client has its answer; the late ones are waited for until the deadline.
                self.drain(&mut machine, deadline).await;
            }
            while self.pending.next().await.is_some() {}
        });
    }

    async fn drain(&mut self, machine: &mut Write, deadline: Deadline) {
        let remaining = deadline.remaining(self.node.now());
        let mut timer = Box::pin(self.node.world().sleep(remaining).fuse());
        while !machine.is_over() {
            let input = match select(self.pending.next(), &mut timer).await {
                Either::Left((Some(input), _)) => input,
                Either::Left((None, _)) | Either::Right(_) => Input::DeadlinePassed,
            };
            let elapsed = self.node.now().since(self.started);
            let effects = machine.on(elapsed, input);
            self.node.carry_out(effects, &self.work, &self.pending);
        }
    }
}

/// A batch that changes nothing.
fn empty_receipt(request: &WriteRequest) -> Receipt {
    Receipt {
        epoch: request.metadata.epoch,
        level: request.level,
        replication_factor: 0,
        block_for: 0,
        answered: 0,
        replicas: Vec::new(),
        digests: None,
        timestamp: Some(request.timestamp),
        steps: Vec::new(),
        parts: 0,
    }
}

fn gc_grace(metadata: &Metadata, mutation: &Mutation) -> u32 {
    let table = metadata.table_by_id(mutation.table);
    table.map_or(0, |table| {
        u32::try_from(table.options.gc_grace_seconds).unwrap_or(0)
    })
}
