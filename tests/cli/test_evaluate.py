"""``moderation evaluate``: intervals, another model, and the page."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moderation.categories import CATEGORIES
from moderation.classifier.model import save_model
from tests.authored import LABELS, TEXTS
from tests.cli.helpers import fails, files, run


@pytest.fixture
def labelled(tmp_path) -> Path:
    """The sixty messages three times, two of them labelled all wrong."""
    labels = LABELS.astype(int)
    labels[::31] = 1 - labels[::31]
    path = tmp_path / "labelled.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "lang", *CATEGORIES])
        writer.writerows([[text, "id", *row] for text, row in zip(TEXTS, labels, strict=True)] * 3)
    return path


@pytest.fixture(scope="module")
def lamed(tiny_model, tmp_path_factory) -> Path:
    """The small model without most of what it learnt."""
    weights = tiny_model.weights.copy()
    weights[np.random.default_rng(0).random(len(weights)) < 0.97, : len(CATEGORIES)] = 0
    folder = tmp_path_factory.mktemp("models") / "lamed"
    save_model(replace(tiny_model, name="lamed", weights=weights), folder)
    return folder


def test_intervals_stand_below_their_figures(labelled, model):
    done = run("evaluate", labelled, "--model", model, "--bootstrap", 100)
    assert (done.code, done.stderr) == (0, "")
    lines = done.text.splitlines()
    assert [line.split()[0] for line in lines[2:12:2]] == list(CATEGORIES)
    for figures, bounds in zip(lines[2:12:2], lines[3:12:2], strict=True):
        low, high = map(float, bounds.split()[0].split("-"))
        assert low <= float(figures.split()[3]) <= high
    assert "100 resamples" in lines[12]
    assert max(map(len, lines)) <= 140
    without = run("evaluate", labelled, "--model", model, "--bootstrap", 0).text.splitlines()
    assert [line.split() for line in without[2:7]] == [line.split() for line in lines[2:12:2]]
    assert "resamples" not in "".join(without)


def test_intervals_as_json_are_the_same_every_time(labelled, model):
    args = ("evaluate", labelled, "--model", model, "--bootstrap", 50, "--json")
    done = run(*args)
    assert done.stdout == run(*args).stdout
    result = json.loads(done.text, parse_constant=pytest.fail)
    assert result["resamples"] == 50
    assert {f["slice"] for f in result["figures"]} == {"all", "lang=id"}
    for f in result["figures"]:
        low, high = f["intervals"]["average_precision"]
        assert low <= f["average_precision"] <= high


def test_against_another_model(labelled, model, lamed):
    args = ("evaluate", labelled, "--model", model, "--against", lamed, "--bootstrap", 200)
    done = run(*args)
    assert (done.code, done.stderr) == (0, "")
    assert "differences to lamed " in done.text
    assert "average precision: better in " in done.text
    against = json.loads(run(*args, "--json").text, parse_constant=pytest.fail)["against"]
    assert set(against) == {"other", "differences", "flags"}
    assert {d["verdict"] for d in against["differences"]} >= {"better", "no difference shown"}
    turned = run("evaluate", labelled, "--model", lamed, "--against", model, "--bootstrap", 200)
    assert re.search("average precision: .*worse in ", turned.text)
    assert "not tested" in run(*args[:-1], 0).text
    fails(66, *args[:4], "--against", "nobody", says="no model named nobody")


def test_a_page(tmp_path, labelled, model, lamed):
    folder = tmp_path / "new" / "page"
    args = ("evaluate", labelled, "--model", model, "--bootstrap", 50, "--report", folder)
    done = run(*args, "--against", lamed)
    assert (done.code, done.stderr) == (0, f"report: {folder / 'index.html'}\n")
    assert files(folder) == ["index.html"]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "Against <strong>lamed " in page
    assert '<p class="message"' in page
    fails(73, *args, says="--force")
    assert (folder / "index.html").read_text(encoding="utf-8") == page
    assert run(*args, "--force", "--no-text").code == 0
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "lamed" not in page
    assert not any(text in page for text in TEXTS)
    fails(73, *args[:-1], labelled, says="no folder")


def test_options_that_need_a_page(labelled, model):
    for option in ("--no-text", "--force"):
        fails(2, "evaluate", labelled, "--model", model, option, says="--report")
    assert run("evaluate", labelled, "--model", model, "--bootstrap", -1).code == 2


def test_an_existing_page_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "index.html").write_text("x")
    fails(73, "evaluate", tmp_path / "none.csv", "--report", tmp_path, says="--force")
