"""How the queue is doing: waiting times, breaches, decisions an hour, overturned decisions, agreement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, case, func, select

from moderation.categories import CATEGORIES
from moderation.triage import log, schema
from moderation.triage.cases import Event, Kind, Stage
from moderation.triage.deriving import chunks
from moderation.triage.priority import HOUR, Group
from moderation.triage.store import among, reading

if TYPE_CHECKING:
    from moderation.triage.queue import Queue

_state = schema.state.c
_KINDS = (Kind.decided, Kind.skipped, Kind.escalated)


@dataclass(frozen=True)
class CategoryFigures:
    """Messages by the category that sets their time to answer.

    Attributes:
        waiting: Messages that nobody has decided yet.
        overdue: Of these, those whose time to answer has passed.
        answered: Messages that a moderator had before them and decided first.
        late: Of these, those decided after their time to answer.
        p50_hours: Median of how long answered messages had waited; None without any.
        p95_hours: The time within which 95 % of them were decided.
    """

    waiting: int
    overdue: int
    answered: int
    late: int
    p50_hours: float | None
    p95_hours: float | None


@dataclass(frozen=True)
class Figures:
    """The whole queue; what was undone does not count.

    Attributes:
        messages: In the store.
        waiting: For a decision of any stage.
        decisions: Made by moderators, of any stage.
        decisions_per_hour: By moderator, in the hours of the clock in which they decided anything; None before the first.
        skipped: Times that a message was skipped.
        escalated: Times that one was escalated.
        second_opinions: Given.
        differing: Of these, those that differ from the first decision.
        appeals: Decided.
        overturned: Of these, those that changed the labels.
        agreement: Krippendorff's alpha between first decisions and second opinions by category; None where all say the same.
        categories: By category.
    """

    messages: int
    waiting: int
    decisions: int
    decisions_per_hour: float | None
    skipped: int
    escalated: int
    second_opinions: int
    differing: int
    appeals: int
    overturned: int
    agreement: dict[str, float | None]
    categories: dict[str, CategoryFigures]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def figures(queue: Queue) -> Figures:
    """Count everything there is in the queue at this moment."""
    with reading(queue.engine) as connection:
        messages = connection.execute(select(func.count()).select_from(schema.state)).scalar_one()
        waiting = _waiting(queue, connection)
        log_of = _Log.read(log.standing(connection, _KINDS))
        waits = _waits(connection, log_of.first)
    hours = [category.answer_within_hours for category in queue.policy.categories]
    return Figures(
        messages=messages,
        waiting=sum(counted.all for counted in waiting),
        decisions=log_of.decisions,
        decisions_per_hour=log_of.decisions / len(log_of.hours) if log_of.hours else None,
        skipped=log_of.kinds[Kind.skipped],
        escalated=log_of.kinds[Kind.escalated],
        second_opinions=len(log_of.pairs),
        differing=sum(one["labels"] != other["labels"] for one, other in log_of.pairs.values()),
        appeals=log_of.appeals,
        overturned=log_of.overturned,
        agreement={category: _alpha(log_of.pairs, category) for category in CATEGORIES},
        categories={name: _figures(waiting[k], np.array(waits[k]), hours[k]) for k, name in enumerate(CATEGORIES)},
    )


class _Log:
    """What one pass over the log finds."""

    def __init__(self) -> None:
        self.kinds: Counter[Kind] = Counter()
        self.hours: set[tuple[str, int]] = set()
        self.first: list[tuple[int, int]] = []  # number of the message, when it was decided
        self.pairs: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}  # first and second opinion, by case
        self.appeals = self.overturned = self.decisions = 0
        self._firsts: dict[int, dict[str, Any]] = {}  # of cases that get a second opinion
        self._labels: dict[int, list[str]] = {}

    @classmethod
    def read(cls, events: Iterable[Event]) -> _Log:
        found = cls()
        for event in events:
            found.kinds[event.kind] += 1
            if event.kind is Kind.decided:
                found._decided(event)
        return found

    def _decided(self, event: Event) -> None:
        self.decisions += 1
        self.hours.add((event.reviewer, event.at // HOUR))
        stage, labels = event.detail["stage"], event.detail["labels"]
        said = {"reviewer": event.reviewer, "labels": labels}
        if stage == Stage.first.name:
            self.first.append((event.item, event.at))
            if event.detail["second"]:
                self._firsts[event.content] = said
        elif stage == Stage.second.name:
            self.pairs[event.content] = (self._firsts.pop(event.content), said)
        elif stage == Stage.appeal.name:
            self.appeals += 1
            self.overturned += labels != self._labels[event.content]
        if stage != Stage.second.name:
            self._labels[event.content] = labels


class _Waiting(NamedTuple):
    """Messages of a category that wait: for any decision, for the first one, and for that longer than the time to answer."""

    all: int
    first: int
    overdue: int


def _waiting(queue: Queue, connection: Connection) -> list[_Waiting]:
    """What waits, by place of the category: one walk over the index of the queue, which holds all that is asked for."""
    now = queue.now()
    due = case(
        *(
            (_state.queue < Group(place + 1, False, 0).number, now - round(category.answer_within_hours * HOUR))
            for place, category in enumerate(queue.policy.categories)
        )
    )
    first = _state.stage == Stage.first.value
    counts = (func.count(), func.count().filter(first), func.count().filter(first, _state.since < due))
    chosen = select(_state.queue, *counts).where(_state.queue.is_not(None)).group_by(_state.queue)
    found = np.zeros((len(CATEGORIES), len(counts)), np.int64)
    for number, *counted in connection.execute(chosen):
        found[Group.of(number).category] += counted
    return [_Waiting(*row) for row in found.tolist()]


def _waits(connection: Connection, first: list[tuple[int, int]]) -> defaultdict[int, list[float]]:
    """How many hours messages waited for their first decision, by place of the category."""
    waits: defaultdict[int, list[float]] = defaultdict(list)
    for some in chunks(first):
        decided = dict(some)
        chosen = select(_state.item, _state.sent, _state.category).where(among(connection, _state.item, decided))
        for item, sent, category in connection.execute(chosen):
            waits[category].append((decided[item] - sent) / HOUR)
    return waits


def _figures(waiting: _Waiting, waited: np.ndarray[Any, np.dtype[np.float64]], within: float) -> CategoryFigures:
    p50, p95 = np.quantile(waited, (0.5, 0.95)).tolist() if len(waited) else (None, None)
    return CategoryFigures(waiting.first, waiting.overdue, len(waited), int((waited > within).sum()), p50, p95)


def _alpha(pairs: dict[int, tuple[dict[str, Any], dict[str, Any]]], category: str) -> float | None:
    from nltk.metrics.agreement import AnnotationTask

    votes = [(said["reviewer"], content, category in said["labels"]) for content, pair in pairs.items() for said in pair]
    return float(AnnotationTask(votes).alpha()) if len({vote for _, _, vote in votes}) > 1 else None
