"""Failures: each status of the library is an exception, and the built-in one that a program expects."""

from __future__ import annotations

import errno
import pickle
import re
from pathlib import Path

import atlas
import pytest
from atlas import _errors
from atlas._c import ffi, lib
from conftest import ROOT

EXPECTED: dict[str, tuple[type[Exception], ...]] = {
    "INVALID_ARGUMENT": (atlas.InvalidArgument, ValueError),
    "NOT_FOUND": (atlas.NotFound, KeyError, LookupError),
    "ALREADY_EXISTS": (atlas.AlreadyExists, FileExistsError, OSError),
    "TYPE_MISMATCH": (atlas.TypeMismatch, TypeError),
    "OUT_OF_RANGE": (atlas.OutOfRange, IndexError, OverflowError),
    "READ_ONLY": (atlas.ReadOnly, PermissionError),
    "LOCKED": (atlas.Locked, BlockingIOError),
    "BUFFER_TOO_SMALL": (atlas.BufferTooSmall, BufferError),
    "NO_STATS": (atlas.NoStats, LookupError),
    "UNFLUSHED_CHANGES": (atlas.UnflushedChanges, RuntimeError),
    "CORRUPT": (atlas.Corrupt, OSError),
    "UNSUPPORTED": (atlas.Unsupported, NotImplementedError),
    "IO": (atlas.IOFailure, OSError),
    "NO_SPACE": (atlas.NoSpace, atlas.IOFailure, OSError),
    "CONFLICT": (atlas.Conflict, RuntimeError),
    "POISONED": (atlas.Poisoned, OSError),
    "INVALID_HANDLE": (atlas.InvalidHandle, ValueError),
    "FORKED": (atlas.Forked, RuntimeError),
    "CANCELLED": (atlas.Cancelled, RuntimeError),
    "OUT_OF_MEMORY": (atlas.OutOfMemory, MemoryError),
    "INTERNAL": (atlas.Internal, RuntimeError),
}
HEADER = (ROOT / "include" / "atlas.h").read_text(encoding="utf-8")
STATUSES = {name: int(number) for name, number in re.findall(r"#define ATLAS_STATUS_(\w+) (\d+)", HEADER)}


def test_every_status_has_an_exception() -> None:
    assert set(STATUSES) - {"OK"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_exceptions(name: str) -> None:
    failure = _errors.error(STATUSES[name])
    assert type(failure) is EXPECTED[name][0]
    for kind in (atlas.AtlasError, *EXPECTED[name]):
        assert isinstance(failure, kind)
    assert failure.status == name
    assert type(failure).__name__ in atlas.__all__
    if isinstance(failure, OSError):
        assert failure.errno
    made = EXPECTED[name][0]("array 't': a text")
    again = pickle.loads(pickle.dumps(made))
    assert (type(again), str(again), again.text) == (type(made), "array 't': a text", "array 't': a text")


def test_a_status_of_a_newer_library_is_an_error() -> None:
    assert type(_errors.error(999)) is atlas.AtlasError
    with pytest.raises(atlas.AtlasError):
        _errors.check(999)
    _errors.check(0)


def test_texts_name_the_thing(store: atlas.Atlas, dataset: atlas.DatasetView) -> None:
    with pytest.raises(KeyError) as failed:
        dataset["none"]
    assert "'none'" in str(failed.value)
    assert not str(failed.value).startswith('"')


@pytest.mark.parametrize(
    ("text", "expected"),
    [("cannot write x: No space left on device (os error 28)", errno.ENOSPC), ("cannot write x", errno.EIO)],
)
def test_errno(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ffi.new("char[]", text.encode())

    class Library:
        atlas_last_error = staticmethod(lambda: kept)
        atlas_status_name = staticmethod(lib.atlas_status_name)

    monkeypatch.setattr(_errors, "lib", Library)
    failure = _errors.error(STATUSES["IO"])
    assert isinstance(failure, OSError)
    assert failure.errno == expected


def test_errors_of_the_operating_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError) as failed:
        atlas.Atlas.create(tmp_path / "file" / "store")
    assert failed.value.errno == errno.ENOTDIR
    with pytest.raises(FileNotFoundError) as missing:
        atlas.Atlas.open(tmp_path / "none")
    assert isinstance(missing.value, KeyError)
    assert missing.value.errno == errno.ENOENT
    assert str(tmp_path / "none") in str(missing.value)
