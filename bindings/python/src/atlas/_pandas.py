"""Attributes and statistics of all datasets as a table of pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from ._store import Atlas


def to_pandas(store: Atlas, arrays: Iterable[str] | None) -> pd.DataFrame:
    """See `Atlas.to_pandas`."""
    listed = store.list_datasets()
    wanted = None if arrays is None else list(arrays)
    rows: list[dict[str, Any]] = []
    for name in listed:
        dataset = store.open_dataset(name)
        row: dict[str, Any] = dict(dataset.attrs)
        for array in dataset if wanted is None else (one for one in wanted if one in dataset):
            stats = dataset[array].stats
            if stats is not None:
                row[f"{array}.min"] = stats.min
                row[f"{array}.max"] = stats.max
                row[f"{array}.row_count"] = stats.row_count
                row[f"{array}.null_count"] = stats.null_count
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(listed, dtype="str", name="dataset"))
