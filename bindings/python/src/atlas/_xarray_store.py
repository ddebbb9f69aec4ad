"""A dataset of a store as xarray's backends see one: encoded variables, read when they are used, and written."""

from __future__ import annotations

import asyncio
import os
import uuid
import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, Protocol

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.backends.common import ArrayWriter, WritableCFDataStore, ensure_dtype_not_object
from xarray.coding.strings import CharacterArrayCoder, EncodedStringCoder, create_vlen_dtype
from xarray.coding.variables import SerializationWarning
from xarray.conventions import cf_encoder
from xarray.core import indexing

from . import _chars
from ._array import Array
from ._attributes import Attributes
from ._chars import Chars
from ._conventions import (
    CALENDAR,
    RESERVED,
    TYPES,
    UNITS,
    UNLIMITED,
    fill_of,
    named_unlimited,
    set_attribute,
    unlimited_of,
)
from ._errors import InvalidArgument, OutOfRange, TypeMismatch, UnflushedChanges
from ._index import select
from ._store import Atlas
from ._types import BOOL, STRING, TIMESTAMP, element_type, nanoseconds

# What a variable's encoding may say explicitly, beyond what CF takes of it.
ENCODINGS = frozenset({"chunks", "codec", "level", "shuffle", "filter", "keep_bits", "pack"})
# What is of CF, or says where a variable is from.
_OF_CF = frozenset({"dtype", "source", "_FillValue"})
# What asks for times as numbers.
_ASKS = ("units", "calendar", "dtype", "_FillValue", "missing_value", "scale_factor", "add_offset")


class Manager(Protocol):
    """What gives a store when it is needed; a `FileManager` of xarray is one."""

    def acquire(self, needs_lock: bool = True) -> Atlas: ...

    def close(self, needs_lock: bool = True) -> None: ...


class Held:
    """A store that the program has open, and closes."""

    def __init__(self, store: Atlas) -> None:
        self.store = store

    def acquire(self, needs_lock: bool = True) -> Atlas:
        return self.store

    def close(self, needs_lock: bool = True) -> None:
        pass


class StoredArray(BackendArray):
    """An array, read when it is indexed: of one dataset, or of many, stacked along a first dimension."""

    def __init__(
        self,
        manager: Manager,
        datasets: str | tuple[str, ...],
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        chars: Chars | None,
    ) -> None:
        self.manager = manager
        self.datasets = datasets
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.chars = chars

    def __getitem__(self, key: indexing.ExplicitIndexer) -> NDArray[Any]:
        made: NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )
        return made

    async def async_getitem(self, key: indexing.ExplicitIndexer) -> NDArray[Any]:
        return await asyncio.to_thread(self.__getitem__, key)

    def _read(self, key: tuple[Any, ...]) -> NDArray[Any]:
        inner: Any = ()
        if self.chars is not None and self.chars.dim:
            key, inner = key[:-1], (..., key[-1])
        found = self._one(self.datasets, key) if isinstance(self.datasets, str) else self._many(self.datasets, key)
        if self.chars is not None:
            return np.asarray(self.chars.chars(found, f"array {self.name!r}")[inner])
        return found.view("i8") if found.dtype.kind == "M" else found

    def _one(self, dataset: str, key: tuple[Any, ...]) -> NDArray[Any]:
        array = Array(self.manager.acquire(), dataset.encode(), self.name.encode())
        found = array[key]
        if isinstance(found, np.ndarray):
            return found
        made = np.empty((), array.dtype)
        made[()] = found
        return made

    def _many(self, datasets: tuple[str, ...], key: tuple[Any, ...]) -> NDArray[Any]:
        which, *within = key
        names = datasets[which] if isinstance(which, slice) else (datasets[which],)
        shape = self.shape[1:-1] if self.chars is not None and self.chars.dim else self.shape[1:]
        chosen = select(tuple(within), shape)
        low = [at + min(0, (n - 1) * by) for at, n, by in zip(chosen.start, chosen.counts, chosen.step, strict=True)]
        box = [1 + (n - 1) * abs(by) if n else 0 for n, by in zip(chosen.counts, chosen.step, strict=True)]
        store = self.manager.acquire()
        if names:
            found = store.read_array_across_stacked(self.name, names, low, box)
        else:
            found = np.empty((0, *box), store[datasets[0]][self.name].dtype)
        found = found[(slice(None), *(slice(None, None, by) for by in chosen.step))]
        return found.reshape((len(names), *chosen.shape) if isinstance(which, slice) else chosen.shape)


class Target:
    """An array that is written, by Dask or at once."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __setitem__(self, key: Any, value: Any) -> None:
        if key is Ellipsis:
            self.array.write(np.asarray(value))
        else:
            self.array[key] = value

    def __dask_tokenize__(self) -> str:
        return uuid.uuid4().hex

    def __reduce__(self) -> NoReturn:
        raise UnflushedChanges(
            f"array {self.array.name!r}: it is written by the process that has the store open: compute with threads"
        )


class AtlasDataStore(WritableCFDataStore):
    """A dataset of a store, for xarray.

    Parameters
    ----------
    manager : Manager
        What gives the store.
    dataset : str
        The dataset.
    source : str
        What the variables' encodings name as their source.
    chunks : mapping, optional
        Of variables that are written, the shapes of chunks.
    """

    __slots__ = ("chunks", "dataset", "manager", "source", "unlimited")

    def __init__(
        self, manager: Manager, dataset: str, source: str, chunks: Mapping[Any, Sequence[int]] | None = None
    ) -> None:
        self.manager = manager
        self.dataset = dataset
        self.source = source
        self.chunks = dict(chunks or {})
        self.unlimited: frozenset[str] = frozenset()

    @property
    def store_of(self) -> Atlas:
        """The store."""
        return self.manager.acquire()

    # ---- Reading ----

    def get_variables(self) -> dict[str, xr.Variable]:
        store = self.store_of
        return {name: self.variable(store, name) for name in store[self.dataset]}

    def variable(self, store: Atlas, name: str, many: tuple[str, ...] = (), dim: str = "") -> xr.Variable:
        """A variable, encoded; of `many` datasets of one schema, stacked along `dim`, if they are given."""
        array = Array(store, self.dataset.encode(), name.encode())
        info = array._info()
        attrs = dict(array.attrs)
        attrs.pop(TYPES, None)
        chars = Chars.of(attrs, is_text=info.kind is STRING)
        dims, shape, chunks = array.dims, info.shape, info.chunks
        dtype: Any = info.kind.numpy
        encoding: dict[str, Any] = {"source": self.source}
        if chars is not None:
            dtype = np.dtype("S1")
            if chars.dim:
                dims, shape, chunks = (*dims, chars.dim), (*shape, chars.length), (*chunks, max(1, chars.length))
            if isinstance(attrs.get("_FillValue"), str):
                attrs["_FillValue"] = np.bytes_(chars.value(attrs["_FillValue"]))
        else:
            fill = array.fill_value
            if info.kind is STRING:
                dtype = create_vlen_dtype(str)
            elif info.kind is TIMESTAMP:
                dtype = np.dtype("i8")
                # The decoder takes NaT for what it is.
                fill = None if fill is None or np.isnat(fill) else fill.astype("i8")
                attrs |= {"units": UNITS, "calendar": CALENDAR}
            elif info.kind is BOOL and fill is not None:
                # To mask truth values xarray makes objects of them.
                encoding["_FillValue"], fill = fill, None
            if fill is not None:
                attrs["_FillValue"] = fill
        # With text for a type xarray would read it at once.
        if info.kind is not STRING or chars is not None:
            encoding["dtype"] = dtype
        if many:
            dims, shape, chunks = (dim, *dims), (len(many), *shape), (1, *chunks)
        encoding["chunks"] = tuple(chunks)
        encoding["preferred_chunks"] = {
            name: min(chunk, max(extent, 1)) for name, chunk, extent in zip(dims, chunks, shape, strict=True)
        }
        stored = StoredArray(self.manager, many or self.dataset, name, shape, dtype, chars)
        return xr.Variable(dims, indexing.LazilyIndexedArray(stored), attrs, encoding)

    def get_attrs(self) -> dict[str, Any]:
        attrs = dict(Attributes(self.store_of, self.dataset.encode(), None))
        return {key: value for key, value in attrs.items() if key not in RESERVED}

    def get_encoding(self) -> dict[str, Any]:
        return {"unlimited_dims": set(unlimited_of(self.store_of, self.dataset)), "source": self.source}

    def get_dimensions(self) -> dict[str, int]:
        store = self.store_of
        found: dict[str, int] = {}
        for array in map(store[self.dataset].__getitem__, store[self.dataset]):
            found |= dict(zip(array.dims, array.shape, strict=True))
        return found

    def close(self, **kwargs: Any) -> None:
        self.manager.close(**kwargs)

    # ---- Writing ----

    def encode(
        self, variables: Mapping[Hashable, xr.Variable], attributes: Mapping[str, Any]
    ) -> tuple[dict[Hashable, xr.Variable], dict[str, Any]]:
        held: dict[Hashable, str] = {}
        fills: dict[Hashable, Any] = {}
        made: dict[Hashable, xr.Variable] = {}
        for name, variable in variables.items():
            one = _with_fill_text(name, variable)
            if one.dtype.kind == "M":
                times = _times(one)
                if times is not None:
                    one, held[name] = times, "M8[ns]"
            elif one.dtype.kind == "b" and np.dtype(one.encoding.get("dtype", bool)) == BOOL.numpy:
                encoding = {key: value for key, value in one.encoding.items() if key != "dtype"}
                fills[name] = encoding.pop("_FillValue", None)
                one, held[name] = xr.Variable(one.dims, _data(one).view("u1"), one.attrs, encoding), "?"
            made[name] = one
        # Dates and truth values go past CF, which makes other numbers of them, as integers.
        encoded, attributes = cf_encoder(made, attributes)
        for name, kind in held.items():
            one = encoded[name]
            encoded[name] = xr.Variable(one.dims, one.data.view(kind), one.attrs, one.encoding)
            if fills.get(name) is not None:
                encoded[name].attrs["_FillValue"] = fills[name]
        encoded = {name: ensure_dtype_not_object(one, name=name) for name, one in encoded.items()}
        done: dict[Hashable, xr.Variable] = {}
        for name, one in encoded.items():
            for coder in (EncodedStringCoder(allows_unicode=True), CharacterArrayCoder()):
                one = coder.encode(one, name=name)
            done[name] = one
        return done, dict(attributes)

    def set_attribute(self, key: str, value: Any) -> None:
        set_attribute(Attributes(self.store_of, self.dataset.encode(), None), key, value)

    def set_dimensions(
        self, variables: Mapping[Hashable, xr.Variable], unlimited_dims: Iterable[Hashable] | None = None
    ) -> None:
        super().set_dimensions(variables, unlimited_dims=unlimited_dims)
        before = unlimited_of(self.store_of, self.dataset)
        asked = [str(dim) for dim in unlimited_dims or ()]
        self.unlimited = frozenset((*before, *asked))
        # Arrays of numbers say it themselves; of others the dimensions are not known yet.
        said = {one.dims[0] for one in variables.values() if one.dims and one.dtype.kind not in "SUOT"}
        loose = [dim for dim in asked if dim not in before and dim not in said]
        if loose:
            view = self.store_of[self.dataset]
            view.attrs[UNLIMITED] = [*named_unlimited(view), *loose]

    def set_dimension(self, dim: str, length: int, is_unlimited: bool = False) -> None:
        pass

    def prepare_variable(
        self,
        name: str,
        variable: xr.Variable,
        check_encoding: bool = False,
        unlimited_dims: Iterable[Hashable] | None = None,
    ) -> tuple[Target, Any]:
        view = self.store_of[self.dataset]
        attrs, encoding = dict(variable.attrs), variable.encoding
        if check_encoding:
            unexpected = [key for key in encoding if key not in ENCODINGS and key not in _OF_CF]
            if unexpected:
                raise ValueError(
                    f"unexpected encoding parameters for 'atlas' backend: {unexpected!r}. Valid encodings are: "
                    f"{sorted(ENCODINGS)!r}"
                )
        options = {key: encoding[key] for key in ENCODINGS - {"chunks"} if check_encoding and key in encoding}
        data, dims = variable.data, variable.dims
        if data.dtype == "S1":
            data = np.asarray(data)
            chars = _chars.choose(dims, data)
            if "_FillValue" in attrs:
                attrs["_FillValue"] = chars.text(bytes(attrs["_FillValue"]))
            data, dims = chars.texts(data), dims[:-1] if chars.dim else dims
            attrs |= chars.attributes()
            fill = None
        else:
            fill = fill_of(data.dtype, attrs)
        kind = element_type(data.dtype)
        unlimited = dims[0] in self.unlimited if dims else None
        chunks = self.chunks.get(name)
        if chunks is None:
            chunks = _chunks(data, encoding.get("chunks"))
        if name in view:
            found = view[name]
            same = found._info().kind is kind and found.shape == data.shape and found.dims == dims
            if same and found.unlimited == bool(unlimited) and _same_value(found.fill_value, fill):
                for key in found.attrs:
                    del found.attrs[key]
                array = found
            else:
                view.delete_array(name)
                array = None
        else:
            array = None
        if array is None:
            array = view.define_array(name, kind.name, dims, data.shape, chunks, fill, unlimited=unlimited, **options)
        for key, value in attrs.items():
            set_attribute(array.attrs, key, value)
        return Target(array), _aligned(data, array.chunks)


def _same_value(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one == other) or (one != one and other != other)


def _data(variable: xr.Variable) -> Any:
    """A variable's data: Dask's array, or NumPy's."""
    data = variable.data
    return data if _is_dask(data) else np.asarray(data)


def _is_dask(data: Any) -> bool:
    return hasattr(data, "__dask_graph__")


def _times(variable: xr.Variable) -> xr.Variable | None:
    """Times as int64 nanoseconds since 1970; None if the encoding asks for others, or they do not fit."""
    encoding = dict(variable.encoding)
    own = encoding.get("units") == UNITS and encoding.get("calendar") == CALENDAR
    if own and "_FillValue" not in encoding and encoding.get("dtype", np.dtype("i8")) == np.dtype("i8"):
        for key in ("units", "calendar", "dtype"):
            encoding.pop(key, None)
    if any(encoding.get(key) is not None for key in _ASKS) or "units" in variable.attrs:
        return None
    data = _data(variable)
    if _is_dask(data):
        if data.dtype != TIMESTAMP.numpy:
            return None
    else:
        try:
            data = nanoseconds(data, "times")
        except OutOfRange:
            return None
    return xr.Variable(variable.dims, data.view("i8"), variable.attrs, encoding)


def _with_fill_text(name: Hashable, variable: xr.Variable) -> xr.Variable:
    """A variable of text with a fill value for its missing cells, if it has any."""
    encoding = variable.encoding
    if variable.dtype.kind == "T":
        data = np.asarray(variable.data, object)
        missing = int(pd.isnull(data).sum())
        if missing:
            _warn_missing(name, missing, "")
        return variable
    if variable.dtype.kind != "O" or "_FillValue" in encoding or "_FillValue" in variable.attrs:
        return variable
    data = variable.data
    if _is_dask(data):
        warnings.warn(
            f"variable {name!r} is a dask array with dtype=object, which is loaded into memory to find out its type: "
            "astype() a type of text avoids that",
            SerializationWarning,
            stacklevel=2,
        )
        data = data.compute()
        variable = xr.Variable(variable.dims, data, variable.attrs, encoding)
    data = np.asarray(data)
    missing = pd.isnull(data)
    cells = set(data[~missing].tolist()) if missing.any() else set()
    if not cells or not (_all(cells, str) or _all(cells, bytes)):
        return variable
    is_text = _all(cells, str)
    if is_text and encoding.get("dtype") == "S1":
        return variable
    fill: Any = next(one for one in _candidates() if (one if is_text else one.encode()) not in cells)
    _warn_missing(name, int(missing.sum()), fill)
    fill = fill if is_text else fill.encode()
    return xr.Variable(variable.dims, data, variable.attrs, {**encoding, "_FillValue": fill})


def _all(cells: set[Any], kind: type) -> bool:
    return all(isinstance(one, kind) for one in cells)


def _candidates() -> Iterator[str]:
    yield from ("", "NA", "missing")
    number = 1
    while True:
        yield f"missing_{number}"
        number += 1


def _warn_missing(name: Hashable, count: int, fill: str) -> None:
    warnings.warn(
        f"variable {name!r}: {count} missing cells of text are stored as {fill!r}", SerializationWarning, stacklevel=2
    )


def _chunks(data: Any, wanted: Sequence[int] | None) -> Sequence[int] | None:
    """The shape of chunks: Dask's blocks, unless they are large; otherwise what the encoding says, if that fits."""
    if _is_dask(data):
        from .dask import block_shape

        return block_shape(data)
    return wanted if wanted is not None and len(wanted) == data.ndim else None


def _aligned(data: Any, chunks: Sequence[int]) -> Any:
    """Dask's array with blocks that begin where chunks do, so that no two blocks write one chunk."""
    if not _is_dask(data):
        return data
    wanted = {}
    for dim, (sizes, chunk) in enumerate(zip(data.chunks, chunks, strict=True)):
        if any(size % chunk for size in sizes[:-1]):
            wanted[dim] = max(1, max(sizes) // chunk) * chunk
    return data.rechunk(wanted) if wanted else data


def writer_options(sources: Sequence[Any]) -> dict[str, Any]:
    """How Dask stores: with this process's threads, or none."""
    if not sources:
        return {}
    import dask.base
    import dask.local
    import dask.threaded

    found = dask.base.get_scheduler(collections=list(sources))
    return {} if found in (dask.threaded.get, dask.local.get_sync) else {"scheduler": "threads"}


def _unlimited(ds: xr.Dataset, wanted: Iterable[Hashable] | str | None) -> set[Hashable] | None:
    """The dimensions that may grow: those wanted, or those that the encoding says."""
    asked = "unlimited_dims-kwarg"
    if wanted is None:
        wanted, asked = ds.encoding.get("unlimited_dims"), "dataset.encoding"
    if wanted is None:
        return None
    dims = {wanted} if isinstance(wanted, str) else set(wanted)
    unknown = dims - set(ds.dims)
    if unknown:
        said = f"Unlimited dimension(s) {unknown!r} declared in {asked!r}, but not among those of the dataset"
        if wanted is not ds.encoding.get("unlimited_dims"):
            raise ValueError(said)
        warnings.warn(said, UserWarning, stacklevel=2)
    return dims - unknown


def _check_names(ds: xr.Dataset) -> None:
    for name in ds.variables:
        if name == "":
            raise InvalidArgument(f"Invalid name for a variable: {name!r}: a string must be length 1 or more")
        if name is not None and not isinstance(name, str):
            raise TypeMismatch(f"Invalid name for a variable: {name!r}: it must be a string or None")


def write(
    store: Atlas,
    dataset: str,
    ds: xr.Dataset,
    *,
    chunks: Mapping[Any, Sequence[int]] | None,
    encoding: Mapping[Any, Mapping[str, Any]] | None,
    unlimited_dims: Iterable[Hashable] | str | None,
) -> None:
    """Write a dataset of xarray into one of a store."""
    _check_names(ds)
    target = AtlasDataStore(Held(store), dataset, os.fspath(store.path), chunks)
    writer = ArrayWriter(lock=False)
    explicit = {}
    for name, one in (encoding or {}).items():
        if not isinstance(one, Mapping):
            raise InvalidArgument(f"the encoding of variable {name!r} must be castable to dict: {one!r}")
        explicit[name] = dict(one)
    ds.dump_to_store(target, writer=writer, encoding=explicit, unlimited_dims=_unlimited(ds, unlimited_dims))
    writer.sync(chunkmanager_store_kwargs=writer_options(writer.sources))
