"""Runs of letters and digits: where they end, disguise undone, words and marks appended."""

from __future__ import annotations

import numpy as np

from moderation.text.characters import CLASS_SHIFT, CODE_MASK, DIGIT, LETTER
from moderation.text.codes import (
    AMOUNT,
    BLANK,
    LEET,
    NUMBER,
    PHONE,
    STAR,
    VOWEL,
    holds_key,
    is_word,
    kind_at,
    word_key,
    word_keys,
)
from moderation.text.compiled import compiled, inlined

UNITS = word_keys(
    "rb ribu jt juta k m g x st nd rd th mb gb kb tb mbps gbps kbps mbit hz mhz ghz kg cm mm km jam hari bulan bln minggu "
    "mgg mnt menit detik dtk tahun thn org orang kali an am pm hr hrs min mins sec h d days day years year pcs unit lt "
    "kamar rumah dbm ms v w kw a pagi siang sore malam mlm wib wita wit anak ekor buah biji rebu lantai"
)


@inlined
def put_mark(words, starts, ends, n_words, size, mark, begin, finish):  # type: ignore[no-untyped-def]
    """Append a one-character word unless the word before is the same character."""
    if size >= 3 and words[size - 2] == mark and words[size - 3] == BLANK:
        ends[n_words - 1] = finish
        return n_words, size
    words[size] = mark
    words[size + 1] = BLANK
    starts[n_words] = begin
    ends[n_words] = finish
    return n_words + 1, size + 2


@inlined
def number_mark(digits):  # type: ignore[no-untyped-def]
    """The mark of a number by its digits."""
    return NUMBER if digits <= 3 else AMOUNT if digits <= 8 else PHONE


@compiled
def is_disguise(run, length):  # type: ignore[no-untyped-def]
    """Whether the digits among ``run[:length]`` stand for letters (rule 5)."""
    letters, digits, longest, current, leading = 0, 0, 0, 0, 0
    inner = False
    for k in range(length):
        if run[k] >> CLASS_SHIFT == DIGIT:
            digits += 1
            current += 1
            longest = max(longest, current)
            if LEET[run[k] & CODE_MASK] == 0:
                return False
            if letters == 0:
                leading += 1
        else:
            inner = inner or current > 0
            current = 0
            letters += 1
    if not inner:
        return digits == 1 and letters >= 3 and VOWEL[LEET[run[length - 1] & CODE_MASK]]
    if longest > 3 or digits > 2 * letters + 1:
        return False
    return not (leading == digits and holds_key(UNITS, word_key(run, leading, length)))


@compiled
def put_run(run, length, words, starts, ends, n_words, size, begin, finish):  # type: ignore[no-untyped-def]
    """Append the words and number marks that a run of letters and digits stands for."""
    disguised = is_disguise(run, length)
    k = 0
    while k < length:
        if run[k] >> CLASS_SHIFT == DIGIT and not disguised:
            first = k
            while k < length and run[k] >> CLASS_SHIFT == DIGIT:
                k += 1
            n_words, size = put_mark(words, starts, ends, n_words, size, number_mark(k - first), begin, finish)
            continue
        first = size
        while k < length:
            code = run[k] & CODE_MASK
            if run[k] >> CLASS_SHIFT == DIGIT:
                if not disguised:
                    break
                code = LEET[code]
            if size == first or words[size - 1] != code:
                words[size] = code
                size += 1
            k += 1
        words[size] = BLANK
        size += 1
        starts[n_words] = begin
        ends[n_words] = finish
        n_words += 1
    return n_words, size


@compiled
def number_end(codes, i, limit):  # type: ignore[no-untyped-def]
    """End of the number that starts at ``i`` with its inner separators, and how many digits it has."""
    j, digits = i, 0
    while j < limit:
        if codes[j] >> CLASS_SHIFT == DIGIT:
            digits += 1
        else:
            point = codes[j] & CODE_MASK
            inner = point == 46 or point == 44 or point == 58 or point == 47 or point == 45
            if not (inner and kind_at(codes, j + 1, limit) == DIGIT):
                break
        j += 1
    return j, digits


@compiled
def read_run(codes, i, limit, run):  # type: ignore[no-untyped-def]
    """Copy the word that starts at ``i`` (rule 5) into ``run``: its length there, its ``*`` included, and its end in ``codes``.

    Returns how many ``*`` there are as well.
    """
    length, j, stars = 0, i, 0
    while j < limit:
        here = codes[j]
        if is_word(here):
            run[length] = here
            length += 1
            j += 1
            continue
        point = here & CODE_MASK
        if point == 42 or point == 39:
            last = j
            while last < limit and codes[last] & CODE_MASK == point:
                last += 1
            if last == limit or j == i or not is_word(codes[last]):
                break
            if point == 42:
                run[length : length + last - j] = STAR
                length += last - j
                stars += last - j
            j = last
        elif (point == 64 or point == 36 or point == 33) and kind_at(codes, j + 1, limit) == LETTER:
            run[length] = np.uint32(LETTER << CLASS_SHIFT) | LEET[point]
            length += 1
            j += 1
        else:
            break
    return length, j, stars
