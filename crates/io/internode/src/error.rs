//! Why a call to a peer has no reply.

/// A call without a reply. Whether the peer did what was asked is known only where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection could be made: the peer got nothing.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// The connection broke after the request left: the peer may have done it.
    #[error("the connection to the peer broke")]
    Broken,
    /// The time was up: the peer may have done it, or may still do it.
    #[error("the peer did not answer in time")]
    TimedOut,
    /// Too much is queued for this peer: it got nothing.
    #[error("too many requests are queued for the peer")]
    Overloaded,
}
