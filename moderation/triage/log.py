"""The event log in the store: append, and read back in order."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, cast, exists, literal, select

from moderation.triage import schema
from moderation.triage.cases import Case, Event, Kind, fold
from moderation.triage.store import among

_events = schema.events.c


def append(
    connection: Connection,
    at: int,
    kind: Kind,
    detail: dict[str, Any],
    *,
    content: int | None = None,
    item: int | None = None,
    reviewer: str | None = None,
) -> int:
    """Append an event; returns its number."""
    row = {"at": at, "kind": kind.value, "content": content, "item": item, "reviewer": reviewer}
    result = connection.execute(schema.events.insert().values(**row, detail=json.dumps(detail)))
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def of_cases(connection: Connection, contents: Collection[int]) -> dict[int, list[Event]]:
    """The events of some cases, in order; a case without any is left out."""
    found: dict[int, list[Event]] = {}
    chosen = select(schema.events).where(among(connection, _events.content, contents)).order_by(_events.id)
    for row in connection.execute(chosen):
        found.setdefault(row.content, []).append(_event(row))
    return found


def cases(connection: Connection, contents: Collection[int]) -> dict[int, Case]:
    """How some cases stand; one without events is left out."""
    return {content: fold(events) for content, events in of_cases(connection, contents).items()}


def latest_action(connection: Connection, reviewer: str, kinds: Collection[Kind]) -> Event | None:
    """The last event of one of the kinds by a moderator that was not undone."""
    mine = select(schema.events).where(_events.reviewer == reviewer).order_by(_events.id.desc())
    undone: set[int] = set()
    with connection.execute(mine.execution_options(yield_per=20)) as rows:
        for event in map(_event, rows):
            if event.kind is Kind.undone:
                undone.add(event.detail["event"])
            elif event.kind in kinds and event.id not in undone:
                return event
    return None


def was_undone() -> ColumnElement[bool]:
    """Whether the event at hand in a question about ``events`` was undone."""
    undo = schema.events.alias("undo").c
    # As `append` writes the detail: each database has its own way to look into JSON.
    detail = literal('{"event": ') + cast(_events.id, Text) + literal("}")
    return exists().where(undo.content == _events.content, undo.kind == Kind.undone.value, undo.detail == detail)


def standing(connection: Connection, kinds: Collection[Kind]) -> Iterator[Event]:
    """All events of some kinds that were not undone, in order."""
    undone = {
        json.loads(detail)["event"]
        for detail in connection.execute(select(_events.detail).where(_events.kind == Kind.undone.value)).scalars()
    }
    chosen = select(schema.events).where(_events.kind.in_([kind.value for kind in kinds])).order_by(_events.id)
    for row in connection.execute(chosen.execution_options(yield_per=1_000)):
        if row.id not in undone:
            yield _event(row)


def _event(row: Row[*tuple[Any, ...]]) -> Event:
    number, at, kind, content, item, reviewer, detail = row  # by place: the figures go through all of them
    return Event(number, at, Kind(kind), content, item, reviewer, json.loads(detail))
