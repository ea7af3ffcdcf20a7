"""Flipped labels are found by a classifier that never saw their rows; small files are left alone, with a word why."""

from __future__ import annotations

import numpy as np

from moderation.categories import CATEGORIES
from moderation.labels.suspects import DOUBT, LEAST_GROUPS, doubted, suspects
from moderation.labels.twins import find_twins
from tests.labels.rows import UNKNOWN, make_rows

BAD = ["goblok", "tolol", "bego", "dungu", "idiot", "bangsat"]
GOOD = ["internet", "modem", "kabel", "tagihan", "teknisi", "paket"]


def many(n: int, flipped: set[int], category: str = "abusive"):
    random = np.random.default_rng(0)
    said = []
    for row in range(n):
        words = random.choice(BAD if row % 2 else GOOD, 3, replace=False)
        label = row % 2
        said.append((f"{' '.join(words)} {' '.join(random.choice(GOOD, 4))}", 1 - label if row in flipped else label))
    return make_rows(said, category)


def test_flipped_labels_are_found():
    flipped = {10, 55, 91, 140}
    rows = many(400, flipped)
    found = suspects(rows, np.arange(len(rows)))
    assert len(found.found) >= 3
    assert {s.row for s in found.found} <= flipped
    for s in found.found:
        assert (s.category, s.label) == ("abusive", int(rows.labels[s.row, 0]))
        assert abs(s.label - s.probability) >= 1 - DOUBT
    doubts = [abs(s.label - s.probability) for s in found.found]
    assert doubts == sorted(doubts, reverse=True)
    assert found.skipped == {}


def test_a_twin_with_the_same_wrong_label_does_not_vouch_for_it():
    rows = many(400, set())
    twin = make_rows(
        [(text, label) for text, label in zip(rows.texts.to_pylist(), rows.labels[:, 0], strict=True)]
        + [("goblok tolol bego paket modem kabel", 0)] * 4
    )
    found = suspects(twin, find_twins(twin.texts).groups())
    assert {400, 401, 402, 403} <= {s.row for s in found.found}


def test_the_same_rows_give_the_same_findings():
    rows = many(200, {3, 8})
    assert suspects(rows, np.arange(200), seed=4) == suspects(rows, np.arange(200), seed=4)


def test_little_is_not_judged():
    said = [(f"satu {n}", 1) for n in range(LEAST_GROUPS - 1)] + [(f"dua {n}", 0) for n in range(50)]
    rows = make_rows([*said, ("kosong", UNKNOWN)], "spam")
    found = suspects(rows, np.arange(len(rows)))
    assert found.found == ()
    assert list(found.skipped) == ["spam"]  # of the others nothing is known, so nothing is said
    assert f"{LEAST_GROUPS - 1} different texts labelled 1 and 50 labelled 0" in found.skipped["spam"]


def test_it_is_different_texts_that_count():
    rows = make_rows([("sama", 1)] * 50 + [(f"dua {n}", 0) for n in range(50)])
    found = suspects(rows, np.append(np.zeros(50, int), np.arange(50, 100)))
    assert "1 different texts labelled 1" in found.skipped["abusive"]


def test_rows_without_labels_are_left_out():
    rows = many(200, {7})
    labels = rows.labels.copy()
    labels[20:40] = np.nan
    partial = make_rows(list(zip(rows.texts.to_pylist(), labels[:, CATEGORIES.index("abusive")], strict=True)))
    assert not {s.row for s in suspects(partial, np.arange(200)).found} & set(range(20, 40))


def test_doubt_needs_more_than_the_classifier_gives_on_average():
    labels = np.array([1.0, 1, 1, 0, 0, 0])
    sure = np.array([0.99, 0.99, 0.01, 0.01, 0.01, 0.02])
    assert doubted(sure, labels).tolist() == [2]
    # The classifier calls no row clean with more than 0.97 on average, so 0.96 for clean is no reason to doubt.
    assert doubted(np.array([0.99, 0.99, 0.04, 0.01, 0.01, 0.01]), labels).tolist() == []
    assert doubted(np.array([0.99, 0.99, np.nan, 0.01, 0.01, 0.02]), np.array([1, 1, np.nan, 0, 0, 0])).tolist() == []
