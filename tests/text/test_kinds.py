from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from moderation.text.insults import INSULTS
from moderation.text.kinds import KIND_WORDS, REACH
from moderation.text.ngrams import count_features, fold
from moderation.text.vocabulary import squeeze
from tests.text import reference

BITS = 20
ENDINGS = ("", "nya", "ku", "mu", "lu", "lo")


def features(text: str) -> int:
    return int(count_features(pa.array([text], pa.large_string()), BITS).counts.sum())


def test_every_word_is_as_the_kernel_folds_it_and_is_found():
    for kind, words in enumerate(KIND_WORDS):
        for word in words.split():
            assert fold(word) == squeeze(word)
            found, _ = reference._senses_of(squeeze(word))
            assert found is not None
            assert found <= kind


def test_no_everyday_word_is_an_insult_once_squeezed():
    everyday = {"on", "mk", "blon", "yang", "ini", "ada", "the", "as", "is", "no", "ya", "kok", "mau", "main", "mati"}
    assert not everyday & {squeeze(word + ending) for word in INSULTS.split() for ending in ENDINGS}


def test_a_word_of_a_kind_in_reach_gives_every_word_once_more():
    far = " ".join(f"kata{'abcdefghijklmn'[n]}" for n in range(REACH + 1))
    # "first" has a kind and no concept; it and all words but the last stand within reach of it.
    assert features(f"first {far}") - features(f"farst {far}") == REACH + 1


@given(st.lists(st.sampled_from(["lau", "csmu", "first", "fucker", "xmuk", "xrut"]), min_size=1, max_size=40))
def test_kinds_only_add(words):
    # The same words with none of a kind among them, and as many features less as there are words near those of a kind.
    text = " ".join(words)
    kind_of = {"lau": 0, "csmu": 1, "first": 2, "fucker": 4}
    added = 0
    for word in set(words):
        place = words.index(word)
        near = range(max(0, place - REACH), min(len(words), place + REACH + 1))
        added += len({kind_of[words[n]] for n in near if words[n] in kind_of})
    plain = text.replace("lau", "zau").replace("csmu", "qsmu").replace("first", "farst").replace("fucker", "fuqker")
    assert features(text) - features(plain) == added
