"""Words spelt out letter by letter: found, joined, and cut where they are several."""

from __future__ import annotations

import numpy as np

from moderation.text.characters import CLASS_SHIFT, CODE_MASK, DIGIT, LETTER
from moderation.text.codes import LEET, PRIME, is_word
from moderation.text.compiled import compiled
from moderation.text.hashing import WORD_SEED
from moderation.text.masks import find_slot
from moderation.text.runs import is_disguise, put_run
from moderation.text.vocabulary import COST_UNIT

LONGEST_SPELT = 64
"""How far a spelt-out word is looked for. Without a bound, a message made for it would take quadratic time."""

SHORTEST_SPLIT = 7
"""From so many letters on a spelt-out word may be several."""

UNKNOWN, UNKNOWN_LETTER = 10 * COST_UNIT, 2 * COST_UNIT
"""What a word outside the vocabulary and each of its letters cost, beside the costs of `moderation.text.vocabulary`."""

_SEPARATOR = np.zeros(128, np.bool_)
for _symbol in " .-_,/|~+":
    _SEPARATOR[ord(_symbol)] = True


@compiled
def spelt_out(codes, i, count, least):  # type: ignore[no-untyped-def]
    """End of a word spelt out from ``i`` (index after its last letter), or 0 when there is none."""
    if i + 2 >= count:
        return 0
    separator = codes[i + 1] & CODE_MASK
    if separator >= 128 or not _SEPARATOR[separator] or is_word(codes[i + 1]):
        return 0
    letters, total, j = 0, 0, i
    while True:
        if codes[j] >> CLASS_SHIFT == LETTER:
            letters += 1
        total += 1
        if total < LONGEST_SPELT and j + 2 < count and codes[j + 1] & CODE_MASK == separator and is_word(codes[j + 2]):
            if j + 3 < count and is_word(codes[j + 3]):
                break
            j += 2
        else:
            break
    if total >= least and letters >= 1 and letters * 2 >= total:
        return j + 1
    return 0


@compiled
def put_spelt_out(run, length, words, starts, ends, n_words, size, begin, vocabulary):  # type: ignore[no-untyped-def]
    """Append the words that ``run[:length]``, spelt out from ``begin`` in every other code, stands for (rule 3)."""
    if length < SHORTEST_SPLIT:
        return put_run(run, length, words, starts, ends, n_words, size, begin, begin + 2 * length - 1)
    digits = 0
    for k in range(length):
        digits += run[k] >> CLASS_SHIFT == DIGIT
    if digits:
        if not is_disguise(run, length):
            return put_run(run, length, words, starts, ends, n_words, size, begin, begin + 2 * length - 1)
        for k in range(length):
            if run[k] >> CLASS_SHIFT == DIGIT:
                run[k] = np.uint32(LETTER << CLASS_SHIFT) | LEET[run[k] & CODE_MASK]
    # From the back, so that the cuts can be read off from the front.
    costs = np.zeros(LONGEST_SPELT + 1, np.int64)
    cuts = np.zeros(LONGEST_SPELT, np.int64)
    for first in range(length - 1, -1, -1):
        costs[first] = np.int64(1) << 32
        key = WORD_SEED
        for last in range(first + 1, length + 1):
            if last == first + 1 or run[last - 1] != run[last - 2]:
                key = (key ^ np.uint64(run[last - 1] & CODE_MASK)) * PRIME
            slot = find_slot(vocabulary.keys, key)
            cost = np.int64(vocabulary.costs[slot]) if slot >= 0 else UNKNOWN + UNKNOWN_LETTER * (last - first)
            if cost + costs[last] < costs[first]:
                costs[first] = cost + costs[last]
                cuts[first] = last
    first = 0
    while first < length:
        last = cuts[first]
        n_words, size = put_run(
            run[first:], last - first, words, starts, ends, n_words, size, begin + 2 * first, begin + 2 * last - 1
        )
        first = last
    return n_words, size
