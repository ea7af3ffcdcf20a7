"""Words to feature numbers, the third step of the compiled kernel."""

from __future__ import annotations

import numpy as np

from moderation.text.codes import BLANK, PRIME, VOWEL
from moderation.text.compiled import compiled, inlined
from moderation.text.kinds import KINDS, REACH
from moderation.text.prefetch import prefetch
from moderation.text.thesaurus import CONCEPT_BITS, KIND_BITS, SENSE_BITS, SLOT_BITS

FEATURES = 5
"""Version of the features. It goes up whenever any message gets other feature numbers, for then no older model fits."""

WORD_SEED = np.uint64(0xA0761D6478BD642F)
_PAIR_SEED = np.uint64(0xE7037ED1A0B428DB)
_EDGE = np.uint64(0x589965CC75374CC3)
_SKELETON_SEED = np.uint64(0x8EBC6AF09C88C6E3)
_NEAR_SEEDS = np.array(
    [0x1D8E4E27C47D124F, 0xEB44ACCAB455D165, 0x9C6E6877736C46E3, 0xD6E8FEB86659FD93, 0xA5CB9243F2CED2C5], np.uint64
)

_CONCEPT_SEED = np.uint64(0x2127599BF4325C37)
_FOLLOWING_SEED = np.uint64(0x880355F21E6D1965)
_BEFORE_SEED = np.uint64(0xC6A4A7935BD1E995)
_AFTER_SEED = np.uint64(0xFF51AFD7ED558CCD)

MOST_FEATURES = 12 + KINDS
"""How many features there are at most for each character of a message; `hash_words` tells which."""

_SLOT_SHIFT = np.uint64(64 - SLOT_BITS)
_SLOT_MASK = np.uint64((1 << SLOT_BITS) - 1)
_SENSE_BITS = np.uint64(SENSE_BITS)
_SENSE_MASK = np.uint64((1 << SENSE_BITS) - 1)
_KIND_BITS, _KIND_MASK = np.uint64(KIND_BITS), np.uint64((1 << KIND_BITS) - 1)
_CONCEPT_BITS, _CONCEPT_MASK = np.uint64(CONCEPT_BITS), np.uint64((1 << CONCEPT_BITS) - 1)
_LANES = np.array([0, *(1 << 8 * kind for kind in range(KINDS))], np.uint64)
"""By kind from 1 up: a one in a lane of 8 bits, so that words of each kind are counted in one number."""
_LANE_BITS = np.uint64(8)
_LANE_MASK = np.uint64(255)


@inlined
def _find(thesaurus, key):  # type: ignore[no-untyped-def]
    """The senses of the word with a key, 0 when it is in no list."""
    slot = key >> _SLOT_SHIFT
    wanted = key << _SENSE_BITS
    while thesaurus[slot] and (thesaurus[slot] ^ wanted) > _SENSE_MASK:
        slot = (slot + np.uint64(1)) & _SLOT_MASK
    return thesaurus[slot] & _SENSE_MASK


@compiled
def _look_up(words, n_words, thesaurus, wholes, senses):  # type: ignore[no-untyped-def]
    """The hash of each word, and its senses.

    A word that is in no list has those of its stem when it ends with -nya, -ku, -mu, -lu or -lo. A stem that ends with the letter
    that the ending begins with is written with one of the two, so a stem with that letter is looked for next: ``anaku`` is
    ``anak`` with -ku. Stems have at least three letters, with such a letter four: ``helo`` is not ``hel``.
    """
    place = 1
    for word in range(n_words):
        start = place
        whole = shorter = shorter2 = shorter3 = WORD_SEED  # without the last letter, the last two, the last three
        while words[place] != BLANK:
            shorter3, shorter2, shorter = shorter2, shorter, whole
            whole = (whole ^ np.uint64(words[place])) * PRIME
            place += 1
        wholes[word] = whole
        found = _find(thesaurus, whole)
        length = place - start
        if not found and length > 4:
            last, second = words[place - 1], words[place - 2]
            # "ku" and "mu", "lu" and "lo"
            if (last == 117 and (second == 107 or second == 109 or second == 108)) or (last == 111 and second == 108):
                found = _find(thesaurus, shorter2)
                if not found:
                    found = _find(thesaurus, shorter)
            elif last == 97 and second == 121 and words[place - 3] == 110 and length > 5:
                found = _find(thesaurus, shorter3)
                if not found:
                    found = _find(thesaurus, shorter2)
        senses[word] = found
        place += 1


@inlined
def _put_concepts(features, count, concepts, seed, beside, shift):  # type: ignore[no-untyped-def]
    """A feature of each of some concepts with what stands beside it; returns how many features there are now."""
    rest = concepts
    while rest:
        features[count] = ((rest & _CONCEPT_MASK ^ seed) * PRIME ^ beside) * PRIME >> shift
        count += 1
        rest >>= _CONCEPT_BITS
    return count


@compiled
def hash_words(  # type: ignore[no-untyped-def]
    words, size, n_words, thesaurus, shift, stamp, seen, stamps, wholes, senses, features, firsts, table
):
    """Feature numbers of ``words[1:size]``; those of word ``w`` stand in ``features[firsts[w]:firsts[w + 1]]``.

    A word gives the pair with the word before it (the message's edge for the first; the last word also pairs with the edge
    after it), itself with each concept of the word before it, and for each of its own concepts that concept with the word before
    it, with each concept of the last word that had any, and, the first time that it is met in the message, alone. The first
    time that the word stands in the message it gives itself, itself near each kind of `moderation.text.kinds` that stands at
    most `REACH` words away, its consonants in order when it has a vowel and at least three consonants, and every run of 4 or 5
    characters inside it with its edges as blanks.

    A feature number is the top ``64 - shift`` bits of a hash: character runs fall in the upper half of the numbers, all else in
    the lower half. ``seen`` and ``stamps`` remember the words of the message numbered ``stamp``; their length is a power of two
    of at least ``2 * n_words``. ``wholes`` and ``senses`` are scratch space for a number a word. The rows of ``table`` with these
    numbers, if it has any, are on their way into the cache then, so that adding them up waits less for memory. Returns how many
    features were written.
    """
    bits = 4
    while (1 << bits) < 2 * n_words:
        bits += 1
    mask = np.uint64((1 << bits) - 1)
    place_shift = np.uint64(64 - bits)
    half_shift = shift + np.uint64(1)
    upper = np.uint64(1) << (np.uint64(63) - shift)
    _look_up(words, n_words, thesaurus, wholes, senses)
    near = np.uint64(0)  # how many of each kind stand within reach, a lane a kind
    for word in range(min(REACH, n_words)):
        near += _LANES[senses[word] & _KIND_MASK]
    count, start = 0, 1
    before = _EDGE
    met = met_high = np.uint64(0)  # a bit a concept
    concepts_before = concepts_last = np.uint64(0)
    for word in range(n_words):
        if word + REACH < n_words:
            near += _LANES[senses[word + REACH] & _KIND_MASK]
        if word > REACH:
            near -= _LANES[senses[word - REACH - 1] & _KIND_MASK]
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
        count = _put_concepts(features, count, concepts_before, _BEFORE_SEED, whole, half_shift)
        concepts_before = rest = senses[word] >> _KIND_BITS
        while rest:
            concept = rest & _CONCEPT_MASK
            rest >>= _CONCEPT_BITS
            features[count] = ((before ^ _AFTER_SEED) * PRIME ^ concept) * PRIME >> half_shift
            count += 1
            count = _put_concepts(features, count, concepts_last, _FOLLOWING_SEED, concept, half_shift)
            bit = np.uint64(1) << (concept & np.uint64(63))
            if concept < 64:
                new = not met & bit
                met |= bit
            else:
                new = not met_high & bit
                met_high |= bit
            if new:
                features[count] = (concept ^ _CONCEPT_SEED) * PRIME >> half_shift
                count += 1
        if concepts_before:
            concepts_last = concepts_before
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
            # Two numbers are written at every place; those that run past the word are overwritten by the next.
            for first in range(start - 1, max(start, end - 2)):
                value = ((np.uint64(words[first]) * PRIME) ^ np.uint64(words[first + 1])) * PRIME
                value = (value ^ np.uint64(words[first + 2])) * PRIME
                value = (value ^ np.uint64(words[first + 3])) * PRIME
                features[count] = upper | value >> half_shift
                value = (value ^ np.uint64(words[first + 4])) * PRIME
                features[count + 1] = upper | value >> half_shift
                count += min(2, end - 2 - first)
        start = end + 1
        if table.size:
            for number in range(firsts[word], count):
                prefetch(table, features[number])
    if n_words:
        features[count] = ((before ^ _PAIR_SEED) * PRIME ^ _EDGE) * PRIME >> half_shift
        count += 1
    firsts[n_words] = count
    return count
