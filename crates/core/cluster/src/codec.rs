//! The bytes of the metadata state and of transformations.

use crate::Metadata;
use crate::Transformation;
use bytes::Bytes;

/// Bytes that are no metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("corrupt metadata: {0}")]
pub struct CorruptMetadata(pub String);

impl Metadata {
    /// The snapshot's bytes; equal states, equal bytes.
    pub fn encode(&self) -> Bytes {
        Bytes::new()
    }

    /// Reads [`Self::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptMetadata> {
        let _ = bytes;
        Err(CorruptMetadata("not yet".to_owned()))
    }
}

impl Transformation {
    /// The bytes of a log entry.
    pub fn encode(&self) -> Bytes {
        Bytes::new()
    }

    /// Reads [`Self::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptMetadata> {
        let _ = bytes;
        Err(CorruptMetadata("not yet".to_owned()))
    }
}
