"""Real and published mails, whole and broken: a result each, and the words that the standard library finds."""

from __future__ import annotations

import email
import random
import time
import zipfile
from email.header import decode_header, make_header

import pytest

from moderation.messages.mail.parsing import parse_mail
from tests.messages.mail.helpers import NASTY, lines_of, mutated, reference_lines

STRIDE = 8  # every eighth mail of the collection keeps the tests quick


@pytest.fixture(scope="module")
def spamassassin(shared) -> list[bytes]:
    with zipfile.ZipFile(shared / "data/spamassassin/train_part.zip") as archive:
        return [archive.read(name) for name in archive.namelist()[::STRIDE]]


@pytest.fixture(scope="module")
def suite(shared) -> list[bytes]:
    return [path.read_bytes() for path in sorted((shared / "suites/cpython-email").glob("*.txt"))]


def test_the_standard_library_finds_the_same_words(spamassassin):
    compared = 0
    for data in spamassassin:
        words = reference_lines(data)
        if words is not None:
            compared += 1
            assert lines_of(parse_mail(data)) == words
    assert compared > 300


def test_the_standard_library_reads_the_same_subjects(spamassassin):
    compared = 0
    for data in spamassassin:
        subject = email.message_from_bytes(data)["Subject"]
        if isinstance(subject, str) and subject.isascii():
            compared += 1
            expected = str(make_header(decode_header(subject)))
            assert (parse_mail(data).subject or "").split() == expected.split()
    assert compared > 400


def test_every_mail_of_the_suite(suite):
    mails = [parse_mail(data) for data in suite]
    assert len(mails) == 48
    assert [number for number, mail in enumerate(mails) if mail.text is None] == [18]  # msg_18.txt has only a header


def test_broken_mails(spamassassin, suite):
    rng = random.Random(5)
    whole = [*suite, *NASTY, *spamassassin[::20]]
    for _ in range(1_500):
        data = mutated(rng.choice(whole)[:20_000], rng, rng.choice(whole))
        start = time.process_time()
        mail = parse_mail(data)
        assert time.process_time() - start < 2
        assert mail.text is None or mail.text.encode()
