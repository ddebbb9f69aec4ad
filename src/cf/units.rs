//! The texts of `units`: "days since 2000-01-01 12:00:00 +01:00".
//!
//! The reference is what CF 4.4.1 describes, and of UDUNITS' further forms those that mean one thing only: packed dates of eight
//! digits, a `T`, clocks without seconds, `UTC` and `GMT`.

use crate::base::error::{Error, Result, bail, error};
use crate::cf::calendar::{Calendar, DateTime};
use crate::cf::{DAY, SECOND};

/// Nanoseconds of a unit, and the instant that is counted from.
pub(super) fn parse(units: &str, calendar: Calendar) -> Result<(i128, i128)> {
    let context = |error: Error| error.context(format_args!("units '{units}'"));
    let mut at = 0;
    let split = units.split_inclusive(char::is_whitespace).find_map(|word| {
        let (before, after) = (&units[..at], &units[at + word.len()..]);
        at += word.len();
        let word = word.trim_end();
        let since = ["since", "after", "from", "ref", "@"].iter().any(|one| word.eq_ignore_ascii_case(one));
        since.then(|| (before.trim(), after.trim()))
    });
    let Some((unit, reference)) = split else {
        let text = "there is no 'since' and a date to count from, as in 'days since 2000-01-01'";
        return Err(context(error!(InvalidArgument, "{text}")));
    };
    let unit = length(unit, calendar).map_err(context)?;
    Ok((unit, instant(reference, calendar).map_err(context)?))
}

/// Nanoseconds of a unit. Symbols are in the case that UDUNITS has, names in any.
fn length(unit: &str, calendar: Calendar) -> Result<i128> {
    match unit {
        "" => bail!(InvalidArgument, "there is no unit before the date to count from"),
        "s" => return Ok(SECOND),
        "h" => return Ok(3600 * SECOND),
        "d" => return Ok(DAY),
        "ms" => return Ok(1_000_000),
        "us" | "\u{b5}s" | "\u{3bc}s" => return Ok(1_000),
        "ns" => return Ok(1),
        _ => {}
    }
    let name = unit.to_ascii_lowercase();
    Ok(match name.strip_suffix('s').unwrap_or(&name) {
        "nanosecond" | "nanosec" | "nsec" => 1,
        "microsecond" | "microsec" | "usec" => 1_000,
        "millisecond" | "millisec" | "msec" => 1_000_000,
        "second" | "sec" => SECOND,
        "minute" | "min" => 60 * SECOND,
        "hour" | "hr" => 3600 * SECOND,
        "day" => DAY,
        "week" => 7 * DAY,
        "fortnight" => 14 * DAY,
        "common_year" => 365 * DAY,
        "leap_year" => 366 * DAY,
        "julian_year" => 365 * DAY + DAY / 4,
        "gregorian_year" => 365 * DAY + DAY / 400 * 97,
        "month" if calendar == Calendar::Day360 => 30 * DAY,
        "year" | "yr" => match calendar {
            Calendar::Day360 => 360 * DAY,
            Calendar::NoLeap => 365 * DAY,
            Calendar::AllLeap => 366 * DAY,
            _ => bail!(
                InvalidArgument,
                "years of the {calendar} calendar differ in length, and UDUNITS takes a year for 365.242198781 days, which is the year of no calendar: count days, or common_years of 365 days"
            ),
        },
        "month" => bail!(
            InvalidArgument,
            "months of the {calendar} calendar differ in length, and UDUNITS takes a month for 30.436849898 days, which is the month of no calendar: count days (in the 360_day calendar a month is 30 days)"
        ),
        _ => bail!(
            InvalidArgument,
            "'{unit}' is none of the units of time: days (d), hours (h), minutes (min), seconds (s), ms, us, ns, weeks"
        ),
    })
}

/// The instant of a reference: date, time of day, time zone.
fn instant(text: &str, calendar: Calendar) -> Result<i128> {
    let mut rest = Rest(text);
    let mut date = rest.date()?;
    let spaced = rest.space();
    let separated = if rest.starts_with_digit() {
        spaced
    } else {
        !spaced && rest.0.starts_with(['T', 't']) && {
            rest.0 = &rest.0[1..];
            true
        }
    };
    if separated {
        rest.clock(&mut date, spaced)?;
        rest.space();
    }
    let offset = rest.zone()?;
    if !rest.0.is_empty() {
        bail!(InvalidArgument, "'{}' is neither a time of day nor a time zone", rest.0);
    }
    let local = calendar.instant(&date).map_err(|error| error!(InvalidArgument, "{}", error.message()))?;
    Ok(local - offset)
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn starts_with_digit(&self) -> bool {
        self.0.starts_with(|c: char| c.is_ascii_digit())
    }

    /// The digits that it begins with.
    fn digits(&mut self) -> &'a str {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.0.strip_prefix(prefix);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn space(&mut self) -> bool {
        let rest = self.0.trim_start();
        let some = rest.len() < self.0.len();
        self.0 = rest;
        some
    }

    fn date(&mut self) -> Result<DateTime> {
        let text = self.0;
        let wrong = || error!(InvalidArgument, "'{text}' does not begin with a date, year-month-day");
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        let year = self.digits();
        let (year, month, day) = if self.take("-") {
            let month = self.digits();
            if !self.take("-") {
                return Err(wrong());
            }
            (year, month, self.digits())
        } else if year.len() == 8 {
            (&year[..4], &year[4..6], &year[6..])
        } else {
            return Err(wrong());
        };
        // As many as the last year has.
        if !(1..=7).contains(&year.len()) {
            return Err(wrong());
        }
        let year: i64 = year.parse().map_err(|_| wrong())?;
        let (month, day) = (two(month).ok_or_else(wrong)?, two(day).ok_or_else(wrong)?);
        Ok(DateTime::midnight(if negative { -year } else { year }, month, day))
    }

    /// H:M, H:M:S; after a T also H, HMM and HMMSS with hours of two digits. After a space a number alone could as well
    /// be a time zone, which CF allows there.
    fn clock(&mut self, date: &mut DateTime, spaced: bool) -> Result<()> {
        let text = self.0;
        let wrong = || error!(InvalidArgument, "'{text}' does not begin with a time of day, hours:minutes:seconds");
        let first = self.digits();
        let (hour, minute, second) = if self.take(":") {
            let minute = self.digits();
            (first, minute, self.take(":").then(|| self.digits()))
        } else {
            match (spaced, first.len()) {
                (true, _) => bail!(
                    InvalidArgument,
                    "'{text}' after the date may be a time of day or a time zone: write hours:minutes, or the sign of the zone"
                ),
                (_, 2) => (first, "0", None),
                (_, 4) => (&first[..2], &first[2..], None),
                (_, 6) => (&first[..2], &first[2..4], Some(&first[4..])),
                _ => return Err(wrong()),
            }
        };
        for (part, digits) in
            [(&mut date.hour, hour), (&mut date.minute, minute), (&mut date.second, second.unwrap_or("0"))]
        {
            *part = two(digits).ok_or_else(wrong)?;
        }
        if second.is_some() && self.take(".") {
            let fraction = self.digits();
            let (digits, beyond) = fraction.split_at(fraction.len().min(9));
            if beyond.contains(|c| c != '0') {
                bail!(InvalidArgument, "'{text}' has digits beyond nanoseconds");
            }
            date.nanosecond = format!("{digits:0<9}").parse().map_err(|_| wrong())?;
        }
        Ok(())
    }

    /// Nanoseconds that the time zone is ahead.
    fn zone(&mut self) -> Result<i128> {
        let text = self.0;
        let word = text.split_whitespace().next().unwrap_or_default();
        if ["Z", "UTC", "GMT"].iter().any(|zero| word.eq_ignore_ascii_case(zero)) {
            self.0 = text[word.len()..].trim_start();
            return Ok(0);
        }
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        let first = self.digits();
        let (hours, minutes) = match first.len() {
            1 | 2 if self.take(":") => (first, self.digits()),
            1 | 2 => (first, "0"),
            3 | 4 => first.split_at(first.len() - 2),
            _ => {
                self.0 = text;
                return Ok(0);
            }
        };
        let in_range = |digits, end| two(digits).filter(|number| *number < end);
        let (Some(hours), Some(minutes)) = (in_range(hours, 24), in_range(minutes, 60)) else {
            bail!(InvalidArgument, "'{text}' is no time zone, +hours:minutes");
        };
        let ahead = i128::from(hours * 60 + minutes) * 60 * SECOND;
        Ok(if negative { -ahead } else { ahead })
    }
}

/// A number of one or two digits.
fn two(digits: &str) -> Option<i32> {
    digits.parse().ok().filter(|_| digits.len() <= 2)
}
