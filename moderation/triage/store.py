"""Where a queue lives: a SQLite file or a PostgreSQL database, opened, made, written to and asked for in one way.

Who writes: `writing` gives one transaction at a time to whoever changes what is decided. On SQLite that is its one writer;
on PostgreSQL a lock of the transaction, which handing out messages does without.

A committed decision survives kill -9 and a power cut: SQLite writes ahead and syncs at every commit, which costs a
millisecond, and a moderator makes a few of them a minute.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Table,
    any_,
    create_engine,
    event,
    func,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, SQLAlchemyError

from moderation.errors import CannotCreateError, DataError, ModerationError, NoInputError, OutputError, UsageError
from moderation.triage import schema

BUSY_MILLISECONDS = 30_000
CACHE_KIB = 64 * 1024
SQLITE_VALUES = 32_766
"""How many values it takes in one statement."""
CHECKPOINT_PAGES = 16_384
"""Of 4 KiB. Adding touches the same pages of the indexes again and again; they go to the file more seldom than by default."""

_LOCK = 0x7472_6961  # "tria"


def open_store(url: str, *, create: bool) -> Engine:
    """Connect to a store.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://...``.
        create: Make it if it is not there.

    Raises:
        UsageError: The URL is none, or names another database.
        NoInputError: There is no queue, and none shall be made.
        CannotCreateError: It cannot be made.
        DataError: The file is no queue, or that of another version.
        OutputError: The database cannot be reached.
    """
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        file = Path(str(engine.url.database))
        if not file.exists() and not create:
            raise NoInputError(f"no queue at {file}: moderation triage add makes one")
        if not file.parent.is_dir():
            raise CannotCreateError(f"{file}: no such folder")
    try:
        with told(engine):
            _check(engine, create=create)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _check(engine: Engine, *, create: bool) -> None:
    if not inspect(engine).has_table(schema.store.name):
        if not create:
            raise NoInputError(f"no queue at {_name(engine)}: moderation triage add makes one")
        make_tables(engine)
    with engine.connect() as connection:
        version = connection.execute(select(schema.store.c.version)).scalar_one()
    if version != schema.VERSION:
        raise DataError(f"the queue at {_name(engine)} is of version {version}, this program knows {schema.VERSION}")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the store."""
    with told(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine, *, alone: bool = True) -> Iterator[Connection]:
    """A transaction that is committed when the block ends and leaves no trace when it fails.

    Args:
        engine: The store.
        alone: No other transaction that asks for this runs meanwhile. (On SQLite none that writes does, either way.)
    """
    with told(engine), engine.connect().execution_options(immediate=True) as connection, connection.begin():
        if alone and engine.dialect.name == "postgresql":
            connection.execute(select(text("pg_advisory_xact_lock(:key)")).params(key=_LOCK))
        yield connection


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows that have a value for each column of the table, in its order.

    In few steps: the driver lets go of Python's lock for each, and waits milliseconds to have it back from a busy thread.
    """
    names = [column.name for column in table.columns]
    into = f"{table.name} ({', '.join(names)})"
    if connection.dialect.name == "postgresql":
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor().copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types([column.type.compile(connection.dialect).lower() for column in table.columns])
            for row in rows:
                copy.write_row(row)
        return
    marks = f"({', '.join('?' * len(names))})"
    step = SQLITE_VALUES // len(names)
    for some in (rows[start : start + step] for start in range(0, len(rows), step)):
        values = ", ".join([marks] * len(some))
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES {values}", tuple(chain.from_iterable(some)))  # noqa: S608


def each(connection: Connection, values: Collection[Any]) -> ColumnElement[Any]:
    """A column of many values, which go to the database as one parameter."""
    listed = literal(json.dumps(list(values)))
    if connection.dialect.name == "postgresql":
        return func.json_array_elements_text(listed.cast(JSON)).column_valued()
    return func.json_each(listed).table_valued("value").c.value


def each_pair(connection: Connection, values: Collection[tuple[int, int]]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Two columns of many pairs of whole numbers, which go to the database as one parameter."""
    listed = literal(json.dumps(list(values)))
    if connection.dialect.name == "postgresql":
        element = func.json_array_elements(listed.cast(JSON)).column_valued()
        return element.op("->>")(0).cast(BigInteger), element.op("->>")(1).cast(BigInteger)
    pair = func.json_each(listed).table_valued("value").c.value
    return func.json_extract(pair, "$[0]"), func.json_extract(pair, "$[1]")


def among(connection: Connection, column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column holds one of many values."""
    chosen = select(each(connection, values).cast(column.type))
    if connection.dialect.name == "postgresql":
        # As an array, which an index is asked for; made there, since in the statement it would take long to plan.
        return column == any_(func.array(chosen.scalar_subquery()))
    return column.in_(chosen)


def upsert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 (two unrelated types of one interface)
    """An insert statement with ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)
    from sqlalchemy.dialects.sqlite import insert

    return insert(table)


def analyse(engine: Engine) -> None:
    """Let PostgreSQL look at what it holds, so that it plans well; SQLite plans by the indexes, which tests see to."""
    if engine.dialect.name == "postgresql":
        with told(engine), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"ANALYZE {schema.items.name}, {schema.state.name}")


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Say in one line what a database error is about. Its own words can hold messages, and are left out."""
    try:
        yield
    except ModerationError:
        raise
    except (SQLAlchemyError, UnicodeDecodeError, engine.dialect.loaded_dbapi.Error) as error:
        raise _plain(error, engine) from None


def _plain(error: Exception, engine: Engine) -> ModerationError:
    name = _name(engine)
    said = str(getattr(error, "orig", "")) if engine.dialect.name == "sqlite" else ""
    if "not a database" in said or "malformed" in said:
        return DataError(f"{name} is no queue, or damaged")
    if "unable to open" in said or "readonly" in said:
        return CannotCreateError(f"{name} cannot be opened for writing")
    if "locked" in said:
        return OutputError(f"{name} is in use by another program for more than {BUSY_MILLISECONDS // 1000} seconds")
    if isinstance(error, OperationalError) and engine.dialect.name == "postgresql":
        return OutputError(f"{name} cannot be reached, or the connection broke")
    kind = type(getattr(error, "orig", None) or error).__name__ if isinstance(error, DatabaseError) else type(error).__name__
    return OutputError(f"{name}: the database failed ({kind})")


def _name(engine: Engine) -> str:
    return str(engine.url.database) if engine.dialect.name == "sqlite" else engine.url.render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UsageError("--store is a URL such as sqlite:///queue.db or postgresql://user@host/database") from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        try:
            engine = create_engine(parsed.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_pre_ping=True)
        except ModuleNotFoundError:
            raise UsageError("psycopg is not installed, which this store needs: pip install 'moderation[postgres]'") from None
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise UsageError("--store is a URL that begins with sqlite: or postgresql:")
    if parsed.database in (None, "", ":memory:") or "uri" in parsed.query:
        raise UsageError("--store names a file, as in sqlite:///queue.db: a queue in memory would be another one for each thread")
    engine = create_engine(parsed, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 (of the driver)
    connection.isolation_level = None  # transactions are ours to begin
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"cache_size = -{CACHE_KIB}",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 (of the driver)
    connection.execute("SET jit = off")  # which compiles for longer than any of our questions takes
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    # At once for writing: a transaction that first reads and then wants to write cannot wait for another writer.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("immediate") else "BEGIN")


def make_tables(engine: Engine) -> None:
    """Make what is missing."""
    from moderation.text.hashing import FEATURES  # takes a while, and only adding needs it

    with writing(engine) as connection:
        schema.metadata.create_all(connection)
        if connection.execute(select(schema.store.c.version)).first() is None:
            connection.execute(schema.store.insert().values(version=schema.VERSION, features=FEATURES))
