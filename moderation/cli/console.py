"""What all commands share: consoles that know whether a person watches, and text made safe to show."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from moderation.messages.batch import ReadProblems

_JOINERS = "\u200c\u200d"  # parts of emoji and of Persian words, and harmless


def out() -> Console:
    """Tables on standard output; wide enough to be useful when nobody watches. Nothing in them is taken for markup."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140, highlight=False, markup=False, emoji=False)


def write_out(text: str) -> None:
    """Text on standard output as it is, neither wrapped nor styled."""
    sys.stdout.write(text)
    sys.stdout.flush()  # here, where a reader that went away is no news


def say(message: str) -> None:
    """One line for people, on standard error."""
    sys.stderr.write(f"{shown(message)}\n")


def shown(text: str, limit: int | None = None) -> str:
    """Text as one line that does nothing to a terminal, cut after ``limit`` characters.

    Without control characters, which move the cursor or worse, and format characters, which turn the direction of
    whatever follows or hide.
    """
    line = " ".join(text.split())
    kept = "".join(c for c in line if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return kept if limit is None or len(kept) <= limit else f"{kept[:limit].rstrip()}…"


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


def report_problems(problems: ReadProblems) -> None:
    """Say what was wrong with the inputs, if anything was."""
    for refusal in problems.refused:
        say(f"{refusal}; marked unreadable")
    if problems.unreadable_rows:
        say(f"rows that could not be read, marked unreadable: {problems.unreadable_rows:,}")
    if problems.ragged_rows:
        say(f"rows with more or fewer cells than the header: {problems.ragged_rows:,}")
    if problems.replaced_sequences:
        say(f"byte sequences that are no text, replaced: {problems.replaced_sequences:,}; --encoding names another encoding")
    if problems.left_out_files:
        say(f"files that hold no messages, by name and look, left out: {problems.left_out_files:,}")
