"""Near-duplicates share a fold, every kind of row is in each, and names decide alike however they come."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classifier import folds
from moderation.classifier.folds import balanced_folds, hash_names, hashed_folds

names = st.lists(st.sampled_from("abcdefghijklmnopqrst"), min_size=12, max_size=60).filter(lambda n: len(set(n)) >= 6)


@given(names, st.integers(2, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_groups_never_straddle_folds(names, number, seed):
    groups = np.array(names, object)
    labels = np.random.default_rng(seed).choice([0, 1, np.nan], (len(names), 2))
    for found in (balanced_folds(labels, groups, number, seed), hashed_folds(groups, number, seed)):
        assert len(found) == len(names)
        assert found.max() < number
        assert len(set(zip(names, found.tolist(), strict=True))) == len(set(names))


def test_each_fold_has_some_of_each_kind():
    labels = np.zeros((400, 3))
    labels[:12, 0] = labels[8:40, 1] = 1
    labels[200:, 2] = np.nan
    found = balanced_folds(labels, np.arange(400), 4, 0)
    for column in (0, 1):
        assert len(set(found[labels[:, column] == 1])) == 4
    assert np.bincount(found).min() >= 95


def test_hashed_folds_are_even_and_depend_on_the_seed():
    groups = np.array([f"row {n}" for n in range(20_000)], object)
    first, second = (hashed_folds(groups, 4, seed) for seed in (0, 1))
    assert np.bincount(first).min() > 4_800
    assert (first != second).mean() == pytest.approx(0.75, abs=0.02)


@given(st.lists(st.text(max_size=5), max_size=12), st.integers(1, 5))
@settings(deadline=None)
def test_names_hash_alike_in_any_array_and_any_lot(texts, turn):
    wanted = hash_names(np.array(texts, object))
    assert len(set(wanted.tolist())) == len(set(texts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folds, "_NAMES_A_TURN", turn)
        np.testing.assert_array_equal(hash_names(pa.array(texts, pa.large_string())), wanted)
