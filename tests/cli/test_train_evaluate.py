"""``moderation train`` and ``moderation evaluate``: from labelled rows to a model that scores, and what stands in the way."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from pathlib import Path

import pytest

from moderation.categories import CATEGORIES
from moderation.evaluation import Figures
from tests.authored import LABELS, TEXTS
from tests.cli.helpers import fails, files, run, shell

CONFIG = 'bits = 12\nfolds = 2\nname = "tiny"\n'


def write(path: Path, rows: list[list[object]], header: tuple[str, ...] = CATEGORIES) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", *header], *rows])
    return path


def all_rows() -> list[list[object]]:
    return [[text, *map(int, labels)] for text, labels in zip(TEXTS, LABELS, strict=True)]


@pytest.fixture
def labelled(tmp_path) -> Path:
    return write(tmp_path / "labelled.csv", all_rows())


@pytest.fixture
def config(tmp_path) -> Path:
    (tmp_path / "tiny.toml").write_text(CONFIG)
    return tmp_path / "tiny.toml"


def test_a_trained_model_scores(tmp_path, labelled, config):
    out = tmp_path / "models" / "ours"
    done = run("train", labelled, "-o", out, "--config", config)
    assert (done.code, done.stdout) == (0, b"")
    assert done.stderr.startswith(f"training on {len(TEXTS)} labelled rows\ntiny ")
    assert files(out) == ["README.md", "model.json", "weights.npz"]
    rows = run("score", "-", "--model", out, stdin=b"dasar anjing kalian, tidak becus\ninternet saya mati").rows
    assert rows[0]["p_abusive"] > rows[1]["p_abusive"]
    assert json.loads((out / "model.json").read_text())["version"] in rows[0]["model"]


def test_a_model_is_named_after_its_folder(elsewhere, labelled):
    assert run("train", labelled, "-o", "models/ours").code == 0
    assert "ours  version" in run("models", "list").text
    assert run("models", "show", "ours").text.startswith("# Model ours ")
    (row,) = [json.loads(line) for line in run("score", "-", "--model", "ours", stdin=b"halo").text.splitlines()]
    assert row["model"].startswith("ours ")


def test_an_existing_output_needs_force(tmp_path, labelled, config):
    out = tmp_path / "ours"
    run("train", labelled, "-o", out, "--config", config)
    before = (out / "model.json").read_bytes()
    fails(73, "train", labelled, "-o", out, "--config", config, says="--force")
    assert run("train", labelled, "-o", out, "--config", config, "--force").code == 0
    assert (out / "model.json").read_bytes() == before
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.doc").write_text("x")
    done = run("train", labelled, "-o", tmp_path / "precious", "--config", config, "--force")
    assert (done.code, "no model folder" in done.stderr) == (73, True)
    done = run("train", labelled, "-o", labelled / "ours", "--config", config)
    assert (done.code, "cannot create" in done.stderr) == (73, True)
    assert files(tmp_path) == ["labelled.csv", "ours", "precious", "tiny.toml"]


def test_a_label_that_is_none(tmp_path):
    rows = all_rows()
    rows[6][3] = 2
    done = fails(65, "train", write(tmp_path / "in.csv", rows), "-o", tmp_path / "out", says="row 7 has a label in hoax")
    assert "not 1, 0 or empty" in done.stderr
    assert TEXTS[6] not in done.stderr
    done = fails(65, "evaluate", tmp_path / "in.csv", says="row 7 has a label in hoax")
    assert files(tmp_path) == ["in.csv"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([[text, 0, 0, 0, 0, 0] for text in TEXTS], "abusive has 0 groups of rows labelled 1"),
        ([[text, 1, 0, 0, 0, 0] for text in TEXTS], "0 labelled 0"),
        (all_rows()[:10], "at least 4 of each"),
        (all_rows()[12:13] * 10, "at least 4 of each"),
        ([[text, "", "", "", "", ""] for text in TEXTS], "no labelled rows"),
        ([["", 1, 0, 0, 0, 0]], "needed"),
        ([], "no labelled rows"),
    ],
)
def test_too_little_to_learn_from(tmp_path, rows, says):
    done = run("train", write(tmp_path / "in.csv", rows), "-o", tmp_path / "out")
    assert done.code == 65, done
    assert says in done.stderr.splitlines()[-1]
    assert not any(text in done.stderr for text in TEXTS)
    assert files(tmp_path) == ["in.csv"]


def test_inputs_of_training_that_are_not_there(tmp_path, labelled, config):
    fails(66, "train", tmp_path / "none.csv", "-o", tmp_path / "out", says="none.csv")
    fails(66, "train", tmp_path / "none", "-o", tmp_path / "out", says="none")
    fails(66, "train", labelled, "-o", tmp_path / "out", "--config", tmp_path / "none.toml", says="none.toml")
    (tmp_path / "bad.toml").write_text("bits = ")
    fails(65, "train", labelled, "-o", tmp_path / "out", "--config", tmp_path / "bad.toml", says="not TOML")
    (tmp_path / "bad.toml").write_text("bitz = 3")
    fails(65, "train", labelled, "-o", tmp_path / "out", "--config", tmp_path / "bad.toml", says="unknown key bitz")
    fails(74, "train", labelled, "-o", tmp_path / "out", "--config", tmp_path, says="directory")
    assert run("train", labelled).code == 2
    write(tmp_path / "other.csv", [["RAHASIA", 1]], ("topic",))
    done = fails(65, "train", tmp_path / "other.csv", "-o", tmp_path / "out", says="no label column")
    assert "Found: text, topic" in done.stderr
    assert "RAHASIA" not in done.stderr


def test_without_the_extra_it_is_named(tmp_path, labelled, model):
    code = "import sys; sys.modules['sklearn'] = None; from moderation.cli import main; main()"
    for args in (["train", labelled, "-o", tmp_path / "out"], ["evaluate", labelled, "--model", model]):
        done = shell(*args, code=code)
        assert (done.code, "Traceback" in done.stderr) == (2, False)
        assert "pip install 'moderation[train]'" in done.stderr


def test_evaluate_shows_a_table(labelled, model):
    done = run("evaluate", labelled, "--model", model)
    assert (done.code, done.stderr) == (0, "")
    title, header, *lines = done.text.splitlines()
    assert title.startswith("model tiny ")
    assert header.split()[:3] == ["category", "rows", "positives"]
    assert [line.split()[:3] for line in lines[:5]] == [[c, "62", "10"] for c in CATEGORIES]
    assert lines[5].startswith("clean in all categories: 12, flagged")


def test_evaluate_as_json(labelled, model):
    done = run("evaluate", labelled, "--model", model, "--json")
    assert (done.code, done.stderr) == (0, "")
    result = json.loads(done.text, parse_constant=pytest.fail)
    assert set(result) == {"model", "figures", "clean_rows", "clean_flagged", "resamples"}
    assert result["clean_rows"] == 12
    keys = [field.name for field in fields(Figures)]
    assert {"category", "slice", "rows", "average_precision", "recall", "false_positive_rate", "calibration_error"} <= set(keys)
    assert all(list(figure) == keys for figure in result["figures"])
    overall = [figure for figure in result["figures"] if figure["slice"] == "all"]
    assert [figure["category"] for figure in overall] == list(CATEGORIES)
    assert all(figure["average_precision"] > 0.8 for figure in overall)


def test_evaluate_a_split_and_partial_labels(tmp_path, model):
    rows = [[text, int(row[0]), "test" if n % 2 else "train"] for n, (text, row) in enumerate(zip(TEXTS, LABELS, strict=True))]
    path = write(tmp_path / "in.csv", rows, ("abusive", "split"))
    result = json.loads(run("evaluate", path, "--model", model, "--json", "--split", "test").text)
    assert [(f["category"], f["rows"]) for f in result["figures"]] == [("abusive", 31)]
    assert result["clean_rows"] == 0
    fails(65, "evaluate", path, "--model", model, "--split", "dev", says="no row belongs to the split dev")
    write(path, [["RAHASIA", "", ""]], ("abusive", "split"))
    done = fails(65, "evaluate", path, "--model", model, says="no labelled rows")
    assert "RAHASIA" not in done.stderr


def test_evaluate_one_class_only(tmp_path, model):
    path = write(tmp_path / "in.csv", [["halo", 1], ["apa kabar", 1]], ("spam",))
    assert run("evaluate", path, "--model", model).code == 0
    (figure,) = json.loads(run("evaluate", path, "--model", model, "--json").text, parse_constant=pytest.fail)["figures"]
    assert (figure["roc_auc"], figure["positives"]) == (None, 2)


def test_evaluate_what_is_not_there(tmp_path, labelled):
    fails(66, "evaluate", tmp_path / "none.csv", says="none.csv")
    fails(66, "evaluate", labelled, "--model", "nobody", says="no model named nobody")
