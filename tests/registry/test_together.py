"""Many processes at once, and processes killed: whatever happens, the registry is whole and somebody's model is in use."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from moderation.classifier.model import load_model
from moderation.registry.checking import Check, model_digest
from moderation.registry.finding import read_pointer
from moderation.registry.history import PROMOTED, ROLLED_BACK, in_effect, read_history
from moderation.registry.promoting import save_training, tidy
from tests.cli.helpers import files
from tests.registry.helpers import assert_whole, number_of, numbered, put, save
from tests.registry.workers import PROCESSES, change, change_and_die, change_for_ever, promote_all, read_until

EVENTS = {"promote": PROMOTED, "roll back": ROLLED_BACK}


@contextmanager
def running(target, *args):
    """Another process; yields it and where its last argument sends to."""
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=target, args=(*args, sender))
    process.start()
    sender.close()
    try:
        yield process, receiver
    finally:
        process.kill()
        process.join()
        process.close()
        receiver.close()


def test_eight_readers_during_a_hundred_promotions(registry):
    """Each reader only ever sees whole models, never an older one after a newer one, and in the end the last."""
    numbers = range(10, 110)
    save(Path("many"), *numbers)
    with ExitStack() as stack:
        readers = [stack.enter_context(running(read_until, numbers[-1], registry.absolute()))[1] for _ in range(8)]
        assert [reader.recv() for reader in readers] == [1] * 8
        for number in numbers:
            put(registry, f"many/{number}")
        results = [reader.recv() for reader in readers]
    for loads, seen in results:
        assert seen == sorted(set(seen))
        assert {1, 109} < set(seen) <= {1, *numbers}
        assert loads >= len(seen)
    assert assert_whole(registry) == 109


def test_promoters_take_turns(registry):
    with ExitStack() as stack:
        waiting = []
        for worker in range(4):
            numbers = range(10 * worker + 10, 10 * worker + 18)
            save(Path("many"), *numbers)
            folders = [Path(f"many/{number}").absolute() for number in numbers]
            waiting.append(stack.enter_context(running(promote_all, registry.absolute(), folders, None))[1])
        outcomes = [outcome for receiver in waiting for outcome in receiver.recv()]
    events = read_history(registry)
    assert sorted(outcomes) == sorted(event.version for event in events)
    assert [event.previous for event in events] == [None, *[event.version for event in events[:-1]]]
    assert len(events) == 32
    assert f"m-{assert_whole(registry)}" == events[-1].version


def test_of_two_promotions_checked_against_the_same_model_one_wins(registry):
    folders = [Path(f"new/{number}").absolute() for number in (2, 3, 4, 5)]
    shipped = model_digest(Path("shipped/default"))
    with ExitStack() as stack:
        receivers = []
        for folder in folders:
            check = Check(model_digest(folder), shipped, 1, (), 1, 0, 0, ())
            receivers.append(stack.enter_context(running(promote_all, registry.absolute(), [folder], check))[1])
        outcomes = [receiver.recv()[0] for receiver in receivers]
    assert sorted(outcomes)[:3] == ["RefusedError"] * 3
    assert sorted(outcomes)[3] == f"m-{assert_whole(registry)}"


@pytest.mark.parametrize(("how", "after"), [("promote", 3), ("roll back", 1), ("train", 2)])
def test_killed_before_each_step_on_the_disk(registry, how, after):
    """Every point between the first and the last thing a change does is tried; then the change is made, and comes true."""
    put(registry, "new/2")
    save_training(numbered(3), registry / "m")
    shutil.copytree(registry, "fresh")
    left = set()
    for step in itertools.count(1):
        process = PROCESSES.Process(target=change_and_die, args=(registry.absolute(), how, step))
        process.start()
        process.join()
        code = process.exitcode
        process.close()
        left.add(assert_whole(registry))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        tidy(registry)
        assert [name for name in files(registry) + files(registry / "versions") if name.startswith(".")] == [".lock"]
        assert number_of(load_model(registry / "m")) in {3, 4}
        moved = assert_whole(registry) != 2
        assert not moved or read_history(registry)[-1].event == EVENTS[how]
        if not moved:
            change(registry, how)
        assert assert_whole(registry) == after
        shutil.rmtree(registry)
        shutil.copytree("fresh", registry)
    assert left == {2, after}
    assert step > 8


def test_killed_at_random(registry):
    """Twenty-five kill -9 in a registry that goes through all of it."""
    rng = random.Random(4)
    put(registry, "new/2")
    for seed in range(25):
        before = read_history(registry)
        with running(change_for_ever, registry.absolute(), seed) as (process, started):
            assert started.recv() == process.pid
            time.sleep(rng.uniform(0, 0.2))
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            assert process.exitcode == -signal.SIGKILL
        used = assert_whole(registry)
        assert 1 <= used <= 12
        after = read_history(registry)
        assert after[: len(before)] == before
        tidy(registry)
        assert [name for name in files(registry) if name.startswith(".")] == [".lock"]
        assert assert_whole(registry) == used
    effective = in_effect(read_history(registry), read_pointer(registry))
    assert {event.event for event in effective} >= {PROMOTED, "trained", "rolled back"}
    assert len(effective) > 25
