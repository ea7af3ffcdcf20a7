"""Heads learnt a block at a time are the minimum of what they say they minimise, whoever reckons it."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.svm import LinearSVC

from moderation.classifier import blocks, spill
from moderation.classifier.blocks import BlockRows, fit_blocks
from moderation.classifier.continuing import PULLING, Start, nowhere, start_from
from moderation.classifier.features import count_matrix, squared_idf, weigh
from moderation.classifier.heads import PartialLabelHeads
from moderation.classifier.length import length_norm
from moderation.classifier.spill import FeatureSpill
from moderation.text.ngrams import FeatureCounts

N, BITS, HEADS = 150, 6, 2
BUCKETS = 1 << BITS
RANDOM = np.random.default_rng(7)
COUNTS = RANDOM.poisson(0.15, (N, BUCKETS)) * RANDOM.integers(1, 4, (N, BUCKETS))
COUNTS[0] = 0  # a row without features
IDF2 = RANDOM.integers(1, 60, BUCKETS).astype(np.int16)
LABELS = (COUNTS[:, :HEADS] + RANDOM.normal(0, 0.6, (N, HEADS)) > 0.5).astype(np.float32)
LABELS[RANDOM.random((N, HEADS)) < 0.2] = np.nan
WEIGHTS = RANDOM.uniform(0.2, 2, N)
FOLDS = RANDOM.integers(0, 3, N).astype(np.uint8)


@pytest.fixture
def features():
    filled = COUNTS > 0
    with FeatureSpill(BITS) as counts:
        indptr = np.append(0, filled.sum(axis=1).cumsum())
        counts.append(FeatureCounts(indptr, np.nonzero(filled)[1].astype(np.int32), COUNTS[filled].astype(np.float32)))
        yield counts


@pytest.fixture(autouse=True)
def precise(monkeypatch):
    monkeypatch.setattr(blocks, "TOLERANCE", 1e-7)
    monkeypatch.setattr(blocks, "MAX_PASSES", 3_000)


def fit(features, *, labels=LABELS, start=None, judged=(), **settings):
    settings = {"C": 0.3, "offset": 1.0, "seed": 0} | settings
    rows = BlockRows(features, labels, WEIGHTS, FOLDS, IDF2)
    return fit_blocks(rows, **settings, judged=judged, start=start or nowhere(HEADS, BUCKETS))


def plain(column, *, labels=LABELS, start=None, keep=True, C=0.3, offset=1.0):
    """The same head by a general minimiser of the primal problem, from dense numbers."""
    start = start or nowhere(HEADS, BUCKETS)
    known = ~np.isnan(labels[:, column]) & keep
    counts, sign, weights = COUNTS[known], np.where(labels[known, column] == 1, 1.0, -1.0), WEIGHTS[known]
    rows = counts / length_norm(counts @ IDF2.astype(float))[:, None]
    no, yes = (1 + (counts > 0).T @ (weights * (sign == side)) for side in (-1, 1))
    tells = np.abs(np.log(yes / yes.sum()) - np.log(no / no.sum())) + offset
    held = np.append(1 / (tells**2 * IDF2) + start.pull[column] * start.shares, 1 + start.pull[column])
    origin = np.append(start.contributions[column], start.intercept[column])

    def cost(head):
        lacks = np.maximum(0, 1 - sign * (rows @ head[:-1] + head[-1]))
        pull = -2 * C * weights * sign * lacks
        value = (held * (head - origin) ** 2).sum() / 2 + C * (weights * lacks**2).sum()
        return value, held * (head - origin) + np.append(pull @ rows, pull.sum())

    found = minimize(cost, origin, jac=True, method="L-BFGS-B", options={"maxiter": 20_000, "ftol": 1e-16, "gtol": 1e-9})
    return found.x


def same(found, wanted):
    np.testing.assert_allclose(np.append(*found), wanted, atol=2e-4)


def test_heads_are_the_minimum(features):
    found = fit(features)
    for column in range(HEADS):
        same((found.contributions[column], found.intercept[column]), plain(column))


def test_heads_are_those_of_scikit_learn(features, monkeypatch):
    monkeypatch.setattr(LinearSVC, "__init__", lambda self, **kw: LinearSVC_init(self, **kw, tol=1e-9))
    heads = PartialLabelHeads(0.3, 1.0).fit(weigh(features.matrix(), IDF2), LABELS, WEIGHTS)
    found = fit(features)
    np.testing.assert_allclose(found.contributions, heads.coef_ * np.sqrt(IDF2.astype(float)), atol=5e-4)
    np.testing.assert_allclose(found.intercept, heads.intercept_, atol=5e-4)


LinearSVC_init = LinearSVC.__init__


def test_scores_out_of_fold_are_by_heads_without_that_fold(features):
    scores = fit(features, judged=(0, 2)).out_of_fold
    assert np.isnan(scores[FOLDS == 1]).all()
    rows = COUNTS / length_norm(COUNTS @ IDF2.astype(float))[:, None]
    for fold in (0, 2):
        for column in range(HEADS):
            head = plain(column, keep=fold != FOLDS)
            wanted = rows[fold == FOLDS] @ head[:-1] + head[-1]
            np.testing.assert_allclose(scores[fold == FOLDS, column], wanted, atol=5e-4)


def test_neither_threads_nor_chunks_matter(features, monkeypatch):
    wanted = fit(features, judged=(0,))
    for threads in (1, 7):
        monkeypatch.setattr(joblib, "cpu_count", lambda threads=threads: threads)
        again = fit(features, judged=(0,))
        for one, other in zip(wanted, again, strict=True):
            np.testing.assert_array_equal(one, other)
    monkeypatch.setattr(spill, "CHUNK_ROWS", 7)
    monkeypatch.setattr(blocks, "_CHUNKS_A_BLOCK", 3)
    with FeatureSpill(BITS) as small:
        matrix = features.matrix()
        small.append(FeatureCounts(matrix.indptr.astype(np.int64), matrix.indices, matrix.data))
        assert small.chunks > 20
        np.testing.assert_allclose(fit(small).contributions, wanted.contributions, atol=2e-4)


def test_a_head_is_held_where_it_started(features):
    origin = np.random.default_rng(3).normal(0, 0.3, (HEADS, BUCKETS))
    shares = np.random.default_rng(4).uniform(0, 0.2, BUCKETS)
    moved = []
    for pull in (0.0, 5.0, 1e6):
        start = Start(origin, np.array([0.4, -0.4]), np.full(HEADS, pull), shares)
        found = fit(features, start=start)
        for column in range(HEADS):
            same((found.contributions[column], found.intercept[column]), plain(column, start=start))
        moved.append(np.abs(found.contributions - origin)[:, shares > 0.01].max())
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] < 1e-3


def test_a_head_that_no_row_speaks_against_stays(features):
    first = fit(features, C=50.0, labels=LABELS[:, :1].repeat(2, axis=1))
    sure = COUNTS / np.sqrt(np.maximum(COUNTS @ IDF2.astype(float), 1))[:, None] @ first.contributions[0] * 100
    agreed = np.column_stack([np.where(np.abs(sure) > 2, sure > 0, np.nan)] * 2).astype(np.float32)
    start = Start(first.contributions * 100, np.zeros(HEADS), np.zeros(HEADS), np.zeros(BUCKETS))
    np.testing.assert_array_equal(fit(features, labels=agreed, start=start).contributions, start.contributions)


def test_one_class_is_enough_to_continue(features):
    labels = np.where(np.isnan(LABELS), np.nan, 0).astype(np.float32)
    found = fit(features, labels=labels, start=Start(*nowhere(HEADS, BUCKETS)[:2], np.full(HEADS, 0.1), np.ones(BUCKETS)))
    assert (found.intercept < 0).all()


def test_what_more_rows_spoke_about_is_held_firmer(tiny_rows, tiny_model):
    counts = count_matrix(tiny_rows.texts, 12)
    frequency = np.bincount(counts.indices, minlength=1 << 12)
    start = start_from(tiny_model, np.arange(5), frequency, len(tiny_rows), 0.1)
    np.testing.assert_array_equal(start.contributions, tiny_model.contributions)
    np.testing.assert_allclose(start.pull, 2 * 0.1 * PULLING * len(tiny_rows))
    norm2 = float((counts @ squared_idf(counts, 2.0).astype(float)).mean())
    seen = frequency > 2
    np.testing.assert_allclose(
        start.shares[seen] * norm2, (1 + frequency[seen]) / (1 + len(tiny_rows)), rtol=0.6
    )  # idf is rounded, and the length of a row is its square root
