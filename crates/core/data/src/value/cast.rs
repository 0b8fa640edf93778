//! `CAST(a AS b)` (semantics 10.4).

use super::Value;
use super::arithmetic::wrapped;
use super::decimal::Decimal;
use super::decimal::TooLarge;
use super::decimal::low_i64;
use super::time;
use crate::CqlType;
use crate::InvalidValue;
use crate::text::float::Shortest;
use crate::text::format_java;
use bytes::Bytes;

/// Whether `CAST(from AS to)` exists (semantics 10.4).
pub fn can_cast(from: CqlType, to: CqlType) -> bool {
    let to_text = matches!(to, CqlType::Text | CqlType::Ascii);
    if from == to {
        return true;
    }
    if from.is_numeric() {
        return to_text || to.is_numeric() && to != CqlType::Counter;
    }
    match from {
        CqlType::Ascii => to == CqlType::Text,
        CqlType::Boolean | CqlType::Inet | CqlType::Uuid | CqlType::Time => to_text,
        CqlType::Timeuuid => to_text || matches!(to, CqlType::Timestamp | CqlType::Date),
        CqlType::Timestamp => to_text || to == CqlType::Date,
        CqlType::Date => to_text || to == CqlType::Timestamp,
        _ => false,
    }
}

/// `CAST(value AS to)`. The empty value stays empty.
pub fn cast(from: CqlType, to: CqlType, wire: &[u8]) -> Result<Bytes, InvalidValue> {
    if !can_cast(from, to) {
        return Err(InvalidValue(format!("{from} cannot be cast to {to}")));
    }
    let Some(value) = Value::decode(from, wire)? else {
        return Ok(Bytes::new());
    };
    if from == to {
        return Ok(Bytes::copy_from_slice(wire));
    }
    if matches!(to, CqlType::Text | CqlType::Ascii) {
        return Ok(cast_to_text(&value)?.into());
    }
    let cast = match &value {
        Value::Timeuuid(uuid) => moment(time::millis_of_timeuuid(*uuid), to)?,
        Value::Timestamp(millis) => moment(*millis, to)?,
        // 2^32 days are fewer milliseconds than 64 bits hold.
        Value::Date(date) => Value::Timestamp(time::days_of_date(*date) * time::MILLIS_PER_DAY),
        number => cast_number(number, to)?,
    };
    Ok(cast.encode())
}

fn cast_to_text(value: &Value) -> Result<String, InvalidValue> {
    Ok(match value {
        Value::Decimal { scale, unscaled } => Decimal {
            scale: *scale,
            unscaled: unscaled.clone(),
        }
        .to_plain()
        .map_err(|TooLarge| {
            InvalidValue(format!("a decimal of scale {scale} is too long for text"))
        })?,
        other => format_java(other, 'T'),
    })
}

fn moment(millis: i64, to: CqlType) -> Result<Value, InvalidValue> {
    if to == CqlType::Timestamp {
        return Ok(Value::Timestamp(millis));
    }
    time::date_of_days(millis.div_euclid(time::MILLIS_PER_DAY))
        .map(Value::Date)
        .ok_or_else(|| {
            InvalidValue(format!(
                "the timestamp {millis} is beyond what a date holds"
            ))
        })
}

fn cast_number(value: &Value, to: CqlType) -> Result<Value, InvalidValue> {
    Ok(match to {
        CqlType::Float => Value::Float(to_f32(value)),
        CqlType::Double => Value::Double(to_f64(value)),
        CqlType::Decimal => to_decimal(value)?.into(),
        CqlType::Varint => Value::Varint(to_i64(value).into()),
        narrow => match value {
            // To the narrowest types a float goes by way of 32 bits: it stops at their ends.
            Value::Float(number) if narrow != CqlType::Bigint => {
                wrapped(narrow, (*number as i32).into())
            }
            Value::Double(number) if narrow != CqlType::Bigint => {
                wrapped(narrow, (*number as i32).into())
            }
            other => wrapped(narrow, to_i64(other)),
        },
    })
}

/// Truncated toward zero; floats stop at the ends, wider integers lose their high bits.
fn to_i64(value: &Value) -> i64 {
    match value {
        Value::Float(number) => *number as i64,
        Value::Double(number) => *number as i64,
        Value::Varint(number) => low_i64(number),
        Value::Decimal { scale, unscaled } => Decimal {
            scale: *scale,
            unscaled: unscaled.clone(),
        }
        .to_i64_wrapping(),
        integer => integer.as_integer().unwrap_or(0),
    }
}

/// As text that reading rounds correctly to either float.
fn float_text(value: &Value) -> Option<String> {
    match value {
        Value::Varint(number) => Some(Decimal::from(number.clone()).float_text()),
        Value::Decimal { scale, unscaled } => Some(
            Decimal {
                scale: *scale,
                unscaled: unscaled.clone(),
            }
            .float_text(),
        ),
        _ => None,
    }
}

fn to_f64(value: &Value) -> f64 {
    match value {
        Value::Float(number) => (*number).into(),
        Value::Double(number) => *number,
        other => match float_text(other) {
            Some(text) => text.parse().unwrap_or(f64::NAN),
            None => other.as_integer().unwrap_or(0) as f64,
        },
    }
}

fn to_f32(value: &Value) -> f32 {
    match value {
        Value::Float(number) => *number,
        Value::Double(number) => *number as f32,
        other => match float_text(other) {
            Some(text) => text.parse().unwrap_or(f32::NAN),
            None => other.as_integer().unwrap_or(0) as f32,
        },
    }
}

/// Floats by their shortest digits: the float 5.2 is the decimal 5.2.
fn to_decimal(value: &Value) -> Result<Decimal, InvalidValue> {
    let shortest = match value {
        Value::Float(number) => Shortest::from(*number),
        Value::Double(number) => Shortest::from(*number),
        Value::Varint(number) => return Ok(number.clone().into()),
        integer => {
            let number = integer.as_integer().unwrap_or(0);
            return Ok(num_bigint::BigInt::from(number).into());
        }
    };
    Decimal::parse(&shortest.with_point()).ok_or_else(|| {
        InvalidValue(format!(
            "{} cannot be converted into a decimal",
            shortest.with_point()
        ))
    })
}

#[cfg(test)]
mod tests;
