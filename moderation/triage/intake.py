"""Verdicts into the queue, each message once however often its file is added."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moderation.messages.arrays import strings
from moderation.text.folding import fold_all
from moderation.triage.adding import Adding, Rows
from moderation.triage.deriving import CHUNK, Judged, chunks
from moderation.triage.store import analyse

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

    with _without_collector(), Adding(queue, progress) as adding:
        for some in chunks(wanted(), CHUNK):
            adding.begin(_rows(queue, some))
    if adding.new >= ANALYSE_FROM:
        analyse(queue.engine)
    return Added(adding.new, adding.asked - adding.new, calm)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without the collector of cycles, which would walk over some hundred thousand tuples again and again."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
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
        judged.append(Judged(content, key, v.author, sent, v.probabilities, v.flags, v.action))
    return list(zip(items, queue.deriver.first_states(judged), strict=True))


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1
