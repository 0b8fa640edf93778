//! The bytes of headers, records and marks, and how to find the next whole one among garbage.
//!
//! Pure functions over byte slices; knows nothing of files. All numbers are big endian. Every
//! checksum but the header's is salted with the file's id, so bytes that a recycled file keeps from
//! an earlier life never check.
//!
//! ```text
//! header  magic 8 | version u32 | id u64 | crc32(all before) u32                        24 bytes
//! record  length u32 | crc32(length) u32 | payload | crc32(payload) u32           12 + n bytes
//! synced  ffffffff   | crc32         u32 | own offset u32              | crc32 u32    16 bytes
//! closed  fffffffe   | crc32         u32 | own offset u32 | successor u64 | crc32     24 bytes
//! end     eight zero bytes
//! ```

use crc32fast::Hasher;
use std::ops::Range;

/// Bytes of a file's header.
pub(crate) const HEADER_BYTES: u32 = 24;
/// Bytes a record takes beyond its payload.
pub(crate) const RECORD_OVERHEAD: u32 = 12;
/// Bytes of the mark that says "everything before me was synced before I was written".
pub(crate) const SYNCED_BYTES: u32 = 16;
/// Bytes of the mark that ends a segment and names the next one.
pub(crate) const CLOSED_BYTES: u32 = 24;
/// What follows the last record until the next one overwrites it.
pub(crate) const TERMINATOR: [u8; 8] = [0; 8];
/// The smallest segment.
pub(crate) const SEGMENT_BYTES_MIN: u32 = 256;
/// The largest segment.
pub(crate) const SEGMENT_BYTES_MAX: u32 = 1 << 30;
/// Longest payload in any file: half of the largest segment.
pub(crate) const PAYLOAD_BYTES_MAX: u32 = SEGMENT_BYTES_MAX / 2 - RECORD_OVERHEAD;

/// The version written into headers.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// First bytes of a segment.
pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"QUORSEGM";
/// First bytes of a record file.
pub(crate) const RECORD_FILE_MAGIC: [u8; 8] = *b"QUORRECS";

const SYNCED: u32 = 0xffff_ffff;
const CLOSED: u32 = 0xffff_fffe;

/// What a segment keeps free behind its last record, for one mark of each kind.
pub(crate) const RESERVE_BYTES: u32 = SYNCED_BYTES + CLOSED_BYTES;

const _: () = assert!(
    PAYLOAD_BYTES_MAX < CLOSED,
    "a length is never taken for a mark"
);
const _: () = assert!(
    HEADER_BYTES + RESERVE_BYTES <= SEGMENT_BYTES_MIN / 2,
    "half always fits"
);
const _: () = assert!(
    TERMINATOR.len() as u32 <= CLOSED_BYTES,
    "the end fits where a mark fits"
);

/// Checksums of one file.
#[derive(Debug, Clone)]
pub(crate) struct Salt(Hasher);

impl Salt {
    pub(crate) fn new(id: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(&id.to_be_bytes());
        Self(hasher)
    }

    fn of(&self, bytes: &[u8]) -> [u8; 4] {
        let mut hasher = self.0.clone();
        hasher.update(bytes);
        hasher.finalize().to_be_bytes()
    }
}

/// Why a header is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// Too short, another magic, or a wrong checksum.
    Unreadable,
    /// Whole, but of this version.
    Version(u32),
}

pub(crate) fn encode_header(magic: [u8; 8], id: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
    bytes.extend_from_slice(&magic);
    bytes.extend_from_slice(&FORMAT_VERSION.to_be_bytes());
    bytes.extend_from_slice(&id.to_be_bytes());
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_be_bytes());
    bytes
}

/// The id in a header.
pub(crate) fn decode_header(magic: [u8; 8], bytes: &[u8]) -> Result<u64, HeaderFault> {
    let fields = bytes.get(..20).ok_or(HeaderFault::Unreadable)?;
    let crc = u32_at(bytes, 20).ok_or(HeaderFault::Unreadable)?;
    if !fields.starts_with(&magic) || crc32fast::hash(fields) != crc {
        return Err(HeaderFault::Unreadable);
    }
    match u32_at(bytes, 8) {
        Some(FORMAT_VERSION) => u64_at(bytes, 12).ok_or(HeaderFault::Unreadable),
        Some(version) => Err(HeaderFault::Version(version)),
        None => Err(HeaderFault::Unreadable),
    }
}

pub(crate) fn encode_record(salt: &Salt, parts: &[&[u8]], out: &mut Vec<u8>) {
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    let length = u32::try_from(bytes)
        .expect("callers refuse longer payloads")
        .to_be_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&salt.of(&length));
    let mut hasher = salt.0.clone();
    for part in parts {
        hasher.update(part);
        out.extend_from_slice(part);
    }
    out.extend_from_slice(&hasher.finalize().to_be_bytes());
}

pub(crate) fn encode_synced(salt: &Salt, offset: u32, out: &mut Vec<u8>) {
    encode_mark(salt, SYNCED, &offset.to_be_bytes(), out);
}

pub(crate) fn encode_closed(salt: &Salt, offset: u32, successor: u64, out: &mut Vec<u8>) {
    let mut body = [0; 12];
    let (own, next) = body.split_at_mut(4);
    own.copy_from_slice(&offset.to_be_bytes());
    next.copy_from_slice(&successor.to_be_bytes());
    encode_mark(salt, CLOSED, &body, out);
}

fn encode_mark(salt: &Salt, kind: u32, body: &[u8], out: &mut Vec<u8>) {
    let kind = kind.to_be_bytes();
    out.extend_from_slice(&kind);
    out.extend_from_slice(&salt.of(&kind));
    out.extend_from_slice(body);
    out.extend_from_slice(&salt.of(body));
}

/// What stands at an offset of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A whole record.
    Record { payload: Range<usize>, next: usize },
    /// Everything before was synced before this was written.
    Synced { next: usize },
    /// The segment takes no more records; `successor` does.
    Closed { successor: u64 },
    /// The end of what was written.
    End,
    /// Anything else.
    Bad,
}

/// How many bytes stand between the two checksums, if the first eight bytes of a frame check.
pub(crate) fn body_bytes(head: [u8; 8], salt: &Salt) -> Option<u32> {
    let [a, b, c, d, crc @ ..] = head;
    let length = u32::from_be_bytes([a, b, c, d]);
    // The cheap question first: looking for a frame among garbage asks it for every byte.
    let body = match length {
        SYNCED => SYNCED_BYTES - RECORD_OVERHEAD,
        CLOSED => CLOSED_BYTES - RECORD_OVERHEAD,
        1..=PAYLOAD_BYTES_MAX => length,
        _ => return None,
    };
    (salt.of(&[a, b, c, d]) == crc).then_some(body)
}

/// The same for records only: files without marks have none.
pub(crate) fn record_bytes(head: [u8; 8], salt: &Salt) -> Option<u32> {
    let [a, b, c, d, ..] = head;
    let length = u32::from_be_bytes([a, b, c, d]);
    if length <= PAYLOAD_BYTES_MAX {
        body_bytes(head, salt)
    } else {
        None
    }
}

/// Whether the bytes between the checksums check.
pub(crate) fn body_checks(body: &[u8], crc: [u8; 4], salt: &Salt) -> bool {
    salt.of(body) == crc
}

/// What stands at `offset`.
pub(crate) fn frame_at(bytes: &[u8], offset: usize, salt: &Salt) -> Frame {
    let rest = bytes.get(offset..).unwrap_or_default();
    let Some(head) = rest.first_chunk::<8>() else {
        return if rest.iter().all(|byte| *byte == 0) {
            Frame::End
        } else {
            Frame::Bad
        };
    };
    if *head == TERMINATOR {
        return Frame::End;
    }
    whole_frame(rest, *head, offset, salt).unwrap_or(Frame::Bad)
}

fn whole_frame(rest: &[u8], head: [u8; 8], offset: usize, salt: &Salt) -> Option<Frame> {
    let length = body_bytes(head, salt)? as usize;
    let body = rest.get(8..8 + length)?;
    let crc = rest.get(8 + length..)?.first_chunk::<4>()?;
    if !body_checks(body, *crc, salt) {
        return None;
    }
    let next = offset + 12 + length;
    let kind = u32_at(rest, 0)?;
    if kind != SYNCED && kind != CLOSED {
        return Some(Frame::Record {
            payload: offset + 8..offset + 8 + length,
            next,
        });
    }
    // A mark names its own place, so that one inside a payload says nothing.
    if u32_at(body, 0)? as usize != offset {
        return None;
    }
    match kind {
        SYNCED => Some(Frame::Synced { next }),
        _ => Some(Frame::Closed {
            successor: u64_at(body, 4)?,
        }),
    }
}

/// What can still be read behind a frame that cannot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Whole records.
    pub(crate) records: u64,
    /// Whether a mark proves that the unreadable bytes had been synced.
    pub(crate) synced: bool,
}

/// Most of a segment is zeros, and a length begins with at most three.
const ZEROS: [u8; 128] = [0; 128];

/// Looks through everything behind `offset` for frames of this file.
pub(crate) fn survey(bytes: &[u8], offset: usize, salt: &Salt) -> Survey {
    let mut found = Survey::default();
    let mut at = offset + 1;
    while let Some(head) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        at += match u64::from_be_bytes(*head) {
            0 if bytes.get(at..).is_some_and(|rest| rest.starts_with(&ZEROS)) => ZEROS.len() - 3,
            0 => 5,
            _ => match frame_at(bytes, at, salt) {
                Frame::Record { next, .. } => {
                    found.records += 1;
                    next - at
                }
                Frame::Synced { next } => {
                    found.synced = true;
                    next - at
                }
                Frame::Closed { .. } => {
                    found.synced = true;
                    CLOSED_BYTES as usize
                }
                Frame::End | Frame::Bad => 1,
            },
        };
    }
    found
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes
        .get(offset..)?
        .first_chunk()
        .map(|chunk| u32::from_be_bytes(*chunk))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes
        .get(offset..)?
        .first_chunk()
        .map(|chunk| u64::from_be_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(id: u64, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode_record(&Salt::new(id), &[payload], &mut out);
        out
    }

    #[test]
    fn a_record_is_read_back_whole() {
        let bytes = record(7, b"hello");
        assert_eq!(
            frame_at(&bytes, 0, &Salt::new(7)),
            Frame::Record {
                payload: 8..13,
                next: 17
            }
        );
    }

    #[test]
    fn a_record_of_another_segment_never_checks() {
        let bytes = record(7, b"hello");
        for other in (0..5000).filter(|id| *id != 7) {
            assert_eq!(frame_at(&bytes, 0, &Salt::new(other)), Frame::Bad);
        }
    }

    #[test]
    fn a_mark_out_of_its_place_says_nothing() {
        let salt = Salt::new(3);
        let mut bytes = vec![0; 10];
        encode_synced(&salt, 10, &mut bytes);
        assert_eq!(frame_at(&bytes, 10, &salt), Frame::Synced { next: 26 });
        bytes.insert(0, 0);
        assert_eq!(frame_at(&bytes, 11, &salt), Frame::Bad);
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_seen() {
        let header = encode_header(SEGMENT_MAGIC, 9);
        assert_eq!(header.len(), HEADER_BYTES as usize);
        assert_eq!(decode_header(SEGMENT_MAGIC, &header), Ok(9));
        for bit in 0..header.len() * 8 {
            let mut flipped = header.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                decode_header(SEGMENT_MAGIC, &flipped),
                Err(HeaderFault::Unreadable)
            );
        }
    }

    #[test]
    fn a_whole_header_of_another_version_is_named() {
        let mut header = encode_header(SEGMENT_MAGIC, 9);
        header[11] = 2;
        let crc = crc32fast::hash(&header[..20]);
        header[20..].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(
            decode_header(SEGMENT_MAGIC, &header),
            Err(HeaderFault::Version(2))
        );
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_frame_and_never_a_panic(
            bytes in proptest::collection::vec(prop_oneof![3 => Just(0u8), 1 => Just(255u8), 2 => any::<u8>()], 0..400),
            offset in 0usize..420,
        ) {
            let frame = frame_at(&bytes, offset, &Salt::new(1));
            prop_assert!(matches!(frame, Frame::End | Frame::Bad));
            prop_assert_eq!(survey(&bytes, offset, &Salt::new(1)), Survey::default());
        }

        #[test]
        fn a_survey_finds_records_wherever_they_stand(
            gaps in proptest::collection::vec(0usize..40, 1..6),
            payload in proptest::collection::vec(any::<u8>(), 1..60),
        ) {
            let mut bytes = vec![1u8];
            for gap in &gaps {
                bytes.extend(std::iter::repeat_n(0, *gap));
                bytes.extend(record(5, &payload));
            }
            let found = survey(&bytes, 0, &Salt::new(5));
            prop_assert_eq!(found, Survey { records: gaps.len() as u64, synced: false });
        }
    }
}
