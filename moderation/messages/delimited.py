"""CSV and TSV: the `csv` module, guarded against what it does with quotes that never close.

The module alone reads on to the next quote, however far away, and swallows every row in between. Here a cell that spans
lines has to be well-formed: what follows its closing quote is a delimiter or the line's end, within `MAX_QUOTED_LINES` and
`MAX_QUOTED_CHARACTERS`. Otherwise the line that opened the quote is a row of its own, marked unreadable, and reading goes on
with the next line. On a single line anything goes, as with the module. Blank lines are no rows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from moderation.errors import DataError
from moderation.limits import MAX_COLUMNS, MAX_LINE_CHARACTERS, MAX_QUOTED_CHARACTERS, MAX_QUOTED_LINES
from moderation.messages.arrays import strings
from moderation.messages.batch import Batch, Source
from moderation.messages.columns import find_text, free_names
from moderation.messages.decoding import line_batches

DELIMITERS = (",", ";", "\t", "|")
"""Spreadsheets write ``;`` where the comma is the decimal sign, as it is in Indonesian."""

_QUOTED = re.compile(r'"[^"]*"')
_UNCLOSED = "unexpected end of data"  # what `csv` says in strict mode
_FEWEST_LINES = 16


def delimiter_of(header: str, usual: str) -> str:
    """The delimiter that a header has most of, outside quotes; the usual one when it has none."""
    bare = _QUOTED.sub("", header)
    best = max(DELIMITERS, key=lambda delimiter: (bare.count(delimiter), delimiter == usual))
    return best if best in bare else usual


def read(source: Source, usual: str) -> Iterator[Batch]:
    """Read a header and the rows below it; all columns are strings.

    Args:
        source: Where to read.
        usual: The delimiter of a header that has none.

    Yields:
        Batches; one without rows for a header alone.

    Raises:
        DataError: The header is none, or no column can be taken for the messages.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_CHARACTERS))
    records: _Records | None = None
    header: _Header | None = None
    lines: list[str] = []
    yielded = False
    for last, more in _with_last(line_batches(source, "")):
        lines += more
        records = records or _Records(delimiter_of(next((line for line in lines if line.strip()), ""), usual))
        rows, broken, used = records.split(lines, last)
        del lines[:used]
        if header is None and rows:
            header = _Header.of(rows[0], source)
            del rows[0]
            broken = [row - 1 for row in broken if row]
        for start in range(0, len(rows), source.batch_rows):
            part = rows[start : start + source.batch_rows]
            marked = [row - start for row in broken if 0 <= row - start < len(part)]
            yield _batch(part, marked, header, records.delimiter, source)  # type: ignore[arg-type]
            yielded = True
    if header is not None and records is not None and not yielded:
        yield _batch([], [], header, records.delimiter, source)


def _with_last(batches: Iterator[list[str]]) -> Iterator[tuple[bool, list[str]]]:
    """Tell beside each batch whether it is the last."""
    held = next(batches, None)
    while held is not None:
        coming = next(batches, None)
        yield coming is None, held
        held = coming


class _Header(NamedTuple):
    names: list[str]
    text: int

    @classmethod
    def of(cls, cells: list[str], source: Source) -> _Header:
        if len(cells) > MAX_COLUMNS:
            raise DataError(f"{source.name}: a header of {len(cells):,} columns; the most is {MAX_COLUMNS:,}")
        return cls(free_names(cells), find_text(cells, source.text_column, source.name))


def _batch(rows: list[list[str]], broken: list[int], header: _Header, delimiter: str, source: Source) -> Batch:
    width = len(header.names)
    unreadable = np.zeros(len(rows), np.bool_)
    unreadable[broken] = True
    even: list[list[str | None]] = rows  # type: ignore[assignment]
    for number, row in enumerate(rows):
        if len(row) != width:
            even[number] = [*row[: width - 1], delimiter.join(row[width - 1 :])] if len(row) > width else _filled(row, width)
            source.problems.ragged_rows += not unreadable[number]
    source.problems.unreadable_rows += len(broken)
    columns = [strings(cells) for cells in zip(*even, strict=True)] if even else [strings([])] * width
    texts = columns[header.text]
    if broken:
        texts = strings([None if lost else row[header.text] for row, lost in zip(even, unreadable, strict=True)])
    return Batch(pa.Table.from_arrays(columns, names=header.names), texts, unreadable)


def _filled(row: list[str], width: int) -> list[str | None]:
    return [*row, *[None] * (width - len(row))]


class _Records:
    """Lines to rows of cells."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        # Halved by every quote that never closes, so that a file full of them is not read a thousand times over.
        self.patience = MAX_QUOTED_LINES

    def split(self, lines: list[str], last: bool) -> tuple[list[list[str]], list[int], int]:
        """Split lines into rows.

        Args:
            lines: What is left over from before and what came.
            last: No lines will follow.

        Returns:
            The rows, which of them are unreadable, and how many lines are done with.
        """
        rows: list[list[str]] = []
        broken: list[int] = []
        start = 0
        while start < len(lines):
            window = lines[start : start + self.patience]
            done, trouble = self._take(window, rows)
            start += done
            if trouble is None:
                self.patience = MAX_QUOTED_LINES
                continue
            if trouble == _UNCLOSED:
                if done:
                    continue  # the next window begins with the open record
                size = sum(map(len, window))
                short = len(window) == 1 or (len(window) < self.patience and size <= MAX_QUOTED_CHARACTERS)
                if short and not last:
                    break  # the next batch may close it
                self.patience = max(self.patience // 2, _FEWEST_LINES)
            row, is_open = self._alone(lines[start])
            if is_open:
                broken.append(len(rows))
            rows.append(row)
            start += 1
        return rows, broken, start

    def _take(self, window: list[str], rows: list[list[str]]) -> tuple[int, str | None]:
        """Append the rows of a window up to the first trouble; tell how many lines they took and what the trouble is."""
        try:
            plain = list(csv.reader(window, delimiter=self.delimiter, strict=True))
            if len(plain) == len(window):
                rows.extend(filter(None, plain))
                return len(window), None
        except csv.Error:
            pass
        reader = csv.reader(window, delimiter=self.delimiter, strict=True)
        done = 0
        try:
            for row in reader:
                if reader.line_num - done > 1 and sum(map(len, row)) > MAX_QUOTED_CHARACTERS:
                    return done, "too long"
                if row:
                    rows.append(row)
                done = reader.line_num
        except csv.Error as error:
            return done, str(error)
        return done, None

    def _alone(self, line: str) -> tuple[list[str], bool]:
        """Read a line by itself; tell whether it leaves a quote open."""
        reader = csv.reader([line.rstrip("\r\n"), ""], delimiter=self.delimiter)
        row = next(reader)
        return row, reader.line_num > 1
