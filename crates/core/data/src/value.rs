//! Decoded values: what arithmetic, casts and aggregates work on; and the bytes of partition keys.
//!
//! Wire bytes are the native protocol's (semantics 10.3). A value of a type that is not text may
//! also be *empty*: no bytes at all, which is neither null nor any number. Operations pass it on.

mod aggregate;
mod arithmetic;
mod cast;
mod collection;
pub(crate) mod decimal;
mod duration;
mod partition_key;
pub(crate) mod time;
pub(crate) mod vint;

pub use aggregate::Average;
pub use aggregate::Extreme;
pub use aggregate::Sum;
pub use arithmetic::ArithmeticError;
pub use arithmetic::ArithmeticOp;
pub use arithmetic::arithmetic;
pub use arithmetic::arithmetic_type;
pub use arithmetic::negate;
pub use cast::can_cast;
pub use cast::cast;
pub use collection::collection_elements;
pub use collection::encode_elements;
pub use collection::encode_entries;
pub use duration::Duration;
pub use partition_key::partition_key;
pub use partition_key::partition_key_components;

use crate::CqlType;
use crate::InvalidValue;
use bytes::Bytes;
use decimal::Decimal;
use num_bigint::BigInt;
use std::net::IpAddr;
use uuid::Uuid;

/// A value, one variant per scalar [`CqlType`] and one for collections.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is the CQL type of its name")]
pub enum Value {
    Ascii(String),
    Bigint(i64),
    Blob(Bytes),
    Boolean(bool),
    Counter(i64),
    /// `unscaled` times ten to the power of `-scale`.
    Decimal {
        scale: i32,
        unscaled: BigInt,
    },
    Double(f64),
    Float(f32),
    Int(i32),
    /// Milliseconds since 1970.
    Timestamp(i64),
    Uuid(Uuid),
    Text(String),
    Varint(BigInt),
    Timeuuid(Uuid),
    Inet(IpAddr),
    /// Days, 2^31 being 1970-01-01.
    Date(u32),
    /// Nanoseconds since midnight.
    Time(i64),
    Smallint(i16),
    Tinyint(i8),
    Duration(Duration),
    /// A frozen collection, with its type and wire bytes.
    Collection(CqlType, Bytes),
}

/// Bytes of a length that validation has checked.
fn array<const N: usize>(wire: &[u8]) -> [u8; N] {
    wire.try_into().expect("validation checked the length")
}

fn string(wire: &[u8]) -> String {
    String::from_utf8_lossy(wire).into_owned()
}

impl Value {
    /// Reads wire bytes; `None` is the empty value (a text or blob without bytes is a value).
    pub fn decode(cql_type: CqlType, wire: &[u8]) -> Result<Option<Self>, InvalidValue> {
        cql_type.validate(wire)?;
        if wire.is_empty() && !cql_type.is_textual() {
            return Ok(None);
        }
        Ok(Some(match cql_type {
            CqlType::Ascii => Self::Ascii(string(wire)),
            CqlType::Bigint => Self::Bigint(i64::from_be_bytes(array(wire))),
            CqlType::Blob => Self::Blob(Bytes::copy_from_slice(wire)),
            CqlType::Boolean => Self::Boolean(wire != [0]),
            CqlType::Counter => Self::Counter(i64::from_be_bytes(array(wire))),
            CqlType::Decimal => {
                let decimal = Decimal::from_wire(wire).unwrap_or_else(Decimal::zero);
                decimal.into()
            }
            CqlType::Double => Self::Double(f64::from_be_bytes(array(wire))),
            CqlType::Float => Self::Float(f32::from_be_bytes(array(wire))),
            CqlType::Int => Self::Int(i32::from_be_bytes(array(wire))),
            CqlType::Timestamp => Self::Timestamp(i64::from_be_bytes(array(wire))),
            CqlType::Uuid => Self::Uuid(Uuid::from_bytes(array(wire))),
            CqlType::Text => Self::Text(string(wire)),
            CqlType::Varint => Self::Varint(BigInt::from_signed_bytes_be(wire)),
            CqlType::Timeuuid => Self::Timeuuid(Uuid::from_bytes(array(wire))),
            CqlType::Inet => Self::Inet(match <[u8; 4]>::try_from(wire) {
                Ok(short) => short.into(),
                Err(_) => array::<16>(wire).into(),
            }),
            CqlType::Date => Self::Date(u32::from_be_bytes(array(wire))),
            CqlType::Time => Self::Time(i64::from_be_bytes(array(wire))),
            CqlType::Smallint => Self::Smallint(i16::from_be_bytes(array(wire))),
            CqlType::Tinyint => Self::Tinyint(i8::from_be_bytes(array(wire))),
            CqlType::Duration => Self::Duration(Duration::from_wire(wire)?),
            CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..) => {
                Self::Collection(cql_type, Bytes::copy_from_slice(wire))
            }
        }))
    }

    /// The wire bytes.
    pub fn encode(&self) -> Bytes {
        let owned = Bytes::copy_from_slice;
        match self {
            Self::Ascii(text) | Self::Text(text) => owned(text.as_bytes()),
            Self::Bigint(number) | Self::Counter(number) => owned(&number.to_be_bytes()),
            Self::Timestamp(millis) => owned(&millis.to_be_bytes()),
            Self::Time(nanos) => owned(&nanos.to_be_bytes()),
            Self::Blob(bytes) | Self::Collection(_, bytes) => bytes.clone(),
            Self::Boolean(boolean) => owned(&[u8::from(*boolean)]),
            Self::Decimal { scale, unscaled } => {
                let mut out = scale.to_be_bytes().to_vec();
                out.extend(unscaled.to_signed_bytes_be());
                out.into()
            }
            Self::Double(number) => owned(&number.to_be_bytes()),
            Self::Float(number) => owned(&number.to_be_bytes()),
            Self::Int(number) => owned(&number.to_be_bytes()),
            Self::Smallint(number) => owned(&number.to_be_bytes()),
            Self::Tinyint(number) => owned(&number.to_be_bytes()),
            Self::Uuid(uuid) | Self::Timeuuid(uuid) => owned(uuid.as_bytes()),
            Self::Varint(number) => number.to_signed_bytes_be().into(),
            Self::Inet(IpAddr::V4(address)) => owned(&address.octets()),
            Self::Inet(IpAddr::V6(address)) => owned(&address.octets()),
            Self::Date(days) => owned(&days.to_be_bytes()),
            Self::Duration(duration) => duration.to_wire(),
        }
    }

    /// The value's type.
    pub const fn cql_type(&self) -> CqlType {
        match self {
            Self::Ascii(_) => CqlType::Ascii,
            Self::Bigint(_) => CqlType::Bigint,
            Self::Blob(_) => CqlType::Blob,
            Self::Boolean(_) => CqlType::Boolean,
            Self::Counter(_) => CqlType::Counter,
            Self::Decimal { .. } => CqlType::Decimal,
            Self::Double(_) => CqlType::Double,
            Self::Float(_) => CqlType::Float,
            Self::Int(_) => CqlType::Int,
            Self::Timestamp(_) => CqlType::Timestamp,
            Self::Uuid(_) => CqlType::Uuid,
            Self::Text(_) => CqlType::Text,
            Self::Varint(_) => CqlType::Varint,
            Self::Timeuuid(_) => CqlType::Timeuuid,
            Self::Inet(_) => CqlType::Inet,
            Self::Date(_) => CqlType::Date,
            Self::Time(_) => CqlType::Time,
            Self::Smallint(_) => CqlType::Smallint,
            Self::Tinyint(_) => CqlType::Tinyint,
            Self::Duration(_) => CqlType::Duration,
            Self::Collection(cql_type, _) => *cql_type,
        }
    }

    /// The number of an integer type of fixed width.
    fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Tinyint(number) => Some((*number).into()),
            Self::Smallint(number) => Some((*number).into()),
            Self::Int(number) => Some((*number).into()),
            Self::Bigint(number) | Self::Counter(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<Decimal> for Value {
    fn from(decimal: Decimal) -> Self {
        Self::Decimal {
            scale: decimal.scale,
            unscaled: decimal.unscaled,
        }
    }
}

#[cfg(test)]
pub(crate) mod strategies;
#[cfg(test)]
mod tests;
