"""Values: all types, shapes and orders of memory; indexing as NumPy has it; conversions; text and times."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path
from typing import Any

import atlas
import lz4.block
import numcodecs
import numpy as np
import pytest
from atlas._array import _PLACE
from atlas._c import ffi
from atlas._memory import source
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

NUMBERS = [
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "datetime64[ns]",
]
SHAPES = [(), (1,), (7,), (3, 4), (2, 3, 5), (2, 1, 3, 2), (0,), (0, 3), (3, 0)]


def some(dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Values of all bits of a type."""
    size = int(np.prod(shape))
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return (np.arange(size) % 3 == 0).reshape(shape)
    rng = np.random.default_rng(size)
    return np.frombuffer(rng.bytes(size * kind.itemsize), kind).reshape(shape).copy()


def same(found: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> None:
    """The same type, shape and bits."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == np.ascontiguousarray(expected).tobytes()


def in_order(values: np.ndarray[Any, Any], order: str) -> np.ndarray[Any, Any]:
    """The same values in memory of another order."""
    if order == "C" or (values.ndim == 0 and order not in ("odd strides", "big-endian")):
        return values
    if order == "F":
        return np.array(values, order="F")
    if order == "reversed":
        return values[(slice(None, None, -1),) * values.ndim].copy()[(slice(None, None, -1),) * values.ndim]
    if order == "halo":
        block = np.zeros(tuple(extent + 2 for extent in values.shape), values.dtype)
        inner = block[(slice(1, -1),) * values.ndim]
        inner[...] = values
        return inner
    if order == "every other":
        block = np.zeros(tuple(2 * extent for extent in values.shape), values.dtype)
        spread = block[(slice(None, None, 2),) * values.ndim]
        spread[...] = values
        return spread
    if order == "odd strides":
        record = np.zeros(values.shape, [("pad", "u1"), ("value", values.dtype)])
        record["value"] = values
        return record["value"]
    assert order == "big-endian"
    return values.astype(values.dtype.newbyteorder(">"))


ORDERS = ["C", "F", "reversed", "halo", "every other", "odd strides", "big-endian"]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_all_types_shapes_and_orders(store: atlas.Atlas, dtype: str) -> None:
    for shape, order in itertools.product(SHAPES, ORDERS):
        dataset = store.create_dataset(f"{shape} {order}")
        values = some(dtype, shape)
        dataset.define_array("t", dtype, None, shape)
        memory = in_order(values, order)
        dataset.write_array("t", None, memory)
        same(dataset.read_array("t"), values)
        array = dataset["t"]
        assert (array.dtype, array.shape, array.ndim, array.size) == (values.dtype, shape, len(shape), values.size)
        out = in_order(np.zeros(shape, values.dtype), order)
        assert array.read(out=out) is out
        same(out.astype(values.dtype, "C"), values)
    store.flush()
    for shape, order in itertools.product(SHAPES, ORDERS):
        same(store[f"{shape} {order}"].read_array("t"), some(dtype, shape))


@pytest.mark.parametrize("order", ORDERS)
def test_memory_is_copied_only_where_it_must_be(order: str) -> None:
    values = in_order(np.arange(20.0).reshape(4, 5), order)
    lent = source(values, "values").array
    assert np.shares_memory(lent, values) == (order not in ("odd strides", "big-endian"))
    times = in_order(np.arange(20).reshape(4, 5).view("M8[ns]"), order)
    assert np.shares_memory(source(times, "values").array, times) == (order not in ("odd strides", "big-endian"))


@pytest.mark.parametrize("steps", [(1, -1), (2, 3), (-2, 1), (-3, -2)])
def test_strides_of_both_signs(dataset: atlas.DatasetView, steps: tuple[int, int]) -> None:
    block = np.arange(9 * 12, dtype="i4").reshape(9, 12)
    part = block[:: steps[0], :: steps[1]]
    dataset.define_array("t", "int32", None, part.shape)
    dataset.write_array("t", [0, 0], part)
    same(dataset.read_array("t"), part)
    out = np.zeros_like(block)
    dataset["t"].read(out=out[:: steps[0], :: steps[1]])
    same(out[:: steps[0], :: steps[1]], part)
    assert np.count_nonzero(out) == np.count_nonzero(part)


SHAPE = (5, 1, 7)
VALUES = np.arange(35, dtype="i4").reshape(SHAPE)

basic = hnp.basic_indices(SHAPE, allow_newaxis=False, allow_ellipsis=True)
within = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def array(dataset: atlas.DatasetView) -> atlas.Array:
    made = dataset.define_array("t", "int32", ["a", "b", "c"], SHAPE, chunk_shape=(2, 1, 3))
    made[...] = VALUES
    return made


@within
@given(basic)
def test_reading_indices_as_numpy(array: atlas.Array, index: Any) -> None:
    expected = VALUES[index]
    found = array[index]
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected, strict=True)


@within
@given(basic, st.integers(0, 3))
def test_writing_indices_as_numpy(array: atlas.Array, index: Any, how: int) -> None:
    array[...] = VALUES
    expected = VALUES.copy()
    selected = VALUES[index].shape
    value: Any = [
        -7,
        np.arange(100, 100 + int(np.prod(selected)), dtype="i4").reshape(selected),
        np.int32(-1),
        np.arange(selected[-1] if selected else 1, dtype="i4")[: selected[-1] if selected else None].reshape(
            selected[-1:]
        ),
    ][how]
    array[index] = value
    expected[index] = value
    np.testing.assert_array_equal(array[...], expected)


@pytest.mark.parametrize("index", [5, -6, (0, 0, 7), (0, 0, 0, 0), (..., ...), (0, 1)])
def test_indices_outside(array: atlas.Array, index: Any) -> None:
    with pytest.raises(IndexError):
        array[index]
    with pytest.raises(IndexError):
        array[index] = 0


@pytest.mark.parametrize("index", [[0, 1], np.array([0, 1]), None, True, np.True_, 1.0, "a", np.zeros(SHAPE, bool)])
def test_indices_that_are_none(array: atlas.Array, index: Any) -> None:
    with pytest.raises((TypeError, IndexError), match="integers, slices and Ellipsis"):
        array[index]


def test_far_steps_do_not_read_what_lies_between(dataset: atlas.DatasetView, monkeypatch: pytest.MonkeyPatch) -> None:
    array = dataset.define_array("t", "int64", None, (10_000, 3), chunk_shape=(100, 3))
    values = np.arange(30_000).reshape(10_000, 3)
    array[...] = values
    read: list[Any] = []
    real = atlas.Array._read

    def counting(self: atlas.Array, *arguments: Any) -> Any:
        read.append(arguments[2])
        return real(self, *arguments)

    monkeypatch.setattr(atlas.Array, "_read", counting)
    np.testing.assert_array_equal(array[::-5000, ::2], values[::-5000, ::2])
    assert sum(int(np.prod(shape)) for shape in read) <= 6
    read.clear()
    np.testing.assert_array_equal(array[::2], values[::2])
    assert len(read) == 1


def test_an_array_as_numpy_has_it(array: atlas.Array) -> None:
    np.testing.assert_array_equal(np.asarray(array), VALUES)
    assert np.asarray(array, dtype="f8").dtype == "f8"
    np.testing.assert_array_equal(np.from_dlpack(array), VALUES)
    assert np.mean(array) == VALUES.mean()
    assert len(array) == 5
    assert [row.tolist() for row in array] == VALUES.tolist()
    with pytest.raises(ValueError, match="a copy"):
        np.asarray(array, copy=False)
    assert repr(array) == "<Array 't' int32 (a: 5, b: 1, c: 7)>"
    assert array.dims == ("a", "b", "c")
    assert array.chunks == (2, 1, 3)
    assert (array.codec, array.level, array.shuffle) == ("zstd", 1, True)
    assert array.name == "t"


def test_scalars(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "float32", [], [])
    assert array[...].shape == ()
    array[...] = 3
    array[()] = np.float32(2.5)
    assert array[()] == np.float32(2.5)
    assert isinstance(array[()], np.float32)
    assert float(np.asarray(array)) == 2.5
    with pytest.raises(TypeError, match="no length"):
        len(array)
    dataset.write_array("t", [], np.array(7, "f8"))
    assert dataset.read_array("t") == 7
    with pytest.raises(ValueError, match="dimension 0"):
        array.append(1)


def test_append(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "float64", ["time", "x"], (0, 3))
    array.append(np.arange(6.0).reshape(2, 3))
    array.append([[9, 9, 9]])
    dataset.append_array("t", np.asfortranarray(np.full((2, 3), 5, "f4")))
    np.testing.assert_array_equal(array[...], [[0, 1, 2], [3, 4, 5], [9, 9, 9], [5, 5, 5], [5, 5, 5]])
    with pytest.raises(atlas.AtlasError):
        array.append(np.zeros((1, 4)))
    assert array.shape == (5, 3)
    text = dataset.define_array("s", "string", ["time"], (0,))
    text.append(["a", "b"])
    text.append(np.array(["c"]))
    assert text[...].tolist() == ["a", "b", "c"]


# ---- Conversions ----


def test_numbers_of_python_become_the_arrays_type(dataset: atlas.DatasetView) -> None:
    for dtype, value in (("float32", 1), ("complex64", 1.5), ("int8", -3), ("uint64", 2**64 - 1), ("bool", True)):
        array = dataset.define_array(dtype, dtype, ["x"], [3])
        array[1:] = value
        array[0] = [value][0]
        assert array[...].tolist() == [value] * 3
    dataset["float32"][...] = [1, 2, 3]
    assert dataset["float32"][...].tolist() == [1, 2, 3]
    dataset["float32"][...] = [1.5, 2, 3]
    for dtype, value, kind in (
        ("int8", 300, OverflowError),
        ("int8", 1.5, TypeError),
        ("int8", True, TypeError),
        ("bool", 1, TypeError),
        ("uint64", -1, OverflowError),
        ("float32", "a", TypeError),
        ("float32", 1j, TypeError),
    ):
        with pytest.raises(kind):
            dataset[dtype][0] = value
    assert dataset["int8"][...].tolist() == [-3] * 3


def test_types_of_numpy_convert_as_the_library_does(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "int16", ["x"], [2])
    array[...] = np.array([1, -2], "i8")
    assert array.read(dtype="f4").tolist() == [1, -2]
    assert array.read(dtype="i8").dtype == "i8"
    with pytest.raises(OverflowError):
        array[...] = np.array([1, 40000])
    with pytest.raises(IndexError, match="does not fit|out of range|40000"):
        array[...] = np.array([1, 40000])
    with pytest.raises(TypeError):
        array[...] = np.array([1.0, 2.0])
    array[...] = np.array([1, -200], "i4")
    with pytest.raises(OverflowError):
        array.read(dtype="i1")
    array[1] = -2
    assert array[...].tolist() == [1, -2]


def test_memory_that_is_of_no_type(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "float64", ["x"], [2])
    for values in (np.zeros(2, "m8[s]"), np.zeros(2, "g"), np.zeros(2, [("a", "i4")])):
        with pytest.raises(TypeError):
            array[...] = values
        with pytest.raises(TypeError):
            array.read(out=values)
    with pytest.raises(TypeError):
        dataset.define_array("u", np.dtype("g"), ["x"], [2])
    with pytest.raises(TypeError, match=r"view\('int64'\)"):
        array[...] = np.zeros(2, "m8[s]")


def test_out(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "float64", ["x", "y"], [3, 4])
    values = np.arange(12.0).reshape(3, 4)
    array[...] = values
    out = np.zeros((2, 2), "f4", order="F")
    assert dataset.read_array("t", [1, 1], [2, 2], out=out) is out
    np.testing.assert_array_equal(out, values[1:3, 1:3])
    with pytest.raises(ValueError, match=r"out has shape \(2, 2\)"):
        array.read(out=out)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        array.read([1, 1], [2, 2], out=out)
    with pytest.raises(TypeError, match="out is of float32"):
        array.read([1, 1], [2, 2], out=out, dtype="f8")


def test_regions_that_are_none(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "float64", ["x", "y"], [3, 4])
    for start, shape in (([0, 0], [4, 1]), ([3, 0], [1, 1]), ([2, 2], [2, 2]), ([2**63, 0], [2**63, 1])):
        with pytest.raises(IndexError):
            array.read(start, shape)
    with pytest.raises(IndexError):
        array.read([-1, 0])
    with pytest.raises(IndexError):
        array.write(np.zeros((3, 4)), [1, 0])
    with pytest.raises(ValueError, match="2 dimensions"):
        array.write(np.zeros((3, 4)), [0])
    with pytest.raises(ValueError, match="do not fit a selection"):
        array[0] = np.zeros(3)
    assert array.read([3, 4]).shape == (0, 0)


@pytest.mark.parametrize(("dtype", "memory", "fill"), [("f4", "f8", np.nan), ("i2", "i8", -9), ("f8", "f4", -9999.0)])
def test_masked_values_are_the_fill_value(dataset: atlas.DatasetView, dtype: str, memory: str, fill: float) -> None:
    array = dataset.define_array("t", np.dtype(dtype), ["x"], [3], fill_value=fill)
    values = np.ma.MaskedArray(np.array([1, 7, 3], memory), [False, True, False])
    for write in (array.write, lambda one: array.__setitem__(..., one)):
        array[...] = 0
        write(values)
        np.testing.assert_array_equal(array[...], np.array([1, fill, 3], dtype))
    array.write(np.ma.MaskedArray(np.array([1, 7, 3], memory)))
    assert array[...].tolist() == [1, 7, 3]
    growing = dataset.define_array("u", np.dtype(dtype), ["x"], [0], fill_value=fill)
    growing.append(values)
    np.testing.assert_array_equal(growing[...], np.array([1, fill, 3], dtype))


def test_masked_values_that_have_no_place(dataset: atlas.DatasetView) -> None:
    values = np.ma.MaskedArray(np.array([1, 7], "i4"), [False, True])
    plain = dataset.define_array("t", "int32", ["x"], [2])
    with pytest.raises(TypeError, match="no fill value"):
        plain.write(values)
    for name, dtype, fill in (
        ("a", "float64", np.nan),
        ("b", "float64", 1.5),
        ("c", "int64", 2**40),
        ("d", "string", "-"),
    ):
        array = dataset.define_array(name, dtype, ["x"], [2], fill_value=fill)
        with pytest.raises(TypeError, match="cannot be the fill value"):
            array.write(values)


# ---- Text ----


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_text_of_all_kinds(dataset: atlas.DatasetView, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape))
    listed = [["", "x" * 300, "sea ice", "温度", "São Paulo", "🌍"][k] for k in range(size)]
    objects = np.empty(size, object)
    objects[:] = listed
    objects = objects.reshape(shape)
    array = dataset.define_array("s", "string", None, shape)
    memories = [objects, objects.astype("U"), objects.astype(np.dtypes.StringDType()), np.array(objects, order="F")]
    for memory in memories:
        array.write(memory)
        found = array.read()
        assert found.dtype == object
        assert found.tolist() == objects.tolist()
        array[...] = "?"
        assert found.tolist() == objects.tolist()
    array.write(objects)
    for dtype in (np.dtypes.StringDType(), "U300"):
        assert array.read(dtype=dtype).tolist() == objects.tolist()
    out = np.full(shape, "", np.dtypes.StringDType())
    array.read(out=out)
    assert out.tolist() == objects.tolist()


def test_text_by_index(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("s", str, ["x", "y"], [3, 4], fill_value="none")
    assert array.fill_value == "none"
    array[1, 1:3] = ["a", "b"]
    array[::2, 0] = "z"
    assert array[::-1, ::-3].tolist() == [["none", "z"], ["none", "none"], ["none", "z"]]
    assert array[1, 1] == "a"
    assert array[1, 1:3].tolist() == ["a", "b"]


@pytest.mark.parametrize("value", [None, 1, np.nan, "a\0b", "\ud800", b"\xff"])
def test_text_that_is_none(dataset: atlas.DatasetView, value: object) -> None:
    array = dataset.define_array("s", "string", ["x"], [2])
    memory = np.array(["a", ""], object)
    memory[1] = value
    with pytest.raises((TypeError, ValueError)):
        array[...] = memory
    assert array[...].tolist() == ["", ""]


def test_text_and_numbers_do_not_mix(dataset: atlas.DatasetView) -> None:
    text = dataset.define_array("s", "string", ["x"], [2])
    numbers = dataset.define_array("n", "int32", ["x"], [2])
    for call in (
        lambda: text.write(np.zeros(2)),
        lambda: numbers.write(np.array(["a", "b"])),
        lambda: text.read(dtype="f8"),
        lambda: numbers.read(dtype=object),
        lambda: numbers.write(np.array([1, 2], object)),
    ):
        with pytest.raises(TypeError):
            call()


# ---- Times ----


@pytest.mark.parametrize("unit", ["Y", "M", "D", "h", "m", "s", "ms", "us", "ns"])
def test_times_of_all_units(dataset: atlas.DatasetView, unit: str) -> None:
    times = np.array(["2020-02-29", "1969-12-31", "NaT"], f"M8[{unit}]")
    array = dataset.define_array("t", times.dtype, ["x"], [3])
    assert array.dtype == "M8[ns]"
    array[...] = times
    np.testing.assert_array_equal(array[...], times.astype("M8[ns]"))
    out = np.zeros(3, times.dtype)
    np.testing.assert_array_equal(array.read(out=out), times)
    np.testing.assert_array_equal(array.read(dtype=times.dtype), times)


def test_times_that_do_not_fit(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "timestamp_ns", ["x"], [1])
    for times in (np.array(["3000-01-01"], "M8[D]"), np.array([1], "M8[ps]")):
        with pytest.raises(OverflowError):
            array[...] = times


def test_times_of_python(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "timestamp_ns", ["x"], [2], fill_value=datetime.datetime(1970, 1, 2))
    assert array.fill_value == np.datetime64("1970-01-02")
    assert dataset.array_fill_value("t") == 86_400_000_000_000
    array[0] = np.datetime64("2020-01-01", "D")
    assert array[...].tolist() == [1_577_836_800_000_000_000, 86_400_000_000_000]
    array[...] = array[...].view("i8") + 1
    assert array[0] == np.datetime64("2020-01-01T00:00:00.000000001")
    array[1] = datetime.datetime(2001, 1, 1)
    assert array[1] == np.datetime64("2001-01-01")
    array[...] = [datetime.datetime(2001, 1, 1), datetime.datetime(2002, 1, 1)]
    assert array[1] == np.datetime64("2002-01-01")
    with pytest.raises(TypeError, match="UTC without a time zone"):
        array[1] = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)


# ---- Fill values and statistics ----


@pytest.mark.parametrize("dtype", NUMBERS)
def test_fill_values(dataset: atlas.DatasetView, dtype: str) -> None:
    for number, value in enumerate(some(dtype, (4,))):
        array = dataset.define_array(f"t{number}", dtype, ["x"], [2], fill_value=value)
        same(np.asarray(array.fill_value), np.asarray(value))
        same(array[...], np.full(2, value))
    assert dataset.define_array("none", dtype, ["x"], [2]).fill_value is None


def test_fill_values_that_are_none(dataset: atlas.DatasetView) -> None:
    for dtype, value in (
        ("bool", 1),
        ("int32", True),
        ("uint8", -1),
        ("int32", 1.0),
        ("float32", "x"),
        ("string", 1),
        ("int32", [1]),
        ("timestamp_ns", 1.5),
    ):
        with pytest.raises((TypeError, OverflowError)):
            dataset.define_array("t", dtype, ["x"], [1], fill_value=value)
    assert dataset.list_arrays() == []
    dataset.define_array("t", "float32", ["x"], [1], fill_value=1)
    assert dataset.array_fill_value("t") == 1.0


@pytest.mark.parametrize("dtype", NUMBERS)
def test_statistics(store: atlas.Atlas, dataset: atlas.DatasetView, dtype: str) -> None:
    values = some(dtype, (50,))
    array = dataset.define_array("t", dtype, ["x"], [50], chunk_shape=[20])
    array[...] = values
    assert array.stats is None
    assert array.chunk_stats(0) is None
    store.flush()
    stats, first = array.stats, array.chunk_stats(0)
    assert stats is not None and first is not None
    assert (stats.row_count, stats.null_count, first.row_count) == (50, 0, 20)
    if np.dtype(dtype).kind == "c":
        assert stats.min is None and stats.max is None
        return
    for found, expected in ((stats, values), (first, values[:20])):
        expected = expected[~np.isnan(expected)] if expected.dtype.kind in "fM" else expected
        assert (found.min, found.max) == (expected.min(), expected.max())
    with pytest.raises(IndexError):
        array.chunk_stats(3)


def test_chunks_codecs_and_dims(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array(
        "t", np.float32, ["x", "y"], (np.int64(4), 6), chunk_shape=(2, 3), codec="lz4", shuffle=False, pack=False
    )
    assert (array.chunks, array.codec, array.shuffle, array.dims) == ((2, 3), "lz4", False, ("x", "y"))
    assert not array.pack and "not packed" in array._repr_html_()
    array = dataset.define_array("u", np.dtype(">f8"), None, (4,), codec="zstd", level=9)
    assert (array.level, array.dims, array.dtype_name, array.pack) == (9, ("u",), "float64", True)
    for arguments in (
        {"dims": ["x"]},
        {"dims": "xy"},
        {"chunk_shape": [2]},
        {"chunk_shape": [0, 1]},
        {"shape": [-1, 2]},
        {"codec": "gzip"},
        {"level": 0},
    ):
        with pytest.raises((ValueError, IndexError)):
            dataset.define_array("v", "float32", **{"dims": ["x", "y"], "shape": [4, 6], **arguments})
    assert dataset.list_arrays() == ["t", "u"]


# ---- Places of chunks ----


def crc32c(data: bytes) -> int:
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def chunks_in_place(array: atlas.Array) -> dict[int, bytes]:
    """The stored chunks, read without the library."""
    found, folder = array.chunk_places(), Path(array._store.path)
    decoders = {"zstd": numcodecs.Zstd().decode, "lz4": lz4.block.decompress, "none": lambda block: block}
    chunks = {}
    for place in found.places:
        with open(folder / found.files[place["file"]], "rb") as file:
            file.seek(place["offset"])
            block = file.read(place["stored_len"])
            behind = int.from_bytes(file.read(4), "little")
        checksum = behind if place["checksum"] == 2**64 - 1 else place["checksum"]
        assert (len(block), crc32c(block)) == (place["stored_len"], checksum)
        decoded = bytes(decoders[place["codec"]](block))
        if place["shuffle"] > 1:
            decoded = bytes(numcodecs.Shuffle(int(place["shuffle"])).decode(decoded))
        assert len(decoded) == place["raw_len"]
        chunks[int(place["number"])] = decoded[place["at"] :][: place["len"]]
    return chunks


@pytest.mark.parametrize("codec", ["zstd", "lz4", "none"])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("pack", [True, False])
def test_chunks_are_read_where_they_lie(dataset: atlas.DatasetView, codec: str, shuffle: bool, pack: bool) -> None:
    array = dataset.define_array(
        "t", "float64", ["y", "x"], [5, 4], chunk_shape=[2, 2], codec=codec, shuffle=shuffle, pack=pack, fill_value=-1.0
    )
    assert len(array.chunk_places().places) == 0
    values = np.arange(20.0).reshape(5, 4)
    array[...] = values
    # Nothing has a place before it is flushed.
    before = array.chunk_places()
    assert (len(before.places), before.files, before.generation) == (0, [], 1)
    dataset.store.flush()
    found = array.chunk_places()
    assert found.generation == dataset.store.info().generation == 2
    assert list(found.places["number"]) == list(range(6))
    assert len(found.files) == 1 and set(found.places["codec"]) <= {codec, "none"}
    assert (len(set(found.places["offset"])) == 6) is not pack
    whole = np.full((6, 4), -1.0)
    whole[:5] = values
    for number, chunk in chunks_in_place(array).items():
        y, x = divmod(number, 2)
        np.testing.assert_array_equal(
            np.frombuffer(chunk, "<f8").reshape(2, 2), whole[2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
        )


@pytest.mark.parametrize("codec", ["zstd", "lz4", "none"])
def test_pieces_of_chunks_are_read_where_they_lie(dataset: atlas.DatasetView, codec: str) -> None:
    array = dataset.define_array("t", "int32", ["y", "x"], [3, 40000], chunk_shape=[2, 48000], codec=codec)
    assert (array.chunks, array.pieces) == ((2, 48000), (1, 24000))
    values = np.arange(120000, dtype="int32").reshape(3, 40000) // 7
    array[...] = values
    dataset.store.flush()
    assert set(array.chunk_places().places["checksum"]) == {2**64 - 1}
    whole = np.zeros((3, 48000), "int32")
    whole[:, :40000] = values
    pieces = chunks_in_place(array)
    # The fourth row lies outside the array.
    assert list(pieces) == list(range(6))
    for number, piece in pieces.items():
        y, x = divmod(number, 2)
        np.testing.assert_array_equal(np.frombuffer(piece, "<i4"), whole[y, 24000 * x :][:24000])


def test_places_of_many_chunks_and_files(dataset: atlas.DatasetView) -> None:
    assert _PLACE.itemsize == ffi.sizeof("atlas_chunk_place")
    array = dataset.define_array("t", "int32", ["x"], [0], chunk_shape=[1], pack=False, codec="none")
    for _ in range(3):
        array.append(np.arange(400, dtype="int32"))
        dataset.store.flush()
    found = array.chunk_places()
    assert list(found.places["number"]) == list(range(1200))
    assert len(found.files) == len(set(found.places["file"])) == 3
    assert [np.frombuffer(chunk, "<i4")[0] for chunk in chunks_in_place(array).values()] == [*range(400)] * 3
    dataset.delete_array("t")
    with pytest.raises(atlas.NotFound):
        array.chunk_places()


def test_arrays_are_resized_and_grow_where_they_are_unlimited(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        view = store.create_dataset("a")
        records = view.define_array("t", "float64", ["time"], [0], fill_value=-1.0)
        fixed = view.define_array("f", "float64", ["x"], [2], unlimited=False)
        assert (records.unlimited, fixed.unlimited) == (True, False)
        records.write([5.0], [2])
        assert records.read().tolist() == [-1, -1, 5]
        records.resize(1)
        records.resize(3)
        assert records.read().tolist() == [-1, -1, -1]
        with pytest.raises(IndexError, match="unlimited"):
            fixed.write([5.0], [2])
        with pytest.raises(ValueError, match="extent"):
            fixed.resize(-1)
        words = view.define_array("s", "string", ["y"], [1], unlimited=True)
        words.write(["b"], [2])
        assert words.read().tolist() == ["", "", "b"]


# ---- Nothing is rounded to something else ----


@pytest.mark.parametrize("kind", ["float32", "float16", "complex64"])
def test_values_of_python_that_a_float_type_does_not_have(tmp_path: Path, kind: str) -> None:
    large = 70_000 if kind == "float16" else 1e300
    with atlas.Atlas.create(tmp_path / "store") as store:
        view = store.create_dataset("a")
        array = view.define_array("t", kind, ["x"], [2])
        for write in (
            lambda: array.__setitem__(0, large),
            lambda: array.write([1, large]),
            lambda: array.append([large]),
            lambda: view.define_array("f", kind, ["x"], [2], fill_value=large),
            lambda: view.attrs.set("key", large, kind),
        ):
            with pytest.raises(atlas.OutOfRange, match="does not fit"):
                write()
        assert array.read().tolist() == [0, 0] and "f" not in view and "key" not in view.attrs
        array[...] = [np.inf, 2.5]
        assert array.read().tolist() == [np.inf, 2.5]
        assert np.isnan(view.define_array("n", kind, ["x"], [2], fill_value=np.nan).fill_value)
    with atlas.Atlas.open(tmp_path / "store", mode="r+", float_overflow="infinity") as store:
        store["a"]["t"].write([large, -2])
        assert store["a"]["t"].read().tolist() == [np.inf, -2]


def test_integers_are_rounded_once(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "float32", ["x"], [1])
    # By way of float64 it would be a tie, and go down.
    number = (1 << 60) + (1 << 36) + 1
    array[...] = [number]
    assert int(array[0]) == (1 << 60) + (1 << 37)


def test_places_and_extents_are_integers(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "int8", ["x"], np.array([4], "u2"))
    assert array.read(np.array([1]), [np.int8(2)]).shape == (2,)
    for call in (
        lambda: array.read([1.5], [2]),
        lambda: array.read([1], [1.5]),
        lambda: array.write(np.zeros(1, "i1"), [1.5]),
        lambda: array.chunk_stats(0.5),
        lambda: dataset.define_array("u", "int8", ["y"], [2.9]),
        lambda: dataset.store.read_array_across_stacked("t", [dataset.name], [0], [2.5]),
    ):
        with pytest.raises(TypeError, match=r"'[tu]' of dataset .* is of integers"):
            call()


def test_texts_are_not_cut(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "string", ["x"], [2])
    array[...] = ["a", "línea"]
    assert array.read(dtype="U").dtype == array.read(dtype="U5").dtype == np.dtype("U5")
    with pytest.raises(atlas.OutOfRange, match="5 characters"):
        array.read(dtype="U4")
    out = np.array(["kept", "kept"])
    with pytest.raises(atlas.OutOfRange, match="5 characters"):
        array.read(out=out)
    assert out.tolist() == ["kept", "kept"]
