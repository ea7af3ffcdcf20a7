"""Words to feature numbers, the third step of the compiled kernel."""

from __future__ import annotations

import numpy as np

from moderation.text.codes import BLANK, PRIME, VOWEL
from moderation.text.compiled import compiled
from moderation.text.kinds import KINDS, REACH, SLOT_BITS

FEATURES = 4
"""Version of the features. It goes up whenever any message gets other feature numbers, for then no older model fits."""

WORD_SEED = np.uint64(0xA0761D6478BD642F)
_PAIR_SEED = np.uint64(0xE7037ED1A0B428DB)
_EDGE = np.uint64(0x589965CC75374CC3)
_SKELETON_SEED = np.uint64(0x8EBC6AF09C88C6E3)
_NEAR_SEEDS = np.array(
    [0x1D8E4E27C47D124F, 0xEB44ACCAB455D165, 0x9C6E6877736C46E3, 0xD6E8FEB86659FD93, 0xA5CB9243F2CED2C5], np.uint64
)

_SLOT_SHIFT = np.uint64(64 - SLOT_BITS)
_SLOT_MASK = np.uint64((1 << SLOT_BITS) - 1)
_LANE_BITS = np.uint64(8)
_LANE_MASK = np.uint64(255)


@compiled
def _hash_whole(words, n_words, kinds, wholes, lanes):  # type: ignore[no-untyped-def]
    """The hash of each word, and a one in the lane of the kind it is of, 0 where it is of none."""
    keys, kind_of = kinds
    place = 1
    for word in range(n_words):
        whole = WORD_SEED
        while words[place] != BLANK:
            whole = (whole ^ np.uint64(words[place])) * PRIME
            place += 1
        place += 1
        wholes[word] = whole
        slot = whole >> _SLOT_SHIFT
        while keys[slot] and keys[slot] != whole:
            slot = (slot + np.uint64(1)) & _SLOT_MASK
        lanes[word] = np.uint64(1) << np.uint64(kind_of[slot]) * _LANE_BITS if keys[slot] else np.uint64(0)


@compiled
def hash_words(words, size, n_words, kinds, shift, stamp, seen, stamps, wholes, lanes, features, firsts):  # type: ignore[no-untyped-def]
    """Feature numbers of ``words[1:size]``; those of word ``w`` stand in ``features[firsts[w]:firsts[w + 1]]``.

    A word gives the pair with the word before it (the message's edge for the first; the last word also pairs with the edge
    after it) and, the first time it stands in the message, itself, itself near each kind of `moderation.text.kinds` that
    stands at most `REACH` words away, its consonants in order when it has a vowel and at least three consonants, and every
    run of 3 to 5 characters inside it with its edges as blanks. A feature number is the top ``64 - shift`` bits of a hash:
    words and pairs fall in the lower half of the numbers, character runs in the upper half. ``seen`` and ``stamps`` remember
    the words of the message numbered ``stamp``; their length is a power of two of at least ``2 * n_words``. ``wholes`` and
    ``lanes`` are scratch space for a number a word. Returns how many features were written.
    """
    bits = 4
    while (1 << bits) < 2 * n_words:
        bits += 1
    mask = np.uint64((1 << bits) - 1)
    place_shift = np.uint64(64 - bits)
    half_shift = shift + np.uint64(1)
    upper = np.uint64(1) << (np.uint64(63) - shift)
    _hash_whole(words, n_words, kinds, wholes, lanes)
    near = np.uint64(0)  # how many of each kind stand within reach, a lane a kind
    for word in range(min(REACH, n_words)):
        near += lanes[word]
    count, start = 0, 1
    before = _EDGE
    for word in range(n_words):
        if word + REACH < n_words:
            near += lanes[word + REACH]
        if word > REACH:
            near -= lanes[word - REACH - 1]
        whole, skeleton = wholes[word], _SKELETON_SEED
        consonants = 0
        end = start
        while words[end] != BLANK:
            code = np.uint64(words[end])
            if code >= 128 or not VOWEL[code]:
                skeleton = (skeleton ^ code) * PRIME
                consonants += 1
            end += 1
        firsts[word] = count
        features[count] = ((before ^ _PAIR_SEED) * PRIME ^ whole) * PRIME >> half_shift
        count += 1
        before = whole
        place = whole >> place_shift
        while stamps[place] == stamp and seen[place] != whole:
            place = (place + np.uint64(1)) & mask
        if stamps[place] != stamp:
            stamps[place] = stamp
            seen[place] = whole
            features[count] = whole >> half_shift
            count += 1
            if near:
                for kind in range(KINDS):
                    if near >> np.uint64(kind) * _LANE_BITS & _LANE_MASK:
                        features[count] = (whole ^ _NEAR_SEEDS[kind]) * PRIME >> half_shift
                        count += 1
            if consonants >= 3 and end - start > consonants:
                features[count] = skeleton >> half_shift
                count += 1
            # Three numbers are written at every place; those that run past the word are overwritten by the next.
            for first in range(start - 1, end - 1):
                value = ((np.uint64(words[first]) * PRIME) ^ np.uint64(words[first + 1])) * PRIME
                value = (value ^ np.uint64(words[first + 2])) * PRIME
                features[count] = upper | value >> half_shift
                value = (value ^ np.uint64(words[first + 3])) * PRIME
                features[count + 1] = upper | value >> half_shift
                value = (value ^ np.uint64(words[first + 4])) * PRIME
                features[count + 2] = upper | value >> half_shift
                count += min(3, end - 1 - first)
        start = end + 1
    if n_words:
        features[count] = ((before ^ _PAIR_SEED) * PRIME ^ _EDGE) * PRIME >> half_shift
        count += 1
    firsts[n_words] = count
    return count
