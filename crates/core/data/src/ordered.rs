//! Bytes that sort like the values they stand for (semantics 2.7).
//!
//! A component is a separator and an encoding. The separators of components, ends of bounds and
//! ends of keys all lie between `10` and `ef`, and no encoding begins with another followed by
//! such a byte: so sequences of components sort by their first difference.
//!
//! | byte | means |
//! |---|---|
//! | `40` | an encoding follows |
//! | `3f` | the empty value, nothing follows; first in ascending order |
//! | `41` | the same, in descending order |
//! | `42` | bytes that are no value of the type; decoding refuses them |
//!
//! In descending order every byte of the encoding is inverted, the separator is not.
//!
//! # Invariants
//!
//! * **O1** For values of one type, encodings compare as [`CqlType::compare`] does, reversed when
//!   descending.
//! * **O2** Decoding accepts exactly the bytes that encoding writes for a value.

mod number;

use crate::CqlType;
use crate::cql_type::Shape;
use bytes::Bytes;

const SEPARATOR: u8 = 0x40;
const SEPARATOR_EMPTY: u8 = 0x3F;
const SEPARATOR_EMPTY_DESCENDING: u8 = 0x41;
const SEPARATOR_WRONG: u8 = 0x42;

/// Ends an escaped value, or begins a run of zeros.
const ESCAPE: u8 = 0x00;
/// One more zero of a run.
const ESCAPED_ZERO: u8 = 0xFE;
/// The run of zeros ends and the value goes on.
const ESCAPE_ENDS: u8 = 0xFF;

/// Bytes that no key of the type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key is damaged at byte {offset}: expected {what}")]
pub struct CorruptKey {
    /// Where reading stopped, counted from the start of what was given to read.
    pub offset: usize,
    /// What was expected there.
    pub what: &'static str,
}

/// Writes a component of a key: the separator (`40`; `3f`, or `41` descending, for the empty value
/// of a type whose encoding would have no bytes), then the value's sorted bytes.
///
/// `wire` has passed [`CqlType::validate`] and the type [is orderable](CqlType::is_orderable).
pub fn encode_component(cql_type: CqlType, wire: &[u8], descending: bool, out: &mut Vec<u8>) {
    let separator = match cql_type.shape(wire) {
        Shape::Value => SEPARATOR,
        Shape::Empty if descending => SEPARATOR_EMPTY_DESCENDING,
        Shape::Empty => SEPARATOR_EMPTY,
        Shape::Wrong => SEPARATOR_WRONG,
    };
    out.push(separator);
    let start = out.len();
    match separator {
        SEPARATOR => encode_value(cql_type, wire, out),
        SEPARATOR_WRONG => encode_blob_escaped(wire, out),
        _ => {}
    }
    if descending {
        for byte in out.iter_mut().skip(start) {
            *byte = !*byte;
        }
    }
}

/// Writes the encoding of bytes that have the length of a value.
fn encode_value(cql_type: CqlType, wire: &[u8], out: &mut Vec<u8>) {
    match cql_type {
        // No key holds a collection; what is asked of them has some order.
        CqlType::Ascii
        | CqlType::Text
        | CqlType::Blob
        | CqlType::Inet
        | CqlType::Duration
        | CqlType::List(_)
        | CqlType::Set(_)
        | CqlType::Map(..) => {
            encode_blob_escaped(wire, out);
        }
        CqlType::Tinyint | CqlType::Smallint | CqlType::Int | CqlType::Timestamp => {
            flip_sign(wire, out);
        }
        CqlType::Bigint | CqlType::Counter => {
            number::encode_bigint(i64::from_be_bytes(array(wire)), out);
        }
        CqlType::Float | CqlType::Double => number::encode_float(wire, out),
        CqlType::Boolean => out.push(u8::from(wire != [0])),
        CqlType::Date | CqlType::Time => out.extend_from_slice(wire),
        CqlType::Uuid => out.extend(uuid_sort_key(wire).to_be_bytes()),
        CqlType::Timeuuid => out.extend(timeuuid_sort_key(wire).to_be_bytes()),
        CqlType::Varint => number::encode_varint(wire, out),
        CqlType::Decimal => number::encode_decimal(wire, out),
    }
}

/// Reads what [`encode_component`] wrote, separator and all, and moves `input` past it. Gives back
/// wire bytes in canonical form: equal values, equal bytes.
///
/// On an error `input` stays where it was.
pub fn decode_component(
    cql_type: CqlType,
    descending: bool,
    input: &mut &[u8],
) -> Result<Bytes, CorruptKey> {
    let mut reader = Reader::new(input, descending);
    let has_empty = cql_type.shape(&[]) == Shape::Empty;
    let wire = match reader.separator()? {
        SEPARATOR => decode_value(cql_type, &mut reader)?,
        SEPARATOR_EMPTY if has_empty && !descending => Bytes::new(),
        SEPARATOR_EMPTY_DESCENDING if has_empty && descending => Bytes::new(),
        _ => {
            return Err(CorruptKey {
                offset: 0,
                what: "a component's separator",
            });
        }
    };
    if cql_type.shape(&wire) == Shape::Wrong || cql_type.validate(&wire).is_err() {
        return Err(reader.corrupt("a value of the column's type"));
    }
    *input = reader.rest;
    Ok(wire)
}

fn decode_value(cql_type: CqlType, reader: &mut Reader<'_>) -> Result<Bytes, CorruptKey> {
    Ok(match cql_type {
        CqlType::Ascii | CqlType::Text | CqlType::Blob | CqlType::Inet => decode_escaped(reader)?,
        CqlType::Tinyint => unflip_sign(reader.take::<1>()?),
        CqlType::Smallint => unflip_sign(reader.take::<2>()?),
        CqlType::Int => unflip_sign(reader.take::<4>()?),
        CqlType::Timestamp => unflip_sign(reader.take::<8>()?),
        CqlType::Bigint | CqlType::Counter => owned(&number::decode_bigint(reader)?.to_be_bytes()),
        CqlType::Float => number::decode_float(reader.take::<4>()?, reader)?,
        CqlType::Double => number::decode_float(reader.take::<8>()?, reader)?,
        CqlType::Boolean => match reader.take::<1>()? {
            [byte @ (0 | 1)] => owned(&[byte]),
            _ => return Err(reader.corrupt("00 or 01 for a boolean")),
        },
        CqlType::Date => owned(&reader.take::<4>()?),
        CqlType::Time => owned(&reader.take::<8>()?),
        CqlType::Uuid => owned(&uuid_from_sort_key(u128::from_be_bytes(reader.take()?))),
        CqlType::Timeuuid => owned(&timeuuid_from_sort_key(u128::from_be_bytes(reader.take()?))),
        CqlType::Varint => number::decode_varint(reader)?,
        CqlType::Decimal => number::decode_decimal(reader)?,
        CqlType::Duration | CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..) => {
            return Err(reader.corrupt("a type that has an order"));
        }
    })
}

/// Writes bytes so that they sort as themselves, shorter prefix first, and end themselves.
pub fn encode_blob_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 1);
    let mut in_zeros = false;
    for byte in bytes {
        match (in_zeros, *byte) {
            (false, 0) => out.push(ESCAPE),
            (true, 0) => out.push(ESCAPED_ZERO),
            (false, byte) => out.push(byte),
            (true, byte) => out.extend([ESCAPE_ENDS, byte]),
        }
        in_zeros = *byte == 0;
    }
    out.push(if in_zeros { ESCAPED_ZERO } else { ESCAPE });
}

/// Reads what [`encode_blob_escaped`] wrote and moves `input` past it; not on an error.
pub fn decode_blob_escaped(input: &mut &[u8]) -> Result<Bytes, CorruptKey> {
    let mut reader = Reader::new(input, false);
    let bytes = decode_escaped(&mut reader)?;
    *input = reader.rest;
    Ok(bytes)
}

fn decode_escaped(reader: &mut Reader<'_>) -> Result<Bytes, CorruptKey> {
    let mut out = Vec::new();
    loop {
        match reader.next()? {
            ESCAPE => {}
            byte => {
                out.push(byte);
                continue;
            }
        }
        let mut zeros = 0;
        while reader.peek() == Some(ESCAPED_ZERO) {
            reader.next()?;
            zeros += 1;
        }
        if reader.peek() != Some(ESCAPE_ENDS) {
            // The last `FE` stands for the end; without any, so does the `00`.
            out.resize(out.len() + zeros, 0);
            return Ok(out.into());
        }
        reader.next()?;
        out.resize(out.len() + zeros + 1, 0);
        if matches!(reader.peek(), None | Some(ESCAPE)) {
            return Err(reader.corrupt("a byte other than zero after zeros"));
        }
    }
}

/// The key that a uuid sorts by: version; then, for version 1, time, else the other high bits;
/// then the low bits.
pub(crate) fn uuid_sort_key(uuid: &[u8]) -> u128 {
    let (high, low) = halves(uuid);
    let version = (high >> 12) & 0xF;
    let high = if version == 1 {
        time_first(high)
    } else {
        (version << 60) | ((high >> 4) & 0x0FFF_FFFF_FFFF_F000) | (high & 0xFFF)
    };
    (u128::from(high) << 64) | u128::from(low)
}

fn uuid_from_sort_key(key: u128) -> [u8; 16] {
    let (high, low) = ((key >> 64) as u64, key as u64);
    let version = high >> 60;
    let high = if version == 1 {
        time_last(high)
    } else {
        ((high & 0x0FFF_FFFF_FFFF_F000) << 4) | (version << 12) | (high & 0xFFF)
    };
    ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
}

/// Each low byte of a timeuuid compares as a signed one.
const SIGNED_LOW_BYTES: u64 = 0x8080_8080_8080_8080;

/// The key that a timeuuid sorts by: version and time, then the low bytes, each signed.
pub(crate) fn timeuuid_sort_key(uuid: &[u8]) -> u128 {
    let (high, low) = halves(uuid);
    (u128::from(time_first(high)) << 64) | u128::from(low ^ SIGNED_LOW_BYTES)
}

fn timeuuid_from_sort_key(key: u128) -> [u8; 16] {
    let (high, low) = ((key >> 64) as u64, key as u64);
    let uuid = (u128::from(time_last(high)) << 64) | u128::from(low ^ SIGNED_LOW_BYTES);
    uuid.to_be_bytes()
}

fn halves(uuid: &[u8]) -> (u64, u64) {
    let uuid = u128::from_be_bytes(array(uuid));
    ((uuid >> 64) as u64, uuid as u64)
}

/// low(32) mid(16) version and high(16) becomes version and high, mid, low.
const fn time_first(high: u64) -> u64 {
    (high << 48) | ((high << 16) & 0xFFFF_0000_0000) | (high >> 32)
}

/// Undoes [`time_first`].
const fn time_last(key: u64) -> u64 {
    (key << 32) | ((key >> 16) & 0xFFFF_0000) | (key >> 48)
}

fn flip_sign(wire: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(wire);
    if let Some(first) = out.get_mut(start) {
        *first ^= 0x80;
    }
}

fn unflip_sign<const N: usize>(mut bytes: [u8; N]) -> Bytes {
    if let Some(first) = bytes.first_mut() {
        *first ^= 0x80;
    }
    owned(&bytes)
}

fn owned(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// Bytes whose length [`CqlType::shape`] has checked.
fn array<const N: usize>(wire: &[u8]) -> [u8; N] {
    wire.try_into().expect("the length was checked")
}

/// Reads encodings, inverting them back when descending.
#[derive(Clone, Copy)]
struct Reader<'a> {
    rest: &'a [u8],
    bytes_total: usize,
    inversion: u8,
}

impl<'a> Reader<'a> {
    fn new(input: &&'a [u8], descending: bool) -> Self {
        Self {
            rest: input,
            bytes_total: input.len(),
            inversion: if descending { 0xFF } else { 0x00 },
        }
    }

    fn corrupt(&self, what: &'static str) -> CorruptKey {
        CorruptKey {
            offset: self.bytes_total - self.rest.len(),
            what,
        }
    }

    /// The byte before the encoding, which is never inverted.
    fn separator(&mut self) -> Result<u8, CorruptKey> {
        Ok(self.next()? ^ self.inversion)
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().map(|byte| byte ^ self.inversion)
    }

    fn next(&mut self) -> Result<u8, CorruptKey> {
        let Some((byte, rest)) = self.rest.split_first() else {
            return Err(self.corrupt("more bytes"));
        };
        self.rest = rest;
        Ok(byte ^ self.inversion)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], CorruptKey> {
        let Some((bytes, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.corrupt("more bytes"));
        };
        self.rest = rest;
        Ok(bytes.map(|byte| byte ^ self.inversion))
    }
}

#[cfg(test)]
mod tests;
