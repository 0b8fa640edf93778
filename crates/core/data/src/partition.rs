//! What a replica answers to a read, over any sorted store.

use crate::CorruptFragment;
use crate::CorruptKey;
use crate::DataReply;
use crate::ReadCommand;
use bytes::Bytes;
use quorate_types::Token;

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
    #[expect(
        clippy::type_complexity,
        reason = "a pair, maybe, or an error: no name says more"
    )]
    fn item(&self) -> Result<Option<(&[u8], &[u8])>, Self::Error>;
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

/// Answers a read. The reply holds what survives of each entry (see [`crate::reconcile::normalize`]),
/// dead rows that other replicas must hear of included.
pub fn read<P: Pairs>(pairs: &P, command: &ReadCommand) -> Result<DataReply, ReadError<P::Error>> {
    let _ = pairs;
    unimplemented!("{command:?}")
}
