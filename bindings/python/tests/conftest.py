"""What the tests share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import atlas
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[atlas.Atlas]:
    made = atlas.Atlas.create(tmp_path / "store", num_threads=1)
    yield made
    made.discard()


@pytest.fixture
def dataset(store: atlas.Atlas) -> atlas.DatasetView:
    return store.create_dataset("a")


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in a process of its own."""

    def run(program: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-c", program, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)

    return run
