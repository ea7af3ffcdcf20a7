"""Raw scores to probabilities, and how well the probabilities hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_LARGEST_LOGIT = 16


class Calibration(NamedTuple):
    """Platt scaling of one category: ``p = 1 / (1 + exp(-(slope * score + intercept)))``."""

    slope: float
    intercept: float


UNTRAINED = Calibration(0.0, -float(_LARGEST_LOGIT))
"""Of a category that there is no head for: whatever the message, as improbable as can be said."""


def sigmoid(logits: Floats) -> Floats:
    """``1 / (1 + exp(-logits))``, cut so that not even as float32 it is 0 or 1: only abstaining is, and a threshold of 1."""
    return 1 / (1 + np.exp(-np.minimum(np.maximum(logits, -_LARGEST_LOGIT), _LARGEST_LOGIT)))


def fit_calibration(scores: Floats, target: npt.NDArray[np.bool_], weights: Floats) -> Calibration:
    """Fit Platt scaling to out-of-fold scores, all arrays ``(n,)``."""
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=1e4).fit(scores[:, None], target, sample_weight=weights)
    return Calibration(float(head.coef_[0, 0]), float(head.intercept_[0]))


def expected_calibration_error(probabilities: Floats, target: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Mean gap between predicted and observed frequency over equal-width bins, weighted by bin size (Guo et al. 2017)."""
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    sizes = np.bincount(places, minlength=bins)
    predicted = np.bincount(places, probabilities, bins)
    observed = np.bincount(places, target, bins)
    filled = sizes > 0
    return float(np.abs(predicted[filled] - observed[filled]).sum() / len(probabilities))
