"""Labelled rows to a model: fit, calibrate, choose working points, write down what it was made from."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.card import write_card
from moderation.categories import CATEGORIES
from moderation.classifier.calibration import sigmoid
from moderation.classifier.estimator import MessageClassifier
from moderation.classifier.model import MAX_BITS, Model, Thresholds
from moderation.classifier.thresholds import choose_thresholds
from moderation.errors import DataError, NoInputError
from moderation.evaluation import measure
from moderation.labelled import LabelledRows


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run besides its rows; a TOML file with these keys.

    Attributes:
        name: What the model is called.
        bits: Binary logarithm of the number of hash buckets.
        word_weight: How much more words and pairs of words count than character runs.
        C: Inverse strength of regularisation.
        offset: Softens the naive Bayes weighting of features; see `PartialLabelHeads`.
        folds: Folds for calibration and working points.
        seed: Of folds and solver.
        review_false_positive_rate: Share of messages that are not of a category which it may flag for review.
        review_false_positive_rates: The same by category, where one is stricter or laxer.
        act_precision: Precision that must be proven before a category acts.
        customer_sources: Sources that look like customers' messages; working points are chosen on them. All, when empty.
        weights: Weight of a source's rows, by name; 1 where it is not named.
    """

    name: str = "custom"
    bits: int = 19
    word_weight: float = 2.0
    C: float = 0.1
    offset: float = 3.0
    folds: int = 4
    seed: int = 0
    review_false_positive_rate: float = 0.01
    review_false_positive_rates: dict[str, float] = field(default_factory=dict)
    act_precision: float = 0.95
    customer_sources: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)


_RANGES: dict[str, tuple[float, float]] = {
    "bits": (8, MAX_BITS),
    "word_weight": (0.01, 100),
    "C": (1e-6, 1e6),
    "offset": (0, 1e6),
    "folds": (2, 50),
    "review_false_positive_rate": (0, 1),
    "act_precision": (0, 1),
}


def load_config(path: Path) -> TrainingConfig:
    """Read a training config.

    Raises:
        NoInputError: There is no such file.
        DataError: It is not TOML, or has a key that is none.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoInputError(f"no training config at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}") from None
    known = {f.name for f in fields(TrainingConfig)}
    unknown = sorted(set(content) - known)
    if unknown:
        raise DataError(f"{path}: unknown key {unknown[0]}; known: {', '.join(sorted(known))}")
    for key, value in content.items():
        _check_value(path, key, value)
    if "customer_sources" in content:
        content["customer_sources"] = tuple(content["customer_sources"])
    return replace(TrainingConfig(), **content)


def _check_value(path: Path, key: str, value: Any) -> None:  # noqa: ANN401 - whatever TOML holds
    """Refuse a value of another kind than the default's, or a number out of its range."""
    default = getattr(TrainingConfig(), key)
    kind = {int: "a whole number", float: "a number", str: "a text", tuple: "a list of texts", dict: "a table of numbers"}[
        type(default)
    ]
    if isinstance(default, tuple):
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
    elif isinstance(default, dict):
        fits = isinstance(value, dict) and all(isinstance(item, int | float) and item >= 0 for item in value.values())
    elif isinstance(default, float):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        fits = type(value) is type(default)
    if not fits:
        raise DataError(f"{path}: {key} must be {kind}")
    low, high = _RANGES.get(key, (None, None))
    if low is not None and not low <= value <= high:
        raise DataError(f"{path}: {key} must be from {low} to {high}")
    if key == "review_false_positive_rates" and not set(value) <= set(CATEGORIES):
        raise DataError(f"{path}: {key} knows {', '.join(CATEGORIES)}")


def train(rows: LabelledRows, config: TrainingConfig) -> Model:
    """Fit a model; the same rows and config give the same model, bit for bit.

    Rows whose ``split`` is ``test`` or whose weight is 0 are left out; what was learnt from ``dev`` rows is the recipe.

    Raises:
        DataError: A category lacks positives or negatives to learn from.
    """
    rows = rows.select(rows.facet("split") != "test")
    weights = rows.weights * np.array([config.weights.get(source, 1.0) for source in rows.facet("source")])
    rows, weights = rows.select(weights > 0), weights[weights > 0]
    sources = rows.facet("source")
    groups = np.where(rows.facet("group") == "", [f"row {n}" for n in range(len(rows))], rows.facet("group"))
    _check_enough(rows, groups, config.folds)
    classifier = MessageClassifier(
        bits=config.bits,
        word_weight=config.word_weight,
        C=config.C,
        offset=config.offset,
        folds=config.folds,
        random_state=config.seed,
    )
    try:
        classifier.fit(rows.texts, rows.labels, weights, groups)
    except ValueError as error:
        raise DataError(f"these rows cannot be learnt from: {error}") from None
    slope, intercept = np.array(classifier.calibration_).T
    probabilities = sigmoid(classifier.out_of_fold_ * slope + intercept)
    customers = np.isin(sources, config.customer_sources) if config.customer_sources else np.ones(len(rows), np.bool_)
    thresholds = _thresholds(probabilities, rows.labels, customers, config)
    facts = _facts(rows, weights, config, probabilities, thresholds)
    model = classifier.to_model(config.name, facts["fingerprint"][:8], thresholds, facts, "")
    return replace(model, card=write_card(model))


def _check_enough(rows: LabelledRows, groups: npt.NDArray[np.object_], least: int) -> None:
    """Each fold needs rows of each kind, and a group is never split over folds: so groups are what counts."""
    if not len(rows):
        raise DataError("no rows to train on: all of them belong to the test split, or weigh nothing")
    for place, category in enumerate(CATEGORIES):
        positives, negatives = (len(set(groups[rows.labels[:, place] == label])) for label in (1, 0))
        if min(positives, negatives) < least:
            raise DataError(
                f"{category} has {positives} groups of rows labelled 1 and {negatives} labelled 0; at least {least} of each are "
                "needed. Add rows, or train together with the shipped corpus"
            )


def _thresholds(
    probabilities: npt.NDArray[np.float64],
    labels: npt.NDArray[np.float64],
    customers: npt.NDArray[np.bool_],
    config: TrainingConfig,
) -> tuple[Thresholds, ...]:
    chosen = []
    for place in range(len(CATEGORIES)):
        known = ~np.isnan(labels[:, place]) & customers
        if not known.any():
            known = ~np.isnan(labels[:, place])
        chosen.append(
            choose_thresholds(
                probabilities[known, place],
                labels[known, place] == 1,
                review_fpr=config.review_false_positive_rates.get(CATEGORIES[place], config.review_false_positive_rate),
                act_precision=config.act_precision,
            )
        )
    return tuple(chosen)


def _facts(
    rows: LabelledRows,
    weights: npt.NDArray[np.float64],
    config: TrainingConfig,
    probabilities: npt.NDArray[np.float64],
    thresholds: tuple[Thresholds, ...],
) -> dict[str, Any]:
    """What goes into ``model.json`` beside the numbers: where from, how, how well out of fold. No text."""
    digest = hashlib.sha256(repr(config).encode())
    digest.update(weights.tobytes())
    digest.update(repr([rows.facet(name).tolist() for name in ("source", "group")]).encode())
    for text, label in zip(rows.texts.to_pylist(), rows.labels, strict=True):
        digest.update(text.encode())
        digest.update(label.tobytes())
    figures = {}
    for place, category in enumerate(CATEGORIES):
        known = ~np.isnan(rows.labels[:, place])
        target = rows.labels[known, place] == 1
        figures[category] = asdict(measure(category, "out-of-fold", probabilities[known, place], target, thresholds[place]))
    sources = Counter(rows.facet("source").tolist())
    return {
        "fingerprint": digest.hexdigest(),
        "rows": len(rows),
        "sources": dict(sorted(sources.items())),
        "licences": dict(sorted(set(zip(rows.facet("source").tolist(), rows.facet("licence_class").tolist(), strict=True)))),
        "config": asdict(config),
        "out_of_fold": figures,
    }
