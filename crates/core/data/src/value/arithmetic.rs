//! `+ - * / %` and the unary `-` (semantics 10.5).
//!
//! Integers wrap as two's complement does; floats follow IEEE 754; decimals are exact up to ten
//! thousand digits, and quotients of decimals have at least 32.

use super::Duration;
use super::Value;
use super::decimal::Decimal;
use super::decimal::TooLarge;
use super::decimal::fits;
use super::time;
use crate::CqlType;
use crate::InvalidValue;
use crate::text::float::Shortest;
use bytes::Bytes;
use num_bigint::BigInt;
use num_bigint::Sign;
use std::fmt;

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

impl fmt::Display for ArithmeticOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        })
    }
}

/// Why an operation has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// The operator does not take these types.
    #[error("the '{op}' operation is not supported between {a} and {b}")]
    Unsupported {
        /// The operator.
        op: ArithmeticOp,
        /// The left operand's type.
        a: CqlType,
        /// The right operand's type.
        b: CqlType,
    },
    /// Division by zero and the like.
    #[error("the operation '{operation}' failed: {reason}")]
    Failed {
        /// The types and the operator between them: `int / int`.
        operation: String,
        /// What went wrong.
        reason: String,
    },
    /// An operand that is no value of its type.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
}

/// Why two operands of the right types have no result.
pub(super) struct Failure(pub(super) String);

impl Failure {
    fn new(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl From<TooLarge> for Failure {
    fn from(_: TooLarge) -> Self {
        Self::new("the result has too many digits")
    }
}

/// The type of `a op b`, if the operator takes them (semantics 10.5).
pub fn arithmetic_type(op: ArithmeticOp, a: CqlType, b: CqlType) -> Option<CqlType> {
    let moves = matches!(op, ArithmeticOp::Add | ArithmeticOp::Subtract);
    if moves && matches!(a, CqlType::Timestamp | CqlType::Date) && b == CqlType::Duration {
        return Some(a);
    }
    if !a.is_numeric() || !b.is_numeric() {
        return None;
    }
    let floating = |cql_type| {
        matches!(
            cql_type,
            CqlType::Float | CqlType::Double | CqlType::Decimal
        )
    };
    // The numbers without a fixed width are wider than all.
    let width = |cql_type: CqlType| cql_type.fixed_width().unwrap_or(usize::MAX);
    Some(match (floating(a) || floating(b), width(a).max(width(b))) {
        (false, 1) => CqlType::Tinyint,
        (false, 2) => CqlType::Smallint,
        (false, 4) => CqlType::Int,
        (false, 8) => CqlType::Bigint,
        (false, _) => CqlType::Varint,
        (true, 4) => CqlType::Float,
        (true, 8) => CqlType::Double,
        (true, _) => CqlType::Decimal,
    })
}

/// `a op b`, in wire bytes of [`arithmetic_type`]. Integers wrap. An empty operand gives the empty
/// value.
pub fn arithmetic(
    op: ArithmeticOp,
    a: (CqlType, &[u8]),
    b: (CqlType, &[u8]),
) -> Result<Bytes, ArithmeticError> {
    let Some(result_type) = arithmetic_type(op, a.0, b.0) else {
        return Err(ArithmeticError::Unsupported { op, a: a.0, b: b.0 });
    };
    let (Some(left), Some(right)) = (Value::decode(a.0, a.1)?, Value::decode(b.0, b.1)?) else {
        return Ok(Bytes::new());
    };
    compute(op, result_type, &left, &right)
        .map(|value| value.encode())
        .map_err(|Failure(reason)| ArithmeticError::Failed {
            operation: format!("{} {op} {}", a.0, b.0),
            reason,
        })
}

fn compute(op: ArithmeticOp, result_type: CqlType, a: &Value, b: &Value) -> Result<Value, Failure> {
    Ok(match result_type {
        CqlType::Timestamp | CqlType::Date => move_in_time(op, a, b)?,
        CqlType::Float => Value::Float(float(op, to_f32(a), to_f32(b))),
        CqlType::Double => Value::Double(float(op, to_f64(a), to_f64(b))),
        CqlType::Decimal => decimal(op, &to_decimal(a)?, &to_decimal(b)?)?.into(),
        CqlType::Varint => Value::Varint(varint(op, &to_varint(a), &to_varint(b))?),
        narrow => {
            let (a, b) = (a.as_integer().unwrap_or(0), b.as_integer().unwrap_or(0));
            wrapped(narrow, integer(op, a, b)?)
        }
    })
}

/// The low bits of a number, as a value of an integer type.
pub(super) fn wrapped(cql_type: CqlType, number: i64) -> Value {
    match cql_type {
        CqlType::Tinyint => Value::Tinyint(number as i8),
        CqlType::Smallint => Value::Smallint(number as i16),
        CqlType::Int => Value::Int(number as i32),
        CqlType::Counter => Value::Counter(number),
        _ => Value::Bigint(number),
    }
}

fn integer(op: ArithmeticOp, a: i64, b: i64) -> Result<i64, Failure> {
    let divides = matches!(op, ArithmeticOp::Divide | ArithmeticOp::Remainder);
    if divides && b == 0 {
        return Err(Failure::new("/ by zero"));
    }
    Ok(match op {
        ArithmeticOp::Add => a.wrapping_add(b),
        ArithmeticOp::Subtract => a.wrapping_sub(b),
        ArithmeticOp::Multiply => a.wrapping_mul(b),
        ArithmeticOp::Divide => a.wrapping_div(b),
        ArithmeticOp::Remainder => a.wrapping_rem(b),
    })
}

fn float<T>(op: ArithmeticOp, a: T, b: T) -> T
where
    T: std::ops::Add<Output = T>
        + std::ops::Sub<Output = T>
        + std::ops::Mul<Output = T>
        + std::ops::Div<Output = T>
        + std::ops::Rem<Output = T>,
{
    match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
        ArithmeticOp::Remainder => a % b,
    }
}

fn varint(op: ArithmeticOp, a: &BigInt, b: &BigInt) -> Result<BigInt, Failure> {
    let divides = matches!(op, ArithmeticOp::Divide | ArithmeticOp::Remainder);
    if divides && b.sign() == Sign::NoSign {
        return Err(Failure::new("BigInteger divide by zero"));
    }
    let result = match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
        ArithmeticOp::Remainder => a % b,
    };
    if fits(&result) {
        Ok(result)
    } else {
        Err(TooLarge.into())
    }
}

fn decimal(op: ArithmeticOp, a: &Decimal, b: &Decimal) -> Result<Decimal, Failure> {
    let by_zero = b.sign() == Sign::NoSign;
    Ok(match op {
        ArithmeticOp::Add => a.plus(b)?.rounded()?,
        ArithmeticOp::Subtract => a.minus(b)?.rounded()?,
        ArithmeticOp::Multiply => a.times(b)?.rounded()?,
        ArithmeticOp::Divide if by_zero => return Err(Failure::new("BigInteger divide by zero")),
        ArithmeticOp::Divide => a.divided_by(b)?,
        ArithmeticOp::Remainder if by_zero => return Err(Failure::new("Division by zero")),
        ArithmeticOp::Remainder => a.remainder(b)?,
    })
}

fn to_f64(value: &Value) -> f64 {
    match value {
        Value::Float(number) => (*number).into(),
        Value::Double(number) => *number,
        _ => value.as_integer().unwrap_or(0) as f64,
    }
}

fn to_f32(value: &Value) -> f32 {
    match value {
        Value::Float(number) => *number,
        _ => value.as_integer().unwrap_or(0) as f32,
    }
}

fn to_varint(value: &Value) -> BigInt {
    match value {
        Value::Varint(number) => number.clone(),
        _ => value.as_integer().unwrap_or(0).into(),
    }
}

fn to_decimal(value: &Value) -> Result<Decimal, Failure> {
    match value {
        Value::Decimal { scale, unscaled } => Ok(Decimal {
            scale: *scale,
            unscaled: unscaled.clone(),
        }),
        Value::Float(_) | Value::Double(_) => decimal_of_f64(to_f64(value)),
        _ => Ok(to_varint(value).into()),
    }
}

fn decimal_of_f64(number: f64) -> Result<Decimal, Failure> {
    if number.is_nan() {
        return Err(Failure::new("A NaN cannot be converted into a decimal"));
    }
    Decimal::parse(&Shortest::from(number).with_point())
        .ok_or_else(|| Failure::new("An infinite number cannot be converted into a decimal"))
}

fn move_in_time(op: ArithmeticOp, a: &Value, b: &Value) -> Result<Value, Failure> {
    let Value::Duration(duration) = b else {
        return Err(Failure::new("the second operand is no duration"));
    };
    let sign = if op == ArithmeticOp::Subtract { -1 } else { 1 };
    let (months, days) = (
        sign * i64::from(duration.months),
        sign * i64::from(duration.days),
    );
    let moved = match a {
        Value::Date(date) => {
            check_precision(*duration, "day", duration.nanos == 0)?;
            let days = time::days_plus(time::days_of_date(*date), months, days);
            time::date_of_days(days).map(Value::Date)
        }
        Value::Timestamp(millis) => {
            let whole = duration.nanos % 1_000_000 == 0;
            check_precision(*duration, "millisecond", whole)?;
            time::millis_plus(*millis, months, days, sign * (duration.nanos / 1_000_000))
                .map(Value::Timestamp)
        }
        _ => None,
    };
    moved.ok_or_else(|| Failure::new("the result is beyond what the type holds"))
}

fn check_precision(duration: Duration, name: &str, is_whole: bool) -> Result<(), Failure> {
    if is_whole {
        return Ok(());
    }
    Err(Failure(format!(
        "The duration must have a {name} precision. Was: {duration}"
    )))
}

/// `-a`, of the same type. The empty value stays empty.
pub fn negate(cql_type: CqlType, wire: &[u8]) -> Result<Bytes, ArithmeticError> {
    if !cql_type.is_numeric() {
        return Err(ArithmeticError::Unsupported {
            op: ArithmeticOp::Subtract,
            a: cql_type,
            b: cql_type,
        });
    }
    Ok(match Value::decode(cql_type, wire)? {
        None => Bytes::new(),
        Some(Value::Float(number)) => Value::Float(-number).encode(),
        Some(Value::Double(number)) => Value::Double(-number).encode(),
        Some(Value::Varint(number)) => Value::Varint(-number).encode(),
        Some(Value::Decimal { scale, unscaled }) => {
            let unscaled = -unscaled;
            Value::Decimal { scale, unscaled }.encode()
        }
        Some(value) => {
            let number = value.as_integer().unwrap_or(0);
            wrapped(cql_type, number.wrapping_neg()).encode()
        }
    })
}

#[cfg(test)]
mod tests;
