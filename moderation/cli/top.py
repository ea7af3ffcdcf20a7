"""The most urgent messages with their reasons, for a person at a terminal."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moderation.cli.console import out, report_problems, row_counter, say, shown

if TYPE_CHECKING:
    import pyarrow as pa

    from moderation.messages.batch import ReadOptions
    from moderation.redaction import Redactor
    from moderation.scoring import Moderator

MESSAGE, WORD = 160, 24
"""How many characters of a message and of a word are shown."""


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
    options: ReadOptions | None = None,
    redactor: Redactor | None = None,
) -> int:
    """Show the ``top`` most urgent messages with their reasons; returns how many rows could not be read."""
    from moderation.messages.batch import ReadOptions, ReadProblems
    from moderation.messages.reading import read
    from moderation.scoring import load, score_batches_with_texts

    moderator = load(model)
    problems = ReadProblems()
    options = options or ReadOptions()
    batches = read(inputs, text_column=text_column, encoding=encoding, options=options, problems=problems, mark_refused=True)
    urgent: list[_Urgent] = []
    counts: dict[str, int] = {}
    total = 0
    with row_counter("scored") as count:
        for texts, table in score_batches_with_texts(moderator, batches, jobs):
            for action in table.column("action").to_pylist():
                counts[action] = counts.get(action, 0) + 1
            _keep_urgent(urgent, texts, table, total, top)
            total += len(table)
            count(len(table))
    _show(moderator, sorted(urgent, reverse=True), redactor)
    say(f"messages: {total:,} (" + ", ".join(f"{a} {counts.get(a, 0):,}" for a in ("escalate", "review", "none")) + ")")
    report_problems(problems)
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


def _show(moderator: Moderator, urgent: list[_Urgent], redactor: Redactor | None) -> None:
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
        reasons = [reason for flag in flags for reason in explanation.of(flag, 3)]
        words = [redactor.mask_part(entry.text, r.start, r.end) if redactor else r.text for r in reasons]
        table.add_row(
            f"{entry.priority:.0f}",
            entry.row["action"],
            "\n".join(entry.row["flags"]),
            shown(redactor.mask(entry.text) if redactor else entry.text, MESSAGE),
            ", ".join(dict.fromkeys(shown(word, WORD) for word in words)),
        )
    out().print(table)
