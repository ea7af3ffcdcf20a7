"""Labelled rows to a model: fit, calibrate, choose working points, write down what it was made from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.card import write_card
from moderation.categories import CATEGORIES
from moderation.classifier.blocks import Progress, silent
from moderation.classifier.calibration import sigmoid
from moderation.classifier.estimator import MessageClassifier
from moderation.classifier.folds import hash_names
from moderation.classifier.model import Model, Thresholds
from moderation.classifier.thresholds import choose_thresholds, wilson_lower
from moderation.config import TrainingConfig, learning_keys
from moderation.drift.comparing import LEAST_ROWS
from moderation.errors import DataError
from moderation.evaluation import measure
from moderation.gathering import Gathered, gather
from moderation.labelled import LabelledRows
from moderation.messages.arrays import scrub

NEVER = Thresholds(1.0, 1.0)
"""Working points of a category that there is no head for: probabilities stay below 1."""


class _Judged(NamedTuple):
    """Calibrated probabilities of one category's rows by heads that did not see them, their labels, whose they look like."""

    probabilities: npt.NDArray[np.float64]
    target: npt.NDArray[np.bool_]
    customers: npt.NDArray[np.bool_]


def train(
    rows: LabelledRows | Iterable[LabelledRows],
    config: TrainingConfig,
    *,
    start: Model | None = None,
    progress: Progress = silent,
) -> Model:
    """Fit a model; the same rows and config give the same model, bit for bit.

    Rows whose ``split`` is ``test`` or whose weight is 0 are left out; what was learnt from ``dev`` rows is the recipe. A
    category without any label gets no head and is never flagged. Memory does not grow with the texts; `MessageClassifier`
    says from which size on another solver is at work. Only there, and when continuing, batches matter: rows are visited in
    an order that is drawn within them.

    Args:
        rows: All of them, or batches, which are gone over once.
        config: Everything else; where it says rows are is not looked at.
        start: A model to continue from. Its heads move only as far as the rows pull them. They keep their calibration, and
            their working points too, unless the rows prove that these flag more than the config allows; categories without
            labels in the rows stay as they are.
        progress: Told of each step.

    Raises:
        DataError: A category lacks positives or negatives to learn from.
    """
    batches = [rows] if isinstance(rows, LabelledRows) else rows
    if start is not None:
        config = replace(config, bits=start.bits, concepts=start.concepts)
    with gather(batches, config, progress, start) as gathered:
        _check_enough(gathered, config.folds, start)
        classifier = MessageClassifier(
            bits=config.bits,
            concepts=config.concepts,
            word_weight=config.word_weight,
            C=config.C,
            offset=config.offset,
            folds=config.folds,
            random_state=config.seed,
        )
        try:
            classifier.fit_counted(
                *(gathered.features, gathered.labels, gathered.weights, gathered.groups), start=start, progress=progress
            )
        except ValueError as error:
            raise DataError(f"these rows cannot be learnt from: {error}") from None
        judged = _judged(classifier, gathered)
        thresholds = _thresholds(judged, config, start)
        facts = _facts(gathered, config, judged, thresholds, start)
        facts |= _profile(classifier, gathered, thresholds)
    model = classifier.to_model(config.name, facts["fingerprint"][:8], thresholds, facts, "")
    return replace(model, card=write_card(model))


def _check_enough(gathered: Gathered, least: int, start: Model | None) -> None:
    """Each fold needs rows of each kind, and a group is never split over folds: so groups are what counts."""
    groups = hash_names(gathered.groups)
    for place, category in enumerate(CATEGORIES):
        if start is not None and start.trained[place]:
            continue
        positives, negatives = (len(np.unique(groups[gathered.labels[:, place] == label])) for label in (1, 0))
        if positives + negatives and min(positives, negatives) < least:
            raise DataError(
                f"{category} has {positives} groups of rows labelled 1 and {negatives} labelled 0; at least {least} of each are "
                "needed. Add rows, train together with other labelled files, or continue from a model with --from default"
            )
    if len(np.unique(groups)) < least:
        raise DataError(f"fewer than {least} rows, or groups of near-duplicates, to train on; add rows")


def _judged(classifier: MessageClassifier, gathered: Gathered) -> list[_Judged]:
    judged = []
    for place in range(len(CATEGORIES)):
        known = ~np.isnan(classifier.out_of_fold_[:, place]) & ~np.isnan(gathered.labels[:, place])
        target = gathered.labels[known, place] == 1
        judged.append(_Judged(_out_of_fold(classifier, place, known), target, gathered.customers[known]))
    return judged


def _out_of_fold(classifier: MessageClassifier, place: int, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Calibrated probabilities of a category on some of the rows, by heads that did not see them."""
    calibration = classifier.calibration_[place]
    scores = classifier.out_of_fold_[rows, place].astype(np.float64)
    return sigmoid(scores * calibration.slope + calibration.intercept)


def _thresholds(judged: list[_Judged], config: TrainingConfig, start: Model | None) -> tuple[Thresholds, ...]:
    chosen = []
    for place, (category, rows) in enumerate(zip(CATEGORIES, judged, strict=True)):
        telling = rows.customers if rows.customers.any() else ~rows.customers
        probabilities, target = rows.probabilities[telling], rows.target[telling]
        rate = config.review_false_positive_rates.get(category, config.review_false_positive_rate)
        kept = NEVER if start is None else start.thresholds[place]
        known = start is not None and bool(start.trained[place])
        if not telling.any() or (known and not _flags_too_many(probabilities[~target], kept.review, rate)):
            chosen.append(kept)
        else:
            chosen.append(choose_thresholds(probabilities, target, review_fpr=rate, act_precision=config.act_precision))
    return tuple(chosen)


def _flags_too_many(negatives: npt.NDArray[np.float64], review: float, rate: float) -> bool:
    """Whether more than ``rate`` of such negatives are flagged, with 95 % confidence; few rows prove nothing."""
    flagged = np.array([(negatives >= review).sum()])
    return len(negatives) > 0 and bool(wilson_lower(flagged, np.array([len(negatives)]))[0] > rate)


def _facts(
    gathered: Gathered,
    config: TrainingConfig,
    judged: list[_Judged],
    thresholds: tuple[Thresholds, ...],
    start: Model | None,
) -> dict[str, Any]:
    """What goes into ``model.json`` beside the numbers: where from, how, how well out of fold. No text."""
    before = {} if start is None else start.facts
    digest = hashlib.sha256(f"{learning_keys(config)} {gathered.digest}".encode())
    if start is not None:
        digest.update(start.weights.tobytes())
    figures = dict(before.get("out_of_fold", {}))
    for category, rows, points in zip(CATEGORIES, judged, thresholds, strict=True):
        if len(rows.target):
            figures[category] = asdict(measure(category, "out-of-fold", rows.probabilities, rows.target, points))
    facts = {
        "fingerprint": digest.hexdigest(),
        "rows": len(gathered.labels),
        "sources": gathered.sources,
        "licences": gathered.licences,
        "config": asdict(replace(config, labels=tuple(scrub(name) for name in config.labels))),
        "out_of_fold": figures,
    }
    if start is not None:
        facts["rows"] += before.get("rows", 0)
        facts["sources"] = dict(Counter(gathered.sources) + Counter(before.get("sources", {})))
        facts["licences"] = before.get("licences", {}) | gathered.licences
        facts["base"] = {"name": start.name, "version": start.version, "fingerprint": before.get("fingerprint")}
        facts["new_rows"] = len(gathered.labels)
    return facts


def _profile(classifier: MessageClassifier, gathered: Gathered, thresholds: tuple[Thresholds, ...]) -> dict[str, Any]:
    """What customers' messages were like, for `moderation drift`; nothing where there are too few to compare with.

    Scores are those out of fold, since a model is surer of what it learnt than of anything new. A head that learnt nothing
    here did not see the messages either: it keeps the scores that were counted while they were read.
    """
    tally = gathered.tally
    for place, points in enumerate(thresholds):
        judged = ~np.isnan(classifier.out_of_fold_[:, place])
        if judged.any():
            told = _out_of_fold(classifier, place, judged & gathered.customers & gathered.worded)
            tally.rescore(place, told, points.review)
    return {"profile": tally.profile().to_dict()} if tally.scores.sum(axis=1).min() >= LEAST_ROWS else {}
