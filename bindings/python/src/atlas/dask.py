"""Dask's arrays into a store, written by Dask's workers and committed once. Needs ``atlas-store[dask]``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dask
import dask.array as da
import numpy as np
from numpy.typing import NDArray

from ._errors import Conflict, InvalidArgument
from ._store import Atlas

__all__ = ["store"]

# Dask's blocks become chunks up to this size.
_BLOCK_BYTES = 32 << 20


def store(
    darrays: da.Array | Mapping[tuple[str, str], da.Array],
    store: Atlas,
    key: tuple[str, str] | None = None,
    *,
    dims: Sequence[str] | None = None,
    chunk_shape: Sequence[int] | None = None,
    **compute: Any,
) -> None:
    """Write arrays of Dask, and flush. Each block is written where it is computed, as a worker of a session.

    Datasets and arrays that are missing are defined. Blocks need not lie as the store's chunks do; where they do, no
    chunk is put together of several. A block is a file until `Atlas.compact`. A task that fails leaves the store as it
    was, and one that Dask runs again does no harm.

    Parameters
    ----------
    darrays : dask.array.Array or mapping
        One array, or of each dataset and array in the store the one that it becomes.
    store : Atlas
        The store, without a session. Its workers see its folder under the same path.
    key : (str, str), optional
        Of one array the dataset and the array in the store.
    dims : sequence of str, optional
        Names of the dimensions of arrays that are defined; by default as `DatasetView.define_array` says. For other
        choices, define the arrays before.
    chunk_shape : sequence of int, optional
        The shape of chunks of arrays that are defined; by default that of the largest block, up to 32 MiB.
    **compute
        For `dask.compute`, such as ``scheduler="processes"`` or ``retries=2``. A distributed client is used as ever.

    Raises
    ------
    InvalidArgument
        An array in the store has another shape, or one of Dask has unknown extents.
    Conflict
        The store has a session, or values that are not flushed where blocks write.
    AtlasError
        As `DatasetView.define_array`, `Array.write` and `Atlas.flush`.
    """
    if isinstance(darrays, Mapping) != (key is None):
        raise InvalidArgument("one array needs the dataset and the array that it becomes; a mapping has them")
    wanted: dict[tuple[str, str], Any] = dict(darrays) if key is None else {key: darrays}
    _check_no_session(store)
    undo: list[Callable[[], None]] = []
    try:
        for (dataset, name), darray in wanted.items():
            _define(store, dataset, name, darray, dims, chunk_shape, undo)
        if not wanted:
            return
        ticket = store.session_begin(datasets=dict.fromkeys(dataset for dataset, _ in wanted))
        exports, first = [], 0
        for (dataset, name), darray in wanted.items():
            of_each = {"dtype": object, "meta": np.empty((0,) * darray.ndim, "O"), "chunks": (1,) * darray.ndim}
            what = {"ticket": ticket, "first": first, "dataset": dataset, "array": name}
            exports.append(darray.map_blocks(_export, **what, **of_each))
            first += darray.npartitions
        store.import_changes([one for found in dask.compute(*exports, **compute) for one in np.ravel(found)])
    except BaseException:
        store.session_end()
        for step in reversed(undo):
            step()
        raise
    store.flush()
    store.session_end()


def block_shape(darray: da.Array) -> list[int] | None:
    """The shape of chunks for an array of Dask: its largest block's, unless that is large."""
    blocks = [max(1, *sizes) for sizes in darray.chunks]
    return blocks if math.prod(blocks) * darray.dtype.itemsize <= _BLOCK_BYTES else None


def _check_no_session(store: Atlas) -> None:
    """Workers of another session could have the numbers of blocks."""
    try:
        store.session_missing()
    except Conflict:
        return
    raise Conflict(f"store {store.path!r}: it has a session, and blocks are workers of one of their own")


def _define(
    store: Atlas,
    dataset: str,
    name: str,
    darray: da.Array,
    dims: Sequence[str] | None,
    chunk_shape: Sequence[int] | None,
    undo: list[Callable[[], None]],
) -> None:
    """Define an array unless it is there. `undo` gets what takes it back."""
    if any(math.isnan(extent) for extent in darray.shape):
        raise InvalidArgument(f"array {name!r} of dataset {dataset!r}: its extents are unknown: compute_chunk_sizes()")
    if not store.dataset_exists(dataset):
        store.create_dataset(dataset)
        undo.append(lambda: store.delete_dataset(dataset))
    view = store[dataset]
    if name not in view:
        view.define_array(name, darray.dtype, dims, darray.shape, chunk_shape or block_shape(darray))
        undo.append(lambda: view.delete_array(name))
    elif view[name].shape != darray.shape:
        raise InvalidArgument(
            f"array {name!r} of dataset {dataset!r} has shape {view[name].shape}, the one of Dask {darray.shape}"
        )


def _export(
    block: NDArray[Any], ticket: bytes, first: int, dataset: str, array: str, block_info: Any = None
) -> NDArray[Any]:
    """Write a block, in a task: an array of one cell, which has the export."""
    info, number = block_info[0], 0
    for at, count in zip(info["chunk-location"], info["num-chunks"], strict=True):
        number = number * count + at
    start = [begin for begin, _ in info["array-location"]]
    out = np.empty((1,) * len(start), object)
    with Atlas.open_worker(ticket, first + number, num_threads=0) as worker:
        worker[dataset][array].write(block, start)
        out[...] = worker.export_changes()
    return out
