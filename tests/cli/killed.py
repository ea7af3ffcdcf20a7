"""Run by `test_resume` in a process of its own: scores a file in forks that are killed, until it is whole, again and again.

A fork has everything loaded, so that fifty kills take seconds. Batches are small and every one is journalled.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path

import pyarrow as pa

from moderation.cli.score import score_files
from moderation.messages import writing
from moderation.messages.reading import read

EVENTS = {"open", "os.rename", "os.remove", "fcntl.flock"}


def forked(work) -> int:
    """Do the work in a fork; its process id."""
    if child := os.fork():
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def killed(child: int) -> bool:
    """Wait for a fork; whether it was killed."""
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def dies_after(events: int, work) -> None:
    """Do the work in this process, which kills itself at the event after so many."""
    seen = 0

    def hook(event: str, _: object) -> None:
        nonlocal seen
        if event in EVENTS:
            seen += 1
            if seen > events:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    work()


def main() -> None:
    source, target, model = sys.argv[1:4]
    wanted, rng = int(sys.argv[4]), random.Random(sys.argv[5])
    writing.JOURNAL_SECONDS = 0.0
    read.__kwdefaults__["batch_rows"] = 10
    pa.set_cpu_count(1)
    out = Path(target)

    def work(resume: bool = True) -> None:
        score_files([source], target, model=model, resume=resume)

    work(resume=False)
    whole = out.read_bytes()
    out.unlink()
    start = time.perf_counter()
    killed(forked(work))
    seconds = time.perf_counter() - start
    assert out.read_bytes() == whole

    kills = 0
    while kills < wanted:  # at any moment
        out.unlink(missing_ok=True)
        while not out.exists():
            child = forked(work)
            time.sleep(rng.uniform(0, 0.7 * seconds))
            os.kill(child, signal.SIGKILL)
            kills += killed(child)
        assert out.read_bytes() == whole
        assert [path.name for path in out.parent.iterdir()] == [out.name]

    events = 0
    while killed(forked(partial(dies_after, events, work))):  # at every event that touches a file, one after the other
        if not out.exists():
            work()
        assert out.read_bytes() == whole
        out.unlink()
        events += 1 if events < 25 else rng.randrange(5, 20)
    assert out.read_bytes() == whole
    sys.stdout.write(f"{kills} {events}")


if __name__ == "__main__":
    main()
