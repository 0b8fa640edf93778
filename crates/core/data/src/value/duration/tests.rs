//! Durations in all of their forms.

use super::*;
use proptest::prelude::*;

fn parsed(text: &str) -> (i32, i32, i64) {
    let duration = Duration::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (duration.months, duration.days, duration.nanos)
}

fn refusal(text: &str) -> String {
    match Duration::parse(text) {
        Ok(duration) => format!("{duration:?}"),
        Err(InvalidValue(message)) => message,
    }
}

const HOUR: i64 = 3_600 * NANOS_PER_SECOND;

#[test]
fn units_are_read_in_all_three_forms() {
    let all = 6 * HOUR / 60 * 10 + 5 * HOUR;
    for (text, months, days, nanos) in [
        ("1mo2d3ns", 1, 2, 3),
        ("1y2mo3w4d", 14, 25, 0),
        ("5h60m", 0, 0, 6 * HOUR),
        ("7s8ms9us10ns", 0, 0, 7_008_009_010),
        ("9\u{B5}s", 0, 0, 9_000),
        ("12H30M", 0, 0, 12 * HOUR + HOUR / 2),
        ("2Mo10D", 2, 10, 0),
        ("-1d2h", 0, -1, -2 * HOUR),
        ("P1Y2M3DT4H5M6S", 14, 3, 4 * HOUR + 306 * NANOS_PER_SECOND),
        ("P1Y", 12, 0, 0),
        ("PT1M", 0, 0, HOUR / 60),
        ("-P2M", -2, 0, 0),
        ("P3W", 0, 21, 0),
        (
            "P0001-02-03T04:05:06",
            14,
            3,
            4 * HOUR + 306 * NANOS_PER_SECOND,
        ),
        ("-P0000-00-01T00:00:00", 0, -1, 0),
        ("P", 0, 0, 0),
    ] {
        assert_eq!(parsed(text), (months, days, nanos), "{text}");
    }
    assert_eq!(all, 6 * HOUR);
}

#[test]
fn text_that_is_no_duration_is_refused() {
    for text in [
        "",
        "1",
        "d",
        "1x",
        "1d ",
        "1d2",
        "P1",
        "P1D2Y",
        "PT1Y",
        "P1Y3W",
        "P1-2-3T4:5:6",
    ] {
        let message = format!("Unable to convert '{text}' to a duration");
        assert_eq!(refusal(text), message);
    }
    assert_eq!(refusal("-x"), "Unable to convert 'x' to a duration");
}

#[test]
fn units_come_in_order_and_once() {
    assert_eq!(
        refusal("1d1d"),
        "Invalid duration. The days are specified multiple times"
    );
    assert_eq!(
        refusal("1d1y"),
        "Invalid duration. The days should be after years"
    );
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let message = |part| {
        format!("Invalid duration. The total number of {part} must be less or equal to 2147483647")
    };
    assert_eq!(refusal("2147483648mo"), message("months"));
    assert_eq!(refusal("178956970y8mo"), message("months"));
    assert_eq!(refusal("2147483648d"), message("days"));
    assert_eq!(refusal("9223372036854775808ns"), message("nanoseconds"));
    assert_eq!(parsed("-2147483648d"), (0, i32::MIN, 0));
}

#[test]
fn damaged_bytes_are_refused() {
    let message = |wire: &[u8]| Duration::from_wire(wire).expect_err("damaged").0;
    assert_eq!(
        message(&[2, 4]),
        "Expected at least 3 bytes for a duration (2)"
    );
    assert_eq!(
        message(&[2, 3, 6]),
        "The duration months, days and nanoseconds must be all of the same sign (1, -2, 3)"
    );
    assert_eq!(
        message(&[0xF1, 0, 0, 0, 0, 0, 0]),
        "The duration months must be a 32 bits integer but was: 2147483648"
    );
    assert_eq!(
        message(&[0, 0xF1, 0, 0, 0, 0, 0]),
        "The duration days must be a 32 bits integer but was: 2147483648"
    );
    assert!(message(&[2, 4, 0x80]).contains("bytes end"));
    assert!(message(&[2, 4, 6, 0]).contains("more bytes"));
}

#[test]
fn durations_print_in_the_units_they_are_read_in() {
    for (text, printed) in [
        ("1mo2d3ns", "1mo2d3ns"),
        ("14mo", "1y2mo"),
        ("3w", "21d"),
        ("90m", "1h30m"),
        ("-1d90s", "-1d1m30s"),
        ("1001us", "1ms1us"),
        ("0d", "0ns"),
    ] {
        assert_eq!(
            Duration::parse(text).map(|it| it.to_string()).as_deref(),
            Ok(printed)
        );
    }
}

proptest! {
    #[test]
    fn printing_and_parsing_keep_the_parts(
        months in 0..=i32::MAX,
        days in 0..=i32::MAX,
        nanos in 0..=i64::MAX,
        negative: bool,
    ) {
        let duration = if negative {
            Duration { months: !months, days: !days, nanos: !nanos }
        } else {
            Duration { months, days, nanos }
        };
        prop_assert_eq!(Duration::parse(&duration.to_string()), Ok(duration));
        prop_assert_eq!(Duration::from_wire(&duration.to_wire()), Ok(duration));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "-?P?[0-9]{0,3}[ymowdhsnuµPTYMD:-]{0,4}[0-9]{0,3}[a-z]{0,2}") {
        let _ = Duration::parse(&text);
    }
}
