"""The findings of ``moderation labels check`` as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.table import Table

from moderation.cli.console import out, shown
from moderation.labels.balance import PERCENTILES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from moderation.labels import Checked
    from moderation.labels.rows import Rows

PLACES = 3
"""How many rows of one side of a finding are shown."""

TEXT = 120
"""How many characters of a message are shown."""


def show(checked: Checked, top: int | None, *, texts: bool) -> None:
    """Print what there is and what was found, of every kind the first ``top``; messages only with ``texts``."""
    console = out()
    for lines in (_balance(checked), _findings(checked, top, texts=texts)):
        for line in lines:
            console.print(line)


def _balance(checked: Checked) -> Iterator[RenderableType]:
    found = checked.balance
    yield (
        f"{found.rows:,} rows: {found.unlabelled:,} without labels, {found.empty:,} without a word, "
        f"{found.repeated:,} with the text of an earlier row"
    )
    yield "languages: " + ", ".join(f"{shown(name, 20)} {count:,}" for name, count in found.languages.items())
    if found.words:
        low, middle, high = found.words
        yield f"words: {middle} in the middle, {low} to {high} in the {PERCENTILES[-1] - PERCENTILES[0]} % around it"
    table = _table("labels", "category", "1", "0", "unknown")
    for category, counts in found.labels.items():
        table.add_row(category, *(f"{count:,}" for count in counts.values()))
    yield table


def _findings(checked: Checked, top: int | None, *, texts: bool) -> Iterator[RenderableType]:
    rows = checked.rows
    if checked.conflicts:
        title = _title("contradictory labels", len(checked.conflicts), top)
        table = _table(title, "category", "alike", "labelled 1", "labelled 0")
        for c in checked.conflicts[:top]:
            table.add_row(c.category, _alike(c.similarity), _told(rows, c.yes, texts), _told(rows, c.no, texts))
        yield table
    if checked.suspects.found:
        title = _title("unlikely labels", len(checked.suspects.found), top)
        table = _table(title, "category", "label", "probability of 1", "row")
        for s in checked.suspects.found[:top]:
            table.add_row(s.category, str(s.label), f"{s.probability:.3f}", _told(rows, [s.row], texts))
        yield table
    if checked.suspects.skipped:
        yield ""
    for category, reason in checked.suspects.skipped.items():
        yield f"{category}: no look for unlikely labels: {reason}"
    if checked.leaks:
        title = _title("texts on two sides", len(checked.leaks), top)
        table = _table(title, "sides", "alike", "on the first", "on the second")
        for leak in checked.leaks[:top]:
            sides = " | ".join(shown(side) for side in leak.sides)
            table.add_row(sides, _alike(leak.similarity), _told(rows, leak.one, texts), _told(rows, leak.other, texts))
        yield table
    if checked.agreement:
        table = _table("agreement", "category", "messages", "alpha", "kappa", "disputed", "where")
        for a in checked.agreement:
            where = "\n".join(_told(rows, some, texts) for some in a.disputed[:top])
            table.add_row(a.category, f"{a.messages:,}", _number(a.alpha), _number(a.kappa), f"{len(a.disputed):,}", where)
        yield table
    yield f"\nfindings: {checked.findings:,}"


def _told(rows: Rows, some: Iterable[int], texts: bool) -> str:
    """Where rows stand, one a line."""
    there = list(some)
    lines = []
    for row in there[:PLACES]:
        lines.append(shown(rows.place(row)))
        if texts:
            lines.append(f"  {shown(rows.texts[row].as_py(), TEXT)}")
    return "\n".join(lines + ([f"and {len(there) - PLACES:,} more"] if len(there) > PLACES else []))


def _title(name: str, count: int, top: int | None) -> str:
    return f"{name}: {count:,}" + (f", the first {top}" if top is not None and count > top else "")


def _table(title: str, *columns: str) -> Table:
    made = Table(title=f"\n{title}", title_justify="left", box=None, padding=(0, 1))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def _alike(similarity: float) -> str:
    return "equal" if similarity == 1 else f"{similarity:.0%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
