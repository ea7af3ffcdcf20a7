"""What there is in labelled files: labels, languages, lengths."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from moderation.categories import CATEGORIES
from moderation.labels.rows import Rows
from moderation.labels.twins import Twins

PERCENTILES = (5, 50, 95)


@dataclass(frozen=True)
class Balance:
    """Counts of rows.

    Attributes:
        rows: All rows.
        unlabelled: Those without any label.
        empty: Those without a word, from which nothing can be learnt.
        repeated: Those whose text stands in an earlier row.
        labels: By category how many are labelled 1 (``yes``), 0 (``no``) and not at all (``unknown``).
        languages: By what the column ``lang`` says; ``unknown`` where it says nothing, for no detector is right on short chat.
        words: The `PERCENTILES` of how many words a row has, those without any left out; none where all are.
    """

    rows: int
    unlabelled: int
    empty: int
    repeated: int
    labels: dict[str, dict[str, int]]
    languages: dict[str, int]
    words: tuple[int, ...]


def balance(rows: Rows, twins: Twins) -> Balance:
    """Count."""
    unknown = np.isnan(rows.labels)
    labels = {}
    for place, category in enumerate(CATEGORIES):
        yes, no = (int((rows.labels[:, place] == label).sum()) for label in (1, 0))
        labels[category] = {"yes": yes, "no": no, "unknown": int(unknown[:, place].sum())}
    known = twins.text[twins.text >= 0]
    lengths = np.array([1 + folded.count(" ") for folded in twins.folded])
    words = np.percentile(lengths[known], PERCENTILES, method="lower").tolist() if len(known) else []
    return Balance(
        rows=len(rows),
        unlabelled=int(unknown.all(axis=1).sum()),
        empty=len(rows) - len(known),
        repeated=len(known) - len(twins.folded),
        labels=labels,
        languages=dict(Counter(lang or "unknown" for lang in rows.column("lang")).most_common()),
        words=tuple(int(number) for number in words),
    )
