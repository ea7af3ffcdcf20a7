"""A million and four million messages, Parquet to Parquet: time, memory, and that jobs and batches change nothing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data import authored, say

MILLION = 1_000_000
_CHILD = """
import resource, sys
from moderation.cli.score import score_files
score_files([sys.argv[1]], sys.argv[2], jobs=int(sys.argv[3]), force=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
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


def run(source: Path, target: Path, jobs: int) -> tuple[float, float]:
    """Seconds and peak megabytes of scoring a file in a process of its own."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _CHILD, source, target, str(jobs)], capture_output=True, check=True, text=True)
    return time.perf_counter() - start, int(done.stdout.split()[-1]) / 1024


def content_digest(path: Path) -> str:
    """Digest of the values of a Parquet file, whatever its row groups."""
    digest = hashlib.sha256()
    for batch in pq.ParquetFile(path).iter_batches(50_000):
        digest.update(repr(batch.to_pydict()).encode())
    return digest.hexdigest()


def main() -> None:
    """Print the report."""
    with tempfile.TemporaryDirectory() as folder:
        one, four = Path(folder) / "1m.parquet", Path(folder) / "4m.parquet"
        write_messages(one, MILLION)
        write_messages(four, 4 * MILLION)
        out = Path(folder) / "out.parquet"
        digests = []
        for source, rows, jobs in ((one, 1, 1), (one, 1, 2), (four, 4, 1)):
            seconds, megabytes = run(source, out, jobs)
            rate = rows * MILLION / seconds
            say(f"{rows} million messages, {jobs} job(s): {seconds:6.1f} s, {rate:>9,.0f} messages/s, peak {megabytes:.0f} MB")
            if rows == 1:
                digests.append(content_digest(out))
        say(f"outputs of 1 and 2 jobs are {'identical' if len(set(digests)) == 1 else 'DIFFERENT'}")


if __name__ == "__main__":
    main()
