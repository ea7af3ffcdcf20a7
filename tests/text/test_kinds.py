from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from moderation.text.ngrams import count_features, fold
from moderation.text.people import _ENDINGS, _KINDS, KINDS, REACH, load_people
from moderation.text.vocabulary import squeeze, word_key

BITS = 20


def features(text: str) -> int:
    return int(count_features(pa.array([text], pa.large_string()), BITS).counts.sum())


def test_every_word_is_as_the_kernel_folds_it_and_is_found():
    keys, kinds = load_people()
    known = dict(zip(keys.tolist(), kinds.tolist(), strict=True))
    for kind, words in enumerate(_KINDS):
        for word in words.split():
            assert fold(word) == squeeze(word)
            assert known[word_key(squeeze(word))] <= kind
    assert (keys > 0).sum() == len({squeeze(word + ending) for words in _KINDS for word in words.split() for ending in _ENDINGS})
    assert kinds.max() == KINDS - 1


def test_a_person_in_reach_gives_every_word_once_more():
    far = " ".join(f"kata{'abcdefghijklmn'[n]}" for n in range(REACH + 1))
    # "lu" and all words but the last stand within reach of it.
    assert features(f"lu {far}") - features(f"zq {far}") == REACH + 1


@given(st.lists(st.sampled_from(["lu", "gue", "cs", "biznet", "lemot", "router"]), min_size=1, max_size=40))
def test_people_only_add(words):
    # The same words with no person among them, and as many features less as there are words near people.
    text = " ".join(words)
    named = [word in ("lu", "gue", "cs", "biznet") for word in words]
    kind_of = {"lu": 0, "cs": 1, "biznet": 2, "gue": 3}
    added = 0
    for word in set(words):
        first = words.index(word)
        near = range(max(0, first - REACH), min(len(words), first + REACH + 1))
        added += len({kind_of[words[n]] for n in near if named[n]})
    plain = text.replace("lu", "zq").replace("gue", "zqe").replace("cs", "qz").replace("biznet", "bizxet")
    assert features(text) - features(plain) == added
