//! Text to tokens. Never fails: what is no token becomes [`TokenKind::Unknown`] or
//! [`TokenKind::Unterminated`], so that highlighting and the shell work on half a statement.
//!
//! A number has no sign here. Whether the minus of `v-1` subtracts or negates depends on what
//! stands before it, which only the parser knows.
//!
//! # Invariants
//!
//! * **X1** Every token is at least one byte long and begins and ends between characters.
//! * **X2** Tokens are in order and do not overlap; between them is only white space.
//! * **X3** Each byte is looked at a bounded number of times.

use crate::keywords::WordClass;
use crate::keywords::classify;
use std::ops::Range;

/// A token: what it is and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    /// A word that is never a name unless quoted: `SELECT`.
    ReservedKeyword,
    /// A word that means something in places and is a name elsewhere: `key`.
    Keyword,
    /// Any other word.
    Identifier,
    /// `"Name"`, possibly empty.
    QuotedIdentifier,
    /// `'text'` or `$$text$$`
    String,
    /// `42`, without a sign.
    Integer,
    /// `1.5`, `1e3`, without a sign.
    Float,
    /// `true`, `false`
    Boolean,
    /// `550e8400-e29b-41d4-a716-446655440000`
    Uuid,
    /// `0xcafe`
    Hex,
    /// `1h30m`, `P1Y`, without a sign.
    Duration,
    /// Punctuation and operators, one or two characters.
    Symbol,
    /// `-- …`, `// …` or `/* … */`
    Comment,
    /// Something that is open at the end of the text.
    Unterminated(Unterminated),
    /// A character that begins no token.
    Unknown,
}

/// What is open at the end of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unterminated {
    /// `'text`
    String,
    /// `$$text`
    DollarString,
    /// `"Name`
    QuotedIdentifier,
    /// `/* text`
    Comment,
}

/// The tokens of a text, comments included, white space left out.
pub fn tokenize(text: &str) -> Vec<Token> {
    Lexer {
        text,
        bytes: text.as_bytes(),
        position: 0,
    }
    .collect()
}

/// Characters that stand alone as a symbol.
const SYMBOLS: &[u8] = b";,()[]{}:.=<>+-*/%?";

/// Symbols of two characters.
const PAIRS: [&[u8; 2]; 6] = [b"..", b"+=", b"-=", b"<=", b">=", b"!="];

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    position: usize,
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.bytes.get(self.position..)?;
        let start = self.position + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let (kind, end) = self.token_at(start);
        assert!(end > start, "X1");
        self.position = end;
        Some(Token {
            kind,
            range: start..end,
        })
    }
}

impl Lexer<'_> {
    fn byte(&self, index: usize) -> u8 {
        // Zero is no part of any token, so it serves as "past the end".
        self.bytes.get(index).copied().unwrap_or(0)
    }

    fn starts_with(&self, index: usize, prefix: &[u8]) -> bool {
        self.bytes
            .get(index..)
            .is_some_and(|rest| rest.starts_with(prefix))
    }

    /// The end of the run of bytes from `index` that satisfy `wanted`.
    fn run(&self, index: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let mut end = index;
        while wanted(self.byte(end)) {
            end += 1;
        }
        end
    }

    /// The offset of `pattern` at or after `index`.
    fn find(&self, index: usize, pattern: &str) -> Option<usize> {
        self.text
            .get(index..)?
            .find(pattern)
            .map(|found| index + found)
    }

    fn token_at(&self, start: usize) -> (TokenKind, usize) {
        match self.byte(start) {
            b'\'' => self.quoted(start, b'\'', TokenKind::String, Unterminated::String),
            b'"' => self.quoted(
                start,
                b'"',
                TokenKind::QuotedIdentifier,
                Unterminated::QuotedIdentifier,
            ),
            b'$' if self.byte(start + 1) == b'$' => match self.find(start + 2, "$$") {
                Some(end) => (TokenKind::String, end + 2),
                None => self.open(Unterminated::DollarString),
            },
            b'-' | b'/' if self.byte(start + 1) == self.byte(start) => (
                TokenKind::Comment,
                self.find(start, "\n").unwrap_or(self.bytes.len()),
            ),
            b'/' if self.byte(start + 1) == b'*' => match self.find(start + 2, "*/") {
                Some(end) => (TokenKind::Comment, end + 2),
                None => self.open(Unterminated::Comment),
            },
            b'0'..=b'9' => self.number(start),
            b'a'..=b'z' | b'A'..=b'Z' => self.word(start),
            byte => self.symbol(start, byte),
        }
    }

    fn open(&self, what: Unterminated) -> (TokenKind, usize) {
        (TokenKind::Unterminated(what), self.bytes.len())
    }

    /// Text between two quotes, in which a doubled quote stands for one.
    fn quoted(
        &self,
        start: usize,
        quote: u8,
        kind: TokenKind,
        open: Unterminated,
    ) -> (TokenKind, usize) {
        let mut index = start + 1;
        while index < self.bytes.len() {
            if self.byte(index) != quote {
                index += 1;
            } else if self.byte(index + 1) == quote {
                index += 2;
            } else {
                return (kind, index + 1);
            }
        }
        self.open(open)
    }

    fn symbol(&self, start: usize, byte: u8) -> (TokenKind, usize) {
        if PAIRS.iter().any(|pair| self.starts_with(start, *pair)) {
            (TokenKind::Symbol, start + 2)
        } else if SYMBOLS.contains(&byte) {
            (TokenKind::Symbol, start + 1)
        } else {
            let character = self.text.get(start..).and_then(|rest| rest.chars().next());
            (
                TokenKind::Unknown,
                start + character.map_or(1, char::len_utf8),
            )
        }
    }

    fn word(&self, start: usize) -> (TokenKind, usize) {
        if self.is_uuid(start) {
            return (TokenKind::Uuid, start + UUID_BYTES);
        }
        if self.byte(start) == b'P'
            && let Some(end) = self.iso_duration(start + 1)
            && !is_word_byte(self.byte(end))
        {
            return (TokenKind::Duration, end);
        }
        let end = self.run(start, is_word_byte);
        let word = self.text.get(start..end).unwrap_or("");
        if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
            return (TokenKind::Boolean, end);
        }
        let kind = match classify(word) {
            WordClass::Reserved => TokenKind::ReservedKeyword,
            WordClass::Keyword => TokenKind::Keyword,
            WordClass::Plain => TokenKind::Identifier,
        };
        (kind, end)
    }

    fn number(&self, start: usize) -> (TokenKind, usize) {
        if self.is_uuid(start) {
            return (TokenKind::Uuid, start + UUID_BYTES);
        }
        if self.byte(start) == b'0' && matches!(self.byte(start + 1), b'x' | b'X') {
            return (
                TokenKind::Hex,
                self.run(start + 2, |byte| byte.is_ascii_hexdigit()),
            );
        }
        if let Some(end) = self.unit_duration(start) {
            return (TokenKind::Duration, end);
        }
        let mut kind = TokenKind::Integer;
        let mut end = self.run(start, |byte| byte.is_ascii_digit());
        // `1..2` is a range of integers, `1...2` one from the float `1.`.
        let is_range = self.starts_with(end, b"..") && !self.starts_with(end, b"...");
        if self.byte(end) == b'.' && !is_range {
            kind = TokenKind::Float;
            end = self.run(end + 1, |byte| byte.is_ascii_digit());
        }
        if matches!(self.byte(end), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
            let exponent = end + 1 + sign;
            let exponent_end = self.run(exponent, |byte| byte.is_ascii_digit());
            if exponent_end > exponent {
                return (TokenKind::Float, exponent_end);
            }
        }
        (kind, end)
    }

    fn is_uuid(&self, start: usize) -> bool {
        self.bytes
            .get(start..start + UUID_BYTES)
            .is_some_and(|candidate| {
                candidate
                    .iter()
                    .enumerate()
                    .all(|(index, byte)| match index {
                        8 | 13 | 18 | 23 => *byte == b'-',
                        _ => byte.is_ascii_hexdigit(),
                    })
            })
    }

    /// `1y2mo3d…`: the end of the longest run of numbers with units.
    fn unit_duration(&self, start: usize) -> Option<usize> {
        let mut end = None;
        let mut index = start;
        loop {
            let unit = self.run(index, |byte| byte.is_ascii_digit());
            if unit == index {
                return end;
            }
            let Some(bytes) = self.unit(unit) else {
                return end;
            };
            index = unit + bytes;
            end = Some(index);
        }
    }

    /// How many bytes the duration unit at `index` has.
    fn unit(&self, index: usize) -> Option<usize> {
        if self.starts_with(index, "µs".as_bytes()) || self.starts_with(index, "µS".as_bytes()) {
            return Some("µs".len());
        }
        let (first, second) = (self.byte(index), self.byte(index + 1));
        match (first.to_ascii_lowercase(), second.to_ascii_lowercase()) {
            (b'm', b'o' | b's') | (b'u' | b'n', b's') => Some(2),
            (b'y' | b'w' | b'd' | b'h' | b'm' | b's', _) => Some(1),
            _ => None,
        }
    }

    /// An ISO 8601 duration after its `P`.
    fn iso_duration(&self, start: usize) -> Option<usize> {
        if let Some(end) = self.matches_pattern(start, b"0000-00-00T00:00:00") {
            return Some(end);
        }
        if let Some(end) = self.designators(start, b"W") {
            return Some(end);
        }
        let date = self.designators(start, b"YMD");
        let time_start = date.unwrap_or(start);
        let time = if self.byte(time_start) == b'T' {
            self.designators(time_start + 1, b"HMS")
        } else {
            None
        };
        time.or(date)
    }

    /// Numbers followed by some of `letters`, in order and each at most once.
    fn designators(&self, start: usize, letters: &[u8]) -> Option<usize> {
        let mut index = start;
        for letter in letters {
            let end = self.run(index, |byte| byte.is_ascii_digit());
            if end > index && self.byte(end) == *letter {
                index = end + 1;
            }
        }
        (index > start).then_some(index)
    }

    /// Matches a pattern in which `0` stands for any digit.
    fn matches_pattern(&self, start: usize, pattern: &[u8]) -> Option<usize> {
        let end = start + pattern.len();
        let candidate = self.bytes.get(start..end)?;
        let fits = candidate
            .iter()
            .zip(pattern)
            .all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            });
        fits.then_some(end)
    }
}

/// Length of a UUID in text.
const UUID_BYTES: usize = 36;

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests;
