//! Every statement parsed and printed, every malformed one refused in its place, and no text that makes it panic.

use super::*;
use proptest::prelude::*;

/// Statements and how they print.
const STATEMENTS: &str = include_str!("statements.txt");

/// Malformed statements and what is said of them.
const REFUSALS: &str = include_str!("refusals.txt");

/// Lines with, below them, a line that begins with an arrow: the expected form.
fn table(source: &str) -> Vec<(&str, Option<&str>)> {
    let mut found: Vec<(&str, Option<&str>)> = Vec::new();
    for line in source.lines() {
        if let Some(expected) = line.strip_prefix("  => ") {
            found
                .last_mut()
                .expect("a text stands before what is expected of it")
                .1 = Some(expected);
        } else if !line.is_empty() && !line.starts_with("# ") {
            found.push((line, None));
        }
    }
    found
}

fn statements() -> Vec<(&'static str, &'static str)> {
    let rows = table(STATEMENTS).into_iter();
    rows.map(|(text, canonical)| (text, canonical.unwrap_or(text)))
        .collect()
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
    let rows = statements();
    assert!(rows.len() > 220, "{} rows", rows.len());
    for (text, canonical) in rows {
        assert_eq!(parsed(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn what_is_printed_parses_to_the_same_tree() {
    for (text, _) in statements() {
        let statement = parsed(text);
        for printed in [format!("{statement}"), format!("{statement:#}")] {
            assert_eq!(parsed(&printed), statement, "{text}\n  {printed}");
        }
    }
}

#[test]
fn every_refusal_of_the_table_names_its_place_and_reason() {
    let rows = table(REFUSALS);
    assert!(rows.len() > 100, "{} rows", rows.len());
    for (text, expected) in rows {
        assert_eq!(
            refusal(text),
            expected.expect("every refusal has its text"),
            "{text}"
        );
    }
}

#[test]
fn the_examples_of_the_reference_are_said_word_for_word() {
    let check = |text: &str, expected: &str| assert_eq!(refusal(text), expected, "{text}");
    check(
        "SELEC * FROM t",
        "line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)",
    );
    check("", "line 0:-1 no viable alternative at input '<EOF>'");
    check(
        "UPDATE u SET v=1 IF v=2",
        "line 1:17 mismatched input 'IF' expecting K_WHERE (UPDATE u SET v=1 [IF] v...)",
    );
    check(
        "SELECT *",
        "line 0:-1 mismatched input '<EOF>' expecting K_FROM",
    );
}

#[test]
fn a_password_is_in_no_error() {
    for text in [
        "CREATE ROLE bob WITH PASSWORD = 'canary' AND LOGIN = perhaps",
        "CREATE ROLE bob WITH PASSWORD 'canary'",
        "CREATE ROLE bob WITH PASSWORD = \"canary\"",
        "CREATE ROLE bob WITH PASSWORD = $$canary$$ AND",
        "CREATE ROLE bob WITH PASSWORD = canary",
        "CREATE ROLE bob WITH PASSWORD = 'canary",
        "ALTER ROLE bob PASSWORD = 'canary'",
        "ALTER ROLE bob WITH PASSWORD : 'canary'",
        "CREATE USER bob WITH PASSWORD = 'canary'",
        "CREATE USER bob WITH PASSWORD canary",
        "BEGIN BATCH CREATE ROLE bob WITH PASSWORD = 'canary'; APPLY BATCH",
    ] {
        let error = refusal(text);
        assert!(!error.contains("canary"), "{error}");
    }
    // Where no password can be meant, nothing is hidden.
    let error = refusal("INSERT INTO t (k, password) VALUES (1, 'x') WHERE");
    assert!(error.contains("'x'"), "{error}");
}

#[test]
fn a_position_counts_lines_from_one_and_characters_from_zero() {
    let error = parse_statement("SELECT 'é\n'\n  'ü' x").unwrap_err();
    assert_eq!((error.line, error.column, error.offset), (3, 2, 15));
    let error = parse_statement("SELECT 'ü' ! FROM t").unwrap_err();
    assert_eq!((error.line, error.column, error.offset), (1, 11, 12));
}

#[test]
fn a_statement_cut_off_anywhere_is_refused_or_shorter_but_never_a_panic() {
    for (text, _) in statements() {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = parse_statement(&text[..end]);
        }
    }
}

#[test]
fn a_statement_with_any_token_left_out_or_doubled_is_no_panic() {
    for (text, _) in statements() {
        for token in tokenize(text) {
            let (before, after) = (&text[..token.range.start], &text[token.range.end..]);
            let _ = parse_statement(&format!("{before}{after}"));
            let word = &text[token.range];
            let _ = parse_statement(&format!("{before}{word} {word}{after}"));
        }
    }
}

#[test]
fn markers_are_numbered_in_the_order_they_are_written() {
    for (text, _) in statements() {
        let statement = parsed(text);
        let markers = statement.bind_markers();
        let tokens = tokenize(text).into_iter();
        let positional = tokens
            .filter(|token| &text[token.range.clone()] == "?")
            .count();
        let indexes: Vec<usize> = markers.iter().map(|marker| marker.index).collect();
        assert_eq!(indexes, (0..markers.len()).collect::<Vec<_>>(), "{text}");
        if markers.iter().all(|marker| marker.name.is_none()) {
            assert_eq!(markers.len(), positional, "{text}");
        }
    }
}

#[test]
fn a_named_marker_is_a_marker_each_time_it_is_written() {
    let statement = parsed("UPDATE t USING TTL :a SET v = :B WHERE k = :a IF w IN :c");
    let markers = statement.bind_markers();
    let names: Vec<&str> = markers
        .iter()
        .filter_map(|marker| marker.name.as_deref())
        .collect();
    assert_eq!(names, ["a", "b", "a", "c"]);
}

#[test]
fn the_markers_of_a_batch_are_numbered_through() {
    let text = "BEGIN BATCH USING TIMESTAMP ? INSERT INTO t (a, b) VALUES (?, ?); \
                DELETE m[?] FROM t WHERE k = ?; APPLY BATCH";
    let Statement::Batch(batch) = parsed(text) else {
        panic!("a batch is a batch")
    };
    let indexes = |index: usize| -> Vec<usize> {
        batch.statements[index]
            .bind_markers()
            .iter()
            .map(|marker| marker.index)
            .collect()
    };
    assert_eq!(indexes(0), [1, 2]);
    assert_eq!(indexes(1), [3, 4]);
}

#[test]
fn nesting_is_allowed_to_its_limit_and_not_beyond() {
    let forms: [(&str, &str, &str, &str); 8] = [
        ("INSERT INTO t (a) VALUES (", "[", "]", ")"),
        ("INSERT INTO t (a) VALUES (", "{", "}", ")"),
        ("INSERT INTO t (a) VALUES (", "(", ")", ")"),
        ("SELECT ", "(", ")", " FROM t"),
        ("SELECT ", "f(", ")", " FROM t"),
        ("SELECT ", "{1: ", "}", " FROM t"),
        ("SELECT * FROM t WHERE ", "(", ")", ""),
        ("CREATE TABLE t (a ", "list<", ">", ", PRIMARY KEY (a))"),
    ];
    for (before, open, close, after) in forms {
        let core = match (before.contains("WHERE"), open) {
            (true, _) => "a = 1",
            (_, "list<") => "int",
            _ => "1",
        };
        let text = |depth: usize| {
            format!(
                "{before}{}{core}{}{after}",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        parsed(&text(62));
        assert!(
            refusal(&text(65)).contains("nested deeper than 64 levels"),
            "{open}"
        );
        for depth in [1_000, 200_000] {
            refusal(&text(depth));
            refusal(&format!("{before}{}", open.repeat(depth)));
        }
    }
}

#[test]
fn bombs_of_every_kind_are_refused() {
    let many = 100_000;
    let bombs = [
        format!("SELECT {}1 FROM t", "- ".repeat(many)),
        format!("SELECT 1{} FROM t", " + 1".repeat(many)),
        format!("SELECT 1{} FROM t", " * a".repeat(many)),
        format!("SELECT a{} FROM t", ".b".repeat(many)),
        format!("SELECT a{} FROM t", "[0]".repeat(many)),
        format!("SELECT {}1 FROM t", "(int)".repeat(many)),
        format!("SELECT {}1 FROM t", "(v)".repeat(many)),
        format!("INSERT INTO t (a) VALUES ({}1)", "(int)".repeat(many)),
        format!("INSERT INTO t (a) VALUES (1{})", " - 1".repeat(many)),
        format!("INSERT INTO t (a) VALUES ({}int", "(frozen<".repeat(many)),
        format!("SELECT {}a FROM t", "cast(".repeat(many)),
        format!("{}SELECT * FROM t", "EXPLAIN CONSISTENCY ".repeat(many)),
    ];
    for bomb in bombs {
        refusal(&bomb);
    }
}

#[test]
fn the_tallest_tree_is_within_the_sum_of_the_limits() {
    let nested = |depth: usize, operators: usize| {
        let chain = " + 1".repeat(operators);
        format!(
            "SELECT {}1{} FROM t",
            "(".repeat(depth),
            format!("{chain})").repeat(depth)
        )
    };
    parsed(&nested(60, 2));
    assert!(refusal(&nested(60, 3)).contains("more than 128 operators"));
}

#[test]
fn operators_are_counted_for_each_expression_by_itself() {
    let sum = format!("1{}", " + 1".repeat(100));
    parsed(&format!(
        "SELECT {sum}, {sum} FROM t WHERE k = {sum} AND (c = {sum})"
    ));
}

#[test]
fn time_grows_no_faster_than_the_text() {
    // A parser that looks back at each parenthesis, or counts lines at each try, would need
    // minutes here.
    let values = "((1), ('a'), (f(1)), {'a': (1)}, (int)1), ".repeat(20_000);
    parsed(&format!("INSERT INTO t (a) VALUES ({values}1)"));
    let selectors = "(v), (v)[0], (int)v, (v) AS x, ".repeat(20_000);
    parsed(&format!("SELECT {selectors}v FROM t"));
    let numbered = |form: &str| -> Vec<String> {
        (0..20_000)
            .map(|index| form.replace('#', &index.to_string()))
            .collect()
    };
    let assignments = numbered("c# = 1").join(", ");
    parsed(&format!("UPDATE t SET {assignments} WHERE k = 1"));
    let columns = numbered("c# int").join(",\n");
    parsed(&format!("CREATE TABLE t ({columns}, PRIMARY KEY (c1))"));
    refusal(&"(".repeat(1_000_000));
    refusal(&"'x' ".repeat(500_000));
}

#[test]
fn a_type_stands_alone_too() {
    let list = TypeName::List(Box::new(TypeName::Native(crate::ast::NativeType::Int)));
    assert_eq!(
        parse_type("frozen< list <int> >"),
        Ok(TypeName::Frozen(Box::new(list)))
    );
    assert_eq!(
        parse_type("list<int> x").unwrap_err().to_string(),
        "line 1:10 mismatched input 'x' expecting EOF (list<int> [x])"
    );
    assert!(parse_type("list<int>>").is_err());
    assert!(parse_type("").is_err());
}

#[test]
fn every_keyword_that_is_not_reserved_is_a_name() {
    for word in crate::KEYWORDS {
        let text = format!("SELECT a.{word}, {word} FROM {word}.{word} WHERE {word} = :{word}");
        let reserved = crate::RESERVED_KEYWORDS.contains(&word);
        assert_eq!(parse_statement(&text).is_err(), reserved, "{text}");
        let quoted = format!("CREATE TABLE \"{word}\" (\"{word}\" int, PRIMARY KEY (\"{word}\"))");
        parsed(&quoted);
    }
}

/// Pieces that are likely to meet a rule, or two pieces that are likely to form a token.
fn piece() -> impl Strategy<Value = String> {
    let pieces = "; , ( ) [ ] { } : . .. = < > + - * / % ? != <= += ' \" $$ -- /* */ // ! # é \
                  a b \"Q\" 'x' 1 -1 1.5 1h 0xff P1Y true null nan infinity in is set of as by \
                  550e8400-e29b-41d4-a716-446655440000 int list map frozen tuple vector";
    let pieces: Vec<String> = pieces.split_whitespace().map(str::to_owned).collect();
    let keywords: Vec<String> = crate::KEYWORDS
        .iter()
        .map(|word| (*word).to_owned())
        .collect();
    prop_oneof![
        proptest::sample::select(pieces),
        proptest::sample::select(keywords),
        Just(String::from("\n")),
    ]
}

/// Any text: nothing may panic, and what parses prints to what parses to the same.
fn survives(text: &str) {
    let _ = parse_type(text);
    let _ = crate::split_statements(text);
    match parse_statement(text) {
        Ok(statement) => assert_eq!(parsed(&statement.to_string()), statement, "{text}"),
        Err(error) => {
            assert!(error.offset <= text.len());
            assert!(!error.message.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_pieces_never_panic(pieces in proptest::collection::vec(piece(), 0..40)) {
        survives(&pieces.join(" "));
        survives(&pieces.concat());
    }

    #[test]
    fn a_damaged_statement_never_panics(
        row in proptest::sample::select(statements()),
        at in any::<proptest::sample::Index>(),
        pieces in proptest::collection::vec(piece(), 1..3),
    ) {
        let tokens = tokenize(row.0);
        let range = tokens[at.index(tokens.len())].range.clone();
        let (before, after) = (&row.0[..range.start], &row.0[range.end..]);
        survives(&format!("{before} {} {after}", pieces.join(" ")));
    }
}
