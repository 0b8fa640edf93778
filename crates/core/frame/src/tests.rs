//! Golden bytes, round trips in every version, and what is refused.

mod limits;
mod properties;
mod requests;
mod responses;
mod seeds;
mod segments;
mod strategies;

use crate::Header;
use crate::Opcode;
use crate::ProtocolViolation;
use crate::RequestFrame;
use crate::Response;
use crate::ResponseFrame;
use crate::Version;
use crate::decode_request;
use crate::decode_response;
use crate::encode_request;
use crate::encode_response;
use crate::split_envelope;
use bytes::Bytes;
use bytes::BytesMut;

/// Bytes written as hex; white space and what follows `//` in a line are for the reader.
fn hex(text: &str) -> Vec<u8> {
    let code = text.lines().map(|line| line.split("//").next().unwrap());
    let digits: Vec<char> = code
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .collect();
    assert_eq!(digits.len() % 2, 0, "whole bytes: {text}");
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    format!("{:x}", Bytes::copy_from_slice(bytes))
}

/// The one envelope that `bytes` are.
fn envelope(bytes: &[u8]) -> (Header, Bytes) {
    let mut buffer = BytesMut::from(bytes);
    let envelope = split_envelope(&mut buffer, u32::MAX).unwrap().unwrap();
    assert!(buffer.is_empty(), "the length is that of the body");
    envelope
}

fn encoded_request(version: Version, stream: i16, frame: &RequestFrame) -> BytesMut {
    let mut out = BytesMut::new();
    encode_request(version, stream, frame, None, &mut out).unwrap();
    out
}

fn encoded_response(version: Version, frame: &ResponseFrame) -> BytesMut {
    let mut out = BytesMut::new();
    encode_response(version, frame, None, &mut out);
    out
}

/// Decoding a body that misses its end is an error, wherever it ends.
fn check_truncated<T>(body: &Bytes, decode: impl Fn(Bytes) -> Result<T, ProtocolViolation>) {
    for end in 0..body.len() {
        assert!(decode(body.slice(..end)).is_err(), "cut at {end}");
    }
}

fn check_request(version: Version, frame: &RequestFrame, bytes: &[u8]) {
    let (header, body) = envelope(bytes);
    assert_eq!(
        decode_request(version, &header, body.clone()).as_ref(),
        Ok(frame)
    );
    check_truncated(&body, |body| decode_request(version, &header, body));
}

fn check_response(version: Version, frame: &ResponseFrame, bytes: &[u8]) {
    let (header, body) = envelope(bytes);
    assert_eq!(
        decode_response(version, &header, body.clone()).as_ref(),
        Ok(frame)
    );
    check_truncated(&body, |body| decode_response(version, &header, body));
}

/// The request is exactly these bytes (stream 1), both ways.
fn golden_request(version: Version, frame: &RequestFrame, wanted: &str) {
    let bytes = encoded_request(version, 1, frame);
    assert_eq!(to_hex(&bytes), to_hex(&hex(wanted)), "{frame:?}");
    check_request(version, frame, &bytes);
}

/// The response is exactly these bytes, both ways.
fn golden_response(version: Version, frame: &ResponseFrame, wanted: &str) {
    let bytes = encoded_response(version, frame);
    assert_eq!(to_hex(&bytes), to_hex(&hex(wanted)), "{frame:?}");
    check_response(version, frame, &bytes);
}

/// The response's body (stream 1, no flags) is exactly these bytes, both ways.
fn golden_body(version: Version, response: Response, wanted: &str) {
    let body = hex(wanted);
    let header = Header {
        version: version.byte(),
        is_response: true,
        flags: 0,
        stream: 1,
        opcode: response.opcode().byte(),
        body_bytes: body.len() as u32,
    };
    let mut whole = BytesMut::new();
    header.encode(&mut whole);
    whole.extend_from_slice(&body);
    golden_response(version, &ResponseFrame::new(1, response), &to_hex(&whole));
}

#[test]
fn a_header_is_nine_bytes() {
    let header = Header {
        version: 4,
        is_response: true,
        flags: 0x0A,
        stream: -1,
        opcode: Opcode::Event.byte(),
        body_bytes: 0x0102_0304,
    };
    let mut out = BytesMut::new();
    header.encode(&mut out);
    assert_eq!(to_hex(&out), "840affff0c01020304");
    assert_eq!(Header::decode(out.first_chunk().unwrap()), header);
}

#[test]
fn opcodes_and_versions_survive_their_bytes() {
    for opcode in Opcode::EVERY {
        assert_eq!(Opcode::from_byte(opcode.byte()), Some(opcode));
    }
    assert_eq!(Opcode::from_byte(0x04), None);
    assert_eq!(Opcode::from_byte(0x11), None);
    for version in Version::EVERY {
        assert_eq!(Version::from_byte(version.byte()), Some(version));
    }
    assert_eq!(Version::from_byte(2), None);
    assert_eq!(Version::from_byte(6), None);
}
