"""alike.py STORE FILE...: the store that `atlas import` made of the files, as the Python package reads it, against the files
as netCDF4 reads them: values, shapes, dimensions, fill values, statistics. And against the store that the Python package
makes of them: everything but what says how texts of attributes were in the file."""

import pathlib
import sys
import tempfile

import atlas
import netCDF4
import numpy as np

TYPES = "_atlas_netcdf_types"


def groups(name, group):
    yield name, group
    for key, below in group.groups.items():
        yield from groups(f"{name}/{key}", below)


def same_values(one, other):
    if isinstance(one, np.ndarray) and one.dtype.kind == "O":
        return one.shape == other.shape and one.ravel().tolist() == other.ravel().tolist()
    one, other = np.asarray(one), np.asarray(other)
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def check_statistics(array, values, what):
    stats = array.stats
    assert stats.row_count == values.size, what
    fill = array.fill_value
    missing = np.zeros(values.shape, bool)
    if fill is not None:
        missing = np.isnan(values) if fill != fill else values == fill
    assert stats.null_count == missing.sum(), what
    valid = values[~missing]
    valid = valid[~np.isnan(valid)] if valid.dtype.kind == "f" else valid
    expected = (valid.min(), valid.max()) if valid.size else (None, None)
    assert (stats.min, stats.max) == expected, (what, stats, expected)


def check_file(store, path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        file.set_auto_chartostring(False)
        for name, group in groups(pathlib.Path(path).stem, file):
            dataset = store[name]
            assert set(dataset) == set(group.variables), name
            for key, variable in group.variables.items():
                what = f"variable {key!r} of {name!r}"
                values, array = np.asarray(variable[...]), dataset[key]
                if variable.dtype == "S1":
                    continue  # compared with what the package makes of them
                kind = object if variable.dtype is str else variable.dtype.newbyteorder("=")
                assert same_values(array.read(), values.reshape(variable.shape).astype(kind)), what
                dims = tuple(dim.rpartition("/")[2] for dim in array.dims)
                assert dims == variable.dimensions, what
                if variable.dtype is not str:
                    fill = variable.getncattr("_FillValue") if "_FillValue" in variable.ncattrs() else None
                    assert (fill is None) == (array.fill_value is None), what
                    assert fill is None or same_values(array.fill_value, np.asarray(fill).astype(kind)[()]), what
                    check_statistics(array, array.read(), what)


def attributes(found):
    """Without what netCDF4 cannot say."""
    return {key: value for key, value in found.items() if key != TYPES}


def check_attributes(one, other, what):
    first, second = attributes(one), attributes(other)
    types = [entry.split(" ", 1) for entry in np.atleast_1d(one.get(TYPES, []))]
    for word, name in types:
        # netCDF4 drops NULs.
        if word == "char":
            first[name] = bytes(first[name].astype("u1")).replace(b"\0", b"").decode()
    assert list(first) == list(second), (what, list(first), list(second))
    for key, value in first.items():
        other_value = second[key]
        if isinstance(value, (str, list)):
            assert value == other_value, (what, key, value, other_value)
        else:
            assert same_values(value, other_value), (what, key, value, other_value)


def check_alike(one, other, wanted):
    names = [name for name in one if name.split("/")[0] in wanted]
    assert sorted(names) == sorted(other)
    for name in names:
        check_attributes(one[name].attrs, other[name].attrs, name)
        assert list(one[name]) == list(other[name]), name
        for key in one[name]:
            a, b = one[name][key], other[name][key]
            what = f"array {key!r} of {name!r}"
            assert (a.dtype, a.dims, a.shape, a.chunks) == (b.dtype, b.dims, b.shape, b.chunks), what
            assert (a.unlimited, a.keep_bits) == (b.unlimited, b.keep_bits), what
            assert (a.fill_value is None) == (b.fill_value is None), what
            assert a.fill_value is None or same_values(a.fill_value, b.fill_value) or a.fill_value == b.fill_value, what
            check_attributes(a.attrs, b.attrs, what)
            assert same_values(a.read(), b.read()), what


def main(path, *files):
    wanted = {pathlib.Path(file).stem for file in files}
    with atlas.Atlas.open(path, mode="r") as store, tempfile.TemporaryDirectory() as folder:
        for file in files:
            check_file(store, file)
        atlas.import_netcdf(files, f"{folder}/store")
        with atlas.Atlas.open(f"{folder}/store", mode="r") as other:
            check_alike(store, other, wanted)


main(*sys.argv[1:])
