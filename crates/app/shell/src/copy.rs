//! COPY: loads CSV into a table and writes a table as CSV. This file reads the command.
//!
//! ```text
//!   FROM  file ─▶ reader (thread): records ─▶ values, grouped by partition
//!                    └─▶ load: many requests at once, retries ─▶ rejects, resume, progress
//!   TO    token ranges ─▶ pages, several at once ─▶ CSV ─▶ file
//! ```

mod books;
mod from;
mod load;
mod options;
mod progress;
mod reader;
mod rejects;
mod resume;
mod source;
mod to;
mod values;

pub(crate) use options::CopyOptions;
pub(crate) use options::option_names;

use crate::command::unquoted;
use crate::errors::ShellError;
use crate::session::Session;
use quorate_client::ClientError;
use quorate_client::RequestError;
use quorate_cql::Token;
use quorate_cql::TokenKind;
use quorate_cql::quote_identifier;
use quorate_cql::tokenize;
use std::path::PathBuf;
use std::time::Duration;

/// Which way rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    From,
    To,
}

impl Direction {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::From => "FROM",
            Self::To => "TO",
        }
    }
}

/// A COPY command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyCommand {
    pub(crate) keyspace: Option<String>,
    pub(crate) table: String,
    /// `None`: those of the header, or all of the table.
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) direction: Direction,
    /// `None`: standard input or output.
    pub(crate) file: Option<PathBuf>,
    pub(crate) options: CopyOptions,
}

impl CopyCommand {
    /// Reads a command; the error says what was expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse(text).map_err(|error| match error {
            Unread::More(expected) => format!("expected {expected} at the end of COPY"),
            Unread::Wrong(message) => message,
        })
    }
}

/// Whether nothing must follow for the text to be a COPY command. What can't become one is whole:
/// more of it would not help.
pub(crate) fn is_whole(text: &str) -> bool {
    !matches!(parse(text), Err(Unread::More(_)))
}

/// A table's name as CQL.
pub(crate) fn qualified(keyspace: &str, table: &str) -> String {
    format!("{}.{}", quote_identifier(keyspace), quote_identifier(table))
}

impl Session {
    /// Carries out COPY.
    pub(crate) async fn copy(&mut self, command: CopyCommand) -> Result<(), ShellError> {
        let client = self.client().await?;
        let keyspace = command
            .keyspace
            .clone()
            .or_else(|| client.keyspace())
            .ok_or_else(|| ShellError::command("COPY needs a keyspace: ks.table, or USE one"))?;
        match command.direction {
            Direction::From => self.copy_from(&client, &keyspace, command).await,
            Direction::To => self.copy_to(&client, &keyspace, command).await,
        }
    }
}

/// Whether a failure may pass, so that an idempotent request is worth repeating.
fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::Transport { .. }
        | ClientError::NoHostAvailable { .. }
        | ClientError::Timeout => true,
        ClientError::InvalidArgument(_) | ClientError::Closed => false,
        ClientError::Request(error) => match error {
            RequestError::Server(_)
            | RequestError::Unavailable { .. }
            | RequestError::Overloaded(_)
            | RequestError::Bootstrapping(_)
            | RequestError::WriteTimeout { .. }
            | RequestError::ReadTimeout { .. }
            | RequestError::ReadFailure { .. }
            | RequestError::WriteFailure { .. }
            | RequestError::Unprepared(_) => true,
            RequestError::Protocol(_)
            | RequestError::Authentication(_)
            | RequestError::Truncate(_)
            | RequestError::FunctionFailure { .. }
            | RequestError::Syntax(_)
            | RequestError::Unauthorized(_)
            | RequestError::Invalid(_)
            | RequestError::Config(_)
            | RequestError::AlreadyExists { .. } => false,
        },
    }
}

/// How long to wait before the next try. `seed` keeps requests that failed together apart.
fn backoff(attempt: u32, seed: u64) -> Duration {
    let base = 50_u64 << attempt.min(7);
    let spread = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    Duration::from_millis(base / 2 + base * spread / 256).min(Duration::from_secs(5))
}

/// Why a text was not read as a COPY command.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    /// It ends too early.
    More(&'static str),
    Wrong(String),
}

struct Parser<'t> {
    text: &'t str,
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

fn parse(text: &str) -> Result<CopyCommand, Unread> {
    let tokens: Vec<Token> = tokenize(text)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let mut parser = Parser {
        text,
        tokens: tokens.into_iter().peekable(),
    };
    parser.expect("COPY")?;
    let first = parser.name("a table")?;
    let (keyspace, table) = if parser.accept(".") {
        (Some(first), parser.name("a table")?)
    } else {
        (None, first)
    };
    let columns = if parser.accept("(") {
        Some(parser.columns()?)
    } else {
        None
    };
    let direction = parser.direction()?;
    let file = parser.file(direction)?;
    let options = parser.options()?;
    if let Some((token, piece)) = parser.next() {
        let _ = token;
        return Err(Unread::Wrong(format!(
            "expected the end of COPY, got '{piece}'"
        )));
    }
    Ok(CopyCommand {
        keyspace,
        table,
        columns,
        direction,
        file,
        options: CopyOptions::new(direction, &options).map_err(Unread::Wrong)?,
    })
}

impl Parser<'_> {
    fn next(&mut self) -> Option<(Token, String)> {
        let token = self.tokens.next()?;
        let piece = self.text.get(token.range.clone()).unwrap_or_default();
        Some((token, piece.to_owned()))
    }

    fn accept(&mut self, word: &str) -> bool {
        let text = self.text;
        let is_it = |token: &Token| {
            let piece = text.get(token.range.clone()).unwrap_or_default();
            piece.eq_ignore_ascii_case(word)
        };
        self.tokens.next_if(is_it).is_some()
    }

    fn expect(&mut self, word: &'static str) -> Result<(), Unread> {
        if self.accept(word) {
            return Ok(());
        }
        Err(self.unexpected(word))
    }

    fn unexpected(&mut self, expected: &'static str) -> Unread {
        match self.next() {
            Some((token, piece)) if !is_open(&token) => {
                Unread::Wrong(format!("expected {expected}, got '{piece}'"))
            }
            Some(_) | None => Unread::More(expected),
        }
    }

    fn name(&mut self, what: &'static str) -> Result<String, Unread> {
        let is_name = |token: &Token| {
            matches!(
                token.kind,
                TokenKind::Identifier | TokenKind::Keyword | TokenKind::QuotedIdentifier
            )
        };
        match self.tokens.next_if(is_name) {
            Some(token) => {
                let piece = self.text.get(token.range).unwrap_or_default();
                Ok(match token.kind {
                    TokenKind::QuotedIdentifier => unquoted(piece, '"'),
                    _ => piece.to_lowercase(),
                })
            }
            None => Err(self.unexpected(what)),
        }
    }

    fn columns(&mut self) -> Result<Vec<String>, Unread> {
        let mut columns = vec![self.name("a column")?];
        while self.accept(",") {
            columns.push(self.name("a column")?);
        }
        self.expect(")")?;
        Ok(columns)
    }

    fn direction(&mut self) -> Result<Direction, Unread> {
        if self.accept("FROM") {
            return Ok(Direction::From);
        }
        if self.accept("TO") {
            return Ok(Direction::To);
        }
        Err(self.unexpected("FROM or TO"))
    }

    fn file(&mut self, direction: Direction) -> Result<Option<PathBuf>, Unread> {
        let (expected, standard) = match direction {
            Direction::From => ("a file name in quotes, or STDIN", "STDIN"),
            Direction::To => ("a file name in quotes, or STDOUT", "STDOUT"),
        };
        if self.accept(standard) {
            return Ok(None);
        }
        let is_string = |token: &Token| token.kind == TokenKind::String;
        match self.tokens.next_if(is_string) {
            Some(token) => {
                let piece = self.text.get(token.range).unwrap_or_default();
                Ok(Some(PathBuf::from(unquoted(piece, '\''))))
            }
            None => Err(self.unexpected(expected)),
        }
    }

    fn options(&mut self) -> Result<Vec<(String, String)>, Unread> {
        let mut options = Vec::new();
        if !self.accept("WITH") {
            return Ok(options);
        }
        loop {
            let Some((token, name)) = self.next() else {
                return Err(Unread::More("an option"));
            };
            // Keywords too: NULL is an option.
            if !name.chars().all(|c| c.is_ascii_alphabetic() || c == '_') || is_open(&token) {
                return Err(Unread::Wrong(format!("expected an option, got '{name}'")));
            }
            self.expect("=")?;
            options.push((name.to_ascii_uppercase(), self.value()?));
            if !self.accept("AND") {
                return Ok(options);
            }
        }
    }

    /// A value: a string, or a word or number, which may have a sign.
    fn value(&mut self) -> Result<String, Unread> {
        let sign = if self.accept("-") { "-" } else { "" };
        match self.next() {
            None => Err(Unread::More("a value")),
            Some((token, _)) if is_open(&token) => Err(Unread::More("a value")),
            Some((token, piece)) => match token.kind {
                TokenKind::String => Ok(unquoted(&piece, '\'')),
                TokenKind::Symbol | TokenKind::Unknown => {
                    Err(Unread::Wrong(format!("expected a value, got '{piece}'")))
                }
                _ => Ok(format!("{sign}{piece}")),
            },
        }
    }
}

const fn is_open(token: &Token) -> bool {
    matches!(token.kind, TokenKind::Unterminated(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_with_its_names_and_options() {
        let command = CopyCommand::parse(
            "copy Shop.\"Carts\" (user, \"Item\") from '/tmp/it''s.csv' \
             with header = true and null='NA' and MAXROWS = -1 and delimiter='\\t'",
        )
        .unwrap();
        assert_eq!(command.keyspace.as_deref(), Some("shop"));
        assert_eq!(command.table, "Carts");
        assert_eq!(
            command.columns,
            Some(vec!["user".to_owned(), "Item".to_owned()])
        );
        assert_eq!(command.direction, Direction::From);
        assert_eq!(command.file, Some("/tmp/it's.csv".into()));
        let options = command.options;
        assert!(options.header);
        assert_eq!((options.null.as_str(), options.delimiter), ("NA", b'\t'));
        assert_eq!(options.max_rows, None);
        let plain = CopyCommand::parse("COPY t TO STDOUT").unwrap();
        assert_eq!(
            (plain.keyspace, plain.columns, plain.file),
            (None, None, None)
        );
    }

    #[test]
    fn a_command_is_whole_when_more_is_not_needed() {
        for open in [
            "COPY",
            "COPY t",
            "COPY t (a,",
            "COPY t (a) FROM",
            "COPY t FROM 'fil",
            "COPY t TO 'x' WITH",
            "COPY t TO 'x' WITH NULL",
            "COPY t TO 'x' WITH NULL =",
            "COPY t TO 'x' WITH NULL = '' AND",
        ] {
            assert!(!is_whole(open), "{open}");
        }
        for whole in [
            "COPY t FROM STDIN",
            "COPY t FORM 'x'",
            "COPY t TO 'x' WITH A = 1",
        ] {
            assert!(is_whole(whole), "{whole}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("COPY t", "expected FROM or TO at the end of COPY"),
            ("COPY t FORM 'x'", "expected FROM or TO, got 'FORM'"),
            (
                "COPY t FROM STDOUT",
                "expected a file name in quotes, or STDIN, got 'STDOUT'",
            ),
            ("COPY t TO 'x' 'y'", "expected the end of COPY, got ''y''"),
            (
                "COPY t TO 'x' WITH SPEED = 'high'",
                "Unrecognized COPY TO options: SPEED",
            ),
            (
                "COPY t TO 'x' WITH SKIPROWS = 1",
                "Unrecognized COPY TO options: SKIPROWS",
            ),
        ] {
            assert_eq!(CopyCommand::parse(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn only_failures_that_may_pass_are_repeated() {
        let unavailable = RequestError::Unavailable {
            level: quorate_client::ConsistencyLevel::Quorum,
            required: 2,
            alive: 1,
            datacenter: None,
        };
        assert!(may_pass(&unavailable.into()));
        assert!(may_pass(&ClientError::Timeout));
        assert!(!may_pass(&RequestError::Invalid("no".to_owned()).into()));
        assert!(!may_pass(&ClientError::Closed));
    }

    #[test]
    fn waits_grow_to_a_limit() {
        for seed in 0..1_000 {
            assert!(backoff(0, seed) >= Duration::from_millis(25));
            assert!(backoff(0, seed) < Duration::from_millis(76));
            assert!(backoff(40, seed) <= Duration::from_secs(5));
            assert!(backoff(40, seed) >= Duration::from_secs(3));
        }
    }
}
