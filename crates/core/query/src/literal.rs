//! Constants: which kind of literal may stand for which type, and the bytes it then is.

use crate::error::invalid;
use crate::error::of_value;
use bytes::Bytes;
use quorate_cql::ast::Literal;
use quorate_cql::ast::LiteralKind;
use quorate_data::CqlType;
use quorate_data::text::parse_text;
use quorate_types::RequestError;

/// Whether a literal that looks like `kind` may be a value of the type.
pub(crate) const fn fits(kind: LiteralKind, cql_type: CqlType) -> bool {
    match kind {
        LiteralKind::String => matches!(
            cql_type,
            CqlType::Ascii
                | CqlType::Text
                | CqlType::Inet
                | CqlType::Timestamp
                | CqlType::Date
                | CqlType::Time
        ),
        LiteralKind::Integer => {
            cql_type.is_numeric()
                || matches!(cql_type, CqlType::Timestamp | CqlType::Date | CqlType::Time)
        }
        LiteralKind::Float => matches!(
            cql_type,
            CqlType::Float | CqlType::Double | CqlType::Decimal
        ),
        LiteralKind::Boolean => matches!(cql_type, CqlType::Boolean),
        LiteralKind::Uuid => matches!(cql_type, CqlType::Uuid | CqlType::Timeuuid),
        LiteralKind::Hex => matches!(cql_type, CqlType::Blob),
        LiteralKind::Duration => matches!(cql_type, CqlType::Duration),
    }
}

/// The bytes of a literal as a value of the type.
pub(crate) fn value(
    kind: LiteralKind,
    text: &str,
    receiver: &str,
    cql_type: CqlType,
) -> Result<Bytes, RequestError> {
    if !fits(kind, cql_type) {
        return Err(invalid(format!(
            "Invalid {} constant ({text}) for \"{receiver}\" of type {cql_type}",
            kind.as_str()
        )));
    }
    match cql_type {
        CqlType::Text => Ok(Bytes::copy_from_slice(text.as_bytes())),
        _ => parse_text(cql_type, text).map_err(of_value),
    }
}

/// The type of a literal that meets no column: of integers the narrowest from int on.
pub(crate) fn own_type(literal: &Literal) -> CqlType {
    match literal.kind {
        LiteralKind::String => CqlType::Text,
        LiteralKind::Integer if literal.text.parse::<i32>().is_ok() => CqlType::Int,
        LiteralKind::Integer if literal.text.parse::<i64>().is_ok() => CqlType::Bigint,
        LiteralKind::Integer => CqlType::Varint,
        LiteralKind::Float => match literal.text.parse::<f64>() {
            Ok(number) if number.is_infinite() && !literal.text.contains("nfinity") => {
                CqlType::Decimal
            }
            _ => CqlType::Double,
        },
        LiteralKind::Boolean => CqlType::Boolean,
        LiteralKind::Uuid => CqlType::Uuid,
        LiteralKind::Hex => CqlType::Blob,
        LiteralKind::Duration => CqlType::Duration,
    }
}

/// The literal as it is shown in messages and column names.
pub(crate) fn shown(literal: &Literal) -> String {
    match literal.kind {
        LiteralKind::String => format!("'{}'", literal.text.replace('\'', "''")),
        _ => literal.text.clone(),
    }
}
