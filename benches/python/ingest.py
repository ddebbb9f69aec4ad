"""ingest.py [--files N] [--runs N] [--deflated] [--work FOLDER]: many NetCDF files into one store.

    build/venv/bin/python benches/python/ingest.py

The files are months of the COADS climatology (Debian's ferret-datasets), each with noise of a thousandth of its
values, so that no two are the same: seven variables of 90 x 180 float32, classic as the climatology is, or deflated
NetCDF-4. Each way to ingest them is a process of its own, in turns with the others, on the same files:

- `import_netcdf` of this package;
- its `add_xr_dataset` in a loop over `xarray.open_dataset`;
- the predecessor, atlas-python 0.13.1, in the same loop. It is also called `atlas`, so it has a virtual environment of
  its own in the folder, which is made if it is not there.

The columns are the least of the runs: seconds, seconds of all processors, and the peak of memory in MiB; and the files
and MiB of the store.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

CLIMATE = Path("/usr/share/ferret-vis/data/coads_climatology.cdf")
PREDECESSOR = "atlas-python==0.13.1"
LIBRARIES = ("numpy", "xarray", "dask", "netCDF4")

MEASURE = """
import json, resource, sys, time
start = time.perf_counter()
def run(paths, store):
{body}
run(sorted(__import__("glob").glob(sys.argv[1] + "/*.nc")), sys.argv[2])
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""

LOOP = """
    import atlas, xarray as xr
    from pathlib import Path
    with atlas.Atlas.create(store) as made:
        for path in paths:
            made.{add}(xr.open_dataset(path), Path(path).stem)
"""

IMPORT = """
    import atlas
    atlas.import_netcdf(paths, store)
"""


def make_files(folder: Path, count: int, deflated: bool) -> None:
    """The files, unless they are there."""
    import netCDF4
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.iterdir())) == count:
        return
    with netCDF4.Dataset(CLIMATE) as source:
        source.set_auto_maskandscale(False)
        values = {name: one[...] for name, one in source.variables.items()}
        attrs = {name: {key: one.getncattr(key) for key in one.ncattrs()} for name, one in source.variables.items()}
        dims = {name: one.dimensions for name, one in source.variables.items()}
    attrs["TIME"]["units"] = "hours since 1901-01-15"
    random = np.random.default_rng(7)
    options = {"compression": "zlib", "complevel": 1, "shuffle": True} if deflated else {}
    for number in range(count):
        month = number % 12
        draft = folder / "draft"
        with netCDF4.Dataset(draft, "w", format="NETCDF4" if deflated else "NETCDF3_CLASSIC") as file:
            file.createDimension("TIME", None)
            file.createDimension("COADSY", 90)
            file.createDimension("COADSX", 180)
            for name, value in values.items():
                kept = {key: one for key, one in attrs[name].items() if key != "_FillValue"}
                fill = attrs[name].get("_FillValue", False)
                made = file.createVariable(name, value.dtype, dims[name], fill_value=fill, **options)
                made.set_auto_maskandscale(False)
                made.setncatts(kept)
                if dims[name][0] == "TIME":
                    value = value[month : month + 1]
                if len(dims[name]) == 3:
                    noise = random.normal(1, 1e-3, value.shape).astype(value.dtype)
                    value = np.where(value == fill, value, value * noise)
                made[...] = value
        draft.rename(folder / f"coads_{number:04}.nc")


def predecessor(folder: Path) -> Path:
    """A Python that has the predecessor, and otherwise what this one has."""
    from importlib.metadata import version

    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        pinned = [f"{name}=={version(name)}" for name in LIBRARIES]
        subprocess.run([python, "-m", "pip", "install", "--quiet", PREDECESSOR, *pinned], check=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--deflated", action="store_true")
    parser.add_argument("--work", type=Path, default=Path("build/bench/ingest"))
    arguments = parser.parse_args()
    sources = arguments.work / f"{'deflated' if arguments.deflated else 'classic'}-{arguments.files}"
    make_files(sources, arguments.files, arguments.deflated)
    for file in sources.iterdir():
        file.read_bytes()
    old = predecessor(arguments.work / "predecessor")
    ways = {
        "import_netcdf": (sys.executable, IMPORT),
        "add_xr_dataset": (sys.executable, LOOP.format(add="add_xr_dataset")),
        PREDECESSOR: (old, LOOP.format(add="add_xarray_dataset")),
    }
    found: dict[str, list[list[float]]] = {way: [] for way in ways}
    stores: dict[str, tuple[int, float]] = {}
    for _ in range(arguments.runs):
        for way, (python, body) in ways.items():
            store = arguments.work / "store"
            shutil.rmtree(store, ignore_errors=True)
            done = subprocess.run(
                [python, "-c", MEASURE.format(body=body), sources, store], check=True, stdout=subprocess.PIPE, text=True
            )
            found[way].append(json.loads(done.stdout))
            files = [one.stat().st_size for one in store.rglob("*") if one.is_file()]
            stores[way] = (len(files), sum(files) / 2**20)
            shutil.rmtree(store)
    size = sum(file.stat().st_size for file in sources.iterdir()) / 2**20
    print(f"{arguments.files} files, {'deflated NetCDF-4' if arguments.deflated else 'classic'}, {size:.1f} MiB")
    print(f"{'':22} {'wall s':>8} {'CPU s':>8} {'peak MiB':>9} {'files':>7} {'MiB':>8}")
    for way, runs in found.items():
        wall, processor, peak = (min(one) for one in zip(*runs, strict=True))
        count, size = stores[way]
        print(f"{way:22} {wall:8.2f} {processor:8.2f} {peak:9.0f} {count:7} {size:8.1f}")


if __name__ == "__main__":
    main()
