//! What the line editor asks of the shell: whether a line is whole, its colours, what may follow.

use crate::complete::complete;
use crate::connection::Connection;
use crate::format::Style;
use crate::script::is_complete;
use quorate_cql::TokenKind;
use quorate_cql::tokenize;
use rustyline::Context;
use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::completion::FilenameCompleter;
use rustyline::completion::Pair;
use rustyline::highlight::CmdKind;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::ValidationContext;
use rustyline::validate::ValidationResult;
use rustyline::validate::Validator;
use std::borrow::Cow;
use std::sync::Arc;

/// Answers the line editor.
pub(crate) struct ShellHelper {
    connection: Arc<Connection>,
    files: FilenameCompleter,
    color: bool,
}

impl ShellHelper {
    pub(crate) fn new(connection: Arc<Connection>, color: bool) -> Self {
        Self {
            connection,
            files: FilenameCompleter::new(),
            color,
        }
    }
}

impl Helper for ShellHelper {}

impl Hinter for ShellHelper {
    type Hint = String;
}

impl Completer for ShellHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let view = self.connection.view().unwrap_or_default();
        let keyspace = self.connection.keyspace();
        let completion = complete(line, position, &view, keyspace.as_deref());
        if completion.is_file {
            return self.files.complete_path(line, position);
        }
        let pairs = completion.candidates.into_iter().map(|candidate| {
            let blank = if candidate.is_word { " " } else { "" };
            Pair {
                replacement: format!("{}{blank}", candidate.text),
                display: candidate.text,
            }
        });
        Ok((completion.start, pairs.collect()))
    }
}

impl Validator for ShellHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl Highlighter for ShellHelper {
    fn highlight<'l>(&self, line: &'l str, _position: usize) -> Cow<'l, str> {
        if !self.color {
            return Cow::Borrowed(line);
        }
        let mut painted = String::with_capacity(line.len() * 2);
        let mut end = 0;
        for token in tokenize(line) {
            painted.push_str(line.get(end..token.range.start).unwrap_or_default());
            let piece = line.get(token.range.clone()).unwrap_or_default();
            painted.push_str(&style_of(token.kind).paint(piece, true));
            end = token.range.end;
        }
        painted.push_str(line.get(end..).unwrap_or_default());
        Cow::Owned(painted)
    }

    fn highlight_char(&self, _line: &str, _position: usize, kind: CmdKind) -> bool {
        self.color && kind != CmdKind::MoveCursor
    }
}

const fn style_of(kind: TokenKind) -> Style {
    match kind {
        TokenKind::ReservedKeyword => Style::Keyword,
        TokenKind::String | TokenKind::Unterminated(_) => Style::Text,
        TokenKind::Integer
        | TokenKind::Float
        | TokenKind::Boolean
        | TokenKind::Uuid
        | TokenKind::Hex
        | TokenKind::Duration => Style::Number,
        TokenKind::Comment => Style::Null,
        TokenKind::Keyword
        | TokenKind::Identifier
        | TokenKind::QuotedIdentifier
        | TokenKind::Symbol
        | TokenKind::Unknown => Style::Plain,
    }
}
