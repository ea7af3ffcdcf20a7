"""The rows of labelled files with the place where each stands, so that a person finds it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.errors import DataError
from moderation.labelled import Noticed, cells, check_read, labels_of
from moderation.messages.batch import ReadProblems
from moderation.messages.reading import read

GROUPS = ("group", "voice", "author", "thread", "thread_id", "pair")
"""Columns whose rows belong together: a near-duplicate group, a writer, a conversation, a contrast pair."""

ANNOTATORS = ("annotator", "reviewer")
"""Where the name of who labelled a row is looked for."""

COLUMNS = ("id", "lang", "split", *ANNOTATORS, *GROUPS)


@dataclass(frozen=True)
class Rows:
    """``n`` rows of labelled files; unlike in `moderation.labelled.LabelledRows`, those without any label are here too.

    Attributes:
        files: Names of the files.
        file: ``(n,)`` places in ``files``.
        number: ``(n,)`` the row in its file; the first after a header is 1.
        texts: ``large_string`` array without nulls; empty where there is no text.
        labels: ``(n, categories)`` of 1, 0 and NaN for unknown.
        columns: Of `COLUMNS` and the groups asked for, those the files have: ``(n,)`` object arrays of str, empty for none.
    """

    files: tuple[str, ...]
    file: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    texts: pa.Array
    labels: npt.NDArray[np.float64]
    columns: dict[str, npt.NDArray[np.object_]]

    def __len__(self) -> int:
        return len(self.texts)

    def column(self, name: str) -> npt.NDArray[np.object_]:
        """A column, or empty strings where no file has it."""
        return self.columns.get(name, np.full(len(self), "", object))

    def place(self, row: int) -> str:
        """File and row number, and the row's id if it has one."""
        name = self.column("id")[row]
        return f"{self.files[self.file[row]]}:{self.number[row]}" + (f" ({name})" if name else "")


class Part(NamedTuple):
    """Some rows of one file, and the table they stand in with all columns."""

    rows: Rows
    table: pa.Table


def read_rows(
    inputs: Sequence[str],
    text_column: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    noticed: Noticed | None = None,
) -> Rows:
    """Read labelled files, arguments and formats as in `moderation.labelled.read_labelled`; rows without labels stay.

    Raises:
        DataError: A file without rows or a category column, a label that is none, or a row that cannot be read.
    """
    return join(part.rows for part in read_parts(inputs, text_column, columns=columns, encoding=encoding, noticed=noticed))


def read_parts(
    inputs: Sequence[str],
    text_column: str | None,
    groups: Sequence[str] = (),
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    noticed: Noticed | None = None,
) -> Iterator[Part]:
    """The rows of labelled files batch by batch, with the columns of ``groups`` beside those of `COLUMNS`."""
    counts = Noticed() if noticed is None else noticed
    for name in inputs:
        file, first = name, 0
        problems = ReadProblems()
        for batch in read([name], text_column=text_column, encoding=encoding, problems=problems):
            n = len(batch.texts)
            if n and Path(name).is_dir():
                before, file = file, batch.table.column("path")[0].as_py()
                first = first if file == before else 0
            check_read(batch, file, first, problems, counts)
            numbers = np.arange(first + 1, first + n + 1)
            texts = batch.texts.cast(pa.large_string()).fill_null("")
            found = {column: cells(batch, column) for column in (*COLUMNS, *groups) if column in batch.table.column_names}
            filled = {column: np.array([value or "" for value in values], object) for column, values in found.items()}
            labels = labels_of(batch, file, first, columns)
            yield Part(Rows((file,), np.zeros(n, np.int64), numbers, texts, labels, filled), batch.table)
            first += n
        if not first:
            raise DataError(f"{name}: no rows at all")


def join(parts: Iterable[Rows]) -> Rows:
    """At least one part as one."""
    some = list(parts)
    files = tuple(dict.fromkeys(file for part in some for file in part.files))
    names = dict.fromkeys(name for part in some for name in part.columns)
    return Rows(
        files,
        np.concatenate([np.full(len(part), files.index(part.files[0])) for part in some]),
        np.concatenate([part.number for part in some]),
        pa.concat_arrays([part.texts for part in some]),
        np.concatenate([part.labels for part in some]).reshape(-1, len(CATEGORIES)),
        {name: np.concatenate([part.column(name) for part in some]) for name in names},
    )
