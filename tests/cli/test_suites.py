"""Published collections of nasty input through ``moderation score``: a verdict or a mark for each row, or one line why not."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.helpers import Done, csv_rows, inputs, is_tame, run


def refused_or_scored(done: Done, name: str) -> bool:
    """Whether it was scored; when it was not, one line says why."""
    if done.code in {0, 1}:
        assert (done.code == 1) == any(row["status"] == "unreadable" for row in done.rows)
        return True
    assert done.code == 65, (name, done)
    assert done.stderr.startswith("moderation: "), name
    assert done.stderr.count("\n") == 1, name
    assert len(done.stderr) < 1500, name
    return False


@pytest.fixture(scope="module")
def naughty(shared) -> list[str]:
    return json.loads((shared / "suites/blns/blns.json").read_text(encoding="utf-8"))


def test_naughty_strings_as_jsonl(tmp_path, model, naughty):
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"n": n, "text": t}) + "\n" for n, t in enumerate(naughty)))
    done = run("score", tmp_path / "in.jsonl", "--model", model)
    assert (done.code, done.stderr) == (0, "")
    assert [inputs(row) for row in done.rows] == [{"n": n, "text": t} for n, t in enumerate(naughty)]


def test_naughty_strings_as_csv_and_back(tmp_path, model, naughty):
    with (tmp_path / "in.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["n", "text"], *enumerate(naughty)])
    done = run("score", tmp_path / "in.csv", "--model", model, "-o", tmp_path / "out.csv")
    assert (done.code, done.stdout, done.stderr) == (0, b"", "")
    rows = csv_rows(tmp_path / "out.csv")
    assert [row["n"] for row in rows] == [str(n) for n in range(len(naughty))]
    for row, text in zip(rows, naughty, strict=True):
        assert row["text"] in {text, f"'{text}"}
        assert row["text"][:1] not in {"=", "+", "-", "@", "\t", "\r"} or row["text"].lstrip("+-")[:1].isdigit()


def test_naughty_strings_as_lines(model, naughty):
    """As a line a string ends where it has a line end, so those have several."""
    content = "".join(f"{text}\n" for text in naughty)
    done = run("score", "-", "--model", model, stdin=content.encode())
    assert (done.code, done.stderr) == (0, "")
    assert [row["text"] for row in done.rows] == content.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]


def test_files_of_naughty_strings(shared, model):
    for name in ("blns.txt", "blns.json", "blns.base64.txt", "blns.base64.json"):
        done = run("score", shared / "suites/blns" / name, "--model", model)
        assert (done.code, done.stderr) == (0, "")
        assert len(done.rows) > 400


def test_naughty_strings_shown_and_explained(tmp_path, model, naughty):
    """On a terminal nothing but text and line ends arrives."""
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in naughty))
    done = run("score", tmp_path / "in.jsonl", "--model", model, "--top", 1000)
    assert (done.code, done.stderr.startswith("messages: ")) == (0, True)
    assert is_tame(done.text)
    for text in naughty[::7]:
        done = run("explain", "--model", model, stdin=text.encode())
        assert (done.code, done.stderr) == (0, "") or not text.strip()
        assert is_tame(done.text), text


def test_csv_spectrum(shared, model):
    for path in sorted((shared / "suites/csv-spectrum/csvs").glob("*.csv")):
        wanted = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        column = list(wanted[0])[-1]
        done = run("score", path, "--model", model, "--text", column)
        assert (done.code, done.stderr) == (0, ""), path.name
        assert [inputs(row) for row in done.rows] == wanted, path.name
        assert len(wanted[0]) > 1
        refused = run("score", path, "--model", model)
        assert refused.code == 65
        assert f"columns: {', '.join(wanted[0])}" in refused.stderr


def json_suite(shared: Path) -> list[Path]:
    paths = sorted((shared / "suites/json-test-suite").rglob("*.json"))
    assert len(paths) > 300
    return paths


def test_json_suite_as_documents(shared, model):
    scored = 0
    for path in json_suite(shared):
        done = run("score", path, "--model", model)
        if path.name == "n_structure_100000_opening_arrays.json":
            assert "nested too deeply" in done.stderr
        if refused_or_scored(done, path.name):
            scored += 1
            if path.name.startswith("n_"):  # only what its first line makes JSONL of
                assert all(row["status"] in {"unreadable", "ok", "empty"} for row in done.rows), path.name
        else:
            assert not path.name.startswith("y_") or "which column" in done.stderr, path.name
    assert scored > 80


def test_json_suite_as_lines(shared, model, tmp_path):
    for path in json_suite(shared):
        content = path.read_bytes()
        copy = tmp_path / "in.jsonl"
        copy.write_bytes(content)
        done = run("score", copy, "--model", model)
        if refused_or_scored(done, path.name):
            if not content.startswith((b"\xff", b"\xfe", b"\xef")) and b"\x00" not in content:
                assert len(done.rows) == sum(bool(line.strip(b" \t\r")) for line in content.split(b"\n")), path.name
        else:
            assert "which column" in done.stderr, path.name
