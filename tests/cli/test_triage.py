"""``moderation triage``: from the shell, one day of a moderator."""

from __future__ import annotations

import json

import pytest

from tests.authored import TEXTS
from tests.cli.helpers import fails, is_tame, run


@pytest.fixture
def queued(elsewhere, model):
    """Every authored message in a queue here."""
    rows = [{"id": k, "text": text, "author": f"a{k % 5}", "thread_id": f"t{k % 3}"} for k, text in enumerate(TEXTS)]
    (elsewhere / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run("score", "in.jsonl", "--model", model, "-o", "verdicts.jsonl").code == 0
    done = run("triage", "add", "verdicts.jsonl", "--all")
    assert (done.code, done.stderr) == (0, f"added: {len(TEXTS)}; there already: 0; nothing to look at: 0\n")
    return elsewhere


def listed(*options: object) -> list[dict]:
    return json.loads(run("triage", "list", "--json", *options).text)


def mine(name: str) -> dict:
    return json.loads(run("triage", "next", "--as", name, "--json").text)


def test_a_day(queued):
    everything = listed()
    assert [row["priority"] for row in everything] == sorted((row["priority"] for row in everything), reverse=True)
    assert sorted(row["text"] for row in everything) == sorted(TEXTS)
    for row in everything:
        assert sum(row["parts"].values()) == pytest.approx(row["priority"])
    first = mine("rani")
    assert first["id"] == everything[0]["id"]
    assert mine("rani")["id"] == first["id"]
    assert mine("budi")["id"] != first["id"]
    fails(1, "triage", "decide", first["id"], "--as", "budi", "--labels", "clean", says="is with rani")
    assert run("triage", "decide", first["id"], "--as", "rani", "--labels", "abusive, hate", "--note", "x").code == 0
    fails(1, "triage", "decide", first["id"], "--as", "rani", "--labels", "clean", says=f"message {first['id']} ")
    assert run("triage", "undo", "--as", "rani").code == 0
    assert mine("rani")["id"] == first["id"]
    assert run("triage", "skip", first["id"], "--as", "rani", "--reason", "later").code == 0
    assert run("triage", "escalate", mine("rani")["id"], "--as", "rani").code == 0
    assert json.loads(run("triage", "stats", "--json").text)["skipped"] == 1
    spam = [row["id"] for row in listed() if row["category"] == "spam"]
    assert [row["id"] for row in listed("--category", "spam", "--limit", 2)] == spam[:2]


def test_people_see_reasons_and_no_control_characters(queued):
    done = run("triage", "next", "--as", "rani")
    assert all(word in done.text for word in ("message ", "priority ", "harm ", "waiting "))
    item = done.text.split()[1]
    run("triage", "decide", item, "--as", "rani", "--labels", "threatening", "--note", "\x1b[2J")
    for command in (["show", item], ["list"], ["stats"]):
        done = run("triage", *command)
        assert done.code == 0
        assert is_tame(done.text)
    assert "decided by rani  threatening" in run("triage", "show", item).text


def test_decisions_come_out_as_labels_and_go_in_again(queued):
    for _ in range(3):
        run("triage", "decide", mine("rani")["id"], "--as", "rani", "--labels", "abusive")
    assert run("triage", "export", "-o", "labels.jsonl").stderr == "labelled rows: 3\n"
    fails(73, "triage", "export", "-o", "labels.jsonl", says="--force")
    assert run("evaluate", "labels.jsonl", "--json", "--model", "x").code == 66
    run("triage", "sample", "-o", "tasks.json", "--to", "label-studio", "--random", 4, "--high", 0, "--uncertain", 0)
    tasks = json.loads((queued / "tasks.json").read_text())
    assert len(tasks) == 4
    for task in tasks:
        result = {"from_name": "labels", "to_name": "text", "type": "choices", "value": {"choices": ["clean"]}}
        task["annotations"] = [{"result": [result]}]
    (queued / "tasks.json").write_text(json.dumps(tasks))
    done = run("triage", "import", "tasks.json", "--as", "sari")
    assert (done.code, done.stderr) == (0, "decided: 4; refused: 0\n")
    done = run("triage", "import", "labels.jsonl", "--as", "rani")
    assert done.code == 1
    assert done.stderr.endswith("decided: 0; refused: 3\n")


def test_rows_that_are_no_verdicts(queued):
    with (queued / "verdicts.jsonl").open("a") as file:
        file.write('{"text": "x"}\n')
    done = run("triage", "add", "verdicts.jsonl", "--all")
    assert done.code == 1
    assert f"verdicts.jsonl: row {len(TEXTS) + 1}: has no verdict" in done.stderr
    assert run("triage", "rebuild").stderr == f"messages: {len(TEXTS)}\n"


def test_refusals(elsewhere):
    fails(66, "triage", "next", "--as", "rani", says="moderation triage add makes one")
    fails(66, "triage", "add", "nowhere.jsonl", says="nowhere.jsonl")
    fails(2, "triage", "list", "--store", "queue.db", says="--store")
    (elsewhere / "none.jsonl").write_text("")
    assert run("triage", "add", "none.jsonl").code == 0
    assert run("triage", "next", "--as", "rani").stderr == "nothing waits for rani\n"
    fails(2, "triage", "next", "--as", " ", says="pseudonym")
    fails(2, "triage", "list", "--category", "rude", says="category")
    fails(2, "triage", "decide", 1, "--as", "rani", "--labels", "clean,spam", says="--labels")
    fails(66, "triage", "decide", 1, "--as", "rani", "--labels", "spam", says="no message 1")
    assert listed() == []
