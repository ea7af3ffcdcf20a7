"""How well the shipped recipe does on a source, or an author, it never saw: each is left out once.

Judged rows that have a near-duplicate among the rows learnt from do not count. One matrix serves all trainings, and only
heads that the left-out rows can judge are fitted: that keeps it to minutes. So the inverse document frequencies, which know no
labels, are those of all rows of the corpus. Nor are there pieces (`moderation.corpus.pieces`): they would take each model
twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.metrics import average_precision_score

from benchmarks.heldout import ap_cell, authors
from benchmarks.tables import LEAST, by_category, table
from moderation.categories import CATEGORIES
from moderation.classifier.features import count_matrix, squared_idf, weigh
from moderation.classifier.heads import PartialLabelHeads
from moderation.labelled import LabelledRows
from moderation.training import TrainingConfig

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Unseen:
    """One category of a part that was left out.

    Attributes:
        part: Source or author.
        category: One of `CATEGORIES`.
        rows: Judged rows with a known label.
        positives: Those labelled 1.
        average_precision: None where rows are too few, or nothing else teaches the category.
    """

    part: str
    category: str
    rows: int
    positives: int
    average_precision: float | None


class Bench:
    """Rows that are learnt from, rows that are only judged, and the features of both."""

    def __init__(self, learnt: LabelledRows, judged_only: LabelledRows | None, config: TrainingConfig) -> None:
        """Count the n-grams of all rows, once.

        Args:
            learnt: The corpus of the recipe; every part of it can be left out.
            judged_only: Rows of other sources.
            config: The recipe.
        """
        parts = [learnt] if judged_only is None else [learnt, judged_only]
        self.config = config
        self.labels = np.concatenate([part.labels for part in parts])
        self.source, self.group = (np.concatenate([part.facet(name) for part in parts]) for name in ("source", "group"))
        self.author = np.concatenate([authors(part) for part in parts])
        weights = learnt.weights * np.array([config.weights.get(source, 1.0) for source in learnt.facet("source")])
        self.weights = np.append(weights, np.zeros(len(self.labels) - len(learnt)))
        counts = count_matrix(pa.concat_arrays([part.texts for part in parts]), config.bits, concepts=config.concepts)
        self.rows = weigh(counts, squared_idf(counts[self.weights > 0], config.word_weight))

    def without_each(self, parts: npt.NDArray[np.object_], together: int = 1) -> Iterator[Unseen]:
        """Leave out each part once; ``(n,)`` names of parts, rows of the empty name are never left out.

        Parts that nothing is learnt from share one training. Of the others, ``together`` are left out at a time.
        """
        names = sorted(set(parts) - {""})
        taught = [name for name in names if self.weights[parts == name].any()]
        yield from self._judge(parts, np.isin(parts, sorted(set(names) - set(taught))))
        for chosen in even_groups({name: int((parts == name).sum()) for name in taught}, together):
            yield from self._judge(parts, np.isin(parts, chosen))

    def _judge(self, parts: npt.NDArray[np.object_], left_out: Mask) -> Iterator[Unseen]:
        """Fit on the other rows what the left-out parts can judge, and judge each of them."""
        learn = ~left_out & (self.weights > 0)
        judge = left_out & ~shared(self.group, learn)
        known = judge[:, None] & ~np.isnan(self.labels)
        masks = [
            (name, c, known[:, c] & (parts == name)) for name in sorted(set(parts[left_out])) for c in range(len(CATEGORIES))
        ]
        enough = {(name, c) for name, c, mask in masks if _both(self.labels[mask, c])}
        heads = sorted({c for _, c in enough if np.unique(self.labels[learn, c][~np.isnan(self.labels[learn, c])]).size == 2})
        scores = np.full(self.labels.shape, np.nan)
        if heads:
            fitted = PartialLabelHeads(self.config.C, self.config.offset, self.config.seed)
            fitted.fit(self.rows[learn], self.labels[learn][:, heads], self.weights[learn])
            scores[np.flatnonzero(judge)[:, None], heads] = fitted.decision_function(self.rows[judge])
        for name, c, mask in masks:
            if mask.any():
                target = self.labels[mask, c] == 1
                judged = (name, c) in enough and c in heads
                ap = float(average_precision_score(target, scores[mask, c])) if judged else None
                yield Unseen(name, CATEGORIES[c], len(target), int(target.sum()), ap)


def shared(groups: npt.NDArray[np.object_], among: Mask) -> Mask:
    """Which rows ``(n,)`` are in a near-duplicate group that has one of the rows ``among``; empty names are no group."""
    taken = set(groups[among]) - {""}
    return np.array([group in taken for group in groups], np.bool_)


def even_groups(sizes: dict[str, int], together: int) -> list[list[str]]:
    """Names in groups of at most ``together`` and of about the same size; the same for the same sizes."""
    groups: list[list[str]] = [[] for _ in range(-(-len(sizes) // together))]
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        open_groups = [group for group in groups if len(group) < together]
        min(open_groups, key=lambda group: sum(sizes[name] for name in group)).append(name)
    return groups


def _both(labels: npt.NDArray[np.float64]) -> bool:
    return min(int((labels == 1).sum()), int((labels == 0).sum())) >= LEAST


def unseen_table(title: str, found: list[Unseen], command: str) -> str:
    """A row a part, a column a category."""
    lines = []
    for part in sorted({u.part for u in found}):
        lines.append([part, *by_category({u.category: _cell(u) for u in found if u.part == part})])
    return table([title, *CATEGORIES], lines, command)


def _cell(unseen: Unseen) -> str:
    if unseen.average_precision is None and min(unseen.positives, unseen.rows - unseen.positives) >= LEAST:
        return f"no other rows ({unseen.positives:,} of {unseen.rows:,})"
    return ap_cell(unseen.average_precision, unseen.rows, unseen.positives)


def unseen(learnt: LabelledRows, research: LabelledRows | None, config: TrainingConfig, command: str) -> Iterator[str]:
    """The section; ``research`` is the corpus of all sources, if there is one."""
    yield "## Unseen sources and authors\n"
    yield (
        f"The recipe `{config.name}` trained on all other rows of its corpus, of all splits, judged on the part left out, less "
        "rows that have a near-duplicate among the rows learnt from. Each cell is average precision (positives of known rows); "
        f"counts only where positives or negatives are fewer than {LEAST}. The share of positives is what guessing would reach.\n"
    )
    bench = Bench(learnt, None if research is None else only_other(research, set(learnt.facet("source"))), config)
    yield "### Sources\n"
    if research is None:
        yield "Sources of the recipe's corpus; there was no corpus of all sources to look further.\n"
    else:
        names = sorted(set(research.facet("source")) - set(learnt.facet("source")))
        yield f"The recipe never learns from {', '.join(names)}: the same training judges all of them.\n"
    yield unseen_table("unseen source", list(bench.without_each(bench.source)), command)
    yield "### Authors\n"
    yield "Authors are left out two at a time, which halves the trainings and flatters nobody.\n"
    yield unseen_table("unseen author", list(bench.without_each(bench.author, together=2)), command)


def only_other(rows: LabelledRows, sources: set[str]) -> LabelledRows:
    """Rows of none of the sources and without a near-duplicate in any of them."""
    theirs = np.isin(rows.facet("source"), sorted(sources))
    return rows.select(~theirs & ~shared(rows.facet("group"), theirs))
