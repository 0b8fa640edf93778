//! Colours, as escape sequences of terminals.

use crate::format::Kind;

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Header,
    Null,
    Number,
    Text,
    Error,
    Keyword,
    Plain,
}

impl Style {
    pub(crate) const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Null => Self::Null,
            Kind::Number => Self::Number,
            Kind::Text => Self::Text,
            Kind::Other => Self::Plain,
        }
    }

    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Header => Some("1;35"),
            Self::Null => Some("2"),
            Self::Number => Some("32"),
            Self::Text => Some("33"),
            Self::Error => Some("1;31"),
            Self::Keyword => Some("1;34"),
            Self::Plain => None,
        }
    }

    /// The text in this style, if colours are shown.
    pub(crate) fn paint(self, text: &str, color: bool) -> String {
        match self.code() {
            Some(code) if color && !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }
}
