"""An mbox to its mails; the standard library writes what is read here."""

from __future__ import annotations

import io
import mailbox
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.limits import BLOCK_BYTES, MAX_MAIL_BYTES
from moderation.messages.mail.look import is_mail, is_mbox
from moderation.messages.mail.mbox import mails
from moderation.messages.mail.parsing import parse_mail
from tests.messages.mail.helpers import HEADER

FROM = b"From budi@mail.example Thu Aug 22 12:36:23 2002\n"
BODIES = st.lists(
    st.sampled_from(
        [b"isi", b"", b"From sini ke sana", b">From a", b">>From a", b"From: a", b"Content-Length: 9", b"> lama", b"From 10:00"]
    )
).map(b"\n".join)


class Trickle(io.BytesIO):
    """A stream that gives little at a time."""

    def read(self, size=-1, /):
        return super().read(min(size, 7))


@given(st.lists(BODIES, max_size=6), st.booleans())
def test_what_is_written_comes_back(bodies, trickle):
    escaped = [re.sub(rb"(?m)^(>*From )", rb">\1", body) for body in bodies]
    content = b"".join(FROM + HEADER + b"\n" + body + b"\n\n" for body in escaped)
    found = list(mails(Trickle(content) if trickle else io.BytesIO(content)))
    assert found == [FROM + HEADER + b"\n" + body + b"\n\n" for body in bodies]


def test_the_standard_library_agrees(tmp_path):
    box = mailbox.mbox(tmp_path / "a.mbox")
    for number in range(5):
        box.add(HEADER + f"X: {number}\n\nFrom a\nisi {number}\n\nFrom b Mon Jan  1 10:00:00 2024\nhalo\n".encode())
    box.close()
    with (tmp_path / "a.mbox").open("rb") as stream:
        texts = [parse_mail(mail).text for mail in mails(stream)]
    assert texts == [f"halo\nFrom a\nisi {n}\n\nFrom b Mon Jan  1 10:00:00 2024\nhalo" for n in range(5)]


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"", 0),
        (b"\n\n", 0),
        (HEADER + b"\nisi", 1),
        (HEADER + b"\nisi\n" + FROM + HEADER, 2),
        (FROM + HEADER + b"\nisi\n\nFrom sini, Senin 10:00 2024\nbukan kepala", 1),
        (FROM + HEADER + b"\nisi\n\nFrom: a\nFrom b\nTo: c", 1),
        ((FROM + HEADER + b"\nisi\n").replace(b"\n", b"\r\n") * 3, 3),
        (FROM * 3 + HEADER, 2),
    ],
)
def test_where_a_mail_begins(content, count):
    assert len(list(mails(io.BytesIO(content)))) == count


def test_a_separator_anywhere_in_a_block():
    for shift in range(-60, 60, 7):
        filling = b"x" * (BLOCK_BYTES - len(FROM) - len(HEADER) + shift) + b"\n"
        found = list(mails(io.BytesIO(FROM + HEADER + b"\n" + filling + (FROM + HEADER + b"\nisi\n") * 2)))
        assert [len(mail) for mail in found[:1]] == [len(FROM + HEADER) + 1 + len(filling)]
        assert [parse_mail(mail).text for mail in found[1:]] == ["halo\nisi"] * 2


class Endless:
    """A mail with a single line of a gigabyte, and another one behind it."""

    def __init__(self) -> None:
        self.left = 1024
        self.head = FROM + HEADER + b"\n"
        self.tail = b"\n" + FROM + HEADER + b"\nisi\n"
        self.block = b"x" * BLOCK_BYTES

    def read(self, size, /):
        if self.head:
            head, self.head = self.head, b""
            return head
        if self.left:
            self.left -= 1
            return self.block
        tail, self.tail = self.tail, b""
        return tail


def test_a_line_of_a_gigabyte_is_skipped_and_the_next_mail_read():
    start = time.process_time()
    first, second = mails(Endless())
    assert time.process_time() - start < 5
    assert len(first) == MAX_MAIL_BYTES + 1
    assert parse_mail(second).text == "halo\nisi"


@pytest.mark.parametrize(
    ("head", "mail", "mbox"),
    [
        (b"Return-Path: <a@b>\nx", True, False),
        (b"\xef\xbb\xbf\r\nSubject: a\r\n b\r\nFrom: c\r\n", True, False),
        (b"X-A: b\nTo: c\nDate: d", True, False),
        (b"Content-Type: message/rfc822", True, False),
        (FROM + HEADER, True, True),
        (FROM, False, False),
        (b"Subject: halo\n\nisi", False, False),
        (b"Subject: a\nbukan: b", False, False),
        (b"From sini ke sana", False, False),
        (b"halo, apa kabar", False, False),
        (b"text,id\na,1\n", False, False),
        (b"", False, False),
        (b"\0" * 100, False, False),
    ],
)
def test_the_look_of_mails(head, mail, mbox):
    assert (is_mail(head), is_mbox(head)) == (mail, mbox)
