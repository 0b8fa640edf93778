//! Values survive their text, in all forms that CQL writes them.

use super::*;
use crate::value::strategies;
use proptest::prelude::*;

fn check_parses(cql_type: CqlType, texts: &[&str], wire: &[u8]) {
    for text in texts {
        assert_eq!(
            parse_text(cql_type, text).as_deref(),
            Ok(wire),
            "{cql_type} {text}"
        );
    }
}

fn refusal(cql_type: CqlType, text: &str) -> String {
    match parse_text(cql_type, text) {
        Ok(wire) => format!("accepted as {}", Hex(&wire)),
        Err(InvalidValue(message)) => message,
    }
}

#[test]
fn timestamps_are_read_in_all_forms() {
    let noon = 1_709_208_000_000_i64;
    for (text, millis) in [
        ("1709208000000", noon),
        ("-1", -1),
        ("2024-02-29", noon - 43_200_000),
        ("2024-02-29 12:00", noon),
        ("2024-02-29T12:00", noon),
        ("2024-02-29 12:00:00", noon),
        ("2024-02-29T12:00:00.5", noon + 500),
        ("2024-02-29T12:00:00.123", noon + 123),
        ("2024-02-29 12:00:00.123456789", noon + 123),
        ("2024-02-29T12:00:00Z", noon),
        ("2024-02-29 12:00:00 UTC", noon),
        ("2024-02-29 12:00 GMT", noon),
        ("2024-02-29 14:00+0200", noon),
        ("2024-02-29 14:00:00+02:00", noon),
        ("2024-02-29 14:00:00.000+02", noon),
        ("2024-02-29T06:30:00-0530", noon),
        ("2024-02-29 12:00:00 +0000", noon),
        ("2024-02-29+0200", noon - 43_200_000 - 7_200_000),
        ("2024-02-29Z", noon - 43_200_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0000-01-01", -62_167_219_200_000),
        ("-0001-12-31", -62_167_305_600_000),
        ("+10000-01-01", 253_402_300_800_000),
        ("-292275055-05-16 16:47:04.192Z", i64::MIN),
        ("+292278994-08-17 07:12:55.807Z", i64::MAX),
        ("2024-02-29 11:34:56.789000+0000", noon - 1_503_211),
    ] {
        check_parses(CqlType::Timestamp, &[text], &millis.to_be_bytes());
    }
    for text in [
        "now",
        "2024-02-30",
        "2024-2-29",
        "24-02-29",
        "2024-02-29 24:00",
        "2024-02-29 12",
        "2024-02-29 12:00:00.",
        "2024-02-29 12:00:00.1234567891",
        "2024-02-29 12:00:00 CET",
        "2024-02-29 12:00:00+1900",
        "2024-02-29 12:00:00Zx",
        "2024-02-29x",
        "+999999999-01-01",
    ] {
        let message = format!("Unable to parse a date/time from '{text}'");
        assert_eq!(refusal(CqlType::Timestamp, text), message);
    }
    assert_eq!(
        refusal(CqlType::Timestamp, "9223372036854775808"),
        "Unable to make long (for date) from: '9223372036854775808'"
    );
}

#[test]
fn dates_are_days_or_numbers() {
    check_parses(
        CqlType::Date,
        &["1970-01-01", "2147483648"],
        &[0x80, 0, 0, 0],
    );
    check_parses(CqlType::Date, &["0", "-5877641-06-23"], &[0; 4]);
    check_parses(CqlType::Date, &["4294967295", "+5881580-07-11"], &[0xFF; 4]);
    for (text, message) in [
        (
            "4294967296",
            "Unable to make unsigned int (for date) from: '4294967296'",
        ),
        ("-1", "Unable to make unsigned int (for date) from: '-1'"),
        (
            "2023-02-29",
            "Unable to coerce '2023-02-29' to a formatted date (long)",
        ),
        (
            "+5881580-07-12",
            "Input date +5881580-07-12 is greater than max supported date +5881580-07-11",
        ),
        (
            "-5877641-06-22",
            "Input date -5877641-06-22 is less than min supported date -5877641-06-23",
        ),
        ("", "Unable to coerce '' to a formatted date (long)"),
    ] {
        assert_eq!(refusal(CqlType::Date, text), message);
    }
}

#[test]
fn times_are_of_one_day() {
    let wire = 29_574_123_456_789_i64.to_be_bytes();
    check_parses(
        CqlType::Time,
        &["08:12:54.123456789", "8:12:54.123456789", "29574123456789"],
        &wire,
    );
    check_parses(
        CqlType::Time,
        &["00:00:01.5"],
        &1_500_000_000_i64.to_be_bytes(),
    );
    for text in [
        "24:00:00",
        "12:60:00",
        "12:00:60",
        "12:00",
        "12:00:00.",
        "12:00:00.1234567890",
        "x",
    ] {
        let message = format!("(TimeType) Unable to coerce '{text}' to a formatted time (long)");
        assert_eq!(refusal(CqlType::Time, text), message);
    }
    for text in ["-1", "86400000000000", "99999999999999999999"] {
        let message = format!("Unable to make long (for time) from: '{text}'");
        assert_eq!(refusal(CqlType::Time, text), message);
    }
}

#[test]
fn numbers_are_refused_by_name() {
    for (cql_type, text, message) in [
        (CqlType::Tinyint, "128", "Unable to make byte from '128'"),
        (CqlType::Tinyint, "", "Unable to make byte from ''"),
        (CqlType::Smallint, "x", "Unable to make short from 'x'"),
        (CqlType::Int, "1.5", "Unable to make int from '1.5'"),
        (CqlType::Bigint, "1e3", "Unable to make long from '1e3'"),
        (CqlType::Counter, " 1", "Unable to make long from ' 1'"),
        (CqlType::Varint, "1-", "unable to make int from '1-'"),
        (
            CqlType::Decimal,
            "1.2.3",
            "unable to make BigDecimal from '1.2.3'",
        ),
        (CqlType::Float, "x", "Unable to make float from 'x'"),
        (CqlType::Double, "1..2", "Unable to make double from '1..2'"),
        (CqlType::Boolean, "yes", "Unable to make boolean from 'yes'"),
        (
            CqlType::Inet,
            "1.2.3",
            "Unable to make inet address from '1.2.3'",
        ),
        (
            CqlType::Ascii,
            "\u{e9}",
            "Invalid ASCII character in string literal: \u{e9}",
        ),
        (
            CqlType::Blob,
            "00",
            "String representation of blob is missing 0x prefix: 00",
        ),
        (CqlType::Blob, "0x0", "cannot parse '0x0' as hex bytes"),
        (CqlType::Blob, "0xzz", "cannot parse '0xzz' as hex bytes"),
        (
            CqlType::Blob,
            "0x\u{e9}",
            "cannot parse '0x\u{e9}' as hex bytes",
        ),
        (CqlType::Uuid, "x", "Unable to make UUID from 'x'"),
        (
            CqlType::Duration,
            "1",
            "Unable to convert '1' to a duration",
        ),
        (CqlType::Timeuuid, "x", "Unknown timeuuid representation: x"),
        (
            CqlType::Timeuuid,
            "123e4567-e89b-42d3-a456-426614174000",
            "TimeUUID supports only version 1 UUIDs",
        ),
        (
            CqlType::Uuid,
            "123e4567e89b42d3a456426614174000",
            "Unable to make UUID from '123e4567e89b42d3a456426614174000'",
        ),
    ] {
        assert_eq!(refusal(cql_type, text), message);
    }
}

#[test]
fn other_values_are_read_as_written() {
    check_parses(CqlType::Boolean, &["true", "TRUE"], &[1]);
    check_parses(CqlType::Boolean, &["false"], &[0]);
    check_parses(CqlType::Blob, &["0xCafe", "0Xcafe"], &[0xCA, 0xFE]);
    check_parses(CqlType::Varint, &["128", "+128", "00128"], &[0, 0x80]);
    check_parses(CqlType::Inet, &["1.2.3.4", "::ffff:1.2.3.4"], &[1, 2, 3, 4]);
    check_parses(CqlType::Int, &[""], &[]);
    check_parses(CqlType::Text, &[""], &[]);
    check_parses(CqlType::Duration, &["1mo2d3ns"], &[2, 4, 6]);
    check_parses(CqlType::Double, &["-NaN", "NaN"], &f64::NAN.to_be_bytes());
}

#[test]
fn the_shell_prints_what_people_expect() {
    for (cql_type, text, printed) in [
        (
            CqlType::Timestamp,
            "2024-02-29T11:34:56.789Z",
            "2024-02-29 11:34:56.789000+0000",
        ),
        (CqlType::Blob, "0xCAFE", "0xcafe"),
        (CqlType::Float, "1.5", "1.5"),
        (CqlType::Double, "0.1", "0.1"),
        (CqlType::Double, "NaN", "NaN"),
        (CqlType::Double, "-inf", "-Infinity"),
        (CqlType::Inet, "0:0:0:0:0:0:0:1", "::1"),
        (CqlType::Time, "8:12:54", "08:12:54.000000000"),
        (CqlType::Decimal, "1.50", "1.50"),
        (CqlType::Text, "it's", "it's"),
        (CqlType::Int, "", ""),
    ] {
        let wire = parse_text(cql_type, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(format_text(cql_type, &wire), printed);
    }
    assert_eq!(format_text(CqlType::Duration, &[2, 4, 6]), "1mo2d3ns");
    assert_eq!(format_text(CqlType::Int, &[1, 2]), "0x0102");
    assert_eq!(format_text(CqlType::Text, &[0xFF]), "0xff");
}

#[test]
fn literals_are_quoted_where_cql_wants_it() {
    for (cql_type, text, literal) in [
        (CqlType::Text, "it's", "'it''s'"),
        (CqlType::Text, "", "''"),
        (CqlType::Blob, "0x", "0x"),
        (CqlType::Timestamp, "0", "'1970-01-01T00:00:00.000Z'"),
        (CqlType::Date, "2024-02-29", "'2024-02-29'"),
        (CqlType::Time, "00:00:00", "'00:00:00.000000000'"),
        (CqlType::Inet, "::1", "'::1'"),
        (CqlType::Duration, "P3W", "21d"),
        (CqlType::Boolean, "TRUE", "true"),
        (CqlType::Double, "1", "1.0"),
        (CqlType::Double, "-NaN", "NaN"),
        (CqlType::Int, "", "blob_as_int(0x)"),
    ] {
        let wire = parse_text(cql_type, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(format_literal(cql_type, &wire), literal);
    }
    assert_eq!(format_literal(CqlType::Date, &[1]), "blob_as_date(0x01)");
}

#[test]
fn json_has_numbers_strings_and_null() {
    for (cql_type, text, json) in [
        (CqlType::Blob, "0xcafe", "\"0xcafe\""),
        (
            CqlType::Timestamp,
            "2024-02-29T11:34:56.789Z",
            "\"2024-02-29 11:34:56.789Z\"",
        ),
        (CqlType::Duration, "1mo2d3ns", "\"1mo2d3ns\""),
        (CqlType::Double, "NaN", "null"),
        (CqlType::Double, "-Infinity", "null"),
        (CqlType::Float, "Infinity", "null"),
        (CqlType::Float, "1.5", "1.5"),
        (CqlType::Double, "1e10", "1.0E10"),
        (CqlType::Decimal, "1.50", "1.50"),
        (
            CqlType::Varint,
            "99999999999999999999",
            "99999999999999999999",
        ),
        (CqlType::Boolean, "true", "true"),
        (CqlType::Date, "2024-02-29", "\"2024-02-29\""),
        (CqlType::Inet, "::1", "\"0:0:0:0:0:0:0:1\""),
        (
            CqlType::Text,
            "a\"b\\\n\u{1f}\u{e9}",
            "\"a\\\"b\\\\\\n\\u001F\u{e9}\"",
        ),
        (CqlType::Int, "7", "7"),
        (CqlType::Int, "", "\"\""),
    ] {
        let wire = parse_text(cql_type, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(format_json(cql_type, &wire), json);
    }
    assert_eq!(format_json(CqlType::Int, &[1]), "\"0x01\"");
}

/// A literal's content: what the parser of statements hands on.
fn content(literal: &str) -> String {
    match literal
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        Some(inside) => inside.replace("''", "'"),
        None => literal.to_owned(),
    }
}

/// The value's bytes as parsing writes them: numbers in minimal form, one NaN, short addresses.
fn canonical(cql_type: CqlType, wire: &[u8]) -> Vec<u8> {
    match Value::decode(cql_type, wire) {
        Ok(Some(Value::Double(number))) if number.is_nan() => f64::NAN.to_be_bytes().to_vec(),
        Ok(Some(Value::Float(number))) if number.is_nan() => f32::NAN.to_be_bytes().to_vec(),
        Ok(Some(Value::Inet(address))) => Value::Inet(address.to_canonical()).encode().to_vec(),
        Ok(Some(value)) => value.encode().to_vec(),
        _ => wire.to_vec(),
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read(
        (cql_type, wire) in strategies::any_type()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::wire(cql_type))),
    ) {
        let text = format_text(cql_type, &wire);
        let parsed = parse_text(cql_type, &text);
        prop_assert_eq!(parsed, Ok(canonical(cql_type, &wire).into()), "{}", text);
    }

    #[test]
    fn literals_give_their_value(
        (cql_type, wire) in strategies::any_type()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::filled(cql_type))),
    ) {
        prop_assume!(!wire.is_empty() || cql_type.is_textual());
        let literal = format_literal(cql_type, &wire);
        let parsed = parse_text(cql_type, &content(&literal));
        prop_assert_eq!(parsed, Ok(canonical(cql_type, &wire).into()), "{}", literal);
    }

    #[test]
    fn garbage_is_printed_and_refused(
        cql_type in strategies::any_type(),
        wire in proptest::collection::vec(any::<u8>(), 0..18),
        text in ".{0,12}",
    ) {
        let printed = format_text(cql_type, &wire);
        if cql_type.validate(&wire).is_err() {
            prop_assert_eq!(printed, format!("0x{}", Hex(&wire)));
        }
        format_literal(cql_type, &wire);
        format_json(cql_type, &wire);
        if let Ok(wire) = parse_text(cql_type, &text) {
            prop_assert_eq!(cql_type.validate(&wire), Ok(()));
        }
    }

    #[test]
    fn near_misses_are_read_or_refused(
        text in "[+-]?[0-9]{3,6}-[0-9]{1,2}-[0-9]{1,2}[T ]?[0-9:.]{0,14} ?[+Z-]?[0-9:]{0,5}",
    ) {
        for cql_type in [CqlType::Timestamp, CqlType::Date, CqlType::Time] {
            if let Ok(wire) = parse_text(cql_type, &text) {
                let printed = format_text(cql_type, &wire);
                prop_assert_eq!(parse_text(cql_type, &printed), Ok(wire));
            }
        }
    }
}
