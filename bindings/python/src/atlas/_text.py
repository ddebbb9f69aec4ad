"""Names, paths, texts and lists on their way into C and out of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._c import ffi, lib
from ._errors import InvalidArgument, TypeMismatch, Unsupported, check

_uncleared = ffi.new_allocator(should_clear_after_alloc=False)

# What most names and lists fit in; the others take a second call.
_USUAL = 1024


def name_of(text: object, what: str = "a name") -> bytes:
    """A name as C takes it. The library checks the rest: length, control characters."""
    if not isinstance(text, str):
        raise TypeMismatch(f"{what} is text, not {type(text).__name__}")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{what} is not Unicode text: {text!r}") from None
    if b"\0" in encoded:
        raise InvalidArgument(f"{what} holds a NUL: {text!r}")
    return encoded


def path_of(source: object) -> str:
    """An absolute path, so that the store stays the same one when the working directory changes."""
    if not isinstance(source, (str, os.PathLike)):
        raise Unsupported(f"a store is a folder of this machine, named by a path; a {type(source).__name__} is none")
    path = os.fspath(source)
    if not isinstance(path, str):
        raise TypeMismatch("a path is text, not bytes")
    return os.path.abspath(path)


def names(values: Iterable[str], what: str) -> Any:
    """A `const char *[]`, and what keeps it alive."""
    kept = [ffi.new("char[]", name_of(value, what)) for value in values]
    return ffi.new("char *[]", kept), kept


def texts(ask: Callable[[Any, int, Any], int]) -> list[str]:
    """A list of texts. `ask` is called with buffer, capacity and needed, and returns a status."""
    return listed(bytes_of(ask))


def listed(found: bytes) -> list[str]:
    """The texts of a list of the library, each of which ends with a NUL."""
    return found[:-1].decode().split("\0") if found else []


def text(ask: Callable[[Any, int, Any], int]) -> str:
    """One text; as `texts`."""
    return bytes_of(ask)[:-1].decode()


def bytes_of(ask: Callable[[Any, int, Any], int], capacity: int = _USUAL) -> bytes:
    """What `ask` puts into a buffer; as `texts`."""
    needed = ffi.new("size_t *")
    while True:
        buffer = _uncleared("char[]", capacity)
        status = ask(buffer, capacity, needed)
        if status != lib.ATLAS_STATUS_BUFFER_TOO_SMALL:
            check(status)
            return bytes(ffi.buffer(buffer, needed[0]))
        capacity = needed[0]


def numbers_of(ask: Callable[[int, Any, Any], int], kind: str, capacity: int) -> list[int]:
    """A list of numbers. `ask` is called with capacity, an array of this kind and count, and returns a status."""
    count = ffi.new("size_t *")
    while True:
        found = ffi.new(kind, capacity)
        status = ask(capacity, found, count)
        if status != lib.ATLAS_STATUS_BUFFER_TOO_SMALL:
            check(status)
            return list(found[0 : count[0]])
        capacity = count[0]


def cells(ask: Callable[[Any, int, Any], int], count: int) -> list[str]:
    """The texts of `count` cells; as `texts`."""
    found = bytes_of(ask, max(_USUAL, 32 * count))
    return found[:-1].decode().split("\0") if count else []


class Texts:
    """Texts as a `const char *const *`, in C order; `pointers` lives as long as this does."""

    __slots__ = ("_bytes", "_pointers", "pointers")

    def __init__(self, values: NDArray[Any], what: str) -> None:
        listed = values.ravel().tolist()
        try:
            self._bytes = "\0".join(listed).encode() + b"\0"
        except (TypeError, UnicodeEncodeError):
            listed = [_one(value, what) for value in listed]
            self._bytes = "\0".join(listed).encode() + b"\0"
        ends = np.flatnonzero(np.frombuffer(self._bytes, np.uint8) == 0)
        if len(ends) != max(1, len(listed)):
            raise InvalidArgument(f"{what}: a text holds a NUL, which C cannot take")
        starts = np.empty(len(ends), np.uintp)
        starts[0] = 0
        starts[1:] = ends[:-1] + 1
        starts += int(ffi.cast("uintptr_t", ffi.from_buffer(self._bytes)))
        self._pointers = starts
        self.pointers = ffi.cast("const char *const *", ffi.from_buffer(starts))


def _one(value: object, what: str) -> str:
    """A cell of text; bytes are taken as UTF-8."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise InvalidArgument(f"{what}: these bytes are not UTF-8: {value!r}") from None
    if not isinstance(value, str):
        raise TypeMismatch(f"{what}: a cell of text is a str, not {type(value).__name__}: {value!r}")
    name = str(value)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{what}: this is not Unicode text: {name!r}") from None
    return name
