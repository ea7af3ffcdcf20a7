"""Messages that stand there twice: where their labels contradict each other, and where they leak from one side to another.

Which texts are the same or near is what `moderation.corpus.duplicates` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.corpus.duplicates import NEAR, Clusters, near_pairs
from moderation.labels.rows import Rows
from moderation.text.folding import fold_all


class Twins(NamedTuple):
    """Which rows have the same text, and which texts are near.

    Attributes:
        folded: The distinct folded texts that hold a word.
        text: ``(n,)`` the place of each row's text in ``folded``; -1 where it holds none.
        near: Places ``(earlier, later)`` of near texts, and their estimated similarity from `NEAR` up, below 1.
    """

    folded: list[str]
    text: npt.NDArray[np.int64]
    near: list[tuple[int, int, float]]

    def rows(self) -> list[list[int]]:
        """The rows of each text, in order."""
        found: list[list[int]] = [[] for _ in self.folded]
        for row, text in enumerate(self.text.tolist()):
            if text >= 0:
                found[text].append(row)
        return found

    def groups(self) -> npt.NDArray[np.int64]:
        """``(n,)`` a number for each row, which near-duplicates share; rows without a word are alone."""
        clusters = Clusters(len(self.folded))
        for one, other, _ in self.near:
            clusters.join(one, other)
        alone = len(self.folded) + np.arange(len(self.text))
        return np.where(self.text >= 0, np.append(clusters.roots(), -1)[self.text], alone)


@dataclass(frozen=True)
class Conflict:
    """Rows with the same or nearly the same text that one label affirms and another denies.

    Attributes:
        category: Of the label.
        similarity: 1 when the folded texts are equal, else the estimated Jaccard similarity of their character runs.
        yes: Rows labelled 1.
        no: Rows labelled 0.
    """

    category: str
    similarity: float
    yes: tuple[int, ...]
    no: tuple[int, ...]


@dataclass(frozen=True)
class Leak:
    """A text that stands on two sides: splits where the rows say so, else files.

    Attributes:
        sides: The two sides, in alphabetical order.
        similarity: As in `Conflict`.
        one: Rows on the first side.
        other: Rows on the second side.
    """

    sides: tuple[str, str]
    similarity: float
    one: tuple[int, ...]
    other: tuple[int, ...]


def find_twins(texts: pa.Array) -> Twins:
    """Fold the texts of a string array and compare them all with each other."""
    places: dict[str, int] = {}
    text = np.array([places.setdefault(folded, len(places)) if folded else -1 for folded in fold_all(texts)], np.int64)
    distinct = list(places)
    return Twins(distinct, text, list(near_pairs(distinct, NEAR)))


def conflicts(rows: Rows, twins: Twins) -> list[Conflict]:
    """Contradictory labels, those of equal texts first, then by how near the texts are.

    Near texts that share a value of the column ``pair`` are meant to differ: contrast pairs are left out.
    """
    members = twins.rows()
    found = [conflict for group in members for conflict in _contradictions(rows.labels, group, group, 1.0)]
    pairs = rows.column("pair")
    for one, other, similarity in twins.near:
        if not _values(pairs, members[one]) & _values(pairs, members[other]):
            found += _contradictions(rows.labels, members[one], members[other], similarity)
    return sorted(found, key=lambda conflict: -conflict.similarity)


def _contradictions(labels: npt.NDArray[np.float64], some: list[int], others: list[int], similarity: float) -> Iterator[Conflict]:
    """What one side affirms and the other denies; of near texts only where each is at one with itself."""
    both = list(dict.fromkeys([*some, *others]))
    for place, category in enumerate(CATEGORIES):
        yes, no = (tuple(row for row in both if labels[row, place] == label) for label in (1, 0))
        torn = similarity < 1 and any(not set(side).isdisjoint(yes) and not set(side).isdisjoint(no) for side in (some, others))
        if yes and no and not torn:
            yield Conflict(category, similarity, yes, no)


def leaks(rows: Rows, twins: Twins) -> list[Leak]:
    """Texts on more than one side, equal ones first, then by how near they are.

    A row's side is its split where it has one, since only between splits a leak does harm, and else its file.
    """
    split = rows.column("split")
    sides = np.where(split != "", split, np.array(rows.files, object)[rows.file])
    members = [_by_side(sides, group) for group in twins.rows()]
    found = []
    for group in members:
        names = sorted(group)
        found += [
            Leak((one, other), 1.0, tuple(group[one]), tuple(group[other]))
            for place, one in enumerate(names)
            for other in names[place + 1 :]
        ]
    for first, second, similarity in twins.near:
        for one, some in members[first].items():
            for other, others in members[second].items():
                if one < other:
                    found.append(Leak((one, other), similarity, tuple(some), tuple(others)))
                elif other < one:
                    found.append(Leak((other, one), similarity, tuple(others), tuple(some)))
    return sorted(found, key=lambda leak: (-leak.similarity, leak.sides))


def _by_side(sides: npt.NDArray[np.object_], group: list[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in group:
        found.setdefault(sides[row], []).append(row)
    return found


def _values(column: npt.NDArray[np.object_], group: list[int]) -> set[str]:
    return {value for value in column[group] if value}
