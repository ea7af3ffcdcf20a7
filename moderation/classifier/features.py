"""From n-gram counts to the weighted, normalised rows that the heads learn from, in whole numbers where serving adds.

A row's value for bucket ``j`` is ``count * idf[j] / norm`` with `length_norm` of ``sum(count * idf[j] ** 2)``. ``idf ** 2`` is
kept as a whole number of at most 2,047, so that scoring can add it up next to the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from moderation.classifier.length import length_norm
from moderation.messages.arrays import as_strings
from moderation.text.ngrams import count_features

LARGEST = 2047
"""Largest whole number a weight table holds."""

Texts: TypeAlias = Sequence[str | None] | npt.NDArray[np.object_] | pa.Array


def as_string_array(texts: Texts) -> pa.Array:
    """Any sequence of texts as an Arrow string array; lone surrogates become replacement characters.

    Raises:
        ValueError: It is not one-dimensional.
        TypeError: Something in it is no text.
    """
    if not isinstance(texts, pa.Array | pa.ChunkedArray) and np.ndim(texts) != 1:  # type: ignore[arg-type]
        raise ValueError("texts must be a one-dimensional sequence")
    return as_strings(texts)


def count_matrix(texts: pa.Array, bits: int, *, concepts: bool = True) -> sparse.csr_matrix:
    """Counts of the hashed n-grams of ``n`` texts, ``(n, 2 ** bits)``, float32."""
    found = count_features(texts, bits, concepts=concepts)
    return sparse.csr_matrix((found.counts, found.indices, found.indptr), shape=(len(texts), 1 << bits))


def squared_idf(counts: sparse.csr_matrix, word_weight: float) -> npt.NDArray[np.int16]:
    """Squared inverse document frequency of each bucket as whole numbers from 1 to 2,047, shape ``(2 ** bits,)``.

    Buckets of words and word pairs, the lower half, count ``word_weight`` times as much as character runs.
    """
    rows, buckets = counts.shape
    return idf_of_frequency(np.bincount(counts.indices, minlength=buckets), rows, word_weight)


def idf_of_frequency(frequency: npt.NDArray[np.int64], rows: int, word_weight: float) -> npt.NDArray[np.int16]:
    """The same from the number of ``rows`` that each bucket occurs in."""
    idf = np.log((1 + rows) / (1 + frequency)) + 1
    idf[: len(frequency) // 2] *= word_weight
    return np.asarray(np.clip(np.rint(idf**2), 1, LARGEST), np.int16)


def weigh(counts: sparse.csr_matrix, idf2: npt.NDArray[np.int16]) -> sparse.csr_matrix:
    """Weighted and normalised rows of the counts, same shape, float32."""
    norm = length_norm(counts @ idf2.astype(np.float64))
    rows = np.repeat(norm, np.diff(counts.indptr))
    values = counts.data * np.sqrt(idf2.astype(np.float64))[counts.indices] / rows
    return sparse.csr_matrix((values.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)
