//! Laws: what is encoded is decoded, what is cut is refused, no bytes panic.

use super::check_request;
use super::check_response;
use super::encoded_request;
use super::encoded_response;
use super::strategies::request;
use super::strategies::response;
use super::strategies::version;
use crate::HEADER_BYTES;
use crate::Opcode;
use crate::fuzz;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

proptest! {
    #[test]
    fn requests_survive_in_every_version(
        (version, frame) in version().prop_flat_map(|v| (Just(v), request(v))),
        stream: i16,
    ) {
        let bytes = encoded_request(version, stream, &frame);
        check_request(version, &frame, &bytes);
    }

    #[test]
    fn responses_survive_in_every_version(
        (version, frame) in version().prop_flat_map(|v| (Just(v), response(v))),
    ) {
        let bytes = encoded_response(version, &frame);
        check_response(version, &frame, &bytes);
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(
        opcode in 0_u8..0x12,
        flags: u8,
        body in vec(prop_oneof![0_u8..4, any::<u8>()], 0..120),
    ) {
        let header = [4, flags, 0, 0, opcode, 0, 0, 0, 0];
        fuzz::frame(&[&header[..], &body].concat());
    }

    #[test]
    fn any_stream_ends(mut data in vec(prop_oneof![0_u8..8, any::<u8>()], 0..300)) {
        fuzz::frame_sequence(&data);
        fuzz::mend_checksums(&mut data);
        fuzz::frame_sequence(&data);
    }

    #[test]
    fn a_message_with_some_wrong_bytes_is_a_message_or_refused(
        (version, request, response) in
            version().prop_flat_map(|v| (Just(v), request(v), response(v))),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
        choice: u8,
    ) {
        let request = encoded_request(version, 1, &request);
        let response = encoded_response(version, &response);
        for bytes in [request, response] {
            let mut bytes = bytes.to_vec();
            for (index, byte) in &changes {
                let at = index.index(bytes.len());
                bytes[at] = *byte;
            }
            fuzz::frame(&bytes);
            fuzz::frame_sequence(&[&[choice][..], &bytes].concat());
        }
    }
}

#[test]
fn every_short_body_is_a_message_or_refused() {
    for opcode in Opcode::EVERY {
        for length in 0..40 {
            for fill in [0x00, 0x01, 0x02, 0x7F, 0x80, 0xFF] {
                let mut bytes = vec![fill; HEADER_BYTES + length];
                bytes[4] = opcode.byte();
                fuzz::frame(&bytes);
            }
        }
    }
}
