"""Basic indexing: what a key selects of a shape."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from types import EllipsisType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ._errors import OutOfRange, TypeMismatch

Index: TypeAlias = "int | np.integer[Any] | slice | EllipsisType"
Key: TypeAlias = "Index | tuple[Index, ...]"


class Selection(NamedTuple):
    # One for each dimension of the array: the first index, the number of indices, and the distance between them.
    start: tuple[int, ...]
    counts: tuple[int, ...]
    step: tuple[int, ...]
    # Without the dimensions that an integer takes away.
    shape: tuple[int, ...]
    # Integers alone select an element, as in NumPy.
    is_element: bool


def select(key: object, shape: Sequence[int]) -> Selection:
    """What `key` of integers, slices and one Ellipsis selects."""
    keys = list(key) if isinstance(key, tuple) else [key]
    dots = [at for at, one in enumerate(keys) if one is Ellipsis]
    if len(dots) > 1:
        raise OutOfRange("an index has one Ellipsis at most")
    if len(keys) - len(dots) > len(shape):
        raise OutOfRange(f"an index of {len(keys) - len(dots)} dimensions for an array of {len(shape)}")
    missing = [slice(None)] * (len(shape) - len(keys) + len(dots))
    at = dots[0] if dots else len(keys)
    keys[at : at + 1] = missing
    start, count, step, kept = [], [], [], []
    for dimension, (one, extent) in enumerate(zip(keys, shape, strict=True)):
        if isinstance(one, slice):
            first, last, by = one.indices(extent)
            found = range(first, last, by)
            start.append(first if found else 0)
            count.append(len(found))
            step.append(by if len(found) > 1 else 1)
            kept.append(len(found))
        else:
            start.append(_integer(one, extent, dimension))
            count.append(1)
            step.append(1)
    is_element = not kept and not dots
    return Selection(tuple(start), tuple(count), tuple(step), tuple(kept), is_element)


def _integer(one: object, extent: int, dimension: int) -> int:
    try:
        if isinstance(one, (bool, np.bool_)):
            raise TypeError
        index = operator.index(one)  # type: ignore[arg-type]
    except TypeError:
        raise TypeMismatch(
            f"an index is of integers, slices and Ellipsis, not {type(one).__name__}: read a part, and index that"
        ) from None
    if not -extent <= index < extent:
        raise OutOfRange(f"index {index} is outside dimension {dimension}, of {extent} cells")
    return index % extent
