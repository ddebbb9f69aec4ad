//! Times by the CF conventions.

use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::atlas_dtype;
use crate::{DateTime, TimeUnits};
use std::ffi::{c_char, c_void};

/// A date and a time of day in a calendar, as `atlas_decode_time` gives and `atlas_encode_time` takes them.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct atlas_datetime {
    /// The year, -1000000 to 1000000; 0 is the one before 1.
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
    /// 0 to 999999999.
    pub nanosecond: i32,
}

const _: () = assert!(size_of::<atlas_datetime>() == 8 + 6 * 4);

impl From<DateTime> for atlas_datetime {
    fn from(date: DateTime) -> Self {
        let DateTime { year, month, day, hour, minute, second, nanosecond } = date;
        Self { year, month, day, hour, minute, second, nanosecond }
    }
}

impl From<atlas_datetime> for DateTime {
    fn from(date: atlas_datetime) -> Self {
        let atlas_datetime { year, month, day, hour, minute, second, nanosecond } = date;
        Self { year, month, day, hour, minute, second, nanosecond }
    }
}

/// # Time
///
/// Give the dates that numbers mean, by the CF conventions (section 4.4): the values of an array that
/// has the attribute `units`, and perhaps `calendar`. It needs no store.
///
/// - `units`     such as "days since 2000-01-01 00:00:00 +01:00": days, hours, minutes, seconds,
///               milliseconds, microseconds, nanoseconds, weeks, their singulars and abbreviations
///               (d, h, hr, min, s, sec, ms, us, ns); then the date to count from, year-month-day,
///               with or without a time of day, with or without a time zone. Dates that come out are
///               those of the zone zero. Months and years are refused where the calendar has some of
///               different lengths: UDUNITS' are a twelfth of 365.242198781 days, and that number
/// - `calendar`  "standard" or "gregorian" (the Gregorian calendar from 1582-10-15 on, the Julian one
///               before), "proleptic_gregorian", "julian", "noleap" or "365_day", "all_leap" or
///               "366_day", "360_day"; NULL or "" for the standard one
/// - `dtype`     the type of `values`: an integer, ATLAS_DTYPE_F32, ATLAS_DTYPE_F64; or
///               ATLAS_DTYPE_TIMESTAMP_NS, where `units` and `calendar` are NULL, and the dates are
///               those of the proleptic Gregorian calendar
/// - `values`    `count` numbers; NULL only if there are none
/// - `out`       room for `count` dates, which does not overlap `values`
///
/// Integers are exact, and so are floats that are whole numbers. Another float is taken for the roundest
/// length of time that it can stand for: that of full seconds which as a number is the same float, or
/// else milliseconds, microseconds, or the nearest nanosecond. So 0.1 days are 2:24:00.
///
/// Years go from -1000000 to 1000000, and from 1 on in the calendars standard and julian, which have no
/// earlier ones in CF.
///
/// Fails with ATLAS_STATUS_OUT_OF_RANGE if a value is NaN or infinite or means a date outside these
/// years: the text names it by its index. A fill value is a number like any other, so leave it out
/// before. With ATLAS_STATUS_INVALID_ARGUMENT if `units` or `calendar` is not understood, or the date in
/// `units` is none of the calendar; ATLAS_STATUS_UNSUPPORTED for CF's calendars "utc" and "tai", whose
/// minutes have leap seconds, and "none"; ATLAS_STATUS_TYPE_MISMATCH for another type. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_decode_time(
    units: *const c_char,
    calendar: *const c_char,
    dtype: atlas_dtype,
    values: *const c_void,
    count: usize,
    out: *mut atlas_datetime,
) -> atlas_status {
    guard("atlas_decode_time", |call| {
        let dtype = call.dtype(dtype)?;
        // SAFETY: the caller keeps the header's contract.
        let (units, calendar) =
            unsafe { (call.optional_text(units, "units")?, call.optional_text(calendar, "calendar")?) };
        let size = size_of::<atlas_datetime>();
        // SAFETY: likewise.
        let (values, out) = unsafe {
            (call.elements(values, count, dtype.size(), "values")?, call.elements_out(out.cast(), count, size, "out")?)
        };
        let units = TimeUnits::of(dtype, units, calendar)?;
        let set = |index, date| out.set(index, atlas_datetime::from(date));
        units.decode_elements(dtype, count, |index| values.get(index), set)
    })
}

/// Give the numbers that mean dates: the other way of `atlas_decode_time`.
///
/// - `units`, `calendar`, `dtype`  as for `atlas_decode_time`; the dates are of this calendar
/// - `dates`                       `count` dates; NULL only if there are none
/// - `out`                         room for `count` numbers of `dtype`, which does not overlap `dates`
///
/// A float is the one nearest to the exact number. ATLAS_DTYPE_F32 has seven digits: of days since 1900
/// it tells today's to six minutes.
///
/// Fails with ATLAS_STATUS_INVALID_ARGUMENT if a date is none of the calendar (30 February in "noleap",
/// 10 October 1582 in "standard") or its time none of a day, and with ATLAS_STATUS_OUT_OF_RANGE if its
/// year is outside those of `atlas_decode_time`, or an integer of `dtype` does not mean it, being too
/// short or the unit too coarse: the text names the date and its index. Else as `atlas_decode_time`.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_encode_time(
    units: *const c_char,
    calendar: *const c_char,
    dates: *const atlas_datetime,
    count: usize,
    dtype: atlas_dtype,
    out: *mut c_void,
) -> atlas_status {
    guard("atlas_encode_time", |call| {
        let dtype = call.dtype(dtype)?;
        // SAFETY: the caller keeps the header's contract.
        let (units, calendar) =
            unsafe { (call.optional_text(units, "units")?, call.optional_text(calendar, "calendar")?) };
        let size = size_of::<atlas_datetime>();
        // SAFETY: likewise.
        let (dates, out) = unsafe {
            (call.elements(dates.cast(), count, size, "dates")?, call.elements_out(out, count, dtype.size(), "out")?)
        };
        let units = TimeUnits::of(dtype, units, calendar)?;
        let date = |index| DateTime::from(dates.get::<atlas_datetime>(index));
        units.encode_elements(dtype, count, date, |index, element| out.set(index, element))
    })
}
