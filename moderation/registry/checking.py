"""Whether a candidate may replace the model in use: both on the same labelled rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.classifier.calibration import expected_calibration_error
from moderation.classifier.model import Model, load_model
from moderation.errors import ModelError
from moderation.evaluation.judging import flags
from moderation.labelled import LabelledRows

ENOUGH = 20
"""A category with fewer rows labelled 1, or labelled 0, tells nothing about a model."""

RECALL_POINTS = 1
CALIBRATION_RISE = 0.02
USUAL_FALSE_POSITIVE_RATE = 0.01
"""Agreed where the facts of the model in use name no other."""


@dataclass(frozen=True)
class CategoryCheck:
    """One category on rows whose label is known.

    Attributes:
        category: One of `CATEGORIES`.
        positives: Rows labelled 1.
        negatives: Rows labelled 0.
        false_positive_rate: What the model in use was trained to stay under: the agreed rate.
        recall_before: Of the model in use, at the lowest threshold that keeps to that rate on these rows.
        recall: The same of the candidate, at its own such threshold.
        calibration_error_before: Expected calibration error of the model in use.
        calibration_error: The same of the candidate.
    """

    category: str
    positives: int
    negatives: int
    false_positive_rate: float
    recall_before: float
    recall: float
    calibration_error_before: float
    calibration_error: float


@dataclass(frozen=True)
class Check:
    """A candidate beside the model in use.

    Attributes:
        candidate: Digest of the candidate.
        current: Digest of the model in use.
        rows: How many labelled rows there were.
        categories: One each of which the rows tell enough.
        clean_rows: Customers' rows labelled 0 in every category, or in all that are labelled where no row says so much.
        clean_flagged_before: Those that the model in use flags at its review thresholds, in a category labelled 0.
        clean_flagged: Those that the candidate flags at its own.
        failures: Why the candidate should not replace the model in use; empty when it may.
    """

    candidate: str
    current: str
    rows: int
    categories: tuple[CategoryCheck, ...]
    clean_rows: int
    clean_flagged_before: int
    clean_flagged: int
    failures: tuple[str, ...]


def model_digest(folder: Path) -> str:
    """SHA-256 of ``model.json``, which holds the digests of the folder's other files: one digest a model."""
    return hashlib.sha256((folder / "model.json").read_bytes()).hexdigest()


def check_candidate(candidate: Path, current: Path, rows: LabelledRows) -> Check:
    """Judge both models on the same rows.

    The candidate fails where recall at the agreed false positive rate drops by over 1 point, where the calibration error
    rises by over 0.02, where it flags more clean messages of customers, where it lacks a category that the model in use can
    flag, and where the rows tell nothing at all.

    Raises:
        ModelError: One of the folders is refused.
    """
    # Digests first: a folder replaced meanwhile is then promoted under no digest that was checked.
    digests = model_digest(candidate), model_digest(current)
    old, new = load_model(current), load_model(candidate)
    before, after = (model.score(rows.texts).probabilities.astype(np.float64) for model in (old, new))
    rates = _agreed_rates(old)
    categories, failures = [], []
    for place, category in enumerate(CATEGORIES):
        known = ~np.isnan(rows.labels[:, place])
        target = rows.labels[known, place] == 1
        positives, negatives = int(target.sum()), int((~target).sum())
        if min(positives, negatives) < ENOUGH:
            continue
        sides = before[known, place], after[known, place]
        hits = [found_at_rate(p, target, rates[place]) for p in sides]
        errors = [expected_calibration_error(p, target) for p in sides]
        recalls = [hit / positives for hit in hits]
        categories.append(CategoryCheck(category, positives, negatives, rates[place], *recalls, *errors))
        if 100 * (hits[0] - hits[1]) > RECALL_POINTS * positives:
            failures.append(
                f"{category}: recall at {rates[place]:.2%} false positives falls from {recalls[0]:.3f} to {recalls[1]:.3f}"
            )
        if errors[1] - errors[0] > CALIBRATION_RISE:
            failures.append(f"{category}: calibration error rises from {errors[0]:.3f} to {errors[1]:.3f}")
    clean = _clean_customers(rows, old)
    flagged = [int((flags(model, p) & (rows.labels == 0))[clean].any(axis=1).sum()) for model, p in ((old, before), (new, after))]
    if flagged[1] > flagged[0]:
        failures.append(f"{flagged[1]:,} of {clean.sum():,} clean messages are flagged, {flagged[0]:,} before")
    lost = [category for category, had, has in zip(CATEGORIES, old.trained, new.trained, strict=True) if had and not has]
    if lost:
        failures.append(
            f"it never flags {', '.join(lost)}, which the model in use does (training on from that with --from keeps them)"
        )
    if not categories and not (rows.labels == 0).all(axis=1).any():
        failures.append(f"the rows tell nothing: no category has {ENOUGH} labelled 1 and {ENOUGH} labelled 0, and none is clean")
    return Check(
        candidate=digests[0],
        current=digests[1],
        rows=len(rows),
        categories=tuple(categories),
        clean_rows=int(clean.sum()),
        clean_flagged_before=flagged[0],
        clean_flagged=flagged[1],
        failures=tuple(failures),
    )


def found_at_rate(probabilities: npt.NDArray[np.float64], target: npt.NDArray[np.bool_], rate: float) -> int:
    """How many positives are found at the lowest threshold that flags at most ``rate`` of the negatives; both ``(n,)``."""
    negatives = np.sort(probabilities[~target])[::-1]
    allowed = int(rate * len(negatives) + 1e-9)  # 0.29 of 100 is 29, whatever floating point says
    highest_kept = negatives[allowed] if allowed < len(negatives) else -1.0
    return int((probabilities[target] > highest_kept).sum())


def _clean_customers(rows: LabelledRows, model: Model) -> npt.NDArray[np.bool_]:
    """Rows clean in all categories, else in all that are labelled.

    They are of the sources that the model in use knows as customers', where there are any such.
    """
    clean = np.asarray((rows.labels == 0).all(axis=1))
    if not clean.any():
        clean = np.asarray((rows.labels == 0).any(axis=1) & ~(rows.labels == 1).any(axis=1))
    sources = _config(model).get("customer_sources")
    if not isinstance(sources, list | tuple):
        return clean
    customers = clean & np.array([source in sources for source in rows.facet("source")], np.bool_)
    return customers if customers.any() else clean


def _agreed_rates(model: Model) -> list[float]:
    """The false positive rates that the model in use was trained to stay under, one a category."""
    config = _config(model)
    usual = config.get("review_false_positive_rate", USUAL_FALSE_POSITIVE_RATE)
    try:
        rates = [float(config.get("review_false_positive_rates", {}).get(category, usual)) for category in CATEGORIES]
    except (TypeError, ValueError, AttributeError):
        rates = [np.nan]
    if not all(0 <= rate <= 1 for rate in rates):
        raise ModelError(f"model {model.name} {model.version} does not say which false positive rates were agreed")
    return rates


def _config(model: Model) -> dict[str, Any]:
    config = model.facts.get("config")
    return config if isinstance(config, dict) else {}
