"""Header fields: where they end, encoded words and parameters; the standard library writes what is read here."""

from __future__ import annotations

from email.header import Header
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.limits import MAX_MAIL_HEADER_BYTES, MAX_MAIL_HEADERS
from moderation.messages.mail.headers import Headers, decode_words, split
from moderation.messages.mail.problems import Problem

WORDS = st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1), min_size=1).map(" ".join)


def field(value: bytes, name: bytes = b"content-type") -> Headers:
    return Headers({name: value})


@pytest.mark.parametrize(
    ("data", "names", "body"),
    [
        (b"A: b\nC:d\n\nisi", [b"a", b"c"], b"isi"),
        (b"A: b\n c\n\td\nC: d\nisi", [b"a", b"c"], b"isi"),
        (b"A: b", [b"a"], b""),
        (b"A: b\n", [b"a"], b""),
        (b"\nisi", [], b"isi"),
        (b"isi", [], b"isi"),
        (b"A b: c\n\nisi", [], b"A b: c\n\nisi"),
        (b"A : b\n\nisi", [b"a"], b"isi"),
        (b"From x\n>From y\nA: b\n\nisi", [b"a"], b"isi"),
        (b"A: b\n\n\nisi", [b"a"], b"\nisi"),
    ],
)
def test_where_a_header_ends(data, names, body):
    headers, start = split(data, 0, len(data), set())
    assert (list(headers.fields), data[start:]) == (names, body)


def test_a_header_does_not_reach_beyond_its_part():
    data = b"A: b\nC: d\n\nisi"
    headers, start = split(data, 5, 10, set())
    assert (headers.fields, start) == ({b"c": b" d"}, 10)


def test_limits():
    problems: set[Problem] = set()
    data = b"Subject: " + b"x" * 100_000 + b"\n" + b"A: b\n" * (MAX_MAIL_HEADERS + 5) + b"From: c\n\nisi"
    headers, start = split(data, 0, len(data), problems)
    assert data[start:] == b"isi"
    assert len(headers.text(b"subject", problems)) == MAX_MAIL_HEADER_BYTES - 1
    assert list(headers.fields) == [b"subject", b"a"]
    assert problems == {Problem.HEADERS}


@given(WORDS, st.sampled_from(["utf-8", "iso-2022-jp", "gb18030"]), st.integers(20, 80))
def test_words_of_the_standard_library_come_back(text, charset, width):
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    written = Header(text, charset, maxlinelen=width, header_name="Subject").encode()
    assert field(written.encode()).text(b"content-type", set()) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=?utf-8?q?a_b?= c", "a b c"),
        ("=?utf-8?q?a?=  =?UTF-8?Q?b?= =?latin1?q?=E9?=", "abé"),
        ("x =?utf-8?q?a?= y =?utf-8?q?b?= z", "x a y b z"),
        ("=?utf-8?b?w6?= =?utf-8?b?kg?=", "Ò"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?klingon?q?a?=", "a"),
        ("=?utf-8?b?!!!?=", ""),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
        ("a=?utf-8?q?b?=c", "abc"),
    ],
)
def test_encoded_words(text, expected):
    assert decode_words(text, set()) == expected


def test_bytes_that_should_have_been_encoded():
    assert field("é".encode()).text(b"content-type", set()) == "é"
    assert field("광고".encode("cp949")).text(b"content-type", set(), "euc-kr") == "광고"


@given(WORDS)
def test_parameters_of_the_standard_library_come_back(text):
    message = Message()
    message.add_header("Content-Disposition", "attachment", filename=("utf-8", "", text))
    message.add_header("Content-Type", "text/plain", name=text.encode("ascii", "replace").decode())
    disposition = field(message["Content-Disposition"].encode()).value(b"content-type", set())
    assert (disposition.main, disposition.parameters) == ("attachment", {"filename": text})
    kind = field(message["Content-Type"].encode()).value(b"content-type", set())
    assert kind.parameters["name"] == decode_words(text.encode("ascii", "replace").decode(), set())


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        ('Text/HTML; Charset="utf-8"', "text/html", {"charset": "utf-8"}),
        ("text/plain;charset=a;charset=b", "text/plain", {"charset": "a"}),
        (r'a/b; x="q\"; y=z"; w=v', "a/b", {"x": 'q"; y=z', "w": "v"}),
        ('a/b; x="open; y=z', "a/b", {"x": "open; y=z"}),
        ("a/b; x*1=b; x*0=a; x*2*=%63", "a/b", {"x": "abc"}),
        ("a/b; x*0*=utf-8''%C3; x*1*=%A9", "a/b", {"x": "é"}),
        ("a/b; x*=latin1'en'%E9", "a/b", {"x": "é"}),
        ("a/b; x*=%E9'", "a/b", {"x": "é'"}),
        ("a/b; x*y*z=1; ; =2; v", "a/b", {}),
        ("", "", {}),
    ],
)
def test_parameters(value, main, parameters):
    found = field(value.encode()).value(b"content-type", set())
    assert (found.main, found.parameters) == (main, parameters)


@pytest.mark.parametrize(("value", "expected"), [("text/html; a=b", "text/html"), ("text", ""), ("", ""), ("a/b c", "a/b")])
def test_media_types(value, expected):
    assert field(value.encode()).value(b"content-type", set()).media_type == expected
