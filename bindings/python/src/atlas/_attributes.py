"""The attributes of a store, a dataset or an array, as a mapping."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from ._c import ffi, lib
from ._errors import NotFound
from ._memory import source
from ._text import Texts, name_of, texts
from ._types import BY_CODE, STRING, ElementType, attribute_values

if TYPE_CHECKING:
    from ._store import Atlas


class Attributes(MutableMapping[str, Any]):
    """The attributes of a store, of a dataset or of an array, in the order in which they were first set.

    A value comes back as what it was set as: `bool`, `int`, `float`, `complex` and `str`, NumPy's scalars for the
    types that Python has none for (`numpy.float32`, `numpy.datetime64`, ...), an array for several numbers, and a
    list for several texts. One value and a list of one are the same.
    """

    __slots__ = ("_array", "_dataset", "_store")

    def __init__(self, store: Atlas, dataset: bytes | None, array: bytes | None) -> None:
        self._store = store
        self._dataset = ffi.NULL if dataset is None else dataset
        self._array = ffi.NULL if array is None else array

    def _info(self, name: bytes) -> tuple[ElementType, Any]:
        code = ffi.new("atlas_dtype *")
        count = ffi.new("size_t *")
        self._store._call(lib.atlas_attribute_info, self._dataset, self._array, name, code, count)
        return BY_CODE[code[0]], count

    def element_type(self, key: str) -> ElementType:
        """The type that an attribute is stored as; `NotFound` if there is none."""
        return self._info(name_of(key, "an attribute's name"))[0]

    def __getitem__(self, key: str) -> Any:
        name = name_of(key, "an attribute's name")
        kind, count = self._info(name)
        if kind is STRING:
            ask = lib.atlas_get_attribute_strings
            found = texts(lambda *buffer: self._store._status(ask, self._dataset, self._array, name, *buffer))
            return found[0] if len(found) == 1 else found
        capacity = count[0]
        made = np.empty(capacity, kind.numpy)
        lent = ffi.from_buffer("char[]", made.view("i8") if kind.numpy.kind == "M" else made, True)
        self._store._call(lib.atlas_get_attribute, self._dataset, self._array, name, kind.code, capacity, lent, count)
        made = made[: count[0]]
        if len(made) != 1:
            return made
        # Types that Python has are its own; the others keep what they are.
        return made[0].item() if kind.numpy.str[1:] in ("b1", "i8", "f8", "c16") else made[0]

    def __setitem__(self, key: str, value: Any) -> None:
        self.set(key, value)

    def set(self, key: str, value: Any, dtype: DTypeLike | None = None) -> None:
        """Set an attribute as a value of a certain type.

        Parameters
        ----------
        key : str
            Its name.
        value : scalar, str, datetime or a list of them
            Its value. Without `dtype` the type is that of the value: int64 for `int` (uint64 where only that holds
            it), float64 for `float`, and NumPy's own for NumPy's scalars and arrays.
        dtype : str or numpy.dtype, optional
            The type to store it as; the value must be one of it.

        Raises
        ------
        TypeMismatch
            The value is of no type of a store (`None`, `bytes`, a mapping), or not of `dtype`.
        OutOfRange
            The value does not fit `dtype`.
        """
        name = name_of(key, "an attribute's name")
        kind, elements = attribute_values(value, dtype, f"attribute {key!r}")
        if kind is STRING:
            kept = Texts(elements, f"attribute {key!r}")
            pointer, count = ffi.cast("const void *", kept.pointers), len(elements)
        else:
            memory = source(np.ascontiguousarray(elements), f"attribute {key!r}")
            pointer, count = memory.pointer, len(elements)
        self._store._change(lib.atlas_set_attribute, self._dataset, self._array, name, kind.code, count, pointer)

    def __delitem__(self, key: str) -> None:
        name = name_of(key, "an attribute's name")
        self._store._change(lib.atlas_delete_attribute, self._dataset, self._array, name)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        out = ffi.new("bool *")
        self._store._call(lib.atlas_has_attribute, self._dataset, self._array, name_of(key), out)
        return bool(out[0])

    def __iter__(self) -> Iterator[str]:
        ask = lib.atlas_attribute_names
        return iter(texts(lambda *buffer: self._store._status(ask, self._dataset, self._array, *buffer)))

    def __len__(self) -> int:
        out = ffi.new("size_t *")
        self._store._call(lib.atlas_attribute_count, self._dataset, self._array, out)
        return int(out[0])

    def __repr__(self) -> str:
        return repr(dict(self))

    def _plain(self, key: str) -> Any:
        """A value as Python's own types: times as nanoseconds since 1970, arrays as lists; None if there is none."""
        try:
            value = self[key]
        except NotFound:
            return None
        if isinstance(value, np.ndarray):
            return value.view("i8").tolist() if value.dtype.kind == "M" else value.tolist()
        return value.item() if isinstance(value, np.generic) else value

    def _all_plain(self) -> dict[str, Any]:
        return {key: self._plain(key) for key in self}
