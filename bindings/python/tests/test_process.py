"""Processes and threads: forks, pickles, the interpreter's lock, and stores that nobody closes."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import atlas
import numpy as np
import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with atlas.Atlas.create(tmp_path / "store", keep_generations=10) as store:
        array = store.create_dataset("a").define_array("t", "int64", ["x"], [1000], chunk_shape=[100])
        array[...] = np.arange(1000)
        array.attrs["units"] = "K"
    return tmp_path / "store"


def in_child(work: Callable[[], object]) -> str:
    """What `work` came to in a child made by fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # A child that hangs says nothing.
        signal.alarm(60)
        try:
            try:
                said = f"ok {work()}"
            except Exception as failure:
                said = f"{type(failure).__name__}: {failure}"
            os.write(writing, said.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


# ---- Forks ----


def test_a_reader_is_opened_again_in_a_child(path: Path) -> None:
    for store in (atlas.Atlas.open(path, mode="r"), atlas.Atlas.open(path)):
        array = store["a"]["t"]
        with atlas.Atlas.open(path, mode="r+") as writer:
            writer["a"]["t"][0] = 77
        # The child sees the commit that its parent sees.
        assert in_child(lambda: array[0]) == f"ok {array[0]}"
        assert in_child(lambda: (array[1], in_child(lambda: array[2]))) == "ok (np.int64(1), 'ok 2')"
        assert in_child(store.close) == "ok None"
        assert in_child(store.discard) == "ok None"
        assert array[3] == 3
        with atlas.Atlas.open(path, mode="r+") as writer:
            writer["a"]["t"][0] = 0
        store.close()


def test_a_writer_belongs_to_its_process(path: Path) -> None:
    with atlas.Atlas.open(path, mode="r+") as store:
        array = store["a"]["t"]
        array[0] = 7
        assert in_child(lambda: array[0]).startswith("Forked: ")
        assert in_child(store.flush).startswith("Forked: ")
        assert in_child(store.close).startswith("Forked: ")
        assert in_child(store.discard) == "ok None"

        def leave() -> None:
            with store:
                raise ZeroDivisionError

        assert in_child(leave) == "ZeroDivisionError: "
    assert atlas.Atlas.open(path)["a"]["t"][0] == 7


def test_a_fork_while_another_thread_flushes(path: Path) -> None:
    with atlas.Atlas.open(path, mode="r+") as store:
        held, done = threading.Event(), threading.Event()

        def flushing() -> None:
            with store._committing:
                held.set()
                done.wait()

        thread = threading.Thread(target=flushing)
        thread.start()
        held.wait()
        try:
            for call in (store.flush, store.flush_begin, store.close, store.compact):
                assert in_child(call).startswith("Forked: ")
        finally:
            done.set()
            thread.join()


def test_a_child_may_become_the_writer(path: Path) -> None:
    store = atlas.Atlas.open(path)
    assert store["a"]["t"][0] == 0

    def write() -> str:
        store["a"]["t"][0] = 5
        store.close()
        return "written"

    assert in_child(write) == "ok written"
    store.refresh()
    assert store["a"]["t"][0] == 5


# ---- Pickles ----


def test_a_pickle_names_a_commit(path: Path) -> None:
    store = atlas.Atlas.open(path, mode="r")
    pickled = pickle.dumps((store, store["a"], store["a"]["t"]))
    with atlas.Atlas.open(path, mode="r+") as writer:
        writer["a"]["t"][0] = 77
    again, dataset, array = pickle.loads(pickled)
    assert (again.path, again.mode, again.info().generation) == (store.path, "r", 2)
    assert (dataset.name, array[0], array[1]) == ("a", 0, 1)
    assert copy.deepcopy(array)[1] == 1


def test_pickles_of_one_commit_share_what_is_open(path: Path) -> None:
    pickled = pickle.dumps(atlas.Atlas.open(path, mode="r"))
    before = len(os.listdir("/proc/self/fd"))
    opened = [pickle.loads(pickled) for _ in range(20)]
    assert len({id(one._handle) for one in opened}) == 1
    assert len(os.listdir("/proc/self/fd")) - before < 20
    opened[0].close()
    with pytest.raises(ValueError, match="is closed"):
        opened[0].list_datasets()
    assert opened[1].list_datasets() == ["a"]
    # A refresh is of one of them, not of all.
    with atlas.Atlas.open(path, mode="r+") as writer:
        writer.create_dataset("b")
    opened[1].refresh()
    assert opened[1].list_datasets() == ["a", "b"]
    assert opened[2].list_datasets() == ["a"]
    assert in_child(lambda: opened[2].list_datasets()) == "ok ['a']"


def test_a_pickle_of_a_writer_is_a_reader(path: Path) -> None:
    with atlas.Atlas.open(path, mode="r+") as store:
        store["a"]["t"][0] = 5
        with pytest.raises(atlas.UnflushedChanges, match="a pickle names a commit"):
            pickle.dumps(store)
        store.flush()
        again = pickle.loads(pickle.dumps(store))
        assert (again.mode, again["a"]["t"][0]) == ("r", 5)


def test_a_pickle_of_a_commit_that_is_gone(path: Path) -> None:
    with atlas.Atlas.create(path.parent / "other", keep_generations=0) as store:
        store.create_dataset("a")
        store.flush()
        pickled = pickle.dumps(store)
        store.create_dataset("b")
    with pytest.raises(atlas.StoreNotFound, match="2"):
        pickle.loads(pickled)


def sum_of(array: atlas.Array) -> int:
    return int(array[...].sum())


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_processes_read_by_pickle(path: Path, method: str) -> None:
    array = atlas.Atlas.open(path, mode="r")["a"]["t"]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(sum_of, [array] * 4) == [499_500] * 4


# ---- Threads ----


def test_reads_release_the_lock_of_the_interpreter(path: Path) -> None:
    with atlas.Atlas.open(path, mode="r+", num_threads=0) as store:
        values = np.random.default_rng(1).random(4_000_000)
        array = store.create_dataset("big").define_array("t", "float64", ["x"], values.shape)
        array[...] = values
        store.flush()
    array = atlas.Atlas.open(path, mode="r", num_threads=0)["big"]["t"]
    order: list[str] = []

    def read() -> None:
        order.append("before")
        array.read()
        order.append("after")

    # Without a switch in this interval, the other thread goes on only where the reader lets the lock go by itself.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        reader = threading.Thread(target=read)
        reader.start()
        order.append("meanwhile")
        reader.join()
    finally:
        sys.setswitchinterval(interval)
    assert order == ["before", "meanwhile", "after"]


def test_many_threads(path: Path) -> None:
    store = atlas.Atlas.open(path)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            expected = np.arange(1000)
            for turn in range(30):
                assert (store["a"]["t"][number::7] == expected[number::7]).all()
                dataset = store.create_dataset(f"{number}.{turn}")
                dataset.define_array("u", "int32", ["x"], [10])[...] = number
                assert (dataset["u"][...] == number).all()
                if turn % 10 == 0:
                    store.flush_begin().wait()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    store.close()
    assert len(atlas.Atlas.open(path)) == 121


# ---- Stores that nobody closes ----


def test_del_discards_and_lets_the_lock_go(path: Path) -> None:
    store = atlas.Atlas.open(path, mode="r+")
    store.create_dataset("lost")
    del store
    with atlas.Atlas.open(path, mode="r+") as store:
        assert store.list_datasets() == ["a"]


def test_a_dataset_keeps_its_store(path: Path) -> None:
    array = atlas.Atlas.open(path)["a"]["t"]
    gc.collect()
    assert array[5] == 5


def test_stores_in_cycles_and_at_the_end_of_the_program(path: Path) -> None:
    program = """
import atlas, gc, sys
store = atlas.Atlas.open(sys.argv[1], mode="r+")
cycle = [store]; cycle.append(cycle)
store.create_dataset("lost")
del cycle, store
gc.collect()
store = atlas.Atlas.open(sys.argv[1], mode="r+")
store.create_dataset("lost too")
flush = None
class Keep: pass
keep = Keep(); keep.store = store; keep.self = keep
print(store.list_datasets())
"""
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, path], capture_output=True, text=True, timeout=120
    )
    lost = "the changes since the last flush are lost: the process ends, and it was not closed"
    assert (process.returncode, process.stderr) == (0, f"store {path}: {lost}\n")
    assert process.stdout == "['a', 'lost too']\n"
    assert atlas.Atlas.open(path).list_datasets() == ["a"]


def test_the_end_of_a_program_names_what_it_loses(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    program = """
import atlas, os, sys
store = atlas.Atlas.create(sys.argv[1])
store.create_dataset("a")
closed = atlas.Atlas.create(sys.argv[2])
closed.create_dataset("a")
closed.close()
def log(level, text):
    print(level, text)
logged = atlas.Atlas.create(sys.argv[3], log=log)
logged.create_dataset("a")
if (child := os.fork()) == 0:
    sys.exit()
os.waitpid(child, 0)
"""
    one, closed, logged = tmp_path / "one", tmp_path / "closed", tmp_path / "logged"
    done = run_python(program, one, closed, logged)
    lost = "the changes since the last flush are lost: the process ends, and it was not closed"
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"store {one}: {lost}"]
    assert done.stdout.splitlines() == [f"30 store {logged}: {lost}"]
