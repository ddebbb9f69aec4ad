"""TensorStore, driver zarr3 on files, Blosc with byte shuffle and zstd level 1.

Arrays are created, opened, written and read many at a time, which is how the library is meant to be used. It has no
groups: the attributes of a dataset are those of one of its arrays. Chunks lie in one folder for each array, not in a
tree of folders.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorstore

from bench import FIELDS, SIZES
from peer import (
    VARIABLES,
    Peer,
    batches,
    dataset_name,
    field_attributes,
    stacked_attributes,
    tiny_attributes,
    tiny_name,
    tiny_values,
)


def codecs(dtype: type) -> list[dict]:
    blosc = {
        "cname": "zstd",
        "clevel": 1,
        "shuffle": "shuffle",
        "typesize": np.dtype(dtype).itemsize,
        "blocksize": 0,
    }
    return [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "blosc", "configuration": blosc},
    ]


class System(Peer):
    system = "tensorstore"
    tiny_datasets = SIZES.TINY_DATASETS // 10
    syncs_updates = True

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.context = tensorstore.Context({"file_io_sync": False})

    def _store(self, name: str) -> dict:
        return {"driver": "file", "path": f"{self.folder}/{name}/"}

    def _create(
        self,
        name: str,
        shape: Sequence[int],
        chunk: Sequence[int],
        dtype: type = np.float32,
        attributes: dict | None = None,
    ) -> tensorstore.Future[tensorstore.TensorStore]:
        metadata = {
            "shape": shape,
            "data_type": np.dtype(dtype).name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
            "codecs": codecs(dtype),
            "attributes": attributes or {},
        }
        spec = {"driver": "zarr3", "kvstore": self._store(name), "metadata": metadata}
        return tensorstore.open(spec, create=True, context=self.context)

    def _open(self, name: str) -> tensorstore.Future[tensorstore.TensorStore]:
        return tensorstore.open({"driver": "zarr3", "kvstore": self._store(name)}, open=True, context=self.context)

    # ---- W1 and W3 ----

    def ingest(self, fields: np.ndarray) -> None:
        shape = (SIZES.LAT, SIZES.LON)
        for batch in batches(SIZES.DATASETS):
            arrays = []
            for k in batch:
                dataset = dataset_name(k)
                attributes = field_attributes(k)
                for variable, name in enumerate(FIELDS):
                    array = self._create(f"{dataset}/{name}", shape, shape, attributes=attributes)
                    arrays.append((array, fields[variable, k]))
                    attributes = {}
                time = self._create(f"{dataset}/time", (1,), (1,), np.float64)
                arrays.append((time, np.array([k], np.float64)))
            write_all(arrays)

    def ingest_stacked(self, fields: np.ndarray) -> None:
        shape = (SIZES.DATASETS, SIZES.LAT, SIZES.LON)
        arrays = [(self._create(name, shape, (1, *shape[1:])), field) for name, field in zip(FIELDS, fields)]
        times = np.arange(SIZES.DATASETS, dtype=np.float64)
        time = self._create("time", times.shape, times.shape, np.float64, stacked_attributes())
        write_all([*arrays, (time, times)])

    def open_fields(self) -> None:
        """There is nothing to open but the arrays."""

    def read_fields(self, variable: str) -> Iterator[np.ndarray]:
        for batch in batches(SIZES.DATASETS):
            arrays = [self._open(f"{dataset_name(k)}/{variable}") for k in batch]
            reads = [array.result().read() for array in arrays]
            for read in reads:
                yield read.result()

    def open_stacked(self) -> None:
        """There is nothing to open but the arrays."""

    def read_stacked(self, variable: str) -> Iterator[np.ndarray]:
        yield from self._open(variable).result().read().result()

    # ---- W2 and W4 ----

    def create_run(self) -> None:
        slab = (SIZES.LEVELS, SIZES.ROWS, SIZES.COLUMNS)
        arrays = [self._create(name, (SIZES.STEPS, *slab), (1, *slab)) for name in VARIABLES]
        self.arrays = [array.result() for array in arrays]

    def write_step(self, step: int, slabs: np.ndarray) -> Iterator[None]:
        writes = [array[step].write(slab) for array, slab in zip(self.arrays, slabs)]
        for write in writes:
            write.result()
        yield

    def close_run(self) -> None:
        """Everything is in files."""

    def open_run(self) -> None:
        arrays = [self._open(name) for name in VARIABLES]
        self.arrays = [array.result() for array in arrays]

    def read_map(self, variable: int, step: int, level: int) -> np.ndarray:
        return self.arrays[variable][step, level].read().result()

    def read_series(self, variable: int, level: int, row: int, column: int) -> np.ndarray:
        return self.arrays[variable][:, level, row, column].read().result()

    def read_slab(self, variable: int, step: int) -> np.ndarray:
        return self.arrays[variable][step].read().result()

    # ---- W5 ----

    def create_tiny(self) -> None:
        shape = (SIZES.TINY,)
        for batch in batches(self.tiny_datasets):
            write_all(
                [
                    (self._create(f"{tiny_name(k)}/x", shape, shape, np.float64, tiny_attributes(k)), tiny_values(k))
                    for k in batch
                ]
            )

    def open_tiny(self) -> None:
        self.files = tensorstore.KvStore.open({"driver": "file", "path": f"{self.folder}/"}).result()

    def list_tiny(self) -> list[str]:
        keys = self.files.list().result()
        return [key.decode().partition("/")[0] for key in keys if key.endswith(b"zarr.json")]

    def read_tiny(self, name: str) -> tuple[np.ndarray, int]:
        array = self._open(f"{name}/x").result()
        return array.read().result(), array.spec().to_json()["metadata"]["attributes"]["id"]

    # ---- W6 ----

    def create_updates(self) -> None:
        """An array whose writes return when they are on the disk."""
        self.context = tensorstore.Context({"file_io_sync": True})
        self.array = self._create("a", (SIZES.UPDATES, SIZES.UPDATE), (1, SIZES.UPDATE)).result()

    def update(self, k: int, row: np.ndarray) -> None:
        self.array[k : k + 1].write(row).result()

    def close_updates(self) -> None:
        """Everything is in files."""

    def read_updates(self) -> np.ndarray:
        return self._open("a").result().read().result()


def write_all(arrays: Sequence[tuple[tensorstore.Future[tensorstore.TensorStore], np.ndarray]]) -> None:
    """Into arrays that are still being created."""
    for write in [array.result().write(values) for array, values in arrays]:
        write.result()
