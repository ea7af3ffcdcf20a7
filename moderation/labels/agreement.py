"""How far people who labelled the same messages agree, where a column says who labelled a row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from nltk.metrics.agreement import AnnotationTask

from moderation.categories import CATEGORIES
from moderation.labels.rows import ANNOTATORS, Rows
from moderation.labels.twins import Twins


@dataclass(frozen=True)
class Agreement:
    """Of one category.

    Attributes:
        category: Of the labels.
        messages: Messages that two or more people labelled.
        alpha: Krippendorff's; None where all say the same, so that nothing tells agreement from habit.
        kappa: Cohen's, averaged over all pairs of people who share messages, by how many they share; None as with alpha.
        disputed: Rows of each message on which people disagree.
    """

    category: str
    messages: int
    alpha: float | None
    kappa: float | None
    disputed: tuple[tuple[int, ...], ...]


def agreement(rows: Rows, twins: Twins) -> tuple[Agreement, ...]:
    """Agreement by category; empty where no column of `ANNOTATORS` names people. Equal texts are one message.

    Who labelled a message twice counts with the last label.
    """
    people = next((rows.column(name) for name in ANNOTATORS if name in rows.columns), None)
    if people is None:
        return ()
    found = []
    for place, category in enumerate(CATEGORIES):
        said: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
        for row in np.flatnonzero((twins.text >= 0) & (people != "") & ~np.isnan(rows.labels[:, place])).tolist():
            said[int(twins.text[row])][people[row]] = (int(rows.labels[row, place]), row)
        shared = {text: votes for text, votes in said.items() if len(votes) > 1}
        if shared:
            votes = {text: {who: label for who, (label, _) in by.items()} for text, by in shared.items()}
            disputed = tuple(
                tuple(sorted(row for _, row in by.values())) for text, by in shared.items() if len(set(votes[text].values())) > 1
            )
            found.append(Agreement(category, len(shared), krippendorff(votes), cohen(votes), disputed))
    return tuple(found)


def krippendorff(votes: dict[int, dict[str, int]]) -> float | None:
    """Krippendorff's alpha of votes by message and person; None without two different ones."""
    triples = [(who, text, label) for text, by in votes.items() for who, label in by.items()]
    return float(AnnotationTask(triples).alpha()) if len({label for _, _, label in triples}) > 1 else None


def cohen(votes: dict[int, dict[str, int]]) -> float | None:
    """Cohen's kappa over pairs of people on the messages both labelled, weighted by their number; None where undefined."""
    pairs: dict[tuple[str, str], list[tuple[str, int, int]]] = defaultdict(list)
    for text, by in votes.items():
        for one, other in combinations(sorted(by), 2):
            pairs[one, other] += [("one", text, by[one]), ("other", text, by[other])]
    # Two people who always gave one and the same label agree by habit or by skill; nothing tells which.
    telling = [triples for triples in pairs.values() if len({label for _, _, label in triples}) > 1]
    if not telling:
        return None
    kappas = [AnnotationTask(triples).kappa() for triples in telling]
    return float(np.average(kappas, weights=[len(triples) for triples in telling]))
