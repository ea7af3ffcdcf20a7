"""The walk of the README from labels to a model at work and back: its commands as they stand there."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.registry.finding import current_folder
from moderation.registry.history import PROMOTED, ROLLED_BACK, TRAINED, read_history

ROOT = Path(__file__).parents[1]
SECTION = "## Your own labels: a walk\n"
MAY_FIND = ("moderation labels check", "moderation drift")
"""Commands whose exit code 1 is a finding."""


def commands() -> Iterator[str]:
    """The shell commands of the section; one that opens a quote goes on until it is closed."""
    _, section = (ROOT / "README.md").read_text(encoding="utf-8").split(SECTION)
    command = ""
    for line in "".join(re.findall(r"^```\n(.*?)^```$", section.split("\n## ")[0], re.DOTALL | re.MULTILINE)).splitlines():
        command += f"\n{line}" if command else line
        if command.count('"') % 2 == 0:
            yield command
            command = ""
    assert not command


class Shell:
    """Runs commands in a folder, which ``cd`` changes, with the ``moderation`` and ``python`` of these tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tools = folder / "tools"
        tools.mkdir()
        for name, arguments in (("python", ""), ("moderation", '-c "from moderation.cli import run; run()"')):
            (tools / name).write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
            (tools / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "MODERATION_USER": "walker",
        }

    def __call__(self, command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", f"{command}\ncode=$?; pwd > {self.folder}/tools/cwd; exit $code"],
            cwd=self.cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    @property
    def cwd(self) -> Path:
        last = self.folder / "tools" / "cwd"
        return Path(last.read_text().strip()) if last.exists() else self.folder


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A folder with what the walk takes from the checkout."""
    for name in ("data/authored/livechat.jsonl", "data/samples/chats.csv", "data/samples/social.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def test_the_walk(checkout):
    shell = Shell(checkout)
    walk = checkout / "walk"
    said = {}
    for command in commands():
        done = shell(command)
        if command.startswith("moderation models promote") and done.returncode == 1:
            # Whether 250 messages make the model of the day better is its luck; the walk names the way on.
            assert "is not promoted (--force with a --reason does): " in done.stderr
            done = shell(f"{command} --force")
        assert done.returncode in ((0, 1) if command.startswith(MAY_FIND) else (0,)), (command, done)
        said[" ".join(command.split()[:3])] = done
        if command.startswith("moderation models promote"):
            in_use = current_folder(walk / "models")
            assert in_use is not None
    assert len((walk / "ours.jsonl").read_text(encoding="utf-8").splitlines()) == 400
    assert "findings: " in said["moderation labels check"].stdout
    assert "differences to default " in said["moderation evaluate labelled.jsonl"].stdout
    assert (walk / "report" / "index.html").stat().st_size > 10_000
    with (walk / "verdicts.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120
    assert {row["model"].split()[0] for row in rows} == {"ours"}
    assert in_use.name.replace("-", " ", 1) == rows[0]["model"]
    assert "our first 400 labels" in said["moderation models show"].stdout
    assert "against" in said["moderation drift ../data/samples/chats.csv"].stdout.splitlines()[-1]
    assert "the shipped model is in use again" in said["moderation models rollback"].stderr
    assert current_folder(walk / "models") is None
    assert [event.event for event in read_history(walk / "models")] == [TRAINED, PROMOTED, ROLLED_BACK]
    assert any(
        line.startswith("default ") and line.endswith("in use") for line in said["moderation models list"].stdout.splitlines()
    )
