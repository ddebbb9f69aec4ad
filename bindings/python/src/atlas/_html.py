"""Representations for notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from ._errors import AtlasError

if TYPE_CHECKING:
    from ._array import Array
    from ._attributes import Attributes
    from ._dataset import DatasetView
    from ._store import Atlas

# A notebook shows so many rows of a table.
_ROWS = 30


def _table(head: Iterable[str], rows: Iterable[Iterable[object]], left_out: int) -> str:
    heads = "".join(f"<th style='text-align:left'>{escape(one)}</th>" for one in head)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    more = f"<div>and {left_out} more</div>" if left_out else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"


def _attributes(attrs: Attributes) -> str:
    if not len(attrs):
        return ""
    return _table(
        ("attribute", "value"), ((key, attrs[key]) for key in list(attrs)[:_ROWS]), max(0, len(attrs) - _ROWS)
    )


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"


def store_html(store: Atlas) -> str:
    try:
        info = store.info()
        listed = store.list_datasets()
    except AtlasError:
        return f"<div>{escape(repr(store))}</div>"
    head = (
        f"<div><b>Atlas</b> {escape(store.path)}: {info.dataset_count} datasets, commit {info.generation}, "
        f"{_bytes(info.live_bytes)}{', unflushed changes' if info.unflushed_changes else ''}</div>"
    )
    rows = ((name, len(store[name]), ", ".join(store[name].list_arrays()[:8])) for name in listed[:_ROWS])
    return head + _table(("dataset", "arrays", ""), rows, max(0, len(listed) - _ROWS))


def dataset_html(dataset: DatasetView) -> str:
    try:
        listed = dataset.list_arrays()
    except AtlasError:
        return f"<div>{escape(repr(dataset))}</div>"
    rows = ((name, *_array_row(dataset[name])) for name in listed[:_ROWS])
    table = _table(("array", "type", "shape", "min", "max"), rows, max(0, len(listed) - _ROWS))
    return f"<div><b>Dataset</b> {escape(dataset.name)}: {len(listed)} arrays</div>{table}{_attributes(dataset.attrs)}"


def _array_row(array: Array) -> tuple[object, ...]:
    stats = array.stats
    shape = ", ".join(f"{dim}: {extent}" for dim, extent in zip(array.dims, array.shape, strict=True))
    low, high = ("", "") if stats is None or stats.min is None else (stats.min, stats.max)
    return array.dtype_name, shape, low, high


def array_html(array: Array) -> str:
    try:
        kind, shape, low, high = _array_row(array)
        filtered = f", {array.filter}" if array.filter != "none" else ""
        kept = f", {array.keep_bits} bits kept" if array.keep_bits else ""
        codec = f"{array.codec} {array.level}{' with shuffle' if array.shuffle else ''}{filtered}{kept}"
        rows = [
            ("type", kind),
            ("shape", shape),
            ("chunks", " × ".join(map(str, array.chunks))),
            ("codec", codec if array.pack else f"{codec}, not packed"),
            ("fill value", array.fill_value),
            ("min", low),
            ("max", high),
        ]
    except AtlasError:
        return f"<div>{escape(repr(array))}</div>"
    return f"<div><b>Array</b> {escape(array.name)}</div>{_table(('', ''), rows, 0)}{_attributes(array.attrs)}"
