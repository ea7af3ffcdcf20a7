"""An exported chat to batches: one row a message, each with all its lines, and one a notice.

A message may hold a line that looks like the beginning of another one. Nothing in an export tells them apart, so such a line
begins a row; whatever it holds is judged, under whichever name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from moderation.errors import DataError
from moderation.limits import MAX_BATCH_CHARACTERS, MAX_CHAT_CHARACTERS
from moderation.messages.arrays import repeated, strings
from moderation.messages.batch import Batch, ReadProblems, Source
from moderation.messages.decoding import line_batches
from moderation.messages.whatsapp.dates import OrderProof, date_of
from moderation.messages.whatsapp.headers import header_of, split_name
from moderation.messages.whatsapp.notices import Said, said

COLUMNS = ("thread_id", "time", "author", "channel", "kind", "text", "raw")
"""``time`` is local, in ISO 8601 without a zone; ``kind`` and ``raw`` as in `moderation.messages.whatsapp.notices.Said`."""

CHANNEL = "chat"


def is_chat(text: str) -> bool:
    """Whether a text begins like an export: with a header, and somebody says something."""
    lines = text.split("\n")
    if header_of(lines[0]) is None:
        return False
    headers = ((line, header) for line in lines if (header := header_of(line)))
    return any(split_name(rest)[0] or said(rest).text is None for rest in (line[header.end :] for line, header in headers))


def read(source: Source, file: BinaryIO) -> Iterator[Batch]:
    """Read an exported chat; its thread is named like the input.

    Args:
        source: How to read; its stream is not touched.
        file: The same bytes, seekable, at their beginning. They are read twice unless ``source.options.dates`` is given.

    Raises:
        DataError: The dates can be understood in more than one way, or in none.
    """
    source = replace(source, stream=file)
    order = source.options.dates
    if order is None:
        order = _proven_order(replace(source, problems=ReadProblems()))
        file.seek(0)
    rows: list[tuple[str | None, Said]] = []
    size = 0
    for time, rest in _messages(source, order):
        rows.append((time, said(rest)))
        size += len(rest)
        if len(rows) == source.batch_rows or size > MAX_BATCH_CHARACTERS:
            yield _batch(rows, source)
            rows, size = [], 0
    if rows:
        yield _batch(rows, source)


def _proven_order(source: Source) -> str:
    proof = OrderProof()
    for lines in line_batches(source, "\n"):
        for line in lines:
            header = header_of(line)
            if header and (order := proof.see(header.date)):
                return order
    order = proof.conclude()
    if order is None:
        raise DataError(f"{source.name}: which of a date is the day and which the month? Say it with --dates dmy, mdy or ymd")
    return order


def _messages(source: Source, order: str) -> Iterator[tuple[str | None, str]]:
    """Times and what follows the header, cut at `MAX_CHAT_CHARACTERS`; lines before the first header have no time."""
    time: str | None = None
    parts: list[str] = []
    size = 0
    for lines in line_batches(source, "\n"):
        for line in lines:
            header = header_of(line)
            day = header and date_of(header.date, order)
            if header and day:
                if parts:
                    yield time, _joined(parts)
                time = datetime.combine(day, header.time).isoformat()
                parts = [line[header.end :][:MAX_CHAT_CHARACTERS]]
                size = len(parts[0])
            elif size < MAX_CHAT_CHARACTERS and (parts or line.strip()):
                parts.append(line[: MAX_CHAT_CHARACTERS - size])
                size += len(line)
    if parts:
        yield time, _joined(parts)


def _joined(lines: list[str]) -> str:
    return "".join(lines).removesuffix("\n").removesuffix("\r")


def _batch(rows: list[tuple[str | None, Said]], source: Source) -> Batch:
    n = len(rows)
    texts = strings([row.text for _, row in rows])
    columns = [
        repeated(source.name, n),
        strings([time for time, _ in rows]),
        strings([row.author for _, row in rows]),
        repeated(CHANNEL, n),
        strings([row.kind for _, row in rows]),
        texts,
        strings([row.raw for _, row in rows]),
    ]
    return Batch(pa.Table.from_arrays(columns, names=list(COLUMNS)), texts, np.zeros(n, np.bool_))
