"""A model on labelled rows: overall, and per source, language, channel and tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.evaluation.bootstrap import Floats, Mask, Progress, Unit, groups_of, interval, resample, sort_units
from moderation.evaluation.figures import RATES, Figures, measure
from moderation.labelled import LabelledRows

SLICES = ("source", "lang", "channel", "tag")
LEAST_ROWS = 20
"""Slices with fewer known rows of a category are left out."""


@dataclass(frozen=True)
class Evaluation:
    """All figures of a model on some rows.

    Attributes:
        model: Name and version.
        figures: One a category and slice, ``all`` first.
        clean_rows: Rows labelled 0 in every category.
        clean_flagged: Those flagged for review in any category.
        resamples: How many the intervals are made of; 0 where there are none.
    """

    model: str
    figures: tuple[Figures, ...]
    clean_rows: int
    clean_flagged: int
    resamples: int = 0

    def overall(self) -> tuple[Figures, ...]:
        """The figures over all rows, one a category that has labels."""
        return tuple(f for f in self.figures if f.slice == "all")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)


class Judged(NamedTuple):
    """An evaluation and what is behind it.

    Attributes:
        evaluation: The figures.
        probabilities: ``(n, categories)``.
        samples: ``(resamples, figures, rates)`` each figure on each resample.
    """

    evaluation: Evaluation
    probabilities: Floats
    samples: Floats


def evaluate(
    model: Model,
    rows: LabelledRows,
    least: int = LEAST_ROWS,
    *,
    resamples: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Score the rows and compare with their labels.

    Args:
        model: What to judge.
        rows: With what.
        least: Slices with fewer known rows of a category are left out.
        resamples: How many the intervals are made of; 0 for no intervals. Rows of one voice or near-duplicate group stay
            together.
        seed: Of the resamples.
        progress: Told how many of how many resamples are done.
    """
    return judge([model], rows, least, resamples, seed, progress)[0].evaluation


def judge(
    models: Sequence[Model], rows: LabelledRows, least: int, resamples: int, seed: int, progress: Progress | None
) -> list[Judged]:
    """Evaluate models on the same rows and the same resamples of them; arguments as in `evaluate`."""
    groups = groups_of(rows)
    chosen = list(_chosen(rows, least))
    judged = []
    for model in models:
        probabilities = model.score(rows.texts).probabilities.astype(np.float64)
        units = [
            Unit(groups[keep], rows.labels[keep, place] == 1, probabilities[keep, place], model.thresholds[place])
            for place, _, keep in chosen
        ]
        judged.append((model, probabilities, units))
    samples = [np.empty((0, len(chosen), len(RATES)))] * len(models)
    if resamples and chosen:
        laid_out = [sort_units(units) for _, _, units in judged]
        samples = resample(laid_out, int(groups.max()) + 1, resamples, seed, progress or (lambda done, total: None))
    return [
        Judged(_evaluation(model, rows, chosen, probabilities, units, found), probabilities, found)
        for (model, probabilities, units), found in zip(judged, samples, strict=True)
    ]


def _chosen(rows: LabelledRows, least: int) -> Iterator[tuple[int, str, Mask]]:
    """Place of the category, name of the slice and its rows with a known label, of every slice that is large enough."""
    keeps = {"all": np.ones(len(rows), np.bool_)}
    for name in SLICES:
        values = rows.facet(name)
        keeps |= {f"{name}={value}": values == value for value in sorted(set(values) - {""})}
    for place in range(len(CATEGORIES)):
        known = ~np.isnan(rows.labels[:, place])
        for name, keep in keeps.items():
            if (known & keep).sum() >= (1 if name == "all" else least):
                yield place, name, known & keep


def _evaluation(
    model: Model,
    rows: LabelledRows,
    chosen: list[tuple[int, str, Mask]],
    probabilities: Floats,
    units: list[Unit],
    samples: Floats,
) -> Evaluation:
    figures = []
    for at, ((place, name, _), unit) in enumerate(zip(chosen, units, strict=True)):
        found = measure(CATEGORIES[place], name, unit.probabilities, unit.target, unit.thresholds)
        if len(samples) and unit.has_enough():
            found = replace(found, intervals=_intervals(found, samples[:, at]))
        figures.append(found)
    clean = (rows.labels == 0).all(axis=1)
    flagged = flags(model, probabilities).any(axis=1)
    return Evaluation(
        f"{model.name} {model.version}", tuple(figures), int(clean.sum()), int((clean & flagged).sum()), len(samples)
    )


def _intervals(figures: Figures, samples: Floats) -> dict[str, tuple[float, float]]:
    """Of the rates that have one, cut to what a rate can be; ``samples`` is ``(resamples, rates)``."""
    found = {}
    for column, name in enumerate(RATES):
        bounds = interval(samples[:, column]) if figures.rate(name) is not None else None
        # Without a single mistake among the rows all resamples agree, which says nothing about other rows.
        if bounds and bounds[0] < bounds[1]:
            found[name] = (max(bounds[0], 0.0), min(bounds[1], 1.0))
    return found


def flags(model: Model, probabilities: Floats) -> npt.NDArray[np.bool_]:
    """Which categories of each row are at or above their review threshold, ``(n, categories)``."""
    return np.asarray(probabilities >= [t.review for t in model.thresholds])
