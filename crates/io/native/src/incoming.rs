//! From received bytes to frames.

use bytes::Buf;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_frame::EnvelopeReader;
use quorate_frame::HEADER_BYTES;
use quorate_frame::Header;
use quorate_frame::ProtocolViolation;
use quorate_frame::Version;
use quorate_frame::segment::SegmentReader;
use quorate_frame::split_envelope;
use quorate_types::RequestError;

/// Bytes asked of the socket at a time: few when nothing much comes, for thousands of connections
/// are idle; more when the last receive was full.
const RECEIVE_BYTES_MIN: usize = 1 << 10;
const RECEIVE_BYTES_MAX: usize = 64 << 10;
/// Until a client has said who it is, nobody holds much memory for it.
const HANDSHAKE_FRAME_BYTES_MAX: u32 = 64 << 10;

/// What [`Incoming::next`] found.
#[derive(Debug)]
pub(crate) enum Received {
    /// A whole frame.
    Frame(Header, Bytes),
    /// The header of a frame whose body is too large. It is thrown away as it comes; the connection
    /// goes on.
    Oversized(Header),
}

/// What a connection has received and not yet taken apart.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// As it came.
    pub(crate) received: BytesMut,
    /// Version 5 wraps everything after the handshake in segments.
    segments: Option<(SegmentReader, EnvelopeReader)>,
    body_bytes_max: u32,
    /// The handshake is over.
    is_ready: bool,
    /// Bytes that still belong to a frame that was too large.
    skipping: usize,
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
            is_ready: false,
            skipping: 0,
            asked: RECEIVE_BYTES_MIN,
            had: 0,
        }
    }

    /// Makes room for the next receive.
    pub(crate) fn make_room(&mut self) {
        let is_large = self.received.capacity() > RECEIVE_BYTES_MIN;
        if self.received.is_empty() && self.asked == RECEIVE_BYTES_MIN && is_large {
            // Little is held for a client that says nothing.
            self.received = BytesMut::new();
        }
        self.had = self.received.len();
        self.received.reserve(self.asked);
    }

    /// Something was received.
    pub(crate) fn note_received(&mut self) {
        let received = self.received.len() - self.had;
        if received >= self.asked {
            self.asked = (self.asked * 4).min(RECEIVE_BYTES_MAX);
        } else if received < self.asked / 8 {
            self.asked = (self.asked / 2).max(RECEIVE_BYTES_MIN);
        }
        if let Some((segments, _)) = &mut self.segments {
            segments.push(&self.received);
            self.received.clear();
        }
    }

    /// STARTUP was answered: what follows comes in segments, in version 5.
    pub(crate) fn switch(&mut self, segments: Option<SegmentReader>) {
        self.segments = segments.map(|mut segments| {
            // What follows the STARTUP in the same receive is in segments already.
            segments.push(&self.received);
            self.received.clear();
            (segments, EnvelopeReader::new(HANDSHAKE_FRAME_BYTES_MAX))
        });
    }

    /// The client is ready: frames of this size may come from now on.
    pub(crate) fn allow(&mut self, body_bytes_max: u32) {
        self.is_ready = true;
        self.body_bytes_max = body_bytes_max;
        if let Some((_, envelopes)) = &mut self.segments {
            envelopes.allow(body_bytes_max);
        }
    }

    /// The next whole frame, or one that was too large; `None` when nothing is whole. After an error
    /// there is none any more.
    pub(crate) fn next(&mut self) -> Result<Option<Received>, RequestError> {
        if self.segments.is_some() {
            return self.next_in_segments();
        }
        self.skip();
        // Headers of the oldest versions are shorter: nothing more may come.
        let version = self.received.first().map(|first| first & 0x7f);
        if let Some(version) = version.filter(|version| Version::from_byte(*version).is_none()) {
            return Err(ProtocolViolation::UnsupportedVersion(version).into());
        }
        if let Some((header, bytes)) = self.oversized(&self.received)? {
            self.skipping = bytes;
            self.skip();
            return Ok(Some(Received::Oversized(header)));
        }
        let envelope = split_envelope(&mut self.received, self.body_bytes_max)?;
        Ok(envelope.map(|(header, body)| Received::Frame(header, body)))
    }

    fn next_in_segments(&mut self) -> Result<Option<Received>, RequestError> {
        loop {
            let Some((segments, envelopes)) = &mut self.segments else {
                return Ok(None);
            };
            if let Some((header, body)) = envelopes.pop()? {
                return Ok(Some(Received::Frame(header, body)));
            }
            let segment = segments
                .pop()
                .map_err(|damage| RequestError::Protocol(damage.to_string()))?;
            let Some(segment) = segment else {
                return Ok(None);
            };
            if self.skipping > 0 {
                self.skipping = self.skipping.saturating_sub(segment.payload.len());
                continue;
            }
            if !envelopes.is_within()
                && let Some((header, bytes)) = self.oversized(&segment.payload)?
            {
                self.skipping = bytes.saturating_sub(segment.payload.len());
                return Ok(Some(Received::Oversized(header)));
            }
            let Some((_, envelopes)) = &mut self.segments else {
                return Ok(None);
            };
            envelopes.push(segment.payload);
            if segment.is_self_contained && envelopes.is_within() {
                // Its first frame must at least end in it, or it is a part that pretends to be whole.
                return match envelopes.pop()? {
                    Some((header, body)) => Ok(Some(Received::Frame(header, body))),
                    None => Err(RequestError::Protocol(
                        "a self-contained segment holds a part of a frame".to_owned(),
                    )),
                };
            }
        }
    }

    /// The frame at the front and its length, when it is too large for a client that is ready. From
    /// one that is not, it is an error that ends the connection.
    fn oversized(&self, bytes: &[u8]) -> Result<Option<(Header, usize)>, RequestError> {
        let Some(head) = bytes.first_chunk() else {
            return Ok(None);
        };
        let header = Header::decode(head);
        let fits = header.check_length(self.body_bytes_max);
        if fits.is_ok() || !self.is_ready {
            return Ok(fits.map(|()| None)?);
        }
        Ok(Some((header, HEADER_BYTES + header.body_bytes as usize)))
    }

    /// Throws away what belongs to a frame that was too large.
    fn skip(&mut self) {
        let now = self.skipping.min(self.received.len());
        self.received.advance(now);
        self.skipping -= now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BufMut;
    use quorate_frame::segment;

    const BODY_BYTES_MAX: u32 = 1_000;

    /// A QUERY with a body of zeros.
    fn frame(stream: u8, body_bytes: u32) -> Vec<u8> {
        let mut frame = vec![4, 0, 0, stream, 7];
        frame.put_u32(body_bytes);
        frame.resize(HEADER_BYTES + body_bytes as usize, 0);
        frame
    }

    /// Everything that is found when the bytes come in pieces: streams, negative when too large.
    fn found(incoming: &mut Incoming, bytes: &[u8], piece: usize) -> Vec<i16> {
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            incoming.make_room();
            incoming.received.put_slice(piece);
            incoming.note_received();
            while let Some(received) = incoming.next().unwrap() {
                found.push(match received {
                    Received::Frame(header, body) => {
                        assert_eq!(body.len(), header.body_bytes as usize);
                        header.stream
                    }
                    Received::Oversized(header) => -header.stream,
                });
            }
        }
        found
    }

    #[test]
    fn a_frame_that_is_too_large_is_thrown_away_and_the_next_is_found() {
        let bytes = [
            frame(1, 10),
            frame(7, 300_000),
            frame(2, 0),
            frame(3, 1_000),
        ]
        .concat();
        for piece in [1, 100, 4_096, 1_000_000] {
            let mut incoming = Incoming::new();
            incoming.allow(BODY_BYTES_MAX);
            assert_eq!(found(&mut incoming, &bytes, piece), [1, -7, 2, 3]);
        }
    }

    #[test]
    fn in_segments_it_is_thrown_away_as_well() {
        for is_compressed in [false, true] {
            let mut bytes = BytesMut::new();
            for frame in [frame(1, 10), frame(7, 300_000), frame(2, 0)] {
                segment::encode(&frame, is_compressed, &mut bytes);
            }
            for piece in [100, 4_096, 1_000_000] {
                let mut incoming = Incoming::new();
                incoming.switch(Some(SegmentReader::new(is_compressed)));
                incoming.allow(BODY_BYTES_MAX);
                assert_eq!(found(&mut incoming, &bytes, piece), [1, -7, 2]);
            }
        }
    }

    #[test]
    fn before_the_handshake_it_ends_the_connection() {
        let mut incoming = Incoming::new();
        incoming.make_room();
        incoming.received.put_slice(&frame(1, 100_000));
        incoming.note_received();
        assert!(incoming.next().is_err());
    }
}
