use super::*;
use crate::ast::*;
use proptest::prelude::*;

/// Statements and how they print; a missing second column means: as written.
const STATEMENTS: &str = include_str!("statements.txt");

/// The statements of the table: text and canonical text.
pub(crate) fn statements() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in STATEMENTS.lines() {
        if let Some(canonical) = line.strip_prefix("  => ") {
            let (_, last) = found
                .last_mut()
                .expect("a statement stands before its canonical form");
            canonical.clone_into(last);
        } else if !line.is_empty() && !line.starts_with('#') {
            found.push((line.to_owned(), line.to_owned()));
        }
    }
    found
}

fn parsed(text: &str) -> Statement {
    match parse_statement(text) {
        Ok(statement) => statement,
        Err(error) => panic!("{text}\n  {error}"),
    }
}

fn refusal(text: &str) -> String {
    match parse_statement(text) {
        Ok(statement) => panic!("{text}\n  parsed as {statement:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_statement_of_the_table_prints_in_its_canonical_form() {
    let mut wrong = String::new();
    for (text, canonical) in statements() {
        let printed = match parse_statement(&text) {
            Ok(statement) => statement.to_string(),
            Err(error) => error.to_string(),
        };
        if printed != canonical {
            wrong.push_str(&format!(
                "{text}\n  wanted {canonical}\n  saw    {printed}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
