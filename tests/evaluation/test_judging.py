"""Which figures get an interval, and that it holds them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from moderation.evaluation import Figures, evaluate
from moderation.evaluation.figures import RATES
from tests.authored import TEXTS
from tests.evaluation.rows import repeated, with_facets


def test_intervals_hold_their_figures_and_change_none(tiny_model, tiny_rows):
    labels = tiny_rows.labels.copy()
    labels[::7] = 1 - labels[::7]
    rows = repeated(with_facets(replace(tiny_rows, labels=labels), lang=["id"] * 30 + ["en"] * (len(TEXTS) - 30)), 4)
    without, found = evaluate(tiny_model, rows), evaluate(tiny_model, rows, resamples=300)
    assert (without.resamples, found.resamples) == (0, 300)
    assert not any(f.intervals for f in without.figures)
    for a, b in zip(without.figures, found.figures, strict=True):
        assert a == replace(b, intervals={})
        for name, (low, high) in b.intervals.items():
            assert 0 <= low <= b.rate(name) <= high <= 1
    overall = found.overall()
    assert all("calibration_error" in f.intervals for f in overall)
    assert all(set(f.intervals) >= {"average_precision", "roc_auc", "recall", "f1", "false_positive_rate"} for f in overall)


def test_no_interval_where_no_row_is_wrong(tiny_model, tiny_rows):
    found = evaluate(tiny_model, repeated(tiny_rows, 4), resamples=100)
    perfect = [(f, name) for f in found.overall() for name in ("precision", "recall") if f.rate(name) == 1]
    assert perfect
    assert not any(name in f.intervals for f, name in perfect)


def test_few_positives_and_few_voices_get_no_interval(tiny_model, tiny_rows):
    assert not any(f.intervals for f in evaluate(tiny_model, tiny_rows, resamples=50).figures)  # ten positives
    n = 4 * len(TEXTS)
    rows = with_facets(repeated(tiny_rows, 4), voice=[f"voice {row % 19}" for row in range(n)])
    assert not any(f.intervals for f in evaluate(tiny_model, rows, resamples=50).figures)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only(tiny_model, tiny_rows, label):
    rows = replace(tiny_rows, labels=np.full_like(tiny_rows.labels, label))
    for f in evaluate(tiny_model, rows, resamples=20).overall():
        assert f.average_precision is f.roc_auc is None
        assert f.intervals == {}


def test_the_rates_are_the_figures():
    assert [field.name for field in fields(Figures)][4:-1] == list(RATES)
