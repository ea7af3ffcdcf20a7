"""The whole loop from the shell: score the sample, decide, export, train on the decisions, compare with the shipped model."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from pathlib import Path

import pytest

from moderation.categories import CATEGORIES
from tests.cli.helpers import Done, run

SAMPLES = Path(__file__).parents[1] / "data/samples"
DECISIONS = 60


def done(*args: object) -> Done:
    """A command that has to work."""
    found = run(*args)
    assert found.code == 0, found
    return found


@pytest.fixture
def known() -> dict[str, list[str]]:
    """The categories that hold for each message of the sample, by its id."""
    with (SAMPLES / "labelled.csv").open(newline="", encoding="utf-8") as file:
        return {row["id"]: [category for category in CATEGORIES if row[category] == "1"] for row in csv.DictReader(file)}


def test_decisions_become_a_model_that_is_compared_with_the_shipped_one(tmp_path, monkeypatch, known):
    monkeypatch.chdir(tmp_path)
    for name in ("chats.csv", "social.jsonl"):
        shutil.copy(SAMPLES / name, tmp_path)
    done("score", "chats.csv", "social.jsonl", "-o", "verdicts.jsonl")
    assert done("triage", "add", "verdicts.jsonl", "--all").stderr.startswith(f"added: {len(known)};")

    decided: dict[int, list[str]] = {}
    for who in itertools.cycle(["rani", "budi"]):
        message = json.loads(done("triage", "next", "--as", who, "--json").text)
        labels = known[message["columns"]["id"]]
        done("triage", "decide", message["id"], "--as", who, "--labels", ",".join(labels) or "clean")
        decided[message["id"]] = labels  # a second opinion brings one of them again
        if len(decided) == DECISIONS:
            break

    assert done("triage", "export", "-o", "decisions.jsonl").stderr == f"labelled rows: {DECISIONS}\n"
    exported = [json.loads(line) for line in (tmp_path / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["id"]: [category for category in CATEGORIES if row[category]] for row in exported} == decided

    done("labels", "split", "decisions.jsonl", "-o", "split.jsonl", "--test", 0.3)
    rows = [json.loads(line) for line in (tmp_path / "split.jsonl").read_text(encoding="utf-8").splitlines()]
    judged = [row for row in rows if row["split"] == "test"]
    assert 0 < len(judged) < DECISIONS / 2
    assert {row["author"] for row in judged}.isdisjoint(row["author"] for row in rows if row["split"] == "train")

    done("train", "split.jsonl", "--from", "default", "-o", "models/ours", "--set", "folds=2")
    options = ("--against", "default", "--bootstrap", 20, "--json")
    ours = json.loads(done("evaluate", "split.jsonl", "--split", "test", "--model", "ours", *options).text)
    default = ours["against"]["other"]
    assert [result["model"].split()[0] for result in (ours, default)] == ["ours", "default"]
    expected = [(category, len(judged), sum(row[category] for row in judged)) for category in CATEGORIES]
    for result in (ours, default):
        overall = [figure for figure in result["figures"] if figure["slice"] == "all"]
        assert [(figure["category"], figure["rows"], figure["positives"]) for figure in overall] == expected
    verdicts = [json.loads(line) for line in done("score", "chats.csv", "--model", "ours").text.splitlines()]
    assert {row["model"] for row in verdicts} == {ours["model"]}
