//! Numbers of a type that is known when the program runs, one element of memory at a time: what the C interface has.

use crate::base::dtype::{DType, Element};
use crate::base::error::{Result, bail};
use crate::cf::calendar::DateTime;
use crate::cf::numbers::{Number, TimeNumber, TimeUnits, at};

macro_rules! read {
    ($($rust:ty),+) => {
        /// An element of this type, of which these are the first bytes.
        fn read(dtype: DType, bytes: [u8; 8]) -> Result<Number> {
            match dtype {
                $(<$rust as Element>::DTYPE => Ok(<$rust>::from_bytes(bytes).number()),)+
                DType::TimestampNs => Ok(i64::from_bytes(bytes).number()),
                _ => bail!(TypeMismatch, "{dtype} holds no times: integers, f32, f64 and timestamp_ns do"),
            }
        }
    };
}

read!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl TimeUnits {
    /// The meaning of numbers of this type; only timestamps have one of their own.
    pub(crate) fn of(dtype: DType, units: Option<&str>, calendar: Option<&str>) -> Result<Self> {
        read(dtype, [0; 8])?;
        let calendar = calendar.unwrap_or_default();
        match (dtype, units) {
            (DType::TimestampNs, units) if units.unwrap_or_default().is_empty() && calendar.is_empty() => {
                Ok(Self::timestamps())
            }
            (DType::TimestampNs, _) => bail!(InvalidArgument, "timestamp_ns has its own units and calendar: give none"),
            (_, Some(units)) => Self::new(units, calendar),
            (_, None) => bail!(InvalidArgument, "units of {dtype} are needed: only timestamp_ns has its own"),
        }
    }

    /// Gives `out` the dates that `count` elements mean; of an element, `element` gives the first bytes.
    pub(crate) fn decode_elements(
        &self,
        dtype: DType,
        count: usize,
        element: impl Fn(usize) -> [u8; 8],
        out: impl Fn(usize, DateTime),
    ) -> Result<()> {
        for place in 0..count {
            let date = read(dtype, element(place)).and_then(|number| self.date_of(number));
            out(place, date.map_err(|error| at(place, error))?);
        }
        Ok(())
    }

    /// Gives `out` the elements that mean `count` dates; their own are the first bytes.
    pub(crate) fn encode_elements(
        &self,
        dtype: DType,
        count: usize,
        date: impl Fn(usize) -> DateTime,
        out: impl Fn(usize, [u8; 8]),
    ) -> Result<()> {
        for place in 0..count {
            out(place, self.number_of(dtype, &date(place)).map_err(|error| at(place, error))?);
        }
        Ok(())
    }
}
