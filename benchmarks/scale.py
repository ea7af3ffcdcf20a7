"""Messages from file to file: against the bare kernel, on one and two threads, a million and four million of them.

Times are of a process that has the model loaded; how long that takes is told at the end. Each figure is the best of a few
rounds in which the settings take turns, for other work on the machine only ever slows down. The share of the kernel compares
seconds of CPU, which such work disturbs least. Peak memory is of a process that does nothing else.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data import authored, say

MILLION = 1_000_000
ROUNDS = 3
_CHILD = """
import sys, time
sys.modules["scipy"] = None  # as the command line does, see `moderation.cli.main`
start = time.perf_counter()
from moderation.cli.score import score_files
from moderation.scoring import load
load().score(["halo"])
ready, cpu = time.perf_counter(), time.process_time()
score_files([sys.argv[1]], sys.argv[2], jobs=int(sys.argv[3]), force=True)
done, cpu = time.perf_counter(), time.process_time() - cpu
# Not ru_maxrss, in which a child starts from the peak of its parent.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(ready - start, done - ready, cpu, peak)
"""
_KERNEL = """
import sys, time
sys.modules["scipy"] = None
from moderation.messages.reading import read
from moderation.scoring import load
moderator = load()
texts = [batch.texts for batch in read([sys.argv[1]], text_column=None)]
moderator.score(texts[0])
start, cpu = time.perf_counter(), time.process_time()
for some in texts:
    moderator.model.score(some)
print(0, time.perf_counter() - start, time.process_time() - cpu, 0)
"""


def write_messages(path: Path, rows: int) -> None:
    """Authored messages over and over, with a number in each so that no two are the same."""
    texts = authored().texts.to_pylist()
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, rows, 100_000):
            ids = list(range(first, min(first + 100_000, rows)))
            column = [f"{texts[i % len(texts)]} {i // len(texts)}" for i in ids]
            writer.write_table(pa.table({"id": ids, "text": column}, schema=schema))


class Run(NamedTuple):
    """Seconds until ready, seconds of work and of CPU for it, and peak kilobytes of a process of its own."""

    ready: float
    seconds: float
    cpu: float
    peak: float


def run(code: str, *args: object) -> Run:
    """Run a process."""
    done = subprocess.run([sys.executable, "-c", code, *map(str, args)], capture_output=True, check=True, text=True)
    return Run(*map(float, done.stdout.split()[-4:]))


def main() -> None:
    """Print the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, four = folder / "1m.parquet", folder / "4m.parquet"
        write_messages(one, MILLION)
        write_messages(four, 4 * MILLION)
        settings: dict[str, tuple[object, ...]] = {
            "kernel alone": (_KERNEL, one),
            "Parquet, 1 job": (_CHILD, one, folder / "1.parquet", 1),
            "Parquet, 2 jobs": (_CHILD, one, folder / "2.parquet", 2),
            "CSV, 1 job": (_CHILD, one, folder / "1.csv", 1),
            "JSONL, 1 job": (_CHILD, one, folder / "1.jsonl", 1),
        }
        runs: dict[str, list[Run]] = {label: [] for label in settings}
        for _ in range(ROUNDS):
            for label, (code, *args) in settings.items():
                runs[label].append(run(str(code), *args))
        seconds = {label: min(r.seconds for r in done) for label, done in runs.items()}
        cpu = {label: min(r.cpu for r in done) for label, done in runs.items()}
        for label, done in runs.items():
            share, peak = cpu["kernel alone"] / cpu[label], done[0].peak / 1024
            memory = f", peak {peak:.0f} MB" if peak else ""
            rate = f"{seconds[label]:6.2f} s, {MILLION / seconds[label]:>9,.0f} messages/s"
            say(f"1 million, {label:<16} {rate}, CPU {cpu[label]:5.2f} s, {share:4.0%} of the kernel's rate{memory}")
        say(f"2 jobs are {seconds['Parquet, 1 job'] / seconds['Parquet, 2 jobs']:.2f} times as fast as 1")
        large = run(_CHILD, four, folder / "4.parquet", 1)
        say(f"4 million, Parquet, 1 job   {large.seconds:6.2f} s, peak {large.peak / 1024:.0f} MB")
        digests = {hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in ("1.parquet", "2.parquet")}
        ready = min(r.ready for r in runs["Parquet, 1 job"])
        say(f"outputs of 1 and 2 jobs are {'identical' if len(digests) == 1 else 'DIFFERENT'}; ready after {ready:.2f} s")


if __name__ == "__main__":
    main()
