//! Arithmetic, its result types and its refusals.

use super::*;
use crate::text::format_text;
use crate::text::parse_text;
use crate::value::strategies;
use proptest::prelude::*;

const OPS: [(&str, ArithmeticOp); 5] = [
    ("+", ArithmeticOp::Add),
    ("-", ArithmeticOp::Subtract),
    ("*", ArithmeticOp::Multiply),
    ("/", ArithmeticOp::Divide),
    ("%", ArithmeticOp::Remainder),
];

/// Computes `int 7 / int 2` and answers `int 3`, or the refusal.
fn compute(expression: &str) -> String {
    let words: Vec<_> = expression.split(' ').collect();
    let [a_type, a, op, b_type, b] = words.as_slice() else {
        panic!("{expression}: type, value, operator, type, value");
    };
    let cql_type = |name| CqlType::from_name(name).expect("a type");
    let (a_type, b_type) = (cql_type(a_type), cql_type(b_type));
    let (_, op) = OPS
        .into_iter()
        .find(|(symbol, _)| symbol == op)
        .expect("an operator");
    let wire = |cql_type, text| parse_text(cql_type, text).expect("a value");
    let (a, b) = (wire(a_type, a), wire(b_type, b));
    match arithmetic(op, (a_type, &a), (b_type, &b)) {
        Ok(result) => {
            let result_type = arithmetic_type(op, a_type, b_type).expect("it was computed");
            format!("{result_type} {}", format_text(result_type, &result))
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_result_has_the_wider_type() {
    for (expression, result) in [
        ("tinyint 1 + tinyint 2", "tinyint 3"),
        ("tinyint 1 + smallint 2", "smallint 3"),
        ("int 1 + tinyint 2", "int 3"),
        ("int 1 + bigint 2", "bigint 3"),
        ("counter 1 + counter 2", "bigint 3"),
        ("varint 1 + bigint 2", "varint 3"),
        ("float 1.5 + float 2", "float 3.5"),
        ("float 1.5 + double 2", "double 3.5"),
        ("bigint 1 + float 1.5", "double 2.5"),
        ("int 1 + double 1.5", "double 2.5"),
        ("varint 1 + float 1.5", "decimal 2.5"),
        ("decimal 1 + int 2", "decimal 3"),
        ("decimal 1.0 + double 2.5", "decimal 3.5"),
    ] {
        assert_eq!(compute(expression), result, "{expression}");
    }
}

#[test]
fn an_int_and_a_float_are_computed_as_floats() {
    assert_eq!(compute("int 300 + float 1.9"), "float 301.9");
    let sum = arithmetic(
        ArithmeticOp::Add,
        (CqlType::Int, &300_i32.to_be_bytes()),
        (CqlType::Float, &1.9_f32.to_be_bytes()),
    );
    let sum = sum.expect("a sum");
    let sum = f32::from_be_bytes(sum.as_ref().try_into().expect("a float"));
    // What a client sees that widens floats.
    assert_eq!(f64::from(sum).to_string(), "301.8999938964844");
}

#[test]
fn integers_wrap() {
    for (expression, result) in [
        ("tinyint 127 + tinyint 1", "tinyint -128"),
        ("tinyint 100 * tinyint 100", "tinyint 16"),
        ("tinyint -128 / tinyint -1", "tinyint -128"),
        ("int 2147483647 + int 1", "int -2147483648"),
        (
            "bigint -9223372036854775808 - int 1",
            "bigint 9223372036854775807",
        ),
        (
            "bigint -9223372036854775808 / int -1",
            "bigint -9223372036854775808",
        ),
        ("bigint -9223372036854775808 % int -1", "bigint 0"),
        ("int -7 / int 2", "int -3"),
        ("int -7 % int 2", "int -1"),
    ] {
        assert_eq!(compute(expression), result, "{expression}");
    }
}

#[test]
fn division_by_zero_fails_except_of_floats() {
    for (expression, result) in [
        (
            "int 1 / int 0",
            "the operation 'int / int' failed: / by zero",
        ),
        (
            "int 1 % bigint 0",
            "the operation 'int % bigint' failed: / by zero",
        ),
        ("float 1 / float 0", "float Infinity"),
        ("double -1 / int 0", "double -Infinity"),
        ("double 0 / int 0", "double NaN"),
        (
            "varint 1 / int 0",
            "the operation 'varint / int' failed: BigInteger divide by zero",
        ),
        (
            "decimal 1 / int 0",
            "the operation 'decimal / int' failed: BigInteger divide by zero",
        ),
        (
            "decimal 1 % int 0",
            "the operation 'decimal % int' failed: Division by zero",
        ),
    ] {
        assert_eq!(compute(expression), result, "{expression}");
    }
}

#[test]
fn decimals_are_exact() {
    for (expression, result) in [
        ("decimal 0.1 + decimal 0.2", "decimal 0.3"),
        ("decimal 1.10 * decimal 2.5", "decimal 2.750"),
        ("decimal 10 % decimal 0.3", "decimal 0.1"),
        ("decimal -10 % decimal 3", "decimal -1"),
        (
            "decimal 1 / decimal 3",
            "decimal 0.33333333333333333333333333333333",
        ),
        (
            "bigint 9007199254740993 + decimal 0",
            "decimal 9007199254740993",
        ),
        (
            "decimal 1 + double NaN",
            "the operation 'decimal + double' failed: A NaN cannot be converted into a decimal",
        ),
        (
            "decimal 1 + double Infinity",
            "the operation 'decimal + double' failed: An infinite number cannot be converted \
             into a decimal",
        ),
        (
            "decimal 1e2147483647 + decimal 1",
            "the operation 'decimal + decimal' failed: the result has too many digits",
        ),
    ] {
        assert_eq!(compute(expression), result, "{expression}");
    }
}

#[test]
fn durations_move_dates_and_timestamps() {
    for (expression, result) in [
        ("date 2024-01-31 + duration 1mo", "date 2024-02-29"),
        ("date 2024-02-29 - duration 1y1d", "date 2023-02-27"),
        (
            "timestamp 2024-02-29T11:34:56.789Z + duration 1d1h1ms",
            "timestamp 2024-03-01 12:34:56.790000+0000",
        ),
        (
            "timestamp 1969-12-31T23:59:59Z - duration 1mo",
            "timestamp 1969-11-30 23:59:59.000000+0000",
        ),
        (
            "timestamp -9223372036854775808 + duration 1ms",
            "timestamp -292275055-05-16 16:47:04.193000+0000",
        ),
        (
            "timestamp 0 + duration 1ns",
            "the operation 'timestamp + duration' failed: The duration must have a millisecond \
             precision. Was: 1ns",
        ),
        (
            "date 2024-01-31 + duration 1h",
            "the operation 'date + duration' failed: The duration must have a day precision. \
             Was: 1h",
        ),
        (
            "date 5881580-07-11 + duration 1d",
            "the operation 'date + duration' failed: the result is beyond what the type holds",
        ),
        (
            "timestamp 9223372036854775807 + duration 1d",
            "the operation 'timestamp + duration' failed: the result is beyond what the type \
             holds",
        ),
        (
            "duration 1d + date 2024-01-31",
            "the '+' operation is not supported between duration and date",
        ),
        (
            "date 2024-01-31 * duration 1d",
            "the '*' operation is not supported between date and duration",
        ),
        (
            "text a + int 1",
            "the '+' operation is not supported between text and int",
        ),
    ] {
        // Years of more than four digits have a sign.
        let expression = expression.replace("date 5881580", "date +5881580");
        assert_eq!(compute(&expression), result, "{expression}");
    }
}

#[test]
fn an_empty_operand_gives_the_empty_value() {
    let one = 1_i32.to_be_bytes();
    for (a, b) in [(&[][..], &one[..]), (&one, &[]), (&[], &[])] {
        let sum = arithmetic(ArithmeticOp::Add, (CqlType::Int, a), (CqlType::Int, b));
        assert_eq!(sum.as_deref(), Ok(&[][..]));
    }
    assert_eq!(negate(CqlType::Decimal, &[]).as_deref(), Ok(&[][..]));
}

#[test]
fn negation_keeps_the_type() {
    for (cql_type, text, negated) in [
        (CqlType::Tinyint, "-128", "-128"),
        (CqlType::Int, "5", "-5"),
        (CqlType::Counter, "5", "-5"),
        (
            CqlType::Varint,
            "99999999999999999999",
            "-99999999999999999999",
        ),
        (CqlType::Decimal, "1.50", "-1.50"),
        (CqlType::Double, "0.0", "-0"),
        (CqlType::Float, "-1.5", "1.5"),
    ] {
        let wire = parse_text(cql_type, text).expect("a value");
        let result = negate(cql_type, &wire).expect("a number");
        assert_eq!(format_text(cql_type, &result), negated);
    }
    assert!(negate(CqlType::Text, b"a").is_err());
    assert!(negate(CqlType::Duration, &[2, 4, 6]).is_err());
}

proptest! {
    #[test]
    fn results_are_values_of_the_result_type(
        (_, op) in proptest::sample::select(OPS.to_vec()),
        (a_type, a) in strategies::any_type()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::wire(cql_type))),
        (b_type, b) in strategies::any_type()
            .prop_flat_map(|cql_type| (Just(cql_type), strategies::wire(cql_type))),
    ) {
        let result_type = arithmetic_type(op, a_type, b_type);
        match arithmetic(op, (a_type, &a), (b_type, &b)) {
            Ok(result) => {
                let result_type = result_type.expect("it was computed");
                prop_assert!(result.is_empty() || result_type.validate(&result).is_ok());
            }
            Err(ArithmeticError::Unsupported { .. }) => prop_assert_eq!(result_type, None),
            Err(ArithmeticError::Failed { .. }) => prop_assert_ne!(result_type, None),
            Err(ArithmeticError::Invalid(invalid)) => prop_assert!(false, "{}", invalid),
        }
    }

    #[test]
    fn garbage_is_refused_not_computed(
        (_, op) in proptest::sample::select(OPS.to_vec()),
        a_type in strategies::any_type(),
        a in proptest::collection::vec(any::<u8>(), 0..12),
        b_type in strategies::any_type(),
        b in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let result = arithmetic(op, (a_type, &a), (b_type, &b));
        if a_type.validate(&a).is_err() || b_type.validate(&b).is_err() {
            prop_assert!(result.is_err());
        }
        prop_assert!(negate(a_type, &a).is_err() || a_type.validate(&a).is_ok());
    }
}
