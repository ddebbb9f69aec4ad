"""How a store says what NetCDF and xarray say of variables: attributes with reserved names, times, fill values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._array import Array
from ._attributes import Attributes
from ._c import ffi, lib
from ._dataset import DatasetView
from ._errors import AtlasError
from ._text import name_of
from ._types import STRING, element_type, one_value

if TYPE_CHECKING:
    from ._store import Atlas

# An attribute of a dataset: the names of the dimensions that may grow, and are the first of no array that is unlimited.
UNLIMITED = "_atlas_unlimited_dims"
# Of a dataset: dimensions that no array of it has, or that hide one of their name and length above; and their lengths.
DIMS, DIM_LENGTHS = "_atlas_dims", "_atlas_dim_lengths"
# Of anything: how the texts of its attributes were in a NetCDF file, as `atlas import` saw them.
TYPES = "_atlas_netcdf_types"
RESERVED = (UNLIMITED, DIMS, DIM_LENGTHS, TYPES)
# libnetcdf's, of a variable: its floats were rounded as `keep_bits` rounds them, and to how many bits.
QUANTIZED = "_QuantizeBitRoundNumberOfSignificantBits"

# How times of a store, which are nanoseconds since 1970, are numbers.
UNITS, CALENDAR = "nanoseconds since 1970-01-01", "proleptic_gregorian"


def unlimited_of(store: Atlas, dataset: str) -> list[str]:
    """The dimensions of a dataset that may grow: those of `UNLIMITED`, and the first ones of unlimited arrays."""
    view = DatasetView(store, name_of(dataset))
    found = dict.fromkeys(named_unlimited(view))
    for name in view:
        array = Array(store, name_of(dataset), name_of(name))
        if array.unlimited:
            found[array.dims[0]] = None
    return list(found)


def named_unlimited(view: DatasetView) -> list[str]:
    """The dimensions that `UNLIMITED` names."""
    value = view.attrs.get(UNLIMITED, [])
    return [value] if isinstance(value, str) else [str(one) for one in value]


def set_attribute(attributes: Attributes, key: object, value: Any) -> None:
    """Set an attribute to a value of xarray's or NetCDF's: bytes are text."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "SU":
        value = value.tolist()
    if isinstance(value, bytes):
        value = _text(value)
    elif isinstance(value, (list, tuple)) and any(isinstance(one, bytes) for one in value):
        value = [_text(one) if isinstance(one, bytes) else one for one in value]
    if isinstance(value, str):
        # Most are one text, which takes less than a list of them.
        text = ffi.new("char[]", name_of(value, f"attribute {key!r}"))
        one = ffi.new("char *[]", [text])
        name = name_of(key, "an attribute's name")
        of = attributes
        of._store._change(lib.atlas_set_attribute, of._dataset, of._array, name, STRING.code, 1, one)
    else:
        attributes.set(key, value)  # type: ignore[arg-type]


def _text(value: bytes) -> str:
    # A text has no NULs; those at its end, such as a fill value of one, are none of it.
    value = value.rstrip(b"\0")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def fill_of(dtype: np.dtype[Any], attrs: dict[str, Any]) -> Any:
    """The attribute `_FillValue` as a fill value, taken out of the attributes; it stays where it is none."""
    value = attrs.get("_FillValue")
    if value is None:
        return None
    kind = element_type(dtype)
    if kind is STRING:
        fits = isinstance(value, str) and "\0" not in value
    else:
        value = np.asarray(value)
        value = value.reshape(()) if value.size == 1 else value
        try:
            one_value(value[()], kind, "_FillValue")
            fits = True
        except AtlasError:
            fits = False
        value = value[()]
    if not fits:
        return None
    del attrs["_FillValue"]
    return value
