"""Drift is told from chance: never on halves of the same messages, always where something did change."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.drift import Drift, Verdict, compare
from moderation.drift.comparing import BINS, LEAST_ROWS, _chi_squared, merged, stability_index
from moderation.errors import DataError
from tests.drift.messages import WORDS, messages, tally

BEFORE = messages(3000, 0)


def against(now, before=BEFORE) -> Drift:
    return compare(tally(*before).profile(), tally(*now))


def verdicts(drift: Drift) -> dict[str, str]:
    return {shift.name: shift.verdict.name for shift in drift.shifts if shift.verdict}


def test_the_index_is_the_textbooks():
    before, now = np.array([300, 500, 200]), np.array([100, 500, 400])
    plain = sum((n / 1000 - b / 1000) * math.log(n / b) for b, n in zip(before, now, strict=True))
    assert stability_index(before, now) == pytest.approx(plain, rel=0.01)
    assert stability_index(before, before * 2) == pytest.approx(0, abs=1e-5)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40).filter(lambda c: any(b for b, _ in c))
)
def test_merged_bins_keep_all_and_are_about_equally_full(counts):
    before, now = np.array(counts).T
    old, new = merged(before, now)
    assert (old.sum(), new.sum()) == (before.sum(), now.sum())
    assert 1 <= len(old) == len(new) <= BINS
    assert (old > 0).all()
    assert old.max() <= before.sum() / BINS + 2 * before.max()


@pytest.mark.parametrize("freedom", [1, 9, 255])
def test_what_chance_hardly_ever_reaches(freedom):
    drawn = np.random.default_rng(0).chisquare(freedom, 400_000)
    assert 0.0001 < (drawn > _chi_squared(freedom)).mean() < 0.0015


def test_random_halves_are_stable():
    texts, p = messages(4000, 5)
    random = np.random.default_rng(0)
    found = []
    for n in (LEAST_ROWS, 400, 2000):
        for _ in range(20):
            order = random.permutation(len(p))
            before, now = order[2000:], order[:n]
            found.append(against((texts.take(pa.array(now)), p[now]), (texts.take(pa.array(before)), p[before])).verdict)
    assert Verdict.drift not in found
    assert found.count(Verdict.watch) <= 2  # of 14 chances in a thousand, sixty times


def test_scores_that_moved():
    drift = against(messages(1000, 1, odds=0.9))
    assert drift.verdict is Verdict.drift
    assert {"scores abusive", "scores spam", "flagged abusive"} <= set(verdicts(drift))
    assert set(verdicts(drift)).isdisjoint({"words", "new words", "length", "empty"})


def test_words_that_are_new():
    some = verdicts(against(messages(1000, 1, [*WORDS, *(f"baru{a}{b}" for a in "bdklm" for b in "bdklm")])))
    assert some["new words"] == "watch" or some["new words"] == "drift"
    assert "scores spam" not in some
    other = verdicts(against(messages(1000, 1, WORDS[: len(WORDS) // 2])))
    assert (other["words"], "new words" in other) == ("drift", False)


def test_lengths_and_emptiness_that_changed():
    texts, p = messages(1000, 1)
    twice = pa.array([f"{text} {text}" for text in texts.to_pylist()], pa.large_string())
    assert verdicts(against((twice, p))) == {"length": "drift"}
    emptied = pa.array([None if place % 4 == 0 else text for place, text in enumerate(texts.to_pylist())], pa.large_string())
    assert verdicts(against((emptied, p))) == {"empty": "drift"}


def test_a_rare_flag_that_doubles_is_seen_where_an_index_is_blind():
    def flagged(n, share):
        texts, p = messages(n, n)
        p = np.minimum(p, 0.4)
        p[: round(share * n), 4] = 0.95
        return texts, p

    shift = next(s for s in against(flagged(5000, 0.03), flagged(5000, 0.01)).shifts if s.name == "flagged spam")
    assert (shift.before, shift.now, shift.verdict) == (0.01, 0.03, Verdict.drift)
    assert shift.index == pytest.approx(3.06, abs=0.05)
    less = next(s for s in against(flagged(5000, 0.01), flagged(5000, 0.03)).shifts if s.name == "flagged spam")
    assert less.index == pytest.approx(shift.index)
    few = against(flagged(200, 0.02), flagged(200, 0.01))
    assert few.verdict is Verdict.stable  # four against two may be chance


def test_too_few_messages_tell_nothing():
    few = messages(LEAST_ROWS - 1, 1)
    with pytest.raises(DataError, match="there are 99 messages"):
        against(few)
    with pytest.raises(DataError, match="the baseline has 99 messages"):
        against(BEFORE, few)


def test_as_json():
    said = json.loads(json.dumps(against(messages(500, 1)).to_dict(), allow_nan=False))
    assert (said["verdict"], said["rows"], said["baseline_rows"]) == ("stable", 500, 3000)
    assert len(said["shifts"]) == 14
    assert {shift["verdict"] for shift in said["shifts"]} == {"stable"}
