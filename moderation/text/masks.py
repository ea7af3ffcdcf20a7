"""What the vocabulary uncovers: which word, or else which letters, a run with ``*`` or with digits in it stands for."""

from __future__ import annotations

import numpy as np

from moderation.text.characters import CLASS_SHIFT, CODE_MASK, DIGIT, LETTER
from moderation.text.codes import LEET, PRIME, STAR, code_at, holds_key, is_word, kind_at, word_key
from moderation.text.compiled import compiled, inlined
from moderation.text.hashing import WORD_SEED
from moderation.text.runs import UNITS, is_disguise
from moderation.text.vocabulary import COST_UNIT, SLOT_BITS

SHORTEST_MASKED, LONGEST_MASKED, MOST_STARS = 4, 20, 2
"""Lengths, ``*`` included, of a word that a masked one may be, and how many ``*`` it may have: two take 676 attempts."""

RARE = 10 * COST_UNIT
"""A word that costs as much is too rare to be read out of digits: it stands in fewer than one of 22,000 places."""

_DOUBLED = np.int64(1) << 32
"""Added to the rank of a word with a double letter where a ``*`` stands: more than any rank."""

_SLOT_MASK = np.int64((1 << SLOT_BITS) - 1)
_SLOT_SHIFT = np.uint64(64 - SLOT_BITS)


@inlined
def find_slot(keys, key):  # type: ignore[no-untyped-def]
    """Where a word of the vocabulary stands, or -1."""
    slot = np.int64(key >> _SLOT_SHIFT)
    while keys[slot] != key:
        if keys[slot] == 0:
            return -1
        slot = (slot + 1) & _SLOT_MASK
    return slot


@inlined
def _extend_key(key, run, first, last):  # type: ignore[no-untyped-def]
    """The key of a word, squeezed, whose part before ``run[first:last]`` has the key ``key``."""
    for k in range(first, last):
        if k == 0 or run[k] != run[k - 1]:
            key = (key ^ np.uint64(run[k] & CODE_MASK)) * PRIME
    return key


@compiled
def uncover(codes, i, limit, run, vocabulary):  # type: ignore[no-untyped-def]
    """Copy a common word of the vocabulary with digits in disguise, which starts at ``i`` (rule 5), as letters into ``run``.

    Returns its length, 0 when there is none. No symbol may stand inside it.
    """
    length = letters = leading = 0
    key, last = WORD_SEED, np.uint32(0)
    while i + length < limit and is_word(codes[i + length]):
        code = codes[i + length]
        point = code & CODE_MASK
        if length == LONGEST_MASKED or point >= 128:
            return 0
        if code >> CLASS_SHIFT == DIGIT:
            point = LEET[point]
            if point == 0:
                return 0
            leading += letters == 0
        else:
            letters += 1
        if point != last:
            key = (key ^ np.uint64(point)) * PRIME
        last = point
        run[length] = np.uint32(LETTER << CLASS_SHIFT) | point
        length += 1
    if length < SHORTEST_MASKED or letters == 0 or letters == length:
        return 0
    after = code_at(codes, i + length, limit) & CODE_MASK
    if after == 42 or after == 39:
        return 0
    if (after == 64 or after == 36 or after == 33) and kind_at(codes, i + length + 1, limit) == LETTER:
        return 0
    if leading == length - letters and holds_key(UNITS, word_key(run, leading, length)):
        return 0
    slot = find_slot(vocabulary.keys, key)
    return length if slot >= 0 and vocabulary.costs[slot] < RARE else 0


@compiled
def _without_stars(run, length, to):  # type: ignore[no-untyped-def]
    """Copy ``run[:length]`` without its ``*`` to ``run[to:]``; how long the copy is."""
    kept = 0
    for k in range(length):
        if run[k] != STAR:
            run[to + kept] = run[k]
            kept += 1
    return kept


@compiled
def _is_mask(run, length, stars):  # type: ignore[no-untyped-def]
    """Whether ``run[:length]`` with its ``*`` can be a masked word (rule 5); digits in disguise become letters if so.

    The places behind the run are scratch space.
    """
    if stars > MOST_STARS or not SHORTEST_MASKED <= length <= LONGEST_MASKED:
        return False
    digits = 0
    for k in range(length):
        if run[k] >> CLASS_SHIFT == DIGIT:
            digits += 1
        elif run[k] & CODE_MASK >= 128:
            return False
    if digits:
        kept = _without_stars(run, length, length)
        if not is_disguise(run[length:], kept):
            return False
        for k in range(length):
            if run[k] >> CLASS_SHIFT == DIGIT:
                run[k] = np.uint32(LETTER << CLASS_SHIFT) | LEET[run[k] & CODE_MASK]
    return True


@compiled
def _find_masked(run, length, vocabulary):  # type: ignore[no-untyped-def]
    """Put the letters of the likeliest word that fits in the place of the one or two ``*``; whether there is such a word.

    One with the same letter twice where a ``*`` stands (``as*hole``) is meant only when no other fits.
    """
    first = last = -1
    for k in range(length):
        if run[k] == STAR:
            first = k if first < 0 else first
            last = k
    best = _DOUBLED << 1
    first_letter = last_letter = STAR
    head = _extend_key(WORD_SEED, run, 0, first)
    for a in range(97, 123):
        run[first] = np.uint32(LETTER << CLASS_SHIFT | a)
        middle = _extend_key(head, run, first, last)
        for b in range(97, 123 if last > first else 98):
            if last > first:
                run[last] = np.uint32(LETTER << CLASS_SHIFT | b)
            slot = find_slot(vocabulary.keys, _extend_key(middle, run, last, length))
            if slot < 0:
                continue
            rank = np.int64(vocabulary.ranks[slot])
            if run[first] in (run[first - 1], run[first + 1]) or run[last] in (run[last - 1], run[last + 1]):
                rank += _DOUBLED
            if rank < best:
                best = rank
                first_letter, last_letter = run[first], run[last]
    run[first], run[last] = first_letter, last_letter
    return first_letter != STAR


@inlined
def _letter_index(code):  # type: ignore[no-untyped-def]
    """1 for ``a``; 0 for anything but an ASCII letter."""
    return np.int64(code & CODE_MASK) - 96 if code >> CLASS_SHIFT == LETTER else 0


@compiled
def fill_stars(run, length, stars, vocabulary):  # type: ignore[no-untyped-def]
    """Put letters in the place of the ``*`` of ``run[:length]`` (rule 5) or take them out; the new length."""
    if not _is_mask(run, length, stars):
        return _without_stars(run, length, 0)
    if _find_masked(run, length, vocabulary):
        return length
    kept = 0
    for k in range(length):
        code = run[k]
        if code == STAR:
            # Such a run starts and ends with a letter.
            letter = vocabulary.letters[
                _letter_index(run[kept - 2]) if kept > 1 else 0,
                _letter_index(run[kept - 1]),
                _letter_index(run[k + 1]),
                _letter_index(run[k + 2]) if k + 2 < length else 0,
            ]
            if letter == 0:
                continue
            code = np.uint32(LETTER << CLASS_SHIFT | 96) + letter
        run[kept] = code
        kept += 1
    return kept
