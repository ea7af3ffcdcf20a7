"""``moderation labels``: what a check shows, and a split that training and evaluation keep."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from moderation.categories import CATEGORIES
from tests.authored import LABELS, TEXTS
from tests.cli.helpers import fails, files, run

ODD = [
    ("Petugasnya dungu banget kerja lambat", 1, "ani"),
    ("petugasnya DUN9U banget  kerja lambat", 0, "budi"),
    ("RAHASIA alamat saya pindah minggu depan tolong dicatat", 0, ""),
    ("RAHASIA alamat saya pindah minggu depan tolong dicatat ya", 1, ""),
]


def write(path: Path, header: list[str], rows: list[tuple]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def odd(elsewhere) -> str:
    write(elsewhere / "odd.csv", ["text", "abusive", "annotator"], ODD)
    return "odd.csv"


@pytest.fixture
def fine(elsewhere) -> str:
    rows = [(f"c-{n}", text, *map(int, labels)) for n, (text, labels) in enumerate(zip(TEXTS, LABELS, strict=True))]
    write(elsewhere / "fine.csv", ["id", "text", *CATEGORIES], rows)
    return "fine.csv"


def test_findings_stand_side_by_side_without_their_text(odd):
    done = run("labels", "check", odd)
    assert (done.code, done.stderr) == (1, "")
    lines = done.text.splitlines()
    assert lines[0] == "4 rows: 0 without labels, 0 without a word, 1 with the text of an earlier row"
    assert lines[1] == "languages: unknown 4"
    assert any(line.split() == ["abusive", "equal", "odd.csv:1", "odd.csv:2"] for line in lines)
    near = next(line.split() for line in lines if "odd.csv:4" in line)
    assert (near[0], near[2:]) == ("abusive", ["odd.csv:4", "odd.csv:3"])
    assert any(line.split()[:5] == ["abusive", "1", "0.000", "0.000", "1"] or "disputed" in line for line in lines)
    assert "at least 20 of each" in done.text
    assert lines[-1] == "findings: 3"
    assert "RAHASIA" not in done.text
    assert "dungu" not in done.text


def test_texts_are_shown_to_who_asks(odd):
    assert "RAHASIA alamat" in run("labels", "check", odd, "--show-text").text
    said = json.loads(run("labels", "check", odd, "--show-text", "--json").text)
    assert said["conflicts"]["first"][0]["yes"] == [{"file": odd, "row": 1, "text": ODD[0][0]}]


def test_as_json(odd, fine):
    done = run("labels", "check", odd, odd, fine, "--json", "--top", 1)
    assert (done.code, done.stderr) == (1, "")
    said = json.loads(done.text, parse_constant=pytest.fail)
    assert list(said) == ["findings", "balance", "conflicts", "suspects", "leaks", "agreement"]
    assert said["balance"]["rows"] == 8 + len(TEXTS)
    assert (said["conflicts"]["count"], len(said["conflicts"]["first"])) == (2, 1)
    assert said["conflicts"]["first"][0]["no"] == [{"file": odd, "row": 2}] * 2
    assert said["agreement"][0]["disputed"]["first"] == [[{"file": odd, "row": 1}, {"file": odd, "row": 2}]]
    assert not any(text in done.text for text, *_ in ODD)


def test_nothing_to_find(fine):
    done = run("labels", "check", fine)
    assert (done.code, done.stderr) == (0, "")
    assert done.text.splitlines()[-1] == "findings: 0"


def test_leaks_between_files_and_splits(elsewhere, fine):
    write(elsewhere / "other.csv", ["id", "text", "spam"], [("o-1", TEXTS[3].upper(), 0)])
    done = run("labels", "check", fine, "other.csv")
    assert done.code == 1
    assert "fine.csv | other.csv  equal  fine.csv:4 (c-3)  other.csv:1 (o-1)" in done.text
    write(
        elsewhere / "split.csv",
        ["text", "spam", "split"],
        [("halo kak apa kabar", 0, "train"), ("Halo kak apa kabar", 0, "test")],
    )
    assert "test | train" in run("labels", "check", "split.csv").text


def test_rows_of_a_folder_are_counted_file_by_file(elsewhere):
    (elsewhere / "folder").mkdir()
    for name in ("a.csv", "b.csv"):
        write(
            elsewhere / "folder" / name, ["text", "spam"], [("lain lagi", 0), (f"pesan panjang di {name}", 0), ("sama saja", 1)]
        )
    leaks = json.loads(run("labels", "check", "folder", "--json").text)["leaks"]["first"]
    assert [(leak["one"], leak["other"]) for leak in leaks] == [
        ([{"file": "folder/a.csv", "row": row}], [{"file": "folder/b.csv", "row": row}]) for row in (1, 3)
    ]


def test_files_that_cannot_be_checked(elsewhere):
    fails(66, "labels", "check", "none.csv", says="none.csv")
    write(elsewhere / "bad.csv", ["text", "spam"], [("RAHASIA", 0), ("RAHASIA", 2)])
    done = fails(65, "labels", "check", "bad.csv", says="row 2")
    assert "RAHASIA" not in done.stderr
    write(elsewhere / "none.csv", ["text", "topic"], [("halo", 0)])
    fails(65, "labels", "check", "none.csv", says="no label column")
    write(elsewhere / "empty.csv", ["text", "spam"], [])
    fails(65, "labels", "check", "empty.csv", says="no rows")


def test_a_split_that_evaluation_keeps(elsewhere, fine, model):
    done = run("labels", "split", fine, "-o", "split.csv", "--test", 0.3)
    assert (done.code, done.stdout) == (0, b"")
    assert done.stderr.startswith("train: 4")
    with (elsewhere / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (elsewhere / fine).open(newline="") as file:
        assert [{name: row[name] for name in row if name != "split"} for row in rows] == list(csv.DictReader(file))
    tested = [row for row in rows if row["split"] == "test"]
    assert len(tested) == pytest.approx(0.3 * len(rows), abs=2)
    evaluated = json.loads(run("evaluate", "split.csv", "--split", "test", "--model", model, "--json").text)
    assert {f["rows"] for f in evaluated["figures"]} == {len(tested)}
    assert {f["positives"] for f in evaluated["figures"]} == {3}


def test_a_split_is_kept_and_formats_change(elsewhere, fine):
    run("labels", "split", fine, "-o", "one.csv")
    assert run("labels", "split", "one.csv", "-o", "two.jsonl", "--test", 0.5, "--seed", 3).code == 0
    with (elsewhere / "one.csv").open(newline="") as file:
        before = [row["split"] for row in csv.DictReader(file)]
    rows = [json.loads(line) for line in (elsewhere / "two.jsonl").read_text().splitlines()]
    assert [row["split"] for row in rows] == before
    assert list(rows[0])[-1] == "split"
    assert run("labels", "split", "two.jsonl", "-o", "-").text.count('"split":"test"') == before.count("test")


def test_splits_that_cannot_be_made(elsewhere, fine):
    run("labels", "split", fine, "-o", "out.csv")
    before = (elsewhere / "out.csv").read_bytes()
    fails(73, "labels", "split", fine, "-o", "out.csv", says="--force")
    assert run("labels", "split", fine, "-o", "out.csv", "--seed", 1, "--force").code == 0
    assert (elsewhere / "out.csv").read_bytes() != before
    fails(2, "labels", "split", fine, "-o", "new.csv", "--test", 1, says="--test")
    fails(2, "labels", "split", fine, "-o", "new.csv", "--group", "region", says="region")
    fails(66, "labels", "split", "none.csv", "-o", "new.csv", says="none.csv")
    assert files(elsewhere) == ["fine.csv", "out.csv"]
