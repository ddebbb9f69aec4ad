"""`atlas.dask.store`: Dask's arrays, written by Dask's workers."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import atlas
import atlas.dask
import dask
import dask.array as da
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster


@pytest.fixture
def store(tmp_path: Path) -> Iterator[atlas.Atlas]:
    made = atlas.Atlas.create(tmp_path / "store", num_threads=0)
    yield made
    made.discard()


VALUES = np.arange(40 * 60, dtype="float32").reshape(40, 60)


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_blocks_become_chunks_and_one_commit(store: atlas.Atlas, scheduler: str) -> None:
    x = da.from_array(VALUES, (10, 25))
    atlas.dask.store(x, store, ("run", "t"), dims=["y", "x"], scheduler=scheduler)
    array = store["run"]["t"]
    assert (array.dtype, array.dims, array.chunks) == (np.float32, ("y", "x"), (10, 25))
    assert not store.info().unflushed_changes and store.info().generation == 2
    assert (atlas.Atlas.open(store.path)["run"]["t"][...] == VALUES).all()
    # The session is over: workers' files that are there are those of the commit.
    with pytest.raises(atlas.Conflict, match="no session is on"):
        store.session_missing()
    assert store.verify() == []


@pytest.mark.parametrize("chunks", [(7, 60), (40, 60), ((1, 3, 36), (31, 29)), (1, 60)])
def test_blocks_that_do_not_lie_as_chunks_do(store: atlas.Atlas, chunks: Any) -> None:
    atlas.dask.store(da.from_array(VALUES, chunks), store, ("run", "t"), chunk_shape=[6, 16])
    assert store["run"]["t"].chunks == (6, 16)
    assert (store["run"]["t"][...] == VALUES).all()
    # Over what is there, and with values of another type and order.
    other = da.from_array(np.asfortranarray(VALUES[::-1].astype("int16")), (9, 11))
    atlas.dask.store(other, store, ("run", "t"))
    assert (store["run"]["t"][...] == VALUES[::-1]).all()
    assert store.verify() == []


def test_many_arrays_of_what_they_share(store: atlas.Atlas) -> None:
    x = da.from_array(VALUES, (10, 25)) + 1
    names = da.from_array(np.array(["a", "bc", "d"]), 2)
    wanted = {
        ("run", "t"): x,
        ("run", "mean"): x.mean(axis=0),
        ("more", "all"): x.sum(dtype="float64"),
        ("more", "names"): names,
        ("more", "none"): da.zeros((0, 3)),
    }
    atlas.dask.store(wanted, store)
    assert (store["run"]["t"][...] == VALUES + 1).all()
    assert np.allclose(store["run"]["mean"][...], (VALUES + 1).mean(axis=0))
    assert store["more"]["all"][...] == (VALUES + 1).sum(dtype="float64")
    assert store["more"]["names"][...].tolist() == ["a", "bc", "d"]
    assert store["more"]["none"].shape == (0, 3)
    generation = store.info().generation
    atlas.dask.store({}, store)
    assert store.info().generation == generation


def test_large_blocks_are_more_than_one_chunk(store: atlas.Atlas) -> None:
    x = da.ones((5 << 20,), chunks=5 << 20)
    atlas.dask.store(x, store, ("run", "t"))
    assert store["run"]["t"].chunks[0] < 5 << 20
    assert (store["run"]["t"][...] == 1).all()


def broken(block: Any, block_id: tuple[int, ...]) -> Any:
    if block_id == (2, 1):
        raise ZeroDivisionError("a block")
    return block


def test_a_task_that_fails_leaves_the_store_as_it_was(store: atlas.Atlas) -> None:
    store.create_dataset("run").define_array("t", "float32", ["y", "x"], VALUES.shape)[...] = 7
    store.flush()
    x = da.from_array(VALUES, (10, 25)).map_blocks(broken, meta=VALUES[:0, :0])
    with pytest.raises(ZeroDivisionError, match="a block"):
        atlas.dask.store({("run", "t"): x, ("run", "u"): x, ("new", "t"): x}, store, scheduler="threads")
    assert not store.dataset_exists("new") and list(store["run"]) == ["t"]
    assert (store["run"]["t"][...] == 7).all()
    store.flush()
    (folder,) = (one for one in Path(store.path).iterdir() if one.is_dir())
    assert not [one for one in os.listdir(folder) if one.count("-") == 3], "files of workers"
    atlas.dask.store(da.from_array(VALUES, (10, 25)), store, ("run", "t"))
    assert (store["run"]["t"][...] == VALUES).all()


def test_what_is_refused(store: atlas.Atlas) -> None:
    x = da.from_array(VALUES, (10, 25))
    store.create_dataset("run").define_array("t", "float32", ["y"], [3])
    with pytest.raises(atlas.InvalidArgument, match=r"has shape \(3,\), the one of Dask \(40, 60\)"):
        atlas.dask.store({("new", "t"): x, ("run", "t"): x}, store)
    with pytest.raises(atlas.InvalidArgument, match="extents are unknown"):
        atlas.dask.store(x[x > 3], store, ("run", "some"))
    assert store.list_datasets() == ["run"] and list(store["run"]) == ["t"]
    for wrong in ((x, store), ({("run", "u"): x}, store, ("run", "u"))):
        with pytest.raises(atlas.InvalidArgument, match="one array needs the dataset"):
            atlas.dask.store(*wrong)
    store["run"].define_array("u", "float32", ["y", "x"], VALUES.shape, [10, 10])
    ticket = store.session_begin()
    with pytest.raises(atlas.Conflict, match="it has a session"):
        atlas.dask.store(x, store, ("run", "u"))
    store.session_end()
    assert ticket
    with atlas.Atlas.open(store.path, mode="r") as reader, pytest.raises(atlas.ReadOnly):
        atlas.dask.store(x, reader, ("run", "u"))


@pytest.mark.parametrize("kind", [atlas.OutOfMemory, atlas.NotFound, atlas.IOFailure, atlas.Conflict])
def test_errors_come_from_other_processes_as_they_are(kind: type[atlas.AtlasError]) -> None:
    # distributed, which is imported here, pickles exceptions in a way of its own.
    again = pickle.loads(pickle.dumps(kind("array 't': a text")))
    assert (type(again), str(again)) == (kind, "array 't': a text")


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_whose_tasks_run_again(store: atlas.Atlas, tmp_path: Path) -> None:
    def at_first(block: Any, block_id: tuple[int, ...]) -> Any:
        mark = tmp_path / f"block {block_id}"
        if sum(block_id) % 2 == 0 and not mark.exists():
            mark.touch()
            raise OSError("the first time")
        return block

    x = da.from_array(VALUES, (10, 25)).map_blocks(at_first, meta=VALUES[:0, :0])
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "60s"}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        atlas.dask.store(x, store, ("run", "t"), chunk_shape=[16, 16], retries=1)
        with pytest.raises(OSError, match="the first time"):
            for mark in tmp_path.glob("block *"):
                mark.unlink()
            atlas.dask.store(x, store, ("run", "u"))
    assert (store["run"]["t"][...] == VALUES).all() and "u" not in store["run"]
    assert store.verify() == []
