"""Arrow string arrays in, hashed n-gram counts or category sums out: the drivers of the compiled kernel.

`count_features` makes the training matrix, `sum_weights` the scores; both walk the same three kernel steps, so a model
is served exactly as it was trained.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.messages.arrays import scrub, strings
from moderation.text.characters import load_table
from moderation.text.compiled import compiled
from moderation.text.decoding import MAX_CHARACTERS, decode
from moderation.text.hashing import MOST_FEATURES, hash_words
from moderation.text.thesaurus import load_thesaurus
from moderation.text.vocabulary import load_vocabulary
from moderation.text.words import split_words

WEIGHT_COLUMNS = 6
"""Columns of a weight table: five categories and the squared inverse document frequency."""

ZERO = 2048
"""Weights are whole numbers of 12 bits, stored with this much added."""

LANE_BITS = 21
LANE_MASK = np.uint64((1 << LANE_BITS) - 1)


_PRESENT = np.ones(1, np.bool_)
_PRESENT.flags.writeable = False


class Buffers(NamedTuple):
    """The raw parts of an Arrow string array: UTF-8 bytes, ``n + 1`` offsets into them, and which rows hold a text."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    present: npt.NDArray[np.bool_]


class FeatureCounts(NamedTuple):
    """A sparse ``(n, buckets)`` matrix of counts in CSR form; indices are sorted within a row."""

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int32]
    counts: npt.NDArray[np.float32]


class WeightSums(NamedTuple):
    """What scoring ``n`` messages yields.

    ``sums`` is ``(n, WEIGHT_COLUMNS)``: the integer weights of each message's features, added up.
    ``features`` counts them, 0 for a message the classifier must abstain from. ``cut`` marks truncated messages.
    """

    sums: npt.NDArray[np.int64]
    features: npt.NDArray[np.int32]
    cut: npt.NDArray[np.bool_]


def as_buffers(texts: pa.Array | Buffers) -> Buffers:
    """View a string array as plain arrays; a ``large_string`` array is not copied."""
    if isinstance(texts, Buffers):
        return texts
    if not pa.types.is_large_string(texts.type):
        texts = texts.cast(pa.large_string())
    validity, offsets, data = texts.buffers()
    first, n = texts.offset, len(texts)
    places = np.frombuffer(offsets, np.int64)[first : first + n + 1] if n else np.zeros(1, np.int64)
    content = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    if validity is None:
        present = np.ones(n, np.bool_)
    else:
        bits = np.unpackbits(np.frombuffer(validity, np.uint8), count=first + n, bitorder="little")
        present = bits[first:].view(np.bool_)
    # Memory of Arrow may be read-only; numba would compile everything once more for arrays that are not.
    for array in (content, places, present):
        array.flags.writeable = False
    return Buffers(content, places, present)


def buffers_of(text: str) -> Buffers:
    """A single text as plain arrays, for those who cannot wait for Arrow; a lone surrogate becomes U+FFFD."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        content = scrub(text).encode()
    places = np.array([0, len(content)])
    places.flags.writeable = False
    return Buffers(np.frombuffer(content or b"\0", np.uint8), places, _PRESENT)


@compiled
def workspace(offsets):  # type: ignore[no-untyped-def]
    """Scratch arrays for the longest message at hand."""
    longest = np.int64(0)
    for row in range(offsets.size - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    # No byte folds to more than 6 codes, so that a message is cut at the same place whatever else is in its batch.
    room = min(6 * longest, np.int64(MAX_CHARACTERS + 10_000)) + 32
    table = 16
    while table < 2 * room:
        table *= 2
    codes = np.empty(room, np.uint32)
    origins = np.empty(room, np.int32)
    words = np.zeros(2 * room + 8, np.uint32)
    starts = np.empty(room, np.int32)
    ends = np.empty(room, np.int32)
    run = np.empty(room, np.uint32)
    scratch = np.empty(4, np.uint8)
    seen = np.empty(table, np.uint64)
    stamps = np.full(table, -1, np.int64)
    wholes = np.empty(room, np.uint64)
    senses = np.empty(room, np.uint64)
    features = np.empty(MOST_FEATURES * room, np.uint64)
    firsts = np.empty(room + 1, np.int32)
    return codes, origins, words, starts, ends, run, scratch, seen, stamps, wholes, senses, features, firsts


@compiled
def _count(data, offsets, present, pages, entries, sequences, vocabulary, thesaurus, shift):  # type: ignore[no-untyped-def]
    n = offsets.size - 1
    codes, origins, words, starts, ends, run, scratch, seen, stamps, wholes, senses, features, firsts = workspace(offsets)
    indptr = np.zeros(n + 1, np.int64)
    indices = np.empty(256 * n + features.size, np.int32)
    counts = np.empty(indices.size, np.float32)
    none = np.empty((0, 2), np.uint64)
    filled = np.int64(0)
    for row in range(n):
        if present[row]:
            length, _ = decode(data, offsets[row], offsets[row + 1], pages, entries, sequences, codes, origins, scratch)
            n_words, size = split_words(codes, length, words, starts, ends, run, vocabulary)
            found = hash_words(words, size, n_words, thesaurus, shift, row, seen, stamps, wholes, senses, features, firsts, none)
            ordered = np.sort(features[:found])
            if filled + found > indices.size:
                more = 2 * indices.size + found
                indices = _grown(indices, filled, more)
                counts = _grown(counts, filled, more)
            for k in range(found):
                if k and ordered[k] == ordered[k - 1]:
                    counts[filled - 1] += 1
                else:
                    indices[filled] = ordered[k]
                    counts[filled] = 1
                    filled += 1
        indptr[row + 1] = filled
    return indptr, indices[:filled].copy(), counts[:filled].copy()


@compiled
def _grown(array, filled, size):  # type: ignore[no-untyped-def]
    larger = np.empty(size, array.dtype)
    larger[:filled] = array[:filled]
    return larger


@compiled
def _sum(data, offsets, present, pages, entries, sequences, vocabulary, thesaurus, shift, table):  # type: ignore[no-untyped-def]
    n = offsets.size - 1
    codes, origins, words, starts, ends, run, scratch, seen, stamps, wholes, senses, features, firsts = workspace(offsets)
    sums = np.zeros((n, WEIGHT_COLUMNS), np.int64)
    counts = np.zeros(n, np.int32)
    cut = np.zeros(n, np.bool_)
    for row in range(n):
        if not present[row]:
            continue
        length, cut[row] = decode(data, offsets[row], offsets[row + 1], pages, entries, sequences, codes, origins, scratch)
        n_words, size = split_words(codes, length, words, starts, ends, run, vocabulary)
        found = hash_words(words, size, n_words, thesaurus, shift, row, seen, stamps, wholes, senses, features, firsts, table)
        counts[row] = found
        # Lanes of 21 bits hold the sum of 512 numbers of 12 bits.
        for block in range(0, found, 512):
            low = high = np.uint64(0)
            last = min(block + 512, found)
            for k in range(block, last):
                low += table[features[k], 0]
                high += table[features[k], 1]
            for lane in range(3):
                shift_by = np.uint64(LANE_BITS * lane)
                sums[row, lane] += np.int64(low >> shift_by & LANE_MASK) - (last - block) * ZERO
                sums[row, lane + 3] += np.int64(high >> shift_by & LANE_MASK) - (last - block) * ZERO
    return sums, counts, cut


@compiled
def _fold(data, offsets, pages, entries, sequences, vocabulary):  # type: ignore[no-untyped-def]
    codes, origins, words, starts, ends, run, scratch = workspace(offsets)[:7]
    length, _ = decode(data, offsets[0], offsets[1], pages, entries, sequences, codes, origins, scratch)
    _, size = split_words(codes, length, words, starts, ends, run, vocabulary)
    return words[1:size]


def count_features(texts: pa.Array, bits: int, *, concepts: bool = True) -> FeatureCounts:
    """Count the hashed n-grams of each text in ``2 ** bits`` buckets; a null text gives an empty row.

    With ``concepts`` off, here and below, words stand only for themselves and their kind.
    """
    thesaurus = load_thesaurus(concepts=concepts)
    return FeatureCounts(*_count(*as_buffers(texts), *load_table(), load_vocabulary(), thesaurus, np.uint64(64 - bits)))


def pack_weights(weights: npt.NDArray[np.int16]) -> npt.NDArray[np.uint64]:
    """Pack ``(buckets, WEIGHT_COLUMNS)`` weights within -2048..2047 into the two 64-bit words a bucket that `sum_weights` reads.

    Three numbers share one word, so that one addition adds three weights.
    """
    packed = np.zeros((2, len(weights)), np.uint64)
    for column, lane in enumerate(weights.T):
        packed[column // 3] |= (lane + np.int16(ZERO)).astype(np.uint64) << np.uint64(LANE_BITS * (column % 3))
    return np.ascontiguousarray(packed.T)


def sum_weights(texts: pa.Array | Buffers, table: npt.NDArray[np.uint64], *, concepts: bool = True) -> WeightSums:
    """Add up the weights, packed by `pack_weights`, of the buckets that the n-grams of each text fall into."""
    bits = len(table).bit_length() - 1
    thesaurus = load_thesaurus(concepts=concepts)
    return WeightSums(*_sum(*as_buffers(texts), *load_table(), load_vocabulary(), thesaurus, np.uint64(64 - bits), table))


class WordFeatures(NamedTuple):
    """The folded words of one message, where they come from, and their features.

    ``words`` are strings; ``spans`` is ``(words, 2)``: the bytes of the UTF-8 message each was made of; the features of word
    ``w`` are ``features[firsts[w]:firsts[w + 1]]``.
    """

    words: list[str]
    spans: npt.NDArray[np.int64]
    features: npt.NDArray[np.uint64]
    firsts: npt.NDArray[np.int32]


@compiled
def _word_features(data, offsets, pages, entries, sequences, vocabulary, thesaurus, shift):  # type: ignore[no-untyped-def]
    codes, origins, words, starts, ends, run, scratch, seen, stamps, wholes, senses, features, firsts = workspace(offsets)
    length, _ = decode(data, offsets[0], offsets[1], pages, entries, sequences, codes, origins, scratch)
    n_words, size = split_words(codes, length, words, starts, ends, run, vocabulary)
    none = np.empty((0, 2), np.uint64)
    found = hash_words(words, size, n_words, thesaurus, shift, 0, seen, stamps, wholes, senses, features, firsts, none)
    spans = np.empty((n_words, 2), np.int64)
    for word in range(n_words):
        spans[word, 0] = origins[starts[word]]
        last = max(origins[ends[word]], origins[ends[word] - 1] + 1)
        # A character that folds to several words, as a fraction does, is not cut between its bytes.
        while last < offsets[1] and data[last] & 0xC0 == 0x80:
            last += 1
        spans[word, 1] = last
    return words[1:size], spans, features[:found], firsts[: n_words + 1]


def word_features(text: str, bits: int, *, concepts: bool = True) -> WordFeatures:
    """Fold and hash one message, keeping track of which word gave which feature; for explanations."""
    data, offsets, _ = as_buffers(strings([text]))
    words, spans, features, firsts = _word_features(
        data, offsets, *load_table(), load_vocabulary(), load_thesaurus(concepts=concepts), np.uint64(64 - bits)
    )
    folded = words.tobytes().decode("utf-32-le").split(" ")[:-1]
    return WordFeatures(folded, spans, features, firsts)


def fold(text: str) -> str:
    """The folded words of one message, blanks between them: what the classifier sees. Marks are private-use characters."""
    data, offsets, _ = as_buffers(strings([text]))
    words = _fold(data, offsets, *load_table(), load_vocabulary())
    return str(words.tobytes().decode("utf-32-le")).rstrip(" ")
