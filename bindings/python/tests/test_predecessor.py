"""The interface of atlas-python 0.13.1: each call of it, with what it gave there. docs/python-migration.md has the
differences, and the tests here that are about one of them say so."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import Any

import atlas
import numpy as np
import pytest
from atlas import _library

# Parameters in their order, with defaults; what comes after them is new, and by keyword only.
ATLAS = {
    "create": (
        "source",
        ("codec", "zstd"),
        ("meta_format", "json"),
        ("meta_compression", "none"),
        ("on_type_mismatch", "warn"),
    ),
    "open": ("source", ("on_type_mismatch", "warn")),
    "create_dataset": ("name",),
    "open_dataset": ("name",),
    "delete_dataset": ("name",),
    "list_datasets": (),
    "list_arrays": (),
    "dataset_exists": ("name",),
    "flush": (),
    "close": (),
    "compact": (),
    "add_xarray_dataset": ("ds", "name", ("chunks", None), ("fill_value", None)),
    "add_xr_dataset": ("ds", "name", ("chunks", None), ("fill_value", None)),
    "open_as_xarray_dataset": ("name",),
    "open_as_many_xarray_dataset": ("names", ("concat_dim", "dataset"), ("parallel", True)),
    "read_array_across": ("array", "dataset_names", ("start", None), ("shape", None)),
    "read_array_across_stacked": ("array", "dataset_names", ("start", None), ("shape", None)),
    "merged_schema": (),
    "pruning_index": (("arrays", None), ("global_attrs", None), ("array_attrs", None)),
    "column_summaries": (),
    "dataset_row": ("name",),
    "row_slots": (),
    "__enter__": (),
    "__exit__": ("kind", "value", "traceback"),
}
DATASET = {
    "list_arrays": (),
    "define_array": ("name", "dtype", "dims", "shape", ("chunk_shape", None), ("fill_value", None)),
    "write_array": ("name", "start", "data"),
    "read_array": ("name", ("start", None), ("shape", None)),
    "read_arrays": ("names", ("start", None), ("shape", None)),
    "delete_array": ("name",),
    "array_meta": ("name",),
    "array_stats": ("name",),
    "array_fill_value": ("name",),
    "attributes": (),
    "set_attribute": ("key", "value", ("dtype", None)),
    "get_attribute": ("key",),
    "set_array_attribute": ("array", "key", "value", ("dtype", None)),
    "get_array_attribute": ("array", "key"),
    "array_attributes": ("array",),
}


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [(kind, *item) for kind, table in ((atlas.Atlas, ATLAS), (atlas.DatasetView, DATASET)) for item in table.items()],
)
def test_signatures(kind: type, name: str, expected: tuple[Any, ...]) -> None:
    parameters = list(inspect.signature(getattr(kind, name)).parameters.values())
    if parameters and parameters[0].name == "self":
        del parameters[0]
    positional = [one for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    keyword_only = parameters[len(positional) :]
    if name == "compact":
        assert [one.name for one in positional] == ["progress"]
        return
    found = tuple(one.name if one.default is one.empty else (one.name, one.default) for one in positional)
    assert found == expected
    assert all(one.default is not one.empty for one in keyword_only)


def test_module() -> None:
    assert {"Atlas", "DatasetView", "init_tracing", "__version__"} <= set(atlas.__all__)
    assert atlas.__version__ == atlas.library_version()


@pytest.mark.parametrize("codec", ["zstd", "lz4", "none", "uncompressed"])
def test_create_with_codecs(tmp_path: Path, codec: str) -> None:
    with atlas.Atlas.create(tmp_path / "store", codec) as store:
        array = store.create_dataset("a").define_array("t", "int8", ["x"], [2])
        assert array.codec == codec.replace("uncompressed", "none")


@pytest.mark.parametrize("meta_format", ["json", "msgpack", "mp"])
@pytest.mark.parametrize("compression", ["none", "uncompressed", "zstd"])
def test_create_with_notations(tmp_path: Path, meta_format: str, compression: str) -> None:
    with atlas.Atlas.create(str(tmp_path / "store"), "zstd", meta_format, compression) as store:
        info = store.info()
    assert info.meta_format == {"mp": "msgpack"}.get(meta_format, meta_format)
    assert info.meta_compression == compression.replace("uncompressed", "none")
    with atlas.Atlas.open(str(tmp_path / "store"), "warn") as store:
        assert store.info().meta_format == info.meta_format


def test_create_makes_the_folders_above(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "x" / "y" / "z") as store:
        assert store.list_datasets() == []


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"codec": "gzip"}, ValueError),
        ({"meta_format": "xml"}, ValueError),
        ({"meta_compression": "gzip"}, ValueError),
        ({"on_type_mismatch": "ignore"}, ValueError),
        # Differences.
        ({"meta_compression": "lz4"}, NotImplementedError),
        ({"on_type_mismatch": "error"}, NotImplementedError),
    ],
)
def test_create_refuses(tmp_path: Path, arguments: dict[str, str], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        atlas.Atlas.create(tmp_path / "store", **arguments)
    assert not (tmp_path / "store").exists()


def test_a_store_is_a_path(tmp_path: Path) -> None:
    # A difference: stores of obstore are not supported.
    with pytest.raises(NotImplementedError, match="named by a path; a Remote is none"):
        atlas.Atlas.open(type("Remote", (), {})())
    # A difference: there it was a RuntimeError.
    with pytest.raises(FileNotFoundError):
        atlas.Atlas.open(tmp_path / "none")


def test_create_on_an_existing_store(tmp_path: Path) -> None:
    # A difference: there it silently started over.
    with atlas.Atlas.create(tmp_path / "store") as store:
        store.create_dataset("a")
    with pytest.raises(FileExistsError):
        atlas.Atlas.create(tmp_path / "store")
    assert atlas.Atlas.open(tmp_path / "store").list_datasets() == ["a"]
    with atlas.Atlas.create(tmp_path / "store", overwrite=True) as store:
        assert store.list_datasets() == []


def test_datasets(store: atlas.Atlas) -> None:
    view = store.create_dataset("a")
    assert isinstance(view, atlas.DatasetView)
    assert view.name == "a"
    store.create_dataset("b")
    with pytest.raises(FileExistsError):
        store.create_dataset("a")
    assert store.open_dataset("a").name == "a"
    with pytest.raises(KeyError):
        store.open_dataset("zz")
    assert store.list_datasets() == ["a", "b"]
    assert store.dataset_exists("a")
    assert not store.dataset_exists("zz")
    store.delete_dataset("a")
    with pytest.raises(KeyError):
        store.delete_dataset("a")
    assert store.list_datasets() == ["b"]


def test_durability(tmp_path: Path) -> None:
    store = atlas.Atlas.create(tmp_path / "store")
    store.create_dataset("a")
    store.flush()
    # A difference: there it compacted with changes that were not flushed.
    store.create_dataset("b")
    with pytest.raises(atlas.UnflushedChanges):
        store.compact()
    store.flush()
    store.compact()
    store.close()
    # A difference: there the object could be used on.
    with pytest.raises(ValueError, match="is closed"):
        store.list_datasets()
    store.close()
    assert atlas.Atlas.open(tmp_path / "store").list_datasets() == ["a", "b"]


def test_opened_stores_are_read_by_many_and_written_by_one(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        store.create_dataset("a")
    one, two = atlas.Atlas.open(tmp_path / "store"), atlas.Atlas.open(tmp_path / "store")
    assert one.list_datasets() == two.list_datasets() == ["a"]
    one.create_dataset("b")
    with pytest.raises(atlas.Locked):
        two.create_dataset("c")
    one.close()
    with pytest.raises(atlas.Conflict, match="another writer has committed 3 since 2"):
        two.create_dataset("c")
    two.refresh()
    two.create_dataset("c")
    two.close()
    assert atlas.Atlas.open(tmp_path / "store").list_datasets() == ["a", "b", "c"]


NUMBERS = [*(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)), "float32", "float64"]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_arrays_of_numbers(dataset: atlas.DatasetView, dtype: str) -> None:
    dataset.define_array("t", dtype, ["x", "y"], [4, 6], chunk_shape=[2, 3], fill_value=1)
    assert dataset.list_arrays() == ["t"]
    assert dataset.array_meta("t") == {
        "dtype": dtype,
        "shape": [4, 6],
        "chunk_shape": [2, 3],
        "dimension_names": ["x", "y"],
    }
    data = np.arange(24, dtype=dtype).reshape(4, 6)
    dataset.write_array("t", [0, 0], data)
    found = dataset.read_array("t")
    assert found.dtype == data.dtype
    np.testing.assert_array_equal(found, data)
    np.testing.assert_array_equal(dataset.read_array("t", [1, 1], [2, 2]), data[1:3, 1:3])
    np.testing.assert_array_equal(dataset.read_array("t", [1, 1]), data[1:, 1:])
    np.testing.assert_array_equal(dataset.read_array("t", None, [1, 1]), data[:1, :1])
    assert dataset.array_fill_value("t") == 1
    dataset._store.flush()
    assert dataset.array_stats("t") == {"row_count": 24, "null_count": 1, "min": 0, "max": 23}


def test_short_names_of_types(dataset: atlas.DatasetView) -> None:
    for name, expected in {"i8": "int8", "u16": "uint16", "f32": "float32", "str": "string"}.items():
        dataset.define_array(name, name, ["x"], [1])
        assert dataset.array_meta(name)["dtype"] == expected
    for name in ("timestamp_nanoseconds", "timestamp_ns", "datetime64[ns]"):
        dataset.define_array(name, name, ["x"], [1])
        assert dataset.array_meta(name)["dtype"] == "timestamp_nanoseconds"
    for name in ("i4", "<f4", "int", "float", "utf8", "datetime64[us]"):
        with pytest.raises(ValueError, match="there is no type"):
            dataset.define_array("no", name, ["x"], [1])


def test_times(dataset: atlas.DatasetView) -> None:
    dataset.define_array("t", "timestamp_nanoseconds", ["x"], [3])
    times = np.array(["2020-01-01", "1969-07-20T20:17:40.5", "NaT"], "M8[ns]")
    dataset.write_array("t", [0], times.view("i8"))
    found = dataset.read_array("t")
    assert found.dtype == "datetime64[ns]"
    np.testing.assert_array_equal(found, times)
    dataset._store.flush()
    assert dataset.array_stats("t")["max"] == int(times[0].astype("i8"))


def test_text(dataset: atlas.DatasetView) -> None:
    dataset.define_array("s", "string", ["x"], [3], fill_value="-")
    assert dataset.array_fill_value("s") == "-"
    for data in (np.array(["a", "b", "c"], object), np.array(["d", "ef", "温"]), np.array([b"x", b"yy", b"z"])):
        dataset.write_array("s", [0], data)
        found = dataset.read_array("s")
        assert found.dtype == object
        assert found.tolist() == [one.decode() if isinstance(one, bytes) else one for one in data.tolist()]
    dataset._store.flush()
    # A difference: there the smallest and the largest text were kept.
    assert dataset.array_stats("s") == {"row_count": 3, "null_count": 0, "min": None, "max": None}


def test_missing_arrays(dataset: atlas.DatasetView) -> None:
    assert dataset.read_array("zz") is None
    assert dataset.array_meta("zz") is None
    assert dataset.array_stats("zz") is None
    assert dataset.array_fill_value("zz") is None
    assert dataset.get_attribute("zz") is None
    assert dataset.get_array_attribute("zz", "u") is None
    assert dataset.array_attributes("zz") == {}
    for call in (
        lambda: dataset.delete_array("zz"),
        lambda: dataset.write_array("zz", [0], np.zeros(3)),
        lambda: dataset.set_array_attribute("zz", "u", "K"),
    ):
        with pytest.raises(KeyError):
            call()


def test_read_arrays(dataset: atlas.DatasetView) -> None:
    for name in ("t", "u"):
        dataset.define_array(name, "int32", ["x"], [3])
        dataset.write_array(name, [0], np.arange(3, dtype="i4"))
    found = dataset.read_arrays(["t", "zz", "u"], [1], [1])
    assert {name: None if one is None else one.tolist() for name, one in found.items()} == {
        "t": [1],
        "zz": None,
        "u": [1],
    }


def test_failures_of_arrays(dataset: atlas.DatasetView) -> None:
    dataset.define_array("t", "float32", ["x", "y"], [4, 6])
    with pytest.raises(FileExistsError):
        dataset.define_array("t", "float32", ["x", "y"], [4, 6])
    with pytest.raises(TypeError):
        dataset.write_array("t", [0, 0], np.zeros((4, 6), "i8"))
    with pytest.raises(OverflowError):
        dataset.define_array("o", "int8", ["x"], [2], fill_value=300)
    with pytest.raises(TypeError):
        dataset.define_array("o", "int8", ["x"], [2], fill_value=1.5)
    # A difference: there it was a RuntimeError, and what was outside was left out when it was read.
    with pytest.raises(IndexError):
        dataset.read_array("t", [3, 3], [5, 5])
    with pytest.raises(ValueError, match="2 dimensions"):
        dataset.read_array("t", [0])
    assert dataset.list_arrays() == ["t"]


def test_what_was_refused_there(dataset: atlas.DatasetView) -> None:
    # Differences: other memory orders, types that convert, bool, float16 and complex numbers.
    dataset.define_array("t", "float32", ["x", "y"], [4, 6])
    data = np.arange(24.0).reshape(4, 6)
    dataset.write_array("t", [0, 0], np.asfortranarray(data))
    np.testing.assert_array_equal(dataset.read_array("t"), data)
    for dtype in ("bool", "float16", "complex64", "complex128"):
        dataset.define_array(dtype, dtype, ["x"], [2])
        dataset.write_array(dtype, [0], np.ones(2, dtype))
        np.testing.assert_array_equal(dataset.read_array(dtype), np.ones(2, dtype))
    dataset.define_array("list", "int16", ["x"], [2])
    dataset.write_array("list", [0], [1, 2])
    assert dataset.read_array("list").tolist() == [1, 2]


@pytest.mark.parametrize("value", [1, -1, 1.5, True, False, "x", ""])
def test_attributes(dataset: atlas.DatasetView, value: object) -> None:
    dataset.define_array("t", "int8", ["x"], [1])
    dataset.set_attribute("k", value)
    dataset.set_array_attribute("t", "k", value)
    for found in (
        dataset.get_attribute("k"),
        dataset.attributes()["k"],
        dataset.get_array_attribute("t", "k"),
        dataset.array_attributes("t")["k"],
    ):
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize(
    ("dtype", "value", "type_name"),
    [
        ("int8", 1, "int8"),
        ("float32", 1, "float32"),
        ("timestamp_nanoseconds", 1, "timestamp_nanoseconds"),
        ("datetime64[ns]", 1, "timestamp_nanoseconds"),
        ("string", "x", "string"),
        ("bool", True, "bool"),
    ],
)
def test_attributes_with_types(dataset: atlas.DatasetView, dtype: str, value: object, type_name: str) -> None:
    dataset.set_attribute("k", value, dtype)
    assert dataset.get_attribute("k") == value
    assert dataset._store.merged_schema()["global_attributes"] == {"k": type_name}


@pytest.mark.parametrize(("dtype", "value"), [("string", 1), ("bool", 1), ("int8", 1.5), ("int8", "1")])
def test_attributes_of_another_type(dataset: atlas.DatasetView, dtype: str, value: object) -> None:
    with pytest.raises(TypeError):
        dataset.set_attribute("k", value, dtype)


def test_values_that_attributes_cannot_be(dataset: atlas.DatasetView) -> None:
    # Differences: bytes were an attribute there; None was a ValueError.
    for value in (None, b"ab", {"a": 1}, [["a"]], [1, "a"], object()):
        with pytest.raises((TypeError, ValueError)):
            dataset.set_attribute("k", value)
    assert dataset.attributes() == {}
    with pytest.raises(OverflowError):
        dataset.set_attribute("k", 300, "int8")


@pytest.fixture
def many(store: atlas.Atlas) -> atlas.Atlas:
    for number, name in enumerate("ab"):
        dataset = store.create_dataset(name)
        dataset.define_array("t", "float32", ["x", "y"], [4, 6])
        dataset.write_array("t", [0, 0], np.arange(24, dtype="f4").reshape(4, 6) + number)
    store["a"].define_array("n", "int32", ["x"], [4])
    store["a"].set_array_attribute("t", "u", "K")
    store["b"].set_attribute("month", 2)
    store.create_dataset("c")
    store.flush()
    return store


def test_list_arrays(many: atlas.Atlas) -> None:
    assert many.list_arrays() == ["n", "t"]


def test_read_array_across(many: atlas.Atlas) -> None:
    found = many.read_array_across("t", ["a", "c", "zz", "b"], [0, 0], [1, 2])
    assert [None if one is None else one.tolist() for one in found] == [[[0, 1]], None, None, [[1, 2]]]
    stacked = many.read_array_across_stacked("t", ["b", "a"], [1, 0], [1, 2])
    np.testing.assert_array_equal(stacked, [[[7, 8]], [[6, 7]]])
    assert stacked.dtype == "float32"
    assert many.read_array_across_stacked("t", ["a", "b"]).shape == (2, 4, 6)
    with pytest.raises(KeyError):
        many.read_array_across_stacked("t", ["a", "c"], [0, 0], [1, 2])
    assert [one.shape for one in many.read_array_across("t", ["a", "b"])] == [(4, 6), (4, 6)]
    assert many.read_array_across("t", []) == []


def test_merged_schema(many: atlas.Atlas) -> None:
    assert many.merged_schema() == {
        "arrays": {
            "t": {"dtype": "float32", "dimension_names": ["x", "y"], "attributes": {"u": "string"}},
            "n": {"dtype": "int32", "dimension_names": ["x"], "attributes": {}},
        },
        "global_attributes": {"month": "int64"},
    }
    many["c"].define_array("t", "float64", ["x"], [1])
    many["c"].define_array("n", "string", ["x"], [1])
    arrays = many.merged_schema()["arrays"]
    assert (arrays["t"]["dtype"], arrays["n"]["dtype"]) == ("float64", "string")


def test_pruning_index(many: atlas.Atlas) -> None:
    found = many.pruning_index(["t", "n"], ["month"], [("t", "u")])
    assert (found["rows"], found["datasets"], found["live"].tolist()) == (3, ["a", "b", "c"], [True] * 3)
    column = found["columns"]["t"]
    assert column["present"].tolist() == [True, True, False]
    assert column["stats_valid"].tolist() == [True, True, False]
    assert (column["row_count"].tolist(), column["row_count"].dtype) == ([24, 24, 0], np.uint64)
    assert column["null_count"].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(column["min"], [0, 1, np.nan])
    np.testing.assert_array_equal(column["max"], [23, 24, np.nan])
    assert column["min"].dtype == np.float64
    assert found["columns"]["n"]["min"].dtype == np.int64
    for name, present in {"month": [False, True, False], "t:u": [True, False, False]}.items():
        column = found["columns"][name]
        assert column["present"].tolist() == present
        assert not column["stats_valid"].any()
    ok = found["columns"]["t"]["present"] & found["columns"]["t"]["stats_valid"] & found["live"]
    assert [found["datasets"][i] for i in np.where(ok & (found["columns"]["t"]["max"] > 23.5))[0]] == ["b"]


def test_column_summaries(many: atlas.Atlas) -> None:
    assert many.column_summaries() == {
        "t": {"min": 0.0, "max": 24.0, "present_count": 2},
        "n": {"min": 0, "max": 0, "present_count": 1},
        "t:u": {"min": None, "max": None, "present_count": 1},
        "month": {"min": None, "max": None, "present_count": 1},
    }


def test_rows(many: atlas.Atlas) -> None:
    assert [many.dataset_row(name) for name in ("a", "c", "zz")] == [0, 2, None]
    assert many.row_slots() == 3
    assert many.dataset_name(2) == "c"
    # A difference: there a deleted dataset kept its row until a compaction.
    many.delete_dataset("a")
    assert many.dataset_row("c") == 1


def test_init_tracing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="filter is one of"):
        atlas.init_tracing("a=b=c")
    logger = logging.getLogger("atlas")
    before = (list(logger.handlers), logger.level)
    monkeypatch.setattr(_library, "_stderr", None)
    try:
        atlas.init_tracing("atlas=warn")
        atlas.init_tracing("off")
        assert len(logger.handlers) == len(before[0]) + 1
        logger.warning("a message")
        logger.info("left out")
        assert "WARNING atlas: a message" in capsys.readouterr().err
    finally:
        logger.handlers[:], logger.level = before
