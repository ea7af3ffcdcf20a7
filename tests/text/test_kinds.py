from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from moderation.text.insults import INSULTS
from moderation.text.kinds import _ENDINGS, _KINDS, KINDS, REACH, load_kinds
from moderation.text.ngrams import count_features, fold
from moderation.text.vocabulary import squeeze, word_key

BITS = 20


def features(text: str) -> int:
    return int(count_features(pa.array([text], pa.large_string()), BITS).counts.sum())


def test_every_word_is_as_the_kernel_folds_it_and_is_found():
    keys, kinds = load_kinds()
    known = dict(zip(keys.tolist(), kinds.tolist(), strict=True))
    for kind, words in enumerate(_KINDS):
        for word in words.split():
            assert fold(word) == squeeze(word)
            assert known[word_key(squeeze(word))] <= kind
    assert (keys > 0).sum() == len({squeeze(word + ending) for words in _KINDS for word in words.split() for ending in _ENDINGS})
    assert kinds.max() == KINDS - 1


def test_no_everyday_word_is_an_insult_once_squeezed():
    everyday = {"on", "mk", "blon", "yang", "ini", "ada", "the", "as", "is", "no", "ya", "kok", "mau", "main", "mati"}
    assert not everyday & {squeeze(word + ending) for word in INSULTS.split() for ending in _ENDINGS}


def test_a_word_of_a_kind_in_reach_gives_every_word_once_more():
    far = " ".join(f"kata{'abcdefghijklmn'[n]}" for n in range(REACH + 1))
    # "lu" and all words but the last stand within reach of it.
    assert features(f"lu {far}") - features(f"zq {far}") == REACH + 1


@given(st.lists(st.sampled_from(["lu", "gue", "cs", "biznet", "babi", "lemot", "router"]), min_size=1, max_size=40))
def test_kinds_only_add(words):
    # The same words with none of a kind among them, and as many features less as there are words near those of a kind.
    text = " ".join(words)
    kind_of = {"lu": 0, "cs": 1, "biznet": 2, "gue": 3, "babi": 4}
    added = 0
    for word in set(words):
        first = words.index(word)
        near = range(max(0, first - REACH), min(len(words), first + REACH + 1))
        added += len({kind_of[words[n]] for n in near if words[n] in kind_of})
    plain = text.replace("lu", "zq").replace("gue", "zqe").replace("cs", "qz").replace("biznet", "bizxet").replace("babi", "baqi")
    assert features(text) - features(plain) == added
