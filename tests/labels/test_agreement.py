"""Agreement against textbook figures and plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.labels.agreement import agreement, cohen, krippendorff
from moderation.labels.twins import find_twins
from tests.labels.rows import UNKNOWN, make_rows


def measured(said, **columns):
    rows = make_rows(said, **columns)
    return agreement(rows, find_twins(rows.texts))


def test_without_names_there_is_nothing_to_measure():
    assert measured([("apa", 1), ("apa", 0)]) == ()
    assert measured([("apa", 1), ("apa", 0)], annotator=["ani", ""]) == ()


@pytest.mark.parametrize("column", ["annotator", "reviewer"])
def test_disputed_rows_are_named(column):
    said = [("apa", 1), ("APA", 0), ("lain", 1), ("lain", 1), ("tiga", 0), ("tiga", 0), ("sendiri", 1), ("tiga", UNKNOWN)]
    names = ["ani", "budi", "ani", "budi", "ani", "budi", "ani", "cici"]
    (found,) = measured(said, **{column: names})
    assert (found.category, found.messages) == ("abusive", 3)
    assert found.disputed == ((0, 1),)
    # Two of three agree; by chance 2/3 * 1/3 + 1/3 * 2/3 = 4/9 would.
    assert found.kappa == pytest.approx((2 / 3 - 4 / 9) / (1 - 4 / 9))
    # Six votes, three for each label: two votes differ in 3 of 5 cases by chance, and in 1 of 3 messages they do.
    assert found.alpha == pytest.approx(1 - (1 / 3) / (3 / 5))


def test_the_last_word_of_a_person_counts():
    (found,) = measured([("apa", 1), ("apa", 0), ("apa", 1)], annotator=["ani", "budi", "budi"])
    assert (found.disputed, found.alpha, found.kappa) == ((), None, None)


votes = st.dictionaries(
    st.integers(0, 9), st.dictionaries(st.sampled_from("abc"), st.integers(0, 1), min_size=2, max_size=3), min_size=1
)


@given(votes)
def test_alpha_is_one_less_observed_by_expected_disagreement(votes):
    labels = [label for by in votes.values() for label in by.values()]
    ones, n = sum(labels), len(labels)
    if ones in (0, n):
        assert krippendorff(votes) is None
        return
    observed = sum(sum(a != b for a in by.values() for b in by.values()) / (len(by) - 1) for by in votes.values())
    assert krippendorff(votes) == pytest.approx(1 - observed / n / (2 * ones * (n - ones) / (n * (n - 1))))


@settings(deadline=None)  # the first call imports
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=20))
def test_kappa_of_two_is_cohens(pairs):
    votes = {place: {"ani": a, "budi": b} for place, (a, b) in enumerate(pairs)}
    a, b = np.array(pairs).T
    expected = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    if len({*a, *b}) == 1:
        assert cohen(votes) is None
    else:
        assert cohen(votes) == pytest.approx(((a == b).mean() - expected) / (1 - expected))
