//! The CQL types a column can have, their names, and which bytes are a value of each.

use crate::Duration;
use crate::ordered;
use crate::text::Hex;
use crate::value::collection_elements;
use crate::value::decimal;
use crate::value::time::NANOS_PER_DAY;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// How many bytes a varint, or a decimal's unscaled number, can have: more could not be a key, and
/// turning more into decimal digits takes seconds.
pub(crate) const NUMBER_BYTES_MAX: usize = 65_535;

const NUMBER_TOO_LONG: &str = "Expected at most 65535 bytes for a number";
const UUID_LENGTH: &str = "UUID should be 16 or 0 bytes";

/// A CQL type: a scalar, or a frozen collection of such. The parts of a collection are static, so
/// that a type stays as small as a number; so far only system tables have any.
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
    /// Values in an order of their own.
    List(&'static CqlType),
    /// Values in the order of their type, each once.
    Set(&'static CqlType),
    /// Keys in the order of their type, each once, with a value each.
    Map(&'static CqlType, &'static CqlType),
}

/// Bytes or text that are no value of the type; the message is Cassandra's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub String);

/// What bytes are, by their length alone; ordered as they sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// No bytes.
    Empty,
    /// As many as a value has.
    Value,
    /// As many as no value has.
    Wrong,
}

impl CqlType {
    /// Every scalar type.
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

    /// The list of a scalar type: what a marker of `IN ?` takes.
    pub fn list_of(self) -> Option<Self> {
        static EVERY: [CqlType; 20] = CqlType::EVERY;
        let element = EVERY.iter().find(|cql_type| **cql_type == self)?;
        Some(Self::List(element))
    }

    /// The CQL name.
    pub fn name(self) -> Cow<'static, str> {
        let name = match self {
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
            Self::List(element) => return format!("frozen<list<{element}>>").into(),
            Self::Set(element) => return format!("frozen<set<{element}>>").into(),
            Self::Map(key, value) => return format!("frozen<map<{key}, {value}>>").into(),
        };
        name.into()
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
            Self::List(_) => 0x20,
            Self::Map(..) => 0x21,
            Self::Set(_) => 0x22,
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
        let bytes = wire.len();
        let unless =
            |right: bool, expected: &str| (!right).then(|| format!("{expected} ({bytes})"));
        let problem = match self {
            Self::Blob => None,
            Self::Ascii => wire
                .iter()
                .find(|byte| !byte.is_ascii())
                .map(|byte| format!("Invalid byte for ascii: {}", byte.cast_signed())),
            Self::Text => std::str::from_utf8(wire)
                .err()
                .map(|_| "String didn't validate.".to_owned()),
            Self::Boolean => unless(bytes <= 1, "Expected 1 or 0 byte value"),
            Self::Tinyint => unless(bytes == 1, "Expected 1 byte for a tinyint"),
            Self::Smallint => unless(bytes == 2, "Expected 2 bytes for a smallint"),
            Self::Int => unless(matches!(bytes, 0 | 4), "Expected 4 or 0 byte int"),
            Self::Bigint | Self::Counter => {
                unless(matches!(bytes, 0 | 8), "Expected 8 or 0 byte long")
            }
            Self::Timestamp => unless(matches!(bytes, 0 | 8), "Expected 8 or 0 byte long for date"),
            Self::Float => unless(
                matches!(bytes, 0 | 4),
                "Expected 4 or 0 byte value for a float",
            ),
            Self::Double => unless(
                matches!(bytes, 0 | 8),
                "Expected 8 or 0 byte value for a double",
            ),
            Self::Varint => unless(bytes <= NUMBER_BYTES_MAX, NUMBER_TOO_LONG),
            Self::Decimal if matches!(bytes, 1..=3) => {
                unless(false, "Expected 0 or at least 4 bytes")
            }
            Self::Decimal => unless(bytes <= 4 + NUMBER_BYTES_MAX, NUMBER_TOO_LONG),
            Self::Uuid => unless(matches!(bytes, 0 | 16), UUID_LENGTH),
            Self::Timeuuid => validate_timeuuid(wire),
            Self::Inet => (!matches!(bytes, 0 | 4 | 16))
                .then(|| format!("Expected 4 or 16 byte inetaddress; got {}", Hex(wire))),
            Self::Date => unless(bytes == 4, "Expected 4 byte long for date"),
            Self::Time => validate_time(wire),
            Self::Duration => Duration::from_wire(wire).err().map(|invalid| invalid.0),
            Self::List(_) | Self::Set(_) | Self::Map(..) if wire.is_empty() => None,
            Self::List(_) | Self::Set(_) | Self::Map(..) => collection_elements(self, wire)
                .err()
                .map(|invalid| invalid.0),
        };
        problem.map_or(Ok(()), |message| Err(InvalidValue(message)))
    }

    /// The order of the type, over wire bytes; the empty value comes first. Total: bytes of a
    /// length that no value has come after those of the type.
    pub fn compare(self, a: &[u8], b: &[u8]) -> Ordering {
        if self.compares_as_bytes() {
            return a.cmp(b);
        }
        match (self.shape(a), self.shape(b)) {
            (Shape::Value, Shape::Value) => self.compare_values(a, b),
            (Shape::Wrong, Shape::Wrong) => a.cmp(b),
            (shape_a, shape_b) => shape_a.cmp(&shape_b),
        }
    }

    fn compare_values(self, a: &[u8], b: &[u8]) -> Ordering {
        match self {
            Self::Tinyint
            | Self::Smallint
            | Self::Int
            | Self::Bigint
            | Self::Counter
            | Self::Timestamp => compare_twos_complement(a, b),
            Self::Boolean => (a != [0]).cmp(&(b != [0])),
            Self::Float | Self::Double => float_of(a).total_cmp(&float_of(b)),
            Self::Varint => compare_varints(a, b),
            Self::Decimal => decimal::compare_wire(a, b),
            Self::Uuid => ordered::uuid_sort_key(a).cmp(&ordered::uuid_sort_key(b)),
            Self::Timeuuid => ordered::timeuuid_sort_key(a).cmp(&ordered::timeuuid_sort_key(b)),
            Self::Ascii
            | Self::Text
            | Self::Blob
            | Self::Inet
            | Self::Date
            | Self::Time
            | Self::Duration
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(..) => a.cmp(b),
        }
    }

    /// Whether the type's order is that of its bytes, whatever they are.
    const fn compares_as_bytes(self) -> bool {
        matches!(
            self,
            Self::Ascii
                | Self::Text
                | Self::Blob
                | Self::Inet
                | Self::Date
                | Self::Time
                | Self::Duration
                | Self::List(_)
                | Self::Set(_)
                | Self::Map(..)
        )
    }

    /// Whether no bytes at all are a value like others, not the empty value.
    pub(crate) const fn is_textual(self) -> bool {
        matches!(self, Self::Ascii | Self::Text | Self::Blob)
    }

    /// How many bytes a value has, for the types that have only one length.
    pub(crate) const fn fixed_width(self) -> Option<usize> {
        match self {
            Self::Boolean | Self::Tinyint => Some(1),
            Self::Smallint => Some(2),
            Self::Int | Self::Float | Self::Date => Some(4),
            Self::Bigint | Self::Counter | Self::Timestamp | Self::Double | Self::Time => Some(8),
            Self::Uuid | Self::Timeuuid => Some(16),
            Self::Ascii
            | Self::Text
            | Self::Blob
            | Self::Inet
            | Self::Varint
            | Self::Decimal
            | Self::Duration
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(..) => None,
        }
    }

    /// What the length alone says of the bytes: enough to compare and to encode them.
    pub(crate) fn shape(self, wire: &[u8]) -> Shape {
        let right = match self {
            Self::Ascii
            | Self::Text
            | Self::Blob
            | Self::Inet
            | Self::List(_)
            | Self::Set(_)
            | Self::Map(..) => return Shape::Value,
            Self::Varint => wire.len() <= NUMBER_BYTES_MAX,
            Self::Decimal => (4..=4 + NUMBER_BYTES_MAX).contains(&wire.len()),
            _ => self.fixed_width() == Some(wire.len()),
        };
        if wire.is_empty() {
            Shape::Empty
        } else if right {
            Shape::Value
        } else {
            Shape::Wrong
        }
    }

    /// Whether the type can be a key, a set's element or be compared with `<`: the scalars but
    /// duration.
    pub const fn is_orderable(self) -> bool {
        !matches!(
            self,
            Self::Duration | Self::List(_) | Self::Set(_) | Self::Map(..)
        )
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

    /// Reads the name of a type that a column of a system table may have: a scalar's, or one of the
    /// collections that there are.
    pub fn from_system_name(text: &str) -> Option<Self> {
        let inner = text
            .strip_prefix("frozen<")
            .and_then(|text| text.strip_suffix('>'));
        Some(match inner.unwrap_or(text) {
            "list<blob>" => Self::List(&CqlType::Blob),
            "list<boolean>" => Self::List(&CqlType::Boolean),
            "list<text>" => Self::List(&CqlType::Text),
            "set<blob>" => Self::Set(&CqlType::Blob),
            "set<inet>" => Self::Set(&CqlType::Inet),
            "set<text>" => Self::Set(&CqlType::Text),
            "set<uuid>" => Self::Set(&CqlType::Uuid),
            "map<int, bigint>" => Self::Map(&CqlType::Int, &CqlType::Bigint),
            "map<text, blob>" => Self::Map(&CqlType::Text, &CqlType::Blob),
            "map<text, text>" => Self::Map(&CqlType::Text, &CqlType::Text),
            "map<uuid, blob>" => Self::Map(&CqlType::Uuid, &CqlType::Blob),
            "map<uuid, int>" => Self::Map(&CqlType::Uuid, &CqlType::Int),
            scalar => return Self::from_name(scalar),
        })
    }
}

impl fmt::Display for CqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn validate_timeuuid(wire: &[u8]) -> Option<String> {
    if !matches!(wire.len(), 0 | 16) {
        return Some(format!("{UUID_LENGTH} ({})", wire.len()));
    }
    let version = wire.get(6)? >> 4;
    (version != 1).then(|| format!("Invalid UUID version {version} for timeuuid"))
}

fn validate_time(wire: &[u8]) -> Option<String> {
    let Ok(nanos) = wire.try_into().map(i64::from_be_bytes) else {
        return Some(format!("Expected 8 byte long for time ({})", wire.len()));
    };
    (!(0..NANOS_PER_DAY).contains(&nanos))
        .then(|| format!("Unable to make long (for time) from: '{nanos}'"))
}

/// Two's complement numbers of one length.
fn compare_twos_complement(a: &[u8], b: &[u8]) -> Ordering {
    let sign = |wire: &[u8]| wire.first().map(|byte| byte.cast_signed());
    sign(a).cmp(&sign(b)).then_with(|| a.cmp(b))
}

/// Two's complement numbers of any length.
fn compare_varints(a: &[u8], b: &[u8]) -> Ordering {
    let negative = |wire: &[u8]| wire.first().is_some_and(|byte| *byte >= 0x80);
    match (negative(a), negative(b)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (is_negative, _) => {
            let (a, b) = (strip_sign(a), strip_sign(b));
            let by_length = a.len().cmp(&b.len());
            let by_length = if is_negative {
                by_length.reverse()
            } else {
                by_length
            };
            by_length.then_with(|| a.cmp(b))
        }
    }
}

/// A two's complement number without the leading bytes that only repeat its sign, even the last.
pub(crate) fn strip_sign(wire: &[u8]) -> &[u8] {
    let padding = match wire.first() {
        Some(byte) if *byte >= 0x80 => 0xFF,
        _ => 0x00,
    };
    let start = wire
        .iter()
        .position(|byte| *byte != padding)
        .unwrap_or(wire.len());
    wire.get(start..).unwrap_or_default()
}

/// A float of either width; all NaNs are one.
fn float_of(wire: &[u8]) -> f64 {
    let value = match (<[u8; 4]>::try_from(wire), <[u8; 8]>::try_from(wire)) {
        (Ok(single), _) => f64::from(f32::from_be_bytes(single)),
        (_, Ok(double)) => f64::from_be_bytes(double),
        _ => f64::NAN,
    };
    if value.is_nan() { f64::NAN } else { value }
}

#[cfg(test)]
mod tests;
