"""``moderation drift``: whether today's messages are still like those before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderation.cli.console import out, row_counter, say, shown, write_out
from moderation.errors import CannotCreateError, DataError, UsageError

if TYPE_CHECKING:
    from moderation.classifier.model import Model
    from moderation.drift import Drift, Profile
    from moderation.drift.days import Days
    from moderation.messages.batch import Batch

SHOWN_DAYS = 10
SHOWN_WORDS = 20


def drift(
    messages: Annotated[
        list[str],
        typer.Argument(help="Messages of today: files, folders, patterns; - is standard input.", metavar="MESSAGES..."),
    ],
    *,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", help="Messages of before; give it again for more. Else those the model learnt from."),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Name or folder; the one in use when omitted.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column with the messages; looked for when omitted.")] = None,
    time: Annotated[
        str | None, typer.Option("--time", help="Column with the time of each message; looked for when omitted.")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Picture to write, .png or .svg.")] = None,
    show_words: Annotated[
        bool, typer.Option("--show-words", help="Show the commonest words of today that were not known before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All figures, days included, as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing picture.")] = False,
) -> None:
    """Tell whether scores, words, flag rates and lengths of messages have drifted, or only vary by chance.

    Distributions are compared by the population stability index less what chance gives: 0.1 or more is to be watched, 0.25 or
    more is drift. A flag rate is to be watched when its odds are 1.5 times what they were, or as many times less, and has
    drifted from 2 times on. Nothing that chance does more often than once in a thousand times counts. Days, in the time zone
    of this computer, are compared with each other; they change neither verdict nor exit code.

    Without --against, the baseline is what the model keeps of the rows it learnt from, numbers only. Rows picked for labelling
    hold more bad messages than a month does, so expect scores and flag rates to differ from theirs; to watch these, too, name
    a month that was looked at.

    Exit codes: 0 stable or to be watched, 1 drift, 2 usage, 65 input not understood or under 100 messages, 66 no such input,
    73 picture cannot be made, 74 reading or writing failed.

    Example: moderation drift november.csv --against october.csv --plot november.png
    """
    if force and plot is None:
        raise UsageError("--force is about the picture of --plot")
    found = drift_of(
        messages, against=against, model=model, text_column=text, time_column=time, words=show_words, plot=plot, force=force
    )
    if as_json:
        write_out(json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n")
    else:
        _show(found)
    if plot:
        say(f"picture: {plot}")
    if found.drift.verdict.name == "drift":
        raise typer.Exit(1)


@dataclass(frozen=True)
class Found:
    """What changed, how the days were where messages have a time, and new words where they were asked for."""

    drift: Drift
    days: Days | None
    words: list[tuple[str, int]] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        days = {"daily": self.days.to_dict()} if self.days else {}
        words = {"new_words": [{"word": word, "messages": count} for word, count in self.words or ()]}
        return self.drift.to_dict() | days | ({} if self.words is None else words)


def drift_of(
    messages: Sequence[str],
    *,
    against: Sequence[str] | None = None,
    model: str | None = None,
    text_column: str | None = None,
    time_column: str | None = None,
    words: bool = False,
    plot: Path | None = None,
    force: bool = False,
) -> Found:
    """Compare messages with a baseline, in memory that does not grow with them.

    Raises:
        UsageError: There is no baseline, or the picture has another ending than ``.png`` and ``.svg``.
        CannotCreateError: The picture exists and ``force`` is off, or cannot be made.
        DataError: There are too few messages on either side.
    """
    from moderation.drift import Tally, compare
    from moderation.drift.days import DayTally
    from moderation.drift.new_words import NewWords
    from moderation.messages.reading import read
    from moderation.registry import load_named_model

    if plot:
        _check_target(plot, force)
    judge = load_named_model(model)
    review = [thresholds.review for thresholds in judge.thresholds]
    if against:
        before = Tally(review)
        with row_counter("counted before") as count:
            for batch in read(against, text_column=text_column, mark_refused=True):
                before.add(batch.texts, judge.score(batch.texts).probabilities)
                count(len(batch.texts))
        baseline = before.profile()
    else:
        baseline = _kept_profile(judge)
    tally, days = Tally(review), DayTally()
    new_words = NewWords(baseline.known) if words else None
    with row_counter("counted") as count:
        for batch in read(messages, text_column=text_column, mark_refused=True):
            flags = tally.add(batch.texts, judge.score(batch.texts).probabilities)
            if (times := _times(batch, time_column)) is not None:
                days.add(times, flags)
            if new_words:
                new_words.add(batch.texts)
            count(len(batch.texts))
    found = Found(compare(baseline, tally), days.days(), new_words.top(SHOWN_WORDS) if new_words else None)
    if plot:
        from moderation.drift.plot import draw

        _write(plot, draw(found.drift, baseline, tally, found.days, plot.suffix[1:].lower()))
    return found


def _kept_profile(model: Model) -> Profile:
    from moderation.drift import Profile

    if "profile" not in model.facts:
        raise UsageError(
            f"model {model.name} {model.version} keeps no profile of the messages it learnt from: it is from before profiles "
            "were kept, or they were under 100; name messages to compare with: --against FILE"
        )
    return Profile.from_dict(model.facts["profile"])


def _times(batch: Batch, wanted: str | None) -> Sequence[object] | None:
    """The times of a batch, None where it has no column of times."""
    from moderation.messages.columns import FACT_NAMES
    from moderation.messages.json_text import holds_json, plain_texts

    columns = batch.table.column_names
    if wanted is not None and wanted not in columns:
        raise DataError(f"no column {wanted!r} for --time")
    folded = {name.strip().casefold(): name for name in reversed(columns)}
    name = wanted or next((folded[name] for name in FACT_NAMES["time"] if name in folded), None)
    if name is None:
        return None
    cells: list[Any] = batch.table.column(name).to_pylist()
    return plain_texts(cells) if holds_json(batch.table.schema.field(name)) else cells


def _check_target(plot: Path, force: bool) -> None:
    if plot.suffix.lower() not in (".png", ".svg"):
        raise UsageError(f"{plot}: a picture ends in .png or .svg")
    if plot.exists() and not force:
        raise CannotCreateError(f"{plot}: exists; --force replaces it")
    if not plot.parent.is_dir():
        raise CannotCreateError(f"{plot}: no such folder")


def _write(plot: Path, picture: bytes) -> None:
    """Write the picture beside its place and rename it when whole."""
    partial = plot.with_name(f".{plot.name}.partial")
    try:
        partial.write_bytes(picture)
        partial.replace(plot)
    except OSError as error:
        raise CannotCreateError(f"{plot}: {error.strerror}") from None


def _show(found: Found) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1))
    for name in ("", "before", "now", "index", "verdict"):
        table.add_column(name, justify="left" if name in ("", "verdict") else "right", no_wrap=True)
    for shift in found.drift.shifts:
        shares = ["" if share is None else f"{share:.2%}" for share in (shift.before, shift.now)]
        index = f"x {shift.index:,.2f}" if shift.name.startswith("flagged") else f"{shift.index:.3f}"
        table.add_row(shift.name, *shares, index, shift.verdict.name)
    console = out()
    console.print(table)
    if found.days:
        for line in _days_in_words(found.days):
            console.print(line)
    if found.words is not None:
        words = ", ".join(f"{shown(word, 30)} {count:,}" for word, count in found.words)
        console.print(f"new words and how many messages have them: {words or 'none'}")
    console.print(
        f"{found.drift.rows:,} messages against {found.drift.baseline_rows:,} before: {found.drift.verdict.name}", style="bold"
    )


def _days_in_words(days: Days) -> list[str]:
    import numpy as np

    from moderation.categories import CATEGORIES

    outside = np.argwhere(days.outside).tolist()
    lines = [f"{len(days.days):,} days, flag rates outside their limits: {len(outside):,}"]
    for day, column in outside[:SHOWN_DAYS]:
        lines.append(
            f"  {days.days[day]} {CATEGORIES[column]} {days.shares[day, column]:.2%} of {days.rows[day]:,}, "
            f"limits {days.low[day, column]:.2%} to {days.high[day, column]:.2%}"
        )
    if len(outside) > SHOWN_DAYS:
        lines.append(f"  and {len(outside) - SHOWN_DAYS:,} more, all of them with --json")
    if days.undated:
        lines.append(f"messages whose time could not be read: {days.undated:,}")
    return lines
