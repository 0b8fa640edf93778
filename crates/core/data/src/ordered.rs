//! Bytes that sort like the values they stand for (semantics 2.7).

use crate::CqlType;
use bytes::Bytes;

/// Bytes that no key of the type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key is damaged at byte {offset}: {what}")]
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
    unimplemented!("{cql_type} {wire:?} {descending} {out:?}")
}

/// Reads what [`encode_component`] wrote, separator and all, and moves `input` past it. Gives back
/// wire bytes in canonical form: equal values, equal bytes.
pub fn decode_component(
    cql_type: CqlType,
    descending: bool,
    input: &mut &[u8],
) -> Result<Bytes, CorruptKey> {
    unimplemented!("{cql_type} {descending} {input:?}")
}

/// Writes bytes so that they sort as themselves, shorter prefix first, and end themselves.
pub fn encode_blob_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    unimplemented!("{bytes:?} {out:?}")
}

/// Reads what [`encode_blob_escaped`] wrote and moves `input` past it.
pub fn decode_blob_escaped(input: &mut &[u8]) -> Result<Bytes, CorruptKey> {
    unimplemented!("{input:?}")
}
