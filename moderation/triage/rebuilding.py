"""The derived tables made anew from what happened; needed after the policy or the rules have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from moderation.categories import CATEGORIES
from moderation.triage import log, schema
from moderation.triage.deriving import CHUNK, Judged, chunks, replace_holders
from moderation.triage.store import writing

if TYPE_CHECKING:
    from moderation.triage.queue import Queue


def rebuild(queue: Queue) -> int:
    """Make ``state``, ``leases`` and ``passed`` anew, in one transaction; returns the number of messages."""
    items = schema.items.c
    wanted = (items.id, items.content, items.key, items.author, items.sent, items.flags, items.action)
    chosen = select(*wanted, *(items[f"p_{category}"] for category in CATEGORIES)).order_by(items.id).limit(CHUNK)
    done = last = 0
    with writing(queue.engine) as connection:
        for table in (schema.state, schema.leases, schema.passed):
            connection.execute(delete(table))
        while rows := connection.execute(chosen.where(items.id > last)).all():
            judged = [
                Judged(row.content, row.key, row.author, row.sent, row[7:], [f for f in row.flags.split(";") if f], row.action)
                for row in rows
            ]
            states = queue.deriver.first_states(judged)
            queue.deriver.add_states(connection, [(row.id, *state) for row, state in zip(rows, states, strict=True)])
            done, last = done + len(rows), rows[-1].id
        acted_on = select(schema.events.c.content).distinct().where(schema.events.c.content.is_not(None))
        for some in chunks(connection.execute(acted_on).scalars().all()):
            replace_holders(connection, log.cases(connection, some))
    return done
