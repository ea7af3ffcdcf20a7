"""Labels that two readers of this project gave to real messages of a public source.

``data/annotations/<source>.csv`` holds no text, only a key for each message: a file of public messages may not be copied
into the project, but what we think of them may.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from moderation.categories import CATEGORIES
from moderation.errors import DataError
from moderation.text.ngrams import fold

COLUMNS = ("key", *CATEGORIES, "reader_1", "reader_2")
"""``key`` of `text_key`; the labels 1, 0 or empty; what each reader said, as letters of `LETTERS` or ``-`` for none."""

LETTERS = dict(zip("ATXHS", CATEGORIES, strict=True))


def text_key(text: str) -> str:
    """Name of a message that survives case, spacing and disguise: 16 hex digits of the SHA-256 of its folded text."""
    return folded_key(fold(text))


def folded_key(folded: str) -> str:
    """`text_key` of a text that is already folded."""
    return hashlib.sha256(folded.encode()).hexdigest()[:16]


def read_annotations(path: Path) -> pd.DataFrame:
    """An annotation file as a table with `COLUMNS`, labels as nullable Int8.

    Raises:
        DataError: Columns, keys or values are not as they should be.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if tuple(table.columns) != COLUMNS:
        raise DataError(f"{path.name}: columns must be {','.join(COLUMNS)}")
    if not table["key"].str.fullmatch("[0-9a-f]{16}").all() or table["key"].duplicated().any():
        raise DataError(f"{path.name}: keys are 16 hex digits, each once")
    for category in CATEGORIES:
        if not table[category].isin(["0", "1", ""]).all():
            raise DataError(f"{path.name}: {category} must be 0, 1 or empty")
        table[category] = pd.to_numeric(table[category], errors="coerce").astype("Int8")
    for reader in ("reader_1", "reader_2"):
        if not table[reader].str.fullmatch(f"-|[{''.join(LETTERS)}]+").all():
            raise DataError(f"{path.name}: {reader} must be letters of {''.join(LETTERS)} or -")
    return table


def annotate(rows: pd.DataFrame, annotations: pd.DataFrame) -> pd.DataFrame:
    """Put annotated labels on the rows of a source (columns ``folded``, ``read``, ``weight`` and the labels).

    What a reader decided goes before what the source or its declaration says, and counts in full.
    """
    rows = rows.copy()
    found = annotations.set_index("key").reindex(rows["folded"].map(folded_key))
    found.index = rows.index
    read = found[list(CATEGORIES)].notna().any(axis=1)
    for category in CATEGORIES:
        rows[category] = found[category].fillna(rows[category]).astype("Int8")
    rows.loc[read, "weight"] = 1.0
    rows["read"] = read
    return rows
