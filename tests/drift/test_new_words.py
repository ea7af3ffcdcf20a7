"""The words the baseline did not know, by how many messages have them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from moderation.drift import new_words
from moderation.drift.new_words import NewWords
from moderation.drift.words import BUCKETS, bucket_of


def known(*words: str) -> np.ndarray:
    found = np.zeros(BUCKETS, np.bool_)
    found[[bucket_of(word) for word in words]] = True
    return found


def test_new_words_in_order():
    words = NewWords(known("internet"))
    words.add(pa.array(["banjir internet banjir", "BANJIR kemang http://a.com 12345", None, "kemang sekali"], pa.large_string()))
    words.add(pa.array(["b4njir", "", "www.a.com 777 @budi"], pa.large_string()))
    assert words.top(9) == [("banjir", 3), ("a", 2), ("kemang", 2)]
    assert words.top(1) == [("banjir", 3)]


def test_memory_does_not_grow_and_the_common_ones_stay(monkeypatch):
    monkeypatch.setattr(new_words, "HELD", 50)
    words = NewWords(known())
    letters = "bcdfghjklmnpqrstvw"
    for one in letters:
        words.add(pa.array([f"banjir {one}a{other}i" for other in letters], pa.large_string()))
        assert len(words._counts) <= 50 + len(letters)
    assert words.top(3) == [("banjir", len(letters) ** 2)]
