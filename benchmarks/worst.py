"""The model's most confident mistakes on authored rows; messages of other sources are never shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.tables import in_cell, number, table
from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.labelled import LabelledRows

SHOWN = 15


def worst(
    probabilities: npt.NDArray[np.float64], labels: npt.NDArray[np.float64], review: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places of false positives and false negatives at a review threshold, the most confident first; all arrays ``(n,)``."""
    flagged = probabilities >= review
    likely = np.argsort(-probabilities, kind="stable")
    unlikely = np.argsort(probabilities, kind="stable")
    return likely[((labels == 0) & flagged)[likely]], unlikely[((labels == 1) & ~flagged)[unlikely]]


def worst_errors(model: Model, rows: LabelledRows, probabilities: npt.NDArray[np.float64], command: str) -> Iterator[str]:
    """The section; ``rows`` are those of the test split."""
    own = rows.facet("source") == "authored"
    rows, probabilities = rows.select(own), probabilities[own]
    texts = rows.texts.to_pylist()
    yield "## Worst errors\n"
    yield (
        f"Authored messages of the test split only: the {SHOWN} false positives with the highest and the {SHOWN} false negatives "
        "with the lowest probability. They quote abuse.\n"
    )
    for place, category in enumerate(CATEGORIES):
        review = model.thresholds[place].review
        for title, places in zip(
            ("false positives", "false negatives"), worst(probabilities[:, place], rows.labels[:, place], review), strict=True
        ):
            yield f"### {category}: {title} ({len(places):,} at review {number(review)})\n"
            lines = [
                [rows.facet("voice")[n], rows.facet("tag")[n], number(float(probabilities[n, place])), in_cell(texts[n])]
                for n in places[:SHOWN]
            ]
            yield table(["voice", "tag", "probability", "message"], lines, command, words=["tag", "message"])
