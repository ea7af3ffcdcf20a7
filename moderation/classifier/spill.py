"""Counted n-grams of any number of messages: written to a nameless file while rows are read, read back a block at a time.

The file has no name where the system allows that, so nothing is left behind, not even by ``kill -9``. It lies where Python
puts temporary files (``TMPDIR``) and takes about 6 bytes a feature: 5 GB for five million messages of 150 features.
"""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from moderation.text.ngrams import FeatureCounts

CHUNK_ROWS = 512
CHUNK_FEATURES = 1 << 18
"""A chunk ends at either. Chunks are what is read in any order, so they are small."""
_LARGEST_COUNT = np.iinfo(np.uint16).max


class Block(NamedTuple):
    """Some rows of a spill in CSR form: ``ids`` ``(rows,)`` are their places in the whole."""

    ids: npt.NDArray[np.int64]
    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]


class _Chunk(NamedTuple):
    place: int
    row: int
    rows: int
    features: int


class FeatureSpill:
    """Rows of counts on disk; a context manager that closes the file, which deletes it.

    Attributes:
        frequency: ``(2 ** bits,)`` in how many rows each bucket occurs.
        rows: How many rows there are.
        features: How many features they have in all.
    """

    def __init__(self, bits: int) -> None:
        self.frequency = np.zeros(1 << bits, np.int64)
        self.rows = 0
        self.features = 0
        self._chunks: list[_Chunk] = []
        self._file = TemporaryFile(prefix="moderation-")  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def chunks(self) -> int:
        """How many chunks `read` can be asked for."""
        return len(self._chunks)

    def append(self, found: FeatureCounts) -> None:
        """Add rows; a count over 65,535 becomes that."""
        self.frequency += np.bincount(found.indices, minlength=len(self.frequency))
        counts = np.minimum(found.counts, _LARGEST_COUNT).astype(np.uint16)
        last = len(found.indptr) - 1
        start = 0
        while start < last:
            full = int(np.searchsorted(found.indptr, found.indptr[start] + CHUNK_FEATURES))
            end = min(max(full, start + 1), start + CHUNK_ROWS, last)
            inside = slice(found.indptr[start], found.indptr[end])
            self._chunks.append(_Chunk(self._file.tell(), self.rows, end - start, int(inside.stop - inside.start)))
            for part in (np.diff(found.indptr[start : end + 1]).astype(np.int32), found.indices[inside], counts[inside]):
                self._file.write(part.tobytes())
            self.rows += end - start
            self.features += self._chunks[-1].features
            start = end

    def read(self, chunks: npt.NDArray[np.int64]) -> Block:
        """The rows of some chunks, in that order."""
        wanted = [self._chunks[number] for number in chunks]
        features = sum(chunk.features for chunk in wanted)
        indices, counts = np.empty(features, np.int32), np.empty(features, np.uint16)
        lengths, ids, filled = [], [], 0
        for chunk in wanted:
            self._file.seek(chunk.place)
            content = self._file.read(4 * chunk.rows + 6 * chunk.features)
            inside = slice(filled, filled + chunk.features)
            lengths.append(np.frombuffer(content, np.int32, chunk.rows))
            indices[inside] = np.frombuffer(content, np.int32, chunk.features, 4 * chunk.rows)
            counts[inside] = np.frombuffer(content, np.uint16, chunk.features, 4 * (chunk.rows + chunk.features))
            ids.append(np.arange(chunk.row, chunk.row + chunk.rows))
            filled += chunk.features
        indptr = np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)])
        return Block(np.concatenate(ids), indptr, indices, counts)

    def matrix(self) -> sparse.csr_matrix:
        """All rows at once, ``(rows, 2 ** bits)``, float32."""
        shape = self.rows, len(self.frequency)
        if not self.rows:
            return sparse.csr_matrix(shape, dtype=np.float32)
        whole = self.read(np.arange(self.chunks))
        return sparse.csr_matrix((whole.counts.astype(np.float32), whole.indices, whole.indptr), shape=shape)
