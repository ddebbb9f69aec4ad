"""Times by the CF conventions, as numbers and as dates. xarray and cftime do the same for their own objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._c import ffi, lib
from ._errors import OutOfRange, TypeMismatch, check
from ._text import name_of
from ._types import CODE, STRING, element_type, nanoseconds

# The struct of the library.
_DATE = np.dtype(
    [("year", "i8")] + [(name, "i4") for name in ("month", "day", "hour", "minute", "second", "nanosecond")]
)


def _texts(units: str | None, calendar: str | None) -> tuple[Any, Any]:
    return (
        ffi.NULL if units is None else name_of(units, "units"),
        ffi.NULL if calendar is None else name_of(calendar, "a calendar"),
    )


def decode_time(values: ArrayLike, units: str | None = None, calendar: str | None = None) -> NDArray[Any]:
    """The dates that numbers with CF's `units` and `calendar` mean: those of any of its calendars, exactly.

    Parameters
    ----------
    values : array_like
        Integers, float32, float64, or, without units, datetime64.
    units : str, optional
        Such as "days since 2000-01-01".
    calendar : str, optional
        "standard", "proleptic_gregorian", "julian", "noleap", "all_leap" or "360_day"; by default the first.

    Returns
    -------
    numpy.ndarray
        Of the same shape, with the fields year, month, day, hour, minute, second and nanosecond.

    Raises
    ------
    OutOfRange
        A value is no number, or means a date outside the years -1,000,000 to 1,000,000; from 1 on in the calendars
        standard and julian.
    InvalidArgument, Unsupported
        The units or the calendar are not understood.
    TypeMismatch
        The values are of another type.
    """
    array = np.asarray(values)
    if array.dtype.kind == "M":
        array = nanoseconds(array, "times")
        if np.isnat(array).any():
            raise OutOfRange(f"element {np.isnat(array).ravel().argmax()}: NaT is no time")
    array = np.asarray(array, array.dtype.newbyteorder("="), order="C")
    code = CODE.get(array.dtype)
    if code is None:
        raise TypeMismatch(f"{array.dtype} holds no times: integers, float32, float64 and datetime64 do")
    dates = np.empty(array.shape, _DATE)
    out = ffi.cast("atlas_datetime *", dates.ctypes.data)
    check(lib.atlas_decode_time(*_texts(units, calendar), code, ffi.cast("void *", array.ctypes.data), array.size, out))
    return dates


def _dates_of(given: ArrayLike) -> NDArray[Any]:
    """Dates as the library takes them. NumPy would make a date of any number, which all of its fields then are."""
    names = _DATE.names or ()
    try:
        array = np.asarray(given)
    except ValueError:
        raise TypeMismatch(f"a date is {len(names)} integers, {', '.join(names)}, and not all of these are") from None
    if array.dtype == _DATE:
        return np.asarray(array, order="C")
    if array.dtype.names == names:
        array = np.stack([array[name] for name in names], -1)
    is_listed = array.ndim > 0 and array.shape[-1] == len(names)
    if array.size == 0:
        return np.empty(array.shape[:-1] if is_listed else array.shape, _DATE)
    if not is_listed or array.dtype.kind not in "iu":
        raise TypeMismatch(
            f"a date is {len(names)} integers, {', '.join(names)}, as decode_time gives it: these are {array.dtype} of "
            f"shape {array.shape}"
        )
    dates = np.empty(array.shape[:-1], _DATE)
    for name, numbers in zip(names, np.moveaxis(array, -1, 0), strict=True):
        limits = np.iinfo(_DATE[name])
        if numbers.min() < limits.min or numbers.max() > limits.max:
            found = f"from {numbers.min()} to {numbers.max()}"
            raise OutOfRange(f"{name} is from {limits.min} to {limits.max}, not {found}")
        dates[name] = numbers
    return dates


def encode_time(
    dates: ArrayLike, units: str | None = None, calendar: str | None = None, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """The numbers that mean dates: the other way of `decode_time`.

    Parameters
    ----------
    dates : array_like
        As `decode_time` gives them, or tuples (year, month, day, hour, minute, second, nanosecond) of integers.
    units, calendar : str, optional
        As for `decode_time`; the dates are of this calendar.
    dtype : dtype_like
        The type of the numbers; "datetime64[ns]" has no units. A float is the nearest one.

    Raises
    ------
    InvalidArgument, Unsupported
        A date is none of the calendar, or the units or the calendar are not understood.
    OutOfRange
        A date is outside the years that there are, or no whole number of the units, where `dtype` is an integer.
    TypeMismatch
        The numbers are to be of another type, or these are no dates.
    """
    array = _dates_of(dates)
    kind = element_type(dtype)
    if kind is STRING:
        raise TypeMismatch("string holds no times: integers, float32, float64 and datetime64 do")
    numbers = np.empty(array.shape, kind.numpy)
    start = ffi.cast("atlas_datetime *", array.ctypes.data)
    out = ffi.cast("void *", numbers.ctypes.data)
    check(lib.atlas_encode_time(*_texts(units, calendar), start, array.size, kind.code, out))
    return numbers
