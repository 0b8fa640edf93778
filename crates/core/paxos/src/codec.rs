//! Bytes of records.

/// Bytes that are no record of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They end too early.
    #[error("expected {expected} more bytes, {remaining} remain")]
    TooShort {
        /// Needed.
        expected: usize,
        /// There.
        remaining: usize,
    },
    /// Nothing may follow, but something does.
    #[error("{0} bytes follow the end")]
    TooLong(usize),
    /// A format this build does not know.
    #[error("unknown format version {0}")]
    UnknownVersion(u8),
    /// A tag this build does not know.
    #[error("unknown tag {0}")]
    UnknownTag(u8),
}
