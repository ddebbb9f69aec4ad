"""A store."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import _handle
from ._array import Array
from ._attributes import Attributes
from ._c import ffi, lib
from ._choices import (
    check_type_policy,
    codec_of,
    compression_of,
    filter_of,
    if_exists_of,
    level_of,
    meta_format_of,
    switch,
)
from ._dataset import DatasetView
from ._errors import (
    AtlasError,
    Cancelled,
    Conflict,
    Corrupt,
    Forked,
    InvalidArgument,
    InvalidHandle,
    NotFound,
    ReadOnly,
    UnflushedChanges,
    Unsupported,
    check,
    error,
    store_not_found,
)
from ._flush import Flush
from ._handle import Handle, Log, Options, Progress
from ._memory import extents, target
from ._text import bytes_of, name_of, names, numbers_of, path_of, text, texts
from ._types import STRING

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Mode: TypeAlias = Literal["auto", "r", "r+"]
Source: TypeAlias = "str | os.PathLike[str]"

# Failures that say nothing of the flushes that were begun before.
_OF_THE_CALL = (Cancelled, Forked, InvalidArgument, InvalidHandle, ReadOnly, UnflushedChanges)

_BETWEEN_SIGNALS = 200  # milliseconds
# Bytes that most tickets and exports fit in.
_USUAL_BYTES = 1 << 16
_META_FORMATS = {lib.ATLAS_META_FORMAT_JSON: "json", lib.ATLAS_META_FORMAT_MSGPACK: "msgpack"}
_COMPRESSIONS = {lib.ATLAS_COMPRESSION_NONE: "none", lib.ATLAS_COMPRESSION_ZSTD: "zstd"}


class Damage(NamedTuple):
    """A damaged place, as `Atlas.verify` finds them: the file's path, the offset in it, and what is wrong there."""

    file: str
    offset: int
    message: str


@dataclass(frozen=True)
class StoreInfo:
    """What a store is.

    Attributes
    ----------
    mode : {"r", "r+"}
        Whether it is open for reading or for both.
    meta_format, meta_compression : str
        How the root is written: "json" or "msgpack", and "none" or "zstd".
    unflushed_changes : bool
        Whether anything changed since the last flush.
    generation : int
        The commit that is seen: 1 after `Atlas.create`, one more with every commit.
    dataset_count : int
        Datasets, unflushed ones included.
    array_file_count, segment_count : int
        Array names with data on the disk, and their segment files.
    live_bytes, dead_bytes : int
        Bytes on the disk of living arrays, and those that `Atlas.compact` would give back.
    """

    mode: str
    meta_format: str
    meta_compression: str
    unflushed_changes: bool
    generation: int
    dataset_count: int
    array_file_count: int
    segment_count: int
    live_bytes: int
    dead_bytes: int


@dataclass
class _Worker:
    """What a worker was made of, and whether it has exported anything."""

    ticket: bytes
    number: int
    path: str | None
    has_exported: bool = False


class Atlas:
    """A store of many named datasets, each a set of named arrays and attributes, in one folder.

    Made by `Atlas.create`, `Atlas.open` and, of a session, `Atlas.open_worker`. Changes are in memory until `flush` or `close`, which commit all of them
    together. A ``with`` block closes the store at its end; an exception that leaves the block discards what was not
    flushed, and so does ``del``.

    All methods may be called from many threads; no call holds the interpreter's lock while the library works. In a
    child process made by fork a store that was open for reading is opened again at the same commit; one that was open
    for writing fails with `Forked`. A pickle names the path and the commit, and opens that for reading; that of a worker
    which has exported nothing names its ticket and number, and makes the same worker elsewhere.

    Examples
    --------
    >>> with atlas.Atlas.create("run.atlas") as store:                                    # doctest: +SKIP
    ...     january = store.create_dataset("january")
    ...     january.define_array("t", "float32", ["lat", "lon"], [45, 72])[...] = 273.15
    >>> with atlas.Atlas.open("run.atlas") as store:                                      # doctest: +SKIP
    ...     print(store["january"]["t"][10:20].mean())
    """

    _path: str
    _handle: Handle | None
    _mode: Mode
    _options: Options
    _flushes: weakref.WeakSet[Flush]
    _committing: threading.RLock
    _worker: _Worker | None

    def __init__(self) -> None:
        raise TypeError("a store is made by Atlas.create(path) or Atlas.open(path)")

    @classmethod
    def _of(cls, path: str, handle: Handle, mode: Mode, options: Options) -> Self:
        made = cls.__new__(cls)
        made._path, made._handle, made._mode, made._options = path, handle, mode, options
        made._flushes = weakref.WeakSet()
        made._committing = threading.RLock()
        made._worker = None
        return made

    # ---- To have a store ----

    @classmethod
    def create(
        cls,
        source: Source,
        codec: str = "zstd",
        meta_format: str = "json",
        meta_compression: str = "none",
        on_type_mismatch: str = "warn",
        *,
        overwrite: bool = False,
        exist_ok: bool = False,
        level: int | None = None,
        shuffle: bool | None = None,
        filter: str | None = None,
        pack: bool | None = None,
        keep_generations: int | None = None,
        sync: bool = True,
        num_threads: int | None = None,
        cache_bytes: int | None = None,
        write_buffer_bytes: int | None = None,
        float_overflow: str = "error",
        log: Log | None = None,
        lock_timeout: float = 0,
    ) -> Self:
        """Create a store, and open it for reading and writing.

        Parameters
        ----------
        source : path
            The folder. It is made, with those above it, if it is missing, and may exist if it is empty.
        codec : {"zstd", "lz4", "none"}
            How chunks are compressed, for arrays that do not choose.
        meta_format : {"json", "msgpack"}
            How the root is written. A store that is begun anew keeps its own; "msgpack" is an error where that is another.
        meta_compression : {"none", "zstd"}
            How the root is compressed.
        on_type_mismatch : {"warn"}
            Of the predecessor. Arrays of one name may differ in type.
        overwrite : bool
            Begin a store that is there anew. Until the first flush it stays as it is, for readers too; that flush is a
            commit, from which `rollback` can go back. Its pins stay, and so does the format of its root.
        exist_ok : bool
            Open a store that is there, whatever the options of this one say.
        level : int, optional
            The codec's level; by default 1 for zstd.
        shuffle : bool, optional
            Whether to shuffle the bytes of elements before compressing; by default yes.
        filter : {"none", "delta"}, optional
            What to do to elements before that, for arrays that do not choose and can have it; by default nothing.
        pack : bool, optional
            Whether to compress chunks below 16 KiB together with others; by default yes. See
            `DatasetView.define_array`.
        keep_generations : int, optional
            Earlier commits that can be gone back to, compactions or not; by default the one before the last, until a
            compaction. It belongs to the store from then on: see `Atlas.keep_generations`.
        sync : bool
            Whether a flush waits until everything is on the disk.
        num_threads : int, optional
            Background threads; 0 for none. By default one for each core, or the environment's ATLAS_NUM_THREADS.
        cache_bytes : int, optional
            Decoded data and indexes kept for later reads; by default 64 MiB.
        write_buffer_bytes : int, optional
            Written values kept in memory; by default 256 MiB.
        float_overflow : {"error", "infinity"}
            What becomes of a finite value that the narrower float type it is converted to, by a write or a read, can
            only round to infinity: `OutOfRange`, or an infinity. Infinities and NaN stay what they are.
        log : callable, optional
            Called with a level of `logging` and a message; by default they go to the logger "atlas".
        lock_timeout : float
            Seconds to wait for another writer to end, `math.inf` for any number, before it is `Locked`.

        Raises
        ------
        AlreadyExists
            There is a store, and neither `overwrite` nor `exist_ok` is set.
        InvalidArgument
            There is something else in the folder, or a store to be begun anew with another format of its root.
        Locked
            Another writer has it.
        IOFailure, NoSpace
            The disk does not take it.
        """
        check_type_policy(on_type_mismatch)
        path = path_of(source)
        options = Options(sync, num_threads, cache_bytes, write_buffer_bytes, log, float_overflow, lock_timeout)
        choices = {
            "codec": codec_of(codec),
            "level": level_of(level),
            "shuffle": switch(shuffle),
            "filter": filter_of(filter),
            "pack": switch(pack),
            "meta_format": meta_format_of(meta_format),
            "meta_compression": compression_of(meta_compression),
            "if_exists": if_exists_of(overwrite, exist_ok),
        }
        if not os.path.lexists(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        return cls._of(path, _handle.create(path, options, choices, keep_generations), "r+", options)

    @classmethod
    def open(
        cls,
        source: Source,
        on_type_mismatch: str = "warn",
        *,
        mode: Mode = "auto",
        generation: int | str | None = None,
        ticket: bytes | None = None,
        sync: bool = True,
        num_threads: int | None = None,
        cache_bytes: int | None = None,
        write_buffer_bytes: int | None = None,
        float_overflow: str = "error",
        log: Log | None = None,
        lock_timeout: float = 0,
    ) -> Self:
        """Open a store.

        Parameters
        ----------
        source : path
            The folder.
        on_type_mismatch : {"warn"}
            Of the predecessor. Arrays of one name may differ in type.
        mode : {"auto", "r", "r+"}
            "r": read one commit, until `refresh`; any number of readers, beside a writer. "r+": be the one writer.
            "auto": read, and become the writer with the first change; that fails with `Locked` if another has the
            store, and with `Conflict` if another has committed since.
        generation : int or str, optional
            An earlier commit that is kept, by its number or by the name of a pin; it is for reading alone.
        ticket : bytes, optional
            That of a session whose store is gone, with mode "r+": the session goes on with this one, and the files of
            its workers stay.
        sync, num_threads, cache_bytes, write_buffer_bytes, float_overflow, log, lock_timeout
            As for `create`.

        Raises
        ------
        StoreNotFound
            There is no store, or it does not keep that commit; also a `KeyError` and a `FileNotFoundError`.
        NotFound
            There is no pin of that name.
        Locked
            Another writer has it.
        Corrupt, Unsupported, IOFailure
            It cannot be read.
        """
        check_type_policy(on_type_mismatch)
        if mode not in ("auto", "r", "r+"):
            raise InvalidArgument(f"mode is auto, r or r+, not {mode!r}")
        if ticket is not None and mode != "r+":
            raise InvalidArgument(f"a session goes on where a store is open for writing: mode is r+, not {mode}")
        path = path_of(source)
        options = Options(sync, num_threads, cache_bytes, write_buffer_bytes, log, float_overflow, lock_timeout)
        if generation is not None:
            if mode == "r+":
                raise InvalidArgument(f"store {path!r}: commit {generation!r} can be read, and not written: mode is r")
            if isinstance(generation, str):
                with cls._of(path, _handle.open_last(path, lib.ATLAS_MODE_READ, options), "r", options) as last:
                    return last.at(generation)
            return cls._of(path, _handle.open_at(path, generation, options), "r", options)
        number = lib.ATLAS_MODE_READ_WRITE if mode == "r+" else lib.ATLAS_MODE_READ
        return cls._of(path, _handle.open_last(path, number, options, ticket), mode, options)

    @classmethod
    def open_worker(
        cls,
        ticket: bytes,
        number: int,
        source: Source | None = None,
        *,
        sync: bool = True,
        num_threads: int | None = None,
        cache_bytes: int | None = None,
        write_buffer_bytes: int | None = None,
        float_overflow: str = "error",
        log: Log | None = None,
    ) -> Self:
        """Make a worker of a session's ticket, in whatever thread, process or machine sees the store's folder.

        It takes no lock and commits nothing. It can create datasets and define arrays (what many define alike is
        defined once), set attributes, write any box, append to an array that no other appends to, and read what the
        ticket knows and it has written itself. The rest is `Unsupported`. `export_changes` hands out what it did, and
        comes before the end of its ``with`` block, which fails with `UnflushedChanges` otherwise.

        Parameters
        ----------
        ticket : bytes
            What `session_begin` gave.
        number : int
            The worker's: no other that is at work has it.
        source : path, optional
            The folder as this machine sees it; by default as the ticket says.
        sync, num_threads, cache_bytes, write_buffer_bytes, float_overflow, log
            As for `create`.

        Raises
        ------
        InvalidArgument
            It is no ticket.
        Unsupported
            The ticket is of another version of the library.
        Corrupt
            The ticket is damaged.
        """
        path = None if source is None else path_of(source)
        options = Options(sync, num_threads, cache_bytes, write_buffer_bytes, log, float_overflow)
        return cls._of_ticket(_Worker(bytes(ticket), number, path), options)

    @classmethod
    def _of_ticket(cls, worker: _Worker, options: Options) -> Self:
        handle = _handle.open_worker(worker.ticket, worker.number, worker.path, options)
        made = cls._of(worker.path or "", handle, "r+", options)
        made._worker = worker
        return made

    def at(self, generation: int | str) -> Self:
        """Open an earlier commit of this store for reading: one of `generations`, or the one that a pin names.

        Raises
        ------
        StoreNotFound
            The store does not keep that commit; the text says which it keeps.
        NotFound
            There is no pin of that name.
        """
        self._use()
        if self._worker is not None:
            raise Unsupported(f"worker {self._worker.number} of a session reads what its ticket knows")
        number = self._generation(generation)
        return self._of(self._path, _handle.open_at(self._path, number, self._options), "r", self._options)

    def __reduce__(self) -> tuple[Any, ...]:
        handle = self._use()
        if (worker := self._worker) is not None:
            if worker.has_exported or self.info().unflushed_changes:
                raise UnflushedChanges(f"worker {worker.number}: a pickle names its ticket, and it has written since")
            return _unpickle_worker, (type(self), worker, self._options)
        if self._writes() and self.info().unflushed_changes:
            raise UnflushedChanges(f"store {self._path!r}: a pickle names a commit, and there are changes to flush")
        generation = self.info().generation if self._writes() else handle.generation
        return _unpickle, (type(self), self._path, generation, self._options)

    # ---- Handles ----

    def _writes(self) -> bool:
        return self._mode == "r+"

    def _use(self) -> Handle:
        handle = self._handle
        if handle is None:
            raise InvalidHandle(f"store {self._path!r} is closed")
        if not handle.of_this_process() and not self._writes():
            with _handle.process.lock:
                handle = self._handle
                if handle is not None and not handle.of_this_process():
                    self._handle = handle = _handle.open_at(self._path, handle.generation, self._options)
            if handle is None:
                raise InvalidHandle(f"store {self._path!r} is closed")
        return handle

    def _status(self, function: Callable[..., int], *arguments: Any) -> int:
        # The handle is named during the call, or another thread could let it go.
        handle = self._use()
        return function(handle.number, *arguments)

    def _call(self, function: Callable[..., int], *arguments: Any) -> None:
        handle = self._handle
        if handle is None or handle.process != _handle.process.number:
            handle = self._use()
        status = function(handle.number, *arguments)
        if status:
            raise error(status)

    def _change(self, function: Callable[..., int], *arguments: Any) -> None:
        handle = self._handle
        if handle is None or handle.process != _handle.process.number or self._mode == "auto":
            handle = self._writer()
        status = function(handle.number, *arguments)
        if status:
            raise error(status)

    def _writer(self) -> Handle:
        """Become the writer, of the commit that is read."""
        with _handle.process.lock:
            reader = self._use()
            if self._mode == "auto":
                writer = _handle.open_last(self._path, lib.ATLAS_MODE_READ_WRITE, self._options)
                if writer.generation != reader.generation:
                    raise Conflict(
                        f"store {self._path!r}: another writer has committed {writer.generation} since "
                        f"{reader.generation} was opened: refresh, and change it then"
                    )
                self._handle, self._mode = writer, "r+"
                return writer
            return reader

    def _commit(self, function: Callable[..., int], *, of: Flush | None = None) -> None:
        """A call that waits for every flush that was begun, and tells each of them what became of it."""
        if not self._use().of_this_process():
            # In a child made by fork the call fails. A thread that is not here may have held the lock.
            self._change(function)
        with self._committing:
            if of is not None and of._over:
                return
            begun = list(self._flushes)
            try:
                self._change(function)
            except AtlasError as failure:
                self._heard(begun, failure, function)
                raise
            self._settle(begun, None)

    def _heard(self, begun: list[Flush], failure: AtlasError, function: Callable[..., int]) -> None:
        """What a call that failed says of the flushes that were begun before: the library says it once."""
        # These two take no argument that could be wrong: a flush was, by the lengths of a dimension.
        of_a_flush = isinstance(failure, InvalidArgument) and function in (lib.atlas_flush_begin, lib.atlas_flush_wait)
        if of_a_flush or not isinstance(failure, _OF_THE_CALL):
            self._settle(begun, failure)

    def _settle(self, begun: list[Flush], failure: AtlasError | None) -> None:
        for flush in begun:
            flush._settle(failure)
        self._flushes.difference_update(begun)

    # ---- Durability ----

    @property
    def path(self) -> str:
        """The folder; of a worker the one that it was given, or none."""
        return self._path

    @property
    def mode(self) -> Mode:
        """How it is open: "r", "r+", or "auto" until the first change."""
        return self._mode

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._handle is None

    def flush(self) -> None:
        """Commit every change since the last flush, all together, and wait until it is on the disk.

        Raises
        ------
        NoSpace
            The changes stay in memory: make room, and flush again.
        Conflict, IOFailure, Poisoned, ReadOnly
            Nothing is committed.
        """
        self._use()
        if self._mode != "auto":
            self._commit(lib.atlas_flush)

    def flush_begin(self) -> Flush:
        """Begin a flush of every change made so far, and do not wait for it.

        What is changed from now on belongs to the next flush. `flush`, `close` and `compact` wait for all that were
        begun.

        Returns
        -------
        Flush
            To be waited for, or awaited.

        Raises
        ------
        AtlasError
            As `flush`; also for a flush begun before, of whose failure nobody has heard.
        """
        flush = Flush(self)
        if not self._use().of_this_process():
            # As in `_commit`.
            self._change(lib.atlas_flush_begin)
        with self._committing:
            begun = list(self._flushes)
            try:
                self._change(lib.atlas_flush_begin)
            except AtlasError as failure:
                self._heard(begun, failure, lib.atlas_flush_begin)
                raise
            self._flushes.add(flush)
        return flush

    def close(self) -> None:
        """Flush, then release the store; every later call fails with `InvalidHandle`. Once closed it does nothing.

        Raises
        ------
        AtlasError
            As `flush`. The store stays open, and nothing is lost: close again, or `discard`.
        """
        handle = self._handle
        if handle is None:
            return
        if self._writes():
            self._commit(lib.atlas_close)
            handle.number = 0
        elif handle.of_this_process() and not handle.shared:
            check(lib.atlas_close(handle.number))
            handle.number = 0
        self._handle = None

    def discard(self) -> None:
        """Release the store without a flush: every change since the last one is gone."""
        handle, self._handle = self._handle, None
        if handle is not None and not handle.shared:
            number, handle.number = handle.number, 0
            check(lib.atlas_discard(number))

    def __enter__(self) -> Self:
        self._use()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def compact(self, progress: bool | Progress = False) -> None:
        """Give back the space of deleted and overwritten data, by rewriting what is alive. Commits by itself.

        Parameters
        ----------
        progress : bool or callable, optional
            True for a bar of tqdm; or called with what, done and total. What it raises ends the call, and nothing is
            changed.

        Raises
        ------
        UnflushedChanges
            Anything changed since the last flush.
        """
        self._use()
        with _progress(progress) as report:
            writer = self._writer()
            writer.calls.during(report, lambda: self._commit(lib.atlas_compact))

    def verify(self, progress: bool | Progress = False) -> list[Damage]:
        """Read every byte of the committed store, and compare it with its checksums.

        Parameters
        ----------
        progress : bool or callable, optional
            As for `compact`.

        Returns
        -------
        list of Damage
            The damaged places; none in a sound store.
        """
        found: list[tuple[str, int, str]] = []
        places = ffi.new_handle(found)
        handle = self._use()

        def call() -> None:
            try:
                check(lib.atlas_verify(handle.number, lib.atlas_python_damage, places, ffi.NULL))
            except Corrupt:
                if not found:
                    raise

        with _progress(progress) as report:
            handle.calls.during(report, call)
        return [Damage(*one) for one in found]

    def generations(self) -> list[int]:
        """The commits that `at` opens and `rollback` goes back to, pinned ones too, ascending up to the last one."""
        return numbers_of(lambda *out: self._status(lib.atlas_generations, *out), "uint64_t[]", 16)

    @property
    def keep_generations(self) -> int | None:
        """Earlier commits that are kept, compactions or not; None: the one before the last, until a compaction.

        Assigning to it is a change like any other: the next flush makes it durable, and is the first commit that keeps,
        or drops, what it says.
        """
        count = int(_handle.describe(self._use()).keep_generations)
        return None if count == 0 else max(0, count)

    @keep_generations.setter
    def keep_generations(self, count: int | None) -> None:
        self._change(lib.atlas_set_keep_generations, _handle.keep_generations_of(count))

    def pin(self, name: str) -> None:
        """Pin the last commit under a name: it is kept, with all its files, until `unpin`.

        Nothing that is flushed, compacted or rolled back takes it away. Changes that are not flushed are not part of
        it. It is a change like any other: the next flush makes it durable. Waits for flushes that were begun.

        Raises
        ------
        AlreadyExists
            There is a pin of this name.
        """
        self._change(lib.atlas_pin, name_of(name, "a pin's name"))

    def unpin(self, name: str) -> None:
        """Take a pin away. From the next flush on its commit is kept only as `keep_generations` says.

        Raises
        ------
        NotFound
            There is no pin of this name.
        """
        self._change(lib.atlas_unpin, name_of(name, "a pin's name"))

    @property
    def pins(self) -> dict[str, int]:
        """The name and the commit of each pin, in the order in which they were made.

        A store that is open for reading lists those of the last commit, whichever it sees.
        """
        found = {}
        for name in texts(lambda *buffer: self._status(lib.atlas_pin_names, *buffer)):
            # A writer may have taken it away since.
            with contextlib.suppress(NotFound):
                found[name] = self._generation(name)
        return found

    def _generation(self, of: int | str) -> int:
        """A commit's number: what it is, or that of the commit that a pin names."""
        if not isinstance(of, str):
            return of
        out = ffi.new("uint64_t *")
        self._call(lib.atlas_pin_generation, name_of(of, "a pin's name"), out)
        return int(out[0])

    def rollback(self, generation: int | str) -> None:
        """Make the store what it was at an earlier commit, as a new commit, and wait until that is on the disk.

        Parameters
        ----------
        generation : int or str
            One of `generations`, or the name of a pin.

        Raises
        ------
        StoreNotFound
            The store does not keep that commit; the text says which it keeps.
        NotFound
            There is no pin of that name.
        UnflushedChanges
            Anything changed since the last flush.
        """
        number = self._generation(generation)
        if not 0 <= number < 1 << 64:
            raise InvalidArgument(f"a commit has a number from 1 on, not {number}")
        try:
            self._change(lib.atlas_rollback, number)
        except NotFound as missing:
            raise store_not_found(missing) from None

    def refresh(self) -> None:
        """Move a store that is open for reading on to the last commit."""
        handle = self._use()
        if handle.shared:
            self._handle = handle = _handle.open_at(self._path, handle.generation, self._options)
        check(lib.atlas_refresh(handle.number))
        handle.generation = self.info().generation

    def wait_for_commit(self, timeout: float = math.inf) -> bool:
        """Wait until there is a newer commit than the one that a store, open for reading, sees. `refresh` moves on to it.

        Parameters
        ----------
        timeout : float
            Seconds to wait; by default any number.

        Returns
        -------
        bool
            Whether there is a newer commit.

        Raises
        ------
        InvalidArgument
            The store is open for writing: nobody else commits to it.
        """
        handle = self._use()
        newer = ffi.new("bool *")
        left = _handle.milliseconds(timeout, "timeout")
        while True:
            # A signal has its turn between two of these.
            part = min(left, _BETWEEN_SIGNALS)
            check(lib.atlas_wait_for_commit(handle.number, part, newer))
            left -= part
            if newer[0] or not left:
                return bool(newer[0])

    def info(self) -> StoreInfo:
        """What the store is, as of now."""
        handle = self._use()
        out = _handle.describe(handle)
        return StoreInfo(
            "r" if out.mode == lib.ATLAS_MODE_READ else "r+",
            _META_FORMATS[out.meta_format],
            _COMPRESSIONS[out.meta_compression],
            bool(out.unflushed_changes),
            out.generation,
            out.dataset_count,
            out.array_file_count,
            out.segment_count,
            out.live_bytes,
            out.dead_bytes,
        )

    # ---- Sessions ----

    def session_begin(self, *, workers: int = 0, datasets: Iterable[str] | None = None) -> bytes:
        """Begin a session, or renew the one that is on: many workers write, and this store commits.

        Parameters
        ----------
        workers : int
            How many there will be, numbered from 0 on, for `session_missing`; 0 if it is not known.
        datasets : iterable of str, optional
            The datasets that workers are told of; by default all. A ticket is as large as what it tells.

        Returns
        -------
        bytes
            The ticket, for `Atlas.open_worker`. Workers see the last commit and the definitions made since; not values
            that are not flushed. It holds until `session_end` or `close`. One after a flush is for `renew`.

        Raises
        ------
        NotFound
            There is no dataset of a name in `datasets`.
        ReadOnly
            The store is open for reading.
        Unsupported
            This is a worker.
        """
        if not 0 <= workers < 1 << 32:
            raise InvalidArgument(f"workers are a number from 0 to 4294967295, not {workers}")
        options = ffi.new("atlas_session_options *")
        options.struct_size = ffi.sizeof("atlas_session_options")
        options.workers = workers
        wanted = None if datasets is None else list(datasets)
        if wanted is not None and not wanted:
            raise InvalidArgument("workers of a session are told of no dataset: None is all of them")
        listed, _kept = names(wanted or (), "a dataset's name")
        options.dataset_count, options.datasets = len(wanted or ()), listed
        writer = self._writer()
        return bytes_of(lambda *buffer: lib.atlas_session_begin(writer.number, options, *buffer), _USUAL_BYTES)

    def session_end(self) -> None:
        """End the session, if one is on: files of workers that were not imported go, and later exports are refused.

        Raises
        ------
        UnflushedChanges
            Values were imported that are not flushed.
        """
        self._change(lib.atlas_session_end)

    def session_missing(self) -> list[int]:
        """The workers, of as many as `session_begin` was told of, from whom nothing was imported since the last flush.

        Raises
        ------
        Conflict
            No session is on.
        """
        writer = self._writer()
        return numbers_of(lambda *out: lib.atlas_session_missing(writer.number, *out), "uint32_t[]", 64)

    def export_changes(self) -> bytes:
        """Write what changed on a worker since its last export, make it durable, and hand it out.

        Returns
        -------
        bytes
            What `import_changes` takes. Without changes they are few, by which the worker is known to be done.

        Raises
        ------
        InvalidArgument
            This is not a worker.
        NoSpace, IOFailure
            Nothing is lost: export again.
        Poisoned
            A sync to the disk failed.
        """
        found = bytes_of(lambda *buffer: self._status(lib.atlas_export, *buffer), _USUAL_BYTES)
        if self._worker is not None:
            self._worker.has_exported = True
        return found

    def import_changes(self, exports: Iterable[bytes]) -> None:
        """Take over what workers have exported: all of it, or on failure nothing. The next flush commits it.

        The order means nothing, and what was imported already is left out. Chunks of which two workers have written
        different cells are put together; no two may have written the same cell.

        Parameters
        ----------
        exports : iterable of bytes
            What `export_changes` gave.

        Raises
        ------
        Conflict
            Two workers, or one and this store, have written one cell; definitions or attributes differ; two have
            appended to one array; an export is of another session, or one before it is missing. The text names them.
        Corrupt, NotFound
            An export or a file is damaged or gone.
        InvalidArgument
            Bytes are no export.
        Unsupported
            A worker has not synced its files, and this store syncs.
        """
        held = [ffi.from_buffer(one) for one in exports]
        pointers, lengths = ffi.new("void *[]", held), ffi.new("size_t[]", [len(one) for one in held])
        self._change(lib.atlas_import, len(held), pointers, lengths)

    def renew(self, ticket: bytes) -> None:
        """Have a worker go on from a later ticket of its session: it sees what was committed since.

        Parameters
        ----------
        ticket : bytes
            What `session_begin` gave after a flush. What the worker has exported and no flush has committed it does not
            see any more.

        Raises
        ------
        UnflushedChanges
            The worker has something to export.
        Conflict
            The ticket is of another session.
        """
        held = ffi.from_buffer(ticket)
        self._change(lib.atlas_renew, held, len(held))
        if self._worker is not None:
            self._worker.ticket = bytes(ticket)

    # ---- Datasets ----

    def create_dataset(self, name: str) -> DatasetView:
        """Add a dataset without arrays or attributes. Its name may hold "/", which means nothing to the store.

        Raises
        ------
        AlreadyExists
            There is a dataset of this name.
        """
        key = name_of(name, "a dataset's name")
        self._change(lib.atlas_create_dataset, key)
        return DatasetView(self, key)

    def open_dataset(self, name: str) -> DatasetView:
        """A dataset; `NotFound`, a `KeyError`, if there is none."""
        key = name_of(name, "a dataset's name")
        out = ffi.new("size_t *")
        self._call(lib.atlas_array_count, key, out)
        return DatasetView(self, key)

    def delete_dataset(self, name: str) -> None:
        """Delete a dataset with its arrays and attributes. Its bytes stay on the disk until a `compact` at the latest.

        Raises
        ------
        NotFound
            There is no such dataset.
        """
        self._change(lib.atlas_delete_dataset, name_of(name, "a dataset's name"))

    def rename(self, name: str, to: str) -> None:
        """Give a dataset another name. Nothing is moved; it is the last in the order of datasets from then on.

        Raises
        ------
        NotFound
            There is no such dataset.
        AlreadyExists
            There is a dataset `to`.
        """
        self._change(lib.atlas_rename_dataset, name_of(name, "a dataset's name"), name_of(to, "a dataset's name"))

    def copy(self, name: str, to: str, store: Atlas | None = None) -> DatasetView:
        """Copy a dataset: attributes, definitions, and values, what is not flushed included, a chunk at a time.

        Parameters
        ----------
        name : str
            The dataset.
        to : str
            The name of the copy.
        store : Atlas, optional
            The store that gets it; by default this one. The next flush of it makes the copy durable.

        Returns
        -------
        DatasetView
            The copy.

        Raises
        ------
        NotFound
            There is no such dataset.
        AlreadyExists
            There is a dataset `to`.
        Conflict
            Another thread deletes or replaces an array of the dataset meanwhile; then there is no copy.
        """
        key, copy = name_of(name, "a dataset's name"), name_of(to, "a dataset's name")
        target = self if store is None else store
        writer = target._writer()
        reader = self._use()
        check(lib.atlas_copy_dataset(reader.number, key, writer.number, copy))
        return DatasetView(target, copy)

    @property
    def attrs(self) -> Attributes:
        """The store's own attributes."""
        return Attributes(self, None, None)

    def list_datasets(self) -> list[str]:
        """The names of the datasets, in the order in which they were created."""
        return texts(lambda *buffer: self._status(lib.atlas_dataset_names, *buffer))

    def dataset_exists(self, name: str) -> bool:
        """Whether there is a dataset of this name."""
        out = ffi.new("bool *")
        self._call(lib.atlas_has_dataset, name_of(name, "a dataset's name"), out)
        return bool(out[0])

    def dataset_name(self, row: int) -> str:
        """The name of the dataset at a place in the order of creation, from 0.

        Raises
        ------
        OutOfRange
            There is no such place.
        """
        at = row if 0 <= row < 1 << 64 else (1 << 64) - 1
        return text(lambda *buffer: self._status(lib.atlas_dataset_name, at, *buffer))

    def __getitem__(self, name: str) -> DatasetView:
        return self.open_dataset(name)

    def __delitem__(self, name: str) -> None:
        self.delete_dataset(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.dataset_exists(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.list_datasets())

    def __len__(self) -> int:
        out = ffi.new("size_t *")
        self._call(lib.atlas_dataset_count, out)
        return int(out[0])

    def __bool__(self) -> bool:
        return True

    # ---- Across datasets ----

    def list_arrays(self) -> list[str]:
        """The different names of arrays in all datasets, sorted."""
        return sorted({array for name in self for array in self.open_dataset(name)})

    def read_array_across(
        self,
        array: str,
        dataset_names: Sequence[str],
        start: Sequence[int] | None = None,
        shape: Sequence[int] | None = None,
    ) -> list[NDArray[Any] | None]:
        """Read the same box of one array from many datasets.

        Returns
        -------
        list
            For each dataset the values, or None if it has no such array or is not there.

        Raises
        ------
        OutOfRange
            The box leaves an array.
        """
        found = [self._array_of(name, array) for name in dataset_names]
        there = [name for name, one in zip(dataset_names, found, strict=True) if one is not None]
        kinds = {(one._info().kind, one._info().shape) for one in found if one is not None}
        if len(kinds) == 1 and next(iter(kinds))[0] is not STRING:
            stacked = iter(self.read_array_across_stacked(array, there, start, shape))
            return [None if one is None else next(stacked) for one in found]
        return [None if one is None else one.read(start, shape) for one in found]

    def read_array_across_stacked(
        self,
        array: str,
        dataset_names: Sequence[str],
        start: Sequence[int] | None = None,
        shape: Sequence[int] | None = None,
        *,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Read the same box of one array from many datasets, stacked, in parallel.

        Parameters
        ----------
        array : str
            The array.
        dataset_names : sequence of str
            The datasets; each has the array, with the same number of dimensions.
        start, shape : sequence of int, optional
            The box, as for `Array.read`. Without `shape` it must come out the same in every dataset.
        out : numpy.ndarray, optional
            Memory to read into, contiguous, of the shape of what is returned.

        Returns
        -------
        numpy.ndarray
            Of shape ``(len(dataset_names), *shape)``, and of the type of the first dataset's array.

        Raises
        ------
        NotFound
            A dataset is missing, or has no such array.
        OutOfRange
            The box leaves an array.
        """
        if not dataset_names:
            raise InvalidArgument(f"array {array!r} across no datasets has no shape")
        key = name_of(array, "an array's name")
        first = Array(self, name_of(dataset_names[0], "a dataset's name"), key)
        info = first._info()
        if info.kind is STRING:
            read = [self.open_dataset(name)[array].read(start, shape) for name in dataset_names]
            return np.stack(read) if out is None else np.stack(read, out=out)
        begin = extents(start, info.rank, first._named, "start")
        if shape is None:
            at = start if start is not None else (0,) * info.rank
            shape = [max(0, extent - int(one)) for extent, one in zip(info.shape, at, strict=True)]
        count = extents(shape, info.rank, first._named, "shape")
        wanted = (len(dataset_names), *(int(extent) for extent in shape))
        if out is None:
            first._check_room(info, start, wanted[1:])
            out = np.empty(wanted, info.kind.numpy)
        elif out.shape != wanted:
            raise InvalidArgument(f"array {array!r}: out has shape {out.shape}, the regions {wanted}")
        memory = target(out)
        if memory is None or memory.strides != ffi.NULL:
            raise InvalidArgument(f"array {array!r}: out is of a type of a store, and contiguous")
        listed, _kept = names(dataset_names, "a dataset's name")
        self._call(
            lib.atlas_read_across, key, len(dataset_names), listed, memory.code, info.rank, begin, count, memory.pointer
        )
        return out

    def _array_of(self, dataset: str, array: str) -> Array | None:
        found = Array(self, name_of(dataset, "a dataset's name"), name_of(array, "an array's name"))
        try:
            found._info()
        except NotFound:
            return None
        return found

    def merged_schema(self) -> dict[str, Any]:
        """Every array and attribute of all datasets, with the type that all of its types convert to.

        Returns
        -------
        dict
            "arrays", of each name "dtype", "dimension_names" and "attributes"; and "global_attributes".
        """
        from ._pruning import merged_schema

        return merged_schema(self)

    def pruning_index(
        self,
        arrays: Iterable[str] | None = None,
        global_attrs: Iterable[str] | None = None,
        array_attrs: Iterable[tuple[str, str]] | None = None,
    ) -> dict[str, Any]:
        """Statistics of columns over all datasets, to tell which datasets may hold what is looked for.

        Parameters
        ----------
        arrays : iterable of str, optional
            Columns of arrays.
        global_attrs : iterable of str, optional
            Columns of datasets' attributes: which datasets have them.
        array_attrs : iterable of (str, str), optional
            Columns of arrays' attributes, named "array:key".

        Returns
        -------
        dict
            "rows", the number of datasets; "datasets", their names; "live", True for each; and "columns", of each
            column arrays over the rows: "present", "stats_valid", "min", "max", "row_count", "null_count".
        """
        from ._pruning import pruning_index

        return pruning_index(self, arrays, global_attrs, array_attrs)

    def column_summaries(self) -> dict[str, Any]:
        """Of every array and attribute "min", "max" and "present_count" over all datasets."""
        from ._pruning import column_summaries

        return column_summaries(self)

    def dataset_row(self, name: str) -> int | None:
        """A dataset's place in the order of creation; None if there is none. Deletions move later ones up."""
        listed = self.list_datasets()
        return listed.index(name) if name in listed else None

    def row_slots(self) -> int:
        """The number of rows of `pruning_index`: that of the datasets."""
        return len(self)

    def to_pandas(self, arrays: Iterable[str] | None = None) -> pd.DataFrame:
        """Attributes and statistics of all datasets as a table. Needs ``atlas-store[pandas]``.

        Parameters
        ----------
        arrays : iterable of str, optional
            The arrays whose statistics are wanted; by default all.

        Returns
        -------
        pandas.DataFrame
            A row for each dataset; a column for each attribute, and "array.min", "array.max", "array.row_count" and
            "array.null_count" for each array. No values of arrays are read.
        """
        from ._pandas import to_pandas

        return to_pandas(self, arrays)

    # ---- xarray ----

    def add_xarray_dataset(
        self,
        ds: xr.Dataset,
        name: str,
        chunks: dict[str, Sequence[int]] | None = None,
        fill_value: Any = None,
    ) -> None:
        """Add a dataset made of an `xarray.Dataset`. Does not flush. Needs ``atlas-store[xarray]``.

        Parameters
        ----------
        ds : xarray.Dataset
            The dataset; Dask arrays are written block by block.
        name : str
            Its name in the store.
        chunks : dict, optional
            Chunk shapes of variables.
        fill_value : scalar or dict, optional
            Fill values of variables.

        Raises
        ------
        AlreadyExists
            There is a dataset of this name.
        """
        from ._xarray import add_xarray_dataset

        add_xarray_dataset(self, ds, name, chunks=chunks, fill_value=fill_value)

    add_xr_dataset = add_xarray_dataset

    def open_as_xarray_dataset(self, name: str) -> xr.Dataset:
        """A dataset as an `xarray.Dataset`. Needs ``atlas-store[xarray]``."""
        from ._xarray import open_as_xarray_dataset

        return open_as_xarray_dataset(self, name)

    def open_as_many_xarray_dataset(
        self, names: Sequence[str], concat_dim: str = "dataset", parallel: bool = True
    ) -> xr.Dataset:
        """Many datasets, stacked along a new dimension, as one `xarray.Dataset`. Needs ``atlas-store[xarray]``."""
        from ._xarray import open_as_many_xarray_dataset

        return open_as_many_xarray_dataset(self, names, concat_dim=concat_dim, parallel=parallel)

    open_many = open_as_many_xarray_dataset

    def __repr__(self) -> str:
        if self._handle is None:
            return f"<Atlas {self._path!r} closed>"
        try:
            what = repr(self._path) if self._worker is None else f"worker {self._worker.number}"
            return f"<Atlas {what} datasets={len(self)}>"
        except AtlasError as failure:
            return f"<Atlas {self._path!r}: {failure}>"

    def _repr_html_(self) -> str:
        from ._html import store_html

        return store_html(self)


def _unpickle_worker(kind: type[Atlas], worker: _Worker, options: Options) -> Atlas:
    return kind._of_ticket(worker, options)


def _unpickle(kind: type[Atlas], path: str, generation: int, options: Options) -> Atlas:
    return kind._of(path, _handle.open_shared(path, generation, options), "r", options)


@contextlib.contextmanager
def _progress(progress: bool | Progress) -> Iterator[Progress | None]:
    """A report of progress: none, a bar, or the caller's."""
    if callable(progress):
        yield progress
    elif not progress:
        yield None
    else:
        from tqdm.auto import tqdm

        with tqdm(unit="step") as bar:

            def report(what: str, done: int, total: int) -> None:
                bar.set_description(what, refresh=False)
                bar.total = total
                bar.update(done - bar.n)

            yield report
