"""Times: against cftime, the reference, in all calendars, and against the rule for floats in exact fractions."""

from __future__ import annotations

import datetime
import random
import warnings
from fractions import Fraction
from typing import Any

import atlas
import cftime
import numpy as np
import pytest

CALENDARS = ["standard", "gregorian", "proleptic_gregorian", "julian", "noleap", "365_day", "all_leap", "366_day", "360_day"]
# Microseconds, the finest that cftime has.
UNITS = {"microseconds": 1, "milliseconds": 1000, "seconds": 10**6, "minutes": 60 * 10**6, "hours": 3600 * 10**6}
UNITS["days"] = 24 * UNITS["hours"]
REFERENCES = [
    "2000-1-1",
    "0001-01-01",
    "1582-10-15 12:00",
    "1582-10-04T23:59:59.5",
    # With one digit, which CF allows, the reference does not see the time zone.
    "1992-10-8 15:15:42.5 -06:00",
    "1970-01-01 00:00:00 UTC",
    "1900-02-28T00:00:00Z",
    "1850-01-01 00:00 +05:30",
]
# The reference says so of years beyond CF's.
pytestmark = pytest.mark.filterwarnings("ignore::cftime.CFWarning")


def tuples(dates: Any) -> list[tuple[int, ...]]:
    """The dates of either side, to the microsecond."""
    if isinstance(dates, np.ndarray) and dates.dtype.names:
        assert not np.any(dates["nanosecond"] % 1000)
        return [tuple(map(int, date))[:6] + (int(date["nanosecond"]) // 1000,) for date in dates.ravel()]
    return [(d.year, d.month, d.day, d.hour, d.minute, d.second, d.microsecond) for d in np.ravel(dates)]


def span(calendar: str, reference: str, unit: int) -> tuple[int, int]:
    """Numbers whose years cftime has: to 9999, and from 1 or -4000 on."""
    first = 1 if calendar in ("standard", "gregorian", "julian") else -4000
    text = f"microseconds since {reference}"
    ends = [cftime.datetime(year, 1, 2, calendar=calendar) for year in (first, 9999)]
    low, high = (int(cftime.date2num(end, text, calendar)) for end in ends)
    return low // unit + 1, high // unit


@pytest.mark.parametrize("calendar", CALENDARS)
def test_integers(calendar: str) -> None:
    rng = random.Random(calendar)
    for unit, length in UNITS.items():
        for reference in REFERENCES:
            units = f"{unit} since {reference}"
            low, high = span(calendar, reference, length)
            numbers = np.array([rng.randint(low, high) for _ in range(200)] + [0, 1, -1 if low < 0 else 1], "i8")
            expected = cftime.num2date(numbers, units, calendar)
            dates = atlas.decode_time(numbers, units, calendar)
            assert tuples(dates) == tuples(expected), units
            assert np.array_equal(atlas.encode_time(dates, units, calendar, "int64"), numbers), units
            assert np.array_equal(cftime.date2num(expected, units, calendar), numbers), units


@pytest.mark.parametrize("calendar", CALENDARS)
def test_every_day_around_what_is_odd(calendar: str) -> None:
    for year in (1, 4, 100, 400, 1500, 1581, 1582, 1583, 1600, 1700, 1900, 2000, 2100, 4000):
        units = f"days since {year}-01-01"
        numbers = np.arange(0, 800)
        expected = tuples(cftime.num2date(numbers, units, calendar))
        assert tuples(atlas.decode_time(numbers, units, calendar)) == expected
    for year in range(1, 2300, 7):
        for month, day in ((2, 28), (2, 29), (2, 30), (3, 1), (12, 31)):
            date = (year, month, day, 0, 0, 0, 0)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    known = cftime.datetime(year, month, day, calendar=calendar)
            except ValueError:
                with pytest.raises(atlas.InvalidArgument, match=f"{year:04}-{month:02}-{day:02}T00:00:00 is no date"):
                    atlas.encode_time([date], "days since 2000-01-01", calendar)
            else:
                expected = cftime.date2num(known, "hours since 2000-01-01", calendar)
                assert atlas.encode_time([date], "hours since 2000-01-01", calendar, "int64")[0] == expected


@pytest.mark.parametrize("calendar", CALENDARS)
def test_floats_are_near_the_reference(calendar: str) -> None:
    """As near as the float says: cftime takes the nearest microsecond, and the library the roundest time."""
    rng = random.Random(calendar)
    for unit, length in list(UNITS.items())[2:]:
        for reference in REFERENCES[:2]:
            units = f"{unit} since {reference}"
            low, high = span(calendar, reference, length)
            numbers = np.array([rng.uniform(low, high) for _ in range(200)])
            # Multiples of eighths are exact in either.
            numbers[:100] = np.round(numbers[:100] * 8) / 8 if unit != "seconds" else np.round(numbers[:100])
            expected = cftime.num2date(numbers, units, calendar)
            dates = atlas.decode_time(numbers, units, calendar)
            assert tuples(dates[:100]) == tuples(expected[:100]), units
            micro = f"microseconds since {reference}"
            rounded = dates.copy()
            rounded["nanosecond"] -= rounded["nanosecond"] % 1000
            off = atlas.encode_time(rounded, micro, calendar, "int64") - cftime.date2num(expected, micro, calendar)
            assert np.all(np.abs(off) <= 2 + np.spacing(np.abs(numbers)) * length), units
            assert np.array_equal(atlas.encode_time(dates, units, calendar), numbers), units


def roundest(value: float, nanoseconds: int, kind: type[np.floating[Any]]) -> int:
    """The rule for floats, in fractions: nanoseconds from the reference."""
    exact = Fraction(value) * nanoseconds
    if value.is_integer():
        return int(exact)

    def read(offset: Fraction) -> float:
        near = kind(float(offset)) if kind is np.float64 else None
        if near is not None:
            return float(near)
        # Not by way of double, which would round twice.
        first = kind(float(offset))
        around = [first, np.nextafter(first, kind(np.inf)), np.nextafter(first, kind(-np.inf))]
        return float(min(around, key=lambda one: abs(Fraction(float(one)) - offset)))

    for grid in (10**9, 10**6, 10**3):
        near = (exact + Fraction(grid, 2)) // grid * grid
        if read(Fraction(near, nanoseconds)) == value:
            return int(near)
    return int((exact + Fraction(1, 2)) // 1)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_floats_by_their_rule(kind: type[np.floating[Any]]) -> None:
    rng = random.Random(7)
    for unit, length in UNITS.items():
        values = [rng.uniform(-1, 1) * 10 ** rng.uniform(-9, 4) for _ in range(700)]
        values += [round(rng.uniform(-1000, 1000), rng.randint(1, 6)) for _ in range(700)]
        values += [float(rng.randint(-(10**9), 10**9) // (length // 10**3 or 1)) for _ in range(100)]
        numbers = np.array(values, kind)
        reference = rng.choice(["2000-01-01", "2000-01-01 00:00:00.123456789"])
        dates = atlas.decode_time(numbers, f"{unit} since {reference}", "proleptic_gregorian")
        offsets = atlas.encode_time(dates, f"ns since {reference}", "proleptic_gregorian", "int64")
        expected = [roundest(float(number), length * 1000, kind) for number in numbers]
        assert offsets.tolist() == expected, unit


def test_floats_are_encoded_to_the_nearest() -> None:
    rng = random.Random(11)
    offsets = np.array([rng.randint(-(10 ** rng.randint(1, 18)), 10 ** rng.randint(1, 18)) for _ in range(3000)])
    dates = atlas.decode_time(offsets, "ns since 2000-01-01", "julian")
    for unit, length in UNITS.items():
        numbers = atlas.encode_time(dates, f"{unit} since 2000-01-01", "julian")
        exact = [Fraction(int(offset), length * 1000) for offset in offsets]
        # Python divides integers correctly rounded.
        assert numbers.tolist() == [fraction.numerator / fraction.denominator for fraction in exact], unit


def test_timestamps() -> None:
    times = np.array(["1677-09-21T00:12:43.145224193", "2000-02-29T12:34:56.000000001", "2262-04-11T23:47:16"], "M8[ns]")
    dates = atlas.decode_time(times)
    assert dates[1].tolist() == (2000, 2, 29, 12, 34, 56, 1)
    assert np.array_equal(atlas.encode_time(dates, dtype="datetime64[ns]"), times)
    assert atlas.decode_time(np.datetime64("1999-01-01")).tolist() == (1999, 1, 1, 0, 0, 0, 0)
    with pytest.raises(atlas.OutOfRange, match="element 1: NaT"):
        atlas.decode_time(np.array(["2000-01-01", "NaT"], "M8[ns]"))
    with pytest.raises(atlas.OutOfRange, match="element 0: 2263-01-01T00:00:00 "):
        atlas.encode_time([(2263, 1, 1, 0, 0, 0, 0)], dtype="datetime64[ns]")
    with pytest.raises(atlas.InvalidArgument, match="timestamp_ns has its own"):
        atlas.decode_time(times, "days since 2000-01-01")


def test_shapes_and_types() -> None:
    days = "days since 2000-01-01"
    for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i4", ">f8"):
        numbers = np.arange(6, dtype=kind).reshape(2, 3)
        dates = atlas.decode_time(numbers[:, ::2], days, "360_day")
        assert dates.shape == (2, 2) and dates["day"].tolist() == [[1, 3], [4, 6]]
        back = atlas.encode_time(dates[::-1], days, "360_day", np.dtype(kind).newbyteorder("="))
        assert back.tolist() == [[3, 5], [0, 2]]
    assert atlas.decode_time([], days).shape == (0,)
    assert atlas.encode_time([], days, dtype="int8").tolist() == []
    assert atlas.encode_time((2000, 1, 2, 12, 0, 0, 0), days)[()] == 1.5
    for values in (np.array([1.0], "f2"), np.array([True]), np.array(["a"]), np.array([1j])):
        with pytest.raises(atlas.TypeMismatch):
            atlas.decode_time(values, days)
    for dtype in ("bool", "float16", "string"):
        with pytest.raises(atlas.TypeMismatch):
            atlas.encode_time([], days, dtype=dtype)
    with pytest.raises(atlas.OutOfRange, match="element 2: nan|element 2: NaN"):
        atlas.decode_time([0.0, 1.0, np.nan], days)
    with pytest.raises(atlas.InvalidArgument, match="units of f64 are needed"):
        atlas.decode_time([0.0])
    with pytest.raises(atlas.InvalidArgument, match="NUL"):
        atlas.decode_time([0.0], days + "\0 +01:00")
    with pytest.raises(atlas.Unsupported, match="utc"):
        atlas.decode_time([0.0], days, "utc")


@pytest.mark.parametrize(
    "given",
    [
        5,
        [5],
        [2000.0, 1, 1, 0, 0, 0, 0],
        [(2000, 1, 1.7, 0, 0, 0, 0)],
        [(2000, 1, 1)],
        [(2000, 1, 1), (2000, 1, 1, 0, 0, 0, 0)],
        ["2000-05-05"],
        np.array(["2000-05-05"], "M8[D]"),
        [datetime.datetime(2000, 5, 5)],
        np.zeros(1, [(name, "i4") for name in "abcdefg"]),
    ],
)
def test_what_is_no_date_is_refused(given: Any) -> None:
    with pytest.raises(atlas.TypeMismatch, match="a date is 7 integers"):
        atlas.encode_time(given, "days since 2000-01-01")


def test_dates_in_other_memory() -> None:
    units = "days since 2000-01-01"
    date = (2000, 1, 3, 12, 0, 0, 0)
    assert atlas.encode_time(date, units).tolist() == 2.5
    assert atlas.encode_time([[date], [date]], units).tolist() == [[2.5], [2.5]]
    dates = atlas.decode_time([[1, 2.5], [3, 4]], units)
    assert atlas.encode_time(dates.T, units).tolist() == [[1, 3], [2.5, 4]]
    assert atlas.encode_time([dates[0, 1]], units).tolist() == [2.5]
    wide = dates.astype([(name, "i8") for name in dates.dtype.names or ()])
    assert atlas.encode_time(wide, units).tolist() == [[1, 2.5], [3, 4]]
    wide["month"] = 1 << 40
    with pytest.raises(atlas.OutOfRange, match="month is from"):
        atlas.encode_time(wide, units)
    assert atlas.encode_time([], units).shape == (0,) and atlas.encode_time(dates[:0], units).shape == (0, 2)
