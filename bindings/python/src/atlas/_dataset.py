"""One dataset of a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._array import Array, Info, define
from ._attributes import Attributes
from ._c import ffi, lib
from ._choices import bits_of, codec_of, filter_of, level_of, switch
from ._errors import NotFound
from ._text import name_of, texts

if TYPE_CHECKING:
    from ._store import Atlas


class DatasetView:
    """A dataset of a store: named arrays, and attributes.

    Of a store: ``store.create_dataset("jan")``, ``store.open_dataset("jan")`` or ``store["jan"]``. It holds nothing
    but its name, keeps the store alive, and is dead when the store is closed.
    """

    __slots__ = ("_key", "_store")

    def __init__(self, store: Atlas, key: bytes) -> None:
        self._store = store
        self._key = key

    def __reduce__(self) -> tuple[Any, ...]:
        return DatasetView, (self._store, self._key)

    @property
    def name(self) -> str:
        """Its name."""
        return self._key.decode()

    @property
    def store(self) -> Atlas:
        """The store that it is of."""
        return self._store

    @property
    def attrs(self) -> Attributes:
        """Its attributes, a mapping that reads and writes the store."""
        return Attributes(self._store, self._key, None)

    # ---- Arrays ----

    def list_arrays(self) -> list[str]:
        """The names of the arrays, in the order in which they were defined.

        Raises
        ------
        NotFound
            The dataset is deleted.
        """
        ask = lib.atlas_array_names
        return texts(lambda *buffer: self._store._status(ask, self._key, *buffer))

    def __iter__(self) -> Iterator[str]:
        return iter(self.list_arrays())

    def __len__(self) -> int:
        out = ffi.new("size_t *")
        self._store._call(lib.atlas_array_count, self._key, out)
        return int(out[0])

    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has_array(name)

    def __getitem__(self, name: str) -> Array:
        """An array, to be read and written by indexing; `NotFound`, a `KeyError`, if there is none."""
        array = Array(self._store, self._key, name_of(name, "an array's name"))
        array._info()
        return array

    def __delitem__(self, name: str) -> None:
        self.delete_array(name)

    def has_array(self, name: str) -> bool:
        """Whether there is an array of this name.

        Raises
        ------
        NotFound
            The dataset is deleted.
        """
        out = ffi.new("bool *")
        self._store._call(lib.atlas_has_array, self._key, name_of(name, "an array's name"), out)
        return bool(out[0])

    def define_array(
        self,
        name: str,
        dtype: DTypeLike,
        dims: Sequence[str] | None,
        shape: Sequence[int],
        chunk_shape: Sequence[int] | None = None,
        fill_value: Any = None,
        *,
        codec: str | None = None,
        level: int | None = None,
        shuffle: bool | None = None,
        filter: str | None = None,
        keep_bits: int | None = None,
        pack: bool | None = None,
        unlimited: bool | None = None,
    ) -> Array:
        """Define an array. Until they are written its cells read as the fill value, or as zero.

        Parameters
        ----------
        name : str
            Its name. Arrays of one name in all datasets are stored together, and may differ in type and shape.
        dtype : str or dtype
            "int8" to "uint64", "float16" to "float64", "complex64", "complex128", "bool", "string" or
            "timestamp_nanoseconds"; the library's short names ("f32"); or a type of NumPy.
        dims : sequence of str or None
            Names of the dimensions. A name may stand several times, and has one length in a dataset; of first
            dimensions, which grow array by array, that holds in every commit: a flush that finds two lengths is an
            `InvalidArgument`. None: an array of one dimension has its own name as that of the dimension, any other
            "dim_0", "dim_1", ..., which are compared with nothing.
        shape : sequence of int
            The extents, none for a scalar; 0 for a first dimension that `Array.append` grows.
        chunk_shape : sequence of int, optional
            The extents of a chunk, the unit of storage. By default the whole array up to 4 MiB, and parts of about
            2 MiB above that.
        fill_value : scalar, optional
            The value that stands for "missing", of the array's type exactly.
        codec : {"zstd", "lz4", "none"}, optional
            How chunks are compressed; by default as the store says.
        level : int, optional
            The codec's level.
        shuffle : bool, optional
            Whether to shuffle the bytes of elements before compressing.
        filter : {"none", "delta"}, optional
            What to do to elements before that; by default as the store says. "delta" stores each as its difference to the
            one before it, of floats that of their bits: smooth fields take less space. Not for bool, complex128 and text.
        keep_bits : int, optional
            Bits of the mantissa that are kept of each float that is written: at most 10 for float16, 23 for float32 and
            complex64, 52 for float64 and complex128. Values are rounded when they are written, with a relative error of
            at most ``2 ** -(keep_bits + 1)``. NaN, infinities and the fill value stay. By default all.
        pack : bool, optional
            Whether to compress chunks below 16 KiB together with others, which takes less space and time. Without, each
            chunk has a byte range of its own, which other programs can read where it lies: see `Array.chunk_places`.
        unlimited : bool, optional
            Whether `Array.write` past the end of the first dimension makes it grow, with the fill value between; by default
            where it begins at 0.

        Returns
        -------
        Array
            The array.

        Raises
        ------
        AlreadyExists
            The dataset has an array of this name.
        NotFound
            The dataset is deleted.
        TypeMismatch, OutOfRange
            `fill_value` is not of the type, or does not fit it.
        InvalidArgument
            A name, a type, or a shape is none, or a dimension's name has another length in the dataset.
        ReadOnly
            The store is open for reading.
        """
        return define(
            self._store,
            self._key,
            name,
            dtype,
            dims,
            shape,
            chunk_shape,
            fill_value,
            codec_of(codec),
            level_of(level),
            switch(shuffle),
            filter_of(filter),
            bits_of(keep_bits),
            switch(pack),
            switch(unlimited),
        )

    def delete_array(self, name: str) -> None:
        """Delete an array with its attributes. Its bytes stay on the disk until a `Atlas.compact` at the latest.

        Raises
        ------
        NotFound
            There is no such array.
        """
        self._store._change(lib.atlas_delete_array, self._key, name_of(name, "an array's name"))

    def write_array(self, name: str, start: Sequence[int] | None, data: ArrayLike) -> None:
        """Write a box of an array; see `Array.write`.

        Parameters
        ----------
        name : str
            The array.
        start : sequence of int or None
            The box's first cell; None for the origin.
        data : array_like
            The values.

        Raises
        ------
        NotFound
            There is no such array.
        OutOfRange, TypeMismatch
            The box leaves the array, or a value does not fit its type.
        """
        Array(self._store, self._key, name_of(name, "an array's name")).write(data, start)

    def append_array(self, name: str, data: ArrayLike) -> None:
        """Append to an array along dimension 0; see `Array.append`."""
        Array(self._store, self._key, name_of(name, "an array's name")).append(data)

    def read_array(
        self,
        name: str,
        start: Sequence[int] | None = None,
        shape: Sequence[int] | None = None,
        *,
        dtype: DTypeLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any] | None:
        """Read an array, or a box of it; see `Array.read`.

        Returns
        -------
        numpy.ndarray or None
            The values; None if the dataset has no such array.

        Raises
        ------
        OutOfRange
            The box leaves the array.
        """
        array = Array(self._store, self._key, name_of(name, "an array's name"))
        info = self._info_of(array)
        return None if info is None else array._read(info, start, shape, dtype, out)

    def read_arrays(
        self, names: Iterable[str], start: Sequence[int] | None = None, shape: Sequence[int] | None = None
    ) -> dict[str, NDArray[Any] | None]:
        """Read the same box of several arrays.

        Returns
        -------
        dict
            The name of each, with its values or None; see `read_array`.
        """
        return {name: self.read_array(name, start, shape) for name in names}

    def array_meta(self, name: str) -> dict[str, Any] | None:
        """What an array is.

        Returns
        -------
        dict or None
            "dtype", "shape", "chunk_shape" and "dimension_names"; None if there is no such array.
        """
        array = self._find(name)
        if array is None:
            return None
        info = array._info()
        return {
            "dtype": info.kind.name,
            "shape": list(info.shape),
            "chunk_shape": list(info.chunks),
            "dimension_names": list(array.dims),
        }

    def array_stats(self, name: str) -> dict[str, Any] | None:
        """Statistics of an array, as of the last flush.

        Returns
        -------
        dict or None
            "row_count", "null_count", "min" and "max", as `Stats`, with times as nanoseconds since 1970; None if
            there is no such array, or it has changes that are not flushed.
        """
        array = self._find(name)
        stats = None if array is None else array.stats
        return None if stats is None else stats.as_dict()

    def array_fill_value(self, name: str) -> Any:
        """The fill value of an array as a value of Python, times as nanoseconds since 1970; None without one."""
        array = self._find(name)
        value = None if array is None else array.fill_value
        if isinstance(value, np.datetime64):
            return int(value.astype("i8"))
        return value.item() if isinstance(value, np.generic) else value

    def _find(self, name: str) -> Array | None:
        array = Array(self._store, self._key, name_of(name, "an array's name"))
        return None if self._info_of(array) is None else array

    def _info_of(self, array: Array) -> Info | None:
        """What an array is; None if the dataset has no such array, a failure if there is no such dataset."""
        try:
            return array._info()
        except NotFound:
            if self._store.dataset_exists(self.name):
                return None
            raise

    # ---- Attributes ----

    def set_attribute(self, key: str, value: Any, dtype: DTypeLike | None = None) -> None:
        """Set an attribute of the dataset; see `Attributes.set`."""
        self.attrs.set(key, value, dtype)

    def get_attribute(self, key: str) -> Any:
        """An attribute's value as Python's own types; None if there is none.

        Times come as nanoseconds since 1970, several values as a list; `attrs` gives NumPy's types.
        """
        return self.attrs._plain(key)

    def attributes(self) -> dict[str, Any]:
        """All attributes of the dataset; values as `get_attribute` gives them."""
        return self.attrs._all_plain()

    def delete_attribute(self, key: str) -> None:
        """Delete an attribute of the dataset; `NotFound` if there is none."""
        del self.attrs[key]

    def set_array_attribute(self, array: str, key: str, value: Any, dtype: DTypeLike | None = None) -> None:
        """Set an attribute of an array; see `Attributes.set`. `NotFound` if there is no such array."""
        self._array_attributes(array).set(key, value, dtype)

    def get_array_attribute(self, array: str, key: str) -> Any:
        """The value of an attribute of an array, as `get_attribute`; None if there is none, or no such array."""
        return self._array_attributes(array)._plain(key)

    def array_attributes(self, array: str) -> dict[str, Any]:
        """All attributes of an array; values as `get_attribute` gives them. Empty if there is no such array."""
        return self._array_attributes(array)._all_plain() if self._find(array) is not None else {}

    def delete_array_attribute(self, array: str, key: str) -> None:
        """Delete an attribute of an array; `NotFound` if there is none."""
        del self._array_attributes(array)[key]

    def _array_attributes(self, array: str) -> Attributes:
        return Attributes(self._store, self._key, name_of(array, "an array's name"))

    def __repr__(self) -> str:
        try:
            return f"<DatasetView name={self.name!r} arrays={len(self)}>"
        except (NotFound, ValueError) as gone:
            return f"<DatasetView name={self.name!r}: {gone}>"

    def _repr_html_(self) -> str:
        from ._html import dataset_html

        return dataset_html(self)
