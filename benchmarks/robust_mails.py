"""Malformed mails made from their number: each puts together what mail programs, broken gateways and attackers get wrong."""

from __future__ import annotations

import base64
import quopri
from random import Random

_CHARSETS = [
    *("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-7", "utf-16", "utf-16-le", "utf-32", "hz", "iso-2022-jp", "big5"),
    *(
        "shift_jis",
        "gb18030",
        "koi8-r",
        "cp037",
        "idna",
        "punycode",
        "rot13",
        "zlib",
        "unicode_escape",
        "x-unknown",
        "",
        "a" * 90,
    ),
    *("utf\0-8", "utf-8\\", "é", "../../etc/passwd", "cp65001", "undefined", "mbcs"),
]
_TEXTS = [
    *(
        "halo dunia",
        "",
        " ",
        "internet mati sejak pagi\n\nterima kasih",
        "> kutipan\nbaru",
        "-- \nBudi",
        "On Sun, Sari wrote:\n> ya",
    ),
    *(
        "caf\u00e9 \u2019 \U0001f621",
        "\u200b\u200d\ufeff",
        "\x00\x01\x02",
        "From sini",
        ".",
        "--b1",
        "--b1--",
        "x" * 3_000,
        "a b " * 900,
    ),
    *(
        "begin 644 x\n#:&%L\n`\nend",
        "Content-Type: text/html\n\nx",
        "-----Original Message-----\nFrom: a\nSent: b\nTo: c\n\nlama",
    ),
    *(
        "<p>halo</p>",
        "<div style=display:none>x</div>y",
        "<!-- " * 200,
        "<" * 900,
        "&" * 900,
        "<a b='",
        "<style>.a{",
        "</p>" * 300,
    ),
    *(
        "<table>" * 300,
        "<div hidden>" * 200 + "x",
        "<textarea>",
        "<title>",
        "&#99999999999;&#x0;&bogus;",
        "<![CDATA[ x ]]>",
        "<?php ?>",
    ),
]
_TYPES = [
    *(
        "text/plain",
        "text/html",
        "text/enriched",
        "text/",
        "/",
        "text",
        "TEXT/PLAIN",
        "image/png",
        "application/octet-stream",
        "",
    ),
    *(
        "message/rfc822",
        "message/delivery-status",
        "message/partial",
        "message/external-body",
        "multipart/mixed",
        "text/plain text/html",
    ),
    *(
        "application/pkcs7-mime",
        "application/ms-tnef",
        "text/calendar",
        "text/x-unknown",
        "multipart/",
        "text/html;",
        ";charset=utf-8",
    ),
]
_MULTI = ["mixed", "alternative", "related", "digest", "signed", "report", "x-unknown", "form-data", "parallel", ""]
_ENCODINGS = [
    "7bit",
    "8bit",
    "binary",
    "base64",
    "quoted-printable",
    "x-uuencode",
    "QUOTED-PRINTABLE",
    "base-64",
    "",
    "gzip",
    "\0",
]
_BOUNDARIES = [
    *(
        "b1",
        "b1",
        "b1",
        "=_x",
        "a b",
        "a" * 70,
        "a" * 900,
        "",
        " ",
        "b1--",
        "--b1",
        "(.*)+",
        "[",
        "\\",
        '\\"',
        "é",
        "b1\0",
        "=?utf-8?q?b1?=",
    ),
]
_LINES = [
    *(
        "Subject",
        "Subject:",
        ": value",
        "Subject : x",
        "X y: z",
        "\x00: x",
        "é: x",
        "From budi Sun",
        ">From budi",
        "\tx",
        " x",
        "-",
        "=",
    ),
    *(
        "Subject: " + "=?utf-8?q?=41?=" * 90,
        "Subject: =?utf-8?b?!!!!?=",
        "Subject: =?=?=?=",
        "Subject: " + "x" * 20_000,
        "From: " + "<" * 999,
    ),
    *(
        "From: a@b, " * 300,
        "Date: " + "1 " * 500,
        "Date: Mon, 31 Feb 0000 25:61:61 +9999",
        "Message-ID: <" + "a" * 3_000,
        "Message-ID: <>",
    ),
    *(
        "References: " + "<a@b> " * 900,
        "In-Reply-To: \n\n",
        "MIME-Version: 2.0 (\\",
        "Received: " + ";" * 3_000,
        "Subject:\n \n \n x",
    ),
    *(
        "Content-Type: text/plain",
        "Content-Type: multipart/mixed; boundary=b1",
        "Content-Transfer-Encoding: base64",
        "Bcc:\u2028x",
    ),
]


def malformed(rng: Random) -> bytes:
    """A mail that something is wrong with, in most cases several things."""
    end = rng.choice(("\n", "\n", "\r\n", "\r", "\n\r"))
    head = [
        f"{name}: {value}" for name, value in (("From", "a@b.example"), ("Subject", "halo"), ("Date", "x")) if rng.random() < 0.7
    ]
    for _ in range(rng.choice((0, 1, 1, 3))):
        head.insert(rng.randrange(len(head) + 1), rng.choice(_LINES))
    mail = "\n".join(head) + "\n" * rng.choice((1, 1, 1, 0)) + _part(rng, rng.choice((0, 0, 1, 2, 5)))
    data = mail.encode(rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-16-be")), "surrogateescape")
    if rng.random() < 0.1:
        data = data[: rng.randrange(len(data) + 1)]
    if rng.random() < 0.05:
        data = rng.choice((b"\xef\xbb\xbf", b"\0", b"\n\n\n", b"\x1f\x8b\x08", b"From x 1:00\n", b"#! rnews 9\n")) + data
    return data.replace(b"\n", end.encode())


def _part(rng: Random, depth: int) -> str:
    """The header fields of a part about its content, a blank line most of the time, and its body."""
    blank = rng.choice(("\n", "\n", "\n", "\n", "", " \n"))
    if depth == 0:
        fields = []
        text = rng.choice(_TEXTS)
        encoding = rng.choice(_ENCODINGS)
        if rng.random() < 0.8:
            quote = rng.choice(('"', "", "'", '"\\'))
            fields.append(f"Content-Type: {rng.choice(_TYPES)}; charset={quote}{rng.choice(_CHARSETS)}{quote}")
        if rng.random() < 0.7:
            fields.append(f"Content-Transfer-Encoding: {encoding}")
            text = _encoded(text, encoding, rng)
        if rng.random() < 0.2:
            fields.append(f"Content-Disposition: {rng.choice(('attachment', 'inline', '', 'x'))}; {_name(rng)}")
        rng.shuffle(fields)
        return "".join(f"{field}\n" for field in fields) + blank + text
    boundary = rng.choice(_BOUNDARIES)
    told = rng.choice((boundary, boundary, boundary, boundary + " ", "other"))
    quote = rng.choice(('"', '"', "", "'"))
    space = rng.choice((" ", "", " ; ", "\n "))
    head = f"Content-Type: multipart/{rng.choice(_MULTI)};{space}boundary={quote}{told}{quote}\n"
    parts = "".join(
        f"{rng.choice((chr(10), '', ' '))}--{boundary}{rng.choice(('', '', ' ', 'x'))}\n{_part(rng, rng.randrange(depth))}"
        for _ in range(rng.choice((0, 1, 2, 3, 9)))
    )
    return (
        head
        + blank
        + rng.choice(("", "preamble\n"))
        + parts
        + rng.choice((f"\n--{boundary}--\n", f"\n--{boundary}--", "", "\nepilogue"))
    )


def _encoded(text: str, encoding: str, rng: Random) -> str:
    """What the encoding makes of a text, perhaps damaged; perhaps it was never done."""
    data = text.encode("utf-8", "surrogateescape")
    kind = encoding.lower() if rng.random() < 0.8 else "binary"
    encoded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(kind, bytes)(data).decode(
        "utf-8", "replace"
    )
    place = rng.randrange(len(encoded) + 1)
    return (
        encoded
        if rng.random() < 0.5
        else encoded[:place] + rng.choice(("", "=", "==", "!", "=Z", "=\n", "\n\n", "é")) + encoded[place + 1 :]
    )


def _name(rng: Random) -> str:
    return rng.choice((
        "filename=a.pdf", 'filename="../../a"', "filename*=utf-8''%e9%00", "filename*0=a; filename*0=b; filename*9=c",
        "filename*=x-unknown'en'%ff", "filename*1*=%; filename*0*=''", 'filename="=?utf-8?b?w6k=?=', "filename=" + "a" * 5_000,
        ";" * 900, "filename", "=",
    ))  # fmt: skip
