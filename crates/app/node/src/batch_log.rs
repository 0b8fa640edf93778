//! Logged batches: all of their mutations happen in the end, even when the coordinator dies
//! half way (semantics 3.8).
//!
//! Before anything else the batch is written, whole, to the batch log of two other nodes; only when
//! they hold it durably are its mutations sent. A batch that is still in a log after a while is
//! replayed by the node that holds it. Timestamps are kept, so replaying does no harm.

use crate::Engine;
use crate::Node;
use crate::World;
use crate::hints::HintWork;
use crate::write_path::WriteRequest;
use bytes::Buf;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;
use futures_util::future::join_all;
use quorate_cluster::BATCHES_VALUE;
use quorate_cluster::batches_table_id;
use quorate_coordinator::Receipt;
use quorate_data::Cell;
use quorate_data::CellState;
use quorate_data::Limits;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Row;
use quorate_data::Tombstone;
use quorate_data::key::header_suffix;
use quorate_data::key::row_suffix;
use quorate_data::read::live_rows;
use quorate_internode::PeerRequest;
use quorate_types::ConsistencyLevel;
use quorate_types::Deadline;
use quorate_types::HostId;
use quorate_types::RequestError;
use quorate_types::TokenRange;
use quorate_types::WriteType;
use std::time::Duration;

/// How often a node looks for batches whose coordinator did not finish.
const REPLAY_INTERVAL: Duration = Duration::from_secs(10);
/// Batches replayed in one go.
const REPLAY_COUNT_MAX: u32 = 128;

impl<W: World> Node<W> {
    /// Writes a logged batch of several mutations.
    pub(crate) async fn write_logged(
        &self,
        request: &WriteRequest,
        mutations: Vec<Mutation>,
    ) -> Result<Receipt, RequestError> {
        let keepers = self.batch_keepers(request)?;
        let key = Bytes::copy_from_slice(&self.world().random().to_be_bytes());
        let stored = batch_record(
            &key,
            self.unix_millis(),
            request.timestamp.micros(),
            &mutations,
        );
        self.store_batch(request, &keepers, &stored).await?;
        let receipt = self.write(request, mutations).await?;
        let node = self.clone();
        let forgotten = batch_tombstone(&key, request.timestamp.micros(), self.now_in_seconds().0);
        self.world()
            .spawn(async move { node.forget_batch(keepers, forgotten).await });
        Ok(receipt)
    }

    /// Two live nodes of this datacenter, in other racks where possible; this node itself only in a
    /// cluster of one.
    fn batch_keepers(&self, request: &WriteRequest) -> Result<Vec<HostId>, RequestError> {
        let identity = self.identity();
        let mut others: Vec<(bool, u64, HostId)> = request
            .metadata
            .present_nodes()
            .filter(|node| *node.datacenter == *identity.datacenter)
            .filter(|node| node.host_id != self.me() && self.is_peer_up(node.host_id))
            .map(|node| {
                (
                    *node.rack == *identity.rack,
                    self.world().random(),
                    node.host_id,
                )
            })
            .collect();
        others.sort_unstable();
        let keepers: Vec<HostId> = others
            .into_iter()
            .take(2)
            .map(|(_, _, host)| host)
            .collect();
        if !keepers.is_empty() {
            return Ok(keepers);
        }
        let alone = request.metadata.present_nodes().count() == 1;
        if alone || request.level == ConsistencyLevel::Any {
            return Ok(vec![self.me()]);
        }
        Err(RequestError::Unavailable {
            level: ConsistencyLevel::Two,
            required: 2,
            alive: 0,
            datacenter: None,
        })
    }

    async fn store_batch(
        &self,
        request: &WriteRequest,
        keepers: &[HostId],
        stored: &Mutation,
    ) -> Result<(), RequestError> {
        let encoded = stored.encode();
        self.refuse_oversized(request, stored, encoded.len())?;
        let sends = keepers
            .iter()
            .map(|host| self.send_batch(*host, &encoded, request.deadline));
        let received = join_all(sends)
            .await
            .into_iter()
            .filter(|kept| *kept)
            .count();
        if received == keepers.len() {
            return Ok(());
        }
        Err(RequestError::WriteTimeout {
            level: if keepers.len() == 2 {
                ConsistencyLevel::Two
            } else {
                ConsistencyLevel::One
            },
            received: received as u32,
            block_for: keepers.len() as u32,
            write_type: WriteType::BatchLog,
        })
    }

    async fn send_batch(&self, host: HostId, encoded: &Bytes, deadline: Deadline) -> bool {
        if host == self.me() {
            return self.engine().apply(encoded.clone()).await.is_ok();
        }
        self.ask_peer(host, PeerRequest::Mutate(encoded.clone()), deadline)
            .await
            .is_ok()
    }

    async fn forget_batch(&self, keepers: Vec<HostId>, forgotten: Mutation) {
        let encoded = forgotten.encode();
        let deadline = Deadline(self.now().after(self.config().write_timeout));
        join_all(
            keepers
                .into_iter()
                .map(|host| self.send_batch(host, &encoded, deadline)),
        )
        .await;
    }

    /// Replays what this node holds of batches that nobody finished, for ever.
    pub(crate) async fn replay_batches(self) {
        loop {
            self.world().sleep(REPLAY_INTERVAL).await;
            if let Err(message) = self.replay_once().await {
                tracing::warn!(message, "the batch log cannot be replayed");
            }
        }
    }

    async fn replay_once(&self) -> Result<(), String> {
        let now = self.now_in_seconds();
        let command = ReadCommand {
            table: batches_table_id(),
            epoch: self.epoch(),
            now,
            purge_before_secs: now.0,
            target: ReadTarget::Range(TokenRange::FULL),
            slices: vec![quorate_data::Slice::everything()],
            reversed: false,
            limits: Limits {
                rows: REPLAY_COUNT_MAX,
                rows_per_partition: 1,
                reply_bytes: 16 << 20,
                tombstones: u32::MAX,
            },
            after: None,
        };
        let reply = self
            .engine()
            .read(command)
            .await
            .map_err(|failure| failure.message)?;
        for partition in &reply.partitions {
            let live = live_rows(partition, now).map_err(|damage| damage.to_string())?;
            for (_, row) in &live.rows {
                // One that cannot be read or forgotten must not hold up the others.
                if let Err(message) = self.replay_batch(&live.key, row).await {
                    tracing::error!(key = ?live.key, message, "a batch cannot be replayed");
                }
            }
        }
        Ok(())
    }

    async fn replay_batch(&self, key: &Bytes, row: &Row) -> Result<(), String> {
        let Some((created_millis, mutations)) = row.cells.first().and_then(read_batch) else {
            return Err("a kept batch is damaged".to_owned());
        };
        let patience = self.config().write_timeout.as_millis() as u64 * 2;
        if created_millis.saturating_add(patience) > self.unix_millis() {
            return Ok(());
        }
        for mutation in mutations {
            self.replay_mutation(&mutation, created_millis).await;
        }
        let timestamp = row.cells.first().map_or(0, |cell| cell.timestamp);
        let forgotten = batch_tombstone(key, timestamp, self.now_in_seconds().0).encode();
        self.engine()
            .apply(forgotten)
            .await
            .map_err(|failure| failure.message)
    }

    /// Brings a mutation to each of its replicas: directly, or as a hint.
    async fn replay_mutation(&self, mutation: &Mutation, created_millis: u64) {
        let metadata = self.current_metadata();
        let Some(table) = metadata.table_by_id(mutation.table) else {
            return;
        };
        let Ok(keyspace) = metadata.keyspace(&table.keyspace) else {
            return;
        };
        if self
            .engine()
            .truncated_at(mutation.table)
            .is_some_and(|at| created_millis <= at)
        {
            return;
        }
        let work = HintWork {
            mutation: mutation.encode(),
            created_millis,
            gc_grace_secs: u32::try_from(table.options.gc_grace_seconds).unwrap_or(0),
        };
        let deadline = Deadline(self.now().after(self.config().write_timeout));
        let replicas = metadata.replicas(keyspace, mutation.token());
        join_all(replicas.all().map(|replica| async {
            let host = replica.host_id;
            let sent =
                self.is_peer_up(host) && self.send_batch(host, &work.mutation, deadline).await;
            if !sent {
                self.keep_hint(host, work.clone()).await;
            }
        }))
        .await;
    }
}

fn batch_record(
    key: &Bytes,
    created_millis: u64,
    timestamp: i64,
    mutations: &[Mutation],
) -> Mutation {
    let mut value = BytesMut::new();
    value.put_u64(created_millis);
    for mutation in mutations {
        let encoded = mutation.encode();
        value.put_u32(encoded.len() as u32);
        value.put_slice(&encoded);
    }
    let row = Row {
        cells: vec![Cell {
            column: BATCHES_VALUE,
            path: None,
            timestamp,
            state: CellState::Live(value.freeze()),
        }],
        ..Row::default()
    };
    let mut record = Mutation::new(batches_table_id(), quorate_types::Epoch::NONE, key.clone());
    record.insert(row_suffix(&[0x38]), &row);
    record
}

fn batch_tombstone(key: &Bytes, timestamp: i64, now_secs: u32) -> Mutation {
    let deletion = Tombstone {
        deleted_at: timestamp,
        local_deletion_secs: now_secs,
    };
    let row = Row {
        deletion: Some(deletion),
        ..Row::default()
    };
    let mut gone = Mutation::new(batches_table_id(), quorate_types::Epoch::NONE, key.clone());
    gone.insert(header_suffix(), &row);
    gone
}

fn read_batch(cell: &Cell) -> Option<(u64, Vec<Mutation>)> {
    let CellState::Live(value) = &cell.state else {
        return None;
    };
    let mut value = value.clone();
    let created_millis = value.try_get_u64().ok()?;
    let mut mutations = Vec::new();
    while value.has_remaining() {
        let length = value.try_get_u32().ok()? as usize;
        if length > value.len() {
            return None;
        }
        mutations.push(Mutation::decode(value.split_to(length)).ok()?);
    }
    Some((created_millis, mutations))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_types::Epoch;
    use quorate_types::TableId;
    use uuid::Uuid;

    #[test]
    fn a_batch_survives_its_record_and_a_cut_one_is_refused() {
        let mut mutation = Mutation::new(
            TableId(Uuid::from_u128(5)),
            Epoch(7),
            Bytes::from_static(b"key"),
        );
        let deletion = Tombstone {
            deleted_at: 10,
            local_deletion_secs: 1,
        };
        mutation.insert(
            header_suffix(),
            &Row {
                deletion: Some(deletion),
                ..Row::default()
            },
        );
        let record = batch_record(
            &Bytes::from_static(b"id"),
            99,
            10,
            &[mutation.clone(), mutation.clone()],
        );
        let fragment = record.entries.first().unwrap().fragment.clone();
        let row = Row::decode(&fragment).unwrap();
        let cell = row.cells.first().unwrap();
        assert_eq!(
            read_batch(cell),
            Some((99, vec![mutation.clone(), mutation]))
        );
        let CellState::Live(value) = &cell.state else {
            panic!("a live cell")
        };
        let cut = Cell {
            state: CellState::Live(value.slice(..value.len() - 1)),
            ..cell.clone()
        };
        assert_eq!(read_batch(&cut), None);
    }
}
