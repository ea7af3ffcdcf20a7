"""``moderation score --resume``: killed, stopped or out of disk, a run goes on to the output it would have had."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from moderation.classifier.model import save_model
from moderation.cli.interrupts import noted_signals
from moderation.messages.journal import input_facts
from moderation.messages.writing import open_alone
from tests.authored import TEXTS
from tests.cli import killed
from tests.cli.helpers import fails, files, run, shell

CANARY = "KENARI-7f3a9"
# Small batches, each journalled; and what the first argument says, done before the command begins.
SMALL = """
import os, resource, signal, sys
from moderation.cli import main
from moderation.messages import writing
from moderation.messages.reading import read
writing.JOURNAL_SECONDS = 0.0
read.__kwdefaults__["batch_rows"] = 10
exec(os.environ["FIRST"])
main()
"""
STOP = """
write = writing.TableWriter.write
def stopped(self, table):
    write(self, table)
    if self.done.batches == 3:
        os.kill(os.getpid(), {number})
writing.TableWriter.write = stopped
"""
FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and locks are those of POSIX")


@pytest.fixture
def source(tmp_path) -> Path:
    """A folder of 200 rows in two files, of them some unreadable, with a canary in each."""
    folder = tmp_path / "in"
    folder.mkdir()
    rows = [json.dumps({"id": n, "text": f"{TEXTS[n % len(TEXTS)]} {CANARY}"}) + "\n" for n in range(200)]
    rows[150] = json.dumps({"text": TEXTS[0], "late": CANARY}) + "\n"
    rows[77] = f'{{"text": "{CANARY}\n'
    (folder / "a.jsonl").write_text("".join(rows[:120]))
    (folder / "b.jsonl").write_text("".join(rows[120:]))
    return folder


def small(first: str, *args: object):
    return shell("score", *args, code=SMALL, FIRST=first)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_fifty_kills_change_nothing(tmp_path, source, model, form):
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-W", "error", killed.__file__, source, tmp_path / "out" / f"o.{form}", model, "50", form]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    kills, events = map(int, done.stdout.split())
    assert kills >= 50
    assert events >= 25
    assert CANARY not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("form", ["jsonl", "tsv"])
def test_a_signal_waits_for_the_batch_in_hand(tmp_path, source, model, form, number, code):
    out, whole = tmp_path / f"o.{form}", tmp_path / f"whole.{form}"
    stopped = small(STOP.format(number=int(number)), source, "--model", model, "-o", out, "--jobs", 2)
    assert (stopped.code, stopped.stderr.count("\n")) == (code, 1), stopped
    assert "--resume" in stopped.stderr
    assert files(tmp_path) == sorted([f".{out.name}.journal", f".{out.name}.partial", "in"])
    journal = (tmp_path / f".{out.name}.journal").read_text()
    assert json.loads(journal)["progress"]["rows"] == 30
    assert CANARY not in journal + stopped.stderr
    went_on = small("", source, "--model", model, "-o", out, "--resume")
    straight = small("", source, "--model", model, "-o", whole)
    assert (went_on.code, went_on.stderr) == (straight.code, straight.stderr)
    assert straight.code == 1  # one row cannot be read
    assert out.read_bytes() == whole.read_bytes()
    assert files(tmp_path) == ["in", out.name, whole.name]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_full_disk_leaves_no_half_file_and_the_run_goes_on(tmp_path, source, model, form):
    out, whole = tmp_path / f"o.{form}", tmp_path / f"whole.{form}"
    limited = FULL.format(size=2_000 if form == "parquet" else 9_000)
    full = small(limited, source, "--model", model, "-o", out)
    assert (full.code, full.stderr.count("\n")) == (74, 1), full
    assert f"{out}: File too large" in full.stderr
    assert ("--resume" in full.stderr) == (form != "parquet")
    assert not out.exists()
    left = b"".join(path.read_bytes() for path in tmp_path.glob(".*.journal"))
    assert CANARY not in full.stderr + left.decode()
    again = small(limited, source, "--model", model, "-o", out, "--resume")  # still full
    assert again.code == 74
    assert small("", source, "--model", model, "-o", out, "--resume").code == 1
    small("", source, "--model", model, "-o", whole)
    assert out.read_bytes() == whole.read_bytes()
    assert files(tmp_path) == ["in", out.name, whole.name]


def stop(tmp_path: Path, *args: object) -> Path:
    """A stopped run, and its output to be."""
    out = tmp_path / "o.csv"
    assert small(STOP.format(number=int(signal.SIGTERM)), *args, "-o", out).code == 143
    return out


def test_only_the_same_run_is_continued(tmp_path, source, model, tiny_model):
    out = stop(tmp_path, source, "--model", model)
    save_model(replace(tiny_model, version="other"), tmp_path / "other")
    for options, reason in (
        (["--model", tmp_path / "other"], "the same model"),
        (["--model", model, "--text", "text"], "the same options"),
        (["--model", model, "--redact"], "the same options"),
        (["--model", model, "--to", "jsonl"], "the same output format"),
    ):
        fails(73, "score", source, "-o", out, "--resume", *options, says=reason)
    facts = input_facts([str(source)])
    (source / ".git").mkdir()
    (source / ".git" / "index").write_text("what is not read may change")
    assert input_facts([str(source)]) == facts
    with (source / "b.jsonl").open("a") as file:
        file.write('{"text": "late"}\n')
    fails(73, "score", source, "-o", out, "--resume", "--model", model, says="the same input 1")
    fails(73, "score", source / "a.jsonl", "-o", out, "--resume", "--model", model, says="the same input 1")
    # Without --resume it begins anew.
    assert run("score", source, "-o", out, "--model", model).code == 1
    assert out.read_text().count("\n") == 202
    fails(73, "score", source, "-o", out, "--resume", "--model", model, says="exists")


def test_a_damaged_journal_or_a_partial_that_is_gone(tmp_path, source, model):
    out = stop(tmp_path, source, "--model", model)
    journal, partial = tmp_path / ".o.csv.journal", tmp_path / ".o.csv.partial"
    kept = journal.read_text()
    for damaged in ("", "[]", "{}", kept[:-9], '{"facts": 1, "progress": {}}'):
        journal.write_text(damaged)
        fails(73, "score", source, "-o", out, "--resume", "--model", model, says="damaged")
    journal.write_text(kept)
    partial.write_bytes(partial.read_bytes()[:100])  # shorter than it was: nothing to go on with
    assert small("", source, "--model", model, "-o", out, "--resume").code == 1
    whole = out.read_bytes()
    small("", source, "--model", model, "-o", out, "--force")
    assert out.read_bytes() == whole


def test_two_runs_do_not_write_one_file(tmp_path, source, model):
    out = tmp_path / "o.csv"
    with open_alone(tmp_path / ".o.csv.partial"):
        fails(73, "score", source, "--model", model, "-o", out, says="another run is writing it")
    assert run("score", source, "--model", model, "-o", out).code == 1


def test_what_cannot_be_continued_is_told(tmp_path, source, model):
    fails(2, "score", "-", "--model", model, "-o", tmp_path / "o.csv", "--resume", says="--resume", stdin=b"halo\n")
    fails(2, "score", source, "--model", model, "-o", "-", "--resume", says="--resume")
    os.mkfifo(tmp_path / "pipe")
    fails(2, "score", tmp_path / "pipe", "--model", model, "-o", tmp_path / "o.csv", "--resume", says="--resume")
    assert "begins anew" in " ".join(run("score", "--help").text.split())


def test_a_header_alone_is_continued(tmp_path, model):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("text,n\n")
    (tmp_path / "in" / "b.csv").write_text("text,n\n" + "halo,1\n" * 40)
    out = stop(tmp_path, tmp_path / "in", "--model", model)
    assert small("", tmp_path / "in", "--model", model, "-o", out, "--resume").code == 0
    small("", tmp_path / "in", "--model", model, "-o", tmp_path / "whole.csv")
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_second_signal_is_not_held_back():
    # Ignored where the tests run in the background.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGTERM)
    with noted_signals() as stopped:
        assert stopped() is None
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped() == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
    signal.signal(signal.SIGINT, inherited)


def test_rows_before_a_broken_file_come_out_on_any_number_of_threads(tmp_path, model):
    (tmp_path / "a.csv").write_text("text\n" + "halo\n" * 30)
    (tmp_path / "b.json").write_text('[{"text": "halo"}, oops')
    for jobs in (1, 2, 5):
        done = run("score", tmp_path / "a.csv", tmp_path / "b.json", "--model", model, "--jobs", jobs)
        assert (done.code, len(done.rows)) == (65, 31)
