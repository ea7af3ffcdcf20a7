"""The estimators behave as scikit-learn's do."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from moderation.classifier.estimator import MessageClassifier
from moderation.classifier.heads import PartialLabelHeads
from tests.authored import LABELS, TEXTS

ONE_AND_TWO = "labels are 1, 0 and unknown; the check learns from 1 and 2, which are both positive here"
LIBLINEAR = "liblinear's dual solver stops at 1e-4, so the two fits differ by 2e-5 and the check allows 1e-7; at 1e-12 they agree"
EXPECTED = {
    "check_estimators_dtypes": ONE_AND_TWO,
    "check_sample_weights_pandas_series": ONE_AND_TWO,
    "check_sample_weights_not_an_array": ONE_AND_TWO,
    "check_sample_weights_shape": ONE_AND_TWO,
    "check_sample_weights_not_overwritten": ONE_AND_TWO,
    "check_fit2d_1feature": "every label of this check is positive here; the message says that, not the number of features",
    "check_sample_weight_equivalence_on_dense_data": LIBLINEAR,
    "check_sample_weight_equivalence_on_sparse_data": LIBLINEAR,
}


with warnings.catch_warnings():
    # MessageClassifier gets one check: the others need a table of numbers. What they would try is tried further down.
    warnings.simplefilter("ignore", SkipTestWarning)
    scikit_learn_checks = parametrize_with_checks(
        [PartialLabelHeads(), MessageClassifier()],
        expected_failed_checks=lambda estimator: EXPECTED if isinstance(estimator, PartialLabelHeads) else {},
    )


@scikit_learn_checks
def test_scikit_learn_checks(estimator, check):
    check(estimator)


RANDOM = np.random.default_rng(5)
ROWS = RANDOM.normal(size=(60, 8))
YES = (ROWS[:, :3] + RANDOM.normal(size=(60, 3)) > 0).astype(float)


def small(**settings) -> MessageClassifier:
    return MessageClassifier(bits=10, folds=2, **settings)


def make(kind):
    return (PartialLabelHeads(), ROWS, YES) if kind == "heads" else (small(), TEXTS, LABELS)


both = pytest.mark.parametrize("kind", ["heads", "classifier"])


@both
def test_clone_and_pickle_keep_everything(kind):
    estimator, X, y = make(kind)
    fitted = estimator.set_params(C=0.3).fit(X, y)
    assert clone(fitted).get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        clone(fitted).decision_function(X)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.decision_function(X), fitted.decision_function(X))


@both
def test_fitting_twice_gives_the_same_and_changes_no_input(kind):
    estimator, X, y = make(kind)
    X, y, weights = X.copy(), y.copy(), np.linspace(0.5, 1, len(y))
    first = estimator.fit(X, y, weights).decision_function(X)
    np.testing.assert_array_equal(estimator.fit(X, y, weights).decision_function(X), first)
    assert first.shape == y.shape
    assert np.array_equal(X, make(kind)[1])
    assert np.array_equal(y, make(kind)[2])
    assert np.array_equal(weights, np.linspace(0.5, 1, len(y)))


@both
def test_labels_of_one_dimension_give_scores_of_one(kind):
    estimator, X, y = make(kind)
    flat = clone(estimator).fit(X, y[:, 0])
    table = clone(estimator).fit(X, y[:, :1])
    assert flat.predict(X).shape == flat.decision_function(X).shape == (len(y),)
    assert table.decision_function(X).shape == (len(y), 1)
    np.testing.assert_array_equal(flat.decision_function(X), table.decision_function(X)[:, 0])
    if kind == "classifier":
        np.testing.assert_array_equal(flat.predict_proba(X), table.predict_proba(X)[:, 0])


@both
def test_what_does_not_fit_together_is_refused(kind):
    estimator, X, y = make(kind)
    with pytest.raises(ValueError, match="rows of labels"):
        estimator.fit(X, np.concatenate([y, y]))
    with pytest.raises(ValueError, match="rows of labels"):
        estimator.fit(X, np.tile(y[:, 0], 2))
    with pytest.raises(ValueError, match="the target y is None"):
        estimator.fit(X, None)
    with pytest.raises(ValueError, match="shape"):
        estimator.fit(X, y, np.ones(len(y) - 1))
    with pytest.raises(ValueError, match="negative"):
        estimator.fit(X, y, -np.ones(len(y)))
    with pytest.raises(ValueError, match="zero"):
        estimator.fit(X, y, np.zeros(len(y)))
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(X, y, np.full(len(y), np.nan))
    with pytest.raises(ValueError, match="infinity"):
        estimator.fit(X, np.where(y == 1, np.inf, y))
    with pytest.raises(ValueError, match="column 0 has 0 positive"):
        estimator.fit(X, np.zeros_like(y))


def test_heads_refuse_gaps_in_the_rows():
    with pytest.raises(ValueError, match="NaN"):
        PartialLabelHeads().fit(np.where(ROWS > 2, np.nan, ROWS), YES)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_matrix])
def test_sparse_and_dense_rows_teach_the_same(form):
    rows = np.where(np.abs(ROWS) < 0.7, 0, ROWS)
    dense, thin = PartialLabelHeads().fit(rows, YES), PartialLabelHeads().fit(form(rows), YES)
    np.testing.assert_allclose(thin.coef_, dense.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(thin.decision_function(form(rows)), dense.decision_function(rows), rtol=1e-4, atol=1e-6)
    with_zeros = sparse.csr_matrix((rows.ravel(), np.tile(np.arange(8), 60), np.arange(0, 481, 8)), shape=rows.shape)
    np.testing.assert_allclose(PartialLabelHeads().fit(with_zeros, YES).coef_, dense.coef_, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("texts", ["satu teks", 3, None, [["a", "b"]], np.array([["a"], ["b"]], object)])
def test_texts_come_in_one_dimension(texts):
    with pytest.raises(ValueError, match="one-dimensional"):
        small().fit(texts, [1, 0])


@pytest.mark.parametrize("wrong", [1, b"bytes", 0.5, ["a"]])
def test_texts_are_strings(wrong):
    values = np.empty(2, object)
    values[:] = ["a", wrong]
    with pytest.raises(TypeError, match="str or None"):
        small().fit(values, [1, 0])


def test_any_kind_of_sequence_is_the_same():
    wanted = small().fit(TEXTS, LABELS).decision_function(TEXTS)
    for texts in (
        tuple(TEXTS),
        np.array(TEXTS, object),
        np.array(TEXTS),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:9], TEXTS[9:]]),
    ):
        np.testing.assert_array_equal(small().fit(texts, LABELS).decision_function(texts), wanted)


def test_groups_are_one_a_row():
    with pytest.raises(ValueError, match="groups have shape"):
        small().fit(TEXTS, LABELS, groups=[1, 2])


def test_texts_without_features_do_not_break_a_fit():
    labels = np.tile([[0.0], [1.0]], (10, 5))
    fitted = small().fit([""] * 20, labels)
    assert np.isfinite(fitted.predict_proba(["apa saja"])).all()
