"""Readers against broken input: every case gives batches that hold together or a named error, soon and in little memory.

Usage: ``python -m benchmarks.fuzz_readers --reader whatsapp --cases 100000``. A case is made from its reader and number alone, so
``--first 123 --cases 1`` repeats the one that failed. The first cases of most readers are their seeds as they are. Cases run in
other processes, so that one that crashes or hangs outside of Python is found, too.
"""

from __future__ import annotations

import argparse
import io
import json
import mmap
import os
import resource
import shutil
import signal
import sys
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyarrow as pa

from benchmarks import robust_mutations as broken
from benchmarks import robust_seeds as seeds
from benchmarks.robust_mails import malformed
from moderation.errors import ModerationError
from moderation.messages.batch import Batch, ReadOptions, ReadProblems
from moderation.messages.compressed import codec_of
from moderation.messages.decoding import encoding_of
from moderation.messages.encoders import encoder
from moderation.messages.reading import read

SECONDS = 2.0
"""Of processor time a case may take."""

HANG_SECONDS = 60
"""After so long by the clock a process is taken to hang, and ended."""

MEMORY_BYTES = 8 * 1024**3
"""Of address space, most of which is only reserved."""

ROUND = 2_000
"""Cases that a process runs."""

Maker = Callable[[Path, Random, Sequence[bytes]], None]
"""Writes a case, a file or a folder, at a path."""


class Reader(NamedTuple):
    """What breaks the seeds of a reader, and the formats they are then read as."""

    seeds: Callable[[], list[bytes]]
    mutations: Sequence[broken.Mutation]
    formats: Sequence[str | None]
    make: Maker | None = None
    seconds: float = SECONDS


def mutated(choices: Sequence[bytes], mutations: Sequence[broken.Mutation], rng: Random) -> bytes:
    """A seed after a few accidents."""
    data = rng.choice(choices)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        data = rng.choice(mutations)(data[:1_000_000], rng, choices)
    return data


_TEXT = (broken.of_bytes, broken.of_lines, broken.of_tokens)
_JSON = (*_TEXT, broken.of_json, broken.of_json)
_MAIL = (*_TEXT, broken.of_fields, broken.of_fields)


def _a_mail(choices: Sequence[bytes], rng: Random) -> bytes:
    return malformed(rng) if rng.random() < 0.3 else mutated(choices, _MAIL, rng)


def _mail(path: Path, rng: Random, choices: Sequence[bytes]) -> None:
    path.write_bytes(_a_mail(choices, rng))


def _mbox(path: Path, rng: Random, choices: Sequence[bytes]) -> None:
    whole = seeds.mbox_of([_a_mail(choices, rng) for _ in range(rng.choice((0, 1, 2, 3)))])
    path.write_bytes(whole if rng.random() < 0.5 else mutated([whole or b"\n"], _MAIL, rng))


def _zip(path: Path, rng: Random, choices: Sequence[bytes]) -> None:
    names = ("a.eml", "b", "c.mbox", "../x", "é.txt", "a.eml", "_chat.txt", "d/", ".x", "\\", "e.zip", "f.csv", "g.PNG")
    if rng.random() < 0.5:
        members = {rng.choice(names): _a_mail(choices, rng) for _ in range(rng.choice((0, 1, 2, 4)))}
        whole = seeds.zipped(members, rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
    else:
        whole = rng.choice(_ZIPS)
    path.write_bytes(whole if rng.random() < 0.2 else mutated([whole], (broken.of_zip, broken.of_zip, broken.of_bytes), rng))


def _compressed(path: Path, rng: Random, choices: Sequence[bytes]) -> None:
    pack = rng.choice(list(seeds.PACKERS.values()))
    content = rng.choice(choices) if rng.random() < 0.5 else mutated(choices, _TEXT, rng)
    packed = pack(content)
    if rng.random() < 0.7:
        packed = mutated([packed], (broken.of_bytes, broken.of_bytes, broken.of_gzip), rng)
    path.write_bytes(packed)


def _folder(path: Path, rng: Random, choices: Sequence[bytes]) -> None:
    """A Maildir, or a folder of files with names of all kinds."""
    path.mkdir()
    is_maildir = rng.random() < 0.7
    folders = [path / name if is_maildir else path for name in ("new", "cur", "tmp")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    names = (
        "1703974500.M1P1.host",
        "1:2,S",
        "a.txt",
        "b.eml",
        "\udcff",
        "a\nb",
        "é",
        "c.csv",
        ".x",
        "d.jsonl",
        "e.gz",
        "f.zip",
        "g",
    )
    for folder in folders:
        for name in rng.sample(names, rng.choice((0, 1, 2, 3))):
            content = _a_mail(choices, rng) if rng.random() < 0.8 else rng.choice((*_ZIPS[:2], seeds.DELIMITED, seeds.JSONL, b""))
            (folder / name).write_bytes(content)


def _mails() -> list[bytes]:
    return [*seeds.MAILS, *seeds.suite("cpython-email/msg_*.txt"), *seeds.real_mails(40)]


_ZIPS = seeds.zip_seeds()
_CSV_SUITE = "csv-spectrum/csvs/*.csv"
_JSON_SUITE = "json-test-suite/**/*.json"
_COLUMNS = [seeds.DELIMITED, seeds.DELIMITED.replace(b",", b";"), seeds.DELIMITED.replace(b",", b"\t")]

READERS: dict[str, Reader] = {
    "whatsapp": Reader(lambda: [seeds.CHAT, seeds.ANDROID], _TEXT, ["whatsapp", None]),
    "zendesk": Reader(lambda: [*seeds.zendesk(), *seeds.suite(_JSON_SUITE)[::20]], _JSON, ["tickets", "ticket-lines", None]),
    "intercom": Reader(lambda: [*seeds.intercom(), *seeds.suite(_JSON_SUITE)[1::20]], _JSON, ["tickets", "ticket-lines", None]),
    "freshdesk": Reader(lambda: [*seeds.freshdesk(), *seeds.suite(_JSON_SUITE)[2::20]], _JSON, ["tickets", "ticket-lines", None]),
    "csv": Reader(lambda: [*_COLUMNS, *seeds.suite(_CSV_SUITE)], _TEXT, ["csv", None]),
    "tsv": Reader(lambda: [_COLUMNS[2], *(s.replace(b",", b"\t") for s in seeds.suite(_CSV_SUITE))], _TEXT, ["tsv", None]),
    "jsonl": Reader(lambda: [seeds.JSONL, *seeds.suite(_JSON_SUITE)], _JSON, ["jsonl", "jsonl", None]),
    "json": Reader(
        lambda: [json.dumps(seeds.ROWS, indent=1).encode(), *seeds.suite("blns/blns.json"), *seeds.suite(_JSON_SUITE)],
        _JSON,
        ["json", "json", None],
    ),
    "lines": Reader(
        lambda: [b"satu\r\n\xc3\xa9\n\ndua", "é\n".encode("utf-16"), *seeds.suite("blns/blns.txt")], _TEXT, ["lines", None]
    ),
    "parquet": Reader(
        seeds.parquet_seeds,
        (broken.of_parquet, broken.of_parquet, broken.of_parquet, broken.of_bytes),
        ["parquet"],
        seconds=6.0,  # a page may claim to unpack to 2 GiB, which pyarrow makes room for before it looks
    ),
    "mail": Reader(_mails, _MAIL, ["eml", None], _mail),
    "mbox": Reader(_mails, _MAIL, ["mbox", None], _mbox),
    "maildir": Reader(_mails, _MAIL, [None], _folder),
    "zip": Reader(_mails, _MAIL, ["zip", None], _zip),
    "compressed": Reader(
        lambda: [seeds.DELIMITED * 3, seeds.CHAT, seeds.mbox_of([seeds.MAIL] * 2), b"", seeds.JSONL, seeds.parquet_seeds()[0]],
        _TEXT,
        [None, None, "csv", "lines"],
        _compressed,
    ),
}


def make_case(path: Path, reader: Reader, choices: Sequence[bytes], number: int, rng: Random) -> None:
    """Write a case: the seed of this number, or one that something befell."""
    if reader.make is not None:
        reader.make(path, rng, choices)
    else:
        path.write_bytes(choices[number] if number < len(choices) else mutated(choices, reader.mutations, rng))


def check(path: Path, input_format: str | None, rng: Random) -> str:
    """Read one case; returns how it ended.

    Raises:
        Exception: It is no `ModerationError`, so the reader is at fault.
    """
    options = ReadOptions(rng.choice((None, "dmy", "mdy", "ymd")), rng.random() < 0.5)
    data = path.read_bytes() if path.is_file() else b""
    # Many lines, or a few bytes that unpack to a million, would be as many batches.
    batch_rows = rng.choice((1_000, 20_000) if codec_of(data) else (1, 3, 20_000) if len(data) < 2_000 else (100, 20_000))
    column = rng.choice((None, None, None, "text"))
    written = rng.random() < 0.1  # which takes longer than reading
    problems = ReadProblems()
    rows = unreadable = 0
    paths: set[str] = set()
    try:
        for batch in read(
            [str(path)],
            text_column=column,
            batch_rows=batch_rows,
            input_format=input_format,
            options=options,
            problems=problems,
            mark_refused=True,
        ):
            _check_batch(batch, batch_rows, written=written)
            rows += batch.table.num_rows
            unreadable += int(batch.unreadable.sum())
            if path.is_dir():
                paths.update(batch.table["path"].to_pylist())
    except ModerationError as error:
        return type(error).__name__
    if unreadable != problems.unreadable_rows:
        raise AssertionError("unreadable rows are counted wrongly")
    if input_format in ("jsonl", "lines") and not codec_of(data) and rows != _lines(data, input_format):
        raise AssertionError(f"{rows} rows of {_lines(data, input_format)} lines")
    if (path / "cur").is_dir() and len(paths) < sum(_counts(file) for part in ("new", "cur") for file in (path / part).iterdir()):
        raise AssertionError("a mail of a Maildir has no row")
    return "unreadable rows" if unreadable else "read"


def _check_batch(batch: Batch, batch_rows: int, *, written: bool) -> None:
    batch.table.validate(full=True)
    batch.texts.validate(full=True)
    if not batch.table.num_rows == len(batch.texts) == len(batch.unreadable) <= batch_rows:
        raise AssertionError("the parts of a batch have different lengths")
    if batch.texts.type != pa.large_string() or batch.texts.is_valid().filter(pa.array(batch.unreadable)).true_count:
        raise AssertionError("an unreadable row has a text")
    if len(set(batch.table.column_names)) < batch.table.num_columns:
        raise AssertionError("two columns of one name")
    if written and batch.table.num_rows <= 200:
        sink = io.BytesIO()
        encoder("jsonl", sink).write(batch.table)
        lines = sink.getvalue().split(b"\n")
        if lines.pop() or len(lines) != batch.table.num_rows or not all(isinstance(json.loads(line), dict) for line in lines):
            raise AssertionError("what is read cannot be written a row a line")


def _lines(data: bytes, form: str) -> int:
    """How many rows there have to be, counted in the plainest way."""
    text = data.decode(encoding_of(data, "utf-8"), "replace")
    if form == "jsonl":
        return sum(bool(line.strip(" \t\r\n")) for line in text.split("\n"))
    return len(list(io.StringIO(text, "")))


def _counts(file: Path) -> bool:
    return not file.name.startswith(".")


def run_round(reader: str, first: int, cases: int, here: mmap.mmap) -> None:
    """Run cases in this process; writes the number of the one in hand into shared memory, and a line of JSON in the end."""
    # What hangs outside of Python does not see the first alarm; the other ends the process.
    signal.signal(signal.SIGPROF, _stop)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    chosen = READERS[reader]
    choices = chosen.seeds()
    ends: Counter[str] = Counter()
    slowest = 0.0
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        path = Path(folder) / "case"
        for number in range(first, first + cases):
            here[:8] = number.to_bytes(8, "little")
            rng = Random(f"{reader} {number}")
            make_case(path, chosen, choices, number, rng)
            started = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, 3 * chosen.seconds)
            signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
            try:
                end = check(path, rng.choice(chosen.formats), rng)
                if time.process_time() - started > chosen.seconds:
                    raise AssertionError(f"took {time.process_time() - started:.1f} s")
            except Exception:
                end = "failed"
                say(f"{reader} {number}: {traceback.format_exc(limit=-3)}")
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
            slowest = max(slowest, time.process_time() - started)
            ends[end] += 1
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    result = json.dumps([ends, slowest, memory]).encode()
    here[8 : 8 + len(result)] = result


def fuzz(reader: str, first: int, cases: int) -> int:
    """Run cases in rounds, each in a process of its own; returns how many failed."""
    ends: Counter[str] = Counter()
    slowest, memory, begun = 0.0, 0, time.perf_counter()
    number, last = first, first + cases
    with mmap.mmap(-1, 4_096) as here:
        while number < last:
            here[:] = bytes(len(here))
            size = min(ROUND, last - number)
            child = os.fork()
            if child == 0:
                try:
                    run_round(reader, number, size, here)
                except BaseException:
                    say(traceback.format_exc())
                    os._exit(1)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            told = here[8:].rstrip(b"\0")
            if status == 0 and told:
                found, slow, peak = json.loads(told)
                ends.update(found)
                slowest, memory = max(slowest, slow), max(memory, peak)
                number += size
                continue
            failed = int.from_bytes(here[:8], "little")
            say(f"{reader} {failed}: the process ended with {status}")
            if os.WIFEXITED(status):
                raise SystemExit("the script is at fault")
            # Those before it were well, or said so; they are run again to be counted.
            ends["crashed"] += 1
            ends.update(dict.fromkeys(["read before a crash"], failed - number))
            number = failed + 1
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(ends.items()))
    seconds = time.perf_counter() - begun
    say(f"{reader}: {cases:,} cases in {seconds:.0f} s: {told}; slowest {slowest:.2f} s, peak {memory:,} MB")
    return ends["failed"] + ends["crashed"]


def say(line: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _stop(*_: object) -> None:
    raise TimeoutError("does not end")


def main() -> None:
    """Fuzz the readers that were asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reader", choices=READERS, action="append", help="all when omitted")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    failed = sum(fuzz(reader, args.first, args.cases) for reader in args.reader or READERS)
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
