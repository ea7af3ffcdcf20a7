"""What belongs together stays together, shares hold, and neither order nor day changes a split."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import DataError, UsageError
from moderation.labels.splitting import TELLING_WORDS, plan_split
from tests.labels.rows import make_rows

LONG = "internet di rumah saya mati sejak kemarin sore tolong dicek ya"


def many(n: int, positives: int, **columns: list[str]):
    """Rows that are not near to each other, the first ones positive."""
    letters = np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz"), (n, 6, 6))
    texts = [" ".join("".join(word) for word in words) for words in letters]
    return make_rows([(text, int(row < positives)) for row, text in enumerate(texts)], **columns)


def test_shares_hold_for_rows_and_positives():
    rows = many(400, 40)
    plan = plan_split(rows, test=0.2, dev=0.1)
    positives = rows.labels[:, 0] == 1
    for split, share in (("train", 0.7), ("dev", 0.1), ("test", 0.2)):
        chosen = plan.splits == split
        assert chosen.sum() == pytest.approx(share * 400, abs=3)
        assert (chosen & positives).sum() == pytest.approx(share * 40, abs=1)
    assert (plan.kept, plan.units) == (0, 400)


def test_a_seed_is_a_choice():
    rows = many(200, 20)
    assert plan_split(rows, seed=1).splits.tolist() == plan_split(rows, seed=1).splits.tolist()
    assert plan_split(rows, seed=1).splits.tolist() != plan_split(rows, seed=2).splits.tolist()


def test_a_split_never_changes():
    splits = plan_split(many(20, 4), test=0.25, dev=0.1).splits
    assert "".join(split[2] for split in splits) == "asaassvaaaavaaasasaa"


row = st.tuples(
    st.sampled_from(
        [
            "satu dua tiga empat lima",
            "satu dua tiga empat lima enam",
            "halo",
            "apa kabar semua orang di sini",
            "",
            "budi pergi ke pasar",
        ]
    ),
    st.integers(0, 1),
    st.sampled_from(["", "ani", "budi", "cici", "didi"]),
    st.sampled_from(["", "", "t1", "t2"]),
    st.sampled_from(["", "", "", "train", "dev", "test"]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(row, min_size=1, max_size=20), st.randoms())
def test_what_belongs_together_stays_together_in_any_order(said, random):
    def planned(said):
        texts, labels, authors, threads, given = map(list, zip(*said, strict=True))
        rows = make_rows(list(zip(texts, labels, strict=True)), author=authors, thread=threads, split=given)
        try:
            return plan_split(rows, test=0.5).splits.tolist()
        except DataError:
            return None

    splits = planned(said)
    shuffled = sorted(said, key=lambda _: random.random())
    assert (planned(shuffled) is None) == (splits is None)
    if splits is None:
        return
    assert sorted(zip(map(repr, said), splits, strict=True)) == sorted(zip(map(repr, shuffled), planned(shuffled), strict=True))
    for one, other in combinations(range(len(said)), 2):
        (text, _, author, thread, given), (text2, _, author2, thread2, given2) = said[one], said[other]
        assert {splits[one], splits[other]} >= {given, given2} - {""}
        telling = len(text.split()) >= TELLING_WORDS or not (author or thread or author2 or thread2)
        together = (author and author == author2) or (thread and thread == thread2) or (text and text == text2 and telling)
        if together and not given and not given2:
            assert splits[one] == splits[other]


def test_near_duplicates_follow_a_split_that_is_given():
    said = [(LONG, 0), (LONG + " kak", 0)] + [(text, 0) for text in many(30, 0).texts.to_pylist()]
    for kept in ("train", "dev", "test"):
        plan = plan_split(make_rows(said, split=[kept] + [""] * 31))
        assert plan.splits[:2].tolist() == [kept, kept]
        assert plan.kept == 1
    plan = plan_split(make_rows([*said, (LONG + " min", 0)], split=["train", "test"] + [""] * 31))
    assert plan.splits[[0, 1, -1]].tolist() == ["train", "test", "test"]  # the third is judged on, not learnt from


def test_greetings_bind_no_writers_together_and_messages_do():
    texts = many(20, 0).texts.to_pylist()
    author = [f"a{row // 2}" for row in range(40)]
    greeting, message = ([(text, 0) for own in texts for text in (same, own)] for same in ("halo min", LONG))
    assert plan_split(make_rows(greeting, author=author)).units == 20
    with pytest.raises(DataError, match="the 40 rows make 1 units"):
        plan_split(make_rows(message, author=author))
    assert plan_split(make_rows(greeting)).units == 21


def test_other_columns_to_keep_together_by():
    rows = many(100, 10, author=["sama"] * 100, region=[str(row // 10) for row in range(100)])
    with pytest.raises(DataError, match="the largest of 100 rows"):
        plan_split(rows)
    plan = plan_split(rows, groups=["region"])
    assert plan.units == 10
    assert all(len(set(plan.splits[first : first + 10])) == 1 for first in range(0, 100, 10))
    assert (plan.splits == "test").sum() == 20
    with pytest.raises(UsageError, match="no column 'wilayah'"):
        plan_split(rows, groups=["wilayah"])


@pytest.mark.parametrize("shares", [{"test": 0}, {"test": 1}, {"test": 0.6, "dev": 0.4}, {"dev": -0.1}, {"test": float("nan")}])
def test_shares_that_leave_nothing(shares):
    with pytest.raises(UsageError, match="--test"):
        plan_split(many(10, 2), **shares)


def test_a_split_of_another_name():
    with pytest.raises(DataError, match=r"a.csv:2 has a split that is not train, dev, test or empty"):
        plan_split(make_rows([("satu", 0), ("dua", 1)], split=["train", "validation"]))


def test_the_plan_in_words():
    rows = many(100, 10)
    lines = list(plan_split(rows).in_words(rows))
    assert lines[0] == "train: 80 rows, abusive 8"
    assert lines[1] == "test: 20 rows, abusive 2"
    assert "0 rows kept their split" in lines[2]
    assert np.unique(plan_split(rows).splits).tolist() == ["test", "train"]
