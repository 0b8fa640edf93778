//! The CQL types a column can have, their names, and which bytes are a value of each.

use std::cmp::Ordering;
use std::fmt;

/// A scalar CQL type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CqlType {
    /// 7-bit text.
    Ascii,
    /// 64-bit integer.
    Bigint,
    /// Bytes.
    Blob,
    /// True or false.
    Boolean,
    /// A distributed counter (64-bit sum).
    Counter,
    /// Arbitrary precision decimal: 32-bit scale, then the unscaled varint.
    Decimal,
    /// IEEE 754 binary64.
    Double,
    /// IEEE 754 binary32.
    Float,
    /// 32-bit integer.
    Int,
    /// Milliseconds since 1970.
    Timestamp,
    /// Any UUID.
    Uuid,
    /// UTF-8 text (`varchar` is the same type).
    Text,
    /// Arbitrary precision integer, two's complement.
    Varint,
    /// A version 1 UUID, sorted by its time.
    Timeuuid,
    /// An IPv4 or IPv6 address.
    Inet,
    /// Days, 2^31 being 1970-01-01.
    Date,
    /// Nanoseconds since midnight.
    Time,
    /// 16-bit integer.
    Smallint,
    /// 8-bit integer.
    Tinyint,
    /// Months, days and nanoseconds; has no order.
    Duration,
}

/// Bytes or text that are no value of the type; the message is Cassandra's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub String);

impl CqlType {
    /// Every type.
    pub const EVERY: [Self; 20] = [
        Self::Ascii,
        Self::Bigint,
        Self::Blob,
        Self::Boolean,
        Self::Counter,
        Self::Decimal,
        Self::Double,
        Self::Float,
        Self::Int,
        Self::Timestamp,
        Self::Uuid,
        Self::Text,
        Self::Varint,
        Self::Timeuuid,
        Self::Inet,
        Self::Date,
        Self::Time,
        Self::Smallint,
        Self::Tinyint,
        Self::Duration,
    ];

    /// The CQL name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::Bigint => "bigint",
            Self::Blob => "blob",
            Self::Boolean => "boolean",
            Self::Counter => "counter",
            Self::Decimal => "decimal",
            Self::Double => "double",
            Self::Float => "float",
            Self::Int => "int",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Varint => "varint",
            Self::Timeuuid => "timeuuid",
            Self::Inet => "inet",
            Self::Date => "date",
            Self::Time => "time",
            Self::Smallint => "smallint",
            Self::Tinyint => "tinyint",
            Self::Duration => "duration",
        }
    }

    /// The native protocol's id. Also how the type is written in our own formats.
    pub const fn code(self) -> u16 {
        match self {
            Self::Ascii => 0x01,
            Self::Bigint => 0x02,
            Self::Blob => 0x03,
            Self::Boolean => 0x04,
            Self::Counter => 0x05,
            Self::Decimal => 0x06,
            Self::Double => 0x07,
            Self::Float => 0x08,
            Self::Int => 0x09,
            Self::Timestamp => 0x0B,
            Self::Uuid => 0x0C,
            Self::Text => 0x0D,
            Self::Varint => 0x0E,
            Self::Timeuuid => 0x0F,
            Self::Inet => 0x10,
            Self::Date => 0x11,
            Self::Time => 0x12,
            Self::Smallint => 0x13,
            Self::Tinyint => 0x14,
            Self::Duration => 0x15,
        }
    }

    /// Reads [`Self::code`].
    pub fn from_code(code: u16) -> Option<Self> {
        Self::EVERY
            .into_iter()
            .find(|cql_type| cql_type.code() == code)
    }

    /// Whether the bytes are a value of the type. The empty value (no bytes) is one for most types
    /// that are not text, and is refused for tinyint, smallint, date, time and duration.
    pub fn validate(self, wire: &[u8]) -> Result<(), InvalidValue> {
        unimplemented!("{self} {wire:?}")
    }

    /// The order of the type, over wire bytes. Total: bytes that are no value of the type sort
    /// after all that are, and among themselves as bytes.
    pub fn compare(self, a: &[u8], b: &[u8]) -> Ordering {
        unimplemented!("{self} {a:?} {b:?}")
    }

    /// Whether the type can be a key, a set's element or be compared with `<`: all but duration.
    pub const fn is_orderable(self) -> bool {
        !matches!(self, Self::Duration)
    }

    /// Whether `+`, `sum` and `avg` take it.
    pub const fn is_numeric(self) -> bool {
        matches!(
            self,
            Self::Tinyint
                | Self::Smallint
                | Self::Int
                | Self::Bigint
                | Self::Counter
                | Self::Varint
                | Self::Decimal
                | Self::Float
                | Self::Double
        )
    }

    /// Reads a type's name, lower case; `varchar` is `text`.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "varchar" {
            return Some(Self::Text);
        }
        Self::EVERY
            .into_iter()
            .find(|cql_type| cql_type.name() == name)
    }
}

impl fmt::Display for CqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
