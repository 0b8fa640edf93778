//! Decimals: `unscaled` times ten to the power of `-scale`.
//!
//! Scales come from clients and reach two thousand million, so nothing here writes out the zeros
//! that a scale stands for: comparing, printing and sorted bytes work on the digits alone, and
//! arithmetic refuses operands whose digits lie too far apart ([`TooLarge`]).

use crate::cql_type::NUMBER_BYTES_MAX;
use bytes::Bytes;
use num_bigint::BigInt;
use num_bigint::Sign;
use std::cmp::Ordering;
use std::fmt;

/// How many decimal digits the longest number has.
const DIGITS_MAX: usize = 157_825;
/// To how many digits sums and products are rounded.
const PRECISION: usize = 10_000;
/// A quotient has at least so many digits, and so many of them after the point.
const QUOTIENT_DIGITS_MIN: i64 = 32;
/// A quotient has at most so many digits after the point.
const QUOTIENT_SCALE_MAX: i64 = 1_000;

/// A result with more digits than a number can have, or operands so far apart that it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A decimal number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// How many of the digits are after the point; negative: zeros that follow them.
    pub(crate) scale: i32,
    /// The digits.
    pub(crate) unscaled: BigInt,
}

/// The absolute value of a number other than zero, as `0.digits` times ten to the `exponent`.
/// Equal numbers have equal digits: the first and the last are not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Magnitude {
    pub(crate) exponent: i64,
    pub(crate) digits: Vec<u8>,
}

impl Magnitude {
    fn compare(&self, other: &Self) -> Ordering {
        self.exponent
            .cmp(&other.exponent)
            .then_with(|| self.digits.cmp(&other.digits))
    }
}

fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

fn is_zero(number: &BigInt) -> bool {
    number.sign() == Sign::NoSign
}

/// The decimal digits of a number's absolute value; none for zero.
fn digits_of(number: &BigInt) -> Vec<u8> {
    if is_zero(number) {
        return Vec::new();
    }
    number.to_radix_be(10).1
}

/// How many decimal digits; 1 for zero.
fn precision_of(number: &BigInt) -> i64 {
    digits_of(number).len().max(1) as i64
}

/// Whether a number is short enough to be a value.
pub(crate) fn fits(number: &BigInt) -> bool {
    let bits_max = 8 * NUMBER_BYTES_MAX as u64;
    // Two's complement has one number more below zero.
    number.bits() < bits_max
        || number.bits() == bits_max && number.to_signed_bytes_be().len() <= NUMBER_BYTES_MAX
}

/// The order of two decimals' wire bytes, both of right length.
pub(crate) fn compare_wire(a: &[u8], b: &[u8]) -> Ordering {
    match (Decimal::from_wire(a), Decimal::from_wire(b)) {
        (Some(a), Some(b)) => a.compare(&b),
        _ => a.cmp(b),
    }
}

impl Decimal {
    /// Zero, without digits after the point.
    pub(crate) fn zero() -> Self {
        Self::from(BigInt::ZERO)
    }

    /// Reads the scale, then the unscaled number.
    pub(crate) fn from_wire(wire: &[u8]) -> Option<Self> {
        let (scale, unscaled) = wire.split_first_chunk::<4>()?;
        Some(Self {
            scale: i32::from_be_bytes(*scale),
            unscaled: BigInt::from_signed_bytes_be(unscaled),
        })
    }

    /// Writes the scale, then the unscaled number.
    pub(crate) fn to_wire(&self) -> Bytes {
        let mut out = self.scale.to_be_bytes().to_vec();
        out.extend(self.unscaled.to_signed_bytes_be());
        out.into()
    }

    /// Below, at or above zero.
    pub(crate) fn sign(&self) -> Sign {
        self.unscaled.sign()
    }

    /// The digits without the sign. `None`: zero.
    pub(crate) fn magnitude(&self) -> Option<Magnitude> {
        let mut digits = digits_of(&self.unscaled);
        let exponent = digits.len() as i64 - i64::from(self.scale);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        (!digits.is_empty()).then_some(Magnitude { exponent, digits })
    }

    /// The one decimal of a number's digits that decoding a key gives: without zeros at the end
    /// after the point, and without an exponent if it has at most 38 digits then.
    ///
    /// `None`: no scale says where the point is.
    pub(crate) fn from_magnitude(negative: bool, magnitude: Magnitude) -> Option<Self> {
        const WHOLE_DIGITS_MAX: i64 = 38;
        let Magnitude {
            exponent,
            mut digits,
        } = magnitude;
        let count = digits.len() as i64;
        let wanted = if (count..=WHOLE_DIGITS_MAX).contains(&exponent) {
            exponent
        } else {
            // A scale below the least has its zeros written out; there are as few as the digits
            // that the number once had more.
            (i64::from(i32::MIN) + exponent).max(count)
        };
        if wanted > DIGITS_MAX as i64 {
            return None;
        }
        digits.resize(wanted as usize, 0);
        let scale = i32::try_from(wanted - exponent).ok()?;
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        let unscaled = BigInt::from_radix_be(sign, &digits, 10)?;
        fits(&unscaled).then_some(Self { scale, unscaled })
    }

    /// Reads `1.5`, `-2`, `.5`, `1e10`, keeping zeros after the point.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let scale = i32::try_from((fraction.len() as i64).checked_sub(exponent)?).ok()?;
        let digits = [whole, fraction].concat();
        let unscaled = parse_digits(&digits)?;
        Some(Self {
            scale,
            unscaled: if negative { -unscaled } else { unscaled },
        })
    }

    /// Without an exponent, all zeros written out.
    pub(crate) fn to_plain(&self) -> Result<String, TooLarge> {
        let digits = self.unscaled.magnitude().to_str_radix(10);
        let sign = if self.sign() == Sign::Minus { "-" } else { "" };
        let scale = i64::from(self.scale);
        let count = digits.len() as i64;
        if scale.abs() > 2 * DIGITS_MAX as i64 {
            return Err(TooLarge);
        }
        Ok(if scale <= 0 && is_zero(&self.unscaled) {
            "0".to_owned()
        } else if scale <= 0 {
            format!("{sign}{digits}{}", "0".repeat(-scale as usize))
        } else if count > scale {
            let (whole, fraction) = digits.split_at((count - scale) as usize);
            format!("{sign}{whole}.{fraction}")
        } else {
            format!("{sign}0.{}{digits}", "0".repeat((scale - count) as usize))
        })
    }

    /// The number's order; `1.0` and `1.00` are equal.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        if self.scale == other.scale || self.sign() != other.sign() {
            return match self.sign().cmp(&other.sign()) {
                Ordering::Equal => self.unscaled.cmp(&other.unscaled),
                by_sign => by_sign,
            };
        }
        let (Some(a), Some(b)) = (self.magnitude(), other.magnitude()) else {
            return Ordering::Equal;
        };
        match self.sign() {
            Sign::Minus => b.compare(&a),
            Sign::NoSign | Sign::Plus => a.compare(&b),
        }
    }

    /// The part before the point, low 64 bits of it.
    pub(crate) fn to_i64_wrapping(&self) -> i64 {
        // 64 tens have 64 twos in them: nothing is left of the low bits.
        if self.scale <= -64 || is_zero(&self.unscaled) {
            return 0;
        }
        if self.scale <= 0 {
            return low_i64(&(&self.unscaled * ten_to(self.scale.unsigned_abs())));
        }
        if precision_of(&self.unscaled) <= i64::from(self.scale) {
            return 0;
        }
        low_i64(&(&self.unscaled / ten_to(self.scale.unsigned_abs())))
    }

    /// As text that a float is read from; the reading rounds correctly.
    pub(crate) fn float_text(&self) -> String {
        format!("{}e{}", self.unscaled, -i64::from(self.scale))
    }

    /// Both as whole numbers of one scale.
    fn align(&self, other: &Self) -> Result<(BigInt, BigInt, i32), TooLarge> {
        let scale = self.scale.max(other.scale);
        let raised = |number: &Self| {
            let power = scale.abs_diff(number.scale);
            if power as usize > DIGITS_MAX {
                return Err(TooLarge);
            }
            Ok(&number.unscaled * ten_to(power))
        };
        Ok((raised(self)?, raised(other)?, scale))
    }

    /// The exact sum.
    pub(crate) fn plus(&self, other: &Self) -> Result<Self, TooLarge> {
        let sum = match self.align(other) {
            Ok((a, b, scale)) => Self {
                scale,
                unscaled: a + b,
            },
            Err(TooLarge) if is_zero(&self.unscaled) => other.clone(),
            Err(TooLarge) if is_zero(&other.unscaled) => self.clone(),
            Err(TooLarge) => return Err(TooLarge),
        };
        sum.checked()
    }

    /// The exact difference.
    pub(crate) fn minus(&self, other: &Self) -> Result<Self, TooLarge> {
        self.plus(&other.negated())
    }

    /// The number's opposite.
    pub(crate) fn negated(&self) -> Self {
        Self {
            scale: self.scale,
            unscaled: -&self.unscaled,
        }
    }

    /// The exact product.
    pub(crate) fn times(&self, other: &Self) -> Result<Self, TooLarge> {
        Ok(Self {
            scale: self.scale.checked_add(other.scale).ok_or(TooLarge)?,
            unscaled: &self.unscaled * &other.unscaled,
        })
    }

    /// Rounded to as many digits as arithmetic keeps, half away from zero.
    pub(crate) fn rounded(self) -> Result<Self, TooLarge> {
        // A quick look first: a digit has more than 3.3 bits.
        if self.unscaled.bits() < 3 * PRECISION as u64 {
            return Ok(self);
        }
        let excess = precision_of(&self.unscaled) - PRECISION as i64;
        if excess <= 0 {
            return Ok(self);
        }
        let scale = i64::from(self.scale) - excess;
        let divisor = ten_to(u32::try_from(excess).map_err(|_| TooLarge)?);
        let rounded = Self {
            scale: i32::try_from(scale).map_err(|_| TooLarge)?,
            unscaled: divide_half_up(&self.unscaled, &divisor),
        };
        // 99.5 may have become 100: one digit more again.
        rounded.rounded()
    }

    /// The quotient, with as many digits as arithmetic gives it, then without zeros at the end.
    /// `other` is not zero.
    pub(crate) fn divided_by(&self, other: &Self) -> Result<Self, TooLarge> {
        if is_zero(&self.unscaled) {
            return Ok(Self::zero());
        }
        let (digits, other_digits) = (precision_of(&self.unscaled), precision_of(&other.unscaled));
        let (scale, other_scale) = (i64::from(self.scale), i64::from(other.scale));
        let first_digit = (digits - scale) - (other_digits - other_scale);
        let most = (QUOTIENT_DIGITS_MIN - first_digit)
            .max(scale)
            .max(other_scale);
        let wanted = most.clamp(QUOTIENT_DIGITS_MIN, QUOTIENT_SCALE_MAX);
        if first_digit + wanted < -1 {
            return Ok(Self::zero());
        }
        if first_digit + wanted > DIGITS_MAX as i64 {
            return Err(TooLarge);
        }
        let power = wanted - scale + other_scale;
        let factor = ten_to(u32::try_from(power.unsigned_abs()).map_err(|_| TooLarge)?);
        let unscaled = if power >= 0 {
            divide_half_up(&(&self.unscaled * factor), &other.unscaled)
        } else {
            divide_half_up(&self.unscaled, &(&other.unscaled * factor))
        };
        Self {
            scale: wanted as i32,
            unscaled,
        }
        .without_zeros()
        .checked()
    }

    /// What is left of the whole quotient, of this number's sign. `other` is not zero.
    pub(crate) fn remainder(&self, other: &Self) -> Result<Self, TooLarge> {
        let (a, b, scale) = self.align(other)?;
        Self {
            scale,
            unscaled: a % b,
        }
        .checked()
    }

    /// A `count`th, with as many digits after the point as this number, half to even.
    pub(crate) fn divided_by_count(&self, count: u64) -> Self {
        let divisor = BigInt::from(count.max(1));
        let quotient = &self.unscaled / &divisor;
        let rest = &self.unscaled - &quotient * &divisor;
        let twice = BigInt::from(rest.magnitude() * 2_u32);
        let up = match twice.cmp(&divisor) {
            Ordering::Less => false,
            Ordering::Equal => quotient.bit(0),
            Ordering::Greater => true,
        };
        let step = BigInt::from(match self.sign() {
            Sign::Minus => -i32::from(up),
            Sign::NoSign | Sign::Plus => i32::from(up),
        });
        Self {
            scale: self.scale,
            unscaled: quotient + step,
        }
    }

    /// Without zeros at the end, before the point too.
    fn without_zeros(self) -> Self {
        let digits = digits_of(&self.unscaled);
        let zeros = digits.iter().rev().take_while(|digit| **digit == 0).count();
        if digits.is_empty() {
            return Self::zero();
        }
        match i32::try_from(i64::from(self.scale) - zeros as i64) {
            Ok(scale) => Self {
                scale,
                unscaled: self.unscaled / ten_to(zeros as u32),
            },
            Err(_) => self,
        }
    }

    fn checked(self) -> Result<Self, TooLarge> {
        if fits(&self.unscaled) {
            Ok(self)
        } else {
            Err(TooLarge)
        }
    }
}

/// Rounds half away from zero.
fn divide_half_up(dividend: &BigInt, divisor: &BigInt) -> BigInt {
    let quotient = dividend / divisor;
    let rest = dividend - &quotient * divisor;
    if rest.magnitude() * 2_u32 < *divisor.magnitude() {
        return quotient;
    }
    if (dividend.sign() == Sign::Minus) == (divisor.sign() == Sign::Minus) {
        quotient + 1
    } else {
        quotient - 1
    }
}

/// The number that decimal digits spell, if it is short enough to be a value.
pub(crate) fn parse_digits(digits: &str) -> Option<BigInt> {
    let digits = digits.trim_start_matches('0');
    if digits.len() > DIGITS_MAX {
        return None;
    }
    if digits.is_empty() {
        return Some(BigInt::ZERO);
    }
    BigInt::parse_bytes(digits.as_bytes(), 10).filter(fits)
}

/// The low 64 bits of a number's two's complement.
pub(crate) fn low_i64(number: &BigInt) -> i64 {
    let low = number.iter_u64_digits().next().unwrap_or(0).cast_signed();
    if number.sign() == Sign::Minus {
        low.wrapping_neg()
    } else {
        low
    }
}

impl From<BigInt> for Decimal {
    fn from(unscaled: BigInt) -> Self {
        Self { scale: 0, unscaled }
    }
}

/// Keeps the scale: `1.50`, `1E+10`, `1.5E-9`; an exponent only where zeros would have to be
/// written that the unscaled number doesn't have.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.magnitude().to_str_radix(10);
        let exponent = digits.len() as i64 - 1 - i64::from(self.scale);
        if self.scale >= 0 && exponent >= -6 {
            return f.write_str(&self.to_plain().map_err(|TooLarge| fmt::Error)?);
        }
        if self.sign() == Sign::Minus {
            f.write_str("-")?;
        }
        let (first, others) = digits.split_at(1);
        f.write_str(first)?;
        if !others.is_empty() {
            write!(f, ".{others}")?;
        }
        if exponent == 0 {
            return Ok(());
        }
        write!(f, "E{exponent:+}")
    }
}

#[cfg(test)]
mod tests;
