"""Markdown tables of the report: numbers, texts that stay in their cell, and the command under each table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from moderation.categories import CATEGORIES
from moderation.evaluation import Figures

LEAST = 20
"""With fewer positives or fewer negatives a figure says more about luck than about the model."""

FIGURE_COLUMNS = (
    "rows", "positives", "AP", "ROC AUC", "precision", "recall", "FPR", "act precision", "act recall", "ECE",
)  # fmt: skip


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def in_cell(text: str) -> str:
    """A message as Markdown shows it literally, on one line, whatever it holds."""
    flat = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if c not in "\n\r\t" else " " for c in text)
    flat = " ".join(flat.split()).replace("|", "&#124;")
    ticks = "`" * (1 + max((len(run) for run in _runs(flat, "`")), default=0))
    pad = " " if "`" in flat else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"


def _runs(text: str, letter: str) -> list[str]:
    return [run for run in "".join(c if c == letter else " " for c in text).split() if run]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], command: str, words: Collection[str] = ()) -> str:
    """A table and the command that makes it; the first column and those in ``words`` hold words, the others numbers."""
    lines = [f"| {' | '.join(columns)} |", "|" + "".join("---|" if c == columns[0] or c in words else "--:|" for c in columns)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + f"\n\nMade by `{command}`.\n"


def enough(figures: Figures) -> bool:
    """Whether there are enough rows of either kind for figures."""
    return min(figures.positives, figures.rows - figures.positives) >= LEAST


def figure_cells(figures: Figures) -> list[str]:
    """The cells under `FIGURE_COLUMNS`; counts only where there are too few rows of either kind."""
    counts = [f"{figures.rows:,}", f"{figures.positives:,}"]
    if not enough(figures):
        return counts + [""] * (len(FIGURE_COLUMNS) - 2)
    f = figures
    values = (f.average_precision, f.roc_auc, f.precision, f.recall, f.false_positive_rate)
    return counts + [number(v) for v in (*values, f.act_precision, f.act_recall, f.calibration_error)]


def by_category(cells: dict[str, str]) -> list[str]:
    """Cells in the order of `CATEGORIES`; empty where there is none."""
    return [cells.get(category, "") for category in CATEGORIES]
