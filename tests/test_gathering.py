"""Rows are gone over once, and what is kept does not depend on how they came."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation import gathering
from moderation.classifier.blocks import silent
from moderation.config import TrainingConfig
from moderation.errors import DataError
from moderation.gathering import gather
from moderation.labelled import LabelledRows
from moderation.text.ngrams import count_features
from tests.authored import TEXTS

N = len(TEXTS)
FACETS = {
    "source": np.array(["web", "own", ""] * N, object)[:N],
    "split": np.array(["train", "", "test", "dev"] * N, object)[:N],
    "group": np.array(["", "g1", "g2", "", ""] * N, object)[:N],
    "licence_class": np.array(["open", "own", ""] * N, object)[:N],
}
CONFIG = TrainingConfig(bits=10, weights={"web": 0.5, "": 0.0}, customer_sources=("own",))


def gathered(batches, config=CONFIG):
    with gather(batches, config, silent) as found:
        return replace(found, features=found.features.matrix().toarray())  # the file is gone afterwards


@given(st.lists(st.integers(0, N), max_size=5), st.integers(1, 300))
@settings(max_examples=25, deadline=None)
def test_batches_do_not_matter(tiny_rows, cuts, counted):
    rows = replace(tiny_rows, facets=FACETS)
    edges = [0, *sorted(cuts), N]
    batches = [rows.select((np.arange(N) >= a) & (np.arange(N) < b)) for a, b in pairwise(edges)]
    wanted = gathered([rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "COUNTED_BYTES", counted)
        found = gathered(batches)
    for name in ("features", "labels", "weights", "customers"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    assert found.groups == wanted.groups
    assert (found.sources, found.licences, found.digest) == (wanted.sources, wanted.licences, wanted.digest)


def test_what_counts(tiny_rows):
    found = gathered([replace(tiny_rows, facets=FACETS)])
    kept = (FACETS["split"] != "test") & (FACETS["source"] != "")
    np.testing.assert_array_equal(found.labels, tiny_rows.labels[kept])
    np.testing.assert_array_equal(found.weights, np.where(FACETS["source"][kept] == "web", 0.5, 1))
    np.testing.assert_array_equal(found.customers, FACETS["source"][kept] == "own")
    counts = count_features(tiny_rows.texts.filter(pa.array(kept)), 10)
    assert found.features.sum() == counts.counts.sum()
    assert found.sources == {name: int((FACETS["source"][kept] == name).sum()) for name in ("own", "web")}
    assert found.licences == {"own": "own", "web": "open"}
    groups = found.groups.to_pylist()
    assert {"g1", "g2"} < set(groups)
    assert len(set(groups)) == 2 + (FACETS["group"][kept] == "").sum()
    assert gathered([tiny_rows], TrainingConfig(bits=10)).customers.all()


def test_the_digest_is_of_all_that_is_learnt_from(tiny_rows):
    rows = replace(tiny_rows, facets=FACETS)
    labels = rows.labels.copy()
    labels[1, 0] = np.nan
    others = [
        replace(rows, labels=labels),
        replace(rows, weights=np.linspace(1, 2, N)),
        replace(rows, texts=pa.array(["lain", "lain", *TEXTS[2:]], pa.large_string())),
        replace(rows, facets=FACETS | {"group": np.full(N, "", object)}),
        replace(rows, facets=FACETS | {"source": np.full(N, "own", object)}),
    ]
    assert len({gathered([other]).digest for other in [rows, *others]}) == 6


def test_nothing_to_learn_from(tiny_rows):
    none: list[LabelledRows] = []
    for batches in (none, [replace(tiny_rows, weights=np.zeros(N))]):
        with pytest.raises(DataError, match="no rows to train on"):
            gathered(batches)
