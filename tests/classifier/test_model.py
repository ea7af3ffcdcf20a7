"""Model folders: exact, the same every time, refused with a reason when anything is off, and never executed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moderation.classifier import model as model_module
from moderation.classifier.calibration import Calibration
from moderation.classifier.model import FORMAT, Model, load_model, save_model
from moderation.errors import CannotCreateError, ModelError, NoInputError
from moderation.text.hashing import FEATURES
from moderation.training import train
from tests.authored import TEXTS
from tests.conftest import TINY


@pytest.fixture
def folder(tiny_model, tmp_path) -> Path:
    save_model(tiny_model, tmp_path / "model")
    return tmp_path / "model"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def describe(folder: Path, **changes: object) -> None:
    """Change what model.json says; a value that is a function gets the old one."""
    described = json.loads((folder / "model.json").read_text())
    for key, value in changes.items():
        described[key] = value(described[key]) if callable(value) else value
    (folder / "model.json").write_text(json.dumps(described))


def put_weights(folder: Path, content: bytes) -> None:
    """Other weights, with a digest that matches: what somebody with bad intentions would do."""
    (folder / "weights.npz").write_bytes(content)
    said = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    describe(folder, files=lambda files: {**files, "weights.npz": said})


def archive(array: bytes, name: str = "weights.npy", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as zipped:
        zipped.writestr(name, array)
    return packed.getvalue()


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, allow_pickle=True)
    return content.getvalue()


def header(shape: tuple[int, ...], descr: str = "<i2") -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": descr, "fortran_order": False, "shape": shape})
    return content.getvalue()


# Exact


def test_round_trip_is_exact(tiny_model, folder, tmp_path):
    again = load_model(folder)
    np.testing.assert_array_equal(again.weights, tiny_model.weights)
    assert again.weights.dtype == np.int16
    assert again.scale.tolist() == tiny_model.scale.tolist()
    assert again.intercept.tolist() == tiny_model.intercept.tolist()
    for name in ("name", "version", "calibration", "thresholds", "card", "bits"):
        assert getattr(again, name) == getattr(tiny_model, name), name
    assert json.dumps(again.facts, sort_keys=True) == json.dumps(tiny_model.facts, sort_keys=True)
    np.testing.assert_array_equal(again.score(pa.array(TEXTS)).probabilities, tiny_model.score(pa.array(TEXTS)).probabilities)
    save_model(again, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(folder)


def test_same_rows_and_config_give_the_same_bytes(tiny_rows, folder, tmp_path):
    save_model(train(tiny_rows, TINY), tmp_path / "second")
    assert contents(tmp_path / "second") == contents(folder)


def test_a_folder_holds_three_plain_files_that_all_may_read(folder, tiny_model):
    assert sorted(contents(folder)) == ["README.md", "model.json", "weights.npz"]
    assert folder.stat().st_mode & 0o777 == 0o755
    described = json.loads((folder / "model.json").read_text())
    assert described["format"] == FORMAT
    assert (folder / "README.md").read_text() == tiny_model.card
    assert not any(text in (folder / name).read_text() for name in ("model.json", "README.md") for text in TEXTS)


# Refused

DAMAGE = {
    "wrong digest": (lambda f: (f / "README.md").write_text("another card"), "digest"),
    "wrong digest of the same length": (lambda f: (f / "README.md").write_bytes((f / "README.md").read_bytes()[::-1]), "digest"),
    "no weights": (lambda f: (f / "weights.npz").unlink(), "weights.npz is missing"),
    "no card": (lambda f: (f / "README.md").unlink(), "README.md is missing"),
    "no description": (lambda f: (f / "model.json").unlink(), "model.json is missing"),
    "a folder for a file": (lambda f: ((f / "README.md").unlink(), (f / "README.md").mkdir()), "README.md is missing"),
    "a pipe for a file": (lambda f: ((f / "README.md").unlink(), os.mkfifo(f / "README.md")), "README.md is missing"),
    "extra file": (lambda f: (f / "setup.py").write_text("print(1)"), "setup.py does not belong"),
    "hidden file": (lambda f: (f / ".env").write_text(""), ".env does not belong"),
    "newer format": (lambda f: describe(f, format=FORMAT + 1), "newer moderation"),
    "older format": (lambda f: describe(f, format=0), "reads up to"),
    "format in words": (lambda f: describe(f, format="one"), "format 'one'"),
    "too few bits": (lambda f: describe(f, features={"version": FEATURES, "bits": 7}), "at most"),
    "too many bits": (lambda f: describe(f, features={"version": FEATURES, "bits": 60}), "at most"),
    "negative bits": (lambda f: describe(f, features={"version": FEATURES, "bits": -1}), "at most"),
    "endless bits": (lambda f: describe(f, features={"bits": float("inf")}), "damaged"),
    "other bits": (lambda f: describe(f, features={"version": FEATURES, "bits": 11}), "settings"),
    "other features": (lambda f: describe(f, features={"version": FEATURES + 1, "bits": 10}), "train it again"),
    "bits in words": (lambda f: describe(f, features={"bits": "many"}), "damaged"),
    "concepts in words": (
        lambda f: describe(f, features={"version": FEATURES, "bits": TINY.bits, "concepts": "false"}),
        "true or false",
    ),
    "no concepts": (lambda f: describe(f, features={"version": FEATURES, "bits": TINY.bits}), "damaged"),
    "other categories": (lambda f: describe(f, categories=["rude"]), "other categories"),
    "categories in another order": (lambda f: describe(f, categories=lambda c: c[::-1]), "other categories"),
    "no scale": (lambda f: describe(f, scale=None), "damaged"),
    "scale too short": (lambda f: describe(f, scale=[1, 1]), "one number a category"),
    "scale NaN": (lambda f: describe(f, scale=[float("nan")] * 5), "not finite"),
    "scale beyond all numbers": (lambda f: describe(f, scale=[10**400] * 5), "damaged"),
    "intercept infinite": (lambda f: describe(f, intercept=[float("-inf")] * 5), "not finite"),
    "slope NaN": (lambda f: describe(f, calibration=[{"slope": float("nan"), "intercept": 0}] * 5), "not finite"),
    "calibration too long": (lambda f: describe(f, calibration=[{"slope": 1, "intercept": 0}] * 6), "one number a category"),
    "threshold NaN": (
        lambda f: describe(f, thresholds=lambda t: {**t, "hate": {"review": float("nan"), "act": 1}}),
        "not finite",
    ),
    "threshold above 1": (lambda f: describe(f, thresholds=lambda t: {**t, "hate": {"review": 0.5, "act": 7}}), "no probability"),
    "no threshold": (lambda f: describe(f, thresholds={}), "damaged"),
    "no digests": (lambda f: describe(f, files={}), "damaged"),
    "facts in words": (lambda f: describe(f, facts="none"), "damaged"),
    "truncated JSON": (lambda f: (f / "model.json").write_bytes((f / "model.json").read_bytes()[:-40]), "not JSON"),
    "deep JSON": (lambda f: (f / "model.json").write_text("[" * 200_000), "not JSON"),
    "JSON of bytes": (lambda f: (f / "model.json").write_bytes(b"\xff\xfe\x00"), "not JSON"),
    "a list": (lambda f: (f / "model.json").write_text("[1]"), "not a JSON object"),
    "a number too long": (lambda f: (f / "model.json").write_text('{"format": ' + "9" * 5_000 + "}"), "not JSON"),
    "a long description": (lambda f: (f / "model.json").write_text(" " * 1_000_001), "larger than"),
    "a long card": (lambda f: (f / "README.md").write_text("a" * 1_000_001), "larger than"),
    "no archive": (lambda f: put_weights(f, b"weights"), "plain numbers"),
    "empty archive": (lambda f: put_weights(f, b"PK\x05\x06" + bytes(18)), "something else"),
    "another entry": (lambda f: put_weights(f, archive(b"", "../weights.npy")), "something else"),
    "another compression": (lambda f: put_weights(f, archive(b"", method=zipfile.ZIP_LZMA)), "something else"),
    "no array": (lambda f: put_weights(f, archive(b"numbers")), "plain numbers"),
    "bomb": (lambda f: put_weights(f, archive(bytes(10_000_000))), "declares a size"),
    "header of 10 GB": (lambda f: put_weights(f, archive(header((6, 10**10 // 12)))), "another shape"),
    "header of all memory": (lambda f: put_weights(f, archive(header((6, 2**60)))), "another shape"),
    "header of Fortran": (lambda f: put_weights(f, archive(npy(np.zeros((2**12, 6), np.int16).T))), "another shape"),
    "nested header": (
        lambda f: put_weights(f, archive(b"\x93NUMPY\x01\x00\x80\x03" + b"-" * 895 + b"1")),
        "plain numbers",
    ),
    "unclosed header": (lambda f: put_weights(f, archive(b"\x93NUMPY\x01\x00\x80\x03" + b"(" * 896)), "plain numbers"),
    "too few numbers": (lambda f: put_weights(f, archive(header((6, 2**12)) + bytes(100))), "plain numbers"),
    "too many numbers": (lambda f: put_weights(f, archive(npy(np.zeros((6, 2**12), np.int16)) + bytes(2))), "plain numbers"),
    "other numbers": (lambda f: put_weights(f, archive(npy(np.zeros((6, 2**12 // 4), np.float64)))), "another shape"),
    "numbers of 16 bits": (lambda f: put_weights(f, archive(npy(np.full((6, 2**12), 9_000, np.int16)))), "12 bits"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_refused_with_a_reason(folder, kind):
    damage, reason = DAMAGE[kind]
    damage(folder)
    with pytest.raises(ModelError, match=reason):
        load_model(folder)


def test_undamaged_it_loads(folder):
    put_weights(folder, archive(npy(np.zeros((6, 2**12), np.int16))))
    assert not load_model(folder).weights.any()


def test_an_archive_that_lies_about_its_size_is_refused(folder):
    """The declared size is in the directory of the archive; what is packed is 10 MB of zeros."""
    content = archive(bytes(10_000_000))
    place = content.rindex(b"PK\x01\x02")
    put_weights(folder, content[: place + 24] + (500).to_bytes(4, "little") + content[place + 28 :])
    with pytest.raises(ModelError, match="plain numbers"):
        load_model(folder)


def test_broken_compression_and_encryption_are_refused(folder):
    content = bytearray((folder / "weights.npz").read_bytes())
    content[80:200] = bytes(120)
    put_weights(folder, bytes(content))
    with pytest.raises(ModelError, match="plain numbers"):
        load_model(folder)
    content = bytearray(archive(header((6, 2**12))))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    put_weights(folder, bytes(content))
    with pytest.raises(ModelError, match="plain numbers"):
        load_model(folder)


def test_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("nowhere", "file"):
        with pytest.raises(NoInputError, match="no model folder"):
            load_model(tmp_path / name)


# Nothing is executed


class Canary:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "it sang")


def test_nothing_is_executed(folder, tmp_path):
    sang = tmp_path / "sang"
    canary = pickle.dumps(Canary(sang))
    objects = np.empty((6, 2**12), object)
    objects[0, 0] = Canary(sang)
    put_weights(folder, archive(npy(objects)))
    with pytest.raises(ModelError):
        load_model(folder)
    put_weights(folder, canary)
    with pytest.raises(ModelError):
        load_model(folder)
    put_weights(folder, archive(canary))
    with pytest.raises(ModelError):
        load_model(folder)
    for name in ("model.pkl", "weights.joblib", "extra.pickle", "pytorch_model.bin", "model.pt"):
        (folder / name).write_bytes(canary)
        with pytest.raises(ModelError, match="could run code"):
            load_model(folder)
        (folder / name).unlink()
    assert not sang.exists()
    pickle.loads(canary)
    assert sang.exists()  # the canary can sing


# Saving


def test_an_existing_folder_is_kept_without_force(tiny_model, folder):
    before = contents(folder)
    with pytest.raises(CannotCreateError, match="exists"):
        save_model(tiny_model, folder)
    assert contents(folder) == before


def test_force_replaces_a_model(tiny_model, folder):
    other = Model(**{**vars_of(tiny_model), "version": "2", "calibration": (Calibration(1.0, 0.0),) * 5})
    save_model(other, folder, force=True)
    assert load_model(folder).version == "2"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def vars_of(model: Model) -> dict[str, object]:
    return {name: getattr(model, name) for name in Model.__dataclass_fields__}


def test_force_replaces_nothing_but_models(tiny_model, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("one")
    (tmp_path / "file").write_text("x")
    for name in ("thesis", "file"):
        with pytest.raises(CannotCreateError, match="no model folder"):
            save_model(tiny_model, tmp_path / name, force=True)
    assert (tmp_path / "thesis" / "chapter").read_text() == "one"


def test_where_no_folder_can_be_made(tiny_model, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotCreateError, match="cannot create"):
        save_model(tiny_model, tmp_path / "file" / "model")


@pytest.mark.parametrize("force", [False, True])
def test_a_crash_while_writing_leaves_no_half_folder(tiny_model, folder, monkeypatch, force):
    target = folder if force else folder.with_name("new")
    before = contents(folder)

    def full(_):
        raise OSError("disk full")

    monkeypatch.setattr(model_module.os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        save_model(tiny_model, target, force=force)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert contents(folder) == before


@pytest.mark.parametrize("crash", [OSError("gone"), KeyboardInterrupt()])
def test_a_crash_while_replacing_keeps_the_old_model(tiny_model, folder, monkeypatch, crash):
    before = contents(folder)
    rename = Path.rename

    def failing(self, target):
        if Path(target) == folder and not self.name.endswith(".old"):
            raise crash
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(type(crash)):
        save_model(tiny_model, folder, force=True)
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_an_old_folder_that_cannot_be_removed_does_not_fail_the_new_one(tiny_model, folder, monkeypatch):
    monkeypatch.setattr(shutil, "rmtree", lambda path, ignore_errors=False: None if ignore_errors else pytest.fail("raises"))
    save_model(tiny_model, folder, force=True)
    assert load_model(folder).version == tiny_model.version


def test_facts_that_are_no_numbers_are_not_written(tiny_model, tmp_path):
    bad = Model(**{**vars_of(tiny_model), "facts": {"figure": float("nan")}})
    with pytest.raises(ValueError, match="JSON"):
        save_model(bad, tmp_path / "bad")
    assert list(tmp_path.iterdir()) == []
