"""``moderation train``: labelled rows in, a model folder out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderation.cli.console import say, write_out
from moderation.cli.labelled import LabelColumns, mapped_columns, say_noticed
from moderation.errors import UsageError

if TYPE_CHECKING:
    from moderation.classifier.blocks import Progress
    from moderation.config import TrainingConfig


def train(
    labels: Annotated[
        list[str] | None,
        typer.Argument(
            help="Labelled files: a text and any category as 1, 0 or empty. Those of the config when omitted.",
            metavar="[LABELS...]",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The model folder to make.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Training config in TOML.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A key of the config, as TOML: C=0.2, weights.web=0.1. Repeatable."),
    ] = None,
    base: Annotated[str | None, typer.Option("--from", metavar="MODEL", help="Continue from this model: name or folder.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    columns: LabelColumns = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Of text files without a byte order mark.")] = None,
    show_config: Annotated[bool, typer.Option("--show-config", help="Print the config of this run and stop.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing model.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who trains, for the registry; your login when omitted.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the registry.")] = "",
) -> None:
    """Train a model, thresholds and calibration included.

    Own labels added to the shipped authored ones: moderation train data/authored/*.jsonl own.csv -o models/ours

    Own labels on top of a model, without its data: moderation train own.csv --from default -o models/ours

    Example: moderation train labelled.csv -o models/ours --set C=0.2
    """
    from moderation.config import load_config

    given = {"labels": labels, "base": base, "text": text, "encoding": encoding, "columns": mapped_columns(columns)}
    options = {key: value for key, value in given.items() if value}
    settings = load_config(config, overrides or [], options, name=output.name if output else "custom")
    if show_config:
        write_out(settings.to_toml())
        return
    if output is None:
        raise UsageError("where to? Name the model folder to make with -o")
    train_model(settings, output, force=force, by=by, reason=reason)


def train_model(config: TrainingConfig, output: Path, *, force: bool = False, by: str | None = None, reason: str = "") -> None:
    """Train as the config says and save the model; in a registry, also record it.

    Raises:
        UsageError: The config names no labelled files.
    """
    if not config.labels:
        raise UsageError("which labelled files? Give them, or name them in the config: labels = [...]")
    from moderation.labelled import Noticed, read_batches
    from moderation.registry import load_named_model
    from moderation.registry.promoting import check_training_target, save_training
    from moderation.training import train as fit

    check_training_target(output, force=force)
    start = load_named_model(config.base) if config.base else None
    noticed = Noticed()
    batches = read_batches(config.labels, config.text or None, columns=config.columns, encoding=config.encoding, noticed=noticed)
    with _progress() as progress:
        model = fit(batches, config, start=start, progress=progress)
    save_training(model, output, force=force, by=by, reason=reason)
    say_noticed(noticed)
    learnt = model.facts.get("new_rows", model.facts["rows"])
    say(f"{model.name} {model.version}, trained on {learnt:,} labelled rows, saved in {output}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """Phases and how far they are, on standard error while a person watches."""
    if not sys.stderr.isatty():
        yield lambda phase, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(phase: str, done: int, total: int | None) -> None:
            bar.update(task, description=phase, completed=done, total=total)

        yield show
