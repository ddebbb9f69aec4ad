"""Atlas: a store for many named datasets, each a set of named N-dimensional arrays and attributes.

>>> import atlas, numpy as np
>>> with atlas.Atlas.create("run.atlas") as store:                                    # doctest: +SKIP
...     january = store.create_dataset("january")
...     t = january.define_array("t", "float32", ["lat", "lon"], [45, 72], fill_value=np.nan)
...     t[...] = 273.15
...     t.attrs["units"] = "K"
>>> store = atlas.Atlas.open("run.atlas")                                             # doctest: +SKIP
>>> store["january"]["t"][10:20, ::2].mean()                                          # doctest: +SKIP

Changes are in memory until `Atlas.flush` or `Atlas.close`, which commit all of them together.
"""

from . import _accessor
from ._array import Array, ChunkPlaces, Stats
from ._attributes import Attributes
from ._dataset import DatasetView
from ._errors import (
    AlreadyExists,
    AtlasError,
    BufferTooSmall,
    Cancelled,
    Conflict,
    Corrupt,
    Forked,
    Internal,
    InvalidArgument,
    InvalidHandle,
    IOFailure,
    Locked,
    NoSpace,
    NoStats,
    NotFound,
    OutOfMemory,
    OutOfRange,
    Poisoned,
    ReadOnly,
    StoreNotFound,
    TypeMismatch,
    UnflushedChanges,
    Unsupported,
)
from ._flush import Flush
from ._library import init_tracing, library_version
from ._netcdf import export_netcdf, import_netcdf
from ._plot import plot
from ._store import Atlas, Damage, StoreInfo
from ._time import decode_time, encode_time
from ._version import __version__

__all__ = [
    "AlreadyExists",
    "Array",
    "Atlas",
    "AtlasError",
    "Attributes",
    "BufferTooSmall",
    "Cancelled",
    "ChunkPlaces",
    "Conflict",
    "Corrupt",
    "Damage",
    "DatasetView",
    "Flush",
    "Forked",
    "IOFailure",
    "Internal",
    "InvalidArgument",
    "InvalidHandle",
    "Locked",
    "NoSpace",
    "NoStats",
    "NotFound",
    "OutOfMemory",
    "OutOfRange",
    "Poisoned",
    "ReadOnly",
    "Stats",
    "StoreInfo",
    "StoreNotFound",
    "TypeMismatch",
    "UnflushedChanges",
    "Unsupported",
    "__version__",
    "decode_time",
    "encode_time",
    "export_netcdf",
    "import_netcdf",
    "init_tracing",
    "library_version",
    "plot",
]

_accessor.register()
