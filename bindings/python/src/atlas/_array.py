"""One array of a store, read and written by indexing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._attributes import Attributes
from ._c import ffi, lib
from ._errors import BufferTooSmall, InvalidArgument, NoStats, NotFound, OutOfRange, TypeMismatch
from ._index import Key, Selection, select
from ._memory import extents, integers, source, target
from ._text import Texts, cells, listed, name_of, text, texts
from ._types import BY_CODE, STRING, TEXT_KINDS, TIMESTAMP, ElementType, element_type, wide_values

if TYPE_CHECKING:
    from ._store import Atlas

# A read with steps takes the whole box in between where that is at most so many times what it selects.
_BOX = 4

_CODECS = {lib.ATLAS_CODEC_ZSTD: "zstd", lib.ATLAS_CODEC_LZ4: "lz4", lib.ATLAS_CODEC_NONE: "none"}
_FILTERS = {lib.ATLAS_FILTER_NONE: "none", lib.ATLAS_FILTER_DELTA: "delta"}


@dataclass(frozen=True)
class Stats:
    """Statistics of an array or of one chunk, as of the last flush.

    Attributes
    ----------
    row_count : int
        Cells of the shape.
    null_count : int
        Cells equal to the fill value, never-written ones included; 0 without a fill value.
    min, max : bool, int, float, numpy.datetime64 or None
        The smallest and the largest value, without nulls and NaN, exactly. None where there is none, and for complex
        numbers and text.
    """

    row_count: int
    null_count: int
    min: Any
    max: Any

    def as_dict(self) -> dict[str, Any]:
        """The four as a dict; times as nanoseconds since 1970."""
        low, high = (int(one.astype("i8")) if isinstance(one, np.datetime64) else one for one in (self.min, self.max))
        return {"row_count": self.row_count, "null_count": self.null_count, "min": low, "max": high}


def stats_of(out: Any) -> Stats:
    if not out.has_range:
        low = high = None
    else:
        kind = BY_CODE[out.dtype].numpy.kind
        if kind == "f":
            low, high = out.min, out.max
        elif kind == "u":
            low, high = out.min_uint, out.max_uint
        elif kind == "b":
            low, high = bool(out.min_int), bool(out.max_int)
        elif kind == "M":
            low, high = np.datetime64(out.min_int, "ns"), np.datetime64(out.max_int, "ns")
        else:
            low, high = out.min_int, out.max_int
    return Stats(out.row_count, out.null_count, low, high)


@dataclass(frozen=True, eq=False)
class ChunkPlaces:
    """Where the stored chunks of an array lie, so that other programs read them in place.

    A block is `stored_len` bytes of a file from `offset` on. Decoded (first `codec`, then the shuffle, then `delta` undone)
    it has `raw_len` bytes; the piece is `len` of them from `at` on: all cells of a piece (`Array.pieces`) in C order, also
    those outside the array, little-endian; texts as numcodecs' vlen-utf8 has them. Where `len` is `raw_len`, the block
    is the piece.

    Attributes
    ----------
    places : numpy.ndarray
        One for each piece of a stored chunk, in the order of their numbers. The fields: `number`, its indices in the
        grid of pieces counted in C order; `file`, an index of `files`; `offset`, `stored_len`, `raw_len`, `at` and
        `len`; `checksum`, the CRC-32C of the block in the file, or 2^64 - 1 where it stands behind the block as a
        little-endian u4; `codec`, "zstd", "lz4" or "none"; `shuffle`, bytes of the elements whose bytes were shuffled,
        1 where they were not; `delta`, bytes of the elements that are differences to the one before them in the block, as
        integers that wrap, 0 where they are themselves.
    files : list of str
        Paths from the store's folder on.
    generation : int
        The commit whose chunks these are. The files stay as long as it is kept.
    """

    places: NDArray[np.void]
    files: list[str]
    generation: int


_PLACE = np.dtype(
    [(name, "u8") for name in ("number", "file", "offset", "stored_len", "raw_len", "at", "len", "checksum")]
    + [("codec", "i4"), ("shuffle", "i4"), ("delta", "i4"), ("reserved", "i4")]
)
_NAMED_PLACE = np.dtype([(name, "U4" if name == "codec" else _PLACE[name]) for name in (_PLACE.names or ())[:-1]])


_DESCRIPTION = ffi.typeof("atlas_array_description *")
_DESCRIPTION_SIZE = ffi.sizeof(_DESCRIPTION.item)


class Info:
    """What the library says of an array."""

    __slots__ = ("_raw", "kind", "rank", "shape")

    def __init__(self, store: Atlas, dataset: bytes, array: bytes) -> None:
        out = ffi.new(_DESCRIPTION)
        out.struct_size = _DESCRIPTION_SIZE
        store._call(lib.atlas_array_info, dataset, array, out)
        self._raw = out
        self.kind: ElementType = BY_CODE[out.dtype]
        self.rank: int = out.rank
        self.shape: tuple[int, ...] = tuple(ffi.unpack(out.shape, self.rank))

    @property
    def chunks(self) -> tuple[int, ...]:
        return tuple(ffi.unpack(self._raw.chunk_shape, self.rank))

    @property
    def pieces(self) -> tuple[int, ...]:
        return tuple(ffi.unpack(self._raw.piece_shape, self.rank))

    @property
    def codec(self) -> str:
        return _CODECS[self._raw.codec]

    @property
    def level(self) -> int:
        return int(self._raw.level)

    @property
    def shuffle(self) -> bool:
        return bool(self._raw.shuffle == lib.ATLAS_SWITCH_ON)

    @property
    def filter(self) -> str:
        return _FILTERS[self._raw.filter]

    @property
    def keep_bits(self) -> int | None:
        return self._raw.keep_bits or None

    @property
    def pack(self) -> bool:
        return bool(self._raw.pack == lib.ATLAS_SWITCH_ON)

    @property
    def unlimited(self) -> bool:
        return bool(self._raw.unlimited == lib.ATLAS_SWITCH_ON)

    @property
    def has_fill_value(self) -> bool:
        return bool(self._raw.has_fill_value)

    @property
    def fill_bytes(self) -> bytes:
        return bytes(ffi.buffer(self._raw.fill_value))[: lib.atlas_dtype_size(self.kind.code)]


class Array:
    """One array of a dataset. It holds no values: indexing reads what is named, and assignment writes it.

    Of a dataset: ``dataset["t"]``. Integers, slices with any step, and one Ellipsis select, as in NumPy; lists and
    masks do not: read a part, and index that. Reading a part reads only the chunks that it touches.

    Examples
    --------
    >>> t = dataset["t"]                                # doctest: +SKIP
    >>> t.shape, t.dtype, t.dims                        # doctest: +SKIP
    ((31, 45, 72), dtype('float32'), ('time', 'lat', 'lon'))
    >>> noon = t[3, ::2]                                # doctest: +SKIP
    >>> t[0:2] = 273.15                                 # doctest: +SKIP
    """

    __slots__ = ("_array", "_dataset", "_store")

    def __init__(self, store: Atlas, dataset: bytes, array: bytes) -> None:
        self._store = store
        self._dataset = dataset
        self._array = array

    def __reduce__(self) -> tuple[Any, ...]:
        return Array, (self._store, self._dataset, self._array)

    @property
    def name(self) -> str:
        """Its name."""
        return self._array.decode()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its type in NumPy: object for text, datetime64[ns] for times."""
        return self._info().kind.numpy

    @property
    def dtype_name(self) -> str:
        """Its type's name in the store, as `DatasetView.define_array` takes it."""
        return self._info().kind.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Its extents."""
        return self._info().shape

    @property
    def ndim(self) -> int:
        """The number of dimensions; 0 for a scalar."""
        return self._info().rank

    @property
    def size(self) -> int:
        """The number of cells."""
        return math.prod(self.shape)

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the dimensions."""
        ask = lib.atlas_array_dims
        return tuple(texts(lambda *buffer: self._store._status(ask, self._dataset, self._array, *buffer)))

    @property
    def chunks(self) -> tuple[int, ...]:
        """The extents of a chunk, the unit of storage."""
        return self._info().chunks

    @property
    def pieces(self) -> tuple[int, ...]:
        """The extents of the pieces that a chunk is stored in, each compressed by itself; `chunks` where it is one."""
        return self._info().pieces

    @property
    def codec(self) -> str:
        """How chunks are compressed: "zstd", "lz4" or "none"."""
        return self._info().codec

    @property
    def level(self) -> int:
        """The codec's level."""
        return self._info().level

    @property
    def shuffle(self) -> bool:
        """Whether the bytes of elements are shuffled before they are compressed."""
        return self._info().shuffle

    @property
    def filter(self) -> str:
        """What is done to elements before that: "none" or "delta"."""
        return self._info().filter

    @property
    def keep_bits(self) -> int | None:
        """Bits of the mantissa that are kept of each float that is written; None: all."""
        return self._info().keep_bits

    @property
    def pack(self) -> bool:
        """Whether small chunks are compressed together with others."""
        return self._info().pack

    @property
    def unlimited(self) -> bool:
        """Whether `write` past the end of dimension 0 makes it grow."""
        return self._info().unlimited

    @property
    def fill_value(self) -> Any:
        """The value that stands for "missing", as NumPy's scalar or `str`; None if there is none."""
        info = self._info()
        if not info.has_fill_value:
            return None
        if info.kind is STRING:
            ask = lib.atlas_array_fill_text
            return text(lambda *buffer: self._store._status(ask, self._dataset, self._array, *buffer))
        return np.frombuffer(info.fill_bytes, info.kind.numpy)[0]

    @property
    def attrs(self) -> Attributes:
        """Its attributes, a mapping that reads and writes the store."""
        return Attributes(self._store, self._dataset, self._array)

    @property
    def stats(self) -> Stats | None:
        """Its statistics as of the last flush; None from a write on until the next flush."""
        out = ffi.new("atlas_stats *")
        try:
            self._store._call(lib.atlas_array_stats, self._dataset, self._array, out)
        except NoStats:
            return None
        return stats_of(out)

    def chunk_stats(self, *chunk: int) -> Stats | None:
        """Statistics of one chunk, to skip chunks that cannot hold what is looked for.

        Parameters
        ----------
        *chunk : int
            The chunk's index in each dimension: a cell's, divided by the chunk's extent.

        Raises
        ------
        OutOfRange
            There is no such chunk.
        """
        out = ffi.new("atlas_stats *")
        at = extents(chunk, None, self._named, "a chunk's index")
        try:
            self._store._call(lib.atlas_chunk_stats, self._dataset, self._array, len(chunk), at, out)
        except NoStats:
            return None
        return stats_of(out)

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise TypeMismatch(f"array {self.name!r} has no dimensions, and so no length")
        return shape[0]

    def __getitem__(self, key: Key) -> Any:
        info = self._info()
        if key is Ellipsis:
            return self._read(info, None, None, None, None)
        selection = select(key, info.shape)
        found = self._read_selection(info, selection)
        return found[()] if selection.is_element else found

    def __setitem__(self, key: Key, value: ArrayLike) -> None:
        info = self._info()
        selection = select(key, info.shape)
        array = self._values(value, info)
        try:
            array = np.broadcast_to(array, selection.shape)
        except ValueError:
            raise InvalidArgument(
                f"array {self.name!r}: values of shape {array.shape} do not fit a selection of {selection.shape}"
            ) from None
        self._write_steps(selection.start, selection.step, array.reshape(selection.counts))

    def chunk_places(self) -> ChunkPlaces:
        """Where the stored chunks lie, for programs that read them in place: blocks are those of Zarr's codecs.

        They are those of the last commit that is seen. What was written since has no place yet: such a chunk is given
        as it was in that commit, or not at all. A chunk that is not given is not stored, and all its cells read as the
        fill value, or as zero without one.

        Raises
        ------
        Corrupt, IOFailure
            An index of the chunks cannot be read.
        """
        capacity, room = 256, 4096
        count, needed, generation = ffi.new("size_t *"), ffi.new("size_t *"), ffi.new("uint64_t *")
        while True:
            places = np.empty(capacity, _PLACE)
            buffer = ffi.new("char[]", room)
            pointer = ffi.from_buffer("atlas_chunk_place[]", places, require_writable=True)
            try:
                self._store._call(
                    lib.atlas_chunk_places,
                    self._dataset,
                    self._array,
                    capacity,
                    pointer,
                    count,
                    buffer,
                    room,
                    needed,
                    generation,
                )
            except BufferTooSmall:
                capacity, room = max(capacity, count[0]), max(room, needed[0])
            else:
                break
        found = places[: count[0]]
        named = np.empty(len(found), _NAMED_PLACE)
        for field in named.dtype.names or ():
            named[field] = found[field]
        for code, codec in _CODECS.items():
            named["codec"][found["codec"] == code] = codec
        return ChunkPlaces(named, listed(bytes(ffi.buffer(buffer, needed[0]))), int(generation[0]))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise InvalidArgument(f"array {self.name!r} is not in memory: to have its values there is a copy")
        found = self.read()
        return found if dtype is None else found.astype(dtype, copy=False)

    def __dlpack__(self, **options: Any) -> Any:
        """The values, read anew, for libraries that take memory by DLPack; `options` are those of NumPy's arrays.

        Raises
        ------
        BufferError
            The element type is one that DLPack does not have: texts, times.
        """
        try:
            return self.read().__dlpack__(**options)
        except TypeError as error:
            raise BufferError(f"array {self.name!r}: {error}") from None

    def __dlpack_device__(self) -> tuple[int, int]:
        """The memory of the processor."""
        return (1, 0)

    def __repr__(self) -> str:
        try:
            info = self._info()
        except (NotFound, ValueError) as gone:
            return f"<Array {self.name!r}: {gone}>"
        shape = ", ".join(f"{dim}: {extent}" for dim, extent in zip(self.dims, info.shape, strict=True))
        return f"<Array {self.name!r} {info.kind.name} ({shape})>"

    def _repr_html_(self) -> str:
        from ._html import array_html

        return array_html(self)

    def read(
        self,
        start: Sequence[int] | None = None,
        shape: Sequence[int] | None = None,
        *,
        dtype: DTypeLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Read a box of the array.

        Parameters
        ----------
        start : sequence of int, optional
            The box's first cell; by default the origin.
        shape : sequence of int, optional
            The box's extents; by default all from `start` to the end.
        dtype : dtype, optional
            The type in memory; by default the array's. Floats convert to each other, integers to integers that hold
            each value, small integers to floats; the page of the C header says all.
        out : numpy.ndarray, optional
            Memory of the box's shape to read into: contiguous or not, in any order.

        Returns
        -------
        numpy.ndarray
            `out`, or a new array in C order; of `str` objects for text.

        Raises
        ------
        OutOfRange
            The box leaves the array, or a value does not fit `dtype`.
        TypeMismatch
            The array's type does not convert to `dtype`.
        """
        return self._read(self._info(), start, shape, dtype, out)

    def write(self, data: ArrayLike, start: Sequence[int] | None = None) -> None:
        """Write a box of the array, in one call that happens or does not.

        Parameters
        ----------
        data : array_like
            The values; its shape is the box's. Views, Fortran order and any strides are used as they are. Values of
            NumPy convert where the library converts, see `read`; lists and numbers of Python become the array's type.
            Masked values are stored as the fill value.
        start : sequence of int, optional
            The box's first cell; by default the origin.

        Raises
        ------
        OutOfRange
            The box leaves the array, or a value does not fit the array's type.
        TypeMismatch
            The type of `data` does not convert to the array's.
        """
        array = data if type(data) is np.ndarray else self._values(data, self._info())
        self._write(extents(start, array.ndim, self._named, "start"), array)

    def append(self, data: ArrayLike) -> None:
        """Append along dimension 0: grow it by the extent of `data`, and write the new cells.

        Parameters
        ----------
        data : array_like
            As for `write`; all extents but the first equal the array's.

        Raises
        ------
        OutOfRange, TypeMismatch
            As for `write`; the array is then as it was.
        """
        array = data if type(data) is np.ndarray else self._values(data, self._info())
        if array.ndim == 0:
            raise InvalidArgument(self._named("what is appended has dimension 0"))
        count = ffi.new("uint64_t[]", array.shape)
        if array.dtype.kind in TEXT_KINDS:
            kept = Texts(array, self._named("a cell"))
            self._store._change(lib.atlas_append_strings, self._dataset, self._array, array.ndim, count, kept.pointers)
            return
        code, strides, pointer, _kept = source(array, self._named("values"))
        self._store._change(
            lib.atlas_append_array, self._dataset, self._array, code, array.ndim, count, strides, pointer
        )

    def resize(self, length: int) -> None:
        """Give dimension 0 another extent. Cells that it loses are gone; those that it gets read as the fill value.

        Parameters
        ----------
        length : int
            The extent, in cells.

        Raises
        ------
        InvalidArgument
            The array has no dimensions, or would have more cells than one can have.
        ReadOnly
            The store is open for reading.
        """
        self._store._change(lib.atlas_resize_array, self._dataset, self._array, self._extent(length))

    def extend(self, length: int) -> None:
        """Give dimension 0 an extent of at least `length`; where it has that, do nothing.

        Many workers of a session can do it, where only one can `append`.

        Parameters
        ----------
        length : int
            The extent, in cells.

        Raises
        ------
        InvalidArgument, ReadOnly
            As for `resize`.
        """
        self._store._change(lib.atlas_extend_array, self._dataset, self._array, self._extent(length))

    def _extent(self, length: int) -> int:
        if not 0 <= length < 1 << 64:
            raise InvalidArgument(self._named(f"an extent is a number from 0 on, not {length}"))
        return length

    def _info(self) -> Info:
        return Info(self._store, self._dataset, self._array)

    def _named(self, what: str) -> str:
        return f"array {self.name!r} of dataset {self._dataset.decode()!r}: {what}"

    def _values(self, value: ArrayLike, info: Info) -> NDArray[Any]:
        """Values to write: NumPy's as they are, masked cells as the fill value, Python's as the array's type."""
        if isinstance(value, np.ma.MaskedArray):
            return self._filled(value, info)
        if hasattr(value, "__array__"):
            return np.asarray(value)
        if info.kind is STRING:
            return np.asarray(value, object)
        # The store says what becomes of floats that the array's type does not have.
        return wide_values(np.asarray(value), info.kind, self._named("values"))

    def _filled(self, value: np.ma.MaskedArray[Any, Any], info: Info) -> NDArray[Any]:
        if not np.ma.is_masked(value):
            return np.asarray(value.data)
        if not info.has_fill_value:
            raise TypeMismatch(self._named("there are masked values, and no fill value to store them as"))
        fill = self.fill_value
        with np.errstate(all="ignore"):
            try:
                there: Any = np.asarray(fill).astype(value.dtype)[()]
            except ValueError:
                there = None
        if there is None or not (there == fill or (there != there and fill != fill)):
            raise TypeMismatch(self._named(f"masked values of {value.dtype} cannot be the fill value {fill!r}"))
        found: NDArray[Any] = value.filled(there)
        return found

    def _read(
        self,
        info: Info,
        start: Sequence[int] | None,
        shape: Sequence[int] | None,
        dtype: DTypeLike | None,
        out: NDArray[Any] | None,
    ) -> NDArray[Any]:
        # The extents are always given: were the array appended to meanwhile, "all of it" would be more than the memory.
        first = extents(start, info.rank, self._named, "start")
        if shape is not None:
            count = tuple(integers(shape, self._named, "shape"))
        elif start is not None:
            count = tuple(max(0, extent - int(one)) for extent, one in zip(info.shape, start, strict=True))
        else:
            count = info.shape
        counts = extents(count, info.rank, self._named, "shape")
        if out is not None:
            if dtype is not None and np.dtype(dtype) != out.dtype:
                raise TypeMismatch(self._named(f"out is of {out.dtype}, not of {np.dtype(dtype)}"))
            if out.shape != count:
                raise InvalidArgument(self._named(f"out has shape {out.shape}, the region {count}"))
        if info.kind is STRING:
            return self._read_strings(info.rank, first, counts, count, dtype, out)
        if out is None:
            # A type of NumPy that no call fills, such as another unit of time, is filled by way of one that it does.
            kind = info.kind.numpy if dtype is None else np.dtype(dtype)
            if count is not info.shape:
                self._check_room(info, start, count)
            out = np.empty(count, kind)
        memory = target(out)
        if memory is None:
            between = np.empty(count, TIMESTAMP.numpy if out.dtype.kind == "M" else _native(out.dtype))
            memory = target(between)
            if memory is None:
                raise TypeMismatch(self._named(f"memory of {out.dtype} is of no type of a store"))
            self._read_into(info.rank, first, counts, memory)
            out[...] = between
        else:
            self._read_into(info.rank, first, counts, memory)
        return out

    def _check_room(self, info: Info, start: Sequence[int] | None, count: tuple[int, ...]) -> None:
        """Refuse a region outside the array before memory is taken for it."""
        at = start if start is not None else (0,) * info.rank
        for dimension, (first, extent, whole) in enumerate(zip(at, count, info.shape, strict=True)):
            if first + extent > whole:
                raise OutOfRange(
                    self._named(f"cells {first} to {first + extent} of dimension {dimension}, which has {whole}")
                )

    def _read_into(self, rank: int, first: Any, counts: Any, memory: tuple[int, Any, Any, Any]) -> None:
        code, strides, pointer, _kept = memory
        self._store._call(lib.atlas_read_array, self._dataset, self._array, code, rank, first, counts, strides, pointer)

    def _read_strings(
        self,
        rank: int,
        first: Any,
        counts: Any,
        shape: tuple[int, ...],
        dtype: DTypeLike | None,
        out: NDArray[Any] | None,
    ) -> NDArray[Any]:
        wanted = out.dtype if out is not None else np.dtype(object if dtype is None else dtype)
        if wanted.kind not in "OUT":
            raise TypeMismatch(self._named(f"text cannot be read as {wanted}"))
        ask = lib.atlas_read_strings
        size = math.prod(shape)
        found = np.empty(size, object)
        found[:] = cells(
            lambda *buffer: self._store._status(ask, self._dataset, self._array, rank, first, counts, *buffer), size
        )
        made = found.reshape(shape)
        if wanted.kind == "U" and wanted.itemsize:
            room = wanted.itemsize // np.dtype("U1").itemsize
            longest = max(map(len, found), default=0)
            if longest > room:
                raise OutOfRange(self._named(f"a text of {longest} characters does not fit {wanted}"))
        if out is None:
            return made if wanted.kind == "O" else made.astype(wanted)
        out[...] = made
        return out

    def _read_selection(self, info: Info, selection: Selection) -> NDArray[Any]:
        start, count, step, shape, _ = selection
        if all(abs(by) == 1 for by in step):
            return self._read_box(info, start, count, step).reshape(shape)
        spread = [1 + (number - 1) * abs(by) for number, by in zip(count, step, strict=True)]
        if math.prod(spread) <= _BOX * math.prod(count):
            low = [at + (number - 1) * min(by, 0) for at, number, by in zip(start, count, step, strict=True)]
            box = self._read(info, low, spread, None, None)
            made: NDArray[Any] = box[_stepping(step)].copy()
            return made.reshape(shape)
        made = np.empty(count, info.kind.numpy)
        dimension = max(range(len(step)), key=lambda one: abs(step[one]) if count[one] > 1 else 0)
        for number in range(count[dimension]):
            part = Selection(
                _with(start, dimension, start[dimension] + number * step[dimension]),
                _with(count, dimension, 1),
                _with(step, dimension, 1),
                _with(count, dimension, 1),
                False,
            )
            at = (slice(None),) * dimension + (slice(number, number + 1),)
            made[at] = self._read_selection(info, part)
        return made.reshape(shape)

    def _read_box(self, info: Info, start: Sequence[int], count: Sequence[int], step: Sequence[int]) -> NDArray[Any]:
        """A box in which each dimension goes up or down, by the strides of the memory that is read into."""
        low = [at - (number - 1) if by < 0 else at for at, number, by in zip(start, count, step, strict=True)]
        if all(by > 0 for by in step):
            return self._read(info, low, count, None, None)
        made = np.empty(count, info.kind.numpy)
        self._read(info, low, count, None, made[_stepping(step)])
        return made

    def _write(self, start: Any, array: NDArray[Any]) -> None:
        count = ffi.new("uint64_t[]", array.shape)
        if array.dtype.kind in TEXT_KINDS:
            kept = Texts(array, self._named("a cell"))
            self._store._change(
                lib.atlas_write_strings, self._dataset, self._array, array.ndim, start, count, kept.pointers
            )
            return
        code, strides, pointer, _kept = source(array, self._named("values"))
        self._store._change(
            lib.atlas_write_array, self._dataset, self._array, code, array.ndim, start, count, strides, pointer
        )

    def _write_steps(self, start: tuple[int, ...], step: tuple[int, ...], array: NDArray[Any]) -> None:
        """Write where some dimensions have steps: a box for each index of those."""
        if array.size == 0:
            return
        for dimension, by in enumerate(step):
            if abs(by) > 1:
                for number in range(array.shape[dimension]):
                    at = (slice(None),) * dimension + (slice(number, number + 1),)
                    self._write_steps(
                        _with(start, dimension, start[dimension] + number * by),
                        _with(step, dimension, 1),
                        array[at],
                    )
                return
        low = [at - (number - 1) if by < 0 else at for at, number, by in zip(start, array.shape, step, strict=True)]
        self._write(ffi.new("uint64_t[]", low), array[_stepping(step)])


def _stepping(step: Sequence[int]) -> tuple[Any, ...]:
    """An index of these steps. The Ellipsis has it select an array where there are no dimensions, too."""
    return (*(slice(None, None, by) for by in step), ...)


def _with(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    return (*values[:at], value, *values[at + 1 :])


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def define(
    store: Atlas,
    dataset: bytes,
    name: str,
    dtype: DTypeLike,
    dims: Sequence[str] | None,
    shape: Sequence[int],
    chunk_shape: Sequence[int] | None,
    fill_value: Any,
    codec: int,
    level: int,
    shuffle: int,
    filter: int,
    keep_bits: int,
    pack: int,
    unlimited: int,
) -> Array:
    """Define an array; see `DatasetView.define_array`."""
    from ._text import names
    from ._types import one_value

    what = f"array {name!r} of dataset {dataset.decode()!r}"
    kind = element_type(dtype)

    def named_in(name: str) -> str:
        return f"{what}: {name}"

    extent = extents(shape, None, named_in, "shape")
    rank = len(extent)
    options = ffi.new("atlas_array_options *")
    options.struct_size = ffi.sizeof("atlas_array_options")
    kept: list[Any] = []
    if chunk_shape is not None:
        kept.append(extents(chunk_shape, rank, named_in, "chunk_shape"))
        options.chunk_shape = kept[-1]
    options.codec, options.level, options.shuffle, options.pack = codec, level, shuffle, pack
    options.filter, options.keep_bits, options.unlimited = filter, keep_bits, unlimited
    if fill_value is not None:
        if kind is STRING:
            kept.append(ffi.new("char[]", name_of(fill_value, f"{what}: the fill value of text")))
            options.fill_value = kept[-1]
        else:
            value = one_value(fill_value, kind, f"{what}: fill_value")
            kept.append(ffi.new("char[]", value.astype(kind.numpy).tobytes()))
            options.fill_value = kept[-1]
    named: Any = ffi.NULL
    if dims is not None:
        if isinstance(dims, str) or len(dims) != rank:
            raise InvalidArgument(f"{what}: dims are {rank} names, one for each dimension, not {dims!r}")
        named, more = names(dims, "a dimension's name")
        kept.append(more)
    encoded = name_of(name, "an array's name")
    store._change(lib.atlas_define_array, dataset, encoded, kind.code, rank, named, extent, options)
    return Array(store, dataset, encoded)
