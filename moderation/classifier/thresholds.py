"""The two working points of a category, chosen on out-of-fold probabilities of the rows that look like customers'."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moderation.classifier.model import Thresholds

Floats = npt.NDArray[np.float64]
_WILSON_Z = 1.645
"""One-sided 95 % confidence."""


def choose_thresholds(
    probabilities: Floats, target: npt.NDArray[np.bool_], *, review_fpr: float, act_precision: float
) -> Thresholds:
    """Working points on rows with known labels.

    ``review`` is the lowest probability at which at most ``review_fpr`` of the negatives are flagged. ``act`` is the lowest
    one from ``review`` up at which precision is ``act_precision`` or more with 95 % confidence (Wilson's lower bound);
    1, which is never reached, when no point proves it.

    Args:
        probabilities: ``(n,)``.
        target: ``(n,)``.
        review_fpr: Largest share of negatives to flag.
        act_precision: Smallest precision to act on.
    """
    negatives = np.sort(probabilities[~target])
    allowed = int(np.floor(review_fpr * len(negatives)))
    review = float(np.nextafter(negatives[len(negatives) - 1 - allowed], 2)) if len(negatives) else 0.5
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(target[order])
    flagged = np.arange(1, len(order) + 1)
    proven = wilson_lower(hits, flagged) >= act_precision
    # Only the last of equal probabilities is a point one can cut at.
    ordered = probabilities[order]
    last = np.append(ordered[:-1] != ordered[1:], True)
    points = ordered[proven & last & (ordered >= review)]
    return Thresholds(round(review, 4), round(float(points[-1]), 4) if len(points) else 1.0)


def wilson_lower(hits: npt.NDArray[np.int64], trials: npt.NDArray[np.int64]) -> Floats:
    """Lower bound of a proportion with one-sided 95 % confidence (Wilson 1927)."""
    p = hits / trials
    spread = _WILSON_Z**2 / trials
    centre = p + spread / 2
    margin = _WILSON_Z * np.sqrt(p * (1 - p) / trials + spread / (4 * trials))
    return np.asarray((centre - margin) / (1 + spread))
