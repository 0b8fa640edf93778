//! What can go wrong in the engine, variant by variant, and what state each leaves behind.

use bytes::Bytes;
use quorate_commitlog::LogError;
use quorate_data::CorruptMutation;
use quorate_types::FailureReason;
use quorate_types::TableId;
use quorate_types::Token;

/// Why the engine refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No such table here (yet, or any more). Nothing was done.
    #[error("table {0} is not known here")]
    UnknownTable(TableId),
    /// What should be written is no mutation. Nothing was done.
    #[error(transparent)]
    CorruptMutation(#[from] CorruptMutation),
    /// What is stored cannot be read; other replicas have it. Nothing was changed.
    #[error("table {table} holds an entry that cannot be read: {what} (key {key:02x?})")]
    Corrupt {
        /// In which table.
        table: TableId,
        /// Under which storage key; empty when RocksDB did not say.
        key: Bytes,
        /// What is wrong.
        what: String,
    },
    /// A read met more tombstones than it may.
    #[error("read {tombstones} tombstones and {live_rows} live rows of table {table}")]
    TooManyTombstones {
        /// Of which table.
        table: TableId,
        /// Tombstones seen when it was refused.
        tombstones: u32,
        /// Live rows seen till then.
        live_rows: u32,
        /// The token of the partition it was in.
        token: Token,
        /// The key of the partition it was in.
        partition: Bytes,
    },
    /// The mutation does not fit in the log. Nothing was done.
    #[error("mutation of {bytes} bytes, at most {bytes_max} fit in the commit log")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// What may be.
        bytes_max: usize,
    },
    /// Too much waits already. Nothing was done.
    #[error("{0}")]
    Overloaded(&'static str),
    /// No room on the disk. Nothing was acknowledged; writes are taken again when there is room.
    #[error("the disk is full: {0}")]
    DiskFull(String),
    /// The engine is closed or closing. Nothing was done.
    #[error("the engine is closed")]
    Closed,
    /// An earlier failure left the state on disk unknown: every write is refused until the engine
    /// is opened again.
    #[error("the engine takes no more writes: {0}")]
    Poisoned(String),
    /// A file could not be read or written.
    #[error("{0}")]
    Io(String),
    /// The commit log or its settings prevent the start. Nothing was changed.
    #[error("{0}")]
    Log(String),
}

impl EngineError {
    /// As the protocol's failure codes say it.
    pub const fn reason(&self) -> FailureReason {
        match self {
            Self::UnknownTable(_) => FailureReason::IncompatibleSchema,
            Self::TooManyTombstones { .. } => FailureReason::ReadTooManyTombstones,
            Self::Closed => FailureReason::NodeDown,
            Self::CorruptMutation(_)
            | Self::Corrupt { .. }
            | Self::TooLarge { .. }
            | Self::Overloaded(_)
            | Self::DiskFull(_)
            | Self::Poisoned(_)
            | Self::Io(_)
            | Self::Log(_) => FailureReason::Unknown,
        }
    }

    /// Whether nothing was done because there was too much to do.
    pub const fn is_overloaded(&self) -> bool {
        matches!(self, Self::Overloaded(_))
    }

    /// What an operation on files failed with.
    pub(crate) fn io(action: &str, path: &std::path::Path, source: &std::io::Error) -> Self {
        let message = format!("{action} {}: {source}", path.display());
        if source.kind() == std::io::ErrorKind::StorageFull {
            Self::DiskFull(message)
        } else {
            Self::Io(message)
        }
    }

    /// What RocksDB failed with, when no table is to be named.
    pub(crate) fn rocksdb(action: &str, source: &rocksdb::Error) -> Self {
        if is_disk_full(source) {
            Self::DiskFull(source.to_string())
        } else {
            Self::Io(format!("{action}: {source}"))
        }
    }

    /// Why a record was not logged.
    pub(crate) fn of_append(error: &LogError) -> Self {
        match error {
            LogError::Oversized { bytes, bytes_max } => Self::TooLarge {
                bytes: *bytes,
                bytes_max: *bytes_max,
            },
            LogError::Full { .. } => Self::DiskFull(error.to_string()),
            other => Self::Poisoned(other.to_string()),
        }
    }
}

/// Whether RocksDB failed for want of space.
pub(crate) fn is_disk_full(error: &rocksdb::Error) -> bool {
    error.kind() == rocksdb::ErrorKind::IOError && error.as_ref().contains("No space left")
}
