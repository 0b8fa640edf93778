//! What a fuzzer calls: any bytes, none of which may panic or claim much memory.

use crate::Compression;
use crate::EnvelopeReader;
use crate::HEADER_BYTES;
use crate::Header;
use crate::Version;
use crate::decode_request;
use crate::decode_response;
use crate::segment::SegmentReader;
use crate::split_envelope;
use bytes::Bytes;
use bytes::BytesMut;

const BODY_BYTES_MAX: u32 = 1 << 20;

/// One envelope: the first nine bytes are its header (whatever it says of their number, the rest is
/// the body). Read as a request and as a response, in its version and in all others.
pub fn frame(data: &[u8]) {
    let Some((head, body)) = data.split_first_chunk::<HEADER_BYTES>() else {
        return;
    };
    let header = Header::decode(head);
    let body = Bytes::copy_from_slice(body);
    decode(&header, &body);
    for compression in [Compression::Lz4, Compression::Snappy] {
        if let Ok(plain) = compression.decompress(&body, BODY_BYTES_MAX as usize) {
            decode(&header, &plain);
        }
    }
}

fn decode(header: &Header, body: &Bytes) {
    for version in Version::EVERY {
        let request = Header {
            is_response: false,
            ..*header
        };
        let response = Header {
            is_response: true,
            ..*header
        };
        // What it is does not matter here, only that finding out ends.
        let _ = decode_request(version, &request, body.clone());
        let _ = decode_response(version, &response, body.clone());
    }
}

/// A stream. Its first byte chooses: plain envelopes, segments or compressed segments; and into
/// pieces of how many bytes it is cut.
pub fn frame_sequence(data: &[u8]) {
    let Some((choice, stream)) = data.split_first() else {
        return;
    };
    let pieces = stream.chunks(1 + usize::from(choice >> 2));
    match choice & 3 {
        0 | 1 => envelopes(pieces),
        choice => segments(pieces, choice == 3),
    }
}

fn envelopes<'a>(pieces: impl Iterator<Item = &'a [u8]>) {
    let mut buffer = BytesMut::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match split_envelope(&mut buffer, BODY_BYTES_MAX) {
                Ok(Some((header, body))) => decode(&header, &body),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

fn segments<'a>(pieces: impl Iterator<Item = &'a [u8]>, is_compressed: bool) {
    let mut segments = SegmentReader::new(is_compressed);
    let mut envelopes = EnvelopeReader::new(BODY_BYTES_MAX);
    for piece in pieces {
        segments.push(piece);
        loop {
            match segments.pop() {
                Ok(Some(segment)) => envelopes.push(segment.payload),
                Ok(None) => break,
                Err(_) => return,
            }
            loop {
                match envelopes.pop() {
                    Ok(Some((header, body))) => decode(&header, &body),
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
        }
    }
}
