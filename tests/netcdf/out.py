"""out.py WORK ATLAS: what a store has and NetCDF has not: `atlas export` writes something else for it, as docs/netcdf.md says,
or refuses it by name, and leaves it out with --skip-unsupported."""

import os
import subprocess
import sys

import atlas
import netCDF4
import numpy as np


def export(tool, *arguments, status=0):
    done = subprocess.run([tool, "export", *arguments], capture_output=True, text=True)
    assert done.returncode == status, (arguments, done.returncode, done.stderr)
    return done.stderr


def main(work: str, tool: str) -> None:
    path, out = f"{work}/has", f"{work}/has.nc"
    when = np.array(["2000-01-01", "NaT", "1969-12-31T23:59:59.999999999"], "M8[ns]")
    with atlas.Atlas.create(path) as store:
        view = store.create_dataset("a")
        view.define_array("half", "float16", ["x"], [3], fill_value=np.float16(0.5))[:] = [0.5, 1, np.inf]
        view.define_array("flag", "bool", ["x"], [3], fill_value=True)[:] = [True, False, True]
        view.define_array("when", "timestamp_nanoseconds", ["x"], [3], fill_value=np.datetime64("NaT"))[:] = when
        view.define_array("text", "string", ["x"], [3])[:] = ["a", "", "ç"]
        view.define_array("none", "int8", ["y"], [0])
        view.attrs.update(flag=True, at=np.datetime64("2000-01-01T12:30"), half=np.float16(0.5))
        view["text"].attrs["times"] = when
        bad = store.create_dataset("bad")
        bad.define_array("x", "int8", ["x"], [3])[:] = [1, 2, 3]
        bad.define_array("z", "complex64", ["x"], [3])
        bad.define_array("b/c", "int8", ["x"], [3])
        bad.define_array(" odd", "int8", ["x"], [3])
        bad.attrs["w"] = 1j
        bad["x"].attrs["NAME"] = "reserved"
        wide = store.create_dataset("wide").define_array("t", "string", ["x"], [2])
        wide[:] = ["abc", "de"]
        wide.attrs.update({"_atlas_char_dim": "n", "_atlas_char_length": 2})
        store.create_dataset("a//b")

    export(tool, path, "a", "-o", out, status=1)  # a//b is below it
    with atlas.Atlas.open(path, mode="r+") as store:
        store.delete_dataset("a//b")
    export(tool, path, "a", "-o", out)
    with netCDF4.Dataset(out) as file:
        file.set_auto_maskandscale(False)
        assert file["half"].dtype == "f4" and file["half"]._FillValue == np.float32(0.5)
        assert file["half"][:].tolist() == [0.5, 1, np.inf]
        assert file["flag"].dtype == "i1" and file["flag"].getncattr("dtype") == "bool"
        assert file["flag"][:].tolist() == [1, 0, 1] and file["flag"]._FillValue == 1
        assert file["when"].dtype == "i8" and file["when"].units == "nanoseconds since 1970-01-01"
        assert file["when"][:].tolist() == when.view("i8").tolist()
        assert file["text"][:].tolist() == ["a", "", "ç"]
        assert file["text"].times == [np.datetime_as_string(one) for one in when]
        assert (file.flag, file.at, file.half) == (1, "2000-01-01T12:30:00.000000000", np.float32(0.5))
        assert file.dimensions["y"].isunlimited() and file["none"].shape == (0,)

    unsupported = (
        'attribute "w" of dataset \'bad\' is complex',
        "array 'z' of dataset 'bad' is of c64",
        "array 'b/c' of dataset 'bad' has '/' in its name",
        "array ' odd' of dataset 'bad': ",
        "attribute \"NAME\" of array 'x' of dataset 'bad': ",
    )
    assert unsupported[0] in export(tool, path, "bad", "-o", f"{work}/bad.nc", status=1)
    assert not [name for name in os.listdir(work) if name.startswith("bad.nc")]
    said = export(tool, "--skip-unsupported", path, "bad", "-o", f"{work}/bad.nc")
    for text in unsupported:
        assert f"left out: {text}" in said, (text, said)
    with netCDF4.Dataset(f"{work}/bad.nc") as file:
        assert list(file.variables) == ["x"]
    said = export(tool, path, "wide", "-o", f"{work}/wide.nc", status=2)
    assert "array 't' of dataset 'wide': a text of 3 bytes does not fit 2 characters" in said, said
    # Several datasets are groups, with the folders between them.
    with atlas.Atlas.open(path, mode="r+") as store:
        for name in ("bad", "wide"):
            store.delete_dataset(name)
        store.create_dataset("2020/sst").define_array("x", "int8", ["x"], [4])[:] = [1, 2, 3, 4]
    export(tool, path, "-o", f"{work}/several.nc")
    with netCDF4.Dataset(f"{work}/several.nc") as file:
        assert set(file.groups) == {"a", "2020"} and file["2020/sst/x"][:].tolist() == [1, 2, 3, 4]
        assert len(file["a"].dimensions["x"]) == 3


main(*sys.argv[1:])
