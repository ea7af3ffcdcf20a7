"""Mails made by hand, and what the standard library makes of one."""

from __future__ import annotations

import email
import email.policy
import random
import re

from moderation.messages.mail.parsing import Mail, parse_mail

HEADER = b"From: Budi <budi@mail.example>\nSubject: halo\nMessage-ID: <1@mail.example>\n"

STRANGE_CHARSETS = [
    *(
        b"../../x",
        b"unicode-escape",
        b"raw-unicode-escape",
        b"idna",
        b"punycode",
        b"rot13",
        b"zlib",
        b"undefined",
        b"hex",
        b"mbcs",
    ),
    *(b"utf-16", b"utf-32", b"utf-7", b"hz", b"iso-2022-jp", b"cp037", b"\xff", b"x" * 5_000, b"utf-8\0"),
]

NASTY = [
    b"",
    b"\0",
    b"\n",
    b"\r\r\r",
    b"\xef\xbb\xbf" + HEADER + b"\nisi",
    (HEADER + b"\nisi").decode().encode("utf-16"),
    (HEADER + b"\nisi").decode().encode("utf-16-be"),
    HEADER,
    b"hanya isi, tanpa kepala surat",
    HEADER.replace(b"\n", b"\r") + b"\risi\r",
    HEADER.replace(b"\n", b"\r\n") + b"\r\nisi\nlagi\rlagi\r\n",
    HEADER + b"Content-Type: multipart/mixed\n\nisi",
    HEADER + b"Content-Type: multipart/mixed; boundary=\n\nisi",
    HEADER + b'Content-Type: multipart/mixed; boundary="\n\nisi',
    HEADER + b"Content-Type: multipart/mixed; boundary=x\n\nisi",
    HEADER + b"Content-Type: multipart/mixed; boundary=x\n\n--x",
    HEADER + b"Content-Type: multipart/mixed; boundary=x\n\n--x--",
    HEADER + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n--x\n\n--x--\nekor",
    HEADER + b"Content-Type: multipart/mixed; boundary=" + b"x" * 100_000 + b"\n\n--" + b"x" * 100_000 + b"\n\nisi",
    HEADER
    + b"Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nisi",
    HEADER + b"Content-Type: text/plain" + b"; a=b" * 10_000 + b"\n\nisi",
    HEADER + b"Content-Type: text/plain" + b'; a="' * 10_000 + b"\n\nisi",
    HEADER + b"Content-Type: text/plain; charset*0*=a; charset*0=b; charset*1*=%41; charset*99999999999=c\n\nisi",
    HEADER + b"Content-Type: text/plain; charset*=utf-8'\n\nisi",
    HEADER + b"Content-Type: ;;;===\n\nisi",
    HEADER + b"Content-Type: text\n\nisi",
    HEADER + b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogYQ==",
    HEADER + b"Content-Type: message/partial; number=1\n\nisi",
    HEADER + b"Content-Type: text/html\n\n<",
    HEADER + b"Content-Type: text/html\n\n&#" + b"9" * 10_000 + b";isi",
    HEADER + b"Content-Transfer-Encoding: base64\n\nQ",
    HEADER + b"Content-Transfer-Encoding: base64\n\n====",
    HEADER + b"Content-Transfer-Encoding: base64\n\n\xff\xfeaXNp",
    HEADER + b"Content-Transfer-Encoding: quoted-printable\n\n=\n=X=3=\xff",
    HEADER + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644\n#86)\n\xff\xff",
    HEADER + b"Content-Transfer-Encoding: uuencode\n\nisi",
    b"Subject: =?utf-8?b?Q?= =?klingon?q?=ZZ?= =??? =?a?b?=?=\n\nisi",
    b"From: " + b"a@b.example, " * 10_000 + b"\n\nisi",
    b"Message-ID: <\nReferences: <>\nIn-Reply-To: \n\nisi",
    b"Subject: a\nSubject: b\nSubject: c\n\nisi",
    b"Subject:a\nbukan kepala\nFrom: a\n\nisi",
    b"From a@b Mon Jan  1 00:00:00 2024\n>From b@c Mon Jan  1 00:00:00 2024\nSubject: a\n\nisi",
    *(
        HEADER + b"Date: " + date + b"\n\nisi"
        for date in (
            b"0",
            b"Mon, 1 Jan 0 0:0:0 +0000",
            b"1 Jan 99999 00:00:00 +9999",
            b"31 Dec 9999 23:59:59 -9999",
            b"99 Xxx 2024 99:99",
        )
    ),
    *(HEADER + b"Content-Type: text/plain; charset=%b\n\nb\xc3\xa9 isi" % charset for charset in STRANGE_CHARSETS),
]
"""Mails that have brought down some parser."""

SIGNS = (
    b"\n--",
    b"--",
    b"=",
    b"=?",
    b";",
    b":",
    b'"',
    b"<",
    b">",
    b"\0",
    b"\n\n",
    b"<!--",
    b"<div hidden>",
    b"&#",
    b"; a*0*=",
    b"\nFrom ",
)


def part(content_type: str, body: str, *more: str) -> str:
    return "\n".join((f"Content-Type: {content_type}", *more, "", body))


def multipart(kind: str, *parts: str, boundary: str = "grens") -> str:
    delimited = "".join(f"--{boundary}\n{one}\n" for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{delimited}--{boundary}--\n'


def parse(message: str, header: bytes = HEADER) -> Mail:
    """Parse a mail whose last header fields and body are given."""
    return parse_mail(header + message.encode())


def lines_of(mail: Mail) -> list[str]:
    """All words of a mail but those of the subject, wherever they went."""
    text = (mail.text or "").removeprefix(mail.subject or "")
    return sorted(" ".join((text, mail.quoted or "", mail.signature or "")).split())


def reference_lines(data: bytes) -> list[str] | None:
    """The same of the standard library; None for mails with parts of which only some are read."""
    words: list[str] = []
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for one in message.walk():
        kind = one.get_content_type()
        if kind.startswith("multipart/"):
            if kind == "multipart/alternative" or isinstance(one.get_payload(), str):
                return None
        elif kind != "text/plain" or one.get_content_disposition() == "attachment":
            return None
        else:
            payload = one.get_payload(decode=True)
            if not payload.isascii() or re.match(rb"\s*<(html|!doctype|body|head)", payload, re.IGNORECASE):
                return None
            words += payload.decode("ascii").split()
    return sorted(words)


def mutated(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """Bytes like these after something bad has happened to them."""
    for _ in range(rng.randint(1, 6)):
        at, size = rng.randrange(len(data) + 1), rng.randrange(1, 60)
        lines = data.split(b"\n")
        kind = rng.randrange(10)
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[at:]
        elif kind == 2:
            data = data[:at] + data[at + size :]
        elif kind == 3:
            data = data[:at] + rng.randbytes(size) + data[at + size :]
        elif kind == 4:
            data = data[:at] + other[rng.randrange(len(other) + 1) :][: size * 20] + data[at:]
        elif kind == 5:
            data = data[:at] + rng.choice(lines) + b"\n" + data[at:]
        elif kind == 6:
            data = b"\n".join(rng.sample(lines, len(lines)))
        elif kind == 7:
            data = data.replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n\n", b"")))
        elif kind == 8:
            data = data.replace(rng.choice(SIGNS), rng.randbytes(2))
        else:
            data = data[:at] + rng.choice(SIGNS) + data[at:]
    return data
