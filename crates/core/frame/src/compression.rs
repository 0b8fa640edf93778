//! Compressed bodies of versions 3 and 4, and the lz4 blocks of version 5's segments.
//!
//! ```text
//!   lz4:     uncompressed length 4 │ block        snappy: the raw format, which knows its length
//! ```

use crate::Header;
use bytes::Bytes;
use quorate_types::RequestError;

/// Neither format can say more than this many bytes with one.
const EXPANSION_MAX: usize = 255;

/// How a connection compresses bodies, as STARTUP's COMPRESSION names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// LZ4 blocks.
    Lz4,
    /// Snappy's raw format; not in version 5.
    Snappy,
}

/// A body that cannot be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// It claims to be longer than the limit.
    #[error("Request is too big: length {claimed} exceeds maximum allowed length {bytes_max}.")]
    TooLong {
        /// What it claims.
        claimed: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Its claim is impossible, or the bytes are no lz4 block of that length.
    #[error("Provided frame does not appear to be LZ4 compressed")]
    Lz4,
    /// The bytes are not Snappy's.
    #[error("Provided frame does not appear to be Snappy compressed")]
    Snappy,
}

impl From<CompressionError> for RequestError {
    fn from(error: CompressionError) -> Self {
        Self::Protocol(error.to_string())
    }
}

impl Compression {
    /// Reads STARTUP's COMPRESSION.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Lz4, Self::Snappy]
            .into_iter()
            .find(|compression| compression.name().eq_ignore_ascii_case(name))
    }

    /// The name in STARTUP and SUPPORTED.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
        }
    }

    /// Compresses a body. (What no compressor takes, 4 GiB and more, is not made shorter.)
    pub fn compress(self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::Lz4 => {
                let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
                let mut out = length.to_be_bytes().to_vec();
                out.extend(lz4_flex::block::compress(body));
                out
            }
            Self::Snappy => snap::raw::Encoder::new()
                .compress_vec(body)
                .unwrap_or_else(|_| body.to_vec()),
        }
    }

    /// Decompresses a body that may become `bytes_max` long. The length that it claims is checked
    /// before memory is.
    pub fn decompress(self, body: &[u8], bytes_max: usize) -> Result<Bytes, CompressionError> {
        match self {
            Self::Lz4 => {
                let (length, block) = body.split_first_chunk().ok_or(CompressionError::Lz4)?;
                let claimed = i32::from_be_bytes(*length);
                let claimed = usize::try_from(claimed).map_err(|_| CompressionError::Lz4)?;
                check_claim(claimed, block, bytes_max, CompressionError::Lz4)?;
                decompress_block(block, claimed)
            }
            Self::Snappy => {
                let claimed =
                    snap::raw::decompress_len(body).map_err(|_| CompressionError::Snappy)?;
                check_claim(claimed, body, bytes_max, CompressionError::Snappy)?;
                let plain = snap::raw::Decoder::new().decompress_vec(body);
                plain.map(Bytes::from).map_err(|_| CompressionError::Snappy)
            }
        }
    }

    /// Decompresses the body of an envelope whose header says that it is compressed; any other is
    /// answered as it is.
    pub fn decompress_if(
        self,
        header: &Header,
        body: Bytes,
        bytes_max: usize,
    ) -> Result<Bytes, CompressionError> {
        if header.is_compressed() {
            self.decompress(&body, bytes_max)
        } else {
            Ok(body)
        }
    }
}

fn check_claim(
    claimed: usize,
    compressed: &[u8],
    bytes_max: usize,
    impossible: CompressionError,
) -> Result<(), CompressionError> {
    if claimed > bytes_max {
        return Err(CompressionError::TooLong { claimed, bytes_max });
    }
    if claimed > compressed.len().saturating_mul(EXPANSION_MAX) {
        return Err(impossible);
    }
    Ok(())
}

/// An lz4 block of exactly `bytes` bytes; the caller has checked that it may have so many.
pub(crate) fn decompress_block(block: &[u8], bytes: usize) -> Result<Bytes, CompressionError> {
    if bytes > block.len().saturating_mul(EXPANSION_MAX) {
        return Err(CompressionError::Lz4);
    }
    let mut plain = vec![0; bytes];
    let made = lz4_flex::block::decompress_into(block, &mut plain);
    match made {
        Ok(made) if made == bytes => Ok(plain.into()),
        Ok(_) | Err(_) => Err(CompressionError::Lz4),
    }
}
