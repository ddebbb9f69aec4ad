"""Stores: how they are opened, replaced, flushed beside the program, gone back in, verified, and shown."""

from __future__ import annotations

import asyncio
import logging
import math
import re
import signal
import threading
from pathlib import Path
from typing import Any

import atlas
import numpy as np
import pytest


def filled(store: atlas.Atlas, name: str = "a", rows: int = 100) -> atlas.Array:
    array = store.create_dataset(name).define_array("t", "float64", ["x"], [rows])
    array[...] = np.arange(float(rows))
    return array


# ---- Opening ----


def test_modes(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with atlas.Atlas.create(path) as store:
        filled(store)
        assert store.mode == "r+"
    with atlas.Atlas.open(path, mode="r") as store:
        assert (store.mode, store.info().mode) == ("r", "r")
        for call in (
            lambda: store.create_dataset("b"),
            lambda: store.delete_dataset("a"),
            lambda: store["a"].set_attribute("k", 1),
            lambda: store["a"].write_array("t", [0], np.zeros(1)),
            lambda: store["a"].define_array("u", "int8", ["x"], [1]),
            store.flush,
            store.flush_begin,
            store.compact,
            lambda: store.rollback(1),
        ):
            with pytest.raises(PermissionError):
                call()
    with atlas.Atlas.open(path, mode="r+") as store:
        assert (store.mode, store.info().mode) == ("r+", "r+")
        with pytest.raises(BlockingIOError, match="pid"):
            atlas.Atlas.open(path, mode="r+")
    with atlas.Atlas.open(path) as store:
        assert (store.mode, store.info().mode) == ("auto", "r")
        store.flush()
        assert store.mode == "auto"
        store["a"]["t"][0] = 7
        assert (store.mode, store.info().mode) == ("r+", "r+")
        assert store["a"]["t"][0] == 7
    assert atlas.Atlas.open(path)["a"]["t"][0] == 7
    with pytest.raises(ValueError, match="mode is auto, r or"):
        atlas.Atlas.open(path, mode="w")
    with pytest.raises(TypeError, match="Atlas.create"):
        atlas.Atlas()


def test_a_relative_path_stays_the_same_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with atlas.Atlas.create("store") as store:
        filled(store)
    store = atlas.Atlas.open("store")
    monkeypatch.chdir("/")
    assert store.path == str(tmp_path / "store")
    store["a"]["t"][0] = 7
    store.close()


@pytest.mark.parametrize("path", ["a\0b", "\ud800", b"a", 7])
def test_paths_that_are_none(path: Any) -> None:
    with pytest.raises((ValueError, TypeError, NotImplementedError)):
        atlas.Atlas.open(path)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "a\nb", "x" * 256, b"a", None, 7])
def test_names_that_are_none(store: atlas.Atlas, name: Any) -> None:
    dataset = store.create_dataset("a")
    for call in (
        lambda: store.create_dataset(name),
        lambda: dataset.define_array(name, "int8", ["x"], [1]),
        lambda: dataset.define_array("t", "int8", [name], [1]),
        lambda: dataset.set_attribute(name, 1),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()
    assert store.list_datasets() == ["a"]
    assert dataset.list_arrays() == []


def test_options(tmp_path: Path) -> None:
    with atlas.Atlas.create(
        tmp_path / "store",
        level=3,
        shuffle=False,
        pack=False,
        keep_generations=0,
        sync=False,
        num_threads=0,
        cache_bytes=1 << 20,
        write_buffer_bytes=1 << 20,
    ) as store:
        array = filled(store)
        assert (array.level, array.shuffle, array.pack) == (3, False, False)
        smooth = store["a"].define_array("smooth", "float32", None, [1000], filter="delta", keep_bits=9)
        values = np.sqrt(np.arange(1000, dtype="f4"))
        smooth[...] = values
        assert (smooth.filter, smooth.keep_bits) == ("delta", 9)
        assert np.all(np.abs(smooth.read() - values) <= values * 2.0**-10)
        assert (array.filter, array.keep_bits) == ("none", None)
        with pytest.raises(atlas.InvalidArgument, match="'x' of dataset 'a': filter delta"):
            store["a"].define_array("x", "bool", None, [1], filter="delta")
        with pytest.raises(atlas.InvalidArgument, match="keep_bits is 24: of f32 1 to 23"):
            store["a"].define_array("x", "float32", None, [1], keep_bits=24)
        with pytest.raises(atlas.InvalidArgument, match="filter is one of none, delta"):
            store["a"].define_array("x", "float32", None, [1], filter="xor")
        assert store["a"].define_array("packed", "int32", None, [1], pack=True).pack
        store.flush()
        assert store.generations() == [2]
    for name, value in (("num_threads", -1), ("cache_bytes", 0), ("write_buffer_bytes", 1 << 64)):
        with pytest.raises(ValueError, match=name):
            atlas.Atlas.open(tmp_path / "store", **{name: value})
    with pytest.raises(ValueError, match="keep_generations"):
        atlas.Atlas.create(tmp_path / "other", keep_generations=-1)


def test_names_and_copies(tmp_path: Path, store: atlas.Atlas) -> None:
    filled(store)
    before = store["a"]["t"][:]
    store.create_dataset("b")
    store.rename("a", "c")
    assert store.list_datasets() == ["b", "c"]
    np.testing.assert_array_equal(store["c"]["t"][:], before)
    with pytest.raises(atlas.AlreadyExists, match="b"):
        store.rename("c", "b")
    with pytest.raises(KeyError, match="zz"):
        store.copy("zz", "d")
    assert store.copy("c", "d").name == "d"
    with atlas.Atlas.create(tmp_path / "other") as other:
        assert store.copy("c", "c", other).store is other
        store.rename("c", "a")
        np.testing.assert_array_equal(other["c"]["t"][:], before)
    np.testing.assert_array_equal(store["d"]["t"][:], before)


def test_attributes_of_the_store(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        store.attrs["title"] = "a store"
        store.attrs.update(levels=[1, 2], run=7)
        del store.attrs["run"]
    with atlas.Atlas.open(tmp_path / "store") as store:
        assert list(store.attrs) == ["title", "levels"]
        assert store.attrs["title"] == "a store"
        assert store.attrs["levels"].tolist() == [1, 2]
        with pytest.raises(KeyError, match="run"):
            store.attrs["run"]


def test_dimensions_have_one_length(store: atlas.Atlas) -> None:
    dataset = store.create_dataset("a")
    assert dataset.define_array("x", "float64", None, [3]).dims == ("x",)
    assert dataset.define_array("cov", "float64", ["x", "x"], [3, 3]).dims == ("x", "x")
    with pytest.raises(atlas.InvalidArgument, match="'x'"):
        dataset.define_array("t", "float64", ["time", "x"], [0, 4])
    dataset.define_array("t", "float64", ["time", "x"], [0, 3]).append(np.zeros((2, 3)))
    dataset.define_array("time", "float64", None, [0])
    with pytest.raises(atlas.InvalidArgument, match="'time'"):
        store.flush()
    dataset["time"].append(np.zeros(2))
    store.flush()


def test_floats_that_do_not_fit(tmp_path: Path) -> None:
    large = np.array([1.5, -1e300])
    with atlas.Atlas.create(tmp_path / "store") as store:
        array = store.create_dataset("a").define_array("t", "float32", ["x"], [2])
        with pytest.raises(atlas.OutOfRange, match="-1e300"):
            array.write(large)
        array.write(np.array([np.inf, np.nan]))
        np.testing.assert_array_equal(array[:], np.array([np.inf, np.nan], "f4"))
    with atlas.Atlas.open(tmp_path / "store", mode="r+", float_overflow="infinity") as store:
        store["a"]["t"].write(large)
        np.testing.assert_array_equal(store["a"]["t"][:], np.array([1.5, -np.inf], "f4"))
    with pytest.raises(ValueError, match="float_overflow"):
        atlas.Atlas.open(tmp_path / "store", float_overflow="wrap")


def test_a_mapping_of_datasets(store: atlas.Atlas) -> None:
    assert (len(store), bool(store), list(store)) == (0, True, [])
    filled(store)
    filled(store, "b")
    assert (len(store), list(store), "a" in store, "zz" in store, 7 in store) == (2, ["a", "b"], True, False, False)
    dataset = store["a"]
    assert (len(dataset), bool(dataset), list(dataset), "t" in dataset, "u" in dataset) == (1, True, ["t"], True, False)
    assert dataset.store is store
    assert dataset.has_array("t")
    with pytest.raises(KeyError, match="u"):
        dataset["u"]
    del dataset["t"]
    assert len(dataset) == 0
    del store["a"]
    assert list(store) == ["b"]
    with pytest.raises(atlas.OutOfRange):
        store.dataset_name(1)
    with pytest.raises(atlas.OutOfRange):
        store.dataset_name(-1)
    for call in (
        dataset.list_arrays,
        lambda: dataset.read_array("t"),
        lambda: len(dataset),
        lambda: len(dataset.attrs),
    ):
        with pytest.raises(KeyError):
            call()


def test_many_names(store: atlas.Atlas) -> None:
    names = [f"a dataset with a long name, number {number}" for number in range(500)]
    for name in names:
        store.create_dataset(name)
    assert store.list_datasets() == names
    long = "温" * 85
    assert store.create_dataset(long).name == long
    assert store.dataset_name(500) == long


# ---- Attributes as a mapping ----


def test_attributes_keep_their_types(dataset: atlas.DatasetView) -> None:
    array = dataset.define_array("t", "int8", ["x"], [1])
    values: dict[str, Any] = {
        "bool": True,
        "int": -1,
        "large": 2**64 - 1,
        "float": 1.5,
        "complex": 1 + 2j,
        "text": "K",
        "time": np.datetime64("2020-01-01T00:00:00.000000001"),
        **{f"np {kind}": np.array(1, kind)[()] for kind in ("i1", "u2", "f2", "f4", "c8", "u8")},
        "numbers": np.array([1, 2], "i2"),
        "times": np.array(["2020-01-01", "NaT"], "M8[ns]"),
        "none": np.array([], "f4"),
        "texts": ["a", "", "温"],
        "no texts": [],
    }
    for attrs in (dataset.attrs, array.attrs):
        for key, value in values.items():
            attrs[key] = value
        assert list(attrs) == list(values)
        assert len(attrs) == len(values)
        for key, value in values.items():
            found = attrs[key]
            if key == "no texts":
                assert isinstance(found, np.ndarray) and found.size == 0
            elif isinstance(value, np.ndarray):
                np.testing.assert_array_equal(found, value, strict=True)
            else:
                assert found == value
                assert type(found) is (np.uint64 if key == "large" else type(value))
        assert "bool" in attrs and "zz" not in attrs and 7 not in attrs
        del attrs["bool"]
        assert "bool" not in attrs
        with pytest.raises(KeyError):
            del attrs["bool"]
        with pytest.raises(KeyError):
            attrs["bool"]
        assert "numbers" in repr(attrs)
    assert dataset.get_attribute("times") == [1_577_836_800_000_000_000, -(2**63)]
    assert dataset.get_attribute("numbers") == [1, 2]
    assert dataset.get_attribute("texts") == ["a", "", "温"]
    dataset.delete_attribute("int")
    dataset.delete_array_attribute("t", "int")
    assert "int" not in dataset.attrs and "int" not in array.attrs


def test_lists_of_python_are_attributes(dataset: atlas.DatasetView) -> None:
    attrs = dataset.attrs
    attrs["i"] = [1, 2]
    attrs["f"] = (1, 2.5)
    attrs["one"] = [7]
    attrs.set("i8", [1, 2], "int8")
    assert (attrs["i"].dtype, attrs["f"].dtype, attrs["one"], attrs["i8"].dtype) == ("i8", "f8", 7, "i1")
    with pytest.raises(OverflowError):
        attrs["large"] = 2**64
    with pytest.raises(OverflowError):
        attrs.set("i8", [1, 300], "int8")
    with pytest.raises(ValueError, match="2 dimensions"):
        attrs["two"] = [[1, 2], [3, 4]]


# ---- Replacing ----


def test_overwrite_replaces_a_store(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with atlas.Atlas.create(path, meta_format="msgpack", overwrite=True) as store:
        filled(store)
    reader = atlas.Atlas.open(path)
    with atlas.Atlas.create(path, codec="lz4", overwrite=True) as store:
        assert store.list_datasets() == []
        assert reader.list_datasets() == ["a"]
        store.create_dataset("b").define_array("t", "float64", ["x"], [3])
        assert store["b"]["t"].codec == "lz4"
        store.flush()
        assert reader.list_datasets() == ["a"]
        reader.refresh()
        assert reader.list_datasets() == ["b"]
        store.rollback(2)
        assert store.list_datasets() == ["a"]
    assert [one.name for one in tmp_path.iterdir()] == ["store"]
    atlas.Atlas.create(tmp_path / "json").close()
    with pytest.raises(ValueError, match="root in atlas.json"):
        atlas.Atlas.create(tmp_path / "json", meta_format="msgpack", overwrite=True)


def test_overwrite_without_a_flush_leaves_the_old_store(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with atlas.Atlas.create(path) as store:
        filled(store)
    with pytest.raises(ZeroDivisionError), atlas.Atlas.create(path, overwrite=True) as store:
        store.create_dataset("b")
        raise ZeroDivisionError
    assert atlas.Atlas.open(path).list_datasets() == ["a"]


def test_exist_ok_opens_a_store_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "store"
    for name in ("a", "b"):
        with atlas.Atlas.create(path, codec="lz4" if name == "a" else "none", exist_ok=True) as store:
            assert store.create_dataset(name).define_array("t", "int8", ["x"], [3]).codec == "lz4"
    assert atlas.Atlas.open(path).list_datasets() == ["a", "b"]
    with pytest.raises(FileExistsError):
        atlas.Atlas.create(path)
    with pytest.raises(ValueError, match="not both"):
        atlas.Atlas.create(path, exist_ok=True, overwrite=True)


def test_overwrite_replaces_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.mkdir()
    (path / "thesis.txt").write_text("months of work")
    with pytest.raises(ValueError, match="store"):
        atlas.Atlas.create(path, overwrite=True)
    assert (path / "thesis.txt").exists()
    (tmp_path / "file").write_text("months of work")
    with pytest.raises(ValueError, match="not a folder"):
        atlas.Atlas.create(tmp_path / "file", overwrite=True)
    assert (tmp_path / "file").read_text() == "months of work"


def test_overwrite_leaves_a_store_that_another_writer_has(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        filled(store)
        with pytest.raises(atlas.Locked):
            atlas.Atlas.create(tmp_path / "store", overwrite=True)
    with pytest.raises(ValueError, match="codec"):
        atlas.Atlas.create(tmp_path / "store", codec="gzip", overwrite=True)
    assert atlas.Atlas.open(tmp_path / "store").list_datasets() == ["a"]
    assert [one.name for one in tmp_path.iterdir()] == ["store"]


def test_a_writer_waits_for_another(tmp_path: Path) -> None:
    store = atlas.Atlas.create(tmp_path / "store")
    with pytest.raises(atlas.Locked, match="after 20 ms"):
        atlas.Atlas.open(tmp_path / "store", mode="r+", lock_timeout=0.02)
    with pytest.raises(ValueError, match="lock_timeout"):
        atlas.Atlas.open(tmp_path / "store", mode="r+", lock_timeout=-1)
    timer = threading.Timer(0.05, store.close)
    timer.start()
    with atlas.Atlas.open(tmp_path / "store", mode="r+", lock_timeout=math.inf) as store:
        store.create_dataset("a")
    timer.join()


def test_a_reader_waits_for_a_commit(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        reader = atlas.Atlas.open(tmp_path / "store")
        assert not reader.wait_for_commit(0)
        assert not reader.wait_for_commit(0.3)
        with pytest.raises(ValueError, match="open for writing"):
            store.wait_for_commit(0)
        store.create_dataset("a")
        timer = threading.Timer(0.05, store.flush)
        timer.start()
        assert reader.wait_for_commit()
        timer.join()
        assert reader.list_datasets() == []
        reader.refresh()
        assert not reader.wait_for_commit(0)


# ---- Commits ----


def test_earlier_commits(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store", keep_generations=5) as store:
        array = filled(store)
        for number in range(3):
            array[0] = number
            store.flush()
        assert store.generations() == [1, 2, 3, 4]
        assert store.info().generation == 4
        with store.at(3) as earlier:
            assert (earlier.mode, earlier["a"]["t"][0]) == ("r", 1)
            earlier.refresh()
            assert earlier["a"]["t"][0] == 2
        store.rollback(2)
        assert array[0] == 0
        assert store.info().generation == 5
        array[0] = 9
        with pytest.raises(atlas.UnflushedChanges):
            store.rollback(3)
        store.flush()
        for call in (lambda: store.at(77), lambda: store.rollback(77)):
            with pytest.raises(atlas.StoreNotFound, match="77"):
                call()
        for call in (lambda: store.at(-1), lambda: store.rollback(-1)):
            with pytest.raises(ValueError, match="from 1 on"):
                call()


def test_how_many_commits_are_kept(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        array = filled(store)
        assert store.keep_generations is None
        store.keep_generations = 2
        assert store.info().unflushed_changes
        for number in range(4):
            array[0] = number
            store.flush()
        store.compact()
        last = store.info().generation
        assert (store.keep_generations, store.generations()) == (2, [3, 4, last])
        store.keep_generations = 0
        assert store.keep_generations == 0
        store.flush()
        assert store.generations() == [last + 1]
        store.keep_generations = None
        store.flush()
    for count in (-1, 1 << 31):
        with pytest.raises(ValueError, match=f"keep_generations .* not {count}"):
            store.keep_generations = count
    with atlas.Atlas.open(tmp_path / "store", mode="r") as store:
        assert store.keep_generations is None
        with pytest.raises(atlas.ReadOnly):
            store.keep_generations = 1


def test_pins(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with atlas.Atlas.create(path, keep_generations=0) as store:
        array = filled(store)
        filled(store, "b", 1)  # It keeps the first segment in use, for the compaction to have something to do.
        assert store.pins == {}
        for number in range(1, 4):
            array[0] = number
            store.flush()
            store.pin(f"step {number}")
        # Changes are no part of a pin, and the pin is one.
        array[0] = 9
        store.pin("z\u00fcrich")
        with pytest.raises(atlas.AlreadyExists, match="step 1"):
            store.pin("step 1")
        for name in ("", "a\nb", "x" * 256, 7):
            with pytest.raises((ValueError, TypeError)):
                store.pin(name)
        store.unpin("step 2")
        store.flush()
        store.compact()
        assert list(store.pins.items()) == [("step 1", 2), ("step 3", 4), ("z\u00fcrich", 4)]
        assert store.generations() == [2, 4, 6]
        for call in (store.unpin, store.at, store.rollback):
            with pytest.raises(KeyError, match="step 2"):
                call("step 2")
        with store.at("step 1") as earlier:
            assert (earlier.mode, earlier["a"]["t"][0], earlier.info().generation) == ("r", 1, 2)
            # Pins are those of the last commit.
            assert earlier.pins == store.pins
            with pytest.raises(atlas.ReadOnly):
                earlier.pin("x")
            with pytest.raises(atlas.ReadOnly):
                earlier.unpin("step 1")
        store.rollback("step 3")
        assert array[0] == 3
        assert "step 1" in store.pins
    for named, first in (("step 1", 1), (2, 1), ("z\u00fcrich", 3)):
        with atlas.Atlas.open(path, generation=named) as store:
            assert (store.mode, store["a"]["t"][0]) == ("r", first)
            with pytest.raises(atlas.ReadOnly):
                store.create_dataset("b")
    with pytest.raises(atlas.NotFound, match="step 2"):
        atlas.Atlas.open(path, generation="step 2")
    with pytest.raises(atlas.StoreNotFound, match="3"):
        atlas.Atlas.open(path, generation=3)
    with pytest.raises(ValueError, match="mode is r"):
        atlas.Atlas.open(path, mode="r+", generation=2)
    with pytest.raises(atlas.StoreNotFound):
        atlas.Atlas.open(tmp_path / "none", generation="step 1")


def test_a_pin_makes_a_reader_the_writer(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        filled(store)
    with atlas.Atlas.open(tmp_path / "store") as store:
        store.pin("last")
        assert store.mode == "r+"
    with atlas.Atlas.open(tmp_path / "store") as store:
        assert store.pins == {"last": 2}
        store["a"]["t"][0] = 7
        # What was begun is waited for, and pinned.
        store.flush_begin()
        store.pin("begun")
        assert store.pins == {"last": 2, "begun": store.info().generation}
        assert store.at("begun")["a"]["t"][0] == 7


def test_more_commits_than_one_call_lists(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store", keep_generations=40, sync=False) as store:
        array = filled(store)
        for number in range(30):
            array[0] = number
            store.flush()
        assert store.generations() == list(range(1, 32))


def test_readers_see_one_commit_until_they_refresh(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        store.create_dataset("a")
        store.flush()
        reader = atlas.Atlas.open(tmp_path / "store", mode="r")
        store.create_dataset("b")
        store.flush()
        assert reader.list_datasets() == ["a"]
        reader.refresh()
        assert reader.list_datasets() == ["a", "b"]
        store.refresh()


# ---- Flushes beside the program ----


def test_flush_begin(store: atlas.Atlas) -> None:
    array = filled(store)
    first = store.flush_begin()
    array[0] = 5
    second = store.flush_begin()
    second.wait()
    assert first.done() and second.done()
    first.wait()
    assert store.info().generation >= 2
    assert not store.info().unflushed_changes
    assert "on the disk" in repr(first)
    assert atlas.Atlas.open(store.path)["a"]["t"][0] == 5


def test_a_flush_is_awaitable(store: atlas.Atlas) -> None:
    async def run() -> bool:
        filled(store)
        flush = store.flush_begin()
        await flush
        return flush.done()

    assert asyncio.run(run())
    assert store.info().generation == 2


def test_every_flush_hears_of_a_failure(tmp_path: Path) -> None:
    store = atlas.Atlas.create(tmp_path / "store")
    array = filled(store)
    store.flush()
    # What another program does to the store: the next commit finds a lock file that is not its own.
    (tmp_path / "store" / ".lock").unlink()
    (tmp_path / "store" / ".lock").touch()
    array[0] = 5
    first = store.flush_begin()
    with pytest.raises(atlas.Conflict):
        first.wait()
    with pytest.raises(atlas.Conflict):
        first.wait()
    assert first.done()
    assert "failed" in repr(first)
    with pytest.raises(atlas.Conflict):
        store.close()
    assert not store.closed
    assert array[0] == 5
    store.discard()
    assert atlas.Atlas.open(tmp_path / "store")["a"]["t"][0] == 0


def test_a_flush_that_two_lengths_of_a_dimension_refuse(tmp_path: Path) -> None:
    store = atlas.Atlas.create(tmp_path / "store")
    dataset = store.create_dataset("a")
    first, second = (dataset.define_array(name, "int8", ["time"], [0]) for name in ("p", "q"))
    first.append(np.zeros(2, "i1"))
    flush = store.flush_begin()
    for _ in range(2):
        with pytest.raises(atlas.InvalidArgument, match="'time' has the length 2 in array 'p' and 0 in array 'q'"):
            flush.wait()
    assert flush.done() and "failed" in repr(flush)
    # The next one hears of it as well.
    unheard = store.flush_begin()
    with pytest.raises(atlas.InvalidArgument, match="'time'"):
        store.flush_begin()
    with pytest.raises(atlas.InvalidArgument, match="'time'"):
        unheard.wait()
    second.append(np.zeros(2, "i1"))
    store.flush_begin().wait()
    store.close()
    assert atlas.Atlas.open(tmp_path / "store")["a"]["q"].shape == (2,)


def test_a_flush_that_is_left_to_the_close(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        filled(store)
        flush = store.flush_begin()
    assert flush.done()
    flush.wait()
    store = atlas.Atlas.open(tmp_path / "store")
    filled(store, "b")
    left = store.flush_begin()
    store.discard()
    with pytest.raises(ValueError, match="is closed"):
        left.wait()


# ---- Closed stores ----


def test_a_closed_store_is_dead(tmp_path: Path) -> None:
    store = atlas.Atlas.create(tmp_path / "store")
    array = filled(store)
    dataset = store["a"]
    attrs = array.attrs
    assert not store.closed
    store.close()
    assert store.closed
    for call in (
        store.flush,
        store.flush_begin,
        store.compact,
        store.verify,
        store.info,
        store.generations,
        lambda: store.pins,
        lambda: store.keep_generations,
        lambda: store.pin("p"),
        lambda: store.unpin("p"),
        store.refresh,
        store.list_datasets,
        store.__enter__,
        lambda: store.create_dataset("b"),
        lambda: store.at(1),
        lambda: dataset.list_arrays(),
        lambda: dataset.read_array("t"),
        lambda: array[0],
        lambda: array.__setitem__(0, 1),
        lambda: attrs["k"],
        lambda: attrs.__setitem__("k", 1),
    ):
        with pytest.raises(atlas.InvalidHandle, match="is closed"):
            call()
    store.close()
    store.discard()
    for shown in (store, dataset, array):
        assert "closed" in repr(shown)
        assert "closed" in shown._repr_html_()


# ---- Long work ----


def test_progress_of_compact_and_verify(store: atlas.Atlas) -> None:
    for name in "abc":
        filled(store, name, rows=10_000)
    store.flush()
    store.delete_dataset("b")
    store.flush()
    for call in (store.verify, store.compact):
        reports: list[tuple[str, int, int]] = []
        call(progress=lambda *report: reports.append(report))
        assert reports
        assert all(isinstance(what, str) and 0 <= done <= total for what, done, total in reports)
        assert reports[-1][1] == reports[-1][2]
    assert store.verify(progress=False) == []


def test_progress_as_a_bar(store: atlas.Atlas, capsys: pytest.CaptureFixture[str]) -> None:
    filled(store)
    store.flush()
    assert store.verify(progress=True) == []
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize("raised", [ZeroDivisionError, KeyboardInterrupt])
def test_what_progress_raises_ends_the_call(store: atlas.Atlas, raised: type[BaseException]) -> None:
    filled(store, rows=10_000)
    store.flush()
    store.delete_dataset("a")
    store.flush()
    before = store.info()

    def report(what: str, done: int, total: int) -> None:
        if raised is KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
        raise raised

    for call in (store.compact, store.verify):
        with pytest.raises(raised):
            call(progress=report)
    assert store.info() == before
    store.compact()
    assert store.info().dead_bytes == 0


def test_verify_lists_what_is_damaged(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        filled(store)
    (segment,) = (tmp_path / "store").glob("t/*.seg")
    content = bytearray(segment.read_bytes())
    content[40] ^= 1
    segment.write_bytes(content)
    store = atlas.Atlas.open(tmp_path / "store", mode="r")
    (damage,) = store.verify()
    assert (Path(damage.file).name, damage.offset) == (segment.name, 32)
    assert damage.message
    with pytest.raises(atlas.Corrupt, match=re.escape(segment.name)) as failed:
        store["a"]["t"][...]
    assert isinstance(failed.value, OSError)


# ---- Messages ----


def test_messages_go_to_logging_or_to_a_function(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A writer that finds files of no commit says so."""

    def leave_something() -> None:
        (tmp_path / "store" / "t").mkdir(exist_ok=True)
        (tmp_path / "store" / "t" / "00000009-0000000012345678.seg").write_bytes(b"left over")

    with atlas.Atlas.create(tmp_path / "store") as store:
        filled(store)
    leave_something()
    with caplog.at_level(logging.INFO, "atlas"):
        atlas.Atlas.open(tmp_path / "store", mode="r+").close()
    messages = [record.message for record in caplog.records if record.name == "atlas"]
    assert messages
    leave_something()
    heard: list[tuple[int, str]] = []
    atlas.Atlas.open(tmp_path / "store", mode="r+", log=lambda *message: heard.append(message)).close()
    assert [text for _, text in heard] == messages
    assert {level for level, _ in heard} <= {logging.INFO, logging.WARNING}


# ---- Shown ----


def test_representations(store: atlas.Atlas) -> None:
    array = filled(store, "<a&b>")
    array.attrs["units"] = "<K>"
    store["<a&b>"].attrs["title"] = "a title"
    assert repr(store) == f"<Atlas {store.path!r} datasets=1>"
    assert repr(store["<a&b>"]) == "<DatasetView name='<a&b>' arrays=1>"
    html = store._repr_html_()
    assert "&lt;a&amp;b&gt;" in html and "unflushed changes" in html and "<a&b>" not in html
    store.flush()
    assert "unflushed" not in store._repr_html_()
    html = store["<a&b>"]._repr_html_()
    assert "float64" in html and "x: 100" in html and "99.0" in html and "a title" in html
    html = array._repr_html_()
    assert "&lt;K&gt;" in html and "zstd 1 with shuffle" in html
    for number in range(40):
        store.create_dataset(str(number))
    assert "and 11 more" in store._repr_html_()


def test_to_pandas(store: atlas.Atlas) -> None:
    for number in range(3):
        filled(store, f"run {number}")[0] = -number
        store[f"run {number}"].attrs["member"] = number
    store["run 1"].define_array("u", "int32", None, [2])
    store.create_dataset("empty")
    store.flush()
    table = store.to_pandas()
    assert list(table.index) == ["run 0", "run 1", "run 2", "empty"]
    assert table.index.name == "dataset"
    assert list(table["t.min"])[:3] == [0, -1, -2]
    assert list(table.query("member >= 1 and `t.max` > 90").index) == ["run 1", "run 2"]
    assert table["u.row_count"].notna().tolist() == [False, True, False, False]
    assert table.loc["empty"].isna().all()
    assert [name for name in store.to_pandas(arrays=["u"]) if "." in name] == [
        "u.min",
        "u.max",
        "u.row_count",
        "u.null_count",
    ]


# ---- Across datasets ----


def test_reading_across_into_memory(store: atlas.Atlas) -> None:
    for name in "ab":
        filled(store, name)
    out = np.zeros((2, 3), "f4")
    assert store.read_array_across_stacked("t", ["a", "b"], [4], [3], out=out) is out
    assert out.tolist() == [[4, 5, 6]] * 2
    with pytest.raises(ValueError, match="out has shape"):
        store.read_array_across_stacked("t", ["a", "b"], [4], [2], out=out)
    with pytest.raises(ValueError, match="contiguous"):
        store.read_array_across_stacked("t", ["a", "b"], [4], [3], out=np.zeros((3, 2)).T)
    with pytest.raises(ValueError, match="no datasets"):
        store.read_array_across_stacked("t", [])
    with pytest.raises(IndexError):
        store.read_array_across_stacked("t", ["a", "b"], [99], [2])


def test_reading_across_what_differs(store: atlas.Atlas) -> None:
    filled(store, "a", rows=3)
    filled(store, "b", rows=5)
    assert [one.shape for one in store.read_array_across("t", ["a", "b"])] == [(3,), (5,)]
    for name in "ab":
        store[name].define_array("s", "string", ["x"], [2], fill_value=name)
        store[name].define_array("time", "timestamp_ns", ["x"], [2], fill_value=7)
    assert [one.tolist() for one in store.read_array_across("s", ["a", "b"])] == [["a", "a"], ["b", "b"]]
    assert store.read_array_across_stacked("s", ["a", "b"], [1], [1]).tolist() == [["a"], ["b"]]
    assert store.read_array_across_stacked("time", ["a", "b"]).dtype == "M8[ns]"
