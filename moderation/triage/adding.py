"""Rows into the store, each message once: one transaction for each chunk, in a process of its own where there are many.

Python runs one thread at a time. With both in one process, reading the next chunk and adding the last took nearly as long
together as one after the other.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, Self

from sqlalchemy import BigInteger, Connection, func, select, update

from moderation.errors import ModerationError, OutputError
from moderation.text.hashing import FEATURES
from moderation.triage import log, schema
from moderation.triage.cases import Kind
from moderation.triage.deriving import CHUNK
from moderation.triage.queue import Queue, open_queue
from moderation.triage.store import each, each_pair, insert_rows, writing

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
            self._count(len(rows), add_rows(self._queue, rows, self._queue.now()))
        else:
            _send(self._process, (rows, self._queue.now()))
            self._begun = len(rows)

    def _finish(self) -> None:
        if self._process is not None and self._begun:
            said = next(_received(self._process.stdout), _stopped())
            begun, self._begun = self._begun, 0  # only now: whoever is interrupted while waiting waits again
            if isinstance(said, Exception):
                raise said
            self._count(begun, said)

    def _count(self, asked: int, new: int) -> None:
        self.asked += asked
        self.new += new
        self._progress(asked)


def add_rows(queue: Queue, rows: Rows, at: int) -> int:
    """Add those that are not there yet, in one transaction, at a time in milliseconds since 1970; returns how many."""
    items: list[tuple[Any, ...]] = []
    states: list[tuple[Any, ...]] = []
    with writing(queue.engine) as connection:
        known = _known(connection, [(content, key) for (key, content, *_), _ in rows])
        first = (connection.execute(select(func.max(schema.items.c.id))).scalar() or 0) + 1
        for item, state in rows:
            if item[0] not in known:
                known.add(item[0])
                number = (first + len(items),)
                items.append(number + item)
                states.append(number + state)
        if items:
            insert_rows(connection, schema.items, items)
            queue.deriver.add_states(connection, states)
            log.append(connection, at, Kind.added, {"first": first, "last": first + len(items) - 1})
    return len(items)


def _known(connection: Connection, keys: Sequence[tuple[int, int]]) -> set[int]:
    """Those of the keys, each behind that of its case, that the store has.

    Where all messages were folded as today, it is one step in the index for each. Else a message can be there under the key of
    another case, and all keys are looked at.
    """
    state, store = schema.state.c, schema.store.c
    features = connection.execute(select(store.features)).scalar_one()
    if features != FEATURES:
        if features is not None:
            connection.execute(update(schema.store).values(features=None))
        asked = select(each(connection, [key for _, key in keys]).cast(BigInteger))
        return set(connection.execute(select(state.key).where(state.key.in_(asked))).scalars())
    content, key = each_pair(connection, keys)
    item = select(state.item).where(state.content == content, state.key == key).scalar_subquery()
    return set(connection.execute(select(key).where(item.is_not(None))).scalars())


def _start(queue: Queue) -> subprocess.Popen[bytes]:
    """A process that adds to a queue and ends when this one does, however that ends."""
    # It imports from where we do; by itself it would look in the current folder first, where anybody's files may be.
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"]
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


def main() -> None:
    """What the process does: add what comes in; say how many rows of each chunk were new, or what went wrong."""
    received = _received(sys.stdin.buffer)
    url, policy, rules = next(received, ("", None, None))
    queue = None
    for rows, at in received:
        try:
            queue = queue or open_queue(url, policy=policy, rules=rules)
            said: int | ModerationError = add_rows(queue, rows, at)
        except ModerationError as error:
            said = error
        except Exception as error:  # its own words can hold messages
            said = OutputError(f"adding failed ({type(error).__name__})")
        with suppress(BrokenPipeError):  # nobody listens any more
            os.write(sys.stdout.fileno(), pickle.dumps(said))
