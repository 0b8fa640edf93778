//! Values as people write them: literals, CSV fields, shell output, JSON.

use crate::CqlType;
use crate::InvalidValue;
use bytes::Bytes;

/// The wire bytes of a value from its text form: the content of a CQL literal, a CSV field, a
/// shell's argument.
pub fn parse_text(cql_type: CqlType, text: &str) -> Result<Bytes, InvalidValue> {
    unimplemented!("{cql_type} {text}")
}

/// The value as the shell prints it. Bytes that are no value of the type print as `0x...`, the
/// empty value of a type that is not text as nothing.
pub fn format_text(cql_type: CqlType, wire: &[u8]) -> String {
    unimplemented!("{cql_type} {wire:?}")
}

/// The value as a CQL literal, quoted where the type wants it; [`parse_text`] of its content gives
/// the same bytes again.
pub fn format_literal(cql_type: CqlType, wire: &[u8]) -> String {
    unimplemented!("{cql_type} {wire:?}")
}

/// The value as JSON (semantics 10.7).
pub fn format_json(cql_type: CqlType, wire: &[u8]) -> String {
    unimplemented!("{cql_type} {wire:?}")
}
