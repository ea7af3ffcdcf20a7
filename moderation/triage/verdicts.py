"""Verdicts as `moderation score` writes them, JSONL, CSV or Parquet, back into rows.

Apart from `moderation.messages.reading`, which takes any file of messages apart and keeps every cell as it was: here the
format is our own, a row that does not have it is named and left out, and a million rows shall not take long.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from moderation.categories import CATEGORIES
from moderation.errors import DataError, NoInputError, OutputError
from moderation.limits import MAX_LINE_CHARACTERS
from moderation.messages.arrays import scrub
from moderation.messages.columns import FACT_NAMES, VERDICT_COLUMNS, find_text
from moderation.messages.times import parse_time
from moderation.policy import Action

IDENTIFYING = ("id", "path", "time")
"""With one of these filled in, two equal rows are one message; without, two that stand at different places are two."""

SHOWN_PROBLEMS = 10
_P = [f"p_{category}" for category in CATEGORIES]
_ACTIONS = frozenset(Action.__members__)
_CATEGORIES = frozenset(CATEGORIES)


class Verdict(NamedTuple):
    """One row: what was judged, and how."""

    text: str
    author: str | None
    thread: str | None
    sent: int | None
    channel: str | None
    lang: str | None
    probabilities: tuple[float, ...]
    flags: tuple[str, ...]
    action: str
    status: str
    model: str
    columns: str  # every input column but the text, as a JSON object with its keys in order
    place: str  # what tells it from an equal row: empty, or the number of the row


@dataclass
class Problems:
    """Rows that are no verdicts: how many, and where the first of them are."""

    bad: int = 0
    first: list[str] = field(default_factory=list)

    def note(self, source: str, row: int, reason: str) -> None:
        """Count a row."""
        self.bad += 1
        if len(self.first) < SHOWN_PROBLEMS:
            self.first.append(f"{source}: row {row}: {reason}")


@dataclass(frozen=True)
class Columns:
    """Names of columns to take instead of those in `FACT_NAMES`; None looks for them."""

    text: str | None = None
    author: str | None = None
    thread: str | None = None
    time: str | None = None


class _BadRow(Exception):  # noqa: N818
    pass


def read_verdicts(inputs: Sequence[str], columns: Columns, problems: Problems) -> Iterator[Verdict]:
    """Read files of verdicts; ``-`` is standard input. Rows without a text or that are no verdict are counted and left out.

    Raises:
        NoInputError: An input is not there. All are looked for before the first is read.
        DataError: An input cannot be understood.
        OutputError: Reading failed half-way.
    """
    for name in inputs:
        if name != "-" and not Path(name).is_file():
            raise NoInputError(f"{name}: no such file")
    return (verdict for name in inputs for verdict in _read_one(name, columns, problems))


def _read_one(name: str, columns: Columns, problems: Problems) -> Iterator[Verdict]:
    source = "standard input" if name == "-" else scrub(name)
    header = _Header(source, columns)
    with _opened(name, source) as stream:
        for number, row in enumerate(_rows(source, stream), 1):
            try:
                yield header.verdict(row, number)
            except _BadRow as error:
                problems.note(source, number, str(error))


@contextmanager
def _opened(name: str, source: str) -> Iterator[BinaryIO]:
    try:
        if name == "-":
            yield sys.stdin.buffer
        else:
            with Path(name).open("rb") as stream:
                yield stream
    except OSError as error:
        raise OutputError(f"{source}: {error.strerror or 'reading failed'}") from None


def _rows(source: str, stream: BinaryIO) -> Iterator[object]:
    """The rows of a file as dicts, or as something else where a row is none."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    head = buffered.peek(64)
    if not head:
        return iter(())
    if head.startswith(b"PAR1"):
        return _parquet(source, stream)
    if head.startswith(BOM_UTF8):
        buffered.read(len(BOM_UTF8))
    if head.removeprefix(BOM_UTF8).lstrip().startswith(b"{"):
        return _json_lines(buffered)
    return _delimited(source, buffered)


def _json_lines(stream: BinaryIO) -> Iterator[object]:
    decode = json.JSONDecoder(parse_constant=_refuse).decode
    for line in stream:
        if line.isspace():
            continue
        try:
            yield decode(line.decode())
        except (ValueError, RecursionError):
            yield None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _delimited(source: str, stream: BinaryIO) -> Iterator[object]:
    before = csv.field_size_limit(MAX_LINE_CHARACTERS)
    text = io.TextIOWrapper(stream, "utf-8", errors="replace", newline="")
    try:
        first = text.readline()
        delimiter = "\t" if "\t" in first else ","
        header = next(csv.reader([first], delimiter=delimiter), [])
        if not set(_P) <= set(header):
            raise DataError(f"{source} holds no verdicts: make them with moderation score")
        for row in csv.reader(text, delimiter=delimiter):
            if row:
                yield dict(zip(header, row, strict=True)) if len(row) == len(header) else None
    except csv.Error:
        raise DataError(f"{source}: not valid CSV") from None
    finally:
        text.detach()
        csv.field_size_limit(before)


def _parquet(source: str, stream: BinaryIO) -> Iterator[object]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(stream if stream.seekable() else pa.BufferReader(stream.read()))
        if not set(_P) <= set(file.schema_arrow.names):
            raise DataError(f"{source} holds no verdicts: make them with moderation score")
        for batch in file.iter_batches(batch_size=5_000):
            names = batch.schema.names
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield dict(zip(names, cells, strict=True))
    except pa.ArrowException:
        raise DataError(f"{source}: damaged Parquet file") from None


class _Layout(NamedTuple):
    """Which keys of a row hold what; None where none does."""

    text: str
    author: str | None
    thread: str | None
    time: str | None
    channel: str | None
    lang: str | None
    identifying: tuple[str, ...]


class _Header:
    """Rows of one file to verdicts. Rows of JSONL may differ in their keys, so it is asked anew for each set of them."""

    def __init__(self, source: str, columns: Columns) -> None:
        self._source = source
        self._columns = columns
        self._layouts: dict[tuple[str, ...], _Layout] = {}

    def verdict(self, row: object, number: int) -> Verdict:
        if not isinstance(row, dict):
            raise _BadRow("cannot be read")
        keys = tuple(row)
        layout = self._layouts.get(keys)
        if layout is None:
            layout = self._layouts[keys] = self._layout(keys)
        try:
            probabilities = tuple([float(row.pop(name)) for name in _P])
            flags, action, status, model = row.pop("flags"), row.pop("action"), row.pop("status"), row.pop("model")
            row.pop("priority")  # without the author's history and the time it has waited
        except (KeyError, ValueError, TypeError):
            raise _BadRow("has no verdict") from None
        for p in probabilities:
            if not 0 <= p <= 1:
                raise _BadRow("has no verdict")
        if not isinstance(status, str) or not isinstance(model, str):
            raise _BadRow("has no verdict")
        if action not in _ACTIONS:
            raise _BadRow("has no action")
        text = row.pop(layout.text, None)
        if not isinstance(text, str):
            raise _BadRow("has no text")
        sent = None if layout.time is None else parse_time(row[layout.time])
        identified = sent is not None or any(row[name] not in (None, "") for name in layout.identifying)
        return Verdict(
            _clean(text),
            None if layout.author is None else _name(row[layout.author]),
            None if layout.thread is None else _name(row[layout.thread]),
            sent,
            None if layout.channel is None else _name(row[layout.channel]),
            None if layout.lang is None else _name(row[layout.lang]),
            probabilities,
            _flags(flags),
            action,
            status,
            model,
            _encode(row),
            "" if identified else str(number),
        )

    def _layout(self, keys: tuple[str, ...]) -> _Layout:
        originals = [key for key in keys if key not in VERDICT_COLUMNS]
        try:
            text = originals[find_text(originals, self._columns.text, self._source)]
        except DataError:
            raise _BadRow("has no column of messages") from None
        others = {key.strip().casefold(): key for key in reversed(originals) if key != text}
        found: dict[str, str | None] = {}
        for part, names in FACT_NAMES.items():
            wanted = getattr(self._columns, part, None)
            found[part] = next((others[name] for name in names if name in others), None)
            if wanted is not None:
                found[part] = wanted if wanted in originals else None
        return _Layout(text, **found, identifying=tuple(name for name in IDENTIFYING if name in originals))


_encode = json.JSONEncoder(sort_keys=True, default=str, separators=(",", ":")).encode  # ASCII: no surrogate, no NUL


def _clean(text: str) -> str:
    """Text that every database can hold."""
    if not text.isascii():
        text = scrub(text)
    return text.replace("\0", "\ufffd")


def _name(cell: object) -> str | None:
    if type(cell) is not str:
        if cell is None or isinstance(cell, bool | dict | list):
            return None
        cell = str(cell)
    return _clean(cell.strip()) or None


def _flags(cell: object) -> tuple[str, ...]:
    names = cell.split(";") if isinstance(cell, str) else cell
    if not names:
        return ()
    flags = tuple(filter(None, names)) if isinstance(names, list) else ("",)
    if not _CATEGORIES.issuperset(flags):
        raise _BadRow("has flags that are no categories")
    return flags
