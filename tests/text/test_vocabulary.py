"""The vocabulary behind masked and spelt-out words."""

from __future__ import annotations

import numpy as np
import pytest

from moderation.text.ngrams import fold
from moderation.text.vocabulary import SLOT_BITS, build_vocabulary, load_vocabulary, squeeze, word_key
from tests.text import reference

MESSAGES = [("tolong tunggu sebentar ya", False), ("dasar tungau @tungan b*bi tung4u https://tungku.id/tungla", True)]


def _find(vocabulary, word):
    slot = word_key(word) >> 64 - SLOT_BITS
    while vocabulary.keys[slot]:
        if int(vocabulary.keys[slot]) == word_key(word):
            return slot
        slot = (slot + 1) % len(vocabulary.keys)
    return None


def test_words_of_messages_and_insults_are_found():
    built = build_vocabulary(iter(MESSAGES))
    for word in ("tolong", "tungu", "sebentar", "ya", "dasar", "tungau", "bangsat", "fuck"):
        assert _find(built, word) is not None, word
    for word in ("tunggu", "tungan", "bbi", "tungku", "tungla", "user", "t"):
        assert _find(built, word) is None, word


def test_ruder_words_explain_masks_and_commoner_ones_cost_less():
    built = build_vocabulary(iter([("anu itu", True), ("ana itu", False)]))
    assert built.ranks[_find(built, "anu")] < built.ranks[_find(built, "ana")]
    assert built.costs[_find(built, "itu")] < built.costs[_find(built, "anu")]


def test_building_again_gives_the_same():
    first, second = (build_vocabulary(iter(MESSAGES)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_too_many_words_are_refused():
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = " ".join(a + b + c + d for a in letters for b in letters for c in letters for d in "abcde")
    with pytest.raises(ValueError, match="too many"):
        build_vocabulary(iter([(words, False)]))


def test_keys_are_those_of_the_kernel_and_shipped_words_can_be_found():
    assert word_key("goblok") == reference._hash("goblok", reference.WORD_SEED)
    shipped = load_vocabulary()
    assert all(_find(shipped, squeeze(word)) is not None for word in ("anjing", "tunggu", "bangsat", "bajingan"))
    ranks = np.sort(shipped.ranks[shipped.keys > 0])
    assert np.array_equal(ranks, np.arange(1, len(ranks) + 1))
    assert shipped.letters.max() <= 26


def test_a_doubled_letter_is_read_only_where_no_other_word_fits():
    shipped = load_vocabulary()
    assert shipped.ranks[_find(shipped, "lu")] < shipped.ranks[_find(shipped, "lalu")]
    assert fold("l*lu") != "lu"
    assert fold("as*hole") == "ashole"
