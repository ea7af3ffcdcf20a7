"""Parsed mails to batches. Mails come one a file: they are gathered, however many files that takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from moderation.limits import MAX_BATCH_CHARACTERS
from moderation.messages.arrays import from_numpy, strings
from moderation.messages.batch import Batch, ReadProblems
from moderation.messages.columns import find_text
from moderation.messages.mail.problems import UNREADABLE

if TYPE_CHECKING:
    from moderation.messages.mail.parsing import Mail

CHANNEL = "email"
_TEXTS = ("message_id", "thread_id", "author", "time", "subject", "text", "quoted", "signature")
_LIST = pa.list_(pa.large_string())
SCHEMA = pa.schema(
    [(name, pa.large_string()) for name in ("path", *_TEXTS[:4], "channel", *_TEXTS[4:])]
    + [("attachments", _LIST), ("problems", _LIST)]
)
"""One mail a row. ``path`` is its file, with ``!member`` for one in a zip archive and ``#n`` for one in an mbox; the others are
those of `Mail`."""


class MailRows:
    """Gathers mails into batches.

    Args:
        text_column: The column that is judged, of those that hold text; None for ``text``.
        batch_rows: At most so many rows a batch.
        problems: Where unreadable mails are counted.
    """

    def __init__(self, text_column: str | None, batch_rows: int, problems: ReadProblems) -> None:
        self._text_column = text_column
        self._batch_rows = batch_rows
        self._problems = problems
        self._paths: list[str] = []
        self._mails: list[Mail] = []
        self._characters = 0

    def batches(self, mails: Iterable[tuple[str, Mail]]) -> Iterator[Batch]:
        """Add mails with their paths; yields the batches that get full."""
        for path, mail in mails:
            self._paths.append(path)
            self._mails.append(mail)
            self._characters += len(mail.text or "") + len(mail.quoted or "")
            if len(self._mails) == self._batch_rows or self._characters > MAX_BATCH_CHARACTERS:
                yield from self.rest()

    def rest(self) -> Iterator[Batch]:
        """Yield what was gathered since, if anything was.

        Raises:
            DataError: There is no text in a column of the name that the user gave.
        """
        if not self._mails:
            return
        names = [field.name for field in SCHEMA if field.type != _LIST]
        wanted = names[find_text(names, self._text_column, self._paths[0])]
        columns = {name: strings([getattr(mail, name) for mail in self._mails]) for name in _TEXTS}
        columns["path"] = strings(self._paths)
        columns["channel"] = strings([CHANNEL] * len(self._mails))
        columns["attachments"] = _lists([mail.attachments for mail in self._mails])
        columns["problems"] = _lists([mail.problems for mail in self._mails])
        unreadable = np.fromiter((not UNREADABLE.isdisjoint(mail.problems) for mail in self._mails), np.bool_, len(self._mails))
        self._problems.unreadable_rows += int(unreadable.sum())
        texts = columns[wanted]
        if unreadable.any():
            texts = strings([None if lost else text for lost, text in zip(unreadable, texts.to_pylist(), strict=True)])
        self._paths, self._mails, self._characters = [], [], 0
        yield Batch(pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA), texts, unreadable)


def _lists(rows: list[tuple[str, ...]]) -> pa.Array:
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    return pa.ListArray.from_arrays(from_numpy(offsets, pa.int32()), strings([name for row in rows for name in row]))
