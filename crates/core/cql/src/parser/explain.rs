//! What is wrong with a text, and where, in the words that drivers know.

use super::Failure;
use super::Parser;
use super::Reason;
use crate::error::SyntaxError;
use crate::lexer::Token;
use crate::lexer::TokenKind;
use crate::lexer::Unterminated;
use std::ops::Range;

/// What stands for a secret.
const MASK: &str = "***";

impl Parser<'_> {
    /// A failure's text and place.
    pub(super) fn explain(&self, failure: &Failure) -> SyntaxError {
        let token = self.tokens.get(failure.position);
        let input = match token {
            Some(token) => self.shown(token.range.clone()),
            None => "<EOF>".to_owned(),
        };
        let open = match token.map(|token| token.kind) {
            Some(TokenKind::Unterminated(what)) => Some(what),
            _ => None,
        };
        let (message, after) = match (&failure.reason, token.map(|token| token.kind)) {
            (_, Some(TokenKind::Unknown)) => (
                format!("no viable alternative at character '{input}'"),
                None,
            ),
            (_, Some(TokenKind::Unterminated(_))) => {
                let wanted = closing(open);
                (
                    format!("mismatched character '<EOF>' expecting {wanted}"),
                    None,
                )
            }
            (Reason::NoViableAlternative, _) => {
                (format!("no viable alternative at input '{input}'"), Some(0))
            }
            (Reason::Expected(wanted), _) => (
                format!("mismatched input '{input}' expecting {wanted}"),
                Some(2),
            ),
            (Reason::Refused(message), _) => (message.clone(), None),
        };
        let Some(token) = token else {
            return SyntaxError::at_end(self.text, message);
        };
        let message = match after {
            Some(after) => format!("{message} ({})", self.snippet(token, after)),
            None => message,
        };
        SyntaxError::at(self.text, token.range.start, message)
    }

    /// The text around a token: up to ten pieces before and `after` behind it, where white
    /// space counts as a piece, with the token in brackets.
    fn snippet(&self, token: &Token, after: usize) -> String {
        let offending = token.range.clone();
        let mut start = offending.start;
        for _ in 0..SNIPPET_PIECES_BEFORE {
            start = self.piece_before(start);
        }
        let mut end = offending.end;
        for _ in 0..after {
            end = self.piece_after(end);
        }
        let lead = if start == 0 { "" } else { "..." };
        let tail = if end == self.text.len() { "" } else { "..." };
        let snippet = format!(
            "{lead}{}[{}]{}{tail}",
            self.shown(start..offending.start),
            self.shown(offending.clone()),
            self.shown(offending.end..end),
        );
        snippet.replace(['\r', '\n'], "")
    }

    /// Where the token or white space that ends at `offset` begins.
    fn piece_before(&self, offset: usize) -> usize {
        let index = self
            .tokens
            .partition_point(|token| token.range.start < offset);
        match index
            .checked_sub(1)
            .and_then(|index| self.tokens.get(index))
        {
            Some(token) if token.range.end == offset => token.range.start,
            Some(token) => token.range.end,
            None => 0,
        }
    }

    /// Where the token or white space that begins at `offset` ends.
    fn piece_after(&self, offset: usize) -> usize {
        let index = self
            .tokens
            .partition_point(|token| token.range.start < offset);
        match self.tokens.get(index) {
            Some(token) if token.range.start == offset => token.range.end,
            Some(token) => token.range.start,
            None => self.text.len(),
        }
    }

    /// Whole tokens of the text, without secrets.
    fn shown(&self, range: Range<usize>) -> String {
        let text = |range: Range<usize>| self.text.get(range).unwrap_or("");
        if !self.may_have_secrets() {
            return text(range).to_owned();
        }
        let mut shown = String::new();
        let mut from = range.start;
        for (index, token) in self.tokens.iter().enumerate() {
            if token.range.start >= from && token.range.end <= range.end && self.is_secret(index) {
                shown += text(from..token.range.start);
                shown += MASK;
                from = token.range.end;
            }
        }
        shown + text(from..range.end)
    }

    /// Whether a password may be meant. Errors are logged by applications, and shown to their users.
    fn may_have_secrets(&self) -> bool {
        let mentions = |word: &str| {
            let mut tokens = self.tokens.iter();
            tokens.any(|token| self.is_word(token, word))
        };
        mentions("password") && (mentions("role") || mentions("user"))
    }

    fn is_word(&self, token: &Token, word: &str) -> bool {
        let text = self.text.get(token.range.clone());
        text.is_some_and(|text| text.eq_ignore_ascii_case(word))
    }

    /// Whatever is quoted, and whatever stands where a password should.
    fn is_secret(&self, index: usize) -> bool {
        let token = |back: usize| index.checked_sub(back).and_then(|at| self.tokens.get(at));
        let is =
            |back: usize, word: &str| token(back).is_some_and(|token| self.is_word(token, word));
        let is_quoted = token(0).is_some_and(|token| {
            matches!(
                token.kind,
                TokenKind::String | TokenKind::QuotedIdentifier | TokenKind::Unterminated(_)
            )
        });
        let is_given = is(1, "password") || is(1, "=") && is(2, "password");
        is_quoted || is_given && !is(0, "=")
    }
}

/// How many tokens and white spaces a snippet shows before the offending token.
const SNIPPET_PIECES_BEFORE: usize = 10;

/// What would close what is open at the end of the text.
fn closing(open: Option<Unterminated>) -> &'static str {
    match open {
        Some(Unterminated::String) | None => "'''",
        Some(Unterminated::DollarString) => "'$$'",
        Some(Unterminated::QuotedIdentifier) => "'\"'",
        Some(Unterminated::Comment) => "'*/'",
    }
}
