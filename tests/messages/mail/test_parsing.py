"""One mail: what is known of it, which of its texts is read, and what is repaired."""

from __future__ import annotations

import base64
from dataclasses import fields

import pytest

from moderation.messages.mail.parsing import Mail, parse_mail
from moderation.messages.mail.problems import Problem
from tests.messages.mail.helpers import HEADER, NASTY, multipart, parse, part


def test_everything_that_is_known():
    mail = parse_mail(
        b"Return-Path: <x@y>\r\nFrom: =?utf-8?q?Budi_S=C3=A9?= <budi@mail.example>\r\nDate: Thu, 22 Aug 2002 18:26:25 +0700\r\n"
        b"Subject: Re: =?utf-8?b?SW50ZXJuZXQ=?=\r\n =?utf-8?b?IG1hdGk=?=\r\nMessage-ID: <3@mail.example>\r\n"
        b"In-Reply-To: <2@mail.example>\r\nReferences: <1@mail.example>\r\n <2@mail.example>\r\n\r\n"
        b"Masih mati.\r\n\r\n"
        b"Pada Kam, 22 Agu 2002 pukul 10.15 CS <cs@provider.example> menulis:\r\n> Sudah kami cek.\r\n-- \r\nBudi\r\n"
    )
    assert mail == Mail(
        message_id="3@mail.example",
        thread_id="1@mail.example",
        author="Budi Sé <budi@mail.example>",
        time="2002-08-22T11:26:25Z",
        subject="Re: Internet mati",
        text="Re: Internet mati\nMasih mati.",
        quoted="Pada Kam, 22 Agu 2002 pukul 10.15 CS <cs@provider.example> menulis:\n> Sudah kami cek.",
        signature="--\nBudi",
    )


@pytest.mark.parametrize(
    ("header", "thread"),
    [
        ("References: <a@x> <b@x>\nIn-Reply-To: <c@x>", "a@x"),
        ("In-Reply-To: Your message of Monday <c@x>", "c@x"),
        ("References: broken\nIn-Reply-To: <c@x>", "broken"),
        ("References: \nIn-Reply-To: \t", "1@mail.example"),
    ],
)
def test_threads(header, thread):
    assert parse(header + "\n\nisi").thread_id == thread


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Mon, 1 Jan 2024 00:30:00 +0700", "2023-12-31T17:30:00Z"),
        ("1 Jan 2024 00:30 GMT", "2024-01-01T00:30:00Z"),
        ("Mon, 1 Jan 2024 00:30:00 -0000", "2024-01-01T00:30:00Z"),
        ("Mon, 1 Jan 2024 00:30:00", "2024-01-01T00:30:00Z"),
        ("Mon, 32 Jan 2024 00:30:00 +0700", None),
        ("Thu, 22 Aug 0102 12:07:35 +0800", None),
        ("1 Jan 99999 00:00:00 +0000", None),
        ("kemarin", None),
        ("", None),
    ],
)
def test_dates(date, time):
    assert parse(f"Date: {date}\n\nisi").time == time


def test_missing_things_are_none():
    assert parse_mail(b"") == Mail()
    assert parse_mail(b"Subject: =?utf-8?q??=\n\n \n") == Mail()
    assert parse_mail(b"Subject: halo\n\n").text == "halo"
    assert parse_mail(b"\n\nPenting: internet mati\n").text == "Penting: internet mati"
    assert parse_mail(b"X-A: b\n\nisi").text == "isi"


def test_binaries_are_no_mails():
    assert parse_mail(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") == Mail(problems=(Problem.NO_MAIL,))
    assert parse_mail(HEADER + b"\nisi \0").text == "halo\nisi \0"


@pytest.mark.parametrize(
    "text",
    ["> dikutip\n> semua", "-- \nhanya ini", "On Mon, 1 Jan 2024 10:00 Budi wrote:\nsemua", "-----Original Message-----\na"],
)
def test_when_nothing_looks_new_all_is(text):
    mail = parse("\n" + text)
    assert mail.text.split() == ["halo", *text.split()]
    assert mail.quoted is mail.signature is None


def test_forwarded_without_a_word_is_judged_and_with_one_is_not():
    spam = part("message/rfc822", "Subject: menang\n\nAnda menang undian")
    assert parse(multipart("mixed", spam)).text == "halo\nmenang\n\nAnda menang undian"
    mail = parse(multipart("mixed", part("text/plain", "apa ini penipuan?"), spam))
    assert (mail.text, mail.quoted) == ("halo\napa ini penipuan?", "menang\n\nAnda menang undian")


def test_delivery_reports():
    report = multipart(
        "report",
        part("text/plain", "Tidak terkirim."),
        part("message/delivery-status", "Reporting-MTA: dns; mail.example\n\nAction: failed"),
        part("text/rfc822-headers", "Subject: asli"),
    )
    mail = parse(report)
    assert mail.text == "halo\nTidak terkirim.\n\nSubject: asli"
    assert "Action: failed" in mail.quoted


PLAIN = "Internet di rumah saya mati sejak kemarin malam"


@pytest.mark.parametrize(
    ("plain", "html", "expected"),
    [
        (PLAIN, f"<p>{PLAIN}, kata HTML</p>", PLAIN),
        ("", f"<p>{PLAIN}</p>", PLAIN),
        ("Your mail program does not support HTML.", f"<p>{PLAIN}</p>", PLAIN),
        ("Buka di peramban: http://x.example", f"<p>{PLAIN}</p>", PLAIN),
        ("halo", f"<p>{PLAIN}</p>", PLAIN),
        (PLAIN, "<p></p>", PLAIN),
        (PLAIN, "<p>HTML</p>", PLAIN),
    ],
)
def test_alternatives(plain, html, expected):
    for parts in ((part("text/plain", plain), part("text/html", html)), (part("text/html", html), part("text/plain", plain))):
        assert parse(multipart("alternative", *parts)).text == f"halo\n{expected}"


def test_parts_of_a_mixed_mail_follow_each_other():
    inner = multipart("alternative", part("text/plain", "satu"), part("text/html", "<p>satu</p>"), boundary="dalam")
    related = multipart("related", part("text/html", "<b>dua</b>"), part("image/png", "x", "Content-ID: <a>"), boundary="antara")
    mail = parse(multipart("mixed", inner, related, part("text/plain", "tiga")))
    assert (mail.text, mail.attachments) == ("halo\nsatu\n\ndua\n\ntiga", ("image/png",))


def test_attachments_are_named_and_not_read():
    mail = parse(
        multipart(
            "mixed",
            part("text/plain", "isi"),
            part("application/pdf; name=a.pdf", "JVBERi0="),
            part("application/pdf; name=lain", "x", "Content-Disposition: attachment; filename*=utf-8''%C3%A9%20b.pdf"),
            part("text/plain", "rahasia", 'Content-Disposition: attachment; filename="catatan.txt"'),
            part('image/png; name="=?utf-8?q?foto_r=C3=B6ntgen.png?="', "x"),
            part("text/calendar", "BEGIN:VCALENDAR"),
            part("application/zip", "PK"),
            part("audio/ogg; name*0=sua; name*1=ra.ogg", "x"),
        )
    )
    assert mail.text == "halo\nisi"
    assert mail.attachments == (
        "a.pdf",
        "é b.pdf",
        "catatan.txt",
        "foto röntgen.png",
        "text/calendar",
        "application/zip",
        "suara.ogg",
    )


def test_boundaries():
    def body(first, second="AAA"):
        parts = f"--{first}\n\nsatu\n--{second}B\nbukan batas\n--{first} \t\n\ndua\n"
        return f"pembuka\n{parts}--{first}--\npenutup\n--{first}\n\nekor\n"

    text = "halo\nsatu\n--AAAB\nbukan batas\n\ndua"
    assert parse("Content-Type: multipart/mixed; boundary=AAA\n\n" + body("AAA")).text == text
    mail = parse("Content-Type: multipart/mixed; boundary=AAA\n\n" + body("AAA").partition("--AAA--")[0].rstrip("\n"))
    assert (mail.text, mail.problems) == (text, ())
    mail = parse("Content-Type: multipart/mixed; boundary=lain\n\nsatu\n--AAA\nContent-Type: text/html\n\n<b>dua</b>\n--AAA--\n")
    assert (mail.text, mail.problems) == ("halo\ndua", (Problem.BOUNDARY,))
    mail = parse("Content-Type: multipart/mixed; boundary=lain\n\nsatu\ndua\n")
    assert (mail.text, mail.problems) == ("halo\nsatu\ndua", (Problem.BOUNDARY,))


def test_a_part_with_the_boundary_of_the_one_around_it():
    outer = (
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\nisi\n--a--\n"
    )
    assert parse(outer).text == "halo\nisi"


@pytest.mark.parametrize(
    ("encoding", "body", "expected", "problems"),
    [
        ("base64", "aXNp", "isi", ()),
        ("BASE64", "aX\n Np==\n", "isi", ()),
        ("base64", "aXN", "is", (Problem.ENCODING,)),
        ("base64", "a*X!N(p", "isi", ()),
        ("base64", "ini bukan base64 sama sekali", "ini bukan base64 sama sekali", (Problem.ENCODING,)),
        ("base64", "aXNp\n____________\nmilis kami", "isi____________\nmilis kami", (Problem.ENCODING,)),
        ("quoted-printable", "i=73=\ni =3D =ZZ", "isi = =ZZ", ()),
        ("x-uuencode", "begin 644 a\n#:7-I\n \nend", "isi", ()),
        ("x-uuencode", "isi", "isi", (Problem.ENCODING,)),
        ("klingon", "isi", "isi", ()),
    ],
)
def test_transfer_encodings(encoding, body, expected, problems):
    mail = parse(f"Content-Transfer-Encoding: {encoding}\n\n{body}")
    assert (mail.text, mail.problems) == (f"halo\n{expected}", problems)


def test_html_that_says_it_is_plain():
    assert parse("Content-Type: text/plain\n\n<html><body><p>satu<p hidden>dua</body></html>").text == "halo\nsatu"


def test_html_quotes_and_signatures():
    html = (
        '<div>Masih mati</div><div class="gmail_signature">Budi</div><br><div class="gmail_quote">'
        '<div class="gmail_attr">Pada Sen, CS menulis:</div><blockquote class="gmail_quote">Sudah kami cek</blockquote></div>'
    )
    mail = parse("Content-Type: text/html\n\n" + html)
    assert (mail.text, mail.quoted, mail.signature) == ("halo\nMasih mati", "Pada Sen, CS menulis:\n\nSudah kami cek", "Budi")
    outlook = (
        "<p>Masih mati<hr><p><b>Dari:</b> CS<br><b>Terkirim:</b> Senin<br><b>Ke:</b> Budi<br><b>Perihal:</b> x</p><p>Sudah</p>"
    )
    mail = parse("Content-Type: text/html\n\n" + outlook)
    assert mail.text == "halo\nMasih mati"
    assert mail.quoted == "Dari: CS\nTerkirim: Senin\nKe: Budi\nPerihal: x\n\nSudah"


def test_line_ends_and_marks_do_not_matter():
    plain = HEADER + b"Content-Type: multipart/mixed; boundary=a\n\n--a\n\nsatu\ndua\n--a--\n"
    for data in (
        plain.replace(b"\n", b"\r\n"),
        plain.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + plain,
        b"\n\n" + plain,
        b"From a Mon 10:00\n" + plain,
    ):
        assert parse_mail(data) == parse_mail(plain)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        wide = parse_mail(plain.decode().encode(encoding))
        assert (wide.text, wide.problems) == ("halo\nsatu\ndua", (Problem.CHARSET,))


@pytest.mark.parametrize("number", range(len(NASTY)))
def test_nasty_mails_keep_their_text(number):
    mail = parse_mail(NASTY[number])
    assert all(isinstance(getattr(mail, field.name), (str, tuple, type(None))) for field in fields(mail))
    if b"isi" in NASTY[number]:
        assert "isi" in mail.text
    "".join(str(getattr(mail, field.name)) for field in fields(mail)).encode()


def test_encoded_without_end_is_not_unpacked():
    inner = HEADER + b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
    mail = parse_mail(inner + base64.b64encode(inner))
    assert (mail.text, mail.attachments) == ("halo", ("message/rfc822",))
