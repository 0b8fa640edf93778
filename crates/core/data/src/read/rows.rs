//! Replies as rows, for those who make results of them.

use crate::CorruptFragment;
use crate::PartitionData;
use crate::Row;
use bytes::Bytes;
use quorate_types::NowInSeconds;

/// What is alive in one partition of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePartition {
    /// The partition key's bytes.
    pub key: Bytes,
    /// The static row, when anything in it is alive.
    pub static_row: Option<Row>,
    /// Framed clusterings and rows, in read order. Rows hold live data only: no deletions, no dead
    /// cells.
    pub rows: Vec<(Bytes, Row)>,
}

/// Reads a partition of a reply that [`read`](crate::partition::read) or
/// [`merge_replies`](crate::read::merge_replies) made.
///
/// A partition in which a reply stopped (its `stopped_at` names it) may have rows beyond: whether
/// it is one with only static content shows when it was read to its end.
pub fn live_rows(
    data: &PartitionData,
    now: NowInSeconds,
) -> Result<LivePartition, CorruptFragment> {
    unimplemented!("{data:?} {now:?}")
}
