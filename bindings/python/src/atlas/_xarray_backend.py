"""The engine "atlas" of `xarray.open_dataset`, `xarray.open_datatree` and `xarray.open_groups`."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint, CachingFileManager
from xarray.backends.common import datatree_from_dict_with_io_cleanup
from xarray.backends.store import StoreBackendEntrypoint
from xarray.core.utils import close_on_error

from . import _handle
from ._c import lib
from ._errors import InvalidArgument, NotFound, StoreNotFound
from ._handle import Options
from ._store import Atlas, _unpickle
from ._text import path_of
from ._xarray_store import AtlasDataStore, Manager

_ROOTS = ("atlas.json", "atlas.msgpack", "atlas.json.zst", "atlas.msgpack.zst")
# Names that an error lists.
_LISTED = 10


def _has_root(path: str) -> bool:
    return any(os.path.isfile(os.path.join(path, root)) for root in _ROOTS)


def _open_commit(path: str, generation: int, mode: str) -> Atlas:
    """A commit, through the one handle that this process has of it; `mode` is always "r"."""
    try:
        return _unpickle(Atlas, path, generation, Options())
    except StoreNotFound as missing:
        if not _has_root(path):
            raise
        gone = StoreNotFound(
            f"store {path!r}: commit {generation} is no longer kept: open the dataset anew ({missing})"
        )
        gone.errno = errno.ENOENT
        raise gone from None


def _last(path: str) -> _handle.Handle:
    """The last commit."""
    options = Options()
    handle = _handle.open_last(path, lib.ATLAS_MODE_READ, options)
    with _handle.process.lock:
        handle.shared = True
        return _handle.process.shared.setdefault((path, handle.generation, options), handle)


def manager_of(path: str, generation: int | str | None = None) -> Manager:
    """What opens one commit of a store, by default the last, here and where it is unpickled."""
    if isinstance(generation, str):
        with Atlas.open(path, mode="r") as store:
            generation = store._generation(generation)
    # The handle of the last commit lives until the manager has it.
    last = _last(path) if generation is None else None
    number = generation if last is None else last.generation
    manager: Manager = CachingFileManager(_open_commit, path, number, mode="r")
    manager.acquire()
    return manager


def decoded(store: AtlasDataStore, **decoders: Any) -> xr.Dataset:
    """A dataset, decoded as CF says."""
    made: xr.Dataset = StoreBackendEntrypoint().open_dataset(store, **decoders)
    return made


def _chosen(store: Atlas, dataset: str | None, group: str | None) -> str:
    if dataset is not None and group is not None:
        raise InvalidArgument("a dataset is named by dataset= or by group=, not by both")
    name = dataset if dataset is not None else group.strip("/") if group is not None else None
    if name is None or (name == "" and dataset is None):
        names = store.list_datasets()
        if len(names) == 1:
            return names[0]
        shown = ", ".join(map(repr, names[:_LISTED])) + (", ..." if len(names) > _LISTED else "")
        raise InvalidArgument(f"store {store.path!r} has {len(names)} datasets; name one with dataset=: {shown}")
    if name not in store:
        raise NotFound(f"store {store.path!r} has no dataset {name!r}")
    return name


def _paths(store: Atlas, group: str | None) -> dict[str, str]:
    """Of each path in a tree the dataset. A name is a path, whose parts are between "/"."""
    top = "" if group is None else group.strip("/")
    names = store.list_datasets()
    known = set(names)
    found: dict[str, str] = {}
    for name in names:
        if top and name != top and not name.startswith(f"{top}/"):
            continue
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise InvalidArgument(f"dataset {name!r} is no path of a tree: open it with dataset=")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if parent in known and parts[depth] in store[parent]:
                raise InvalidArgument(
                    f"dataset {parent!r} has an array {parts[depth]!r}, and there is a dataset {name!r}: a tree cannot "
                    "hold both; open them with dataset="
                )
        found["/" + name[len(top) :].lstrip("/")] = name
    if top and not found:
        raise NotFound(f"store {store.path!r} has no dataset {top!r}, nor any below it")
    return found


class AtlasBackendEntrypoint(BackendEntrypoint):
    """Opens datasets of Atlas stores, at the commit that is last when they are opened.

    For `xarray.open_dataset`: ``dataset="name"``, or ``group="name"``, names the dataset, which need not be named
    where there is one. ``generation=`` opens an earlier commit that is kept, by its number or by the name of a pin.
    Variables are read when they are used, and with ``chunks={}`` they are Dask's arrays with the chunks of the store. A
    pickle opens the same commit.

    For `xarray.open_datatree` and `xarray.open_groups` names of datasets are paths.
    """

    description = "Open datasets of Atlas stores"
    supports_groups = True
    open_dataset_parameters = (
        "filename_or_obj",
        "mask_and_scale",
        "decode_times",
        "concat_characters",
        "decode_coords",
        "drop_variables",
        "use_cftime",
        "decode_timedelta",
        "dataset",
        "group",
        "generation",
    )

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        if not isinstance(filename_or_obj, (str, os.PathLike)):
            return False
        path = os.fspath(filename_or_obj)
        return isinstance(path, str) and _has_root(path)

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        mask_and_scale: Any = True,
        decode_times: Any = True,
        concat_characters: Any = True,
        decode_coords: Any = True,
        drop_variables: str | Iterable[str] | None = None,
        use_cftime: bool | None = None,
        decode_timedelta: Any = None,
        dataset: str | None = None,
        group: str | None = None,
        generation: int | str | None = None,
    ) -> xr.Dataset:
        path = path_of(filename_or_obj)
        manager = manager_of(path, generation)
        store = AtlasDataStore(manager, "", path)
        with close_on_error(store):
            store.dataset = _chosen(manager.acquire(), dataset, group)
            return decoded(
                store,
                mask_and_scale=mask_and_scale,
                decode_times=decode_times,
                concat_characters=concat_characters,
                decode_coords=decode_coords,
                drop_variables=drop_variables,
                use_cftime=use_cftime,
                decode_timedelta=decode_timedelta,
            )

    def open_groups_as_dict(
        self,
        filename_or_obj: Any,
        *,
        group: str | None = None,
        generation: int | str | None = None,
        **decoders: Any,
    ) -> dict[str, xr.Dataset]:
        path = path_of(filename_or_obj)
        first = manager_of(path, generation)
        groups: dict[str, xr.Dataset] = {}
        try:
            store = first.acquire()
            number = store.info().generation
            for place, name in _paths(store, group).items():
                groups[place] = decoded(AtlasDataStore(manager_of(path, number), name, path), **decoders)
        except BaseException:
            for one in groups.values():
                one.close()
            raise
        finally:
            first.close()
        return {"/": groups.pop("/", xr.Dataset()), **groups}

    def open_datatree(self, filename_or_obj: Any, **kwargs: Any) -> xr.DataTree:
        made: xr.DataTree = datatree_from_dict_with_io_cleanup(self.open_groups_as_dict(filename_or_obj, **kwargs))
        return made
