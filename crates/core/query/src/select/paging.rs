//! Where a page ended, as bytes that a client keeps: good on any coordinator, after any restart,
//! for any page size.
//!
//! ```text
//!   version 1 · fingerprint 8 · index 4 · rows left 8 · taken 8 · position … · crc32 4
//! ```
//!
//! The fingerprint covers the table, the statement and its values, so that a state cannot be
//! applied to another query by mistake. Numbers are big endian.

use bytes::Bytes;
use quorate_data::Position;
use quorate_types::RequestError;

const VERSION: u8 = 1;
/// Everything before the position.
const HEAD_BYTES: usize = 1 + 8 + 4 + 8 + 8;
const CRC_BYTES: usize = 4;

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PagingState {
    /// Of the query.
    pub(super) fingerprint: u64,
    /// Which partition of those that IN lists; 0 in a scan.
    pub(super) index: u32,
    /// What is left of LIMIT; `u64::MAX`: there is none.
    pub(super) rows_left: u64,
    /// Rows or groups of the position's partition that were given, for PER PARTITION LIMIT.
    pub(super) taken: u64,
    /// The last entry that was looked at.
    pub(super) position: Position,
}

fn refused() -> RequestError {
    RequestError::Protocol("Invalid value for the paging state".to_owned())
}

impl PagingState {
    pub(super) fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.fingerprint.to_be_bytes());
        out.extend_from_slice(&self.index.to_be_bytes());
        out.extend_from_slice(&self.rows_left.to_be_bytes());
        out.extend_from_slice(&self.taken.to_be_bytes());
        out.extend_from_slice(&self.position.encode());
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_be_bytes());
        Bytes::from(out)
    }

    /// Reads [`Self::encode`] for the query with this fingerprint.
    pub(super) fn decode(bytes: &[u8], fingerprint: u64) -> Result<Self, RequestError> {
        let end = bytes.len().checked_sub(CRC_BYTES).ok_or_else(refused)?;
        let (content, crc) = bytes.split_at(end);
        if crc32fast::hash(content).to_be_bytes() != crc {
            return Err(refused());
        }
        let (head, position) = content.split_at_checked(HEAD_BYTES).ok_or_else(refused)?;
        let mut head = Head(head);
        if head.take() != Some([VERSION]) {
            return Err(refused());
        }
        let state = Self {
            fingerprint: u64::from_be_bytes(head.take().ok_or_else(refused)?),
            index: u32::from_be_bytes(head.take().ok_or_else(refused)?),
            rows_left: u64::from_be_bytes(head.take().ok_or_else(refused)?),
            taken: u64::from_be_bytes(head.take().ok_or_else(refused)?),
            position: Position::decode(Bytes::copy_from_slice(position)).map_err(|_| refused())?,
        };
        if state.fingerprint == fingerprint && state.rows_left > 0 {
            Ok(state)
        } else {
            Err(refused())
        }
    }
}

struct Head<'a>(&'a [u8]);

impl Head<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}
