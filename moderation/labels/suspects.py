"""Rows whose label the classifier doubts, when it learnt from all other rows and not from this one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.classifier.calibration import sigmoid
from moderation.classifier.estimator import MessageClassifier
from moderation.config import TrainingConfig
from moderation.labels.rows import Rows

LEAST_GROUPS = 20
"""A category with fewer near-duplicate groups of rows labelled 1, or labelled 0, is not judged: too little to learn from."""

DOUBT = 0.05
"""A label is doubted when its probability is this or less."""


@dataclass(frozen=True)
class Suspect:
    """A row that is likely mislabelled.

    Attributes:
        category: Of the label.
        row: Which row.
        label: What the file says, 1 or 0.
        probability: Calibrated, out of fold, that the category holds.
    """

    category: str
    row: int
    label: int
    probability: float


@dataclass(frozen=True)
class Suspects:
    """Likely mislabelled rows, the least likely label first, and why categories that have labels were not judged."""

    found: tuple[Suspect, ...]
    skipped: dict[str, str]


def suspects(rows: Rows, groups: npt.NDArray[np.int64], seed: int = 0) -> Suspects:
    """Judge each known label by a classifier that did not see the row, nor any that is near to it.

    A label is doubted when its probability is at most `DOUBT` and the classifier is at least as sure of the opposite as it
    is of the average row labelled so (Northcutt et al. 2021, "Confident Learning").

    Args:
        rows: The rows.
        groups: ``(n,)`` near-duplicate groups, which never straddle two folds.
        seed: Of folds and solver.
    """
    enough, skipped = [], {}
    for place, category in enumerate(CATEGORIES):
        yes, no = (len(set(groups[rows.labels[:, place] == label].tolist())) for label in (1, 0))
        if min(yes, no) >= LEAST_GROUPS:
            enough.append(place)
        elif yes or no:
            skipped[category] = (
                f"{yes} different texts labelled 1 and {no} labelled 0; at least {LEAST_GROUPS} of each are needed"
            )
    if not enough:
        return Suspects((), skipped)
    labels = rows.labels[:, enough]
    probabilities = _out_of_fold(rows, labels, groups, seed)
    found = []
    for column, place in enumerate(enough):
        for row in doubted(probabilities[:, column], labels[:, column]):
            said, p = int(labels[row, column]), float(probabilities[row, column])
            found.append(Suspect(CATEGORIES[place], int(row), said, p))
    return Suspects(tuple(sorted(found, key=lambda s: (abs(1 - s.label - s.probability), s.row))), skipped)


def doubted(probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Places of the labels of one category to look at again; both arrays ``(n,)``, labels with NaN for unknown."""
    found = []
    for label in (1, 0):
        opposite = probabilities if label == 0 else 1 - probabilities
        confident = max(1 - DOUBT, opposite[labels == 1 - label].mean())
        found.append(np.flatnonzero((labels == label) & (opposite >= confident)))
    return np.concatenate(found)


def _out_of_fold(
    rows: Rows, labels: npt.NDArray[np.float64], groups: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.float64]:
    """Calibrated probabilities ``(n, labels' columns)``; rows without any of these labels are NaN."""
    config = TrainingConfig()
    classifier = MessageClassifier(
        bits=config.bits,
        concepts=config.concepts,
        word_weight=config.word_weight,
        C=config.C,
        offset=config.offset,
        folds=config.folds,
        random_state=seed,
    )
    known = ~np.isnan(labels).all(axis=1)
    classifier.fit(rows.texts, labels, known.astype(np.float64), groups)
    slope, intercept = np.array(classifier.calibration_).T
    return sigmoid(classifier.out_of_fold_ * slope + intercept)
