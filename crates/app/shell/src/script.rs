//! Cuts what is typed, or a script, into statements and commands of the shell.
//!
//! A CQL statement ends with a semicolon, a command of the shell with the line or a semicolon.
//! COPY, which is long, goes on while it is not whole, and while the next line begins with
//! WITH or AND.
//!
//! # Invariants
//!
//! * **U1** Units are in order and do not overlap; what is between them is blank or a comment.
//! * **U2** Only the last unit can be incomplete.

use crate::command::is_command_word;
use crate::copy;
use quorate_cql::Ending;
use quorate_cql::Token;
use quorate_cql::TokenKind;
use quorate_cql::split_statements;
use quorate_cql::tokenize;
use std::ops::Range;

/// One statement or command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its bytes, without the semicolon.
    pub(crate) range: Range<usize>,
    /// Just after what ends it.
    pub(crate) end: usize,
    /// What it is.
    pub(crate) kind: UnitKind,
    /// Whether nothing more belongs to it.
    pub(crate) is_complete: bool,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitKind {
    /// A statement for the server.
    Statement,
    /// A command of the shell.
    Command,
}

/// The units of a text.
pub(crate) fn units(text: &str) -> Vec<Unit> {
    let tokens: Vec<Token> = tokenize(text)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .collect();
    let mut units: Vec<Unit> = Vec::new();
    let mut index = 0;
    while let Some(first) = tokens.get(index) {
        let word = slice(text, first);
        if word == ";" {
            index += 1;
            continue;
        }
        let before = units.len();
        if is_command_word(word) {
            units.push(command(text, &tokens, index));
        } else {
            statements(text, first.range.start, &mut units);
        }
        let end = units.last().map_or(text.len(), |unit| unit.end);
        if units.len() == before {
            break;
        }
        index += tokens
            .get(index..)
            .unwrap_or_default()
            .partition_point(|token| token.range.start < end);
    }
    units
}

/// Whether a line editor can hand the text over: every unit in it is whole.
pub(crate) fn is_complete(text: &str) -> bool {
    match units(text).last() {
        Some(last) => last.is_complete,
        // Blank, or comments; of an open comment the editor wants the rest.
        None => !matches!(
            tokenize(text).last().map(|token| token.kind),
            Some(TokenKind::Unterminated(_))
        ),
    }
}

/// The line, counted from 1, of a byte of the text.
pub(crate) fn line_of(text: &str, position: usize) -> usize {
    let before = text.as_bytes().get(..position).unwrap_or_default();
    before.split(|byte| *byte == b'\n').count()
}

fn slice<'t>(text: &'t str, token: &Token) -> &'t str {
    text.get(token.range.clone()).unwrap_or_default()
}

/// Adds the statements from `start` on, up to the next command. All at once, so that a long script
/// is not read again for each of its statements.
fn statements(text: &str, start: usize, units: &mut Vec<Unit>) {
    let rest = text.get(start..).unwrap_or_default();
    for statement in split_statements(rest) {
        let range = start + statement.range.start..start + statement.range.end;
        let body = text.get(range.clone()).unwrap_or_default();
        let word = body
            .split(|c: char| !c.is_ascii_alphabetic() && c != '?')
            .next();
        if word.is_some_and(is_command_word) {
            break;
        }
        if range.is_empty() {
            continue;
        }
        units.push(Unit {
            range,
            end: start + statement.end,
            kind: UnitKind::Statement,
            is_complete: statement.ending == Ending::Semicolon,
        });
    }
}

/// The command whose first token has this index.
fn command(text: &str, tokens: &[Token], first: usize) -> Unit {
    let rest = tokens.get(first..).unwrap_or_default();
    let start = rest.first().map_or(text.len(), |token| token.range.start);
    let is_copy = rest
        .first()
        .is_some_and(|token| slice(text, token).eq_ignore_ascii_case("COPY"));
    let mut range = start..start;
    for token in rest {
        let word = slice(text, token);
        if word == ";" {
            return whole(range, token.range.end);
        }
        let gap = text.get(range.end..token.range.start).unwrap_or_default();
        if range.end > start && gap.contains('\n') {
            let so_far = text.get(range.clone()).unwrap_or_default();
            let goes_on = is_copy
                && (!copy::is_whole(so_far)
                    || word.eq_ignore_ascii_case("WITH")
                    || word.eq_ignore_ascii_case("AND"));
            if !goes_on {
                let end = range.end;
                return whole(range, end);
            }
        }
        range.end = token.range.end;
    }
    let open = matches!(
        rest.last().map(|token| token.kind),
        Some(TokenKind::Unterminated(_))
    );
    let so_far = text.get(range.clone()).unwrap_or_default();
    Unit {
        range,
        end: text.len(),
        kind: UnitKind::Command,
        is_complete: !open && (!is_copy || copy::is_whole(so_far)),
    }
}

const fn whole(range: Range<usize>, end: usize) -> Unit {
    Unit {
        range,
        end,
        kind: UnitKind::Command,
        is_complete: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Units as `S:text`, `C:text`; with `…` when more is to come.
    fn cut(text: &str) -> Vec<String> {
        units(text)
            .into_iter()
            .map(|unit| {
                let kind = match unit.kind {
                    UnitKind::Statement => "S",
                    UnitKind::Command => "C",
                };
                let more = if unit.is_complete { "" } else { "…" };
                format!("{kind}:{}{more}", &text[unit.range])
            })
            .collect()
    }

    #[test]
    fn statements_end_with_a_semicolon_and_commands_with_the_line() {
        assert_eq!(
            cut("CONSISTENCY QUORUM\nSELECT *\nFROM t; TRACING ON; SELECT 1;\nEXIT"),
            [
                "C:CONSISTENCY QUORUM",
                "S:SELECT *\nFROM t",
                "C:TRACING ON",
                "S:SELECT 1",
                "C:EXIT"
            ]
        );
    }

    #[test]
    fn a_statement_waits_for_its_semicolon() {
        assert_eq!(cut("SELECT 1;\n  SELECT *"), ["S:SELECT 1", "S:SELECT *…"]);
        assert_eq!(
            cut("BEGIN BATCH\nINSERT INTO t (a) VALUES (1);"),
            ["S:BEGIN BATCH\nINSERT INTO t (a) VALUES (1);…"]
        );
        assert!(!is_complete("INSERT INTO t (a) VALUES ('x;"));
        assert!(!is_complete("/* half"));
        assert!(is_complete("-- a comment"));
        assert!(is_complete(""));
    }

    #[test]
    fn blank_text_comments_and_lonely_semicolons_are_no_units() {
        assert_eq!(cut(" ;; -- SELECT 1;\n /* ; */ ;\n"), Vec::<String>::new());
        assert_eq!(
            cut("-- one\nHELP -- two\n;SELECT 1 -- three\n;"),
            ["C:HELP", "S:SELECT 1"]
        );
    }

    #[test]
    fn describe_is_the_servers_and_needs_no_semicolon() {
        assert_eq!(
            cut("DESC TABLES\nDESCRIBE ks.t;"),
            ["C:DESC TABLES", "C:DESCRIBE ks.t"]
        );
    }

    #[test]
    fn copy_goes_on_until_it_is_whole() {
        assert_eq!(
            cut("COPY ks.t (a, b)\n FROM 'x;y'\n WITH HEADER = TRUE\n AND NULL = 'NA'\nSELECT 1;"),
            [
                "C:COPY ks.t (a, b)\n FROM 'x;y'\n WITH HEADER = TRUE\n AND NULL = 'NA'",
                "S:SELECT 1"
            ]
        );
        assert_eq!(cut("COPY ks.t FROM"), ["C:COPY ks.t FROM…"]);
        assert_eq!(cut("COPY ks.t FROM STDIN\n"), ["C:COPY ks.t FROM STDIN"]);
        assert_eq!(cut("COPY ks.t TO 'x' WITH"), ["C:COPY ks.t TO 'x' WITH…"]);
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(line_of("a\nb\nc", 0), 1);
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }

    proptest! {
        #[test]
        fn units_are_in_order_whatever_the_text(
            text in r#"(COPY t |FROM 'f'|SELECT 1|HELP|BEGIN BATCH|[a-z;'"\n ]|--|/\*|\*/|\$\$){0,12}"#
        ) {
            let units = units(&text);
            let mut end = 0;
            for (index, unit) in units.iter().enumerate() {
                prop_assert!(unit.range.start >= end && unit.end >= unit.range.end, "U1");
                prop_assert!(unit.end > end, "U1");
                prop_assert!(unit.is_complete || index + 1 == units.len(), "U2");
                end = unit.end;
            }
        }
    }
}
