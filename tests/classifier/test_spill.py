"""Counts that go through a file come back as they were, in any order, and leave nothing behind."""

from __future__ import annotations

import tempfile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classifier import spill
from moderation.classifier.features import count_matrix
from moderation.classifier.spill import FeatureSpill
from moderation.text.ngrams import FeatureCounts, count_features
from tests.authored import TEXTS

BITS = 8


def as_counts(rows: list[dict[int, int]]) -> FeatureCounts:
    return FeatureCounts(
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.array([key for row in rows for key in sorted(row)], np.int32),
        np.array([row[key] for row in rows for key in sorted(row)], np.float32),
    )


def dense(rows: list[dict[int, int]]) -> np.ndarray:
    table = np.zeros((len(rows), 1 << BITS))
    for place, row in enumerate(rows):
        table[place, list(row)] = list(row.values())
    return table


batches = st.lists(st.lists(st.dictionaries(st.integers(0, 255), st.integers(1, 65_535), max_size=6), max_size=9), max_size=4)


@given(batches, st.integers(1, 4), st.integers(1, 8), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_rows_come_back_as_they_were_in_any_order(batches, chunk_rows, chunk_features, random):
    with pytest.MonkeyPatch.context() as patch, FeatureSpill(BITS) as counts:
        patch.setattr(spill, "CHUNK_ROWS", chunk_rows)
        patch.setattr(spill, "CHUNK_FEATURES", chunk_features)
        for batch in batches:
            counts.append(as_counts(batch))
        wanted = dense([row for batch in batches for row in batch])
        assert (counts.rows, counts.features) == (len(wanted), np.count_nonzero(wanted))
        np.testing.assert_array_equal(counts.frequency, np.count_nonzero(wanted, axis=0))
        np.testing.assert_array_equal(counts.matrix().toarray(), wanted)
        order = list(range(counts.chunks))
        random.shuffle(order)
        for some in (order[: len(order) // 2], order[len(order) // 2 :]):
            if some:
                block = counts.read(np.array(some))
                assert np.diff(block.indptr).size == len(block.ids) <= chunk_rows * len(some)
                for place, row in enumerate(block.ids):
                    inside = slice(block.indptr[place], block.indptr[place + 1])
                    found = dict(zip(block.indices[inside].tolist(), block.counts[inside].tolist(), strict=True))
                    assert found == {key: int(wanted[row, key]) for key in np.flatnonzero(wanted[row])}


def test_the_matrix_is_that_of_the_texts():
    texts = pa.array(TEXTS, pa.large_string())
    with FeatureSpill(12) as counts:
        counts.append(count_features(texts.slice(0, 20), 12))
        counts.append(count_features(texts.slice(20), 12))
        matrix = counts.matrix()
    wanted = count_matrix(texts, 12)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(matrix, part), getattr(wanted, part))
    assert matrix.dtype == wanted.dtype


def test_a_count_that_does_not_fit_is_cut():
    with FeatureSpill(BITS) as counts:
        counts.append(as_counts([{3: 70_000}]))
        assert counts.matrix().toarray()[0, 3] == 65_535


def test_the_file_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with FeatureSpill(BITS) as counts:
        counts.append(as_counts([{1: 1}] * 5_000))
        counts.read(np.array([0]))
        assert not list(tmp_path.iterdir())
