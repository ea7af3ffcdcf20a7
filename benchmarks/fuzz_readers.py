"""Readers against broken input: every case gives batches that hold together or a named error, soon and in little memory.

Usage: ``python -m benchmarks.fuzz_readers --reader whatsapp --cases 100000``. A case is made from its reader and number alone, so
``--first 123 --cases 1`` repeats the one that failed.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import resource
import signal
import sys
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from moderation.errors import ModerationError
from moderation.messages.batch import ReadOptions, ReadProblems
from moderation.messages.compressed import codec_of
from moderation.messages.reading import read

SECONDS = 2.0
"""Of processor time a case may take."""

MEMORY_BYTES = 8 * 1024**3
"""Of address space, most of which is only reserved."""

_ROWS = [{"id": n, "text": f'pesan {n}, "kata" = é\n😡', "tag": ["a", None], "n": {"x": -1.5e3, "y": True}} for n in range(4)]
_JSONL = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in _ROWS).encode()
_CHAT = """\
\u200e[31/12/23, 10.15.22\u202fPM] Budi: \u200ePesan dan panggilan terenkripsi secara end-to-end.
[31/12/23, 10.15.23\u202fPM] Budi: internet mati
sejak pagi
[01/01/24, 9.00.00\u202fAM] \u202a+62 812\u202c: <terlampir: 00000012-PHOTO-2023-12-31-22-18-00.jpg> tolong
[01/01/24, 9.00.01\u202fAM] Siti: Pesan ini telah dihapus.
""".encode()
_ANDROID = b"""\
31/12/23 22.15 - Budi keluar
12/31/23, 10:15 PM - Budi: IMG-20231231-WA0004.jpg (file terlampir)
2023-12-31 22:15 - Siti: halo <This message was edited>
31.12.2023 pukul 22.15 - Siti: a: b
"""
_TICKETS = [
    {"id": 1, "subject": "mati", "via": {"channel": "web"}, "requester_id": 7, "assignee_id": 8,
     "created_at": "2023-12-31T22:15:00Z",
     "comments": [{"id": 2, "author_id": 7, "body": "halo", "html_body": "<p>halo", "public": True, "via": {"channel": "x"}}]},
    {"id": "1", "type": "conversation", "created_at": 1703974500, "source": {"author": {"type": "user"}, "body": "<p>halo</p>"},
     "conversation_parts": {"conversation_parts": [{"id": "2", "part_type": "note", "body": "<b>x", "author": {"type": "bot"}}]}},
    {"id": 3, "description_text": "mati", "requester_id": 7, "source": 1, "subject": None,
     "conversations": [{"id": 4, "body_text": "x", "body": "<i>x", "incoming": True, "private": False, "user_id": 7}]},
]  # fmt: skip
_MAIL = b"""\
From: =?utf-8?q?Budi_=C3=A9?= <budi@contoh.id>
Message-ID: <1@contoh.id>
Date: Sun, 31 Dec 2023 22:15:00 +0700
Subject: =?utf-8?b?bWF0aQ==?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b1"

--b1
Content-Type: multipart/alternative; boundary=b2

--b2
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9 mati=
 lagi

On Sun, Sari wrote:
> ya?
--=20
Budi
--b2
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PGI+aGFsbzwvYj48ZGl2IHN0eWxlPSJkaXNwbGF5Om5vbmUiPng8L2Rpdj4=
--b2--
--b1
Content-Type: message/rfc822

Subject: dalam

isi
--b1
Content-Disposition: attachment; filename*0*=utf-8''a%20; filename*1=b.pdf

x
--b1--
"""
_MBOX = b"".join(
    b"From budi@contoh.id Sun Dec 31 22:15:00 2023\n" + _MAIL.replace(b"lagi", b">From sini %d" % n) + b"\n" for n in range(2)
)
_DELIMITED = b'id,text,n\n1,"satu, ""dua""\ntiga",x\n2,=1+1,\n3,"",\xc3\xa9\n'
_TOKENS = [
    *(bytes([sign]) for sign in b'"\n\r\0\xff,;\t: \\{}[]<>-='),
    *(b"\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\xbd", b"\xe2\x80\x8e", b"\xe2\x80\xaf", b"a" * 5_000, b"9" * 400),
    *(b"NaN", b"1e999", b"null", b"\\ud83d", b"[" * 2_000, b'{"a":' * 1_500, b'"comments":', b'"tickets":[', b'"users":[{}],'),
    *(b"31/12/23 22.15 - ", b"[1/2/3, 4.5.6] x: ", b"<attached: ", b"<div hidden>", b"&#x110000;"),
    *(b"From ", b"Content-Type: ", b"boundary=b1", b"=?utf-8?b?", b"charset=punycode", b"--b1\n"),
]


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(_ROWS), sink)
    return sink.getvalue()


def _zip() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.eml", _MAIL)
        archive.writestr("b/c", _MAIL[:300])
        archive.writestr("_Chat", "x")
    return sink.getvalue()


def _chat_zip() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("_chat.txt", _CHAT)
    return sink.getvalue()


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    content: bytes = sink.getvalue().to_pybytes()
    return content


_PAGES = [
    json.dumps(page).encode() for page in ({"users": [{"id": 7, "role": "agent"}], "tickets": _TICKETS}, _TICKETS, _TICKETS[1])
]
_LINES = b"".join(json.dumps(ticket).encode() + b"\n" for ticket in _TICKETS)
_PACKED = [pack(content) for pack in (gzip.compress, bz2.compress, _zstd) for content in (_DELIMITED * 3, _CHAT, _MBOX, b"")]

READERS: dict[str, tuple[list[bytes], list[str | None]]] = {
    "whatsapp": ([_CHAT, _ANDROID], ["whatsapp", None]),
    "tickets": ([*_PAGES, _LINES], ["tickets", "ticket-lines", None]),
    "csv": ([_DELIMITED, _DELIMITED.replace(b",", b";")], ["csv", None]),
    "tsv": ([_DELIMITED.replace(b",", b"\t")], ["tsv", None]),
    "jsonl": ([_JSONL], ["jsonl", None]),
    "json": ([json.dumps(_ROWS, indent=1).encode(), json.dumps(_ROWS, ensure_ascii=False).encode()], ["json", None]),
    "lines": ([b"satu\r\n\xc3\xa9\n\ndua", "é\n".encode("utf-16")], ["lines", None]),
    "parquet": ([_parquet()], ["parquet"]),
    "mail": ([_MAIL], ["eml", None]),
    "mbox": ([_MBOX], ["mbox", None]),
    "zip": ([_zip(), _chat_zip()], ["zip", None]),
    "compressed": (_PACKED, [None, "csv", "lines"]),
}
"""Sound inputs to break, and the formats they are then read as."""


def mutated(seeds: list[bytes], rng: Random) -> bytes:
    """A seed after a few accidents."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        place = rng.randrange(len(data) + 1)
        end = min(len(data), place + rng.choice((1, 2, 8, 64, 1_000)))
        accident = rng.randrange(7)
        if accident == 0:
            del data[place:end]
        elif accident == 1:
            data[place:place] = data[place:end] * rng.choice((1, 2, 40))
        elif accident == 2:
            data[place:end] = rng.choice(seeds)[: end - place]
        elif accident == 3:
            data[place:end] = rng.randbytes(end - place)
        elif accident == 4 and place < len(data):
            data[place] ^= 1 << rng.randrange(8)
        elif accident == 5:
            del data[place:]
        else:
            data[place:place] = rng.choice(_TOKENS) * rng.choice((1, 1, 1, 2, 30))
    return bytes(data)


def check(path: Path, input_format: str | None, rng: Random) -> str:
    """Read one case; returns how it ended.

    Raises:
        Exception: It is no `ModerationError`, so the reader is at fault.
    """
    options = ReadOptions(rng.choice((None, "dmy", "mdy", "ymd")), rng.random() < 0.5)
    # A few bytes may unpack to a million lines, each of which would be a batch.
    batch_rows = rng.choice((1_000, 20_000) if codec_of(path.read_bytes()) else (1, 3, 20_000))
    column = rng.choice((None, None, None, "text"))
    problems = ReadProblems()
    unreadable = 0
    try:
        for batch in read(
            [str(path)], text_column=column, batch_rows=batch_rows, input_format=input_format, options=options, problems=problems
        ):
            batch.table.validate(full=True)
            batch.texts.validate(full=True)
            if not batch.table.num_rows == len(batch.texts) == len(batch.unreadable) <= batch_rows:
                raise AssertionError("the parts of a batch have different lengths")
            if batch.texts.type != pa.large_string() or batch.texts.is_valid().filter(pa.array(batch.unreadable)).true_count:
                raise AssertionError("an unreadable row has a text")
            unreadable += int(batch.unreadable.sum())
    except ModerationError as error:
        return type(error).__name__
    if unreadable != problems.unreadable_rows:
        raise AssertionError("unreadable rows are counted wrongly")
    return "unreadable rows" if unreadable else "read"


def fuzz(reader: str, first: int, cases: int, say: Callable[[str], object]) -> int:
    """Run cases; returns how many failed."""
    seeds, formats = READERS[reader]
    ends: dict[str, int] = {}
    failed, slowest, begun = 0, 0.0, time.perf_counter()
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        path = Path(folder) / "case"
        for number in range(first, first + cases):
            rng = Random(f"{reader} {number}")
            path.write_bytes(mutated(seeds, rng))
            started = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, 5 * SECONDS)
            try:
                end = check(path, rng.choice(formats), rng)
                if time.process_time() - started > SECONDS:
                    raise AssertionError(f"took {time.process_time() - started:.1f} s")
            except Exception:
                end = "failed"
                failed += 1
                say(f"{reader} {number}: {traceback.format_exc(limit=-3)}\n")
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            slowest = max(slowest, time.process_time() - started)
            ends[end] = ends.get(end, 0) + 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(ends.items()))
    say(
        f"{reader}: {cases:,} cases in {time.perf_counter() - begun:.0f} s: {told}; slowest {slowest:.2f} s, peak {memory:,} MB\n"
    )
    return failed


def _stop(*_: object) -> None:
    raise TimeoutError("does not end")


def main() -> None:
    """Fuzz the readers that were asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reader", choices=READERS, action="append", help="all when omitted")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    signal.signal(signal.SIGPROF, _stop)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    failed = sum(fuzz(reader, args.first, args.cases, sys.stdout.write) for reader in args.reader or READERS)
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
