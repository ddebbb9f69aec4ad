"""What the shape of chunks, the codec and packing cost: the tables of docs/chunks.md.

    build/venv/bin/python benches/python/chunks.py FOLDER          # shapes and codecs, on waves
    build/venv/bin/python benches/python/chunks.py FOLDER real     # shapes, the default among them, on real fields

The waves: 720 steps, 90 x 180 cells, float32, with noise, rounded to two decimals, 47 MB. The real fields are made of files
of Debian's package ferret-datasets: see `winds`, `ocean`, `levels` and `heights`. The lines of a table are measured in turns,
twenty-one times (real fields: five), and the least of each figure counts. Caches of the library begin empty; files are in the
page cache, but for what stands before a slash. Nothing is synced. Appends are by the processor's time, all else is by the clock.
"""

import os
import pathlib
import shutil
import sys
import time

import atlas
import netCDF4
import numpy as np

FERRET = "/usr/share/ferret-vis/data"
STEPS, NY, NX = 720, 90, 180
MISSING = np.float32(-1e34)
EACH = slice(None)


def waves():
    rng = np.random.default_rng(1)
    t, y, x = np.ogrid[0:STEPS, 0:NY, 0:NX]
    smooth = 280 + 20 * np.cos(y / 30) + 5 * np.sin(x / 20 + t / 50) + 3 * np.sin(t / 115)
    return np.round(smooth + rng.normal(0, 0.3, (STEPS, NY, NX)), 2).astype("float32")


def variable(file, name):
    """A variable as it is in the file, but for `MISSING`."""
    with netCDF4.Dataset(f"{FERRET}/{file}") as dataset:
        return np.ma.filled(dataset[name][...], MISSING)


def winds():
    """Eastward wind of 132 months, 73 x 144 cells: 5.6 MB, and 42 KB a step."""
    return variable("monthly_navy_winds.cdf", "UWND")


def ocean():
    """Temperature of the ocean in 12 months and 19 levels, 90 x 180 cells, 39 % missing: 15 MB, and 1.2 MB a step."""
    return variable("ocean_atlas_subset.nc", "TEMP")


def stretched(values, axis, extent):
    """Values between those along an axis, which are linear there."""
    place = np.linspace(0, values.shape[axis] - 1, extent)
    before = np.minimum(place.astype(int), values.shape[axis] - 2)
    part = np.expand_dims(place - before, [d for d in range(values.ndim) if d != axis])
    return values.take(before, axis) * (1 - part) + values.take(before + 1, axis) * part


def levels():
    """Annual temperature of the ocean in 10 levels, 180 x 360 cells, and in 120 steps what the winds make of it: their
    anomalies, stretched to these cells, fading with the depth. 311 MB, and 2.6 MB a step."""
    annual = variable("levitus_climatology.cdf", "TEMP")[:10]
    wind = winds()[:120]
    change = 0.2 * stretched(stretched(wind - wind.mean(0), 1, 180), 2, 360)
    fading = np.exp(-np.arange(10) / 3)[:, None, None]
    return np.where(annual == MISSING, MISSING, annual + fading * change[:, None]).astype("float32")


def heights():
    """Heights of the earth and depths of the sea, 2161 x 4320 cells: 37 MB."""
    return variable("etopo5.cdf", "ROSE")


def forget(path):
    """Has the system read the files from the disk."""
    for file in filter(pathlib.Path.is_file, path.rglob("*")):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Line:
    """What one kind of chunks costs: the least of each figure so far."""

    def __init__(self, path, values, options):
        self.path, self.values, self.options = path, values, options
        self.figures = {}

    def note(self, figure, value):
        self.figures[figure] = min(value, self.figures.get(figure, value))

    def write(self, figure, flush_every):
        """Writes step by step with a flush after so many; 0: with one at the end; None: all at once."""
        shutil.rmtree(self.path, ignore_errors=True)
        clock = time.perf_counter if flush_every is None else time.process_time
        shape = list(self.values.shape)
        if flush_every is not None:
            shape[0] = 0
        begin = clock()
        with atlas.Atlas.create(self.path, sync=False) as store:
            run = store.create_dataset("run")
            array = run.define_array("t", "float32", None, shape, fill_value=MISSING, **self.options)
            if flush_every is None:
                array[...] = self.values
            else:
                for step in range(len(self.values)):
                    array.append(self.values[step : step + 1])
                    if flush_every and (step + 1) % flush_every == 0:
                        store.flush()
        self.note(figure, 1000 * (clock() - begin))
        self.note("size", sum(file.stat().st_size for file in self.path.rglob("*.seg")) / 1e6)

    def read(self, figure, index):
        begin = time.perf_counter()
        with atlas.Atlas.open(self.path) as store:
            store["run"]["t"][index]
        self.note(figure, 1000 * (time.perf_counter() - begin))


def table(folder, values, lines, writes, reads, rounds, cold):
    """Prints a table. `lines` are options of the array, `writes` the steps between flushes, `reads` indexes."""
    path = folder / "chunks.atlas"
    measured = {text: Line(path, values, options) for text, options in lines.items()}
    for number in range(rounds):
        # Forth and back, so that none always follows the same.
        for line in list(measured.values())[:: 1 if number % 2 == 0 else -1]:
            for figure, flush_every in writes.items():
                line.write(figure, flush_every)
            for figure, index in reads.items():
                if cold and index is not ...:
                    forget(path)
                    line.read(f"{figure}, cold", index)
                line.read(figure, index)
    shutil.rmtree(path)
    heads = [f"{figure}, ms" for figure in writes] + ["size, MB"] + [f"{figure}, ms" for figure in reads]
    print("| |", " | ".join(heads), "|")
    print("|---" + "|---:" * len(heads) + "|")
    for text, line in measured.items():
        figures = line.figures
        cells = [f"{figures[figure]:.0f}" for figure in writes] + [f"{figures['size']:.1f}"]
        for figure in reads:
            first = figures.get(f"{figure}, cold")
            cells.append(("" if first is None else f"{first:.1f} / ") + f"{figures[figure]:.1f}")
        print(f"| {text} |", " | ".join(cells), "|", flush=True)


def text_of(shape):
    return " x ".join(map(str, shape))


def shapes_and_codecs(folder):
    shapes = (1, NY, NX), (16, NY, NX), (STEPS, NY, NX), (60, 30, 60), (STEPS, 9, 18), (STEPS, 1, 1)
    lines = {f"chunks {text_of(shape)}": {"chunk_shape": shape} for shape in shapes}
    codecs = {
        "zstd 1, shuffled": {},
        "zstd 1, not shuffled": {"shuffle": False},
        "zstd 9, shuffled": {"level": 9},
        "lz4, shuffled": {"codec": "lz4"},
        "none": {"codec": "none"},
    }
    lines |= {text: {"chunk_shape": (16, NY, NX), **options} for text, options in codecs.items()}
    reads = {"one map": 400, "one series": (EACH, 45, 90), "all": ...}
    table(folder, waves(), lines, {"write": None}, reads, rounds=21, cold=False)


def real_fields(folder):
    appended = {"flush each": 1, "flush each 24th": 24, "one flush": 0}
    fields = {
        winds: (
            [(1, 73, 144), (6, 73, 144), (12, 73, 144), (48, 73, 144), (96, 73, 144), (24, 37, 72), (132, 19, 36)],
            appended,
            {"one map": 66, "one series": (EACH, 36, 72), "all": ...},
        ),
        ocean: (
            [(1, 1, 90, 180), (1, 5, 90, 180), (2, 19, 90, 180), (4, 1, 90, 180), (12, 5, 30, 60)],
            {"flush each": 1, "one flush": 0},
            {"one map": (6, 9), "one series": (EACH, 9, 45, 90), "one column": (6, EACH, 45, 90), "all": ...},
        ),
        levels: (
            [(1, 1, 180, 360), (1, 5, 180, 360), (2, 10, 180, 360), (4, 1, 180, 360), (24, 2, 45, 90)],
            appended,
            {"one map": (60, 5), "one series": (EACH, 5, 90, 180), "one column": (60, EACH, 90, 180), "all": ...},
        ),
        heights: (
            [(15, 4320), (60, 4320), (242, 4320), (256, 256), (512, 512)],
            {"write": None},
            {"540 x 1080": np.s_[700:1240, 1500:2580], "one row": 1080, "one column": (EACH, 2160), "all": ...},
        ),
    }
    for field, (shapes, writes, reads) in fields.items():
        values = field()
        lines = {"the default": {}} | {text_of(shape): {"chunk_shape": shape} for shape in shapes}
        print(f"\n{field.__name__}, {text_of(values.shape)}\n")
        table(folder, values, lines, writes, reads, rounds=5, cold=True)


def main():
    folder = pathlib.Path(sys.argv[1])
    if sys.argv[2:] == ["real"]:
        real_fields(folder)
    else:
        shapes_and_codecs(folder)


main()
