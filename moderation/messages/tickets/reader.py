"""Ticket exports to batches: one row a message, by default those that customers wrote and can see.

What is no ticket, or no JSON, is a row marked unreadable, which has the JSON, cut at `MAX_RAW_CHARACTERS`, in place of its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping

import numpy as np
import pyarrow as pa

from moderation.errors import DataError
from moderation.limits import MAX_BATCH_CHARACTERS, MAX_RAW_CHARACTERS
from moderation.messages.arrays import strings
from moderation.messages.batch import Batch, Source
from moderation.messages.decoding import line_batches, whole_document
from moderation.messages.tickets import zendesk
from moderation.messages.tickets.part import Part, Person, Ticket, objects_at, text_at
from moderation.messages.tickets.shapes import PAGES, parts_of, unwrapped

_SKIP = re.compile(r"[ \t\r\n]*+")


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# Numbers stay text: they are ids, and an integer of 5,000 digits would be an error.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=str, parse_int=str)


def read_lines(source: Source) -> Iterator[Batch]:
    """Read tickets or answers of an interface, one a line."""
    rows = _Rows(source)
    for lines in line_batches(source, "\n"):
        for line in map(str.strip, lines):
            try:
                value = _DECODER.decode(line) if line else {"users": []}
            except (ValueError, RecursionError):
                value = None
            for item, people in _items(value):
                yield from rows.add(item, people, line)
    yield from rows.rest()


def read_document(source: Source) -> Iterator[Batch]:
    """Read one JSON document: a ticket, a list of them or an answer of an interface; one ticket is in memory at a time.

    Raises:
        DataError: It is too long or no JSON. What could be read of it comes first.
    """
    text = whole_document(source)
    rows = _Rows(source)
    try:
        for item, people, start, end in _document(text):
            yield from rows.add(item, people, text[start : min(end, start + MAX_RAW_CHARACTERS)])
    except (ValueError, RecursionError) as error:
        yield from rows.rest()
        reason = "nested too deeply" if isinstance(error, RecursionError) else "no valid JSON"
        raise DataError(f"{source.name}: {reason}, after {rows.total:,} rows") from None
    yield from rows.rest()


def _items(value: object) -> Iterator[tuple[object, Mapping[str, Person]]]:
    """What a decoded value holds: the elements of a page, or itself."""
    if not isinstance(value, dict) or not _is_page(value):
        yield value, {}
        return
    people = _people(value)
    for key in PAGES:
        for item in value[key] if isinstance(value.get(key), list) else ():
            yield item, people


def _is_page(value: Ticket) -> bool:
    return "id" not in value and any(isinstance(value.get(key), list) for key in (*PAGES, "users"))


def _people(page: Ticket) -> dict[str, Person]:
    return {number: zendesk.person(user) for user in objects_at(page, "users") if (number := text_at(user, "id"))}


def _document(text: str) -> Iterator[tuple[object, Mapping[str, Person], int, int]]:
    """What a document holds, who wrote it, and where in the text it is.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    start = _skip(text, 0)
    if text.startswith("[", start):
        end = yield from _elements(text, start, {})
    else:
        # The lists of a page are passed over first and read later, as the users may come last.
        page, places, end = _outline(text, start)
        if _is_page(page):
            people = _people(page)
            for key in PAGES:
                if isinstance(page.get(key), list):
                    yield from _elements(text, places[key], people)
        else:
            yield _DECODER.raw_decode(text, start)[0], {}, start, end
    if _skip(text, end) != len(text):
        raise ValueError("more after the end")


def _outline(text: str, start: int) -> tuple[Ticket, dict[str, int], int]:
    """An object without the elements of its `PAGES`, where its values begin, and its end."""
    outline: Ticket = {}
    places: dict[str, int] = {}
    position, stop = start, text[start : start + 1]
    if stop != "{":
        raise ValueError("no object")
    if text.startswith("}", _skip(text, start + 1)):
        return outline, places, _skip(text, start + 1) + 1
    while stop != "}":
        key, position = _DECODER.raw_decode(text, _skip(text, position + 1))
        position = _skip(text, position)
        if not isinstance(key, str) or not text.startswith(":", position):
            raise ValueError("no key")
        places[key] = _skip(text, position + 1)
        if key in PAGES and text.startswith("[", places[key]):
            outline[key] = []
            position = _end_of(_elements(text, places[key], {}))
        else:
            outline[key], position = _DECODER.raw_decode(text, places[key])
        position = _skip(text, position)
        stop = text[position : position + 1]
        if stop not in ("}", ","):
            raise ValueError("no end")
    return outline, places, position + 1


def _elements(
    text: str, start: int, people: Mapping[str, Person]
) -> Generator[tuple[object, Mapping[str, Person], int, int], None, int]:
    """The elements of the array at `start`; returns its end."""
    position, stop = start, ","
    if text.startswith("]", _skip(text, start + 1)):
        return _skip(text, start + 1) + 1
    while stop != "]":
        place = _skip(text, position + 1)
        value, end = _DECODER.raw_decode(text, place)
        yield value, people, place, end
        position = _skip(text, end)
        stop = text[position : position + 1]
        if stop not in ("]", ","):
            raise ValueError("no end")
    return position + 1


def _end_of(elements: Generator[object, None, int]) -> int:
    while True:
        try:
            next(elements)
        except StopIteration as stop:
            end: int = stop.value
            return end


def _skip(text: str, position: int) -> int:
    return _SKIP.match(text, position).end()  # type: ignore[union-attr]


class _Rows:
    """Collects messages until they fill a batch."""

    def __init__(self, source: Source) -> None:
        self.total = 0
        self._source = source
        self._start()

    def _start(self) -> None:
        self._parts: list[Part] = []
        self._unreadable: list[int] = []
        self._size = 0

    def add(self, value: object, people: Mapping[str, Person], raw: str) -> Iterator[Batch]:
        """Add the messages of a ticket, given as JSON too; yields batches that are full."""
        ticket = unwrapped(value) if isinstance(value, dict) else {}
        parts = parts_of(ticket)
        if parts is None:
            self._unreadable.append(len(self._parts))
            yield from self._add(Part(role=None, kind=None, text=raw[:MAX_RAW_CHARACTERS]))
            return
        for part in parts(ticket, people):
            if self._source.options.include_agents or (part.role == "customer" and part.kind == "message"):
                yield from self._add(part)

    def rest(self) -> Iterator[Batch]:
        """What was collected since the last batch."""
        if self._parts:
            yield self._batch()

    def _add(self, part: Part) -> Iterator[Batch]:
        self._parts.append(part if part.thread_id else part._replace(thread_id=self._source.name))
        self._size += len(part.text or "")
        self.total += 1
        if len(self._parts) == self._source.batch_rows or self._size > MAX_BATCH_CHARACTERS:
            yield self._batch()

    def _batch(self) -> Batch:
        columns = {name: strings(cells) for name, cells in zip(Part._fields, zip(*self._parts, strict=True), strict=True)}
        unreadable = np.zeros(len(self._parts), np.bool_)
        unreadable[self._unreadable] = True
        texts = columns["text"]
        if self._unreadable:
            texts = strings([None if bad else part.text for part, bad in zip(self._parts, unreadable, strict=True)])
        self._source.problems.unreadable_rows += len(self._unreadable)
        self._start()
        return Batch(pa.Table.from_arrays(list(columns.values()), names=list(columns)), texts, unreadable)
