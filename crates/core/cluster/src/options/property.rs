//! A property as it is written after WITH, and how its text becomes a number or a truth value.

use crate::Refused;
use std::collections::BTreeMap;
use std::fmt::Display;

/// The value of a property after WITH, as written: the text of a constant, or a map of such texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// A constant; quotes removed, numbers and booleans as their text.
    Text {
        /// Its text.
        text: String,
        /// Whether it stood in quotes; only DESCRIBE cares.
        quoted: bool,
    },
    /// A map literal of constants.
    Map(BTreeMap<String, String>),
}

impl Property {
    /// A string constant.
    pub fn quoted(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            quoted: true,
        }
    }

    /// A number, boolean or other constant that is written without quotes.
    pub fn bare(text: impl Display) -> Self {
        Self::Text {
            text: text.to_string(),
            quoted: false,
        }
    }

    /// A floating point constant, always with a point or an exponent.
    pub(super) fn double(value: f64) -> Self {
        Self::Text {
            text: format!("{value:?}"),
            quoted: false,
        }
    }

    /// The text of a constant.
    pub fn text(&self, name: &str) -> Result<&str, Refused> {
        match self {
            Self::Text { text, .. } => Ok(text),
            Self::Map(_) => Err(Refused::Syntax(format!(
                "Invalid value for property '{name}'. It should be a string"
            ))),
        }
    }

    /// A map literal.
    pub fn map(&self, name: &str) -> Result<&BTreeMap<String, String>, Refused> {
        match self {
            Self::Map(map) => Ok(map),
            Self::Text { .. } => Err(Refused::Syntax(format!(
                "Invalid value for property '{name}'. It should be a map."
            ))),
        }
    }

    /// A truth value.
    pub fn boolean(&self, name: &str) -> Result<bool, Refused> {
        let text = self.text(name)?;
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Ok(true),
            "0" | "false" | "no" => Ok(false),
            _ => Err(Refused::Syntax(format!(
                "Invalid boolean value {text} for '{name}'. Positive values can be '1', 'true' or 'yes'. Negative values can be '0', 'false' or 'no'."
            ))),
        }
    }

    /// A 32-bit integer.
    pub fn integer(&self, name: &str) -> Result<i32, Refused> {
        let text = self.text(name)?;
        text.parse()
            .map_err(|_| Refused::Syntax(format!("Invalid integer value {text} for '{name}'")))
    }

    /// A finite floating point number.
    pub fn number(&self, name: &str) -> Result<f64, Refused> {
        let text = self.text(name)?;
        text.parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
            .ok_or_else(|| Refused::Syntax(format!("Invalid double value {text} for '{name}'")))
    }
}

/// `0x…`, as blobs are written.
pub(super) fn hex_of_bytes(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("0x");
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes every write");
    }
    text
}

/// Reads [`hex_of_bytes`].
pub(super) fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let digits: Vec<u8> = digits
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect()
}
