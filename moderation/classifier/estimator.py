"""The classifier as a scikit-learn estimator: texts in, calibrated probabilities out."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from moderation.classifier.calibration import fit_calibration, sigmoid
from moderation.classifier.features import LARGEST, Texts, as_string_array, count_matrix, squared_idf, weigh
from moderation.classifier.heads import PartialLabelHeads, check_labels, check_weights
from moderation.classifier.model import Model, Thresholds

Floats = npt.NDArray[np.float64]


class MessageClassifier(BaseEstimator):  # type: ignore[misc]
    """Hashed n-grams, `PartialLabelHeads` and Platt scaling on out-of-fold scores.

    Args:
        bits: Binary logarithm of the number of hash buckets.
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

    def __init__(
        self,
        *,
        bits: int = 20,
        word_weight: float = 3.0,
        C: float = 0.15,
        offset: float = 0.5,
        folds: int = 4,
        random_state: int = 0,
    ) -> None:
        self.bits = bits
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
        counts = count_matrix(texts, self.bits)[learnt]
        labels, weights, groups = labels[learnt], weights[learnt], groups[learnt]
        self.idf2_ = squared_idf(counts, self.word_weight)
        rows = weigh(counts, self.idf2_)
        scores = self._out_of_fold(rows, labels, weights, groups)
        self._store(self._heads().fit(rows, labels, weights))
        self.calibration_ = tuple(
            fit_calibration(scores[known, column], labels[known, column] > 0.5, weights[known])
            for column, known in enumerate(~np.isnan(labels.T))
        )
        self.out_of_fold_ = np.full((len(texts), labels.shape[1]), np.nan)
        self.out_of_fold_[learnt] = scores
        self.single_ = np.ndim(y) == 1
        return self

    def _heads(self) -> PartialLabelHeads:
        return PartialLabelHeads(self.C, self.offset, self.random_state)

    def _out_of_fold(self, rows: sparse.csr_matrix, labels: Floats, weights: Floats, groups: npt.NDArray[Any]) -> Floats:
        scores = np.full(labels.shape, np.nan)
        # Rows stand in for their rarest label, so that every fold has some of each.
        rarest = np.argsort(np.nansum(labels, axis=0))
        kind = np.zeros(len(labels), int)
        for column in rarest[::-1]:
            kind[labels[:, column] == 1] = column + 1
        splitter = StratifiedGroupKFold(self.folds, shuffle=True, random_state=self.random_state)
        with warnings.catch_warnings():
            # A kind with fewer rows than folds is no mistake here: its rows may have other labels, too.
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            parts = list(splitter.split(rows, kind, groups))
        for learn, judge in parts:
            scores[judge] = self._heads().fit(rows[learn], labels[learn], weights[learn]).decision_function(rows[judge])
        return scores

    def _store(self, heads: PartialLabelHeads) -> None:
        """Keep the heads as whole numbers of 12 bits, rounded once, here, for training and serving alike."""
        contributions = heads.coef_ * np.sqrt(self.idf2_.astype(np.float64))
        largest = np.abs(contributions).max(axis=1)
        self.scale_ = np.where(largest > 0, largest, 1) / LARGEST
        self.weights_ = np.rint(contributions / self.scale_[:, None]).astype(np.int16)
        self.intercept_ = heads.intercept_

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
        )

    def decision_function(self, X: Texts) -> Floats:
        """Raw scores ``(n, categories)`` by the training matrix: the slow twin of `Model.decide`."""
        check_is_fitted(self)
        rows = weigh(count_matrix(as_string_array(X), self.bits), self.idf2_)
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
