"""``moderation evaluate``: how good a model is on labelled rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli.console import out, write_out

if TYPE_CHECKING:
    from moderation.evaluation import Evaluation


def evaluate(
    labels: Annotated[
        list[str], typer.Argument(help="Labelled files: a text and any category as 1, 0 or empty.", metavar="LABELS...")
    ],
    model: Annotated[str | None, typer.Option("--model", help="Name or folder; the shipped one when omitted.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Only rows whose split column says so: train, dev or test.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All figures, slices included, as JSON.")] = False,
) -> None:
    """Compare a model's scores with labels, per category and per source, language, channel and tag.

    Example: moderation evaluate labelled.csv --json
    """
    result = evaluate_files(labels, model=model, text_column=text, split=split)
    if as_json:
        write_out(json.dumps(result.to_dict(), indent=1) + "\n")
    else:
        _show(result)


def evaluate_files(
    labels: list[str], *, model: str | None = None, text_column: str | None = None, split: str | None = None
) -> Evaluation:
    """Evaluate a model on labelled files.

    Raises:
        DataError: No row is left to judge on.
    """
    from moderation.errors import DataError
    from moderation.evaluation import evaluate as judge
    from moderation.labelled import read_labelled
    from moderation.registry import load_named_model

    rows = read_labelled(labels, text_column)
    if split is not None:
        rows = rows.select(rows.facet("split") == split)
    if not len(rows):
        raise DataError(f"no row belongs to the split {split}")
    return judge(load_named_model(model), rows)


def _show(result: Evaluation) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1), title=f"model {result.model}", title_justify="left")
    columns = ("rows", "positives", "AP", "ROC AUC", "precision", "recall", "F1", "FPR", "P act", "R act", "ECE")
    table.add_column("category")
    for name in columns:
        table.add_column(name, justify="right")
    for f in result.overall():
        rates = (
            f.average_precision,
            f.roc_auc,
            f.precision,
            f.recall,
            f.f1,
            f.false_positive_rate,
            f.act_precision,
            f.act_recall,
        )
        shown = ["-" if value is None else f"{value:.3f}" for value in (*rates, f.calibration_error)]
        table.add_row(f.category, f"{f.rows:,}", f"{f.positives:,}", *shown)
    console = out()
    console.print(table)
    if result.clean_rows:
        share = result.clean_flagged / result.clean_rows
        console.print(f"clean in all categories: {result.clean_rows:,}, flagged {result.clean_flagged:,} ({share:.2%})")
