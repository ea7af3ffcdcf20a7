"""How good a model is on labelled rows: per category, and per source, language, channel and tag."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from moderation.categories import CATEGORIES
from moderation.classifier.calibration import expected_calibration_error
from moderation.classifier.model import Model, Thresholds
from moderation.labelled import LabelledRows

SLICES = ("source", "lang", "channel", "tag")


@dataclass(frozen=True)
class Figures:
    """One category on some rows; None where the rows do not allow the figure.

    Attributes:
        category: One of `CATEGORIES`.
        slice: ``all``, or a facet and its value such as ``lang=id``.
        rows: Rows whose label is known.
        positives: Those labelled 1.
        average_precision: Area under the precision-recall curve.
        roc_auc: Area under the receiver operating characteristic.
        precision: At the review threshold.
        recall: At the review threshold.
        f1: At the review threshold.
        false_positive_rate: Share of negatives at or above the review threshold.
        act_precision: Precision at the act threshold.
        act_recall: Recall at the act threshold.
        calibration_error: Expected calibration error in 15 bins.
    """

    category: str
    slice: str
    rows: int
    positives: int
    average_precision: float | None
    roc_auc: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    false_positive_rate: float | None
    act_precision: float | None
    act_recall: float | None
    calibration_error: float | None


@dataclass(frozen=True)
class Evaluation:
    """All figures of a model on some rows.

    Attributes:
        model: Name and version.
        figures: One a category and slice, ``all`` first.
        clean_rows: Rows labelled 0 in every category.
        clean_flagged: Those flagged for review in any category.
    """

    model: str
    figures: tuple[Figures, ...]
    clean_rows: int
    clean_flagged: int

    def overall(self) -> tuple[Figures, ...]:
        """The figures over all rows, one a category that has labels."""
        return tuple(f for f in self.figures if f.slice == "all")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)


def evaluate(model: Model, rows: LabelledRows, least: int = 20) -> Evaluation:
    """Score the rows and compare with their labels.

    Args:
        model: What to judge.
        rows: With what.
        least: Slices with fewer known rows of a category are left out.
    """
    probabilities = model.score(rows.texts).probabilities.astype(np.float64)
    keeps = {"all": np.ones(len(rows), np.bool_)}
    for name in SLICES:
        values = rows.facet(name)
        keeps |= {f"{name}={value}": values == value for value in sorted(set(values) - {""})}
    figures = []
    for place, category in enumerate(CATEGORIES):
        known = ~np.isnan(rows.labels[:, place])
        for name, keep in keeps.items():
            chosen = known & keep
            if chosen.sum() >= (1 if name == "all" else least):
                target = rows.labels[chosen, place] == 1
                figures.append(measure(category, name, probabilities[chosen, place], target, model.thresholds[place]))
    clean = (rows.labels == 0).all(axis=1)
    flagged = (probabilities >= [t.review for t in model.thresholds]).any(axis=1)
    return Evaluation(f"{model.name} {model.version}", tuple(figures), int(clean.sum()), int((clean & flagged).sum()))


def measure(
    category: str, name: str, probabilities: npt.NDArray[np.float64], target: npt.NDArray[np.bool_], thresholds: Thresholds
) -> Figures:
    """The figures of one category on rows with known labels, both arrays ``(n,)``."""
    positives = int(target.sum())
    both = 0 < positives < len(target)
    flagged = probabilities >= thresholds.review
    acted = probabilities >= thresholds.act
    return Figures(
        category=category,
        slice=name,
        rows=len(target),
        positives=positives,
        average_precision=float(average_precision_score(target, probabilities)) if both else None,
        roc_auc=float(roc_auc_score(target, probabilities)) if both else None,
        precision=_ratio(flagged & target, flagged),
        recall=_ratio(flagged & target, target),
        f1=float(2 * (flagged & target).sum() / (flagged.sum() + positives)) if positives else None,
        false_positive_rate=_ratio(flagged & ~target, ~target),
        act_precision=_ratio(acted & target, acted),
        act_recall=_ratio(acted & target, target),
        calibration_error=expected_calibration_error(probabilities, target),
    )


def _ratio(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float | None:
    return float(part.sum() / whole.sum()) if whole.any() else None
