//! Sums, averages and extremes of each type.

use super::*;
use crate::text::float::Shortest;
use crate::text::format_text;
use crate::text::parse_text;
use crate::value::strategies;
use proptest::prelude::*;

fn wires(cql_type: CqlType, texts: &[&str]) -> Vec<Bytes> {
    texts
        .iter()
        .map(|text| parse_text(cql_type, text).unwrap_or_else(|error| panic!("{text}: {error}")))
        .collect()
}

fn sum(cql_type: CqlType, texts: &[&str]) -> String {
    let mut sum = Sum::new(cql_type).expect("a number");
    for wire in wires(cql_type, texts) {
        if let Err(error) = sum.add(&wire) {
            return error.to_string();
        }
    }
    format_text(cql_type, &sum.finish())
}

fn average(cql_type: CqlType, texts: &[&str]) -> String {
    let mut average = Average::new(cql_type).expect("a number");
    for wire in wires(cql_type, texts) {
        if let Err(error) = average.add(&wire) {
            return error.to_string();
        }
    }
    format_text(cql_type, &average.finish())
}

const NUMERIC: [CqlType; 9] = [
    CqlType::Tinyint,
    CqlType::Smallint,
    CqlType::Int,
    CqlType::Bigint,
    CqlType::Counter,
    CqlType::Varint,
    CqlType::Decimal,
    CqlType::Float,
    CqlType::Double,
];

#[test]
fn over_no_rows_sum_and_average_are_zero() {
    for cql_type in NUMERIC {
        assert_eq!(sum(cql_type, &[]), "0");
        assert_eq!(average(cql_type, &[]), "0");
    }
}

#[test]
fn only_numbers_are_added() {
    for cql_type in CqlType::EVERY {
        assert_eq!(Sum::new(cql_type).is_some(), NUMERIC.contains(&cql_type));
        assert_eq!(
            Average::new(cql_type).is_some(),
            NUMERIC.contains(&cql_type)
        );
        assert_eq!(cql_type.is_numeric(), NUMERIC.contains(&cql_type));
    }
}

#[test]
fn sums_of_integers_wrap_and_averages_do_not() {
    assert_eq!(sum(CqlType::Tinyint, &["100", "100"]), "-56");
    assert_eq!(average(CqlType::Tinyint, &["100", "100"]), "100");
    let max = "9223372036854775807";
    assert_eq!(sum(CqlType::Bigint, &[max, "1"]), "-9223372036854775808");
    assert_eq!(average(CqlType::Bigint, &[max, max]), max);
}

#[test]
fn averages_of_integers_are_truncated() {
    for cql_type in [CqlType::Int, CqlType::Varint, CqlType::Counter] {
        assert_eq!(average(cql_type, &["1", "2"]), "1");
        assert_eq!(average(cql_type, &["-1", "-2"]), "-1");
    }
}

#[test]
fn averages_of_decimals_keep_their_digits() {
    assert_eq!(average(CqlType::Decimal, &["1.0", "2.0"]), "1.5");
    assert_eq!(average(CqlType::Decimal, &["1", "2"]), "1");
    assert_eq!(average(CqlType::Decimal, &["1.00", "2.00", "2.00"]), "1.67");
    assert_eq!(sum(CqlType::Decimal, &["0.1", "0.2", "-1"]), "-0.7");
    assert_eq!(
        sum(CqlType::Decimal, &["1e2147483647", "1"]),
        "the operation 'sum(decimal)' failed: the result has too many digits"
    );
    assert_eq!(sum(CqlType::Decimal, &["1e2147483647"]), "1E+2147483647");
}

#[test]
fn sums_of_floats_lose_little() {
    assert_eq!(sum(CqlType::Double, &["0.1"; 10]), "1");
    assert_eq!(sum(CqlType::Float, &["0.1"; 10]), "1");
    assert_eq!(sum(CqlType::Double, &["Infinity", "Infinity"]), "Infinity");
    assert_eq!(sum(CqlType::Double, &["Infinity", "-Infinity"]), "NaN");
    assert_eq!(average(CqlType::Double, &["1", "2"]), "1.5");
}

#[test]
fn averages_of_floats_do_not_overflow() {
    assert_eq!(sum(CqlType::Double, &["1.5e308", "1.5e308"]), "Infinity");
    assert_eq!(
        average(CqlType::Double, &["1.5e308", "1.5e308"]),
        "1.5e+308"
    );
    assert_eq!(
        average(CqlType::Float, &["3e38", "3e38"]),
        "300000000000000000000000000000000000000"
            .parse::<f32>()
            .map(|number| Shortest::from(number).brief())
            .expect("a float")
    );
    assert_eq!(average(CqlType::Double, &["Infinity", "1"]), "Infinity");
    assert_eq!(average(CqlType::Double, &["NaN", "1"]), "NaN");
}

#[test]
fn empty_values_are_skipped() {
    assert_eq!(average(CqlType::Int, &["4", "", "2"]), "3");
    assert_eq!(sum(CqlType::Decimal, &["", "1.5"]), "1.5");
    let mut least = Extreme::min(CqlType::Int);
    least.add(&[]);
    assert_eq!(least.finish(), None);
    least.add(&5_i32.to_be_bytes());
    assert_eq!(least.finish().as_deref(), Some(&5_i32.to_be_bytes()[..]));
    let mut least = Extreme::min(CqlType::Text);
    least.add(b"a");
    least.add(b"");
    assert_eq!(least.finish().as_deref(), Some(&b""[..]));
}

#[test]
fn bytes_that_are_no_number_are_refused() {
    for cql_type in NUMERIC {
        let refused = Sum::new(cql_type).expect("a number").add(&[1; 3]);
        let short = matches!(cql_type, CqlType::Varint);
        assert_eq!(refused.is_ok(), short, "{cql_type}");
    }
}

proptest! {
    #[test]
    fn extremes_are_the_ends_of_the_order(
        (cql_type, values) in strategies::orderable().prop_flat_map(|cql_type| {
            (Just(cql_type), proptest::collection::vec(strategies::filled(cql_type), 1..6))
        }),
    ) {
        let (mut least, mut greatest) = (Extreme::min(cql_type), Extreme::max(cql_type));
        for value in &values {
            least.add(value);
            greatest.add(value);
        }
        let (least, greatest) = (least.finish().expect("some"), greatest.finish().expect("some"));
        for value in &values {
            if value.is_empty() && !cql_type.is_textual() {
                continue;
            }
            prop_assert_ne!(cql_type.compare(&least, value), Ordering::Greater);
            prop_assert_ne!(cql_type.compare(&greatest, value), Ordering::Less);
        }
    }

    #[test]
    fn the_sum_of_integers_does_not_depend_on_their_order(mut numbers: Vec<i32>) {
        let total = |numbers: &[i32]| {
            let mut sum = Sum::new(CqlType::Int).expect("a number");
            for number in numbers {
                sum.add(&number.to_be_bytes()).expect("an int");
            }
            sum.finish()
        };
        let before = total(&numbers);
        numbers.sort_unstable();
        prop_assert_eq!(total(&numbers), before);
    }
}
