"""The classifier as a scikit-learn estimator: texts in, calibrated probabilities out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from moderation.classifier.blocks import BlockHeads, BlockRows, Progress, fit_blocks, silent
from moderation.classifier.calibration import UNTRAINED, fit_calibration, sigmoid
from moderation.classifier.continuing import nowhere, start_from
from moderation.classifier.features import LARGEST, Texts, as_string_array, count_matrix, idf_of_frequency, weigh
from moderation.classifier.folds import balanced_folds, hashed_folds
from moderation.classifier.heads import PartialLabelHeads, check_labels, check_weights
from moderation.classifier.model import Model, Thresholds
from moderation.classifier.spill import FeatureSpill
from moderation.text.ngrams import count_features

Floats = npt.NDArray[np.float64]

EXACT_ROWS = 20_000
EXACT_FEATURES = 50_000_000
"""What scikit-learn's solver learns from in one go, at most: it takes seconds for so many rows, and 2 GB for so many features."""


class MessageClassifier(BaseEstimator):  # type: ignore[misc]
    """Hashed n-grams, `PartialLabelHeads` and Platt scaling on out-of-fold scores.

    Args:
        bits: Binary logarithm of the number of hash buckets.
        concepts: Whether words stand for concepts, too; see `moderation.text.thesaurus`.
        word_weight: How much more a word or a pair of words counts than a run of characters.
        C: Inverse strength of regularisation of the heads.
        offset: See `PartialLabelHeads`.
        folds: Folds of the out-of-fold scores that calibration and thresholds are made from.
        random_state: Seed of folds and solver.

    Attributes:
        idf2_: ``(2 ** bits,)`` squared inverse document frequencies, whole numbers.
        weights_: ``(categories, 2 ** bits)`` whole numbers within 12 bits.
        scale_: ``(categories,)`` what one unit of ``weights_`` is worth.
        intercept_: ``(categories,)``.
        calibration_: One `Calibration` a category.
        single_: Whether the labels had one dimension; scores have one, too, then.
        out_of_fold_: ``(n, categories)`` raw scores of the training rows by heads that did not see them; NaN for rows of
            weight 0, which nothing is learnt from.
    """

    out_of_fold_: npt.NDArray[Any]

    def __init__(
        self,
        *,
        bits: int = 20,
        concepts: bool = True,
        word_weight: float = 3.0,
        C: float = 0.15,
        offset: float = 0.5,
        folds: int = 4,
        random_state: int = 0,
    ) -> None:
        self.bits = bits
        self.concepts = concepts
        self.word_weight = word_weight
        self.C = C
        self.offset = offset
        self.folds = folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Input is a one-dimensional sequence of strings; several outputs, which may be unknown."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags

    def fit(
        self, X: Texts, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None, groups: npt.ArrayLike | None = None
    ) -> Self:
        """Learn from texts ``(n,)`` and labels ``(n, categories)`` of 1, 0 and NaN for unknown.

        Args:
            X: Sequence of str or an Arrow string array.
            y: Labels; those of a single category may come as ``(n,)``, and scores are ``(n,)`` then.
            sample_weight: ``(n,)``; 0 leaves a row out.
            groups: ``(n,)`` near-duplicate groups, which never straddle two folds; every row its own when omitted.

        Raises:
            ValueError: Lengths differ, a weight is negative, or a category lacks positives or negatives in some fold.
            TypeError: Something in ``X`` is no text.
        """
        texts = as_string_array(X)
        labels = check_labels(y, len(texts))
        weights = check_weights(sample_weight, len(texts))
        groups = np.arange(len(texts)) if groups is None else np.asarray(groups)
        if groups.shape != (len(texts),):
            raise ValueError(f"groups have shape {groups.shape}, not {(len(texts),)}")
        learnt = np.flatnonzero(weights)
        with FeatureSpill(self.bits) as features:
            features.append(count_features(texts.take(pa.array(learnt)), self.bits, concepts=self.concepts))
            scores = self.fit_counted(features, labels[learnt], weights[learnt], groups[learnt]).out_of_fold_
        self.out_of_fold_ = np.full((len(texts), labels.shape[1]), np.nan)
        self.out_of_fold_[learnt] = scores
        self.single_ = np.ndim(y) == 1
        return self

    def fit_counted(
        self,
        features: FeatureSpill,
        labels: Floats | npt.NDArray[np.float32],
        weights: Floats,
        groups: Any,  # noqa: ANN401 - see Args
        *,
        start: Model | None = None,
        progress: Progress = silent,
    ) -> Self:
        """Learn from ``n`` rows that were counted before; `fit` is this.

        Up to `EXACT_ROWS` rows and `EXACT_FEATURES` features of them, scikit-learn's exact solver has all in memory and every
        row is judged out of fold. Beyond either, `fit_blocks` goes over the spill, and one fold is judged, which is plenty.

        Args:
            features: ``n`` rows in ``2 ** bits`` buckets.
            labels: ``(n, categories)`` of 1, 0 and NaN. A category without any label gets no head: it scores 0.
            weights: ``(n,)``, all above 0.
            groups: ``(n,)`` names of near-duplicate groups, an array of numpy or Arrow.
            start: Heads to continue from, and their idf. What it has a head for keeps its calibration; what is not labelled
                here, its whole head.
            progress: Told of each step.

        Raises:
            ValueError: A category lacks positives or negatives in some fold.
        """
        large = features.rows > EXACT_ROWS or features.features > EXACT_FEATURES
        taught = np.flatnonzero(~np.isnan(labels).all(axis=0))
        told = labels[:, taught]
        folds = hashed_folds(groups, self.folds, self.random_state) if large else self._balanced(told, groups)
        if start is None:
            self.idf2_ = idf_of_frequency(features.frequency, features.rows, self.word_weight)
        else:
            self.idf2_ = start.weights[:, -1]
        if start is None and not large:
            fitted = self._fit_exact(features, told, weights, folds, progress)
        else:
            judged = range(1 if large else self.folds)
            if start is None:
                begin = nowhere(len(taught), len(self.idf2_))
            else:
                begin = start_from(start, taught, features.frequency, features.rows, self.C)
            fitted = fit_blocks(
                BlockRows(features, np.asarray(told, np.float32), weights, folds, self.idf2_),
                C=self.C,
                offset=self.offset,
                seed=self.random_state,
                judged=judged,
                start=begin,
                progress=progress,
            )
        self._store(fitted, taught, labels.shape[1], start)
        self.out_of_fold_ = np.full(labels.shape, np.nan, fitted.out_of_fold.dtype)
        self.out_of_fold_[:, taught] = fitted.out_of_fold
        self._calibrate(labels, weights, start)
        self.single_ = False
        return self

    def _balanced(self, labels: npt.NDArray[Any], groups: Any) -> npt.NDArray[np.uint8]:  # noqa: ANN401 - numpy's or Arrow's
        return balanced_folds(labels, np.asarray(groups), self.folds, self.random_state)

    def _fit_exact(
        self,
        features: FeatureSpill,
        labels: npt.NDArray[Any],
        weights: Floats,
        folds: npt.NDArray[np.uint8],
        progress: Progress,
    ) -> BlockHeads:
        rows = weigh(features.matrix(), self.idf2_)
        scores = np.full(labels.shape, np.nan)
        for fold in range(self.folds):
            progress("learning, folds", fold, self.folds + 1)
            learn, judge = folds != fold, folds == fold
            heads = self._heads().fit(rows[learn], labels[learn], weights[learn])
            scores[judge] = heads.decision_function(rows[judge])
        progress("learning, folds", self.folds, self.folds + 1)
        heads = self._heads().fit(rows, labels, weights)
        return BlockHeads(heads.coef_ * np.sqrt(self.idf2_.astype(np.float64)), heads.intercept_, scores)

    def _heads(self) -> PartialLabelHeads:
        return PartialLabelHeads(self.C, self.offset, self.random_state)

    def _store(self, fitted: BlockHeads, taught: npt.NDArray[np.int64], categories: int, start: Model | None) -> None:
        """Keep the heads as whole numbers of 12 bits, rounded once, here, for training and serving alike."""
        if start is None:
            self.weights_ = np.zeros((categories, len(self.idf2_)), np.int16)
            self.scale_, self.intercept_ = np.full(categories, 1 / LARGEST), np.zeros(categories)
        else:
            self.weights_ = start.weights[:, :-1].T.copy()
            self.scale_, self.intercept_ = start.scale.copy(), start.intercept.copy()
        largest = np.abs(fitted.contributions).max(axis=1)
        self.scale_[taught] = np.where(largest > 0, largest, 1) / LARGEST
        self.weights_[taught] = np.rint(fitted.contributions / self.scale_[taught, None]).astype(np.int16)
        self.intercept_[taught] = fitted.intercept

    def _calibrate(self, labels: npt.NDArray[Any], weights: Floats, start: Model | None) -> None:
        calibration = []
        for column, scores in enumerate(self.out_of_fold_.T):
            known = ~np.isnan(labels[:, column]) & ~np.isnan(scores)
            if start is not None and (start.trained[column] or not known.any()):
                calibration.append(start.calibration[column])
            elif known.any():
                calibration.append(fit_calibration(scores[known], labels[known, column] > 0.5, weights[known]))
            else:
                calibration.append(UNTRAINED)
        self.calibration_ = tuple(calibration)

    def to_model(self, name: str, version: str, thresholds: tuple[Thresholds, ...], facts: dict[str, Any], card: str) -> Model:
        """The fitted numbers as a `Model` that can be saved and served."""
        check_is_fitted(self)
        return Model(
            name=name,
            version=version,
            weights=np.column_stack([*self.weights_, self.idf2_]).astype(np.int16),
            scale=self.scale_,
            intercept=self.intercept_,
            calibration=self.calibration_,
            thresholds=thresholds,
            facts=facts,
            card=card,
            concepts=self.concepts,
        )

    def decision_function(self, X: Texts) -> Floats:
        """Raw scores ``(n, categories)`` by the training matrix: the slow twin of `Model.decide`."""
        check_is_fitted(self)
        rows = weigh(count_matrix(as_string_array(X), self.bits, concepts=self.concepts), self.idf2_)
        coefficients = self.weights_ * self.scale_[:, None] / np.sqrt(self.idf2_.astype(np.float64))
        scores = np.asarray(rows.astype(np.float64) @ coefficients.T + self.intercept_)
        return scores[:, 0] if self.single_ else scores

    def predict_proba(self, X: Texts) -> Floats:
        """Calibrated probabilities ``(n, categories)``."""
        scores = self.decision_function(X)
        slope, intercept = np.array(self.calibration_[0] if self.single_ else self.calibration_).T
        return sigmoid(scores * slope + intercept)

    def predict(self, X: Texts) -> npt.NDArray[np.int8]:
        """1 where the probability is at least one half, ``(n, categories)``."""
        return (self.predict_proba(X) >= 0.5).astype(np.int8)
