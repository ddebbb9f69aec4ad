"""call.py LIBDIR [--runs N]: what a call costs from Python, beside ctypes; large reads and writes beside the same in C.

    build/venv/bin/python benches/python/call.py build/lib

The package is the installed one, for the library of LIBDIR: scripts/python-env.sh build/lib. The first table has the
nanoseconds of the thread's processor time that a call takes, the least of 25 rounds. In the second each run is a process
of its own, Python and C in turns; the columns are the least seconds of all, and the median of the ratios within a run.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import atlas
import numpy as np
from atlas._c import ffi, lib

HERE = Path(__file__).resolve().parent
CALLS = 20_000
CELLS = 64 << 20


def nanoseconds(call: Callable[[], object], runs: int) -> float:
    best = float("inf")
    for _ in range(runs):
        start = time.thread_time_ns()
        for _ in range(CALLS):
            call()
        best = min(best, (time.thread_time_ns() - start) / CALLS)
    return best


def small(libdir: str, folder: str, runs: int) -> None:
    with atlas.Atlas.create(f"{folder}/small") as store:
        array = store.create_dataset("jan").define_array("t", "float64", ["x"], [128])
        array[...] = np.arange(128.0)
    store = atlas.Atlas.open(f"{folder}/small", mode="r")
    array = store["jan"]["t"]
    dataset = store["jan"]
    out = np.empty(128)

    library = ctypes.CDLL(f"{libdir}/libatlas_store.so")
    size, text, pointer = ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p
    library.atlas_open.argtypes = [text, ctypes.c_int32, pointer, ctypes.POINTER(ctypes.c_uint64)]
    library.atlas_has_dataset.argtypes = [ctypes.c_uint64, text, pointer]
    library.atlas_read_array.argtypes = [ctypes.c_uint64, text, text, ctypes.c_int32, size, *(pointer,) * 4]
    opened = ctypes.c_uint64()
    assert library.atlas_open(f"{folder}/small".encode(), 1, None, ctypes.byref(opened)) == 0

    def ctypes_has() -> bool:
        found = ctypes.c_bool()
        assert library.atlas_has_dataset(opened, b"jan", ctypes.byref(found)) == 0
        return found.value

    def ctypes_read() -> object:
        made = np.empty(128)
        assert library.atlas_read_array(opened, b"jan", b"t", 12, 1, None, None, None, made.ctypes.data) == 0
        return made

    number = store._use().number

    def raw_has() -> bool:
        found = ffi.new("bool *")
        assert lib.atlas_has_dataset(number, b"jan", found) == 0
        return bool(found[0])

    def raw_read() -> object:
        made = np.empty(128)
        into = ffi.from_buffer("char[]", made, True)
        assert lib.atlas_read_array(number, b"jan", b"t", 12, 1, ffi.NULL, ffi.NULL, ffi.NULL, into) == 0
        return made

    rows: list[tuple[str, list[Callable[[], object] | None]]] = [
        ("trivial (atlas_version)", [library.atlas_version, lib.atlas_version, None]),
        ("has_dataset", [ctypes_has, raw_has, lambda: store.dataset_exists("jan")]),
        ("read 1 KiB", [ctypes_read, raw_read, lambda: dataset.read_array("t")]),
        ("read 1 KiB, array[...]", [None, None, lambda: array[...]]),
        ("read 1 KiB, array.read(out=)", [None, None, lambda: array.read(out=out)]),
    ]
    print("| ns per call | ctypes | atlas._c alone | the package |\n|---|--:|--:|--:|")
    for name, calls in rows:
        cells = ["-" if call is None else f"{nanoseconds(call, runs):.0f}" for call in calls]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def python_run(path: str, runs: int) -> None:
    """What large.c does."""
    values = (np.arange(CELLS) % 4096).astype("f4") * np.float32(0.25)
    found = np.zeros(CELLS, "f4")
    with atlas.Atlas.create(path) as store:
        array = store.create_dataset("a").define_array("t", "float32", None, [CELLS])
        for _ in range(runs):
            start = time.monotonic()
            array[...] = values
            store.flush()
            written = time.monotonic()
            array.read(out=found)
            read = time.monotonic()
            assert np.array_equal(values, found)
            print(f"{written - start:.6f} {read - written:.6f}")


def large(libdir: str, folder: str, runs: int) -> None:
    program = f"{folder}/large"
    link = [f"-L{libdir}", "-latlas_store", f"-Wl,-rpath,{libdir}"]
    subprocess.run(
        ["cc", "-std=gnu99", "-O2", f"-I{HERE.parents[1]}/include", f"{HERE}/large.c", "-o", program, *link], check=True
    )
    found: dict[str, list[tuple[float, float]]] = {"C": [], "Python": []}
    for run in range(runs):
        for language in ("C", "Python") if run % 2 == 0 else ("Python", "C"):
            path = f"{folder}/{language}{run}"
            command = (
                [program, path, str(CELLS), "3"]
                if language == "C"
                else [sys.executable, __file__, libdir, "--one", path]
            )
            lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
            times = [tuple(map(float, line.split())) for line in lines]
            found[language].append((min(one[0] for one in times), min(one[1] for one in times)))
            subprocess.run(["rm", "-r", path], check=True)
    size = CELLS * 4 / 1e6
    print(f"\n| {size:.0f} MB of f32, seconds | C | Python | Python / C |\n|---|--:|--:|--:|")
    for at, name in enumerate(("write and flush", "read into memory")):
        c, python = ([one[at] for one in found[language]] for language in ("C", "Python"))
        ratio = statistics.median(b / a for a, b in zip(c, python, strict=True))
        print(f"| {name} | {min(c):.3f} | {min(python):.3f} | {ratio:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libdir")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    libdir = str(Path(arguments.libdir).resolve())
    if arguments.one:
        python_run(arguments.one, 3)
        return
    with tempfile.TemporaryDirectory() as folder:
        small(libdir, folder, 25)
        large(libdir, folder, arguments.runs)


if __name__ == "__main__":
    main()
