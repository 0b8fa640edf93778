//! Hashes that are the same on every node: of statements and of queries. Not for security.

use std::io::Cursor;

/// 128 bits of Murmur3.
pub(crate) fn murmur3(bytes: &[u8]) -> u128 {
    murmur3::murmur3_x64_128(&mut Cursor::new(bytes), 0).expect("reading from memory cannot fail")
}
