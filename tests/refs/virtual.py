"""virtual.py PARSER FOLDER MEMBERS FILE...: VirtualiZarr finds in the references what was written, and so does Icechunk of
what VirtualiZarr writes: each file, and the datasets of the folder MEMBERS as one. PARSER is the file of the parser,
which needs nothing else of this project."""

import importlib.util
import pathlib
import sys
import tempfile
import warnings

import icechunk
import numpy as np
import xarray as xr
from obspec_utils.registry import ObjectStoreRegistry
from obstore.store import LocalStore
from virtualizarr import open_virtual_dataset

import read
from read import Expected, check, dataset_of, same_but_nan


def parser_of(file):
    spec = importlib.util.spec_from_file_location("parser", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ReferencesParser()


def as_zarr(expected, parser, registry, file):
    """Every array of a file, through VirtualiZarr's own store."""
    store = parser(f"file://{file}", registry)
    dataset = xr.open_zarr(store, consolidated=False, zarr_format=3, decode_cf=False)
    for name, values, _ in expected.of(dataset_of(file)):
        check(f"VirtualiZarr: {name}", same_but_nan(dataset[name].values, values))


def as_references(expected, parser, registry, file):
    """Virtual variables written as references by others, and read without VirtualiZarr."""
    url = f"file://{file}"
    load = parser.loadable_variables(url, registry)
    virtual = open_virtual_dataset(url, registry=registry, parser=parser, loadable_variables=load)
    names = {name for name, _, _ in expected.of(dataset_of(file))}
    check(f"VirtualiZarr: all variables of {file}", set(virtual.variables) == names)
    keep = [name for name in sorted(names) if name not in load]
    check(f"VirtualiZarr: {len(keep)} of {len(names)} have ranges", len(keep) > 0)
    return virtual, keep


def write_icechunk(virtual, prefix, folder):
    config = icechunk.RepositoryConfig.default()
    config.set_virtual_chunk_container(icechunk.VirtualChunkContainer(prefix, icechunk.local_filesystem_store("/")))
    repository = icechunk.Repository.create(icechunk.local_filesystem_storage(str(folder)), config,
                                            authorize_virtual_chunk_access={prefix: None})
    session = repository.writable_session("main")
    virtual.vz.to_icechunk(session.store)
    session.commit("references")
    return xr.open_zarr(repository.readonly_session("main").store, consolidated=False, zarr_format=3, decode_cf=False)


def as_parquet(expected, virtual, dataset, folder):
    """Virtual variables written as references in Parquet files, and read without VirtualiZarr.

    Not those of rank 0, for which kerchunk looks for metadata that it has not written yet, nor texts, whose codec
    VirtualiZarr does not write for version 2. The protocol is said, as fsspec would look for it in the file of the first
    variable, which one that was never written has not.
    """
    names = [name for name, variable in virtual.variables.items() if variable.ndim > 0 and variable.dtype.kind in "biufc"]
    virtual[names].vz.to_kerchunk(str(folder), format="parquet")
    found = xr.open_dataset(str(folder), engine="kerchunk", decode_times=False, mask_and_scale=False,
                            storage_options={"remote_protocol": "file"})
    for name, values, _ in expected.of(dataset):
        if name in names:
            check(f"Parquet: {name}", same_but_nan(found[name].values, values))


def as_one(expected, parser, registry, folder, scratch, members):
    """The same array of several files, put together without a look at its values."""
    names = []
    parts = []
    for file in sorted(pathlib.Path(members).iterdir()):
        names.append(dataset_of(file))
        url = f"file://{file}"
        load = parser.loadable_variables(url, registry)
        parts.append(open_virtual_dataset(url, registry=registry, parser=parser, loadable_variables=load)[["tas"]])
    whole = xr.concat(parts, "dataset", coords="minimal", compat="override", join="override", combine_attrs="override")
    found = write_icechunk(whole, f"file://{folder}/", pathlib.Path(scratch, "whole"))
    values = np.stack([next(v for n, v, _ in expected.of(name) if n == "tas") for name in names])
    check(f"Icechunk: {len(names)} datasets as one", len(names) > 2 and same_but_nan(found["tas"].values, values))


def main(parser, folder, members, *files):
    warnings.simplefilter("ignore")
    expected, parser = Expected(folder), parser_of(parser)
    registry = ObjectStoreRegistry({"file://": LocalStore()})
    for file in files:
        as_zarr(expected, parser, registry, file)
    with tempfile.TemporaryDirectory() as scratch:
        for number, file in enumerate(files):
            virtual, keep = as_references(expected, parser, registry, file)
            found = write_icechunk(virtual[keep], f"file://{folder}/", pathlib.Path(scratch, str(number)))
            for name, values, _ in expected.of(dataset_of(file)):
                if name in keep:
                    check(f"Icechunk: {name}", same_but_nan(found[name].values, values))
            as_parquet(expected, virtual[keep], dataset_of(file), pathlib.Path(scratch, f"{number}.parq"))
        as_one(expected, parser, registry, folder, scratch, members)
    print(f"{read.passed} passed, {read.failed} failed")
    return read.failed == 0 and read.passed > 0


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
