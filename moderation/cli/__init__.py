"""The command line: one file a command, each parses and then calls a plain function that anyone can import."""

from __future__ import annotations

import sys

import typer

from moderation.cli import evaluate, explain, models, score, train
from moderation.errors import ModerationError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tells which customer messages break the Code of Conduct, why, and which to look at first.",
)
app.command()(score.score)
app.command()(explain.explain)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.add_typer(models.app, name="models")


def main() -> None:
    """Run the command line; errors made on purpose end it with one line and their exit code."""
    try:
        app()
    except ModerationError as error:
        sys.stderr.write(f"moderation: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
