"""Resampled figures against figures of rows that are really repeated, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

from moderation.classifier.model import Thresholds
from moderation.evaluation.bootstrap import LEAST_GROUPS, Unit, groups_of, interval, p_value, resample, sort_units, weigh
from moderation.evaluation.figures import RATES, measure
from moderation.labelled import LabelledRows

COLUMN = {name: column for column, name in enumerate(RATES)}
THRESHOLDS = Thresholds(0.5, 0.8)


def weighed(units: list[Unit], counts: np.ndarray) -> np.ndarray:
    out = np.empty((len(units), len(RATES)))
    weigh(*sort_units(units), counts, out)
    return out


@st.composite
def rows(draw):
    """Probabilities with many ties, labels, and how often each row counts."""
    n = draw(st.integers(1, 30))
    steps = draw(st.lists(st.integers(0, 20), min_size=n, max_size=n))
    target = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    counts = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    return np.array(steps) / 20, np.array(target), np.array(counts)


@settings(deadline=None)  # the first call compiles
@given(rows(), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 0.8, 1.0]))
def test_a_row_that_counts_twice_is_there_twice(drawn, review, act):
    probabilities, target, counts = drawn
    thresholds = Thresholds(review, act)
    (found,) = weighed([Unit(np.arange(len(target)), target, probabilities, thresholds)], counts)
    if not counts.sum():
        assert np.isnan(found).all()
        return
    expected = measure("spam", "all", np.repeat(probabilities, counts), np.repeat(target, counts), thresholds)
    plain = [np.nan if expected.rate(name) is None else expected.rate(name) for name in RATES]
    np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-12)


def test_figures_are_those_of_scikit_learn_with_weights():
    random = np.random.default_rng(3)
    target = random.random(500) < 0.3
    probabilities = np.clip(0.4 * target + 0.6 * random.random(500), 0, 0.999).round(2)
    counts = random.integers(0, 4, 500)
    (found,) = weighed([Unit(np.arange(500), target, probabilities, THRESHOLDS)], counts)
    flagged = probabilities >= 0.5
    expected = {
        "average_precision": average_precision_score(target, probabilities, sample_weight=counts),
        "roc_auc": roc_auc_score(target, probabilities, sample_weight=counts),
        "precision": precision_score(target, flagged, sample_weight=counts),
        "recall": recall_score(target, flagged, sample_weight=counts),
        "f1": f1_score(target, flagged, sample_weight=counts),
        "false_positive_rate": 1 - recall_score(~target, ~flagged, sample_weight=counts),
        "act_precision": precision_score(target, probabilities >= 0.8, sample_weight=counts),
        "act_recall": recall_score(target, probabilities >= 0.8, sample_weight=counts),
    }
    for name, value in expected.items():
        assert found[COLUMN[name]] == pytest.approx(value), name


def random_unit(random: np.random.Generator, n: int) -> Unit:
    target = random.random(n) < 0.3
    return Unit(np.arange(n), target, np.clip(random.normal(0.35 + 0.3 * target, 0.2), 0, 0.999), THRESHOLDS)


def test_units_do_not_touch_each_other():
    random = np.random.default_rng(0)
    units = [random_unit(random, n) for n in (40, 1, 70)]
    counts = random.integers(0, 3, 70)
    together = weighed(units, counts)
    np.testing.assert_array_equal(together, np.concatenate([weighed([unit], counts) for unit in units]))


def test_the_seed_decides():
    unit = sort_units([random_unit(np.random.default_rng(0), 100)])
    (a,), (b,), (c,) = (resample([unit], 100, 20, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    told: list[tuple[int, int]] = []
    resample([unit], 100, 3, 0, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_near_duplicates_teach_nothing_new():
    """Ten copies of every row, each with its group, leave every resample as it was."""
    unit = random_unit(np.random.default_rng(0), 80)
    tenfold = Unit(*(np.repeat(values, 10) for values in unit[:3]), unit.thresholds)
    (once,), (ten) = resample([sort_units([unit])], 80, 50, 0), resample([sort_units([tenfold])], 80, 50, 0)[0]
    np.testing.assert_allclose(once, ten, rtol=1e-9)
    loose = Unit(np.arange(800), *tenfold[1:])
    (apart,) = resample([sort_units([loose])], 800, 50, 0)
    assert (apart.std(axis=0) < 0.6 * once.std(axis=0))[0, COLUMN["recall"]]


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Rows of 60 groups; positives are flagged with a chance of their group, 0.7 on average."""
    held = {"by group": 0, "by row": 0}
    for trial in range(150):
        random = np.random.default_rng(trial)
        groups = np.repeat(np.arange(60), 10)
        target = np.ones(600, bool)
        target[::2] = False
        flagged = random.random(600) < random.choice([0.5, 0.9], 60)[groups]
        probabilities = np.where(flagged & target, 0.9, 0.1)
        for name, of in (("by group", groups), ("by row", np.arange(600))):
            (samples,) = resample([sort_units([Unit(of, target, probabilities, THRESHOLDS)])], int(of[-1]) + 1, 200, trial)
            low, high = interval(samples[:, 0, COLUMN["recall"]])
            held[name] += low <= 0.7 <= high
    assert 0.89 <= held["by group"] / 150 <= 0.99
    assert held["by row"] < held["by group"] - 10  # rows of a group are alike: taken for independent they promise too much


def test_the_interval_of_a_small_calibration_error_holds_it():
    random = np.random.default_rng(5)
    probabilities = random.random(3000) * 0.999
    target = random.random(3000) < probabilities
    unit = Unit(np.arange(3000), target, probabilities, THRESHOLDS)
    (samples,) = resample([sort_units([unit])], 3000, 200, 0)
    low, high = interval(samples[:, 0, COLUMN["calibration_error"]])
    error = measure("spam", "all", probabilities, target, THRESHOLDS).calibration_error
    assert low < error < high
    assert samples[:, 0, COLUMN["calibration_error"]].mean() == pytest.approx(error)


def test_percentiles_of_what_is_defined():
    assert interval(np.arange(1001.0)) == pytest.approx((25, 975))
    samples = np.full(100, np.nan)
    assert interval(samples) is p_value(samples) is None
    samples[:94] = 0.5
    assert interval(samples) is p_value(samples) is None
    samples[:95] = 0.5
    assert interval(samples) == (0.5, 0.5)
    assert interval(np.empty(0)) is None


def test_p_values():
    assert p_value(np.zeros(999)) == 1
    assert p_value(np.ones(999)) == p_value(-np.ones(999)) == 2 / 1000
    assert p_value(np.append(np.ones(989), -np.ones(10))) == 22 / 1000
    # One row that only one model gets right: where it is not drawn there is no difference.
    assert p_value(np.append(np.ones(632), np.zeros(367))) > 0.5


@pytest.mark.parametrize(("positives", "negatives", "enough"), [(0, 0, True), (-1, 0, False), (0, -1, False)])
def test_enough_counts_groups(positives, negatives, enough):
    target = np.repeat([True, False], [LEAST_GROUPS + positives, LEAST_GROUPS + negatives])
    groups = np.arange(len(target))
    unit = Unit(np.tile(groups, 5), np.tile(target, 5), np.zeros(5 * len(target)), THRESHOLDS)
    assert unit.has_enough() is enough


def test_groups_are_voices_then_duplicates_then_rows():
    facets = {"voice": ["a", "a", "", "", "", ""], "group": ["1", "2", "2", "2", "", ""]}
    labelled = LabelledRows(
        pa.array(["x"] * 6, pa.large_string()), np.zeros((6, 5)), np.ones(6), {k: np.array(v, object) for k, v in facets.items()}
    )
    a, b, c, d, e, f = groups_of(labelled)
    assert (a, c) == (b, d)
    assert sorted({a, c, e, f}) == [0, 1, 2, 3]
