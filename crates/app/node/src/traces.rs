//! Traces: what happened to the requests whose clients asked for it.
//!
//! A trace stays in the memory of the node that coordinated its request, the newest ones only. Its id
//! ends in the last bytes of that node's host id, so that every other node knows whom to ask when a
//! client looks for it in `system_traces`.

use crate::Node;
use crate::World;
use crate::system_tables::address_of;
use futures_util::future::join_all;
use quorate_cluster::Metadata;
use quorate_cluster::TableSchema;
use quorate_coordinator::Answer;
use quorate_coordinator::Receipt;
use quorate_coordinator::ReplicaReceipt;
use quorate_data::DataReply;
use quorate_data::Limits;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Slice;
use quorate_data::memory::MemoryTable;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_system::TraceEvent;
use quorate_system::TraceView;
use quorate_types::Deadline;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use uuid::Uuid;

/// The keyspace of the traces.
pub(crate) const KEYSPACE: &str = "system_traces";
/// Traces kept; the oldest go first.
const COUNT_MAX: usize = 2_000;
/// Bytes of another node's traces that are taken at once.
const REPLY_BYTES_MAX: u32 = 16 << 20;

/// The traces of this node.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    kept: Mutex<VecDeque<Arc<TraceView>>>,
}

impl Traces {
    pub(crate) fn all(&self) -> Vec<Arc<TraceView>> {
        // Nothing that holds it panics.
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().cloned().collect()
    }

    fn keep(&self, trace: TraceView) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= COUNT_MAX {
            kept.pop_front();
        }
        kept.push_back(Arc::new(trace));
    }
}

/// What is known of a traced request besides its receipt.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) request: &'static str,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) client: Option<IpAddr>,
    pub(crate) duration: Duration,
}

impl<W: World> Node<W> {
    /// Writes a trace down; returns its id.
    pub(crate) fn keep_trace(&self, traced: Traced, receipt: Option<&Receipt>) -> Uuid {
        let coordinator = address_of(&self.identity().internode);
        let started_millis = self
            .unix_millis()
            .saturating_sub(traced.duration.as_millis() as u64);
        let id = self.time_uuid();
        // Drivers wait for events, also of what no replica has a share in.
        let received = "Request received".to_owned();
        let mut events = vec![(Duration::ZERO, coordinator, received, "coordinator")];
        for step in receipt.iter().flat_map(|receipt| &receipt.steps) {
            let activity = format!("{} is done", step.name);
            events.push((step.done_after, coordinator, activity, "coordinator"));
        }
        for replica in receipt.iter().flat_map(|receipt| &receipt.replicas) {
            if let Some(activity) = activity_of(replica) {
                let source = address_of(&replica.replica.address);
                // Of one that had not answered, only this much is known.
                let elapsed = replica.answer.map_or(traced.duration, |_| replica.took);
                events.push((elapsed, source, activity, "replica"));
            }
        }
        events.sort_by_key(|(elapsed, ..)| *elapsed);
        let events =
            events
                .into_iter()
                .zip(0_u64..)
                .map(|((elapsed, source, activity, thread), number)| TraceEvent {
                    // When it happened; the number keeps those apart that happened at once.
                    id: event_id(
                        started_millis * 1_000 + elapsed.as_micros() as u64,
                        number,
                        id,
                    ),
                    activity,
                    source,
                    elapsed,
                    thread,
                });
        self.inner().traces.keep(TraceView {
            id,
            client: traced.client,
            coordinator,
            duration: traced.duration,
            parameters: traced.parameters,
            request: traced.request.to_owned(),
            started_millis,
            events: events.collect(),
        });
        id
    }

    /// Adds to a table of traces what other nodes keep and these commands may want.
    pub(crate) async fn gather_traces(
        &self,
        table: &TableSchema,
        commands: &[ReadCommand],
        metadata: &Metadata,
        gathered: &mut MemoryTable,
    ) {
        let peers = metadata
            .present_nodes()
            .map(|node| node.host_id)
            .filter(|host| *host != self.me() && self.is_peer_up(*host));
        let asked: Vec<(HostId, &ReadCommand)> = peers
            .flat_map(|host| commands.iter().map(move |command| (host, command)))
            .filter(|(host, command)| may_keep(*host, &command.target))
            .collect();
        let deadline = Deadline(self.now().after(self.config().read_timeout));
        let replies = asked.into_iter().map(|(host, command)| {
            let everything = PeerRequest::Read(without_limits(command).encode());
            self.ask_peer(host, everything, deadline)
        });
        for reply in join_all(replies).await {
            // A node that does not answer takes its traces with it.
            let Ok(PeerReply::Data(bytes)) = reply else {
                continue;
            };
            let Ok(reply) = DataReply::decode(bytes) else {
                continue;
            };
            for partition in reply.partitions {
                let mut mutation = Mutation::new(table.id, table.epoch, partition.key);
                mutation.entries = partition.entries;
                gathered.apply(&mutation);
            }
        }
    }
}

/// A time UUID of an event, with the node bits of its trace.
fn event_id(micros: u64, number: u64, trace: Uuid) -> Uuid {
    let (secs, ticks) = (micros / 1_000_000, micros % 1_000_000 * 10 + number % 10);
    let counter = u16::try_from(number).unwrap_or(u16::MAX);
    let nanos = u32::try_from(ticks * 100).unwrap_or(0);
    let timestamp = uuid::Timestamp::from_unix_time(secs, nanos, u128::from(counter), 14);
    let node = trace.as_bytes().last_chunk::<6>().copied();
    Uuid::new_v1(timestamp, &node.unwrap_or_default())
}

/// What a replica did, in words; `None` when it was not asked.
fn activity_of(replica: &ReplicaReceipt) -> Option<String> {
    if !replica.asked && replica.answer.is_none() {
        return None;
    }
    let said = match replica.answer {
        None => "had not answered",
        Some(Answer::Acknowledged) => "the write is durable",
        Some(Answer::Data) => "sent rows",
        Some(Answer::Digest) => "sent a digest",
        Some(Answer::Failed(_)) => "failed",
        Some(Answer::Hinted) => "is down: a hint is kept for it",
        Some(Answer::Repaired) => "lacked something, and was repaired",
    };
    Some(format!("replica {}: {said}", replica.replica.address))
}

/// Whether a node may keep what is looked for: ids end in the last bytes of its host id, as
/// `Node::time_uuid` makes them.
fn may_keep(host: HostId, target: &ReadTarget) -> bool {
    match target {
        ReadTarget::Range(_) => true,
        ReadTarget::Partition(id) => id.last_chunk::<6>() == host.0.as_bytes().last_chunk::<6>(),
    }
}

fn without_limits(command: &ReadCommand) -> ReadCommand {
    ReadCommand {
        slices: vec![Slice::everything()],
        reversed: false,
        limits: Limits {
            rows: u32::MAX,
            rows_per_partition: u32::MAX,
            reply_bytes: REPLY_BYTES_MAX,
            tombstones: u32::MAX,
        },
        after: None,
        ..command.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_id_of_a_trace_names_its_node() {
        let host = HostId(Uuid::from_u128(0x7788_0000_0000_0000_0000_1122_3344_5566));
        let id = event_id(1_700_000_000_000_000, 3, host.0);
        let target = ReadTarget::Partition(Bytes::copy_from_slice(id.as_bytes()));
        assert!(may_keep(host, &target));
        let other = HostId(Uuid::from_u128(0x1122_3344_5566_0000_0000_0000_0000_0000));
        assert!(!may_keep(other, &target));
    }
}
