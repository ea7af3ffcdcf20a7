"""One linear head a category, each learning only from the rows that say something about it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

Floats = npt.NDArray[np.float64]


class PartialLabelHeads(BaseEstimator):
    """Linear support vector heads on features weighted by how much they tell (NB-SVM), for labels with gaps.

    Features are multiplied by the absolute log ratio of their frequency among positives and negatives plus ``offset``
    (Wang and Manning 2012, "Baselines and Bigrams", softened), then a `sklearn.svm.LinearSVC` is fitted; both fold into
    one weight a feature, so serving stays a sum.

    Args:
        C: Inverse strength of regularisation of each head.
        offset: What every feature's log ratio is raised by; larger means closer to a plain linear head.
        random_state: Seed of the solver's order.

    Attributes:
        coef_: ``(categories, features)`` weights.
        intercept_: ``(categories,)``.
    """

    def __init__(self, C: float = 0.15, offset: float = 0.5, random_state: int = 0) -> None:
        self.C = C
        self.offset = offset
        self.random_state = random_state

    def fit(self, X: Any, Y: Any, sample_weight: Any = None) -> Self:
        """Fit a head a column of ``Y``.

        Args:
            X: ``(n, features)`` matrix, dense or CSR.
            Y: ``(n,)`` or ``(n, categories)`` of 1, 0 and NaN for unknown.
            sample_weight: ``(n,)`` weights of the rows, 1 when omitted.

        Raises:
            ValueError: A column that lacks positives or negatives.
        """
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32])
        Y = check_array(Y, ensure_2d=False, ensure_all_finite="allow-nan", dtype=np.float64)
        Y = Y.reshape(len(Y), -1)
        weights = np.ones(X.shape[0]) if sample_weight is None else np.asarray(sample_weight, np.float64)
        heads = [self._fit_head(X, Y[:, column], weights, column) for column in range(Y.shape[1])]
        self.coef_ = np.vstack([coef for coef, _ in heads])
        self.intercept_ = np.array([intercept for _, intercept in heads])
        return self

    def _fit_head(self, X: Any, y: Floats, weights: Floats, column: int) -> tuple[Floats, float]:
        known = np.flatnonzero(~np.isnan(y) & (weights > 0))
        target = y[known] > 0.5
        if target.all() or not target.any():
            raise ValueError(
                f"column {column} has {int(target.sum())} positive and {int((~target).sum())} negative rows; it needs both"
            )
        rows = X[known]
        tells = self._tells(rows, target, weights[known]) + self.offset
        scaled = rows @ sparse.diags(tells.astype(X.dtype)) if sparse.issparse(rows) else rows * tells
        head = LinearSVC(C=self.C, random_state=self.random_state, max_iter=3000).fit(
            scaled, target, sample_weight=weights[known]
        )
        return head.coef_[0] * tells, float(head.intercept_[0])

    @staticmethod
    def _tells(rows: Any, target: npt.NDArray[np.bool_], weights: Floats) -> Floats:
        present = rows.copy() if sparse.issparse(rows) else sparse.csr_matrix(rows)
        present.data = np.ones_like(present.data)
        yes = 1 + present.T @ (weights * target)
        no = 1 + present.T @ (weights * ~target)
        return np.abs(np.log(yes / yes.sum()) - np.log(no / no.sum()))

    def decision_function(self, X: Any) -> Floats:
        """Signed distance of each row from each head's border, ``(n, categories)``."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        return np.asarray(X @ self.coef_.T + self.intercept_)

    def predict(self, X: Any) -> npt.NDArray[np.int8]:
        """1 where a row lies on the positive side, ``(n, categories)``."""
        return (self.decision_function(X) > 0).astype(np.int8)
