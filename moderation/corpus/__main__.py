"""``python -m moderation.corpus``: build the labelled rows, check the authored messages, write the datasheet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from moderation.categories import CATEGORIES
from moderation.classifier.model import load_model
from moderation.config import load_config
from moderation.corpus.authored import balance, check, read_authored
from moderation.corpus.build import BuildReport, build
from moderation.corpus.datasheet import datasheet
from moderation.corpus.pieces import loudest_pieces, write_rows
from moderation.corpus.sources import LICENCE_CLASSES
from moderation.errors import CannotCreateError, DataError, ModerationError, NoInputError
from moderation.labelled import read_labelled
from moderation.text.thesaurus import THESAURUS_FILE, build_thesaurus, read_concepts
from moderation.text.vocabulary import VOCABULARY_FILE, build_vocabulary

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
# A table that nobody watches need not fit a screen.
screen = Console(stderr=True, width=None if sys.stderr.isatty() else 200)

DataFolder = Annotated[Path, typer.Option(help="Folder with authored/ and annotations/.")]


@app.command("build")
def build_command(
    out: Annotated[Path, typer.Option("-o", "--out", help="Parquet file to write.")],
    shared: Annotated[Path, typer.Option(help="Folder of the public sources.")] = Path("../shared/data"),
    classes: Annotated[str, typer.Option(help=f"Licence classes, with commas: {', '.join(LICENCE_CLASSES)}; or all.")] = "open",
    data: DataFolder = Path("data"),
    hold_out: Annotated[list[str] | None, typer.Option(help="A source for testing only; may be repeated.")] = None,
) -> None:
    """Write all labelled rows as one Parquet file.

    Example: python -m moderation.corpus build --classes open -o build/corpus-open.parquet
    """
    chosen = LICENCE_CLASSES if classes == "all" else tuple(name.strip() for name in classes.split(","))
    _show(build(shared, out, chosen, data, held_out=hold_out or ()))


@app.command("pieces")
def pieces_command(
    corpus: Annotated[Path, typer.Argument(help="Parquet file of `build`.")],
    model: Annotated[Path, typer.Option(help="Folder of the model that says what is loud.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Parquet file to write.")],
    config: Annotated[Path, typer.Option(help="Training config; messages of its customer sources are cut up.")],
) -> None:
    """Write the loudest piece of each message, to be learnt from beside the messages themselves.

    Example: python -m moderation.corpus pieces corpus.parquet --model first --config recipes/default.toml -o pieces.parquet
    """
    rows = read_labelled([str(corpus)])
    customers = load_config(config).customer_sources
    rows = rows.select(np.isin(rows.facet("source"), customers) & (rows.facet("split") != "test"))
    if not len(rows):
        raise NoInputError(f"{corpus} has no rows of {', '.join(customers)} outside the test split")
    pieces = loudest_pieces(rows, load_model(model).raw)
    write_rows(pieces, out)
    typer.echo(f"{out}: {len(pieces):,} pieces of {len(rows):,} messages", err=True)


@app.command("check")
def check_command(
    folder: Annotated[Path, typer.Argument(help="Folder of .jsonl files.")] = Path("data/authored"),
    limit: Annotated[int, typer.Option(help="Findings to show.")] = 50,
) -> None:
    """Check authored messages and print how they are balanced.

    Example: python -m moderation.corpus check data/authored
    """
    messages = read_authored(folder)
    if not messages:
        raise NoInputError(f"no messages in {folder}")
    for name, counts in balance(messages).items():
        if name == "voice":
            typer.echo(f"voices: {len(counts):,}")
        else:
            typer.echo(f"{name}: {', '.join(f'{value} {count}' for value, count in counts.most_common())}")
    findings = check(messages)
    for finding in findings[:limit]:
        typer.echo(f"{finding.kind}: {' '.join(finding.ids)} {finding.detail}".rstrip())
    typer.echo(f"{len(messages)} messages, {len(findings)} findings")
    if findings:
        raise DataError(f"{len(findings)} findings in {folder}")


@app.command("datasheet")
def datasheet_command(
    out: Annotated[Path, typer.Option("-o", "--out", help="Markdown file to write.")],
    data: DataFolder = Path("data"),
) -> None:
    """Write the datasheet of sources, authored messages and annotations.

    Example: python -m moderation.corpus datasheet -o data/README.md
    """
    page = datasheet(data)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise CannotCreateError(f"cannot write {out}: {error.strerror}") from error


@app.command("vocabulary")
def vocabulary_command(corpus: Annotated[Path, typer.Argument(help="Parquet file of `build`.")]) -> None:
    """Rebuild the words that a masked or spelt-out word may stand for; the test split stays unseen.

    Own messages are counted, and those of open sources that are not English: of these there are too many for their words to be
    customers'.

    Example: python -m moderation.corpus vocabulary build/corpus-default.parquet
    """
    rows = read_labelled([str(corpus)])
    counted = (rows.facet("source") == "authored") | (rows.facet("lang") != "en")
    rows = rows.select(counted & (rows.facet("licence_class") == "open") & (rows.facet("split") != "test"))
    rude = (rows.labels[:, [CATEGORIES.index(name) for name in ("abusive", "threatening", "hate")]] == 1).any(axis=1)
    built = build_vocabulary(zip(rows.texts.to_pylist(), rude.tolist(), strict=True))
    np.savez_compressed(VOCABULARY_FILE, **built._asdict())
    typer.echo(f"{VOCABULARY_FILE.name}: {VOCABULARY_FILE.stat().st_size} bytes", err=True)


@app.command("thesaurus")
def thesaurus_command(data: DataFolder = Path("data")) -> None:
    """Rebuild the table from a word to its concepts.

    Example: python -m moderation.corpus thesaurus
    """
    np.savez_compressed(THESAURUS_FILE, table=build_thesaurus(read_concepts(data / "thesaurus")))
    typer.echo(f"{THESAURUS_FILE.name}: {THESAURUS_FILE.stat().st_size} bytes", err=True)


def _show(report: BuildReport) -> None:
    labels = [f"{category} 1/0" for category in CATEGORIES]
    table = Table("source", "rows", "left", *labels, "no label", "annotated", "bad bytes", "empty")
    for count in report.sources:
        labels = [f"{count.yes[category]}/{count.no[category]}" for category in CATEGORIES]
        tail = (count.unlabelled, count.annotated, count.damaged, count.dropped)
        table.add_row(count.source, str(count.before), str(count.after), *labels, *(str(number) for number in tail))
    totals = [f"{sum(c.yes[name] for c in report.sources)}/{sum(c.no[name] for c in report.sources)}" for name in CATEGORIES]
    table.add_row("all", str(sum(c.before for c in report.sources)), str(sum(c.after for c in report.sources)), *totals)
    screen.print(table)
    screen.print("contradictory labels made unknown:", ", ".join(f"{name} {count}" for name, count in report.conflicts.items()))
    screen.print("rows by split:", ", ".join(f"{name} {count}" for name, count in report.splits.items()))
    screen.print(f"rows with near-duplicates: {report.near_duplicates}")


def main() -> None:
    """Run the command line; errors of this package end it with their exit code."""
    try:
        app()
    except ModerationError as error:
        screen.print(f"moderation.corpus: {error}", markup=False)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
