"""The tables of the queue.

``items`` and ``events`` are what happened: rows are added and never change, which triggers see to. ``state``, ``leases`` and
``passed`` are what follows from them: `rebuilding.rebuild` makes the same again. Times are milliseconds since 1970, UTC.

Messages whose folded text is the same, hence the same to the classifier, form a *case*, named by the ``content`` key;
they are decided together. Keys are the first 63 bits of a SHA-256, which an index holds in half the room of text: two of ten
million messages share one by chance once in 180,000 such queues.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    event,
    literal_column,
)

from moderation.categories import CATEGORIES

VERSION = 2
"""Of the tables. Another one is refused."""

metadata = MetaData()

store = Table(
    "store",
    metadata,
    Column("version", Integer, nullable=False),
    Column("features", Integer),  # `hashing.FEATURES` of the program that folded all messages; null where they were several
)

items = Table(
    "items",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("key", BigInteger, nullable=False),  # of the input row, so that it is added once: see `state_content`
    Column("content", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),  # `added` where the input does not say
    Column("author", Text),
    Column("thread", Text),
    Column("channel", Text),
    Column("lang", Text),
    Column("text", Text, nullable=False),
    *[Column(f"p_{category}", Double, nullable=False) for category in CATEGORIES],
    Column("flags", Text, nullable=False),  # names joined by ;
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("columns", Text, nullable=False),  # every input column but the text, as a JSON object
)
_conversing = items.c.thread.is_not(None)
Index("items_thread", *items.c["thread", "sent", "id"], sqlite_where=_conversing, postgresql_where=_conversing)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),  # see `cases.Kind`
    Column("content", BigInteger),
    Column("item", BigInteger),
    Column("reviewer", Text),
    Column("detail", Text, nullable=False),  # a JSON object
)
Index("events_content", events.c.content, events.c.id)
Index("events_reviewer", events.c.reviewer, events.c.id)

state = Table(
    "state",
    metadata,
    Column("item", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("content", BigInteger, nullable=False),
    Column("key", BigInteger, nullable=False),
    Column("author", Text),
    Column("sent", BigInteger, nullable=False),
    Column("category", SmallInteger, nullable=False),  # place in CATEGORIES of the one that sets the time to answer
    Column("harm", Double, nullable=False),
    Column("repeat", Double, nullable=False),
    Column("threat", Boolean, nullable=False),
    Column("stage", SmallInteger, nullable=False),  # see `cases.Stage`
    Column("escalated", Boolean, nullable=False),
    Column("labels", SmallInteger),  # bit k is CATEGORIES[k]; null when nobody decided
    Column("since", BigInteger, nullable=False),  # waiting since
    Column("queue", SmallInteger),  # the number of its `priority.Group`; null when it waits for nobody
)
_waits = state.c.queue.is_not(None)
# The stage is there for the figures, which then need not look at the messages themselves.
Index("state_queue", *state.c["queue", "since", "item", "stage"], sqlite_where=_waits, postgresql_where=_waits)
_known = state.c.author.is_not(None)
Index("state_author", *state.c["author", "sent", "item"], sqlite_where=_known, postgresql_where=_known)
is_violation = state.c.labels > literal_column("0")  # as text, or SQLite would not see that it is the index's condition
# With all that is asked for, so that SQLite takes it and not `state_author`.
Index(
    "state_violations",
    *state.c["author", "content", "sent", "labels"],
    sqlite_where=is_violation,
    postgresql_where=is_violation,
)
# One index for the cases and for what is known already: keys come in no order, which makes an index on them dear.
Index("state_content", *state.c["content", "key"], unique=True)

leases = Table(
    "leases",
    metadata,
    Column("content", BigInteger, primary_key=True, autoincrement=False),
    Column("item", BigInteger, nullable=False),
    Column("reviewer", Text, nullable=False, index=True),
    Column("until", BigInteger, nullable=False),
)

passed = Table(  # cases that a moderator has had; see `ranking.Ranking` for when one comes back
    "passed",
    metadata,
    Column("reviewer", Text, primary_key=True),
    Column("content", BigInteger, primary_key=True, autoincrement=False),
)


def _after_create(table: Table, dialect: str, statement: str) -> None:
    event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


for _table in (items, events):
    _name = _table.name
    for _verb in ("UPDATE", "DELETE"):
        _raise = f"BEGIN SELECT RAISE(ABORT, '{_name} only grow'); END"
        _after_create(_table, "sqlite", f"CREATE TRIGGER {_name}_no_{_verb.lower()} BEFORE {_verb} ON {_name} {_raise}")
    _function = f"{_name}_only_grow()"
    _raise = f"$$ BEGIN RAISE EXCEPTION '{_name} only grow'; END $$"
    _after_create(_table, "postgresql", f"CREATE OR REPLACE FUNCTION {_function} RETURNS trigger LANGUAGE plpgsql AS {_raise}")
    _when = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {_name} FOR EACH STATEMENT"
    _after_create(_table, "postgresql", f"CREATE TRIGGER {_name}_only_grow {_when} EXECUTE FUNCTION {_function}")
