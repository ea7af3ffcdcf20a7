"""Points of the plots against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve

from moderation.classifier.calibration import expected_calibration_error
from moderation.classifier.model import Thresholds
from moderation.evaluation.crossings import by_flag, by_label
from moderation.evaluation.curves import histogram, precision_recall, reliability, threshold_grid
from moderation.evaluation.drawing import histogram_plot, precision_recall_plot, reliability_plot
from tests.evaluation.rows import with_facets


@st.composite
def judged(draw, most=60):
    """Probabilities with ties and labels of both kinds."""
    n = draw(st.integers(2, most))
    steps = draw(st.lists(st.integers(0, 50), min_size=n, max_size=n))
    target = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    target[:2] = True, False
    return np.array(steps) / 51, target


def many(n=20_000):
    random = np.random.default_rng(1)
    target = random.random(n) < 0.1
    return 1 / (1 + np.exp(-random.normal(4 * target - 3, 1.5))), target


@given(judged())
def test_the_curve_is_that_of_scikit_learn(drawn):
    curve = precision_recall(*drawn)
    precision, recall, _ = precision_recall_curve(drawn[1], drawn[0])
    exact = set(zip(recall[:-1].round(9), precision[:-1].round(9), strict=True))
    assert set(zip(curve.x.round(9), curve.y.round(9), strict=True)) <= exact
    assert curve.x[-1] == 1
    assert (np.diff(curve.x) >= 0).all()


def test_few_points_keep_the_shape():
    probabilities, target = many()
    curve = precision_recall(probabilities, target)
    assert len(curve.x) <= 200
    area = np.trapezoid(np.append(curve.y[0], curve.y), np.append(0, curve.x))
    assert area == pytest.approx(average_precision_score(target, probabilities), abs=0.005)


@given(judged())
def test_calibration_points_add_up_to_the_calibration_error(drawn):
    found = reliability(*drawn)
    assert found.rows.sum() == len(drawn[0])
    gap = (np.abs(found.predicted - found.observed) * found.rows).sum() / found.rows.sum()
    assert gap == pytest.approx(expected_calibration_error(*drawn))
    assert (found.low <= found.observed + 1e-12).all()
    assert (found.observed <= found.high + 1e-12).all()
    assert found.low.min() + 1e-12 >= 0
    assert found.high.max() <= 1 + 1e-12


@given(judged())
def test_shares_of_the_histogram(drawn):
    for kind, shares in zip((drawn[1], ~drawn[1]), histogram(*drawn), strict=True):
        assert shares.sum() == pytest.approx(1)
        assert shares[0] == pytest.approx((drawn[0][kind] < 1 / 15).mean())


@given(judged(), st.sampled_from([(0.25, 0.5), (0.5, 1.0), (0.0, 20 / 51)]))
def test_the_grid_counts_what_is_at_or_above(drawn, points):
    probabilities, target = drawn
    grid = threshold_grid(probabilities, target, Thresholds(*points))
    assert len(grid.thresholds) < 150
    assert {t for t in points if 0 < t < 1} <= set(grid.thresholds)
    for t, recall, false_positive_rate in zip(*grid, strict=True):
        assert recall == pytest.approx((probabilities[target] >= t).mean())
        assert false_positive_rate == pytest.approx((probabilities[~target] >= t).mean())


def test_plots_stay_within_their_frame_and_say_what_they_show():
    probabilities, target = many(500)
    curve = precision_recall(probabilities, target)
    plots = [
        precision_recall_plot(curve, curve, (0.5, 0.5), 0.1, 'a "label" <b>'),
        reliability_plot(reliability(probabilities, target), "b"),
        histogram_plot(histogram(probabilities, target), 0.5, "c"),
    ]
    assert 'aria-label="a &#34;label&#34; &lt;b&gt;"' in plots[0]
    for plot in plots:
        assert plot.startswith('<svg role="img"')
        assert "nan" not in plot
        assert "style=" not in plot
        assert len(plot) < 12_000


def test_crossings(tiny_rows):
    rows = with_facets(tiny_rows)
    flagged = rows.labels == 1
    first = np.flatnonzero(flagged[:, 0])[:3]
    flagged[first] = [[False, True, False, False, False], [True, True, False, False, False], [False] * 5]
    clean = np.flatnonzero((rows.labels == 0).all(axis=1))[0]
    flagged[clean, 4] = True
    abusive, *_, spam, cleans = by_label(rows, flagged)
    assert (abusive.name, abusive.rows, abusive.flagged[:2]) == ("abusive", 10, (8, 2))
    assert (abusive.instead, abusive.nothing) == (1, 1)
    assert (spam.instead, spam.nothing) == (0, 0)
    assert (cleans.name, cleans.rows, cleans.flagged, cleans.instead, cleans.nothing) == ("clean", 12, (0, 0, 0, 0, 1), 1, 11)
    together = by_flag(flagged)
    assert [(c.name, c.rows) for c in together] == [("abusive", 8), ("threatening", 12), ("hoax", 10), ("hate", 10), ("spam", 11)]
    assert together[0].flagged[1] == together[1].flagged[0] == 1
    assert by_flag(np.zeros((3, 5), bool)) == []
