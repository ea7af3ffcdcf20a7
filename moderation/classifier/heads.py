"""One linear head a category, each learning only from the rows that say something about it."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.svm import LinearSVC
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

Floats = npt.NDArray[np.float64]
Matrix: TypeAlias = Any
"""Dense or CSR, ``(n, features)``; scipy has no types to say so."""


class PartialLabelHeads(BaseEstimator):  # type: ignore[misc]
    """Linear support vector heads on features weighted by how much they tell (NB-SVM), for labels with gaps.

    Features are multiplied by the absolute log ratio of their frequency among positives and negatives plus ``offset``
    (Wang and Manning 2012, "Baselines and Bigrams", softened), then a `sklearn.svm.LinearSVC` is fitted; both fold into
    one weight a feature, so serving stays a sum.

    Args:
        C: Inverse strength of regularisation of each head.
        offset: What every feature's log ratio is raised by; larger means closer to a plain linear head.
        random_state: Seed of the solver's order.

    Attributes:
        coef_: ``(categories, features)`` weights. After labels of one dimension ``(features,)``, and scores are ``(n,)``.
        intercept_: ``(categories,)``, or one number.
    """

    def __init__(self, C: float = 0.15, offset: float = 0.5, random_state: int = 0) -> None:
        self.C = C
        self.offset = offset
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Sparse input is welcome; several outputs, which may be unknown."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Matrix, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Fit a head a column of ``y``.

        Args:
            X: ``(n, features)`` matrix, dense or CSR.
            y: ``(n,)`` or ``(n, categories)`` of 1, 0 and NaN for unknown.
            sample_weight: ``(n,)`` weights of the rows, 0 to leave one out; 1 when omitted.

        Raises:
            ValueError: Shapes differ, a weight is negative, or a column lacks positives or negatives.
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32])
        labels = check_labels(y, X.shape[0])
        weights = check_weights(sample_weight, X.shape[0])
        heads = [self._fit_head(X, labels[:, column], weights, column) for column in range(labels.shape[1])]
        self.coef_ = np.vstack([coef for coef, _ in heads])
        self.intercept_ = np.array([intercept for _, intercept in heads])
        if np.ndim(y) == 1:
            self.coef_, self.intercept_ = self.coef_[0], self.intercept_[0]
        return self

    def _fit_head(self, X: Matrix, y: Floats, weights: Floats, column: int) -> tuple[Floats, float]:
        known = np.flatnonzero(~np.isnan(y) & (weights > 0))
        target = y[known] > 0.5
        if target.all() or not target.any():
            raise ValueError(
                f"column {column} has {int(target.sum())} positive and {int((~target).sum())} negative rows: "
                "one class, but it needs both"
            )
        rows = X[known]
        tells = self._tells(rows, target, weights[known]) + self.offset
        if sparse.issparse(rows):
            scaled = sparse.csr_matrix((rows.data * tells.astype(X.dtype)[rows.indices], rows.indices, rows.indptr), rows.shape)
        else:
            scaled = rows * tells
        head = LinearSVC(C=self.C, random_state=self.random_state, max_iter=3000).fit(
            scaled, target, sample_weight=weights[known]
        )
        return head.coef_[0] * tells, float(head.intercept_[0])

    @staticmethod
    def _tells(rows: Matrix, target: npt.NDArray[np.bool_], weights: Floats) -> Floats:
        present = sparse.csr_matrix(rows)
        by_place = np.repeat(np.arange(present.shape[0]), np.diff(present.indptr))[present.data != 0]
        features = present.indices[present.data != 0]
        yes, no = (1 + np.bincount(features, (weights * side)[by_place], present.shape[1]) for side in (target, ~target))
        return np.asarray(np.abs(np.log(yes / yes.sum()) - np.log(no / no.sum())))

    def decision_function(self, X: Matrix) -> Floats:
        """Signed distance of each row from each head's border, ``(n, categories)``."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        return np.asarray(X @ self.coef_.T + self.intercept_)

    def predict(self, X: Matrix) -> npt.NDArray[np.int8]:
        """1 where a row lies on the positive side, ``(n, categories)``."""
        return (self.decision_function(X) > 0).astype(np.int8)


def check_labels(y: npt.ArrayLike, n: int) -> Floats:
    """Labels as ``(n, categories)``; a single category may come as ``(n,)``.

    Raises:
        ValueError: They are something else, or not one a row.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    labels = check_array(y, ensure_2d=False, ensure_all_finite="allow-nan", dtype=np.float64)
    if len(labels) != n:
        raise ValueError(f"{n} rows and {len(labels)} rows of labels")
    return np.asarray(labels.reshape(n, -1))


def check_weights(weights: npt.ArrayLike | None, n: int) -> Floats:
    """Weights ``(n,)`` of rows, 1 each when None.

    Raises:
        ValueError: They are not one a row, negative, or all zero.
    """
    if weights is None:
        return np.ones(n)
    checked = check_array(weights, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if checked.shape != (n,):
        raise ValueError(f"sample_weight has shape {checked.shape}, not {(n,)}")
    if (checked < 0).any():
        raise ValueError("a sample_weight is negative")
    if not checked.any():
        raise ValueError("every sample_weight is zero")
    return np.asarray(checked)
