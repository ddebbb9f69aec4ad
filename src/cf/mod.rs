//! Times by the CF conventions, section 4.4: numbers with `units` ("days since 2000-01-01") and a `calendar`, and the dates
//! that they mean. All of it is arithmetic with integers.
//!
//! - `calendar`: which dates there are, and the day that each is.
//! - `units`: the texts of `units`, as CF and UDUNITS have them.
//! - `numbers`: numbers to dates and back; `elements`: the same in memory of the caller's.

pub(crate) mod calendar;
#[cfg(feature = "capi")]
mod elements;
pub(crate) mod numbers;
mod units;

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;
/// Nanoseconds of a day.
const DAY: i128 = 86_400 * SECOND;
