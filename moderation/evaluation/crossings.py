"""Which categories are flagged together, and which instead of the labelled one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from moderation.categories import CATEGORIES
from moderation.evaluation.bootstrap import Mask
from moderation.labelled import LabelledRows

CLEAN = "clean"


class Crossing(NamedTuple):
    """Some rows and what was flagged on them.

    Attributes:
        name: A category, or ``clean``.
        rows: How many.
        flagged: Of them, by category.
        instead: Flagged in other categories only; of clean rows, in any.
        nothing: Flagged in none.
    """

    name: str
    rows: int
    flagged: tuple[int, ...]
    instead: int
    nothing: int


def by_label(rows: LabelledRows, flagged: Mask) -> list[Crossing]:
    """Rows labelled with each category, and rows clean in all; ``flagged`` is ``(n, categories)``. Empty ones are left out."""
    labelled = [(category, rows.labels[:, place] == 1, flagged[:, place]) for place, category in enumerate(CATEGORIES)]
    clean = (rows.labels == 0).all(axis=1)
    kinds = [*labelled, (CLEAN, clean, np.zeros(len(rows), np.bool_))]
    return [_crossing(name, chosen, right, flagged) for name, chosen, right in kinds if chosen.any()]


def by_flag(flagged: Mask) -> list[Crossing]:
    """Rows flagged in each category: what else they are flagged in. ``instead`` and ``nothing`` are 0."""
    pairs = [(category, flagged[:, place]) for place, category in enumerate(CATEGORIES)]
    return [_crossing(category, chosen, chosen, flagged) for category, chosen in pairs if chosen.any()]


def _crossing(name: str, chosen: Mask, right: Mask, flagged: Mask) -> Crossing:
    anything = flagged.any(axis=1)
    counts = tuple(int(n) for n in flagged[chosen].sum(axis=0))
    return Crossing(name, int(chosen.sum()), counts, int((chosen & anything & ~right).sum()), int((chosen & ~anything).sum()))
