"""Names to folders: what hides what, what is in use, and pointers that nobody should follow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moderation.errors import ModelError, NoInputError
from moderation.registry import current_folder, known_models, load_named_model, model_folder
from moderation.registry.finding import read_pointer
from tests.registry.helpers import number_of, put, save


def found(name=None) -> int:
    return number_of(load_named_model(name))


def test_the_model_in_use_is_the_promoted_one_else_the_shipped_one(registry):
    assert (found(), current_folder()) == (1, None)
    put(registry, "new/2")
    assert (found(), current_folder()) == (2, registry / "versions" / "m-2")
    assert found("default") == 1


def test_a_name_means_the_nearest(registry):
    put(registry, "new/2")
    assert found("m-2") == 2
    save(registry, 3)
    (registry / "3").rename(registry / "m-2")
    assert found("m-2") == 3
    assert found("models/versions/m-2") == 2
    save(registry, 4)
    (registry / "4").rename(registry / "default")
    assert (found("default"), found()) == (4, 2)
    shutil.copytree("new/5", "here")
    assert found("here") == found("./here") == 5
    assert {name: number_of(load_named_model(str(folder))) for name, folder in known_models().items()} == {"default": 4, "m-2": 3}


def test_another_registry(registry):
    put(Path("other"), "new/5")
    assert found() == 1
    assert number_of(load_named_model(None, Path("other"))) == 5
    assert number_of(load_named_model("m-5", Path("other"))) == 5
    assert set(known_models(Path("other"))) == {"m-5", "default"}


def test_half_made_folders_have_no_name(registry):
    put(registry, "new/2")
    shutil.copytree("new/3", registry / ".three-abcdefgh")
    shutil.copytree("new/3", registry / "versions" / ".part")
    assert set(known_models()) == {"m-2", "default"}


@pytest.mark.parametrize("name", ["nobody", "models/nobody", "../nobody", "versions", "..", "", "new/"])
def test_no_such_model(registry, name):
    put(registry, "new/2")
    with pytest.raises(NoInputError, match="no model named"):
        model_folder(name)


@given(st.binary(max_size=40) | st.text("abc./\\\n \0", max_size=8).map(str.encode))
@example(b"m-2\n\n")
@example(b"../versions/m-2\n")
@example(b"..\n")
@example(b".part\n")
@example(b"m-2\nm-3\n")
@example(b"")
@example(b"a" * 5000)
def test_a_pointer_is_a_plain_name_or_refused(tmp_path_factory, content):
    registry = tmp_path_factory.mktemp("models")
    (registry / "current").write_bytes(content)
    name = content.decode("latin-1").removesuffix("\n")
    plain = name.isascii() and name.replace("-", "a").replace(".", "a").replace("_", "a").isalnum()
    if plain and name[0] not in ".-" and len(name) <= 200:
        assert read_pointer(registry) == name
    else:
        with pytest.raises(ModelError, match="names no model version; remove it"):
            read_pointer(registry)
    with pytest.raises(ModelError):
        model_folder(None, registry)


def test_a_broken_pointer_is_never_the_default(registry):
    put(registry, "new/2")
    (registry / "current").write_text("m-3\n")
    with pytest.raises(ModelError, match=r"has no version m-3; .*rollback"):
        model_folder()
    for make in (lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to(registry.absolute() / "right")):
        (registry / "right").write_text("m-2\n")
        (registry / "current").unlink()
        make(registry / "current")
        with pytest.raises(ModelError, match="names no model version"):
            model_folder()
        if (registry / "current").is_dir():
            (registry / "current").rmdir()
            (registry / "current").touch()


def test_no_link_leads_out_of_the_registry(registry):
    put(registry, "new/2")
    version = registry / "versions" / "m-2"
    version.rename("elsewhere")
    version.symlink_to(Path("elsewhere").absolute())
    for name in (None, "m-2"):
        with pytest.raises(ModelError, match="link"):
            model_folder(name)
    version.unlink()
    shutil.copytree("elsewhere", version)
    assert found() == 2
    (version / "weights.npz").unlink()
    (version / "weights.npz").symlink_to(Path("elsewhere/weights.npz").absolute())
    with pytest.raises(ModelError, match="link"):
        model_folder()
    shutil.rmtree(version)
    (registry / "versions").rename("outside")
    shutil.copytree("elsewhere", "outside/m-2")
    (registry / "versions").symlink_to(Path("outside").absolute())
    with pytest.raises(ModelError, match="link"):
        model_folder()
    with pytest.raises(ModelError, match="link"):
        put(registry, "new/3")
    assert [folder.name for folder in Path("outside").iterdir()] == ["m-2"]


def test_a_registry_may_itself_be_linked_to(registry):
    put(Path("store"), "new/2")
    registry.symlink_to("store")
    assert found() == 2
    put(registry, "new/3")
    assert found() == 3


def test_finding_a_model_is_light():
    code = "import sys, moderation.registry; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"sklearn", "pandas", "rich", "moderation.registry.promoting", "moderation.labelled"}
