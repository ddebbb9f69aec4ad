//! Times by the CF conventions: units, calendars, dates and numbers. `bindings/python/tests/test_time.py` compares them with
//! cftime.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{Calendar, DateTime, ErrorKind, TimeNumber, TimeUnits};
use proptest::prelude::*;

fn units(units: &str, calendar: &str) -> TimeUnits {
    TimeUnits::new(units, calendar).unwrap_or_else(|error| panic!("{error}"))
}

fn shown<T: TimeNumber>(text: &str, calendar: &str, number: T) -> String {
    units(text, calendar).date(number).unwrap_or_else(|error| panic!("{error}")).to_string()
}

fn refused(text: &str, calendar: &str) -> (ErrorKind, String) {
    let error = TimeUnits::new(text, calendar).expect_err(text);
    (error.kind(), error.message().to_owned())
}

fn date(text: &str) -> DateTime {
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let (sign, day) = day.strip_prefix('-').map_or((1, day), |day| (-1, day));
    let numbers = |text: &str, by| text.split(by).map(|part| part.parse().unwrap()).collect::<Vec<i64>>();
    let (day, time) = (numbers(day, '-'), numbers(time, ':'));
    let mut date = DateTime::midnight(sign * day[0], day[1] as i32, day[2] as i32);
    (date.hour, date.minute, date.second) = (time[0] as i32, time[1] as i32, time[2] as i32);
    date
}

#[test]
fn units_and_their_spellings() {
    let second = "2000-01-01T00:00:01";
    let table = [
        (&["d", "day", "days", "Days", "DAYS"][..], "2000-01-02T00:00:00"),
        (&["h", "hr", "hrs", "hour", "hours", "Hours"], "2000-01-01T01:00:00"),
        (&["min", "mins", "minute", "minutes"], "2000-01-01T00:01:00"),
        (&["s", "sec", "secs", "second", "seconds"], second),
        (&["ms", "msec", "msecs", "millisec", "millisecs", "millisecond", "milliseconds"], "2000-01-01T00:00:00.001"),
        (&["us", "µs", "μs", "usec", "microsec", "microsecond", "microseconds"], "2000-01-01T00:00:00.000001"),
        (&["ns", "nsec", "nanosec", "nanosecond", "nanoseconds"], "2000-01-01T00:00:00.000000001"),
        (&["week", "weeks"], "2000-01-08T00:00:00"),
        (&["fortnight", "fortnights"], "2000-01-15T00:00:00"),
        (&["common_year", "common_years"], "2000-12-31T00:00:00"),
        (&["leap_years"], "2001-01-01T00:00:00"),
        (&["Julian_years"], "2000-12-31T06:00:00"),
        (&["gregorian_years"], "2000-12-31T05:49:12"),
    ];
    for (names, expected) in table {
        for name in names {
            assert_eq!(shown(&format!("{name} since 2000-01-01"), "", 1), expected, "{name}");
        }
    }
    for word in ["since", "SINCE", "after", "from", "ref", "@"] {
        assert_eq!(shown(&format!("s {word} 2000-01-01"), "", 1), second, "{word}");
    }
    assert_eq!(shown("  seconds\tsince   2000-01-01  ", "", 1), second);
}

#[test]
fn references_and_their_spellings() {
    let midnight = "2000-01-01T00:00:00";
    let table = [
        ("2000-1-1", midnight),
        ("2000-01-01 00:00", midnight),
        ("2000-01-01 0:0:0", midnight),
        ("2000-01-01T00:00:00Z", midnight),
        ("2000-01-01T00", midnight),
        ("2000-01-01t0000", midnight),
        ("20000101", midnight),
        ("20000101T000000Z", midnight),
        ("2000-01-01 00:00:00 UTC", midnight),
        ("2000-01-01 00:00:00.000000 GMT", midnight),
        ("2000-01-01 UTC", midnight),
        ("2000-01-01 Z", midnight),
        ("2000-01-01Z", midnight),
        ("+2000-01-01 00:00:0.0", midnight),
        ("2000-01-01 00:00:00.", midnight),
        ("2000-01-01 00:00:00 -0:00", midnight),
        ("2000-01-01 05:30 +05:30", midnight),
        ("2000-01-01 05:30 5:30", midnight),
        ("2000-01-01 05:30 0530", midnight),
        ("2000-01-01 05:30 530", midnight),
        ("2000-01-01 05:30:00+0530", midnight),
        ("1999-12-31 18:00 -6:00", midnight),
        ("1999-12-31 18:00 -6", midnight),
        ("1999-12-31 18:00:00-06", midnight),
        ("2000-01-01 -6", "2000-01-01T06:00:00"),
        ("2000-01-01-600", "2000-01-01T06:00:00"),
        ("2000-01-01 +11", "1999-12-31T13:00:00"),
        ("2000-01-01 12:30", "2000-01-01T12:30:00"),
        ("2000-01-01T123456.5", "2000-01-01T12:34:56.5"),
        ("2000-01-01 12:34:56.123456789000", "2000-01-01T12:34:56.123456789"),
        ("1-2-3", "0001-02-03T00:00:00"),
        ("1000000-12-31 23:59:59", "1000000-12-31T23:59:59"),
        // Of CF 4.4.1.
        ("1992-10-8 15:15:42.5 -6:00", "1992-10-08T21:15:42.5"),
        ("1989-12-31 18:00:00 -6", "1990-01-01T00:00:00"),
        ("1990-1-1 0:0:0", "1990-01-01T00:00:00"),
    ];
    for (reference, expected) in table {
        assert_eq!(shown(&format!("days since {reference}"), "", 0), expected, "{reference}");
    }
    assert_eq!(shown("days since 0000-01-01", "noleap", 0), "0000-01-01T00:00:00");
    assert_eq!(shown("days since -1-1-1", "proleptic_gregorian", 365), "0000-01-01T00:00:00");
}

#[test]
fn what_is_not_understood_is_refused_with_a_reason() {
    let table = [
        ("days", "no 'since'"),
        ("", "no 'since'"),
        ("degC", "no 'since'"),
        ("since 2000-01-01", "no unit"),
        ("3 hours since 2000-01-01", "'3 hours'"),
        ("Ms since 2000-01-01", "'Ms'"),
        ("H since 2000-01-01", "'H'"),
        ("S since 2000-01-01", "'S'"),
        ("furlongs since 2000-01-01", "'furlongs'"),
        ("dayss since 2000-01-01", "'dayss'"),
        ("days since", "year-month-day"),
        ("days since then", "'then'"),
        ("days since 2000", "year-month-day"),
        ("days since 2000-01", "year-month-day"),
        ("days since 200001", "year-month-day"),
        ("days since 1-1-2000", "year-month-day"),
        ("days since 2000-001-01", "year-month-day"),
        ("days since 12345678-01-01", "year-month-day"),
        ("days since 1000001-01-01", "1000001-01-01T00:00:00"),
        ("days since 2000-13-01", "2000-13-01"),
        ("days since 2000-00-01", "2000-00-01"),
        ("days since 2000-02-30", "2000-02-30"),
        ("days since 1900-02-29", "1900-02-29"),
        ("days since 1582-10-10", "1582-10-10"),
        ("days since 0000-01-01", "before the year 1"),
        ("days since -4713-01-01", "proleptic_gregorian"),
        ("days since 2000-01-01 24:00", "T24:00:00"),
        ("days since 2000-01-01 00:60", "T00:60:00"),
        ("days since 2016-12-31 23:59:60", "leap seconds"),
        ("days since 2000-01-01 6", "time zone"),
        ("days since 2000-01-01 0600", "time zone"),
        ("days since 2000-01-01T", "hours:minutes:seconds"),
        ("days since 2000-01-01T123", "hours:minutes:seconds"),
        ("days since 2000-01-01 T00:00", "'T00:00'"),
        ("days since 2000-01-01 00:00.5", "'.5'"),
        ("days since 2000-01-01 00:00:00.0000000001", "nanoseconds"),
        ("days since 2000-01-01 00:00:00 EST", "'EST'"),
        ("days since 2000-01-01 00:00:00 +24", "'+24'"),
        ("days since 2000-01-01 00:00:00 +1:60", "'+1:60'"),
        ("days since 2000-01-01 00:00:00 +", "'+'"),
        ("days since 2000-01-01 00:00:00 UTC+1", "'UTC+1'"),
        ("days since 2000-01-01 00:00:00 Z Z", "'Z'"),
        ("days since 2000-01-01, noon", "', noon'"),
        ("days since ２０００-01-01", "year-month-day"),
        ("months since 2000-01-01", "30.436849898 days"),
        ("years since 2000-01-01", "365.242198781 days"),
    ];
    for (text, reason) in table {
        let (kind, message) = refused(text, "");
        assert_eq!(kind, ErrorKind::InvalidArgument, "{message}");
        assert!(message.starts_with(&format!("units '{text}': ")) && message.contains(reason), "{message}");
    }
    let day = "days since 2000-01-01";
    for (calendar, kind) in [
        ("utc", ErrorKind::Unsupported),
        ("TAI", ErrorKind::Unsupported),
        ("none", ErrorKind::Unsupported),
        ("hebrew", ErrorKind::InvalidArgument),
        (" ", ErrorKind::InvalidArgument),
    ] {
        let (found, message) = refused(day, calendar);
        assert!(found == kind && message.starts_with(&format!("calendar '{calendar}': ")), "{message}");
    }
}

#[test]
fn months_and_years_where_all_are_alike() {
    assert_eq!(shown("months since 2000-01-01", "360_day", 1.5), "2000-02-16T00:00:00");
    assert_eq!(shown("years since 2000-01-01", "360_day", -1), "1999-01-01T00:00:00");
    assert_eq!(shown("years since 2000-01-01", "noleap", 1000), "3000-01-01T00:00:00");
    assert_eq!(shown("yr since 2000-01-01", "all_leap", 1000), "3000-01-01T00:00:00");
    for calendar in ["", "proleptic_gregorian", "julian"] {
        assert!(refused("years since 2000-01-01", calendar).1.contains("differ in length"));
    }
    for calendar in ["noleap", "all_leap", "julian"] {
        assert!(refused("month since 2000-01-01", calendar).1.contains("differ in length"));
    }
}

#[test]
fn calendars() {
    for (name, calendar) in [
        ("", Calendar::Standard),
        ("gregorian", Calendar::Standard),
        ("Standard", Calendar::Standard),
        ("365_day", Calendar::NoLeap),
        ("366_DAY", Calendar::AllLeap),
    ] {
        assert_eq!(Calendar::from_name(name).unwrap(), calendar);
    }
    for calendar in Calendar::ALL {
        assert_eq!(Calendar::from_name(calendar.name()).unwrap(), calendar);
    }
    // The day after, in each calendar that has the day.
    let table = [
        ("1582-10-04", ["1582-10-15", "1582-10-05", "1582-10-05", "1582-10-05", "1582-10-05", "1582-10-05"]),
        ("1500-02-28", ["1500-02-29", "1500-03-01", "1500-02-29", "1500-03-01", "1500-02-29", "1500-02-29"]),
        ("1900-02-28", ["1900-03-01", "1900-03-01", "1900-02-29", "1900-03-01", "1900-02-29", "1900-02-29"]),
        ("2000-02-28", ["2000-02-29", "2000-02-29", "2000-02-29", "2000-03-01", "2000-02-29", "2000-02-29"]),
        ("2001-12-30", ["2001-12-31", "2001-12-31", "2001-12-31", "2001-12-31", "2001-12-31", "2002-01-01"]),
        ("0004-02-28", ["0004-02-29", "0004-02-29", "0004-02-29", "0004-03-01", "0004-02-29", "0004-02-29"]),
    ];
    for (day, next) in table {
        for (calendar, next) in Calendar::ALL.into_iter().zip(next) {
            let units = units(&format!("days since {day}"), calendar.name());
            assert_eq!(units.calendar(), calendar);
            assert_eq!(units.date(1).unwrap(), date(next), "{day} {calendar}");
            assert_eq!(units.number::<i8>(&date(next)).unwrap(), 1, "{day} {calendar}");
        }
    }
    let standard = units("days since 1582-10-15", "standard");
    for dropped in 5..15 {
        let error = standard.number::<i32>(&DateTime::midnight(1582, 10, dropped)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    let proleptic = units("days since 2000-01-01", "proleptic_gregorian");
    for (day, number) in
        [("-0401-03-01", -876_888), ("-0400-03-01", -876_522), ("-0100-03-01", -766_950), ("-0001-03-01", -730_791)]
    {
        assert_eq!(proleptic.number::<i32>(&date(day)).unwrap(), number, "{day}");
        assert_eq!(proleptic.date(number).unwrap(), date(day));
    }
    // Days that are known: of 1858-11-17, and of the first one of each calendar, as Julian day numbers have them.
    let days = |calendar| units("days since 1858-11-17", calendar);
    assert_eq!(days("standard").number::<i32>(&date("0001-01-01")).unwrap(), 1_721_424 - 2_400_001);
    assert_eq!(days("proleptic_gregorian").number::<i32>(&date("0001-01-01")).unwrap(), 1_721_426 - 2_400_001);
    assert_eq!(days("standard").date(51_544).unwrap(), date("2000-01-01"));
    assert_eq!(days("proleptic_gregorian").date(-678_576).unwrap(), date("0000-12-31"));
    assert_eq!(units("days since 1858-11-05", "julian").number::<i32>(&date("0001-01-01")).unwrap(), -678_577);
}

#[test]
fn years_end_somewhere() {
    let error = units("days since 0001-01-01 00:00", "").date(-1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    assert_eq!(
        error.message(),
        "-1 days since 0001-01-01 00:00: outside the years 1 to 1000000 of the standard calendar"
    );
    for calendar in Calendar::ALL {
        let days = units("days since 2000-01-01", calendar.name());
        let last = DateTime { hour: 23, minute: 59, second: 59, ..DateTime::midnight(1_000_000, 12, 30) };
        let seconds = units("seconds since 2000-01-01", calendar.name());
        assert_eq!(seconds.date(seconds.number::<i64>(&last).unwrap()).unwrap(), last);
        assert_eq!(seconds.date(seconds.number::<f64>(&last).unwrap()).unwrap(), last);
        for far in [f64::MAX, -1e300, 4e8, -4e8, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(days.date(far).unwrap_err().kind(), ErrorKind::OutOfRange, "{far} {calendar}");
        }
        assert_eq!(days.date(f32::MAX).unwrap_err().kind(), ErrorKind::OutOfRange);
        for far in [i64::MIN, i64::MAX] {
            assert_eq!(days.date(far).unwrap_err().kind(), ErrorKind::OutOfRange);
        }
        assert_eq!(days.date(u64::MAX).unwrap_err().kind(), ErrorKind::OutOfRange);
        for year in [1_000_001, -1_000_001, i64::MIN, i64::MAX] {
            let error = days.number::<f64>(&DateTime::midnight(year, 1, 1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutOfRange, "{error}");
        }
    }
    let before = units("days since 2000-01-01", "julian").number::<f64>(&date("0000-12-31")).unwrap_err();
    assert_eq!((before.kind(), before.message().contains("before the year 1")), (ErrorKind::InvalidArgument, true));
}

#[test]
fn lists_name_the_place() {
    let days = units("days since 2000-01-01", "noleap");
    let error = days.decode(&[0.0, 1.0, f64::NAN]).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::OutOfRange, "element 2: NaN is no time"));
    let wrong = [date("2001-01-01"), date("2000-02-30")];
    let error = days.encode::<f64>(&wrong).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.message(), "element 1: 2000-02-30T00:00:00 is no date of the noleap calendar");
    let error = units("s since 1970-01-01", "").encode::<f64>(&[date("1582-10-10")]).unwrap_err();
    assert_eq!(error.message(), "element 0: 1582-10-10T00:00:00 is no date of the standard calendar");
    assert_eq!(days.decode::<i32>(&[]).unwrap(), []);
    for (field, value) in [(0, 0), (0, 13), (1, 0), (1, -1), (2, 24), (2, -1), (3, 60), (4, 60), (4, 61), (5, 1 << 30)]
    {
        let mut date = date("2000-01-01");
        let fields = [&mut date.month, &mut date.day, &mut date.hour, &mut date.minute, &mut date.second];
        match fields.into_iter().nth(field) {
            Some(field) => *field = value,
            None => date.nanosecond = value,
        }
        let error = days.number::<f64>(&date).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.message().starts_with(&date.to_string()), "{error}");
    }
}

#[test]
fn integers_are_exact_or_refused() {
    let days = units("days since 2000-01-01", "");
    let noon = date("2000-01-01T12:00:00");
    let error = days.number::<i64>(&noon).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    assert_eq!(
        error.message(),
        "2000-01-01T12:00:00 is not a whole number of 'days since 2000-01-01': take finer units, or floats"
    );
    assert_eq!(days.number::<f32>(&noon).unwrap(), 0.5);
    assert_eq!(days.number::<i8>(&date("2000-05-07")).unwrap(), 127);
    assert_eq!(days.number::<i8>(&date("1999-08-26")).unwrap(), -128);
    assert_eq!(days.number::<u8>(&date("2000-09-12")).unwrap(), 255);
    assert_eq!(
        days.encode::<i8>(&[date("2000-05-08")]).unwrap_err().message(),
        "element 0: 2000-05-08T00:00:00 is 128 days since 2000-01-01, which does not fit i8"
    );
    assert_eq!(days.number::<i8>(&date("1999-08-25")).unwrap_err().kind(), ErrorKind::OutOfRange);
    assert_eq!(days.number::<u8>(&date("2000-09-13")).unwrap_err().kind(), ErrorKind::OutOfRange);
    assert_eq!(days.number::<u64>(&date("1999-12-31")).unwrap_err().kind(), ErrorKind::OutOfRange);
    let nanoseconds = TimeUnits::timestamps();
    assert_eq!(nanoseconds.date(i64::MIN).unwrap().to_string(), "1677-09-21T00:12:43.145224192");
    assert_eq!(nanoseconds.date(i64::MAX).unwrap().to_string(), "2262-04-11T23:47:16.854775807");
    for end in [i64::MIN, i64::MAX] {
        assert_eq!(nanoseconds.number::<i64>(&nanoseconds.date(end).unwrap()).unwrap(), end);
    }
    assert_eq!(nanoseconds.number::<i64>(&date("2263-01-01")).unwrap_err().kind(), ErrorKind::OutOfRange);
    assert_eq!(nanoseconds.number::<u64>(&date("2263-01-01")).unwrap(), 9_246_182_400_000_000_000);
}

#[test]
fn floats_give_clean_times() {
    let table = [
        ("days since 2000-01-01", 0.1, "2000-01-01T02:24:00"),
        ("days since 2000-01-01", 1.0 / 3.0, "2000-01-01T08:00:00"),
        ("days since 0001-01-01", 730_000.1, "1999-09-02T02:24:00"),
        ("days since 0001-01-01", 3_652_000.7, "9999-11-01T16:48:00"),
        ("hours since 1900-01-01", 1_000_000.1, "2014-01-29T16:06:00"),
        ("seconds since 1970-01-01", 1.7e9 + 0.25, "2023-11-14T22:13:20.25"),
        ("seconds since 1970-01-01", 0.7, "1970-01-01T00:00:00.7"),
        ("seconds since 1970-01-01", 1e-9, "1970-01-01T00:00:00.000000001"),
        ("seconds since 1970-01-01", -1e-6, "1969-12-31T23:59:59.999999"),
        ("seconds since 1970-01-01", 1e-300, "1970-01-01T00:00:00"),
        ("seconds since 1970-01-01", -5e-324, "1970-01-01T00:00:00"),
        ("seconds since 1992-10-8 15:15:42.5 -6:00", 0.1, "1992-10-08T21:15:42.6"),
        ("ns since 1970-01-01", 0.5, "1970-01-01T00:00:00.000000001"),
        ("ns since 1970-01-01", 0.4, "1970-01-01T00:00:00"),
        ("ns since 1970-01-01", -0.6, "1969-12-31T23:59:59.999999999"),
        ("days since 2000-01-01", -0.0, "2000-01-01T00:00:00"),
    ];
    for (text, number, expected) in table {
        assert_eq!(shown(text, "", number), expected, "{number} {text}");
    }
    // Just beyond the middle between two floats: a 512th of a nanosecond decides.
    let far =
        DateTime { hour: 5, minute: 49, second: 34, nanosecond: 629_342_556, ..DateTime::midnight(103_469, 1, 25) };
    let days = units("days since 2000-01-01", "360_day");
    assert_eq!(days.number::<f64>(&far).unwrap(), 36_528_864.242_761_92);
    // Sums that are off by more than one place in the last digit come to nanoseconds.
    assert_eq!(shown("days since 2000-01-01", "", 0.1 + 0.2), "2000-01-01T07:12:00");
    // The number 43,800.1 is not among those of this type: the next is.
    assert_eq!(shown("days since 1900-01-01", "noleap", 43_800.1f32), "2020-01-01T02:26:15");
    assert_eq!(shown("hours since 2000-01-01", "", 0.1f32), "2000-01-01T00:06:00");
    // Whole numbers are what integers are, also where no float is next to them.
    assert_eq!(shown("ms since 2000-01-01 0:0:0.5", "", 10_000_001_024f32), "2000-04-25T17:46:41.524");
    assert_eq!(shown("hours since 2000-01-01 0:0:0.000000001", "", 1e4f32), "2001-02-20T16:00:00.000000001");
    assert_eq!(shown("hours since 2000-01-01 0:0:0.000000001", "", 5.5f32), "2000-01-01T05:30:00.000000001");
}

#[test]
fn dates_as_text() {
    let mut date = DateTime::midnight(-12, 3, 4);
    assert_eq!(date.to_string(), "-0012-03-04T00:00:00");
    date.nanosecond = 120_000_000;
    assert_eq!(date.to_string(), "-0012-03-04T00:00:00.12");
    assert_eq!(DateTime::midnight(123_456, 1, 2).to_string(), "123456-01-02T00:00:00");
    assert!(date < DateTime::midnight(-12, 3, 5) && DateTime::midnight(-12, 12, 31) < DateTime::midnight(-11, 1, 1));
}

fn a_calendar() -> impl Strategy<Value = Calendar> {
    prop::sample::select(Calendar::ALL.to_vec())
}

fn a_unit() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["ns", "us", "ms", "s", "min", "h", "d", "weeks"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    /// A date that a number means is encoded to that number, whatever the reference and its time zone.
    #[test]
    fn integers_come_back(
        calendar in a_calendar(), unit in a_unit(), number: i64, year in 1i64..9999, zone in -23i32..24,
    ) {
        let units = units(&format!("{unit} since {year}-2-28 12:34:56.789 {zone}"), calendar.name());
        if let Ok(date) = units.date(number) {
            prop_assert_eq!(units.number::<i64>(&date).unwrap(), number);
            let next = units.date(number.saturating_add(1));
            prop_assert!(next.is_err() || number == i64::MAX || next.unwrap() > date);
        }
    }

    /// So is a float, of either type, as far as the next one is nanoseconds away.
    #[test]
    fn floats_come_back(
        calendar in a_calendar(), unit in 0usize..5, digits in 1i64..9_999_999_999, scale in 0i32..8, before: bool,
    ) {
        // The least number of each unit that is so far from the next: 2^23 seconds, ...
        let (unit, least) = [("s", 1e7), ("min", 2e5), ("h", 3e3), ("d", 200.0), ("weeks", 20.0)][unit];
        let units = units(&format!("{unit} since 2000-1-1"), calendar.name());
        let number = (digits as f64 / 10f64.powi(scale)).max(least) * if before { -1.0 } else { 1.0 };
        if let Ok(date) = units.date(number) {
            prop_assert_eq!(units.number::<f64>(&date).unwrap(), number);
        }
        if let Ok(date) = units.date(number as f32) {
            prop_assert_eq!(units.number::<f32>(&date).unwrap(), number as f32);
        }
    }

    /// A decimal fraction of seconds or more that a float holds is the time that it says.
    #[test]
    fn decimals_are_read_as_they_are_written(calendar in a_calendar(), ms in -60_000_000_000_000i64..90_000_000_000_000) {
        let units = units("seconds since 2000-1-1", calendar.name());
        let exact = self::units("ms since 2000-1-1", calendar.name()).date(ms).unwrap();
        prop_assert_eq!(units.date(ms as f64 / 1000.0).unwrap(), exact);
        prop_assert_eq!(units.number::<f64>(&exact).unwrap(), ms as f64 / 1000.0);
    }

    /// No text makes it panic.
    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC*", reference in "[-+0-9:. TZUC]{0,24}") {
        for text in [text.clone(), format!("days since {text}"), format!("{text} since 2000-01-01"),
            format!("s since {reference}"), format!("s since 2000-01-01{reference}")]
        {
            if let Ok(units) = TimeUnits::new(&text, "360_day") {
                units.date(0).ok();
            }
        }
    }
}
