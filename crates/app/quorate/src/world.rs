//! The real outside of a node: tokio's clock and tasks, peers over tonic, the engine on disk.

use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_data::DataReply;
use quorate_data::ReadCommand;
use quorate_internode::Answered;
use quorate_internode::CallError;
use quorate_internode::PeerRequest;
use quorate_internode::Peers;
use quorate_node::Compacted;
use quorate_node::EngineFailure;
use quorate_node::EngineTableStats;
use quorate_node::HintBacklog;
use quorate_node::HintMark;
use quorate_node::StoredHint;
use quorate_node::World;
use quorate_storage::BlobStore;
use quorate_storage::Engine;
use quorate_storage::EngineError;
use quorate_storage::Hint;
use quorate_storage::HintPosition;
use quorate_storage::PurgePolicy;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::Monotonic;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The outside of the one node of this process.
#[derive(Clone)]
pub(crate) struct RealWorld {
    started: Instant,
    engine: Arc<RealEngine>,
    blobs: BlobStore,
    peers: Peers,
}

/// The engine, in the node's words.
pub(crate) struct RealEngine(Engine);

impl RealWorld {
    pub(crate) fn new(engine: Engine, blobs: BlobStore, peers: Peers) -> Self {
        Self {
            started: Instant::now(),
            engine: Arc::new(RealEngine(engine)),
            blobs,
            peers,
        }
    }
}

/// Reads a blob in the node's words.
pub(crate) fn load_blob(blobs: &BlobStore, name: &str) -> Result<Option<Bytes>, String> {
    match blobs.load(name) {
        Ok(bytes) => Ok(bytes.map(Bytes::from)),
        Err(error) => Err(format!("the file '{name}' cannot be read: {error}")),
    }
}

impl World for RealWorld {
    type Engine = RealEngine;

    fn monotonic(&self) -> Monotonic {
        Monotonic(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn unix_micros(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    fn random(&self) -> u64 {
        rand::random()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep(duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }

    fn call(
        &self,
        to: Endpoint,
        epoch: Epoch,
        timeout: Duration,
        request: PeerRequest,
    ) -> impl Future<Output = Result<Answered, CallError>> + Send + 'static {
        self.peers.call(&to, epoch, timeout, request)
    }

    fn send(&self, to: &Endpoint, epoch: Epoch, request: PeerRequest) {
        self.peers.send(to, epoch, request);
    }

    fn engine(&self) -> &RealEngine {
        &self.engine
    }

    fn load_blob(&self, name: &str) -> Result<Option<Bytes>, String> {
        load_blob(&self.blobs, name)
    }

    async fn persist_blob(&self, name: &str, bytes: Bytes) -> Result<(), String> {
        let written = self.blobs.persist(name, bytes.to_vec()).await;
        written.map_err(|error| format!("the file '{name}' cannot be written: {error}"))
    }
}

fn failure(error: &EngineError) -> EngineFailure {
    EngineFailure {
        reason: error.reason(),
        overloaded: matches!(error, EngineError::Overloaded(_)),
        message: error.to_string(),
    }
}

impl quorate_node::Engine for RealEngine {
    fn apply(
        &self,
        mutation: Bytes,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + 'static {
        let applied = self.0.apply(mutation);
        async move { applied.await.map_err(|error| failure(&error)) }
    }

    fn read(
        &self,
        command: ReadCommand,
    ) -> impl Future<Output = Result<DataReply, EngineFailure>> + Send + 'static {
        let read = self.0.read(command);
        async move { read.await.map_err(|error| failure(&error)) }
    }

    fn set_tables(&self, tables: &[Arc<TableSchema>]) -> Result<(), EngineFailure> {
        self.0.set_tables(tables).map_err(|error| failure(&error))
    }

    async fn truncate(&self, table: TableId, at_millis: u64) -> Result<(), EngineFailure> {
        self.0
            .truncate(table, at_millis)
            .await
            .map_err(|error| failure(&error))
    }

    fn truncated_at(&self, table: TableId) -> Option<u64> {
        self.0.truncated_at(table)
    }

    async fn flush(&self, table: Option<TableId>) -> Result<(), EngineFailure> {
        self.0.flush(table).await.map_err(|error| failure(&error))
    }

    async fn compact(
        &self,
        table: TableId,
        now_secs: u32,
        purge_before_secs: u32,
    ) -> Result<Compacted, EngineFailure> {
        let policy = PurgePolicy {
            now: NowInSeconds(now_secs),
            purge_before_secs,
        };
        let report = self
            .0
            .compact(table, policy)
            .await
            .map_err(|error| failure(&error))?;
        Ok(Compacted {
            entries_read: report.sweep.entries_read,
            entries_purged: report.sweep.entries_dropped + report.sweep.entries_rewritten,
            bytes_before: report.bytes_before,
            bytes_after: report.bytes_after,
        })
    }

    fn table_stats(&self, table: TableId) -> EngineTableStats {
        let stats = self.0.table_stats(table);
        EngineTableStats {
            keys: stats.keys_estimated,
            bytes_on_disk: stats.bytes_on_disk,
            memtable_bytes: stats.memtable_bytes,
            files: stats.files,
            reads: stats.reads,
            writes: stats.writes,
            sweeps: stats.sweeps,
            swept_entries: stats.swept_entries,
        }
    }

    fn store_hint(
        &self,
        target: HostId,
        hint: StoredHint,
    ) -> impl Future<Output = Result<(), EngineFailure>> + Send + 'static {
        let hint = Hint {
            created_millis: hint.created_millis,
            gc_grace_secs: hint.gc_grace_secs,
            mutation: hint.mutation,
        };
        let stored = self.0.store_hint(target, hint);
        async move { stored.await.map_err(|error| failure(&error)) }
    }

    async fn hints(
        &self,
        target: HostId,
        bytes_max: usize,
    ) -> Result<(Vec<StoredHint>, HintMark), EngineFailure> {
        let page = self
            .0
            .hints(target, bytes_max)
            .await
            .map_err(|error| failure(&error))?;
        let mark = page
            .last()
            .map_or(HintMark(0, 0), |(at, _)| HintMark(at.file, at.offset));
        let hints = page.into_iter().map(|(_, hint)| StoredHint {
            created_millis: hint.created_millis,
            gc_grace_secs: hint.gc_grace_secs,
            mutation: hint.mutation,
        });
        Ok((hints.collect(), mark))
    }

    async fn hints_delivered(&self, target: HostId, up_to: HintMark) -> Result<(), EngineFailure> {
        let position = HintPosition {
            file: up_to.0,
            offset: up_to.1,
        };
        self.0
            .hints_delivered(target, position)
            .await
            .map_err(|error| failure(&error))
    }

    fn hint_summary(&self) -> Vec<HintBacklog> {
        let summaries = self.0.hint_summary().into_iter();
        summaries
            .map(|summary| HintBacklog {
                target: summary.target,
                files: summary.files,
                hints: summary.hints,
                bytes: summary.bytes,
                oldest_millis: summary.oldest_millis,
            })
            .collect()
    }

    async fn close(&self) -> Result<(), EngineFailure> {
        self.0.close().await.map_err(|error| failure(&error))
    }
}
