//! Replies as rows, for those who make results of them.

use crate::CellState;
use crate::CorruptFragment;
use crate::EntryKind;
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
/// [`merge_replies`](crate::read::merge_replies) made (so that its deletions are carried out).
///
/// A partition in which a reply stopped (its `stopped_at` names it) may have rows beyond: whether
/// it is one with only static content shows when it was read to its end.
pub fn live_rows(
    data: &PartitionData,
    now: NowInSeconds,
) -> Result<LivePartition, CorruptFragment> {
    let mut partition = LivePartition {
        key: data.key.clone(),
        static_row: None,
        rows: Vec::with_capacity(data.entries.len()),
    };
    for entry in &data.entries {
        match EntryKind::of_suffix(&entry.suffix) {
            Some(EntryKind::Static) => {
                partition.static_row = live_part(&entry.fragment, now)?;
            }
            Some(EntryKind::Row) => {
                if let Some(row) = live_part(&entry.fragment, now)? {
                    partition.rows.push((entry.suffix.slice(1..), row));
                }
            }
            Some(EntryKind::Header | EntryKind::RangeTombstone) | None => {}
        }
    }
    Ok(partition)
}

fn live_part(fragment: &Bytes, now: NowInSeconds) -> Result<Option<Row>, CorruptFragment> {
    let mut row = Row::decode_shared(fragment)?;
    row.liveness = row.liveness.filter(|liveness| {
        let expiring = liveness.expiring;
        !expiring.is_some_and(|expiring| expiring.has_expired(now))
    });
    row.deletion = None;
    row.has_range_tombstones = false;
    row.column_deletions.clear();
    row.cells.retain(|cell| match cell.state {
        CellState::Live(_) => true,
        CellState::Expiring(_, expiring) => !expiring.has_expired(now),
        CellState::Tombstone { .. } => false,
    });
    Ok((!row.is_empty()).then_some(row))
}
