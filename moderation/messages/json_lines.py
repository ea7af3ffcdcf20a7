"""JSONL and JSON: each value is kept as the JSON text it was, so that it leaves as it came.

A line is an object or a string, which counts as a message. A line that is neither, or no JSON, or nested too deeply, or holds
NaN is an unreadable row, which has the line itself, cut at `MAX_RAW_CHARACTERS`, in the messages' column: all is kept and
no column comes and goes. Of keys that an object repeats the last one counts, as everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from moderation.errors import DataError
from moderation.limits import MAX_BATCH_CELLS, MAX_COLUMNS, MAX_RAW_CHARACTERS
from moderation.messages.arrays import scrub, strings
from moderation.messages.batch import Batch, Source
from moderation.messages.columns import find_text, free_name
from moderation.messages.decoding import line_batches, whole_document
from moderation.messages.json_text import json_field, plain_texts

_BLANK = r"[ \t\r\n]*+"
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
_KEY = re.compile(rf"{_BLANK}({_STRING}){_BLANK}:{_BLANK}")
_STOP = re.compile(rf"{_BLANK}([,}}\]])")
_MEMBER = re.compile(rf"{_BLANK}({_STRING}){_BLANK}:{_BLANK}({_STRING}|{_NUMBER}|true|false|null){_BLANK}([,}}])")
_SKIP = re.compile(_BLANK)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# Numbers are not converted: their text is what is kept, and an integer of 5,000 digits would be an error.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=str, parse_int=str)


def read_lines(source: Source) -> Iterator[Batch]:
    """Read JSONL.

    Raises:
        DataError: No key of the first batch can be taken for the messages.
    """
    rows = _Rows(source)
    for lines in line_batches(source, "\n"):
        for line in lines:
            text = line.strip(" \t\r\n")
            if text and not (source.columns_only and rows.brings_nothing_new(text)):
                rows.add_line(text)
            if rows.cells >= MAX_BATCH_CELLS:
                yield rows.batch()
        if rows.n:
            yield rows.batch()


def read_document(source: Source) -> Iterator[Batch]:
    """Read one JSON document: an array of objects and strings, or one of them.

    Raises:
        DataError: It is too long or no JSON, or no key of the first batch can be taken for the messages. What could be read of it
            comes first.
    """
    text = whole_document(source)
    rows = _Rows(source)
    try:
        for _ in _elements(text, rows):
            if rows.n == source.batch_rows or rows.cells >= MAX_BATCH_CELLS:
                yield rows.batch()
    except (ValueError, RecursionError) as error:
        if rows.n:
            yield rows.batch()
        reason = "nested too deeply" if isinstance(error, RecursionError) else "no valid JSON"
        raise DataError(f"{source.name}: {reason}, after {rows.total:,} rows") from None
    if rows.n:
        yield rows.batch()


def _elements(text: str, rows: _Rows) -> Iterator[None]:
    """Add one row after the other; yields in between."""
    end = _skip(text, 0)
    if end == len(text):
        return
    if text[end] != "[":
        end = rows.add_element(text, end)
        yield
    else:
        end = _skip(text, end + 1)
        if text[end : end + 1] == "]":
            end += 1
        else:
            stop = ","
            while stop == ",":
                end, stop = _stop(text, rows.add_element(text, _skip(text, end)))
                yield
            if stop != "]":
                raise ValueError("no end")
    if _skip(text, end) != len(text):
        raise ValueError("more after the end")


def _skip(text: str, position: int) -> int:
    return _SKIP.match(text, position).end()  # type: ignore[union-attr]


def _stop(text: str, position: int) -> tuple[int, str]:
    match = _STOP.match(text, position)
    if match is None:
        raise ValueError("no end")
    return match.end(), match[1]


def _value(text: str, position: int) -> int:
    """Check a JSON value of any kind and return its end."""
    return _DECODER.raw_decode(text, position)[1]


def _members(text: str, position: int) -> tuple[dict[str, str], int]:
    """The raw keys and values of the object that begins at `position`, and its end.

    Raises:
        ValueError: It is no JSON object.
        RecursionError: It is nested too deeply.
    """
    members: dict[str, str] = {}
    if text[position] != "{":
        raise ValueError("no object")
    position += 1
    stop = ","
    while stop == ",":
        if simple := _MEMBER.match(text, position):
            key, members[key], stop = simple.groups()
            position = simple.end()
        elif name := _KEY.match(text, position):
            end = _value(text, name.end())
            # Line ends between the parts of a value would break the line it is written to.
            members[name[1]] = text[name.end() : end].replace("\n", " ").replace("\r", " ")
            position, stop = _stop(text, end)
        elif not members:
            position, stop = _stop(text, position)
            if stop == ",":
                raise ValueError("no key")
        else:
            raise ValueError("no key")
    if stop != "}":
        raise ValueError("no end")
    return members, position


class _Rows:
    """Collects the rows of a batch; the columns stay from batch to batch."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.total = 0
        self._names: dict[str, str] = {}  # raw key -> column
        self._originals: dict[str, str] = {}  # key -> column
        self._text: str | None = None
        self._start()

    def _start(self) -> None:
        self._rows: list[dict[str, str]] = []
        self._loose: dict[int, str] = {}  # rows that are no objects: what goes to the messages' column
        self._unreadable: list[int] = []

    @property
    def n(self) -> int:
        """Rows collected for the batch to come."""
        return len(self._rows)

    @property
    def cells(self) -> int:
        """Of the batch to come."""
        return len(self._rows) * len(self._names)

    def brings_nothing_new(self, line: str) -> bool:
        """Whether a line is seen at a glance to hold no key but those that came up in earlier batches."""
        if self._text is None:
            return False
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and value.keys() <= self._originals.keys()

    def add_line(self, line: str) -> None:
        """Add what one line of JSONL holds."""
        try:
            if line[0] == "{":
                members, end = _members(line, 0)
            else:
                end = _value(line, 0)
        except (ValueError, RecursionError):
            end = 0
        if end != len(line):
            self._add_unreadable(line)
        elif line[0] == "{":
            self._add(members, line)
        else:
            self._add_other(line)

    def add_element(self, text: str, position: int) -> int:
        """Add the value at `position` of a document and return its end.

        Raises:
            ValueError: It is no JSON.
            RecursionError: It is nested too deeply.
        """
        if text[position : position + 1] == "{":
            members, end = _members(text, position)
            self._add(members, text[position:end])
            return end
        end = _value(text, position)
        self._add_other(text[position:end])
        return end

    def batch(self) -> Batch:
        """Hand over what was collected and begin anew."""
        text = self._text_column()
        if self.source.columns_only:
            self._start()
        columns: dict[str, list[str | None]] = {}
        for raw, name in self._names.items():
            cells = [row.get(raw) for row in self._rows]
            if name in columns:  # one key, spelt in two ways
                cells = [old if new is None else new for old, new in zip(columns[name], cells, strict=True)]
            columns[name] = cells
        messages = columns.setdefault(text, [None] * self.n)
        for row, raw in self._loose.items():
            messages[row] = raw
        texts = plain_texts(messages)
        unreadable = np.zeros(self.n, np.bool_)
        for row in self._unreadable:
            unreadable[row], texts[row] = True, None
        self.source.problems.unreadable_rows += len(self._unreadable)
        schema = pa.schema([json_field(name) for name in columns])
        table = pa.Table.from_arrays([strings(cells) for cells in columns.values()], schema=schema)
        self._start()
        return Batch(table, strings(texts), unreadable)

    def _text_column(self) -> str:
        if self._text is None:
            keys = list(self._originals)
            if keys:
                key = keys[find_text([scrub(key) for key in keys], self.source.text_column, self.source.name)]
            else:  # no objects so far; one that comes later shares the column
                key = self.source.text_column or "text"
                self._know(json.dumps(key), key)
            self._text = self._originals[key]
        return self._text

    def _add(self, members: dict[str, str], raw: str) -> None:
        """Add an object; it is unreadable when there is no room for its keys."""
        if not members.keys() <= self._names.keys():
            unknown = [key for key in members if key not in self._names]
            if len(self._names) + len(unknown) > MAX_COLUMNS:
                self._add_unreadable(raw)
                return
            for key in unknown:
                self._know(key, json.loads(key))
        self._rows.append(members)
        self.total += 1

    def _know(self, raw: str, key: str) -> None:
        if key not in self._originals:
            self._originals[key] = free_name(scrub(key), self._originals.values())
        self._names[raw] = self._originals[key]

    def _add_other(self, raw: str) -> None:
        if raw[0] == '"':
            self._add_loose(raw)
        else:
            self._add_unreadable(raw)

    def _add_unreadable(self, raw: str) -> None:
        self._unreadable.append(self.n)
        self._add_loose(json.dumps(raw[:MAX_RAW_CHARACTERS], ensure_ascii=False))

    def _add_loose(self, raw: str) -> None:
        self._loose[self.n] = raw
        self._rows.append({})
        self.total += 1
