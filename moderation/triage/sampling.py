"""What to label next: where the model is unsure, where most is at stake, and what chance picks. Near-duplicates once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, func, select

from moderation.categories import CATEGORIES
from moderation.messages.arrays import strings
from moderation.text.folding import fold_all
from moderation.triage import schema
from moderation.triage.cases import Stage
from moderation.triage.messages import Message, load
from moderation.triage.ranking import Ranking
from moderation.triage.store import reading

if TYPE_CHECKING:
    from moderation.triage.queue import Queue

Why = Literal["random", "high", "uncertain"]
SPARE = 4
"""So many times as many candidates are looked at as are asked for, since near-duplicates fall out."""

_items, _state = schema.items.c, schema.state.c


@dataclass(frozen=True)
class Sampled:
    """A message that nobody has decided, and why it is worth it."""

    message: Message
    why: Why


def sample(queue: Queue, *, random: int, high: int, uncertain: int) -> list[Sampled]:
    """Choose messages that nobody has decided.

    Args:
        queue: Where from.
        random: How many that chance picks: the next ones of the stretch that `moderation.triage.estimates` looks at. Of
            these only exact duplicates are left out, or they would be no random sample.
        high: How many of the highest priority.
        uncertain: How many that have a probability closest to one half.
    """
    now = queue.now()
    with reading(queue.engine) as connection:
        ranking = Ranking(connection, queue.policy, queue.rules, now)
        numbers: dict[Why, tuple[Iterable[int], int]] = {
            "random": (_random(connection, random), random),
            "high": ((ranked.item for ranked in ranking), SPARE * high),
            "uncertain": (_uncertain(connection, SPARE * uncertain), SPARE * uncertain),
        }
        candidates = [
            Sampled(message, why)
            for why, (found, limit) in numbers.items()
            for message in load(connection, found, queue.policy, queue.rules, now, limit=limit)
        ]
    return _distinct(candidates, {"random": random, "high": high, "uncertain": uncertain})


def _distinct(candidates: list[Sampled], wanted: dict[Why, int]) -> list[Sampled]:
    from moderation.corpus.duplicates import near_groups

    groups = near_groups(fold_all(strings([candidate.message.text for candidate in candidates])))
    chosen: list[Sampled] = []
    seen: set[str] = set()
    left = dict(wanted)
    for candidate, group in zip(candidates, groups, strict=True):
        fresh = candidate.why == "random" or group not in seen
        if fresh and left[candidate.why] and candidate.message.stage is Stage.first:
            chosen.append(candidate)
            seen.add(group)
            left[candidate.why] -= 1
    return chosen


def _random(connection: Connection, limit: int) -> Iterable[int]:
    undecided = select(func.min(_state.item)).where(_state.labels.is_(None)).group_by(_state.content)
    return connection.execute(undecided.order_by(_state.content).limit(limit)).scalars().all()


def _uncertain(connection: Connection, limit: int) -> Iterable[int]:
    least = func.least if connection.dialect.name == "postgresql" else func.min
    distance = least(*(func.abs(_items[f"p_{category}"] - 0.5) for category in CATEGORIES))
    chosen = select(_items.id).join(schema.state, _state.item == _items.id).where(_state.labels.is_(None))
    return connection.execute(chosen.order_by(distance, _items.id).limit(limit)).scalars().all()
