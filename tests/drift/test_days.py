"""Days are counted right, and limits hold what three standard deviations promise."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.drift.days import DayTally, limits


def flags(*spam: int) -> np.ndarray:
    found = np.zeros((len(spam), len(CATEGORIES)), bool)
    found[:, -1] = spam
    return found


def test_days_are_those_of_this_computer_in_order():
    tally = DayTally()
    tally.add(["2025-11-02T10:00", "2025-11-01 23:59:59", None, "soon", datetime(2025, 11, 2, 0, 0)], flags(1, 0, 1, 1, 0))
    tally.add([datetime(2025, 11, 2, 12, tzinfo=timezone(timedelta(0))).astimezone(), ""], flags(1, 0))
    days = tally.days()
    assert (days.days, days.rows.tolist(), days.undated) == (("2025-11-01", "2025-11-02"), [1, 3], 3)
    assert days.flagged[:, -1].tolist() == [0, 2]
    assert days.shares[:, -1].tolist() == [0, 2 / 3]
    said = json.loads(json.dumps(days.to_dict(), allow_nan=False))
    assert said["days"][1]["categories"]["spam"] | {"low": 0, "high": 1} == {"flagged": 2, "low": 0, "high": 1, "outside": False}


def test_without_a_time_there_are_no_days():
    tally = DayTally()
    tally.add(["", None], flags(1, 1))
    assert tally.days() is None


@pytest.mark.parametrize("rate", [0.002, 0.02, 0.3])
def test_chance_seldom_passes_the_limits(rate):
    random = np.random.default_rng(0)
    outside = 0
    for _ in range(200):
        rows = random.integers(50, 400, 30)
        flagged = random.binomial(rows, rate)[:, None]
        low, high = limits(rows, flagged)
        outside += int(((flagged / rows[:, None] < low) | (flagged / rows[:, None] > high)).sum())
    assert outside / 6000 < 0.006


def test_a_day_that_stands_out_is_outside():
    rows = np.full(30, 400)
    flagged = np.random.default_rng(1).binomial(rows, 0.02)[:, None]
    flagged[20] = 40
    low, high = limits(rows, flagged)
    assert np.flatnonzero(flagged[:, 0] / 400 > high[:, 0]).tolist() == [20]
    assert not (flagged / 400 < low).any()


def test_days_that_always_differ_widen_the_limits():
    rows = np.full(40, 100_000)
    flagged = np.random.default_rng(1).binomial(rows, np.random.default_rng(2).normal(0.05, 0.005, 40))[:, None]
    low, high = limits(rows, flagged)
    share = flagged / 100_000
    assert not ((share < low) | (share > high)).any()
    assert (np.abs(share - 0.05) > 3 * np.sqrt(0.05 * 0.95 / 100_000)).sum() > 10  # by chance alone none would be


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(0, 1)), min_size=1, max_size=20))
def test_limits_are_shares_around_the_mean(days):
    rows = np.array([n for n, _ in days])
    flagged = np.array([[round(n * share)] for n, share in days])
    low, high = limits(rows, flagged)
    mean = flagged.sum() / rows.sum()
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low <= mean + 1e-9).all()
    assert (high >= mean - 1e-9).all()
