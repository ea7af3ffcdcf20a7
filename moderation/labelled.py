"""Labelled rows: texts with what is known about them, from files of any input format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.errors import DataError
from moderation.messages.batch import Batch
from moderation.messages.json_text import holds_json, plain_texts
from moderation.messages.reading import read

FACETS = ("source", "lang", "channel", "tag", "split", "group", "voice", "pair", "licence_class")
"""Optional columns that say where a row comes from; what they are called is what reports group by."""

_LABELS = dict.fromkeys(("1", "1.0", "true"), 1.0) | dict.fromkeys(("0", "0.0", "false"), 0.0)
_LABELS |= dict.fromkeys(("", "nan", "null", "none"), np.nan)


@dataclass(frozen=True)
class LabelledRows:
    """``n`` texts and their labels.

    Attributes:
        texts: ``large_string`` array, no nulls.
        labels: ``(n, categories)`` of 1, 0 and NaN for unknown.
        weights: ``(n,)`` how much each row counts in training.
        facets: Of `FACETS`, those the files have: ``(n,)`` object arrays of str.
    """

    texts: pa.Array
    labels: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    facets: dict[str, npt.NDArray[np.object_]]

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, keep: npt.NDArray[np.bool_]) -> LabelledRows:
        """The rows where ``keep`` ``(n,)`` is true."""
        places = np.flatnonzero(keep)
        return LabelledRows(
            self.texts.take(pa.array(places)),
            self.labels[places],
            self.weights[places],
            {name: values[places] for name, values in self.facets.items()},
        )

    def facet(self, name: str) -> npt.NDArray[np.object_]:
        """A facet, or empty strings where the files have no such column."""
        return self.facets.get(name, np.full(len(self), "", object))


def read_labelled(inputs: Sequence[str], text_column: str | None = None) -> LabelledRows:
    """Read labelled files: a text and any of the categories as 1, 0 or empty, or ``labels``, a list of those that hold.

    Args:
        inputs: Files in any format `moderation.messages.reading.read` knows.
        text_column: The column with the messages; looked for when omitted.

    Raises:
        DataError: No category column, a label that is none, or no labelled row; the message names column and row.
    """
    parts: list[LabelledRows] = []
    for name in inputs:
        row = 0
        for batch in read([name], text_column=text_column):
            parts.append(_labelled(batch, name, row))
            row += len(batch.texts)
    if not parts or not sum(map(len, parts)):
        raise DataError("no labelled rows: every row lacks a text or all labels")
    names = [facet for facet in FACETS if any(facet in part.facets for part in parts)]
    return LabelledRows(
        pa.concat_arrays([part.texts for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.weights for part in parts]),
        {facet: np.concatenate([part.facet(facet) for part in parts]) for facet in names},
    )


def _labelled(batch: Batch, file: str, first_row: int) -> LabelledRows:
    columns = set(batch.table.column_names)
    n = len(batch.texts)
    if "labels" in columns:
        labels = _from_lists(batch, file, first_row)
    elif columns.isdisjoint(CATEGORIES):
        found = ", ".join(batch.table.column_names)
        raise DataError(f"{file}: no label column; expected any of {', '.join(CATEGORIES)}, or labels. Found: {found}")
    else:
        labels = np.full((n, len(CATEGORIES)), np.nan)
        for place, category in enumerate(CATEGORIES):
            if category in columns:
                cells = _cells(batch, category)
                labels[:, place] = [_label(cell, category, file, row) for row, cell in enumerate(cells, first_row)]
    weights = np.ones(n)
    if "weight" in columns:
        weights[:] = [_weight(cell, file, first_row + row) for row, cell in enumerate(_cells(batch, "weight"))]
    facets = {name: np.array([cell or "" for cell in _cells(batch, name)], object) for name in FACETS if name in columns}
    rows = LabelledRows(batch.texts.cast(pa.large_string()), labels, weights, facets)
    readable = batch.texts.is_valid().to_numpy(zero_copy_only=False)
    return rows.select(readable & ~np.isnan(labels).all(axis=1))


def _cells(batch: Batch, name: str) -> list[str | None]:
    column = batch.table.column(name)
    if holds_json(batch.table.schema.field(name)):
        return plain_texts(column.to_pylist())
    return [None if value is None else str(value) for value in column.to_pylist()]


def _label(cell: str | None, category: str, file: str, row: int) -> float:
    value = _LABELS.get((cell or "").strip().casefold())
    if value is None:
        raise DataError(f"{file}: row {row + 1} has a label in {category} that is not 1, 0 or empty")
    return value


def _weight(cell: str | None, file: str, row: int) -> float:
    try:
        value = float(cell or "1")
    except ValueError:
        value = -1.0
    if not 0 <= value < np.inf:
        raise DataError(f"{file}: row {row + 1} has a weight that is no number from 0 up")
    return value


def _from_lists(batch: Batch, file: str, first_row: int) -> npt.NDArray[np.float64]:
    labels = np.zeros((len(batch.texts), len(CATEGORIES)))
    json_text = holds_json(batch.table.schema.field("labels"))
    for row, cell in enumerate(batch.table.column("labels").to_pylist()):
        held = json.loads(cell) if json_text and cell else cell
        if held is None:
            labels[row] = np.nan
            continue
        if not isinstance(held, list) or not all(name in CATEGORIES for name in held):
            raise DataError(f"{file}: row {first_row + row + 1} has labels that are no list of {', '.join(CATEGORIES)}")
        labels[row, [CATEGORIES.index(category) for category in held]] = 1
    return labels
