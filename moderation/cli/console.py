"""What all commands share: consoles that know whether a person watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console


def out() -> Console:
    """Tables on standard output; wide enough to be useful when nobody watches."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


def say(message: str) -> None:
    """One line for people, on standard error."""
    sys.stderr.write(f"{message}\n")


@contextmanager
def row_counter(label: str) -> Iterator[Callable[[int], None]]:
    """A line that counts rows on standard error while a person watches; call the result with how many more are done."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn(label), TextColumn("{task.completed:,} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=None)
        yield lambda rows: progress.update(task, advance=rows)
