"""``moderation triage serve`` and ``passwd`` from the shell, as a process that is started and stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from moderation.cli.triage_serve import passwd
from moderation.triage.page.gates import set_password
from moderation.triage.queue import open_queue

PROGRAM = """
import signal, typer
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
from moderation.cli.triage_serve import serve
typer.run(serve)
"""


@contextmanager
def served(*options: str):
    """A server in a process of its own, and the first line it says."""
    command = [sys.executable, "-c", PROGRAM, "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process, process.stderr.readline()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


@pytest.fixture
def store(tmp_path) -> str:
    url = f"sqlite:///{tmp_path}/queue.db"
    open_queue(url, create=True).close()
    return url


def test_the_link_that_is_said_lets_one_in(store):
    with served("--store", store, "--lang", "en") as (process, said):
        link = re.search(r"http://127\.0\.0\.1:\d+/login\?link=\S+", said)[0]
        with httpx.Client(follow_redirects=True) as client:
            page = client.get(link).text
            fields = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("csrf", "secret")}
            assert "Nothing waits for you" in client.post(link.partition("?")[0], data={**fields, "name": "rani"}).text
        assert "link=" in process.stderr.readline()
    assert process.returncode == 0


def test_whoever_serves_others_in_the_clear_is_told(store, tmp_path):
    file = tmp_path / "passwords.json"
    set_password(file, "rani", "correct horse")
    with served("--store", store, "--passwords", str(file), "--host", "0.0.0.0", "--name", "localhost") as (process, said):
        assert "http://localhost:" in said
        assert "--certificate" in process.stderr.readline()


def test_passwords_are_kept_and_used(store, tmp_path):
    file = tmp_path / "passwords.json"
    app = typer.Typer()
    app.command()(passwd)
    done = CliRunner().invoke(app, ["rani", "--passwords", str(file)], input="correct horse\n")
    assert done.exit_code == 0
    assert list(json.loads(file.read_text())) == ["rani"]
    with served("--store", store, "--passwords", str(file)) as (_, said):
        base = re.search(r"http://\S+", said)[0]
        with httpx.Client(follow_redirects=True, base_url=base) as client:
            page = client.get("/login").text
            csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
            refused = client.post("/login", data={"csrf": csrf, "name": "rani", "secret": "wrong password"})
            assert refused.status_code == 403
            assert client.post("/login", data={"csrf": csrf, "name": "rani", "secret": "correct horse"}).url.path == "/"
