"""The model on rows of the test split: all of them, by source, language, channel and tag, and by author."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.tables import FIGURE_COLUMNS, LEAST, by_category, enough, figure_cells, number, table
from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.evaluation import Figures, measure
from moderation.labelled import LabelledRows

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def authors(rows: LabelledRows) -> npt.NDArray[np.object_]:
    """Author of each row, the part of its voice before the stroke; empty for rows that were not authored."""
    return np.array([voice.split("/")[0] for voice in rows.facet("voice")], object)


def figures_of(model: Model, rows: LabelledRows, probabilities: Floats, chosen: Mask) -> list[Figures]:
    """One a category that has labels among the chosen rows."""
    found = []
    for place, category in enumerate(CATEGORIES):
        known = chosen & ~np.isnan(rows.labels[:, place])
        if known.any():
            target = rows.labels[known, place] == 1
            found.append(measure(category, "", probabilities[known, place], target, model.thresholds[place]))
    return found


def held_out(model: Model, rows: LabelledRows, probabilities: Floats, command: str) -> Iterator[str]:
    """The section; ``rows`` are those of the test split and ``probabilities`` ``(n, categories)`` the model's."""
    yield "## Held-out test rows\n"
    yield (
        "Rows of the test split, seen by neither weights nor thresholds; near-duplicates share a split, and authored rows "
        "are split by whole voices. AP is average precision. Precision, recall and FPR (share of negatives flagged) are at the "
        "review threshold, ECE is the expected calibration error in 15 bins. Where there are fewer than "
        f"{LEAST} positives or {LEAST} negatives only the counts stand.\n"
    )
    everything = np.ones(len(rows), np.bool_)
    lines = [[f.category, *figure_cells(f)] for f in figures_of(model, rows, probabilities, everything)]
    yield table(["category", *FIGURE_COLUMNS], lines, command)
    for facet, title in (("source", "By source"), ("lang", "By language"), ("channel", "By channel")):
        yield f"### {title}\n"
        values = rows.facet(facet)
        full, counts = [], []
        for value in sorted(set(values) - {""}):
            figures = figures_of(model, rows, probabilities, values == value)
            full += [[value, f.category, *figure_cells(f)] for f in figures if enough(f)]
            few = {f.category: f"{f.positives:,} of {f.rows:,}" for f in figures if not enough(f)}
            counts += [[value, *by_category(few)]] if few else []
        yield table([facet, "category", *FIGURE_COLUMNS], full, command, words=["category"])
        yield "Too few for figures, positives of rows:\n"
        yield table([facet, *CATEGORIES], counts, command)
    yield from _tags(model, rows, probabilities, command)
    yield from _authored(model, rows, probabilities, command)


def _tags(model: Model, rows: LabelledRows, probabilities: Floats, command: str) -> Iterator[str]:
    yield "### By tag\n"
    yield (
        "A tag says what an authored message is about, and mostly decides its label, so few tags have both. Each cell is recall "
        f"over the positives / share of the negatives flagged, at review; a dot under {LEAST} of them. The second "
        "table has the full figures where both are there.\n"
    )
    values = rows.facet("tag")
    shares, full = [], []
    for value in sorted(set(values) - {""}):
        chosen = values == value
        figures = figures_of(model, rows, probabilities, chosen)
        shares.append([value, f"{int(chosen.sum()):,}", *by_category({f.category: _recall_and_fpr(f) for f in figures})])
        full += [[value, f.category, *figure_cells(f)] for f in figures if enough(f)]
    yield table(["tag", "rows", *CATEGORIES], shares, command)
    yield table(["tag", "category", *FIGURE_COLUMNS], full, command, words=["category"])


def _recall_and_fpr(figures: Figures) -> str:
    recall = number(figures.recall, 2) if figures.positives >= LEAST else "·"
    fpr = number(figures.false_positive_rate, 2) if figures.rows - figures.positives >= LEAST else "·"
    return f"{recall} / {fpr}"


def _authored(model: Model, rows: LabelledRows, probabilities: Floats, command: str) -> Iterator[str]:
    yield "### Authored rows, by author\n"
    yield (
        "Each author wrote in voices of its own. Clean messages are labelled 0 in all five categories; flagged means at or above "
        f"the review threshold of any category. Cells are AP (positives), counts only under {LEAST} positives or negatives.\n"
    )
    wrote = authors(rows)
    lines = []
    for name in [*sorted(set(wrote) - {""}), "all"]:
        chosen = wrote != "" if name == "all" else wrote == name
        clean, flagged = clean_flagged(model, rows, probabilities, chosen)
        share = f"{100 * flagged / clean:.1f} %" if clean >= LEAST else ""
        cells = {
            f.category: ap_cell(f.average_precision, f.rows, f.positives) for f in figures_of(model, rows, probabilities, chosen)
        }
        lines.append([name, f"{int(chosen.sum()):,}", f"{clean:,}", f"{flagged:,}", share, *by_category(cells)])
    yield table(["author", "rows", "clean", "clean flagged", "share", *CATEGORIES], lines, command)


def clean_flagged(model: Model, rows: LabelledRows, probabilities: Floats, chosen: Mask) -> tuple[int, int]:
    """How many of the chosen rows are clean in all categories, and how many of those are flagged in any."""
    clean = chosen & (rows.labels == 0).all(axis=1)
    flagged = (probabilities >= [t.review for t in model.thresholds]).any(axis=1)
    return int(clean.sum()), int((clean & flagged).sum())


def ap_cell(average_precision: float | None, rows: int, positives: int) -> str:
    """Average precision and positives of rows, or counts only where there are too few of either kind."""
    if min(positives, rows - positives) < LEAST:
        return f"({positives:,} of {rows:,})"
    return f"{number(average_precision)} ({positives:,} of {rows:,})"
