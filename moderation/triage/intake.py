"""Verdicts into the queue, each message once however often its file is added."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        progress: Told how many more are in the queue.
    """
    calm = 0

    def wanted() -> Iterable[Verdict]:
        nonlocal calm
        for verdict in verdicts:
            if everything or verdict.action != "none":
                yield verdict
            else:
                calm += 1

    new = known = 0
    with _uncollected():
        for some in chunks(wanted(), CHUNK):
            count = _add(queue, some)
            new += count
            known += len(some) - count
            progress(len(some))
    if new >= ANALYSE_FROM:
        analyse(queue.engine)
    return Added(new, known, calm)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles, which would walk over some hundred thousand tuples again and again."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def content_keys(texts: Sequence[str]) -> list[int]:
    """Names of cases: numbers of 63 bits, the same for texts that are the same to the classifier.

    Texts of which folding leaves nothing are the same only when they are equal.
    """
    folded = fold_all(strings(texts))
    return [_digest(words or f"\0{text}") for words, text in zip(folded, texts, strict=True)]


def _add(queue: Queue, verdicts: Sequence[Verdict]) -> int:
    contents = content_keys([verdict.text for verdict in verdicts])
    keys = [_digest(f"{verdict.columns}\0{verdict.place}\0{verdict.text}") for verdict in verdicts]
    now = queue.now()
    with writing(queue.engine) as connection:
        known = set(connection.execute(select(schema.items.c.key).where(among(connection, schema.items.c.key, keys))).scalars())
        first = item = (connection.execute(select(func.max(schema.items.c.id))).scalar() or 0) + 1
        rows, judged = [], []
        for verdict, key, content in zip(verdicts, keys, contents, strict=True):
            if key in known:
                continue
            known.add(key)
            v = verdict
            sent = now if v.sent is None else min(v.sent, now)
            said = (";".join(v.flags), v.action, v.status, v.model, v.columns)
            where = (v.author, v.thread, v.channel, v.lang, v.text)
            rows.append((item, key, content, now, sent, *where, *v.probabilities, *said))
            judged.append(Judged(item, content, v.author, sent, v.probabilities, v.flags, v.action))
            item += 1
        if rows:
            insert_rows(connection, schema.items, rows)
            queue.deriver.add_states(connection, judged)
            log.append(connection, now, Kind.added, {"first": first, "last": item - 1})
    return len(rows)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1
