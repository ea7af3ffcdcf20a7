"""``moderation drift``: what it says, with which exit code, and what it keeps to itself."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from moderation.categories import CATEGORIES
from moderation.classifier.model import save_model
from moderation.drift import Tally
from tests.authored import LABELS, TEXTS
from tests.cli.helpers import fails, files, run
from tests.drift.messages import messages


def write(path: Path, texts: list[str], times: bool = False) -> str:
    rows = [
        {"text": text} | ({"created_at": f"2025-11-{1 + n % 20:02d}T12:00:00"} if times else {}) for n, text in enumerate(texts)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path.name


def some(n: int, seed: int, extra: str = "") -> list[str]:
    chooser = random.Random(seed)
    return [f"{chooser.choice(TEXTS)} {chooser.choice(TEXTS)} {extra}" for _ in range(n)]


@pytest.fixture
def months(elsewhere) -> tuple[str, str, str]:
    """Last month, a month like it, and one with another vocabulary."""
    words = [f"kata{a}{b}" for a in "bdfghjkl" for b in "mnprstvw"]
    other = messages(600, 9, words)[0].to_pylist()
    return (
        write(elsewhere / "before.jsonl", some(900, 1)),
        write(elsewhere / "like.jsonl", some(600, 2), times=True),
        write(
            elsewhere / "other.jsonl", [f"{text} RAHASIA{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n, text in enumerate(other)]
        ),
    )


def test_stable(months, model):
    done = run("drift", months[1], "--against", months[0], "--model", model)
    assert (done.code, done.stderr) == (0, "")
    lines = done.text.splitlines()
    assert lines[0].split() == ["before", "now", "index", "verdict"]
    assert [line.split()[-1] for line in lines[1:15]] == ["stable"] * 14
    assert lines[15].startswith("20 days, flag rates outside their limits: ")
    assert lines[-1] == "600 messages against 900 before: stable"


def test_drift_has_an_exit_code_and_shows_no_word(months, model):
    done = run("drift", months[2], "--against", months[0], "--model", model)
    assert (done.code, done.stderr) == (1, "")
    assert done.text.splitlines()[-1] == "600 messages against 900 before: drift"
    assert "days" not in done.text
    assert "kata" not in done.text
    assert "rahasia" not in done.text.lower()


def test_new_words_for_who_asks(months, model):
    done = run("drift", months[2], "--against", months[0], "--model", model, "--show-words", "--json")
    words = json.loads(done.text)["new_words"]
    assert len(words) == 20
    assert all(entry["word"].startswith("kata") for entry in words)
    assert "rahasia" not in done.text  # every one of these stands in one message only
    same = run("drift", months[0], "--against", months[0], "--model", model, "--show-words")
    assert "new words and how many messages have them: none" in same.text.replace("\n", " ")


def test_as_json(months, model):
    done = run("drift", months[1], "--against", months[0], "--model", model, "--json")
    assert (done.code, done.stderr) == (0, "")
    said = json.loads(done.text, parse_constant=pytest.fail)
    assert list(said) == ["verdict", "rows", "baseline_rows", "shifts", "daily"]
    assert sum(day["rows"] for day in said["daily"]["days"]) == 600
    assert [day["day"] for day in said["daily"]["days"]][::19] == ["2025-11-01", "2025-11-20"]


def test_a_picture(elsewhere, months, model):
    args = ("drift", months[1], "--against", months[0], "--model", model, "--plot")
    done = run(*args, "a.png")
    assert (done.code, done.stderr) == (0, "picture: a.png\n")
    assert (elsewhere / "a.png").read_bytes().startswith(b"\x89PNG")
    fails(73, *args, "a.png", says="--force")
    (elsewhere / "b.SVG").write_text("old")
    assert run(*args, "b.SVG", "--force").code == 0
    assert (elsewhere / "b.SVG").read_bytes().startswith(b"<?xml")
    fails(2, *args, "a.gif", says=".png or .svg")
    fails(73, *args, "none/a.png", says="no such folder")
    fails(2, *args[:-1], "--force", says="--plot")
    assert files(elsewhere) == ["a.png", "b.SVG", *sorted(months)]


def test_the_models_own_messages_are_the_baseline(elsewhere, months, tiny_model, model):
    fails(2, "drift", months[1], "--model", model, says="--against FILE")
    texts = pa.array(some(900, 1), pa.large_string())
    tally = Tally([t.review for t in tiny_model.thresholds])
    tally.add(texts, tiny_model.score(texts).probabilities)
    save_model(replace(tiny_model, facts=tiny_model.facts | {"profile": tally.profile().to_dict()}), elsewhere / "kept")
    kept = run("drift", months[1], "--model", "kept", "--json")
    assert (kept.code, kept.stdout) == (0, run("drift", months[1], "--against", months[0], "--model", model, "--json").stdout)
    save_model(replace(tiny_model, facts=tiny_model.facts | {"profile": {"format": 1}}), elsewhere / "damaged")
    fails(65, "drift", months[1], "--model", "damaged", says="damaged")


def test_training_keeps_what_drift_compares_with(elsewhere):
    rows = [(text, labels) for text, labels in zip(TEXTS, LABELS, strict=True) for _ in range(6)]
    chooser = random.Random(0)
    lines = [
        {"text": f"{text} {chooser.choice(TEXTS[:12])}"} | dict(zip(CATEGORIES, map(int, labels), strict=True))
        for text, labels in rows
    ]
    (elsewhere / "labelled.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = ("--set", "bits=12", "--set", "folds=2")
    assert run("train", "labelled.jsonl", "-o", "ours", *config).code == 0
    same = json.loads(run("drift", "labelled.jsonl", "--model", "ours", "--json").text)
    told = {shift["name"]: shift for shift in same["shifts"]}
    assert (same["rows"], same["baseline_rows"]) == (len(rows), len(rows))
    assert all(told[name]["index"] == 0 for name in ("words", "length", "empty"))
    # One category has no head: all of its scores are the same, on either side, in the picture too.
    two = write(elsewhere / "other.jsonl", ["kabel putus lagi di gang kami " * 3] * 200)
    spam = [{name: line[name] for name in ("text", "spam")} for line in lines]
    (elsewhere / "spam.jsonl").write_text("".join(json.dumps(line) + "\n" for line in spam))
    assert run("train", "spam.jsonl", "-o", "spam", *config).code == 0
    done = run("drift", two, "--model", "spam", "--json", "--plot", "a.svg")
    told = {shift["name"]: shift["verdict"] for shift in json.loads(done.text)["shifts"]}
    assert (done.code, told["scores abusive"], told["words"]) == (1, "stable", "drift")


def test_messages_that_tell_nothing(elsewhere, months, model):
    write(elsewhere / "few.jsonl", ["halo"] * 99)
    args = ("--against", months[0], "--model", model)
    fails(65, "drift", "few.jsonl", *args, says="99 messages with a word")
    fails(66, "drift", "none.jsonl", *args, says="none.jsonl")
    fails(66, "drift", months[1], "--against", "none.jsonl", "--model", model, says="none.jsonl")
    fails(65, "drift", months[1], *args, "--time", "waktu", says="no column 'waktu'")
    assert run("drift", months[1], *args, "--time", "created_at").code == 0
