//! Values as people write them: literals, CSV fields, shell output, JSON.
//!
//! Reading accepts what CQL does (semantics 10.3); time zones are UTC or offsets, for the core
//! knows no zone rules, and there is no `now`, for it knows no clock. Writing never fails: bytes
//! that are no value of the type come out as `0x...`.

pub(crate) mod float;
mod moment;

use crate::CqlType;
use crate::InvalidValue;
use crate::Value;
use crate::value::Duration;
use crate::value::collection_elements;
use crate::value::decimal::Decimal;
use crate::value::decimal::parse_digits;
use crate::value::time::NANOS_PER_DAY;
use crate::value::time::date_of_days;
use crate::value::time::days_of_date;
use bytes::Bytes;
use float::Shortest;
use std::fmt;
use std::fmt::Write as _;
use std::net::IpAddr;
use uuid::Uuid;

/// Prints bytes in hexadecimal.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn invalid(message: &str, text: &str) -> InvalidValue {
    // Nobody reads more of a value that may have megabytes.
    let shown: String = text.chars().take(200).collect();
    InvalidValue(message.replace("%s", &shown))
}

/// The wire bytes of a value from its text form: the content of a CQL literal, a CSV field, a
/// shell's argument. No text at all is the empty value, for types that have one.
pub fn parse_text(cql_type: CqlType, text: &str) -> Result<Bytes, InvalidValue> {
    if text.is_empty() && cql_type.validate(&[]).is_ok() {
        return Ok(Bytes::new());
    }
    Ok(parse_value(cql_type, text)?.encode())
}

fn parse_value(cql_type: CqlType, text: &str) -> Result<Value, InvalidValue> {
    let refuse = |message: &str| invalid(message, text);
    Ok(match cql_type {
        CqlType::Ascii if !text.is_ascii() => {
            return Err(refuse("Invalid ASCII character in string literal: %s"));
        }
        CqlType::Ascii => Value::Ascii(text.to_owned()),
        CqlType::Text => Value::Text(text.to_owned()),
        CqlType::Blob => Value::Blob(parse_blob(text)?),
        CqlType::Boolean if text.eq_ignore_ascii_case("true") => Value::Boolean(true),
        CqlType::Boolean if text.eq_ignore_ascii_case("false") => Value::Boolean(false),
        CqlType::Boolean => return Err(refuse("Unable to make boolean from '%s'")),
        CqlType::Tinyint => Value::Tinyint(number(text, "Unable to make byte from '%s'")?),
        CqlType::Smallint => Value::Smallint(number(text, "Unable to make short from '%s'")?),
        CqlType::Int => Value::Int(number(text, "Unable to make int from '%s'")?),
        CqlType::Bigint => Value::Bigint(number(text, "Unable to make long from '%s'")?),
        CqlType::Counter => Value::Counter(number(text, "Unable to make long from '%s'")?),
        CqlType::Float => {
            let number: f32 = number(text, "Unable to make float from '%s'")?;
            Value::Float(if number.is_nan() { f32::NAN } else { number })
        }
        CqlType::Double => {
            let number: f64 = number(text, "Unable to make double from '%s'")?;
            Value::Double(if number.is_nan() { f64::NAN } else { number })
        }
        CqlType::Varint => parse_varint(text)?,
        CqlType::Decimal => Decimal::parse(text)
            .ok_or_else(|| refuse("unable to make BigDecimal from '%s'"))?
            .into(),
        CqlType::Uuid => {
            Value::Uuid(parse_uuid(text).ok_or_else(|| refuse("Unable to make UUID from '%s'"))?)
        }
        CqlType::Timeuuid => {
            let uuid =
                parse_uuid(text).ok_or_else(|| refuse("Unknown timeuuid representation: %s"))?;
            if uuid.get_version_num() != 1 {
                return Err(refuse("TimeUUID supports only version 1 UUIDs"));
            }
            Value::Timeuuid(uuid)
        }
        CqlType::Inet => Value::Inet(
            text.parse::<IpAddr>()
                .map_err(|_| refuse("Unable to make inet address from '%s'"))?
                .to_canonical(),
        ),
        CqlType::Timestamp => Value::Timestamp(parse_timestamp(text)?),
        CqlType::Date => Value::Date(parse_date(text)?),
        CqlType::Time => Value::Time(parse_time(text)?),
        CqlType::Duration => Value::Duration(Duration::parse(text)?),
        CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..) => {
            return Err(InvalidValue(format!(
                "values of type {cql_type} cannot be given as text"
            )));
        }
    })
}

fn number<T: std::str::FromStr>(text: &str, message: &str) -> Result<T, InvalidValue> {
    text.parse().map_err(|_| invalid(message, text))
}

fn parse_blob(text: &str) -> Result<Bytes, InvalidValue> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .ok_or_else(|| {
            invalid(
                "String representation of blob is missing 0x prefix: %s",
                text,
            )
        })?;
    let refusal = || invalid("cannot parse '%s' as hex bytes", text);
    if digits.len() % 2 != 0 {
        return Err(refusal());
    }
    let nibble = |byte: u8| char::from(byte).to_digit(16);
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((nibble(*high)? << 4 | nibble(*low)?) as u8),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()
        .map(Bytes::from)
        .ok_or_else(refusal)
}

fn parse_varint(text: &str) -> Result<Value, InvalidValue> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| parse_digits(digits)).flatten();
    let number = number.ok_or_else(|| invalid("unable to make int from '%s'", text))?;
    Ok(Value::Varint(if negative { -number } else { number }))
}

/// Only the form with hyphens.
fn parse_uuid(text: &str) -> Option<Uuid> {
    let hyphens = [8, 13, 18, 23].map(|index| text.as_bytes().get(index).copied());
    if text.len() != 36 || hyphens != [Some(b'-'); 4] {
        return None;
    }
    Uuid::try_parse(text).ok()
}

fn parse_timestamp(text: &str) -> Result<i64, InvalidValue> {
    if moment::is_whole_number(text) {
        return number(text, "Unable to make long (for date) from: '%s'");
    }
    moment::parse_timestamp(text)
        .ok_or_else(|| invalid("Unable to parse a date/time from '%s'", text))
}

fn parse_date(text: &str) -> Result<u32, InvalidValue> {
    if moment::is_whole_number(text) {
        return number(text, "Unable to make unsigned int (for date) from: '%s'");
    }
    let days = moment::parse_date(text)
        .ok_or_else(|| invalid("Unable to coerce '%s' to a formatted date (long)", text))?;
    date_of_days(days).ok_or_else(|| {
        if days < 0 {
            let least = moment::format_date(days_of_date(0));
            invalid("Input date %s is less than min supported date ", text).and(&least)
        } else {
            let greatest = moment::format_date(days_of_date(u32::MAX));
            invalid("Input date %s is greater than max supported date ", text).and(&greatest)
        }
    })
}

impl InvalidValue {
    fn and(mut self, more: &str) -> Self {
        self.0.push_str(more);
        self
    }
}

fn parse_time(text: &str) -> Result<i64, InvalidValue> {
    if moment::is_whole_number(text) {
        let message = "Unable to make long (for time) from: '%s'";
        return number(text, message).and_then(|nanos| {
            if (0..NANOS_PER_DAY).contains(&nanos) {
                Ok(nanos)
            } else {
                Err(invalid(message, text))
            }
        });
    }
    moment::parse_time(text).ok_or_else(|| {
        invalid(
            "(TimeType) Unable to coerce '%s' to a formatted time (long)",
            text,
        )
    })
}

/// The value as the shell prints it. Bytes that are no value of the type print as `0x...`, the
/// empty value of a type that is not text as nothing.
pub fn format_text(cql_type: CqlType, wire: &[u8]) -> String {
    match Value::decode(cql_type, wire) {
        Ok(Some(value)) => format_shell(&value),
        Ok(None) => String::new(),
        Err(_) => format!("0x{}", Hex(wire)),
    }
}

fn format_shell(value: &Value) -> String {
    match value {
        Value::Float(number) => Shortest::from(*number).brief(),
        Value::Double(number) => Shortest::from(*number).brief(),
        Value::Timestamp(millis) => {
            format!("{}000+0000", moment::format_timestamp(*millis, ' '))
        }
        Value::Inet(address) => address.to_string(),
        other => format_java(other, ' '),
    }
}

/// The value as a server made in Java writes it: in casts to text and in JSON. `separator` is
/// between a timestamp's day and time.
pub(crate) fn format_java(value: &Value, separator: char) -> String {
    match value {
        Value::Ascii(text) | Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("0x{}", Hex(bytes)),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Tinyint(number) => number.to_string(),
        Value::Smallint(number) => number.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Bigint(number) | Value::Counter(number) => number.to_string(),
        Value::Varint(number) => number.to_string(),
        Value::Decimal { scale, unscaled } => Decimal {
            scale: *scale,
            unscaled: unscaled.clone(),
        }
        .to_string(),
        Value::Float(number) => Shortest::from(*number).with_point(),
        Value::Double(number) => Shortest::from(*number).with_point(),
        Value::Timestamp(millis) => {
            format!("{}Z", moment::format_timestamp(*millis, separator))
        }
        Value::Date(date) => moment::format_date(days_of_date(*date)),
        Value::Time(nanos) => moment::format_time(*nanos),
        Value::Duration(duration) => duration.to_string(),
        Value::Uuid(uuid) | Value::Timeuuid(uuid) => uuid.to_string(),
        Value::Inet(IpAddr::V4(address)) => address.to_string(),
        Value::Inet(IpAddr::V6(address)) => {
            address.segments().map(|part| format!("{part:x}")).join(":")
        }
        Value::Collection(cql_type, wire) => format_collection(*cql_type, wire),
    }
}

/// The value as a CQL literal, quoted where the type wants it; [`parse_text`] of its content gives
/// the same value again. Bytes that no literal gives (the empty value, and what is no value of the
/// type) come as a call of the function that makes the type from a blob.
pub fn format_literal(cql_type: CqlType, wire: &[u8]) -> String {
    let Ok(Some(value)) = Value::decode(cql_type, wire) else {
        return format!("blob_as_{cql_type}(0x{})", Hex(wire));
    };
    match &value {
        Value::Ascii(_)
        | Value::Text(_)
        | Value::Inet(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Timestamp(_) => {
            let text = match &value {
                Value::Timestamp(_) => format_java(&value, 'T'),
                Value::Inet(address) => address.to_string(),
                other => format_java(other, 'T'),
            };
            format!("'{}'", text.replace('\'', "''"))
        }
        other => format_java(other, 'T'),
    }
}

/// A collection of literals.
fn format_collection(cql_type: CqlType, wire: &[u8]) -> String {
    let Ok(elements) = collection_elements(cql_type, wire) else {
        return format!("0x{}", Hex(wire));
    };
    let mut literals = elements
        .into_iter()
        .map(|(element_type, element)| format_literal(element_type, element));
    match cql_type {
        CqlType::List(_) => format!("[{}]", join(literals)),
        CqlType::Map(..) => {
            let mut entries = Vec::new();
            while let (Some(key), Some(value)) = (literals.next(), literals.next()) {
                entries.push(format!("{key}: {value}"));
            }
            format!("{{{}}}", entries.join(", "))
        }
        _ => format!("{{{}}}", join(literals)),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A collection as JSON: lists and sets as arrays, maps as objects.
fn format_json_collection(cql_type: CqlType, wire: &[u8]) -> String {
    let elements = collection_elements(cql_type, wire).unwrap_or_default();
    let mut parts = elements
        .into_iter()
        .map(|(element_type, element)| format_json(element_type, element));
    if !matches!(cql_type, CqlType::Map(..)) {
        return format!("[{}]", join(parts));
    }
    let mut entries = Vec::new();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        // Names are strings, whatever the keys are.
        let name = if key.starts_with('"') {
            key
        } else {
            quote_json(&key)
        };
        entries.push(format!("{name}: {value}"));
    }
    format!("{{{}}}", entries.join(", "))
}

/// The value as JSON (semantics 10.7).
pub fn format_json(cql_type: CqlType, wire: &[u8]) -> String {
    let value = match Value::decode(cql_type, wire) {
        Ok(Some(value)) => value,
        Ok(None) => return "\"\"".to_owned(),
        Err(_) => return format!("\"0x{}\"", Hex(wire)),
    };
    match &value {
        Value::Float(number) if !number.is_finite() => "null".to_owned(),
        Value::Double(number) if !number.is_finite() => "null".to_owned(),
        Value::Boolean(_)
        | Value::Tinyint(_)
        | Value::Smallint(_)
        | Value::Int(_)
        | Value::Bigint(_)
        | Value::Counter(_)
        | Value::Varint(_)
        | Value::Decimal { .. }
        | Value::Float(_)
        | Value::Double(_) => format_java(&value, ' '),
        Value::Collection(cql_type, wire) => format_json_collection(*cql_type, wire),
        other => quote_json(&format_java(other, ' ')),
    }
}

fn quote_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
