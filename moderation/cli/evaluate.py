"""``moderation evaluate``: how good a model is on labelled rows, and whether it is better than another."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderation.cli.console import out, say, shown, write_out
from moderation.cli.labelled import ENCODING, EncodingOption, LabelColumns, mapped_columns, say_noticed
from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.evaluation import Comparison, Evaluation
    from moderation.evaluation.comparison import Difference

RESAMPLES = 1000


def evaluate(
    labels: Annotated[
        list[str], typer.Argument(help="Labelled files: a text and any category as 1, 0 or empty.", metavar="LABELS...")
    ],
    *,
    model: Annotated[str | None, typer.Option("--model", help="Name or folder; the one in use when omitted.")] = None,
    against: Annotated[str | None, typer.Option("--against", help="A model to compare with, on the same rows.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    columns: LabelColumns = None,
    encoding: EncodingOption = ENCODING,
    split: Annotated[
        str | None, typer.Option("--split", help="Only rows whose split column says so: train, dev or test.")
    ] = None,
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, max=100_000, help="Resamples for the 95 % intervals; 0 for none.")
    ] = RESAMPLES,
    as_json: Annotated[bool, typer.Option("--json", help="All figures, slices included, as JSON.")] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Folder for a page with plots, index.html.")] = None,
    no_text: Annotated[bool, typer.Option("--no-text", help="Leave all messages out of the page.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing page.")] = False,
) -> None:
    """Compare a model's scores with labels, per category and per source, language, channel and tag.

    With --against, says of each difference to the other model whether it is more than luck. Rows of one voice or group are
    resampled together; with fewer than 20 groups of either kind there are no intervals and no test.

    Example: moderation evaluate labelled.csv --against default --report build/report
    """
    if report is None and (no_text or force):
        raise UsageError("--no-text and --force are about the page of --report")
    done = evaluate_files(
        labels,
        model=model,
        against=against,
        text_column=text,
        columns=mapped_columns(columns),
        encoding=encoding,
        split=split,
        resamples=bootstrap,
        report=report,
        texts=not no_text,
        force=force,
    )
    if as_json:
        write_out(json.dumps(done.to_dict(), indent=1, allow_nan=False) + "\n")
    else:
        _show(done.evaluation)
        if done.comparison:
            _show_comparison(done.comparison)
    if done.page:
        say(f"report: {done.page}")


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation brought: figures, those against another model, and the page, where asked for."""

    evaluation: Evaluation
    comparison: Comparison | None
    page: Path | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data; ``against`` only where there was another model."""
        found = self.evaluation.to_dict()
        return found | {"against": self.comparison.to_dict()} if self.comparison else found


def evaluate_files(
    labels: list[str],
    *,
    model: str | None = None,
    against: str | None = None,
    text_column: str | None = None,
    columns: dict[str, str] | None = None,
    encoding: str = ENCODING,
    split: str | None = None,
    resamples: int = RESAMPLES,
    report: Path | None = None,
    texts: bool = True,
    force: bool = False,
) -> Evaluated:
    """Evaluate a model on labelled files, against another and with a page where asked for.

    Raises:
        DataError: No row is left to judge on.
        CannotCreateError: There is a page already and ``force`` is off, or it cannot be made.
    """
    from datetime import date

    from moderation.errors import DataError
    from moderation.evaluation import compare
    from moderation.evaluation import evaluate as judge
    from moderation.labelled import Noticed, read_labelled
    from moderation.registry import load_named_model

    if report:
        from moderation.evaluation.report import check_page_target, render, write_page

        check_page_target(report, force=force)
    judged = load_named_model(model)
    other = None if against is None else load_named_model(against)
    noticed = Noticed()
    rows = read_labelled(labels, text_column, columns=columns, encoding=encoding, noticed=noticed)
    say_noticed(noticed)
    if split is not None:
        rows = rows.select(rows.facet("split") == split)
    if not len(rows):
        raise DataError(f"no row belongs to the split {split}")
    with _progress() as progress:
        comparison = None if other is None else compare(judged, other, rows, resamples=resamples, progress=progress)
        evaluation = comparison.model if comparison else judge(judged, rows, resamples=resamples, progress=progress)
    if not report:
        return Evaluated(evaluation, comparison, None)
    page = render(judged, rows, evaluation, other, comparison, texts=texts, made=date.today())
    return Evaluated(evaluation, comparison, write_page(page, report, force=force))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar of resamples on standard error while a person watches."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("evaluating", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _show(result: Evaluation) -> None:
    from rich.table import Table

    from moderation.evaluation.figures import RATES

    table = Table(box=None, padding=(0, 1), title=f"model {shown(result.model)}", title_justify="left")
    table.add_column("category", no_wrap=True)
    for name in ("rows", "positives", *RATES.values()):
        table.add_column(name, justify="right", no_wrap=True)
    for f in result.overall():
        cells = [_rate(f.rate(name), f.intervals.get(name)) for name in RATES]
        table.add_row(f.category, f"{f.rows:,}", f"{f.positives:,}", *cells)
    console = out()
    console.print(table)
    if any(f.intervals for f in result.overall()):
        console.print(f"below each figure its 95 % bootstrap interval, {result.resamples:,} resamples")
    if result.clean_rows:
        share = result.clean_flagged / result.clean_rows
        console.print(f"clean in all categories: {result.clean_rows:,}, flagged {result.clean_flagged:,} ({share:.2%})")


def _rate(value: float | None, bounds: tuple[float, float] | None) -> str:
    """A figure, and below it its interval in as few characters as it takes."""
    if value is None:
        return "-"
    return f"{value:.3f}" + ("\n" + "-".join(f"{bound:.3f}".removeprefix("0") for bound in bounds) if bounds else "")


def _show_comparison(result: Comparison) -> None:
    from rich.table import Table

    from moderation.evaluation.figures import RATES

    compared = ("average_precision", "recall", "false_positive_rate", "calibration_error")
    title = f"\ndifferences to {shown(result.other.model)} on the same rows"
    table = Table(box=None, padding=(0, 1), title=title, title_justify="left")
    table.add_column("category", no_wrap=True)
    for name in compared:
        table.add_column(RATES[name])
    table.add_column("flags right in one only")
    for test in result.flags:
        differences = [result.overall(name).get(test.category) for name in compared]
        flags = f"{test.only_model:,} : {test.only_other:,}, p {test.p_value:.2g}\n{test.verdict}"
        table.add_row(test.category, *map(_difference, differences), flags)
    console = out()
    console.print(table)
    if result.model.clean_rows:
        console.print(
            f"clean in all categories and flagged: {result.model.clean_flagged:,}, by the other {result.other.clean_flagged:,}"
        )
    if words := result.in_words("average_precision"):
        console.print(f"average precision: {words}")


def _difference(found: Difference | None) -> str:
    if found is None:
        return "-"
    bounds = f"{found.interval[0]:+.4f} to {found.interval[1]:+.4f}\n" if found.interval else ""
    return f"{found.difference:+.4f}\n{bounds}{found.verdict}"
