//! Sorted bytes of numbers.

use super::CorruptKey;
use super::Reader;
use super::owned;
use crate::cql_type::NUMBER_BYTES_MAX;
use crate::cql_type::strip_sign;
use crate::value::decimal::Decimal;
use crate::value::decimal::Magnitude;
use crate::value::vint;
use bytes::Bytes;
use num_bigint::Sign;

/// How many of a varint's bytes, without the sign, are written as a bigint's.
const SHORT_VARINT_BYTES_MAX: usize = 6;

/// Inverts what was written from `start` on.
fn invert(out: &mut [u8], start: usize) {
    for byte in out.iter_mut().skip(start) {
        *byte = !*byte;
    }
}

/// Of n bytes the first n bits are ones, then (n < 9) comes a zero and the number; for numbers
/// below zero everything is inverted.
pub(super) fn encode_bigint(value: i64, out: &mut Vec<u8>) {
    let start = out.len();
    let magnitude = (if value < 0 { !value } else { value }).cast_unsigned();
    let bits = 64 - magnitude.leading_zeros();
    // n bytes hold 7n - 1 bits; the ninth byte needs no zero and so holds 8 bits more.
    let bytes = if bits > 55 { 9 } else { bits / 7 + 1 };
    if bytes == 9 {
        out.push(0xFF);
        out.extend((magnitude | (1 << 63)).to_be_bytes());
    } else {
        let ones = u64::MAX << (64 - bytes);
        let word = ones | (magnitude << (64 - 8 * bytes));
        out.extend(word.to_be_bytes().iter().take(bytes as usize));
    }
    if value < 0 {
        invert(out, start);
    }
}

pub(super) fn decode_bigint(reader: &mut Reader<'_>) -> Result<i64, CorruptKey> {
    let first = reader.next()?;
    let inversion = if first < 0x80 { 0xFF } else { 0x00 };
    let first = first ^ inversion;
    let mut ones = first.leading_ones();
    let mut magnitude = u64::from(first.checked_shl(ones).unwrap_or(0).wrapping_shr(ones));
    if ones == 8 {
        magnitude = 0;
    }
    let mut extra = ones - 1;
    if ones == 8 {
        // Eight ones and a zero, or nine.
        let second = reader.next()? ^ inversion;
        extra -= 1;
        if second >= 0x80 {
            ones = 9;
            extra += 1;
        }
        magnitude = u64::from(second & 0x7F);
    }
    for _ in 0..extra {
        magnitude = (magnitude << 8) | u64::from(reader.next()? ^ inversion);
    }
    if ones > 1 && magnitude >> (7 * (ones - 1) - 1) == 0 {
        return Err(reader.corrupt("a number in no more bytes than it needs"));
    }
    let value = magnitude.cast_signed();
    Ok(if inversion == 0 { value } else { !value })
}

/// From zero up the sign bit is set; below zero all bits are inverted. All NaNs are one, and last.
pub(super) fn encode_float(wire: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    if let Ok(single) = wire.try_into().map(f32::from_be_bytes) {
        let single = if single.is_nan() { f32::NAN } else { single };
        out.extend(single.to_be_bytes());
    } else if let Ok(double) = wire.try_into().map(f64::from_be_bytes) {
        let double = if double.is_nan() { f64::NAN } else { double };
        out.extend(double.to_be_bytes());
    }
    match out.get_mut(start) {
        Some(first) if *first < 0x80 => *first |= 0x80,
        _ => invert(out, start),
    }
}

pub(super) fn decode_float<const N: usize>(
    bytes: [u8; N],
    reader: &Reader<'_>,
) -> Result<Bytes, CorruptKey> {
    let mut wire = bytes.to_vec();
    match wire.first_mut() {
        Some(first) if *first >= 0x80 => *first &= 0x7F,
        _ => invert(&mut wire, 0),
    }
    let mut canonical = Vec::with_capacity(N);
    encode_float(&wire, &mut canonical);
    if canonical == bytes {
        Ok(wire.into())
    } else {
        Err(reader.corrupt("the one NaN that keys have"))
    }
}

/// As a bigint if it has at most six bytes without its sign. Else `FF`, how many bytes more than
/// seven, and the bytes; inverted below zero, except that two's complement has the bytes inverted.
pub(super) fn encode_varint(wire: &[u8], out: &mut Vec<u8>) {
    let stripped = strip_sign(wire);
    let negative = wire.first().is_some_and(|byte| *byte >= 0x80);
    if stripped.len() <= SHORT_VARINT_BYTES_MAX {
        let sign = if negative { -1 } else { 0 };
        let value = stripped
            .iter()
            .fold(sign, |value: i64, byte| (value << 8) | i64::from(*byte));
        return encode_bigint(value, out);
    }
    let start = out.len();
    out.push(0xFF);
    vint::write_unsigned(stripped.len() as u64 - 7, out);
    if negative {
        invert(out, start);
    }
    out.extend_from_slice(stripped);
}

pub(super) fn decode_varint(reader: &mut Reader<'_>) -> Result<Bytes, CorruptKey> {
    let start = *reader;
    let first = reader.next()?;
    let (mut wire, padding) = if let 0x00 | 0xFF = first {
        let inversion = !first;
        let more = vint::read_unsigned(|| reader.next().ok().map(|byte| byte ^ inversion));
        let bytes = more
            .and_then(|more| usize::try_from(more).ok())
            .filter(|more| *more <= NUMBER_BYTES_MAX - 7)
            .ok_or_else(|| reader.corrupt("a number's length"))?;
        let mut wire = Vec::with_capacity(bytes + 8);
        wire.push(inversion);
        for _ in 0..bytes + 7 {
            wire.push(reader.next()?);
        }
        (wire, inversion)
    } else {
        *reader = start;
        let value = decode_bigint(reader)?;
        let padding = if value < 0 { 0xFF } else { 0x00 };
        (value.to_be_bytes().to_vec(), padding)
    };
    // The sign's bytes that the next byte's top bit already says.
    let needed = wire
        .windows(2)
        .take_while(|pair| matches!(pair, [a, b] if *a == padding && (*b ^ padding) < 0x80))
        .count();
    wire.drain(..needed);
    let mut canonical = Vec::new();
    encode_varint(&wire, &mut canonical);
    start.ends_before(reader, &canonical, "a number in its shortest form")?;
    Ok(wire.into())
}

/// Zero is `80`. Else sign and length of the exponent to base 100, the exponent, and the digits in
/// pairs, each plus `80`, then `00`. Below zero the exponent is negated, and the pairs are those of
/// the number rounded down and what is then left to add.
pub(super) fn encode_decimal(wire: &[u8], out: &mut Vec<u8>) {
    let decimal = Decimal::from_wire(wire).unwrap_or_else(Decimal::zero);
    let Some(magnitude) = decimal.magnitude() else {
        out.push(0x80);
        return;
    };
    let negative = decimal.sign() == Sign::Minus;
    // Rounded up, so that an odd exponent leaves a zero before the first digit.
    let exponent = (magnitude.exponent + 1) >> 1;
    let exponent = if negative { -exponent } else { exponent };
    let bytes = (71 - exponent.unsigned_abs().leading_zeros()) / 8;
    let sign = if negative { 0x00 } else { 0x80 };
    let length = bytes as u8;
    out.push(if exponent < 0 {
        sign + 0x40 - length
    } else {
        sign + 0x40 + length
    });
    out.extend(exponent.to_be_bytes().iter().skip(8 - bytes as usize));

    let mut pairs = pairs_of(&magnitude);
    if negative {
        negate_pairs(&mut pairs);
    }
    out.extend(pairs.iter().map(|pair| pair.wrapping_add(0x80)));
    out.push(0x00);
}

fn pairs_of(magnitude: &Magnitude) -> Vec<u8> {
    let odd = magnitude.exponent & 1 == 1;
    let mut digits = Vec::with_capacity(magnitude.digits.len() + 2);
    digits.extend(odd.then_some(0));
    digits.extend(&magnitude.digits);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [tens, ones] => tens * 10 + ones,
            [tens] => tens * 10,
            _ => 0,
        })
        .collect()
}

/// From the pairs of a number to those of its opposite, and back: the first is negative (as a
/// wrapped byte), the others are not.
fn negate_pairs(pairs: &mut [u8]) {
    let Some((last, others)) = pairs.split_last_mut() else {
        return;
    };
    let Some((first, middle)) = others.split_first_mut() else {
        *last = last.wrapping_neg();
        return;
    };
    *first = first.wrapping_add(1).wrapping_neg();
    for pair in middle {
        *pair = 99_u8.wrapping_sub(*pair);
    }
    *last = 100_u8.wrapping_sub(*last);
}

pub(super) fn decode_decimal(reader: &mut Reader<'_>) -> Result<Bytes, CorruptKey> {
    let start = *reader;
    let header = reader.next()?;
    if header == 0x80 {
        return Ok(Decimal::zero().to_wire());
    }
    let negative = header < 0x80;
    let length = i32::from(header & 0x7F) - 0x40;
    if length.abs() > 4 {
        return Err(reader.corrupt("a decimal's sign and exponent"));
    }
    let mut exponent = if length < 0 { -1_i64 } else { 0 };
    for _ in 0..length.abs() {
        exponent = (exponent << 8) | i64::from(reader.next()?);
    }
    let exponent = if negative { -exponent } else { exponent };

    let mut pairs = Vec::new();
    loop {
        match reader.next()? {
            0x00 => break,
            byte => pairs.push(byte.wrapping_sub(0x80)),
        }
        if pairs.len() > 2 * NUMBER_BYTES_MAX {
            return Err(reader.corrupt("the end of a decimal's digits"));
        }
    }
    if negative {
        negate_pairs(&mut pairs);
    }
    if pairs.iter().any(|pair| *pair > 99) {
        return Err(reader.corrupt("two digits"));
    }
    let mut digits: Vec<u8> = pairs
        .iter()
        .flat_map(|pair| [pair / 10, pair % 10])
        .collect();
    let mut exponent = 2 * exponent;
    if digits.first() == Some(&0) {
        digits.remove(0);
        exponent -= 1;
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let magnitude = Magnitude { exponent, digits };
    let decimal = Decimal::from_magnitude(negative, magnitude)
        .ok_or_else(|| reader.corrupt("a decimal's digits"))?;
    let wire = decimal.to_wire();
    let mut canonical = Vec::new();
    encode_decimal(&wire, &mut canonical);
    start.ends_before(reader, &canonical, "a decimal in its one form")?;
    Ok(owned(&wire))
}

impl Reader<'_> {
    /// Checks that what was read from here up to `end` is what encoding the result writes.
    fn ends_before(
        &self,
        end: &Self,
        canonical: &[u8],
        what: &'static str,
    ) -> Result<(), CorruptKey> {
        let bytes = self.rest.len() - end.rest.len();
        let read = self
            .rest
            .iter()
            .take(bytes)
            .map(|byte| byte ^ self.inversion);
        if read.eq(canonical.iter().copied()) {
            Ok(())
        } else {
            Err(self.corrupt(what))
        }
    }
}
