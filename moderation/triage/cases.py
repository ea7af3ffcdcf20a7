"""What became of a case, as its events tell it: a pure fold, and who may do what next.

A case is all messages of the same folded text. It starts in `Stage.first`. A decision ends it, or sends it to a second
moderator who does not see the first decision; if the two differ, a third one settles. An appeal opens it again for somebody
who has not decided it before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Any

from moderation.categories import CATEGORIES
from moderation.triage.errors import ConflictError


class Stage(IntEnum):
    """Which decision a case waits for."""

    first = 0
    second = 1
    settle = 2
    appeal = 3
    done = 4


class Kind(StrEnum):
    """What can happen. Of these, `ACTIONS` are what a moderator does and can undo.

    The last three, of the page, belong to no case: who saw a message, came in, or was not let in.
    """

    added = "added"
    given = "given"
    decided = "decided"
    skipped = "skipped"
    escalated = "escalated"
    appealed = "appealed"
    undone = "undone"
    seen = "seen"
    signed_in = "signed_in"
    refused = "refused"


ACTIONS = (Kind.decided, Kind.skipped, Kind.escalated, Kind.appealed)


@dataclass(frozen=True)
class Event:
    """Something that happened to a case.

    Attributes:
        id: Grows with time.
        at: Milliseconds since 1970.
        kind: What happened.
        content: Key of the case.
        item: Number of the message that the moderator had.
        reviewer: Pseudonym of the moderator.
        detail: ``labels`` (category names), ``stage`` (name) and ``second`` of a decision, ``until`` of a lease, ``event`` of
            an undo, ``note``.
    """

    id: int
    at: int
    kind: Kind
    content: int
    item: int
    reviewer: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """How a case stands.

    Attributes:
        stage: Which decision it waits for.
        labels: Categories that hold by the decision in force; None while nobody decided.
        escalated: A moderator asked for somebody else's eyes, and they have not decided yet.
        since: When it came back into the queue; None if it did not.
        deciders: Who decided it; they do not decide it again.
        passed: Who decided it or left it to others.
        holder: To whom it is reserved until ``until``, as message ``item``.
        until: Milliseconds since 1970.
        last: The last action that was not undone.
        decided: The decision in force.
    """

    stage: Stage = Stage.first
    labels: frozenset[str] | None = None
    escalated: bool = False
    since: int | None = None
    deciders: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    holder: str | None = None
    until: int = 0
    item: int | None = None
    last: Event | None = None
    decided: Event | None = None


def fold(events: Iterable[Event]) -> Case:
    """How a case stands after its events, given in the order of their ids."""
    ordered = list(events)
    undone = {event.detail["event"] for event in ordered if event.kind is Kind.undone}
    case = Case()
    for event in ordered:
        if event.id not in undone:
            case = _step(case, event)
    return case


def _step(case: Case, event: Event) -> Case:
    if event.kind is Kind.given:
        return replace(case, holder=event.reviewer, until=event.detail["until"], item=event.item)
    if event.kind is Kind.undone:
        return replace(case, holder=None, until=0)
    case = replace(case, last=event, holder=None, until=0)
    if event.kind is Kind.appealed:
        return replace(case, stage=Stage.appeal, since=event.at)
    case = replace(case, passed=case.passed | {event.reviewer})
    if event.kind is Kind.skipped:
        return case
    if event.kind is Kind.escalated:
        return replace(case, escalated=True)
    return _decide(case, event)


def _decide(case: Case, event: Event) -> Case:
    labels = frozenset(event.detail["labels"])
    differs = case.stage is Stage.second and labels != case.labels
    stage = Stage.second if event.detail.get("second") else Stage.settle if differs else Stage.done
    return replace(
        case,
        stage=stage,
        labels=case.labels if differs else labels,
        decided=case.decided if differs else event,
        escalated=False,
        since=case.since if stage is Stage.done else event.at,
        deciders=case.deciders | {event.reviewer},
    )


def check_action(case: Case, kind: Kind, item: int, reviewer: str, now: int) -> None:
    """Whether a moderator may do something to a case now.

    Raises:
        ConflictError: No, and why.
    """
    if kind is Kind.appealed:
        if case.stage is not Stage.done:
            raise ConflictError(f"message {item} waits for a decision already")
        return
    if case.stage is Stage.done:
        by = case.decided.reviewer if case.decided else "somebody"
        raise ConflictError(f"message {item} was decided by {by}; an appeal opens it again")
    if reviewer in case.deciders:
        raise ConflictError(f"message {item} now needs somebody other than {', '.join(sorted(case.deciders))}")
    if case.holder not in (None, reviewer) and case.until > now:
        raise ConflictError(f"message {item} is with {case.holder}")


def check_undo(case: Case, event: Event, now: int) -> None:
    """Whether an action can be undone now: nobody did anything to its case since.

    Raises:
        ConflictError: Somebody did, or has it at hand.
    """
    if case.last is None or case.last.id != event.id:
        raise ConflictError(f"message {event.item} has moved on since")
    if case.holder not in (None, event.reviewer) and case.until > now:
        raise ConflictError(f"message {event.item} is with {case.holder}")


def needs_second(content: int, share: float) -> bool:
    """Whether a case is in the sample that two people decide; the same cases on every machine.

    The last bits of the key count: its first ones make the random order of `moderation.triage.estimates`.
    """
    return content % 2**32 < share * 2**32


def as_bits(labels: Iterable[str] | None) -> int | None:
    """Categories as bits in the order of `CATEGORIES`; None stays None."""
    return None if labels is None else sum(1 << CATEGORIES.index(label) for label in labels)


def as_labels(bits: int | None) -> tuple[str, ...] | None:
    """The reverse of `as_bits`, in the order of `CATEGORIES`."""
    return None if bits is None else tuple(category for k, category in enumerate(CATEGORIES) if bits >> k & 1)
