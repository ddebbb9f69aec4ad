"""Sessions: many workers write one store, and one commits."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import atlas
import numpy as np
import pytest

SHAPE = (4, 30, 50)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[atlas.Atlas]:
    with atlas.Atlas.create(tmp_path / "store", num_threads=0) as store:
        store.create_dataset("run").define_array("t", "int32", ["z", "y", "x"], SHAPE, [2, 10, 25])
        store.flush()
        yield store


def worker(ticket: bytes, number: int) -> atlas.Atlas:
    return atlas.Atlas.open_worker(ticket, number, num_threads=0)


def rows(number: int) -> slice:
    """A tile of five rows, which is half of a chunk."""
    return slice(5 * number, 5 * number + 5)


def write(ticket: bytes, number: int) -> bytes:
    with worker(ticket, number) as one:
        one["run"]["t"][:, rows(number)] = number + 1
        return one.export_changes()


EXPECTED = np.broadcast_to(np.arange(30)[:, np.newaxis] // 5 + 1, SHAPE)


@pytest.mark.parametrize("method", ["threads", "fork", "spawn"])
def test_tiles_of_workers_are_one_commit(store: atlas.Atlas, method: str) -> None:
    ticket = store.session_begin(workers=6)
    assert isinstance(ticket, bytes) and store.session_missing() == list(range(6))
    arguments = [(ticket, number) for number in range(6)]
    exports: list[bytes] = []
    if method == "threads":
        threads = [threading.Thread(target=lambda one=one: exports.append(write(*one))) for one in arguments]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        with multiprocessing.get_context(method).Pool(2) as pool:
            exports = pool.starmap(write, arguments)
    with atlas.Atlas.open(store.path, mode="r") as reader:
        store.import_changes(exports[3:])
        assert len(store.session_missing()) == 3
        # In whatever order they come, and again.
        store.import_changes(reversed(exports))
        assert store.session_missing() == []
        assert (store["run"]["t"][...] == EXPECTED).all()
        assert (reader["run"]["t"][...] == 0).all()
        store.flush()
        reader.refresh()
        assert (reader["run"]["t"][...] == EXPECTED).all()
    assert store.session_missing() == list(range(6))
    store.session_end()
    assert store.verify() == []


def test_what_two_workers_write_and_what_is_written_twice(store: atlas.Atlas) -> None:
    ticket = store.session_begin()
    assert store.session_missing() == []
    first, again = write(ticket, 0), write(ticket, 0)
    with worker(ticket, 7) as other:
        other["run"]["t"][1, 4, 24] = 70
        both = other.export_changes()
    with pytest.raises(atlas.Conflict, match=r"chunk \[0, 0, 0\] of array 't'.* workers 0 and 7: .* cell \[1, 4, 24\]"):
        store.import_changes([first, both])
    assert (store["run"]["t"][...] == 0).all() and not store.info().unflushed_changes
    # The task was run twice: one of both counts.
    store.import_changes([first, again])
    with pytest.raises(atlas.UnflushedChanges):
        store.session_end()
    store.flush()
    assert (store["run"]["t"][:, rows(0)] == 1).all() and (store["run"]["t"][:, 5:] == 0).all()
    store.session_end()
    with pytest.raises(atlas.Conflict, match="no session is on"):
        store.session_missing()
    with pytest.raises(atlas.Conflict):
        store.import_changes([both])


def test_workers_define_extend_and_go_on(store: atlas.Atlas) -> None:
    workers = [worker(store.session_begin(), number) for number in range(2)]
    for step in range(4):
        exports = []
        for number, one in enumerate(workers):
            if step == 0:
                one.create_dataset("more").define_array("u", "float64", ["time", "x"], [0, 6], [4, 3])
                one["more"].attrs["title"] = "both"
            one["more"]["u"].extend(step + 1)
            one["more"]["u"].write(np.full((1, 3), 10.0 * step + number), [step, 3 * number])
            exports.append(one.export_changes())
        store.import_changes(exports)
        store.flush()
        ticket = store.session_begin()
        for one in workers:
            one.renew(ticket)
            assert one["more"]["u"].shape == (step + 1, 6)
            assert one["more"]["u"][step].tolist() == [10 * step] * 3 + [10 * step + 1] * 3
    assert store["more"].attrs["title"] == "both"
    store["more"]["u"].extend(2)
    assert store["more"]["u"].shape == (4, 6)
    with pytest.raises(atlas.InvalidArgument):
        store["more"]["u"].extend(-1)
    for one in workers:
        one.close()


def test_a_ticket_tells_of_the_datasets_that_it_names(store: atlas.Atlas) -> None:
    store.create_dataset("other")
    with worker(store.session_begin(datasets=["other"]), 0) as one:
        assert one.list_datasets() == ["other"]
    with pytest.raises(atlas.NotFound, match="'none'"):
        store.session_begin(datasets=["none"])
    with pytest.raises(atlas.InvalidArgument, match="no dataset"):
        store.session_begin(datasets=[])


def test_the_end_of_a_worker(store: atlas.Atlas) -> None:
    ticket = store.session_begin()
    with pytest.raises(atlas.UnflushedChanges, match="worker 3 .* not exported"), worker(ticket, 3) as one:
        one["run"]["t"][0] = 1
    with pytest.raises(ZeroDivisionError), worker(ticket, 4) as four:
        four["run"]["t"][0] = 1
        raise ZeroDivisionError
    assert four.closed and not one.closed
    for refused in (one.flush, one.compact, one.session_begin, lambda: one.delete_dataset("run"), lambda: one.at(1)):
        with pytest.raises(atlas.Unsupported, match="worker 3"):
            refused()
    assert repr(one) == "<Atlas worker 3 datasets=1>"
    one.discard()
    with pytest.raises(atlas.InvalidArgument, match="not a worker"):
        store.export_changes()
    with pytest.raises(atlas.InvalidArgument):
        worker(b"no ticket", 0)
    with pytest.raises(atlas.Corrupt):
        worker(ticket[:-1] + bytes([ticket[-1] ^ 1]), 0)
    with pytest.raises(atlas.InvalidArgument, match="from 0 to 4294967295"):
        worker(ticket, -1)
    with atlas.Atlas.open_worker(ticket, 5, store.path) as there:
        assert there.path == store.path and there["run"]["t"].shape == SHAPE


def write_as(one: atlas.Atlas, number: int) -> bytes:
    with one:
        one["run"]["t"][:, rows(number)] = number + 1
        return one.export_changes()


def test_a_pickle_of_a_worker_is_that_worker_elsewhere(store: atlas.Atlas) -> None:
    ticket = store.session_begin(workers=6)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        exports = pool.starmap(write_as, [(worker(ticket, number), number) for number in range(6)])
    store.import_changes(exports)
    assert store.session_missing() == [] and (store["run"]["t"][...] == EXPECTED).all()
    one = worker(ticket, 9)
    array = pickle.loads(pickle.dumps(one["run"]["t"]))
    assert array.shape == SHAPE
    one["run"]["t"][0, 0, 0] = 1
    for _ in range(2):
        with pytest.raises(atlas.UnflushedChanges, match="worker 9: a pickle names its ticket"):
            pickle.dumps(one)
        one.export_changes()
    store.discard()


def test_another_store_goes_on_with_a_session(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        store.create_dataset("run").define_array("t", "int32", ["z", "y", "x"], SHAPE)
    ticket, held = store_that_is_gone(tmp_path / "store")
    with pytest.raises(atlas.InvalidArgument, match=r"mode is r\+"):
        atlas.Atlas.open(tmp_path / "store", ticket=ticket)
    with atlas.Atlas.open(tmp_path / "store", mode="r+", ticket=ticket) as store:
        store.import_changes([held])
    assert (atlas.Atlas.open(tmp_path / "store")["run"]["t"][:, rows(2)] == 3).all()


def die(path: Path, pipe: object) -> None:
    import os

    store = atlas.Atlas.open(path, mode="r+")
    ticket = store.session_begin()
    pipe.send((ticket, write(ticket, 2)))  # type: ignore[attr-defined]
    os._exit(0)


def store_that_is_gone(path: Path) -> tuple[bytes, bytes]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=die, args=(path, there))
    child.start()
    said: tuple[bytes, bytes] = here.recv()
    child.join()
    return said
