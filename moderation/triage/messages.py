"""A message of the queue as people see it, and the messages around it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, literal, select, tuple_

from moderation.categories import CATEGORIES
from moderation.messages.times import as_datetime
from moderation.policy import Policy
from moderation.triage import schema
from moderation.triage.cases import Stage, as_labels
from moderation.triage.priority import HOUR, Group, Offence, Priority, is_staff_threat, priority, remembered, suggestions
from moderation.triage.rules import Rules, Suggestion
from moderation.triage.store import reading

if TYPE_CHECKING:
    from moderation.triage.queue import Queue

PAGE = 100
SHOWN = 200
"""How many messages of one author, conversation or case are shown."""

_items, _state, _leases = schema.items.c, schema.state.c, schema.leases.c


@dataclass(frozen=True)
class Message:
    """A message and how it stands at a moment.

    Attributes:
        id: Its number in the queue.
        text: The message.
        author: Who wrote it, if the input said so.
        thread: Which conversation it belongs to, if the input said so.
        channel: Where it came in, if the input said so.
        lang: Its language, if the input said so.
        sent: When it was written, or else added; milliseconds since 1970.
        added: When it was added.
        due: When somebody should have looked.
        overdue: Whether nobody has, in time.
        probabilities: Calibrated, by category.
        flags: Categories at or above their review threshold.
        action: What the verdict asks for: ``none``, ``review`` or ``escalate``.
        status: How the text was: ``ok``, ``empty``, ``truncated`` or ``unreadable``.
        model: Name and version of the model.
        category: The one that sets the time to answer.
        priority: How urgent it is, in parts; None once nothing is left to decide.
        stage: Which decision it waits for.
        escalated: A moderator asked for somebody else.
        labels: Categories that hold by the decision in force; None while nobody decided.
        holder: To whom it is reserved at the moment.
        content: Key of its case.
        columns: Every other column of the input.
    """

    id: int
    text: str
    author: str | None
    thread: str | None
    channel: str | None
    lang: str | None
    sent: int
    added: int
    due: int
    overdue: bool
    probabilities: dict[str, float]
    flags: tuple[str, ...]
    action: str
    status: str
    model: str
    category: str
    priority: Priority | None
    stage: Stage
    escalated: bool
    labels: tuple[str, ...] | None
    holder: str | None
    content: int
    columns: dict[str, Any]

    @property
    def labels_shown(self) -> tuple[str, ...] | None:
        """`labels`, but None while somebody else is to decide without seeing them."""
        return None if self.stage in (Stage.second, Stage.settle) else self.labels

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: ``priority`` a number and ``parts`` its parts, times as ISO 8601 in UTC, `labels_shown`."""
        parts = asdict(self.priority) if self.priority else None
        return {
            **asdict(self),
            "priority": parts.pop("total") if parts else None,
            "parts": parts,
            "stage": self.stage.name,
            "labels": self.labels_shown,
            "content": f"{self.content:016x}",
            **{name: as_datetime(getattr(self, name)).isoformat() for name in ("sent", "added", "due")},
        }


@dataclass(frozen=True)
class Surroundings:
    """What a moderator sees beside a message; each list has at most `SHOWN` messages.

    Attributes:
        conversation: The messages around it in its conversation, itself too, the first one first.
        earlier: Other messages of its author, the latest first.
        duplicates: How many other messages are decided with it.
        violations: How many confirmed violations of its author are remembered.
        suggestions: Consequences that the Code allows, should the message be a violation.
    """

    conversation: tuple[Message, ...]
    earlier: tuple[Message, ...]
    duplicates: int
    violations: int
    suggestions: tuple[Suggestion, ...]


def load(
    connection: Connection, numbers: Iterable[int], policy: Policy, rules: Rules, now: int, *, limit: int | None = None
) -> Iterator[Message]:
    """Messages in the order of their numbers given, `PAGE` at a time."""
    rest = islice(numbers, limit)
    joined = select(schema.items, schema.state, _leases.reviewer.label("held_by"), _leases.until).join(
        schema.state, _state.item == _items.id
    )
    joined = joined.outerjoin(schema.leases, _leases.content == _items.content)
    while some := list(islice(rest, PAGE)):
        found = {row.id: row for row in connection.execute(joined.where(_items.id.in_(some)))}
        for number in some:
            yield _message(found[number], policy, rules, now)


def surroundings(queue: Queue, message: Message) -> Surroundings:
    """The conversation and the author's history of a message."""
    now = queue.now()
    conversation = [message.id]
    earlier: Sequence[int] = []
    offences: list[tuple[int, Offence]] = []
    with reading(queue.engine) as connection:
        if message.thread is not None:
            conversation = _conversation(connection, message.thread, message)
        if message.author is not None:
            theirs = select(_state.item).where(_state.author == message.author, _state.item != message.id)
            earlier = connection.execute(theirs.order_by(_state.sent.desc(), _state.item.desc()).limit(SHOWN)).scalars().all()
            offences = queue.deriver.offences(connection, [message.author]).get(message.author, [])
        same = select(func.count()).where(_state.content == message.content, _state.item != message.id)
        duplicates = connection.execute(same).scalar_one()
        counted = [o for content, o in offences if content != message.content and remembered(o, message.sent, queue.rules) > 0]
        labels = message.labels_shown
        credible = is_staff_threat(message.flags, message.action) if labels is None else "threatening" in labels
        return Surroundings(
            conversation=tuple(load(connection, conversation, queue.policy, queue.rules, now)),
            earlier=tuple(load(connection, earlier, queue.policy, queue.rules, now)),
            duplicates=duplicates,
            violations=len(counted),
            suggestions=suggestions(len(counted) + 1, staff_threat=credible, rules=queue.rules),
        )


def _conversation(connection: Connection, thread: str, message: Message) -> list[int]:
    """The numbers of a message and of those around it in its conversation, in the order in which they were sent."""
    place = tuple_(_items.sent, _items.id)
    here = tuple_(literal(message.sent), literal(message.id))
    theirs = select(_items.id).where(_items.thread == thread)
    until = theirs.where(place <= here).order_by(_items.sent.desc(), _items.id.desc()).limit(SHOWN // 2)
    after = theirs.where(place > here).order_by(_items.sent, _items.id).limit(SHOWN // 2)
    return [*reversed(connection.execute(until).scalars().all()), *connection.execute(after).scalars()]


def _message(row: Row[Any], policy: Policy, rules: Rules, now: int) -> Message:
    group = None if row.queue is None else Group.of(row.queue)
    due = row.since + round(policy.categories[row.category].answer_within_hours * HOUR)
    return Message(
        id=row.id,
        text=row.text,
        author=row.author,
        thread=row.thread,
        channel=row.channel,
        lang=row.lang,
        sent=row.sent,
        added=row.added,
        due=due,
        overdue=group is not None and now > due,
        probabilities={category: getattr(row, f"p_{category}") for category in CATEGORIES},
        flags=tuple(filter(None, row.flags.split(";"))),
        action=row.action,
        status=row.status,
        model=row.model,
        category=CATEGORIES[row.category],
        priority=None if group is None else priority(row.harm, group, now - row.since, policy, rules),
        stage=Stage(row.stage),
        escalated=row.escalated,
        labels=as_labels(row.labels),
        holder=row.held_by if row.until is not None and row.until > now else None,
        content=row.content,
        columns=json.loads(row.columns),
    )
