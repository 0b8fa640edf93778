//! The read path, from a read command to merged rows. The machine in `quorate_coordinator::read`
//! decides; this file asks, waits and repairs.
//!
//! R1 receive and R2 compile lie behind (`io/grpc`, `core/query`); R6 happens on each replica
//! (`io/storage`), R7 resolve in the machine (`core/data`).

use crate::Engine;
use crate::Node;
use crate::World;
use crate::peer::PeerFailure;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::future::Either;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;
use quorate_cluster::Keyspace;
use quorate_cluster::Metadata;
use quorate_cluster::ReadRepair;
use quorate_cluster::ReplicaSet;
use quorate_cluster::SpeculativeRetryPolicy;
use quorate_cluster::TableSchema;
use quorate_coordinator::Receipt;
use quorate_coordinator::Step;
use quorate_coordinator::read::Effect;
use quorate_coordinator::read::Input;
use quorate_coordinator::read::Read;
use quorate_coordinator::read::ReadPlan;
use quorate_data::DataReply;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::read::live_rows;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_types::ConsistencyLevel;
use quorate_types::Deadline;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::Monotonic;
use quorate_types::RequestError;
use quorate_types::Token;
use quorate_types::TokenRange;
use std::sync::Arc;
use std::time::Duration;

/// What all reads of one request share.
#[derive(Debug, Clone)]
pub(crate) struct ReadRequest {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) table: Arc<TableSchema>,
    pub(crate) level: ConsistencyLevel,
    pub(crate) started: Monotonic,
    pub(crate) deadline: Deadline,
}

/// What replicas still owe: each completes with what happened.
type Pending = FuturesUnordered<BoxFuture<'static, Input>>;

impl<W: World> Node<W> {
    /// Reads what the command asks for, at the request's level.
    pub(crate) async fn read(
        &self,
        request: &ReadRequest,
        command: ReadCommand,
    ) -> Result<(DataReply, Receipt), RequestError> {
        let keyspace = request
            .metadata
            .keyspace(&request.table.keyspace)
            .map_err(|missing| RequestError::Invalid(missing.to_string()))?
            .clone();
        match &command.target {
            ReadTarget::Partition(key) => {
                let replicas = request.metadata.replicas(&keyspace, Token::of_key(key));
                self.read_part(request, &keyspace, &replicas, command).await
            }
            ReadTarget::Range(range) => {
                let range = *range;
                self.read_ranges(request, &keyspace, range, command).await
            }
        }
    }

    /// Reads a token range piece by piece, each piece having one replica set, until the command's
    /// limit is reached.
    async fn read_ranges(
        &self,
        request: &ReadRequest,
        keyspace: &Keyspace,
        range: TokenRange,
        command: ReadCommand,
    ) -> Result<(DataReply, Receipt), RequestError> {
        let mut rows_left = command.limits.rows;
        let mut merged = DataReply::default();
        let mut summed: Option<Receipt> = None;
        for (piece, replicas) in pieces(&request.metadata, keyspace, range, &command) {
            let mut part = command.clone();
            part.target = ReadTarget::Range(piece);
            part.limits.rows = rows_left;
            let (reply, receipt) = self.read_part(request, keyspace, &replicas, part).await?;
            rows_left = rows_left.saturating_sub(count_rows(&reply, &command)?);
            merged.partitions.extend(reply.partitions);
            summed = Some(match summed {
                None => receipt,
                Some(before) => before.and(receipt),
            });
            if reply.stopped_at.is_some() {
                merged.stopped_at = reply.stopped_at;
                break;
            }
            if rows_left == 0 {
                // The limit ended exactly with this piece: the next page begins after it.
                merged.stopped_at = after_piece(&merged, piece, range, &command);
                break;
            }
        }
        let receipt = summed.ok_or_else(|| RequestError::Server("the ring is empty".to_owned()))?;
        Ok((merged, receipt))
    }

    async fn read_part(
        &self,
        request: &ReadRequest,
        keyspace: &Keyspace,
        replicas: &ReplicaSet,
        command: ReadCommand,
    ) -> Result<(DataReply, Receipt), RequestError> {
        // R3 plan: data from one, digests from the rest.
        let plan = self.plan_read(request, keyspace, replicas)?;
        let is_range = matches!(command.target, ReadTarget::Range(_));
        let repair = request.table.options.read_repair == ReadRepair::Blocking;
        let planned = self.now().since(request.started);
        let (machine, effects) = if is_range {
            Read::range(plan, command, repair)
        } else {
            Read::partition(plan, command, repair)
        };
        let mut running = Running {
            node: self.clone(),
            encoded: machine.command().encode(),
            pending: Pending::new(),
            started: request.started,
            deadline: request.deadline,
            machine,
            repairs_sent: false,
        };
        // R4 coordinate, speculate.
        let answer = running
            .run(effects, self.speculate_after(request, is_range))
            .await;
        // R8 repair, answer + receipt.
        let machine = &running.machine;
        let receipt = Receipt {
            epoch: request.metadata.epoch,
            level: request.level,
            replication_factor: replicas.natural.len() as u32,
            block_for: machine.block_for().total(),
            answered: machine.received(),
            replicas: machine.replica_receipts(),
            digests: Some(machine.verdict()),
            timestamp: None,
            steps: vec![
                Step {
                    name: "R3 plan",
                    done_after: planned,
                },
                Step {
                    name: "R8 answer",
                    done_after: self.now().since(request.started),
                },
            ],
            parts: 1,
        };
        running.finish_beside();
        answer.map(|reply| (reply, receipt))
    }

    fn plan_read(
        &self,
        request: &ReadRequest,
        keyspace: &Keyspace,
        replicas: &ReplicaSet,
    ) -> Result<ReadPlan, RequestError> {
        let identity = self.identity();
        let latencies = self.latencies();
        ReadPlan::new(
            request.level,
            &keyspace.replication,
            replicas,
            &identity.datacenter,
            |host| self.is_peer_up(host),
            |replica| {
                // This node, its rack, its datacenter, others; among equals the faster.
                let place = if replica.host_id == identity.host_id {
                    0
                } else if replica.datacenter != identity.datacenter {
                    3
                } else if replica.rack != identity.rack {
                    2
                } else {
                    1
                };
                let micros = latencies.mean_micros(replica.host_id) as u64;
                (place << 56) | micros.min((1 << 56) - 1)
            },
        )
    }

    /// After how long another replica is asked too; `None`: never.
    fn speculate_after(&self, request: &ReadRequest, is_range: bool) -> Option<Duration> {
        if is_range {
            return None;
        }
        let percentile = |share: f64| self.latencies().percentile(share);
        match request.table.options.speculative_retry.policy() {
            SpeculativeRetryPolicy::Never => None,
            SpeculativeRetryPolicy::Always => Some(Duration::ZERO),
            SpeculativeRetryPolicy::Percentile(share) => percentile(share),
            SpeculativeRetryPolicy::Fixed(fixed) => Some(fixed),
            SpeculativeRetryPolicy::Min {
                percentile: share,
                fixed,
            } => Some(percentile(share).map_or(fixed, |measured| measured.min(fixed))),
            SpeculativeRetryPolicy::Max {
                percentile: share,
                fixed,
            } => Some(percentile(share).map_or(fixed, |measured| measured.max(fixed))),
        }
    }
}

/// One read in progress.
struct Running<W: World> {
    node: Node<W>,
    machine: Read,
    encoded: Bytes,
    pending: Pending,
    started: Monotonic,
    deadline: Deadline,
    repairs_sent: bool,
}

impl<W: World> Running<W> {
    async fn run(
        &mut self,
        effects: Vec<Effect>,
        speculate_after: Option<Duration>,
    ) -> Result<DataReply, RequestError> {
        let remaining = self.deadline.remaining(self.node.now());
        let world = self.node.world().clone();
        let mut timer = Box::pin(world.sleep(remaining).fuse());
        if let Some(after) = speculate_after.filter(|_| self.machine.has_spare()) {
            let sleep = self.node.world().clone();
            self.pending.push(Box::pin(async move {
                sleep.sleep(after).await;
                Input::SpeculationDue
            }));
        }
        let mut answer = self.carry_out(effects);
        loop {
            if let Some(answer) = answer {
                return answer;
            }
            let input = match select(self.pending.next(), &mut timer).await {
                Either::Left((Some(input), _)) => input,
                Either::Left((None, _)) | Either::Right(_) => Input::DeadlinePassed,
            };
            let elapsed = self.node.now().since(self.started);
            let effects = self.machine.on(elapsed, input);
            answer = self.carry_out(effects);
        }
    }

    // R5 carry out.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Option<Result<DataReply, RequestError>> {
        let mut answer = None;
        for effect in effects {
            match effect {
                Effect::AskData(host) => self.pending.push(self.ask(host, false)),
                Effect::AskDigest(host) => self.pending.push(self.ask(host, true)),
                Effect::Repair(host, mutations) => {
                    self.repairs_sent = true;
                    self.pending.push(self.repair(host, mutations));
                }
                Effect::Answer(outcome) => answer = Some(outcome),
            }
        }
        answer
    }

    fn ask(&self, host: HostId, digest: bool) -> BoxFuture<'static, Input> {
        let node = self.node.clone();
        let asked = node.now();
        if host == node.me() {
            let command = self.machine.command().clone();
            let read = node.engine().read(command.clone());
            return Box::pin(async move {
                match read.await {
                    Ok(reply) if digest => Input::Digest(host, reply.digest(&command)),
                    Ok(reply) => Input::Data(host, reply),
                    Err(failure) => {
                        tracing::warn!(%failure, "a read failed here");
                        Input::Failed(host, failure.reason)
                    }
                }
            });
        }
        let encoded = self.encoded.clone();
        let request = if digest {
            PeerRequest::ReadDigest(encoded)
        } else {
            PeerRequest::Read(encoded)
        };
        let call = node.ask_peer(host, request, self.deadline);
        Box::pin(async move {
            let input = match call.await {
                Ok(PeerReply::Data(bytes)) => match DataReply::decode(bytes) {
                    Ok(reply) => Input::Data(host, reply),
                    Err(damage) => {
                        tracing::error!(%host, %damage, "a peer sent damaged rows");
                        Input::Failed(host, FailureReason::Unknown)
                    }
                },
                Ok(PeerReply::Digest(digest)) => Input::Digest(host, digest),
                Ok(_) => Input::Failed(host, FailureReason::Unknown),
                Err(PeerFailure { reason, .. }) => Input::Failed(host, reason),
            };
            if !matches!(input, Input::Failed(..)) {
                let took = node.now().since(asked);
                node.latencies().record(host, took);
            }
            input
        })
    }

    /// Sends a replica what it lacks. Repairs are not hinted: the next read repairs again.
    fn repair(&self, host: HostId, mutations: Vec<Mutation>) -> BoxFuture<'static, Input> {
        let node = self.node.clone();
        let deadline = self.deadline;
        Box::pin(async move {
            let mut sends =
                FuturesUnordered::<BoxFuture<'static, Result<(), FailureReason>>>::new();
            for mutation in mutations {
                let encoded = mutation.encode();
                if host == node.me() {
                    let applied = node.engine().apply(encoded);
                    sends.push(Box::pin(async move {
                        applied.await.map_err(|failure| failure.reason)
                    }));
                } else {
                    let call = node.ask_peer(host, PeerRequest::Mutate(encoded), deadline);
                    sends.push(Box::pin(async move {
                        call.await.map(|_| ()).map_err(|failure| failure.reason)
                    }));
                }
            }
            while let Some(outcome) = sends.next().await {
                if let Err(reason) = outcome {
                    return Input::Failed(host, reason);
                }
            }
            Input::Repaired(host)
        })
    }

    /// The client is answered: repairs still under way may finish, nobody waits for them.
    fn finish_beside(mut self) {
        if self.repairs_sent && !self.pending.is_empty() {
            let world = self.node.world().clone();
            world.spawn(async move { while self.pending.next().await.is_some() {} });
        }
    }
}

/// The pieces of `range` that still have to be read, in ring order, neighbours with the same
/// replicas joined.
fn pieces(
    metadata: &Metadata,
    keyspace: &Keyspace,
    range: TokenRange,
    command: &ReadCommand,
) -> Vec<(TokenRange, ReplicaSet)> {
    let mut pieces: Vec<(TokenRange, ReplicaSet)> = Vec::new();
    for (owned, replicas) in metadata.replica_ranges(keyspace) {
        let Some(piece) = owned.intersection(range) else {
            continue;
        };
        if command
            .after
            .as_ref()
            .is_some_and(|after| piece.end() < after.token)
        {
            continue;
        }
        match pieces.last_mut() {
            Some((last, same))
                if last.end().value() == piece.start() && same_hosts(same, &replicas) =>
            {
                *last = TokenRange::new(last.start(), piece.end()).unwrap_or(piece);
            }
            _ => pieces.push((piece, replicas)),
        }
    }
    pieces
}

/// Whether two ranges have the same natural replicas, in whatever order.
fn same_hosts(one: &ReplicaSet, other: &ReplicaSet) -> bool {
    one.natural.len() == other.natural.len()
        && one
            .natural
            .iter()
            .all(|replica| other.is_natural(replica.host_id))
}

fn count_rows(reply: &DataReply, command: &ReadCommand) -> Result<u32, RequestError> {
    let mut rows = 0_usize;
    for partition in &reply.partitions {
        let live = live_rows(partition, command.now).map_err(|damage| {
            RequestError::Server(format!("a replica sent a damaged row: {damage}"))
        })?;
        rows += if live.rows.is_empty() {
            usize::from(live.static_row.is_some())
        } else {
            live.rows.len()
        };
    }
    Ok(rows as u32)
}

/// The place after a piece that ended exactly with the limit; `None` when the range ended too.
fn after_piece(
    merged: &DataReply,
    piece: TokenRange,
    range: TokenRange,
    command: &ReadCommand,
) -> Option<quorate_data::Position> {
    if piece.end() == range.end() {
        return None;
    }
    let last = merged.partitions.last()?;
    let suffix = last.entries.last()?.suffix.clone();
    Some(quorate_data::Position {
        token: Token::of_key(&last.key),
        key: last.key.clone(),
        suffix,
        rows_seen: command.limits.rows_per_partition,
    })
}
