"""Adding, a chunk behind reading: whatever interrupts it, what was begun is whole and the rest can be added again.

Small chunks are added by this process; ``apart`` lets another one do it, as for large ones.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import func, select, text

from moderation.errors import DataError, NoInputError, OutputError
from moderation.triage import adding, intake, log, schema
from moderation.triage.queue import open_queue
from moderation.triage.rebuilding import rebuild
from moderation.triage.store import SQLITE_VALUES, insert_rows, reading, writing
from moderation.triage.verdicts import Verdict
from tests.triage.helpers import derived, texts, verdict, word

CHUNK = 20
VERDICTS = [verdict(word(k), abusive=0.5 + k / 1000, author=f"a{k % 7}", id=str(k)) for k in range(90)]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(intake, "CHUNK", CHUNK)


@pytest.fixture
def apart(monkeypatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that add, of which none may be left."""
    started = []
    start = adding._start
    monkeypatch.setattr(adding, "APART_FROM", CHUNK)
    monkeypatch.setattr(adding, "_start", lambda queue: started.append(start(queue)) or started[-1])
    yield started
    assert all(process.poll() is not None for process in started)


def check_the_rest_can_be_added(queue, before: int) -> None:
    assert len(texts(queue)) == before
    again = intake.add(queue, VERDICTS)
    assert (again.new, again.known) == (len(VERDICTS) - before, before)
    assert [queue.message(k).text for k in range(1, len(VERDICTS) + 1)] == [one.text for one in VERDICTS]
    now = derived(queue)
    rebuild(queue)
    assert derived(queue) == now


def fail(failure: type[BaseException]) -> None:
    raise failure("half-way")


def half_way(act: Callable[[], object]) -> Iterator[Verdict]:
    """The verdicts; something happens while the second chunk is being added."""
    yield from VERDICTS[: 2 * CHUNK]
    act()
    yield from VERDICTS[2 * CHUNK :]


@pytest.mark.parametrize("failure", [DataError, KeyboardInterrupt])
@pytest.mark.parametrize("rows", [0, 5, CHUNK, 3 * CHUNK + 5])
def test_reading_is_interrupted(queue, failure, rows):
    def read() -> Iterator[Verdict]:
        yield from VERDICTS[:rows]
        raise failure("half-way")

    with pytest.raises(failure, match="half-way"):
        intake.add(queue, read())
    check_the_rest_can_be_added(queue, rows // CHUNK * CHUNK)


@pytest.mark.parametrize("failure", [DataError, KeyboardInterrupt])
def test_reading_is_interrupted_while_another_process_adds(queue, failure, apart):
    with pytest.raises(failure, match="half-way"):
        intake.add(queue, half_way(partial(fail, failure)))
    check_the_rest_can_be_added(queue, 2 * CHUNK)


@pytest.mark.parametrize("failure", [DataError, KeyboardInterrupt])
@pytest.mark.parametrize("chunk", [0, 2, 4])
def test_writing_is_interrupted(queue, monkeypatch, failure, chunk):
    """In the transaction, after everything is written."""
    append, done = log.append, []

    def interrupted(*given, **named):
        done.append(append(*given, **named))
        if len(done) > chunk:
            raise failure("half-way")

    monkeypatch.setattr(log, "append", interrupted)
    with pytest.raises(failure, match="half-way"):
        intake.add(queue, VERDICTS)
    monkeypatch.setattr(log, "append", append)
    check_the_rest_can_be_added(queue, chunk * CHUNK)


def test_the_process_that_adds_is_killed(queue, apart):
    def kill() -> None:
        apart[0].kill()

    with pytest.raises(OutputError, match="adding the same again adds the rest"):
        intake.add(queue, half_way(kill))
    check_the_rest_can_be_added(queue, len(texts(queue)))


def test_what_fails_in_the_process_that_adds_is_told_here(queue, apart):
    def rename(old: str, new: str) -> None:
        with writing(queue.engine) as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    with pytest.raises(OutputError, match="the database failed"):
        intake.add(queue, half_way(lambda: rename("events", "elsewhere")))
    rename("elsewhere", "events")
    check_the_rest_can_be_added(queue, len(texts(queue)))


def test_reading_is_one_chunk_ahead(queue, apart):
    read, told = [], []
    intake.add(queue, (read.append(one) or one for one in VERDICTS), progress=lambda rows: told.append((rows, len(read))))
    assert told == [(20, 40), (20, 60), (20, 80), (20, 90), (10, 90)]


def test_the_same_in_one_chunk_and_across_chunks(queue):
    doubled = [one for one in VERDICTS for _ in range(2)] + VERDICTS
    added = intake.add(queue, doubled)
    assert (added.new, added.known) == (90, 180)


@pytest.mark.parametrize("rounds", [1, 2])
def test_the_same_when_words_fold_in_another_way(queue, monkeypatch, rounds):
    intake.add(queue, VERDICTS)
    for version in range(rounds):
        monkeypatch.setattr(adding, "FEATURES", 1_000 + version)
        monkeypatch.setattr(
            intake, "fold_all", lambda texts, version=version: [f"{version} {text}" for text in texts.to_pylist()]
        )
        again = intake.add(queue, [*VERDICTS, verdict(f"other {version}", abusive=0.5, id=f"o{version}")])
        assert (again.new, again.known) == (1, 90)
    monkeypatch.undo()
    assert intake.add(queue, VERDICTS).new == 0


def test_what_a_driver_says_is_not_told(queue):
    """The rows go to PostgreSQL past SQLAlchemy, and it shows a row that it refuses."""
    text_alone = [1, 2, 3, 4, 5, *[None] * 4, "rahasia", *[None] * 10]
    with pytest.raises(OutputError) as told, writing(queue.engine) as connection:
        insert_rows(connection, schema.items, [tuple(text_alone)])
    assert "rahasia" not in str(told.value)


def test_files_of_the_current_folder_are_not_run(queue, apart, tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise SystemExit('run')")
    (tmp_path / "moderation").mkdir()
    (tmp_path / "moderation" / "__init__.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [place for place in sys.path if place])
    assert intake.add(queue, VERDICTS).new == 90


def test_a_queue_that_is_gone_is_told_by_the_process_that_adds(store_url, apart, tmp_path):
    with open_queue(store_url, create=True) as queue:
        if queue.engine.dialect.name == "sqlite":
            (tmp_path / "queue.db").unlink()
        else:
            with writing(queue.engine) as connection:
                schema.metadata.drop_all(connection)
        with pytest.raises(NoInputError, match="no queue at"):
            intake.add(queue, VERDICTS)


def test_more_rows_than_one_statement_takes(queue):
    rows = [(f"r{k}", k) for k in range(SQLITE_VALUES + 1)]
    with writing(queue.engine) as connection:
        insert_rows(connection, schema.passed, [])
        insert_rows(connection, schema.passed, rows)
    with reading(queue.engine) as connection:
        assert connection.execute(select(func.count()).select_from(schema.passed)).scalar() == len(rows)


@pytest.mark.parametrize("other", [False, True])
def test_every_value_comes_back_as_it_was(request, monkeypatch, queue, other):
    if other:
        request.getfixturevalue("apart")
        monkeypatch.setattr(adding, "APART_FROM", 2)
    odd = ["a\tb\\N\n", "\\.", "'\"{},", "😭", "\u202e", " "]
    given = [verdict(f"x{text}y", spam=0.1 + 2**-40, author=f"x{text}y", thread=text, sent=-1) for text in odd]
    intake.add(queue, given)
    for number, one in enumerate(given, 1):
        found = queue.message(number)
        assert (found.text, found.author, found.thread, found.sent) == (one.text, one.author, one.thread, -1)
        assert tuple(found.probabilities.values()) == one.probabilities
    queue.decide(1, "rani", ["spam"])
    again = verdict("another", spam=0.3, author=given[0].author, sent=given[0].sent)
    intake.add(queue, [again])
    assert queue.message(len(odd) + 1).priority.repeat > 0
