"""Why a message got its score: the words that push each category, as far as they push it.

The head is linear, so the score falls apart exactly: every n-gram adds its weight over the message's norm, and belongs to
a word (a pair of words half to each). What the words give and the intercept add up to the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.classifier.length import length_norm
from moderation.classifier.model import Model
from moderation.text.ngrams import WEIGHT_COLUMNS, WordFeatures, word_features
from moderation.text.tokens import WINDOW, tokenize


@dataclass(frozen=True)
class Reason:
    """A span of the message and its push on the log odds of one category.

    Attributes:
        category: One of `CATEGORIES`.
        start: First character of the span.
        end: Character after it.
        text: The span.
        push: What it adds to the log odds; negative when it speaks against.
    """

    category: str
    start: int
    end: int
    text: str
    push: float


@dataclass(frozen=True)
class Explanation:
    """The reasons of one message.

    Attributes:
        folded: What the classifier read, disguises undone.
        base: Log odds of each category without any word.
        log_odds: Log odds of each category; ``base`` plus all pushes.
        reasons: Strongest first within a category.
    """

    folded: str
    base: dict[str, float]
    log_odds: dict[str, float]
    reasons: tuple[Reason, ...]

    def of(self, category: str, limit: int = 5) -> list[Reason]:
        """The strongest reasons for a category."""
        return [r for r in self.reasons if r.category == category and r.push > 0][:limit]


def explain(model: Model, text: str) -> Explanation:
    """Decompose the score of one message."""
    clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found = word_features(clean, model.bits, concepts=model.concepts)
    pushes = _word_pushes(model, found)
    slopes, intercepts = np.array(model.calibration).T
    base = model.intercept * slopes + intercepts
    spans, owners = _readable_spans(clean, found.spans)
    by_span = np.zeros((len(spans), len(CATEGORIES)))
    np.add.at(by_span, owners, pushes)
    reasons = [
        Reason(category, start, end, clean[start:end], float(by_span[place, column]))
        for column, category in enumerate(CATEGORIES)
        for place in np.argsort(-by_span[:, column], kind="stable")
        for start, end in [spans[place]]
    ]
    total = base + pushes.sum(axis=0)
    return Explanation(
        folded=" ".join(found.words),
        base=dict(zip(CATEGORIES, base.tolist(), strict=True)),
        log_odds=dict(zip(CATEGORIES, total.tolist(), strict=True)),
        reasons=tuple(reasons),
    )


def _word_pushes(model: Model, found: WordFeatures) -> npt.NDArray[np.float64]:
    """Push of each folded word on each category, ``(words, categories)``."""
    n = len(found.words)
    if not n:
        return np.zeros((0, len(CATEGORIES)))
    weights = model.weights[found.features.astype(np.int64)].astype(np.float64)
    norm = length_norm(weights[:, WEIGHT_COLUMNS - 1].sum())
    slopes = np.array([c.slope for c in model.calibration])
    values = weights[:, : len(CATEGORIES)] * (model.scale * slopes / norm)
    pushes = np.add.reduceat(values, found.firsts[:-1], axis=0)
    # The first feature of a word is its pair with the word before: half of it belongs there.
    shared = values[found.firsts[1:-1]] / 2
    pushes[1:] -= shared
    pushes[:-1] += shared
    return np.asarray(pushes)


def _readable_spans(text: str, byte_spans: npt.NDArray[np.int64]) -> tuple[list[tuple[int, int]], npt.NDArray[np.int64]]:
    """Spans of characters that people would point at, and for each folded word the span it belongs to.

    A span is an NLTK token; tokens that one folded word reaches over, such as letters spaced apart, are one span.
    """
    lengths = np.fromiter((len(c.encode()) for c in text), np.int64, len(text))
    ends = np.cumsum(lengths)
    spans: list[tuple[int, int]] = []
    owners = np.zeros(len(byte_spans), np.int64)
    # What the classifier did not read, past the cut, needs no tokens.
    read = int(np.searchsorted(ends, byte_spans.max(initial=0)))
    tokens = tokenize(text[: read + WINDOW])
    place = 0
    for word, (first, last) in enumerate(byte_spans):
        start = int(np.searchsorted(ends, first, side="right"))
        end = int(np.searchsorted(ends, last - 1, side="right")) + 1
        while place < len(tokens) and tokens[place].end <= start:
            place += 1
        reach = place
        while reach < len(tokens) and tokens[reach].start < end:
            start, end = min(start, tokens[reach].start), max(end, tokens[reach].end)
            reach += 1
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
        owners[word] = len(spans) - 1
    return spans, owners
