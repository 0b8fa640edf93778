//! A place in the log.
//!
//! Decides how two places compare and how one is written in twelve bytes. Knows nothing of files.

use std::fmt;

/// A place in the log: the segment's id, then the offset of a record's start within it.
///
/// Ordered as the log is: a record appended later has a greater position. The bytes of
/// [`LogPosition::to_bytes`] sort the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// Which segment.
    pub segment: u64,
    /// Offset in bytes of a record's start within the segment's file.
    pub offset: u32,
}

impl LogPosition {
    /// Before every record of every log.
    pub const START: Self = Self {
        segment: 0,
        offset: 0,
    };

    /// Segment, then offset, big endian.
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (segment, offset) = bytes.split_at_mut(8);
        segment.copy_from_slice(&self.segment.to_be_bytes());
        offset.copy_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    /// The inverse of [`LogPosition::to_bytes`].
    pub fn from_bytes(bytes: [u8; 12]) -> Self {
        let number = bytes
            .iter()
            .fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
        Self {
            segment: (number >> 32) as u64,
            offset: number as u32,
        }
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_round_trip_and_sort_like_positions(
            a in any::<(u64, u32)>(), b in any::<(u64, u32)>()
        ) {
            let a = LogPosition { segment: a.0, offset: a.1 };
            let b = LogPosition { segment: b.0, offset: b.1 };
            prop_assert_eq!(LogPosition::from_bytes(a.to_bytes()), a);
            prop_assert_eq!(a.to_bytes().cmp(&b.to_bytes()), a.cmp(&b));
            prop_assert!(LogPosition::START <= a);
        }
    }
}
