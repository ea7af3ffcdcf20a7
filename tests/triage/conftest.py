"""Queues to test on: SQLite, PostgreSQL where there is a server, a clock that stands still."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing

import pytest

from moderation.triage.queue import Queue, open_queue
from tests.triage import postgres
from tests.triage.helpers import Clock

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a server with an empty database."""
    pytest.importorskip("psycopg")
    if postgres.find("initdb") is None:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path) -> str:
    """The URL of a store that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/queue.db"
    import psycopg

    url = request.getfixturevalue("postgres_url")
    schema = f"test_{next(_numbers)}"
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{url}&options=-csearch_path%3D{schema}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(store_url, clock) -> Iterator[Queue]:
    """An empty queue with the shipped policy and rules, but for second opinions, of which there are none."""
    from tests.triage.helpers import RULES

    with open_queue(store_url, create=True, rules=RULES, now=clock) as opened:
        yield opened
