"""conform write|check TABLE FOLDER: the conformance program in Python. ../README.md says what it does."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import atlas
import numpy as np

# The types of the table in NumPy; their names are the library's.
TYPES = {
    "bool": "?",
    **{f"{kind}{8 * size}": f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)},
    "f16": "f2",
    "f32": "f4",
    "f64": "f8",
    "c64": "c8",
    "c128": "c16",
    "timestamp_ns": "M8[ns]",
    "string": "O",
}
NAMES = {atlas._types.element_type(name).name: name for name in TYPES}
WORDS = ("", "x", "sea ice", "São Paulo", "温度", "0123456789abcdefghijklmnopqrstuvwxyz", 'a,b;"c"\\d')

compared = 0


class Different(Exception):
    """What was found is not what the table says."""


# ---- value(DTYPE, SEED, k) ----


def hashes(seed: int, k: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    h = (np.uint64(seed * 1000003 + 12345) + k * np.uint64(2654435761)) % np.uint64(1 << 32)
    h = ((h ^ (h >> np.uint64(15))) * np.uint64(40503)) % np.uint64(1 << 32)
    return h ^ (h >> np.uint64(13))


def values(dtype: str, seed: int, count: int, bits: int | None = None) -> np.ndarray[Any, Any]:
    """The values of a seed for k from 0 on, with so many bits kept of floats; None: all."""
    return values_at(dtype, seed, np.arange(count, dtype=np.uint64), bits)


def rounded(m: np.ndarray[Any, Any], bits: int | None) -> np.ndarray[Any, Any]:
    """Integers with so many bits of a mantissa."""
    if bits is None:
        return m
    length = np.frexp(np.abs(m).astype(float))[1]
    unit = np.int64(1) << np.maximum(length - bits - 1, 0).astype(np.int64)
    # NumPy rounds ties to even.
    return (np.rint(m / unit) * unit).astype(np.int64)


def values_at(dtype: str, seed: int, k: np.ndarray[Any, Any], bits: int | None) -> np.ndarray[Any, Any]:
    h = hashes(seed, k)
    kind = np.dtype(TYPES[dtype])
    if dtype == "bool":
        return h % np.uint64(2) == 1
    if dtype == "string":
        made = np.empty(len(k), object)
        for index, (number, one) in enumerate(zip(k.tolist(), h.tolist(), strict=True)):
            made[index] = WORDS[one % 7] + (str(number) if (one >> 8) % 3 == 0 else "")
        return made
    if kind.kind in "iuM":
        if kind.itemsize == 8:
            two = k * np.uint64(2)
            h = hashes(seed, two) << np.uint64(32) | hashes(seed, two + np.uint64(1))
        return h.astype(f"u{kind.itemsize}").view(kind)
    if kind.kind == "c":
        part = "f32" if dtype == "c64" else "f64"
        two = k * np.uint64(2)
        made = np.empty(len(k), kind)
        made.real = values_at(part, seed, two, bits)
        made.imag = values_at(part, seed, two + np.uint64(1), bits)
        return made
    signed = h.astype(np.int64)
    if dtype == "f16":
        made = rounded(signed % 2048 - 1024, bits) / 8
    elif dtype == "f32":
        made = rounded(signed % 16777216 - 8388608, bits) / 64
    else:
        made = rounded(signed - 2147483648, bits) / 1024
    special = (signed >> 24) % 16
    for number, value in ((5, np.nan), (6, np.inf), (7, -np.inf), (8, -0.0)):
        made[special == number] = value
    return made.astype(kind)


def same(what: str, found: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> None:
    """Compare arrays of one type: bits, but NaN with NaN."""
    global compared
    if found.dtype != expected.dtype or found.shape != expected.shape:
        raise Different(f"{what}: {found.dtype} {found.shape}, expected {expected.dtype} {expected.shape}")
    compared += found.size
    one, two = found.ravel(), expected.ravel()
    if one.dtype.kind == "c":
        part = one.real.dtype
        one, two = np.ascontiguousarray(one).view(part), np.ascontiguousarray(two).view(part)
    equal = one == two
    if one.dtype.kind == "f":
        bits = f"u{one.itemsize}"
        equal = (np.ascontiguousarray(one).view(bits) == np.ascontiguousarray(two).view(bits)) | (
            np.isnan(one) & np.isnan(two)
        )
    elif one.dtype.kind == "M":
        equal = one.view("i8") == two.view("i8")
    if not equal.all():
        at = int(np.argmin(equal))
        raise Different(f"{what}, element {at}: {one[at]!r}, expected {two[at]!r}")


def expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Different(f"{what}: {found!r}, expected {expected!r}")


# ---- The table ----


def numbers(text: str) -> list[int]:
    return [] if text in ("scalar", "-") else [int(one) for one in text.split(",")]


@dataclass
class Array:
    dataset: str
    name: str
    dtype: str
    shape: list[int]
    dims: list[str] | None
    chunks: list[int] | None
    pieces: list[int] | None
    codec: str
    filter: str
    keep_bits: int | None
    fill: Any
    seed: int
    how: str
    start: list[int]
    count: list[int]

    @classmethod
    def of(cls, fields: list[str]) -> Array:
        dataset, name, dtype, shape, dims, chunks, encoding, fill, seed, how, start, count = fields
        chunks, _, pieces = chunks.partition("/")
        codec, *rest = encoding.split(",")
        bits = [int(one.removeprefix("bits=")) for one in rest if one != "delta"]
        return cls(
            dataset,
            name,
            dtype,
            numbers(shape),
            None if dims == "-" else dims.split(","),
            None if chunks == "-" else numbers(chunks),
            numbers(pieces) if pieces else None,
            codec,
            "delta" if "delta" in rest else "none",
            bits[0] if bits else None,
            None if fill == "-" else values(dtype, int(fill), 1)[0],
            int(seed),
            how,
            numbers(start),
            numbers(count),
        )

    def values(self, seed: int, bits: int | None = None) -> np.ndarray[Any, Any]:
        return values(self.dtype, seed, int(np.prod(self.shape, dtype=int)), bits).reshape(self.shape)

    def box(self) -> tuple[slice, ...]:
        return tuple(slice(at, at + extent) for at, extent in zip(self.start, self.count, strict=True))


@dataclass
class Store:
    name: str
    root: str
    finish: str
    statements: list[list[str]]

    def of(self, *kinds: str) -> list[list[str]]:
        return [statement for statement in self.statements if statement[0] in kinds]


def read_table(path: str) -> list[Store]:
    found: list[Store] = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.split()
            if not fields or line.startswith("#"):
                continue
            if fields[0] == "store":
                found.append(Store(fields[1], fields[2], fields[3], []))
            else:
                found[-1].statements.append(fields)
    return found


# ---- Writing ----


def write_array(dataset: atlas.DatasetView, array: Array) -> None:
    shape = [0, *array.shape[1:]] if array.how == "append" else array.shape
    made = dataset.define_array(
        array.name,
        array.dtype,
        array.dims,
        shape,
        array.chunks,
        array.fill,
        codec=array.codec,
        filter=array.filter,
        keep_bits=array.keep_bits,
    )
    if array.how == "never":
        return
    all_values = array.values(array.seed + 1 if array.how == "twice" else array.seed)
    if array.how in ("whole", "twice", "gone"):
        made.write(all_values)
    elif array.how == "rows":
        for row in reversed(range(array.shape[0])):
            made[row] = all_values[row]
    elif array.how == "append":
        (rows,) = array.count[:1]
        for row in range(0, array.shape[0], rows):
            made.append(all_values[row : row + rows])
    elif array.how == "box":
        made.write(all_values[array.box()], array.start)
    elif array.how == "strided":
        halo = values(array.dtype, array.seed + 7, int(np.prod([one + 2 for one in array.shape])))
        halo = halo.reshape([one + 2 for one in array.shape])
        inner = halo[(slice(1, -1),) * len(array.shape)]
        inner[...] = all_values
        made.write(inner)
    else:
        raise Different(f"array {array.name}: unknown way to write it, {array.how!r}")


def write_store(folder: str, table: Store) -> None:
    meta_format, _, compression = table.root.partition(".")
    with atlas.Atlas.create(
        f"{folder}/{table.name}.atlas", meta_format=meta_format, meta_compression="zstd" if compression else "none"
    ) as store:
        for kind, name in (statement[:2] for statement in table.of("dataset", "gone")):
            dataset = store.create_dataset(name)
            if kind == "gone":
                dataset.define_array("v", "i32", None, [10])[...] = values("i32", 1, 10)
        arrays = [Array.of(statement[1:]) for statement in table.of("array")]
        for array in arrays:
            write_array(store[array.dataset], array)
        for _, dataset_name, array_name, key, dtype, count, seed in table.of("attribute"):
            described = store[dataset_name] if array_name == "-" else store[dataset_name][array_name]
            described.attrs.set(key, values(dtype, int(seed), int(count)), dtype)
        store.flush()
        for _, name in table.of("gone"):
            store.delete_dataset(name)
        for array in arrays:
            if array.how == "gone":
                store[array.dataset].delete_array(array.name)
            elif array.how == "twice":
                store[array.dataset][array.name].write(array.values(array.seed))
        store.flush()
        if table.finish == "compact":
            store.compact()


# ---- Checking ----


def check_attributes(what: str, attrs: atlas.Attributes, expected: list[list[str]]) -> None:
    expect(f"attributes of {what}", list(attrs), [statement[3] for statement in expected])
    for _, _, _, key, dtype, count, seed in expected:
        expect(f"type of attribute {key} of {what}", NAMES[attrs.element_type(key).name], dtype)
        wanted = values(dtype, int(seed), int(count))
        found = attrs[key]
        if dtype == "string":
            listed = np.empty(len(wanted), object)
            listed[:] = found if isinstance(found, list) else [found]
        else:
            listed = np.asarray(found, wanted.dtype).reshape(-1)
        same(f"attribute {key} of {what}", listed, wanted)


def check_array(store: atlas.Atlas, array: Array) -> None:
    what = f"array {array.name} of {array.dataset}"
    found = store[array.dataset][array.name]
    expect(f"type of {what}", NAMES[found.dtype_name], array.dtype)
    expect(f"shape of {what}", list(found.shape), array.shape)
    expect(f"dims of {what}", list(found.dims), array.dims or [f"dim_{number}" for number in range(len(array.shape))])
    if array.chunks is not None:
        expect(f"chunks of {what}", list(found.chunks), array.chunks)
    if array.pieces is not None:
        expect(f"pieces of {what}", list(found.pieces), array.pieces)
    expect(f"codec of {what}", found.codec, array.codec)
    expect(f"filter of {what}", found.filter, array.filter)
    expect(f"bits kept of {what}", found.keep_bits, array.keep_bits)
    fill = found.fill_value
    expect(f"whether {what} has a fill value", fill is not None, array.fill is not None)
    kind = np.dtype(TYPES[array.dtype])
    if fill is not None:
        global compared
        before = compared
        same(f"fill value of {what}", np.asarray(fill, kind), np.asarray(array.fill, kind))
        compared = before
    expected = array.values(array.seed, array.keep_bits)
    if array.how in ("never", "box"):
        blank = "" if array.dtype == "string" else np.zeros((), kind)[()]
        written = np.zeros(array.shape, bool)
        if array.how == "box":
            written[array.box()] = True
        expected = np.where(written, expected, np.asarray(blank if array.fill is None else array.fill, kind))
    same(what, found[...], expected.astype(kind))


def check_store(folder: str, table: Store) -> None:
    with atlas.Atlas.open(f"{folder}/{table.name}.atlas", mode="r") as store:
        expect(f"datasets of {table.name}", store.list_datasets(), [fields[1] for fields in table.of("dataset")])
        arrays = [Array.of(statement[1:]) for statement in table.of("array")]
        arrays = [array for array in arrays if array.how != "gone"]
        attributes = table.of("attribute")
        for name in store:
            of_it = [array for array in arrays if array.dataset == name]
            expect(f"arrays of {name}", store[name].list_arrays(), [array.name for array in of_it])
            check_attributes(name, store[name].attrs, [one for one in attributes if one[1:3] == [name, "-"]])
            for array in of_it:
                check_array(store, array)
                check_attributes(
                    f"{name}/{array.name}",
                    store[name][array.name].attrs,
                    [one for one in attributes if one[1:3] == [name, array.name]],
                )


def main() -> int:
    if len(sys.argv) != 4 or sys.argv[1] not in ("write", "check"):
        print("usage: conform.py write|check TABLE FOLDER", file=sys.stderr)
        return 2
    _, work, table, folder = sys.argv
    for store in read_table(table):
        try:
            (write_store if work == "write" else check_store)(folder, store)
        except Different as difference:
            print(f"store {store.name}: {difference}", file=sys.stderr)
            return 1
    if work == "check":
        print(f"compared {compared} values")
    return 0


if __name__ == "__main__":
    sys.exit(main())
