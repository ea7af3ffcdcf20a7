"""The command line: one file a command, each parses and then calls a plain function that anyone can import."""

from __future__ import annotations

import io
import os
import sys

import typer

from moderation.cli import drift, evaluate, explain, labels, models, score, train, triage, triage_serve
from moderation.cli.console import say
from moderation.errors import ModerationError, OutputError, UsageError

_EXTRAS = {
    **dict.fromkeys(("sklearn", "scipy", "pandas", "joblib", "datasketch", "matplotlib", "jinja2", "markupsafe"), "train"),
    **dict.fromkeys(("distributed", "dask"), "cluster"),
    **dict.fromkeys(("sqlalchemy", "fastapi", "starlette", "uvicorn", "argon2", "python_multipart"), "triage"),
    "psycopg": "postgres",
}
"""Which extra brings a module."""

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
app.command()(drift.drift)
app.add_typer(labels.app, name="labels")
app.add_typer(models.app, name="models")
triage.app.command()(triage_serve.serve)
triage.app.command()(triage_serve.passwd)
app.add_typer(triage.app, name="triage")


def main() -> None:
    """Run the command line; errors made on purpose end it with one line and their exit code."""
    if sys.argv[1:2] == ["score"]:
        # numba looks for BLAS in scipy, which takes longer than scoring a thousand messages; scoring multiplies no matrices.
        sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # emoji on a terminal of another encoding
    try:
        app()
    except ModerationError as error:
        say(f"moderation: {error}")
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in _EXTRAS:
            raise
        say(f"moderation: {name} is not installed, which this command needs: pip install 'moderation[{_EXTRAS[name]}]'")
        sys.exit(UsageError.exit_code)
    except OSError as error:
        say(f"moderation: {error.filename or 'reading or writing'}: {error.strerror or 'failed'}")
        sys.exit(OutputError.exit_code)


def run() -> None:
    """The installed command: `main`, then out at once, since taking the compiler apart takes a quarter of a second."""
    code: int | str | None = 0
    try:
        main()
    except SystemExit as error:
        code = error.code
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except OSError as error:  # a full disk; what could not be written is tried again here, and may have been told already
        if code != OutputError.exit_code:
            code = OutputError.exit_code
            say(f"moderation: writing: {error.strerror or 'failed'}")
    os._exit(code if isinstance(code, int) else int(bool(code)))
