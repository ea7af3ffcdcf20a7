"""``moderation train`` and ``moderation evaluate``: from labelled rows to a model that scores, and what stands in the way."""

from __future__ import annotations

import csv
import json
import shutil
import tomllib
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
    assert done.stderr.startswith("tiny ")
    assert done.stderr.endswith(f", trained on {len(TEXTS)} labelled rows, saved in {out}\n")
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
    # Refused before hours of training: nobody has looked for the labels yet.
    fails(73, "train", "none.csv", "-o", tmp_path / "precious", "--config", config, "--force", says="no model folder")
    fails(73, "train", "none.csv", "-o", labelled / "ours", "--config", config, says="cannot create")
    for name in ("versions", "current"):
        fails(73, "train", "none.csv", "-o", tmp_path / "models" / name, says="means something else in a registry")
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
        ([[text, 1, 0, 0, 0, 0] for text in TEXTS], "abusive has 62 groups of rows labelled 1 and 0 labelled 0"),
        (all_rows()[:10], "at least 4 of each"),
        (all_rows()[12:13] * 10, "at least 4 of each"),
        ([[text, "", "", "", "", ""] for text in TEXTS], "no labelled rows"),
        ([["", 1, 0, 0, 0, 0], [" ", 0, 0, 0, 0, 1]], "every row lacks a text"),
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


def test_overrides_and_the_effective_config(tmp_path, labelled, config):
    options = ["--config", config, "--set", "C=0.2", "--set", "weights.spam-source=0.1"]
    done = run("train", labelled, "-o", tmp_path / "ours", *options, "--show-config")
    assert (done.code, done.stderr, (tmp_path / "ours").exists()) == (0, "", False)
    shown = tomllib.loads(done.text)
    assert (shown["name"], shown["bits"], shown["C"], shown["weights"]) == ("tiny", 12, 0.2, {"spam-source": 0.1})
    assert shown["labels"] == [str(labelled)]
    assert run("train", labelled, "-o", tmp_path / "ours", *options).code == 0
    described = json.loads((tmp_path / "ours" / "model.json").read_text())
    assert described["facts"]["config"] == {"columns": {}, "review_false_positive_rates": {}} | shown
    # What was shown is the whole run: from it alone the same model is made, byte for byte.
    (tmp_path / "again.toml").write_text(done.text)
    assert run("train", "--config", tmp_path / "again.toml", "-o", tmp_path / "again").code == 0
    for name in files(tmp_path / "ours"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "ours" / name).read_bytes()
    fails(65, "train", labelled, "-o", tmp_path / "x", "--set", "bits=99", says="bits must be from 8 to 22")
    fails(65, "train", labelled, "-o", tmp_path / "x", "--set", "rude.C=1", says="unknown key rude")


def test_what_a_run_needs(tmp_path, labelled):
    assert run("train", labelled).code == 2
    fails(2, "train", "-o", tmp_path / "out", says="which labelled files?")
    fails(2, "train", labelled, "-o", tmp_path / "out", "--label", "hate", says="write CATEGORY=COLUMN")
    fails(2, "train", labelled, "-o", tmp_path / "out", "--label", "rude=x", says="CATEGORY is one of abusive")
    fails(2, "train", labelled, "-o", tmp_path / "out", "--encoding", "klingon", says="klingon")


def test_a_file_of_two_columns(tmp_path, config, model):
    path = tmp_path / "two.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["Tweet", "HS"], *([row[0], row[4]] for row in all_rows())])
    columns = ["--text", "Tweet", "--label", "hate=HS"]
    assert run("train", path, *columns, "-o", tmp_path / "out", "--config", config).code == 0
    rows = run("score", "-", "--model", tmp_path / "out", stdin=b"usir suku itu, kafir semua\ndasar anjing kalian").rows
    assert rows[0]["flags"] == ["hate"]
    assert all(row["p_abusive"] < 1e-6 for row in rows)
    assert "Never flags abusive" in run("models", "show", tmp_path / "out").text
    done = run("train", path, *columns, "--from", model, "-o", tmp_path / "both", "--config", config)
    assert done.code == 0, done
    rows = run("score", "-", "--model", tmp_path / "both", stdin=b"usir suku itu, kafir semua\ndasar anjing kalian").rows
    assert rows[1]["p_abusive"] > 0.5
    assert "Continues from tiny" in run("models", "show", tmp_path / "both").text
    fails(66, "train", path, *columns, "--from", "nobody", "-o", tmp_path / "x", says="no model named nobody")


def test_what_people_should_hear_about_a_file(tmp_path, labelled, config):
    with labelled.open("ab") as file:
        file.write(b"caf\xe9,1,0,0,0,0\n,1,0,0,0,0\nsaja,,,,,\n")
    done = run("train", labelled, "-o", tmp_path / "ours", "--config", config)
    assert done.code == 0
    n = len(TEXTS)
    assert f"left out: 1 rows without a text, the first is {labelled} row {n + 2}" in done.stderr
    assert f"left out: 1 rows without any label, the first is {labelled} row {n + 3}" in done.stderr
    assert f"1 texts have bytes of another encoding, the first is {labelled} row {n + 1}. Save the file as UTF-8" in done.stderr


def test_two_columns_through_the_commands_alone(elsewhere, config, model):
    """Judge, check, set aside, train on, compare, promote: all of it knows where the text and the labels are."""
    names = ("--text", "isi", "--label", "hate=kebencian")
    rows = [(f"{text} {other}", int(row[3])) for text, row in zip(TEXTS, LABELS, strict=True) for other in TEXTS[:10:3]]
    with (elsewhere / "two.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("isi", "kebencian"), *rows])
    assert run("labels", "check", "two.csv", *names).code in (0, 1)
    assert run("labels", "split", "two.csv", "-o", "split.csv", "--test", 0.6, *names).code == 0
    shutil.copytree(model, "models/default")
    assert run("train", "split.csv", *names, "-o", "models/alone", "--config", config).code == 0
    assert run("train", "split.csv", *names, "-o", "models/both", "--config", config, "--from", "default").code == 0
    done = run("evaluate", "split.csv", "--split", "test", *names, "--model", "alone", "--against", "both", "--bootstrap", 0)
    assert done.code == 0
    assert "hate" in done.text
    refused = run("models", "promote", "alone", "--on", "split.csv", *names)
    assert (refused.code, refused.text.split()[0]) == (1, "category")
    assert "it never flags abusive, threatening, hoax, spam" in refused.stderr
    done = run("models", "promote", "both", "--on", "split.csv", *names)
    assert (done.code, "is in use, before it the shipped model" in done.stderr) == (0, True), done
    (row,) = [json.loads(line) for line in run("score", "-", stdin=b"kafir dan suku itu usir saja").text.splitlines()]
    assert row["model"].startswith("tiny ")
    assert run("models", "rollback").code == 0


READING = {
    "evaluate": ("evaluate", "--bootstrap", 0, "--json", "--model"),
    "check": ("labels", "check", "--json"),
    "split": ("labels", "split", "-o", "-", "--force"),
}


@pytest.mark.parametrize("command", READING)
def test_encodings(elsewhere, model, command):
    """What `train` says of bytes in another encoding the other readers of labelled files say, too."""
    before = READING[command] + ((model,) if command == "evaluate" else ())
    rows = "text,spam\n" + "".join(
        f"café na\xefve {text},{n % 2}\n" for n, text in enumerate(["halo", "beli", "murah", "kak"] * 9)
    )
    for name, encoding in (("utf-8", "utf-8"), ("utf-16", "utf-16"), ("cp1252", "cp1252"), ("le", "utf-16-le")):
        Path(f"{name}.csv").write_bytes(rows.encode(encoding))
    Path("mixed.csv").write_bytes(rows.encode() + b"caf\xe9,1\n")
    right = run(*before, "utf-8.csv")
    assert (right.code in (0, 1), "encoding" in right.stderr) == (True, False), right
    assert run(*before, "utf-16.csv").stdout == right.stdout.replace(b"utf-8.csv", b"utf-16.csv")
    assert run(*before, "cp1252.csv", "--encoding", "cp1252").stdout == right.stdout.replace(b"utf-8.csv", b"cp1252.csv")
    assert run(*before, "le.csv", "--encoding", "utf-16-le").stdout == right.stdout.replace(b"utf-8.csv", b"le.csv")
    for name, n, row in (("cp1252", 36, 1), ("mixed", 1, 37)):
        said = f"{n} texts have bytes of another encoding, the first is {name}.csv row {row}. Save the file as UTF-8, or name"
        assert said in run(*before, f"{name}.csv").stderr
    fails(2, *before, "utf-8.csv", "--encoding", "klingon", says="klingon")


@pytest.mark.parametrize("command", READING)
def test_rows_that_cannot_be_read_are_refused_by_all(elsewhere, model, command):
    before = READING[command] + ((model,) if command == "evaluate" else ())
    Path("quote.csv").write_text("text,spam\nb,0\n" + '"a,1\n' + "b,0\n" * 1_100)
    Path("broken.jsonl").write_text('{"text":"a","spam":1}\n{"text":"b","spam":\n')
    for name in ("quote.csv", "broken.jsonl"):
        fails(65, *before, name, says=f"{name}: row 2 cannot be read")
    for name, content, says in (
        ("empty.csv", "text,spam\n", "empty.csv: no"),
        ("two.csv", "text,spam\nb,0\na,2\n", "two.csv: row 2 has a label in spam that is not 1, 0 or empty. Write 1"),
        ("list.jsonl", '{"text":"a","labels":["rude"]}\n', "list.jsonl: row 1 has labels that are no list"),
        ("other.csv", "text,rude\na,1\n", "--label CATEGORY=COLUMN"),
    ):
        Path(name).write_text(content)
        fails(65, *before, name, says=says)


def test_what_evaluate_leaves_out_it_says(labelled, model):
    with labelled.open("a") as file:
        file.write(",1,0,0,0,0\nsaja,,,,,\n")
    done = run("evaluate", labelled, "--model", model)
    assert "left out: 1 rows without a text" in done.stderr
    assert "left out: 1 rows without any label" in done.stderr


BAD_FILES = {
    "wrong column": ("text,rude\na,1\n", "no label column"),
    "no text column": ("judul,tajuk,spam\na,b,1\n", "Name it with --text"),
    "label 2": ("text,spam\na,1\nb,2\n", "row 2 has a label in spam"),
    "label ya": ("text,spam\na,ya\nb,tidak\n", "row 1 has a label in spam"),
    "label 0.5": ("text,spam\na,0.5\n", "row 1 has a label in spam"),
    "empty": ("", "no rows at all"),
    "only a header": ("text,spam\n", "no rows at all"),
    "no label at all": ("text,spam\na,\nb,NaN\n", "every row lacks"),
    "twice": ("text,spam,spam\na,1,0\n", "spam is there twice"),
    "one class": ("text,spam\n" + "a,1\n" * 20, "spam has 20 groups of rows labelled 1 and 0 labelled 0"),
    "ten rows": ("text,spam\n" + "a,1\nb,0\n" * 3, "at least 4 of each are needed. Add rows"),
    "open quote": ('text,spam\n"a,1\n' + "b,0\n" * 1_100, "row 1 cannot be read"),
    "bad weight": ("text,spam,weight\na,1,much\n", "row 1 has a weight"),
    "NUL bytes": ("text,spam\n".encode("utf-16-le").decode("latin-1"), "columns"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_gets_a_line_that_helps(tmp_path, kind):
    content, says = BAD_FILES[kind]
    (tmp_path / "in.csv").write_bytes(content.encode())
    done = fails(65, "train", tmp_path / "in.csv", "-o", tmp_path / "out", says=says)
    assert "in.csv" in done.stderr or "groups" in done.stderr
    assert len(done.stderr) < 600
    assert files(tmp_path) == ["in.csv"]


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
