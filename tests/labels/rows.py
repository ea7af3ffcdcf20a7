"""Rows of labelled files, made up."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.labels.rows import Rows

UNKNOWN = float("nan")


def make_rows(said: list[tuple], category: str = "abusive", files: tuple[str, ...] = ("a.csv",), **columns: list[str]) -> Rows:
    """Rows from (text, label of the category) or (text, label, place of the file)."""
    labels = np.full((len(said), len(CATEGORIES)), np.nan)
    labels[:, CATEGORIES.index(category)] = [row[1] for row in said]
    return Rows(
        files,
        np.array([row[2] if len(row) > 2 else 0 for row in said], np.int64),
        np.arange(1, len(said) + 1),
        pa.array([row[0] for row in said], pa.large_string()),
        labels,
        {name: np.array(values, object) for name, values in columns.items()},
    )
