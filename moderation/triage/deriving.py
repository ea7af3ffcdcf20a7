"""What follows from the messages and the events: the tables ``state``, ``leases`` and ``passed``.

Adding, acting and rebuilding all go through the same three steps: the state of new messages, `refresh` for cases that have
events, `rerank` for authors whose confirmed violations changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
from sqlalchemy import Connection, bindparam, delete, select, update

from moderation.categories import CATEGORIES
from moderation.policy import Policy
from moderation.triage import log, schema
from moderation.triage.cases import Case, Stage, as_bits, as_labels
from moderation.triage.priority import Group, Offence, is_staff_threat, level, repeat
from moderation.triage.rules import Rules
from moderation.triage.store import among, insert_rows

CHUNK = 30_000
_state = schema.state.c
T = TypeVar("T")


class Judged(NamedTuple):
    """Of a message, what its state follows from: its case, key, author and time, and the verdict."""

    content: int
    key: int
    author: str | None
    sent: int
    probabilities: Sequence[float]
    flags: Sequence[str]
    action: str


@dataclass(frozen=True)
class Deriver:
    """A policy and rules, ready to derive."""

    policy: Policy
    rules: Rules

    def first_states(self, messages: Sequence[Judged]) -> list[tuple[Any, ...]]:
        """Rows of ``state``, but for the number, for messages of whose cases and authors nothing is known."""
        if not messages:
            return []
        p = np.array([message.probabilities for message in messages], np.float32)
        harms = self.policy.harm(p).clip(0, 1).tolist()
        heaviest = (p * [category.severity for category in self.policy.categories]).argmax(axis=1).tolist()
        hours = [category.answer_within_hours for category in self.policy.categories]
        rows = []
        for message, harm, heavy in zip(messages, harms, heaviest, strict=True):
            flagged = [CATEGORIES.index(flag) for flag in message.flags]
            category = min(flagged, key=hours.__getitem__) if flagged else heavy
            threat = is_staff_threat(message.flags, message.action)
            queue = Group(category, threat, level(harm, 0.0)).number
            known = (message.content, message.key, message.author, message.sent, category, harm)
            rows.append((*known, 0.0, threat, Stage.first.value, False, None, message.sent, queue))
        return rows

    def add_states(self, connection: Connection, states: Sequence[tuple[Any, ...]]) -> None:
        """Add what `first_states` made, each behind the number of its message and in the order of these."""
        insert_rows(connection, schema.state, states)
        first, contents = states[0][0], {content for _, content, *_ in states}
        decided = select(schema.events.c.content).distinct().where(among(connection, schema.events.c.content, contents))
        self._refresh_states(connection, log.cases(connection, connection.execute(decided).scalars().all()), first)
        authors = {author for _, _, _, author, *_ in states if author is not None}
        self.rerank(connection, self.offences(connection, authors), first)

    def refresh(self, connection: Connection, contents: Collection[int]) -> None:
        """Bring some cases in line with their events: their messages, who holds them, and who had them."""
        cases = log.cases(connection, contents)
        self._refresh_states(connection, cases)
        replace_holders(connection, cases)

    def _refresh_states(self, connection: Connection, cases: dict[int, Case], first: int = 0) -> None:
        """Bring messages of some cases in line with them: those whose number is ``first`` or higher."""
        chosen = select(schema.state).where(among(connection, _state.content, cases), _state.item >= first)
        changed, authors = [], set()
        for row in connection.execute(chosen).all():
            case = cases[row.content]
            labels = as_bits(case.labels)
            queue = _queue(row.category, row.harm, row.repeat, threat=row.threat, stage=case.stage, escalated=case.escalated)
            if row.author is not None and ((row.labels or 0) != (labels or 0) or (row.queue is None and queue is not None)):
                authors.add(row.author)
            # Repeats are counted for messages that wait; anew for one that waits again.
            repeated = 0.0 if queue is None else row.repeat
            since = row.sent if case.since is None else case.since
            stage = {"stage": case.stage, "escalated": case.escalated, "labels": labels, "since": since}
            changed.append({"b_item": row.item, "queue": queue, "repeat": repeated, **stage})
        if changed:
            connection.execute(update(schema.state).where(_state.item == bindparam("b_item")), changed)
        self.rerank(connection, authors)

    def rerank(self, connection: Connection, authors: Iterable[str], first: int = 0) -> None:
        """Count the violations of authors anew for their messages that wait: those whose number is ``first`` or higher."""
        for some in chunks(authors):
            offences = self.offences(connection, some)
            chosen = select(schema.state).where(
                among(connection, _state.author, some), _state.queue.is_not(None), _state.item >= first
            )
            changed = []
            for row in connection.execute(chosen).all():
                others = [offence for content, offence in offences.get(row.author, ()) if content != row.content]
                added = repeat(others, row.sent, self.rules)
                if added != row.repeat:
                    queue = _queue(row.category, row.harm, added, threat=row.threat, stage=row.stage, escalated=row.escalated)
                    changed.append({"b_item": row.item, "repeat": added, "queue": queue})
            if changed:
                connection.execute(update(schema.state).where(_state.item == bindparam("b_item")), changed)

    def offences(self, connection: Connection, authors: Collection[str]) -> dict[str, list[tuple[int, Offence]]]:
        """The confirmed violations of authors, each with the case it belongs to."""
        severity = {category.name: category.severity for category in self.policy.categories}
        chosen = select(_state.author, _state.content, _state.sent, _state.labels)
        found: dict[str, list[tuple[int, Offence]]] = {}
        for row in connection.execute(chosen.where(among(connection, _state.author, authors), schema.is_violation)):
            worst = max(severity[label] for label in as_labels(row.labels) or ())
            found.setdefault(row.author, []).append((row.content, Offence(row.sent, worst)))
        return found


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of ``size``, the last one shorter; databases limit how much one statement takes."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def _queue(category: int, harm: float, repeated: float, *, threat: bool, stage: int, escalated: bool) -> int | None:
    """The number of a message's group; None where it waits for nobody.

    The floor lifts a threat that nobody has answered. What a moderator escalated is no message of no harm, whatever the
    model says.
    """
    if stage == Stage.done:
        return None
    points = level(harm, repeated)
    floored = escalated or (threat and stage == Stage.first)
    return Group(category, floored, max(points, 1) if escalated else points).number


def replace_holders(connection: Connection, cases: dict[int, Case]) -> None:
    """Write anew who holds some cases and who had them."""
    for table in (schema.leases, schema.passed):
        connection.execute(delete(table).where(among(connection, table.c.content, cases)))
    held = [
        {"content": content, "item": case.item, "reviewer": case.holder, "until": case.until}
        for content, case in cases.items()
        if case.holder is not None
    ]
    had = [{"reviewer": reviewer, "content": content} for content, case in cases.items() for reviewer in sorted(case.passed)]
    if held:
        connection.execute(schema.leases.insert(), held)
    if had:
        connection.execute(schema.passed.insert(), had)
