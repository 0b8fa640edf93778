//! The protocol versions we speak.

use std::fmt;

/// A version of the native protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Version {
    /// Cassandra 2.1's.
    V3 = 3,
    /// Cassandra 2.2's: unset values, warnings, custom payloads, failure errors.
    V4 = 4,
    /// Cassandra 4.0's: segments with checksums, result metadata ids, a keyspace per request.
    V5 = 5,
}

impl Version {
    /// Every version, lowest first.
    pub const EVERY: [Self; 3] = [Self::V3, Self::V4, Self::V5];

    /// What we answer in when a client speaks none of ours.
    pub const HIGHEST: Self = Self::V5;

    /// The version of a header's first byte (without its direction bit).
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::EVERY
            .into_iter()
            .find(|version| version.byte() == byte)
    }

    /// The version as a header's first byte (without its direction bit).
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// How SUPPORTED and errors name it: `5/v5`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::V3 => "3/v3",
            Self::V4 => "4/v4",
            Self::V5 => "5/v5",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
