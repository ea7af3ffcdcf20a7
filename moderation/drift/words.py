"""How many messages have each hashed word: the compiled counter behind the vocabulary of a profile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.text.characters import load_table
from moderation.text.codes import BLANK, PRIME
from moderation.text.compiled import compiled
from moderation.text.decoding import decode
from moderation.text.hashing import WORD_SEED
from moderation.text.ngrams import as_buffers, workspace
from moderation.text.vocabulary import load_vocabulary, word_key
from moderation.text.words import split_words

BUCKET_BITS = 18
BUCKETS = 1 << BUCKET_BITS
"""Some 40,000 words that are known leave five of six buckets free, so few new words fall on a known one."""


@compiled
def _count_words(data, offsets, present, pages, entries, sequences, vocabulary, counts, stamps, stamp):  # type: ignore[no-untyped-def]  # noqa: ANN001,ANN202
    n = offsets.size - 1
    codes, origins, words, starts, ends, run, scratch = workspace(offsets)[:7]
    lengths = np.zeros(n, np.int32)
    for row in range(n):
        if not present[row]:
            continue
        length, _ = decode(data, offsets[row], offsets[row + 1], pages, entries, sequences, codes, origins, scratch)
        lengths[row], size = split_words(codes, length, words, starts, ends, run, vocabulary)
        key = WORD_SEED
        for place in range(1, size):
            if words[place] != BLANK:
                key = (key ^ np.uint64(words[place])) * PRIME
                continue
            bucket = key >> np.uint64(64 - BUCKET_BITS)
            if stamps[bucket] != stamp + row:
                stamps[bucket] = stamp + row
                counts[bucket] += 1
            key = WORD_SEED
    return lengths


class WordCounter:
    """Counts, for each bucket of hashed folded words, the messages that have such a word.

    Attributes:
        counts: ``(BUCKETS,)`` messages so far.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(BUCKETS, np.int64)
        self._stamps = np.full(BUCKETS, -1, np.int64)
        self._seen = 0

    def add(self, texts: pa.Array) -> npt.NDArray[np.int32]:
        """Count the words of a string array; returns how many words each message has, 0 where there is none."""
        tables = (*as_buffers(texts), *load_table(), load_vocabulary())
        lengths: npt.NDArray[np.int32] = _count_words(*tables, self.counts, self._stamps, np.int64(self._seen))
        self._seen += len(texts)
        return lengths


def bucket_of(word: str) -> int:
    """The bucket of a folded word."""
    return word_key(word) >> 64 - BUCKET_BITS
