"""Types and statistics of all datasets side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._array import Array
from ._attributes import Attributes
from ._types import STRING, ElementType, element_type

if TYPE_CHECKING:
    from ._store import Atlas


def _widest(one: str | None, other: str) -> str:
    """The name of the type that values of both types convert to; text where there is none."""
    if one is None or one == other:
        return other
    kinds = (element_type(one), element_type(other))
    if any(kind.numpy.kind not in "?biufc" for kind in kinds):
        return STRING.name
    return element_type(np.result_type(*(kind.numpy for kind in kinds))).name


def _attribute_type(attrs: Attributes, key: str) -> str:
    return attrs.element_type(key).name


def merged_schema(store: Atlas) -> dict[str, Any]:
    """See `Atlas.merged_schema`."""
    arrays: dict[str, dict[str, Any]] = {}
    globals_: dict[str, str] = {}
    for name in store:
        dataset = store.open_dataset(name)
        for key in dataset.attrs:
            globals_[key] = _widest(globals_.get(key), _attribute_type(dataset.attrs, key))
        for array_name in dataset:
            array = dataset[array_name]
            found = arrays.setdefault(
                array_name, {"dtype": None, "dimension_names": list(array.dims), "attributes": {}}
            )
            found["dtype"] = _widest(found["dtype"], array.dtype_name)
            attributes = found["attributes"]
            for key in array.attrs:
                attributes[key] = _widest(attributes.get(key), _attribute_type(array.attrs, key))
    return {"arrays": arrays, "global_attributes": globals_}


def _limits(rows: list[Any], kinds: set[ElementType], missing: list[bool]) -> NDArray[Any]:
    """The smallest or largest values of a column, in one type that holds them all; zero or NaN where there is none."""
    if any(kind.numpy.kind == "f" for kind in kinds):
        wanted, nothing = "f8", float("nan")
    elif any(kind.numpy.kind == "u" for kind in kinds) and all(kind.numpy.kind in "u?b" for kind in kinds):
        wanted, nothing = "u8", 0
    else:
        wanted, nothing = "i8", 0
    return np.array([nothing if gone else row for row, gone in zip(rows, missing, strict=True)], wanted)


def _array_column(store: Atlas, array: str) -> dict[str, Any]:
    found = [store._array_of(name, array) for name in store]
    stats = [None if one is None else one.stats for one in found]
    listed = [None if one is None else one.as_dict() for one in stats]
    missing = [one is None or one["min"] is None for one in listed]
    kinds = {one._info().kind for one in found if one is not None}
    return {
        "present": np.array([one is not None for one in found], bool),
        "stats_valid": ~np.array(missing, bool),
        "row_count": np.array([0 if one is None else one["row_count"] for one in listed], np.uint64),
        "null_count": np.array([0 if one is None else one["null_count"] for one in listed], np.uint64),
        "min": _limits([None if one is None else one["min"] for one in listed], kinds, missing),
        "max": _limits([None if one is None else one["max"] for one in listed], kinds, missing),
    }


def _attribute_column(present: list[bool]) -> dict[str, Any]:
    rows = len(present)
    return {
        "present": np.array(present, bool),
        "stats_valid": np.zeros(rows, bool),
        "row_count": np.zeros(rows, np.uint64),
        "null_count": np.zeros(rows, np.uint64),
        "min": np.zeros(rows, np.int64),
        "max": np.zeros(rows, np.int64),
    }


def _has(array: Array | None, key: str) -> bool:
    return array is not None and key in array.attrs


def pruning_index(
    store: Atlas,
    arrays: Iterable[str] | None,
    global_attrs: Iterable[str] | None,
    array_attrs: Iterable[tuple[str, str]] | None,
) -> dict[str, Any]:
    """See `Atlas.pruning_index`."""
    listed = store.list_datasets()
    columns: dict[str, Any] = {}
    for array in arrays or ():
        columns[array] = _array_column(store, array)
    for key in global_attrs or ():
        columns[key] = _attribute_column([key in store.open_dataset(name).attrs for name in listed])
    for array, key in array_attrs or ():
        columns[f"{array}:{key}"] = _attribute_column([_has(store._array_of(name, array), key) for name in listed])
    return {"rows": len(listed), "datasets": listed, "live": np.ones(len(listed), bool), "columns": columns}


def column_summaries(store: Atlas) -> dict[str, Any]:
    """See `Atlas.column_summaries`."""
    found: dict[str, dict[str, Any]] = {}

    def column(name: str) -> dict[str, Any]:
        return found.setdefault(name, {"min": None, "max": None, "present_count": 0})

    for name in store:
        dataset = store.open_dataset(name)
        for array_name in dataset:
            one = column(array_name)
            one["present_count"] += 1
            stats = dataset.array_stats(array_name)
            if stats is not None and stats["min"] is not None:
                one["min"] = stats["min"] if one["min"] is None else min(one["min"], stats["min"])
                one["max"] = stats["max"] if one["max"] is None else max(one["max"], stats["max"])
            for key in dataset[array_name].attrs:
                column(f"{array_name}:{key}")["present_count"] += 1
        for key in dataset.attrs:
            column(key)["present_count"] += 1
    return found
