"""NetCDF files into a store and out of it, value by value as they are."""

from __future__ import annotations

import contextlib
import math
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import _chars
from ._array import Array
from ._attributes import Attributes
from ._chars import Chars
from ._conventions import (
    CALENDAR,
    DIM_LENGTHS,
    DIMS,
    QUANTIZED,
    RESERVED,
    TYPES,
    UNITS,
    UNLIMITED,
    fill_of,
    set_attribute,
    unlimited_of,
)
from ._errors import AlreadyExists, AtlasError, Corrupt, NotFound, Unsupported
from ._netcdf3 import check_size
from ._store import Atlas
from ._text import path_of
from ._types import STRING, element_type

if TYPE_CHECKING:
    import netCDF4

Path: TypeAlias = "str | os.PathLike[str]"

_PLAIN = np.dtype("i1")

# Memory for the values that are on their way.
_SLAB_BYTES = 32 << 20
# And for those that a store opened for an import has not written yet.
_BUFFER_BYTES = 128 << 20


# ---- Into a store ----


def import_netcdf(
    paths: Path | Iterable[Path],
    store: Atlas | Path,
    *,
    name: Callable[[str], str] | None = None,
    skip_unsupported: bool = False,
    progress: bool = False,
) -> list[str]:
    """Add NetCDF files to a store, each as a dataset, in one commit. Needs ``atlas-store[netcdf]``.

    Values, types, attributes and the shapes of chunks are those of the file; nothing is masked, scaled or decoded.
    `_FillValue` becomes the fill value of an array. A group becomes a dataset of its own, with "/" in its name.
    Characters become text, and ``_atlas_`` attributes say how to make characters of it again. Variables are read a
    part at a time.

    Parameters
    ----------
    paths : path or iterable of paths
        The files.
    store : Atlas or path
        The store, or where it is; it is made if there is none.
    name : callable, optional
        Gives the name of a file's dataset; by default that of the file, without folders and extension.
    skip_unsupported : bool
        Leave out variables and attributes of types that a store has none for (enum, compound, opaque, variable
        length), with a warning. By default they are an error.
    progress : bool
        Show a bar, if there is tqdm.

    Returns
    -------
    list of str
        The names of the datasets that were added.

    Raises
    ------
    Corrupt
        A file is damaged, truncated, or no NetCDF file.
    AlreadyExists
        Two files, or a file and a dataset that is there, have one name.
    Unsupported
        A variable or an attribute is of a type that a store has none for.

    The text names the file, and the store then is as it was.
    """
    files = [path_of(one) for one in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    if isinstance(store, Atlas):
        return _import(files, store, name, skip_unsupported, progress)
    path = path_of(store)
    there = os.path.isdir(path) and bool(os.listdir(path))
    if there:
        opened = Atlas.open(path, mode="r+", write_buffer_bytes=_BUFFER_BYTES)
    else:
        opened = Atlas.create(path, write_buffer_bytes=_BUFFER_BYTES)
    with opened:
        return _import(files, opened, name, skip_unsupported, progress)


def _import(
    files: list[str], store: Atlas, name: Callable[[str], str] | None, skip_unsupported: bool, progress: bool
) -> list[str]:
    named: dict[str, str] = {}
    for file in files:
        one = _stem(file) if name is None else name(file)
        if one in named:
            raise AlreadyExists(
                f"files {named[one]!r} and {file!r} would both be dataset {one!r}: give them names by name="
            )
        if store.dataset_exists(one):
            raise AlreadyExists(f"file {file!r}: the store has a dataset {one!r}")
        named[one] = file
    made: list[str] = []
    try:
        for dataset, file in _with_bar(list(named.items()), progress):
            _import_file(file, dataset, store, skip_unsupported, made)
    except BaseException:
        for dataset in made:
            store.delete_dataset(dataset)
        raise
    store.flush()
    return made


def _stem(file: str) -> str:
    return os.path.splitext(os.path.basename(file))[0]


def _with_bar(items: list[tuple[str, str]], progress: bool) -> Iterable[tuple[str, str]]:
    if progress:
        with contextlib.suppress(ImportError):
            from tqdm.auto import tqdm

            bar: Iterable[tuple[str, str]] = tqdm(items, unit="file")
            return bar
    return items


def _import_file(file: str, dataset: str, store: Atlas, skip_unsupported: bool, made: list[str]) -> None:
    import netCDF4

    check_size(file)
    importer = _Importer(file, store, skip_unsupported)
    try:
        # netCDF4 leaves out variables of types that it cannot read, and only warns.
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            opened = netCDF4.Dataset(file)
        with opened:
            for one in said:
                lost = re.search(r"variable '(.*)' has unsupported datatype", str(one.message))
                if lost:
                    importer.unsupported(f"variable {lost[1]!r} is of a type that netCDF4 cannot read, such as opaque")
            opened.set_auto_maskandscale(False)
            opened.set_auto_chartostring(False)
            for name, group in _groups(dataset, opened):
                importer.group(group, name, made)
    except Corrupt:
        raise
    except AtlasError as failure:
        failure.args = (f"file {file!r}: {failure.text}",)
        raise
    except (OSError, RuntimeError, IndexError, ValueError) as failure:
        raise Corrupt(f"file {file!r} is damaged, or no NetCDF file: {failure}") from failure
    if importer.skipped:
        warnings.warn(f"file {file!r}: left out {', '.join(importer.skipped)}", UserWarning, stacklevel=5)


def _groups(name: str, group: netCDF4.Dataset) -> Iterator[tuple[str, netCDF4.Dataset]]:
    yield name, group
    for key, below in group.groups.items():
        yield from _groups(f"{name}/{key}", below)


class _Importer:
    """Writes what is in a group of a file."""

    def __init__(self, file: str, store: Atlas, skip_unsupported: bool) -> None:
        self.file = file
        self.store = store
        self.skipped: list[str] = []
        self.skip_unsupported = skip_unsupported

    def group(self, group: netCDF4.Dataset, name: str, made: list[str]) -> None:
        view = self.store.create_dataset(name)
        made.append(name)
        self.attributes(group, view.attrs, "")
        # Arrays of numbers say it themselves: whether there will be others, and their dimensions, is not known yet.
        said = {one.dimensions[0] for one in group.variables.values() if _is_number(one) and _grows(one, group)}
        unlimited = [key for key, dim in group.dimensions.items() if dim.isunlimited() and key not in said]
        if unlimited:
            view.attrs[UNLIMITED] = unlimited
        used = {key for variable in group.variables.values() for key in variable.dimensions}
        loose = {
            key: len(dim)
            for key, dim in group.dimensions.items()
            if key not in used or any(key in above and len(above[key]) == len(dim) for above in _above(group))
        }
        if loose:
            view.attrs[DIMS] = list(loose)
            view.attrs[DIM_LENGTHS] = np.array(list(loose.values()), "i8")
        for key, variable in group.variables.items():
            self.variable(variable, key, name, _grows(variable, group))

    def unsupported(self, what: str) -> None:
        if not self.skip_unsupported:
            raise Unsupported(f"{what}, which a store has none for; skip_unsupported=True leaves it out")
        self.skipped.append(what)

    def attributes(self, of: Any, attributes: Attributes, what: str, without: Sequence[str] = ()) -> None:
        for key in of.ncattrs():
            if key in without:
                continue
            value = None
            with contextlib.suppress(KeyError):
                # Latin-1 gives every byte, of which the text is made.
                value = of.getncattr(key, encoding="latin-1")
            if value is None or getattr(value, "dtype", _PLAIN).kind in "OV":
                self.unsupported(f"{what}attribute {key!r} is of a user-defined type")
            else:
                set_attribute(attributes, key, _texts(value))

    def variable(self, variable: netCDF4.Variable[Any], name: str, dataset: str, grows: bool) -> None:
        kind = _user_type(variable)
        if kind is not None:
            return self.unsupported(f"variable {name!r} is of the type {kind}")
        attrs = {key: None for key in variable.ncattrs()}
        dims, shape = variable.dimensions, variable.shape
        chunks = variable.chunking()
        wanted = [max(1, one) for one in chunks] if isinstance(chunks, list) and chunks else None
        fill = None
        if "_FillValue" in attrs:
            value = _texts(variable.getncattr("_FillValue", encoding="latin-1"))
            left = {"_FillValue": value}
            if variable.dtype is str or getattr(value, "dtype", None) == variable.dtype:
                fill = fill_of(np.dtype(object) if variable.dtype is str else variable.dtype, left)
        chars = None
        if variable.dtype == "S1":
            for _, values in _parts(variable, dims, shape, 1, None):
                chars = _chars.choose(dims, values, chars)
            chars = chars or _chars.choose(dims, np.empty(shape, "S1"))
            if chars.dim:
                dims, shape, wanted = dims[:-1], shape[:-1], wanted and wanted[:-1]
        type_name = element_type(_stored_type(variable, chars)).name
        unlimited = grows if dims else None
        view = self.store[dataset]
        said = _kept_bits(variable)
        for keep_bits in [None] if said is None else [said, None]:
            array = view.define_array(
                name, type_name, dims, shape, wanted, fill, unlimited=unlimited, keep_bits=keep_bits
            )
            # A variable may have other values than it says: they stay what they are.
            if self.values(variable, array, chars):
                break
            view.delete_array(name)
        self.attributes(variable, array.attrs, f"variable {name!r}: ", () if fill is None else ("_FillValue",))
        if chars is not None:
            for key, value in chars.attributes().items():
                array.attrs[key] = value

    def values(self, variable: netCDF4.Variable[Any], array: Array, chars: Chars | None) -> bool:
        """Write the values of a variable, up to the first part that the array rounds; whether it has all as they are."""
        size = 32 if variable.dtype is str else variable.dtype.itemsize
        rounds, rank = array.keep_bits is not None, len(array.dims)
        for start, values in _parts(variable, variable.dimensions, variable.shape, size, array.chunks):
            if chars is not None:
                start = start[:rank]
                values = chars.texts(values)
            array.write(values, start)
            if rounds and array.read(start, values.shape).tobytes() != values.astype(array.dtype).tobytes():
                return False
        return True


def _kept_bits(variable: netCDF4.Variable[Any]) -> int | None:
    """What `QUANTIZED` says of a variable of floats, where an array of them can have as many bits."""
    if not _is_number(variable) or variable.dtype.kind != "f" or QUANTIZED not in variable.ncattrs():
        return None
    bits = variable.getncattr(QUANTIZED)
    if getattr(bits, "dtype", None) != np.int32 or bits.ndim:
        return None
    return int(bits) if 1 <= bits <= np.finfo(variable.dtype).nmant else None


def _is_number(variable: netCDF4.Variable[Any]) -> bool:
    return _user_type(variable) is None and variable.dtype is not str and variable.dtype != "S1"


def _grows(variable: netCDF4.Variable[Any], group: netCDF4.Dataset) -> bool:
    """Whether the first dimension of a variable is an unlimited one of its own group."""
    dims = variable.get_dims()
    return bool(dims) and dims[0].isunlimited() and dims[0].group().path == group.path


def _above(group: netCDF4.Dataset) -> Iterator[dict[str, netCDF4.Dimension]]:
    """The dimensions of the groups above a group, the nearest first."""
    parent = group.parent
    while parent is not None:
        yield parent.dimensions
        parent = parent.parent


def _stored_type(variable: netCDF4.Variable[Any], chars: Chars | None) -> np.dtype[Any]:
    if chars is not None:
        return np.dtype("u1") if chars.encoding is None else np.dtype(object)
    return np.dtype(object) if variable.dtype is str else variable.dtype


def _user_type(variable: netCDF4.Variable[Any]) -> str | None:
    """The name of a type that NetCDF's users define; None for any other."""
    import netCDF4

    datatype = variable.datatype
    if datatype is str or isinstance(datatype, np.dtype):
        return None
    for kind, word in (
        (netCDF4.EnumType, "enum"),
        (netCDF4.CompoundType, "compound"),
        (netCDF4.VLType, "vlen"),
    ):
        if isinstance(datatype, kind):
            return None if variable.dtype is str else f"{word} {datatype.name!r}"
    return "opaque"


def _texts(value: Any) -> Any:
    """Texts of which each byte was read as a character of Latin-1."""
    if isinstance(value, str):
        raw = value.encode("latin-1")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return value
    return [_texts(one) for one in value] if isinstance(value, list) else value


def _slabs(shape: Sequence[int], itemsize: int, chunks: Sequence[int] | None) -> Iterator[tuple[slice, ...]]:
    """Parts of a shape, of a bounded size, of whole chunks where a part has room for one."""
    if not shape:
        yield ()
        return
    if 0 in shape:
        return
    chunk = 1 if chunks is None else min(chunks[0], shape[0])
    rows = _SLAB_BYTES // (math.prod(shape[1:]) * itemsize)
    if rows < chunk and len(shape) > 1:
        for row in range(0, shape[0], chunk):
            end = min(row + chunk, shape[0])
            for below in _slabs(shape[1:], itemsize * (end - row), None if chunks is None else chunks[1:]):
                yield (slice(row, end), *below)
        return
    rows = max(rows // chunk * chunk, min(rows, chunk), 1)
    for row in range(0, shape[0], rows):
        yield (slice(row, min(row + rows, shape[0])), *(slice(0, extent) for extent in shape[1:]))


def _parts(
    variable: netCDF4.Variable[Any], dims: Sequence[str], shape: Sequence[int], size: int, chunks: Sequence[int] | None
) -> Iterator[tuple[list[int], NDArray[Any]]]:
    is_text = variable.dtype == "S1" and bool(dims)
    # A text is read whole.
    cut, itemsize = (shape[:-1], max(1, shape[-1])) if is_text else (shape, size)
    if is_text and not shape[-1]:
        yield [0] * len(shape), np.empty(shape, "S1")
        return
    for slab in _slabs(cut, itemsize, chunks):
        key = (*slab, slice(0, shape[-1])) if is_text else slab
        values = np.asarray(variable[key] if key else variable[...])
        extents = [one.stop - one.start for one in key]
        if list(values.shape) != extents:
            values = values.reshape(extents)
        yield [one.start for one in key], values


# ---- Out of a store ----


def export_netcdf(
    store: Atlas,
    dataset: str,
    path: Path,
    *,
    overwrite: bool = False,
    level: int = 1,
    skip_unsupported: bool = False,
) -> None:
    """Write a dataset to a NetCDF-4 file, and those below it, with "/" in their names, as groups of it.

    Needs ``atlas-store[netcdf]``. Chunks have the shapes that they have in the store, and are shuffled and deflated.
    What NetCDF lacks is written as: float16 as float32, truth values as bytes with the attribute ``dtype = "bool"``,
    times as int64 with units; what `import_netcdf` made text of is characters again. The file appears when it is
    complete.

    Parameters
    ----------
    store : Atlas
        The store.
    dataset : str
        The dataset.
    path : path
        The file.
    overwrite : bool
        Replace a file that is there.
    level : int
        Of the deflation, 0 (none) to 9.
    skip_unsupported : bool
        Leave out what NetCDF has nothing for, with a warning: complex numbers, an array with "/" in its name, and one
        that gives a dimension another extent than one before it. By default it is an error.

    Raises
    ------
    NotFound
        There is no such dataset.
    AlreadyExists
        There is a file.
    Unsupported
        NetCDF has nothing for an array or an attribute.
    """
    import netCDF4

    target = path_of(path)
    if not overwrite and os.path.exists(target):
        raise AlreadyExists(f"there is a file {target!r}: overwrite=True replaces it")
    names = [name for name in store if name == dataset or name.startswith(f"{dataset}/")]
    if not names:
        raise NotFound(f"store {store.path!r} has no dataset {dataset!r}, nor any below it")
    exporter = _Exporter(store, level, skip_unsupported)
    handle, draft = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", dir=os.path.dirname(target))
    os.close(handle)
    try:
        with netCDF4.Dataset(draft, "w", format="NETCDF4") as file:
            for name in sorted(names, key=lambda one: one.count("/")):
                below = name[len(dataset) :].strip("/")
                if any(part in ("", ".", "..") for part in below.split("/")) and below:
                    raise Unsupported(f"dataset {name!r} is no path of groups")
                exporter.dataset(name, file.createGroup(below) if below else file)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(draft, 0o666 & ~mask)
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise
    if exporter.skipped:
        warnings.warn(f"file {target!r}: left out {', '.join(exporter.skipped)}", UserWarning, stacklevel=2)


class _Exporter:
    """Writes datasets to groups of a file."""

    def __init__(self, store: Atlas, level: int, skip_unsupported: bool) -> None:
        self.store = store
        self.level = level
        self.skip_unsupported = skip_unsupported
        self.skipped: list[str] = []
        # Dimensions that may grow, of the datasets so far.
        self.growing: set[str] = set()

    def unsupported(self, what: str) -> None:
        if not self.skip_unsupported:
            raise Unsupported(f"{what}; skip_unsupported=True leaves it out")
        self.skipped.append(what)

    def dataset(self, name: str, group: netCDF4.Dataset) -> None:
        view = self.store[name]
        unlimited = unlimited_of(self.store, name)
        self.growing.update(unlimited)
        attrs = dict(view.attrs)
        named = attrs.get(DIMS, [])
        for dim, extent in zip([named] if isinstance(named, str) else named, np.atleast_1d(attrs.get(DIM_LENGTHS, []))):
            group.createDimension(dim, None if dim in unlimited else int(extent))
        attrs = {key: value for key, value in attrs.items() if key not in RESERVED}
        self.attributes(group, attrs, f"dataset {name!r}")
        for key in view:
            array = view[key]
            what = f"array {key!r} of dataset {name!r}"
            if array.dtype.kind == "c":
                self.unsupported(f"{what} is of {array.dtype}, and NetCDF has no complex numbers")
            elif "/" in key:
                self.unsupported(f"{what} has '/' in its name")
            elif any("/" in dim for dim in array.dims):
                self.unsupported(f"{what} has a dimension that another of its name hides, which netCDF4 cannot write")
            else:
                self.array(array, group, unlimited, what)

    def attributes(self, target: Any, attrs: dict[str, Any], what: str) -> None:
        for key, value in attrs.items():
            array = np.asarray(value)
            if array.dtype.kind == "c":
                self.unsupported(f"attribute {key!r} of {what} is complex, which NetCDF has not")
            elif isinstance(value, (str, list)):
                if isinstance(value, list):
                    target.setncattr_string(key, value)
                else:
                    target.setncattr(key, value)
            elif array.dtype.kind == "M":
                target.setncattr(key, np.datetime_as_string(array).tolist())
            elif array.dtype.kind == "b":
                target.setncattr(key, array.astype("i1"))
            else:
                target.setncattr(key, array.astype("f4") if array.dtype == "f2" else array)

    def array(self, array: Array, group: netCDF4.Dataset, unlimited: list[str], what: str) -> None:
        info = array._info()
        attrs = dict(array.attrs)
        attrs.pop(TYPES, None)
        chars = Chars.of(attrs, is_text=info.kind is STRING)
        dims, shape, chunks = array.dims, info.shape, info.chunks
        fill = array.fill_value
        kind: Any = str if info.kind is STRING else info.kind.numpy
        if chars is not None:
            kind = np.dtype("S1")
            if chars.dim:
                dims, shape, chunks = (*dims, chars.dim), (*shape, chars.length), (*chunks, chars.length)
            text = attrs.pop("_FillValue", None)
            fill = None if text is None else chars.value(text) or b"\0"
        elif info.kind.numpy.kind == "M":
            attrs |= {"units": UNITS, "calendar": CALENDAR}
            kind, fill = np.dtype("i8"), None if fill is None else fill.astype("i8")
        elif info.kind.numpy.kind == "b":
            attrs["dtype"] = "bool"
            kind, fill = np.dtype("i1"), None if fill is None else np.int8(fill)
        elif info.kind.numpy == "f2":
            kind, fill = np.dtype("f4"), None if fill is None else np.float32(fill)
        if info.keep_bits is not None:
            attrs[QUANTIZED] = np.int32(info.keep_bits)
        for dim, extent in zip(dims, shape, strict=True):
            found = _dimension(group, dim)
            if found is not None and len(found) == extent:
                continue
            # What may grow has no cells until the first array is written.
            if found is not None and found.isunlimited() and len(found) == 0 and dim in self.growing:
                continue
            if found is not None and dim in group.dimensions:
                return self.unsupported(f"{what} has {extent} cells along {dim!r}, and an array before it {len(found)}")
            group.createDimension(dim, None if dim in unlimited else extent)
        chunks = tuple(
            chunk if (found := _dimension(group, dim)) is not None and found.isunlimited() else min(chunk, extent)
            for dim, chunk, extent in zip(dims, chunks, shape, strict=True)
        )
        options: dict[str, Any] = {}
        if dims and 0 not in chunks:
            options["chunksizes"] = chunks
            if kind is not str and self.level:
                options |= {"compression": "zlib", "complevel": self.level, "shuffle": True}
        variable = group.createVariable(array.name, kind, dims, fill_value=fill, **options)
        variable.set_auto_maskandscale(False)
        variable.set_auto_chartostring(False)
        self.attributes(variable, attrs, what)
        for slab in _slabs(info.shape, 32 if info.kind is STRING else info.kind.numpy.itemsize, info.chunks):
            values = array.read([one.start for one in slab], [one.stop - one.start for one in slab])
            if chars is not None:
                values = chars.chars(values, what)
            elif info.kind is not STRING:
                values = values.view("i8") if values.dtype.kind == "M" else values.astype(kind, copy=False)
            key = (*slab, slice(0, chars.length)) if chars is not None and chars.dim else slab
            if values.size:
                variable[key if key else ...] = values if values.ndim else values[()]


def _dimension(group: netCDF4.Dataset, name: str) -> netCDF4.Dimension | None:
    """A dimension that a group or one above it has."""
    above: netCDF4.Dataset | None = group
    while above is not None:
        if name in above.dimensions:
            return above.dimensions[name]
        above = above.parent
    return None
