"""An evaluation as one page: a single HTML file that needs no network and no other file."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from moderation.categories import CATEGORIES
from moderation.classifier.model import Model, Thresholds
from moderation.errors import CannotCreateError
from moderation.evaluation.bootstrap import LEAST_GROUPS, Floats, Mask
from moderation.evaluation.comparison import Comparison
from moderation.evaluation.crossings import by_flag, by_label
from moderation.evaluation.curves import histogram, precision_recall, reliability, threshold_grid
from moderation.evaluation.drawing import histogram_plot, precision_recall_plot, reliability_plot
from moderation.evaluation.figures import LOWER_IS_BETTER, RATES, Figures
from moderation.evaluation.judging import Evaluation, flags
from moderation.evaluation.mistakes import FALSE_ALARM, MISS, Mistake, visible, worst_mistakes
from moderation.labelled import LabelledRows

PAGE_NAME = "index.html"
_PARTS = Path(__file__).with_name("page")
_FACETS = ("lang", "channel", "source")
_COMPARED = tuple(name for name in RATES if not name.startswith("act_"))


@dataclass(frozen=True)
class _Section:
    """What the page shows of one category; no plots and no grid where its rows are all of one kind."""

    figures: Figures
    thresholds: Thresholds
    plots: tuple[Markup, ...]
    grid: dict[str, Any] | None
    alarms: list[Mistake]
    misses: list[Mistake]


def render(
    model: Model,
    rows: LabelledRows,
    evaluation: Evaluation,
    other: Model | None = None,
    comparison: Comparison | None = None,
    *,
    texts: bool = True,
    made: date | None = None,
) -> str:
    """The page as HTML.

    Args:
        model: What was judged.
        rows: With what.
        evaluation: Of the model on the rows.
        other: The model it was compared with.
        comparison: With the other.
        texts: Whether to put in the messages of the worst mistakes and the words in them; hidden until clicked.
        made: Date to show.
    """
    probabilities = model.score(rows.texts).probabilities.astype(np.float64)
    others = None if other is None else other.score(rows.texts).probabilities.astype(np.float64)
    sections = [_section(model, rows, probabilities, others, figures, texts) for figures in evaluation.overall()]
    flagged = flags(model, probabilities)
    style, script = ((_PARTS / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    environment = Environment(
        loader=FileSystemLoader(_PARTS), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"rate": _rate, "bound": _bound, "signed": _signed, "visible": visible}
    return environment.get_template("report.html").render(
        evaluation=evaluation,
        comparison=comparison,
        rows=len(rows),
        made=made,
        sections=sections,
        rates=RATES,
        compared=_COMPARED,
        lower_is_better=LOWER_IS_BETTER,
        least_groups=LEAST_GROUPS,
        categories=CATEGORIES,
        labelled=by_label(rows, flagged),
        together=by_flag(flagged),
        facets=[name for name in _FACETS if (rows.facet(name) != "").any()],
        slices=[(f, *f.slice.split("=", 1)) for f in evaluation.figures if f.slice.split("=")[0] in _FACETS],
        texts=texts,
        grids={section.figures.category: section.grid for section in sections if section.grid},
        style=Markup(style),  # noqa: S704 - both are files of this package
        script=Markup(script),  # noqa: S704
        style_digest=_digest(style),
        script_digest=_digest(script),
    )


def _section(
    model: Model, rows: LabelledRows, probabilities: Floats, others: Floats | None, figures: Figures, texts: bool
) -> _Section:
    place = CATEGORIES.index(figures.category)
    known = ~np.isnan(rows.labels[:, place])
    target = rows.labels[known, place] == 1
    mistakes = worst_mistakes(model, rows, probabilities, figures.category, texts=texts)
    thresholds = model.thresholds[place]
    plots: tuple[Markup, ...] = ()
    grid = None
    if 0 < figures.positives < figures.rows:
        mine, theirs = probabilities[known, place], None if others is None else others[known, place]
        plots = tuple(_plots(figures, mine, theirs, target, thresholds))
        grid = _explorer(mine, target, thresholds)
    alarms, misses = ([m for m in mistakes if m.kind == kind] for kind in (FALSE_ALARM, MISS))
    return _Section(figures, thresholds, plots, grid, alarms, misses)


def _plots(figures: Figures, mine: Floats, theirs: Floats | None, target: Mask, thresholds: Thresholds) -> list[Markup]:
    other = None if theirs is None else precision_recall(theirs, target)
    found, shares = reliability(mine, target), histogram(mine, target)
    category, review = figures.category, thresholds.review
    return [
        precision_recall_plot(
            precision_recall(mine, target),
            other,
            (figures.recall or 0, 1 if figures.precision is None else figures.precision),
            figures.positives / figures.rows,
            f"Precision over recall of {category}: average precision {_rate(figures.average_precision)}; at the review "
            f"threshold precision {_rate(figures.precision)}, recall {_rate(figures.recall)}",
        ),
        reliability_plot(
            found,
            f"Calibration of {category}: expected calibration error {_rate(figures.calibration_error)}; of messages given "
            f"{found.predicted[-1]:.2f} on average in the highest bin, {found.observed[-1]:.0%} are {category}",
        ),
        histogram_plot(
            shares,
            review,
            f"Scores of {category}: {_rate(figures.recall)} of those that are and {_rate(figures.false_positive_rate)} of those "
            f"that are not reach the review threshold {review:.4f}",
        ),
    ]


def _explorer(probabilities: Floats, target: Mask, thresholds: Thresholds) -> dict[str, Any]:
    grid = threshold_grid(probabilities, target, thresholds)
    marks = {"review": thresholds.review, "act": thresholds.act}
    return {
        "thresholds": [round(float(t), 6) for t in grid.thresholds],
        "recall": [round(float(r), 6) for r in grid.recall],
        "false_positive_rate": [round(float(r), 6) for r in grid.false_positive_rate],
        "share": float(target.mean()),
        **{name: int(np.searchsorted(grid.thresholds, t)) if 0 < t < 1 else None for name, t in marks.items()},
    }


def _rate(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _bound(value: float, digits: int) -> str:
    """An end of an interval, in as few characters as it takes."""
    return f"{value:.{digits}f}".removeprefix("0")


def _signed(value: float, digits: int = 3) -> str:
    return f"{value:+.{digits}f}".replace("-", "\u2212")


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def check_page_target(folder: Path, *, force: bool) -> None:
    """Refuse early what `write_page` would refuse.

    Raises:
        CannotCreateError: The folder is a file, or has a page already and ``force`` is off.
    """
    if folder.exists() and not folder.is_dir():
        raise CannotCreateError(f"{folder}: is no folder")
    if (folder / PAGE_NAME).exists() and not force:
        raise CannotCreateError(f"{folder / PAGE_NAME}: exists; --force replaces it")


def write_page(page: str, folder: Path, *, force: bool = False) -> Path:
    """Write the page as ``index.html`` in the folder, which is made; it gets its name only when it is whole.

    Raises:
        CannotCreateError: There is one already and ``force`` is off, or it cannot be made.
    """
    check_page_target(folder, force=force)
    target = folder / PAGE_NAME
    partial = folder / f".{secrets.token_hex(8)}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(page, encoding="utf-8")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise CannotCreateError(f"{target}: {error.strerror}") from None
    return target
