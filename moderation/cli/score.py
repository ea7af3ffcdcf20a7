"""``moderation score``: files of messages in, verdicts out."""

from __future__ import annotations

import heapq
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderation.cli.console import out, row_counter, say, shown
from moderation.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from moderation.messages.batch import ReadProblems
    from moderation.scoring import Moderator

SHOWN = 20
MESSAGE, WORD = 160, 24
"""How many characters of a message and of a word are shown."""


def score(
    inputs: Annotated[list[str], typer.Argument(help="Files or folders; - is standard input.", metavar="INPUT...")],
    *,
    output: Annotated[str | None, typer.Option("-o", "--output", help="Where to; - is standard output.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="csv, tsv, jsonl or parquet; else by the extension of the output.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Name or folder; the shipped one when omitted.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Threads; 0 is one a core.")] = 1,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Show the most urgent messages with reasons instead.")] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Of text inputs without a byte order mark.")] = "utf-8",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output.")] = False,
) -> None:
    """Score messages: one verdict a row, every input column kept.

    Without -o, a person gets a table of the most urgent messages and a pipe gets JSONL.

    Exit codes: 0 all rows done, 1 some rows could not be read (each still has its line), 2 usage, 65 input not understood,
    66 no such input, 73 output cannot be made, 74 reading or writing failed.

    Example: moderation score chats.csv -o verdicts.csv
    """
    if top and (output or to):
        raise UsageError("--top shows a table; leave out -o and --to, or --top")
    watched = output is None and to is None and sys.stdout.isatty()
    if top or watched:
        unreadable = show_top(inputs, top or SHOWN, text_column=text, model=model, jobs=jobs, encoding=encoding)
    else:
        unreadable = score_files(
            inputs, output or "-", text_column=text, output_format=to, model=model, jobs=jobs, encoding=encoding, force=force
        )
    if unreadable:
        raise typer.Exit(1)


def score_files(
    inputs: list[str],
    output: str,
    *,
    text_column: str | None = None,
    output_format: str | None = None,
    model: str | None = None,
    jobs: int = 1,
    encoding: str = "utf-8",
    force: bool = False,
) -> int:
    """Score inputs into one output; returns how many rows could not be read."""
    from moderation.messages.batch import ReadProblems
    from moderation.messages.reading import read
    from moderation.messages.writing import open_writer
    from moderation.scoring import load, score_batches

    problems = ReadProblems()
    batches = read(inputs, text_column=text_column, encoding=encoding, problems=problems)
    with open_writer(output, output_format, force=force) as writer, row_counter("scored") as count:
        for table in score_batches(load(model), batches, _threads(jobs)):
            writer.write(table)
            count(len(table))
    _report(problems)
    return problems.unreadable_rows


@dataclass(frozen=True, order=True)
class _Urgent:
    priority: float
    place: int
    text: str
    row: dict[str, Any]


def show_top(
    inputs: list[str],
    top: int,
    *,
    text_column: str | None = None,
    model: str | None = None,
    jobs: int = 1,
    encoding: str = "utf-8",
) -> int:
    """Show the ``top`` most urgent messages with their reasons; returns how many rows could not be read."""
    from moderation.messages.batch import ReadProblems
    from moderation.messages.reading import read
    from moderation.scoring import load, score_batches_with_texts

    moderator = load(model)
    problems = ReadProblems()
    batches = read(inputs, text_column=text_column, encoding=encoding, problems=problems)
    urgent: list[_Urgent] = []
    counts: dict[str, int] = {}
    total = 0
    with row_counter("scored") as count:
        for texts, table in score_batches_with_texts(moderator, batches, _threads(jobs)):
            for action in table.column("action").to_pylist():
                counts[action] = counts.get(action, 0) + 1
            _keep_urgent(urgent, texts, table, total, top)
            total += len(table)
            count(len(table))
    _show(moderator, sorted(urgent, reverse=True))
    say(f"messages: {total:,} (" + ", ".join(f"{a} {counts.get(a, 0):,}" for a in ("escalate", "review", "none")) + ")")
    _report(problems)
    return problems.unreadable_rows


def _keep_urgent(urgent: list[_Urgent], texts: pa.Array, table: pa.Table, first: int, top: int) -> None:
    """Keep the ``top`` most urgent rows seen so far in the heap; among equals the earlier."""
    for row, priority in enumerate(table.column("priority").to_pylist()):
        if len(urgent) == top and priority <= urgent[0].priority:
            continue
        verdict = {name: table.column(name)[row].as_py() for name in ("flags", "action")}
        entry = _Urgent(priority, -(first + row), texts[row].as_py() or "", verdict)
        if len(urgent) < top:
            heapq.heappush(urgent, entry)
        else:
            heapq.heapreplace(urgent, entry)


def _show(moderator: Moderator, urgent: list[_Urgent]) -> None:
    from rich.table import Table

    from moderation.classifier.explain import explain

    table = Table(box=None, padding=(0, 1), expand=True)
    table.add_column("prio", justify="right")
    table.add_column("action")
    table.add_column("flags")
    table.add_column("message", ratio=2, min_width=16)
    table.add_column("why", ratio=1, min_width=10)
    for entry in urgent:
        explanation = explain(moderator.model, entry.text)
        flags = entry.row["flags"] or [max(explanation.log_odds, key=lambda c: explanation.log_odds[c])]
        because = dict.fromkeys(shown(reason.text, WORD) for flag in flags for reason in explanation.of(flag, 3))
        table.add_row(
            f"{entry.priority:.0f}",
            entry.row["action"],
            "\n".join(entry.row["flags"]),
            shown(entry.text, MESSAGE),
            ", ".join(because),
        )
    out().print(table)


def _threads(jobs: int) -> int:
    import os

    return jobs or os.cpu_count() or 1


def _report(problems: ReadProblems) -> None:
    if problems.unreadable_rows:
        say(f"rows that could not be read, marked unreadable: {problems.unreadable_rows:,}")
    if problems.ragged_rows:
        say(f"rows with more or fewer cells than the header: {problems.ragged_rows:,}")
    if problems.replaced_sequences:
        say(f"byte sequences that are no text, replaced: {problems.replaced_sequences:,}; --encoding names another encoding")
