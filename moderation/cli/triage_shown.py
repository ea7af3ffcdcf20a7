"""How ``moderation triage`` shows messages, lists and figures to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from moderation.categories import CATEGORIES
from moderation.cli.console import out, shown, write_out
from moderation.messages.times import as_datetime
from moderation.triage.priority import HOUR

if TYPE_CHECKING:
    from moderation.triage.cases import Event
    from moderation.triage.estimates import Estimates, Share
    from moderation.triage.figures import Figures
    from moderation.triage.messages import Message, Surroundings

MESSAGE, BESIDE, WORD, NAME = 4_000, 100, 24, 40
"""How many characters are shown: of the message, of one beside it, of a word, of a name."""
EARLIER = 5


def show_message(message: Message, around: Surroundings, now: int) -> None:
    """One message with its reasons, its conversation and the history of its author."""
    said = [f"message {message.id}", message.category, _due(message, now)]
    if message.holder is not None:
        said.append(f"with {shown(message.holder, NAME)}")
    if message.stage.name != "first":
        said.append(f"stage: {message.stage.name}")
    _line(" · ".join(said))
    _line(_where(message))
    _line("")
    _line(shown(message.text, MESSAGE))
    _line("")
    if message.priority is not None:
        parts = message.priority
        _line(
            f"priority {parts.total:.1f} = harm {parts.harm:.0f} + repeat {parts.repeat:.0f} "
            f"+ waiting {parts.waiting:.1f} + floor {parts.floor:.1f}"
        )
    ordered = sorted(message.probabilities.items(), key=lambda pair: -pair[1])
    _line("  ".join(f"{name} {p:.2f}{'!' if name in message.flags else ''}" for name, p in ordered))
    for flag, words in _reasons(message).items():
        _line(f"{flag}: {', '.join(words)}")
    if around.violations:
        _line(f"earlier violations of the author: {around.violations}")
    if around.duplicates:
        _line(f"decided with it: {around.duplicates:,} more of the same")
    for suggestion in around.suggestions:
        _line(f"the Code allows: {suggestion.title_en} ({suggestion.clause})")
    _beside("conversation", [other for other in around.conversation if other.id != message.id])
    _beside("by the same author", around.earlier[:EARLIER])


def show_history(events: Iterable[Event]) -> None:
    """What happened to a message."""
    for event in events:
        labels = event.detail.get("labels")
        said = "" if labels is None else ", ".join(labels) or "clean"
        note = shown(event.detail.get("note") or "", BESIDE)
        _line(f"{_time(event.at)}  {event.kind.value} by {shown(event.reviewer, NAME)}  {said}  {note}".rstrip())


def show_list(messages: Iterable[Message], now: int) -> None:
    """The top of the queue."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1), expand=True)
    table.add_column("item", justify="right")
    table.add_column("prio", justify="right")
    table.add_column("category", no_wrap=True)
    table.add_column("due", no_wrap=True)
    table.add_column("with", no_wrap=True)
    table.add_column("message", ratio=1)
    for message in messages:
        total = "" if message.priority is None else f"{message.priority.total:.0f}"
        holder = shown(message.holder or "", 12)
        table.add_row(str(message.id), total, message.category, _due(message, now), holder, shown(message.text, 160))
    out().print(table)


def show_stats(figures: Figures, estimates: Estimates) -> None:
    """Everything that is counted."""
    from rich.table import Table

    f = figures
    _line(f"messages {f.messages:,}, waiting {f.waiting:,}; decisions {f.decisions:,}, {_number(f.decisions_per_hour)} an hour")
    _line(f"skipped {f.skipped:,}, escalated {f.escalated:,}; appeals {f.appeals:,}, {f.overturned:,} overturned")
    _line(f"second opinions {f.second_opinions:,}, {f.differing:,} differ from the first")
    table = Table(box=None, padding=(0, 1))
    for column in ("category", "waiting", "overdue", "answered", "late", "p50 h", "p95 h", "alpha"):
        table.add_column(column, justify="left" if column == "category" else "right")
    for name, c in f.categories.items():
        cells = (c.waiting, c.overdue, c.answered, c.late)
        table.add_row(name, *(f"{n:,}" for n in cells), _number(c.p50_hours), _number(c.p95_hours), _number(f.agreement[name], 2))
    out().print(table)
    _line(f"random slice: {estimates.cases:,} cases; share and 95 % interval")
    table = Table(box=None, padding=(0, 1))
    for column in ("category", "precision", "recall"):
        table.add_column(column)
    for name in CATEGORIES:
        table.add_row(name, _share(estimates.precision[name]), _share(estimates.recall[name]))
    out().print(table)


def _reasons(message: Message) -> dict[str, list[str]]:
    """The words that push each flagged category, or else the likeliest one."""
    from moderation.classifier.explain import explain
    from moderation.registry import load_named_model

    explanation = explain(load_named_model(), message.text)
    flags = message.flags or (max(message.probabilities, key=lambda name: message.probabilities[name]),)
    return {flag: list(dict.fromkeys(shown(reason.text, WORD) for reason in explanation.of(flag))) for flag in flags}


def _beside(title: str, messages: Iterable[Message]) -> None:
    found = list(messages)
    if found:
        _line(f"{title}:")
    for message in found:
        labels = "" if message.labels_shown is None else f" [{', '.join(message.labels_shown) or 'clean'}]"
        _line(f"  {_time(message.sent)}  {message.id}{labels}  {shown(message.text, BESIDE)}")


def _where(message: Message) -> str:
    named = (("from", message.author), ("in", message.thread), ("on", message.channel))
    return "  ".join([_time(message.sent), *(f"{word} {shown(name, NAME)}" for word, name in named if name)])


def _due(message: Message, now: int) -> str:
    hours = (message.due - now) / HOUR
    amount = f"{abs(hours):.0f} h" if abs(hours) < 48 else f"{abs(hours) / 24:.0f} d"
    return f"in {amount}" if hours >= 0 else f"{amount} late"


def _time(at: int) -> str:
    return as_datetime(at).astimezone().strftime("%Y-%m-%d %H:%M")


def _share(share: Share | None) -> str:
    return "-" if share is None else f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f}, of {share.trials})"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _line(text: str) -> None:
    write_out(f"{text}\n")
