//! Calendars: which dates there are, and the day that each is.
//!
//! Days are counted from 1 March of the year 0. Years are taken to begin in March, so that a leap day is the last of its year
//! and months have the same places in all years.

use crate::base::error::{Result, bail};
use crate::cf::{DAY, SECOND};
use std::fmt;

/// Dates have years from `-MAX_YEAR` to `MAX_YEAR`.
pub(crate) const MAX_YEAR: i64 = 1_000_000;

/// A calendar of the CF conventions, section 4.4.2. None has leap seconds: each minute has 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// `standard`, or `gregorian`: the Julian calendar to 1582-10-04, and from the next day on, 1582-10-15, the Gregorian
    /// one. It begins with the year 1. What an array has that names no calendar.
    Standard,
    /// `proleptic_gregorian`: the Gregorian calendar at all times; the year before 1 is 0. That of ISO 8601, and of
    /// [`DType::TimestampNs`](crate::DType::TimestampNs).
    ProlepticGregorian,
    /// `julian`: the Julian calendar at all times, from the year 1 on.
    Julian,
    /// `noleap`, or `365_day`: no year has a leap day.
    NoLeap,
    /// `all_leap`, or `366_day`: every year has one.
    AllLeap,
    /// `360_day`: every month has 30 days.
    Day360,
}

/// A date and a time of day in a calendar.
///
/// Any numbers may be in it; whether there is such a date, [`TimeUnits`](crate::TimeUnits) finds out when it is used. As text
/// it is `2000-02-30T12:00:00.5`: the year has four digits or more and a sign only if it is negative, the fraction as many
/// digits as it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// The year; 0 is the one before 1.
    pub year: i64,
    /// 1 to 12.
    pub month: i32,
    /// From 1 on.
    pub day: i32,
    /// 0 to 23.
    pub hour: i32,
    /// 0 to 59.
    pub minute: i32,
    /// 0 to 59.
    pub second: i32,
    /// 0 to 999,999,999.
    pub nanosecond: i32,
}

/// How long years are, each from March on.
#[derive(Clone, Copy)]
enum Years {
    Gregorian,
    Julian,
    Fixed(i64),
}

impl Years {
    /// The days from 1 March of the year 0 to that of `year`.
    const fn before(self, year: i64) -> i64 {
        match self {
            Years::Gregorian => 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400),
            Years::Julian => 365 * year + year.div_euclid(4),
            Years::Fixed(days) => days * year,
        }
    }

    /// The year that day `day` is in, or one beside it.
    fn near(self, day: i64) -> i64 {
        match self {
            Years::Gregorian => (day * 400).div_euclid(146_097),
            Years::Julian => (day * 4).div_euclid(1_461),
            Years::Fixed(days) => day.div_euclid(days),
        }
    }

    const fn day(self, year: i64, month: i64, day: i64) -> i64 {
        let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
        self.before(year) + (153 * month + 2) / 5 + day - 1
    }

    fn date(self, day: i64) -> (i64, i64, i64) {
        let mut year = self.near(day);
        while self.before(year) > day {
            year -= 1;
        }
        while self.before(year + 1) <= day {
            year += 1;
        }
        let day = day - self.before(year);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
    }
}

/// The first day of the Gregorian part of [`Calendar::Standard`].
const SWITCH: i64 = Years::Gregorian.day(1582, 10, 15);
/// What puts the last day of its Julian part before that.
const JULIAN: i64 = SWITCH - 1 - Years::Julian.day(1582, 10, 4);

impl Calendar {
    /// All of them.
    pub const ALL: [Calendar; 6] = [
        Calendar::Standard,
        Calendar::ProlepticGregorian,
        Calendar::Julian,
        Calendar::NoLeap,
        Calendar::AllLeap,
        Calendar::Day360,
    ];

    /// The calendar with this name, in letters of either case; [`Calendar::Standard`] for an empty one.
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for `utc`, `tai` and `none`, which CF has besides;
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "" | "standard" | "gregorian" => Calendar::Standard,
            "proleptic_gregorian" => Calendar::ProlepticGregorian,
            "julian" => Calendar::Julian,
            "noleap" | "365_day" => Calendar::NoLeap,
            "all_leap" | "366_day" => Calendar::AllLeap,
            "360_day" => Calendar::Day360,
            "utc" | "tai" => bail!(Unsupported, "calendar '{name}': leap seconds are not supported"),
            "none" => bail!(Unsupported, "calendar '{name}': it has no dates"),
            _ => bail!(
                InvalidArgument,
                "calendar '{name}': the calendars are standard (gregorian), proleptic_gregorian, julian, noleap (365_day), all_leap (366_day) and 360_day"
            ),
        })
    }

    /// The name that CF prefers.
    pub fn name(self) -> &'static str {
        match self {
            Calendar::Standard => "standard",
            Calendar::ProlepticGregorian => "proleptic_gregorian",
            Calendar::Julian => "julian",
            Calendar::NoLeap => "noleap",
            Calendar::AllLeap => "all_leap",
            Calendar::Day360 => "360_day",
        }
    }

    /// The first year that there is.
    fn first_year(self) -> i64 {
        match self {
            Calendar::Standard | Calendar::Julian => 1,
            _ => -MAX_YEAR,
        }
    }

    /// The last day of a month, from 1 to 12. October 1582 has its 31st in the standard calendar, too.
    fn last_day(self, year: i64, month: i32) -> i32 {
        let years = match self {
            Calendar::Day360 => return 30,
            Calendar::Standard if year <= 1582 => Years::Julian,
            Calendar::Standard | Calendar::ProlepticGregorian => Years::Gregorian,
            Calendar::Julian => Years::Julian,
            Calendar::NoLeap => Years::Fixed(365),
            Calendar::AllLeap => Years::Fixed(366),
        };
        match month {
            2 => 28 + i32::from(years.before(year) - years.before(year - 1) == 366),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// The nanoseconds from the beginning of 1 March of the year 0 to a date.
    pub(super) fn instant(self, date: &DateTime) -> Result<i128> {
        let DateTime { year, month, day, hour, minute, second, nanosecond } = *date;
        if !(-MAX_YEAR..=MAX_YEAR).contains(&year) {
            bail!(OutOfRange, "{date} is outside the years {} to {MAX_YEAR}", -MAX_YEAR);
        }
        if year < self.first_year() {
            bail!(
                InvalidArgument,
                "{date} is before the year 1, with which the {self} calendar begins; proleptic_gregorian has earlier ones"
            );
        }
        let dropped = self == Calendar::Standard && (year, month) == (1582, 10) && (5..15).contains(&day);
        if !(1..=12).contains(&month) || !(1..=self.last_day(year, month)).contains(&day) || dropped {
            bail!(InvalidArgument, "{date} is no date of the {self} calendar");
        }
        if second == 60 {
            bail!(InvalidArgument, "{date} is no time of day: the {self} calendar has no leap seconds");
        }
        let fits = |number, end| (0..end).contains(&number);
        if !fits(hour, 24) || !fits(minute, 60) || !fits(second, 60) || !fits(nanosecond, 1_000_000_000) {
            bail!(InvalidArgument, "{date} is no time of day");
        }
        let (y, m, d) = (year, i64::from(month), i64::from(day));
        let days = match self {
            Calendar::Day360 => 360 * y + 30 * (m - 3) + d - 1,
            Calendar::Standard if (y, m, d) < (1582, 10, 15) => Years::Julian.day(y, m, d) + JULIAN,
            Calendar::Standard | Calendar::ProlepticGregorian => Years::Gregorian.day(y, m, d),
            Calendar::Julian => Years::Julian.day(y, m, d),
            Calendar::NoLeap => Years::Fixed(365).day(y, m, d),
            Calendar::AllLeap => Years::Fixed(366).day(y, m, d),
        };
        let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        Ok(i128::from(days) * DAY + i128::from(seconds) * SECOND + i128::from(nanosecond))
    }

    /// The date at that many nanoseconds; none if there is none.
    pub(super) fn date(self, instant: i128) -> Option<DateTime> {
        // Far below what is multiplied with 400, and far above all years.
        let days = i64::try_from(instant.div_euclid(DAY)).ok().filter(|days| days.unsigned_abs() < 1 << 40)?;
        let (year, month, day) = match self {
            Calendar::Day360 => {
                let days = days + 60;
                let of_year = days.rem_euclid(360);
                (days.div_euclid(360), of_year / 30 + 1, of_year % 30 + 1)
            }
            Calendar::Standard if days < SWITCH => Years::Julian.date(days - JULIAN),
            Calendar::Standard | Calendar::ProlepticGregorian => Years::Gregorian.date(days),
            Calendar::Julian => Years::Julian.date(days),
            Calendar::NoLeap => Years::Fixed(365).date(days),
            Calendar::AllLeap => Years::Fixed(366).date(days),
        };
        if !(self.first_year()..=MAX_YEAR).contains(&year) {
            return None;
        }
        let of_day = instant.rem_euclid(DAY);
        let seconds = (of_day / SECOND) as i32;
        Some(DateTime {
            year,
            month: month as i32,
            day: day as i32,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            nanosecond: (of_day % SECOND) as i32,
        })
    }

    /// The years that there are, for messages.
    pub(super) fn years(self) -> String {
        format!("{} to {MAX_YEAR}", self.first_year())
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl DateTime {
    /// The beginning of a day.
    pub const fn midnight(year: i64, month: i32, day: i32) -> Self {
        Self { year, month, day, hour: 0, minute: 0, second: 0, nanosecond: 0 }
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, nanosecond } = self;
        let sign = if *year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", year.unsigned_abs())?;
        if *nanosecond == 0 {
            return Ok(());
        }
        write!(f, ".{}", format!("{nanosecond:09}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_standard_calendar_meet() {
        assert_eq!((SWITCH, JULIAN), (578_041, -2));
    }

    /// Every day from the first one to one beyond the last, in years of every kind.
    #[test]
    fn days_follow_one_another() {
        for calendar in Calendar::ALL {
            for from in [calendar.first_year(), 1, 1580, 1898, 1998, MAX_YEAR - 1] {
                let mut date = DateTime::midnight(from, 1, 1);
                let mut instant = calendar.instant(&date).expect("a first day");
                while date.year <= (from + 4).min(MAX_YEAR) {
                    assert_eq!(calendar.instant(&date).expect("a date"), instant, "{calendar} {date}");
                    assert_eq!(calendar.date(instant), Some(date), "{calendar} {date}");
                    instant += DAY;
                    date.day += 1;
                    if calendar == Calendar::Standard && date == DateTime::midnight(1582, 10, 5) {
                        date.day = 15;
                    }
                    if date.day > calendar.last_day(date.year, date.month) {
                        (date.day, date.month) = (1, date.month + 1);
                    }
                    if date.month > 12 {
                        (date.month, date.year) = (1, date.year + 1);
                    }
                }
            }
            let first = calendar.instant(&DateTime::midnight(calendar.first_year(), 1, 1)).expect("a first day");
            let last = calendar.instant(&DateTime::midnight(MAX_YEAR, 12, 30)).expect("a last day") + 2 * DAY;
            assert_eq!((calendar.date(first - 1), calendar.date(last)), (None, None), "{calendar}");
            assert_eq!((calendar.date(i128::MIN), calendar.date(i128::MAX)), (None, None), "{calendar}");
        }
    }
}
