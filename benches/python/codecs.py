"""What codecs and filters make of real fields: the table of docs/compression.md.

    build/venv/bin/python benches/python/codecs.py FOLDER [NETCDF...]

All variables of numbers of 16 KiB or more in NetCDF files, by default those of Debian's package ferret-datasets. Each is an
array with the library's chunks, written and read as a whole on one thread. Sizes are those of the stored blocks; speeds are
of the least processor time of three runs; files are in the page cache, and caches of the library begin empty.
"""

import pathlib
import shutil
import sys
import time

import atlas
import netCDF4
import numpy as np

FERRET = "/usr/share/ferret-vis/data"
CODECS = {
    "zstd 1, shuffled": {},
    "zstd 1, delta, shuffled": {"filter": "delta"},
    "zstd 3, shuffled": {"level": 3},
    "zstd 3, delta, shuffled": {"level": 3, "filter": "delta"},
    "zstd 9, shuffled": {"level": 9},
    "zstd 9, delta, shuffled": {"level": 9, "filter": "delta"},
    "lz4, shuffled": {"codec": "lz4"},
    "lz4, delta, shuffled": {"codec": "lz4", "filter": "delta"},
    "none": {"codec": "none"},
    "zstd 1, 12 bits kept, shuffled": {"keep_bits": 12},
    "zstd 1, 7 bits kept, shuffled": {"keep_bits": 7},
    "zstd 1, 7 bits kept, delta, shuffled": {"keep_bits": 7, "filter": "delta"},
}


def fields(files):
    """Fields as they are in the files, their fill values with them."""
    for file in files:
        with netCDF4.Dataset(file) as dataset:
            dataset.set_auto_maskandscale(False)
            for name, variable in dataset.variables.items():
                if variable.dtype is not str and variable.dtype.kind in "iuf":
                    values = np.ascontiguousarray(variable[...])
                    if values.nbytes >= 16 << 10:
                        fill = getattr(variable, "_FillValue", getattr(variable, "missing_value", None))
                        yield values, None if fill is None else np.ravel(fill)[0].astype(values.dtype)


def least(function, runs=3):
    times = []
    for _ in range(runs):
        begin = time.process_time()
        function()
        times.append(time.process_time() - begin)
    return min(times)


def measure(folder, arrays, options):
    """Bytes of the blocks of all arrays, seconds to write and to read them."""
    path = folder / "codecs.atlas"
    keep_bits = options.get("keep_bits")

    def write():
        shutil.rmtree(path, ignore_errors=True)
        with atlas.Atlas.create(path, sync=False, num_threads=0, write_buffer_bytes=1 << 30) as store:
            dataset = store.create_dataset("fields")
            for number, (values, fill) in enumerate(arrays):
                chosen = {key: value for key, value in options.items() if key != "keep_bits"}
                if keep_bits and values.dtype.kind == "f":
                    chosen["keep_bits"] = keep_bits
                dims = [f"dim_{d}" for d in range(values.ndim)]
                name = f"v{number}"
                dataset.define_array(name, values.dtype, dims, values.shape, fill_value=fill, pack=False, **chosen)
                dataset[name][...] = values

    def read():
        with atlas.Atlas.open(path, num_threads=0) as store:
            for number in range(len(arrays)):
                store["fields"][f"v{number}"][...]

    written, done = least(write), least(read)
    with atlas.Atlas.open(path) as store:
        places = [store["fields"][f"v{number}"].chunk_places().places for number in range(len(arrays))]
    sizes = [int(place["stored_len"].sum()) for place in places]
    shutil.rmtree(path)
    return sizes, written, done


def main():
    folder = pathlib.Path(sys.argv[1])
    files = sys.argv[2:] or sorted(str(file) for end in ("*.cdf", "*.nc") for file in pathlib.Path(FERRET).glob(end))
    arrays = list(fields(files))
    total = sum(values.nbytes for values, _ in arrays)
    print(f"{len(arrays)} fields, {total / 1e6:.1f} MB\n")
    print("| | size, MB | of the default | smaller for | larger for | write, MB/s | read, MB/s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    first = None
    for text, options in CODECS.items():
        sizes, written, done = measure(folder, arrays, options)
        first = first or sizes
        less = sum(size < other * 0.99 for size, other in zip(sizes, first, strict=True))
        more = sum(size > other * 1.01 for size, other in zip(sizes, first, strict=True))
        size = f"{sum(sizes) / 1e6:.1f} | {100 * sum(sizes) / sum(first):.0f} %"
        print(f"| {text} | {size} | {less} | {more} | {total / written / 1e6:.0f} | {total / done / 1e6:.0f} |", flush=True)


main()
