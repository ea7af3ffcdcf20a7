"""A message as the page shows it: words marked, bars, what is beside it. Texts are made visible; templates escape them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from moderation.categories import CATEGORIES
from moderation.classifier.explain import Explanation, explain
from moderation.classifier.model import Model
from moderation.evaluation.mistakes import visible
from moderation.policy import Policy
from moderation.text.decoding import MAX_CHARACTERS
from moderation.triage.cases import Event, Kind, Stage
from moderation.triage.messages import Message, Surroundings, surroundings
from moderation.triage.queue import Queue

LETTERS = dict(zip(CATEGORIES, "athbs", strict=True))
"""The key that decides for a category alone; h is the hoax, so hate goes by b, for kebencian."""
GRAVE = 0.75
"""Harm of one category from which a text is veiled until asked for."""
MOST_EXPLAINED = 4_000
"""How many characters of a text are searched for words to mark; 50,000 would take seconds."""
SNIPPET = 160
BESIDE = 6
"""How many messages of a conversation are shown on either side, and of an author."""
_LEAST_PUSH = 0.05


class Piece(NamedTuple):
    """Part of a message, and the category that it pushes most; None where it is no reason."""

    text: str
    category: str | None


class Bar(NamedTuple):
    """A category with its probability and thresholds, 0 to 1, and the keys that choose it."""

    name: str
    p: float
    flagged: bool
    review: float
    act: float
    digit: int
    letter: str


class Beside(NamedTuple):
    """A message in a list; ``labels`` is None where nobody has decided or the decision is not to be seen."""

    id: int
    sent: int
    text: str
    labels: tuple[str, ...] | None
    veiled: bool
    current: bool


@dataclass(frozen=True)
class View:
    """One message with all that is around it.

    Attributes:
        message: The message.
        pieces: Its text.
        left_out: Characters of it that are not shown.
        veiled: Whether the text is to be hidden until asked for.
        bars: The categories, in the order of `CATEGORIES`.
        conversation: Messages of its conversation around it, itself too; empty if it is alone.
        earlier: The latest others of its author.
        around: All of the surroundings.
        history: What happened to it, as far as whoever decides now may know.
        mine: Whether the moderator has it.
    """

    message: Message
    pieces: tuple[Piece, ...]
    left_out: int
    veiled: bool
    bars: tuple[Bar, ...]
    conversation: tuple[Beside, ...]
    earlier: tuple[Beside, ...]
    around: Surroundings
    history: tuple[Event, ...]
    mine: bool

    @property
    def others(self) -> list[int]:
        """Numbers of the other messages that are seen with it."""
        return sorted({other.id for other in (*self.conversation, *self.earlier)} - {self.message.id})


def view(queue: Queue, model: Model, message: Message, reviewer: str) -> View:
    """Everything the page shows of a message."""
    around = surroundings(queue, message)
    policy, text = queue.policy, message.text[:MAX_CHARACTERS]
    conversation = _near(around.conversation, message.id)
    return View(
        message=message,
        pieces=pieces(explain(model, text[:MOST_EXPLAINED]), text, reasons_for(message)),
        left_out=len(message.text) - len(text),
        veiled=is_grave(message, policy),
        bars=_bars(message, model, policy),
        conversation=tuple(_beside(other, message, policy) for other in conversation) if len(conversation) > 1 else (),
        earlier=tuple(_beside(other, message, policy) for other in around.earlier[:BESIDE]),
        around=around,
        history=tuple(event for event in queue.history(message.id) if _may_be_known(event, message.stage)),
        mine=message.holder == reviewer,
    )


def pieces(explanation: Explanation, text: str, categories: Iterable[str]) -> tuple[Piece, ...]:
    """The text cut at the words that push one of the categories; a word that pushes several is the strongest's."""
    found = [reason for category in categories for reason in explanation.of(category) if reason.push >= _LEAST_PUSH]
    strongest = {(r.start, r.end): r.category for r in sorted(found, key=lambda r: r.push)}
    cut, done = [], 0
    for (start, end), category in sorted(strongest.items()):
        cut += [Piece(text[done:start], None), Piece(text[start:end], category)]
        done = end
    cut.append(Piece(text[done:], None))
    return tuple(Piece(visible(piece.text), piece.category) for piece in cut if piece.text)


def reasons_for(message: Message) -> tuple[str, ...]:
    """The categories whose words are marked: the flagged ones, or else the likeliest."""
    return message.flags or (max(CATEGORIES, key=lambda category: message.probabilities[category]),)


def is_grave(message: Message, policy: Policy) -> bool:
    """Whether a text can hurt whoever reads it unprepared."""
    severity = {category.name: category.severity for category in policy.categories}
    return any(severity[flag] * message.probabilities[flag] >= GRAVE for flag in message.flags)


def snippet(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text[: 4 * SNIPPET].split())
    return visible(line if len(line) <= SNIPPET else f"{line[:SNIPPET].rstrip()}…")


def _bars(message: Message, model: Model, policy: Policy) -> tuple[Bar, ...]:
    return tuple(
        Bar(
            name=category.name,
            p=message.probabilities[category.name],
            flagged=category.name in message.flags,
            review=thresholds.review,
            act=thresholds.act,
            digit=place,
            letter=LETTERS[category.name],
        )
        for place, (category, thresholds) in enumerate(zip(policy.categories, model.thresholds, strict=True), 1)
    )


def _near(conversation: tuple[Message, ...], item: int) -> tuple[Message, ...]:
    place = next((k for k, other in enumerate(conversation) if other.id == item), 0)
    return conversation[max(0, place - BESIDE) : place + BESIDE + 1]


def _beside(other: Message, message: Message, policy: Policy) -> Beside:
    return Beside(other.id, other.sent, snippet(other.text), other.labels_shown, is_grave(other, policy), other.id == message.id)


def _may_be_known(event: Event, stage: Stage) -> bool:
    if event.kind is Kind.given:
        return False
    return stage in (Stage.done, Stage.appeal) or event.kind in (Kind.skipped, Kind.escalated)
