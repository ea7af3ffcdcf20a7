"""Inputs made to take long or much memory, and raw mails of all kinds: ``python -m benchmarks.robust`` prints a table.

Each bomb lies in a folder beside a plain mail, which has to get its verdict too. Seconds are those of the processor beyond
reading the bytes, memory is what the process grew by.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.data import SHARED, say
from benchmarks.robust_mails import malformed
from moderation.messages.batch import ReadProblems
from moderation.messages.reading import read
from moderation.scoring import Moderator, load, score_batch

MOST_SECONDS = 2.0
MOST_MEGABYTES = 500
INVENTED = 2_000
"""Malformed mails made from their number."""

_MB = 1024 * 1024
_HEADER = b"From: a@b.example\nSubject: halo\n"
_MIXED = _HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n"
_PLAIN = _HEADER + b"\ninternet mati sejak pagi\n"


def _nested() -> Iterator[bytes]:
    yield _HEADER
    for n in range(10_000):
        yield b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
    yield b"\nisi\n"


def _line(megabytes: int, before: bytes = b"") -> Iterator[bytes]:
    yield before
    yield from repeat(b"x" * _MB, megabytes)


BOMBS: dict[str, Iterable[bytes]] = {
    "1,000,000 header fields.eml": [b"X-A: b\n" * 1_000_000, _PLAIN],
    "a subject of 10 MB.eml": [b"Subject: ", b"x" * 10 * _MB, b"\n\nisi\n"],
    "a subject of 50,000 encoded words.eml": [b"Subject: ", b"=?utf-8?q?a?= " * 50_000, b"\n\nisi\n"],
    "nested 10,000 deep.eml": _nested(),
    "forwarded 10,000 times.eml": [_HEADER, b"Content-Type: message/rfc822\n\n" * 10_000, b"\nisi\n"],
    "100,000 parts.eml": [_MIXED, b"--b\n\nx\n" * 100_000],
    "almost 6,000,000 boundaries.eml": [_MIXED, b"--bx\n" * 6_000_000],
    "50 MB of text.eml": [_HEADER, b"\n", *repeat(b"internet mati lagi\n" * (_MB // 19), 50)],
    "50 MB of base64.eml": [_HEADER, b"Content-Transfer-Encoding: base64\n\n", *repeat((b"QUFB" * 19 + b"\n") * (_MB // 77), 50)],
    "50 MB of HTML.eml": [_HEADER, b"Content-Type: text/html\n\n<style>p{}</style>", *repeat(b"<b><p>" * (_MB // 6), 50)],
    "a line of 1 GB.eml": _line(1024, _HEADER + b"\n"),
    "a line of 1 GB.mbox": _line(1024, b"From a@b Sun Dec 31 22:15:00 2023\n" + _HEADER + b"\n"),
    "a line of 1 GB.txt": _line(1024),
    "a line of 1 GB.csv": _line(1024, b"id,text\n1,"),
    "a line of 1 GB.jsonl": _line(1024, b'{"text": "'),
    "a line of 1 GB.json": _line(1024, b'["'),
    "a line of 1 GB.parquet": _line(1024, b"PAR1"),
}  # fmt: skip


def measured(name: str, content: Iterable[bytes], moderator: Moderator) -> bool:
    """Print the line of a bomb; tell whether it did no harm. It runs in a process of its own, for its memory."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name.replace(" ", "-")
        with path.open("wb") as file:
            file.writelines(content)
        (Path(folder) / "z.eml").write_bytes(_PLAIN)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, json.dumps(_scored(path, moderator)).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            told = answer.read()
        os.waitpid(child, 0)
    stem, _, kind = name.rpartition(".")
    if not told:
        say(f"{stem:36}{kind:9}FAILED")
        return False
    seconds, megabytes, end, is_next_scored = json.loads(told)
    say(f"{stem:36}{kind:9}{seconds:>7.2f} s{megabytes:>7,} MB  {'yes' if is_next_scored else 'NO':6}{end}")
    return bool(is_next_scored and seconds <= MOST_SECONDS and megabytes <= MOST_MEGABYTES)


def _scored(path: Path, moderator: Moderator) -> tuple[float, int, str, bool]:
    """Seconds beyond reading, megabytes, how it ended, and whether the mail beside it has a verdict."""
    start = time.process_time()
    with path.open("rb") as file:
        while file.read(_MB):
            pass
    reading = time.process_time() - start
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    problems = ReadProblems()
    start = time.process_time()
    rows = []
    for batch in read([str(path.parent)], text_column=None, problems=problems, mark_refused=True):
        rows += score_batch(moderator, batch).select(["path", "status"]).to_pylist()
    seconds = time.process_time() - start - reading
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    ends = [row["status"] for row in rows if row["path"] == str(path)]
    why = problems.refused[0].partition(": ")[2] if problems.refused else ""
    is_next_scored = [row["status"] for row in rows if row["path"].endswith("/z.eml")] == ["ok"]
    return max(0.0, seconds), grown, " ".join([*ends, why]).strip() or "no row", is_next_scored


def collections() -> Iterator[tuple[str, list[bytes]]]:
    """Raw mails: those of Python's own tests, of a public collection, and malformed ones."""
    yield "cpython-email", [path.read_bytes() for path in sorted((SHARED.parent / "suites" / "cpython-email").glob("msg_*.txt"))]
    archive = SHARED / "spamassassin" / "train_part.zip"
    if archive.is_file():
        with zipfile.ZipFile(archive) as source:
            yield "spamassassin", [source.read(name) for name in source.namelist() if name.endswith(".eml")]
    yield "invented, malformed", [malformed(Random(number)) for number in range(INVENTED)]


def judged(name: str, mails: list[bytes], moderator: Moderator) -> bool:
    """Print how many mails of a collection got which status; tell whether all got one."""
    with TemporaryDirectory() as folder:
        for number, mail in enumerate(mails):
            (Path(folder) / f"{number:06}.eml").write_bytes(mail)
        start = time.process_time()
        found: Counter[str] = Counter()
        slowest = 0.0
        for batch in read([folder], text_column=None, batch_rows=1, mark_refused=True) if mails else ():
            began = time.process_time()
            found.update(score_batch(moderator, batch)["status"].to_pylist())
            slowest = max(slowest, time.process_time() - began)
        seconds = time.process_time() - start
    counts = ", ".join(f"{status} {count:,}" for status, count in found.most_common())
    say(f"{name:22}{len(mails):>6,} mails{found.total():>7,} verdicts in {seconds:.1f} s: {counts}")
    return found.total() == len(mails)


def main() -> None:
    """Print the table."""
    moderator = load()
    moderator.score(["halo"])
    held = [judged(name, mails, moderator) for name, mails in collections()]
    say(f"\n{'':36}{'':9}{'beyond':>9}{'memory':>10}  next  the bomb")
    held += [measured(name, content, moderator) for name, content in BOMBS.items()]
    say(
        f"asked for: at most {MOST_SECONDS} s and {MOST_MEGABYTES:,} MB, the next one scored: {'held' if all(held) else 'MISSED'}"
    )
    sys.exit(not all(held))


if __name__ == "__main__":
    main()
