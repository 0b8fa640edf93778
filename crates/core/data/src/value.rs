//! Decoded values: what arithmetic, casts and aggregates work on; and the bytes of partition keys.

use crate::CqlType;
use crate::InvalidValue;
use bytes::Bytes;
use num_bigint::BigInt;
use std::net::IpAddr;
use uuid::Uuid;

/// A scalar value, one variant per [`CqlType`].
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
}

/// A span of time in three parts that do not convert into one another; all of one sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Duration {
    /// Calendar months.
    pub months: i32,
    /// Days, of whatever length.
    pub days: i32,
    /// Nanoseconds.
    pub nanos: i64,
}

impl Value {
    /// Reads wire bytes; `None` is the empty value (a text or blob without bytes is a value).
    pub fn decode(cql_type: CqlType, wire: &[u8]) -> Result<Option<Self>, InvalidValue> {
        unimplemented!("{cql_type} {wire:?}")
    }

    /// The wire bytes.
    pub fn encode(&self) -> Bytes {
        unimplemented!("{self:?}")
    }

    /// The value's type.
    pub const fn cql_type(&self) -> CqlType {
        unimplemented!()
    }
}

/// Whether `CAST(from AS to)` exists (semantics 10.4).
pub fn can_cast(from: CqlType, to: CqlType) -> bool {
    unimplemented!("{from} {to}")
}

/// `CAST(value AS to)`. The empty value stays empty.
pub fn cast(from: CqlType, to: CqlType, wire: &[u8]) -> Result<Bytes, InvalidValue> {
    unimplemented!("{from} {to} {wire:?}")
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// Why an operation has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// The operator does not take these types.
    #[error("the '{op}' operation is not supported between {a} and {b}")]
    #[expect(missing_docs, reason = "the message names them")]
    Unsupported {
        op: &'static str,
        a: CqlType,
        b: CqlType,
    },
    /// Division by zero and the like.
    #[error("the operation '{operation}' failed: {reason}")]
    #[expect(missing_docs, reason = "the message names them")]
    Failed {
        operation: String,
        reason: &'static str,
    },
    /// An operand that is no value of its type.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
}

/// The type of `a op b`, if the operator takes them (semantics 10.5).
pub fn arithmetic_type(op: ArithmeticOp, a: CqlType, b: CqlType) -> Option<CqlType> {
    unimplemented!("{op:?} {a} {b}")
}

/// `a op b`, in wire bytes of [`arithmetic_type`]. Integers wrap. An empty operand gives the empty
/// value.
pub fn arithmetic(
    op: ArithmeticOp,
    a: (CqlType, &[u8]),
    b: (CqlType, &[u8]),
) -> Result<Bytes, ArithmeticError> {
    unimplemented!("{op:?} {a:?} {b:?}")
}

/// `-a`, of the same type. The empty value stays empty.
pub fn negate(cql_type: CqlType, wire: &[u8]) -> Result<Bytes, ArithmeticError> {
    unimplemented!("{cql_type} {wire:?}")
}

/// `sum(...)`: of the input's type; integers wrap; 0 over no rows.
#[derive(Debug, Clone)]
pub struct Sum;

impl Sum {
    /// Over no rows yet. `None`: the type is not numeric.
    pub fn new(cql_type: CqlType) -> Option<Self> {
        unimplemented!("{cql_type}")
    }

    /// Counts one more value; empty ones are skipped, as nulls are.
    pub fn add(&mut self, wire: &[u8]) -> Result<(), ArithmeticError> {
        unimplemented!("{wire:?}")
    }

    /// The sum's wire bytes.
    pub fn finish(&self) -> Bytes {
        unimplemented!()
    }
}

/// `avg(...)`: of the input's type; of integers truncated; 0 over no rows.
#[derive(Debug, Clone)]
pub struct Average;

impl Average {
    /// Over no rows yet. `None`: the type is not numeric.
    pub fn new(cql_type: CqlType) -> Option<Self> {
        unimplemented!("{cql_type}")
    }

    /// Counts one more value; empty ones are skipped, as nulls are.
    pub fn add(&mut self, wire: &[u8]) -> Result<(), ArithmeticError> {
        unimplemented!("{wire:?}")
    }

    /// The average's wire bytes.
    pub fn finish(&self) -> Bytes {
        unimplemented!()
    }
}

/// `min(...)` and `max(...)`, by the type's order.
#[derive(Debug, Clone)]
pub struct Extreme;

impl Extreme {
    /// The least of none yet.
    pub fn min(cql_type: CqlType) -> Self {
        unimplemented!("{cql_type}")
    }

    /// The greatest of none yet.
    pub fn max(cql_type: CqlType) -> Self {
        unimplemented!("{cql_type}")
    }

    /// Looks at one more value.
    pub fn add(&mut self, wire: &[u8]) {
        unimplemented!("{wire:?}")
    }

    /// `None` over no rows: null.
    pub fn finish(&self) -> Option<Bytes> {
        unimplemented!()
    }
}

/// The bytes of a partition key: of one component, itself; of several, each as length (2 bytes),
/// bytes, `00` (semantics 2.2).
pub fn partition_key(components: &[&[u8]]) -> Result<Bytes, InvalidValue> {
    unimplemented!("{components:?}")
}

/// The components of a partition key's bytes.
pub fn partition_key_components(key: &[u8], count: usize) -> Result<Vec<Bytes>, InvalidValue> {
    unimplemented!("{key:?} {count}")
}
