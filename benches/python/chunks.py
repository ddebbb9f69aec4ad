"""What the shape of chunks, the codec and packing cost: the table of docs/chunks.md.

    build/venv/bin/python benches/python/chunks.py FOLDER

A field of 720 steps, 90 x 180 cells, float32: waves with noise, rounded to two decimals, 47 MB. Each time is the least of
seven; files are in the page cache, and caches of the library begin empty.
"""

import pathlib
import shutil
import sys
import time

import atlas
import numpy as np

STEPS, NY, NX = 720, 90, 180


def field():
    rng = np.random.default_rng(1)
    t, y, x = np.ogrid[0:STEPS, 0:NY, 0:NX]
    waves = 280 + 20 * np.cos(y / 30) + 5 * np.sin(x / 20 + t / 50) + 3 * np.sin(t / 115)
    return np.round(waves + rng.normal(0, 0.3, (STEPS, NY, NX)), 2).astype("float32")


def least(function, runs=7):
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def measure(folder, values, **options):
    path = folder / "chunks.atlas"

    def write():
        shutil.rmtree(path, ignore_errors=True)
        with atlas.Atlas.create(path, sync=False) as store:
            array = store.create_dataset("run").define_array(
                "t", "float32", ["time", "lat", "lon"], values.shape, **options
            )
            array[...] = values

    def read(*index):
        with atlas.Atlas.open(path) as store:
            store["run"]["t"][index]

    written = least(write)
    size = sum(file.stat().st_size for file in path.rglob("*.seg"))
    maps = least(lambda: read(400))
    series = least(lambda: read(slice(None), 45, 90))
    whole = least(lambda: read(...))
    shutil.rmtree(path)
    return f"{1000 * written:.0f} | {size / 1e6:.1f} | {1000 * maps:.1f} | {1000 * series:.1f} | {1000 * whole:.0f}"


def main():
    folder = pathlib.Path(sys.argv[1])
    values = field()
    print("| | write, ms | size, MB | one map, ms | one series, ms | all, ms |\n|---|---:|---:|---:|---:|---:|")
    for shape in (1, NY, NX), (16, NY, NX), (STEPS, NY, NX), (60, 30, 60), (STEPS, 9, 18), (STEPS, 1, 1):
        text = " x ".join(map(str, shape))
        print(f"| chunks {text} | {measure(folder, values, chunk_shape=list(shape))} |", flush=True)
    for text, options in {
        "zstd 1, shuffled": {},
        "zstd 1, not shuffled": {"shuffle": False},
        "zstd 9, shuffled": {"level": 9},
        "lz4, shuffled": {"codec": "lz4"},
        "none": {"codec": "none"},
    }.items():
        print(f"| {text} | {measure(folder, values, chunk_shape=[16, NY, NX], **options)} |", flush=True)


main()
