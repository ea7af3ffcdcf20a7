"""Verdicts into the queue, each message once however often its file is added."""

from __future__ import annotations

import gc
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from moderation.messages.arrays import strings
from moderation.text.folding import fold_all
from moderation.triage import log, schema
from moderation.triage.cases import Kind
from moderation.triage.deriving import CHUNK, Judged, chunks
from moderation.triage.store import among, analyse, insert_rows, writing

if TYPE_CHECKING:
    from moderation.triage.queue import Queue
    from moderation.triage.verdicts import Verdict

ANALYSE_FROM = 1_000
SWITCH_SECONDS = 0.0005

Rows = list[tuple[tuple[Any, ...], tuple[Any, ...]]]
"""Of ``items`` and ``state``, but for the number of the message, which comes first in both."""


@dataclass(frozen=True)
class Added:
    """What became of verdicts: ``new`` messages in the queue, ``known`` ones that were there, ``calm`` ones that need nobody."""

    new: int
    known: int
    calm: int


def add(
    queue: Queue,
    verdicts: Iterable[Verdict],
    *,
    everything: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Added:
    """Add messages, `CHUNK` a transaction: when it is interrupted, adding the same again adds the rest.

    Args:
        queue: Where to.
        verdicts: From `moderation.triage.verdicts.read_verdicts`.
        everything: Also those whose action is ``none``.
        progress: Told how many more are in the queue, from another thread.
    """
    calm = asked = 0

    def wanted() -> Iterable[Verdict]:
        nonlocal calm
        for verdict in verdicts:
            if everything or verdict.action != "none":
                yield verdict
            else:
                calm += 1

    def write(rows: Rows) -> int:
        count = _add(queue, rows)
        progress(len(rows))
        return count

    # The database works on one chunk while the next is read. However this ends, the chunk it has begun is finished first.
    with _in_step(), ThreadPoolExecutor(1) as thread:
        begun: list[Future[int]] = []
        for some in chunks(wanted(), CHUNK):
            rows = _rows(queue, some)
            if begun:
                begun[-1].result()
            begun.append(thread.submit(write, rows))
            asked += len(rows)
        new = sum(one.result() for one in begun)
    if new >= ANALYSE_FROM:
        analyse(queue.engine)
    return Added(new, asked - new, calm)


@contextmanager
def _in_step() -> Iterator[None]:
    """As two threads work best that read and write together.

    Without the collector of cycles, which would walk over some hundred thousand tuples again and again; and with Python's lock
    handed over within half a millisecond and not five, since the database asks for it thousands of times.
    """
    collected, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        if collected:
            gc.enable()


def content_keys(texts: Sequence[str]) -> list[int]:
    """Names of cases: numbers of 63 bits, the same for texts that are the same to the classifier.

    Texts of which folding leaves nothing are the same only when they are equal.
    """
    folded = fold_all(strings(texts))
    return [_digest(words or f"\0{text}") for words, text in zip(folded, texts, strict=True)]


def _rows(queue: Queue, verdicts: Sequence[Verdict]) -> Rows:
    contents = content_keys([verdict.text for verdict in verdicts])
    now = queue.now()
    items, judged = [], []
    for v, content in zip(verdicts, contents, strict=True):
        key = _digest(f"{v.columns}\0{v.place}\0{v.text}")
        sent = now if v.sent is None else min(v.sent, now)
        said = (";".join(v.flags), v.action, v.status, v.model, v.columns)
        items.append((key, content, now, sent, v.author, v.thread, v.channel, v.lang, v.text, *v.probabilities, *said))
        judged.append(Judged(content, v.author, sent, v.probabilities, v.flags, v.action))
    return list(zip(items, queue.deriver.first_states(judged), strict=True))


def _add(queue: Queue, rows: Rows) -> int:
    """Add those that are not there yet, in one transaction; returns how many."""
    keys = [item[0] for item, _ in rows]
    items: list[tuple[Any, ...]] = []
    states: list[tuple[Any, ...]] = []
    with writing(queue.engine) as connection:
        known = set(connection.execute(select(schema.items.c.key).where(among(connection, schema.items.c.key, keys))).scalars())
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


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1
