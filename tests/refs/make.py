"""make.py LIBRARY FOLDER: a store with an array of every kind in FOLDER/store, through the C interface, and what its arrays
hold, as FOLDER/expected/NUMBER.npy, named in FOLDER/expected.json.

make.py LIBRARY FOLDER change: writes to every array of that store in many small flushes, and compacts it."""

import ctypes as c
import json
import pathlib
import sys

import numpy as np

TYPES = ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "M8[ns]", "string"]
CODECS = {"zstd": 1, "lz4": 2, "none": 3}
ON, OFF = 1, 2
DELTA = 2
READ_WRITE = 2
STRING = TYPES.index("string") + 1
random = np.random.default_rng(20261129)


class ArrayOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("chunk_shape", c.c_void_p), ("codec", c.c_int32), ("level", c.c_int32),
                ("shuffle", c.c_int32), ("pack", c.c_int32), ("fill_value", c.c_void_p), ("unlimited", c.c_int32),
                ("filter", c.c_int32), ("keep_bits", c.c_int32)]


class Library:
    """The functions of the header that are used here; a call that fails raises."""

    def __init__(self, path):
        self.library = c.CDLL(path)
        self.library.atlas_last_error.restype = c.c_char_p

    def __getattr__(self, name):
        function = getattr(self.library, "atlas_" + name)

        def call(*arguments):
            if function(*arguments) != 0:
                raise RuntimeError(self.library.atlas_last_error().decode())
        return call


def extents(numbers):
    return (c.c_uint64 * len(numbers))(*numbers)


def texts(values):
    return (c.c_char_p * len(values))(*[str(value).encode() for value in values])


class Maker:
    def __init__(self, library, folder, is_new=True):
        self.library, self.folder, self.expected = Library(library), folder, []
        self.store = c.c_uint64()
        path = str(folder / "store").encode()
        if is_new:
            self.library.create(path, None, c.byref(self.store))
            (folder / "expected").mkdir()
        else:
            self.library.open(path, c.c_int32(READ_WRITE), None, c.byref(self.store))

    def dataset(self, name):
        self.library.create_dataset(self.store, name.encode())

    def define(self, dataset, name, dtype, shape, chunks, codec="zstd", shuffle=True, fill=None, dims=None, delta=False,
               keep_bits=0):
        options = ArrayOptions(c.sizeof(ArrayOptions), None, CODECS[codec], 0, ON if shuffle else OFF)
        options.filter, options.keep_bits = DELTA if delta else 0, keep_bits
        keep = [extents(chunks)]
        if len(shape) > 0:
            options.chunk_shape = c.cast(keep[0], c.c_void_p)
        if fill is not None:
            keep.append(c.create_string_buffer(fill.encode() if dtype == "string" else np.array(fill, dtype).tobytes()))
            options.fill_value = c.cast(keep[1], c.c_void_p)
        # Arrays of one dataset agree on the extent of a dimension.
        dims = dims or [f"n{extent}" if extent != shape[0] or d == 0 else f"m{extent}" for d, extent in enumerate(shape)]
        code = TYPES.index(dtype) + 1
        self.library.define_array(self.store, dataset.encode(), name.encode(), c.c_int32(code), c.c_size_t(len(shape)),
                                  texts(dims), extents(shape), c.byref(options))

    def write(self, dataset, name, start, values):
        names, rank = (self.store, dataset.encode(), name.encode()), c.c_size_t(values.ndim)
        region = extents(start), extents(values.shape)
        if values.dtype.kind == "U":
            self.library.write_strings(*names, rank, *region, texts(values.ravel()))
        else:
            values = np.require(values, requirements="C")
            self.library.write_array(*names, c.c_int32(code_of(values.dtype)), rank, *region, None,
                                     values.ctypes.data_as(c.c_void_p))

    def append(self, dataset, name, values):
        names, rank = (self.store, dataset.encode(), name.encode()), c.c_size_t(values.ndim)
        if values.dtype.kind == "U":
            self.library.append_strings(*names, rank, extents(values.shape), texts(values.ravel()))
        else:
            values = np.require(values, requirements="C")
            self.library.append_array(*names, c.c_int32(code_of(values.dtype)), rank, extents(values.shape), None,
                                      values.ctypes.data_as(c.c_void_p))

    def attribute(self, dataset, array, key, values):
        values = np.asarray(values)
        owner = None if array is None else array.encode()
        if values.dtype.kind == "U":
            code, memory = STRING, texts(values.ravel())
        else:
            code, memory = code_of(values.dtype), values.tobytes()
        self.library.set_attribute(self.store, dataset.encode(), owner, key.encode(), c.c_int32(code),
                                   c.c_size_t(values.size), memory)

    def flush(self):
        self.library.flush(self.store)

    def expect(self, dataset, name, values, fill=None, **more):
        number = len(self.expected)
        np.save(self.folder / "expected" / f"{number}.npy", values, allow_pickle=False)
        if isinstance(fill, (np.generic, np.ndarray)):
            more["fill_bits"] = np.asarray(fill).tobytes().hex()
        self.expected.append({"dataset": dataset, "array": name, "values": number, "has_fill": fill is not None, **more})

    def close(self):
        self.library.close(self.store)
        (self.folder / "expected.json").write_text(json.dumps(self.expected))


def code_of(dtype):
    return TYPES.index("bool" if dtype == bool else dtype.str.lstrip("<|")) + 1


def sample(dtype, shape):
    """Values of a type: repeated, with zeros, and with its extremes."""
    count = int(np.prod(shape))
    if dtype == "string":
        words = np.array(["", "a", "Grüße", "水", "x" * 6])
        return words[random.integers(0, len(words), count)].reshape(shape)
    if dtype == "bool":
        return (random.integers(0, 2, count) == 1).reshape(shape)
    size = np.dtype(dtype).itemsize
    cells = random.integers(0, 50, count).astype("u8")
    if dtype[0] in "iu":
        special = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max, 0], dtype)
        values = cells.astype(dtype)
    elif dtype[0] == "M":
        special = np.array([0, 10**18, 5], "i8").view(dtype)
        values = (cells * 10**15).view(dtype)
    else:
        special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0], dtype)
        values = (cells / 8 - 2).astype(dtype)
    at = random.integers(0, count, max(count // 50, 1)) if count else []
    values[at] = special[random.integers(0, len(special), len(at))]
    assert values.dtype.itemsize == size
    return values.reshape(shape)


def filled(dtype, shape, fill):
    if dtype == "string":
        return np.full(shape, fill or "", "U6")
    values = np.zeros(shape, dtype)
    if fill is not None:
        values[...] = fill
    return values


def fills():
    """Type and fill value, each."""
    for dtype in TYPES[1:9]:
        yield from ((dtype, np.array(value, dtype)) for value in (np.iinfo(dtype).min, np.iinfo(dtype).max, 7))
    for dtype in ("f2", "f4", "f8"):
        for value in (np.nan, np.inf, -np.inf, -0.0, -999.25, 0.1):
            yield dtype, np.array(value, dtype)
        yield dtype, np.array({"f2": 0x7e01, "f4": 0xffc00001, "f8": 0x7ff8000000000123}[dtype], "u" + dtype[1]).view(dtype)
    for dtype in ("c8", "c16"):
        for value in (1.5 - 2j, complex(np.nan, 1), complex(-np.inf, -0.0)):
            yield dtype, np.array(value, dtype)
    yield "bool", np.array(True)
    for value in (np.iinfo("i8").min, 0, 10**18):
        yield "M8[ns]", np.array(value, "i8").view("M8[ns]")
    yield "string", ""
    yield "string", "nö"


def make_all(maker):
    """One dataset with every type, codec, size and history."""
    maker.dataset("all")
    later = []
    # The chunk is a block of its own, or shares one.
    for size, shape, chunks in (("large", (150, 140), (128, 130)), ("packed", (12, 10), (5, 4))):
        for dtype in TYPES:
            for codec in CODECS:
                for shuffle in (True, False):
                    name = f"{dtype[:2]}_{codec}_{'shuffled' if shuffle else 'plain'}_{size}"
                    values = sample(dtype, shape)
                    maker.define("all", name, dtype, shape, chunks, codec, shuffle)
                    maker.write("all", name, (0, 0), values)
                    maker.expect("all", name, values)
    for dtype in TYPES:
        for codec in CODECS:
            for fill in (None, *[fill for other, fill in fills() if other == dtype][:1]):
                kind = f"{dtype[:2]}_{codec}_{'filled' if fill is not None else 'bare'}"
                for size, rows, chunk in (("packed", 6, (4, 3)), ("large", 150, (128, 130))):
                    columns = rows + 5
                    name = f"{kind}_{size}_partial"
                    maker.define("all", name, dtype, (rows, columns), chunk, codec, fill=fill)
                    values = filled(dtype, (rows, columns), fill)
                    part = sample(dtype, (2, columns - 4))
                    values[1:3, 1:-3] = part
                    maker.write("all", name, (1, 1), part)
                    maker.expect("all", name, values, fill)

                    name = f"{kind}_{size}_appended"
                    dims = [f"n{2 * rows + 3}", f"m{columns}"]
                    maker.define("all", name, dtype, (rows, columns), chunk, codec, fill=fill, dims=dims)
                    values = sample(dtype, (2 * rows + 3, columns))
                    maker.write("all", name, (0, 0), values[:rows])
                    later.append((maker.append, "all", name, values[rows:]))
                    maker.expect("all", name, values, fill)

                    name = f"{kind}_{size}_overwritten"
                    maker.define("all", name, dtype, (rows, columns), chunk, codec, fill=fill)
                    values = sample(dtype, (rows, columns))
                    maker.write("all", name, (0, 0), values)
                    new = sample(dtype, (2, 2))
                    values[2:4, 1:3] = new
                    later.append((maker.write, "all", name, (2, 1), new))
                    maker.expect("all", name, values, fill)
    for number, (dtype, fill) in enumerate(fills()):
        unwritten = filled(dtype, (5, 4), fill)
        maker.define("all", f"fill_{number}_unwritten", dtype, (5, 4), (2, 3), fill=fill)
        maker.expect("all", f"fill_{number}_unwritten", unwritten, fill)
        values = sample(dtype, (5, 4))
        maker.define("all", f"fill_{number}_written", dtype, (5, 4), (2, 3), fill=fill)
        maker.write("all", f"fill_{number}_written", (0, 0), values)
        maker.expect("all", f"fill_{number}_written", values, fill)
        scalar = sample(dtype, ())
        maker.define("all", f"fill_{number}_scalar", dtype, (), (), fill=fill)
        maker.write("all", f"fill_{number}_scalar", (), scalar)
        maker.expect("all", f"fill_{number}_scalar", scalar, fill)
    for dtype in TYPES:
        for name, shape in (("unwritten", (5, 4)), ("empty", (0, 4)), ("no_scalar", ())):
            maker.define("all", f"{dtype[:2]}_{name}", dtype, shape, (2, 3)[:len(shape)])
            maker.expect("all", f"{dtype[:2]}_{name}", filled(dtype, shape, None))
        maker.define("all", f"{dtype[:2]}_larger_chunk", dtype, (3, 2), (10, 300))
        values = sample(dtype, (3, 2))
        maker.write("all", f"{dtype[:2]}_larger_chunk", (0, 0), values)
        maker.expect("all", f"{dtype[:2]}_larger_chunk", values)
    # Texts of which some chunks share blocks and others do not.
    values = np.array([f"{'long' * (5000 if i % 7 == 0 else 1)} {i}" for i in range(60)])
    maker.define("all", "texts_of_many_lengths", "string", (60,), (3,))
    maker.write("all", "texts_of_many_lengths", (0,), values)
    maker.expect("all", "texts_of_many_lengths", values)
    maker.flush()
    for action, *arguments in later:
        action(*arguments)
    maker.flush()


def make_odd(maker):
    """Names that are hard on tools; some cannot be referred to."""
    maker.dataset("odd")
    names = ["100% of", "a b#c?d&e", "Größe 水", "{{x}}", "c", "0.0", "-", "%41", "x" * 255, ".hidden", "a:b", "~", "__init__"]
    for name in names:
        values = sample("i4", (70, 80))
        maker.define("odd", name, "i4", (70, 80), (70, 70), dims=["y", "x"])
        maker.write("odd", name, (0, 0), values)
        maker.expect("odd", name, values)
    refused = ["a/b", "a\\b", ".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json", ".", ".."]
    for name in refused:
        maker.define("odd", name, "i4", (70, 80), (70, 70), dims=["y", "x"])
        maker.expect("odd", name, filled("i4", (70, 80), None), left_out=True)
    # Names that nobody gave: of others the library has one extent each.
    unnamed = ["dim_0", "dim_1"]
    maker.define("odd", "unnamed", "i4", (70, 80), (70, 70), dims=unnamed)
    maker.expect("odd", "unnamed", filled("i4", (70, 80), None))
    maker.define("odd", "other extent", "i4", (70, 81), (70, 70), dims=unnamed)
    maker.expect("odd", "other extent", filled("i4", (70, 81), None), left_out=True)
    # Attributes of every type, floats that JSON has not, and text that looks like something else.
    maker.attribute("odd", None, "title", ["0x12 {{t}}"])
    for dtype in TYPES[:-1]:
        maker.attribute("odd", "c", f"one {dtype}", sample(dtype, (1,)))
        maker.attribute("odd", "c", f"more {dtype}", sample(dtype, (3,)))
    maker.attribute("odd", "c", "not finite", np.array([np.nan, np.inf, -np.inf]))
    maker.attribute("odd", "c", "other NaN", np.array([0xffc00001], "u4").view("f4"))
    maker.attribute("odd", "c", "texts", ["0x1", "NaN", "水"])
    maker.attribute("odd", "c", "none", np.zeros(0))
    maker.flush()


def make_time(maker):
    """Times: as a type of their own, and as numbers with units."""
    maker.dataset("time")
    times = np.datetime64("1969-12-31T23:59:59.123456789") + np.arange(50) * np.timedelta64(3600 * 10**9 + 1, "ns")
    for name, fill in (("native", None), ("native with fill", np.array(np.iinfo("i8").min, "i8").view("M8[ns]"))):
        maker.define("time", name, "M8[ns]", (50,), (20,), fill=fill, dims=["t"])
        maker.write("time", name, (0,), times[:30] if fill is not None else times)
        values = times.copy()
        if fill is not None:
            values[30:] = np.datetime64("NaT")
        maker.expect("time", name, values, fill, decoded=True)
    maker.define("time", "t", "i4", (50,), (20,), dims=["t"])
    maker.write("time", "t", (0,), np.arange(50, dtype="i4"))
    maker.attribute("time", "t", "units", ["days since 2000-01-01"])
    maker.expect("time", "t", np.arange(50, dtype="i4"))
    maker.flush()


def make_filters(maker):
    """Differences: of integers, and of floats, which version 3 has no codec for. Rounded floats."""
    for dataset, types in (("filters", "i1 i2 i4 i8 u1 u2 u4 u8 M8[ns]".split()), ("smooth", "f2 f4 f8 c8".split())):
        maker.dataset(dataset)
        for size, shape, chunks in (("large", (150, 140), (128, 130)), ("packed", (12, 10), (5, 4))):
            for dtype in types:
                for codec, shuffle in (("zstd", True), ("zstd", False), ("lz4", True), ("none", True)):
                    name = f"{dtype[:2]}_{codec}_{'shuffled' if shuffle else 'plain'}_{size}"
                    values = sample(dtype, shape)
                    maker.define(dataset, name, dtype, shape, chunks, codec, shuffle, delta=True)
                    maker.write(dataset, name, (0, 0), values)
                    # Without a codec nothing is filtered, either.
                    maker.expect(dataset, name, values)
    for dtype, part in (("f2", "f2"), ("f4", "f4"), ("f8", "f8"), ("c8", "f4"), ("c16", "f8")):
        shape = (150, 140)
        values = (random.random((*shape, 2 if dtype[0] == "c" else 1)) + 1).astype(part)
        name = f"rounded_{dtype}"
        maker.define("filters", name, dtype, shape, (128, 130), keep_bits=6, fill=-1)
        maker.write("filters", name, (0, 0), values.view(dtype)[..., 0])
        # Of numbers from 1 to 2 this is to round to 6 bits, ties to even.
        rounded = (np.rint(values.astype("f8") * 64) / 64).astype(part)
        maker.expect("filters", name, rounded.view(dtype)[..., 0], np.array(-1, dtype), keep_bits=6)
    maker.flush()


def make_ensemble(maker):
    """Datasets that are alike, but for some arrays of one."""
    for member in range(12):
        dataset = f"ens/{member:03}"
        maker.dataset(dataset)
        for name, shape, chunks in (("tas", (100, 120), (64, 64)), ("lat", (100,), (100,)), ("mean", (), ())):
            values = sample("f4", shape)
            maker.define(dataset, name, "f4", shape, chunks, dims=["lat", "lon"][:len(shape)])
            # One member has no means, and one has half of a field.
            if (name, member) != ("mean", 5):
                half = values[:50] if (name, member) == ("tas", 6) else values
                maker.write(dataset, name, (0,) * len(shape), half)
            if (name, member) == ("mean", 5):
                values = np.zeros((), "f4")
            elif (name, member) == ("tas", 6):
                values[50:] = 0
            maker.expect(dataset, name, values, stacked=True)
        maker.attribute(dataset, None, "model", ["m"])
        maker.attribute(dataset, None, "member", [f"{member}"])
        maker.attribute(dataset, "tas", "units", ["K"])
        shape = (3,) if member != 4 else (4,)
        maker.define(dataset, "uneven", "f4", shape, (2,))
        if member != 7:
            maker.define(dataset, "rare", "f4", (3,), (2,))
    maker.flush()


def change_all(library, folder):
    """No file of the last commit is one of the new last commit. What is expected stays what it was."""
    changer = Maker(library, folder, is_new=False)
    flushes, count = 40, 0
    entries = [entry for entry in json.loads((folder / "expected.json").read_text()) if not entry.get("left_out")]
    for flush in range(flushes):
        for entry in (entries[-1], *entries[flush::flushes]):
            old = np.load(folder / "expected" / f"{entry['values']}.npy", mmap_mode="r")
            if 0 in old.shape:
                continue
            one = np.full((1,) * old.ndim, "new") if old.dtype.kind == "U" else np.ones((1,) * old.ndim, "i1").astype(old.dtype)
            changer.write(entry["dataset"], entry["array"], (0,) * old.ndim, one)
            count += 1
        changer.flush()
    changer.library.compact(changer.store)
    changer.library.close(changer.store)
    print(f"{count} writes in {flushes} flushes")


def main(library, folder, what="make"):
    if what == "change":
        return change_all(library, pathlib.Path(folder))
    maker = Maker(library, pathlib.Path(folder))
    make_all(maker)
    make_odd(maker)
    make_time(maker)
    make_filters(maker)
    make_ensemble(maker)
    maker.close()
    print(f"{len(maker.expected)} arrays")


if __name__ == "__main__":
    main(*sys.argv[1:])
