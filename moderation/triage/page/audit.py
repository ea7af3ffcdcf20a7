"""Who saw what, and who came in, into the log of the store, which only grows."""

from __future__ import annotations

from collections.abc import Iterable

from moderation.triage import log
from moderation.triage.cases import Kind
from moderation.triage.queue import Queue
from moderation.triage.store import writing


def seen(queue: Queue, reviewer: str, item: int | None, others: Iterable[int] = ()) -> None:
    """Note that a moderator was shown a message, if one, and others beside it or in a list."""
    _note(queue, Kind.seen, {"others": list(others)}, item, reviewer)


def signed_in(queue: Queue, reviewer: str, address: str) -> None:
    """Note who came in, and from where."""
    _note(queue, Kind.signed_in, {"address": address}, None, reviewer)


def refused(queue: Queue, address: str) -> None:
    """Note that somebody was not let in. The pseudonym they gave is left out: it may be a password in the wrong field."""
    _note(queue, Kind.refused, {"address": address}, None, None)


def _note(queue: Queue, kind: Kind, detail: dict[str, object], item: int | None, reviewer: str | None) -> None:
    with writing(queue.engine, alone=False) as connection:
        log.append(connection, queue.now(), kind, detail, item=item, reviewer=reviewer)
