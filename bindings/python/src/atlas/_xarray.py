"""Datasets of xarray into a store and out of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr

from ._chars import RESERVED
from ._errors import InvalidArgument
from ._store import Atlas
from ._types import STRING
from ._xarray_store import AtlasDataStore, Held, write

# Attributes that say how values are decoded: to stack arrays they must be the same.
_DECODING = (
    "units",
    "calendar",
    "scale_factor",
    "add_offset",
    "missing_value",
    "_Unsigned",
    "_Encoding",
    "dtype",
    "_FillValue",
    *RESERVED,
)
# Coordinates of many datasets are compared so many bytes at a time.
_COMPARED_BYTES = 64 << 20


def add_xarray_dataset(
    store: Atlas,
    ds: xr.Dataset,
    name: str,
    *,
    chunks: Mapping[Any, Sequence[int]] | None = None,
    fill_value: Any = None,
    encoding: Mapping[Any, Mapping[str, Any]] | None = None,
    unlimited_dims: Iterable[Hashable] | str | None = None,
    mode: Literal["x", "a"] = "x",
) -> None:
    """Write a dataset; see `DatasetAccessor.write`."""
    if mode not in ("x", "a"):
        raise InvalidArgument(f"mode is 'x' for a new dataset or 'a' for more variables, not {mode!r}")
    ds = _with_fill_values(ds, fill_value)
    made = mode == "x" or not store.dataset_exists(name)
    if made:
        store.create_dataset(name)
    try:
        write(store, name, ds, chunks=chunks, encoding=encoding, unlimited_dims=unlimited_dims)
    except BaseException:
        if made:
            store.delete_dataset(name)
        raise


def _with_fill_values(ds: xr.Dataset, fill_value: Any) -> xr.Dataset:
    """The dataset with fill values in its encoding: one for all numbers, or those of a mapping."""
    ds = ds.copy(deep=False)
    if fill_value is None:
        return ds
    if not isinstance(fill_value, Mapping):
        fill_value = {name: fill_value for name, one in ds.variables.items() if one.dtype.kind in "iuf"}
    for name, value in fill_value.items():
        if name not in ds.variables:
            raise InvalidArgument(f"a fill value is given for {name!r}, which is no variable of the dataset")
        ds[name].encoding = {**ds[name].encoding, "_FillValue": value}
    return ds


def open_as_xarray_dataset(store: Atlas, name: str) -> xr.Dataset:
    """A dataset, decoded, whose values are read when they are used."""
    store.open_dataset(name)
    return _opened(AtlasDataStore(Held(store), name, store.path))


def _opened(store: AtlasDataStore) -> xr.Dataset:
    made: xr.Dataset = xr.open_dataset(store, engine="store")
    return made


def open_as_many_xarray_dataset(
    store: Atlas, names: Sequence[str], *, concat_dim: str = "dataset", parallel: bool = True
) -> xr.Dataset:
    """Many datasets of one schema, stacked along a new dimension.

    Variables and attributes are those of the first dataset. Coordinates that are the same in all of them are not
    stacked; those along their own dimension must be the same.
    """
    listed = tuple(names)
    if not listed:
        raise InvalidArgument("no datasets to stack")
    first = AtlasDataStore(Held(store), listed[0], store.path)
    alone = _opened(first)
    if concat_dim in alone.variables or concat_dim in alone.dims:
        raise InvalidArgument(f"dataset {listed[0]!r} has a {concat_dim!r} already: choose another concat_dim")
    variables: dict[Hashable, xr.Variable] = {}
    for name in store[listed[0]]:
        _check_same(store, name, listed)
        is_same = name in alone.coords and _is_same(store, name, listed)
        if not is_same and name in alone.dims:
            raise InvalidArgument(
                f"coordinate {name!r} is not the same in all datasets: open them one by one, and join them by "
                "xarray.concat"
            )
        variables[name] = first.variable(store, name, *(() if is_same else (listed, concat_dim)))
    ds = _opened(_Stacked(first, variables))
    return ds.assign_coords({concat_dim: (concat_dim, np.asarray(listed, object))})


class _Stacked(AtlasDataStore):
    """The first of many datasets, with other variables."""

    __slots__ = ("_variables",)

    def __init__(self, first: AtlasDataStore, variables: dict[Hashable, xr.Variable]) -> None:
        super().__init__(first.manager, first.dataset, first.source)
        self._variables = variables

    def get_variables(self) -> dict[Any, xr.Variable]:
        return self._variables


def _check_same(store: Atlas, name: str, datasets: Sequence[str]) -> None:
    """Refuse arrays that cannot be stacked."""
    what: list[Any] = []
    for dataset in datasets:
        view = store.open_dataset(dataset)
        array = view[name]
        info = array._info()
        attrs = array.attrs
        found = {
            "type": info.kind.name,
            "shape": info.shape,
            "dimensions": array.dims,
            "fill value": repr(array.fill_value),
        } | {f"attribute {key!r}": repr(attrs[key]) for key in _DECODING if key in attrs}
        if not what:
            what = [dataset, found]
        elif found != what[1]:
            key = next(key for key in {**what[1], **found} if what[1].get(key) != found.get(key))
            raise InvalidArgument(
                f"array {name!r}: its {key} is {what[1].get(key)} in dataset {what[0]!r}, and {found.get(key)} in "
                f"{dataset!r}: they cannot be stacked"
            )


def _is_same(store: Atlas, name: str, datasets: Sequence[str]) -> bool:
    array = store[datasets[0]][name]
    first = array.read()
    number = max(1, _COMPARED_BYTES // max(1, first.nbytes))
    is_text = array._info().kind is STRING
    if not is_text:
        # Bits, so that NaN is the same as NaN.
        first = np.frombuffer(first.tobytes(), "u1")
    for part in (datasets[at : at + number] for at in range(1, len(datasets), number)):
        others = store.read_array_across_stacked(name, part)
        if not is_text:
            others = np.frombuffer(others.tobytes(), "u1").reshape(len(part), first.size)
        if not bool((others == first).all()):
            return False
    return True


class DatasetAccessor:
    """``ds.atlas`` of an `xarray.Dataset`."""

    def __init__(self, ds: xr.Dataset) -> None:
        self._ds = ds

    def write(
        self,
        atlas: Atlas,
        name: str,
        chunks: Mapping[Any, Sequence[int]] | None = None,
        fill_value: Any = None,
        *,
        encoding: Mapping[Any, Mapping[str, Any]] | None = None,
        unlimited_dims: Iterable[Hashable] | str | None = None,
        mode: Literal["x", "a"] = "x",
    ) -> None:
        """Write the dataset into a store. Does not flush.

        Parameters
        ----------
        atlas : Atlas
            The store.
        name : str
            What the dataset is called there.
        chunks : mapping, optional
            Of variables the shape of chunks. By default Dask's blocks are chunks, up to 32 MiB, and what is in memory
            has the library's.
        fill_value : scalar or mapping, optional
            The value that stands for "missing": of all variables of numbers, or of the variables named.
        encoding : mapping, optional
            Of variables their encoding, instead of what ``variable.encoding`` says: that of CF, and "chunks",
            "codec", "level", "shuffle", "filter", "keep_bits" and "pack".
        unlimited_dims : str or iterable of str, optional
            Dimensions that may grow. An array whose first dimension is one of them is unlimited: `Array.write` past its
            end makes it grow.
        mode : {"x", "a"}
            "x" for a new dataset. "a" writes into one that may exist; variables of the same name are replaced.

        Raises
        ------
        AlreadyExists
            There is a dataset of this name.
        """
        add_xarray_dataset(
            atlas,
            self._ds,
            name,
            chunks=chunks,
            fill_value=fill_value,
            encoding=encoding,
            unlimited_dims=unlimited_dims,
            mode=mode,
        )
