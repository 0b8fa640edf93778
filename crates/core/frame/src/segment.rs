//! Version 5's outer framing, from the answer to STARTUP on: payloads with checksums.
//!
//! ```text
//!   plain: payload bytes 17 bit │ self-contained 1 │ 0 × 6 │ CRC24 3 bytes
//!   lz4:   payload bytes 17 bit │ uncompressed bytes 17 │ self-contained 1 │ 0 × 5 │ CRC24 3 bytes
//!          (no uncompressed bytes: the payload is not compressed)
//!   then:  payload │ CRC32 of FA 2D 55 CA and the payload, 4 bytes
//! ```
//!
//! All numbers are little-endian. A self-contained segment holds whole envelopes; a longer envelope
//! lies over several segments that are not, alone. [`EnvelopeReader`](crate::EnvelopeReader) takes
//! the envelopes out of the payloads either way.

use crate::compression::decompress_block;
use bytes::Buf;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;

/// How long a payload may be, before compression.
pub const PAYLOAD_BYTES_MAX: usize = (1 << 17) - 1;

const LENGTH_MASK: u64 = (1 << 17) - 1;
const CRC24_BYTES: usize = 3;
const CRC32_BYTES: usize = 4;
const PLAIN_HEADER_BYTES: usize = 3 + CRC24_BYTES;
const LZ4_HEADER_BYTES: usize = 5 + CRC24_BYTES;
const CRC24_START: u32 = 0x0087_5060;
const CRC24_POLYNOMIAL: u32 = 0x0197_4F0B;
const CRC32_PREFIX: [u8; 4] = [0xFA, 0x2D, 0x55, 0xCA];

/// Bytes that are no segment. The connection has to be closed: nobody knows where the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// The header was damaged on its way, or is none.
    #[error("segment header has checksum {read:06x}, expected {computed:06x}")]
    HeaderChecksum {
        /// What it says.
        read: u32,
        /// What it should say.
        computed: u32,
    },
    /// The payload was damaged on its way.
    #[error("segment payload has checksum {read:08x}, expected {computed:08x}")]
    PayloadChecksum {
        /// What it says.
        read: u32,
        /// What it should say.
        computed: u32,
    },
    /// The payload is no lz4 block of the length that the header names.
    #[error("segment payload is no lz4 block of {bytes} bytes")]
    Compression {
        /// That length.
        bytes: usize,
    },
}

/// One segment's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Uncompressed.
    pub payload: Bytes,
    /// Whether it holds whole envelopes only.
    pub is_self_contained: bool,
}

/// Appends the segments for `payload`: one self-contained segment, or several that are not when it
/// is longer than [`PAYLOAD_BYTES_MAX`]. Then it must be one envelope alone; below that, it may be
/// as many as there are.
pub fn encode(payload: &[u8], compress: bool, out: &mut BytesMut) {
    if payload.len() <= PAYLOAD_BYTES_MAX {
        encode_one(payload, true, compress, out);
        return;
    }
    for part in payload.chunks(PAYLOAD_BYTES_MAX) {
        encode_one(part, false, compress, out);
    }
}

fn encode_one(payload: &[u8], is_self_contained: bool, compress: bool, out: &mut BytesMut) {
    let length = |bytes: &[u8]| bytes.len() as u64 & LENGTH_MASK;
    if !compress {
        let header = length(payload) | u64::from(is_self_contained) << 17;
        write_header(header, 3, out);
        write_payload(payload, out);
        return;
    }
    let compressed = lz4_flex::block::compress(payload);
    let is_shorter = compressed.len() < payload.len();
    let (sent, uncompressed) = if is_shorter {
        (compressed.as_slice(), length(payload))
    } else {
        (payload, 0)
    };
    let header = length(sent) | uncompressed << 17 | u64::from(is_self_contained) << 34;
    write_header(header, 5, out);
    write_payload(sent, out);
}

fn write_header(header: u64, bytes: usize, out: &mut BytesMut) {
    out.put_uint_le(header, bytes);
    out.put_uint_le(u64::from(crc24(header, bytes)), CRC24_BYTES);
}

fn write_payload(payload: &[u8], out: &mut BytesMut) {
    out.put_slice(payload);
    out.put_u32_le(crc32(payload));
}

const fn header_bytes(is_compressed: bool) -> usize {
    if is_compressed {
        LZ4_HEADER_BYTES
    } else {
        PLAIN_HEADER_BYTES
    }
}

/// The checksum of the lowest `bytes` of a header.
fn crc24(header: u64, bytes: usize) -> u32 {
    let mut crc = CRC24_START;
    for byte in header.to_le_bytes().into_iter().take(bytes) {
        crc ^= u32::from(byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= CRC24_POLYNOMIAL;
            }
        }
    }
    crc
}

fn crc32(payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&CRC32_PREFIX);
    hasher.update(payload);
    hasher.finalize()
}

/// Takes payloads out of a stream of segments, however it is cut.
#[derive(Debug)]
pub struct SegmentReader {
    buffer: BytesMut,
    is_compressed: bool,
}

/// A header, checked.
struct SegmentHeader {
    header_bytes: usize,
    payload_bytes: usize,
    /// 0: not compressed.
    uncompressed_bytes: usize,
    is_self_contained: bool,
}

impl SegmentReader {
    /// A reader at the beginning of the segments; `is_compressed` says whether lz4 was agreed on.
    pub fn new(is_compressed: bool) -> Self {
        Self {
            buffer: BytesMut::new(),
            is_compressed,
        }
    }

    /// Adds bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where to read more bytes into, behind those that are there.
    pub const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Takes the next payload, if it is there in whole. A payload that was not compressed is a
    /// slice of what was read. After an error it is the same error for ever.
    pub fn pop(&mut self) -> Result<Option<Segment>, SegmentError> {
        let Some(header) = self.header()? else {
            return Ok(None);
        };
        let payload_end = header.header_bytes + header.payload_bytes;
        let Some(payload) = self.buffer.get(header.header_bytes..payload_end) else {
            return Ok(None);
        };
        let checksum = self.buffer.get(payload_end..payload_end + CRC32_BYTES);
        let Some(read) = checksum.and_then(|mut checksum| checksum.try_get_u32_le().ok()) else {
            return Ok(None);
        };
        let computed = crc32(payload);
        if read != computed {
            return Err(SegmentError::PayloadChecksum { read, computed });
        }
        let bytes = header.uncompressed_bytes;
        let plain = (bytes > 0).then(|| decompress_block(payload, bytes));
        let plain = plain
            .transpose()
            .map_err(|_| SegmentError::Compression { bytes })?;
        let mut segment = self.buffer.split_to(payload_end + CRC32_BYTES);
        let payload = plain.unwrap_or_else(|| {
            segment.truncate(payload_end);
            segment.split_off(header.header_bytes).freeze()
        });
        Ok(Some(Segment {
            payload,
            is_self_contained: header.is_self_contained,
        }))
    }

    /// The header at the front, if it is there.
    fn header(&self) -> Result<Option<SegmentHeader>, SegmentError> {
        let header_bytes = header_bytes(self.is_compressed);
        let field_bytes = header_bytes - CRC24_BYTES;
        let Some(mut bytes) = self.buffer.get(..header_bytes) else {
            return Ok(None);
        };
        let (Ok(header), Ok(read)) = (
            bytes.try_get_uint_le(field_bytes),
            bytes.try_get_uint_le(CRC24_BYTES),
        ) else {
            return Ok(None);
        };
        let (read, computed) = (read as u32, crc24(header, field_bytes));
        if read != computed {
            return Err(SegmentError::HeaderChecksum { read, computed });
        }
        let length = |at: u32| (header >> at & LENGTH_MASK) as usize;
        let flag_at = if self.is_compressed { 34 } else { 17 };
        Ok(Some(SegmentHeader {
            header_bytes,
            payload_bytes: length(0),
            uncompressed_bytes: if self.is_compressed { length(17) } else { 0 },
            is_self_contained: header >> flag_at & 1 == 1,
        }))
    }
}

/// Writes the right checksums into the segment at the front of `stream`, whose payload becomes
/// shorter if the stream ends before it; answers what is behind the segment. None: no room for one.
pub(crate) fn mend(stream: &mut [u8], is_compressed: bool) -> Option<&mut [u8]> {
    let header_bytes = header_bytes(is_compressed);
    let field_bytes = header_bytes - CRC24_BYTES;
    let room = stream.len().checked_sub(header_bytes + CRC32_BYTES)?;
    let (head, rest) = stream.split_at_mut_checked(header_bytes)?;
    let mut header = (&*head).try_get_uint_le(field_bytes).ok()?;
    let payload_bytes = room.min((header & LENGTH_MASK) as usize);
    header = header & !LENGTH_MASK | payload_bytes as u64;
    let (mut field, mut checksum) = head.split_at_mut_checked(field_bytes)?;
    field.put_uint_le(header, field_bytes);
    checksum.put_uint_le(u64::from(crc24(header, field_bytes)), CRC24_BYTES);
    let (payload, rest) = rest.split_at_mut_checked(payload_bytes)?;
    let (mut checksum, rest) = rest.split_at_mut_checked(CRC32_BYTES)?;
    checksum.put_u32_le(crc32(payload));
    Some(rest)
}

/// A segment with right checksums around whatever its header says.
#[cfg(test)]
pub(crate) fn forge(header: u64, header_bytes: usize, payload: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    write_header(header, header_bytes, &mut out);
    write_payload(payload, &mut out);
    out
}
