//! Segments as bytes, cut and damaged.

use super::hex;
use super::to_hex;
use crate::EnvelopeReader;
use crate::Request;
use crate::RequestFrame;
use crate::Version;
use crate::segment::PAYLOAD_BYTES_MAX;
use crate::segment::Segment;
use crate::segment::SegmentError;
use crate::segment::SegmentReader;
use crate::segment::encode;
use bytes::Bytes;
use bytes::BytesMut;
use proptest::prelude::*;

fn encoded(payload: &[u8], compress: bool) -> BytesMut {
    let mut out = BytesMut::new();
    encode(payload, compress, &mut out);
    out
}

/// All segments of `bytes`, fed in pieces.
fn read(bytes: &[u8], is_compressed: bool, piece: usize) -> Result<Vec<Segment>, SegmentError> {
    let mut reader = SegmentReader::new(is_compressed);
    let mut segments = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        reader.push(piece);
        while let Some(segment) = reader.pop()? {
            segments.push(segment);
        }
    }
    Ok(segments)
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

#[test]
fn a_small_payload_is_one_self_contained_segment() {
    assert_eq!(
        to_hex(&encoded(b"hello", false)),
        "05000219999a68656c6c6f74800eb6"
    );
    assert_eq!(to_hex(&encoded(b"", false)), "0000026a36c4d37e7744");
    let segments = read(&hex("05000219999a68656c6c6f74800eb6"), false, 1).unwrap();
    let [segment] = segments.as_slice() else {
        panic!("one")
    };
    assert!(segment.is_self_contained);
    assert_eq!(&segment.payload[..], b"hello");
}

#[test]
fn a_long_payload_is_cut() {
    let payload = noise(PAYLOAD_BYTES_MAX + 1);
    let bytes = encoded(&payload, false);
    assert_eq!(to_hex(&bytes[..6]), "ffff013891fe");
    let segments = read(&bytes, false, 1000).unwrap();
    let lengths: Vec<usize> = segments.iter().map(|s| s.payload.len()).collect();
    assert_eq!(lengths, [PAYLOAD_BYTES_MAX, 1]);
    assert!(segments.iter().all(|segment| !segment.is_self_contained));
    let joined: Vec<u8> = segments.iter().flat_map(|s| s.payload.to_vec()).collect();
    assert_eq!(joined, payload);
}

#[test]
fn only_what_becomes_shorter_is_compressed() {
    let long = vec![7; 1000];
    let bytes = encoded(&long, true);
    assert!(bytes.len() < 50);
    assert_eq!(read(&bytes, true, 3).unwrap()[0].payload, long);
    let short = encoded(b"hello", true);
    // 5 bytes, no uncompressed bytes, self-contained.
    assert_eq!(to_hex(&short[..5]), "0500000004");
    assert_eq!(&short[8..13], b"hello");
    assert_eq!(&read(&short, true, 3).unwrap()[0].payload[..], b"hello");
    let long = noise(PAYLOAD_BYTES_MAX);
    assert_eq!(
        read(&encoded(&long, true), true, 4096).unwrap()[0].payload,
        long
    );
}

#[test]
fn every_damaged_bit_is_noticed() {
    for compress in [false, true] {
        let bytes = encoded(&[9; 40], compress);
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&damaged, compress, 1000).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_wrong_uncompressed_length_is_refused() {
    let mut out = BytesMut::new();
    encode(&[7; 1000], true, &mut out);
    let block = out[8..out.len() - 4].to_vec();
    for claimed in [1, 999, 1001, PAYLOAD_BYTES_MAX as u64] {
        let header = block.len() as u64 | claimed << 17 | 1 << 34;
        let forged = crate::segment::forge(header, 5, &block);
        let refused = SegmentError::Compression {
            bytes: claimed as usize,
        };
        assert_eq!(read(&forged, true, 1000), Err(refused));
    }
}

#[test]
fn damaged_checksums_are_mended_and_a_cut_segment_ends_with_its_stream() {
    for compress in [false, true] {
        // What a fuzzer made: checksums that are none, a payload whose end was cut off.
        let whole = encoded(b"hello", compress);
        let header_bytes = whole.len() - 5 - 4;
        let mut damaged = whole.to_vec();
        damaged[header_bytes - 1] ^= 1;
        *damaged.last_mut().unwrap() ^= 1;
        damaged.extend_from_slice(&whole[..whole.len() - 2]);
        let choice = if compress { 3 } else { 2 };
        let mut data = [&[choice][..], &damaged].concat();
        crate::fuzz::mend_checksums(&mut data);
        let segments = read(&data[1..], compress, 1000).unwrap();
        let payloads: Vec<&[u8]> = segments.iter().map(|s| &s.payload[..]).collect();
        assert_eq!(payloads, [&b"hello"[..], b"hel"]);
    }
    let mut short = [2, 0, 0, 0];
    crate::fuzz::mend_checksums(&mut short);
    assert_eq!(short, [2, 0, 0, 0]);
}

#[test]
fn envelopes_lie_in_segments_alone_together_and_cut() {
    let options = RequestFrame {
        tracing: false,
        custom_payload: [].into(),
        request: Request::Options,
    };
    let startup = RequestFrame {
        request: Request::AuthResponse(Some(noise(300_000).into())),
        ..options.clone()
    };
    let small = super::encoded_request(Version::V5, 1, &options);
    let large = super::encoded_request(Version::V5, 2, &startup);
    let mut bytes = BytesMut::new();
    encode(&[&small[..], &small[..]].concat(), false, &mut bytes);
    encode(&large, false, &mut bytes);
    encode(&small, false, &mut bytes);

    let mut envelopes = EnvelopeReader::new(1 << 20);
    let mut streams = Vec::new();
    for segment in read(&bytes, false, 5000).unwrap() {
        envelopes.push(segment.payload);
        while let Some((header, body)) = envelopes.pop().unwrap() {
            assert_eq!(header.body_bytes as usize, body.len());
            streams.push(header.stream);
        }
    }
    assert_eq!(streams, [1, 1, 2, 1]);
    assert!(!envelopes.is_within());
}

proptest! {
    #[test]
    fn payloads_survive_in_any_pieces(
        payloads in prop::collection::vec(prop::collection::vec(0_u8..4, 0..300), 1..5),
        piece in 1_usize..400,
        compress: bool,
    ) {
        let mut bytes = BytesMut::new();
        for payload in &payloads {
            encode(payload, compress, &mut bytes);
        }
        let segments = read(&bytes, compress, piece).unwrap();
        let read: Vec<Bytes> = segments.into_iter().map(|segment| segment.payload).collect();
        prop_assert_eq!(read, payloads);
    }

    #[test]
    fn any_bytes_are_segments_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        piece in 1_usize..50,
        is_compressed: bool,
    ) {
        // Whatever it says, it says it.
        let _ = read(&bytes, is_compressed, piece);
    }

    #[test]
    fn envelopes_survive_any_payloads(
        bodies in prop::collection::vec(0_usize..60, 1..6),
        cut in 1_usize..40,
    ) {
        let mut stream = BytesMut::new();
        for bytes in &bodies {
            let request = Request::AuthResponse(Some(noise(*bytes).into()));
            let frame = RequestFrame { tracing: false, custom_payload: [].into(), request };
            stream.extend_from_slice(&super::encoded_request(Version::V5, 1, &frame));
        }
        let mut reader = EnvelopeReader::new(1000);
        let mut found = Vec::new();
        for payload in stream.chunks(cut) {
            reader.push(Bytes::copy_from_slice(payload));
            while let Some((_, body)) = reader.pop().unwrap() {
                found.push(body.len() - 4);
            }
        }
        prop_assert_eq!(found, bodies);
        prop_assert!(!reader.is_within());
    }
}
