//! MurmurHash3 x64_128 as Cassandra computes it.
//!
//! Cassandra sign-extends each byte of the tail (the last `length mod 16` bytes) before it mixes
//! it in, which the published algorithm does not. Every driver and every Cassandra ring depends on
//! that, so ours does the same; the `murmur3` crate agrees only for keys whose tail is ASCII.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// The first 64 bits of the hash of `key`, seed 0.
pub fn murmur3_h1(key: &[u8]) -> i64 {
    let (mut h1, mut h2) = (0u64, 0u64);
    let mut blocks = key.chunks_exact(16);
    for block in &mut blocks {
        let (low, high) = block.split_at(8);
        h1 ^= mix_k1(little_endian(low));
        h1 = h1
            .rotate_left(27)
            .wrapping_add(h2)
            .wrapping_mul(5)
            .wrapping_add(0x52dc_e729);
        h2 ^= mix_k2(little_endian(high));
        h2 = h2
            .rotate_left(31)
            .wrapping_add(h1)
            .wrapping_mul(5)
            .wrapping_add(0x3849_5ab5);
    }
    let tail = blocks.remainder();
    let (low, high) = tail.split_at(tail.len().min(8));
    if !high.is_empty() {
        h2 ^= mix_k2(sign_extended(high));
    }
    if !low.is_empty() {
        h1 ^= mix_k1(sign_extended(low));
    }
    let length = key.len() as u64;
    h1 ^= length;
    h2 ^= length;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = finalize(h1);
    h2 = finalize(h2);
    h1.wrapping_add(h2).cast_signed()
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| (word << 8) | u64::from(byte))
}

/// Cassandra's quirk: each byte is widened with its sign before it is shifted into place.
fn sign_extended(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .zip((0..64).step_by(8))
        .fold(0, |word, (&byte, shift)| {
            word ^ (i64::from(byte.cast_signed()).cast_unsigned() << shift)
        })
}

fn mix_k1(k1: u64) -> u64 {
    k1.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn mix_k2(k2: u64) -> u64 {
    k2.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn finalize(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
