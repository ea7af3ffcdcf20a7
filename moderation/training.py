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
from moderation.classifier.model import Model, Thresholds
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
        review_false_positive_rate: Share of clean messages that one category may flag for review.
        act_precision: Precision that must be proven before a category acts.
        customer_sources: Sources that look like customers' messages; working points are chosen on them. All, when empty.
        weights: Weight of a source's rows, by name; 1 where it is not named.
        licences: Licence of each source, for the model's facts.
    """

    name: str = "custom"
    bits: int = 19
    word_weight: float = 2.0
    C: float = 0.1
    offset: float = 3.0
    folds: int = 4
    seed: int = 0
    review_false_positive_rate: float = 0.01
    act_precision: float = 0.95
    customer_sources: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)


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
    if "customer_sources" in content:
        content["customer_sources"] = tuple(content["customer_sources"])
    return replace(TrainingConfig(), **content)


def train(rows: LabelledRows, config: TrainingConfig) -> Model:
    """Fit a model; the same rows and config give the same model, bit for bit.

    Rows whose ``split`` is ``dev`` or ``test`` are left out.

    Raises:
        DataError: A category lacks positives or negatives to learn from.
    """
    rows = rows.select(~np.isin(rows.facet("split"), ["dev", "test"]))
    _check_enough(rows, config.folds)
    sources = rows.facet("source")
    weights = rows.weights * np.array([config.weights.get(source, 1.0) for source in sources])
    groups = np.where(rows.facet("group") == "", [f"row {n}" for n in range(len(rows))], rows.facet("group"))
    classifier = MessageClassifier(config.bits, config.word_weight, config.C, config.offset, config.folds, config.seed)
    classifier.fit(rows.texts, rows.labels, weights, groups)
    slope, intercept = np.array(classifier.calibration_).T
    probabilities = sigmoid(classifier.out_of_fold_ * slope + intercept)
    customers = np.isin(sources, config.customer_sources) if config.customer_sources else np.ones(len(rows), np.bool_)
    thresholds = _thresholds(probabilities, rows.labels, customers, config)
    facts = _facts(rows, config, probabilities, thresholds)
    model = classifier.to_model(config.name, facts["fingerprint"][:8], thresholds, facts, "")
    return replace(model, card=write_card(model))


def _check_enough(rows: LabelledRows, least: int) -> None:
    if not len(rows):
        raise DataError("no rows to train on: all of them belong to the dev or test split")
    for place, category in enumerate(CATEGORIES):
        positives, negatives = int((rows.labels[:, place] == 1).sum()), int((rows.labels[:, place] == 0).sum())
        if min(positives, negatives) < least:
            raise DataError(
                f"{category} has {positives} rows labelled 1 and {negatives} labelled 0; at least {least} of each are needed. "
                "Add rows, or train together with the shipped corpus"
            )


def _thresholds(
    probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.float64], customers: npt.NDArray[np.bool_], config: TrainingConfig
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
                review_fpr=config.review_false_positive_rate,
                act_precision=config.act_precision,
            )
        )
    return tuple(chosen)


def _facts(
    rows: LabelledRows, config: TrainingConfig, probabilities: npt.NDArray[np.float64], thresholds: tuple[Thresholds, ...]
) -> dict[str, Any]:
    """What goes into ``model.json`` beside the numbers: where from, how, how well out of fold. No text."""
    digest = hashlib.sha256(repr(config).encode())
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
        "licences": {source: config.licences[source] for source in sorted(sources) if source in config.licences},
        "config": {**asdict(config), "licences": None, "weights": {s: w for s, w in config.weights.items() if s in sources}},
        "out_of_fold": figures,
    }
