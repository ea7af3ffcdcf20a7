"""Codes and what they are: the smallest parts of the compiled kernel.

A code is a folded character with its class in the top byte (`moderation.text.characters`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moderation.text.characters import CLASS_SHIFT, CODE_MASK, DIGIT, LETTER, PUNCTUATION
from moderation.text.compiled import compiled, inlined

U64 = npt.NDArray[np.uint64]

URL, USER, MAIL, NUMBER, AMOUNT, PHONE = 0xE001, 0xE002, 0xE003, 0xE004, 0xE005, 0xE006
"""Private-use code points that stand for a link, a handle, a mail address and numbers by length."""

BLANK = 32

PRIME = np.uint64(0x9E3779B97F4A7C15)

STAR = np.uint32(PUNCTUATION << CLASS_SHIFT | ord("*"))

LEET = np.zeros(128, np.uint32)
for _symbol, _letter in zip("013456789@$!", "oieasgtbgasi", strict=True):
    LEET[ord(_symbol)] = ord(_letter)

VOWEL = np.zeros(128, np.bool_)
for _letter in "aeiou":
    VOWEL[ord(_letter)] = True


def word_keys(words: str) -> U64:
    """Sorted keys of short ASCII words (at most 8 letters), one byte a letter."""
    return np.sort(np.array([int.from_bytes(w.encode(), "big") for w in words.split()], np.uint64))


@compiled
def holds_key(keys, key):  # type: ignore[no-untyped-def]
    """Whether a sorted array holds a key."""
    place = np.searchsorted(keys, key)
    return place < keys.size and keys[place] == key


@inlined
def is_word(code):  # type: ignore[no-untyped-def]
    """Whether a code is a letter or a digit."""
    kind = code >> CLASS_SHIFT
    return kind == LETTER or kind == DIGIT


@inlined
def code_at(codes, i, count):  # type: ignore[no-untyped-def]
    """The code at ``i``; 0 past the end."""
    return codes[i] if i < count else np.uint32(0)


@inlined
def point_at(codes, i, count):  # type: ignore[no-untyped-def]
    """The character at ``i`` without its class; 0 past the end."""
    return codes[i] & CODE_MASK if i < count else np.uint32(0)


@inlined
def kind_at(codes, i, count):  # type: ignore[no-untyped-def]
    """The class of the character at ``i``; 0 past the end."""
    return codes[i] >> CLASS_SHIFT if i < count else np.uint32(0)


@compiled
def word_key(codes, start, end):  # type: ignore[no-untyped-def]
    """Key of the ASCII letters ``codes[start:end]`` as in `word_keys`; 0 when they are no such word."""
    if end - start > 8 or end <= start:
        return np.uint64(0)
    key = np.uint64(0)
    for k in range(start, end):
        point = codes[k] & CODE_MASK
        if point >= 128 or codes[k] >> CLASS_SHIFT != LETTER:
            return np.uint64(0)
        key = key << np.uint64(8) | np.uint64(point)
    return key
