"""NumPy's memory as C takes it: a type, strides and a pointer, without a copy where C can use what is there."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._c import ffi
from ._errors import InvalidArgument, OutOfRange, TypeMismatch
from ._types import CODE, TIMESTAMP, nanoseconds

# Looked up once: calls for small arrays are counted in hundreds of nanoseconds.
_NULL = ffi.NULL
_CHARS = ffi.typeof("char[]")
_UINT64S = ffi.typeof("uint64_t[]")
_from_buffer = ffi.from_buffer


class Memory(NamedTuple):
    code: int
    strides: Any
    pointer: Any
    # Keeps the memory alive, and is what was made when the caller's could not be used.
    array: NDArray[Any]


def source(array: NDArray[Any], what: str) -> Memory:
    """Memory to write from."""
    kind = array.dtype.kind
    if kind == "M":
        array = nanoseconds(array, what)
    native = array.dtype if array.dtype.isnative else array.dtype.newbyteorder("=")
    code = CODE.get(native)
    if code is None:
        hint = ": store its .view('int64')" if kind == "m" else ""
        raise TypeMismatch(f"{what}: memory of {array.dtype} is of no type of a store{hint}")
    if native is not array.dtype:
        array = array.astype(native)
    made = _of(array, code, writable=False)
    return made if made is not None else _of_contiguous(np.array(array, order="C"), code, writable=False)


def target(array: NDArray[Any]) -> Memory | None:
    """Memory to read into; None where C cannot write it, because of byte order, unit or alignment of elements."""
    flags = array.flags
    if not flags.writeable:
        raise InvalidArgument("the memory to read into is read-only")
    dtype = array.dtype
    code = CODE.get(dtype) if dtype.isnative else None
    if code is None:
        return None
    return _of_contiguous(array, code, writable=True) if flags.c_contiguous else _of(array, code, writable=True)


def _of(array: NDArray[Any], code: int, writable: bool) -> Memory | None:
    if array.flags.c_contiguous:
        return _of_contiguous(array, code, writable)
    strides = []
    for stride in array.strides:
        elements, rest = divmod(stride, array.itemsize)
        if rest:
            return None
        strides.append(elements)
    pointer = ffi.cast("void *", array.__array_interface__["data"][0])
    return Memory(code, ffi.new("int64_t[]", strides), pointer, array)


def _of_contiguous(array: NDArray[Any], code: int, writable: bool) -> Memory:
    # NumPy lends no buffer of times.
    lent = array.view("i8") if code == TIMESTAMP.code else array
    return Memory(code, _NULL, _from_buffer(_CHARS, lent, writable), array)


def integers(values: Any, what: Callable[[str], str], name: str) -> list[int]:
    """Integers of any kind as Python's own. In failures they are `what(name)`."""
    try:
        return [operator.index(value) for value in values]
    except TypeError:
        raise TypeMismatch(f"{what(name)} is of integers, not {values!r}") from None


def extents(values: Any, rank: int | None, what: Callable[[str], str], name: str) -> Any:
    """Extents or indices as a `uint64_t[]`; None as NULL. In failures they are `what(name)`."""
    if values is None:
        return _NULL
    listed = integers(values, what, name)
    if rank is not None and len(listed) != rank:
        raise InvalidArgument(f"{what(name)} has {len(listed)} numbers, not one for each of {rank} dimensions")
    try:
        return ffi.new(_UINT64S, listed)
    except OverflowError:
        raise OutOfRange(f"{what(name)} is of numbers from 0 to 2^64 - 1, not {listed}") from None
