"""How good the model is on what really came in, from the slice of messages that chance picked.

The key of a case is a hash of its text, so the cases in the order of their keys are in random order. However moderators work
through the queue, the longest stretch from the first key on in which every case is decided is a random sample: nobody chose
what is in it. `moderation.triage.sampling` offers the next cases of that stretch.

What is estimated holds for the messages that were added. With only the flagged ones in the store, recall says nothing about
what the model never flagged: add with ``--all`` for that.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from moderation.categories import CATEGORIES
from moderation.triage import schema
from moderation.triage.cases import as_labels
from moderation.triage.store import reading

if TYPE_CHECKING:
    from moderation.triage.queue import Queue

_Z = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class Share:
    """``hits`` of ``trials``, and the 95 % interval (Wilson 1927) from ``low`` to ``high``."""

    hits: int
    trials: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimates:
    """Precision and recall of the flags, by category; None where no case could tell.

    Attributes:
        cases: How many the random slice has. Messages of the same folded text are one case.
        precision: Of the flagged, how many are right.
        recall: Of those that break the Code, how many are flagged.
    """

    cases: int
    precision: dict[str, Share | None]
    recall: dict[str, Share | None]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def estimates(queue: Queue) -> Estimates:
    """Estimate from all decisions so far."""
    state, items = schema.state.c, schema.items.c
    chosen = select(state.content, state.labels, items.flags).join(schema.items, items.id == state.item)
    chosen = chosen.order_by(state.content, state.item).execution_options(yield_per=1_000)
    right, flagged, broken = Counter[str](), Counter[str](), Counter[str]()
    last, cases = None, 0
    with reading(queue.engine) as connection, connection.execute(chosen) as rows:
        for content, bits, flags in rows:
            labels = as_labels(bits)
            if labels is None:
                break
            if content != last:
                said = set(filter(None, flags.split(";")))
                flagged.update(said)
                broken.update(labels)
                right.update(said & set(labels))
                cases, last = cases + 1, content
    return Estimates(
        cases,
        {category: share(right[category], flagged[category]) for category in CATEGORIES},
        {category: share(right[category], broken[category]) for category in CATEGORIES},
    )


def share(hits: int, trials: int) -> Share | None:
    """A share with its interval; None without trials."""
    if not trials:
        return None
    p, spread = hits / trials, _Z**2 / trials
    margin = _Z * math.sqrt(p * (1 - p) / trials + spread / (4 * trials))
    middle, scale = p + spread / 2, 1 + spread
    return Share(hits, trials, p, max(0.0, min(p, (middle - margin) / scale)), min(1.0, max(p, (middle + margin) / scale)))
