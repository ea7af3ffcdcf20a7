"""The figures of one category on some rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from moderation.classifier.calibration import expected_calibration_error
from moderation.classifier.model import Thresholds

RATES = {
    "average_precision": "AP",
    "roc_auc": "ROC AUC",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "false_positive_rate": "FPR",
    "act_precision": "P act",
    "act_recall": "R act",
    "calibration_error": "ECE",
}
"""The figures that are no counts, in the order of `Figures`, and what tables call them."""

LOWER_IS_BETTER = frozenset({"false_positive_rate", "calibration_error"})


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
        intervals: 95 % bootstrap interval of each of `RATES` that has one; none where the rows are few or hold no mistake.
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
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)

    def rate(self, name: str) -> float | None:
        """The figure of `RATES` with that name."""
        value: float | None = getattr(self, name)
        return value


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
