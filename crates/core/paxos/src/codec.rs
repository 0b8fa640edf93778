//! Records and acceptors as bytes, for the disk.
//!
//! Numbers are big endian. A ballot is `micros (8) · proposer (16)`.
//!
//! ```text
//!   acceptor  1 · promised ballot (24) · 0
//!             1 · promised ballot (24) · 1 · accepted ballot (24) · value (the rest)
//!   record    1 · 'A' · slot (8) · acceptor
//!             1 · 'E' · slot (8) · value (the rest)
//!             1 · 'F' · slot (8)
//! ```
//!
//! The leading 1 is the format's version. There is no checksum and no length: what keeps these
//! bytes (a commit log record, a table's cell) has both.

use bytes::Buf;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_types::Ballot;
use quorate_types::Epoch;
use quorate_types::HostId;
use uuid::Uuid;

/// The format that this build writes, and the only one it reads.
const VERSION: u8 = 1;

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
    /// An acceptor that no acceptor could have become.
    #[error("the accepted ballot is larger than the promised one")]
    AcceptedBeyondPromise,
}

/// Starts a value of this format.
pub(crate) fn begin() -> BytesMut {
    let mut out = BytesMut::new();
    out.put_u8(VERSION);
    out
}

/// Checks the version.
pub(crate) fn expect_version(bytes: &mut Bytes) -> Result<(), DecodeError> {
    match take_u8(bytes)? {
        VERSION => Ok(()),
        other => Err(DecodeError::UnknownVersion(other)),
    }
}

pub(crate) fn put_ballot(out: &mut BytesMut, ballot: Ballot) {
    out.put_u64(ballot.micros);
    out.put_slice(ballot.proposer.0.as_bytes());
}

pub(crate) fn take_ballot(bytes: &mut Bytes) -> Result<Ballot, DecodeError> {
    expect_length(bytes, 24)?;
    Ok(Ballot {
        micros: bytes.get_u64(),
        proposer: HostId(Uuid::from_u128(bytes.get_u128())),
    })
}

pub(crate) fn take_slot(bytes: &mut Bytes) -> Result<Epoch, DecodeError> {
    expect_length(bytes, 8)?;
    Ok(Epoch(bytes.get_u64()))
}

pub(crate) fn take_u8(bytes: &mut Bytes) -> Result<u8, DecodeError> {
    expect_length(bytes, 1)?;
    Ok(bytes.get_u8())
}

pub(crate) fn expect_end(bytes: &Bytes) -> Result<(), DecodeError> {
    match bytes.len() {
        0 => Ok(()),
        more => Err(DecodeError::TooLong(more)),
    }
}

fn expect_length(bytes: &Bytes, expected: usize) -> Result<(), DecodeError> {
    let remaining = bytes.len();
    if remaining < expected {
        return Err(DecodeError::TooShort {
            expected,
            remaining,
        });
    }
    Ok(())
}
