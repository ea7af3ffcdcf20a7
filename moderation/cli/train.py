"""``moderation train``: labelled rows in, a model folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderation.cli.console import say
from moderation.errors import CannotCreateError


def train(
    labels: Annotated[
        list[str], typer.Argument(help="Labelled files: a text and any category as 1, 0 or empty.", metavar="LABELS...")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The model folder to make.")],
    config: Annotated[Path | None, typer.Option("--config", help="Training config in TOML.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing folder.")] = False,
) -> None:
    """Train a model, thresholds and calibration included.

    Example: moderation train labelled.csv -o models/ours
    """
    train_model(labels, output, config=config, text_column=text, force=force)


def train_model(
    labels: list[str], output: Path, *, config: Path | None = None, text_column: str | None = None, force: bool = False
) -> None:
    """Train on labelled files and save the model, named after its folder unless the config names it."""
    if output.exists() and not force:
        raise CannotCreateError(f"{output} exists; choose another name or give --force")
    from moderation.classifier.model import save_model
    from moderation.labelled import read_labelled
    from moderation.training import TrainingConfig, load_config
    from moderation.training import train as fit

    settings = load_config(config) if config else TrainingConfig(name=output.name)
    rows = read_labelled(labels, text_column)
    say(f"training on {len(rows):,} labelled rows")
    model = fit(rows, settings)
    save_model(model, output, force=force)
    say(f"{model.name} {model.version} saved in {output}")
