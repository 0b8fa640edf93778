//! Writes what fuzzing begins with: messages as the strategies draw them, always the same ones.
//! See `tests/fuzz/README.md` at the top of the repository.

use super::encoded_request;
use super::encoded_response;
use super::strategies::request;
use super::strategies::response;
use crate::Compression;
use crate::Header;
use crate::Version;
use crate::segment;
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::fs;
use std::path::Path;

const DRAWS: usize = 400;

/// An envelope of either direction.
fn envelope(version: Version) -> impl Strategy<Value = BytesMut> {
    let request = request(version).prop_map(move |frame| encoded_request(version, 1, &frame));
    let response = response(version).prop_map(move |frame| encoded_response(version, &frame));
    prop_oneof![request, response]
}

/// The same envelope with its body compressed.
fn compressed(bytes: &[u8], compression: Compression) -> BytesMut {
    let (header, body) = super::envelope(bytes);
    let body = compression.compress(&body);
    let mut out = BytesMut::new();
    let header = Header {
        flags: header.flags | crate::header::flag::COMPRESSED,
        body_bytes: body.len() as u32,
        ..header
    };
    header.encode(&mut out);
    out.extend_from_slice(&body);
    out
}

/// Segments, as [`frame_sequence`](crate::fuzz::frame_sequence) is told by `choice`: one around
/// all envelopes; and, behind it, one envelope cut in two.
fn segments(envelopes: &[BytesMut], choice: u8) -> BytesMut {
    let is_compressed = choice & 3 == 3;
    let mut out = BytesMut::new();
    segment::encode(&envelopes.concat(), is_compressed, &mut out);
    let header_bytes = if is_compressed { 5 } else { 3 };
    for envelope in envelopes.iter().take(1) {
        for part in envelope.chunks(envelope.len().div_ceil(2)) {
            out.extend_from_slice(&segment::forge(part.len() as u64, header_bytes, part));
        }
    }
    out
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

#[test]
#[ignore = "writes files into the folder that QUORATE_SEEDS names"]
fn write_seeds() {
    let top = std::env::var("QUORATE_SEEDS").expect("QUORATE_SEEDS names a folder");
    let (frames, sequences) = (
        Path::new(&top).join("frame"),
        Path::new(&top).join("frame_sequence"),
    );
    let mut runner = TestRunner::deterministic();
    for version in Version::EVERY {
        let strategy = (vec(envelope(version), 1..4), 0_u8..64);
        for draw in 0..DRAWS {
            let (envelopes, piece) = strategy.new_tree(&mut runner).unwrap().current();
            let name = |kind: &str| format!("{}-{draw:03}-{kind}", version.byte());
            write(&frames, &name("plain"), &envelopes[0]);
            for compression in [Compression::Lz4, Compression::Snappy] {
                let bytes = compressed(&envelopes[0], compression);
                write(&frames, &name(compression.name()), &bytes);
            }
            for (kind, choice) in [("plain", 0), ("segments", 2), ("lz4-segments", 3)] {
                let stream = match choice {
                    0 => BytesMut::from(&envelopes.concat()[..]),
                    choice => segments(&envelopes, choice),
                };
                let bytes = [&[piece << 2 | choice][..], &stream].concat();
                write(&sequences, &name(kind), &bytes);
            }
        }
    }
}
