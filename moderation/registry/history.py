"""What happened in a registry: one line of JSON an event, only ever added to."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moderation.errors import DataError, OutputError
from moderation.registry.disk import no_follow, sync_folder

HISTORY = "history.jsonl"
TRAINED, PROMOTED, ROLLED_BACK = "trained", "promoted", "rolled back"


@dataclass(frozen=True)
class Event:
    """A training, or a move of the pointer to the version in use.

    Attributes:
        event: ``trained``, ``promoted`` or ``rolled back``.
        model: Name and version, as verdicts give them.
        version: Folder under ``versions``; None is the shipped model.
        previous: The version that was in use before a move; None is the shipped model.
        digest: SHA-256 of ``model.json``, which holds the digests of the other files.
        data: From what the model learnt: ``fingerprint``, ``rows`` and ``sources`` with their rows.
        who: Who did it.
        why: The reason given, if any.
        check: Figures of the check before a promotion, as `moderation.registry.checking.Check`; None without one.
        forced: Whether it was promoted in spite of the check, or without one.
        when: UTC, ISO 8601.
    """

    event: str
    model: str
    version: str | None
    previous: str | None
    digest: str
    data: dict[str, Any]
    who: str
    why: str
    check: dict[str, Any] | None = None
    forced: bool = False
    when: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def append_event(registry: Path, event: Event) -> None:
    """Add an event and see it onto the disk; takes away a last line that a crash left torn. Needs the registry's lock.

    Raises:
        OutputError: The disk is full.
    """
    path = registry / HISTORY
    with open(path, "ab+", buffering=0, opener=no_follow) as file:
        file.seek(0)
        content = file.readall()
        file.truncate(content.rfind(b"\n") + 1)
        line = json.dumps(asdict(event)).encode() + b"\n"
        if file.write(line) != len(line):
            raise OutputError(f"{path} cannot be written; is the disk full?")
        os.fsync(file.fileno())
    sync_folder(registry)


def read_history(registry: Path) -> list[Event]:
    """All events, oldest first. A last line without its end was torn by a crash and never counted.

    Raises:
        DataError: Another line is no event.
    """
    path = registry / HISTORY
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except (FileNotFoundError, NotADirectoryError):
        return []
    events = []
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            events.append(Event(**{f.name: said[f.name] for f in fields(Event)}))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(f"{path}: line {number} is no event; take it out") from None
    return events


def in_effect(events: Iterable[Event], current: str | None) -> list[Event]:
    """The events without the moves that a crash stopped between history and pointer.

    An event is written before the pointer moves. It took effect when the next move, or by now the pointer, starts from there.
    """
    kept = []
    start = current
    for event in reversed(list(events)):
        if event.event == TRAINED:
            kept.append(event)
            continue
        if event.version == start:
            kept.append(event)
        start = event.previous
    return kept[::-1]


def standing(events: Iterable[Event], current: str | None) -> list[Event]:
    """The promotions that led to the version in use and were not rolled back, oldest first."""
    promotions: list[Event] = []
    for event in in_effect(events, current):
        if event.event == PROMOTED:
            promotions.append(event)
        elif event.event == ROLLED_BACK and promotions:
            promotions.pop()
    return promotions


def person(by: str | None) -> str:
    """Who does it: as said, else as MODERATION_USER says, else the login name."""
    try:
        return by or os.environ.get("MODERATION_USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):  # a process without a user, and a system without users
        return "unknown"
