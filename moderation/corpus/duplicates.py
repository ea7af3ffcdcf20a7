"""The same message twice: exact duplicates become one row, near-duplicates one group.

Two messages are the same when the classifier sees the same folded text. Two are near when their sets of five-character
runs of the folded text have an estimated Jaccard similarity of `NEAR` or more; groups are the connected clusters of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from datasketch import MinHash, MinHashLSH

from moderation.categories import CATEGORIES
from moderation.corpus.annotations import folded_key
from moderation.corpus.sources import LICENCE_CLASSES

NEAR = 0.7
RUN = 5
PERMUTATIONS = 64

_PRIMES = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1], np.uint32)


class Merged(NamedTuple):
    """Rows without exact duplicates, how many rows went, and contradictory labels that became unknown by category."""

    rows: pd.DataFrame
    dropped: int
    conflicts: dict[str, int]


class Clusters:
    """Union-find over the numbers 0..n-1."""

    def __init__(self, n: int) -> None:
        self._parents = list(range(n))

    def find(self, member: int) -> int:
        """The smallest number of the member's cluster."""
        parents = self._parents
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = parents[member]
        return member

    def join(self, one: int, other: int) -> None:
        """Make two clusters one."""
        one, other = self.find(one), self.find(other)
        self._parents[max(one, other)] = min(one, other)

    def roots(self) -> npt.NDArray[np.int64]:
        """`find` of every member, shape ``(n,)``."""
        return np.array([self.find(member) for member in range(len(self._parents))], np.int64)


def merge_exact(rows: pd.DataFrame) -> Merged:
    """One row for each folded text: the first one, with what all of them say.

    A label that one row denies and another affirms is unknown afterwards; one that a row knows and another does not is
    kept. The merged row has the strictest licence class and the smallest weight of the rows that say anything.
    """
    same = rows.groupby("folded", sort=False)
    merged = rows.drop_duplicates("folded").set_index("folded")
    conflicts = {}
    for category in CATEGORIES:
        low, high = same[category].min(), same[category].max()
        contrary = low != high
        conflicts[category] = int(contrary.sum())
        merged[category] = high.mask(contrary.fillna(False)).astype("Int8")
    strictness = rows["licence_class"].map(LICENCE_CLASSES.index)
    merged["licence_class"] = strictness.groupby(rows["folded"], sort=False).max().map(lambda rank: LICENCE_CLASSES[rank])
    merged["weight"] = same["weight"].min()
    return Merged(merged.reset_index()[list(rows.columns)], len(rows) - len(merged), conflicts)


def character_runs(text: str, length: int = RUN) -> npt.NDArray[np.uint32]:
    """Hashes of the distinct runs of ``length`` (at most `RUN`) characters of a text; the whole text when it is shorter."""
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    if len(codes) < length:
        codes = np.concatenate([codes, np.zeros(length - len(codes), np.uint32)])
    hashes = np.zeros(len(codes) - length + 1, np.uint32)
    for place in range(length):
        hashes = (hashes ^ codes[place : place + len(hashes)]) * _PRIMES[place]
        hashes ^= hashes >> np.uint32(15)
    return np.unique(hashes)


def near_pairs(texts: Sequence[str], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of places ``(earlier, later)`` of texts that are near, with their estimated similarity of ``threshold`` or more."""
    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    seen = np.empty((len(texts), PERMUTATIONS), np.uint32)
    # The runs come hashed, so datasketch's own hash function has nothing left to do.
    runs = (character_runs(text).tolist() for text in texts)
    for place, sketch in enumerate(MinHash.generator(runs, num_perm=PERMUTATIONS, hashfunc=int)):
        seen[place] = sketch.hashvalues
        candidates = np.array(sorted(index.query(sketch)), np.int64)
        similar = (seen[candidates] == seen[place]).mean(axis=1)
        for other, similarity in zip(candidates.tolist(), similar.tolist(), strict=True):
            if similarity >= threshold:
                yield other, place, similarity
        index.insert(place, sketch)


def near_groups(folded: Sequence[str]) -> list[str]:
    """A group name for each folded text; near-duplicates share it.

    The name comes from the text of a member, so that a message alone in its group keeps it whatever else is in the corpus.
    """
    clusters = Clusters(len(folded))
    for one, other, _ in near_pairs(folded, NEAR):
        clusters.join(one, other)
    keys = [folded_key(text) for text in folded]
    return names_of(clusters, keys)


def names_of(clusters: Clusters, keys: Sequence[str]) -> list[str]:
    """The smallest key of each member's cluster, which does not depend on the order of the members."""
    roots = clusters.roots().tolist()
    smallest: dict[int, str] = {}
    for root, key in zip(roots, keys, strict=True):
        smallest[root] = min(key, smallest.get(root, key))
    return [smallest[root] for root in roots]
