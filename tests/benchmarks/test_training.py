"""The rows that training is timed on are as many as said, and no two alike."""

from __future__ import annotations

import numpy as np

from benchmarks.training import average_precisions, shuffled, write_synthetic
from moderation.categories import CATEGORIES
from moderation.labelled import read_labelled
from tests.authored import LABELS, TEXTS


def test_rows_come_again_under_another_last_word(tiny_rows):
    fewer, more = shuffled(tiny_rows, 20), shuffled(tiny_rows, 150)
    assert (len(fewer), len(more)) == (20, 150)
    texts = more.texts.to_pylist()
    assert len(set(texts)) == 150
    known = {text: labels.tolist() for text, labels in zip(TEXTS, LABELS, strict=True)}
    for text, labels in zip(texts, more.labels, strict=True):
        assert known[text if text in known else text.rpartition(" ")[0]] == labels.tolist()


def test_synthetic_rows_have_all_labels(tmp_path):
    write_synthetic(tmp_path / "a.parquet", 500)
    rows = read_labelled([str(tmp_path / "a.parquet")])
    assert len(set(rows.texts.to_pylist())) == len(set(rows.facet("group"))) == 500
    assert not np.isnan(rows.labels).any()
    assert rows.labels.any(axis=0).all()


def test_average_precision_only_where_there_are_both_kinds(tiny_rows, tiny_model):
    some = tiny_rows.select(LABELS[:, 4] == 0)
    found = average_precisions(tiny_model, some)
    assert np.isnan(found).tolist() == [category == "spam" for category in CATEGORIES]
    assert (found[:4] > 0.9).all()
