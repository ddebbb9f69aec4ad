//! Numbers to dates and back.

use crate::base::dtype::{DType, Element};
use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::cf::calendar::{Calendar, DateTime};
use crate::cf::{DAY, SECOND, units};
use std::fmt;

/// What the numbers of an array mean that holds times: its attributes `units` and `calendar`, by the CF conventions,
/// section 4.4.
///
/// ```
/// use atlas_store::{DateTime, TimeUnits};
/// # fn main() -> atlas_store::Result<()> {
/// let units = TimeUnits::new("days since 2000-01-01", "noleap")?;
/// let dates = units.decode(&[0.0, 59.5])?;
/// assert_eq!(dates[1].to_string(), "2000-03-01T12:00:00");
/// assert_eq!(units.encode::<i32>(&[DateTime::midnight(2001, 1, 1)])?, [365]);
/// # Ok(())
/// # }
/// ```
///
/// **Units** are days, hours, minutes, seconds, milliseconds, microseconds, nanoseconds, weeks and fortnights, in the singular
/// or plural, and their abbreviations. UDUNITS' months and years are fractions of days that fit no calendar: they are refused,
/// but where all months, or all years, of the calendar are of one length, which is then meant.
///
/// **References** are `year-month-day`, then a time of day, a time zone, or both. The time zone is subtracted: dates are those
/// of the zone zero.
///
/// **Dates** are those of the calendar, with years from -1,000,000 to 1,000,000; from 1 on in the standard and Julian
/// calendars, where CF has none before and gives the year 0 no meaning as a date.
///
/// **Integers** are exact both ways, and so are floats that are whole numbers. Other **floats** are taken for the roundest
/// length of time that they can stand for: that of full seconds which as a number is the same float, or else milliseconds,
/// microseconds, or the nearest nanosecond. So 0.1 days are 2:24:00, also in the year 9999, and what was decoded is encoded to
/// the same float, unless floats are closer than nanoseconds.
#[derive(Clone, Debug)]
pub struct TimeUnits {
    text: String,
    calendar: Calendar,
    /// Nanoseconds.
    unit: i128,
    /// The instant that is counted from.
    reference: i128,
}

/// A type of numbers that count time: integers of every width, `f32` and `f64`.
pub trait TimeNumber: Element {
    #[doc(hidden)]
    fn number(self) -> Number;
    #[doc(hidden)]
    fn from_bytes(bytes: [u8; 8]) -> Self;
}

/// A number that counts time.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Int(i128),
    F32(f32),
    F64(f64),
}

macro_rules! time_numbers {
    ($($rust:ty => $variant:ident),+) => {
        $(impl TimeNumber for $rust {
            fn number(self) -> Number {
                Number::$variant(self.into())
            }

            fn from_bytes(bytes: [u8; 8]) -> Self {
                let mut own = [0; size_of::<$rust>()];
                own.copy_from_slice(&bytes[..size_of::<$rust>()]);
                <$rust>::from_le_bytes(own)
            }
        })+
    };
}

time_numbers!(i8 => Int, i16 => Int, i32 => Int, i64 => Int, u8 => Int, u16 => Int, u32 => Int, u64 => Int, f32 => F32, f64 => F64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(value) => value.fmt(f),
            Number::F32(value) => fmt::Debug::fmt(value, f),
            Number::F64(value) => fmt::Debug::fmt(value, f),
        }
    }
}

impl TimeUnits {
    /// The meaning of numbers with these attributes; an empty `calendar` is the standard one.
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) where they are not understood or name no date of the
    /// calendar, [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for CF's calendars with leap seconds or without
    /// dates.
    pub fn new(units: &str, calendar: &str) -> Result<Self> {
        let calendar = Calendar::from_name(calendar)?;
        let (unit, reference) = units::parse(units, calendar)?;
        Ok(Self { text: units.to_owned(), calendar, unit, reference })
    }

    /// The meaning of [`DType::TimestampNs`](crate::DType::TimestampNs): nanoseconds since 1970, in the proleptic Gregorian
    /// calendar.
    pub fn timestamps() -> Self {
        let calendar = Calendar::ProlepticGregorian;
        let reference = EPOCH;
        Self { text: "nanoseconds since 1970-01-01".into(), calendar, unit: 1, reference }
    }

    /// The calendar that dates are of.
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// The date that a number means.
    ///
    /// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange) for NaN, an infinity, and a date that the calendar does not
    /// have. A fill value is a number like any other.
    pub fn date<T: TimeNumber>(&self, number: T) -> Result<DateTime> {
        self.date_of(number.number())
    }

    /// The number that means a date.
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for what is no date of the calendar,
    /// [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange) for one outside its years, and where no integer of this type
    /// means it. A float is the nearest one.
    pub fn number<T: TimeNumber>(&self, date: &DateTime) -> Result<T> {
        Ok(T::from_bytes(self.number_of(T::DTYPE, date)?))
    }

    /// The dates that numbers mean; errors, which are those of [`TimeUnits::date`], begin with the place: `element 3: ...`.
    pub fn decode<T: TimeNumber>(&self, numbers: &[T]) -> Result<Vec<DateTime>> {
        each(numbers, |number| self.date(*number))
    }

    /// The numbers that mean dates; errors, which are those of [`TimeUnits::number`], begin with the place.
    pub fn encode<T: TimeNumber>(&self, dates: &[DateTime]) -> Result<Vec<T>> {
        each(dates, |date| self.number(date))
    }

    pub(super) fn date_of(&self, number: Number) -> Result<DateTime> {
        let instant = match number {
            Number::Int(value) => value.checked_mul(self.unit).and_then(|offset| self.reference.checked_add(offset)),
            Number::F32(value) => self.instant_of(f64::from(value), &|offset| nearest_f32(offset, self.unit) == value),
            Number::F64(value) => self.instant_of(value, &|offset| nearest_f64(offset, self.unit) == value),
        };
        let date = instant.and_then(|instant| self.calendar.date(instant));
        date.ok_or_else(|| match number {
            Number::F32(value) if !value.is_finite() => error!(OutOfRange, "{number} is no time"),
            Number::F64(value) if !value.is_finite() => error!(OutOfRange, "{number} is no time"),
            _ => {
                let (calendar, years) = (self.calendar, self.calendar.years());
                error!(OutOfRange, "{number} {}: outside the years {years} of the {calendar} calendar", self.text)
            }
        })
    }

    /// The instant that a float stands for; none if it is none, or far from all dates. `is` tells whether nanoseconds from
    /// the reference are encoded to the float.
    fn instant_of(&self, value: f64, is: &dyn Fn(i128) -> bool) -> Option<i128> {
        // Beyond, products could overflow. It is 30,000,000 years.
        if !value.is_finite() || value.abs() * (self.unit as f64) > 1e24 {
            return None;
        }
        // Nanoseconds, exactly: `product` divided by 2 to the power of `shift`.
        let exponent = (value.to_bits() >> 52 & 0x7ff) as i32;
        let fraction = (value.to_bits() & ((1 << 52) - 1)) as i128;
        let (significand, exponent) =
            if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
        let product = if value < 0.0 { -significand } else { significand } * self.unit;
        if exponent >= 0 {
            return Some(self.reference + (product << exponent));
        }
        // What is shifted further is less than a thousandth of a nanosecond, whatever it is.
        let shift = (-exponent).min(126);
        let (below, part) = (product >> shift, product & ((1 << shift) - 1));
        if value.fract() == 0.0 {
            return Some(self.reference + below);
        }
        for grid in [SECOND, SECOND / 1_000, SECOND / 1_000_000] {
            let over = below.rem_euclid(grid);
            let round = below - over + if over >= grid / 2 { grid } else { 0 };
            if is(round) {
                return Some(self.reference + round);
            }
        }
        Some(self.reference + below + i128::from(part >= 1 << (shift - 1)))
    }

    /// The element that means a date: the first bytes are its own.
    pub(super) fn number_of(&self, dtype: DType, date: &DateTime) -> Result<[u8; 8]> {
        let offset = self.calendar.instant(date)? - self.reference;
        let mut bytes = [0; 8];
        let (low, high) = match dtype {
            DType::F32 => {
                bytes[..4].copy_from_slice(&nearest_f32(offset, self.unit).to_le_bytes());
                return Ok(bytes);
            }
            DType::F64 => return Ok(nearest_f64(offset, self.unit).to_le_bytes()),
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => (0, u64::MAX >> (64 - 8 * dtype.size())),
            _ => {
                let high = i64::MAX >> (64 - 8 * dtype.size());
                (-high - 1, high as u64)
            }
        };
        if offset % self.unit != 0 {
            bail!(OutOfRange, "{date} is not a whole number of '{}': take finer units, or floats", self.text);
        }
        let number = offset / self.unit;
        if !(i128::from(low)..=i128::from(high)).contains(&number) {
            bail!(OutOfRange, "{date} is {number} {}, which does not fit {dtype}", self.text);
        }
        Ok((number as u64).to_le_bytes())
    }
}

/// The instant of 1970-01-01 in the proleptic Gregorian calendar.
const EPOCH: i128 = 719_468 * DAY;

/// An error about one of many elements.
pub(super) fn at(place: usize, error: Error) -> Error {
    error.context(format_args!("element {place}"))
}

/// The results for all elements.
fn each<A, B>(list: &[A], f: impl Fn(&A) -> Result<B>) -> Result<Vec<B>> {
    let mut out = Vec::new();
    if out.try_reserve_exact(list.len()).is_err() {
        return Err(Error::new(ErrorKind::OutOfMemory, format!("no memory for {} elements", list.len())));
    }
    for (place, one) in list.iter().enumerate() {
        out.push(f(one).map_err(|error| at(place, error))?);
    }
    Ok(out)
}

/// A quotient as an integer of 64 or more bits, the last of which says whether any of those beyond is set, and the power of
/// two that it is too large by.
fn quotient(offset: i128, unit: i128) -> (u128, i32) {
    let offset = offset.unsigned_abs();
    // Less than all bits: as a float of either type it is finite, and so normal is the power of two.
    let shift = offset.leading_zeros() as i32 - 1;
    let (offset, unit) = (offset << shift, unit.unsigned_abs());
    ((offset / unit) | u128::from(offset % unit != 0), shift)
}

/// The float nearest to `offset / unit`.
fn nearest_f64(offset: i128, unit: i128) -> f64 {
    if offset == 0 {
        return 0.0;
    }
    let (quotient, shift) = quotient(offset, unit);
    let value = quotient as f64 * f64::from_bits((1023 - shift as u64) << 52);
    if offset < 0 { -value } else { value }
}

/// The float nearest to `offset / unit`.
fn nearest_f32(offset: i128, unit: i128) -> f32 {
    if offset == 0 {
        return 0.0;
    }
    let (quotient, shift) = quotient(offset, unit);
    let value = quotient as f32 * f32::from_bits((127 - shift as u32) << 23);
    if offset < 0 { -value } else { value }
}
