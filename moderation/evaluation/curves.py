"""The points of the plots, few enough for a page: of one category, on rows with known labels and at least one of either kind."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from moderation.classifier.calibration import sigmoid
from moderation.classifier.model import Thresholds
from moderation.evaluation.bootstrap import Floats, Mask

BINS = 15
_MOST_POINTS = 160
_GRID = sigmoid(np.linspace(-7, 7, 141))
"""Even in log odds: there a step changes as much near 0 and 1 as in the middle."""
_Z = 1.96


class Curve(NamedTuple):
    """Points of a line, both arrays ``(points,)``."""

    x: Floats
    y: Floats


class Reliability(NamedTuple):
    """How often messages with about the same probability are of the category, arrays ``(bins,)`` of bins that are not empty.

    Attributes:
        predicted: Mean probability.
        observed: Share that is labelled 1.
        low: Lower end of the share's 95 % interval (Wilson 1927).
        high: Upper end.
        rows: How many rows.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    rows: Floats


class Histogram(NamedTuple):
    """Shares of the positives and of the negatives in `BINS` even bins, both ``(BINS,)``."""

    positives: Floats
    negatives: Floats


class Grid(NamedTuple):
    """What flagging from a threshold up does, arrays ``(points,)``, by ascending threshold.

    Attributes:
        thresholds: The grid, and the model's own two where they can be reached.
        recall: Share of the positives at or above.
        false_positive_rate: Share of the negatives at or above.
    """

    thresholds: Floats
    recall: Floats
    false_positive_rate: Floats


def precision_recall(probabilities: Floats, target: Mask) -> Curve:
    """Recall and the precision there, from the highest threshold down."""
    order = np.argsort(-probabilities, kind="stable")
    last = np.append(np.diff(probabilities[order]) != 0, True)
    hits = np.cumsum(target[order])[last]
    precision, recall = hits / (np.flatnonzero(last) + 1), hits / target.sum()
    # The rightmost point at or before each of even steps of recall; the first and the last point always.
    steps = np.searchsorted(recall, np.linspace(recall[0], 1, _MOST_POINTS), side="right") - 1
    kept = np.unique([0, *steps, len(recall) - 1])
    return Curve(recall[kept], precision[kept])


def reliability(probabilities: Floats, target: Mask) -> Reliability:
    """Predicted against observed frequency."""
    places = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    rows = np.bincount(places, minlength=BINS).astype(np.float64)
    filled = rows > 0
    rows = rows[filled]
    predicted = np.bincount(places, probabilities, BINS)[filled] / rows
    observed = np.bincount(places, target, BINS)[filled] / rows
    spread = _Z**2 / rows
    centre = (observed + spread / 2) / (1 + spread)
    margin = _Z * np.sqrt(observed * (1 - observed) / rows + spread / (4 * rows)) / (1 + spread)
    return Reliability(predicted, observed, centre - margin, centre + margin, rows)


def histogram(probabilities: Floats, target: Mask) -> Histogram:
    """Where the scores of either kind lie."""
    positives, negatives = (np.histogram(probabilities[kind], BINS, (0, 1))[0] / kind.sum() for kind in (target, ~target))
    return Histogram(positives, negatives)


def threshold_grid(probabilities: Floats, target: Mask, thresholds: Thresholds) -> Grid:
    """Recall and false positive rate at fewer than 150 thresholds."""
    grid = np.unique(np.append(_GRID, [t for t in (thresholds.review, thresholds.act) if 0 < t < 1]))
    recall, false_positive_rate = (
        1 - np.searchsorted(np.sort(probabilities[kind]), grid, side="left") / kind.sum() for kind in (target, ~target)
    )
    return Grid(grid, recall, false_positive_rate)
