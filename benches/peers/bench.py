"""What bench.c and bench.h give the peers: shapes, data, comparisons, clock and results, so that there is one of each.

The library is bench.c, compiled by run.sh; BENCH_LIBRARY says where it is.
"""

import ctypes
import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np


def read_constants(header: str) -> SimpleNamespace:
    """The constants of the enum, each of which may name those before it."""
    constants: dict[str, int] = {}
    for name, value in re.findall(r"^ +([A-Z0-9_]+) = ([^,/\n]+(?:/ \d+)?)", header, re.MULTILINE):
        constants[name] = eval(value.replace("/", "//"), {}, constants)
    return SimpleNamespace(**constants)


FIELDS = ("temperature", "pressure")
SIZES = read_constants((Path(__file__).parent.parent / "bench.h").read_text(encoding="utf-8"))

_library = ctypes.CDLL(os.environ["BENCH_LIBRARY"])


def _function(name: str, result: type | None, *arguments: type):
    function = getattr(_library, name)
    function.restype, function.argtypes = result, arguments
    return function


_floats, _doubles, _sizes = (ctypes.POINTER(t) for t in (ctypes.c_float, ctypes.c_double, ctypes.c_size_t))
_int, _size, _double, _text = ctypes.c_int, ctypes.c_size_t, ctypes.c_double, ctypes.c_char_p

_make_field = _function("make_field", None, _floats, _int, _int)
_make_steps = _function("make_steps", _floats)
_make_update = _function("make_update", None, _floats, _int)
_other_map = _function("other_map", None, _int, _sizes, _sizes)
_other_point = _function("other_point", None, _int, _sizes, _sizes)
tiny_dataset = _function("tiny_dataset", _int, _int)

_check_map = _function("check_map", None, _floats, _int, _int, _int)
_check_series = _function("check_series", None, _floats, _int, _int, _size, _size)
_check_slab = _function("check_slab", None, _floats, _int, _int)
_check_sums = _function("check_sums", None, _doubles, _int)
_check_tiny = _function("check_tiny", None, _doubles, ctypes.c_int64, _int)
_check_updates = _function("check_updates", None, _floats)
_sum = _function("sum", _double, _floats, _size)

now = _function("now", _double)
cpu = _function("cpu", _double)
resident = _function("resident", _double)
_bytes_in = _function("bytes_in", _double, _text)
_quantile = _function("quantile", _double, _doubles, _int, _double)

_result_begin = _function("result_begin", None, _text, _text)
_result = _function("result", None, _text, _double)
_result_durations = _function("result_durations", None, _text, _doubles, _int)
result_memory = _function("result_memory", None, _double)
result_end = _function("result_end", None)


def _pointer(array: np.ndarray, dtype: type, cells: int):
    """To the values, which must be all that the C function reads."""
    if array.dtype != dtype or array.size != cells:
        raise ValueError(f"{array.size} values of {array.dtype} where {cells} of {np.dtype(dtype)} belong")
    array = np.ascontiguousarray(array)
    return array.ctypes.data_as(_floats if dtype == np.float32 else _doubles)


# ---- data ----


def make_fields() -> np.ndarray:
    """fields[variable, dataset]"""
    fields = np.empty((len(FIELDS), SIZES.DATASETS, SIZES.LAT, SIZES.LON), np.float32)
    for dataset in range(SIZES.DATASETS):
        for variable in range(len(FIELDS)):
            _make_field(_pointer(fields[variable, dataset], np.float32, SIZES.FIELD), variable, dataset)
    return fields


def make_steps() -> np.ndarray:
    """The first CYCLE steps, of every variable."""
    shape = (SIZES.CYCLE, SIZES.VARIABLES, SIZES.LEVELS, SIZES.ROWS, SIZES.COLUMNS)
    return np.ctypeslib.as_array(_make_steps(), shape)


def make_update(row: np.ndarray, update: int) -> None:
    _make_update(_pointer(row, np.float32, SIZES.UPDATE), update)


def other_map(i: int) -> tuple[int, int]:
    step, level = _size(), _size()
    _other_map(i, step, level)
    return step.value, level.value


def other_point(i: int) -> tuple[int, int]:
    row, column = _size(), _size()
    _other_point(i, row, column)
    return row.value, column.value


# ---- comparing; each ends the program when what was read is not what was written ----


def check_map(values: np.ndarray, step: int, variable: int, level: int) -> None:
    _check_map(_pointer(values, np.float32, SIZES.PLANE), step, variable, level)


def check_series(values: np.ndarray, variable: int, level: int, row: int, column: int) -> None:
    _check_series(_pointer(values, np.float32, SIZES.STEPS), variable, level, row, column)


def check_slab(values: np.ndarray, step: int, variable: int) -> None:
    _check_slab(_pointer(values, np.float32, SIZES.SLAB), step, variable)


def check_sums(sums: Sequence[float], variable: int) -> None:
    _check_sums(_pointer(np.array(sums), np.float64, SIZES.DATASETS), variable)


def check_tiny(values: np.ndarray, identity: int, dataset: int) -> None:
    _check_tiny(_pointer(values, np.float64, SIZES.TINY), identity, dataset)


def check_updates(values: np.ndarray) -> None:
    _check_updates(_pointer(values, np.float32, SIZES.UPDATES * SIZES.UPDATE))


def sum_field(values: np.ndarray) -> float:
    return _sum(_pointer(values, np.float32, SIZES.FIELD), SIZES.FIELD)


# ---- measuring ----


def bytes_in(folder: str) -> float:
    return _bytes_in(folder.encode())


def quantile(durations: Sequence[float], q: float) -> float:
    return _quantile(_pointer(np.array(durations), np.float64, len(durations)), len(durations), q)


def median(durations: Sequence[float]) -> float:
    return quantile(durations, 0.5)


def sync(folder: str) -> None:
    """Everything that was written to the folder's file system is on the disk, however many files it is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    if _libc.syncfs(descriptor) != 0:
        raise OSError(ctypes.get_errno(), "syncfs", folder)
    os.close(descriptor)


_libc = ctypes.CDLL(None, use_errno=True)

# ---- results ----


def result_begin(system: str, workload: str) -> None:
    _result_begin(system.encode(), workload.encode())


def result(measure: str, value: float) -> None:
    _result(measure.encode(), value)


def result_durations(what: str, durations: Sequence[float]) -> None:
    _result_durations(what.encode(), _pointer(np.array(durations), np.float64, len(durations)), len(durations))
