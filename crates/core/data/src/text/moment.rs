//! Dates, times of day and timestamps as text. Without a zone, UTC is meant.

use crate::value::time::Civil;
use crate::value::time::MILLIS_PER_DAY;
use std::fmt::Write as _;

/// Reads a text from its start.
struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A number of so many digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let count = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().ok()
    }

    /// Digits after a point, as billionths.
    fn billionths(&mut self) -> Option<i64> {
        let before = self.rest.len();
        let number = self.digits(1, 9)?;
        let digits = (before - self.rest.len()) as u32;
        Some(number * 10_i64.pow(9 - digits))
    }

    /// `yyyy-MM-dd`; years of more than four digits, or before the year 0, have a sign.
    fn date(&mut self) -> Option<Civil> {
        let (negative, most) = if self.eat('-') {
            (true, 9)
        } else if self.eat('+') {
            (false, 9)
        } else {
            (false, 4)
        };
        let year = self.digits(4, most)?;
        let month = self.eat('-').then(|| self.digits(2, 2))??;
        let day = self.eat('-').then(|| self.digits(2, 2))??;
        Civil::new(if negative { -year } else { year }, month, day)
    }

    /// `+hhmm`, `+hh:mm`, `+hh`, `Z`, `UTC` or `GMT`, perhaps after a space: minutes east.
    fn zone(&mut self) -> Option<i64> {
        self.eat(' ');
        for name in ["Z", "UTC", "GMT"] {
            if self.rest == name {
                self.rest = "";
                return Some(0);
            }
        }
        let sign = if self.eat('+') {
            1
        } else if self.eat('-') {
            -1
        } else {
            return None;
        };
        let hours = self.digits(2, 2)?;
        self.eat(':');
        let minutes = if self.rest.is_empty() {
            0
        } else {
            self.digits(2, 2)?
        };
        (hours <= 18 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
    }
}

/// A whole number, as dates and times may be written instead: digits, perhaps after a `-`.
pub(crate) fn is_whole_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Days since 1970 from `yyyy-MM-dd`.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut scanner = Scanner { rest: text };
    let civil = scanner.date()?;
    scanner.rest.is_empty().then(|| civil.to_days())
}

/// Nanoseconds since midnight from `hh:mm:ss[.fffffffff]`.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let mut scanner = Scanner { rest: text.trim() };
    let hours = scanner.digits(1, 2)?;
    let minutes = scanner.eat(':').then(|| scanner.digits(1, 2))??;
    let seconds = scanner.eat(':').then(|| scanner.digits(1, 2))??;
    let nanos = if scanner.eat('.') {
        scanner.billionths()?
    } else {
        0
    };
    let exists = hours < 24 && minutes < 60 && seconds < 60 && scanner.rest.is_empty();
    exists.then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + nanos)
}

/// Milliseconds since 1970 from a date, perhaps a time, perhaps a zone. What is less than a
/// millisecond is left off.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let mut scanner = Scanner { rest: text };
    let days = scanner.date()?.to_days();
    let mut second = 0;
    let mut millis = 0;
    let time_follows = |rest: &str| {
        let mut chars = rest.chars();
        matches!(chars.next(), Some('T' | ' '))
            && chars.next().is_some_and(|char| char.is_ascii_digit())
    };
    if time_follows(scanner.rest) {
        let _ = scanner.eat('T') || scanner.eat(' ');
        let hours = scanner.digits(2, 2)?;
        let minutes = scanner.eat(':').then(|| scanner.digits(2, 2))??;
        let mut seconds = 0;
        if scanner.eat(':') {
            seconds = scanner.digits(2, 2)?;
            if scanner.eat('.') {
                millis = scanner.billionths()? / 1_000_000;
            }
        }
        if hours >= 24 || minutes >= 60 || seconds >= 60 {
            return None;
        }
        second = (hours * 60 + minutes) * 60 + seconds;
    }
    if !scanner.rest.is_empty() {
        second -= scanner.zone()? * 60;
    }
    if !scanner.rest.is_empty() {
        return None;
    }
    // The day that the least timestamp is of begins before it.
    let total = i128::from(days) * i128::from(MILLIS_PER_DAY) + i128::from(second * 1_000 + millis);
    i64::try_from(total).ok()
}

/// A day, as [`parse_date`] reads it.
pub(crate) fn format_date(days: i64) -> String {
    let Civil { year, month, day } = Civil::from_days(days);
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        10_000.. => format!("+{year}-{month:02}-{day:02}"),
        _ => format!("-{:04}-{month:02}-{day:02}", -year),
    }
}

/// A time of day, to the nanosecond.
pub(crate) fn format_time(nanos: i64) -> String {
    let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    format!("{}.{nanos:09}", clock(seconds))
}

/// A timestamp, `separator` between day and time, to the millisecond and without a zone.
pub(crate) fn format_timestamp(millis: i64, separator: char) -> String {
    let of_day = millis.rem_euclid(MILLIS_PER_DAY);
    let mut out = format_date(millis.div_euclid(MILLIS_PER_DAY));
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{separator}{}.{:03}",
        clock(of_day / 1_000),
        of_day % 1_000
    );
    out
}

fn clock(seconds: i64) -> String {
    let minutes = seconds / 60;
    format!(
        "{:02}:{:02}:{:02}",
        minutes / 60,
        minutes % 60,
        seconds % 60
    )
}
