//! Cuts a stream of bytes into envelopes: header and body.

use crate::HEADER_BYTES;
use crate::Header;
use crate::ProtocolViolation;
use bytes::Bytes;
use bytes::BytesMut;

/// Takes one whole envelope off the front of what was read, if it is there. A body of more than
/// `body_bytes_max` is refused as soon as its header is there; then nothing is taken.
pub fn split_envelope(
    buffer: &mut BytesMut,
    body_bytes_max: u32,
) -> Result<Option<(Header, Bytes)>, ProtocolViolation> {
    let Some((header, bytes)) = peek(buffer, body_bytes_max)? else {
        return Ok(None);
    };
    let mut envelope = buffer.split_to(bytes);
    let body = envelope.split_off(HEADER_BYTES).freeze();
    Ok(Some((header, body)))
}

/// The header at the front, and the envelope's length, when the whole envelope is there.
fn peek(bytes: &[u8], body_bytes_max: u32) -> Result<Option<(Header, usize)>, ProtocolViolation> {
    let Some(head) = bytes.first_chunk() else {
        return Ok(None);
    };
    let header = Header::decode(head);
    header.check_length(body_bytes_max)?;
    let total = usize::try_from(header.body_bytes)
        .unwrap_or(usize::MAX)
        .saturating_add(HEADER_BYTES);
    Ok((total <= bytes.len()).then_some((header, total)))
}

/// Envelopes out of the payloads of version 5's segments, in their order.
///
/// Bodies are slices of the payload that they came in; only an envelope that lies over several
/// segments is put together by copying.
#[derive(Debug)]
pub struct EnvelopeReader {
    body_bytes_max: u32,
    /// The last payload, if no envelope began before it.
    whole: Bytes,
    /// The payloads since the beginning of an envelope that is not there in whole.
    joined: BytesMut,
}

impl EnvelopeReader {
    /// Refuses bodies of more than `body_bytes_max`.
    pub fn new(body_bytes_max: u32) -> Self {
        Self {
            body_bytes_max,
            whole: Bytes::new(),
            joined: BytesMut::new(),
        }
    }

    /// Refuses bodies of more than `body_bytes_max` from now on.
    pub const fn allow(&mut self, body_bytes_max: u32) {
        self.body_bytes_max = body_bytes_max;
    }

    /// Adds a payload.
    pub fn push(&mut self, payload: Bytes) {
        if self.whole.is_empty() && self.joined.is_empty() {
            self.whole = payload;
            return;
        }
        self.joined.extend_from_slice(&self.whole);
        self.joined.extend_from_slice(&payload);
        self.whole.clear();
    }

    /// Takes the next envelope, if it is there in whole. After an error it is the same error for
    /// ever: the stream has no next envelope.
    pub fn pop(&mut self) -> Result<Option<(Header, Bytes)>, ProtocolViolation> {
        if self.whole.is_empty() {
            return split_envelope(&mut self.joined, self.body_bytes_max);
        }
        let Some((header, bytes)) = peek(&self.whole, self.body_bytes_max)? else {
            return Ok(None);
        };
        let body = self.whole.split_to(bytes).split_off(HEADER_BYTES);
        Ok(Some((header, body)))
    }

    /// Whether an envelope has begun and is not there in whole. (After a self-contained segment
    /// none may have.)
    pub fn is_within(&self) -> bool {
        !self.whole.is_empty() || !self.joined.is_empty()
    }
}
