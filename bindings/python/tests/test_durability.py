"""The page that the package's durability is promised by, ../../../tests/python/durability.txt: its snippets run as they
are printed, each in a process of its own, and come to what the page says."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import atlas
import numpy as np
import pytest
from conftest import ROOT

PAGE = (ROOT / "tests" / "python" / "durability.txt").read_text(encoding="utf-8")

# What the page leaves out: its imports, and that its store's place is empty. The place is the page's where it says so.
PREAMBLE = """
import glob, sys
from pathlib import Path
import atlas as module

made = module.Atlas.create.__func__

def create(cls, source, *arguments, **options):
    assert source == "/tmp/store", source
    return made(cls, sys.argv[1], *arguments, **options)

module.Atlas.create = classmethod(create)
"""


def snippets() -> list[str]:
    """The paragraphs of the page that are programs of more than one line."""
    found: list[str] = []
    lines = PAGE.splitlines()
    at = 0
    while at < len(lines):
        # The longest run of lines from here on that is a program, blank lines inside included.
        for end in range(min(len(lines), at + 12), at + 1, -1):
            text = "\n".join(lines[at:end])
            if lines[at].strip() and lines[end - 1].strip() and "atlas." in text and is_program(text):
                found.append(text)
                at = end
                break
        else:
            at += 1
    return found


def is_program(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def run(
    number: int, place: Path, before: str = "", after: str = "", **options: Any
) -> subprocess.CompletedProcess[str]:
    program = f"{PREAMBLE}\n{before}\n{snippets()[number]}\n{after}"
    return subprocess.run(
        [sys.executable, "-c", program, str(place)], capture_output=True, text=True, timeout=120, **options
    )


def done(process: subprocess.CompletedProcess[str]) -> str:
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_page_has_five_snippets() -> None:
    found = snippets()
    assert len(found) == 5
    assert [text.splitlines()[0] for text in found] == [
        "import atlas",
        'with atlas.Atlas.create("/tmp/store") as atlas:',
        'atlas = atlas.Atlas.create("/tmp/store")',
        'with atlas.Atlas.create("/tmp/store") as atlas:',
        'atlas.delete_dataset("old")',
    ]


def test_what_is_not_flushed_is_lost_by_del(tmp_path: Path) -> None:
    done(run(0, tmp_path / "store"))
    with atlas.Atlas.open(tmp_path / "store", mode="r") as store:
        assert store.list_datasets() == []
        assert store.info().generation == 1


def test_a_with_block_flushes_once(tmp_path: Path) -> None:
    done(run(1, tmp_path / "store", before="import atlas"))
    with atlas.Atlas.open(tmp_path / "store", mode="r") as store:
        assert [(name, store[name].attributes()) for name in store] == [("a", {"month": 1}), ("b", {"month": 2})]
        assert store.info().generation == 2


def test_close_flushes(tmp_path: Path) -> None:
    before = "import atlas"
    after = "try:\n    atlas.list_datasets()\nexcept ValueError as closed:\n    print(closed)"
    assert "is closed" in done(run(2, tmp_path / "store", before, after))
    assert atlas.Atlas.open(tmp_path / "store", mode="r").list_datasets() == []


def test_explicit_calls_that_change_something(tmp_path: Path) -> None:
    text = snippets()[2].replace("...", 'atlas.create_dataset("a")')
    program = f"{PREAMBLE}\nimport atlas\n{text}"
    subprocess.run([sys.executable, "-c", program, tmp_path / "store"], check=True, timeout=120)
    assert atlas.Atlas.open(tmp_path / "store", mode="r").list_datasets() == ["a"]


def test_many_files_are_one_flush(tmp_path: Path) -> None:
    import xarray

    source = tmp_path / "files"
    source.mkdir()
    for number in range(5):
        xarray.Dataset(
            {"t": (("y", "x"), np.full((4, 6), number, "f4")), "p": (("x",), np.arange(6.0) + number)}
        ).to_netcdf(source / f"run{number}.nc")
    done(run(3, tmp_path / "store", before="import atlas, xarray as xr", cwd=source))
    with atlas.Atlas.open(tmp_path / "store", mode="r") as store:
        assert store.list_datasets() == [f"run{number}" for number in range(5)]
        info = store.info()
        assert (info.generation, info.array_file_count, info.segment_count) == (2, 2, 2)
        assert [store[name].read_array("t")[0, 0] for name in store] == [0, 1, 2, 3, 4]


def test_compact_shrinks_the_files(tmp_path: Path) -> None:
    values = np.random.default_rng(1).random(100_000)
    with atlas.Atlas.create(tmp_path / "store") as store:
        for name in ("old", "kept"):
            store.create_dataset(name).define_array("t", "float64", ["x"], [100_000])
            store[name].write_array("t", [0], values)
    before = f"import atlas\natlas = atlas.Atlas.open({str(tmp_path / 'store')!r})"
    size = size_of(tmp_path / "store")
    done(run(4, tmp_path / "store", before=before, after="atlas.close()"))
    assert size_of(tmp_path / "store") < 0.6 * size
    with atlas.Atlas.open(tmp_path / "store", mode="r") as store:
        assert store.list_datasets() == ["kept"]
        np.testing.assert_array_equal(store["kept"].read_array("t"), values)
        assert store.info().dead_bytes == 0


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_one_root_and_one_segment_for_each_array_name(tmp_path: Path) -> None:
    with atlas.Atlas.create(tmp_path / "store") as store:
        for number in range(1000):
            dataset = store.create_dataset(f"run {number}")
            for name in ("t", "p"):
                dataset.define_array(name, "int32", ["x"], [10])
                dataset.write_array(name, [0], np.arange(10, dtype="i4") + number)
    segments = list((tmp_path / "store").glob("*/*.seg"))
    assert sorted(path.parent.name for path in segments) == ["p", "t"]
    assert atlas.Atlas.open(tmp_path / "store").info().generation == 2


def test_statistics_are_there_after_a_flush_only(store: atlas.Atlas, dataset: atlas.DatasetView) -> None:
    dataset.define_array("t", "float64", ["x"], [3], fill_value=-1)
    assert dataset.array_stats("t") is None
    dataset.write_array("t", [0], np.array([3.0, -1.0, 2.0]))
    assert dataset.array_stats("t") is None
    store.flush()
    expected = {"row_count": 3, "null_count": 1, "min": 2.0, "max": 3.0}
    assert dataset.array_stats("t") == expected
    dataset.write_array("t", [0], np.array([7.0]))
    assert dataset.array_stats("t") is None
    store.flush()
    assert dataset.array_stats("t") == {**expected, "max": 7.0}


INTERRUPTED = """
import signal, sys
import atlas

with atlas.Atlas.create(sys.argv[1]) as store:
    store.create_dataset("flushed")
    store.flush()
    store.create_dataset("not flushed")
    signal.raise_signal(getattr(signal, sys.argv[2]))
    print("never printed")
"""


@pytest.mark.parametrize("kind", ["SIGINT", "SIGKILL"])
def test_an_unclean_exit_loses_what_came_after_the_last_flush(tmp_path: Path, kind: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, tmp_path / "store", kind], capture_output=True, text=True, timeout=120
    )
    assert process.returncode == -getattr(signal, kind)
    assert process.stdout == ""
    if kind == "SIGINT":
        assert process.stderr.rstrip().endswith("KeyboardInterrupt")
    with atlas.Atlas.open(tmp_path / "store", mode="r+") as store:
        assert store.list_datasets() == ["flushed"]


def test_an_exception_inside_with_discards(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atlas.Atlas.create(tmp_path / "store") as store:
        store.create_dataset("flushed")
        store.flush()
        store.create_dataset("not flushed")
        _ = 1 / 0
    assert store.closed
    # The lock is released with it.
    with atlas.Atlas.open(tmp_path / "store", mode="r+") as again:
        assert again.list_datasets() == ["flushed"]


def test_the_root_is_json_that_a_program_can_read(store: atlas.Atlas) -> None:
    store.create_dataset("a").set_attribute("month", 1)
    store.flush()
    assert "a" in json.dumps(json.loads((Path(store.path) / "atlas.json").read_text()))
