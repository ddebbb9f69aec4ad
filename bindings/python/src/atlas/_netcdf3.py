"""The size of a classic NetCDF file, as its header says it: libnetcdf reads zeros past the end of a file."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from ._errors import Corrupt

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
_MAGIC = b"CDF?"
_INT, _LONG = struct.Struct(">I"), struct.Struct(">Q")
# Headers are read so many bytes at a time.
_BLOCK = 16 << 10


class _Header:
    """A reader of headers, which reads on as far as it is asked."""

    def __init__(self, file: BinaryIO, version: int) -> None:
        self.file = file
        self.size = os.fstat(file.fileno()).st_size
        self.read = bytearray()
        self.at = 0
        self.count_of = (_LONG if version == 5 else _INT).unpack_from
        self.count_bytes = 8 if version == 5 else 4
        self.offset_bytes = 4 if version == 1 else 8

    def require(self, size: int) -> None:
        if self.at + size > len(self.read):
            # A damaged header asks for any number of bytes.
            if len(_MAGIC) + self.at + size > self.size:
                raise EOFError
            self.read += self.file.read(max(_BLOCK, size))

    def number(self, size: int) -> int:
        self.require(size)
        self.at += size
        return int.from_bytes(self.read[self.at - size : self.at], "big")

    def count(self) -> int:
        at = self.at
        self.at += self.count_bytes
        try:
            found: int = self.count_of(self.read, at)[0]
        except struct.error:
            self.at = at
            return self.number(self.count_bytes)
        return found

    def skip(self, size: int) -> None:
        self.require(_padded(size))
        self.at += _padded(size)

    def items(self) -> range:
        self.number(4)
        return range(self.count())

    def skip_attributes(self) -> None:
        for _ in self.items():
            self.skip(self.count())
            kind = self.number(4)
            self.skip(self.count() * _SIZES[kind])


def _padded(size: int) -> int:
    return (size + 3) & ~3


def check_size(path: str) -> None:
    """Refuse a classic file that ends before its last value. Other files pass: their own library checks them."""
    with open(path, "rb") as file:
        magic = file.read(len(_MAGIC))
        if magic[:3] != _MAGIC[:3] or magic[3:] not in (b"\1", b"\2", b"\5"):
            return
        try:
            needed = _needed(_Header(file, magic[3]))
        except (EOFError, IndexError, KeyError):
            raise Corrupt(f"file {path!r} is damaged: its header is incomplete") from None
        found = os.fstat(file.fileno()).st_size
    if found < needed:
        raise Corrupt(f"file {path!r} is truncated: it has {found} bytes, and its header says {needed}")


def _needed(header: _Header) -> int:
    records = header.count()
    extents = []
    for _ in header.items():
        header.skip(header.count())
        extents.append(header.count())
    header.skip_attributes()
    end = 0
    # Of each variable with records, where it begins, and how long a record is.
    recorded: list[tuple[int, int]] = []
    for _ in header.items():
        header.skip(header.count())
        shape = [extents[header.count()] for _ in range(header.count())]
        header.skip_attributes()
        size = _SIZES[header.number(4)]
        header.count()
        begin = header.number(header.offset_bytes)
        is_recorded = bool(shape) and shape[0] == 0
        for extent in shape[1:] if is_recorded else shape:
            size *= extent
        if is_recorded:
            recorded.append((begin, size))
        else:
            end = max(end, begin + size)
    if recorded and records > 0:
        step = recorded[0][1] if len(recorded) == 1 else sum(_padded(size) for _, size in recorded)
        end = max(end, *(begin + (records - 1) * step + size for begin, size in recorded))
    return end
