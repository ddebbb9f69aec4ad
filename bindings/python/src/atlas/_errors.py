"""One exception for each status of the library, each of which is also the built-in one that a program may expect."""

from __future__ import annotations

import errno
import re
from typing import Any, ClassVar

from ._c import ffi, lib


class AtlasError(Exception):
    """A call of the library failed; it has changed nothing in the store.

    Every failure is one of the subclasses, which are also the built-in exceptions that say the same:
    ``except KeyError`` catches `NotFound`.

    Attributes
    ----------
    status : str
        The library's name of the failure, such as ``"NOT_FOUND"``.
    text : str
        One line that names the thing that failed.
    """

    status: ClassVar[str] = "UNKNOWN"

    @property
    def text(self) -> str:
        return str(self.args[0]) if self.args else self.status

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Any, ...]:
        # Of several built-in bases: distributed cannot tell which of them would make it.
        return type(self), self.args, self.__dict__ or None


class InvalidArgument(AtlasError, ValueError):
    """An argument is malformed: a bad name, a shape that overflows, a wrong number of dimensions."""

    status = "INVALID_ARGUMENT"


class NotFound(AtlasError, KeyError):
    """There is no such dataset, array, attribute or commit."""

    status = "NOT_FOUND"


class StoreNotFound(NotFound, FileNotFoundError):
    """There is no such store, or it does not keep the commit that was asked for."""


class AlreadyExists(AtlasError, FileExistsError):
    """The store, dataset or array exists already."""

    status = "ALREADY_EXISTS"


class TypeMismatch(AtlasError, TypeError):
    """The type in memory does not convert to or from the stored type."""

    status = "TYPE_MISMATCH"


class OutOfRange(AtlasError, IndexError, OverflowError):
    """A region reaches outside the array, or a value does not fit the type that it is converted to."""

    status = "OUT_OF_RANGE"


class ReadOnly(AtlasError, PermissionError):
    """The store is open for reading only."""

    status = "READ_ONLY"


class Locked(AtlasError, BlockingIOError):
    """Another writer holds the store; the text says which process on which host."""

    status = "LOCKED"


class BufferTooSmall(AtlasError, BufferError):
    """What was to be listed grew while it was."""

    status = "BUFFER_TOO_SMALL"


class NoStats(AtlasError, LookupError):
    """The array has no statistics: it has changes that are not flushed."""

    status = "NO_STATS"


class UnflushedChanges(AtlasError, RuntimeError):
    """The call needs a store without unflushed changes: flush first."""

    status = "UNFLUSHED_CHANGES"


class Corrupt(AtlasError, OSError):
    """Bytes on the disk fail their checksum or contradict each other; the text names file and offset."""

    status = "CORRUPT"


class Unsupported(AtlasError, NotImplementedError):
    """The store or an argument needs something that this version lacks."""

    status = "UNSUPPORTED"


class IOFailure(AtlasError, OSError):
    """The operating system reported an error; `errno` says which."""

    status = "IO"


class NoSpace(IOFailure):
    """The file system is full, or over quota. The last flush is intact; make room and flush again."""

    status = "NO_SPACE"


class Conflict(AtlasError, RuntimeError):
    """Another writer has committed since this one last looked; nothing was overwritten."""

    status = "CONFLICT"


class Poisoned(AtlasError, OSError):
    """A sync to the disk failed: this store can still be read, but commits nothing more. Open it again."""

    status = "POISONED"


class InvalidHandle(AtlasError, ValueError):
    """The store is closed."""

    status = "INVALID_HANDLE"


class Forked(AtlasError, RuntimeError):
    """The store was opened for writing before a fork; the child process must open its own."""

    status = "FORKED"


class Cancelled(AtlasError, RuntimeError):
    """The report of progress asked to stop."""

    status = "CANCELLED"


class OutOfMemory(AtlasError, MemoryError):
    """Memory, or another resource of the process, ran out."""

    status = "OUT_OF_MEMORY"


class Internal(AtlasError, RuntimeError):
    """A bug in the library."""

    status = "INTERNAL"


_CLASSES: dict[str, type[AtlasError]] = {
    kind.status: kind
    for kind in (
        InvalidArgument,
        NotFound,
        AlreadyExists,
        TypeMismatch,
        OutOfRange,
        ReadOnly,
        Locked,
        BufferTooSmall,
        NoStats,
        UnflushedChanges,
        Corrupt,
        Unsupported,
        IOFailure,
        NoSpace,
        Conflict,
        Poisoned,
        InvalidHandle,
        Forked,
        Cancelled,
        OutOfMemory,
        Internal,
    )
}

_ERRNO = {
    "NOT_FOUND": errno.ENOENT,
    "ALREADY_EXISTS": errno.EEXIST,
    "READ_ONLY": errno.EROFS,
    "LOCKED": errno.EAGAIN,
    "CORRUPT": errno.EILSEQ,
    "IO": errno.EIO,
    "NO_SPACE": errno.ENOSPC,
    "POISONED": errno.EIO,
}


def error(status: int) -> AtlasError:
    """The exception for a status, with the text of this thread's last failure."""
    text: str = ffi.string(lib.atlas_last_error()).decode("utf-8", "replace")
    name: str = ffi.string(lib.atlas_status_name(status)).decode()
    made = _CLASSES.get(name, AtlasError)(text)
    if isinstance(made, OSError):
        number = re.search(r"\(os error (\d+)\)", text)
        made.errno = int(number[1]) if number else _ERRNO.get(name)
    return made


def store_not_found(missing: NotFound) -> StoreNotFound:
    """The same failure where what is missing is a folder or a commit, and not a key."""
    made = StoreNotFound(missing.text)
    made.errno = errno.ENOENT
    return made


def check(status: int) -> None:
    """Raise what a status stands for, unless it is success."""
    if status:
        raise error(status)
