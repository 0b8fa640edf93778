//! Tokens of every kind, positions, and text that ends too early.

use super::*;
use proptest::prelude::*;

/// The kinds and texts of a text's tokens, for one-line comparisons.
fn lexed(text: &str) -> String {
    let shown = tokenize(text).into_iter().map(|token| {
        let kind = match token.kind {
            TokenKind::ReservedKeyword => "reserved",
            TokenKind::Keyword => "keyword",
            TokenKind::Identifier => "name",
            TokenKind::QuotedIdentifier => "quoted",
            TokenKind::String => "string",
            TokenKind::Integer => "integer",
            TokenKind::Float => "float",
            TokenKind::Boolean => "boolean",
            TokenKind::Uuid => "uuid",
            TokenKind::Hex => "hex",
            TokenKind::Duration => "duration",
            TokenKind::Symbol => "symbol",
            TokenKind::Comment => "comment",
            TokenKind::Unterminated(_) => "open",
            TokenKind::Unknown => "unknown",
        };
        format!("{kind}:{}", &text[token.range])
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn words_are_reserved_keywords_or_names() {
    assert_eq!(
        lexed("Select key flight_1"),
        "reserved:Select keyword:key name:flight_1"
    );
    assert_eq!(
        lexed("true FALSE nan"),
        "boolean:true boolean:FALSE reserved:nan"
    );
    assert_eq!(lexed("\"a\"\"b\" \"\""), "quoted:\"a\"\"b\" quoted:\"\"");
}

#[test]
fn numbers_have_no_sign_and_ranges_are_no_floats() {
    assert_eq!(lexed("-12"), "symbol:- integer:12");
    assert_eq!(
        lexed("1. 1.5 1e3 1.e-3 1E+3"),
        "float:1. float:1.5 float:1e3 float:1.e-3 float:1E+3"
    );
    assert_eq!(lexed("1..2"), "integer:1 symbol:.. integer:2");
    assert_eq!(lexed("1...2"), "float:1. symbol:.. integer:2");
    assert_eq!(lexed("1e 1ex"), "integer:1 name:e integer:1 name:ex");
    assert_eq!(lexed("0x 0xCAFE 0X1"), "hex:0x hex:0xCAFE hex:0X1");
}

#[test]
fn a_uuid_is_one_token_whatever_it_begins_with() {
    for uuid in [
        "550e8400-e29b-41d4-a716-446655440000",
        "ABCDEF01-0000-0000-0000-000000000000",
    ] {
        assert_eq!(lexed(uuid), format!("uuid:{uuid}"));
    }
    let short = "550e8400-e29b-41d4-a716-44665544000";
    assert_eq!(
        tokenize(short).first().map(|token| token.kind),
        Some(TokenKind::Float)
    );
}

#[test]
fn durations_are_numbers_with_units_or_iso_periods() {
    for duration in [
        "1y2mo3w4d5h6m7s8ms9us10ns",
        "1Y",
        "3µs",
        "12h30m",
        "P1Y2M3DT4H5M6S",
        "P3W",
        "PT5M",
        "P1D",
        "P0001-02-03T04:05:06",
    ] {
        assert_eq!(lexed(duration), format!("duration:{duration}"));
    }
    assert_eq!(
        lexed("p1d P PT P1Yx P1DT"),
        "name:p1d name:P name:PT name:P1Yx name:P1DT"
    );
    assert_eq!(lexed("1y2"), "duration:1y integer:2");
}

#[test]
fn strings_hold_anything_but_their_end() {
    assert_eq!(lexed("'it''s' ''"), "string:'it''s' string:''");
    assert_eq!(lexed("$$a'b;$c$$ x"), "string:$$a'b;$c$$ name:x");
    assert_eq!(lexed("'a;--b"), "open:'a;--b");
    assert_eq!(lexed("$$a$"), "open:$$a$");
    assert_eq!(lexed("\"a"), "open:\"a");
}

#[test]
fn comments_end_with_their_line_or_mark() {
    assert_eq!(
        lexed("a--b\nc//d\ne"),
        "name:a comment:--b name:c comment://d name:e"
    );
    assert_eq!(
        lexed("a/*b;'*/c /* d"),
        "name:a comment:/*b;'*/ name:c open:/* d"
    );
}

#[test]
fn symbols_are_as_long_as_they_can_be() {
    assert_eq!(
        lexed("a+=1,b-=2<=>=!==="),
        "name:a symbol:+= integer:1 symbol:, name:b symbol:-= integer:2 symbol:<= symbol:>= \
         symbol:!= symbol:= symbol:="
    );
    assert_eq!(lexed("! $ é _"), "unknown:! unknown:$ unknown:é unknown:_");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn tokens_cover_everything_but_white_space_in_order(
        text in "[a-zP0-9'\"$/*.e+µé;\\- \n]{0,60}",
    ) {
        let mut end = 0;
        for token in tokenize(&text) {
            prop_assert!(token.range.start >= end, "X2");
            prop_assert!(token.range.end > token.range.start, "X1");
            prop_assert!(text.get(token.range.clone()).is_some(), "X1");
            prop_assert!(text[end..token.range.start].trim_ascii().is_empty(), "X2");
            end = token.range.end;
        }
        prop_assert!(text[end..].trim_ascii().is_empty(), "X2");
    }
}
