"""The words that a masked or a spelt-out word may stand for: the table behind two rules of the compiled kernel.

Counted in labelled messages, whose labels tell rude words from others: people mask insults, so of two words that
fit a mask the ruder one is meant. Words are squeezed (``tunggu`` is ``tungu``) like those of the kernel.

The finished table is shipped as ``vocabulary.npz``, counted in the corpus of the shipped model. To rebuild it,
``python -m moderation.corpus vocabulary build/corpus-default.parquet``; that changes features, so every model has to be
trained again.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.text.insults import INSULTS

SLOT_BITS = 17
"""The hash table has this power of two of slots, at most half of which are taken."""

COST_UNIT = 16
"""Costs are sixteenths of a natural logarithm."""

VOCABULARY_FILE = Path(__file__).with_name("vocabulary.npz")

_MASK64 = (1 << 64) - 1
_PRIME, _SEED = 0x9E3779B97F4A7C15, 0xA0761D6478BD642F
# Words stand alone: no part of a handle, of a mixture with digits or of a masked word.
_WORD = re.compile(r"(?<![^\W_]|[@*'])[a-z]{2,20}(?![^\W_]|[@*'])")
_LINK = re.compile(r"https?://\S+")
_REPEAT = re.compile(r"(.)\1+")
_ELONGATED = re.compile(r"(.)\1\1")
_MASKED = f"{INSULTS} bunuh bakar hajar penggal bantai tembak gorok kill gila edan cina kafir damn crap".split()
_MASKED_COUNT = 20
"""Each of these, which people mask, counts as if so many more rude messages had it."""


class Vocabulary(NamedTuple):
    """An open hash table of words, and letters for words that are not in it.

    A word's key is its hash, its slot the key's top `SLOT_BITS` or the next free one after it; a key of 0 marks a free slot.
    ``ranks`` order the words by how well they explain a mask, 1 being the best. ``costs`` are negative logarithms of how common
    a word is, in units of 1 / `COST_UNIT`. ``letters[before2, before, after, after2]`` is the letter (1 for ``a``) that most
    often stands between these, 0 for none; in the indices 0 is the edge of the word.
    """

    keys: npt.NDArray[np.uint64]
    ranks: npt.NDArray[np.uint16]
    costs: npt.NDArray[np.uint8]
    letters: npt.NDArray[np.uint8]


def squeeze(word: str) -> str:
    """One letter for each run of the same."""
    return _REPEAT.sub(r"\1", word)


def word_key(word: str) -> int:
    """The hash that the kernel knows a word by."""
    key = _SEED
    for letter in word:
        key = (key ^ ord(letter)) * _PRIME & _MASK64
    return key


def build_vocabulary(messages: Iterator[tuple[str, bool]]) -> Vocabulary:
    """Count the words of messages, each with whether it is rude.

    Raises:
        ValueError: there are too many words for the table.
    """
    spellings: set[str] = set()
    count = Counter({squeeze(word): _MASKED_COUNT for word in _MASKED})
    rude_count = count.copy()
    for text, rude in messages:
        found = set(_WORD.findall(_LINK.sub("", text.lower())))
        spellings |= found
        words = {squeeze(word) for word in found}
        count.update(words)
        if rude:
            rude_count.update(words)
    words = {word for word in count if len(word) > 1}
    if len(words) >= 1 << SLOT_BITS - 1:
        message = f"{len(words)} words are too many for the table"
        raise ValueError(message)
    total = sum(count.values())
    # The powers are those that fill most masks right on the dev parts of hs1-folds.
    likely = {word: (rude_count[word] + 1) / (count[word] + 1) * count[word] ** 0.8 for word in words}
    slots = 1 << SLOT_BITS
    keys, ranks, costs = np.zeros(slots, np.uint64), np.zeros(slots, np.uint16), np.zeros(slots, np.uint8)
    for rank, word in enumerate(sorted(words, key=lambda word: (-likely[word], word)), 1):
        key = word_key(word)
        slot = key >> 64 - SLOT_BITS
        while keys[slot]:
            slot = (slot + 1) % slots
        keys[slot], ranks[slot] = key, rank
        costs[slot] = min(255, round(-COST_UNIT * math.log(count[word] / total)))
    return Vocabulary(keys, ranks, costs, _likely_letters(spellings | set(_MASKED)))


def _likely_letters(words: set[str]) -> npt.NDArray[np.uint8]:
    """The `Vocabulary.letters` of these words: seen between two letters to each side, else between fewer."""
    seen = np.zeros((27,) * 5, np.uint16)
    for word in sorted(words):
        if len(word) < 4 or _ELONGATED.search(word):
            continue
        codes = [0, *(ord(letter) - 96 for letter in word), 0]
        for place in range(2, len(codes) - 2):
            before2, before, letter, after, after2 = codes[place - 2 : place + 3]
            seen[before2, before, after, after2, letter] += 1
    letters = np.zeros((27,) * 4, np.uint8)
    for unknown in ((0, 3), (3,), (0,), ()):
        counts = seen.sum(axis=unknown, keepdims=True, dtype=np.int64)
        best = np.broadcast_to(counts.argmax(axis=-1), letters.shape)
        letters = np.where(best > 0, best, letters).astype(np.uint8)
    return letters


@cache
def load_vocabulary() -> Vocabulary:
    """The shipped table."""
    with np.load(VOCABULARY_FILE, allow_pickle=False) as archive:
        return Vocabulary(archive["keys"], archive["ranks"], archive["costs"], archive["letters"])
