//! Printing is the inverse of parsing.

mod generate;

use crate::ast::Statement;
use crate::parse_statement;
use proptest::prelude::*;

/// A tree as text without the numbers of its markers, which a generated tree does not have.
fn shape(statement: &Statement) -> String {
    let debug = format!("{statement:?}");
    let mut parts = debug.split("index: ");
    let mut shape = parts.next().unwrap_or("").to_owned();
    for part in parts {
        shape.push_str("index: ");
        shape.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    }
    shape
}

fn pretty(text: &str) -> String {
    format!("{:#}", parse_statement(text).unwrap())
}

#[test]
fn a_table_is_described_as_operators_know_it() {
    let text = "CREATE TABLE ks.t (a int, b text, c int STATIC, PRIMARY KEY (a, b)) \
                WITH CLUSTERING ORDER BY (b DESC) AND comment = '' AND gc_grace_seconds = 1";
    assert_eq!(
        pretty(text),
        "CREATE TABLE ks.t (\n    a int,\n    b text,\n    c int STATIC,\n    \
         PRIMARY KEY (a, b)\n) WITH CLUSTERING ORDER BY (b DESC)\n    AND comment = ''\n    \
         AND gc_grace_seconds = 1"
    );
    assert_eq!(
        pretty("CREATE TABLE t (v int, k int, PRIMARY KEY (k))"),
        "CREATE TABLE t (\n    v int,\n    k int PRIMARY KEY\n)"
    );
}

#[test]
fn types_views_and_batches_have_a_layout_too() {
    assert_eq!(
        pretty("CREATE TYPE ks.a (b int, c text)"),
        "CREATE TYPE ks.a (\n    b int,\n    c text\n)"
    );
    assert_eq!(
        pretty(
            "CREATE MATERIALIZED VIEW v AS SELECT * FROM t WHERE a IS NOT NULL PRIMARY KEY (a) WITH x = 1 AND y = 2"
        ),
        "CREATE MATERIALIZED VIEW v AS\n    SELECT *\n    FROM t\n    WHERE a IS NOT NULL\n    \
         PRIMARY KEY (a)\n    WITH x = 1\n    AND y = 2"
    );
    assert_eq!(
        pretty("BEGIN BATCH DELETE FROM t WHERE a = 1 APPLY BATCH"),
        "BEGIN BATCH\n    DELETE FROM t WHERE a = 1;\nAPPLY BATCH"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_is_printed_parses_to_what_was_built(statement in generate::statement()) {
        for printed in [format!("{statement}"), format!("{statement:#}")] {
            let parsed = match parse_statement(&printed) {
                Ok(parsed) => parsed,
                Err(error) => return Err(TestCaseError::fail(format!("{printed}\n{error}"))),
            };
            prop_assert_eq!(shape(&parsed), shape(&statement), "{}", printed);
            let again = parsed.to_string();
            prop_assert_eq!(&parse_statement(&again), &Ok(parsed), "{}", again);
        }
    }

    #[test]
    fn a_type_prints_to_itself(type_name in generate::type_name()) {
        prop_assert_eq!(crate::parse_type(&type_name.to_string()), Ok(type_name));
    }

    #[test]
    fn a_name_or_string_survives_quoting(text in ".{1,20}") {
        let statement = Statement::Use(text.clone());
        prop_assert_eq!(parse_statement(&statement.to_string()), Ok(statement));
        let quoted = crate::quote_string(&text);
        prop_assert_eq!(crate::tokenize(&quoted).len(), 1);
    }
}
