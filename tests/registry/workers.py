"""What other processes do to a registry, until they are told to stop or killed."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import sys
from pathlib import Path

from moderation.registry import finding
from moderation.registry.checking import Check
from moderation.registry.finding import load_named_model
from moderation.registry.promoting import promote, rollback, save_training
from tests.registry.helpers import number_of, numbered, put

PROCESSES = multiprocessing.get_context("forkserver")
_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "fsync"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def at_home() -> None:
    """The same shipped model as in the process that started this one."""
    finding._SHIPPED_HOMES = (Path("shipped").absolute(),)


def read_until(last: int, registry: Path, results) -> None:
    """Load the model in use again and again until it is the last; send the first, then how often and the numbers seen."""
    at_home()
    seen = [number_of(load_named_model(None, registry))]
    results.send(seen[0])
    loads = 1
    while seen[-1] != last:
        number = number_of(load_named_model(None, registry))
        loads += 1
        if number != seen[-1]:
            seen.append(number)
    results.send((loads, seen))


def promote_all(registry: Path, folders: list[Path], check: Check | None, results) -> None:
    """Promote one after the other; send what came of each."""
    at_home()
    outcomes = []
    for folder in folders:
        try:
            event = promote(registry, str(folder), check, force=check is None, reason="race")
            outcomes.append(event.version if event else None)
        except Exception as error:
            outcomes.append(type(error).__name__)
    results.send(outcomes)


def change(registry: Path, how: str) -> None:
    """One change of a kind."""
    if how == "promote":
        put(registry, "new/3")
    elif how == "roll back":
        rollback(registry)
    else:
        save_training(numbered(4), registry / "m", force=True)


def change_and_die(registry: Path, how: str, step: int) -> None:
    """One change, killed before its nth step that changes the disk."""
    at_home()
    steps = itertools.count(1)

    def count(event: str, given: tuple) -> None:
        changes = event in _STEPS or (event == "open" and given[2] & _WRITING)
        if changes and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    fsync = os.fsync

    def counted(number: int) -> None:
        sys.audit("fsync")
        fsync(number)

    os.fsync = counted
    sys.addaudithook(count)
    change(registry, how)


def change_for_ever(registry: Path, seed: int, started) -> None:
    """Change after change, of all kinds; says when it started."""
    at_home()
    rng = random.Random(seed)
    started.send(os.getpid())
    while True:
        how = rng.choice(["promote", "promote", "roll back", "train"])
        if how == "promote":
            put(registry, f"new/{rng.randrange(2, 6)}")
        elif how == "train":
            save_training(numbered(rng.randrange(2, 12)), registry / "m", force=True)
        elif (registry / "current").exists():
            rollback(registry)
