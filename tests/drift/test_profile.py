"""What is remembered of messages, against plain counting; nothing of it is text."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.drift.profile import (
    LENGTH_BINS,
    SCORE_BINS,
    WORD_BINS,
    Profile,
    Tally,
    expected_new,
    score_bins,
    score_edges,
)
from moderation.drift.words import BUCKETS, WordCounter, bucket_of
from moderation.errors import DataError
from moderation.text.ngrams import count_features, fold
from tests.drift.messages import REVIEW, messages, tally

texts = st.lists(
    st.one_of(st.none(), st.text(max_size=40), st.sampled_from(["apa apa kabar", "G0BL0K lu", "http://a.com 123", ""]))
)


@settings(deadline=None)  # the first call compiles
@given(texts, texts)
def test_words_are_counted_once_a_message(some, more):
    counter = WordCounter()
    lengths = [counter.add(pa.array(part, pa.large_string())).tolist() for part in (some, more)]
    folded = [fold(text).split(" ") if text and fold(text) else [] for text in (*some, *more)]
    assert [*lengths[0], *lengths[1]] == list(map(len, folded))
    plain = np.zeros(BUCKETS, int)
    for words in folded:
        for bucket in {bucket_of(word) for word in words}:
            plain[bucket] += 1
    assert np.array_equal(counter.counts, plain)


@given(st.floats(0, 1))
def test_a_probability_lies_between_its_edges(p):
    (place,) = score_bins(np.array([p]))
    edges = [0.0, *score_edges(), 1.0]
    assert edges[place] * (1 - 1e-9) <= p <= edges[place + 1] * (1 + 1e-9) or p > edges[-2]
    assert len(edges) == SCORE_BINS + 1


def test_batches_make_no_difference_and_counts_are_those_of_plain_python():
    array, p = messages(300, 1)
    array = pa.concat_arrays([array, pa.array(["", None, " . ", "a" * 30_000], pa.large_string())])
    p = np.concatenate([p, np.full((4, 5), 0.95)])
    whole, parts = tally(array, p), Tally(REVIEW)
    flags = np.concatenate([parts.add(array[first : first + 17], p[first : first + 17]) for first in range(0, len(p), 17)])
    assert whole.profile().to_dict() == parts.profile().to_dict()
    assert (whole.rows, whole.empty) == (304, 3)
    worded = np.array([bool(text and fold(text)) for text in array.to_pylist()])
    assert np.array_equal(flags, (p >= REVIEW) & worded[:, None])
    assert whole.flagged.tolist() == flags.sum(axis=0).tolist()
    assert (whole.scores.sum(axis=1) == 301).all()
    lengths = Counter(min(int(4 * math.log2(len(text))), LENGTH_BINS - 1) for text in array.to_pylist()[:300])
    lengths[int(4 * math.log2(30_000))] += 1
    assert whole.lengths.tolist() == [lengths[place] for place in range(LENGTH_BINS)]


def test_a_profile_travels_through_json():
    array, p = messages(500, 2)
    profile = tally(array, p).profile()
    said = json.loads(json.dumps(profile.to_dict()))
    back = Profile.from_dict(said)
    assert back.to_dict() == profile.to_dict() == said
    assert np.array_equal(back.known, profile.known)
    assert back.scores.shape == (len(CATEGORIES), SCORE_BINS)
    assert back.words.shape == (WORD_BINS,)
    assert len(json.dumps(said)) < 100_000


def test_rescored_is_as_if_it_had_been_scored_so():
    array, p = messages(200, 4)
    better = p.copy()
    better[:, 3] = p[::-1, 1]
    counted = tally(array, p)
    counted.rescore(3, better[:, 3], REVIEW[3])
    assert counted.profile().to_dict() == tally(array, better).profile().to_dict()


@settings(deadline=None)
@given(texts)
def test_what_has_a_word_has_something_to_score(some):
    array = pa.array(some, pa.large_string())
    assert np.array_equal(WordCounter().add(array) > 0, np.diff(count_features(array, 12).indptr) > 0)


def test_a_profile_holds_no_word_that_one_message_has():
    array = pa.array(["rahasia sekali", "umum", "umum"], pa.large_string())
    known = tally(array, np.full((3, 5), 0.1)).profile().known
    assert known[bucket_of("umum")]
    assert not known[bucket_of("rahasia")]


DAMAGE = [
    {"rows": "many"},
    {"rows": None},
    {"scores": {}},
    {"flagged": "1 2 3"},
    {"lengths": "-1" + " 0" * (LENGTH_BINS - 1)},
    {"words": 3},
    {"known": "####"},
    {"known": ""},
    {"known": "eJwDAAAAAAE="},
    {"new_words": "few"},
]


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_a_damaged_profile_is_refused(damage):
    said = tally(*messages(20, 3)).profile().to_dict()
    with pytest.raises(DataError, match="damaged"):
        Profile.from_dict(said | damage)
    with pytest.raises(DataError, match="damaged"):
        Profile.from_dict({name: value for name, value in said.items() if name not in damage})


def test_other_things_than_profiles_are_refused():
    for said in (None, [], "x", {}, 3):
        with pytest.raises(DataError, match="damaged"):
            Profile.from_dict(said)
    with pytest.raises(DataError, match="newer"):
        Profile.from_dict({"format": 2})


def test_the_share_of_new_words_is_foretold():
    random = np.random.default_rng(0)
    words = np.array([f"k{number}" for number in range(3000)])
    chances = 1 / np.arange(1, 3001)

    def some(n):
        return random.choice(3000, (n, 6), p=chances / chances.sum())

    counts = np.zeros(3000, np.int64)
    for row in some(2000):
        counts[np.unique(row)] += 1
    later = [np.unique(row) for row in some(2000)]
    seen = np.mean(counts[np.concatenate(later)] < 2)
    assert expected_new(counts) == pytest.approx(seen, rel=0.1)
    assert expected_new(np.zeros(4, np.int64)) == 0
    assert len(words) == 3000
