"""Labelled rows: texts with what is known about them, from files of any input format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.categories import CATEGORIES
from moderation.errors import DataError
from moderation.messages.batch import Batch, ReadProblems
from moderation.messages.columns import listed
from moderation.messages.json_text import holds_json, plain_texts
from moderation.messages.reading import read

Floats = npt.NDArray[np.float64]

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
    labels: Floats
    weights: Floats
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


@dataclass
class Noticed:
    """What people should hear about files that were read nevertheless; grows while batches are read.

    Attributes:
        no_text: Rows left out for want of a text, blank ones too.
        no_label: Rows left out that have a text but no label.
        damaged: Rows that are learnt from although bytes of their text are not in the file's encoding.
        first: File and row of the first row without a text, and of the first damaged one, by name of the count.
    """

    no_text: int = 0
    no_label: int = 0
    damaged: int = 0
    first: dict[str, str] = field(default_factory=dict)

    def count(self, what: str, rows: npt.NDArray[np.bool_], file: str, first_row: int) -> None:
        """Add the rows ``(n,)`` of a batch that begins at ``first_row``."""
        if rows.any():
            setattr(self, what, getattr(self, what) + int(rows.sum()))
            self.first.setdefault(what, f"{file} row {first_row + int(np.argmax(rows)) + 1}")


def read_labelled(
    inputs: Sequence[str],
    text_column: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    noticed: Noticed | None = None,
) -> LabelledRows:
    """All rows of `read_batches` at once; see there.

    Raises:
        DataError: As there, or there is no labelled row at all.
    """
    return concatenated(list(read_batches(inputs, text_column, columns=columns, encoding=encoding, noticed=noticed)))


def concatenated(parts: Sequence[LabelledRows]) -> LabelledRows:
    """Several lots of rows as one, with the facets that any of them has."""
    names = [facet for facet in FACETS if any(facet in part.facets for part in parts)]
    return LabelledRows(
        pa.concat_arrays([part.texts for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.weights for part in parts]),
        {facet: np.concatenate([part.facet(facet) for part in parts]) for facet in names},
    )


def read_batches(
    inputs: Sequence[str],
    text_column: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    noticed: Noticed | None = None,
) -> Iterator[LabelledRows]:
    """Read labelled files a batch at a time.

    A row has a text and any of the categories as 1, 0 or empty, or ``labels``, a list of those that hold.

    Args:
        inputs: Files in any format `moderation.messages.reading.read` knows.
        text_column: The column with the messages; looked for when omitted.
        columns: Where a category's labels are, if not in the column of its name.
        encoding: Of text files without a byte order mark.
        noticed: Counts rows that people should hear about.

    Raises:
        DataError: No category column, a label that is none, a row that cannot be read, or a file without a labelled row; the
            message says file, row and column, and what to do.
    """
    counts = Noticed() if noticed is None else noticed
    for name in inputs:
        row = labelled = 0
        problems = ReadProblems()
        for batch in read([name], text_column=text_column, encoding=encoding, problems=problems):
            check_read(batch, name, row, problems, counts)
            rows = _labelled(batch, name, row, columns or {}, counts)
            row += len(batch.texts)
            labelled += len(rows)
            yield rows
        if not row:
            raise DataError(f"{name}: no labelled rows: the file has no rows at all")
        if not labelled:
            raise DataError(f"{name}: no labelled rows: every row lacks a text or all labels. Write 1 or 0 in a category column")


def check_read(batch: Batch, file: str, first_row: int, problems: ReadProblems, noticed: Noticed) -> None:
    """Count texts that are damaged, in a batch that begins at ``first_row`` of a labelled file.

    Raises:
        DataError: Only a part of some row could be read: nobody labelled what is left of it.
    """
    if batch.unreadable.any():
        row = first_row + int(np.argmax(batch.unreadable)) + 1
        raise DataError(f"{file}: row {row} cannot be read: broken JSON, or a quote that never closes. Mend or delete it")
    if problems.replaced_sequences:
        damaged = pc.match_substring(batch.texts, "\ufffd").fill_null(False).to_numpy(zero_copy_only=False)
        noticed.count("damaged", damaged, file, first_row)


def _labelled(batch: Batch, file: str, first_row: int, mapped: Mapping[str, str], noticed: Noticed) -> LabelledRows:
    columns = set(batch.table.column_names)
    labels = labels_of(batch, file, first_row, mapped)
    weights = np.ones(len(labels))
    if "weight" in columns:
        weights[:] = [_weight(cell, file, first_row + row) for row, cell in enumerate(cells(batch, "weight"))]
    facets = {name: np.array([cell or "" for cell in cells(batch, name)], object) for name in FACETS if name in columns}
    rows = LabelledRows(batch.texts.cast(pa.large_string()), labels, weights, facets)
    readable = pc.not_equal(pc.utf8_trim_whitespace(batch.texts), "").fill_null(False).to_numpy(zero_copy_only=False)
    told = ~np.isnan(labels).all(axis=1)
    noticed.count("no_text", ~readable, file, first_row)
    noticed.count("no_label", readable & ~told, file, first_row)
    return rows.select(readable & told)


def labels_of(batch: Batch, file: str, first_row: int, mapped: Mapping[str, str] | None = None) -> Floats:
    """Labels of a batch, ``(n, categories)`` of 1, 0 and NaN for unknown.

    Args:
        batch: Rows of a labelled file.
        file: What errors call it.
        first_row: How many rows of the file come before.
        mapped: Where a category's labels are, if not in the column of its name.

    Raises:
        DataError: There is no category column, or a label that is none.
    """
    mapped = mapped or {}
    columns = set(batch.table.column_names)
    wanted = {category: mapped.get(category, category) for category in CATEGORIES}
    missing = [column for column in mapped.values() if column not in columns]
    if missing or (columns.isdisjoint(wanted.values()) and "labels" not in columns):
        lacks = f"no column {missing[0]}" if missing else f"no label column; expected any of {', '.join(CATEGORIES)}, or labels"
        raise DataError(
            f"{file}: {lacks}. Found: {listed(batch.table.column_names)}. Say where labels are with --label CATEGORY=COLUMN"
        )
    if "labels" in columns and not mapped:
        return _from_lists(batch, file, first_row)
    labels = np.full((len(batch.texts), len(CATEGORIES)), np.nan)
    for place, column in enumerate(wanted.values()):
        if column in columns:
            labels[:, place] = _labels(batch, column, file, first_row)
    return labels


def cells(batch: Batch, name: str) -> list[str | None]:
    """A column of any type as texts, None where it has none."""
    column = batch.table.column(name)
    if holds_json(batch.table.schema.field(name)):
        return plain_texts(column.to_pylist())
    return [None if value is None else str(value) for value in column.to_pylist()]


def _labels(batch: Batch, column: str, file: str, first_row: int) -> Floats:
    """A column of labels ``(n,)``: each distinct cell is looked at once, since most of a million are the same few."""
    if f"{column}_2" in batch.table.column_names:
        raise DataError(f"{file}: the column {column} is there twice. Rename the one that holds no labels")
    coded = pa.array(cells(batch, column), pa.string()).dictionary_encode()  # in the order in which they come first
    codes = coded.indices.fill_null(len(coded.dictionary)).to_numpy()
    firsts = dict(zip(*np.unique(codes, return_index=True), strict=True))
    distinct = enumerate(coded.dictionary.to_pylist())
    values: Floats = np.array([*(label(cell, column, file, first_row + firsts[code]) for code, cell in distinct), np.nan])[codes]
    return values


def label(cell: str | None, column: str, file: str, row: int) -> float:
    """What a cell of a label column says: 1, 0 or NaN for unknown; `DataError` where it says something else."""
    value = _LABELS.get((cell or "").strip().casefold())
    if value is None:
        raise DataError(
            f"{file}: row {row + 1} has a label in {column} that is not 1, 0 or empty. "
            "Write 1 for yes, 0 for no, and leave it empty where nobody looked"
        )
    return value


def _weight(cell: str | None, file: str, row: int) -> float:
    try:
        value = float(cell or "1")
    except ValueError:
        value = -1.0
    if not 0 <= value < np.inf:
        raise DataError(f"{file}: row {row + 1} has a weight that is no number from 0 up. Leave it empty for 1")
    return value


def _from_lists(batch: Batch, file: str, first_row: int) -> Floats:
    labels = np.zeros((len(batch.texts), len(CATEGORIES)))
    for row, cell in enumerate(batch.table.column("labels").to_pylist()):
        held = _parsed(cell) if isinstance(cell, str) else cell
        if held is None:
            labels[row] = np.nan
            continue
        if not isinstance(held, list) or not all(name in CATEGORIES for name in held):
            raise DataError(
                f"{file}: row {first_row + row + 1} has labels that are no list of {', '.join(CATEGORIES)}. "
                'Write a list as in JSON, ["spam"], or give each category a column of 1 and 0'
            )
        labels[row, [CATEGORIES.index(category) for category in held]] = 1
    return labels


def _parsed(cell: str) -> object:
    """What JSON in a cell says, None in an empty one; the cell itself where it is no JSON."""
    try:
        return json.loads(cell) if cell.strip() else None
    except (ValueError, RecursionError):
        return cell
