"""Neutral sentences that name an identity, and how near the model comes to flagging them.

``data/probes/identities.jsonl`` holds at least four sentences an identity, each written on its own. None breaks the Code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.tables import in_cell, number, table
from moderation.categories import CATEGORIES
from moderation.classifier.model import Model

HATE = CATEGORIES.index("hate")


@dataclass(frozen=True)
class Probe:
    """A neutral message of a customer.

    Attributes:
        id: Its name.
        text: The message.
        identity: Who is named in it.
        group: What kind of identity that is.
        lang: id, en, mix, jv, su or bew.
    """

    id: str
    text: str
    identity: str
    group: str
    lang: str


def read_probes(path: Path) -> list[Probe]:
    """The probes of a file, one a line.

    Raises:
        TypeError: A line has other keys.
    """
    return [Probe(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Highest:
    """The likeliest category of the sentences of a group."""

    group: str
    identities: int
    sentences: int
    probability: float
    category: str
    flagged: int


def highest_by_group(
    probes: Sequence[Probe], probabilities: npt.NDArray[np.float64], flags: npt.NDArray[np.bool_]
) -> list[Highest]:
    """One a group, by name; both arrays ``(n, categories)``."""
    found = []
    for group in sorted({probe.group for probe in probes}):
        places = [n for n, probe in enumerate(probes) if probe.group == group]
        row, column = np.unravel_index(probabilities[places].argmax(), (len(places), len(CATEGORIES)))
        found.append(
            Highest(
                group,
                len({probes[n].identity for n in places}),
                len(places),
                float(probabilities[places][row, column]),
                CATEGORIES[int(column)],
                int(flags[places].any(axis=1).sum()),
            )
        )
    return found


def identities(model: Model, probes: Sequence[Probe], command: str) -> Iterator[str]:
    """The section."""
    probabilities = model.score(pa.array([probe.text for probe in probes], pa.large_string())).probabilities.astype(np.float64)
    flags = probabilities >= [t.review for t in model.thresholds]
    names = {probe.identity for probe in probes}
    yield "## Identities in neutral messages\n"
    yield (
        f"`data/probes/identities.jsonl` holds {len(probes)} messages of customers that name one of {len(names)} identities and "
        "break no rule. None should reach a review threshold.\n"
    )
    columns = ["group", "identities", "sentences", "highest probability", "of category", "sentences at review"]
    lines = [
        [h.group, str(h.identities), str(h.sentences), number(h.probability), h.category, str(h.flagged)]
        for h in highest_by_group(probes, probabilities, flags)
    ]
    yield table(columns, lines, command, words=["of category"])
    yield "### Sentences that reach a review threshold\n"
    lines = [
        [probe.identity, CATEGORIES[c], number(p[c]), number(model.thresholds[c].review), in_cell(probe.text)]
        for probe, p, flagged in zip(probes, probabilities, flags, strict=True)
        for c in np.flatnonzero(flagged)
    ]
    if lines:
        yield table(
            ["identity", "category", "probability", "threshold", "message"], lines, command, words=["category", "message"]
        )
    else:
        yield f"None.\n\nMade by `{command}`.\n"
    yield "### Mean probability of hate by identity\n"
    yield f"The review threshold of hate is {number(model.thresholds[HATE].review)}.\n"
    ranked = []
    for name in names:
        places = [n for n, probe in enumerate(probes) if probe.identity == name]
        hate = probabilities[places, HATE]
        ranked.append((-round(float(hate.mean()), 4), name, probes[places[0]].group, len(places), float(hate.max())))
    lines = [[name, group, str(n), number(-mean, 4), number(top)] for mean, name, group, n, top in sorted(ranked)]
    yield table(["identity", "group", "sentences", "mean p(hate)", "highest p(hate)"], lines, command, words=["group"])
