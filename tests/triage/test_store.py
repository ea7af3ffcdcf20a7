"""Opening stores: what is there, what is not, and errors that tell nothing of what is in it; and the rules file."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import text

from moderation.errors import CannotCreateError, DataError, NoInputError, OutputError, UsageError
from moderation.triage.queue import open_queue
from moderation.triage.rules import RULES_FILE, default_rules, load_rules
from moderation.triage.store import open_store, writing
from tests.triage.helpers import add, texts, verdict

IN_MEMORY = ("sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true")


def test_opens_what_it_made(store_url):
    with pytest.raises(NoInputError, match="moderation triage add makes one"):
        open_queue(store_url)
    with open_queue(store_url, create=True) as queue:
        add(queue, verdict("dasar goblok", abusive=0.9))
    with open_queue(store_url) as queue:
        assert texts(queue) == ["dasar goblok"]


def test_another_version_is_refused(store_url):
    with open_queue(store_url, create=True) as queue, queue.engine.begin() as connection:
        connection.execute(text("UPDATE store SET version = 99"))
    with pytest.raises(DataError, match="version 99"):
        open_queue(store_url)


@pytest.mark.parametrize("url", ["queue.db", "mysql://localhost/x", "", "sqlite", *IN_MEMORY])
def test_urls_that_are_none(url):
    with pytest.raises(UsageError, match="--store"):
        open_store(url, create=True)


def test_files_that_are_no_queue(tmp_path):
    (tmp_path / "notes.db").write_text("dear diary, " * 100)
    with pytest.raises(DataError, match="no queue"):
        open_store(f"sqlite:///{tmp_path}/notes.db", create=True)
    with pytest.raises(CannotCreateError, match="no such folder"):
        open_store(f"sqlite:///{tmp_path}/nowhere/queue.db", create=True)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(NoInputError):
        open_store(f"sqlite:///{tmp_path}/other.db", create=False)


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match="cannot be reached") as told:
        open_store(f"postgresql://me:secret@/x?host={tmp_path}", create=True)
    assert "secret" not in str(told.value)


def test_errors_do_not_hold_messages(queue):
    with pytest.raises(OutputError) as told, writing(queue.engine) as connection:
        connection.execute(text("INSERT INTO items (id, text) VALUES (1, 'rahasia')"))
    assert "rahasia" not in str(told.value)
    assert told.value.__cause__ is None


def test_sqlite_is_durable_and_waits_for_others(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/queue.db", create=True)
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    assert found == ["wal", 2, 30_000]


def test_rules_are_read_and_checked(tmp_path):
    assert load_rules(RULES_FILE) == default_rules()
    shipped = RULES_FILE.read_text()
    path = tmp_path / "rules.toml"
    for old, new, says in (
        ("floor = 95", "floor = 195", "staff_threat.floor must be"),
        ("floor = 95", "", "lacks floor"),
        ("floor = 95", 'floor = "high"', "rules.toml"),
        ("floor = 95", "floor = 95\nroof = 1", "unknown key roof"),
        ("[waiting]", "[wating]", "unknown key wating"),
        ('when = "repeated"', 'when = "always"', "when of a suggestion"),
        ("[repeat]", "[repeat", "not TOML"),
    ):
        path.write_text(shipped.replace(old, new, 1))
        with pytest.raises(DataError, match=says):
            load_rules(path)
    with pytest.raises(NoInputError):
        load_rules(tmp_path / "nowhere.toml")
