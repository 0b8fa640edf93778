//! Which bytes are values of each type, and their order.

use super::*;
use crate::Value;
use crate::text::parse_text;
use crate::value::strategies;
use proptest::prelude::*;

fn check_sorted(cql_type: CqlType, sorted: &[&[u8]]) {
    for (index, a) in sorted.iter().enumerate() {
        for (other, b) in sorted.iter().enumerate() {
            let order = cql_type.compare(a, b);
            assert_eq!(order, index.cmp(&other), "{cql_type} {a:?} {b:?}");
        }
    }
}

/// Checks the order of values given as text; the first, `""`, is the empty value.
fn check_texts(cql_type: CqlType, sorted: &[&str]) {
    let wires: Vec<_> = sorted
        .iter()
        .map(|text| parse_text(cql_type, text).unwrap_or_else(|error| panic!("{text}: {error}")))
        .collect();
    let wires: Vec<&[u8]> = wires.iter().map(AsRef::as_ref).collect();
    check_sorted(cql_type, &wires);
}

fn refusal(cql_type: CqlType, wire: &[u8]) -> String {
    match cql_type.validate(wire) {
        Ok(()) => "accepted".to_owned(),
        Err(InvalidValue(message)) => message,
    }
}

#[test]
fn names_and_codes_lead_back_to_the_type() {
    for cql_type in CqlType::EVERY {
        assert_eq!(CqlType::from_name(&cql_type.name()), Some(cql_type));
        assert_eq!(CqlType::from_code(cql_type.code()), Some(cql_type));
    }
    assert_eq!(CqlType::from_name("varchar"), Some(CqlType::Text));
    assert_eq!(CqlType::from_name("frozen"), None);
}

#[test]
fn numbers_sort_by_value_after_the_empty_value() {
    for cql_type in [
        CqlType::Int,
        CqlType::Bigint,
        CqlType::Counter,
        CqlType::Varint,
        CqlType::Decimal,
        CqlType::Timestamp,
    ] {
        check_texts(
            cql_type,
            &[
                "", "-1000", "-129", "-128", "-1", "0", "1", "127", "128", "1000",
            ],
        );
    }
    check_texts(CqlType::Tinyint, &["-128", "-1", "0", "127"]);
    check_texts(CqlType::Smallint, &["-32768", "-129", "-1", "0", "256"]);
    check_texts(
        CqlType::Decimal,
        &[
            "-1e9", "-10.01", "-10", "-9.99", "-0.1", "0", "1e-400", "0.1", "0.11", "9", "1e400",
        ],
    );
    check_texts(
        CqlType::Varint,
        &[
            "-99999999999999999999",
            "-99999999999999999998",
            "5",
            "99999999999999999999",
        ],
    );
}

#[test]
fn decimals_with_other_zeros_are_equal() {
    for (a, b) in [
        ("1.0", "1.00"),
        ("100", "1e2"),
        ("0", "0.000"),
        ("-1.50", "-1.5"),
    ] {
        let wire = |text| parse_text(CqlType::Decimal, text).expect("a decimal");
        assert_eq!(
            CqlType::Decimal.compare(&wire(a), &wire(b)),
            Ordering::Equal
        );
    }
}

#[test]
fn floats_sort_from_minus_infinity_to_nan() {
    for cql_type in [CqlType::Float, CqlType::Double] {
        check_texts(
            cql_type,
            &["", "-Infinity", "-1", "-0.0", "0.0", "1", "Infinity", "NaN"],
        );
    }
    let (quiet, negative) = (f64::NAN.to_be_bytes(), (-f64::NAN).to_be_bytes());
    assert_eq!(CqlType::Double.compare(&quiet, &negative), Ordering::Equal);
}

#[test]
fn booleans_other_than_zero_are_true() {
    check_sorted(CqlType::Boolean, &[&[], &[0], &[1]]);
    assert_eq!(CqlType::Boolean.compare(&[1], &[255]), Ordering::Equal);
}

#[test]
fn text_sorts_by_bytes() {
    for cql_type in [CqlType::Text, CqlType::Ascii, CqlType::Blob] {
        check_sorted(cql_type, &[b"", b"\0", b"a", b"a\0", b"ab", b"b"]);
    }
    check_sorted(CqlType::Blob, &[&[0x7F], &[0x80], &[0xFF]]);
}

#[test]
fn inet_addresses_sort_by_bytes_of_both_lengths() {
    check_texts(
        CqlType::Inet,
        &[
            "::1",
            "1.2.3.4",
            "9.0.0.1",
            "10.0.0.1",
            "200.0.0.1",
            "fe80::1",
        ],
    );
    let mapped = parse_text(CqlType::Inet, "::ffff:1.2.3.4");
    assert_eq!(mapped.as_deref(), Ok(&[1, 2, 3, 4][..]));
}

#[test]
fn dates_and_times_sort_in_time() {
    check_texts(
        CqlType::Date,
        &["-5877641-06-23", "1969-12-31", "1970-01-01", "2024-02-29"],
    );
    check_texts(
        CqlType::Time,
        &["00:00:00", "08:12:54.123456789", "23:59:59.999999999"],
    );
}

#[test]
fn timeuuids_sort_by_time_then_by_signed_bytes() {
    check_texts(
        CqlType::Timeuuid,
        &[
            "00000000-0000-1000-8000-000000000000",
            "00000000-0000-1000-ff00-000000000000",
            "00000000-0000-1000-7f00-000000000000",
            "00000001-0000-1000-8000-000000000000",
            "00000000-0001-1000-8000-000000000000",
            "00000000-0000-1001-8000-000000000000",
        ],
    );
}

#[test]
fn uuids_sort_by_version_then_unsigned() {
    check_texts(
        CqlType::Uuid,
        &[
            "ffffffff-ffff-0fff-ffff-ffffffffffff",
            "ffffffff-0000-1000-0000-000000000000",
            "00000000-0001-1000-7f00-000000000000",
            "00000000-0001-1000-8000-000000000000",
            "00000000-0000-3000-0000-000000000000",
            "00000000-0000-4000-0000-000000000000",
            "80000000-0000-4000-0000-000000000000",
        ],
    );
}

#[test]
fn only_durations_have_no_order() {
    let unordered: Vec<_> = CqlType::EVERY
        .into_iter()
        .filter(|cql_type| !cql_type.is_orderable())
        .collect();
    assert_eq!(unordered, [CqlType::Duration]);
}

#[test]
fn refusals_say_what_was_expected() {
    for (cql_type, wire, message) in [
        (
            CqlType::Ascii,
            &[b'a', 0x80][..],
            "Invalid byte for ascii: -128",
        ),
        (CqlType::Bigint, &[0; 4], "Expected 8 or 0 byte long (4)"),
        (CqlType::Counter, &[0; 9], "Expected 8 or 0 byte long (9)"),
        (CqlType::Boolean, &[0; 2], "Expected 1 or 0 byte value (2)"),
        (
            CqlType::Decimal,
            &[0; 3],
            "Expected 0 or at least 4 bytes (3)",
        ),
        (
            CqlType::Double,
            &[0; 4],
            "Expected 8 or 0 byte value for a double (4)",
        ),
        (
            CqlType::Float,
            &[0; 8],
            "Expected 4 or 0 byte value for a float (8)",
        ),
        (CqlType::Int, &[0; 3], "Expected 4 or 0 byte int (3)"),
        (
            CqlType::Timestamp,
            &[0; 7],
            "Expected 8 or 0 byte long for date (7)",
        ),
        (CqlType::Uuid, &[0; 15], "UUID should be 16 or 0 bytes (15)"),
        (
            CqlType::Timeuuid,
            &[0; 15],
            "UUID should be 16 or 0 bytes (15)",
        ),
        (
            CqlType::Timeuuid,
            &[0x40; 16],
            "Invalid UUID version 4 for timeuuid",
        ),
        (CqlType::Text, &[0xFF], "String didn't validate."),
        (
            CqlType::Inet,
            &[1, 2, 0xAB],
            "Expected 4 or 16 byte inetaddress; got 0102ab",
        ),
        (CqlType::Date, &[0; 8], "Expected 4 byte long for date (8)"),
        (CqlType::Date, &[], "Expected 4 byte long for date (0)"),
        (CqlType::Time, &[0; 4], "Expected 8 byte long for time (4)"),
        (CqlType::Time, &[], "Expected 8 byte long for time (0)"),
        (
            CqlType::Smallint,
            &[],
            "Expected 2 bytes for a smallint (0)",
        ),
        (CqlType::Tinyint, &[], "Expected 1 byte for a tinyint (0)"),
        (
            CqlType::Duration,
            &[],
            "Expected at least 3 bytes for a duration (0)",
        ),
    ] {
        assert_eq!(refusal(cql_type, wire), message);
    }
    let late = 86_400_000_000_000_i64.to_be_bytes();
    assert_eq!(
        refusal(CqlType::Time, &late),
        "Unable to make long (for time) from: '86400000000000'"
    );
    assert_ne!(refusal(CqlType::Varint, &vec![1; 65_536]), "accepted");
    assert_eq!(refusal(CqlType::Varint, &vec![1; 65_535]), "accepted");
    assert_ne!(refusal(CqlType::Decimal, &vec![1; 65_540]), "accepted");
    assert_eq!(refusal(CqlType::Decimal, &vec![1; 65_539]), "accepted");
}

#[test]
fn most_types_that_are_not_text_have_an_empty_value() {
    let without: Vec<_> = CqlType::EVERY
        .into_iter()
        .filter(|cql_type| cql_type.validate(&[]).is_err())
        .collect();
    assert_eq!(
        without,
        [
            CqlType::Date,
            CqlType::Time,
            CqlType::Smallint,
            CqlType::Tinyint,
            CqlType::Duration
        ]
    );
}

proptest! {
    #[test]
    fn generated_values_are_valid(
        (cql_type, wire) in strategies::any_type()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::wire(cql_type))),
    ) {
        prop_assert_eq!(cql_type.validate(&wire), Ok(()));
    }

    #[test]
    fn what_is_valid_is_what_decodes(
        cql_type in strategies::any_type(),
        wire in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..17),
            proptest::collection::vec(0_u8..4, 0..5),
        ],
    ) {
        let decoded = Value::decode(cql_type, &wire);
        prop_assert_eq!(decoded.is_ok(), cql_type.validate(&wire).is_ok());
    }

    #[test]
    fn the_order_is_total_even_on_garbage(
        cql_type in strategies::any_type(),
        wires in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..17), 3),
    ) {
        let [a, b, c] = wires.as_slice() else { unreachable!("three") };
        prop_assert_eq!(cql_type.compare(a, b), cql_type.compare(b, a).reverse());
        prop_assert_eq!(cql_type.compare(a, a), Ordering::Equal);
        let mut sorted = [a, b, c];
        sorted.sort_by(|a, b| cql_type.compare(a, b));
        prop_assert_ne!(cql_type.compare(sorted[0], sorted[2]), Ordering::Greater);
    }

    #[test]
    fn the_order_of_values_is_transitive(
        (cql_type, wires) in strategies::any_type().prop_flat_map(|cql_type| {
            (Just(cql_type), proptest::collection::vec(strategies::wire(cql_type), 3))
        }),
    ) {
        let mut sorted = wires.clone();
        sorted.sort_by(|a, b| cql_type.compare(a, b));
        prop_assert_ne!(cql_type.compare(&sorted[0], &sorted[2]), Ordering::Greater);
        if cql_type.compare(&sorted[0], &sorted[2]) == Ordering::Equal {
            prop_assert_eq!(cql_type.compare(&sorted[0], &sorted[1]), Ordering::Equal);
        }
    }
}
