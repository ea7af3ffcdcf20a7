"""Every command says what it does, shows an example, and stands in the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer import Typer
from typer.main import get_command
from typer.testing import CliRunner

import moderation
from moderation.cli import app
from moderation.scoring import VERDICT_SCHEMA, Moderator
from tests.cli.helpers import run

ROOT = Path(__file__).parents[2]


def commands(typer: Typer = app) -> list[tuple[str, ...]]:
    """The words of every command, those of groups too."""

    def walk(command, words):
        inside = getattr(command, "commands", None)
        if inside is None:
            return [words]
        return [found for name, child in inside.items() for found in walk(child, (*words, name))]

    return walk(get_command(typer), ())


def test_there_are_commands():
    assert {("score",), ("explain",), ("train",), ("evaluate",), ("models", "list"), ("models", "show")} <= set(commands())


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_has_an_example(words):
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "100", "TERM": "dumb"})
    assert result.exit_code == 0
    assert f"Example: moderation {' '.join(words)} " in f"{result.stdout} ".replace("\n", " ")
    assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_in_the_readme(words):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"\bmoderation {words[0]}\b", readme)
    if len(words) > 1:
        assert re.search(rf"\bmoderation {words[0]} [a-z|]*\b{words[1]}\b", readme)


def test_no_arguments_show_help():
    assert "Usage" in run().stdout.decode() + run().stderr
    assert "Usage" in run("models").stdout.decode() + run("models").stderr


def test_python_speaks_the_same_contract(model):
    assert moderation.__all__ == ["Moderator", "load"]
    moderator = moderation.load(str(model))
    assert isinstance(moderator, Moderator)
    table = moderator.score(["internet saya mati", "", "dasar anjing kalian"])
    assert table.schema.equals(VERDICT_SCHEMA)
    assert table.column_names == [
        *("p_abusive", "p_threatening", "p_hoax", "p_hate", "p_spam"),
        *("flags", "action", "priority", "status", "model"),
    ]
    assert table["status"].to_pylist() == ["ok", "empty", "ok"]
    (row,) = run("score", "-", "--model", model, stdin=b"dasar anjing kalian").rows
    assert table["flags"][2].as_py() == row["flags"]
    assert table["p_abusive"][2].as_py() == pytest.approx(row["p_abusive"], rel=1e-5)
