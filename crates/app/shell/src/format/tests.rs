//! Goldens of every format.

use super::*;
use std::sync::Arc;

fn column(name: &str, cql_type: CqlType) -> ColumnSpec {
    ColumnSpec {
        keyspace: "shop".to_owned(),
        table: "carts".to_owned(),
        name: name.to_owned(),
        cql_type,
    }
}

/// Columns `user text, count int, price double` and two rows.
fn result() -> (Vec<ColumnSpec>, Vec<Row>) {
    let columns = vec![
        column("user", CqlType::Text),
        column("count", CqlType::Int),
        column("price", CqlType::Double),
    ];
    let shared: Arc<[ColumnSpec]> = columns.clone().into();
    let rows = vec![
        Row::new(
            Arc::clone(&shared),
            vec!["ada, \"countess\"".into(), 12_i32.into(), 0.5_f64.into()],
        ),
        Row::new(shared, vec!["bob\nb".into(), 7_i32.into(), Value::Null]),
    ];
    (columns, rows)
}

fn print(format: OutputFormat, screen: Screen) -> String {
    let (columns, rows) = result();
    print_rows(format, screen, &columns, &rows)
}

fn print_rows(
    format: OutputFormat,
    screen: Screen,
    columns: &[ColumnSpec],
    rows: &[Row],
) -> String {
    let mut printer = printer(format, screen);
    let mut out = Vec::new();
    printer.page(&mut out, columns, rows).unwrap();
    printer.end(&mut out, Some(rows.len() as u64)).unwrap();
    String::from_utf8(out).unwrap()
}

fn screen(columns: usize) -> Screen {
    Screen {
        columns: Some(columns),
        ..Screen::default()
    }
}

#[test]
fn a_table_has_numbers_right_and_text_left() {
    let expected = r#"
 user            | count | price
-----------------+-------+-------
 ada, "countess" |    12 |   0.5
 bob\nb          |     7 |  null

(2 rows)
"#;
    assert_eq!(print(OutputFormat::Table, Screen::default()), expected);
    assert_eq!(print(OutputFormat::Table, screen(80)), expected);
}

#[test]
fn a_table_without_rows_still_shows_its_columns() {
    let (columns, _) = result();
    assert_eq!(
        print_rows(OutputFormat::Table, Screen::default(), &columns, &[]),
        "\n user | count | price\n------+-------+-------\n\n(0 rows)\n"
    );
}

#[test]
fn values_that_do_not_fit_go_on_in_the_next_line() {
    assert_eq!(
        print(OutputFormat::Table, screen(32)),
        r#"
 user          | count | price
---------------+-------+-------
 ada,          |    12 |   0.5
 "countess"    |       |
 bob\nb        |     7 |  null

(2 rows)
"#
    );
}

#[test]
fn what_cannot_be_a_table_is_shown_value_by_value() {
    let columns: Vec<ColumnSpec> = (0..9)
        .map(|index| column(&format!("quite_a_long_name_{index}"), CqlType::Int))
        .collect();
    let row = Row::new(columns.clone().into(), vec![1.into(); 9]);
    let shown = print_rows(OutputFormat::Table, screen(60), &columns, &[row]);
    assert!(shown.starts_with("\n@ Row 1\n"), "{shown}");
    assert!(shown.contains("\n quite_a_long_name_8 | 1\n"), "{shown}");
}

#[test]
fn a_very_long_value_is_cut_visibly() {
    let columns = vec![column("t", CqlType::Text)];
    let row = Row::new(columns.clone().into(), vec!["x".repeat(1_000).into()]);
    let shown = print_rows(OutputFormat::Table, screen(40), &columns, &[row]);
    assert_eq!(shown.lines().filter(|line| line.contains('x')).count(), 8);
    assert!(shown.contains("x…"), "{shown}");
}

#[test]
fn expanded_rows_are_numbered_through_all_pages() {
    let (columns, rows) = result();
    let mut printer = printer(OutputFormat::Expanded, Screen::default());
    let mut out = Vec::new();
    for row in rows {
        printer.page(&mut out, &columns, &[row]).unwrap();
    }
    printer.end(&mut out, Some(2)).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"
@ Row 1
-------+-----------------
 user  | ada, "countess"
 count | 12
 price | 0.5

@ Row 2
-------+--------
 user  | bob\nb
 count | 7
 price | null

(2 rows)
"#
    );
}

#[test]
fn json_is_an_object_a_line_and_nothing_else() {
    assert_eq!(
        print(OutputFormat::Json, Screen::default()),
        "{\"user\": \"ada, \\\"countess\\\"\", \"count\": 12, \"price\": 0.5}\n\
         {\"user\": \"bob\\nb\", \"count\": 7, \"price\": null}\n"
    );
}

#[test]
fn csv_quotes_what_it_must() {
    assert_eq!(
        print(OutputFormat::Csv, Screen::default()),
        "user,count,price\n\"ada, \"\"countess\"\"\",12,0.5\n\"bob\nb\",7,\n"
    );
}

#[test]
fn null_is_dim_where_there_are_colours() {
    let screen = Screen {
        color: true,
        ..Screen::default()
    };
    let shown = print(OutputFormat::Table, screen);
    assert!(shown.contains("\u{1b}[2mnull\u{1b}[0m"), "{shown:?}");
    assert!(shown.contains("\u{1b}[32m12\u{1b}[0m"), "{shown:?}");
    assert!(!print(OutputFormat::Table, Screen::default()).contains('\u{1b}'));
}

#[test]
fn pages_share_a_header_unless_each_is_looked_at_alone() {
    let (columns, rows) = result();
    for (is_paged, headers) in [(false, 1), (true, 2)] {
        let screen = Screen {
            is_paged,
            ..Screen::default()
        };
        let mut printer = printer(OutputFormat::Table, screen);
        let mut out = Vec::new();
        for row in rows.clone() {
            printer.page(&mut out, &columns, &[row]).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("count | price").count(), headers);
    }
}

#[test]
fn wide_characters_take_two_columns_and_accents_none() {
    assert_eq!(width("日本"), 4);
    assert_eq!(width("e\u{301}"), 1);
    assert_eq!(fit("日本語", 4), ["日本", "語"]);
    assert_eq!(printable("a\u{1b}[31m\tb".to_owned()), "a\\x1b[31m\\tb");
}
