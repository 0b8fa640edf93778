//! Where one statement of a script ends and the next begins.

use super::*;

/// The statements of a script, one after the other, each with how it ends.
fn split(script: &str) -> String {
    let shown = split_statements(script).into_iter().map(|statement| {
        let text = &script[statement.range];
        match statement.ending {
            Ending::Semicolon => format!("<{text}>"),
            Ending::Open => format!("<{text}> open"),
            Ending::OpenBatch => format!("<{text}> batch"),
            Ending::Inside(what) => format!("<{text}> in {what:?}"),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_semicolon_ends_a_statement_and_nothing_else_does() {
    assert_eq!(split("use a; select 1 ;\n"), "<use a> <select 1>");
    assert_eq!(split("use a; select"), "<use a> <select> open");
    assert_eq!(split(" ; ;; "), "");
    assert_eq!(split(""), "");
}

#[test]
fn semicolons_in_strings_names_comments_and_bodies_end_nothing() {
    assert_eq!(split("a 'x;y'; b"), "<a 'x;y'> <b> open");
    assert_eq!(split("a \"x;y\";"), "<a \"x;y\">");
    assert_eq!(split("a $$ return 1; $$;"), "<a $$ return 1; $$>");
    assert_eq!(split("a -- x;\n b;"), "<a -- x;\n b>");
    assert_eq!(split("a /* ; */ b; // c;"), "<a /* ; */ b>");
}

#[test]
fn comments_around_a_statement_are_no_part_of_it() {
    assert_eq!(split("-- first\n/* x */ a /* y */; -- last"), "<a>");
    assert_eq!(split("-- only a comment"), "");
}

#[test]
fn a_batch_is_one_statement() {
    let batch = "BEGIN UNLOGGED BATCH insert into t (a) values (1); delete from t; APPLY BATCH";
    assert_eq!(
        split(&format!("{batch}; use a;")),
        format!("<{batch}> <use a>")
    );
    assert_eq!(split("begin batch a; b;"), "<begin batch a; b;> batch");
    assert_eq!(
        split("begin batch a; apply batch"),
        "<begin batch a; apply batch> open"
    );
    assert_eq!(
        split("begin batch apply; batch; apply batch; x;"),
        "<begin batch apply; batch; apply batch> <x>"
    );
    assert_eq!(split("select begin batch; x;"), "<select begin batch> <x>");
    assert_eq!(split("begin; batch;"), "<begin> <batch>");
}

#[test]
fn what_is_open_at_the_end_is_said() {
    assert_eq!(split("a; b 'x;"), "<a> <b 'x;> in String");
    assert_eq!(split("a $$x;"), "<a $$x;> in DollarString");
    assert_eq!(split("a \"x;"), "<a \"x;> in QuotedIdentifier");
    assert_eq!(split("a; /* x;"), "<a> <> in Comment");
    assert_eq!(split("a /* x;"), "<a> in Comment");
}

#[test]
fn a_statement_says_where_it_and_its_semicolon_end() {
    let statements = split_statements("use a ; use b");
    let places: Vec<_> = statements
        .iter()
        .map(|one| (one.range.clone(), one.end))
        .collect();
    assert_eq!(places, [(0..5, 7), (8..13, 13)]);
}

#[test]
fn what_is_split_off_parses_as_it_did_in_the_script() {
    let script = "CREATE TABLE t (a int PRIMARY KEY); BEGIN BATCH DELETE FROM t WHERE a = 1; \
                  APPLY BATCH; SELECT * FROM t WHERE a = ';';";
    let statements = split_statements(script);
    assert_eq!(statements.len(), 3);
    for statement in statements {
        assert!(crate::parse_statement(&script[statement.range]).is_ok());
    }
}
