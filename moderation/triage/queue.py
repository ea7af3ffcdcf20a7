"""The queue: who gets which message, and what they do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, Engine, select

from moderation.categories import CATEGORIES
from moderation.errors import NoInputError, UsageError
from moderation.messages.times import milliseconds
from moderation.policy import Policy, default_policy
from moderation.triage import log, schema
from moderation.triage.cases import ACTIONS, Case, Event, Kind, Stage, check_action, check_undo, needs_second
from moderation.triage.deriving import Deriver
from moderation.triage.errors import ConflictError
from moderation.triage.messages import Message, load
from moderation.triage.ranking import Ranking
from moderation.triage.rules import Rules, default_rules
from moderation.triage.store import open_store, reading, upsert, writing

MINUTE = 60_000
MOST_ITEM = 2**63 - 1
"""No database has a number for more messages; SQLite's driver fails on one."""
MAX_NAME, MAX_NOTE = 64, 2_000
"""How many characters a pseudonym and a note may have."""


def open_queue(
    url: str,
    *,
    create: bool = False,
    policy: Policy | None = None,
    rules: Rules | None = None,
    now: Callable[[], int] = milliseconds,
) -> Queue:
    """Open the queue at a URL; see `moderation.triage.store.open_store` for errors.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://...``.
        create: Make it if it is not there.
        policy: The Code; the shipped one when omitted.
        rules: How to rank and share out; the shipped ones when omitted.
        now: The clock, in milliseconds since 1970.
    """
    return Queue(open_store(url, create=create), policy or default_policy(), rules or default_rules(), now)


@dataclass(frozen=True)
class Queue:
    """A store, the Code, the rules and a clock. Safe to use from several threads and processes.

    Messages are named by their number, moderators by a pseudonym. Everything a moderator does raises NoInputError where
    there is no such message, UsageError where a name, a label or a note is none, and ConflictError where somebody else was
    quicker or has to do it.
    """

    engine: Engine
    policy: Policy
    rules: Rules
    now: Callable[[], int]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @property
    def deriver(self) -> Deriver:
        """What makes the derived tables."""
        return Deriver(self.policy, self.rules)

    def next(self, reviewer: str, category: str | None = None) -> Message | None:
        """Reserve the most urgent message for a moderator; the latest that they hold if they hold any; None if there is none.

        A reserved message goes to nobody else, nor do messages of the same case, until it is acted on or
        ``rules.lease_minutes`` have passed.
        """
        _check_name(reviewer)
        _check_category(category)
        now = self.now()
        with writing(self.engine, alone=False) as connection:
            item = self._held(connection, reviewer, now)
            if item is None:
                ranking = Ranking(connection, self.policy, self.rules, now, reviewer, category, page=10)
                item = next((r.item for r in ranking if self._reserve(connection, r.item, r.content, reviewer, now)), None)
            return None if item is None else self._load(connection, item, now)

    def take(self, item: int, reviewer: str) -> Message:
        """Reserve a certain message for a moderator, or reserve it for longer."""
        _check_name(reviewer)
        now = self.now()
        with writing(self.engine) as connection:
            content = _content_of(connection, item)
            check_action(_case(connection, content), Kind.given, item, reviewer, now)
            if not self._reserve(connection, item, content, reviewer, now):
                raise ConflictError(f"message {item} is with somebody else")
            return self._load(connection, item, now)

    def decide(self, item: int, reviewer: str, labels: Iterable[str], note: str = "") -> Case:
        """Decide which categories hold for a message and all of its case; none of them means it is clean."""
        chosen = frozenset(labels)
        if not chosen <= set(CATEGORIES):
            raise UsageError(f"labels are any of {', '.join(CATEGORIES)}, or clean")

        def detail(case: Case, content: int) -> dict[str, Any]:
            second = case.stage is Stage.first and needs_second(content, self.rules.second_opinion_share)
            ordered = [category for category in CATEGORIES if category in chosen]
            return {"labels": ordered, "stage": case.stage.name, "second": second, "note": note}

        return self._act(item, reviewer, Kind.decided, note, detail)

    def skip(self, item: int, reviewer: str, reason: str) -> Case:
        """Leave a message to others, and say why; it comes back when nobody has answered it in the time that its category has."""
        if not reason.strip():
            raise UsageError("a skipped message needs a reason")
        return self._act(item, reviewer, Kind.skipped, reason, lambda _case, _content: {"note": reason})

    def escalate(self, item: int, reviewer: str, note: str = "") -> Case:
        """Ask for somebody else's eyes at once: the message goes to the top, for others; it comes back like a skipped one."""
        return self._act(item, reviewer, Kind.escalated, note, lambda _case, _content: {"note": note})

    def appeal(self, item: int, reviewer: str, note: str = "") -> Case:
        """Open a decided message again, for somebody who has not decided it."""
        return self._act(item, reviewer, Kind.appealed, note, lambda _case, _content: {"note": note})

    def undo(self, reviewer: str) -> int:
        """Take back a moderator's last action and reserve the message for them again; returns its number."""
        _check_name(reviewer)
        now = self.now()
        with writing(self.engine) as connection:
            event = log.latest_action(connection, reviewer, ACTIONS)
            if event is None:
                raise ConflictError(f"{reviewer} has done nothing that could be undone")
            _lock(connection, event.content)
            check_undo(_case(connection, event.content), event, now)
            about: dict[str, Any] = {"content": event.content, "item": event.item, "reviewer": reviewer}
            log.append(connection, now, Kind.undone, {"event": event.id}, **about)
            if event.kind is not Kind.appealed:
                log.append(connection, now, Kind.given, {"until": self._lease_end(now)}, **about)
            self.deriver.refresh(connection, [event.content])
        return event.item

    def message(self, item: int) -> Message:
        """A message as it stands now."""
        with reading(self.engine) as connection:
            _content_of(connection, item)
            return self._load(connection, item, self.now())

    def ranked(self, category: str | None = None, *, limit: int | None = None) -> Iterator[Message]:
        """The waiting messages, the most urgent first, reserved ones too."""
        _check_category(category)
        now = self.now()
        with reading(self.engine) as connection:
            ranking = Ranking(connection, self.policy, self.rules, now, category=category)
            numbers = (ranked.item for ranked in ranking)
            yield from load(connection, numbers, self.policy, self.rules, now, limit=limit)

    def history(self, item: int) -> tuple[Event, ...]:
        """Everything that happened to the case of a message, undone things too."""
        with reading(self.engine) as connection:
            content = _content_of(connection, item)
            return tuple(log.of_cases(connection, [content]).get(content, ()))

    def _act(self, item: int, reviewer: str, kind: Kind, note: str, detail: Callable[[Case, int], dict[str, Any]]) -> Case:
        _check_name(reviewer)
        if len(note) > MAX_NOTE:
            raise UsageError(f"a note has at most {MAX_NOTE:,} characters")
        now = self.now()
        with writing(self.engine) as connection:
            content = _content_of(connection, item)
            _lock(connection, content)
            case = _case(connection, content)
            check_action(case, kind, item, reviewer, now)
            said = detail(case, content)
            log.append(connection, now, kind, said, content=content, item=item, reviewer=reviewer)
            self.deriver.refresh(connection, [content])
            return _case(connection, content)

    def _held(self, connection: Connection, reviewer: str, now: int) -> int | None:
        leases = schema.leases.c
        mine = select(leases.until, leases.item).where(leases.reviewer == reviewer, leases.until > now)
        latest = max(map(tuple, connection.execute(mine)), default=None)
        return None if latest is None else latest[1]

    def _reserve(self, connection: Connection, item: int, content: int, reviewer: str, now: int) -> bool:
        """Whether the case is now the moderator's; not if somebody else has it, or is deciding it at this moment."""
        state, leases = schema.state.c, schema.leases.c
        free = select(state.item).where(state.item == item, state.queue.is_not(None)).with_for_update(skip_locked=True)
        if connection.execute(free).first() is None:
            return False
        row = {"content": content, "item": item, "reviewer": reviewer, "until": self._lease_end(now)}
        mine = upsert(connection, schema.leases).values(row).returning(leases.item)
        free_or_mine = (leases.until <= now) | (leases.reviewer == reviewer)
        mine = mine.on_conflict_do_update(index_elements=[leases.content], set_=row, where=free_or_mine)
        if connection.execute(mine).first() is None:
            return False
        log.append(connection, now, Kind.given, {"until": row["until"]}, content=content, item=item, reviewer=reviewer)
        return True

    def _lease_end(self, now: int) -> int:
        return now + round(self.rules.lease_minutes * MINUTE)

    def _load(self, connection: Connection, item: int, now: int) -> Message:
        return next(load(connection, [item], self.policy, self.rules, now))


def _content_of(connection: Connection, item: int) -> int:
    found = None
    if 0 < item <= MOST_ITEM:
        found = connection.execute(select(schema.items.c.content).where(schema.items.c.id == item)).scalar()
    if found is None:
        raise NoInputError(f"no message {item} in the queue")
    return int(found)


def _lock(connection: Connection, content: int) -> None:
    """Keep the messages of a case from being handed out while it is acted on."""
    state = schema.state.c
    connection.execute(select(state.item).where(state.content == content).order_by(state.item).with_for_update()).all()


def _case(connection: Connection, content: int) -> Case:
    return log.cases(connection, [content]).get(content, Case())


def is_name(reviewer: str) -> bool:
    """Whether something can be a pseudonym."""
    return bool(reviewer.strip()) and len(reviewer) <= MAX_NAME and reviewer.isprintable()


def _check_name(reviewer: str) -> None:
    if not is_name(reviewer):
        raise UsageError(f"a moderator's pseudonym has 1 to {MAX_NAME} printable characters")


def _check_category(category: str | None) -> None:
    if category is not None and category not in CATEGORIES:
        raise UsageError(f"unknown category; known: {', '.join(CATEGORIES)}")
