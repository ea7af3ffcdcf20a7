"""Made-up verdicts, and a clock that goes when it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine, select

from moderation.categories import CATEGORIES
from moderation.policy import default_policy
from moderation.triage import intake, schema
from moderation.triage.queue import Queue
from moderation.triage.rules import Rules, default_rules
from moderation.triage.store import make_tables, open_store, reading
from moderation.triage.verdicts import Verdict

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_763_400_000_000
RULES = replace(default_rules(), second_opinion_share=0.0)


class Clock:
    """A clock in milliseconds since 1970."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> int:
        return self.at

    def passes(self, milliseconds: float) -> None:
        self.at += round(milliseconds)


def verdict(text: str, *, action: str = "review", hours_ago: float | None = None, **given: object) -> Verdict:
    """A verdict; probabilities by category name, the flags are those of one half and more."""
    p = tuple(float(given.pop(category, 0.0)) for category in CATEGORIES)  # type: ignore[arg-type]
    flags = tuple(category for category, value in zip(CATEGORIES, p, strict=True) if value >= 0.5)
    sent = None if hours_ago is None else START - round(hours_ago * HOUR)
    made = Verdict(text, None, None, sent, None, None, p, flags, action, "ok", "tiny 1", "{}", "")
    return made._replace(columns=json.dumps({"id": given.pop("id", text)}), **given)


def word(number: int) -> str:
    """A word that is another one for each number, also when folded."""
    return "".join(["ka", "sa", "ta", "na", "ma", "pa", "ra", "la", "ba", "ga"][int(digit)] for digit in f"{number:03}"[::-1])


_engines: dict[str, Engine] = {}


@contextmanager
def emptied(url: str, rules: Rules, clock: Clock) -> Iterator[Queue]:
    """A queue without messages, on an engine that is kept: preparing statements takes longer than running them."""
    if url not in _engines:
        _engines[url] = open_store(url, create=True)
    engine = _engines[url]
    schema.metadata.drop_all(engine)
    make_tables(engine)
    yield Queue(engine, default_policy(), rules, clock)


def add(queue: Queue, *verdicts: Verdict, everything: bool = False) -> intake.Added:
    return intake.add(queue, verdicts, everything=everything)


def texts(queue: Queue) -> list[str]:
    """The waiting messages in order."""
    return [message.text for message in queue.ranked()]


def derived(queue: Queue) -> dict[str, list[tuple]]:
    """Everything in the tables that follow from the others."""
    with reading(queue.engine) as connection:
        tables = (schema.state, schema.leases, schema.passed)
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in tables}
