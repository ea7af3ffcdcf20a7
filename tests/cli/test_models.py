"""``moderation models``: what there is, its card, and refusals."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.cli.helpers import fails, is_tame, run


def test_list_names_models_here_and_refuses_without_failing(elsewhere, model):
    shutil.copytree(model, elsewhere / "models" / "ours")
    shutil.copytree(model, elsewhere / "models" / "bad [red]")
    (elsewhere / "models" / "bad [red]" / "weights.npz").write_bytes(b"x")
    done = run("models", "list")
    assert (done.code, done.stderr) == (0, "")
    lines = dict(line.split("  ", 1) for line in done.text.splitlines())
    assert lines["ours"].startswith("version ")
    assert lines["ours"].endswith("62 rows, models/ours")
    assert lines["bad [red]"].startswith("refused: ")


def test_list_is_not_upset_by_odd_facts(elsewhere, model):
    shutil.copytree(model, elsewhere / "models" / "odd")
    described = json.loads((elsewhere / "models" / "odd" / "model.json").read_text())
    described["facts"] = {"rows": ["\x1b[31m"]}
    described["version"] = "1\n\x1b[2J"
    (elsewhere / "models" / "odd" / "model.json").write_text(json.dumps(described))
    done = run("models", "list")
    assert done.code == 0
    assert is_tame(done.text)
    assert sum(line.startswith("odd ") for line in done.text.splitlines()) == 1


def test_show_is_the_card_unwrapped(model):
    done = run("models", "show", model)
    assert (done.code, done.stderr) == (0, "")
    assert done.text == (model / "README.md").read_text()


@pytest.mark.parametrize("command", [["models", "show"], ["score", "-", "--model"], ["explain", "halo", "--model"]])
def test_unknown_and_refused(tmp_path, model, command):
    fails(66, *command, "nobody", says="no model named nobody")
    fails(66, *command, tmp_path, says="no model named")
    folder = tmp_path / "copy"
    shutil.copytree(model, folder)
    (folder / "head.pkl").write_bytes(b"x")
    fails(65, *command, folder, says="head.pkl")
    (folder / "head.pkl").unlink()
    (folder / "weights.npz").write_bytes(b"x")
    fails(65, *command, folder, says="digest")
    (folder / "model.json").write_text("[]")
    fails(65, *command, folder, says="not a JSON object")
