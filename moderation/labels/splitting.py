"""Which labelled rows to train on and which to set aside: the same answer for the same rows and seed, in any order.

Rows that belong together go together: near-duplicates, and rows that share a group, a writer or a conversation. Such units
are put in the order of a hash of what they say, and each side gets its share of every category as far as units allow.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.corpus.annotations import folded_key
from moderation.corpus.duplicates import Clusters, names_of
from moderation.corpus.splitting import SPLITS
from moderation.errors import DataError, UsageError
from moderation.labels.rows import GROUPS, Rows
from moderation.labels.twins import Twins, find_twins

TELLING_WORDS = 4
"""Texts of fewer words, which everybody writes (``halo min``), bind their writers and conversations together only when alone."""


@dataclass(frozen=True)
class SplitPlan:
    """Where each row goes.

    Attributes:
        splits: ``(n,)`` one of ``train``, ``dev`` and ``test`` for each row.
        kept: Rows that had a split, which is theirs still.
        units: How many units there are, and how many rows the largest has.
    """

    splits: npt.NDArray[np.object_]
    kept: int
    units: int
    largest: int

    def in_words(self, rows: Rows) -> Iterator[str]:
        """A line for each split that has rows, and one on what was kept together."""
        for split in SPLITS:
            chosen = self.splits == split
            if chosen.any():
                positives = (rows.labels[chosen] == 1).sum(axis=0)
                counts = ", ".join(
                    f"{category} {count:,}" for category, count in zip(CATEGORIES, positives, strict=True) if count
                )
                yield f"{split}: {chosen.sum():,} rows, {counts or 'no positives'}"
        yield f"{self.units:,} units kept together, the largest of {self.largest:,} rows; {self.kept:,} rows kept their split"


def plan_split(
    rows: Rows, *, test: float = 0.2, dev: float = 0.0, seed: int = 0, groups: Sequence[str] | None = None
) -> SplitPlan:
    """Choose a split for each row that has none.

    Args:
        rows: The rows; a filled ``split`` stays, and rows that belong to one of ``test`` or ``dev`` follow it.
        test: Share of the rows to judge on.
        dev: Share of the rows to try settings on.
        seed: Another one gives another choice.
        groups: Columns whose rows belong together, those of `GROUPS` when omitted.

    Raises:
        UsageError: The shares leave nothing to train on, or no row has a column of ``groups``.
        DataError: A split is none of the three, or no row can be set aside since too many belong together.
    """
    if not (test > 0 <= dev and test + dev < 1):
        raise UsageError("--test must be over 0, --dev 0 or more, and both together under 1")
    for name in groups or ():
        if name not in rows.columns:
            raise UsageError(f"no column {name!r} to keep together by")
    given = rows.column("split")
    for row in np.flatnonzero(~np.isin(given, ["", *SPLITS])).tolist():
        raise DataError(f"{rows.place(row)} has a split that is not {', '.join(SPLITS)} or empty")
    units = units_of(rows, find_twins(rows.texts), GROUPS if groups is None else groups)
    splits = given.copy()
    free = given == ""
    sizes = Counter(units.tolist())
    chosen = _choose(rows.labels, units, _followers(units, given), [("test", test), ("dev", dev)], seed)
    splits[free] = [chosen[unit] for unit in units[free].tolist()]
    if not (splits == "test").any():
        raise DataError(
            f"no row can be set aside: the {len(rows):,} rows make {len(sizes)} units that belong together, "
            f"the largest of {max(sizes.values()):,} rows; name other columns to keep together by, or a larger share"
        )
    return SplitPlan(splits, int((~free).sum()), len(sizes), max(sizes.values()))


def units_of(rows: Rows, twins: Twins, groups: Sequence[str]) -> npt.NDArray[np.object_]:
    """``(n,)`` a name for each row, which rows that belong together share; it comes from what they hold, not from their order."""
    clusters, near = Clusters(len(rows)), twins.groups()
    values = [rows.column(name).tolist() for name in groups]
    for column in values:
        first: dict[str, int] = {}
        for row, value in enumerate(column):
            if value:
                clusters.join(first.setdefault(value, row), row)
    words = np.array([folded.count(" ") + 1 for folded in twins.folded] or [0])[twins.text]
    bound = np.array([any(cells) for cells in zip(*values, strict=True)]) if values else np.zeros(len(rows), np.bool_)
    joined: dict[int, int] = {}
    for row in np.flatnonzero((twins.text >= 0) & ((words >= TELLING_WORDS) | ~bound)).tolist():
        clusters.join(joined.setdefault(int(near[row]), row), row)
    texts = rows.texts.to_pylist()
    folded = [twins.folded[text] if text >= 0 else texts[row] for row, text in enumerate(twins.text.tolist())]
    return np.array(names_of(clusters, [folded_key("\0".join(cells)) for cells in zip(folded, *values, strict=True)]), object)


def _followers(units: npt.NDArray[np.object_], given: npt.NDArray[np.object_]) -> dict[str, str]:
    """Where units go some of whose rows have a split: rather to be judged on than to be learnt from."""
    found: dict[str, str] = {}
    for split in SPLITS:
        found |= dict.fromkeys(units[given == split].tolist(), split)
    return found


def _choose(
    labels: npt.NDArray[np.float64],
    units: npt.NDArray[np.object_],
    chosen: dict[str, str],
    shares: Sequence[tuple[str, float]],
    seed: int,
) -> dict[str, str]:
    """A split for each unit that has none in ``chosen``.

    The units with the rarest category come first, and within a category in the order of a hash. Each goes where more than
    half of it is still wanted, looking at its rarest category, and to ``train`` when it is wanted nowhere.
    """
    # What is to be shared out: the positives of each category, rarest first, and in the end all rows.
    held = np.column_stack([labels == 1, np.ones(len(labels), np.bool_)])
    held = held[:, np.argsort(held.sum(axis=0), kind="stable")].astype(np.int64)
    names, places = np.unique(units, return_inverse=True)
    counts = np.zeros((len(names), held.shape[1]), np.int64)
    np.add.at(counts, places, held)
    rarest = (counts > 0).argmax(axis=1)
    wanted = {split: share * counts.sum(axis=0) for split, share in shares}
    for name, count in zip(names, counts, strict=True):
        if chosen.get(name) in wanted:
            wanted[chosen[name]] -= count
    found = dict(chosen)
    for place in sorted(range(len(names)), key=lambda place: (rarest[place], _hash(seed, str(names[place])))):
        if names[place] not in found:
            kind, count = rarest[place], counts[place]
            split = next((split for split in wanted if wanted[split][kind] >= count[kind] / 2), "train")
            found[names[place]] = split
            if split in wanted:
                wanted[split] -= count
    return found


def _hash(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()
