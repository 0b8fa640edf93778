//! From received bytes to frames.

use bytes::Bytes;
use bytes::BytesMut;
use quorate_frame::EnvelopeReader;
use quorate_frame::Header;
use quorate_frame::ProtocolViolation;
use quorate_frame::Version;
use quorate_frame::segment::SegmentReader;
use quorate_frame::split_envelope;
use quorate_types::RequestError;

/// Bytes asked of the socket at a time: few when nothing much comes, for thousands of connections
/// are idle; many when the last receive was full.
const RECEIVE_BYTES: usize = 4 << 10;
const RECEIVE_BYTES_MAX: usize = 64 << 10;
/// Until a client has said who it is, nobody holds much memory for it.
pub(crate) const HANDSHAKE_FRAME_BYTES_MAX: u32 = 64 << 10;

/// What a connection has received and not yet taken apart.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// As it came.
    pub(crate) received: BytesMut,
    /// Version 5 wraps everything after the handshake in segments.
    segments: Option<(SegmentReader, EnvelopeReader)>,
    body_bytes_max: u32,
    /// What was asked of the socket last.
    asked: usize,
    had: usize,
}

impl Incoming {
    pub(crate) fn new() -> Self {
        Self {
            received: BytesMut::new(),
            segments: None,
            body_bytes_max: HANDSHAKE_FRAME_BYTES_MAX,
            asked: RECEIVE_BYTES,
            had: 0,
        }
    }

    /// Makes room for the next receive.
    pub(crate) fn make_room(&mut self) {
        if self.received.is_empty() && self.asked == RECEIVE_BYTES {
            // Nothing is held for a client that says nothing.
            self.received = BytesMut::new();
        }
        self.had = self.received.len();
        self.received.reserve(self.asked);
    }

    /// Something was received.
    pub(crate) fn note_received(&mut self) {
        self.asked = if self.received.len() - self.had >= self.asked {
            RECEIVE_BYTES_MAX
        } else {
            RECEIVE_BYTES
        };
        if let Some((segments, _)) = &mut self.segments {
            segments.push(&self.received);
            self.received.clear();
        }
    }

    /// The client is ready: larger frames may come, in version 5 in segments.
    pub(crate) fn switch(&mut self, body_bytes_max: u32, segments: Option<SegmentReader>) {
        self.body_bytes_max = body_bytes_max;
        self.segments = segments.map(|mut segments| {
            // What follows the STARTUP in the same receive is in segments already.
            segments.push(&self.received);
            self.received.clear();
            (segments, EnvelopeReader::new(body_bytes_max))
        });
    }

    /// Frames of this size may come from now on.
    pub(crate) fn allow(&mut self, body_bytes_max: u32) {
        self.body_bytes_max = body_bytes_max;
        if let Some((_, envelopes)) = &mut self.segments {
            envelopes.allow(body_bytes_max);
        }
    }

    /// The next whole frame, if there is one. After an error there is none any more.
    pub(crate) fn next(&mut self) -> Result<Option<(Header, Bytes)>, RequestError> {
        let Some((segments, envelopes)) = &mut self.segments else {
            // Headers of the oldest versions are shorter: nothing more may come.
            let version = self.received.first().map(|first| first & 0x7f);
            if let Some(version) = version.filter(|version| Version::from_byte(*version).is_none())
            {
                return Err(ProtocolViolation::UnsupportedVersion(version).into());
            }
            return Ok(split_envelope(&mut self.received, self.body_bytes_max)?);
        };
        loop {
            if let Some(envelope) = envelopes.pop()? {
                return Ok(Some(envelope));
            }
            let segment = segments
                .pop()
                .map_err(|damage| RequestError::Protocol(damage.to_string()))?;
            let Some(segment) = segment else {
                return Ok(None);
            };
            envelopes.push(segment.payload);
            if segment.is_self_contained && envelopes.is_within() {
                // Its first frame must at least end in it, or it is a part that pretends to be whole.
                let whole = envelopes.pop()?;
                return match whole {
                    Some(envelope) => Ok(Some(envelope)),
                    None => Err(RequestError::Protocol(
                        "a self-contained segment holds a part of a frame".to_owned(),
                    )),
                };
            }
        }
    }
}
