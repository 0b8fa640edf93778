//! Durations: their bytes and their three text forms.
//!
//! Text: `1y2mo3w4d5h6m7s8ms9us10ns` (units in this order, each at most once), ISO 8601
//! `P1Y2M3DT4H5M6S` or `P3W`, and its alternative `P0001-02-03T04:05:06`; each with a `-` before
//! it to negate it all.

use crate::InvalidValue;
use crate::value::vint;
use bytes::Bytes;
use std::fmt;

/// A span of time in three parts that do not convert into one another; all of one sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Duration {
    /// Calendar months.
    pub months: i32,
    /// Days, of whatever length.
    pub days: i32,
    /// Nanoseconds.
    pub nanos: i64,
}

/// Which part a unit counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Months,
    Days,
    Nanos,
}

/// A unit: its symbol, its name in messages, and how many of a part it is.
struct Unit {
    symbol: &'static str,
    name: &'static str,
    part: Part,
    size: i64,
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// From large to small, the order in which they must come.
const UNITS: [Unit; 10] = [
    unit("y", "years", Part::Months, 12),
    unit("mo", "months", Part::Months, 1),
    unit("w", "weeks", Part::Days, 7),
    unit("d", "days", Part::Days, 1),
    unit("h", "hours", Part::Nanos, 3_600 * NANOS_PER_SECOND),
    unit("m", "minutes", Part::Nanos, 60 * NANOS_PER_SECOND),
    unit("s", "seconds", Part::Nanos, NANOS_PER_SECOND),
    unit("ms", "milliseconds", Part::Nanos, 1_000_000),
    unit("us", "microseconds", Part::Nanos, 1_000),
    unit("ns", "nanoseconds", Part::Nanos, 1),
];

const fn unit(symbol: &'static str, name: &'static str, part: Part, size: i64) -> Unit {
    Unit {
        symbol,
        name,
        part,
        size,
    }
}

impl Duration {
    /// Reads three signed vints.
    pub(crate) fn from_wire(wire: &[u8]) -> Result<Self, InvalidValue> {
        if wire.len() < 3 {
            return Err(InvalidValue(format!(
                "Expected at least 3 bytes for a duration ({})",
                wire.len()
            )));
        }
        let mut bytes = wire.iter().copied();
        let mut next = || vint::read_signed(|| bytes.next());
        let (Some(months), Some(days), Some(nanos)) = (next(), next(), next()) else {
            return Err(InvalidValue(format!(
                "Expected three numbers for a duration, but the bytes end ({})",
                wire.len()
            )));
        };
        if bytes.next().is_some() {
            return Err(InvalidValue(format!(
                "Expected three numbers for a duration, but more bytes follow ({})",
                wire.len()
            )));
        }
        let small = |value: i64, name: &str| {
            i32::try_from(value).map_err(|_| {
                InvalidValue(format!(
                    "The duration {name} must be a 32 bits integer but was: {value}"
                ))
            })
        };
        let (months, days) = (small(months, "months")?, small(days, "days")?);
        let mixed = (months > 0 || days > 0 || nanos > 0) && (months < 0 || days < 0 || nanos < 0);
        if mixed {
            return Err(InvalidValue(format!(
                "The duration months, days and nanoseconds must be all of the same sign \
                 ({months}, {days}, {nanos})"
            )));
        }
        Ok(Self {
            months,
            days,
            nanos,
        })
    }

    /// Writes three signed vints.
    pub(crate) fn to_wire(self) -> Bytes {
        let mut out = Vec::with_capacity(12);
        vint::write_signed(self.months.into(), &mut out);
        vint::write_signed(self.days.into(), &mut out);
        vint::write_signed(self.nanos, &mut out);
        out.into()
    }

    /// Reads any of the text forms.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let (negative, source) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut builder = Builder {
            negative,
            ..Builder::default()
        };
        let read = match source.strip_prefix('P') {
            Some(iso) if iso.contains('-') => builder.alternative(iso)?,
            Some(iso) => builder.designators(iso)?,
            None => builder.units(source)?,
        };
        if read.is_none() {
            return Err(InvalidValue(format!(
                "Unable to convert '{source}' to a duration"
            )));
        }
        Ok(builder.build())
    }
}

/// Adds up units, checking their order and that each part fits. Functions answer `None` where the
/// text is no duration, and `Err` where it is one that cannot be.
#[derive(Default)]
struct Builder {
    negative: bool,
    months: u64,
    days: u64,
    nanos: u64,
    last: Option<usize>,
}

impl Builder {
    fn add(&mut self, index: usize, count: u64) -> Result<(), InvalidValue> {
        let Some(unit) = UNITS.get(index) else {
            return Ok(());
        };
        if let Some(last) = self.last.filter(|last| index <= *last) {
            let name = UNITS.get(last).map_or("", |unit| unit.name);
            return Err(InvalidValue(if index == last {
                format!("Invalid duration. The {name} are specified multiple times")
            } else {
                format!("Invalid duration. The {name} should be after {}", unit.name)
            }));
        }
        self.last = Some(index);
        // The least number is one further from zero than the greatest.
        let spare = u64::from(self.negative);
        let (total, max, name) = match unit.part {
            Part::Months => (&mut self.months, i32::MAX as u64, "months"),
            Part::Days => (&mut self.days, i32::MAX as u64, "days"),
            Part::Nanos => (&mut self.nanos, i64::MAX as u64, "nanoseconds"),
        };
        match count
            .checked_mul(unit.size.unsigned_abs())
            .and_then(|more| total.checked_add(more))
            .filter(|sum| *sum <= max + spare)
        {
            Some(sum) => {
                *total = sum;
                Ok(())
            }
            None => Err(InvalidValue(format!(
                "Invalid duration. The total number of {name} must be less or equal to {}",
                i32::MAX
            ))),
        }
    }

    /// `1y2mo3d`.
    fn units(&mut self, text: &str) -> Result<Option<()>, InvalidValue> {
        let mut rest = text;
        loop {
            let Some((count, after)) = number(rest) else {
                return Ok(None);
            };
            let Some((index, after)) = symbol(after) else {
                return Ok(None);
            };
            self.add(index, count)?;
            if after.is_empty() {
                return Ok(Some(()));
            }
            rest = after;
        }
    }

    /// `1Y2M3DT4H5M6S` or `3W`.
    fn designators(&mut self, text: &str) -> Result<Option<()>, InvalidValue> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, time),
            None => (text, ""),
        };
        if let Some(weeks) = text.strip_suffix('W') {
            let Some((count, "")) = number(weeks) else {
                return Ok(None);
            };
            return self.add(2, count).map(Some);
        }
        for (part, designators) in [
            (date, [('Y', 0), ('M', 1), ('D', 3)]),
            (time, [('H', 4), ('M', 5), ('S', 6)]),
        ] {
            let mut rest = part;
            for (designator, index) in designators {
                if let Some((count, after)) = number(rest)
                    && let Some(after) = after.strip_prefix(designator)
                {
                    self.add(index, count)?;
                    rest = after;
                }
            }
            if !rest.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// `0001-02-03T04:05:06`.
    fn alternative(&mut self, text: &str) -> Result<Option<()>, InvalidValue> {
        let shape = "yyyy-MM-ddTHH:mm:ss";
        let fits = text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, want)| {
                if want.is_ascii_alphabetic() && want != b'T' {
                    byte.is_ascii_digit()
                } else {
                    byte == want
                }
            });
        if !fits {
            return Ok(None);
        }
        let fields = text.split(['-', 'T', ':']);
        for (field, index) in fields.zip([0, 1, 3, 4, 5, 6]) {
            let Some((count, "")) = number(field) else {
                return Ok(None);
            };
            self.add(index, count)?;
        }
        Ok(Some(()))
    }

    fn build(self) -> Duration {
        let small = |magnitude: u64| {
            let value = magnitude as i64;
            (if self.negative { -value } else { value }) as i32
        };
        Duration {
            months: small(self.months),
            days: small(self.days),
            nanos: if self.negative {
                (self.nanos as i64).wrapping_neg()
            } else {
                self.nanos as i64
            },
        }
    }
}

/// The number at the start of a text, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

/// The unit whose symbol starts a text, and what follows it.
fn symbol(text: &str) -> Option<(usize, &str)> {
    let matches = |symbol: &str| {
        let end = symbol.len();
        text.get(..end)
            .filter(|start| start.eq_ignore_ascii_case(symbol))
            .and_then(|_| text.get(end..))
    };
    for micro in ["\u{B5}s", "\u{3BC}s", "\u{B5}S", "\u{3BC}S"] {
        if let Some(rest) = text.strip_prefix(micro) {
            return Some((8, rest));
        }
    }
    // The longer first: `mo` and `ms` begin like `m`.
    for length in [2, 1] {
        for (index, unit) in UNITS.iter().enumerate() {
            if unit.symbol.len() == length
                && let Some(rest) = matches(unit.symbol)
            {
                return Some((index, rest));
            }
        }
    }
    None
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("0ns");
        }
        if self.months < 0 || self.days < 0 || self.nanos < 0 {
            f.write_str("-")?;
        }
        let mut parts = [
            u64::from(self.months.unsigned_abs()),
            u64::from(self.days.unsigned_abs()),
            self.nanos.unsigned_abs(),
        ];
        let [months, days, nanos] = &mut parts;
        for unit in UNITS.iter().filter(|unit| unit.symbol != "w") {
            let part = match unit.part {
                Part::Months => &mut *months,
                Part::Days => &mut *days,
                Part::Nanos => &mut *nanos,
            };
            let size = unit.size.unsigned_abs();
            if *part >= size {
                write!(f, "{}{}", *part / size, unit.symbol)?;
                *part %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
