"""What travels out of this room: a batch of messages, and a count of what was wrong with the input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Batch:
    """Some rows of one input.

    Attributes:
        table: Every input column in its order. A string column whose field has the metadata ``json`` holds JSON text, with
            null where the key was missing.
        texts: ``large_string`` array, one message a row, null where there is none. Unreadable rows have none.
        unreadable: One bool a row, true where the row could not be read; its cells hold what could be saved of it.
    """

    table: pa.Table
    texts: pa.Array
    unreadable: npt.NDArray[np.bool_]


SHOWN_REFUSED = 20


@dataclass
class ReadProblems:
    """What was wrong with the inputs so far; grows while batches are read.

    Attributes:
        unreadable_rows: Rows marked unreadable: broken JSON, a quote that never closes.
        ragged_rows: CSV rows with more or fewer cells than the header; missing cells are null, surplus ones join the last.
        replaced_sequences: Byte sequences that are no text in the input's encoding and became U+FFFD.
        left_out_files: Files of a folder or an archive that hold no messages, by their names and looks.
        refused: Why files of a folder were refused, each a row marked unreadable; `SHOWN_REFUSED` of them.
    """

    unreadable_rows: int = 0
    ragged_rows: int = 0
    replaced_sequences: int = 0
    left_out_files: int = 0
    refused: list[str] = field(default_factory=list)

    def refuse(self, why: str) -> None:
        """Note a file that gives nothing but a row marked unreadable."""
        self.unreadable_rows += 1
        if len(self.refused) < SHOWN_REFUSED:
            self.refused.append(why)


class Readable(Protocol):
    """The part of a binary file that reading needs."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; fewer, or none, only at the end."""
        ...


class Rewound:
    """A stream from its first byte although its head was read already."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        """Read on; the head comes alone."""
        head, self._head = self._head[:size], self._head[size:]
        return head or self._rest.read(size)


DATE_ORDERS = ("dmy", "mdy", "ymd")


@dataclass(frozen=True)
class ReadOptions:
    """What a person has to decide about some formats.

    Attributes:
        dates: The order of day, month and year in the dates of chat exports, one of `DATE_ORDERS`; None when they tell it.
        include_agents: Of ticket exports take what agents, bots and the system wrote too, and private notes.
    """

    dates: str | None = None
    include_agents: bool = False


DEFAULTS = ReadOptions()


@dataclass(frozen=True)
class Source:
    """One input and how to read it.

    Attributes:
        name: What errors call it.
        stream: The bytes, from the first one.
        text_column: The column the user named, if any.
        batch_rows: At most so many rows a batch.
        encoding: Of text formats, unless a byte order mark tells another.
        problems: Where to count.
        options: What was decided about its format.
        columns_only: Of the first batch only the columns count, and of JSON they have to be all that ever come.
    """

    name: str
    stream: Readable
    text_column: str | None
    batch_rows: int
    encoding: str
    problems: ReadProblems
    options: ReadOptions = DEFAULTS
    columns_only: bool = False
