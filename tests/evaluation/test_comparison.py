"""Two models on the same rows: what is called better or worse, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from math import comb

import numpy as np
import pytest

from moderation.categories import CATEGORIES
from moderation.classifier.model import Thresholds
from moderation.evaluation import compare, evaluate
from moderation.evaluation.comparison import BETTER, NOT_SHOWN, NOT_TESTED, WORSE, mcnemar, verdict
from moderation.evaluation.figures import RATES
from tests.evaluation.rows import repeated


@pytest.fixture(scope="module")
def blurred(tiny_model):
    """The small model after most of what it learnt was lost."""
    weights = tiny_model.weights.copy()
    weights[np.random.default_rng(0).random(len(weights)) < 0.97, : len(CATEGORIES)] = 0
    return replace(tiny_model, name="blurred", weights=weights)


@pytest.mark.parametrize(("mine", "others"), [(0, 0), (1, 0), (5, 0), (0, 6), (3, 12), (40, 40), (30, 55)])
def test_mcnemar_is_the_coin_toss_test(mine, others):
    n = mine + others
    chances = [comb(n, k) / 2**n for k in range(n + 1)]
    expected = sum(chance for chance in chances if chance <= chances[mine] * (1 + 1e-9))
    found = mcnemar("spam", mine, others)
    assert found.p_value == pytest.approx(expected)
    assert found.verdict == (NOT_SHOWN if expected >= 0.05 else BETTER if mine > others else WORSE)


def test_verdicts():
    assert [verdict(p, True) for p in (None, 0.05, 0.049)] == [NOT_TESTED, NOT_SHOWN, BETTER]
    assert verdict(0.001, False) == WORSE


def test_a_model_is_no_better_than_itself(tiny_model, tiny_rows):
    found = compare(tiny_model, tiny_model, repeated(tiny_rows, 3), resamples=100)
    assert {d.verdict for d in found.differences} == {NOT_SHOWN}
    assert all((d.difference, d.p_value, d.interval) == (0, 1, (0, 0)) for d in found.differences)
    assert [(f.category, f.only_model, f.only_other) for f in found.flags] == [(c, 0, 0) for c in CATEGORIES]
    assert found.in_words("recall") == f"{NOT_SHOWN} in {', '.join(CATEGORIES)}"


def test_a_lamed_model_is_worse_and_the_other_way_round(tiny_model, blurred, tiny_rows):
    rows = repeated(tiny_rows, 3)
    good, bad = compare(tiny_model, blurred, rows, resamples=200), compare(blurred, tiny_model, rows, resamples=200)
    assert good.model == bad.other == evaluate(tiny_model, rows, resamples=200)
    assert "better in" in good.in_words("average_precision")
    turned = {BETTER: WORSE, WORSE: BETTER, NOT_SHOWN: NOT_SHOWN, NOT_TESTED: NOT_TESTED}
    assert {d.verdict for d in good.differences} >= {BETTER, NOT_SHOWN}
    for d, e in zip(good.differences, bad.differences, strict=True):
        assert (d.category, d.slice, d.figure) == (e.category, e.slice, e.figure)
        assert d.difference == -e.difference
        assert d.p_value == e.p_value
        assert d.verdict == turned[e.verdict]
        assert d.interval == pytest.approx([-end for end in reversed(e.interval)])
        mine = next(f for f in good.model.figures if (f.category, f.slice) == (d.category, d.slice))
        theirs = next(f for f in good.other.figures if (f.category, f.slice) == (d.category, d.slice))
        assert d.difference == mine.rate(d.figure) - theirs.rate(d.figure)
    for f, g in zip(good.flags, bad.flags, strict=True):
        assert (f.only_model, f.only_other, f.p_value) == (g.only_other, g.only_model, g.p_value)


def test_more_false_alarms_are_worse(tiny_model, tiny_rows):
    eager = replace(tiny_model, thresholds=(Thresholds(0.0, 1.0),) * len(CATEGORIES))
    found = compare(eager, tiny_model, repeated(tiny_rows, 3), resamples=100)
    for category in CATEGORIES:
        assert found.overall("false_positive_rate")[category].difference > 0
        assert found.overall("false_positive_rate")[category].verdict == WORSE
        assert found.overall("average_precision")[category].verdict == NOT_SHOWN
    assert all(f.verdict == WORSE for f in found.flags)


@pytest.mark.parametrize(("times", "resamples"), [(1, 50), (3, 0)])
def test_few_rows_and_no_resamples_leave_it_untested(tiny_model, blurred, tiny_rows, times, resamples):
    found = compare(tiny_model, blurred, repeated(tiny_rows, times), resamples=resamples)
    assert {(d.verdict, d.interval, d.p_value) for d in found.differences} == {(NOT_TESTED, None, None)}
    assert len(found.flags) == len(CATEGORIES)


def test_as_json(tiny_model, blurred, tiny_rows):
    labels = tiny_rows.labels.copy()
    labels[:, 1] = np.nan
    labels[:, 2] = 0
    found = compare(tiny_model, blurred, repeated(replace(tiny_rows, labels=labels), 3), resamples=50)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(data) == {"other", "differences", "flags"}
    assert data["other"]["model"].startswith("blurred ")
    assert [f["category"] for f in data["flags"]] == ["abusive", "hoax", "hate", "spam"]
    assert {d["figure"] for d in data["differences"] if d["category"] == "hoax"} <= set(RATES) - {"recall", "roc_auc"}
