"""kill -9 in the middle of adding and deciding, and several at once: nothing lost, nothing twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from moderation.triage import log, schema
from moderation.triage.cases import Kind
from moderation.triage.errors import ConflictError
from moderation.triage.queue import open_queue
from moderation.triage.rebuilding import rebuild
from moderation.triage.store import reading
from moderation.triage.verdicts import Columns, Problems, read_verdicts
from tests.triage.helpers import RULES, add, derived, verdict, word

ADD = """
import sys
from moderation.triage import adding, intake
intake.CHUNK = 50
adding.APART_FROM = int(sys.argv[3])
from moderation.triage.queue import open_queue
from moderation.triage.verdicts import Columns, Problems, read_verdicts
verdicts = read_verdicts([sys.argv[2]], Columns(), Problems())
intake.add(open_queue(sys.argv[1], create=True), verdicts, progress=lambda n: print(n, flush=True))
"""
DECIDE = """
import sys
from dataclasses import replace
from moderation.triage.errors import ConflictError
from moderation.triage.queue import open_queue
from moderation.triage.rules import default_rules
queue = open_queue(sys.argv[1], rules=replace(default_rules(), second_opinion_share=0.0))
for item in range(1, int(sys.argv[3]) + 1):
    try:
        queue.decide(item, sys.argv[2], ["abusive"])
        print(item, flush=True)
    except ConflictError as error:
        print("told", item, flush=True)
"""
MESSAGES = 400


def start(code: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(process: subprocess.Popen[str], lines: int, milliseconds: float) -> list[str]:
    """Kill a process some time after it said so many lines; returns all that it and those it started said, once all are gone."""
    assert process.stdout is not None
    said = [line for _ in range(lines) if (line := process.stdout.readline())]
    time.sleep(milliseconds / 1000)
    process.kill()
    rest, errors = process.communicate()
    assert "Traceback" not in errors
    return [line.strip() for line in [*said, *rest.splitlines()]]


def write_verdicts(path: Path) -> None:
    p = {f"p_{category}": 0.0 for category in ("threatening", "hoax", "hate", "spam")}
    with path.open("w") as file:
        for k in range(MESSAGES):
            row = {"id": k, "text": word(k), "author": f"a{k % 7}", "p_abusive": 0.9, **p, "flags": ["abusive"]}
            file.write(json.dumps({**row, "action": "review", "priority": 45, "status": "ok", "model": "tiny 1"}) + "\n")


@pytest.mark.parametrize("apart_from", [50, 1_000])
def test_killed_while_adding(store_url, tmp_path, apart_from):
    file, chance = tmp_path / "verdicts.jsonl", random.Random(6)
    write_verdicts(file)
    for _ in range(3):
        killed(start(ADD, store_url, file, apart_from), chance.randrange(0, 3), chance.uniform(0, 40))
    with open_queue(store_url, create=True, rules=RULES) as queue:
        before = len(list(queue.ranked()))
        done = add(queue, *read_verdicts([str(file)], Columns(), Problems()))
        assert (done.new, done.known) == (MESSAGES - before, before)
        with reading(queue.engine) as connection:
            ids = Counter(json.loads(row)["id"] for row in connection.execute(select(schema.items.c.columns)).scalars())
            added = connection.execute(select(schema.events.c.detail).where(schema.events.c.kind == "added")).scalars()
            spans = [json.loads(detail) for detail in added]
        assert ids == Counter(range(MESSAGES))
        assert sorted(k for span in spans for k in range(span["first"], span["last"] + 1)) == list(range(1, MESSAGES + 1))
        now = derived(queue)
        rebuild(queue)
        assert derived(queue) == now


def test_killed_while_deciding(store_url):
    chance = random.Random(7)
    with open_queue(store_url, create=True, rules=RULES) as queue:
        add(queue, *(verdict(word(k), abusive=0.9, author=f"a{k % 7}") for k in range(MESSAGES)))
        said: list[str] = []
        for _ in range(3):
            said += killed(start(DECIDE, store_url, "rani", MESSAGES), chance.randrange(40, 80), chance.uniform(0, 20))
        acknowledged = {int(line) for line in said if line.isdigit()}
        with reading(queue.engine) as connection:
            decided = Counter(event.item for event in log.standing(connection, [Kind.decided]))
            labelled = connection.execute(select(schema.state.c.item).where(schema.state.c.labels.is_not(None))).scalars().all()
        assert set(decided.values()) == {1}
        assert acknowledged <= set(decided) == set(labelled)
        assert len(decided) - len(acknowledged) <= 3
        now = derived(queue)
        rebuild(queue)
        assert derived(queue) == now


def test_two_processes_deciding_the_same(store_url):
    with open_queue(store_url, create=True, rules=RULES) as queue:
        add(queue, *(verdict(word(k), abusive=0.9, author="a") for k in range(60)))
        both = [start(DECIDE, store_url, name, 60) for name in ("rani", "budi")]
        outputs = [process.communicate(timeout=60) for process in both]
        assert [errors for _, errors in outputs] == ["", ""]
        won = [{int(line) for line in said.splitlines() if line.isdigit()} for said, _ in outputs]
        told = [{int(line.split()[1]) for line in said.splitlines() if line.startswith("told")} for said, _ in outputs]
        assert won[0] | won[1] == set(range(1, 61))
        assert not won[0] & won[1]
        assert (told[0], told[1]) == (won[1], won[0])
        with reading(queue.engine) as connection:
            by = {event.item: event.reviewer for event in log.standing(connection, [Kind.decided])}
        assert by == {**dict.fromkeys(won[0], "rani"), **dict.fromkeys(won[1], "budi")}


@pytest.mark.parametrize("adding", [False, True])
def test_moderators_at_once_never_meet(store_url, adding):
    with open_queue(store_url, create=True, rules=RULES) as queue:
        add(queue, *(verdict(word(k // 2), abusive=0.9, author=f"a{k % 3}", id=str(k)) for k in range(80)))

        def work(name: str) -> list[int]:
            done = []
            while (message := queue.next(name)) is not None:
                queue.decide(message.id, name, ["abusive"])
                done.append(message.id)
            return done

        def more() -> list[int]:
            for k in range(40, 60):
                add(queue, verdict(word(k), abusive=0.9, author=f"a{k % 3}"))
            return []

        with ThreadPoolExecutor(5) as pool:
            given = [pool.submit(work, name) for name in ("rani", "budi", "sari", "joko")]
            if adding:
                pool.submit(more).result()
            done = [item for future in given for item in future.result()]
        done += work("last")
        assert len(done) == len(set(done)) == (60 if adding else 40)
        with reading(queue.engine) as connection:
            assert connection.execute(select(func.count()).where(schema.state.c.labels.is_(None))).scalar() == 0
        now = derived(queue)
        rebuild(queue)
        assert derived(queue) == now


def test_the_loser_is_told_what_happened(store_url):
    with open_queue(store_url, create=True, rules=RULES) as queue:
        add(queue, verdict("dasar goblok", abusive=0.9))
        queue.decide(1, "rani", ["abusive"])
        with pytest.raises(ConflictError, match="message 1 was decided by rani; an appeal opens it again") as told:
            queue.decide(1, "budi", [])
        assert told.value.exit_code == 1
