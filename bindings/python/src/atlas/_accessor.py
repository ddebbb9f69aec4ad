"""Registers ``ds.atlas`` with xarray: at once if that is imported, otherwise when it is, as that takes a while."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def _register() -> None:
    import xarray as xr

    def accessor(ds: xr.Dataset) -> Any:
        from ._xarray import DatasetAccessor

        return DatasetAccessor(ds)

    accessor.__doc__ = "Atlas: ``ds.atlas.write(store, name)``."
    xr.register_dataset_accessor("atlas")(accessor)


class _Registering(Loader):
    """The loader of xarray, and then the accessor."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module keeps its own loader.
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        _register()


class _Finder(MetaPathFinder):
    """Finds xarray once, as the other finders do."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "xarray":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)
        return spec


def register() -> None:
    """Register ``ds.atlas``."""
    if "xarray" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _Finder())
