"""Types of elements: the library's numbers, their names, and NumPy's types."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ._c import ffi, lib
from ._errors import InvalidArgument, OutOfRange, TypeMismatch

Scalar: TypeAlias = "bool | int | float | complex | str | np.generic | datetime.datetime"


class ElementType(NamedTuple):
    """A type of elements: the library's number, its name, and NumPy's type."""

    code: int
    name: str
    numpy: np.dtype[Any]


def _made(code: int, name: str, numpy: str) -> ElementType:
    return ElementType(code, name, np.dtype(numpy))


# The names are NumPy's, apart from text and time, which have the names of the predecessor.
STRING = _made(lib.ATLAS_DTYPE_STRING, "string", "O")
TIMESTAMP = _made(lib.ATLAS_DTYPE_TIMESTAMP_NS, "timestamp_nanoseconds", "M8[ns]")
BOOL = _made(lib.ATLAS_DTYPE_BOOL, "bool", "?")
_TYPES = (
    BOOL,
    _made(lib.ATLAS_DTYPE_I8, "int8", "i1"),
    _made(lib.ATLAS_DTYPE_I16, "int16", "i2"),
    _made(lib.ATLAS_DTYPE_I32, "int32", "i4"),
    _made(lib.ATLAS_DTYPE_I64, "int64", "i8"),
    _made(lib.ATLAS_DTYPE_U8, "uint8", "u1"),
    _made(lib.ATLAS_DTYPE_U16, "uint16", "u2"),
    _made(lib.ATLAS_DTYPE_U32, "uint32", "u4"),
    _made(lib.ATLAS_DTYPE_U64, "uint64", "u8"),
    _made(lib.ATLAS_DTYPE_F16, "float16", "f2"),
    _made(lib.ATLAS_DTYPE_F32, "float32", "f4"),
    _made(lib.ATLAS_DTYPE_F64, "float64", "f8"),
    _made(lib.ATLAS_DTYPE_C64, "complex64", "c8"),
    _made(lib.ATLAS_DTYPE_C128, "complex128", "c16"),
    TIMESTAMP,
    STRING,
)
BY_CODE = {kind.code: kind for kind in _TYPES}
# A native dtype of numbers to its code. Times in another unit are converted first.
CODE = {kind.numpy: kind.code for kind in _TYPES if kind is not STRING}
# Names: NumPy's, and the library's short ones, such as "f32".
_BY_NAME = {kind.name: kind for kind in _TYPES}
_BY_NAME |= {ffi.string(lib.atlas_dtype_name(kind.code)).decode(): kind for kind in _TYPES}
_BY_NAME |= {"str": STRING, "datetime64[ns]": TIMESTAMP}

# Kinds of floats, and the kinds beside their own whose values become such.
_WIDEN = {"f": "iu", "c": "iuf"}

# Kinds of NumPy's types that hold text: str, bytes, objects, and StringDType.
TEXT_KINDS = frozenset("USOT")


def element_type(dtype: DTypeLike) -> ElementType:
    """The type of elements for a name or anything that NumPy takes for a type.

    Text is one of the names above: "i8" is the library's eight bits here and NumPy's eight bytes there, and what
    other text NumPy would take is refused.
    """
    if isinstance(dtype, str):
        found = _BY_NAME.get(dtype)
        if found is None:
            raise InvalidArgument(
                f"there is no type {dtype!r}: the types are {', '.join(kind.name for kind in _TYPES)}"
            )
        return found
    kind = np.dtype(dtype)
    if kind.kind in TEXT_KINDS:
        return STRING
    if kind.kind == "M":
        return TIMESTAMP
    code = CODE.get(kind.newbyteorder("="))
    if code is None:
        raise TypeMismatch(f"{kind} is no type of a store; the types are {', '.join(kind.name for kind in _TYPES)}")
    return BY_CODE[code]


def nanoseconds(times: NDArray[Any], what: str) -> NDArray[Any]:
    """Times of any unit as datetime64[ns]; a time that does not fit is an error."""
    if times.dtype == TIMESTAMP.numpy:
        return times
    if np.datetime_data(times.dtype)[0] == "generic":
        times = times.astype("M8[s]")
    made = times.astype(TIMESTAMP.numpy)
    # Coarser units overflow, and finer ones lose digits; going back shows both.
    if not np.array_equal(made.astype(times.dtype), times, equal_nan=True):
        raise OutOfRange(f"{what}: a time of {times.dtype} is none of datetime64[ns]")
    return made


def one_value(value: object, kind: ElementType, what: str) -> NDArray[Any]:
    """A value given in Python as one element of a type, 0-d, exactly: 1.5 is no integer, 300 no int8, 1 no bool."""
    array = np.asarray(_time(value))
    if array.ndim != 0:
        raise TypeMismatch(f"{what}: one value is needed, not {array.ndim} dimensions of them")
    return values(array, kind, what)


def values(array: NDArray[Any], kind: ElementType, what: str) -> NDArray[Any]:
    """Values given in Python as elements of a type; as `one_value`."""
    target = kind.numpy
    source = array.dtype
    if target.kind == "M":
        if source.kind == "O" and array.size:
            array = np.array([_time(value) for value in array.ravel().tolist()]).reshape(array.shape)
            source = array.dtype
        if source.kind == "M":
            return nanoseconds(array, what)
        if source.kind == "i" or array.size == 0:
            return array.astype("i8").view(target)
    elif target.kind in "iu" and (source.kind in "iu" or (source.kind == "O" and array.size)):
        limits = np.iinfo(target)
        for value in array.ravel().tolist():
            if isinstance(value, bool) or not isinstance(value, int):
                break
            if not limits.min <= value <= limits.max:
                raise OutOfRange(f"{what}: {value} does not fit {kind.name}")
        else:
            return array.astype(target)
    elif source.kind == target.kind or array.size == 0 or source.kind in _WIDEN.get(target.kind, ""):
        with np.errstate(over="ignore"):
            made = array.astype(target)
        if target.kind in _WIDEN:
            for given, narrowed in ((array.real, made.real), (array.imag, made.imag)):
                lost = np.isinf(narrowed) & np.isfinite(given)
                if lost.any():
                    raise OutOfRange(f"{what}: {given[lost].flat[0]} does not fit {kind.name}")
        return made
    shown = repr(array[()]) if array.ndim == 0 else f"{source} values"
    raise TypeMismatch(f"{what}: {shown} cannot be {kind.name}")


def wide_values(array: NDArray[Any], kind: ElementType, what: str) -> NDArray[Any]:
    """As `values`, of a type that the library converts to `kind`: floats by the store's `float_overflow`."""
    # Integers have no overflow but in float16, and are rounded once.
    if kind.numpy.kind in _WIDEN and (array.dtype.kind in "fc" or kind.numpy == np.float16):
        kind = BY_CODE[lib.ATLAS_DTYPE_C128 if kind.numpy.kind == "c" else lib.ATLAS_DTYPE_F64]
    return values(array, kind, what)


def _time(value: object) -> object:
    """A time of Python or pandas as NumPy's; anything else as it is."""
    if not isinstance(value, datetime.datetime):
        return value
    if value.tzinfo is not None:
        raise TypeMismatch(f"a time of a store is UTC without a time zone: convert {value} and take the zone off")
    exact = getattr(value, "to_datetime64", None)
    return exact() if exact is not None else np.datetime64(value)


def attribute_values(value: object, dtype: DTypeLike | None, what: str) -> tuple[ElementType, NDArray[Any]]:
    """The type and the elements, in one dimension, of a value that an attribute is set to."""
    if isinstance(value, (bytes, bytearray, memoryview)) or value is None or isinstance(value, dict):
        raise TypeMismatch(f"{what}: an attribute is a number, a text, a time, or a list of one of them, not {value!r}")
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(isinstance(item, str) for item in value):
            listed = np.empty(len(value), object)
            listed[:] = value
        else:
            listed = np.asarray([_time(item) for item in value])
    else:
        listed = np.asarray(_time(value))
        if isinstance(value, int) and listed.dtype.kind == "O":
            raise OutOfRange(f"{what}: {value} fits no integer type")
    if listed.ndim > 1:
        raise InvalidArgument(f"{what}: an attribute is one value or a list, not {listed.ndim} dimensions")
    kind = element_type(listed.dtype if dtype is None else dtype)
    if kind is STRING:
        if listed.dtype.kind not in TEXT_KINDS:
            raise TypeMismatch(f"{what}: {value!r} is no text")
        return kind, listed.reshape(-1)
    if dtype is None and listed.dtype.kind != "M":
        return kind, listed.astype(kind.numpy).reshape(-1)
    return kind, values(listed, kind, what).reshape(-1)
