"""The worst mistakes of a model, with the words that made it err."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from moderation.categories import CATEGORIES
from moderation.classifier.explain import Explanation, explain
from moderation.classifier.model import Model
from moderation.evaluation.bootstrap import Floats
from moderation.labelled import LabelledRows

FALSE_ALARM, MISS = "false alarm", "miss"
MOST_CHARACTERS = 1_200
"""How much of a message is shown and explained."""
_WORD = 40
_REASONS = 5
_LEAST_PUSH = 0.05


class Piece(NamedTuple):
    """Part of a message; ``push`` is on the log odds of the category, 0 where it is no reason."""

    text: str
    push: float


@dataclass(frozen=True)
class Mistake:
    """A row on the wrong side of the review threshold.

    Attributes:
        kind: ``false alarm`` or ``miss``.
        probability: What the model gave it.
        origin: Its source, language, channel and tag, those it has.
        pieces: The message, its words that push most marked; empty where texts are left out.
        reasons: Those words, strongest first.
        left_out: Characters of the message that are not in ``pieces``.
    """

    kind: str
    probability: float
    origin: tuple[str, ...]
    pieces: tuple[Piece, ...]
    reasons: tuple[Piece, ...]
    left_out: int


def worst_mistakes(
    model: Model, rows: LabelledRows, probabilities: Floats, category: str, limit: int = 10, *, texts: bool = True
) -> list[Mistake]:
    """False alarms from the highest probability down, then misses from the lowest up; of equals the earlier row first.

    Args:
        model: Whose mistakes.
        rows: On what.
        probabilities: ``(n, categories)``.
        category: One of `CATEGORIES`.
        limit: Most of either kind.
        texts: Whether to bring the messages and the words in them.
    """
    place = CATEGORIES.index(category)
    scores, labels = probabilities[:, place], rows.labels[:, place]
    flagged = scores >= model.thresholds[place].review
    alarms, misses = np.flatnonzero(flagged & (labels == 0)), np.flatnonzero(~flagged & (labels == 1))
    chosen = [(FALSE_ALARM, row) for row in alarms[np.argsort(-scores[alarms], kind="stable")][:limit]]
    chosen += [(MISS, row) for row in misses[np.argsort(scores[misses], kind="stable")][:limit]]
    return [_mistake(model, rows, category, kind, int(row), float(scores[row]), texts) for kind, row in chosen]


def _mistake(model: Model, rows: LabelledRows, category: str, kind: str, row: int, probability: float, texts: bool) -> Mistake:
    values = [rows.facet(name)[row] for name in ("source", "lang", "channel", "tag")]
    origin = tuple(visible(str(value)) for value in values if value)
    if not texts:
        return Mistake(kind, probability, origin, (), (), 0)
    whole = rows.texts[row].as_py()
    text = whole[:MOST_CHARACTERS]
    explanation = explain(model, text)
    pushes = _strongest(explanation, category)
    reasons = tuple(Piece(visible(text[start:end][:_WORD]), push) for (start, end), push in pushes.items())
    return Mistake(kind, probability, origin, _pieces(text, pushes), reasons, len(whole) - len(text))


def _strongest(explanation: Explanation, category: str) -> dict[tuple[int, int], float]:
    """Spans of the words that push most, for or against, and how far."""
    reasons = sorted((r for r in explanation.reasons if r.category == category), key=lambda r: -abs(r.push))
    return {(r.start, r.end): r.push for r in reasons[:_REASONS] if abs(r.push) >= _LEAST_PUSH}


def _pieces(text: str, pushes: dict[tuple[int, int], float]) -> tuple[Piece, ...]:
    """The text cut at the spans, which do not overlap."""
    pieces, done = [], 0
    for (start, end), push in sorted(pushes.items()):
        pieces += [Piece(text[done:start], 0.0), Piece(text[start:end], push)]
        done = end
    pieces.append(Piece(text[done:], 0.0))
    return tuple(Piece(visible(piece.text), piece.push) for piece in pieces if piece.text)


def visible(text: str) -> str:
    """Text with every character that a page would swallow, or act on, as a sign that can be seen.

    Control characters become their pictures or ``U+FFFD``; marks that turn the direction of what follows, which could make a
    message read as another, their number. New lines and tabs stay.
    """
    return "".join(map(_sign, text.replace("\r\n", "\n")))


def _sign(c: str) -> str:
    if c in "\n\t":
        return c
    if c < " ":
        return chr(0x2400 + ord(c))
    kind = unicodedata.category(c)
    if kind in ("Cc", "Cs") or (ord(c) & 0xFFFE) == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF:
        return "\ufffd"
    return f"[U+{ord(c):04X}]" if unicodedata.bidirectional(c) in _TURNING else c


_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
