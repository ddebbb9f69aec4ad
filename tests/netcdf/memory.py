"""memory.py WORK ATLAS: a file of 768 MiB goes in and out in little memory."""

import os
import subprocess
import sys

import netCDF4
import numpy as np

ROWS, CELLS = 192, 1 << 20
LIMIT = 320


def run(*command: str) -> None:
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"{command}: {status}"
    taken = usage.ru_maxrss // 1024
    assert taken < LIMIT, f"{command}: {taken} MiB"


def main(work: str, atlas: str) -> None:
    made, store, out = f"{work}/memory.nc", f"{work}/memory", f"{work}/memory.out.nc"
    with netCDF4.Dataset(made, "w") as file:
        file.createDimension("t", None)
        file.createDimension("x", CELLS)
        one = file.createVariable("v", "f4", ("t", "x"), compression="zlib", complevel=1, chunksizes=(1, CELLS))
        for row in range(ROWS):
            one[row] = np.float32(row)
    run(atlas, "import", "--quiet", made, store)
    run(atlas, "import", "--quiet", "--check", made, store)
    run(atlas, "export", "--quiet", store, "memory", "-o", out)
    with netCDF4.Dataset(out) as file:
        assert file["v"].chunking() == [1, CELLS]
        for row in range(0, ROWS, 17):
            assert (file["v"][row] == row).all()
    for path in (made, out):
        os.unlink(path)


main(*sys.argv[1:])
