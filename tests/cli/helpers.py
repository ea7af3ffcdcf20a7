"""The command line in this process, streams and all, as a shell would see it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from moderation.categories import CATEGORIES
from moderation.cli import main
from moderation.scoring import STATUSES, VERDICT_SCHEMA

CODES = {0, 1, 2, 65, 66, 73, 74}
P = [f"p_{category}" for category in CATEGORIES]
VERDICT = list(VERDICT_SCHEMA.names)
ENTRY = "from moderation.cli import main; main()"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout.decode()

    @property
    def rows(self) -> list[dict]:
        """The output as JSONL, every line a whole verdict."""
        return checked([json.loads(line) for line in self.stdout.split(b"\n") if line])


def run(*args: object, stdin: bytes = b"") -> Done:
    """Run a command here. An exception that `main` does not turn into an exit code fails the test by itself."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        patch.object(sys, "argv", ["moderation", *map(str, args)]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8")),
        patch.object(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True)) as outer,
        patch.object(sys, "stderr", io.TextIOWrapper(err, "utf-8", "backslashreplace", write_through=True)) as errors,
    ):
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        for stream in (outer, errors):
            with contextlib.suppress(ValueError):
                stream.flush()
        done = Done(int(str(code)), out.getvalue(), err.getvalue().decode())
    assert done.code in CODES, done
    assert "Traceback" not in done.stderr
    return done


def fails(code: int, *args: object, says: str, stdin: bytes = b"") -> Done:
    """Run a command that ends with a code and one line that says why."""
    done = run(*args, stdin=stdin)
    assert done.code == code, done
    assert done.stderr.startswith("moderation: ")
    assert done.stderr.endswith("\n")
    assert done.stderr.count("\n") == 1, done.stderr
    assert says in done.stderr
    return done


def shell(*args: object, stdin: bytes = b"", code: str = ENTRY, stdout: object = subprocess.PIPE, **env: str):
    """Run a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        input=stdin,
        stdout=stdout,  # type: ignore[call-overload]
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, **env},
    )
    return Done(done.returncode, done.stdout or b"", done.stderr.decode())


def checked(rows: list[dict]) -> list[dict]:
    """Rows with a verdict each: the columns at their end, in order, every value a possible one."""
    for row in rows:
        assert list(row)[-len(VERDICT) :] == VERDICT
        assert all(0 <= float(row[name]) <= 1 for name in P)
        assert 0 <= float(row["priority"]) <= 100
        assert row["action"] in {"none", "review", "escalate"}
        assert row["status"] in STATUSES
        assert row["model"].startswith("tiny ")
        if row["status"] in {"empty", "unreadable"}:
            assert (row["action"], float(row["priority"])) == ("none", 0)
    return rows


def csv_rows(path: Path, delimiter: str = ",") -> list[dict]:
    """A CSV of verdicts."""
    with path.open(newline="", encoding="utf-8") as file:
        return checked(list(csv.DictReader(file, delimiter=delimiter)))


def inputs(row: dict) -> dict:
    """A row without its verdict."""
    return {name: value for name, value in row.items() if name not in VERDICT}


def is_tame(text: str) -> bool:
    """Whether text moves no cursor, rings no bell and turns no direction."""
    return all(c in "\n\u200c\u200d" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)


def files(folder: Path) -> list[str]:
    """The names of all files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())
