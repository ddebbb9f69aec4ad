"""A flush that goes on beside the program."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING

from ._c import ffi, lib

if TYPE_CHECKING:
    from ._errors import AtlasError
    from ._store import Atlas


class Flush:
    """A flush that was begun by `Atlas.flush_begin`. It may be waited for, awaited, or left to the next flush.

    Examples
    --------
    >>> flush = store.flush_begin()                     # doctest: +SKIP
    >>> ...                                             # compute the next step
    >>> flush.wait()                                    # doctest: +SKIP
    """

    __slots__ = ("__weakref__", "_error", "_over", "_store")

    def __init__(self, store: Atlas) -> None:
        self._store = store
        self._over = False
        self._error: AtlasError | None = None

    def wait(self) -> None:
        """Wait until everything that was changed before it began is on the disk.

        Raises
        ------
        AtlasError
            As `Atlas.flush`. Nothing is lost: the next flush writes what this one did not.
        """
        if not self._over:
            # Who waits at the same time in another thread may hear of it first.
            self._store._commit(lib.atlas_flush_wait, of=self)
        if self._error is not None:
            raise self._error

    def done(self) -> bool:
        """Whether it is over, well or not. `wait` then returns, or raises, at once."""
        if self._over:
            return True
        out = ffi.new("bool *")
        self._store._call(lib.atlas_flush_test, out)
        return bool(out[0])

    def __await__(self) -> Generator[None, None, None]:
        yield from asyncio.get_running_loop().run_in_executor(None, self.wait).__await__()

    def _settle(self, error: AtlasError | None) -> None:
        if not self._over:
            self._error = error
            self._over = True

    def __repr__(self) -> str:
        state = "under way" if not self._over else "failed" if self._error else "on the disk"
        return f"<Flush of {self._store.path!r}: {state}>"
