"""Rows into the store, each message once: one transaction for each chunk, in a process of its own where there are many.

Python runs one thread at a time. With both in one process, reading the next chunk and adding the last took nearly as long
together as one after the other.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Self

from sqlalchemy import Connection, func, select

from moderation.errors import OutputError
from moderation.triage import log, schema
from moderation.triage.cases import Kind
from moderation.triage.deriving import CHUNK
from moderation.triage.queue import open_queue
from moderation.triage.store import each_pair, insert_rows, writing

if TYPE_CHECKING:
    from moderation.triage.queue import Queue

APART_FROM = CHUNK
"""A chunk with so many rows is worth starting a process for, which takes about as long as adding it."""

Rows = list[tuple[tuple[Any, ...], tuple[Any, ...]]]
"""Of ``items`` and ``state``, but for the number of the message, which comes first in both."""


class Adding:
    """Adds chunks to a queue, one at a time; the caller can read the next one meanwhile.

    However the block ends, the chunk it has begun is finished first.

    Attributes:
        asked: How many rows were added or there already.
        new: How many were added.
    """

    def __init__(self, queue: Queue, progress: Callable[[int], None]) -> None:
        self._queue = queue
        self._progress = progress
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = 0
        self.asked = self.new = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._finish()
        except Exception:
            if kind is None:
                raise  # else what ended the block is what to tell
        finally:
            if self._process is not None:
                with suppress(BrokenPipeError), self._process:
                    pass  # it ends when nothing more can come

    def begin(self, rows: Rows) -> None:
        """Finish the last chunk and begin to add another one."""
        self._finish()
        if self._process is None and len(rows) >= APART_FROM:
            self._process = _start(self._queue)
        if self._process is None:
            self._count(len(rows), add_rows(self._queue, rows))
        else:
            _send(self._process, (rows, self._queue.now()))
            self._begun = len(rows)

    def _finish(self) -> None:
        if self._process is not None and self._begun:
            begun, self._begun = self._begun, 0
            said = next(_received(self._process.stdout), _stopped())
            if isinstance(said, Exception):
                raise said
            self._count(begun, said)

    def _count(self, asked: int, new: int) -> None:
        self.asked += asked
        self.new += new
        self._progress(asked)


def add_rows(queue: Queue, rows: Rows) -> int:
    """Add those that are not there yet, in one transaction; returns how many."""
    keys = [(content, key) for (key, content, *_), _ in rows]
    items: list[tuple[Any, ...]] = []
    states: list[tuple[Any, ...]] = []
    with writing(queue.engine) as connection:
        known = _known(connection, keys)
        first = (connection.execute(select(func.max(schema.items.c.id))).scalar() or 0) + 1
        for key, (item, state) in zip(keys, rows, strict=True):
            if key not in known:
                known.add(key)
                number = (first + len(items),)
                items.append(number + item)
                states.append(number + state)
        if items:
            insert_rows(connection, schema.items, items)
            queue.deriver.add_states(connection, states)
            log.append(connection, queue.now(), Kind.added, {"first": first, "last": first + len(items) - 1})
    return len(items)


def _known(connection: Connection, keys: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the keys, each behind that of its case, that the store has: one step in the index for each."""
    content, key = each_pair(connection, keys)
    state = schema.state.c
    item = select(state.item).where(state.content == content, state.key == key).scalar_subquery()
    return {(content, key) for content, key in connection.execute(select(content, key).where(item.is_not(None)))}


def _start(queue: Queue) -> subprocess.Popen[bytes]:
    """A process that adds to a queue and ends when this one does, however that ends."""
    command = [sys.executable, "-m", __name__]
    pipe = subprocess.PIPE
    # In a session of its own: Ctrl-C is for us, who wait until it has finished what it has begun.
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)  # noqa: S603 (nothing from outside)
    _send(process, (queue.engine.url.render_as_string(hide_password=False), queue.policy, queue.rules))
    return process


def _send(process: subprocess.Popen[bytes], what: object) -> None:
    assert process.stdin is not None
    try:
        pickle.dump(what, process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
    except BrokenPipeError:
        raise _stopped() from None


def _received(stream: IO[bytes] | None) -> Iterator[Any]:
    """What the other process sends, until it ends."""
    assert stream is not None
    with suppress(EOFError, pickle.UnpicklingError):  # the second when it ended half-way
        while True:
            yield pickle.load(stream)  # noqa: S301 (from ourselves)


def _stopped() -> OutputError:
    return OutputError("the process that adds to the queue was stopped; adding the same again adds the rest")


def _main() -> None:
    """Add what comes in; say how many rows of each chunk were new, or what went wrong."""
    received = _received(sys.stdin.buffer)
    url, policy, rules = next(received)
    moment = 0
    with open_queue(url, policy=policy, rules=rules, now=lambda: moment) as queue:
        for rows, moment in received:  # noqa: B007 (the clock reads it)
            try:
                said: int | Exception = add_rows(queue, rows)
            except Exception as error:
                said = error
            pickle.dump(said, sys.stdout.buffer)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()
