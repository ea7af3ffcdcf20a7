"""The queue in the order of priority at one moment, the next message first: see `moderation.triage.priority` for why."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, Select, SmallInteger, case, exists, func, literal, select, tuple_

from moderation.categories import CATEGORIES
from moderation.policy import Policy
from moderation.triage import log, schema
from moderation.triage.cases import Kind
from moderation.triage.priority import GROUPS, HOUR, Group, most, total
from moderation.triage.rules import Rules
from moderation.triage.store import each

_LOOKED_AT = 32
"""How many groups are looked at together at first."""

_state, _leases, _passed, _events = schema.state.c, schema.leases.c, schema.passed.c, schema.events.c


class Ranked(NamedTuple):
    """A message in its place: its number, case and group, since when it waits, and its priority."""

    item: int
    content: int
    group: Group
    since: int
    priority: float


@dataclass(frozen=True)
class Ranking:
    """The waiting messages of a store at a moment.

    Attributes:
        connection: To the store.
        policy: The Code.
        rules: How to rank.
        now: The moment, in milliseconds since 1970.
        reviewer: Only messages that can be given to this moderator: not those reserved for others or had before. One that they
            left to others comes back when its time to answer has passed once more and it still waits.
        category: Only messages of this category.
        page: How many messages of a group are fetched at once.
    """

    connection: Connection
    policy: Policy
    rules: Rules
    now: int
    reviewer: str | None = None
    category: str | None = None
    page: int = 100

    def __iter__(self) -> Iterator[Ranked]:
        """By falling priority; among equals the one that waits longest, then the one that was added first.

        Each group waits in a heap with its oldest message, whoever that can be given to: none of the group comes before it.
        A group is opened only when that message would be next, and looked at only when any message of it could be.
        """
        heap: list[tuple[float, int, int, Ranked | None, Group]] = []
        opened: dict[Group, Iterator[Ranked]] = {}
        unseen = deque(entry for entry in _by_most(self.rules) if self.category in (None, CATEGORIES[entry[1].category]))
        together = _LOOKED_AT
        while heap or unseen:
            while unseen and (not heap or unseen[0][0] >= -heap[0][0]):
                some = [unseen.popleft()[1] for _ in range(min(together, len(unseen)))]
                together *= 2
                for group, since in self._heads(some):
                    heapq.heappush(heap, (-self._priority(group, since), since, -1, None, group))
            if not heap:
                return
            _, _, _, found, group = heapq.heappop(heap)
            if found is None:
                opened[group] = self._members(group)
            else:
                yield found
            following = next(opened[group], None)
            if following is not None:
                heapq.heappush(heap, (-following.priority, following.since, following.item, following, group))

    def _priority(self, group: Group, since: int) -> float:
        return total(group, self.now - since, self.policy, self.rules)

    def _heads(self, groups: list[Group]) -> list[tuple[Group, int]]:
        """Those of the groups that have messages, and since when the oldest of each waits: one step in the index for each."""
        numbers = (
            select(each(self.connection, [group.number for group in groups]).cast(SmallInteger).label("number")).subquery().c
        )
        oldest = select(func.min(_state.since)).where(_state.queue == numbers.number).scalar_subquery()
        rows = self.connection.execute(select(numbers.number, oldest))
        return [(Group.of(number), since) for number, since in rows if since is not None]

    def _members(self, group: Group) -> Iterator[Ranked]:
        """The messages of a group, the oldest first."""
        chosen = self._allowed(select(_state.item, _state.content, _state.since).where(_state.queue == group.number))
        chosen = chosen.order_by(_state.since, _state.item).limit(self.page)
        rows = self.connection.execute(chosen).all()
        while rows:
            for row in rows:
                yield Ranked(row.item, row.content, group, row.since, self._priority(group, row.since))
            after = tuple_(literal(row.since), literal(row.item))
            rows = self.connection.execute(chosen.where(tuple_(_state.since, _state.item) > after)).all()

    def _allowed(self, chosen: Select[tuple[int, int, int]]) -> Select[tuple[int, int, int]]:
        if self.reviewer is None:
            return chosen
        returned = case(
            *(
                (_state.category == place, self.now - round(category.answer_within_hours * HOUR))
                for place, category in enumerate(self.policy.categories)
            )
        )
        left = _events.kind.in_([Kind.skipped.value, Kind.escalated.value]) & (_events.at > returned)
        mine = (_passed.reviewer == self.reviewer) & (_passed.content == _state.content)
        kept = (_events.content == _passed.content) & (_events.reviewer == _passed.reviewer) & ~log.was_undone()
        had = exists().where(mine, kept, (_events.kind == Kind.decided.value) | left)
        reserved = exists().where(_leases.content == _state.content, _leases.until > self.now, _leases.reviewer != self.reviewer)
        return chosen.where(~had, ~reserved)


@lru_cache(maxsize=8)
def _by_most(rules: Rules) -> tuple[tuple[float, Group], ...]:
    """Every group and the priority that none of its messages exceeds, the highest first."""
    groups = map(Group.of, range(GROUPS))
    return tuple(sorted(((most(group, rules), group) for group in groups), reverse=True))
