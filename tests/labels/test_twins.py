"""Contradictions and leaks are found where they are, whatever the disguise, and nowhere else."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.labels.twins import Conflict, Leak, conflicts, find_twins, leaks
from tests.labels.rows import UNKNOWN, make_rows

LONG = "internet di rumah saya mati sejak kemarin sore tolong dicek ya"
NEAR = LONG + " kak"


def found(rows):
    twins = find_twins(rows.texts)
    return conflicts(rows, twins), leaks(rows, twins)


def test_equal_texts_are_equal_after_folding():
    rows = make_rows([("CS-nya goblok semua", 1), ("cs-nya g0bl0k   semua", 0), ("cs-nya goblok semua", UNKNOWN), ("halo", 0)])
    (conflict,), none = found(rows)
    assert conflict == Conflict("abusive", 1.0, (0,), (1,))
    assert none == []


def test_near_texts_come_after_equal_ones_with_how_near_they_are():
    rows = make_rows([(NEAR, 0), (LONG, 1), ("apa", 1), ("apa", 0)])
    (equal, near), _ = found(rows)
    assert equal == Conflict("abusive", 1.0, (2,), (3,))
    assert (near.yes, near.no) == ((1,), (0,))
    assert 0.7 <= near.similarity < 1


def test_a_text_at_odds_with_itself_is_told_once():
    rows = make_rows([(LONG, 1), (LONG, 0), (NEAR, 1)])
    assert [conflict.similarity for conflict in found(rows)[0]] == [1.0]


def test_contrast_pairs_are_meant_to_differ():
    rows = make_rows([(LONG, 1), (NEAR, 0)], pair=["p1", "p1"])
    assert found(rows)[0] == []
    assert len(found(make_rows([(LONG, 1), (NEAR, 0)], pair=["p1", "p2"]))[0]) == 1
    assert len(found(make_rows([(LONG, 1), (NEAR, 0)], pair=["", ""]))[0]) == 1


def test_texts_without_a_word_are_nobodys_twin():
    rows = make_rows([("", 1), ("", 0), (" . ", 1, 1)], files=("a.csv", "b.csv"))
    assert found(rows) == ([], [])
    assert len(set(find_twins(rows.texts).groups().tolist())) == 3


def test_leaks_are_between_splits_where_rows_have_one_and_else_between_files():
    said = [("halo kak", 0, 0), ("halo kak", 0, 1), ("HALO kak", 0, 1), ("lain lagi", 0, 0)]
    assert found(make_rows(said, files=("a.csv", "b.csv")))[1] == [Leak(("a.csv", "b.csv"), 1.0, (0,), (1, 2))]
    assert found(make_rows(said, files=("a.csv", "b.csv"), split=["train"] * 4))[1] == []
    split = ["test", "train", "test", ""]
    assert found(make_rows(said, files=("a.csv", "b.csv"), split=split))[1] == [Leak(("test", "train"), 1.0, (0, 2), (1,))]


def test_near_leaks_have_their_sides_in_order():
    rows = make_rows([(LONG, 0, 1), (NEAR, 0, 0)], files=("a.csv", "b.csv"))
    (leak,) = found(rows)[1]
    assert (leak.sides, leak.one, leak.other) == (("a.csv", "b.csv"), (1,), (0,))
    assert leak.similarity < 1


said = st.lists(
    st.tuples(st.sampled_from(["apa", "APA", "lain", "lain lagi", ""]), st.sampled_from([0, 1, UNKNOWN]), st.integers(0, 1)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(said)
def test_equal_texts_agree_with_comparing_every_pair(said):
    rows = make_rows(said, files=("a.csv", "b.csv"))
    contrary, leaked = found(rows)

    def pairs(test):
        same = [(i, j) for i, j in combinations(range(len(said)), 2) if said[i][0] and said[i][0].lower() == said[j][0].lower()]
        return {(i, j) for i, j in same if test(i, j)}

    told = {tuple(sorted((i, j))) for c in contrary if c.similarity == 1 for i in c.yes for j in c.no}
    assert told == pairs(lambda i, j: {said[i][1], said[j][1]} == {0, 1})
    told = {tuple(sorted((i, j))) for leak in leaked if leak.similarity == 1 for i in leak.one for j in leak.other}
    assert told == pairs(lambda i, j: said[i][2] != said[j][2])


def test_groups_join_what_is_near():
    twins = find_twins(make_rows([(LONG, 0), ("lain", 0), (NEAR, 0), (LONG.upper(), 0)]).texts)
    groups = twins.groups()
    assert groups[0] == groups[2] == groups[3] != groups[1]
    assert np.array_equal(twins.text, [0, 1, 2, 0])
