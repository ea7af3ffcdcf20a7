"""Promoting, rolling back and training: what ends up in use, what is kept, what is refused."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classifier.model import load_model, save_model
from moderation.errors import CannotCreateError, ModelError, NoInputError, UsageError
from moderation.registry import load_named_model
from moderation.registry.checking import Check, model_digest
from moderation.registry.history import read_history
from moderation.registry.promoting import RefusedError, promote, rollback, save_training, tidy
from tests.cli.helpers import files
from tests.registry.helpers import assert_whole, number_of, numbered, put


def check_of(candidate: str, current: str = "shipped/default", *failures: str) -> Check:
    return Check(model_digest(Path(candidate)), model_digest(Path(current)), 9, (), 9, 0, 0, failures)


def in_use() -> int:
    return number_of(load_named_model())


# Promoting


def test_a_promotion_is_kept_with_all_that_speaks_for_it(registry):
    save_model(numbered(7, fingerprint="f00", rows=12, sources={"a": 8, "b": 4, "odd": "x"}), Path("new/7"))
    check = check_of("new/7")
    made = promote(registry, "new/7", check, by="ayu", reason="October labels")
    (event,) = read_history(registry)
    assert event == made or replace(made, check=event.check) == event
    assert (event.event, event.model, event.version, event.previous) == ("promoted", "m 7", "m-7", None)
    assert (event.who, event.why, event.forced) == ("ayu", "October labels", False)
    assert event.data == {"fingerprint": "f00", "rows": 12, "sources": {"a": 8, "b": 4}}
    assert event.digest == check.candidate == model_digest(registry / "versions" / "m-7")
    assert event.check["rows"] == 9
    assert event.when.startswith(time.strftime("%Y-", time.gmtime()))
    assert event.when.endswith("+00:00")
    assert assert_whole(registry) == in_use() == 7
    assert files(registry) == [".lock", "current", "history.jsonl", "versions"]


def test_what_is_promoted_never_changes(registry):
    save_model(numbered(2), registry / "m")
    put(registry, "m")
    before = {path.name: path.read_bytes() for path in (registry / "versions" / "m-2").iterdir()}
    save_training(numbered(3), registry / "m", force=True)
    assert in_use() == 2
    put(registry, "m")
    assert in_use() == 3
    shutil.rmtree(registry / "m")
    assert {path.name: path.read_bytes() for path in (registry / "versions" / "m-2").iterdir()} == before
    assert assert_whole(registry) == 3


def test_promoted_already(registry):
    assert put(registry, "new/2").version == "m-2"
    assert put(registry, "new/2") is None
    assert put(registry, "m-2") is None
    assert len(read_history(registry)) == 1
    put(registry, "new/3")
    inode = (registry / "versions" / "m-2").stat().st_ino
    assert put(registry, "m-2").previous == "m-3"
    assert (registry / "versions" / "m-2").stat().st_ino == inode


def test_what_is_refused(registry):
    for options in ({}, {"force": True}, {"force": True, "reason": " "}, {"force": True, "check": check_of("new/2")}):
        with pytest.raises(UsageError):
            promote(registry, "new/2", **options)
    failed = check_of("new/2", "shipped/default", "spam: worse", "hate: worse")
    with pytest.raises(RefusedError, match="spam: worse; hate: worse") as refused:
        promote(registry, "new/2", failed, reason="no matter")
    assert refused.value.exit_code == 1
    with pytest.raises(NoInputError):
        put(registry, "nobody")
    shutil.copytree("new/2", "new/bad")
    (Path("new/bad") / "weights.npz").write_bytes(b"x")
    with pytest.raises(ModelError, match="digest"):
        put(registry, "new/bad")
    assert (in_use(), read_history(registry)) == (1, [])
    assert promote(registry, "new/2", failed, reason="all the same", force=True).forced
    assert read_history(registry)[0].check["failures"] == ["spam: worse", "hate: worse"]
    assert not promote(registry, "new/3", check_of("new/3", "new/2"), reason="to be sure", force=True).forced


def test_a_check_is_about_these_two_models(registry):
    check = check_of("new/3")
    put(registry, "new/2")
    with pytest.raises(RefusedError, match="replaced since the check"):
        promote(registry, "new/3", check)
    check = check_of("new/3", "new/2")
    shutil.copytree("new/4", "new/3", dirs_exist_ok=True)
    with pytest.raises(RefusedError, match="replaced since the check"):
        promote(registry, "new/3", check)
    assert in_use() == 2
    promote(registry, "new/3", check_of("new/4", "new/2"))
    assert in_use() == 4


def test_a_candidate_replaced_while_it_is_copied(registry, monkeypatch):
    """Every file of the copy fits the others, but it is not the model that was asked for."""

    def load_and_replace(folder):
        model = load_model(folder)
        shutil.copytree("new/3", "new/2", dirs_exist_ok=True)
        return model

    monkeypatch.setattr("moderation.registry.promoting.load_model", load_and_replace)
    with pytest.raises(ModelError, match="replaced while it was copied"):
        put(registry, "new/2")
    assert (in_use(), read_history(registry)) == (1, [])
    tidy(registry)
    assert files(registry / "versions") == []


def test_another_model_of_the_same_name_and_version_is_another_version(registry):
    put(registry, "new/2")
    save_model(replace(numbered(2), card="# Model 2\n", facts={"other": 1}), Path("new/other"))
    version = put(registry, "new/other").version
    assert version == f"m-2-{model_digest(Path('new/other'))[:8]}"
    assert (registry / "versions" / "m-2").is_dir()
    assert put(registry, "new/2").version == "m-2"
    assert put(registry, "new/other").version == version


@given(st.text(max_size=120), st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_name_makes_a_version(tmp_path_factory, name, version):
    here = tmp_path_factory.mktemp("any")
    model = replace(numbered(1), name=name, version=version, weights=np.zeros((256, 6), np.int16))
    try:
        save_model(model, here / "x")
    except UnicodeEncodeError:  # no model has half a character in its name
        return
    made = put(here / "models", here / "x")
    assert files(here / "models" / "versions") == [made.version]
    loaded = load_named_model(None, here / "models")
    assert (loaded.name, loaded.version) == (name, version)


# Rolling back


def test_rolling_back_walks_back_to_the_shipped_model(registry):
    for number in (2, 3, 2, 4):
        put(registry, f"new/{number}")
    walked = []
    for _ in range(4):
        event = rollback(registry, by="budi", reason="false alarms")
        walked.append((event.previous, event.version, in_use(), assert_whole(registry)))
    assert walked == [("m-4", "m-2", 2, 2), ("m-2", "m-3", 3, 3), ("m-3", "m-2", 2, 2), ("m-2", None, 1, 1)]
    assert not (registry / "current").exists()
    last = read_history(registry)[-1]
    assert (last.event, last.who, last.why, last.model) == ("rolled back", "budi", "false alarms", "m 1")
    with pytest.raises(NoInputError, match="nothing to roll back"):
        rollback(registry)
    put(registry, "new/5")
    put(registry, "new/3")
    assert (rollback(registry).version, rollback(registry).version) == ("m-5", None)


def test_nothing_to_roll_back(registry):
    with pytest.raises(NoInputError, match="nothing to roll back"):
        rollback(registry)


def test_rolling_back_from_and_to_what_is_gone(registry):
    for number in (2, 3, 4):
        put(registry, f"new/{number}")
    shutil.rmtree(registry / "versions" / "m-4")
    assert rollback(registry).version == "m-3"
    shutil.rmtree(registry / "versions" / "m-2")
    with pytest.raises(ModelError, match="no version m-2"):
        rollback(registry)
    assert in_use() == 3
    (registry / "versions" / "m-3" / "weights.npz").write_bytes(b"x")
    put(registry, "new/5")
    with pytest.raises(ModelError, match="digest"):
        rollback(registry)
    assert in_use() == 5


def test_a_pointer_moved_by_hand_is_not_guessed_about(registry):
    put(registry, "new/2")
    put(registry, "new/3")
    save_training(numbered(4), registry / "m")
    (registry / "current").write_text("m-4\n")
    with pytest.raises(NoInputError, match="does not say what was in use before m-4"):
        rollback(registry)
    (registry / "current").write_text("../m-2\n")
    for change in (lambda: rollback(registry), lambda: put(registry, "new/4")):
        with pytest.raises(ModelError, match="names no model version"):
            change()
    (registry / "current").unlink()
    put(registry, "new/5")
    assert rollback(registry).version is None


# Training


def test_every_training_is_kept_as_a_version(registry):
    for number in (2, 3):
        event = save_training(numbered(number, rows=5), registry / "m", force=True, by="ayu", reason="monthly")
        assert (event.event, event.version, event.data["rows"]) == ("trained", f"m-{number}", 5)
    assert [e.model for e in read_history(registry)] == ["m 2", "m 3"]
    assert sorted(path.name for path in (registry / "versions").iterdir()) == ["m-2", "m-3"]
    assert in_use() == 1
    put(registry, "m-2")
    assert assert_whole(registry) == 2
    with pytest.raises(CannotCreateError, match="--force"):
        save_training(numbered(4), registry / "m")
    assert len(read_history(registry)) == 3


def test_a_training_elsewhere_is_only_saved(registry):
    assert save_training(numbered(2), Path("plain/m")) is None
    assert files(Path("plain")) == ["m"]
    put(Path("plain"), "new/3")
    assert save_training(numbered(4), Path("plain/m4")).version == "m-4"


def test_a_training_from_inside_the_registry(registry, monkeypatch):
    registry.mkdir()
    monkeypatch.chdir(registry)
    assert save_training(numbered(2), Path("ours")).version == "m-2"
    assert files(Path()) == [".lock", "history.jsonl", "ours", "versions"]


@pytest.mark.parametrize("name", ["current", "versions", "history.jsonl"])
def test_names_the_registry_needs(registry, name):
    with pytest.raises(CannotCreateError, match="choose another name"):
        save_training(numbered(2), registry / name)
    assert in_use() == 1


def test_where_nothing_can_be_written(registry):
    Path("file").touch()
    with pytest.raises(CannotCreateError, match="cannot write in"):
        put(Path("file/models"), "new/2")
    registry.mkdir()
    (registry / ".lock").symlink_to("elsewhere")
    with pytest.raises(CannotCreateError, match="cannot write in models"):
        put(registry, "new/2")
    assert not (registry / "elsewhere").exists()


# Tidying


def test_left_overs_are_tidied_and_nothing_else(registry):
    put(registry, "new/2")
    for name in (".m-abcdefgh", ".lost-abcdefgh.old", ".there-abcdefgh.old", "there", ".mine-abcdefgh", ".other"):
        shutil.copytree("new/3", registry / name)
    (registry / ".mine-abcdefgh" / "thesis.doc").touch()
    (registry / ".link-abcdefgh").symlink_to(Path("new/4").absolute())
    shutil.copytree("new/3", registry / "versions" / ".part")
    (registry / ".current").write_text("m-")
    tidy(registry)
    kept = [".link-abcdefgh", ".lock", ".mine-abcdefgh", ".other", "current", "history.jsonl", "lost", "there", "versions"]
    assert files(registry) == kept
    assert files(registry / "versions") == ["m-2"]
    tidy(Path("nowhere"))
    assert not Path("nowhere").exists()


def test_a_version_is_readable_by_others_and_a_pointer_too(registry):
    before = os.umask(0o022)
    try:
        put(registry, "new/2")
    finally:
        os.umask(before)
    for path in (registry / "current", registry / "versions" / "m-2", registry / "versions" / "m-2" / "weights.npz"):
        assert path.stat().st_mode & 0o044 == 0o044


def test_the_history_is_one_line_of_json_an_event(registry):
    put(registry, "new/2")
    rollback(registry, reason="two\nlines \ud800")
    lines = (registry / "history.jsonl").read_text("ascii").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["promoted", "rolled back"]
