//! `abs`, `exp`, `log`, `log10`, `round`: each gives a value of its argument's type.

use crate::error::invalid;
use crate::error::of_value;
use crate::error::unsupported;
use bytes::Bytes;
use num_bigint::BigInt;
use num_bigint::Sign;
use quorate_data::CqlType;
use quorate_data::Value;
use quorate_types::RequestError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MathFunction {
    Abs,
    Exp,
    Log,
    Log10,
    Round,
}

impl MathFunction {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "abs" => Self::Abs,
            "exp" => Self::Exp,
            "log" => Self::Log,
            "log10" => Self::Log10,
            "round" => Self::Round,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Log10 => "log10",
            Self::Round => "round",
        }
    }

    fn of_double(self, number: f64) -> f64 {
        match self {
            Self::Abs => number.abs(),
            Self::Exp => number.exp(),
            Self::Log => number.ln(),
            Self::Log10 => number.log10(),
            // Half up, towards positive infinity, saturating at a long: what Java's rounding does.
            Self::Round => (number + 0.5).floor() as i64 as f64,
        }
    }
}

/// The function of a value in wire bytes. The empty value stays empty. Integers that the result
/// does not fit are cut as Java's narrowing cuts them.
pub(super) fn compute(
    function: MathFunction,
    cql_type: CqlType,
    wire: &[u8],
) -> Result<Bytes, RequestError> {
    let Some(value) = Value::decode(cql_type, wire).map_err(of_value)? else {
        return Ok(Bytes::new());
    };
    let integer = |number: i64| -> Option<i64> {
        match function {
            MathFunction::Abs => Some(number.wrapping_abs()),
            MathFunction::Round => Some(number),
            MathFunction::Exp | MathFunction::Log | MathFunction::Log10 => None,
        }
    };
    let result = match value {
        Value::Tinyint(number) => Value::Tinyint(integer(i64::from(number)).map_or_else(
            || function.of_double(f64::from(number)) as i32 as i8,
            |n| n as i8,
        )),
        Value::Smallint(number) => Value::Smallint(integer(i64::from(number)).map_or_else(
            || function.of_double(f64::from(number)) as i32 as i16,
            |n| n as i16,
        )),
        Value::Int(number) => Value::Int(integer(i64::from(number)).map_or_else(
            || function.of_double(f64::from(number)) as i32,
            |n| n as i32,
        )),
        Value::Bigint(number) => Value::Bigint(
            integer(number).unwrap_or_else(|| function.of_double(number as f64) as i64),
        ),
        Value::Float(number) if function == MathFunction::Round => {
            Value::Float((f64::from(number) + 0.5).floor() as i32 as f32)
        }
        Value::Float(number) => Value::Float(function.of_double(f64::from(number)) as f32),
        Value::Double(number) => Value::Double(function.of_double(number)),
        Value::Varint(number) => Value::Varint(exact_integer(function, number)?),
        Value::Decimal { scale, unscaled } => exact_decimal(function, scale, unscaled)?,
        _ => {
            return Err(invalid(format!(
                "{} does not take {cql_type}",
                function.name()
            )));
        }
    };
    Ok(result.encode())
}

fn exact_integer(function: MathFunction, number: BigInt) -> Result<BigInt, RequestError> {
    match function {
        MathFunction::Abs => Ok(absolute(number)),
        MathFunction::Round => Ok(number),
        MathFunction::Exp | MathFunction::Log | MathFunction::Log10 => Err(unsupported(
            "function",
            format_args!("{} of varint", function.name()),
        )),
    }
}

fn exact_decimal(
    function: MathFunction,
    scale: i32,
    unscaled: BigInt,
) -> Result<Value, RequestError> {
    match function {
        MathFunction::Abs => Ok(Value::Decimal {
            scale,
            unscaled: absolute(unscaled),
        }),
        MathFunction::Round => Ok(round_half_up(scale, unscaled)),
        MathFunction::Exp | MathFunction::Log | MathFunction::Log10 => Err(unsupported(
            "function",
            format_args!("{} of decimal", function.name()),
        )),
    }
}

fn absolute(number: BigInt) -> BigInt {
    match number.sign() {
        Sign::Minus => -number,
        Sign::NoSign | Sign::Plus => number,
    }
}

/// To scale 0, halves away from zero. A decimal whose digits all lie far behind the point is zero
/// before any power of ten is computed, so that a scale of two milliards costs nothing.
fn round_half_up(scale: i32, unscaled: BigInt) -> Value {
    let Ok(places) = u32::try_from(scale) else {
        // A negative scale: whole already.
        return Value::Decimal { scale, unscaled };
    };
    let digits = unscaled.magnitude().bits() / 3 + 1;
    let rounded = if u64::from(places) > digits + 1 {
        BigInt::ZERO
    } else {
        let unit = BigInt::from(10).pow(places);
        let sign = unscaled.sign();
        let doubled = absolute(unscaled) * 2 + &unit;
        let whole: BigInt = doubled / (unit * 2);
        if sign == Sign::Minus { -whole } else { whole }
    };
    Value::Decimal {
        scale: 0,
        unscaled: rounded,
    }
}
