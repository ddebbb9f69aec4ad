"""An array as a line or a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._array import Array
from ._attributes import Attributes
from ._dataset import DatasetView
from ._errors import InvalidArgument, OutOfRange, TypeMismatch
from ._types import STRING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.lines import Line2D


def plot(array: Array, *, ax: Axes | None = None, colorbar: bool = True, **choices: Any) -> Line2D | QuadMesh:
    """Draw an array over its coordinates: one dimension as a line, two as a map. Needs ``atlas-store[plot]``.

    Coordinates are the arrays of the dataset that are named as their only dimension; without one an axis counts cells.
    Missing cells, equal to the fill value or to the attribute ``missing_value``, are left out, and the attributes
    ``scale_factor`` and ``add_offset`` applied. Labels are ``long_name``, ``standard_name`` or the name, with
    ``units``.

    Parameters
    ----------
    array : Array
        The array.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the current axes.
    colorbar : bool
        Whether a map has a colour bar.
    **choices
        Of a dimension the index of the cell to draw, such as ``time=0``. One or two dimensions are left. Others are
        arguments of matplotlib's ``plot`` or ``pcolormesh``.

    Returns
    -------
    matplotlib.lines.Line2D or matplotlib.collections.QuadMesh
        What was drawn; its ``axes`` and ``figure`` lead to the rest.

    Examples
    --------
    >>> atlas.plot(store["january"]["sst"], time=0)        # doctest: +SKIP
    """
    dims = array.dims
    chosen = {dim: choices.pop(dim) for dim in dims if dim in choices}
    left = [dim for dim in dims if dim not in chosen]
    if len(left) not in (1, 2):
        raise InvalidArgument(
            f"array {array.name!r} has {len(left)} dimensions to draw, {', '.join(left) or 'none'}: choose cells of "
            f"others until there are one or two, as in {dims[0] if dims else 'time'}=0"
        )
    values = _values(array, array[tuple(chosen.get(dim, slice(None)) for dim in dims)])
    import matplotlib.pyplot as plt

    drawn: Line2D | QuadMesh
    on = plt.gca() if ax is None else ax
    dataset = DatasetView(array._store, array._dataset)
    if len(left) == 1:
        at, label = _coordinate(dataset, left[0], len(values))
        (drawn,) = on.plot(at, values, **choices)
        on.set_xlabel(label)
        on.set_ylabel(_label(array))
    else:
        (y, y_label), (x, x_label) = (_coordinate(dataset, dim, n) for dim, n in zip(left, values.shape, strict=True))
        drawn = on.pcolormesh(x, y, values, **{"shading": "nearest"} | choices)
        on.set_xlabel(x_label)
        on.set_ylabel(y_label)
        if colorbar:
            on.figure.colorbar(drawn, ax=on, label=_label(array))
    on.set_title(
        ", ".join([f"{dataset.name}: {_name(array)}", *(_place(dataset, array, *one) for one in chosen.items())])
    )
    return drawn


def _values(array: Array, found: Any) -> NDArray[Any]:
    """Values to draw, masked where they are missing."""
    values = np.asarray(found)
    attrs = array.attrs
    if array._info().kind is STRING or values.dtype.kind == "c":
        raise TypeMismatch(f"array {array.name!r} is of {array.dtype_name}, which cannot be drawn")
    mask = np.isnat(values) if values.dtype.kind == "M" else np.isnan(values) if values.dtype.kind == "f" else False
    for missing in (array.fill_value, attrs.get("missing_value")):
        if missing is not None and not isinstance(missing, str):
            mask = mask | np.isin(values, missing)
    if values.dtype.kind in "iuf":
        if values.dtype.itemsize < 4:
            values = values.astype("f4")
        values = values * attrs.get("scale_factor", 1) + attrs.get("add_offset", 0)
    masked: NDArray[Any] = np.ma.masked_array(values, mask)
    return masked


def _coordinate(dataset: DatasetView, dim: str, extent: int) -> tuple[NDArray[Any], str]:
    """Where cells are along a dimension, and what the axis is."""
    if dim in dataset:
        array = dataset[dim]
        if array.dims == (dim,) and array.shape == (extent,) and array._info().kind is not STRING:
            return _values(array, array.read()), _label(array)
    return np.arange(extent), dim


def _place(dataset: DatasetView, array: Array, dim: str, index: int) -> str:
    """What a cell that was chosen is, as a title says it."""
    extent = array.shape[array.dims.index(dim)]
    if not -extent <= index < extent:
        raise OutOfRange(f"index {index} is outside dimension {dim!r}, of {extent} cells")
    if dim in dataset and dataset[dim].dims == (dim,) and dataset[dim].shape == (extent,):
        units = _text(dataset[dim].attrs, "units")
        value = dataset[dim][index]
        shown = np.datetime_as_string(value, unit="s") if isinstance(value, np.datetime64) else value
        return f"{dim} = {shown}" + (f" {units}" if units else "")
    return f"{dim} {index % extent}"


def _label(array: Array) -> str:
    units = _text(array.attrs, "units")
    return f"{_name(array)} [{units}]" if units else _name(array)


def _name(array: Array) -> str:
    return _text(array.attrs, "long_name") or _text(array.attrs, "standard_name") or array.name


def _text(attrs: Attributes, key: str) -> str | None:
    value = attrs.get(key)
    return value.strip() if isinstance(value, str) else None
