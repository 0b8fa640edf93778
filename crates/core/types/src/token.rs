//! Places on the ring.
//!
//! # Invariants
//!
//! * **T1** A [`Token`] is never `i64::MIN`: that value only bounds the ring.
//! * **T2** A [`TokenRange`] never wraps: its start lies before its end.

use crate::murmur3_h1;
use std::fmt;

/// A partition's place on the ring. Never `i64::MIN` (**T1**).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(i64);

impl Token {
    /// The last place of the ring.
    pub const MAX: Self = Self(i64::MAX);
    /// The first place of the ring.
    pub const MIN: Self = Self(i64::MIN + 1);

    /// Takes a raw hash; `i64::MIN` becomes `i64::MAX`, as in Cassandra.
    pub const fn new(raw: i64) -> Self {
        if raw == i64::MIN {
            Self::MAX
        } else {
            Self(raw)
        }
    }

    /// The token of a partition key's bytes (semantics 2.2: one component bare, several framed).
    pub fn of_key(key: &[u8]) -> Self {
        Self::new(murmur3_h1(key))
    }

    /// The signed value that CQL's `token()` shows.
    pub const fn value(self) -> i64 {
        self.0
    }

    /// Eight bytes that sort like the ring: big endian with the sign bit flipped.
    pub const fn to_sorted_bytes(self) -> [u8; 8] {
        (self.0.cast_unsigned() ^ (1 << 63)).to_be_bytes()
    }

    /// Reads [`Self::to_sorted_bytes`].
    pub const fn from_sorted_bytes(bytes: [u8; 8]) -> Self {
        Self::new((u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The tokens in `(start, end]`: start exclusive, end inclusive, never wrapping (**T2**).
/// A start of `i64::MIN` means "from the ring's first token".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenRange {
    start: i64,
    end: Token,
}

impl TokenRange {
    /// The whole ring.
    pub const FULL: Self = Self {
        start: i64::MIN,
        end: Token::MAX,
    };

    /// `(start, end]`, or `None` when that holds no token.
    pub fn new(start: i64, end: Token) -> Option<Self> {
        (start < end.value()).then_some(Self { start, end })
    }

    /// The range of one token.
    pub const fn only(token: Token) -> Self {
        Self {
            start: token.0 - 1,
            end: token,
        }
    }

    /// Exclusive; `i64::MIN` for "from the beginning".
    pub const fn start(self) -> i64 {
        self.start
    }

    /// Inclusive.
    pub const fn end(self) -> Token {
        self.end
    }

    /// Whether `token` lies inside.
    pub const fn contains(self, token: Token) -> bool {
        self.start < token.0 && token.0 <= self.end.0
    }

    /// What both hold.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// The share of the whole ring, 0 to 1.
    pub fn fraction(self) -> f64 {
        let width = i128::from(self.end.0) - i128::from(self.start);
        width as f64 / 2f64.powi(64)
    }
}

impl fmt::Display for TokenRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {}]", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of_hex(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn tokens_equal_cassandras_for_every_vector() {
        let vectors = include_str!("../testdata/murmur3.txt");
        let mut checked = 0;
        for line in vectors.lines().filter(|line| !line.starts_with('#')) {
            let (key, token) = line.split_once(' ').unwrap();
            assert_eq!(
                Token::of_key(&bytes_of_hex(key)).value(),
                token.parse::<i64>().unwrap(),
                "{key}"
            );
            checked += 1;
        }
        assert_eq!(checked, 4803);
    }

    #[test]
    fn the_minimum_is_no_token() {
        assert_eq!(Token::new(i64::MIN), Token::MAX);
        assert_eq!(
            Token::of_key(&bytes_of_hex("653cbefb85ec3111b4e38fa9bc7cbcae")),
            Token::MAX
        );
        assert_eq!(
            Token::of_key(&bytes_of_hex("0580ac3a93bc2d3800238bdf71626cd2")),
            Token::MAX
        );
    }

    #[test]
    fn sorted_bytes_sort_like_the_ring_and_come_back() {
        let tokens = [i64::MIN + 1, -5, -1, 0, 1, 77, i64::MAX].map(Token::new);
        for pair in tokens.windows(2) {
            assert!(pair[0].to_sorted_bytes() < pair[1].to_sorted_bytes());
        }
        for token in tokens {
            assert_eq!(Token::from_sorted_bytes(token.to_sorted_bytes()), token);
        }
    }

    #[test]
    fn a_range_holds_its_end_and_not_its_start() {
        let range = TokenRange::new(10, Token::new(20)).unwrap();
        assert!(!range.contains(Token::new(10)));
        assert!(range.contains(Token::new(11)));
        assert!(range.contains(Token::new(20)));
        assert!(!range.contains(Token::new(21)));
        assert_eq!(TokenRange::new(20, Token::new(20)), None);
        assert_eq!(
            range.intersection(TokenRange::new(20, Token::new(30)).unwrap()),
            None
        );
        assert!((TokenRange::FULL.fraction() - 1.0).abs() < 1e-9);
    }
}
