"""xarray's own tests of a backend that follows CF, on the engine "atlas"."""

import contextlib
import tempfile
import warnings
from pathlib import Path

import atlas
import pytest
import xarray as xr

with warnings.catch_warnings():
    # Marks of xarray's that are not declared here.
    warnings.simplefilter("ignore", pytest.PytestUnknownMarkWarning)
    from xarray.tests.test_backends import CFEncodedBase, open_example_dataset

from atlas._xarray_store import AtlasDataStore, Held

# The tests of xarray ask for this; no other test is to be warned.
xr.set_options(warn_for_unclosed_files=False)


@pytest.fixture(params=["s", "ms", "us", "ns"])
def time_unit(request):
    return request.param


@pytest.fixture(params=[False, True])
def use_dask(request):
    return request.param


@pytest.mark.filterwarnings("default")
class TestAtlas(CFEncodedBase):
    engine = "atlas"

    # Makes the tests of unsigned bytes run, which NetCDF-3 lacks.
    file_format = "NETCDF4"

    # Calls no backend, only Iris.
    test_coordinate_variables_after_iris_roundtrip = None

    def test_roundtrip_example_1_netcdf(self):
        # As xarray's own, which asks for a package "netcdf" that there is none of.
        with open_example_dataset("example_1.nc") as expected, self.roundtrip(expected) as actual:
            xr.testing.assert_equal(expected, actual)

    @contextlib.contextmanager
    def create_store(self):
        with tempfile.TemporaryDirectory() as folder, atlas.Atlas.create(Path(folder) / "store") as store:
            store.create_dataset("data")
            yield AtlasDataStore(Held(store), "data", store.path)

    def save(self, dataset, path, mode="w", **kwargs):
        with atlas.Atlas.create(path, overwrite=True) if mode == "w" else atlas.Atlas.open(path) as store:
            dataset.atlas.write(store, "data", mode="x" if mode == "w" else "a", **kwargs)
