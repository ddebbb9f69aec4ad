"""Characters of fixed width, `char` of NetCDF and `S` of NumPy: text in a store, and characters again.

An array of characters, whose last dimension is the length of a text, is kept as an array of text without it. Characters
that are no text, because of a NUL inside, are kept as uint8. Attributes with reserved names say so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._errors import OutOfRange

# The name of the dimension that a text has none of, "" for characters without one; and its extent.
DIM = "_atlas_char_dim"
LENGTH = "_atlas_char_length"
# "latin-1" where the bytes are no UTF-8.
ENCODING = "_atlas_char_encoding"
RESERVED = (DIM, LENGTH, ENCODING)


class Chars(NamedTuple):
    """How texts are characters: the last dimension's name, its extent, and the encoding; None for bytes as uint8."""

    dim: str
    length: int
    encoding: str | None

    @classmethod
    def of(cls, attributes: dict[str, Any], *, is_text: bool) -> Chars | None:
        """What the attributes of an array say, without which they are left."""
        dim = attributes.pop(DIM, None)
        length = attributes.pop(LENGTH, 1)
        encoding = attributes.pop(ENCODING, "utf-8")
        return None if dim is None else cls(str(dim), int(length), str(encoding) if is_text else None)

    def attributes(self) -> dict[str, Any]:
        """What `of` takes."""
        made: dict[str, Any] = {DIM: self.dim}
        if self.encoding is not None:
            made[LENGTH] = self.length
            if self.encoding != "utf-8":
                made[ENCODING] = self.encoding
        return made

    def text(self, value: bytes) -> str:
        """A value of one text, such as a fill value, as an attribute."""
        return value.rstrip(b"\0").decode(self.encoding or "latin-1")

    def value(self, text: str) -> bytes:
        """What `text` was made of."""
        return text.encode(self.encoding or "latin-1")

    def texts(self, chars: NDArray[Any]) -> NDArray[Any]:
        """Characters, of type S1, as what is stored."""
        if self.encoding is None:
            return np.require(chars, requirements="C").view("u1")
        rows = _rows(chars) if self.dim else chars
        made = np.empty(rows.shape, object)
        made.reshape(-1)[:] = [row.decode(self.encoding) for row in rows.ravel().tolist()]
        return made

    def chars(self, stored: NDArray[Any], what: str) -> NDArray[Any]:
        """What is stored as characters, of type S1."""
        if self.encoding is None:
            return stored.view("S1")
        rows = [text.encode(self.encoding) for text in stored.ravel().tolist()]
        longest = max(map(len, rows), default=0)
        if longest > self.length:
            raise OutOfRange(f"{what}: a text of {longest} bytes does not fit {self.length} characters")
        shape = (*stored.shape, self.length) if self.dim else stored.shape
        if not self.length:
            return np.empty(shape, "S1")
        return np.array(rows, f"S{self.length}").view("S1").reshape(shape)


def choose(dims: tuple[str, ...], chars: NDArray[Any], before: Chars | None = None) -> Chars:
    """How characters are kept; `before` is how others of the same array can be."""
    dim, length = (dims[-1], chars.shape[-1]) if dims else ("", 1)
    encoding = _encoding(chars if dims else chars[..., None])
    if before is not None:
        order = ("utf-8", "latin-1", None)
        encoding = order[max(order.index(encoding), order.index(before.encoding))]
    # Bytes keep all of their dimensions.
    return Chars(dim if encoding is not None else "", length, encoding)


def _encoding(chars: NDArray[Any]) -> str | None:
    numbers = np.require(chars, requirements="C").view("u1")
    if ((numbers[..., :-1] == 0) & (numbers[..., 1:] != 0)).any():
        return None
    if (numbers < 128).all():
        return "utf-8"
    try:
        for row in _rows(chars).ravel().tolist():
            row.decode()
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _rows(chars: NDArray[Any]) -> NDArray[Any]:
    length = chars.shape[-1]
    if not length:
        return np.zeros(chars.shape[:-1], "S1")
    return np.require(chars, requirements="C").view(f"S{length}").reshape(chars.shape[:-1])
