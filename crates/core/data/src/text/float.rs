//! Floats by the fewest digits that read back as the same float.

/// The shortest digits of a float.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shortest {
    /// Not a number, or infinite.
    Special(&'static str),
    /// `d.ddd` times ten to the `exponent`.
    Number {
        /// Below zero, or the zero below zero.
        negative: bool,
        /// At least one.
        digits: String,
        exponent: i32,
    },
}

impl From<f64> for Shortest {
    fn from(number: f64) -> Self {
        Self::new(number, &format!("{:e}", number.abs()))
    }
}

impl From<f32> for Shortest {
    fn from(number: f32) -> Self {
        Self::new(number.into(), &format!("{:e}", number.abs()))
    }
}

impl Shortest {
    fn new(number: f64, scientific: &str) -> Self {
        if number.is_nan() {
            return Self::Special("NaN");
        }
        if number.is_infinite() {
            return Self::Special(if number < 0.0 {
                "-Infinity"
            } else {
                "Infinity"
            });
        }
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        Self::Number {
            negative: number.is_sign_negative(),
            digits: mantissa.replace('.', ""),
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    /// As Java writes it: always a point, an exponent from 10 million up and below a thousandth.
    pub(crate) fn with_point(&self) -> String {
        let Self::Number {
            negative,
            digits,
            exponent,
        } = self
        else {
            return self.special().to_owned();
        };
        let sign = if *negative { "-" } else { "" };
        if (-3..7).contains(exponent) {
            let plain = plain(digits, *exponent);
            let point = if plain.contains('.') { "" } else { ".0" };
            return format!("{sign}{plain}{point}");
        }
        let (first, others) = digits.split_at(1);
        let others = if others.is_empty() { "0" } else { others };
        format!("{sign}{first}.{others}E{exponent}")
    }

    /// As the shell prints it: no point after a whole number, an exponent from 1e16 up and below
    /// a ten thousandth.
    pub(crate) fn brief(&self) -> String {
        let Self::Number {
            negative,
            digits,
            exponent,
        } = self
        else {
            return self.special().to_owned();
        };
        let sign = if *negative { "-" } else { "" };
        if (-4..16).contains(exponent) {
            return format!("{sign}{}", plain(digits, *exponent));
        }
        let (first, others) = digits.split_at(1);
        let point = if others.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{others}e{exponent:+03}")
    }

    fn special(&self) -> &'static str {
        match self {
            Self::Special(name) => name,
            Self::Number { .. } => "",
        }
    }
}

/// Digits with the point where the exponent says, if it is inside or before them.
fn plain(digits: &str, exponent: i32) -> String {
    let Ok(exponent) = usize::try_from(exponent) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("0.{zeros}{digits}");
    };
    if exponent + 1 >= digits.len() {
        let zeros = "0".repeat(exponent + 1 - digits.len());
        return format!("{digits}{zeros}");
    }
    let (whole, fraction) = digits.split_at(exponent + 1);
    format!("{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exponents_appear_where_the_forms_say() {
        for (number, java, shell) in [
            (1.5, "1.5", "1.5"),
            (1.0, "1.0", "1"),
            (-0.0, "-0.0", "-0"),
            (100.0, "100.0", "100"),
            (0.001, "0.001", "0.001"),
            (0.0001, "1.0E-4", "0.0001"),
            (1.5e-5, "1.5E-5", "1.5e-05"),
            (9_999_999.0, "9999999.0", "9999999"),
            (1e7, "1.0E7", "10000000"),
            (1.25e10, "1.25E10", "12500000000"),
            (1e16, "1.0E16", "1e+16"),
            (1.5e300, "1.5E300", "1.5e+300"),
            (f64::NAN, "NaN", "NaN"),
            (f64::NEG_INFINITY, "-Infinity", "-Infinity"),
        ] {
            assert_eq!(Shortest::from(number).with_point(), java);
            assert_eq!(Shortest::from(number).brief(), shell);
        }
        assert_eq!(Shortest::from(1.9_f32).with_point(), "1.9");
    }

    proptest! {
        #[test]
        fn both_forms_read_back(bits: u64, bits32: u32) {
            let number = f64::from_bits(bits);
            prop_assume!(!number.is_nan());
            for text in [Shortest::from(number).with_point(), Shortest::from(number).brief()] {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(bits));
            }
            let number = f32::from_bits(bits32);
            prop_assume!(!number.is_nan());
            for text in [Shortest::from(number).with_point(), Shortest::from(number).brief()] {
                prop_assert_eq!(text.parse::<f32>().map(f32::to_bits), Ok(bits32));
            }
        }
    }
}
