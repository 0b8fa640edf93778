//! Reads between nodes: what is asked, what is answered, and what a digest covers.
//!
//! The replica's side is [`crate::partition::read`]; the coordinator's is [`merge_replies`]. The
//! bytes are described in `docs/formats/read-reply.md`.

use crate::Slice;
use bytes::Bytes;
use quorate_types::Epoch;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use quorate_types::Token;
use quorate_types::TokenRange;

/// One entry of a partition: its key's suffix (kind and clustering) and its encoded fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Kind byte, then clustering (or bounds, for a range tombstone).
    pub suffix: Bytes,
    /// The encoded row fragment.
    pub fragment: Bytes,
}

/// A read of one partition, or of the partitions of a token range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCommand {
    /// Which table.
    pub table: TableId,
    /// The epoch it was planned under.
    pub epoch: Epoch,
    /// By which second expiry is judged.
    pub now: NowInSeconds,
    /// Tombstones made before this second are left out (and out of digests): gc_grace is over.
    pub purge_before_secs: u32,
    /// Which partitions.
    pub target: ReadTarget,
    /// Which rows of each, in storage order, not overlapping. Empty: no rows, only the static row.
    pub slices: Vec<Slice>,
    /// Rows in descending storage order.
    pub reversed: bool,
    /// When to stop.
    pub limits: Limits,
    /// Start after this place (of an earlier page, or of a short read).
    pub after: Option<Position>,
}

/// Which partitions a read covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadTarget {
    /// One, by its key's bytes.
    Partition(Bytes),
    /// All whose token lies in the range, in ring order.
    Range(TokenRange),
}

/// When a replica stops. Both count live rows; a partition with only a live static row counts one.
/// A limit of no rows is taken as one: a read always makes progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows over all partitions.
    pub rows: u32,
    /// Rows of each partition.
    pub rows_per_partition: u32,
    /// Bytes of fragments after which a reply is cut short even so.
    pub reply_bytes: u32,
    /// Tombstones after which the read is refused.
    pub tombstones: u32,
}

/// A place between two entries of a table, in the order of the read: the entry before it is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The partition's token.
    pub token: Token,
    /// The partition's key.
    pub key: Bytes,
    /// The suffix of the last entry before the place; empty: before every entry. [`Position::END`]
    /// of a partition is after all of them.
    pub suffix: Bytes,
    /// Live rows of this partition already counted against `rows_per_partition`.
    pub rows_seen: u32,
}

/// A replica's (or the merged) answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataReply {
    /// In ring order; partitions with nothing to say are left out.
    pub partitions: Vec<PartitionData>,
    /// `Some`: a limit stopped it here and more may follow. `None`: it is complete.
    pub stopped_at: Option<Position>,
}

/// One partition's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionData {
    /// The partition key's bytes.
    pub key: Bytes,
    /// Header, range tombstones, static row (these in suffix order), then rows in read order.
    pub entries: Vec<Entry>,
}

/// 128 bits over what a reply says, leaving out what replicas may rightly differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowDigest(pub u128);

mod codec;
mod digest;
mod merge;
mod rows;
pub(crate) mod window;

pub use codec::CorruptReadMessage;
pub(crate) use digest::has_same_content;
pub use merge::MergedRead;
pub use merge::merge_replies;
pub use rows::LivePartition;
pub use rows::live_rows;

impl ReadCommand {
    /// The same read from `position` on, for at most `rows_left` rows more.
    #[must_use]
    pub fn continued_after(&self, position: Position, rows_left: u32) -> Self {
        let mut command = self.clone();
        command.after = Some(position);
        command.limits.rows = rows_left;
        command
    }
}

impl Position {
    /// The suffix that is after every entry of its partition.
    pub const END: Bytes = Bytes::from_static(&[0xFF]);

    /// After the whole partition.
    pub fn after_partition(token: Token, key: Bytes, rows_seen: u32) -> Self {
        Self {
            token,
            key,
            suffix: Self::END,
            rows_seen,
        }
    }
}
