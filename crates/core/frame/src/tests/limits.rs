//! What is refused, with which words, and that a claim alone costs no memory.

use super::hex;
use crate::Batch;
use crate::BatchKind;
use crate::Compression;
use crate::CompressionError;
use crate::EnvelopeReader;
use crate::ErrorBody;
use crate::HEADER_BYTES;
use crate::Header;
use crate::Opcode;
use crate::ProtocolViolation;
use crate::QueryParameters;
use crate::Request;
use crate::RequestFrame;
use crate::Response;
use crate::ResponseFrame;
use crate::Version;
use crate::WireValue;
use crate::decode_request;
use crate::decode_response;
use crate::encode_request;
use crate::encode_response;
use crate::split_envelope;
use bytes::Bytes;
use bytes::BytesMut;
use proptest::prelude::*;
use quorate_types::ConsistencyLevel;
use quorate_types::RequestError;
use std::collections::BTreeMap;

fn header(version: Version, is_response: bool, flags: u8, opcode: u8) -> Header {
    Header {
        version: version.byte(),
        is_response,
        flags,
        stream: 0,
        opcode,
        body_bytes: 0,
    }
}

/// Why the body is no request with this opcode.
fn refusal(version: Version, flags: u8, opcode: u8, body: &str) -> String {
    let header = header(version, false, flags, opcode);
    let refused = decode_request(version, &header, hex(body).into());
    RequestError::from(refused.unwrap_err()).to_string()
}

#[test]
fn refusals_have_cassandras_words() {
    for (opcode, body, wanted) in [
        (0x04, "", "Unknown opcode 4"),
        (0x55, "", "Unknown opcode 85"),
        (
            0x08,
            "",
            "Wrong protocol direction (expected RESPONSE, got REQUEST) for opcode 8 (RESULT)",
        ),
        (
            0x07,
            "00000002 41",
            "Not enough bytes to read an UTF8 serialized string preceded by its 4 bytes length",
        ),
        (
            0x01,
            "0001 0002 41",
            "Not enough bytes to read an UTF8 serialized string preceded by its 2 bytes length",
        ),
        (
            0x0A,
            "0002 41",
            "Not enough bytes to read a byte array preceded by its 2 bytes length",
        ),
        (
            0x0F,
            "00000009 41",
            "Cannot read value of length 9, only 1 bytes remaining in the message",
        ),
        (
            0x07,
            "00000001 51 0001 01 0001 fffffffd",
            "Invalid ByteBuf length -3",
        ),
        (
            0x07,
            "00000001 51 000c 00",
            "Unknown code 12 for a consistency level",
        ),
        (
            0x07,
            "00000001 51 0001 20 8000000000000000",
            "Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807] \
             (got -9223372036854775808)",
        ),
        (0x0D, "03", "Invalid BATCH message type 3"),
        (
            0x0D,
            "00 0001 ff",
            "Invalid query kind in BATCH messages. Must be 0 or 1 but got -1",
        ),
        (0x0B, "0001 0001 58", "Invalid value 'X' for Type"),
        (
            0x0B,
            "0001 0002 c328",
            "Cannot decode string as UTF8: 'c328'; \
             invalid utf-8 sequence of 1 bytes from index 0",
        ),
        (
            0x07,
            "00000001 51 0001 80 0002 6b73",
            "Flag KEYSPACE is not valid for protocol version 4/v4",
        ),
    ] {
        assert_eq!(refusal(Version::V4, 0, opcode, body), wanted);
    }
    assert_eq!(
        refusal(Version::V3, 0x04, 0x05, "0000"),
        "Received frame with CUSTOM_PAYLOAD flag for native protocol version < 4"
    );
}

#[test]
fn each_side_receives_only_what_the_other_sends() {
    let response = header(Version::V4, true, 0, Opcode::Ready.byte());
    assert_eq!(
        decode_request(Version::V4, &response, Bytes::new())
            .unwrap_err()
            .to_string(),
        "Unexpected RESPONSE message READY, expecting REQUEST"
    );
    let request = header(Version::V4, false, 0, Opcode::Options.byte());
    assert_eq!(
        decode_response(Version::V4, &request, Bytes::new())
            .unwrap_err()
            .to_string(),
        "Unexpected REQUEST message OPTIONS, expecting RESPONSE"
    );
}

#[test]
fn version_3_has_no_unset_values() {
    let header = header(Version::V3, false, 0, Opcode::Query.byte());
    let body = hex("00000001 51 0001 01 0001 fffffffe");
    let frame = decode_request(Version::V3, &header, body.into()).unwrap();
    let Request::Query { parameters, .. } = frame.request else {
        panic!("a query");
    };
    assert_eq!(parameters.values, [WireValue::Null]);
}

#[test]
fn what_a_version_cannot_say_is_not_written() {
    let frame = |request| RequestFrame {
        tracing: false,
        custom_payload: BTreeMap::new(),
        request,
    };
    let query = |parameters| {
        frame(Request::Query {
            text: "Q".into(),
            parameters,
        })
    };
    let at_one = || QueryParameters::at(ConsistencyLevel::One);
    let unset = query(QueryParameters {
        values: vec![WireValue::Unset],
        ..at_one()
    });
    let keyspace = query(QueryParameters {
        keyspace: Some("k".into()),
        ..at_one()
    });
    let names = query(QueryParameters {
        names: Some(vec!["a".into()]),
        ..at_one()
    });
    let too_many = query(QueryParameters {
        values: vec![WireValue::Null; 65_536],
        ..at_one()
    });
    let batch = frame(Request::Batch(Batch {
        kind: BatchKind::Logged,
        statements: vec![],
        consistency: ConsistencyLevel::One,
        serial_consistency: None,
        timestamp: None,
        keyspace: None,
        now_in_seconds: Some(1),
    }));
    let payload = RequestFrame {
        custom_payload: BTreeMap::from([(String::new(), Bytes::new())]),
        ..frame(Request::Options)
    };
    let mut out = BytesMut::from(&b"before"[..]);
    for (frame, ours) in [
        (&unset, Version::V3),
        (&payload, Version::V3),
        (&keyspace, Version::V4),
        (&batch, Version::V4),
        (&names, Version::V5),
        (&too_many, Version::V5),
    ] {
        assert!(encode_request(ours, 0, frame, None, &mut out).is_err());
        assert_eq!(&out[..], b"before");
    }
    assert!(encode_request(Version::V4, 0, &unset, None, &mut out).is_ok());
}

#[test]
fn a_text_longer_than_its_length_can_say_is_cut_between_characters() {
    let long = "é".repeat(40_000);
    let frame = ResponseFrame::new(0, Response::Error(ErrorBody::plain(0x2200, long)));
    let bytes = super::encoded_response(Version::V4, &frame);
    let (header, body) = super::envelope(&bytes);
    let read = decode_response(Version::V4, &header, body).unwrap();
    let cut = ErrorBody::plain(0x2200, "é".repeat(32_767));
    assert_eq!(read.response, Response::Error(cut));
}

#[test]
fn a_long_envelope_is_refused_by_its_header_alone() {
    let mut buffer = BytesMut::from(&hex("04 00 0000 07 00000065")[..]);
    let too_long = ProtocolViolation::BodyTooLong {
        bytes: 101,
        bytes_max: 100,
    };
    assert_eq!(split_envelope(&mut buffer, 100), Err(too_long.clone()));
    assert_eq!(split_envelope(&mut buffer, 101), Ok(None));
    assert_eq!(buffer.len(), HEADER_BYTES);
    let mut reader = EnvelopeReader::new(100);
    reader.push(buffer.freeze());
    assert_eq!(reader.pop(), Err(too_long.clone()));
    assert_eq!(reader.pop(), Err(too_long));

    let mut negative = BytesMut::from(&hex("04 00 0000 07 ffffffff")[..]);
    assert_eq!(
        split_envelope(&mut negative, u32::MAX),
        Err(ProtocolViolation::BodyLength(-1))
    );
}

/// The body of rows that announce more than they have.
#[test]
fn a_claimed_count_claims_no_memory() {
    let result = header(Version::V4, true, 0, Opcode::Result.byte());
    for body in [
        "00000002 00000004 7fffffff 7fffffff",
        "00000002 00000000 7fffffff",
        "00000002 00000004 00000000 7fffffff",
        "00000004 0000 00000000 7fffffff 7fffffff",
        "00000002 00000004 ffffffff 00000000",
    ] {
        assert!(decode_response(Version::V4, &result, hex(body).into()).is_err());
    }
    let error = header(Version::V5, true, 0, Opcode::Error.byte());
    let body = "00001300 0000 0001 00000000 00000000 7fffffff";
    assert!(decode_response(Version::V5, &error, hex(body).into()).is_err());
}

#[test]
fn a_nested_collection_is_refused() {
    let result = header(Version::V4, true, 0, Opcode::Result.byte());
    let body = "00000002 00000001 00000001 0000 0000 0000 0020 0020 0009 00000000";
    assert_eq!(
        decode_response(Version::V4, &result, hex(body).into()),
        Err(ProtocolViolation::TypeOption(0x20))
    );
}

#[test]
fn names_of_compressions() {
    assert_eq!(Compression::from_name("lz4"), Some(Compression::Lz4));
    assert_eq!(Compression::from_name("SNAPPY"), Some(Compression::Snappy));
    assert_eq!(Compression::from_name("zstd"), None);
}

#[test]
fn lz4_bodies_begin_with_their_length() {
    // One literal run of five.
    let body = hex("00000005  50 68656c6c6f");
    assert_eq!(Compression::Lz4.decompress(&body, 5).unwrap(), "hello");
    assert_eq!(Compression::Lz4.compress(b"hello"), body);
    // Snappy: the length as a varint, a literal of five.
    let body = hex("05  10 68656c6c6f");
    assert_eq!(Compression::Snappy.decompress(&body, 5).unwrap(), "hello");
}

#[test]
fn a_claimed_length_is_checked_before_memory() {
    let too_long = |claimed| CompressionError::TooLong {
        claimed,
        bytes_max: 4,
    };
    let refused = |compression: Compression, body: &str, bytes_max| {
        compression.decompress(&hex(body), bytes_max).unwrap_err()
    };
    let (lz4, snappy) = (Compression::Lz4, Compression::Snappy);
    assert_eq!(refused(lz4, "00000005 50 68656c6c6f", 4), too_long(5));
    assert_eq!(refused(snappy, "05 10 68656c6c6f", 4), too_long(5));
    let large = 1 << 30;
    assert_eq!(
        refused(lz4, "30000000 50 68656c6c6f", large),
        CompressionError::Lz4
    );
    assert_eq!(
        refused(lz4, "ffffffff 50 68656c6c6f", large),
        CompressionError::Lz4
    );
    assert_eq!(refused(lz4, "000000", large), CompressionError::Lz4);
    assert_eq!(
        refused(lz4, "00000004 50 68656c6c6f", large),
        CompressionError::Lz4
    );
    assert_eq!(
        refused(lz4, "00000006 50 68656c6c6f", large),
        CompressionError::Lz4
    );
    let claim = "ffffffff03 10 68656c6c6f";
    assert_eq!(refused(snappy, claim, large), CompressionError::Snappy);
    assert_eq!(
        RequestError::from(refused(snappy, "06 10 68656c6c6f", large)).to_string(),
        "Provided frame does not appear to be Snappy compressed"
    );
}

#[test]
fn a_compressed_envelope_says_so() {
    let text = "SELECT ".repeat(200);
    let frame = RequestFrame {
        tracing: false,
        custom_payload: BTreeMap::new(),
        request: Request::Prepare {
            text: text.clone(),
            keyspace: None,
        },
    };
    for compression in [Compression::Lz4, Compression::Snappy] {
        for version in Version::EVERY {
            let mut out = BytesMut::new();
            encode_request(version, 0, &frame, Some(compression), &mut out).unwrap();
            let (header, body) = super::envelope(&out);
            assert_eq!(header.is_compressed(), version < Version::V5);
            assert_eq!(body.len() < text.len(), version < Version::V5);
            let body = compression.decompress_if(&header, body, 2000).unwrap();
            assert_eq!(decode_request(version, &header, body).as_ref(), Ok(&frame));
        }
        let options = (0..40).map(|option| (format!("OPTION{option}"), String::new()));
        let startup = RequestFrame {
            request: Request::Startup(options.collect()),
            ..frame.clone()
        };
        let mut out = BytesMut::new();
        encode_request(Version::V4, 0, &startup, Some(compression), &mut out).unwrap();
        assert!(
            !super::envelope(&out).0.is_compressed(),
            "STARTUP is where it is agreed on"
        );
        let response = ResponseFrame::new(0, Response::SetKeyspace(text.clone()));
        let mut out = BytesMut::new();
        encode_response(Version::V4, &response, Some(compression), &mut out);
        let (header, body) = super::envelope(&out);
        assert!(header.is_compressed());
        let body = compression.decompress_if(&header, body, 2000).unwrap();
        assert_eq!(decode_response(Version::V4, &header, body), Ok(response));
    }
}

proptest! {
    #[test]
    fn bodies_survive_compression(body in prop::collection::vec(0_u8..3, 0..2000)) {
        for compression in [Compression::Lz4, Compression::Snappy] {
            let compressed = compression.compress(&body);
            let plain = compression.decompress(&compressed, body.len());
            prop_assert_eq!(plain, Ok(Bytes::from(body.clone())));
            for end in 0..compressed.len() {
                // The end of an lz4 block is not always missed, but its length is never less.
                if let Ok(plain) = compression.decompress(&compressed[..end], body.len()) {
                    prop_assert!(plain.is_empty() || plain.len() == body.len());
                }
            }
        }
    }

    #[test]
    fn any_bytes_decompress_or_are_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for compression in [Compression::Lz4, Compression::Snappy] {
            if let Ok(plain) = compression.decompress(&body, 5000) {
                prop_assert!(plain.len() <= 5000);
            }
        }
    }
}
