"""Reads the fixtures with reader.py, compares them with what their writer says is in them, and lets Zarr's codecs and
Zarr itself read the chunks where they lie. The last line says how many checks passed and failed.
"""

import json
import math
import sys
import traceback
import warnings
from pathlib import Path

import fsspec
import numcodecs
import numpy as np
import zarr

import reader
from reader import CODECS, NUMPY, Damage, Segment, Store

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
STORES = ["v1-json", "v1-msgpack-zst", "v1-catalogue"]
# The same as those of src/format/names.rs.
FOLDERS = {
    "air.temperature-2m": "air.temperature-2m",
    "sea level/mm": "sea_level_mm-d648173a",
    "atlas.json": "atlas_json-d2658c74",
    "Atlas. x": "Atlas_x-9703c21a",
    "..": "_.-f6f437a3",
    "temp\u00e9rature": "temp_rature-bb18a56a",
    "x" * 201: "x" * 191 + "-c1adcf0c",
}

passed, failed = 0, 0


def check(name, condition):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}")


def attempt(name, function, *arguments):
    """The result of a call; an exception is a failed check."""
    try:
        result = function(*arguments)
    except Exception:
        traceback.print_exc()
        check(name, False)
        return None
    check(name, True)
    return result


# What the writer says

def expected_value(value):
    if value is None:
        return None
    return (value["dtype"], value["texts"] if value["dtype"] == "string" else bytes.fromhex(value["bytes"]))


def expected_cells(entry):
    """All cells in C order: bytes, or a list of texts."""
    texts = entry["dtype"] == "string"
    cells = [] if texts else b""
    for run in entry["runs"]:
        dtype, tile = expected_value(run["tile"])
        assert dtype == entry["dtype"]
        length = run["cells"] * (1 if texts else np.dtype(NUMPY[dtype]).itemsize)
        if length:
            cells += (tile * -(-length // len(tile)))[:length]
    return cells


def check_array(name, array, entry):
    dtype = entry["dtype"]
    check(f"{name}: dtype", array.dtype == dtype)
    check(f"{name}: dims", array.dims == entry.get("dims", []))
    check(f"{name}: shape", list(array.shape) == entry.get("shape", []))
    check(f"{name}: chunk shape", list(array.chunk_shape) == entry.get("chunk_shape", []))
    check(f"{name}: compression", array.compression == {key: entry[key] for key in ("codec", "level", "shuffle")})
    fill = expected_value(entry.get("fill_value"))
    check(f"{name}: fill value", array.fill == (fill[1] if fill else None))
    values = array.values.ravel().tolist() if dtype == "string" else array.values.tobytes()
    check(f"{name}: values", values == expected_cells(entry))
    ends = expected_value(entry.get("range"))
    ends = tuple(np.frombuffer(ends[1], NUMPY[ends[0]]).tolist()) if ends else None
    check(f"{name}: statistics", array.array_stats() == (entry["row_count"], entry["null_count"], ends))
    check_attributes(name, array.attributes, entry.get("attributes", []))


def check_attributes(name, found, expected):
    expected = {entry["name"]: expected_value(entry["value"]) for entry in expected}
    check(f"{name}: attributes", found == expected and list(found) == list(expected))


def check_content(name, store, expected):
    check(f"{name}: datasets", list(store.datasets) == [dataset["name"] for dataset in expected])
    for dataset in expected:
        arrays = store.datasets[dataset["name"]]
        check_attributes(f"{name}/{dataset['name']}", store.attributes[dataset["name"]], dataset["attributes"])
        check(f"{name}/{dataset['name']}: arrays", list(arrays) == [entry["name"] for entry in dataset["arrays"]])
        for entry in dataset["arrays"]:
            check_array(f"{name}/{dataset['name']}/{entry['name']}", arrays[entry["name"]], entry)
    for array, record in store.atlas["array_files"].items():
        # Of other names the writer of the fixtures made folders with '%', which a reader takes from the root.
        if reader.folder_name(array) == array:
            check(f"{name}: folder of '{array}'", record["folder"] == array)


def check_definitions(name, store):
    """What segments say of arrays is what the root says: of the newest, but that dimension 0 may have grown since."""
    for dataset, arrays in store.datasets.items():
        for array_name, array in arrays.items():
            held = [segment for segment in store.segments.get(array_name, []) if array.id in segment.definitions[1]]
            for segment in held:
                said_name, definitions = segment.definitions
                said_dataset, schema, shape = definitions[array.id]
                fill = reader.parse_value(schema["fill_value"], False)[1] if "fill_value" in schema else None
                said = said_name, said_dataset, schema["dtype"], schema["dims"], schema["compression"], fill, shape[1:]
                known = array_name, dataset, array.dtype, array.dims, array.compression, array.fill, list(array.shape[1:])
                check(f"{name}/{dataset}/{array_name}: {segment.path.name} says {said}, the root {known}", said == known)
            if held:
                check(f"{name}/{dataset}/{array_name}: extent of dimension 0", shape[:1] <= list(array.shape[:1]))


def check_kept_roots(name, store):
    """Kept roots read as the root does."""
    kept = list(store.path.glob(".atlas.*.0*"))
    check(f"{name}: {len(kept)} kept roots", len(kept) == 1)
    for path in kept:
        root, _, generation = path.name[1:].rpartition(".")
        atlas, _ = reader.parse_root(root, path.read_bytes())
        check(f"{name}: generation of {path.name}", atlas["generation"] == int(generation) < store.atlas["generation"])


def check_coverage(name, store):
    """The fixtures hold every case of the document, so that a reader that reads them knows them all."""
    arrays = [array for arrays in store.datasets.values() for array in arrays.values()]
    segments = [segment for segments in store.segments.values() for segment in segments]
    live = [(array, row) for array in arrays for _, row in array.rows.values()]
    rows = [row for segment in segments for row in segment.rows]
    ids = {array.id for array in arrays}
    cases = {
        "every dtype": {array.dtype for array in arrays} == {*NUMPY, "string"},
        "every rank to 3": {len(array.shape) for array in arrays} == {0, 1, 2, 3},
        "every codec, packed and not": {(row.codec, row.own()) for row in rows} == {(c, o) for c in CODECS for o in (0, 1)},
        "every shuffle": {row.shuffle for row in rows} == {1, 2, 4, 8, 16},
        "large blocks of every codec": {row.codec for array, row in live if row.raw_len >= 16384 and row.own()} >= {1, 2},
        "cells that were never written": any(array.stored["cells"] < math.prod(array.shape) for array in arrays),
        "arrays without a stored chunk": any(array.values.size and not array.rows for array in arrays),
        "rows of dead arrays": any(row.array_id not in ids for row in rows),
        "chunks that were replaced": len({(row.array_id, row.chunk) for row in rows}) < len(rows),
        "several segments": any(len(segments) > 2 for segments in store.segments.values()),
        "several pages": any(segment.pages > 1 for segment in segments),
        "a NaN that is a fill value": any(array.dtype in ("f16", "f32") and array.fill and np.isnan(
            np.frombuffer(array.fill, NUMPY[array.dtype])[0]) for array in arrays),
    }
    for case, holds in cases.items():
        check(f"{name}: {case}", holds)


# Damage

class Bytes:
    """In place of a path."""

    def __init__(self, data):
        self.data = data

    def read_bytes(self):
        return self.data


def notices(function, *arguments):
    try:
        function(*arguments)
    except Damage:
        return True
    except Exception:
        traceback.print_exc()
    return False


def check_damage(name, store):
    def flipped(data, most):
        """The bytes with one bit changed, in up to so many places, the last byte among them."""
        step = -(-len(data) // most)
        for at in range((len(data) - 1) % step, len(data), step):
            changed = bytearray(data)
            changed[at] ^= 1 << at % 8
            yield at, bytes(changed)

    data = (store.path / store.notation).read_bytes()
    damaged = dict(flipped(data, 400)) | {f"{at}, where it ends": data[:at] for at in range(0, len(data), 1 + len(data) // 50)}
    missed = [at for at, changed in damaged.items() if not notices(reader.parse_root, store.notation, changed)]
    check(f"{name}: damage in the root at {missed}", not missed)
    records = {segment["file"]: segment for record in store.atlas["array_files"].values() for segment in record["segments"]}
    for segments in store.segments.values():
        for segment in segments:
            arguments = records[segment.path.name], store.atlas["store_id"], segment.folder
            damaged = flipped(segment.data, 400 if len(segment.data) < 1000 else 20)
            missed = [at for at, changed in damaged if not notices(Segment, Bytes(changed), *arguments)]
            check(f"{segment.path}: damage at {missed}", not missed)


# Zarr's codecs, and Zarr

def codecs(array, row):
    """numcodecs for an array, the first to be undone last, as section 7 names them."""
    chain = [numcodecs.Delta(dtype=f"<i{row.delta}")] if row.delta else []
    chain += [numcodecs.Shuffle(elementsize=row.shuffle)] if row.shuffle > 1 else []
    codec = array.compression["codec"]
    return chain + {"zstd": [numcodecs.Zstd(level=1)], "lz4": [numcodecs.LZ4()], "none": []}[codec]


def same_by_numcodecs(array, number):
    """Whether numcodecs alone make of a chunk's stored bytes what the reader made of them."""
    segment, row = array.rows[number]
    block = bytes(segment.stored(row))
    for codec in reversed(codecs(array, row)):
        block = np.asarray(codec.decode(block)).tobytes()
    chunk = block[row.at:row.at + row.len]
    if array.dtype == "string":
        chunk = numcodecs.VLenUTF8().decode(chunk)
    else:
        chunk = np.frombuffer(chunk, NUMPY[array.dtype])
    in_array, in_chunk = array.cells_of(number)
    return (block == segment.blocks[row.offset]
            and array.same(array.values[in_array + (...,)], chunk.reshape(array.chunk_shape)[in_chunk]))


def check_numcodecs(name, store):
    for dataset, arrays in store.datasets.items():
        for array_name, array in arrays.items():
            differ = [number for number in array.rows if not same_by_numcodecs(array, number)]
            check(f"{name}/{dataset}/{array_name}: chunks {differ} by numcodecs", not differ)


V3_TYPES = {
    "bool": "bool", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
    "f16": "float16", "f32": "float32", "f64": "float64", "c64": "complex64", "c128": "complex128",
    "timestamp_ns": "int64", "string": "string",
}


def zarr_float(value, version):
    number = float(value)
    if math.isfinite(number):
        return number
    if math.isnan(number) and version == 3:
        return "0x" + value.tobytes()[::-1].hex()
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def zarr_fill(array, version):
    if array.fill is None and version == 2:
        return None
    if array.dtype == "string":
        return array.fill[0] if array.fill else ""
    if array.fill is None:
        return [0.0, 0.0] if array.dtype in ("c64", "c128") else False if array.dtype == "bool" else 0
    fill = np.frombuffer(array.fill, NUMPY[array.dtype])[0]
    if array.dtype in ("c64", "c128"):
        return [zarr_float(fill.real, version), zarr_float(fill.imag, version)]
    return zarr_float(fill, version) if array.dtype in reader.FLOATS else fill.item()


def zarr_metadata(array, row, version):
    """What section 15 says to declare."""
    shuffle, delta = (row.shuffle, row.delta) if row else (1, 0)
    codec, texts = array.compression["codec"], array.dtype == "string"
    if version == 2:
        filters = [{"id": "vlen-utf8"}] if texts else []
        filters += [{"id": "delta", "dtype": f"<i{delta}"}] if delta else []
        filters += [{"id": "shuffle", "elementsize": shuffle}] if shuffle > 1 else []
        compressors = {"zstd": {"id": "zstd", "level": 1}, "lz4": {"id": "lz4", "acceleration": 1}, "none": None}
        return {".zarray": {
            "zarr_format": 2, "shape": array.shape, "chunks": array.chunk_shape, "order": "C",
            "dtype": "|O" if texts else NUMPY[array.dtype], "fill_value": zarr_fill(array, 2),
            "filters": filters or None, "compressor": compressors[codec],
        }}
    chain = [{"name": "numcodecs.delta", "configuration": {"dtype": f"<i{delta}"}}] if delta else []
    chain += [{"name": "vlen-utf8"}] if texts else [{"name": "bytes", "configuration": {"endian": "little"}}]
    chain += [{"name": "numcodecs.shuffle", "configuration": {"elementsize": shuffle}}] if shuffle > 1 else []
    chain += {"zstd": [{"name": "zstd", "configuration": {"level": 1, "checksum": False}}],
              "lz4": [{"name": "numcodecs.lz4", "configuration": {"acceleration": 1}}], "none": []}[codec]
    return {"zarr.json": {
        "zarr_format": 3, "node_type": "array", "shape": array.shape, "data_type": V3_TYPES[array.dtype],
        "fill_value": zarr_fill(array, 3), "attributes": {}, "dimension_names": array.dims, "codecs": chain,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": array.chunk_shape}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    }}


def open_with_zarr(array, version):
    """An array through references to byte ranges of segments; packed chunks are given inline."""
    rows = [row for _, row in array.rows.values()]
    assert len({(row.shuffle, row.delta) for row in rows}) <= 1
    metadata = zarr_metadata(array, rows[0] if rows else None, version)
    references = {name: json.dumps(entry) for name, entry in metadata.items()}
    if version == 2:
        references[".zattrs"] = "{}"
    for number, (segment, row) in array.rows.items():
        coords = [str(k) for k in array.coords(number)]
        key = "/".join(["c", *coords]) if version == 3 else ".".join(coords) or "0"
        if row.own():
            # Not `as_uri`: fsspec takes the path in a URL as it is, and would not decode the folder's percent signs.
            references[key] = [f"file://{segment.path}", segment.start + row.offset, row.stored_len]
        elif array.compression["codec"] == "none":
            references[key] = [f"file://{segment.path}", segment.start + row.offset + row.at, row.len]
        else:
            chunk = segment.chunk(row)
            for codec in codecs(array, row):
                chunk = np.asarray(codec.encode(chunk)).tobytes()
            references[key] = chunk
    filesystem = fsspec.filesystem("reference", fo={"version": 1, "refs": references}, asynchronous=True,
                                   remote_protocol="file", skip_instance_cache=True)
    store = zarr.storage.FsspecStore(filesystem, read_only=True, path="")
    return zarr.open_array(store, mode="r", zarr_format=version)[...]


def check_zarr(name, store):
    for dataset, arrays in store.datasets.items():
        for array_name, array in arrays.items():
            # Version 3 takes the integers that its delta makes for the values of floats.
            versions = (2,) if array.is_delta and array.dtype in reader.FLOATS else (2, 3)
            for version in versions:
                what = f"{name}/{dataset}/{array_name}: by Zarr version {version}"
                values = attempt(what, open_with_zarr, array, version)
                if values is None:
                    continue
                if array.dtype == "string":
                    check(what, np.asarray(values).tolist() == array.values.tolist())
                else:
                    same = values.dtype == array.values.dtype and values.shape == array.values.shape
                    if version == 2:
                        # Its fill value has one NaN only.
                        same = same and np.array_equal(values, array.values, equal_nan=array.dtype in reader.FLOATS)
                    else:
                        same = same and values.tobytes() == array.values.tobytes()
                    check(what, same)


def check_bundles():
    """A store with small segments of several array names in one file."""
    store = attempt("v1-bundles: read", Store, FIXTURES / "v1-bundles")
    if store is None:
        return
    arrays = store.datasets["run"]
    for number in range(6):
        rows = [[number, flush, 0.5] for flush in range(2)]
        check("v1-bundles: values", arrays[f"v{number}"].values.tolist() == rows)
    starts = [segment.start for segments in store.segments.values() for segment in segments]
    check("v1-bundles: places", len(starts) == 12 and starts.count(40) == 2 and min(starts) == 40)


PIECES = {
    "field": ("f32", [3, 100, 101], [2, 160, 110], [1, 160, 110]),
    "line": ("f64", [20000], [20000], [10000]),
    "pairs": ("c128", [2, 7000], [1, 10000], [1, 5000]),
    "plain": ("u8", [2, 3, 300], [2, 3, 30000], [1, 3, 30000]),
    "whole": ("i16", [257, 300], [257, 300], [257, 300]),
}
TURNS = {"f32": (-2, 1.5), "f64": (-2, 1.5), "c128": (complex(0, -2), 1.5), "u8": (200, 1), "i16": (-2, 1)}


def open_pieces(array, version, sharded):
    """An array whose chunks are in pieces, each a chunk to Zarr, or each chunk a shard."""
    pieces = [c // p for c, p in zip(array.chunk_shape, array.piece_shape)]
    metadata = zarr_metadata(array, next(iter(array.rows.values()))[1], version)
    (key,), (declared,) = metadata, metadata.values()
    if sharded:
        declared["codecs"] = [{"name": "sharding_indexed", "configuration": {
            "chunk_shape": array.piece_shape, "codecs": declared["codecs"] + [{"name": "crc32c"}],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            "index_location": "end"}}]
    elif version == 2:
        declared["chunks"] = array.piece_shape
    else:
        declared["chunk_grid"]["configuration"]["chunk_shape"] = array.piece_shape
    references = {key: json.dumps(declared)} | ({".zattrs": "{}"} if version == 2 else {})
    for number, (segment, row) in array.rows.items():
        coords, start = array.coords(number), segment.start + row.offset
        if sharded:
            places = {tuple(coords): (start, row.stored_len)}
        else:
            stored = reader.places_of_pieces(row, segment.stored(row)) if row.pieces else [(0, row.stored_len)]
            inside = (np.unravel_index(at, pieces) for at in range(len(stored)))
            places = {tuple(k * n + int(i) for k, n, i in zip(coords, pieces, piece)): (start + at, length)
                      for piece, (at, length) in zip(inside, stored)}
        for at, (offset, length) in places.items():
            name = "/".join(["c", *map(str, at)]) if version == 3 else ".".join(map(str, at))
            references[name] = [f"file://{segment.path}", offset, length]
    filesystem = fsspec.filesystem("reference", fo={"version": 1, "refs": references}, asynchronous=True,
                                   remote_protocol="file", skip_instance_cache=True)
    store = zarr.storage.FsspecStore(filesystem, read_only=True, path="")
    found = zarr.open_array(store, mode="r", zarr_format=version)
    # A few cells beside all of them, for which a shard's index is read.
    return found[...], found[tuple(slice(extent - 2, extent) for extent in array.shape)]


def check_pieces():
    """A store with chunks in pieces."""
    name = "v1-pieces"
    store = attempt(f"{name}: read", Store, FIXTURES / name)
    if store is None:
        return
    check(f"{name}: features", store.atlas["writer_features"] == ["pieces"])
    arrays = store.datasets["run"]
    check(f"{name}: arrays", list(arrays) == list(PIECES))
    for array_name, (dtype, shape, chunks, pieces) in PIECES.items():
        array, what = arrays[array_name], f"{name}/{array_name}"
        check(f"{what}: what it is", [array.dtype, array.shape, array.chunk_shape, array.piece_shape]
              == [dtype, tuple(shape), tuple(chunks), tuple(pieces)])
        expected = np.array(TURNS[dtype])[np.arange(math.prod(shape)) // 30 % 2].astype(NUMPY[dtype]).reshape(shape)
        check(f"{what}: values", array.values.tobytes() == expected.tobytes())
        for version, sharded in [(2, False), (3, False)] + [(3, True)] * (chunks != pieces):
            how = f"{what}: by Zarr version {version}" + (", as shards" if sharded else "")
            found = attempt(how, open_pieces, array, version, sharded)
            if found is not None:
                corner = expected[tuple(slice(-2, None) for _ in shape)]
                check(how, found[0].tobytes() == expected.tobytes() and found[1].tobytes() == corner.tobytes())
    check_definitions(name, store)
    check_damage(name, store)


def check_parts():
    """A store of two commits of workers, with tiles of one, a chunk of two, small segments in bundles and in files."""
    name = "v1-parts"
    store = attempt(f"{name}: read", Store, FIXTURES / name)
    if store is None:
        return
    check(f"{name}: features", store.atlas["writer_features"] == ["pieces", "parts"])
    arrays = store.datasets["run"]
    t, y, x = np.ogrid[:3, :64, :64]
    check(f"{name}: tiles", (arrays["tiles"].values == 10000 * t + 100 * y + x).all())
    check(f"{name}: shared", (arrays["shared"].values == np.repeat([1, 2, 9], [7, 5, 8])).all())
    check(f"{name}: texts", arrays["texts"].values.tolist() == ["one", "two", "é", ""])
    for small in range(6):
        check(f"{name}: small {small}", arrays[f"small {small}"].values.tolist() == [small] * 4 + [10 + small] * 4)
    check(f"{name}: late", arrays["late"].values.tolist() == [0] * 4 + [1] * 4)
    segments = [segment for segments in store.segments.values() for segment in segments]
    parts = [part for segment in segments for part in segment.parts]
    check(f"{name}: parts", {part.start > 0 for part in parts} == {False, True})
    check(f"{name}: of several workers", len({part.path.name.split("-")[2] for part in parts}) == 2)
    check(f"{name}: of one segment", max(len(segment.parts) for segment in segments) == 2)
    check_definitions(name, store)
    check_damage(name, store)
    for part in parts:
        arguments = part.record, store.atlas["store_id"], part.folder, True
        missed = [at for at in range(0, len(part.data), 97)
                  if not notices(Segment, Bytes(part.data[:at] + bytes([part.data[at] ^ 1]) + part.data[at + 1:]), *arguments)]
        check(f"{part.path}: damage at {missed}", not missed)


def check_renamed():
    """A store with attributes of its own and a dataset that was renamed; a name that stands twice in one array."""
    store = attempt("v1-renamed: read", Store, FIXTURES / "v1-renamed")
    if store is None:
        return
    check("v1-renamed: datasets", list(store.datasets) == ["other", "new"])
    levels = np.array([1000, -850], "<i4").tobytes()
    check("v1-renamed: attributes", store.store_attributes == {"title": ("string", ["seven é"]), "levels": ("i32", levels)})
    arrays = store.datasets["new"]
    check("v1-renamed: values", arrays["v"].values.tolist() == [1, -2, 3, -4, 5] and arrays["v"].dims == ["v"])
    check("v1-renamed: dimensions", arrays["cov"].dims == ["v", "v"])
    named = [name for segment in store.segments["v"] for name, *_ in segment.definitions[1].values()]
    check("v1-renamed: the segment has the earlier name", named == ["old"])
    check("v1-renamed: ids", arrays["v"].id < store.atlas["renamed"] == store.atlas["next_array_id"])


def check_filters():
    """A store with differences of neighbours and rounded floats."""
    store = attempt("v1-filters: read", Store, FIXTURES / "v1-filters")
    if store is None:
        return
    cells = (np.arange(1000) ** 2 % 977 - 400) / 8
    for dataset, arrays in store.datasets.items():
        for name, array in arrays.items():
            what = f"v1-filters/{dataset}/{name}"
            if name == "bool":
                check(f"{what}: filters", not array.is_delta)
                continue
            check(f"{what}: filters", array.is_delta and array.keep_bits == {"rounded": 7, "f64": 20}.get(name))
            check(f"{what}: packed", {row.own() for _, row in array.rows.values()} == {dataset == "own"})
            if array.keep_bits:
                check(f"{what}: rounded", reader.is_rounded(array.values, array.keep_bits).all())
                bound = np.abs(cells) * 2.0 ** -(array.keep_bits + 1)
                check(f"{what}: values", (np.abs(array.values - cells) <= bound).all())
            else:
                right = cells if array.dtype in reader.FLOATS else np.floor(cells)
                check(f"{what}: values", array.values.tolist() == right.tolist())
    done = {(row.shuffle, row.delta) for segments in store.segments.values() for segment in segments for row in segment.rows}
    check("v1-filters: what is done to elements", done == {(1, 1), (1, 2), (4, 4), (8, 8)})
    check_definitions("v1-filters", store)
    check_numcodecs("v1-filters", store)
    check_zarr("v1-filters", store)
    check_damage("v1-filters", store)


def main():
    warnings.simplefilter("ignore")
    check("CRC-32C of '123456789'", reader.crc32c(b"123456789") == 0xE3069283)
    for array, folder in FOLDERS.items():
        check(f"folder of '{array[:20]}'", reader.folder_name(array) == folder)
    expected = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))["datasets"]
    for name in STORES:
        store = attempt(f"{name}: read", Store, FIXTURES / name)
        if store is None:
            continue
        check_content(name, store, expected)
        check_definitions(name, store)
        check_kept_roots(name, store)
        check_coverage(name, store)
        check_numcodecs(name, store)
        check_zarr(name, store)
        check_damage(name, store)
    check_renamed()
    check_bundles()
    check_filters()
    check_pieces()
    check_parts()
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 0


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
