"""``moderation score``: where verdicts go, in which form, what is left behind when it fails, and what a person sees."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.messages.reading import read
from moderation.messages.writing import open_writer
from moderation.policy import default_policy
from moderation.scoring import VERDICT_SCHEMA, Moderator, score_batches
from tests.authored import TEXTS
from tests.cli.helpers import ENTRY, VERDICT, P, checked, csv_rows, fails, files, inputs, is_tame, run, shell
from tests.text.test_kernel import messages

LINES = "\n".join(TEXTS).encode()


@pytest.fixture
def chats(tmp_path) -> Path:
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(TEXTS)))
    return path


# Formats


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_the_form_follows_the_extension_or_to(tmp_path, model, chats, form):
    assert run("score", chats, "--model", model, "-o", tmp_path / f"a.{form}").code == 0
    assert run("score", chats, "--model", model, "-o", tmp_path / "b.dat", "--to", form).code == 0
    piped = run("score", chats, "--model", model, "--to", form)
    assert (piped.code, piped.stderr) == (0, "")
    assert (tmp_path / f"a.{form}").read_bytes() == (tmp_path / "b.dat").read_bytes() == piped.stdout


def test_all_forms_hold_the_same(tmp_path, model, chats):
    for form in ("csv", "tsv", "jsonl", "parquet"):
        run("score", chats, "--model", model, "-o", tmp_path / f"out.{form}")
    lines = checked([json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()])
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.select(VERDICT).schema.equals(VERDICT_SCHEMA)
    for rows in (csv_rows(tmp_path / "out.csv"), csv_rows(tmp_path / "out.tsv", "\t")):
        assert [row["text"] for row in rows] == [row["text"] for row in lines] == table["text"].to_pylist() == TEXTS
        for row, line in zip(rows, lines, strict=True):
            assert row["flags"].split(";") == (line["flags"] or [""])
            assert {name: float(row[name]) for name in [*P, "priority"]} == {name: line[name] for name in [*P, "priority"]}
    assert [row["flags"] for row in lines] == table["flags"].to_pylist()


def test_piped_is_jsonl_and_so_is_a_dash(model):
    for command, args in ((shell, []), (run, ["-o", "-"]), (run, ["--to", "jsonl"])):
        done = command("score", "-", "--model", model, *args, stdin=LINES)
        assert (done.code, done.stderr, len(done.rows)) == (0, "", len(TEXTS))


def test_nothing_in_a_spreadsheet_runs(tmp_path, model):
    risky = ["=1+1", "+62 812 hubungi", "-@foo", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0"]
    rows = [{"=nama": text, "text": text} for text in [*risky, "-5", "aman"]]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("score", tmp_path / "in.jsonl", "--model", model, "-o", tmp_path / "out.csv")
    written = csv_rows(tmp_path / "out.csv")
    assert [row["text"] for row in written] == [*(f"'{text}" for text in risky), "-5", "aman"]
    assert [row["'=nama"] for row in written] == [row["text"] for row in written]


# Targets


def test_an_existing_file_needs_force(tmp_path, model, chats):
    out = tmp_path / "out.csv"
    out.write_text("precious")
    fails(73, "score", chats, "--model", model, "-o", out, says="--force")
    assert out.read_text() == "precious"
    assert run("score", chats, "--model", model, "-o", out, "--force").code == 0
    assert len(csv_rows(out)) == len(TEXTS)
    assert files(tmp_path) == ["chats.jsonl", "out.csv"]


def test_targets_that_cannot_be_made(tmp_path, model, chats):
    fails(73, "score", chats, "--model", model, "-o", tmp_path / "none" / "out.csv", says="no such folder")
    fails(73, "score", chats, "--model", model, "-o", tmp_path, says="is a folder")
    fails(73, "score", chats, "--model", model, "-o", chats / "out.csv", says="out.csv")
    if Path("/proc/self").exists():
        fails(73, "score", chats, "--model", model, "-o", "/proc/out.csv", says="/proc/out.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path, model, chats):
    (tmp_path / "locked").mkdir(mode=0o500)
    fails(73, "score", chats, "--model", model, "-o", tmp_path / "locked" / "out.csv", says="Permission denied")


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_after_a_failure_nothing_is_left(tmp_path, model, form):
    folder = tmp_path / "in"
    folder.mkdir()
    inputs = [folder / "a.csv", folder / "b.json"]
    inputs[0].write_text("text\nhalo\n")
    inputs[1].write_text('[{"text": "RAHASIA"}, oops')
    done = fails(65, "score", *inputs, "--model", model, "-o", tmp_path / f"out.{form}", says="b.json")
    assert "RAHASIA" not in done.stderr
    fails(66, "score", folder / "a.csv", "--model", "nobody", "-o", tmp_path / f"out.{form}", says="nobody")
    assert files(tmp_path) == ["in"]
    (tmp_path / f"out.{form}").write_text("precious")
    fails(65, "score", *inputs, "--model", model, "-o", tmp_path / f"out.{form}", "--force", says="b.json")
    assert (tmp_path / f"out.{form}").read_text() == "precious"


def test_columns_of_all_files_are_those_of_a_table(tmp_path, model):
    names = [tmp_path / name for name in ("a.csv", "b.csv", "c.parquet", "d.jsonl")]
    names[0].write_text("text\nhalo\n")
    names[1].write_text("text,id\nlagi,1\n")
    pq.write_table(pa.table({"id": [2], "text": ["mati"], "tags": [["x"]]}), names[2])
    names[3].write_text('{"text": "dua", "tags": 5}\n')
    rows = [inputs(row) for row in run("score", *names, "--model", model).rows]
    assert [list(row) for row in rows] == [["text"], ["text", "id"], ["id", "text", "tags"], ["text", "tags"]]
    run("score", *names, "--model", model, "-o", tmp_path / "out.csv")
    assert [tuple(inputs(row).values()) for row in csv_rows(tmp_path / "out.csv")] == [
        ("halo", "", ""),
        ("lagi", "1", ""),
        ("mati", "2", '["x"]'),
        ("dua", "", "5"),
    ]
    run("score", *names, "--model", model, "-o", tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet").drop_columns(VERDICT)
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("halo", None, None),
        ("lagi", "1", None),
        ("mati", "2", '["x"]'),
        ("dua", None, "5"),
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_keys_that_come_late(tmp_path, model, jobs):
    lines = [json.dumps({"text": "halo", "n": n} if n != 45_000 else {"text": "mati", "late": "ya"}) for n in range(45_001)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    out = tmp_path / "out.csv"
    assert run("score", tmp_path / "in.jsonl", "--model", model, "-o", out, "--jobs", jobs).code == 0
    rows = csv_rows(out)
    assert [inputs(row) for row in (rows[0], rows[-1])] == [
        {"text": "halo", "n": "0", "late": ""},
        {"text": "mati", "n": "", "late": "ya"},
    ]
    piped = (tmp_path / "in.jsonl").read_bytes()
    fails(65, "score", "-", "--model", model, "--to", "parquet", "-o", tmp_path / "o", stdin=piped, says="write jsonl")


def test_a_folder_of_everything(tmp_path, model):
    folder = tmp_path / "in"
    (folder / "mail").mkdir(parents=True)
    for number in range(8):
        (folder / "mail" / f"{number}.eml").write_bytes(b"Subject: halo\nFrom: a@b.example\n\ninternet mati\n")
    (folder / "a.csv").write_text("id,pesan\n1,halo\n2,mati\n")
    (folder / "b.json").write_text('[{"text": "satu", "id": 9}, oops')
    (folder / "c.parquet").write_bytes(b"PAR1RAHASIA")
    (folder / "foto.png").write_bytes(b"x")
    for form in ("jsonl", "csv", "parquet"):
        done = run("score", folder, "--model", model, "-o", tmp_path / f"out.{form}")
        assert done.code == 1
        told = done.stderr.splitlines()
        assert [line.rpartition("/")[2] for line in told[:2]] == [
            "b.json: no valid JSON, after 1 rows; marked unreadable",
            "c.parquet: damaged Parquet file; marked unreadable",
        ]
        assert told[2] == "rows that could not be read, marked unreadable: 2"
        assert told[3].endswith(": 1")
        assert "RAHASIA" not in done.stderr
    tables = [csv_rows(tmp_path / "out.csv"), pq.read_table(tmp_path / "out.parquet").to_pylist()]
    tables.append(checked([json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]))
    for rows in tables:
        assert [Path(row["path"]).name for row in rows] == [
            *("a.csv", "a.csv", "b.json", "b.json", "c.parquet"),
            *(f"{number}.eml" for number in range(8)),
        ]
        statuses = [row["status"] for row in rows]
        assert statuses == ["ok", "ok", "ok", "unreadable", "unreadable", *["ok"] * 8]
        assert rows[0]["pesan"] == "halo"
        assert rows[-1]["subject"] == "halo"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(model):
    for args in (["score", "-"], ["score", "-", "--top", "2"], ["explain"], ["models", "show", str(model)]):
        options = [] if args[0] == "models" else ["--model", model]
        with Path("/dev/full").open("wb") as full:
            done = shell(*args, *options, stdin=LINES, stdout=full, code="from moderation.cli import run; run()")
        assert "Traceback" not in done.stderr, args
        assert "No space left on device" in done.stderr, args
        assert (done.code, done.stderr.count("\n")) == (74, 1), (args, done)


def test_a_reader_that_goes_away_is_no_news(tmp_path, model):
    (tmp_path / "in.txt").write_text("internet mati lagi\n" * 50_000)
    python = f"{shlex.quote(sys.executable)} -c {shlex.quote(ENTRY)}"
    there = shlex.quote(str(tmp_path / "in.txt"))
    named = f"--model {shlex.quote(str(model))}"
    for command, reader, code in (
        (f"score {there} {named}", "head -1", "0"),
        (f"score {there} {named} --jobs 2 --to csv", "head -1", "0"),
        (f"score {there} {named} --top 500", "true", None),
        (f"models show {shlex.quote(str(model))}", "true", None),
    ):
        script = f"{python} {command} | {reader}; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        assert not [line for line in done.stderr.splitlines() if not line.startswith("messages: ")], done.stderr
        assert code is None or done.stdout.splitlines()[-1] == code


# The same on any number of threads and in any batches


def test_jobs_do_not_matter(tmp_path, model):
    path = tmp_path / "in.csv"
    path.write_text("id,text\n" + "".join(f'{n},"{TEXTS[n % len(TEXTS)]} {n % 7}"\n' for n in range(45_000)))
    alone = run("score", path, "--model", model, "--jobs", 1)
    assert (alone.code, alone.stdout.count(b"\n")) == (0, 45_000)
    for jobs in (2, 0, 7):
        assert run("score", path, "--model", model, "--jobs", jobs).stdout == alone.stdout
    assert (
        run("score", path, "--model", model, "--top", 9).text
        == run("score", path, "--model", model, "--top", 9, "--jobs", 2).text
    )


@given(
    st.lists(st.fixed_dictionaries({"text": messages | st.none(), "id": st.integers()}), min_size=1, max_size=12),
    st.tuples(st.integers(1, 13), st.sampled_from([1, 2, 3])),
    st.sampled_from(["csv", "jsonl"]),
)
@settings(max_examples=60, deadline=None)
def test_batches_and_jobs_do_not_matter(tiny_model, tmp_path_factory, rows, share, form):
    folder = tmp_path_factory.mktemp("batches")
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    written = []
    for size, threads in ((20_000, 1), share):
        batches = read([str(folder / "in.jsonl")], text_column=None, batch_rows=size)
        with open_writer(str(folder / f"out.{form}"), force=True) as writer:
            for table in score_batches(Moderator(tiny_model, default_policy()), batches, threads):
                writer.write(table)
        written.append((folder / f"out.{form}").read_bytes())
    assert written[0] == written[1]
    if form == "jsonl":
        assert len(written[0].splitlines()) == len(rows)


# For people


def test_top_shows_the_most_urgent_first(chats, model):
    done = run("score", chats, "--model", model, "--top", 5)
    assert (done.code, done.stderr.startswith(f"messages: {len(TEXTS)} (escalate ")) == (0, True)
    header, *lines = done.text.splitlines()
    assert header.split() == ["prio", "action", "flags", "message", "why"]
    shown = [int(line.split()[0]) for line in lines if line[:6].strip()]
    wanted = sorted((row["priority"] for row in run("score", chats, "--model", model).rows), reverse=True)[:5]
    assert shown == [round(priority) for priority in wanted]
    assert max(map(len, lines)) <= 140


def test_top_of_fewer_rows_and_of_none(tmp_path, model):
    done = run("score", "-", "--model", model, "--top", 5, stdin=b"tagihan bulan ini\n\n")
    assert (done.code, done.stderr) == (0, "messages: 2 (escalate 0, review 0, none 2)\n")
    assert run("score", "-", "--model", model, "--top", 5).stderr == "messages: 0 (escalate 0, review 0, none 0)\n"
    (tmp_path / "in.jsonl").write_text('{"text":"RAHASIA"\n')
    done = run("score", tmp_path / "in.jsonl", "--model", model, "--top", 5)
    assert done.code == 1
    assert "RAHASIA" not in done.stdout.decode() + done.stderr


def test_messages_are_shown_as_they_are_but_do_nothing(model):
    nasty = (
        "[red]kalian[/red] [link=http://x]goblok[/] :smile: \x1b[31m\x1b]0;title\x07 \u202egnab\u2066 \x9b2J \rbangsat [/nope]"
    )
    for done in (
        run("score", "-", "--model", model, "--top", 1, stdin=nasty.replace("\r", " ").encode()),
        run("explain", "--model", model, stdin=nasty.encode()),
        run("explain", nasty, "--model", model),
    ):
        assert done.code == 0
        assert is_tame(done.text)
    flat = " ".join(run("score", "-", "--model", model, "--top", 1, stdin=nasty.replace("\r", " ").encode()).text.split())
    for part in ("[red]kalian[/red]", ":smile:", "[/nope]"):
        assert part in flat


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
@pytest.mark.parametrize("columns", [60, 100])
def test_a_person_gets_a_table_as_wide_as_the_terminal(chats, model, columns):
    text, errors = on_a_terminal(columns, "score", chats, "--model", model)
    lines = text.splitlines()
    assert "Traceback" not in errors
    assert text.splitlines()[0].split()[-1] == "why"
    assert "{" not in text
    assert max(map(len, lines)) <= columns
    assert len(lines) > 20


def on_a_terminal(columns: int, *args: object) -> tuple[str, str]:
    """What a command writes to a terminal, without colours, and to standard error."""
    import pty

    reader, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ENTRY, *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(terminal)
    parts = []
    try:
        while part := os.read(reader, 65536):
            parts.append(part)
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(reader)
    _, errors = process.communicate(timeout=60)
    return re.sub(r"\x1b\[[0-9;]*m", "", b"".join(parts).decode()).replace("\r\n", "\n"), errors.decode()


def test_a_terminal_of_another_encoding(model):
    done = shell("explain", "halo 😀 señor", "--model", model, PYTHONIOENCODING="ascii")
    assert (done.code, done.stderr) == (0, "")
    assert "read as: halo ?" in done.text
    rows = shell("score", "-", "--model", model, stdin="halo 😀".encode(), PYTHONIOENCODING="ascii").rows
    assert rows[0]["text"] == "halo 😀"


# Light


LIGHT = """
import sys
before = {name.partition(".")[0] for name in sys.modules}
from moderation.cli import main
try:
    main()
finally:
    sys.stderr.write(" ".join({name.partition(".")[0] for name in sys.modules} - before))
"""


def test_scoring_imports_nothing_of_training(tmp_path, model, chats):
    done = shell("score", "-", "--model", model, stdin=b"internet saya mati\n", code=LIGHT)
    assert (done.code, done.rows[0]["text"]) == (0, "internet saya mati")
    assert "pyarrow" in done.stderr.split()
    assert not {"sklearn", "pandas", "nltk", "joblib"} & set(done.stderr.split())
    done = shell("score", chats, "--model", model, "-o", tmp_path / "out.parquet", code=LIGHT)
    assert (done.code, "sklearn" in done.stderr, "pandas" in done.stderr, "nltk" in done.stderr) == (0, False, False, False)


def test_help_waits_for_no_compiler():
    done = shell("score", "--help", code=LIGHT)
    assert done.code == 0
    assert not {"numba", "pyarrow", "numpy", "sklearn", "pandas", "nltk"} & set(done.stderr.split())


def test_the_input_may_be_the_output(chats, model):
    assert run("score", chats, "--model", model, "-o", chats, "--force").code == 0
    assert len(checked([json.loads(line) for line in chats.read_text().splitlines()])) == len(TEXTS)


def test_types_of_parquet_are_kept(tmp_path, model):
    table = pa.table({"n": pa.array([1, None], pa.int16()), "text": ["halo", None], "tags": [["a"], []]})
    pq.write_table(table, tmp_path / "in.parquet")
    assert run("score", tmp_path / "in.parquet", "--model", model, "-o", tmp_path / "out.parquet").code == 0
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored.select(["n", "text", "tags"]).equals(table)
    assert scored["status"].to_pylist() == ["ok", "empty"]
