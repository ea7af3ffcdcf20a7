"""The words of new messages that the baseline did not know, spelt out; only for who asks to see them."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.drift.words import bucket_of
from moderation.text.folding import fold_all

HELD = 100_000
"""Of so many words the rarer half is forgotten: memory does not grow, and a word that comes to matter is counted from then on."""


class NewWords:
    """Counts messages that have a word which is not known."""

    def __init__(self, known: npt.NDArray[np.bool_]) -> None:
        self._known = known
        self._counts: Counter[str] = Counter()

    def add(self, texts: pa.Array) -> None:
        """Count the words of a string array, folded, each once a message."""
        words: Counter[str] = Counter()
        for folded in fold_all(texts):
            words.update(set(folded.split()))
        for word, count in words.items():
            if word in self._counts or not (self._known[bucket_of(word)] or _is_mark(word)):
                self._counts[word] += count
        if len(self._counts) > HELD:
            self._counts = Counter(dict(self._counts.most_common(HELD // 2)))

    def top(self, n: int) -> list[tuple[str, int]]:
        """The ``n`` words that most messages have, more than one, and how many; among equals in alphabetical order."""
        found = [(word, count) for word, count in self._counts.items() if count > 1]
        return sorted(found, key=lambda entry: (-entry[1], entry[0]))[:n]


def _is_mark(word: str) -> bool:
    """Whether it stands for a link, a handle or a number."""
    return any(unicodedata.category(letter) == "Co" for letter in word)
