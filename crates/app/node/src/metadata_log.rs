//! The metadata log's driver: answering proposers, following the log, keeping it on disk. Proposing
//! is `propose.rs`.
//!
//! # Invariants
//!
//! * **L1** Nothing is promised, accepted or applied here before its record is durable.
//! * **L2** Entries are applied in order, each exactly once; the state after them is published as
//!   one immutable snapshot.

mod propose;

use crate::Node;
use crate::World;
use crate::node::engine_tables;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_cluster::Change;
use quorate_cluster::Metadata;
use quorate_cluster::Refused;
use quorate_cluster::TableSchema;
use quorate_cluster::Transformation;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_paxos::Record;
use quorate_paxos::Reply;
use quorate_paxos::Request;
use quorate_paxos::SlotLog;
use quorate_types::Deadline;
use quorate_types::Epoch;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::RequestError;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The blob with the log's records.
const LOG_BLOB: &str = "metadata-log";
/// The blob with the state that older entries led to.
const STATE_BLOB: &str = "metadata-state";
/// Entries kept before older ones are folded into the state.
const ENTRIES_MAX: u64 = 256;
/// How long one round of Paxos waits.
const ROUND_TIMEOUT: Duration = Duration::from_secs(1);
/// Entries fetched at once.
const FETCH_COUNT_MAX: u32 = 256;

/// Why a transformation did not become an entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The state does not allow it. Nothing was written.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Too few metadata replicas answered in time. It may still become an entry.
    #[error("the metadata log has no majority: {answered} of {needed} metadata replicas answered")]
    NoMajority {
        /// Replicas that answered.
        answered: u32,
        /// Replicas needed.
        needed: u32,
    },
    /// This node's disk failed.
    #[error("the metadata log cannot be written: {0}")]
    Disk(String),
}

impl From<CommitError> for RequestError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refused) => match refused {
                Refused::AlreadyExists { keyspace, table } => {
                    Self::AlreadyExists { keyspace, table }
                }
                Refused::Invalid(message)
                | Refused::HoldsData(message)
                | Refused::Node(message) => Self::Invalid(message),
                Refused::Config(message) => Self::Config(message),
                unknown @ Refused::SyntaxUnknownProperty(_) => Self::Syntax(unknown.to_string()),
                Refused::Syntax(message) => Self::Syntax(message),
                Refused::Unauthorized(message) => Self::Unauthorized(message),
            },
            other => Self::Server(other.to_string()),
        }
    }
}

/// What the log's driver keeps.
#[derive(Debug)]
pub(crate) struct MetadataLog {
    state: Mutex<LogState>,
    /// The largest epoch heard of, and whether somebody is fetching up to it.
    heard: AtomicU64,
    fetching: AtomicBool,
}

#[derive(Debug)]
struct LogState {
    log: SlotLog,
    /// What the disk holds, in order; written whole.
    records: Vec<Record>,
    /// Entries that this process applied lately, by their id, with what they changed.
    applied: BTreeMap<Uuid, (Epoch, Change)>,
    /// Why the log stopped.
    poisoned: Option<String>,
}

/// The tables that a node's small files speak of: what its engine is opened with.
///
/// # Errors
/// Damage, in words.
pub fn recorded_tables(
    load_blob: impl Fn(&str) -> Result<Option<Bytes>, String>,
) -> Result<Vec<Arc<TableSchema>>, String> {
    recover(load_blob, "").map(|(metadata, _)| engine_tables(&metadata))
}

/// Reads the log and the state it leads to.
///
/// # Errors
/// Damage, in words.
pub(crate) fn recover(
    load_blob: impl Fn(&str) -> Result<Option<Bytes>, String>,
    cluster_name: &str,
) -> Result<(Metadata, MetadataLog), String> {
    let mut metadata = match load_blob(STATE_BLOB)? {
        Some(bytes) => Metadata::decode(&bytes).map_err(|damage| damage.to_string())?,
        None => Metadata::empty(cluster_name),
    };
    let records = match load_blob(LOG_BLOB)? {
        Some(bytes) => decode_records(bytes)?,
        None => Vec::new(),
    };
    let log = SlotLog::recover(records.clone()).map_err(|error| error.to_string())?;
    while let Some(value) = log.entry(metadata.epoch.next()) {
        let (_, transformation) = decode_entry(value)?;
        (metadata, _) = apply(&metadata, &transformation)?;
    }
    if metadata.epoch < log.last() {
        return Err(format!(
            "the metadata state ends at epoch {}, the log at {}",
            metadata.epoch,
            log.last()
        ));
    }
    let heard = AtomicU64::new(metadata.epoch.0);
    let state = LogState {
        log,
        records,
        applied: BTreeMap::new(),
        poisoned: None,
    };
    let log = MetadataLog {
        state: Mutex::new(state),
        heard,
        fetching: AtomicBool::new(false),
    };
    Ok((metadata, log))
}

/// The state after an entry. Its proposer applied it to this very state before it was decided, so it
/// cannot be refused here.
fn apply(
    metadata: &Metadata,
    transformation: &Transformation,
) -> Result<(Metadata, Change), String> {
    let (next, change) = metadata.apply(transformation).map_err(|refused| {
        format!(
            "entry {} of the metadata log is refused: {refused}",
            metadata.epoch.next()
        )
    })?;
    if next.epoch == metadata.epoch {
        return Err(format!(
            "entry {} of the metadata log is empty",
            metadata.epoch.next()
        ));
    }
    Ok((next, change))
}

fn encode_entry(id: Uuid, transformation: &Transformation) -> Bytes {
    let mut out = BytesMut::new();
    out.put_slice(id.as_bytes());
    out.put_slice(&transformation.encode());
    out.freeze()
}

fn decode_entry(value: &[u8]) -> Result<(Uuid, Transformation), String> {
    let (id, rest) = value
        .split_first_chunk::<16>()
        .ok_or("an entry is too short")?;
    let transformation = Transformation::decode(rest).map_err(|damage| damage.to_string())?;
    Ok((Uuid::from_bytes(*id), transformation))
}

fn encode_records(records: &[Record]) -> Bytes {
    let mut out = BytesMut::new();
    for record in records {
        let bytes = record.encode();
        out.put_u32(bytes.len() as u32);
        out.put_slice(&bytes);
    }
    out.freeze()
}

fn decode_records(mut bytes: Bytes) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let length = bytes
            .split_to_checked(4)
            .ok_or("the log's file is cut short")?;
        let length = length
            .first_chunk()
            .map_or(0, |four| u32::from_be_bytes(*four)) as usize;
        let record = bytes
            .split_to_checked(length)
            .ok_or("the log's file is cut short")?;
        records.push(Record::decode(record).map_err(|damage| damage.to_string())?);
    }
    Ok(records)
}

/// `Bytes::split_to` for lengths that a disk gave.
trait SplitChecked: Sized {
    fn split_to_checked(&mut self, length: usize) -> Option<Self>;
}

impl SplitChecked for Bytes {
    fn split_to_checked(&mut self, length: usize) -> Option<Self> {
        (length <= self.len()).then(|| self.split_to(length))
    }
}

impl LogState {
    /// Notes a record among what the disk must hold; those it replaces go.
    fn note(&mut self, record: Record) {
        let floor = match &record {
            Record::Floor { slot } => Some(*slot),
            Record::Acceptor { .. } | Record::Entry { .. } => None,
        };
        self.records.retain(|old| match old {
            Record::Acceptor { .. } => {
                !matches!(record, Record::Acceptor { .. } | Record::Entry { .. })
            }
            Record::Entry { slot, .. } => floor.is_none_or(|floor| *slot > floor),
            Record::Floor { .. } => floor.is_none(),
        });
        match record {
            floor @ Record::Floor { .. } => self.records.insert(0, floor),
            other => self.records.push(other),
        }
    }
}

impl<W: World> Node<W> {
    /// Answers a proposer or a follower (**L1**).
    pub(crate) async fn answer_metadata(&self, request: Request) -> PeerReply {
        match self.answer_log(request).await {
            Ok(reply) => PeerReply::Metadata(reply),
            Err(error) => PeerReply::Failed {
                reason: FailureReason::Unknown,
                message: error.to_string(),
            },
        }
    }

    /// Runs what takes the log's lock on a task of its own. The lock is fair: a future that is granted
    /// it, or waits for it, and that nobody polls (a round that was decided without it, a stream whose
    /// peer does not read) would stop the log for everybody.
    async fn on_own_task<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (done, outcome) = oneshot::channel();
        self.world().spawn(async move {
            // Whoever asked may have gone.
            let _ = done.send(work.await);
        });
        outcome.await.ok()
    }

    async fn answer_log(&self, request: Request) -> Result<Reply, CommitError> {
        let node = self.clone();
        let answer = self
            .on_own_task(async move { node.answer_locked(request).await })
            .await;
        answer.unwrap_or_else(|| Err(CommitError::Disk("the node stops".to_owned())))
    }

    async fn answer_locked(&self, request: Request) -> Result<Reply, CommitError> {
        let mut state = self.inner().log.state.lock().await;
        if let Some(message) = &state.poisoned {
            return Err(CommitError::Disk(message.clone()));
        }
        let learned = match &request {
            Request::Learn { slot, value } => Some((*slot, value.clone())),
            Request::Prepare { .. } | Request::Propose { .. } | Request::Fetch { .. } => None,
        };
        let answer = state
            .log
            .answer(request)
            .map_err(|disagreement| CommitError::Disk(disagreement.to_string()))?;
        if let Some(record) = answer.record() {
            state.note(record.clone());
            self.persist_log(&mut state).await?;
            if let Some((slot, value)) = learned
                && state.log.last() == slot
            {
                self.follow(&mut state, &value).await?;
            }
        }
        Ok(answer.once_durable())
    }

    /// Writes the log's records. When that fails memory is ahead of the disk: the log answers
    /// nobody any more until the node starts anew.
    async fn persist_log(&self, state: &mut LogState) -> Result<(), CommitError> {
        let bytes = encode_records(&state.records);
        let written = self.world().persist_blob(LOG_BLOB, bytes).await;
        written.map_err(|message| {
            tracing::error!(
                message,
                "the metadata log cannot be written; this node takes no part in it any more"
            );
            state.poisoned = Some(message.clone());
            CommitError::Disk(message)
        })
    }

    /// Applies an entry that was just learned, in order (**L2**).
    async fn follow(&self, state: &mut LogState, value: &Bytes) -> Result<(), CommitError> {
        let (id, transformation) = decode_entry(value).map_err(CommitError::Disk)?;
        let (next, change) =
            apply(&self.current_metadata(), &transformation).map_err(CommitError::Disk)?;
        assert!(
            next.epoch == state.log.last(),
            "L2: the state is at the log's last entry"
        );
        tracing::info!(epoch = next.epoch.0, ?change, "metadata");
        state.applied.insert(id, (next.epoch, change));
        if state.applied.len() > ENTRIES_MAX as usize {
            let oldest = state
                .applied
                .iter()
                .min_by_key(|(_, (epoch, _))| *epoch)
                .map(|(id, _)| *id);
            oldest.and_then(|id| state.applied.remove(&id));
        }
        if state.log.last().0 - state.log.floor().0 > 2 * ENTRIES_MAX {
            self.fold(state, &next).await?;
        }
        self.publish(next);
        Ok(())
    }

    /// Writes the state down and forgets old entries.
    async fn fold(&self, state: &mut LogState, metadata: &Metadata) -> Result<(), CommitError> {
        let bytes = metadata.encode();
        self.world()
            .persist_blob(STATE_BLOB, bytes)
            .await
            .map_err(CommitError::Disk)?;
        let keep_from = Epoch(metadata.epoch.0.saturating_sub(ENTRIES_MAX));
        let truncated = state.log.truncate_below(keep_from);
        if let Some(record) = truncated.record() {
            state.note(record.clone());
            self.persist_log(state).await?;
        }
        truncated.once_durable();
        Ok(())
    }

    /// The encoded state, for a node that has none or fell too far behind.
    pub(crate) fn metadata_snapshot(&self) -> PeerReply {
        let metadata = self.current_metadata();
        let known = metadata.epoch != Epoch::NONE;
        PeerReply::MetadataSnapshot(known.then(|| metadata.encode()))
    }

    /// Takes over the state that a peer sent, when it is newer.
    pub(crate) async fn install_snapshot(&self, bytes: &Bytes) -> Result<(), CommitError> {
        let metadata =
            Metadata::decode(bytes).map_err(|damage| CommitError::Disk(damage.to_string()))?;
        if metadata.cluster_name != self.config().cluster_name {
            return Err(CommitError::Refused(Refused::Node(format!(
                "expected cluster '{}', a seed belongs to '{}'",
                self.config().cluster_name,
                metadata.cluster_name
            ))));
        }
        let mut state = self.inner().log.state.lock().await;
        if metadata.epoch <= state.log.last() {
            return Ok(());
        }
        self.world()
            .persist_blob(STATE_BLOB, bytes.clone())
            .await
            .map_err(CommitError::Disk)?;
        let installed = state.log.install_snapshot(metadata.epoch);
        if let Some(record) = installed.record() {
            state.note(record.clone());
            self.persist_log(&mut state).await?;
        }
        installed.once_durable();
        self.publish(metadata);
        Ok(())
    }

    /// A peer is at this epoch: when that is news, whatever lacks here is fetched from it.
    pub(crate) fn heard_of_epoch(&self, from: HostId, epoch: Epoch) {
        let log = &self.inner().log;
        if epoch <= self.epoch() {
            return;
        }
        log.heard.fetch_max(epoch.0, Ordering::Relaxed);
        if log.fetching.swap(true, Ordering::AcqRel) {
            return;
        }
        let node = self.clone();
        self.world().spawn(async move {
            node.catch_up_with(from).await;
            node.inner().log.fetching.store(false, Ordering::Release);
        });
    }

    /// Fetches from a peer the entries that lack here.
    pub(crate) async fn catch_up_with(&self, from: HostId) {
        let node = self.clone();
        self.on_own_task(async move { node.fetch_missing(from).await })
            .await;
    }

    async fn fetch_missing(&self, from: HostId) {
        loop {
            let deadline = Deadline(self.now().after(ROUND_TIMEOUT));
            let after = self.epoch();
            let request = Request::Fetch {
                after,
                count_max: FETCH_COUNT_MAX,
            };
            let Ok(PeerReply::Metadata(reply)) = self
                .ask_peer(from, PeerRequest::Metadata(request), deadline)
                .await
            else {
                return;
            };
            match reply {
                Reply::Entries { entries, next } => {
                    for (slot, value) in entries {
                        if self.learn(slot, value).await.is_err() {
                            return;
                        }
                    }
                    let current = self.epoch();
                    if current == after || current.next() >= next {
                        return;
                    }
                }
                Reply::SnapshotNeeded { .. } => {
                    let asked = self
                        .ask_peer(from, PeerRequest::MetadataSnapshot, deadline)
                        .await;
                    if let Ok(PeerReply::MetadataSnapshot(Some(bytes))) = asked
                        && let Err(error) = self.install_snapshot(&bytes).await
                    {
                        tracing::error!(%error, "a metadata snapshot cannot be taken over");
                    }
                    return;
                }
                Reply::Prepared { .. }
                | Reply::Proposed { .. }
                | Reply::Decided { .. }
                | Reply::Behind { .. }
                | Reply::Learned { .. } => return,
            }
        }
    }

    async fn learn(&self, slot: Epoch, value: Bytes) -> Result<(), CommitError> {
        self.answer_log(Request::Learn { slot, value })
            .await
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_their_file() {
        let records = vec![
            Record::Floor { slot: Epoch(3) },
            Record::Entry {
                slot: Epoch(4),
                value: Bytes::from_static(b"four"),
            },
        ];
        assert_eq!(decode_records(encode_records(&records)), Ok(records));
        let whole = encode_records(&[Record::Floor { slot: Epoch(3) }]);
        for cut in 1..whole.len() {
            assert!(decode_records(whole.slice(..cut)).is_err(), "cut at {cut}");
        }
    }
}
