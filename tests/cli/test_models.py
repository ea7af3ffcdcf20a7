"""``moderation models``: what there is, its card, refusals, and the way of a model into use and out again."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moderation.categories import CATEGORIES
from moderation.classifier.model import Thresholds, save_model
from moderation.registry.promoting import save_training
from tests.authored import LABELS, TEXTS
from tests.cli.helpers import fails, files, is_tame, run


def test_list_names_models_here_and_refuses_without_failing(elsewhere, model):
    shutil.copytree(model, elsewhere / "models" / "ours")
    shutil.copytree(model, elsewhere / "models" / "bad [red]")
    (elsewhere / "models" / "bad [red]" / "weights.npz").write_bytes(b"x")
    done = run("models", "list")
    assert (done.code, done.stderr) == (0, "")
    lines = dict(line.split("  ", 1) for line in done.text.splitlines())
    assert lines["ours"].startswith("version ")
    assert lines["ours"].endswith("62 rows, models/ours")
    assert lines["bad [red]"].startswith("refused: ")
    assert lines["default"].endswith(", in use")


def test_list_is_not_upset_by_odd_facts(elsewhere, model):
    shutil.copytree(model, elsewhere / "models" / "odd")
    described = json.loads((elsewhere / "models" / "odd" / "model.json").read_text())
    described["facts"] = {"rows": ["\x1b[31m"]}
    described["version"] = "1\n\x1b[2J"
    (elsewhere / "models" / "odd" / "model.json").write_text(json.dumps(described))
    for arguments in ([], ["--json"]):
        done = run("models", "list", *arguments)
        assert done.code == 0
        assert is_tame(done.text)
    assert sum(line.startswith("odd ") for line in run("models", "list").text.splitlines()) == 1


def test_show_is_the_card_unwrapped(model):
    done = run("models", "show", model)
    assert (done.code, done.stderr) == (0, "")
    assert done.text == (model / "README.md").read_text()


@pytest.mark.parametrize("command", [["models", "show"], ["score", "-", "--model"], ["explain", "halo", "--model"]])
def test_unknown_and_refused(tmp_path, model, command):
    fails(66, *command, "nobody", says="no model named nobody")
    fails(66, *command, tmp_path, says="no model named")
    folder = tmp_path / "copy"
    shutil.copytree(model, folder)
    (folder / "head.pkl").write_bytes(b"x")
    fails(65, *command, folder, says="head.pkl")
    (folder / "head.pkl").unlink()
    (folder / "weights.npz").write_bytes(b"x")
    fails(65, *command, folder, says="digest")
    (folder / "model.json").write_text("[]")
    fails(65, *command, folder, says="not a JSON object")


# Promoting


def write(path: Path, times: int = 1, split: str | None = None) -> Path:
    """The sixty messages as a labelled file, several times over so that they tell something."""
    header = ["text", *CATEGORIES] + (["split"] if split else [])
    rows = [[text, *map(int, labels)] + ([split] if split else []) for text, labels in zip(TEXTS, LABELS, strict=True)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows * times])
    return path


@pytest.fixture
def labelled(elsewhere) -> Path:
    return write(elsewhere / "labelled.csv", 3)


@pytest.fixture
def good(elsewhere, tiny_model) -> str:
    """A model in the registry; as a version ``tiny-good``."""
    save_training(replace(tiny_model, version="good"), elsewhere / "models" / "good", by="ayu", reason="first")
    return "good"


@pytest.fixture
def bad(elsewhere, tiny_model) -> str:
    """A model that learnt nothing and flags everything."""
    nothing = np.zeros_like(tiny_model.weights)
    save_training(
        replace(tiny_model, version="bad", weights=nothing, thresholds=(Thresholds(0, 1),) * 5), elsewhere / "models" / "bad"
    )
    return "bad"


def used() -> str:
    (row,) = run("score", "-", stdin=b"halo").text.splitlines()
    return json.loads(row)["model"]


def test_the_way_of_a_model(elsewhere, labelled, good, bad):
    shipped = used()
    assert shipped.startswith("default ")
    run("models", "promote", good, "--force", "--reason", "start", "--by", "ayu")
    assert used() == "tiny good"
    assert used() == json.loads(run("score", "-", "--model", "tiny-good", stdin=b"halo").text)["model"]
    assert json.loads(run("score", "-", "--model", "default", stdin=b"halo").text)["model"] == shipped

    done = run("models", "promote", bad, "--on", labelled)
    assert done.code == 1
    table = done.text.splitlines()
    assert table[0].split()[:2] == ["category", "positives"]
    assert [line.split()[:3] for line in table[1:6]] == [[c, "30", "156"] for c in CATEGORIES]
    assert table[6].startswith("clean in all categories: 36, flagged before ")
    warning, refusal = done.stderr.splitlines()
    assert "no split column" in warning
    assert refusal.startswith("moderation: bad is not promoted (--force with a --reason does): abusive: recall at ")
    assert "; 36 of 36 clean messages are flagged" in refusal
    assert used() == "tiny good"

    done = run("models", "promote", bad, "--on", labelled, "--force", "--reason", "to see it fail", "--by", "budi")
    assert done.code == 0
    assert done.stderr.splitlines()[-1] == "tiny-bad is in use, before it tiny-good"
    assert used() == "tiny bad"
    card = run("models", "show").text.splitlines()
    assert card == run("models", "show", "bad").text.splitlines()
    assert "## History" in card
    told = card[card.index("## History") + 2 :]
    assert "trained by " in told[0]
    assert told[0].endswith(" from 62 rows")
    assert told[1].endswith(" promoted by budi after a check on 186 rows: to see it fail")
    assert all(line.startswith("- in spite of: ") for line in told[2:])
    assert len(told) >= 8

    done = run("models", "promote", good, "--on", write(elsewhere / "test.csv", 3, "test"), "--reason", "better")
    assert (done.code, done.stderr) == (0, "tiny-good is in use, before it tiny-bad\n")
    assert run("models", "promote", good, "--on", labelled).stderr.endswith("good is in use already\n")

    for wanted in ("tiny bad", "tiny good", shipped):
        done = run("models", "rollback", "--reason", "false alarms", "--by", "ayu")
        assert (done.code, done.text) == (0, "")
        assert used() == wanted
    assert done.stderr == "the shipped model is in use again, before it tiny-good\n"
    fails(66, "models", "rollback", says="nothing to roll back")


def test_list_tells_what_is_in_use_since_when(elsewhere, good, bad):
    run("models", "promote", good, "--force", "--reason", "start")
    listed = {entry["name"]: entry for entry in json.loads(run("models", "list", "--json").text)}
    assert {name: entry["kind"] for name, entry in listed.items() if name != "research"} == {
        **{"good": "trained", "bad": "trained", "tiny-good": "version", "tiny-bad": "version"},
        "default": "shipped",
    }
    assert [name for name, entry in listed.items() if entry["current"]] == ["tiny-good"]
    assert [name for name, entry in listed.items() if entry["promoted"]] == ["tiny-good"]
    version = listed["tiny-good"]
    assert (version["model"], version["rows"], version["refused"]) == ("tiny good", 62, None)
    assert Path(version["folder"]) == Path("models/versions/tiny-good")
    line = next(line for line in run("models", "list").text.splitlines() if line.startswith("tiny-good  "))
    assert line.endswith(f"models/versions/tiny-good, promoted {version['promoted']}, in use")
    (elsewhere / "models" / "current").write_text("x")
    done = run("models", "list")
    assert done.code == 0
    assert "has no version x" in done.stderr
    assert "in use" not in done.text
    fails(65, "score", "-", says="has no version x")


def test_a_promotion_needs_rows_or_a_reason(labelled, good):
    fails(2, "models", "promote", good, says="give labelled rows with --on")
    fails(2, "models", "promote", good, "--force", says="--force needs a --reason")
    fails(2, "models", "promote", good, "--on", labelled, "--force", says="--force needs a --reason")
    fails(66, "models", "promote", "nobody", "--force", "--reason", "x", says="no model named nobody")
    fails(66, "models", "promote", good, "--on", "none.csv", says="none.csv")
    assert not (labelled.parent / "models" / "current").exists()


def test_rows_set_aside_judge(elsewhere, good):
    path = write(elsewhere / "train.csv", 3, "train")
    fails(65, "models", "promote", good, "--on", path, says="no row belongs to the split test")
    fails(65, "models", "promote", good, "--on", path, "--split", "dev", says="no row belongs to the split dev")
    test = write(elsewhere / "test.csv", 1, "test")
    done = run("models", "promote", good, "--on", path, "--on", test, "--force", "--reason", "x")
    assert done.text.splitlines()[-1].startswith("clean in all categories: 12,")
    assert "no split column" not in done.stderr
    (event,) = [json.loads(line) for line in (elsewhere / "models/history.jsonl").read_text().splitlines()][1:]
    assert event["check"]["rows"] == len(TEXTS)
    assert event["forced"] == bool(event["check"]["failures"])


def test_another_registry(elsewhere, tiny_model):
    save_model(tiny_model, elsewhere / "new")
    run("models", "promote", "./new", "--force", "--reason", "x", "--registry", "store")
    assert files(elsewhere) == ["new", "store"]
    assert used().startswith("default ")
    assert run("models", "show", "--registry", "store").text.startswith(f"# Model tiny {tiny_model.version}\n")
    assert f"tiny-{tiny_model.version}  version" in run("models", "list", "--registry", "store").text
    run("models", "rollback", "--registry", "store")
    fails(66, "models", "rollback", "--registry", "store", says="nothing to roll back")


def test_a_model_that_a_killed_training_put_aside_is_found(elsewhere, good):
    (elsewhere / "models" / "good").rename(elsewhere / "models" / ".good-abcdefgh.old")
    assert run("models", "promote", good, "--force", "--reason", "x").code == 0
    assert "good" in files(elsewhere / "models")


def test_history_moves_no_cursor(elsewhere, good):
    run("models", "promote", good, "--force", "--reason", "x\x1b[2J\ny", "--by", "a\x07")
    done = run("models", "show")
    assert is_tame(done.text)
    assert done.text.splitlines()[-1].endswith(": x[2J y")
