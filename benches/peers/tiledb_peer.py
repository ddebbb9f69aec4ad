"""TileDB, dense arrays, with byte shuffle and zstd level 1; a tile is what a chunk is for the others.

What has one shape is one array with several attributes: the fields of a dataset, and the variables of W2, where each
step is one write. The attributes of a dataset are metadata of its array.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import tiledb

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

COMPRESSION = tiledb.FilterList([tiledb.ByteShuffleFilter(), tiledb.ZstdFilter(level=1)])


def schema(
    shape: Sequence[int], tile: Sequence[int], names: Sequence[str], dtype: type = np.float32
) -> tiledb.ArraySchema:
    dimensions = [
        tiledb.Dim(name=f"d{i}", domain=(0, length - 1), tile=extent, dtype=np.uint32)
        for i, (length, extent) in enumerate(zip(shape, tile))
    ]
    attributes = [tiledb.Attr(name=name, dtype=dtype, filters=COMPRESSION) for name in names]
    return tiledb.ArraySchema(domain=tiledb.Domain(*dimensions), attrs=attributes)


class System(Peer):
    system = "tiledb"
    tiny_datasets = SIZES.TINY_DATASETS // 10

    def _create(self, name: str, of: tiledb.ArraySchema) -> tiledb.DenseArray:
        """The new array, open for writing."""
        path = f"{self.folder}/{name}"
        tiledb.Array.create(path, of)
        return tiledb.open(path, "w")

    def _open(self, name: str) -> None:
        self.array = tiledb.open(f"{self.folder}/{name}")

    # ---- W1 and W3 ----

    def ingest(self, fields: np.ndarray) -> None:
        shape = (SIZES.LAT, SIZES.LON)
        of_fields, of_time = schema(shape, shape, FIELDS), schema((1,), (1,), ("time",), np.float64)
        for k in range(SIZES.DATASETS):
            with self._create(f"{dataset_name(k)}.fields", of_fields) as array:
                array[:] = {name: fields[variable, k] for variable, name in enumerate(FIELDS)}
                array.meta.update(field_attributes(k))
            with self._create(f"{dataset_name(k)}.time", of_time) as array:
                array[:] = np.array([k], np.float64)

    def ingest_stacked(self, fields: np.ndarray) -> None:
        shape = (SIZES.DATASETS, SIZES.LAT, SIZES.LON)
        with self._create("fields", schema(shape, (1, *shape[1:]), FIELDS)) as array:
            array[:] = dict(zip(FIELDS, fields))
        columns = {key: np.array(values) for key, values in stacked_attributes().items()}
        columns["time"] = np.arange(SIZES.DATASETS, dtype=np.float64)
        dimension = tiledb.Dim(name="dataset", domain=(0, SIZES.DATASETS - 1), tile=SIZES.DATASETS, dtype=np.uint32)
        attributes = [tiledb.Attr(name=key, dtype=values.dtype, filters=COMPRESSION) for key, values in columns.items()]
        with self._create("columns", tiledb.ArraySchema(domain=tiledb.Domain(dimension), attrs=attributes)) as array:
            array[:] = columns

    def open_fields(self) -> None:
        """There is nothing to open but the arrays."""

    def read_fields(self, variable: str) -> Iterator[np.ndarray]:
        for k in range(SIZES.DATASETS):
            with tiledb.open(f"{self.folder}/{dataset_name(k)}.fields") as array:
                yield array.query(attrs=[variable])[:][variable]

    def open_stacked(self) -> None:
        self._open("fields")

    def read_stacked(self, variable: str) -> Iterator[np.ndarray]:
        yield from self.array.query(attrs=[variable])[:][variable]

    # ---- W2 and W4 ----

    def create_run(self) -> None:
        slab = (SIZES.LEVELS, SIZES.ROWS, SIZES.COLUMNS)
        self.array = self._create("run", schema((SIZES.STEPS, *slab), (1, *slab), VARIABLES))

    def write_step(self, step: int, slabs: np.ndarray) -> Iterator[None]:
        self.array[step : step + 1] = {name: slab[np.newaxis] for name, slab in zip(VARIABLES, slabs)}
        yield

    def close_run(self) -> None:
        self.array.close()

    def open_run(self) -> None:
        self._open("run")

    def _read(self, variable: int, selection: tuple) -> np.ndarray:
        name = VARIABLES[variable]
        return self.array.query(attrs=[name])[selection][name]

    def read_map(self, variable: int, step: int, level: int) -> np.ndarray:
        return self._read(variable, (step, level))

    def read_series(self, variable: int, level: int, row: int, column: int) -> np.ndarray:
        return self._read(variable, (slice(None), level, row, column))

    def read_slab(self, variable: int, step: int) -> np.ndarray:
        return self._read(variable, (step,))

    # ---- W5: an array for each dataset ----

    def create_tiny(self) -> None:
        of_tiny = schema((SIZES.TINY,), (SIZES.TINY,), ("x",), np.float64)
        for k in range(self.tiny_datasets):
            with self._create(tiny_name(k), of_tiny) as array:
                array[:] = tiny_values(k)
                array.meta.update(tiny_attributes(k))

    def open_tiny(self) -> None:
        self.files = tiledb.VFS()

    def list_tiny(self) -> list[str]:
        return [path.rpartition("/")[2] for path in self.files.ls(self.folder)]

    def read_tiny(self, name: str) -> tuple[np.ndarray, int]:
        with tiledb.open(f"{self.folder}/{name}") as array:
            return array[:]["x"], array.meta["id"]

    # ---- W6 ----

    def create_updates(self) -> None:
        self.array = self._create("a", schema((SIZES.UPDATES, SIZES.UPDATE), (1, SIZES.UPDATE), ("a",)))

    def update(self, k: int, row: np.ndarray) -> None:
        self.array[k : k + 1] = row

    def close_updates(self) -> None:
        self.array.close()

    def read_updates(self) -> np.ndarray:
        self._open("a")
        return self.array[:]["a"]
