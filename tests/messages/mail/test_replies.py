"""What is new in a text, what is quoted, and what is a signature."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.messages.mail.replies import MAX_SIGNATURE_LINES, split

QUOTED = [
    "On Mon, Jan 1, 2024 at 10:00 AM Budi <b@mail.example> wrote:\n> a\n> b",
    "On Mon, Jan 1, 2024 at 10:00 AM Budi <\nb@mail.example> wrote:\n\n> a",
    "On Mon, Jan 1, 2024 at 10:00 AM Budi wrote:\n\nlama tanpa tanda",
    "Pada Sen, 1 Jan 2024 pukul 10.00 CS <cs@provider.example> menulis:\n\n> a",
    "Pada Senin, 1 Januari 2024 10.00.00 GMT+7, CS menulis:\n lama",
    "2024-01-01 10:00 GMT+07:00 CS <cs@provider.example>:\n> a",
    "CS menulis:\n> a",
    "Budi Santoso wrote:\n\n> a",
    "> a",
    ">> a\n>a\n  > a",
    "BS> a",
    "-----Original Message-----\nFrom: x\nlama",
    "---- Pesan Asli ----\nlama",
    "---------- Forwarded message ---------\nFrom: x\nlama",
    "---------- Pesan terusan ---------\nlama",
    "Begin forwarded message:\n\nlama",
    "From: CS\nSent: Monday\nTo: Budi\nSubject: x\n\nlama",
    "Dari: CS\nTerkirim: Senin\nKepada: Budi\nPerihal: x\n\nlama",
    "*Dari:* CS\n*Tanggal:* Senin\n*Ke:* Budi\n\nlama",
    "________________________________\nFrom: CS\nSent: Monday\nTo: Budi\n\nlama",
]

NEW = [
    "Mereka menulis:\ntidak ada gangguan",
    "On Monday my wife wrote:\nhalo",
    "Pada 2024 saya pindah:\nsemua baik",
    "Dari: rumah saya ke kantor mati",
    "From: here\nTo: there\nit is far",
    "--- penting ---",
    "lihat -----Original Message----- itu",
    "--\n" * 2 + "\n".join(["ini masih isi"] * (MAX_SIGNATURE_LINES + 1)),
    "Kirim dari HP saya saja",
    "3 > 2",
]

SIGNATURES = [
    "-- \nBudi\nJakarta",
    "--\nBudi",
    "Sent from my iPhone",
    "Dikirim dari iPhone saya",
    "Dikirim dari Yahoo Mail di Android",
    "Get Outlook for Android",
    "Dapatkan Outlook untuk iOS",
    "_____________________________________\nMilis pelanggan mailing list\nhttp://x.example/listinfo",
    "-- \nBudi\n\nSent from my iPhone",
]


@pytest.mark.parametrize("quoted", QUOTED)
def test_quoted(quoted):
    found = split(f"baru\n\n{quoted}\n")
    assert (found.new, found.quoted.split(), found.signature) == ("baru", quoted.split(), "")


@pytest.mark.parametrize("new", NEW)
def test_new(new):
    assert split(f"baru\n\n{new}") == (f"baru\n\n{new}", "", "")


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signatures(signature):
    assert split(f"baru\n\n{signature}\n\n") == ("baru", "", "\n".join(line.rstrip() for line in signature.split("\n")))
    assert split(f"baru\n{signature}\n\n> lama") == ("baru", "> lama", "\n".join(line.rstrip() for line in signature.split("\n")))


def test_answers_between_quoted_lines_are_new():
    text = "CS menulis:\n> apa sudah dicoba?\nsudah\n\n> dan sekarang?\nmasih mati\n"
    assert split(text) == ("sudah\n\nmasih mati", "CS menulis:\n> apa sudah dicoba?\n> dan sekarang?", "")


LINES = st.lists(
    st.sampled_from([line for text in [*QUOTED, *NEW, *SIGNATURES, "", "a", "isi", ":"] for line in text.split("\n")])
)


@given(LINES)
def test_each_word_is_in_one_part(lines):
    text = "\n".join(lines)
    assert sorted(" ".join(split(text)).split()) == sorted(text.split())


@given(LINES)
def test_what_is_new_stays_new(lines):
    """Unless a signature comes to stand at its end, there is nothing left to find."""
    new = split("\n".join(lines)).new
    again = split(new)
    assert sorted(" ".join((again.new, again.quoted, again.signature)).split()) == sorted(new.split())


@pytest.mark.parametrize(
    "line",
    ["--", "> ", "From: a", "a wrote:", "on 10:10", "_" * 30, "-" * 190, "Sent from my iPhone", "", "on 2002 wrote" * 30 + ":"],
)
def test_time_grows_with_length(line):
    start = time.process_time()
    split((line + "\n") * (300_000 // (len(line) + 1)))
    assert time.process_time() - start < 2
