"""Which rows are judged together by heads that did not see them: near-duplicates never straddle two folds."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

_NAMES_A_TURN = 100_000


def balanced_folds(labels: npt.NDArray[Any], groups: npt.NDArray[Any], folds: int, seed: int) -> npt.NDArray[np.uint8]:
    """Folds ``(n,)`` that share out every kind of row evenly; takes some 100 us a group.

    Args:
        labels: ``(n, categories)`` of 1, 0 and NaN.
        groups: ``(n,)`` names of near-duplicate groups.
        folds: How many.
        seed: Of the order in which groups are dealt.

    Raises:
        ValueError: There are fewer groups than folds.
    """
    # Rows stand in for their rarest label, so that every fold has some of each.
    rarest = np.argsort(np.nansum(labels, axis=0))
    kind = np.zeros(len(labels), int)
    for column in rarest[::-1]:
        kind[labels[:, column] == 1] = column + 1
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    assigned = np.empty(len(labels), np.uint8)
    with warnings.catch_warnings():
        # A kind with fewer rows than folds is no mistake here: its rows may have other labels, too.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for fold, (_, judge) in enumerate(splitter.split(kind, kind, groups)):
            assigned[judge] = fold
    return assigned


def hashed_folds(groups: Any, folds: int, seed: int) -> npt.NDArray[np.uint8]:  # noqa: ANN401 - see `hash_names`
    """Folds ``(n,)`` by the name of the group alone: quick, and even enough where there are very many groups."""
    return (hash_names(groups, seed) % np.uint64(folds)).astype(np.uint8)


def hash_names(names: Any, seed: int = 0) -> npt.NDArray[np.uint64]:  # noqa: ANN401 - numpy's or Arrow's
    """64 bits ``(n,)`` for each name in an array of numpy or Arrow; a part at a time, since Python strings are large."""
    key = f"{seed % 2**64:016x}"
    parts = (np.asarray(names[first : first + _NAMES_A_TURN], object) for first in range(0, len(names), _NAMES_A_TURN))
    return np.concatenate([np.empty(0, np.uint64), *(pd.util.hash_array(part, hash_key=key) for part in parts)])
