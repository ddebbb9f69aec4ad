"""What a peer does for each workload, called by peers.py, which measures it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from bench import SIZES

VARIABLES = [f"v{v}" for v in range(SIZES.VARIABLES)]


AT_ONCE = 100  # datasets, where a peer is asked for many at a time


def batches(count: int) -> Iterator[range]:
    for first in range(0, count, AT_ONCE):
        yield range(first, min(first + AT_ONCE, count))


def dataset_name(k: int) -> str:
    return f"ds{k:04d}"


def tiny_name(k: int) -> str:
    return f"ds{k:06d}"


def field_attributes(k: int) -> dict[str, str | int | float]:
    """Those of dataset k of W1."""
    return {
        "institution": "Institute of Examples",
        "month": k % 12,
        "lat0": -90 + 0.1 * k,
        "run": f"run-{k:04d}",
        "version": 3,
    }


def stacked_attributes() -> dict[str, list]:
    """Those of all datasets of W1, as lists."""
    every = [field_attributes(k) for k in range(SIZES.DATASETS)]
    return {key: [attributes[key] for attributes in every] for key in every[0]}


def tiny_values(k: int) -> np.ndarray:
    return np.arange(k, k + SIZES.TINY, dtype=np.float64)


def tiny_attributes(k: int) -> dict[str, str | int | float]:
    return {"id": k, "weight": 0.5 * k, "name": tiny_name(k)}


class Peer(ABC):
    """A system that stores arrays, in `folder`. Each object lives for one workload, in a process of its own.

    What writes returns when the library has written, and peers.py then syncs the file system; a peer that syncs each
    write by itself in W6, and is faster so, says it with `syncs_updates`.
    """

    system: str
    tiny_datasets = SIZES.TINY_DATASETS
    syncs_updates = False

    def __init__(self, folder: str) -> None:
        self.folder = folder

    # W1 and W3, in two layouts: datasets one by one, and stacked along a leading dimension

    @abstractmethod
    def ingest(self, fields: np.ndarray) -> None:
        """Stores fields[variable, dataset], times and attributes."""

    @abstractmethod
    def ingest_stacked(self, fields: np.ndarray) -> None: ...

    @abstractmethod
    def open_fields(self) -> None: ...

    @abstractmethod
    def read_fields(self, variable: str) -> Iterator[np.ndarray]:
        """Of each dataset, in order."""

    @abstractmethod
    def open_stacked(self) -> None: ...

    @abstractmethod
    def read_stacked(self, variable: str) -> Iterator[np.ndarray]: ...

    # W2 and W4

    @abstractmethod
    def create_run(self) -> None: ...

    @abstractmethod
    def write_step(self, step: int, slabs: np.ndarray) -> Iterator[None]:
        """Stores slabs[variable]; yields after each call that a model would wait for."""

    @abstractmethod
    def close_run(self) -> None: ...

    @abstractmethod
    def open_run(self) -> None: ...

    @abstractmethod
    def read_map(self, variable: int, step: int, level: int) -> np.ndarray: ...

    @abstractmethod
    def read_series(self, variable: int, level: int, row: int, column: int) -> np.ndarray: ...

    @abstractmethod
    def read_slab(self, variable: int, step: int) -> np.ndarray: ...

    # W5

    @abstractmethod
    def create_tiny(self) -> None:
        """Creates `tiny_datasets` of them."""

    @abstractmethod
    def open_tiny(self) -> None: ...

    @abstractmethod
    def list_tiny(self) -> list[str]: ...

    @abstractmethod
    def read_tiny(self, name: str) -> tuple[np.ndarray, int]:
        """The values, and the attribute `id`."""

    # W6

    @abstractmethod
    def create_updates(self) -> None: ...

    @abstractmethod
    def update(self, k: int, row: np.ndarray) -> None: ...

    @abstractmethod
    def close_updates(self) -> None: ...

    @abstractmethod
    def read_updates(self) -> np.ndarray: ...
