//! Days, milliseconds and the calendar: proleptic Gregorian, UTC, no leap seconds, all years.

/// Nanoseconds in a day.
pub(crate) const NANOS_PER_DAY: i64 = 86_400 * 1_000_000_000;
/// Milliseconds in a day.
pub(crate) const MILLIS_PER_DAY: i64 = 86_400_000;
/// What a date's wire number is more than its days since 1970.
const DATE_OFFSET: i64 = 1 << 31;
/// 100 ns steps from 1582-10-15, where version 1 UUIDs count from, to 1970.
const UUID_EPOCH_STEPS: i64 = 0x01B2_1DD2_1381_4000;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    /// Year; 0 is 1 BC.
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
}

const fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Civil {
    /// A day that exists. `None`: it doesn't.
    pub(crate) fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let exists = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    pub(crate) const fn to_days(self) -> i64 {
        // Years that begin in March, so that the leap day is a year's last; 400 of them repeat.
        let year = if self.month <= 2 {
            self.year - 1
        } else {
            self.year
        };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The day that is `days` after 1970-01-01.
    pub(crate) const fn from_days(days: i64) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = (month_from_march + 2) % 12 + 1;
        Self {
            year: era * 400 + year_of_era + if month <= 2 { 1 } else { 0 },
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        }
    }

    /// The same day of another month, or that month's last.
    const fn plus_months(self, months: i64) -> Self {
        let total = self.year * 12 + self.month - 1 + months;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        let last = days_in_month(year, month);
        Self {
            year,
            month,
            day: if self.day < last { self.day } else { last },
        }
    }
}

/// Days since 1970, so many months and days later; a month later is the same day of the month, or
/// its last.
pub(crate) const fn days_plus(days: i64, months: i64, more_days: i64) -> i64 {
    if months == 0 {
        return days + more_days;
    }
    Civil::from_days(days).plus_months(months).to_days() + more_days
}

/// Milliseconds since 1970, so much later. `None`: beyond what 64 bits hold.
pub(crate) fn millis_plus(millis: i64, months: i64, days: i64, more_millis: i64) -> Option<i64> {
    let day = days_plus(millis.div_euclid(MILLIS_PER_DAY), months, days);
    // On the way the sum may leave the 64 bits that it ends in.
    let total = i128::from(day) * i128::from(MILLIS_PER_DAY)
        + i128::from(millis.rem_euclid(MILLIS_PER_DAY))
        + i128::from(more_millis);
    i64::try_from(total).ok()
}

/// Days since 1970 of a date.
pub(crate) fn days_of_date(date: u32) -> i64 {
    i64::from(date) - DATE_OFFSET
}

/// The date of so many days since 1970. `None`: beyond what a date holds.
pub(crate) fn date_of_days(days: i64) -> Option<u32> {
    u32::try_from(days.checked_add(DATE_OFFSET)?).ok()
}

/// Milliseconds since 1970 of a version 1 UUID.
pub(crate) fn millis_of_timeuuid(uuid: uuid::Uuid) -> i64 {
    // The 60 bits of time, and the 4 of the version above them.
    let steps = (crate::ordered::timeuuid_sort_key(uuid.as_bytes()) >> 64) as i64 & (i64::MAX >> 3);
    (steps - UUID_EPOCH_STEPS).div_euclid(10_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Date;
    use proptest::prelude::*;

    #[test]
    fn a_month_after_the_31st_of_january_is_the_last_of_february() {
        let days = |year, month, day| Civil { year, month, day }.to_days();
        assert_eq!(days_plus(days(2024, 1, 31), 1, 0), days(2024, 2, 29));
        assert_eq!(days_plus(days(2023, 1, 31), 1, 0), days(2023, 2, 28));
        assert_eq!(days_plus(days(2024, 3, 31), -1, 1), days(2024, 3, 1));
        assert_eq!(days_plus(days(2024, 12, 15), 1, 0), days(2025, 1, 15));
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        assert_eq!(Civil::new(2023, 2, 29), None);
        assert_eq!(Civil::new(1900, 2, 29), None);
        assert!(Civil::new(2000, 2, 29).is_some());
        assert_eq!(Civil::new(2023, 13, 1), None);
        assert_eq!(Civil::new(2023, 4, 31), None);
        assert_eq!(Civil::new(2023, 4, 0), None);
    }

    proptest! {
        #[test]
        fn the_calendar_agrees_with_another(days in -4_371_587_i64..=2_932_896) {
            let civil = Civil::from_days(days);
            let epoch = Date::constant(1970, 1, 1);
            let other = epoch
                .checked_add(jiff::Span::new().days(days))
                .expect("the range is jiff's");
            prop_assert_eq!(
                (civil.year, civil.month, civil.day),
                (i64::from(other.year()), i64::from(other.month()), i64::from(other.day()))
            );
            prop_assert_eq!(civil.to_days(), days);
        }

        #[test]
        fn days_far_away_come_back(days in -200_000_000_000_i64..200_000_000_000) {
            prop_assert_eq!(Civil::from_days(days).to_days(), days);
        }

        #[test]
        fn adding_months_agrees_with_another_calendar(
            days in -700_000_i64..2_000_000,
            months in -3_000_i64..3_000,
        ) {
            let epoch = Date::constant(1970, 1, 1);
            let other = epoch
                .checked_add(jiff::Span::new().days(days))
                .and_then(|date| date.checked_add(jiff::Span::new().months(months)))
                .expect("the range is jiff's");
            let civil = Civil::from_days(days_plus(days, months, 0));
            prop_assert_eq!(
                (civil.year, civil.month, civil.day),
                (i64::from(other.year()), i64::from(other.month()), i64::from(other.day()))
            );
        }
    }
}
