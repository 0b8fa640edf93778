//! What arrives with an execution: values for the markers, the time, and fresh ids.
//!
//! Decides how a value a client sent becomes bytes of its marker's type, or why it cannot.
//! Nothing is read from a clock here: [`Context`] carries everything that differs between two
//! executions of one plan.

use crate::error::invalid;
use crate::error::of_value;
use crate::literal;
use crate::spec::ColumnSpec;
use bytes::Bytes;
use quorate_cql::ast::LiteralKind;
use quorate_data::CqlType;
use quorate_data::text::parse_text;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use uuid::Uuid;

/// A value for a bind marker, in whatever form the client's protocol had it.
#[derive(Debug, Clone, PartialEq)]
pub enum BoundValue {
    /// CQL's null.
    Null,
    /// Not set: the column stays as it is.
    Unset,
    /// CQL wire bytes of the marker's type.
    Wire(Bytes),
    /// The text form of a value of the marker's type.
    Text(String),
    /// An integer, converted to the marker's type or refused.
    Integer(i64),
    /// A floating point number, converted to the marker's type or refused.
    Floating(f64),
    /// A boolean; refused for markers of any other type.
    Boolean(bool),
}

/// Everything one execution of a plan depends on beside the plan.
pub struct Context<'a> {
    /// One per marker, in the markers' order, or in the order of `names`.
    pub values: &'a [BoundValue],
    /// The marker that each value is for; `None`: by position.
    pub names: Option<&'a [String]>,
    /// By which second expiry is judged and TTLs count.
    pub now: NowInSeconds,
    /// What writes carry that name no timestamp: the client's default or the coordinator's clock.
    pub timestamp: WriteTimestamp,
    /// The latest timestamp a write may carry, whoever gave it: one far in the future would hide all
    /// that follow.
    pub timestamp_max: WriteTimestamp,
    /// Gives random (version 4) UUIDs.
    pub uuids: &'a mut dyn FnMut() -> Uuid,
    /// Gives time (version 1) UUIDs of now, each once.
    pub time_uuids: &'a mut dyn FnMut() -> Uuid,
    /// The coordinator's clock, milliseconds since 1970: what `current_timestamp()` says.
    pub now_millis: i64,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("values", &self.values)
            .field("names", &self.names)
            .field("now", &self.now)
            .field("timestamp", &self.timestamp)
            .field("now_millis", &self.now_millis)
            .finish_non_exhaustive()
    }
}

/// A computed value. Unset comes only from markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bound {
    Unset,
    Null,
    Value(Bytes),
}

impl From<Option<Bytes>> for Bound {
    fn from(value: Option<Bytes>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

/// The values of all markers, converted and validated.
pub(crate) fn bind_markers(
    markers: &[ColumnSpec],
    context: &Context<'_>,
) -> Result<Vec<Bound>, RequestError> {
    let Some(names) = context.names else {
        if context.values.len() != markers.len() {
            return Err(invalid("Invalid amount of bind variables"));
        }
        return markers
            .iter()
            .zip(context.values)
            .map(|(marker, value)| convert(value, marker))
            .collect();
    };
    if names.len() != context.values.len() {
        return Err(invalid("Invalid amount of bind variables"));
    }
    let by_name = |marker: &ColumnSpec| {
        let position = names.iter().position(|name| *name == marker.name);
        position.and_then(|position| context.values.get(position))
    };
    markers
        .iter()
        .map(|marker| match by_name(marker) {
            Some(value) => convert(value, marker),
            None => Err(invalid("Invalid amount of bind variables")),
        })
        .collect()
}

fn convert(value: &BoundValue, marker: &ColumnSpec) -> Result<Bound, RequestError> {
    let bytes = match value {
        BoundValue::Null => return Ok(Bound::Null),
        BoundValue::Unset => return Ok(Bound::Unset),
        BoundValue::Wire(bytes) => {
            marker.cql_type.validate(bytes).map_err(of_value)?;
            bytes.clone()
        }
        BoundValue::Text(text) => match marker.cql_type {
            CqlType::Text => Bytes::copy_from_slice(text.as_bytes()),
            cql_type => parse_text(cql_type, text).map_err(of_value)?,
        },
        BoundValue::Integer(number) => integer(*number, marker)?,
        BoundValue::Floating(number) => floating(*number, marker)?,
        BoundValue::Boolean(value) => match marker.cql_type {
            CqlType::Boolean => Bytes::from_static(if *value { &[1] } else { &[0] }),
            _ => other_kind(LiteralKind::Boolean, &value.to_string(), marker)?,
        },
    };
    Ok(Bound::Value(bytes))
}

/// The fixed-width integers directly, everything else by its text: the first are what hot
/// statements bind.
fn integer(number: i64, marker: &ColumnSpec) -> Result<Bytes, RequestError> {
    let narrow = match marker.cql_type {
        CqlType::Bigint | CqlType::Counter | CqlType::Timestamp => {
            Some(Bytes::copy_from_slice(&number.to_be_bytes()))
        }
        CqlType::Int => i32::try_from(number)
            .ok()
            .map(|number| Bytes::copy_from_slice(&number.to_be_bytes())),
        CqlType::Smallint => i16::try_from(number)
            .ok()
            .map(|number| Bytes::copy_from_slice(&number.to_be_bytes())),
        CqlType::Tinyint => i8::try_from(number)
            .ok()
            .map(|number| Bytes::copy_from_slice(&number.to_be_bytes())),
        CqlType::Double => Some(Bytes::copy_from_slice(&(number as f64).to_be_bytes())),
        CqlType::Float => Some(Bytes::copy_from_slice(&(number as f32).to_be_bytes())),
        _ => None,
    };
    match narrow {
        Some(bytes) => Ok(bytes),
        None => other_kind(LiteralKind::Integer, &number.to_string(), marker),
    }
}

fn floating(number: f64, marker: &ColumnSpec) -> Result<Bytes, RequestError> {
    match marker.cql_type {
        CqlType::Double => Ok(Bytes::copy_from_slice(&number.to_be_bytes())),
        CqlType::Float => Ok(Bytes::copy_from_slice(&(number as f32).to_be_bytes())),
        _ => other_kind(LiteralKind::Float, &format!("{number:?}"), marker),
    }
}

fn other_kind(kind: LiteralKind, text: &str, marker: &ColumnSpec) -> Result<Bytes, RequestError> {
    literal::value(kind, text, &marker.name, marker.cql_type)
}
