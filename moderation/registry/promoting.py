"""Changes to a registry: keep a version, put one to work, go back.

A version is written beside its place and renamed; then the event is added to the history; then the pointer moves. A process
killed in between leaves at most a hidden folder, which the next change takes away, and an event that the pointer contradicts.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moderation.classifier.model import Model, check_target, load_model, save_model
from moderation.errors import CannotCreateError, ModelError, ModerationError, NoInputError, UsageError
from moderation.registry.checking import Check, model_digest
from moderation.registry.disk import one_writer, sync_folder, write_synced
from moderation.registry.finding import POINTER, VERSIONS, model_folder, read_pointer, shipped_folder, version_folder
from moderation.registry.history import (
    HISTORY,
    PROMOTED,
    ROLLED_BACK,
    TRAINED,
    Event,
    append_event,
    person,
    read_history,
    standing,
)

_PART, _NEW_POINTER = ".part", ".current"
_MODEL_FILES = ("weights.npz", "README.md", "model.json")
_LEFT_BY_SAVING = re.compile(r"\.(?P<name>.+)-[a-z0-9_]{8}(?P<old>\.old)?")
"""Folders over which `save_model` was killed: a new one in the making, or the old one out of its way."""


class RefusedError(ModerationError):
    """A candidate that failed its check; the model in use stays."""

    exit_code = 1


def promote(
    registry: Path, name: str, check: Check | None = None, *, by: str | None = None, reason: str = "", force: bool = False
) -> Event | None:
    """Put a model to work, unless it is already; None if it is.

    Args:
        registry: Where.
        name: Name or folder of the candidate.
        check: Its comparison with the model in use.
        by: Who promotes; see `person`.
        reason: Why; with ``force`` it is needed.
        force: Promote in spite of a failed check, or without one.

    Raises:
        UsageError: Neither a check nor ``force``, or ``force`` without a reason.
        RefusedError: The check failed, or it is about other models than those that are here now.
        NoInputError: There is no such model.
        ModelError: It is refused, or the pointer is broken.
    """
    refuse_unexplained(force, reason, checked=check is not None)
    folder = model_folder(name, registry)
    if not force and check and check.failures:
        raise RefusedError(f"{name} is not promoted (--force with a --reason does): {'; '.join(check.failures)}")
    with _changing(registry):
        previous = read_pointer(registry)
        if check and (check.candidate, check.current) != (model_digest(folder), _digest(registry, previous)):
            raise RefusedError(f"{name} is not promoted: it or the model in use was replaced since the check; check again")
        version, model = _keep(registry, folder)
        if version == previous:
            return None
        forced = force and (check is None or bool(check.failures))
        event = _record(registry, PROMOTED, version, model, previous=previous, by=by, reason=reason, check=check, forced=forced)
        _point(registry, version)
    return event


def refuse_unexplained(force: bool, reason: str, *, checked: bool) -> None:
    """Raise `UsageError` for a promotion that nothing speaks for: forced without a reason, or not checked."""
    if force and not reason.strip():
        raise UsageError("--force needs a --reason, which is kept")
    if not force and not checked:
        raise UsageError("a candidate is checked against the model in use first: give labelled rows with --on")


def rollback(registry: Path, *, by: str | None = None, reason: str = "") -> Event:
    """Undo the promotion that put the model in use to work; again to go further back, in the end to the shipped model.

    Raises:
        NoInputError: No promotion is left to undo, or the model to go back to is not there.
        ModelError: That model is refused, or the pointer is broken.
    """
    with _changing(registry):
        current = read_pointer(registry)
        promotions = standing(read_history(registry), current)
        if current is None:
            raise NoInputError(f"nothing to roll back: no model of {registry} is promoted, the shipped one is in use")
        if not promotions or promotions[-1].version != current:
            raise NoInputError(f"{registry / HISTORY} does not say what was in use before {current}; promote what should be")
        target = promotions[-1].previous
        folder = version_folder(registry, target) if target else shipped_folder(registry)
        event = _record(registry, ROLLED_BACK, target, load_model(folder), previous=current, by=by, reason=reason)
        _point(registry, target)
    return event


def check_training_target(folder: Path, *, force: bool = False) -> None:
    """Look whether `save_training` may write here, before hours of training; raises as it does."""
    if is_registry(folder.parent) and folder.name in (VERSIONS, POINTER, HISTORY):
        raise CannotCreateError(f"{folder} means something else in a registry; choose another name")
    check_target(folder, force=force)


def save_training(model: Model, folder: Path, *, force: bool = False, by: str | None = None, reason: str = "") -> Event | None:
    """Save a trained model; in a registry, also keep it as a version and record it. None outside of one.

    Raises:
        CannotCreateError: As `save_model`, or the registry needs that name for itself.
    """
    check_training_target(folder, force=force)
    registry = folder.parent
    if not is_registry(registry):
        save_model(model, folder, force=force)
        return None
    with _changing(registry):
        save_model(model, folder, force=force)
        version, model = _keep(registry, folder)
        return _record(registry, TRAINED, version, model, by=by, reason=reason)


def is_registry(folder: Path) -> bool:
    """Whether models saved in a folder are recorded: it is called ``models``, or something was recorded there before."""
    return folder.absolute().name == "models" or (folder / HISTORY).is_file()


def tidy(registry: Path) -> None:
    """Take away what killed processes left behind, and put back a model that one was replacing."""
    if registry.is_dir():
        with _changing(registry):
            pass


@contextmanager
def _changing(registry: Path) -> Iterator[None]:
    """Hold the registry's lock, tidied: whoever left something behind is dead, or would still hold the lock."""
    with one_writer(registry):
        if (registry / VERSIONS).is_symlink():
            raise ModelError(f"{registry / VERSIONS} is a link; versions lie in the registry itself")
        (registry / _NEW_POINTER).unlink(missing_ok=True)
        if (registry / VERSIONS / _PART).exists():
            shutil.rmtree(registry / VERSIONS / _PART)
        for entry in sorted(registry.iterdir()):
            left = _LEFT_BY_SAVING.fullmatch(entry.name)
            if not left or not _holds_only_a_model(entry):
                continue
            if left["old"] and not (registry / left["name"]).exists():
                entry.rename(registry / left["name"])
            else:
                shutil.rmtree(entry)
        yield


def _holds_only_a_model(folder: Path) -> bool:
    """Whether it is a folder with a model's files, or some of them, and nothing that anybody would miss."""
    plain = folder.is_dir() and not folder.is_symlink()
    return plain and {entry.name for entry in folder.iterdir()} <= set(_MODEL_FILES)


def _keep(registry: Path, folder: Path) -> tuple[str, Model]:
    """The version with a model's files, made if there is none, and the model as loaded from there.

    Another model under the same name and version, as another release may train from the same rows, gets its digest appended.
    """
    digest = model_digest(folder)
    model = load_model(folder)
    versions = registry / VERSIONS
    version = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{model.name[:100]}-{model.version[:80]}").strip(".-") or "model"
    if (versions / version).exists() and model_digest(versions / version) != digest:
        version = f"{version}-{digest[:8]}"
    if not (versions / version).exists():
        part = versions / _PART
        part.mkdir(parents=True)
        for name in _MODEL_FILES:
            write_synced(part / name, (folder / name).read_bytes())
        load_model(part)
        if model_digest(part) != digest:
            raise ModelError(f"{folder} was replaced while it was copied; try again")
        sync_folder(part)
        part.rename(versions / version)
        sync_folder(versions)
        sync_folder(registry)
    return version, load_model(version_folder(registry, version))


def _digest(registry: Path, version: str | None) -> str:
    return model_digest(version_folder(registry, version) if version else shipped_folder(registry))


def _point(registry: Path, version: str | None) -> None:
    """Move the pointer in one step; None takes it away."""
    if version is None:
        (registry / POINTER).unlink()
    else:
        write_synced(registry / _NEW_POINTER, f"{version}\n".encode())
        (registry / _NEW_POINTER).replace(registry / POINTER)
    sync_folder(registry)


def _record(
    registry: Path,
    kind: str,
    version: str | None,
    model: Model,
    *,
    previous: str | None = None,
    by: str | None,
    reason: str,
    check: Check | None = None,
    forced: bool = False,
) -> Event:
    """Add what is about to happen to the history."""
    event = Event(
        event=kind,
        model=f"{model.name} {model.version}",
        version=version,
        previous=previous,
        digest=_digest(registry, version),
        data=_learnt_from(model),
        who=person(by),
        why=reason,
        check=asdict(check) if check else None,
        forced=forced,
    )
    append_event(registry, event)
    return event


def _learnt_from(model: Model) -> dict[str, Any]:
    """What the facts say about the training rows; only what is of the right kind, since anyone may have written them."""
    sources = model.facts.get("sources")
    rows = model.facts.get("rows")
    return {
        "fingerprint": str(model.facts.get("fingerprint", "")),
        "rows": rows if isinstance(rows, int) else None,
        "sources": {k: n for k, n in sources.items() if isinstance(n, int)} if isinstance(sources, dict) else {},
    }
