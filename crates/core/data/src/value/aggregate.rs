//! `sum`, `avg`, `min` and `max`, one value at a time (semantics 10.5).

use super::ArithmeticError;
use super::Value;
use super::arithmetic::wrapped;
use super::decimal::Decimal;
use super::decimal::TooLarge;
use super::decimal::fits;
use crate::CqlType;
use bytes::Bytes;
use num_bigint::BigInt;
use std::cmp::Ordering;

/// `sum(...)`: of the input's type; integers wrap; 0 over no rows.
#[derive(Debug, Clone)]
pub struct Sum {
    cql_type: CqlType,
    total: Total,
}

/// What has been added up, exact where the numbers are.
#[derive(Debug, Clone)]
enum Total {
    /// Of at most 2^63 integers of 64 bits.
    Integer(i128),
    Float(Compensated),
    Varint(BigInt),
    Decimal(Decimal),
}

/// A sum of floats that carries along what each addition rounded away.
#[derive(Debug, Clone, Default)]
struct Compensated {
    sum: f64,
    lost: f64,
    /// Without compensation, which turns infinity into not-a-number.
    plain: f64,
}

impl Compensated {
    fn add(&mut self, number: f64) {
        self.plain += number;
        let corrected = number - self.lost;
        let sum = self.sum + corrected;
        self.lost = (sum - self.sum) - corrected;
        self.sum = sum;
    }

    fn total(&self) -> f64 {
        if self.sum.is_nan() && self.plain.is_infinite() {
            self.plain
        } else {
            self.sum
        }
    }
}

fn too_large(function: &str, cql_type: CqlType) -> ArithmeticError {
    ArithmeticError::Failed {
        operation: format!("{function}({cql_type})"),
        reason: "the result has too many digits".to_owned(),
    }
}

fn decode(cql_type: CqlType, wire: &[u8]) -> Result<Option<Value>, ArithmeticError> {
    Ok(Value::decode(cql_type, wire)?)
}

impl Total {
    fn new(cql_type: CqlType) -> Option<Self> {
        Some(match cql_type {
            CqlType::Tinyint
            | CqlType::Smallint
            | CqlType::Int
            | CqlType::Bigint
            | CqlType::Counter => Self::Integer(0),
            CqlType::Float | CqlType::Double => Self::Float(Compensated::default()),
            CqlType::Varint => Self::Varint(BigInt::ZERO),
            CqlType::Decimal => Self::Decimal(Decimal::zero()),
            _ => return None,
        })
    }

    fn add(&mut self, value: Value) -> Result<(), TooLarge> {
        match (self, value) {
            (Self::Float(total), Value::Float(number)) => total.add(number.into()),
            (Self::Float(total), Value::Double(number)) => total.add(number),
            (Self::Varint(total), Value::Varint(number)) => {
                *total += number;
                if !fits(total) {
                    return Err(TooLarge);
                }
            }
            (Self::Decimal(total), Value::Decimal { scale, unscaled }) => {
                *total = total.plus(&Decimal { scale, unscaled })?;
            }
            (Self::Integer(total), value) => {
                *total = total.wrapping_add(value.as_integer().unwrap_or(0).into());
            }
            (Self::Float(_) | Self::Varint(_) | Self::Decimal(_), _) => {}
        }
        Ok(())
    }
}

/// A float total as the float type that was added up.
fn float_value(cql_type: CqlType, number: f64) -> Value {
    if cql_type == CqlType::Float {
        Value::Float(number as f32)
    } else {
        Value::Double(number)
    }
}

impl Sum {
    /// Over no rows yet. `None`: the type is not numeric.
    pub fn new(cql_type: CqlType) -> Option<Self> {
        let total = Total::new(cql_type)?;
        Some(Self { cql_type, total })
    }

    /// Counts one more value; empty ones are skipped, as nulls are.
    pub fn add(&mut self, wire: &[u8]) -> Result<(), ArithmeticError> {
        if let Some(value) = decode(self.cql_type, wire)? {
            let added = self.total.add(value);
            added.map_err(|TooLarge| too_large("sum", self.cql_type))?;
        }
        Ok(())
    }

    /// The sum's wire bytes.
    pub fn finish(&self) -> Bytes {
        match &self.total {
            Total::Integer(total) => wrapped(self.cql_type, *total as i64).encode(),
            Total::Float(total) => float_value(self.cql_type, total.total()).encode(),
            Total::Varint(total) => Value::Varint(total.clone()).encode(),
            Total::Decimal(total) => total.to_wire(),
        }
    }
}

/// `avg(...)`: of the input's type; of integers truncated; 0 over no rows.
#[derive(Debug, Clone)]
pub struct Average {
    cql_type: CqlType,
    count: u64,
    total: Total,
    /// The sum of the same floats, each made smaller: it does not overflow.
    scaled: Compensated,
}

/// By how much: exact, for all floats that matter beside ones so large that their sum overflows.
const SCALE: f64 = 1.0 / 18_446_744_073_709_551_616.0;

impl Average {
    /// Over no rows yet. `None`: the type is not numeric.
    pub fn new(cql_type: CqlType) -> Option<Self> {
        Some(Self {
            cql_type,
            count: 0,
            total: Total::new(cql_type)?,
            scaled: Compensated::default(),
        })
    }

    /// Counts one more value; empty ones are skipped, as nulls are.
    pub fn add(&mut self, wire: &[u8]) -> Result<(), ArithmeticError> {
        let Some(value) = decode(self.cql_type, wire)? else {
            return Ok(());
        };
        self.count += 1;
        match (&mut self.total, value) {
            // A running average, so that each step rounds to the digits its numbers have.
            (Total::Decimal(average), Value::Decimal { scale, unscaled }) => {
                let number = Decimal { scale, unscaled };
                let step = number
                    .minus(average)
                    .map(|distance| distance.divided_by_count(self.count));
                *average = step
                    .and_then(|step| average.plus(&step))
                    .map_err(|TooLarge| too_large("avg", self.cql_type))?;
                Ok(())
            }
            (total, value) => {
                match value {
                    Value::Float(number) => self.scaled.add(f64::from(number) * SCALE),
                    Value::Double(number) => self.scaled.add(number * SCALE),
                    _ => {}
                }
                let added = total.add(value);
                added.map_err(|TooLarge| too_large("avg", self.cql_type))
            }
        }
    }

    /// The average's wire bytes.
    pub fn finish(&self) -> Bytes {
        let count = self.count.max(1);
        match &self.total {
            Total::Integer(total) => {
                wrapped(self.cql_type, (total / i128::from(count)) as i64).encode()
            }
            Total::Float(total) => {
                let count = count as f64;
                let plain = total.total() / count;
                let average = if plain.is_finite() {
                    plain
                } else {
                    self.scaled.total() / count / SCALE
                };
                float_value(self.cql_type, average).encode()
            }
            Total::Varint(total) => Value::Varint(total / count).encode(),
            Total::Decimal(average) => average.to_wire(),
        }
    }
}

/// `min(...)` and `max(...)`, by the type's order.
#[derive(Debug, Clone)]
pub struct Extreme {
    cql_type: CqlType,
    /// How a value compares to an earlier one that it replaces.
    replaces: Ordering,
    found: Option<Bytes>,
}

impl Extreme {
    /// The least of none yet.
    pub fn min(cql_type: CqlType) -> Self {
        Self {
            cql_type,
            replaces: Ordering::Less,
            found: None,
        }
    }

    /// The greatest of none yet.
    pub fn max(cql_type: CqlType) -> Self {
        Self {
            cql_type,
            replaces: Ordering::Greater,
            found: None,
        }
    }

    /// Looks at one more value; empty ones are skipped, as nulls are.
    pub fn add(&mut self, wire: &[u8]) {
        if wire.is_empty() && !self.cql_type.is_textual() {
            return;
        }
        let better = match &self.found {
            Some(found) => self.cql_type.compare(wire, found) == self.replaces,
            None => true,
        };
        if better {
            self.found = Some(Bytes::copy_from_slice(wire));
        }
    }

    /// `None` over no rows: null.
    pub fn finish(&self) -> Option<Bytes> {
        self.found.clone()
    }
}

#[cfg(test)]
mod tests;
