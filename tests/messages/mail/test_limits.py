"""Mails that were made to take long or much memory, each with a time in which it has to be done."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from moderation.limits import MAX_MAIL_PARTS, MAX_MAIL_TEXT_BYTES
from moderation.messages.mail.parsing import parse_mail
from moderation.messages.mail.problems import Problem
from tests.messages.mail.helpers import HEADER

MEGABYTE = 1024 * 1024


def mixed(body: bytes) -> bytes:
    return HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n" + body


def nested(depth: int, text: bytes) -> bytes:
    levels = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return HEADER + levels + b"\n" + text


BOMBS = {
    "nested": nested(10_000, b"isi"),
    "forwarded": HEADER + b"Content-Type: message/rfc822\n\n" * 10_000 + b"\nisi",
    "nested over the same bytes": nested(60, b"--b0x\n" * 4_000_000),
    "parts": mixed(b"--b\n\nx\n" * 100_000),
    "parts with many fields": mixed((b"--b\n" + b"X: y\n" * 1_000 + b"\nx\n") * 1_000),
    "parts with many parameters": mixed((b"--b\nContent-Type: text/plain;" + b"a*1*=%41;" * 800 + b"\n\nx\n") * 1_000),
    "parts with many words": mixed((b'--b\nContent-Type: a/b; name="' + b"=?utf-8?q?=41?= " * 500 + b'"\n\nx\n') * 1_000),
    "parts with many blanks": mixed((b"--b\nContent-Type: " + b" \n" * 4_000 + b" x\n\nx\n") * 1_000),
    "almost a boundary": mixed(b"--bx\n" * 6_000_000),
    "50 MB of text": HEADER + b"\n" + b"halo dunia ini teks\n" * (50 * MEGABYTE // 20),
    "50 MB of base64": HEADER + b"Content-Transfer-Encoding: base64\n\n" + (b"QUFB" * 19 + b"\n") * (50 * MEGABYTE // 77),
    "a line": HEADER + b"\n" + b"x" * 100 * MEGABYTE,
    "a subject": b"Subject: " + b"x" * 2 * MEGABYTE + b"\n\nisi",
    "a subject of words": b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\nisi",
    "a folded subject": b"Subject: a" + b"\n x" * 10 * MEGABYTE + b"\n\nisi",
    "fields": b"Subject: y\n" * MEGABYTE + b"\nisi",
    "senders": b"From: " + b"a@b.example, " * 100_000 + b"\n\nisi",
    "mojibake": HEADER + b"\n" + "Ã©Ãƒ â€™ ".encode() * (MEGABYTE // 20),
    "spaces": HEADER + b"\n" + b" " * 4 * MEGABYTE,
    "marked lines": HEADER + b"\n" + b"> x\n" * MEGABYTE,
    "html": HEADER + b"Content-Type: text/html\n\n" + b"<b><p>" * MEGABYTE,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name):
    start = time.process_time()
    mail = parse_mail(BOMBS[name])
    assert time.process_time() - start < 2
    assert mail.text
    assert len(mail.text) < MAX_MAIL_TEXT_BYTES + 10_000


def test_what_was_cut_is_said():
    assert parse_mail(BOMBS["nested"]).problems == (Problem.NESTING,)
    assert parse_mail(BOMBS["forwarded"]).problems == (Problem.NESTING,)
    assert parse_mail(BOMBS["parts"]).problems == (Problem.PARTS,)
    assert parse_mail(BOMBS["parts"]).text.count("x") == MAX_MAIL_PARTS
    assert Problem.LONG in parse_mail(BOMBS["a line"]).problems
    assert parse_mail(BOMBS["a subject"]).problems == (Problem.HEADERS,)
    assert parse_mail(nested(60, b"isi")).text == "halo\nisi"
    assert parse_mail(nested(60, b"isi")).problems == ()


def test_memory_is_bounded():
    data = BOMBS["a line"]
    tracemalloc.start()
    parse_mail(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150 * MEGABYTE
