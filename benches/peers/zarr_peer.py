"""Zarr's Python package, format 3, Blosc with byte shuffle and zstd level 1.

A dataset is a group with attributes; all groups and arrays of a workload are created in one call, which takes half the
time of creating them one by one. Chunks lie in one folder for each array, not in a tree of folders.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import zarr
from zarr.codecs import BloscCodec
from zarr.core.group import GroupMetadata
from zarr.core.metadata.v3 import ArrayV3Metadata

from bench import FIELDS, SIZES
from peer import (
    VARIABLES,
    Peer,
    dataset_name,
    field_attributes,
    stacked_attributes,
    tiny_attributes,
    tiny_name,
    tiny_values,
)

OPTIONS = {
    "compressors": BloscCodec(cname="zstd", clevel=1, shuffle="shuffle"),
    "chunk_key_encoding": {"name": "default", "separator": "."},
}


def create_array(group: zarr.Group, name: str, shape: Sequence[int], chunk: Sequence[int]) -> zarr.Array:
    return group.create_array(name, shape=shape, chunks=chunk, dtype=np.float32, **OPTIONS)


def one_chunk(shape: Sequence[int], dtype: type = np.float32) -> ArrayV3Metadata:
    """Describes an array, of which an empty one is made in memory."""
    return zarr.create_array({}, shape=shape, chunks=shape, dtype=dtype, **OPTIONS).metadata


class System(Peer):
    system = "zarr"
    tiny_datasets = SIZES.TINY_DATASETS // 10

    def _create(self, attributes: dict | None = None) -> zarr.Group:
        return zarr.create_group(f"{self.folder}/store.zarr", attributes=attributes)

    def _create_all(self, nodes: dict[str, GroupMetadata | ArrayV3Metadata]) -> dict[str, zarr.Group | zarr.Array]:
        store = zarr.storage.LocalStore(f"{self.folder}/store.zarr")
        return dict(zarr.create_hierarchy(store=store, nodes=nodes))

    def _open(self) -> None:
        self.root = zarr.open_group(f"{self.folder}/store.zarr", mode="r")

    # ---- W1 and W3 ----

    def ingest(self, fields: np.ndarray) -> None:
        of_field, of_time = one_chunk((SIZES.LAT, SIZES.LON)), one_chunk((1,), np.float64)
        nodes: dict[str, GroupMetadata | ArrayV3Metadata] = {}
        for k in range(SIZES.DATASETS):
            dataset = dataset_name(k)
            nodes[dataset] = GroupMetadata(attributes=field_attributes(k))
            nodes |= {f"{dataset}/{name}": of_field for name in FIELDS}
            nodes[f"{dataset}/time"] = of_time
        arrays = self._create_all(nodes)
        for k in range(SIZES.DATASETS):
            dataset = dataset_name(k)
            for variable, name in enumerate(FIELDS):
                arrays[f"{dataset}/{name}"][:] = fields[variable, k]
            arrays[f"{dataset}/time"][:] = k

    def ingest_stacked(self, fields: np.ndarray) -> None:
        root = self._create(attributes=stacked_attributes())
        shape = (SIZES.DATASETS, SIZES.LAT, SIZES.LON)
        for variable, name in enumerate(FIELDS):
            create_array(root, name, shape, (1, *shape[1:]))[:] = fields[variable]
        root.create_array("time", data=np.arange(SIZES.DATASETS, dtype=np.float64), **OPTIONS)

    def open_fields(self) -> None:
        self._open()

    def read_fields(self, variable: str) -> Iterator[np.ndarray]:
        for k in range(SIZES.DATASETS):
            yield self.root[f"{dataset_name(k)}/{variable}"][:]

    def open_stacked(self) -> None:
        self._open()

    def read_stacked(self, variable: str) -> Iterator[np.ndarray]:
        yield from self.root[variable][:]

    # ---- W2 and W4 ----

    def create_run(self) -> None:
        root = self._create()
        slab = (SIZES.LEVELS, SIZES.ROWS, SIZES.COLUMNS)
        self.arrays = [create_array(root, name, (SIZES.STEPS, *slab), (1, *slab)) for name in VARIABLES]
        self.pool = ThreadPoolExecutor(len(VARIABLES))

    def write_step(self, step: int, slabs: np.ndarray) -> Iterator[None]:
        """All variables at once, as the package compresses a chunk on one core."""
        regions = [slice(step, step + 1)] * len(slabs)
        list(self.pool.map(zarr.Array.__setitem__, self.arrays, regions, slabs[:, np.newaxis]))
        yield

    def close_run(self) -> None:
        """Everything is in files."""

    def open_run(self) -> None:
        self._open()
        self.arrays = [self.root[name] for name in VARIABLES]

    def read_map(self, variable: int, step: int, level: int) -> np.ndarray:
        return self.arrays[variable][step, level]

    def read_series(self, variable: int, level: int, row: int, column: int) -> np.ndarray:
        return self.arrays[variable][:, level, row, column]

    def read_slab(self, variable: int, step: int) -> np.ndarray:
        return self.arrays[variable][step]

    # ---- W5 ----

    def create_tiny(self) -> None:
        of_tiny = one_chunk((SIZES.TINY,), np.float64)
        nodes: dict[str, GroupMetadata | ArrayV3Metadata] = {}
        for k in range(self.tiny_datasets):
            nodes[tiny_name(k)] = GroupMetadata(attributes=tiny_attributes(k))
            nodes[f"{tiny_name(k)}/x"] = of_tiny
        arrays = self._create_all(nodes)
        for k in range(self.tiny_datasets):
            arrays[f"{tiny_name(k)}/x"][:] = tiny_values(k)

    def open_tiny(self) -> None:
        self._open()

    def list_tiny(self) -> list[str]:
        return list(self.root.group_keys())

    def read_tiny(self, name: str) -> tuple[np.ndarray, int]:
        group = self.root[name]
        return group["x"][:], group.attrs["id"]

    # ---- W6 ----

    def create_updates(self) -> None:
        self.array = create_array(self._create(), "a", (SIZES.UPDATES, SIZES.UPDATE), (1, SIZES.UPDATE))

    def update(self, k: int, row: np.ndarray) -> None:
        self.array[k : k + 1] = row

    def close_updates(self) -> None:
        """Everything is in files."""

    def read_updates(self) -> np.ndarray:
        self._open()
        return self.root["a"][:]
