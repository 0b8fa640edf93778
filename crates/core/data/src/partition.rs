//! What a replica answers to a read, over any sorted store.
//!
//! Decides which entries are looked at, which deletion covers each, what of them is told, and where
//! a limit stops it. Knows no store: a sorted store of merged fragments comes in as [`Pairs`].
//!
//! # Invariants
//!
//! * **P1** What a reply says of the places before its `stopped_at` is all there is to say.
//! * **P2** A reply that stopped is further than where it started.
//! * **P3** Equal contents give replies of equal digests.

mod range_tombstones;
mod scan;

use crate::CorruptFragment;
use crate::CorruptKey;
use crate::DataReply;
use crate::Position;
use crate::ReadCommand;
use crate::ReadTarget;
use crate::Slice;
use crate::key::after_partition;
use crate::key::partition_prefix;
use crate::key::split_key;
use crate::key::token_bounds;
use bytes::Bytes;
use quorate_types::Token;
use quorate_types::TokenRange;
use scan::PartitionScan;
use scan::Scan;

pub use range_tombstones::RangeTombstones;

/// A sorted store of merged fragments: one table of one replica.
pub trait Pairs {
    /// What reading can fail with.
    type Error;
    /// Its cursor.
    type Cursor<'a>: PairCursor<Error = Self::Error>
    where
        Self: 'a;

    /// The merged fragment of one key.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Self::Error>;

    /// A cursor over the keys from `lower` (inclusive) to `upper` (exclusive; `None`: to the end).
    /// It stands nowhere until a seek.
    fn cursor<'a>(&'a self, lower: &[u8], upper: Option<&[u8]>) -> Self::Cursor<'a>;
}

/// A storage key and the merged fragment there.
pub type Pair<'k> = (&'k [u8], &'k [u8]);

/// A place among the pairs. Moving cannot fail; [`PairCursor::item`] says when it did.
pub trait PairCursor {
    /// What reading can fail with.
    type Error;

    /// To the first key at or after `key`.
    fn seek(&mut self, key: &[u8]);
    /// To the last key at or before `key`.
    fn seek_for_prev(&mut self, key: &[u8]);
    /// To the next key.
    fn next(&mut self);
    /// To the key before.
    fn prev(&mut self);
    /// The key and its merged fragment here; `None` beyond either end.
    fn item(&self) -> Result<Option<Pair<'_>>, Self::Error>;
}

/// Why a replica gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(E),
    /// An entry cannot be read; other replicas have it.
    #[error("{source} (entry {key:02x?})")]
    CorruptFragment {
        /// Its storage key.
        key: Bytes,
        /// What is wrong with its bytes.
        source: CorruptFragment,
    },
    /// A storage key cannot be read.
    #[error("{source} (entry {key:02x?})")]
    CorruptKey {
        /// The key.
        key: Bytes,
        /// What is wrong with it.
        source: CorruptKey,
    },
    /// More tombstones than the command allows (semantics 4.9).
    #[error("read {tombstones} tombstones and {live_rows} live rows")]
    TooManyTombstones {
        /// Tombstones seen when it was refused.
        tombstones: u32,
        /// Live rows seen till then.
        live_rows: u32,
        /// The token of the partition it was in.
        token: Token,
        /// The key of the partition it was in.
        partition: Bytes,
    },
}

/// Answers a read (R6).
///
/// The reply holds what survives of each entry (see [`normalize`](crate::reconcile::normalize)),
/// dead rows that other replicas must hear of included; of the range tombstones, those that change
/// something for a reader of the rows that the reply speaks of. Points are looked up, everything
/// else is scanned.
pub fn read<P: Pairs>(pairs: &P, command: &ReadCommand) -> Result<DataReply, ReadError<P::Error>> {
    let mut scan = Scan::new(command);
    match &command.target {
        ReadTarget::Partition(key) => read_partition(pairs, key, &mut scan)?,
        ReadTarget::Range(range) => read_range(pairs, *range, &mut scan)?,
    }
    Ok(scan.finish())
}

fn read_partition<P: Pairs>(
    pairs: &P,
    key: &Bytes,
    scan: &mut Scan<'_>,
) -> Result<(), ReadError<P::Error>> {
    let token = Token::of_key(key);
    let Some(window) = scan.command.window(token, key) else {
        return Ok(());
    };
    let prefix = partition_prefix(token, key);
    let mut partition = PartitionScan::new(token, key.clone(), &prefix, window);
    let points = partition.window.slices.iter().map(Slice::as_point);
    if let Some(points) = points.collect::<Option<Vec<Bytes>>>() {
        partition.look_up(pairs, scan, &points)?;
    } else {
        let mut cursor = pairs.cursor(&prefix, Some(&after_partition(&prefix)));
        cursor.seek(&prefix);
        partition.scan(&mut cursor, scan)?;
    }
    // Nothing follows a single partition that was read to its end.
    if scan.close(partition) == Some(Position::END) {
        scan.stopped_at = None;
    }
    Ok(())
}

fn read_range<P: Pairs>(
    pairs: &P,
    range: TokenRange,
    scan: &mut Scan<'_>,
) -> Result<(), ReadError<P::Error>> {
    let (mut lower, upper) = token_bounds(range);
    if let Some(after) = &scan.command.after {
        lower = lower.max(partition_prefix(after.token, &after.key));
    }
    if upper.as_ref().is_some_and(|upper| *upper <= lower) {
        return Ok(());
    }
    let mut cursor = pairs.cursor(&lower, upper.as_deref());
    cursor.seek(&lower);
    loop {
        let Some((storage_key, _)) = cursor.item().map_err(ReadError::Store)? else {
            return Ok(());
        };
        let (token, key, suffix) =
            split_key(storage_key).map_err(|source| ReadError::CorruptKey {
                key: Bytes::copy_from_slice(storage_key),
                source,
            })?;
        let prefix_length = storage_key.len() - suffix.len();
        let prefix = storage_key
            .get(..prefix_length)
            .unwrap_or_default()
            .to_vec();
        if let Some(window) = scan.command.window(token, &key) {
            let mut partition = PartitionScan::new(token, key, &prefix, window);
            partition.scan(&mut cursor, scan)?;
            if scan.close(partition).is_some() {
                return Ok(());
            }
        }
        let is_past = |storage_key: &[u8]| !storage_key.starts_with(&prefix);
        let item = cursor.item().map_err(ReadError::Store)?;
        if scan.command.reversed || !item.is_some_and(|(storage_key, _)| is_past(storage_key)) {
            cursor.seek(&after_partition(&prefix));
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod world;
