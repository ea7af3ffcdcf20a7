"""The two working points of a category, chosen on out-of-fold probabilities of the rows that look like customers'."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moderation.classifier.model import Thresholds

Floats = npt.NDArray[np.float64]
STEPS = 10_000
_GRID = np.arange(STEPS + 1) / STEPS
"""Where thresholds may lie. Rounding them afterwards would flag rows that the promises do not cover."""
_WILSON_Z = 1.645
"""One-sided 95 % confidence."""


def choose_thresholds(
    probabilities: Floats, target: npt.NDArray[np.bool_], *, review_fpr: float, act_precision: float
) -> Thresholds:
    """Working points on rows with known labels.

    Both are multiples of 0.0001. ``review`` is the lowest at which at most ``review_fpr`` of the negatives are flagged, 0.5
    without negatives. ``act`` is the lowest from ``review`` up at which precision is ``act_precision`` or more with 95 %
    confidence (Wilson's lower bound); 1, which is never reached, when no point proves it.

    Args:
        probabilities: ``(n,)``, below 1.
        target: ``(n,)``.
        review_fpr: Largest share of negatives to flag.
        act_precision: Smallest precision to act on.
    """
    steps = np.searchsorted(_GRID, probabilities, side="right") - 1
    negatives = np.sort(steps[~target])
    kept = len(negatives) - int(np.floor(review_fpr * len(negatives)))
    review = 0
    if kept:
        review = min(int(negatives[kept - 1]) + 1, STEPS)
    elif not len(negatives):
        review = STEPS // 2
    order = np.argsort(-steps, kind="stable")
    ordered = steps[order]
    proven = wilson_lower(np.cumsum(target[order]), np.arange(1, len(order) + 1)) >= act_precision
    # Only the last of equal probabilities is a point one can cut at.
    last = np.append(ordered[:-1] != ordered[1:], True)
    points = ordered[proven & last & (ordered >= review)]
    return Thresholds(review / STEPS, int(points[-1]) / STEPS if len(points) else 1.0)


def wilson_lower(hits: npt.NDArray[np.int_], trials: npt.NDArray[np.int_]) -> Floats:
    """Lower bound of a proportion with one-sided 95 % confidence (Wilson 1927)."""
    p = hits / trials
    spread = _WILSON_Z**2 / trials
    centre = p + spread / 2
    margin = _WILSON_Z * np.sqrt(p * (1 - p) / trials + spread / (4 * trials))
    return np.asarray((centre - margin) / (1 + spread))
