"""ADIOS2, engine BP5, uncompressed: its Python package is built without compressors.

Fields and slabs are written from the caller's memory; by default, what is below 4 MiB is copied first. Minima and
maxima are off. Both make it faster.

A step of W2, and an update of W6, is a step of ADIOS2, which is in the files when it ends. An array of a dataset is a
variable "dataset/array", an attribute is "dataset/key".
"""

from collections.abc import Iterator

import adios2
import numpy as np
from adios2 import Mode

from bench import FIELDS, SIZES
from peer import (
    AT_ONCE,
    VARIABLES,
    Peer,
    batches,
    dataset_name,
    field_attributes,
    stacked_attributes,
    tiny_attributes,
    tiny_name,
)

PARAMETERS = {"MinDeferredSize": "32768", "StatsLevel": "0"}


class System(Peer):
    system = "adios2"

    def _open(self, mode: Mode) -> None:
        self.io = adios2.Adios().declare_io("store")
        self.io.set_engine("BP5")
        self.io.set_parameters(PARAMETERS)
        self.engine = self.io.open(f"{self.folder}/store.bp", mode)

    def _define(self, name: str, like: np.ndarray) -> adios2.Variable:
        shape = list(like.shape)
        return self.io.define_variable(name, like, shape, [0] * len(shape), shape, True)

    def _put(self, name: str, values: np.ndarray) -> None:
        """The values must stay as they are until the step ends."""
        self.engine.put(self._define(name, values), values, Mode.Deferred)

    def _set_attributes(self, dataset: str, attributes: dict) -> None:
        for key, value in attributes.items():
            self.io.define_attribute(f"{dataset}/{key}", value)

    def _end(self) -> None:
        self.engine.end_step()
        self.engine.close()

    # ---- W1 and W3 ----

    def ingest(self, fields: np.ndarray) -> None:
        self._open(Mode.Write)
        self.engine.begin_step()
        times = np.arange(SIZES.DATASETS, dtype=np.float64)
        for k in range(SIZES.DATASETS):
            dataset = dataset_name(k)
            for variable, name in enumerate(FIELDS):
                self._put(f"{dataset}/{name}", fields[variable, k])
            self._put(f"{dataset}/time", times[k : k + 1])
            self._set_attributes(dataset, field_attributes(k))
        self._end()

    def ingest_stacked(self, fields: np.ndarray) -> None:
        self._open(Mode.Write)
        self.engine.begin_step()
        each = [SIZES.DATASETS, SIZES.LAT, SIZES.LON]
        for variable, name in enumerate(FIELDS):
            stacked = self.io.define_variable(name, fields[variable, 0], each, [0, 0, 0], [1, SIZES.LAT, SIZES.LON])
            for k in range(SIZES.DATASETS):
                stacked.set_selection([[k, 0, 0], [1, SIZES.LAT, SIZES.LON]])
                self.engine.put(stacked, fields[variable, k], Mode.Deferred)
        times = np.arange(SIZES.DATASETS, dtype=np.float64)
        self._put("time", times)
        for key, values in stacked_attributes().items():
            self.io.define_attribute(key, values)
        self._end()

    def open_fields(self) -> None:
        self._open(Mode.ReadRandomAccess)

    def read_fields(self, variable: str) -> Iterator[np.ndarray]:
        """Many at a time, which are then read in the order of the file: cold, that takes half as long."""
        fields = np.empty((AT_ONCE, SIZES.LAT, SIZES.LON), np.float32)
        for batch in batches(SIZES.DATASETS):
            for k, field in zip(batch, fields):
                self.engine.get(self.io.inquire_variable(f"{dataset_name(k)}/{variable}"), field, Mode.Deferred)
            self.engine.perform_gets()
            yield from fields[: len(batch)]

    def open_stacked(self) -> None:
        self._open(Mode.ReadRandomAccess)

    def read_stacked(self, variable: str) -> Iterator[np.ndarray]:
        stacked = self.io.inquire_variable(variable)
        fields = np.empty((SIZES.DATASETS, SIZES.LAT, SIZES.LON), np.float32)
        self.engine.get(stacked, fields, Mode.Sync)
        yield from fields

    # ---- W2 and W4 ----

    def create_run(self) -> None:
        self._open(Mode.Write)
        like = np.empty((SIZES.LEVELS, SIZES.ROWS, SIZES.COLUMNS), np.float32)
        self.variables = [self._define(name, like) for name in VARIABLES]

    def write_step(self, step: int, slabs: np.ndarray) -> Iterator[None]:
        self.engine.begin_step()
        for variable, slab in zip(self.variables, slabs):
            self.engine.put(variable, slab, Mode.Deferred)
        yield
        self.engine.end_step()
        yield

    def close_run(self) -> None:
        self.engine.close()

    def open_run(self) -> None:
        self._open(Mode.ReadRandomAccess)
        self.variables = [self.io.inquire_variable(name) for name in VARIABLES]

    def _read(self, variable: int, steps: list[int], start: list[int], count: list[int]) -> np.ndarray:
        selected = self.variables[variable]
        selected.set_step_selection(steps)
        selected.set_selection([start, count])
        values = np.empty([steps[1], *count], np.float32)
        self.engine.get(selected, values, Mode.Sync)
        return values

    def read_map(self, variable: int, step: int, level: int) -> np.ndarray:
        return self._read(variable, [step, 1], [level, 0, 0], [1, SIZES.ROWS, SIZES.COLUMNS])

    def read_series(self, variable: int, level: int, row: int, column: int) -> np.ndarray:
        return self._read(variable, [0, SIZES.STEPS], [level, row, column], [1, 1, 1])

    def read_slab(self, variable: int, step: int) -> np.ndarray:
        return self._read(variable, [step, 1], [0, 0, 0], [SIZES.LEVELS, SIZES.ROWS, SIZES.COLUMNS])

    # ---- W5 ----

    def create_tiny(self) -> None:
        self._open(Mode.Write)
        self.engine.begin_step()
        values = np.arange(self.tiny_datasets)[:, None] + np.arange(float(SIZES.TINY))
        for k in range(self.tiny_datasets):
            dataset = tiny_name(k)
            self._put(f"{dataset}/x", values[k])
            self._set_attributes(dataset, tiny_attributes(k))
        self._end()

    def open_tiny(self) -> None:
        self._open(Mode.ReadRandomAccess)

    def list_tiny(self) -> list[str]:
        return [name.partition("/")[0] for name in self.io.available_variables()]

    def read_tiny(self, name: str) -> tuple[np.ndarray, int]:
        values = np.empty(SIZES.TINY)
        self.engine.get(self.io.inquire_variable(f"{name}/x"), values, Mode.Sync)
        return values, self.io.inquire_attribute(f"{name}/id").data()

    # ---- W6 ----

    def create_updates(self) -> None:
        self._open(Mode.Write)
        self.variables = [self._define("a", np.empty((1, SIZES.UPDATE), np.float32))]

    def update(self, k: int, row: np.ndarray) -> None:
        self.engine.begin_step()
        self.engine.put(self.variables[0], row, Mode.Deferred)
        self.engine.end_step()

    def close_updates(self) -> None:
        self.engine.close()

    def read_updates(self) -> np.ndarray:
        self._open(Mode.ReadRandomAccess)
        self.variables = [self.io.inquire_variable("a")]
        return self._read(0, [0, SIZES.UPDATES], [0, 0], [1, SIZES.UPDATE])
