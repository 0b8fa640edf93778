//! Decimals keep their scale and stay within bounds.

use super::*;
use proptest::prelude::*;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a decimal"))
}

#[test]
fn text_keeps_the_scale() {
    for (text, scale, unscaled, printed) in [
        ("0", 0, 0, "0"),
        ("1.50", 2, 150, "1.50"),
        ("-.5", 1, -5, "-0.5"),
        ("+5.", 0, 5, "5"),
        ("1e10", -10, 1, "1E+10"),
        ("1.5E-9", 10, 15, "1.5E-9"),
        ("0.000001", 6, 1, "0.000001"),
        ("0.0000001", 7, 1, "1E-7"),
        ("0.00", 2, 0, "0.00"),
        ("0e3", -3, 0, "0E+3"),
        ("-123.456", 3, -123_456, "-123.456"),
        ("12e1", -1, 12, "1.2E+2"),
    ] {
        let parsed = decimal(text);
        assert_eq!(
            (parsed.scale, &parsed.unscaled),
            (scale, &unscaled.into()),
            "{text}"
        );
        assert_eq!(parsed.to_string(), printed);
    }
}

#[test]
fn text_that_is_no_decimal_is_refused() {
    for text in [
        "",
        "-",
        ".",
        "e5",
        "1e",
        "1e1.5",
        "--1",
        "1.2.3",
        "0x1",
        " 1",
        "1e99999999999",
        "1_0",
    ] {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
    assert_eq!(Decimal::parse("1e2147483649"), None);
    assert!(Decimal::parse("1e2147483648").is_some());
    assert_eq!(Decimal::parse(&"9".repeat(200_000)), None);
}

#[test]
fn plain_text_has_no_exponent() {
    for (text, plain) in [
        ("1E+3", "1000"),
        ("1E-3", "0.001"),
        ("-12.5", "-12.5"),
        ("0E+3", "0"),
        ("0E-3", "0.000"),
        ("-5E-1", "-0.5"),
    ] {
        assert_eq!(decimal(text).to_plain().as_deref(), Ok(plain));
    }
    assert_eq!(decimal("1E+2147483647").to_plain(), Err(TooLarge));
    assert_eq!(decimal("1E-2147483647").to_plain(), Err(TooLarge));
}

#[test]
fn quotients_have_at_least_32_digits() {
    for (a, b, quotient) in [
        ("1", "3", "0.33333333333333333333333333333333"),
        ("2", "3", "0.66666666666666666666666666666667"),
        ("-2", "3", "-0.66666666666666666666666666666667"),
        ("1", "8", "0.125"),
        ("100", "1", "1E+2"),
        ("0", "7", "0"),
        ("1e-40", "3", "3.3333333333333333333333333333333E-41"),
        ("1e-2000", "3", "0"),
        (
            "1.0000000000000000000000000000000000000000",
            "3",
            "0.3333333333333333333333333333333333333333",
        ),
        (
            "1",
            "3e-40",
            "3333333333333333333333333333333333333333.3333333333333333333333333333333333333333",
        ),
    ] {
        let computed = decimal(a).divided_by(&decimal(b)).expect("few digits");
        assert_eq!(computed.to_string(), quotient, "{a} / {b}");
    }
    let far = decimal("1E+2147483647").divided_by(&decimal("7"));
    assert_eq!(far, Err(TooLarge));
    let near = decimal("1E-2147483647").divided_by(&decimal("7"));
    assert_eq!(near, Ok(Decimal::zero()));
}

#[test]
fn numbers_too_far_apart_are_not_added() {
    let (huge, one) = (decimal("1E+2147483647"), decimal("1"));
    assert_eq!(huge.plus(&one), Err(TooLarge));
    assert_eq!(huge.plus(&Decimal::zero()), Ok(huge.clone()));
    assert_eq!(huge.remainder(&one), Err(TooLarge));
    assert_eq!(huge.times(&huge), Err(TooLarge));
    assert_eq!(huge.compare(&one), Ordering::Greater);
    assert_eq!(huge.to_i64_wrapping(), 0);
}

#[test]
fn sums_and_products_are_rounded_half_up_to_ten_thousand_digits() {
    let nines = decimal(&"9".repeat(10_000));
    assert_eq!(nines.clone().rounded(), Ok(nines.clone()));
    let one_more = decimal(&["9".repeat(10_000), "5".to_owned()].concat());
    let rounded = one_more.rounded().expect("short");
    assert_eq!(rounded.compare(&decimal("1E+10001")), Ordering::Equal);
    assert_eq!(precision_of(&rounded.unscaled), 10_000);
    let below = decimal(&["-", &"9".repeat(10_000), "4"].concat())
        .rounded()
        .expect("short");
    assert_eq!((below.scale, below.unscaled), (-1, -nines.unscaled));
}

#[test]
fn shares_are_rounded_half_to_even() {
    for (number, count, share) in [
        ("1", 2, "0"),
        ("3", 2, "2"),
        ("-3", 2, "-2"),
        ("-1", 2, "0"),
        ("1.0", 2, "0.5"),
        ("2.0", 3, "0.7"),
        ("-2.0", 3, "-0.7"),
        ("0.1", 3, "0.0"),
    ] {
        assert_eq!(decimal(number).divided_by_count(count).to_string(), share);
    }
}

#[test]
fn the_longest_numbers_sort_and_print_whatever_their_scale() {
    let long = |byte: u8, scale: i32| {
        let mut wire = scale.to_be_bytes().to_vec();
        wire.extend(vec![byte; NUMBER_BYTES_MAX]);
        wire
    };
    let numbers = [long(0x7F, i32::MIN), long(0x55, i32::MAX), long(0x80, 17)];
    for a in &numbers {
        for b in &numbers {
            compare_wire(a, b);
        }
        let mut key = Vec::new();
        crate::ordered::encode_component(crate::CqlType::Decimal, a, false, &mut key);
        let decoded =
            crate::ordered::decode_component(crate::CqlType::Decimal, false, &mut key.as_slice());
        let decoded = decoded.expect("just encoded");
        assert_eq!(compare_wire(&decoded, a), Ordering::Equal);
        let text = crate::text::format_text(crate::CqlType::Decimal, a);
        let parsed = crate::text::parse_text(crate::CqlType::Decimal, &text);
        assert_eq!(parsed.as_deref(), Ok(a.as_slice()));
    }
}

fn small() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0_u32..63, -30_i32..30).prop_map(|(number, shift, scale)| Decimal {
        scale,
        unscaled: (number >> shift).into(),
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_keep_digits_and_scale(number: i64, scale: i32) {
        let decimal = Decimal { scale, unscaled: number.into() };
        prop_assert_eq!(Decimal::parse(&decimal.to_string()), Some(decimal));
    }

    #[test]
    fn plain_text_is_the_same_number(decimal in small()) {
        let plain = decimal.to_plain().expect("short");
        let parsed = Decimal::parse(&plain).expect("a decimal");
        prop_assert_eq!(parsed.compare(&decimal), Ordering::Equal);
    }

    #[test]
    fn arithmetic_undoes_itself(a in small(), b in small()) {
        let sum = a.plus(&b).expect("near");
        prop_assert_eq!(sum.minus(&b).expect("near").compare(&a), Ordering::Equal);
        prop_assert_eq!(sum.compare(&a), b.compare(&Decimal::zero()));
        if b.sign() != Sign::NoSign {
            let product = a.times(&b).expect("short");
            prop_assert_eq!(product.divided_by(&b).expect("short").compare(&a), Ordering::Equal);
            let rest = a.remainder(&b).expect("near");
            prop_assert!(rest.sign() == a.sign() || rest.sign() == Sign::NoSign);
            let whole = a.minus(&rest).expect("near").remainder(&b).expect("near");
            prop_assert_eq!(whole.sign(), Sign::NoSign);
        }
    }

    #[test]
    fn quotients_are_near(a in small(), b in small()) {
        prop_assume!(b.sign() != Sign::NoSign);
        let quotient = a.divided_by(&b).expect("short");
        let error = quotient.times(&b).expect("short").minus(&a).expect("near");
        let bound = b.times(&Decimal::parse("0.5E-32").expect("a decimal")).expect("short");
        let magnitude = |decimal: &Decimal| Decimal {
            scale: decimal.scale,
            unscaled: decimal.unscaled.magnitude().clone().into(),
        };
        prop_assert_ne!(magnitude(&error).compare(&magnitude(&bound)), Ordering::Greater);
    }

    #[test]
    fn whole_parts_are_those_of_integers(number: i64, scale in 0_u32..25) {
        let decimal = Decimal { scale: scale as i32, unscaled: number.into() };
        let whole = 10_i128.pow(scale);
        prop_assert_eq!(decimal.to_i64_wrapping(), (i128::from(number) / whole) as i64);
        let decimal = Decimal { scale: -(scale as i32), unscaled: number.into() };
        let product = i128::from(number).wrapping_mul(whole);
        prop_assert_eq!(decimal.to_i64_wrapping(), product as i64);
    }
}
