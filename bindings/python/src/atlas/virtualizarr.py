"""Atlas stores for VirtualiZarr, and through it for Icechunk.

The references that ``atlas refs STORE DATASET --zarr-format 3 -o FILE`` writes are opened in place::

    from obstore.store import LocalStore
    from obspec_utils.registry import ObjectStoreRegistry
    from virtualizarr import open_virtual_dataset

    registry = ObjectStoreRegistry({"file://": LocalStore()})
    parser, url = ReferencesParser(), "file:///data/january.json"
    january = open_virtual_dataset(
        url, registry=registry, parser=parser, loadable_variables=parser.loadable_variables(url, registry)
    )

A dataset has small arrays whose chunks have no bytes of their own in a file; the references have them inside. They are
read from memory, and neither Icechunk nor a kerchunk file can point there: `loadable_variables` names them.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable
from typing import Any

import numpy as np
from obspec_utils.registry import ObjectStoreRegistry
from obstore.store import MemoryStore
from virtualizarr.manifests import ChunkManifest, ManifestArray, ManifestGroup, ManifestStore
from zarr.core.metadata.v3 import ArrayV3Metadata

__all__ = ["ReferencesParser"]

_INLINE = "base64:"


class ReferencesParser:
    """A VirtualiZarr parser of the references that ``atlas refs --zarr-format 3`` writes."""

    def __init__(self, skip_variables: Iterable[str] = ()) -> None:
        self.skip_variables = frozenset(skip_variables)

    def __call__(self, url: str, registry: ObjectStoreRegistry[Any]) -> ManifestStore:
        """The arrays of a file of references."""
        attributes, arrays = self._read(url, registry)
        memory, prefix = MemoryStore(), f"memory://atlas-{uuid.uuid4().hex}"
        registry.register(prefix, memory)
        manifests = {}
        for number, (name, (metadata, chunks)) in enumerate(arrays.items()):
            manifests[name] = _array(metadata, chunks, memory, prefix, str(number))
        return ManifestStore(ManifestGroup(arrays=manifests, attributes=attributes), registry=registry)

    def loadable_variables(self, url: str, registry: ObjectStoreRegistry[Any]) -> list[str]:
        """The arrays of a file of references that cannot be written as references: what is in that file, or empty."""
        _, arrays = self._read(url, registry)
        return [
            name
            for name, (metadata, chunks) in arrays.items()
            if 0 in metadata["shape"] or any(isinstance(chunk, str) for chunk in chunks.values())
        ]

    def _read(
        self, url: str, registry: ObjectStoreRegistry[Any]
    ) -> tuple[dict[str, Any], dict[str, tuple[dict[str, Any], dict[str, Any]]]]:
        """Attributes of the group; metadata and chunks of each array."""
        store, path = registry.resolve(url)
        refs = json.loads(bytes(store.get(path).bytes()))["refs"]
        if "zarr.json" not in refs:
            raise ValueError(f"{url}: no references with Zarr metadata of version 3: use `atlas refs --zarr-format 3`")
        attributes = json.loads(refs["zarr.json"])["attributes"]
        arrays: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        for key, entry in refs.items():
            name, _, rest = key.partition("/")
            if rest == "zarr.json" and name not in self.skip_variables:
                arrays[name] = (json.loads(entry), {})
        for key, entry in refs.items():
            name, _, rest = key.partition("/")
            if rest != "zarr.json" and name in arrays:
                arrays[name][1][rest] = entry
        return attributes, arrays


def _array(
    metadata: dict[str, Any], chunks: dict[str, Any], memory: MemoryStore, prefix: str, number: str
) -> ManifestArray:
    shape, chunk_shape = metadata["shape"], metadata["chunk_grid"]["configuration"]["chunk_shape"]
    grid = tuple(-(-extent // chunk) for extent, chunk in zip(shape, chunk_shape))
    paths = np.full(grid, "", dtype=np.dtypes.StringDType())
    offsets, lengths = np.zeros(grid, dtype=np.uint64), np.zeros(grid, dtype=np.uint64)
    for key, entry in chunks.items():
        # `c/0/1`, or `c` alone for a scalar.
        place = tuple(int(number) for number in key.split("/")[1:])
        if isinstance(entry, str):
            content = base64.b64decode(entry.removeprefix(_INLINE))
            memory.put(f"{number}/{key}", content)
            entry = (f"{prefix}/{number}/{key}", 0, len(content))
        paths[place], offsets[place], lengths[place] = entry
    manifest = ChunkManifest.from_arrays(paths=paths, offsets=offsets, lengths=lengths, validate_paths=False)
    return ManifestArray(metadata=ArrayV3Metadata.from_dict(metadata), chunkmanifest=manifest)
