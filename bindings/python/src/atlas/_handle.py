"""Open stores as the library knows them: handles, their options and callbacks, and what a fork does to them."""

from __future__ import annotations

import _thread
import atexit
import logging
import math
import os
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any, TypeAlias

from ._c import ffi, lib
from ._choices import overflow_of
from ._errors import AtlasError, Cancelled, InvalidArgument, NotFound, check, store_not_found

Log: TypeAlias = Callable[[int, str], object]
Progress: TypeAlias = Callable[[str, int, int], object]

logger = logging.getLogger("atlas")


class _Process:
    """What belongs to this process alone. A child made by fork begins anew: no handle of its parent is one here."""

    def __init__(self) -> None:
        self.number = 0
        self.begin()

    def begin(self) -> None:
        self.number += 1
        self.lock = threading.RLock()
        # Commits that pickles have opened: all pickles of one commit read through one handle.
        self.shared: weakref.WeakValueDictionary[object, Handle] = weakref.WeakValueDictionary()
        self.open: weakref.WeakSet[Handle] = weakref.WeakSet()

    def end(self) -> None:
        """Name the stores whose changes the process's end loses. The library cannot: its end comes after Python's."""
        for handle in list(self.open):
            try:
                is_lost = handle.number and describe(handle).unflushed_changes
            except AtlasError:
                # Closed meanwhile by another thread, or damaged: the others are named all the same.
                continue
            if is_lost:
                handle.calls.tell(
                    logging.WARNING,
                    f"store {handle.path}: the changes since the last flush are lost: "
                    "the process ends, and it was not closed",
                )


@dataclass(frozen=True)
class Options:
    """How a store is opened; None is the library's default."""

    sync: bool = True
    num_threads: int | None = None
    cache_bytes: int | None = None
    write_buffer_bytes: int | None = None
    log: Log | None = None
    float_overflow: str = "error"
    lock_timeout: float = 0

    def fill(self, struct: Any, calls: Callbacks) -> None:
        struct.struct_size = ffi.sizeof(ffi.typeof(struct).item)
        struct.sync = lib.ATLAS_SWITCH_ON if self.sync else lib.ATLAS_SWITCH_OFF
        struct.num_threads = _or_none(self.num_threads, lib.ATLAS_THREADS_INLINE, "num_threads")
        struct.cache_bytes = _size(self.cache_bytes, "cache_bytes")
        struct.write_buffer_bytes = _size(self.write_buffer_bytes, "write_buffer_bytes")
        struct.float_overflow = overflow_of(self.float_overflow)
        struct.lock_timeout_ms = milliseconds(self.lock_timeout, "lock_timeout")
        struct.log = lib.atlas_python_log
        struct.log_data = calls.pointer
        struct.progress = lib.atlas_python_progress
        struct.progress_data = calls.pointer


def _or_none(value: int | None, none: int, what: str) -> int:
    """A number that C takes with 0 for its default and -1 for none at all; here None and 0."""
    if value is None:
        return 0
    if not 0 <= value < 1 << 31:
        raise InvalidArgument(f"{what} is from 0 to 2147483647, not {value}")
    return value or none


def keep_generations_of(count: int | None) -> int:
    return _or_none(count, lib.ATLAS_KEEP_NONE, "keep_generations")


def milliseconds(seconds: float, what: str) -> int:
    if not seconds >= 0:
        raise InvalidArgument(f"{what} is a number of seconds, not {seconds!r}")
    return min(math.ceil(seconds * 1000), _FOREVER) if seconds < math.inf else _FOREVER


_FOREVER = (1 << 64) - 1


def _size(value: int | None, what: str) -> int:
    if value is None:
        return 0
    if not 0 < value < 1 << 64:
        raise InvalidArgument(f"{what} is a positive number of bytes, not {value}")
    return value


class Callbacks:
    """What the library calls back for one handle."""

    def __init__(self, log: Log | None) -> None:
        self.log = log
        # A report of progress is made on the thread of the call that it is about.
        self.call = threading.local()
        self.pointer = ffi.new_handle(self)

    def tell(self, level: int, text: str) -> None:
        if self.log is None:
            logger.log(level, "%s", text)
        else:
            self.log(level, text)

    def during(self, progress: Progress | None, call: Callable[[], None]) -> None:
        """Make a call that reports to `progress`. What `progress` raises ends the call, and is raised here."""
        self.call.progress = progress
        self.call.raised = None
        try:
            call()
        except Cancelled:
            if self.call.raised is None:
                raise
        finally:
            raised, self.call.progress, self.call.raised = self.call.raised, None, None
        if raised is not None:
            raise raised


def _log_failed(kind: type[BaseException], value: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(value, KeyboardInterrupt):
        _thread.interrupt_main()
        return
    unraisable: Any = SimpleNamespace(
        exc_type=kind, exc_value=value, exc_traceback=traceback, err_msg=None, object=None
    )
    sys.unraisablehook(unraisable)


def _progress_failed(kind: type[BaseException], value: BaseException, traceback: TracebackType) -> None:
    ffi.from_handle(traceback.tb_frame.f_locals["user_data"]).call.raised = value


@ffi.def_extern(name="atlas_python_log", onerror=_log_failed)
def _log(level: int, message: Any, user_data: Any) -> None:
    calls = ffi.from_handle(user_data)
    text = ffi.string(message).decode("utf-8", "replace")
    calls.tell(logging.WARNING if level == lib.ATLAS_LOG_WARNING else logging.INFO, text)


@ffi.def_extern(name="atlas_python_progress", error=1, onerror=_progress_failed)
def _progress(what: Any, done: int, total: int, user_data: Any) -> int:
    report = getattr(ffi.from_handle(user_data).call, "progress", None)
    if report is not None:
        report(ffi.string(what).decode(), done, total)
    return 0


@ffi.def_extern(name="atlas_python_damage", onerror=_log_failed)
def _damage(file: Any, offset: int, message: Any, user_data: Any) -> None:
    found = (ffi.string(file).decode("utf-8", "replace"), offset, ffi.string(message).decode("utf-8", "replace"))
    ffi.from_handle(user_data).append(found)


class Handle:
    """One open store of the library. When nothing names it any more it is discarded."""

    __slots__ = ("__weakref__", "calls", "generation", "number", "path", "process", "shared")

    def __init__(self, number: int, calls: Callbacks, path: str) -> None:
        self.number = number
        self.calls = calls
        self.path = path
        self.process = process.number
        self.shared = False
        self.generation: int = describe(self).generation
        process.open.add(self)

    def __del__(self, discard: Callable[[int], int] = lib.atlas_discard) -> None:
        if self.number:
            discard(self.number)

    def of_this_process(self) -> bool:
        return self.process == process.number


def describe(handle: Handle) -> Any:
    out = ffi.new("atlas_store_description *")
    out.struct_size = ffi.sizeof("atlas_store_description")
    check(lib.atlas_store_info(handle.number, out))
    return out


def create(path: str, options: Options, choices: dict[str, int], keep_generations: int | None) -> Handle:
    calls = Callbacks(options.log)
    struct = ffi.new("atlas_create_options *")
    options.fill(struct, calls)
    for field, choice in choices.items():
        setattr(struct, field, choice)
    struct.keep_generations = keep_generations_of(keep_generations)
    out = ffi.new("atlas_store *")
    _with_path(lambda name: lib.atlas_create(name, struct, out), path)
    return Handle(out[0], calls, path)


def open_last(path: str, mode: int, options: Options, ticket: Any = None) -> Handle:
    calls = Callbacks(options.log)
    struct = ffi.new("atlas_open_options *")
    options.fill(struct, calls)
    if ticket is not None:
        struct.ticket = kept = ffi.from_buffer(ticket)
        struct.ticket_length = len(kept)
    out = ffi.new("atlas_store *")
    _with_path(lambda name: lib.atlas_open(name, mode, struct, out), path)
    return Handle(out[0], calls, path)


def open_worker(ticket: Any, number: int, path: str | None, options: Options) -> Handle:
    calls = Callbacks(options.log)
    struct = ffi.new("atlas_open_options *")
    options.fill(struct, calls)
    out = ffi.new("atlas_store *")
    held = ffi.from_buffer(ticket)
    if not 0 <= number < 1 << 32:
        raise InvalidArgument(f"a worker has a number from 0 to 4294967295, not {number}")
    if path is None:
        check(lib.atlas_open_worker(held, len(held), number, ffi.NULL, struct, out))
    else:
        _with_path(lambda name: lib.atlas_open_worker(held, len(held), number, name, struct, out), path)
    return Handle(out[0], calls, path or f"of worker {number}")


def open_at(path: str, generation: int, options: Options) -> Handle:
    calls = Callbacks(options.log)
    struct = ffi.new("atlas_open_options *")
    options.fill(struct, calls)
    out = ffi.new("atlas_store *")
    if not 0 <= generation < 1 << 64:
        raise InvalidArgument(f"a commit has a number from 1 on, not {generation}")
    _with_path(lambda name: lib.atlas_open_at(name, generation, struct, out), path)
    return Handle(out[0], calls, path)


def open_shared(path: str, generation: int, options: Options) -> Handle:
    """The handle of this process for a commit, opened unless it is open."""
    with process.lock:
        found = process.shared.get((path, generation, options))
        if found is None:
            found = open_at(path, generation, options)
            found.shared = True
            process.shared[path, generation, options] = found
        return found


def _with_path(call: Callable[[bytes], int], path: str) -> None:
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        raise InvalidArgument(f"a path is Unicode text, not {path!r}") from None
    if b"\0" in name:
        raise InvalidArgument(f"a path holds no NUL: {path!r}")
    try:
        check(call(name))
    except NotFound as missing:
        raise store_not_found(missing) from None


process = _Process()
os.register_at_fork(after_in_child=process.begin)
atexit.register(process.end)
