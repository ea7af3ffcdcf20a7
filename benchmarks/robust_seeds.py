"""Sound inputs for `benchmarks.fuzz_readers` to break: small ones of every format, and the files of the public suites."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data import SHARED

SUITES = SHARED.parent / "suites"
LONGEST_SEED = 12_000

ROWS = [{"id": n, "text": f'pesan {n}, "kata" = é\n😡', "tag": ["a", None], "n": {"x": -1.5e3, "y": True}} for n in range(4)]
JSONL = (
    "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in ROWS).encode() + b'"satu"\n{"text": null, "id\\u0031": 1e5}\n'
)
CHAT = """\
\u200e[31/12/23, 10.15.22\u202fPM] Budi: \u200ePesan dan panggilan terenkripsi secara end-to-end.
[31/12/23, 10.15.23\u202fPM] Budi: internet mati
sejak pagi
[01/01/24, 9.00.00\u202fAM] \u202a+62 812\u202c: <terlampir: 00000012-PHOTO-2023-12-31-22-18-00.jpg> tolong
[01/01/24, 9.00.01\u202fAM] Siti: Pesan ini telah dihapus.
""".encode()
ANDROID = b"""\
31/12/23 22.15 - Budi keluar
12/31/23, 10:15 PM - Budi: IMG-20231231-WA0004.jpg (file terlampir)
2023-12-31 22:15 - Siti: halo <This message was edited>
31.12.2023 pukul 22.15 - Siti: a: b
"""
_ZENDESK = {
    "id": 1, "subject": "mati", "via": {"channel": "web"}, "requester_id": 7, "assignee_id": 8,
    "created_at": "2023-12-31T22:15:00Z",
    "comments": [{"id": 2, "author_id": 7, "body": "halo", "html_body": "<p>halo", "public": True, "via": {"channel": "x"}}],
}  # fmt: skip
_INTERCOM = {
    "id": "1", "type": "conversation", "created_at": 1703974500, "source": {"author": {"type": "user"}, "body": "<p>halo</p>"},
    "conversation_parts": {"conversation_parts": [{"id": "2", "part_type": "note", "body": "<b>x", "author": {"type": "bot"}}]},
}  # fmt: skip
_FRESHDESK = {
    "id": 3, "description_text": "mati", "requester_id": 7, "source": 1, "subject": None,
    "conversations": [{"id": 4, "body_text": "x", "body": "<i>x", "incoming": True, "private": False, "user_id": 7}],
}  # fmt: skip
MAIL = b"""\
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
_PAGE = b"""\
From: a@contoh.id
Content-Type: text/html; charset=utf-8

<html><head><style type="text/css">.x, p.y {display:none} @media print {.z {color:red}} /* {} */</style></head><body>
<p class="x y">gone</p><table><tr><td style="font-size:0">small<td>seen &amp; &#x110000; &nbsp;<br>
<div style="color:#fff;background:#fff">white</div><blockquote type=cite>q</blockquote><!-- c --><pre> a
 b</pre><textarea><b></textarea></table>
"""
MAILS = [MAIL, _PAGE]
DELIMITED = b'id,text,n\n1,"satu, ""dua""\ntiga",x\n2,=1+1,\n3,"",\xc3\xa9\n'


def suite(pattern: str) -> list[bytes]:
    """The files of the suites that match a pattern, each cut at `LONGEST_SEED`; none where the suites are not."""
    return [path.read_bytes()[:LONGEST_SEED] for path in sorted(SUITES.glob(pattern)) if path.is_file()]


def ticket_seeds(ticket: dict[str, object], key: str) -> list[bytes]:
    """A ticket alone, in a list, on lines of its own, and as an interface answers."""
    page = {"users": [{"id": 7, "name": "Budi", "role": "end-user"}, {"id": 8, "role": "agent"}], key: [ticket, ticket]}
    line = json.dumps(ticket).encode()
    return [line, json.dumps([ticket, ticket], indent=1).encode(), line + b"\n" + line + b"\n", json.dumps(page).encode()]


def zendesk() -> list[bytes]:
    """Zendesk."""
    return ticket_seeds(_ZENDESK, "tickets")


def intercom() -> list[bytes]:
    """Intercom."""
    return ticket_seeds(_INTERCOM, "conversations")


def freshdesk() -> list[bytes]:
    """Freshdesk."""
    return ticket_seeds(_FRESHDESK, "tickets")


def parquet_seeds() -> list[bytes]:
    """The same rows in every encoding and compression, and every type that a file may have."""
    plain = pa.Table.from_pylist(ROWS)
    many = pa.table({
        "text": pa.array([f"pesan {n % 7} " * (n % 5) if n % 11 else None for n in range(300)]),
        "n": pa.array(range(300), pa.int32()),
    })  # fmt: skip
    wide = pa.table({
        "text": pa.array(["satu", "dua", "satu"]).dictionary_encode(),
        "raw": pa.array([b"\xff", b"", None]),
        "when": pa.array([datetime(2023, 12, 31, tzinfo=UTC)] * 3),
        "price": pa.array([Decimal("1.50"), None, Decimal("2.25")]),
        "tags": pa.array([{"a": [1]}, None, {"a": []}]),
        "pairs": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int8())),
        "half": pa.array([1.5, 2.5, None], pa.float32()),
        "yes": pa.array([True, False, None]),
        "fixed": pa.array([b"ab", b"cd", None], pa.binary(2)),
    })  # fmt: skip
    bytes_as_text = pa.table({"text": pa.array([b"satu", b"d\xffua", None]), "view": pa.array(["a", None, "b" * 40])})
    delta = {"text": "DELTA_BYTE_ARRAY", "n": "DELTA_BINARY_PACKED"}
    split = {"text": "DELTA_LENGTH_BYTE_ARRAY", "n": "BYTE_STREAM_SPLIT"}
    return [
        _parquet(plain),
        _parquet(plain, compression="none", use_dictionary=False),
        _parquet(wide, compression="none"),
        _parquet(wide, compression="zstd", data_page_version="2.0"),
        _parquet(many, compression="gzip", row_group_size=100),
        _parquet(many, compression="none", use_dictionary=False, column_encoding=delta, data_page_size=256),
        _parquet(many, compression="none", use_dictionary=False, column_encoding=split, version="2.6"),
        _parquet(bytes_as_text, compression="lz4"),
        _parquet(plain.slice(0, 0), compression="brotli"),
    ]


def _parquet(table: pa.Table, **how: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **how)
    return sink.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def zip_seeds() -> list[bytes]:
    """Archives of mails and of a chat."""
    members = {"a.eml": MAIL, "b/c": MAIL[:300], "_Chat": b"x", "d.mbox": mbox_of([MAIL] * 2), "e.png": b"\x89PNG"}
    return [
        zipped(members),
        zipped(members, zipfile.ZIP_STORED),
        zipped({"a": MAIL}, zipfile.ZIP_BZIP2),
        zipped({"a.eml": MAIL}, zipfile.ZIP_LZMA),
        zipped({"_chat.txt": CHAT}, zipfile.ZIP_STORED),
    ]


def mbox_of(mails: list[bytes]) -> bytes:
    """An mbox."""
    return b"".join(
        b"From budi@contoh.id Sun Dec 31 22:15:00 2023\n" + mail.replace(b"lagi", b">From sini") + b"\n" for mail in mails
    )


def zstd(data: bytes) -> bytes:
    """The bytes compressed."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    content: bytes = sink.getvalue().to_pybytes()
    return content


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd}


def real_mails(most: int) -> list[bytes]:
    """Some raw mails of a public collection; none where it is not."""
    archive = SHARED / "spamassassin" / "train_part.zip"
    if not Path(archive).is_file():
        return []
    with zipfile.ZipFile(archive) as source:
        names = source.namelist()
        return [source.read(name)[:LONGEST_SEED] for name in names[:: max(1, len(names) // most)]]
