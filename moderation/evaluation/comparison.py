"""Two models on the same rows: which differences are more than luck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.evaluation.bootstrap import Progress, interval, p_value
from moderation.evaluation.figures import LOWER_IS_BETTER, RATES
from moderation.evaluation.judging import LEAST_ROWS, Evaluation, Judged, flags, judge
from moderation.labelled import LabelledRows

BETTER, WORSE, NOT_SHOWN, NOT_TESTED = "better", "worse", "no difference shown", "not tested"
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Difference:
    """One figure of two models.

    Attributes:
        category: One of `CATEGORIES`.
        slice: ``all``, or a facet and its value.
        figure: One of `RATES`.
        difference: The model's less the other's.
        interval: Its 95 % paired bootstrap interval; None where the rows are too few or nothing was resampled.
        p_value: Two-sided, of the paired bootstrap; None as the interval.
        verdict: What that says of the model: ``better``, ``worse``, ``no difference shown`` or ``not tested``.
    """

    category: str
    slice: str
    figure: str
    difference: float
    interval: tuple[float, float] | None
    p_value: float | None
    verdict: str


@dataclass(frozen=True)
class FlagTest:
    """McNemar's exact test on the flags at review: of the rows that only one model gets right, has one significantly more?

    Attributes:
        category: One of `CATEGORIES`.
        only_model: Rows that only the model flags or leaves as labelled.
        only_other: Rows that only the other does.
        p_value: Two-sided.
        verdict: What that says of the model.
    """

    category: str
    only_model: int
    only_other: int
    p_value: float
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """A model against another on the same rows.

    Attributes:
        model: Figures of the model.
        other: Figures of the other.
        differences: One a figure that both have, in the order of their figures.
        flags: One a category that has labels.
    """

    model: Evaluation
    other: Evaluation
    differences: tuple[Difference, ...]
    flags: tuple[FlagTest, ...]

    def overall(self, figure: str) -> dict[str, Difference]:
        """The differences of one figure over all rows, by category."""
        return {d.category: d for d in self.differences if (d.slice, d.figure) == ("all", figure)}

    def in_words(self, figure: str) -> str:
        """What the differences of one figure over all rows say, such as ``better in hate; no difference shown in spam``."""
        found = self.overall(figure)
        said = {word: [c for c, d in found.items() if d.verdict == word] for word in (BETTER, WORSE, NOT_SHOWN, NOT_TESTED)}
        return "; ".join(f"{word} in {', '.join(categories)}" for word, categories in said.items() if categories)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data, without the model's own figures."""
        return {key: value for key, value in asdict(self).items() if key != "model"}


def compare(
    model: Model,
    other: Model,
    rows: LabelledRows,
    least: int = LEAST_ROWS,
    *,
    resamples: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Evaluate two models on the same rows and the same resamples of them; arguments as in `evaluate`."""
    mine, theirs = judge([model, other], rows, least, resamples, seed, progress)
    differences = tuple(_differences(mine, theirs))
    right = [flags(m, judged.probabilities) == (rows.labels == 1) for m, judged in ((model, mine), (other, theirs))]
    tests = []
    for place, category in enumerate(CATEGORIES):
        known = ~np.isnan(rows.labels[:, place])
        if known.any():
            a, b = (side[known, place] for side in right)
            tests.append(mcnemar(category, int((a & ~b).sum()), int((b & ~a).sum())))
    return Comparison(mine.evaluation, theirs.evaluation, differences, tuple(tests))


def _differences(mine: Judged, theirs: Judged) -> Iterator[Difference]:
    for at, (ours, others) in enumerate(zip(mine.evaluation.figures, theirs.evaluation.figures, strict=True)):
        for column, name in enumerate(RATES):
            a, b = ours.rate(name), others.rate(name)
            if a is None or b is None:
                continue
            bounds = p = None
            if ours.intervals:
                samples = mine.samples[:, at, column] - theirs.samples[:, at, column]
                bounds, p = interval(samples), p_value(samples)
            better = (a < b) if name in LOWER_IS_BETTER else (a > b)
            yield Difference(ours.category, ours.slice, name, a - b, bounds, p, verdict(p, better))


def mcnemar(category: str, only_model: int, only_other: int) -> FlagTest:
    """McNemar's exact test: were both equally good, the rows that only one gets right would fall on either side by a coin."""
    from scipy.stats import binomtest

    n = only_model + only_other
    p = float(binomtest(only_model, n).pvalue) if n else 1.0
    return FlagTest(category, only_model, only_other, p, verdict(p, only_model > only_other))


def verdict(p: float | None, better: bool) -> str:
    """What a test says in words."""
    if p is None:
        return NOT_TESTED
    if p >= SIGNIFICANCE:
        return NOT_SHOWN
    return BETTER if better else WORSE
