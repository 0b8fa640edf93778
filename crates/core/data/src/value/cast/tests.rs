//! Casts of every pair of types.

use super::*;
use crate::text::format_text;
use crate::text::parse_text;
use crate::value::strategies;
use proptest::prelude::*;

fn check(from: CqlType, text: &str, to: CqlType, result: &str) {
    let wire = parse_text(from, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let shown = match cast(from, to, &wire) {
        Ok(wire) => format_text(to, &wire),
        Err(InvalidValue(message)) => message,
    };
    assert_eq!(shown, result, "{from} {text} as {to}");
}

#[test]
fn narrowing_wraps() {
    check(CqlType::Int, "300", CqlType::Tinyint, "44");
    check(CqlType::Bigint, "4294967297", CqlType::Int, "1");
    check(CqlType::Counter, "65537", CqlType::Smallint, "1");
    check(
        CqlType::Varint,
        "99999999999999999999",
        CqlType::Bigint,
        "7766279631452241919",
    );
    check(CqlType::Varint, "-300", CqlType::Tinyint, "-44");
    check(CqlType::Decimal, "300.99", CqlType::Tinyint, "44");
    check(
        CqlType::Decimal,
        "99999999999999999999.5",
        CqlType::Varint,
        "7766279631452241919",
    );
    check(CqlType::Decimal, "1e2147483647", CqlType::Bigint, "0");
    check(CqlType::Decimal, "1e-2147483647", CqlType::Bigint, "0");
}

#[test]
fn fractions_are_truncated_toward_zero() {
    for from in [CqlType::Float, CqlType::Double, CqlType::Decimal] {
        check(from, "-1.9", CqlType::Int, "-1");
        check(from, "1.9", CqlType::Bigint, "1");
        check(from, "-1.9", CqlType::Varint, "-1");
        check(from, "-1.9", CqlType::Tinyint, "-1");
    }
}

#[test]
fn floats_stop_at_the_ends_of_integers() {
    check(
        CqlType::Double,
        "1e300",
        CqlType::Bigint,
        "9223372036854775807",
    );
    check(CqlType::Double, "-1e300", CqlType::Int, "-2147483648");
    check(CqlType::Double, "1e300", CqlType::Tinyint, "-1");
    check(CqlType::Double, "300", CqlType::Tinyint, "44");
    // Stopped at 32 bits first, and only then cut to 8 or 16.
    for from in [CqlType::Float, CqlType::Double] {
        check(from, "4294967296", CqlType::Tinyint, "-1");
        check(from, "4294967296", CqlType::Smallint, "-1");
    }
    check(CqlType::Float, "NaN", CqlType::Int, "0");
}

#[test]
fn numbers_become_floats_rounded() {
    check(
        CqlType::Varint,
        "9007199254740993",
        CqlType::Double,
        "9007199254740992",
    );
    check(CqlType::Decimal, "0.1", CqlType::Double, "0.1");
    check(CqlType::Decimal, "1e400", CqlType::Double, "Infinity");
    check(CqlType::Decimal, "1e-2147483647", CqlType::Float, "0");
    check(CqlType::Double, "0.1", CqlType::Float, "0.1");
}

#[test]
fn floats_become_decimals_by_their_shortest_digits() {
    check(CqlType::Float, "5.2", CqlType::Decimal, "5.2");
    check(CqlType::Double, "1", CqlType::Decimal, "1.0");
    check(CqlType::Int, "7", CqlType::Decimal, "7");
    check(
        CqlType::Varint,
        "99999999999999999999",
        CqlType::Decimal,
        "99999999999999999999",
    );
    check(
        CqlType::Double,
        "NaN",
        CqlType::Decimal,
        "NaN cannot be converted into a decimal",
    );
}

#[test]
fn text_is_as_a_literal_without_quotes() {
    for (from, text, result) in [
        (
            CqlType::Timestamp,
            "2024-02-29 11:34:56.789+0000",
            "2024-02-29T11:34:56.789Z",
        ),
        (CqlType::Date, "2024-02-29", "2024-02-29"),
        (CqlType::Time, "08:12:54.5", "08:12:54.500000000"),
        (CqlType::Boolean, "TRUE", "true"),
        (CqlType::Inet, "10.0.0.1", "10.0.0.1"),
        (CqlType::Inet, "::1", "0:0:0:0:0:0:0:1"),
        (CqlType::Double, "1e10", "1.0E10"),
        (CqlType::Float, "1.5", "1.5"),
        (CqlType::Decimal, "1E+3", "1000"),
        (CqlType::Int, "-5", "-5"),
        (
            CqlType::Uuid,
            "123E4567-e89b-42d3-a456-426614174000",
            "123e4567-e89b-42d3-a456-426614174000",
        ),
    ] {
        check(from, text, CqlType::Text, result);
        check(from, text, CqlType::Ascii, result);
    }
    check(CqlType::Ascii, "a", CqlType::Text, "a");
    check(
        CqlType::Decimal,
        "1e2147483647",
        CqlType::Text,
        "a decimal of scale -2147483647 is too long for text",
    );
}

#[test]
fn moments_become_days_and_back() {
    let uuid = "2a92d750-d8dc-11e6-a2de-cf8ecd4cf053";
    check(
        CqlType::Timeuuid,
        uuid,
        CqlType::Timestamp,
        "2017-01-12 15:31:20.005000+0000",
    );
    check(CqlType::Timeuuid, uuid, CqlType::Date, "2017-01-12");
    check(CqlType::Timestamp, "-1", CqlType::Date, "1969-12-31");
    check(
        CqlType::Date,
        "2024-02-29",
        CqlType::Timestamp,
        "2024-02-29 00:00:00.000000+0000",
    );
    check(
        CqlType::Timestamp,
        "9223372036854775807",
        CqlType::Date,
        "the timestamp 9223372036854775807 is beyond what a date holds",
    );
}

#[test]
fn other_casts_are_refused() {
    check(
        CqlType::Text,
        "1",
        CqlType::Int,
        "text cannot be cast to int",
    );
    check(
        CqlType::Int,
        "1",
        CqlType::Counter,
        "int cannot be cast to counter",
    );
    check(
        CqlType::Text,
        "a",
        CqlType::Ascii,
        "text cannot be cast to ascii",
    );
    check(
        CqlType::Duration,
        "1d",
        CqlType::Text,
        "duration cannot be cast to text",
    );
    check(
        CqlType::Blob,
        "0x00",
        CqlType::Text,
        "blob cannot be cast to text",
    );
    let casts: usize = CqlType::EVERY
        .into_iter()
        .map(|from| {
            CqlType::EVERY
                .into_iter()
                .filter(|to| can_cast(from, *to))
                .count()
        })
        .sum();
    // Identities; numbers to numbers; numbers to text; the second and third row of the matrix.
    assert_eq!(casts, 20 + (9 * 8 - 8) + 9 * 2 + (1 + 7 * 2) + 4);
}

proptest! {
    #[test]
    fn casts_give_values_of_the_type(
        (from, wire) in strategies::any_type()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::wire(cql_type))),
        to in strategies::any_type(),
    ) {
        match cast(from, to, &wire) {
            Ok(result) if result.is_empty() => prop_assert!(wire.is_empty()),
            Ok(result) => {
                prop_assert!(can_cast(from, to));
                prop_assert_eq!(to.validate(&result), Ok(()));
                if from == to {
                    prop_assert_eq!(result, wire);
                }
            }
            Err(_) => {
                let exists = can_cast(from, to);
                // Not-a-number, and decimals and moments far away.
                let partial = matches!(
                    from,
                    CqlType::Float | CqlType::Double | CqlType::Decimal | CqlType::Timestamp
                );
                prop_assert!(!exists || partial);
            }
        }
    }

    #[test]
    fn garbage_is_refused_not_cast(
        from in strategies::any_type(),
        to in strategies::any_type(),
        wire in proptest::collection::vec(any::<u8>(), 0..17),
    ) {
        prop_assert!(cast(from, to, &wire).is_err() || from.validate(&wire).is_ok());
    }
}
