"""A million messages in the triage queue: rows added a second, how long ``next`` and the figures take, memory; both databases.

``python -m benchmarks.queue [URL]``; without a URL, SQLite in a temporary folder and, where there is a server, PostgreSQL.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.data import authored, say
from moderation.categories import CATEGORIES

MILLION = 1_000_000
AUTHORS = 100_000
ROUNDS = 400


def write_verdicts(path: Path, rows: int) -> None:
    """Authored messages over and over, each with a word of its own, with made-up verdicts, authors, threads and times."""
    chance, texts = random.Random(6), authored().texts.to_pylist()
    with path.open("w", encoding="utf-8") as file:
        for k in range(rows):
            p = [round(chance.random() ** 4, 6) for _ in CATEGORIES]
            flags = [category for category, value in zip(CATEGORIES, p, strict=True) if value > 0.5]
            row = {"id": k, "text": f"{texts[k % len(texts)]} {word(k)}", "author": f"cust-{chance.randrange(AUTHORS)}"}
            row |= {"thread_id": f"t-{k // 5}", "time": 1_763_400_000 + k, "channel": "app"}
            row |= {f"p_{category}": value for category, value in zip(CATEGORIES, p, strict=True)}
            action = "escalate" if chance.random() < 0.1 else "review"
            row |= {"flags": flags, "action": action, "priority": 50.0, "status": "ok", "model": "made-up 1"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def word(number: int) -> str:
    """A word that is another one for each number, also when folded."""
    return "".join(["ka", "sa", "ta", "na", "ma", "pa", "ra", "la", "ba", "ga"][int(digit)] for digit in f"{number:06}")


def add(url: str, file: str) -> None:
    """Add a file; prints rows, seconds and peak megabytes of the reading and the adding process together."""
    from moderation.triage import intake
    from moderation.triage.queue import open_queue
    from moderation.triage.verdicts import Columns, Problems, read_verdicts

    intake.content_keys(["warm"])
    start = time.perf_counter()
    with open_queue(url, create=True) as queue:
        added = intake.add(queue, read_verdicts([file], Columns(), Problems()))
    seconds = time.perf_counter() - start
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    say(f"{added.new} {seconds} {peak / 1024}")


def work(url: str) -> None:
    """Let a moderator take and decide messages; prints p50 and p95 of both in milliseconds, and peak megabytes."""
    from moderation.triage.queue import open_queue

    taken, decided = [], []
    with open_queue(url) as queue:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            message = queue.next("rani")
            between = time.perf_counter()
            assert message is not None
            queue.decide(message.id, "rani", message.flags)
            taken.append(1e3 * (between - start))
            decided.append(1e3 * (time.perf_counter() - between))
    figures = [f(times) for times in (taken, decided) for f in (statistics.median, _p95)]
    say(" ".join(map(str, (*figures, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))))


def count(url: str) -> None:
    """Gather all that the page of figures shows; prints the median of seconds."""
    from moderation.triage.estimates import estimates
    from moderation.triage.figures import figures
    from moderation.triage.queue import open_queue

    times = []
    with open_queue(url) as queue:
        for _ in range(5):
            start = time.perf_counter()
            figures(queue)
            estimates(queue)
            times.append(time.perf_counter() - start)
    say(str(statistics.median(times)))


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def measure(name: str, url: str, file: Path) -> None:
    """Print the figures of one store; each part in a process of its own."""
    rows, seconds, peak = _child("add", url, str(file))
    say(f"{name}: {rows:,.0f} added in {seconds:.1f} s: {rows / seconds:,.0f} rows/s, peak {peak:.0f} MB")
    next50, next95, decide50, decide95, peak = _child("work", url)
    say(
        f"{name}: next p50 {next50:.1f} ms, p95 {next95:.1f} ms; "
        f"decide p50 {decide50:.1f} ms, p95 {decide95:.1f} ms; {peak:.0f} MB"
    )
    (seconds,) = _child("count", url)
    say(f"{name}: figures {seconds:.2f} s")


def _child(what: str, *args: str) -> list[float]:
    code = f"import sys; from benchmarks.queue import {what}; {what}(*sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *args], stdout=subprocess.PIPE, check=True, text=True)
    return [float(figure) for figure in done.stdout.split()[-5:]]


def main() -> None:
    """Print the report."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "verdicts.jsonl"
        write_verdicts(file, MILLION)
        if len(sys.argv) > 1:
            measure(sys.argv[1].partition(":")[0], sys.argv[1], file)
            return
        measure("SQLite", f"sqlite:///{folder}/queue.db", file)
        from tests.triage import postgres

        if postgres.find("initdb"):
            with postgres.server(durable=True) as url:
                measure("PostgreSQL", url, file)


if __name__ == "__main__":
    main()
