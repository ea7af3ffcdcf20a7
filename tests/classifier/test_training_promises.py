"""What learning promises: unknown is never 0, weights mean what they say, probabilities and working points hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from moderation.classifier.calibration import expected_calibration_error, fit_calibration, sigmoid
from moderation.classifier.estimator import MessageClassifier
from moderation.classifier.features import as_string_array, count_matrix, squared_idf, weigh
from moderation.classifier.heads import PartialLabelHeads
from moderation.classifier.thresholds import choose_thresholds, wilson_lower
from tests.authored import LABELS, TEXTS

RANDOM = np.random.default_rng(11)
ROWS = RANDOM.normal(size=(80, 6))
YES = (ROWS[:, :2] + 0.5 * RANDOM.normal(size=(80, 2)) > 0).astype(float)


# Partial labels


@given(st.sets(st.integers(0, 79), max_size=40), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_rows_of_unknown_label_teach_a_category_nothing(unknown, seed):
    """A category learns from its rows only: whatever the others hold, and as if they were not there."""
    hidden = sorted(unknown)
    y = YES.copy()
    y[hidden, 0] = np.nan
    fitted = PartialLabelHeads().fit(ROWS, y)
    changed = ROWS.copy()
    changed[hidden] = np.random.default_rng(seed).normal(scale=9, size=(len(hidden), 6))
    again = PartialLabelHeads().fit(changed, y)
    np.testing.assert_array_equal(again.coef_[0], fitted.coef_[0])
    assert again.intercept_[0] == fitted.intercept_[0]
    kept = np.setdiff1d(np.arange(80), hidden)
    alone = PartialLabelHeads().fit(ROWS[kept], YES[kept, 0])
    np.testing.assert_array_equal(alone.coef_, fitted.coef_[0])
    # The other category knows all rows and keeps to them.
    np.testing.assert_array_equal(PartialLabelHeads().fit(ROWS, YES).coef_[1], fitted.coef_[1])


def test_unknown_is_not_zero():
    y = YES.copy()
    y[:30, 0] = np.nan
    zeros = np.nan_to_num(y)
    assert not np.allclose(PartialLabelHeads().fit(ROWS, y).coef_[0], PartialLabelHeads().fit(ROWS, zeros).coef_[0])


def test_the_text_of_a_row_of_unknown_label_does_not_reach_that_category():
    """The texts have the same n-grams in all, so that the document frequencies stay; only who holds which label moves."""
    labels = LABELS.copy()
    labels[:8, 4] = np.nan
    texts = TEXTS.copy()
    texts[:8] = texts[:8][::-1]
    first, second = (MessageClassifier(bits=10, folds=2).fit(t, labels) for t in (TEXTS, texts))
    np.testing.assert_array_equal(first.weights_[4], second.weights_[4])
    assert first.intercept_[4] == second.intercept_[4]


# Weights


@given(st.sets(st.integers(0, 79), max_size=40))
@settings(max_examples=30, deadline=None)
def test_heads_weight_zero_is_leaving_out(unwanted):
    weights = np.linspace(0.2, 1, 80)
    weights[sorted(unwanted)] = 0
    kept = weights > 0
    with_zeros = PartialLabelHeads().fit(ROWS, YES, weights)
    without = PartialLabelHeads().fit(ROWS[kept], YES[kept], weights[kept])
    np.testing.assert_array_equal(with_zeros.coef_, without.coef_)


def test_classifier_weight_zero_is_leaving_out():
    weights = np.ones(len(TEXTS))
    weights[[3, 14, 25, 36]] = 0
    kept = np.flatnonzero(weights)
    with_zeros = MessageClassifier(bits=10, folds=2).fit(TEXTS, LABELS, weights)
    without = MessageClassifier(bits=10, folds=2).fit([TEXTS[k] for k in kept], LABELS[kept])
    np.testing.assert_array_equal(with_zeros.predict_proba(TEXTS), without.predict_proba(TEXTS))
    np.testing.assert_array_equal(with_zeros.out_of_fold_[kept], without.out_of_fold_)
    assert np.isnan(with_zeros.out_of_fold_[weights == 0]).all()


@pytest.mark.parametrize("features", [6, 200])  # liblinear solves the primal, and the dual where features outnumber rows
def test_a_weight_of_three_is_three_rows(features):
    rows = np.random.default_rng(3).normal(size=(80, features))
    times = np.random.default_rng(4).integers(0, 4, 80)
    weighted = PartialLabelHeads().fit(rows, YES, times)
    repeated = PartialLabelHeads().fit(np.repeat(rows, times, axis=0), np.repeat(YES, times, axis=0))
    np.testing.assert_allclose(weighted.decision_function(rows), repeated.decision_function(rows), atol=2e-3)


def test_weights_count():
    heavy = np.where(YES[:, 0] == 1, 10.0, 1.0)
    light = PartialLabelHeads().fit(ROWS, YES[:, 0])
    assert PartialLabelHeads().fit(ROWS, YES[:, 0], heavy).decision_function(ROWS).mean() > light.decision_function(ROWS).mean()


# Folds


def test_groups_never_straddle_folds(monkeypatch):
    seen = []
    split = StratifiedGroupKFold.split

    def spy(self, X, y, groups):
        for learn, judge in split(self, X, y, groups):
            seen.append((set(groups[learn]), set(groups[judge]), judge))
            yield learn, judge

    monkeypatch.setattr(StratifiedGroupKFold, "split", spy)
    groups = np.array([f"group {n // 2}" for n in range(len(TEXTS))])
    fitted = MessageClassifier(bits=10, folds=3).fit(TEXTS, LABELS, groups=groups)
    assert len(seen) == 3
    assert all(not learn & judge for learn, judge, _ in seen)
    assert sorted(np.concatenate([judge for _, _, judge in seen])) == list(range(len(TEXTS)))
    assert np.isfinite(fitted.out_of_fold_).all()


def test_out_of_fold_scores_of_a_group_come_from_heads_that_never_saw_it():
    """Three copies of each message: were they split over folds, each would be known by heart."""
    texts = [text for text in TEXTS for _ in range(3)]
    labels = np.repeat(RANDOM.permutation(LABELS), 3, axis=0)  # labels that no text can tell
    together, apart = (
        MessageClassifier(bits=10, folds=3).fit(texts, labels, groups=groups).out_of_fold_
        for groups in (np.repeat(np.arange(len(TEXTS)), 3), None)
    )
    yes = labels == 1
    assert apart[yes].mean() - apart[~yes].mean() > 0.5
    assert together[yes].mean() - together[~yes].mean() < 0.2


# Features


def test_rows_have_length_one_in_the_space_of_the_weights():
    counts = count_matrix(as_string_array([*TEXTS, ""]), 10)
    idf2 = squared_idf(counts, 2.0)
    assert idf2.dtype == np.int16
    assert 1 <= idf2.min() <= idf2.max() <= 2047
    rows = weigh(counts, idf2).toarray()
    plain = counts.toarray() * np.sqrt(idf2)
    norm = 128**0.25 * (counts.toarray() @ idf2.astype(float)) ** 0.375
    np.testing.assert_allclose(rows[:-1], plain[:-1] / norm[:-1, None], rtol=1e-6)
    assert not rows[-1].any()


def test_rare_features_and_words_count_more():
    idf2 = squared_idf(count_matrix(as_string_array(["saya mau", "saya tidak"] * 20 + ["langka"]), 10), 3.0)
    seen = count_matrix(as_string_array(["saya", "langka"]), 10)
    often, rare = (idf2[seen[place].indices].mean() for place in (0, 1))
    assert rare > often
    assert idf2[:512].max() > 4 * idf2[512:].max()


# Calibration


def test_calibration_lowers_the_error_of_overconfident_scores():
    truth = RANDOM.uniform(-3, 3, 6_000)
    target = RANDOM.uniform(size=6_000) < sigmoid(truth)
    scores = 4 * truth + 1.5
    learn, judge = slice(0, 3_000), slice(3_000, None)
    slope, intercept = fit_calibration(scores[learn], target[learn], np.ones(3_000))
    before = expected_calibration_error(sigmoid(scores[judge]), target[judge])
    after = expected_calibration_error(sigmoid(scores[judge] * slope + intercept), target[judge])
    assert after < 0.03 < before
    assert slope == pytest.approx(0.25, abs=0.03)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.integers(1, 20))
def test_calibration_error_equals_its_definition(rows, bins):
    wanted = 0.0
    for place in range(bins):
        here = [(p, y) for p, y in rows if min(int(p * bins), bins - 1) == place]
        if here:
            wanted += abs(sum(p for p, _ in here) / len(here) - sum(y for _, y in here) / len(here)) * len(here) / len(rows)
    p, y = map(np.array, zip(*rows, strict=True))
    assert expected_calibration_error(p, y, bins) == pytest.approx(wanted, abs=1e-12)


@given(st.floats(allow_nan=False))
def test_a_probability_is_never_0_nor_1_even_in_short_floats(logit):
    p = sigmoid(np.array([logit])).astype(np.float32)[0]
    assert 0 < p < 1
    if abs(logit) < 16:
        assert p == pytest.approx(1 / (1 + np.exp(-logit)), rel=1e-6)


# Working points


def brute_force(p, y, review_fpr, act_precision):
    """Every multiple of 0.0001, tried in order."""
    negatives = [a for a, b in zip(p, y, strict=True) if not b]
    grid = [step / 10_000 for step in range(10_001)]
    if negatives:
        review = next(t for t in grid if sum(n >= t for n in negatives) <= np.floor(review_fpr * len(negatives)))
    else:
        review = 0.5
    for t in [t for t in grid if t >= review and t in {np.floor(a * 10_000) / 10_000 for a in p}]:
        flagged = [b for a, b in zip(p, y, strict=True) if a >= t]
        if flagged and wilson(sum(flagged), len(flagged)) >= act_precision:
            return review, t
    return review, 1.0


def wilson(hits, n, z=1.645):
    share = hits / n
    return (share + z * z / (2 * n) - z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)


# Probabilities well off the grid of 0.0001, where floor(p * 10000) is beyond doubt, and some that are equal.
probabilities = st.integers(0, 9_999).map(lambda step: (step + 0.5) / 10_000) | st.sampled_from([0.00005, 0.50005, 0.99995])
judged = st.lists(st.tuples(probabilities, st.booleans()), min_size=1, max_size=60)


@given(judged, st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]), st.sampled_from([0.3, 0.5, 0.8, 0.95]))
@settings(max_examples=60, deadline=None)
def test_working_points_equal_the_brute_force(rows, review_fpr, act_precision):
    p, y = map(np.array, zip(*rows, strict=True))
    chosen = choose_thresholds(p, y, review_fpr=review_fpr, act_precision=act_precision)
    assert (chosen.review, chosen.act) == pytest.approx(brute_force(p, y, review_fpr, act_precision), abs=1e-9)


@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.booleans()), min_size=1, max_size=300),
    st.floats(0, 1),
    st.floats(0.1, 0.99),
)
@settings(max_examples=300, deadline=None)
def test_working_points_keep_their_promises(rows, review_fpr, act_precision):
    p, y = map(np.array, zip(*rows, strict=True))
    chosen = choose_thresholds(p, y, review_fpr=review_fpr, act_precision=act_precision)
    assert 0 <= chosen.review <= chosen.act <= 1
    if not y.all():
        assert (p[~y] >= chosen.review).sum() <= review_fpr * (~y).sum() + 1e-9
    acted = p >= chosen.act
    if chosen.act < 1:
        assert wilson(y[acted].sum(), acted.sum()) >= act_precision - 1e-12
    else:
        assert not acted.any()


def test_nothing_acts_unproven():
    perfect = np.array([0.9] * 40 + [0.1] * 40), np.array([True] * 40 + [False] * 40)
    assert choose_thresholds(*perfect, review_fpr=0.0, act_precision=0.9).act == 0.9
    assert choose_thresholds(*perfect, review_fpr=0.0, act_precision=0.99).act == 1.0  # 40 of 40 prove only 0.937
    coin = np.full(1000, 0.7), np.arange(1000) % 2 == 0
    assert choose_thresholds(*coin, review_fpr=1.0, act_precision=0.6).act == 1.0


def test_rounding_does_not_flag_more():
    p = np.array([0.12341, 0.12344, 0.12349, 0.9])
    chosen = choose_thresholds(p, np.array([False, False, False, True]), review_fpr=0.0, act_precision=0.2)
    assert chosen.review > 0.12349
    assert chosen.review == pytest.approx(0.1235)


def test_wilson_bound_is_below_the_share_and_tightens():
    hits, trials = np.array([9, 90, 900]), np.array([10, 100, 1000])
    bounds = wilson_lower(hits, trials)
    assert (np.diff(bounds) > 0).all()
    assert (bounds < 0.9).all()
    assert bounds[1] == pytest.approx(wilson(90, 100))
