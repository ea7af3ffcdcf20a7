"""How urgent a message is, from 0 to 100, in parts that add up; and why a queue of a million needs no sorting.

With harm h, repeat r and waiting w the priority is ``100 * (1 - (1 - h) ** ((1 + r) * (1 + w)))``: each part closes more of
the gap to 100, none can take a message of no harm off 0. A credible threat to staff, or a message that a moderator
escalated, moves into the range between the floor and 100, by the same order.

What does not change while a message waits, h and r, is rounded to a whole number, the *level*. Two messages of the same
category (hence the same time to answer), the same level and both or neither under the floor form a *group*, and within a
group the older one is never below the younger, now or later, however waiting counts. So at any moment the top of the queue
is among the oldest of each group, of which there are at most `GROUPS`, and each is found by one step in an index; most groups
are not even looked at, since waiting lifts a message only so far, see `most`. Nothing is ranked again as time passes, and the
order is exactly that of the priorities at the moment of asking.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from moderation.categories import CATEGORIES
from moderation.policy import Policy
from moderation.triage.rules import Rules, Suggestion

LEVELS = 101
GROUPS = 2 * len(CATEGORIES) * LEVELS
HOUR = 3_600_000
DAY = 24 * HOUR
"""Times are milliseconds since 1970, UTC."""


class Offence(NamedTuple):
    """A violation that a person confirmed: when the message was sent, and the highest severity of its categories."""

    at: int
    severity: float


class Group(NamedTuple):
    """Messages whose order among themselves never changes: place of the category in `CATEGORIES`, floor, level."""

    category: int
    floored: bool
    level: int

    @property
    def number(self) -> int:
        """The group as one number below `GROUPS`."""
        return (2 * self.category + self.floored) * LEVELS + self.level

    @classmethod
    def of(cls, number: int) -> Group:
        """The group with a number."""
        kind, level = divmod(number, LEVELS)
        return cls(kind // 2, bool(kind % 2), level)


@dataclass(frozen=True)
class Priority:
    """How urgent a message is at one moment, and the points that each part gives.

    Attributes:
        total: 0 to 100; the sum of the parts.
        harm: For what the message says.
        repeat: For earlier violations of its author.
        waiting: For the time it has waited.
        floor: What was missing to the range of credible threats.
    """

    total: float
    harm: float
    repeat: float
    waiting: float
    floor: float


def level(harm: float, repeat: float) -> int:
    """``100 * (1 - (1 - harm) ** (1 + repeat))`` as a whole number; ``harm`` is 0 to 1, ``repeat`` from 0 up."""
    return round(100 * (1 - math.pow(1 - harm, 1 + repeat)))


def remembered(offence: Offence, sent: int, rules: Rules) -> float:
    """How much of an offence still counts for a message sent at ``sent``, 0 to 1.

    The time between the two messages counts, not the time that either waits for a decision, so it does not change. An
    offence after the message counts in full: deciding on the later message first does its author no favour.
    """
    return max(0.0, 1 - max(0, sent - offence.at) / (rules.repeat_expiry_days * DAY))


def repeat(offences: Iterable[Offence], sent: int, rules: Rules) -> float:
    """What confirmed violations of the author add to the exponent, 0 to ``rules.repeat_most``; the latest are counted first."""
    added = 0.0
    for offence in sorted(offences, reverse=True):
        added += rules.repeat_weight * offence.severity * remembered(offence, sent, rules)
        if added >= rules.repeat_most:
            return rules.repeat_most
    return added


def waiting(waited: int, category: int, policy: Policy, rules: Rules) -> float:
    """What ``waited`` milliseconds add to the exponent, 0 to ``rules.waiting_most``."""
    answer_within = policy.categories[category].answer_within_hours * HOUR
    return min(rules.waiting_most, rules.waiting_weight * max(0, waited) / answer_within)


def total(group: Group, waited: int, policy: Policy, rules: Rules) -> float:
    """Priority of a message of a group that has waited so many milliseconds."""
    return _lifted(group, _raised(group, waiting(waited, group.category, policy, rules)), rules)


def most(group: Group, rules: Rules) -> float:
    """Priority that no message of a group exceeds, however long it waits."""
    return _lifted(group, _raised(group, rules.waiting_most), rules)


def priority(harm: float, group: Group, waited: int, policy: Policy, rules: Rules) -> Priority:
    """Priority with its parts; ``harm`` is 0 to 1."""
    raised = _raised(group, waiting(waited, group.category, policy, rules))
    lifted = _lifted(group, raised, rules)
    at_first = level(harm, 0)
    return Priority(lifted, at_first, group.level - at_first, raised - group.level, lifted - raised)


def _raised(group: Group, waits: float) -> float:
    spared = math.pow(1 - group.level / 100, 1 + waits)
    return max(float(group.level), 100 * (1 - spared))


def _lifted(group: Group, points: float, rules: Rules) -> float:
    if not group.floored or not group.level:
        return points
    return rules.staff_threat_floor + (100 - rules.staff_threat_floor) * points / 100


def is_staff_threat(flags: Iterable[str], action: str) -> bool:
    """Whether a verdict tells of a credible threat: threatening is flagged, and the message is to be escalated."""
    return action == "escalate" and "threatening" in flags


def suggestions(violations: int, *, staff_threat: bool, rules: Rules) -> tuple[Suggestion, ...]:
    """Consequences that the Code allows, given how many violations of the author are remembered, this one included."""
    holds = {"repeated": violations >= rules.repeated_from, "staff_threat": staff_threat}
    return tuple(suggestion for suggestion in rules.suggestions if holds[suggestion.when])
