//! Several replicas' replies to one read become one, and what each of them lacks.

use crate::CorruptFragment;
use crate::DataReply;
use crate::Entry;
use crate::ReadCommand;
use bytes::Bytes;

/// What the replies say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedRead {
    /// Normalized; an exact prefix of what one replica that has everything would answer.
    pub reply: DataReply,
    /// For each reply, by partition key: the entries to send to its replica.
    pub repairs: Vec<Vec<(Bytes, Vec<Entry>)>>,
    /// Live rows in `reply`; a partition with only a live static row counts one.
    pub live_rows: u32,
}

/// Merges replies to the same command. Each is authoritative only up to its `stopped_at`, so the
/// result ends at the first of those; the caller goes on with [`ReadCommand::continued_after`].
/// No replies give an empty, complete result.
pub fn merge_replies(
    command: &ReadCommand,
    replies: &[DataReply],
) -> Result<MergedRead, CorruptFragment> {
    unimplemented!("{command:?} {replies:?}")
}
