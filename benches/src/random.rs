//! Numbers that are the same in every run.

use bytes::Bytes;

/// A stream of numbers from a seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The same seed, the same numbers.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number: a counter, well mixed (splitmix64).
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// Bytes that do not compress.
    pub fn bytes(&mut self, count: usize) -> Bytes {
        let words = (0..count.div_ceil(8)).flat_map(|_| self.number().to_le_bytes());
        words.take(count).collect()
    }
}
