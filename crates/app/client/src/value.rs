//! Values as they travel: what Rust types become, and what rows give back.
//!
//! A [`Value`] is looser than a column's type, as in the proto: an integer can be bound to any
//! numeric marker, text to a marker of any type. [`Value::to_wire`] makes it strict, which routing
//! needs (a token is the hash of exact bytes).

use bytes::Bytes;
use quorate_data::CqlType;
use quorate_data::InvalidValue;
use quorate_data::text::format_text;
use quorate_data::text::parse_text;
use std::net::IpAddr;
use uuid::Uuid;

/// A CQL value on its way.
///
/// ```
/// use quorate_client::Value;
/// use uuid::Uuid;
///
/// assert_eq!(Value::from(7_i32), Value::Integer(7));
/// assert_eq!(Value::from(None::<i32>), Value::Null);
/// assert!(matches!(Value::from(Uuid::nil()), Value::Wire(bytes) if bytes.len() == 16));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// CQL's null.
    Null,
    /// Requests only: the column stays as it is.
    Unset,
    /// boolean.
    Boolean(bool),
    /// tinyint to bigint and counter; timestamp (milliseconds since 1970), time (nanoseconds).
    Integer(i64),
    /// float and double.
    Floating(f64),
    /// ascii and text; in requests, the text form of a value of any type.
    Text(String),
    /// Every other type, in CQL's wire encoding; in requests, that of any type.
    Wire(Bytes),
}

impl Value {
    /// Whether it is null.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The wire bytes as a value of `cql_type`; `None` for null and unset.
    ///
    /// # Errors
    /// It is no value of that type.
    pub fn to_wire(&self, cql_type: CqlType) -> Result<Option<Bytes>, InvalidValue> {
        let bytes = match self {
            Self::Null | Self::Unset => return Ok(None),
            Self::Boolean(value) if cql_type == CqlType::Boolean => {
                Bytes::from_static(if *value { &[1] } else { &[0] })
            }
            Self::Boolean(value) => return Err(mismatch(&value.to_string(), cql_type)),
            Self::Integer(number) => integer(*number, cql_type)?,
            Self::Floating(number) => match cql_type {
                CqlType::Double => Bytes::copy_from_slice(&number.to_be_bytes()),
                CqlType::Float => Bytes::copy_from_slice(&(*number as f32).to_be_bytes()),
                _ => return Err(mismatch(&number.to_string(), cql_type)),
            },
            Self::Text(text) => match cql_type {
                CqlType::Text => Bytes::copy_from_slice(text.as_bytes()),
                _ => parse_text(cql_type, text)?,
            },
            Self::Wire(bytes) => {
                cql_type.validate(bytes)?;
                bytes.clone()
            }
        };
        Ok(Some(bytes))
    }

    /// The value as the shell prints it; `None` for null and unset.
    pub fn to_text(&self, cql_type: CqlType) -> Option<String> {
        match self.to_wire(cql_type) {
            Ok(bytes) => Some(format_text(cql_type, &bytes?)),
            // Damage that the server sent as it is.
            Err(_) => match self {
                Self::Wire(bytes) => Some(format_text(CqlType::Blob, bytes)),
                other => Some(format!("{other:?}")),
            },
        }
    }
}

fn mismatch(text: &str, cql_type: CqlType) -> InvalidValue {
    InvalidValue(format!("{text} is no value of type {cql_type}"))
}

fn integer(number: i64, cql_type: CqlType) -> Result<Bytes, InvalidValue> {
    let refused = |_| mismatch(&number.to_string(), cql_type);
    let owned = Bytes::copy_from_slice;
    Ok(match cql_type {
        CqlType::Bigint | CqlType::Counter | CqlType::Timestamp | CqlType::Time => {
            owned(&number.to_be_bytes())
        }
        CqlType::Int => owned(&i32::try_from(number).map_err(refused)?.to_be_bytes()),
        CqlType::Smallint => owned(&i16::try_from(number).map_err(refused)?.to_be_bytes()),
        CqlType::Tinyint => owned(&i8::try_from(number).map_err(refused)?.to_be_bytes()),
        CqlType::Double => owned(&(number as f64).to_be_bytes()),
        CqlType::Float => owned(&(number as f32).to_be_bytes()),
        CqlType::Varint | CqlType::Decimal => parse_text(cql_type, &number.to_string())?,
        _ => return Err(mismatch(&number.to_string(), cql_type)),
    })
}

macro_rules! from_integers {
    ($($from:ty),*) => {$(
        impl From<$from> for Value {
            fn from(number: $from) -> Self {
                Self::Integer(i64::from(number))
            }
        }
    )*};
}
from_integers!(i8, i16, i32, i64, u8, u16, u32);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Self::Floating(f64::from(number))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Floating(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for Value {
    fn from(uuid: Uuid) -> Self {
        Self::Wire(Bytes::copy_from_slice(uuid.as_bytes()))
    }
}

impl From<IpAddr> for Value {
    fn from(address: IpAddr) -> Self {
        Self::Wire(match address {
            IpAddr::V4(address) => Bytes::copy_from_slice(&address.octets()),
            IpAddr::V6(address) => Bytes::copy_from_slice(&address.octets()),
        })
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Wire(bytes)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Wire(bytes.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Wire(Bytes::copy_from_slice(bytes))
    }
}

impl From<quorate_data::Value> for Value {
    fn from(value: quorate_data::Value) -> Self {
        Self::Wire(value.encode())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A Rust type that a column's value can be read as.
///
/// Null is refused unless the type is an [`Option`] or [`Value`] itself.
pub trait FromValue: Sized {
    /// Reads it; the error says what was expected.
    ///
    /// # Errors
    /// The value is null, or of another type.
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String>;
}

fn wanted<T>(what: &str, value: &Value, cql_type: CqlType) -> Result<T, String> {
    Err(match value {
        Value::Null | Value::Unset => format!("expected {what}, got null"),
        _ => format!("expected {what}, got a value of type {cql_type}"),
    })
}

impl FromValue for Value {
    fn from_value(value: &Value, _cql_type: CqlType) -> Result<Self, String> {
        Ok(value.clone())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        match value {
            Value::Null | Value::Unset => Ok(None),
            value => T::from_value(value, cql_type).map(Some),
        }
    }
}

macro_rules! integers_from_value {
    ($($to:ty),*) => {$(
        impl FromValue for $to {
            fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
                let Value::Integer(number) = value else {
                    return wanted("an integer", value, cql_type);
                };
                Self::try_from(*number)
                    .map_err(|_| format!("{number} does not fit {}", stringify!($to)))
            }
        }
    )*};
}
integers_from_value!(i8, i16, i32, i64, u32, u64);

impl FromValue for f64 {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        match value {
            Value::Floating(number) => Ok(*number),
            _ => wanted("a floating point number", value, cql_type),
        }
    }
}

impl FromValue for f32 {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        f64::from_value(value, cql_type).map(|number| number as Self)
    }
}

impl FromValue for bool {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        match value {
            Value::Boolean(value) => Ok(*value),
            _ => wanted("a boolean", value, cql_type),
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            _ => wanted("text", value, cql_type),
        }
    }
}

impl FromValue for Bytes {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        match value {
            Value::Wire(bytes) => Ok(bytes.clone()),
            _ => wanted("bytes", value, cql_type),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        Bytes::from_value(value, cql_type).map(Into::into)
    }
}

impl FromValue for Uuid {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        let (Value::Wire(bytes), CqlType::Uuid | CqlType::Timeuuid) = (value, cql_type) else {
            return wanted("a uuid", value, cql_type);
        };
        Self::from_slice(bytes).or_else(|_| wanted("a uuid", value, cql_type))
    }
}

impl FromValue for IpAddr {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        match quorate_data::Value::from_value(value, cql_type)? {
            quorate_data::Value::Inet(address) => Ok(address),
            _ => wanted("an address", value, cql_type),
        }
    }
}

/// The exact value of the column's type.
impl FromValue for quorate_data::Value {
    fn from_value(value: &Value, cql_type: CqlType) -> Result<Self, String> {
        let wire = value.to_wire(cql_type).map_err(|error| error.to_string())?;
        let Some(wire) = wire else {
            return wanted("a value", value, cql_type);
        };
        Self::decode(cql_type, &wire)
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "expected a value, got the empty one".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_integer_has_the_bytes_of_its_markers_type() {
        let wire = |cql_type| Value::Integer(5).to_wire(cql_type).unwrap().unwrap();
        assert_eq!(wire(CqlType::Int).as_ref(), [0, 0, 0, 5]);
        assert_eq!(wire(CqlType::Bigint).as_ref(), [0, 0, 0, 0, 0, 0, 0, 5]);
        assert_eq!(wire(CqlType::Tinyint).as_ref(), [5]);
        assert_eq!(wire(CqlType::Varint).as_ref(), [5]);
        assert!(Value::Integer(300).to_wire(CqlType::Tinyint).is_err());
        assert!(Value::Integer(5).to_wire(CqlType::Text).is_err());
    }

    #[test]
    fn text_is_read_as_the_markers_type() {
        let value = Value::from("10.0.0.1");
        assert_eq!(
            value.to_wire(CqlType::Inet).unwrap().unwrap().as_ref(),
            [10, 0, 0, 1]
        );
        assert!(value.to_wire(CqlType::Int).is_err());
    }

    #[test]
    fn null_is_read_only_as_an_option() {
        assert_eq!(
            Option::<i32>::from_value(&Value::Null, CqlType::Int),
            Ok(None)
        );
        assert_eq!(
            i32::from_value(&Value::Null, CqlType::Int),
            Err("expected an integer, got null".to_owned())
        );
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert_eq!(
            i8::from_value(&Value::Integer(300), CqlType::Int),
            Err("300 does not fit i8".to_owned())
        );
    }

    proptest! {
        #[test]
        fn uuids_and_addresses_come_back(uuid: u128, octets: [u8; 16], short: [u8; 4]) {
            let uuid = Uuid::from_u128(uuid);
            prop_assert_eq!(Uuid::from_value(&uuid.into(), CqlType::Uuid), Ok(uuid));
            for address in [IpAddr::from(octets), IpAddr::from(short)] {
                prop_assert_eq!(IpAddr::from_value(&address.into(), CqlType::Inet), Ok(address));
            }
        }
    }
}
