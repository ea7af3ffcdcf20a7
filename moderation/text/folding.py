"""The folded words of many messages at once, which is what tells that two are the same to the classifier."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa

from moderation.text.characters import load_table
from moderation.text.compiled import compiled
from moderation.text.decoding import decode
from moderation.text.ngrams import as_buffers, workspace
from moderation.text.vocabulary import load_vocabulary
from moderation.text.words import split_words


@compiled
def _fold_all(data, offsets, present, pages, entries, sequences, vocabulary):  # type: ignore[no-untyped-def]  # noqa: ANN001,ANN202
    n = offsets.size - 1
    codes, origins, words, starts, ends, run, scratch = workspace(offsets)[:7]
    folded = np.empty(2 * data.size + words.size, np.uint32)
    places = np.zeros(n + 1, np.int64)
    filled = np.int64(0)
    for row in range(n):
        if present[row]:
            length, _ = decode(data, offsets[row], offsets[row + 1], pages, entries, sequences, codes, origins, scratch)
            _, size = split_words(codes, length, words, starts, ends, run, vocabulary)
            if filled + size > folded.size:
                larger = np.empty(2 * folded.size + size, np.uint32)
                larger[:filled] = folded[:filled]
                folded = larger
            folded[filled : filled + size - 1] = words[1:size]
            filled += size - 1
        places[row + 1] = filled
    return folded[:filled].copy(), places


def fold_all(texts: pa.Array) -> list[str]:
    """`moderation.text.ngrams.fold` of each text of a string array; empty for a null."""
    folded, places = _fold_all(*as_buffers(texts), *load_table(), load_vocabulary())
    whole = folded.tobytes().decode("utf-32-le")
    bounds = places.tolist()
    return [whole[first:last].rstrip(" ") for first, last in pairwise(bounds)]
