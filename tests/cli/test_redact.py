"""``--redact``: verdicts on what was written, with nobody's numbers in what leaves; and no text in any error."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.helpers import VERDICT, fails, run, shell

CANARIES = {
    "081299887766": "phone",
    "kenari.tujuh@contoh.example": "email",
    "3201011501907777": "nik",
    "4111 1111 1111 1111": "card",
    "01.234.567.8-901.777": "npwp",
    "BZN-77665544": "customer",
}
TEXT = "goblok hubungi " + " atau ".join(c for c in CANARIES if "BZN" not in c) + " ID pelanggan BZN-77665544"


@pytest.fixture
def chats(tmp_path):
    path = tmp_path / "chats.jsonl"
    rows = [{"text": TEXT, "more": {"to": [TEXT, 6281299887766]}, "harga": "Rp 350.000"}, {"text": "halo", "more": None}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + f'{{"text": "{TEXT}\n')
    return path


def clean(*outputs: str) -> None:
    for output in outputs:
        flat = " ".join(output.split())
        assert not [canary for canary in CANARIES if canary in flat]
        assert "6281299887766" not in flat
        assert "kenari" not in flat


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_personal_is_written(tmp_path, model, chats, form, jobs):
    plain = run("score", chats, "--model", model)
    out = tmp_path / f"out.{form}"
    done = run("score", chats, "--model", model, "--jobs", jobs, "--redact", "-o", out)
    assert done.code == plain.code == 1
    written = json.dumps(pq.read_table(out).to_pylist()) if form == "parquet" else out.read_text()
    clean(written, done.stderr)
    assert all(f"[{kind}]" in written for kind in CANARIES.values())
    assert "Rp 350.000" in written
    if form == "jsonl":  # the verdicts are on the texts as they were
        masked = run("score", chats, "--model", model, "--redact").rows
        assert [[row[name] for name in VERDICT] for row in masked] == [[row[name] for name in VERDICT] for row in plain.rows]


def test_nothing_personal_is_shown(model, chats):
    done = run("score", chats, "--model", model, "--redact", "--top", 3)
    assert (done.code, "[phone]" in done.text) == (1, True)
    clean(done.text, done.stderr)
    done = run("explain", "--model", model, "--redact", stdin=TEXT.encode())
    assert done.code == 0
    clean(done.text, done.stderr)


def test_own_customer_numbers(tmp_path, model):
    done = run("score", "-", "--model", model, "--redact", "--customer-number", "fx-[0-9]+", stdin=b"kode FX-12 ya\n")
    assert done.rows[0]["text"] == "kode [customer] ya"
    fails(2, "score", "-", "--model", model, "--redact", "--customer-number", "(", says="no regular expression")
    fails(2, "score", "-", "--model", model, "--customer-number", "x", says="--redact")


def test_nothing_is_written_about_a_text_when_things_fail(tmp_path, model, chats):
    (tmp_path / "bad.json").write_text(f'[{{"text": {json.dumps(TEXT)}}}, {TEXT}')
    (tmp_path / "bad.csv").write_text(f'id,text\n1,"{TEXT}\n2,{TEXT},{TEXT}\n')
    (tmp_path / "bad.parquet").write_bytes(b"PAR1" + TEXT.encode() + b"PAR1")
    pq.write_table(pa.table({"n": [1], "text": pa.array([[TEXT]])}), tmp_path / "list.parquet")
    for name in ("bad.json", "bad.csv", "bad.parquet", "list.parquet", "chats.jsonl"):
        for options in ([], ["--jobs", "2"], ["--top", "2", "--redact"]):
            done = run("score", tmp_path / name, "--model", model, *options)
            assert done.code in (1, 65)
            clean(done.stderr)
    late = '{"text": "halo", "x": 1}\n' * 20_000 + json.dumps({TEXT: TEXT}) + "\n"
    clean(fails(65, "score", "-", "--model", model, "-o", tmp_path / "o.csv", says="write jsonl", stdin=late.encode()).stderr)


def test_an_error_nobody_thought_of_shows_no_text(model, chats):
    broken = """
from moderation.cli import main
from moderation import scoring
def fail(*_):
    raise RuntimeError("broken")
scoring.Moderator.verdicts = fail
main()
"""
    for jobs in (1, 2):
        done = shell("score", chats, "--model", model, "--jobs", jobs, code=broken)
        assert "RuntimeError: broken" in done.stderr
        clean(done.stderr)
