//! Reads the shell's own commands. Decides nothing about what they do.

use crate::copy::CopyCommand;
use crate::format::OutputFormat;
use quorate_client::ConsistencyLevel;
use quorate_cql::TokenKind;
use quorate_cql::tokenize;
use std::path::PathBuf;

/// Words that begin a command of the shell, for completion as well.
pub(crate) const COMMAND_WORDS: [&str; 21] = [
    "CAPTURE",
    "CLEAR",
    "CLS",
    "CONSISTENCY",
    "COPY",
    "DESC",
    "DESCRIBE",
    "EXIT",
    "EXPAND",
    "FORMAT",
    "HELP",
    "HISTORY",
    "LOGIN",
    "PAGING",
    "QUIT",
    "RECEIPT",
    "SERIAL",
    "SHOW",
    "SOURCE",
    "TRACING",
    "?",
];

/// Whether a line that begins with this word is for the shell.
pub(crate) fn is_command_word(word: &str) -> bool {
    COMMAND_WORDS
        .iter()
        .any(|command| command.eq_ignore_ascii_case(word))
}

/// A command of the shell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    Capture(Capture),
    Clear,
    /// CONSISTENCY: `None` asks.
    Consistency(Option<ConsistencyLevel>),
    /// SERIAL CONSISTENCY: `None` asks.
    SerialConsistency(Option<ConsistencyLevel>),
    Copy(Box<CopyCommand>),
    /// DESCRIBE: the server's, as it was written.
    Describe(String),
    Exit,
    Expand(Switch),
    /// FORMAT: `None` asks.
    Format(Option<OutputFormat>),
    /// HELP, with topics.
    Help(Vec<String>),
    /// HISTORY: how many entries.
    History(usize),
    Login,
    Paging(Paging),
    Receipt(Switch),
    Show(Show),
    Source(PathBuf),
    Tracing(Switch),
}

/// What to do with something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    Ask,
    On,
    Off,
}

/// What to do with results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Capture {
    Ask,
    Off,
    Into(PathBuf),
}

/// What to do with paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paging {
    Switch(Switch),
    /// On, with this many rows a page.
    Rows(u32),
}

/// What to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Show {
    Version,
    Host,
    /// The last trace, or that of a session.
    Session(Option<String>),
    /// The replicas of a token.
    Replicas {
        token: i64,
        keyspace: Option<String>,
    },
}

/// Reads a command; the error says what was expected.
pub(crate) fn parse_command(text: &str) -> Result<Command, String> {
    let words = words(text);
    let (first, rest) = words.split_first().ok_or("expected a command")?;
    let texts: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
    let upper = first.text.to_ascii_uppercase();
    Ok(match (upper.as_str(), texts.as_slice()) {
        ("EXIT" | "QUIT", []) => Command::Exit,
        ("CLEAR" | "CLS", []) => Command::Clear,
        ("HELP" | "?", topics) => {
            Command::Help(topics.iter().map(|topic| topic.to_uppercase()).collect())
        }
        ("CONSISTENCY", []) => Command::Consistency(None),
        ("CONSISTENCY", [level]) => Command::Consistency(Some(consistency(level)?)),
        ("SERIAL", [word]) if is(word, "CONSISTENCY") => Command::SerialConsistency(None),
        ("SERIAL", [word, level]) if is(word, "CONSISTENCY") => {
            Command::SerialConsistency(Some(serial_consistency(level)?))
        }
        ("TRACING", args) => Command::Tracing(switch("TRACING", args)?),
        ("EXPAND", args) => Command::Expand(switch("EXPAND", args)?),
        ("RECEIPT", args) => Command::Receipt(switch("RECEIPT", args)?),
        ("PAGING", args) => Command::Paging(paging(args)?),
        ("FORMAT", []) => Command::Format(None),
        ("FORMAT", [name]) => Command::Format(Some(name.parse()?)),
        ("DESC" | "DESCRIBE", _) => Command::Describe(text.trim().to_owned()),
        ("SOURCE", [file]) => Command::Source(PathBuf::from(file)),
        ("SOURCE", _) => return Err("expected SOURCE 'file'".to_owned()),
        ("CAPTURE", []) => Command::Capture(Capture::Ask),
        ("CAPTURE", [word]) if is(word, "OFF") => Command::Capture(Capture::Off),
        ("CAPTURE", [file]) => Command::Capture(Capture::Into(home(file))),
        ("SHOW", args) => Command::Show(show(args)?),
        ("HISTORY", []) => Command::History(50),
        ("HISTORY", [count]) => Command::History(
            count
                .parse()
                .map_err(|_| format!("expected HISTORY and a number, got '{count}'"))?,
        ),
        ("COPY", _) => Command::Copy(Box::new(CopyCommand::parse(text)?)),
        ("LOGIN", _) => Command::Login,
        _ => {
            return Err(format!(
                "Improper {upper} command. HELP {upper} shows how it is written."
            ));
        }
    })
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

fn consistency(level: &str) -> Result<ConsistencyLevel, String> {
    level.parse().map_err(|_| {
        let names = ConsistencyLevel::EVERY.map(ConsistencyLevel::name);
        format!(
            "'{level}' is no consistency level; there are {}",
            names.join(", ")
        )
    })
}

fn serial_consistency(level: &str) -> Result<ConsistencyLevel, String> {
    match level.parse::<ConsistencyLevel>() {
        Ok(level) if level.is_serial() => Ok(level),
        _ => Err(format!(
            "'{level}' is no serial consistency level; there are SERIAL, LOCAL_SERIAL"
        )),
    }
}

fn switch(command: &str, args: &[&str]) -> Result<Switch, String> {
    match args {
        [] => Ok(Switch::Ask),
        [word] if is(word, "ON") => Ok(Switch::On),
        [word] if is(word, "OFF") => Ok(Switch::Off),
        _ => Err(format!("expected {command} ON or {command} OFF")),
    }
}

fn paging(args: &[&str]) -> Result<Paging, String> {
    if let [count] = args
        && let Ok(rows) = count.parse::<u32>()
    {
        if rows == 0 {
            return Err("a page has at least one row".to_owned());
        }
        return Ok(Paging::Rows(rows));
    }
    switch("PAGING", args)
        .map(Paging::Switch)
        .map_err(|_| "expected PAGING ON, PAGING OFF or PAGING and a number of rows".to_owned())
}

fn show(args: &[&str]) -> Result<Show, String> {
    let expected =
        "expected SHOW VERSION, SHOW HOST, SHOW SESSION or SHOW REPLICAS token [keyspace]";
    match args {
        [word] if is(word, "VERSION") => Ok(Show::Version),
        [word] if is(word, "HOST") => Ok(Show::Host),
        [word] if is(word, "SESSION") => Ok(Show::Session(None)),
        [word, id] if is(word, "SESSION") => Ok(Show::Session(Some((*id).to_owned()))),
        [word, token, rest @ ..] if is(word, "REPLICAS") => {
            let token = token
                .parse()
                .map_err(|_| format!("expected a token, got '{token}'"))?;
            match rest {
                [] => Ok(Show::Replicas {
                    token,
                    keyspace: None,
                }),
                [keyspace] => Ok(Show::Replicas {
                    token,
                    keyspace: Some((*keyspace).to_owned()),
                }),
                _ => Err(expected.to_owned()),
            }
        }
        _ => Err(expected.to_owned()),
    }
}

/// `~/` is the home directory, as in cqlsh.
fn home(file: &str) -> PathBuf {
    match (file.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(file),
    }
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its text, without quotes; unquoted as it was written.
    pub(crate) text: String,
    /// Whether it was in quotes, and which.
    pub(crate) quote: Option<char>,
}

/// The words of a command. Symbols next to each other and to words, as in a path or a negative
/// number, make one; parentheses, commas and `=` stand alone.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut end = None;
    for token in tokenize(text) {
        let piece = text.get(token.range.clone()).unwrap_or_default();
        let (quote, content) = match token.kind {
            TokenKind::Comment => continue,
            TokenKind::String if piece.starts_with('$') => {
                (Some('\''), piece.trim_matches('$').to_owned())
            }
            TokenKind::String => (Some('\''), unquoted(piece, '\'')),
            TokenKind::QuotedIdentifier => (Some('"'), unquoted(piece, '"')),
            _ => (None, piece.to_owned()),
        };
        let stands_alone = |text: &str| matches!(text, "(" | ")" | "," | "=" | ";");
        let joined = end == Some(token.range.start) && quote.is_none() && !stands_alone(piece);
        match words.last_mut() {
            Some(last) if joined && last.quote.is_none() && !stands_alone(&last.text) => {
                last.text.push_str(&content);
            }
            _ => words.push(Word {
                text: content,
                quote,
            }),
        }
        end = Some(token.range.end);
    }
    words
}

/// The content of a quoted token.
pub(crate) fn unquoted(piece: &str, quote: char) -> String {
    let inner = piece.strip_prefix(quote).unwrap_or(piece);
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    inner.replace(&format!("{quote}{quote}"), &quote.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_whatever_their_case() {
        let cases = [
            ("consistency", Command::Consistency(None)),
            (
                "Consistency local_quorum",
                Command::Consistency(Some(ConsistencyLevel::LocalQuorum)),
            ),
            (
                "SERIAL CONSISTENCY LOCAL_SERIAL",
                Command::SerialConsistency(Some(ConsistencyLevel::LocalSerial)),
            ),
            ("tracing on", Command::Tracing(Switch::On)),
            ("EXPAND", Command::Expand(Switch::Ask)),
            ("receipt OFF", Command::Receipt(Switch::Off)),
            ("PAGING 20", Command::Paging(Paging::Rows(20))),
            ("PAGING off", Command::Paging(Paging::Switch(Switch::Off))),
            ("FORMAT json", Command::Format(Some(OutputFormat::Json))),
            (
                "desc table \"T\"",
                Command::Describe("desc table \"T\"".to_owned()),
            ),
            (
                "SOURCE '/tmp/it''s.cql'",
                Command::Source("/tmp/it's.cql".into()),
            ),
            (
                "SOURCE /tmp/a-b.cql",
                Command::Source("/tmp/a-b.cql".into()),
            ),
            ("CAPTURE OFF", Command::Capture(Capture::Off)),
            ("SHOW VERSION", Command::Show(Show::Version)),
            (
                "SHOW REPLICAS -42 ks",
                Command::Show(Show::Replicas {
                    token: -42,
                    keyspace: Some("ks".to_owned()),
                }),
            ),
            ("help copy", Command::Help(vec!["COPY".to_owned()])),
            ("?", Command::Help(Vec::new())),
            ("quit", Command::Exit),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_command(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_wrong_command_says_what_was_expected() {
        let cases = [
            (
                "SERIAL CONSISTENCY QUORUM",
                "'QUORUM' is no serial consistency level; there are SERIAL, LOCAL_SERIAL",
            ),
            ("TRACING maybe", "expected TRACING ON or TRACING OFF"),
            ("PAGING 0", "a page has at least one row"),
            ("SOURCE", "expected SOURCE 'file'"),
            (
                "FORMAT yaml",
                "'yaml' is no format; there are table, expanded, json, csv",
            ),
            (
                "EXIT now",
                "Improper EXIT command. HELP EXIT shows how it is written.",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_command(text), Err(expected.to_owned()), "{text}");
        }
        assert!(
            parse_command("CONSISTENCY MOST")
                .unwrap_err()
                .contains("LOCAL_ONE")
        );
    }

    #[test]
    fn words_keep_paths_together_and_symbols_apart() {
        let texts = |text| -> Vec<String> { words(text).into_iter().map(|w| w.text).collect() };
        assert_eq!(
            texts("COPY ks.t(a,\"B\") TO 'x y'"),
            ["COPY", "ks.t", "(", "a", ",", "B", ")", "TO", "x y"]
        );
        assert_eq!(
            texts("a=-1 and ../x/y.cql"),
            ["a", "=", "-1", "and", "../x/y.cql"]
        );
    }
}
