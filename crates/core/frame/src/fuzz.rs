//! What a fuzzer calls: any bytes, none of which may panic or claim much memory, and every message
//! that they are is the same when it is written and read again. See `tests/fuzz/README.md`.

use crate::Compression;
use crate::EnvelopeReader;
use crate::HEADER_BYTES;
use crate::Header;
use crate::RequestFrame;
use crate::ResponseFrame;
use crate::Version;
use crate::decode_request;
use crate::decode_response;
use crate::encode_request;
use crate::encode_response;
use crate::segment::SegmentReader;
use crate::segment::mend;
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
        if let Ok(frame) = decode_request(version, &request, body.clone()) {
            check_request(version, header.stream, &frame);
        }
        if let Ok(frame) = decode_response(version, &response, body.clone()) {
            check_response(version, &frame);
        }
    }
}

/// A request that was read can be written, and is read again as the same.
fn check_request(version: Version, stream: i16, frame: &RequestFrame) {
    let mut out = BytesMut::new();
    let encoded = encode_request(version, stream, frame, None, &mut out);
    assert_eq!(encoded, Ok(()), "F3: {frame:?}");
    let again = split_envelope(&mut out, u32::MAX)
        .map(|envelope| envelope.map(|(header, body)| decode_request(version, &header, body)));
    assert_eq!(again, Ok(Some(Ok(frame.clone()))), "F3");
}

/// The same of a response, once what its version has not is gone: what a client reads is not
/// refused for that.
fn check_response(version: Version, frame: &ResponseFrame) {
    let again = |frame: &ResponseFrame| {
        let mut out = BytesMut::new();
        encode_response(version, frame, None, &mut out);
        split_envelope(&mut out, u32::MAX)
            .map(|envelope| envelope.map(|(header, body)| decode_response(version, &header, body)))
    };
    let once = again(frame);
    let Ok(Some(Ok(plain))) = &once else {
        panic!("F3: {frame:?} becomes {once:?}");
    };
    assert_eq!(again(plain), once, "F3");
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

/// Gives the segments of a stream for [`frame_sequence`] the checksums that they should have, which
/// no fuzzer would guess. A last segment that misses its end is made to end where the stream does.
pub fn mend_checksums(data: &mut [u8]) {
    let Some((choice, mut stream)) = data.split_first_mut() else {
        return;
    };
    let is_compressed = match *choice & 3 {
        0 | 1 => return,
        choice => choice == 3,
    };
    while let Some(rest) = mend(stream, is_compressed) {
        stream = rest;
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
