"""``moderation explain``: the words that push each category."""

from __future__ import annotations

import pytest

from moderation.categories import CATEGORIES
from tests.cli.helpers import fails, run


def test_a_message_as_argument_and_on_standard_input(model):
    done = run("explain", "teknisi lo g0bl0k, gue tau rumah lo", "--model", model)
    assert (done.code, done.stderr) == (0, "")
    lines = done.text.splitlines()
    assert lines[0] == "read as: teknisi lo goblok gue tau rumah lo"
    assert [line.split()[0] for line in lines[2:7]] == list(CATEGORIES)
    assert "g0bl0k +" in lines[2]
    assert lines[-1].startswith("action ")
    assert "model tiny " in lines[-1]
    for args in ([], ["-"]):
        assert run("explain", *args, "--model", model, stdin=b"teknisi lo g0bl0k, gue tau rumah lo\n").text == done.text


def test_the_probabilities_are_those_of_score(model):
    (row,) = run("score", "-", "--model", model, stdin=b"awas lo goblok").rows
    lines = run("explain", "awas lo goblok", "--model", model).text.splitlines()
    assert [line.split()[1] for line in lines[2:7]] == [f"{row[f'p_{category}']:.3f}" for category in CATEGORIES]
    assert [line.split()[0] for line in lines[2:7] if "flagged" in line] == row["flags"]


@pytest.mark.parametrize("message", ["", " ", "\n\t \n"])
def test_an_empty_message(model, message):
    fails(65, "explain", message, "--model", model, says="the message is empty")
    fails(65, "explain", "--model", model, stdin=message.encode(), says="the message is empty")


@pytest.mark.parametrize("message", ["😡", "...", "\u200b.", "\ud83d", "مرحبا", "a" * 5000, "--", "[/]"])
def test_odd_messages(model, message):
    done = run("explain", "--model", model, "--", message)
    assert (done.code, done.stderr) == (0, "")


def test_bytes_that_are_no_text_and_a_long_message(model):
    assert run("explain", "--model", model, stdin=b"kalian \xff\xfe goblok\x00").code == 0
    done = run("explain", "--model", model, stdin=b"kalian goblok " * 70_000)
    assert (done.code, "truncated" in done.text) == (0, True)
    assert len(done.text) < 3000


def test_wrong_models(tmp_path, model):
    fails(66, "explain", "halo", "--model", "nobody", says="no model named nobody")
    fails(66, "explain", "halo", "--model", tmp_path, says="no model named")
    assert run("explain", "satu", "dua", "--model", model).code == 2
