"""The compiled kernel against its plain reference, against bad input, and against the behaviours wanted of it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.text import ngrams
from moderation.text.characters import load_table
from moderation.text.codes import AMOUNT, MAIL, NUMBER, PHONE, URL, USER
from moderation.text.decoding import MAX_CHARACTERS, decode
from moderation.text.hashing import MOST_FEATURES, hash_words
from moderation.text.ngrams import count_features, fold, pack_weights, sum_weights
from moderation.text.thesaurus import load_thesaurus
from moderation.text.vocabulary import load_vocabulary
from moderation.text.words import split_words
from tests.text import reference

BITS = 18
NO_WEIGHTS = pack_weights(np.zeros((2**BITS, ngrams.WEIGHT_COLUMNS), np.int16))

PIECES = [
    *"aabgok013456278@$!*'. -_,/|~+:?\"&;#\\x%()",
    *("  ", "...", "**", "''", "aa", "oo", "ab", "jam", "gb", "24", "00", "123", "12345678", "081234567890", "5g", "HG8245H5"),
    *("m471", "7374p", "5kali"),
    *("http://", "https://", "HTTP://", "www.", "com", ".com", ".co.id", "bit.ly/", "a@b.c", "@nama", "x_y@", "mail.id:80"),
    *("&amp;", "&lt;", "&quot;", "&nbsp;", "&#65;", "&#x1F600;", "&#xD800;", "&#9999999;", "&#;", "&#x;", "&\0amp;", "&bogus;"),
    *("\\n", "\\t", "\\u0041", "\\ud83d\\ude00", "\\u00", "\\xf0\\x9f\\x98\\x80", "\\xf0\\x9f", "\\xc3\\xa9\\x41", "\\xff"),
    *("Ｇ", "Ｏ", "２", "𝓰", "р", "о", "ж", "Щ", "é", "e\u0301", "ß", "½", "①", "№", "ﬁ", "ﷺ", "🅭", "İ", "K"),
    *("\u200b", "\u200d", "\u00ad", "\u2060", "\ufeff", "\x00", "\n", "\u00a0", "\u3000", "。", "…", "“", "’", "—", "\u2800"),
    *("😀", "😀😀", "👍🏽", "🇮🇩", "€", "漢", "字", "अ", "ا", "\ue001", "\ufffd", "\U0010ffff"),
]
"""What the rules are about, to be strung together in any order."""

tricky = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
spelt = st.builds(str.join, st.sampled_from([" ", ".", "-", "*", "  "]), st.lists(st.sampled_from("goblk01 "), max_size=9))
# Surrogates cannot be written as UTF-8; whoever reads messages replaces them.
anything = st.text(st.characters(), max_size=40).map(lambda text: text.encode("utf-8", "replace").decode())
# Words of the vocabulary, masked, run together and spelt out.
known = st.lists(
    st.sampled_from(["anjing", "bangsat", "goblok", "kontol", "tunggu", "dasar", "kamu", "sangat"]), min_size=1, max_size=6
).map("".join)
masked = st.builds(
    lambda word, stars: "".join("*" if place in stars else letter for place, letter in enumerate(word)),
    known | st.text("abegiknot04@*z", max_size=24),
    st.sets(st.integers(0, 12), max_size=4),
)
run_on = st.builds(str.join, st.sampled_from(" .*"), known | st.text("abegiknot04", max_size=70))
# Words of the thesaurus, and what only looks like them, with endings.
listed = st.sampled_from(
    ["rumah", "anak", "ana", "bapak", "parang", "lu", "cs", "hel", "kil", "isi", "babi", "teman", "malam", "xq"]
)
ended = st.builds(str.__add__, listed, st.sampled_from(["", "nya", "ku", "mu", "lu", "lo", "u", "ya"]))
stemmed = st.lists(ended, min_size=1, max_size=12).map(" ".join)
messages = (
    tricky
    | spelt
    | masked
    | run_on
    | stemmed
    | anything
    | st.lists(tricky | spelt | masked | run_on | anything, max_size=3).map(" ".join)
)
broken = st.lists(st.binary(max_size=6) | st.sampled_from(PIECES).map(str.encode), max_size=12).map(b"".join)


def as_array(contents: list[bytes]) -> pa.LargeStringArray:
    """A string array over these bytes, which need be no UTF-8; not one byte of room after the last."""
    offsets = np.cumsum([0, *map(len, contents)], dtype=np.int64)
    return pa.LargeStringArray.from_buffers(len(contents), pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(contents)))


def rows(texts: pa.Array, **options: bool) -> list[Counter[int]]:
    """The rows of the matrix as counters."""
    found = count_features(texts, BITS, **options)
    return [
        Counter(dict(zip(found.indices[start:end].tolist(), found.counts[start:end].tolist(), strict=True)))
        for start, end in pairwise(found.indptr.tolist())
    ]


# Against the reference


@given(messages)
@settings(max_examples=600, deadline=None)
def test_fold_equals_reference(text):
    assert fold(text) == " ".join(reference.fold_words(text))


@given(st.lists(messages, max_size=4))
@settings(max_examples=200, deadline=None)
def test_features_equal_reference(texts):
    assert rows(pa.array(texts, pa.large_string())) == [reference.features(text, BITS) for text in texts]


@given(st.lists(stemmed | tricky, max_size=4))
@settings(max_examples=100, deadline=None)
def test_features_without_concepts_equal_reference(texts):
    found = rows(pa.array(texts, pa.large_string()), concepts=False)
    assert found == [reference.features(text, BITS, concepts=False) for text in texts]


@pytest.mark.parametrize("bits", [4, 10, 22])
def test_features_equal_reference_in_any_number_of_buckets(bits):
    text = "halo kak, internet g4ngguan terus d i b a l a s dong!! cek www.biznet.com"
    found = count_features(pa.array([text]), bits)
    assert dict(zip(found.indices.tolist(), found.counts.tolist(), strict=True)) == reference.features(text, bits)
    assert found.indices.max() < 2**bits
    assert (np.diff(found.indices) > 0).all()


def _published(folder: Path) -> Iterator[str]:
    """Every cell of every table, every line of every other text, every mail."""
    csv.field_size_limit(1 << 26)
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                yield from (archive.read(name).decode("utf-8", "replace") for name in sorted(archive.namelist()))
        elif path.is_file():
            content = path.read_bytes()
            try:
                text = content.decode()
            except UnicodeDecodeError:
                text = content.decode("latin-1")
            if path.suffix == ".csv":
                yield from (cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row)
            else:
                yield from text.splitlines()


def test_published_messages_fold_and_count_as_in_the_reference(shared):
    # MODERATION_ALL=1 takes every one of the 406,000 distinct texts: 5 minutes on one core, nearly all in the reference.
    step = 1 if os.environ.get("MODERATION_ALL") else 101
    texts = sorted(set(_published(shared / "data")))[::step]
    for start in range(0, len(texts), 1000):
        batch = texts[start : start + 1000]
        for text, found in zip(batch, rows(pa.array(batch, pa.large_string())), strict=True):
            assert fold(text) == " ".join(reference.fold_words(text))
            assert found == reference.features(text, BITS)


# Arrays of all kinds


@given(st.lists(messages | st.none(), max_size=6), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_rows_depend_on_their_own_text_alone(texts, start):
    alone = [rows(pa.array([text], pa.large_string()))[0] for text in texts]
    assert rows(pa.array(texts, pa.large_string())) == alone
    assert rows(pa.array(texts, pa.string())) == alone
    assert rows(pa.array(texts[::-1], pa.large_string())) == alone[::-1]
    assert rows(pa.array(texts, pa.large_string()).slice(start, 2)) == alone[start : start + 2]
    assert rows(pa.array(texts, pa.string()).slice(start, 2)) == alone[start : start + 2]
    assert [not row for row, text in zip(alone, texts, strict=True) if text is None] == [True] * texts.count(None)


def test_an_expanding_text_is_not_cut_for_want_of_a_longer_neighbour():
    expanding = "ﷺa" * 12
    assert fold(expanding) == " ".join(reference.fold_words(expanding))
    alone, beside = (rows(pa.array(texts))[0] for texts in ([expanding], [expanding, "panjang " * 100]))
    assert alone == beside == reference.features(expanding, BITS)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_arrays_without_text(kind):
    assert rows(pa.array([], kind)) == []
    assert rows(pa.array([None, "", None], kind)) == [Counter()] * 3
    assert rows(pa.array(["apa"], kind).slice(1)) == []


def test_what_a_null_row_hides_is_not_read():
    offsets = pa.py_buffer(np.array([0, 4, 8], np.int64).tobytes())
    texts = pa.LargeStringArray.from_buffers(2, offsets, pa.py_buffer(b"satu dua"), pa.py_buffer(b"\x02"))
    assert rows(texts) == [Counter(), reference.features(" dua", BITS)]


# Bad input


@given(st.lists(broken, max_size=3))
@settings(max_examples=300, deadline=None)
def test_broken_bytes_are_blanks(contents):
    expected = [reference.features(reference.decode_bytes(content), BITS) for content in contents]
    assert rows(as_array(contents)) == expected


def test_every_two_bytes_and_every_cut_are_survived():
    pairs = [bytes([first, second]) for first in range(256) for second in range(256)]
    assert len(rows(as_array(pairs))) == len(pairs)
    whole = "&#x1F600;\\xf0\\x9f\\x98\\x80\\u0041ﷺ😀 www.a.com @b c@d.e 1,2".encode()
    cuts = [whole[:end] for end in range(len(whole))] + [whole[start:] for start in range(len(whole))]
    assert rows(as_array(cuts)) == [reference.features(reference.decode_bytes(cut), BITS) for cut in cuts]


ESCAPES = ["&#65;", "\\x41", "\\n"]
# The last three make the search for links, mails and spelt-out words start over at every word.
LONG_UNITS = ["a", "!?", "a ", "a1", "ﷺ", "a*", "@a.", *ESCAPES, "1 1 a ", "x@y ab_", "ab.", "b**i ", "a n "]


@pytest.mark.parametrize("unit", LONG_UNITS)
def test_long_text_is_cut_and_marked(unit):
    text = unit * (1_000_000 // len(unit))
    read = text[: MAX_CHARACTERS * (len(unit) if unit in ESCAPES else 1)]
    sums = sum_weights(pa.array([text, "pendek"]), NO_WEIGHTS)
    assert sums.cut.tolist() == [True, False]
    assert fold(text) == fold(read)


def test_long_text_equals_reference():
    text = "4nj1ng b@ngs*t 12 ﷺ g o b l o k &amp; www.a.com/b @c d@e.id " * 16_000
    assert fold(text) == " ".join(reference.fold_words(text))


def test_text_of_just_the_length_allowed_is_whole():
    whole = "é" * MAX_CHARACTERS
    assert sum_weights(pa.array([whole, whole + "é"]), NO_WEIGHTS).cut.tolist() == [False, True]
    assert sum_weights(pa.array(["ﷺ" * 3000, "ﷺ" * 4000]), NO_WEIGHTS).cut.tolist() == [False, True]


# Memory
#
# The kernel writes without looking; `workspace` has to be large enough for any text. The bounds, with `length` the
# number of codes: a byte gives at most 6 codes (`test_characters`) and `decode` stops with 32 to spare, more than one
# character gives. Every word comes from codes of its own, at most as many as it has characters, and the URL mark from
# those of the last label or of "www." or "http://". So there are at most `length` words, and with the blanks between
# them at most `2 * length + 1` characters. A word of n characters gives a pair, itself, itself near each of the `KINDS`, a
# skeleton from 3 consonants and 0 or 2n - 3 character runs: never more than `2n + KINDS` features. With two concepts the
# word before it gives 2 more and its own 8: beside that word, after the last two concepts, alone. That is never more than
# `MOST_FEATURES * length` in all, with the pair of the last word and the edge on top; 2 more places may be touched.


def _sizes(content: bytes) -> tuple[int, int, int, int]:
    """Codes, words, characters of words and features of one message, in arrays much too large."""
    room = 20 * len(content) + 100
    codes, words, run = (np.zeros(3 * room, np.uint32) for _ in range(3))
    origins, starts, ends, firsts = (np.zeros(3 * room, np.int32) for _ in range(4))
    features, seen = np.zeros(MOST_FEATURES * room, np.uint64), np.zeros(1 << 20, np.uint64)
    wholes, senses = np.zeros(3 * room, np.uint64), np.zeros(3 * room, np.uint64)
    data = np.frombuffer(content + b"\0", np.uint8)
    length, _ = decode(data, 0, len(content), *load_table(), codes, origins, np.zeros(4, np.uint8))
    n_words, size = split_words(codes, length, words, starts, ends, run, load_vocabulary())
    stamps = np.full(seen.size, -1, np.int64)
    shift = np.uint64(64 - BITS)
    scratch = seen, stamps, wholes, senses, features, firsts
    found = hash_words(words, size, n_words, load_thesaurus(), shift, 0, *scratch, np.zeros((0, 2), np.uint64))
    assert (starts[:n_words] < ends[:n_words]).all()
    assert (ends[:n_words] <= length).all()
    return length, n_words, size, found


@given(broken | messages.map(str.encode) | st.builds(bytes.__mul__, st.sampled_from(PIECES).map(str.encode), st.integers(1, 40)))
@settings(max_examples=200, deadline=None)
def test_nothing_outgrows_its_bound(content):
    length, n_words, size, found = _sizes(content)
    assert length <= 6 * len(content)
    assert n_words <= length
    assert size <= 2 * length + 1
    assert found <= MOST_FEATURES * length + 1


@pytest.mark.parametrize("longest", [0, 1, 9, 1000, 9_999, 10_000, 10_001, 5_000_000])
def test_workspace_holds_the_bounds(longest):
    space = ngrams.workspace(np.array([0, longest]))
    codes, origins, words, starts, ends, run, _, seen, stamps, wholes, senses, features, firsts = space
    length = min(6 * longest, codes.size - 32 + 17)
    assert codes.size - 32 >= min(6 * longest, reference.MAX_CODES)
    assert min(origins.size, run.size, starts.size, ends.size, codes.size) >= length
    assert firsts.size >= length + 1
    assert words.size >= 2 * length + 1 + 4
    assert features.size >= MOST_FEATURES * length + 1 + 2
    assert min(wholes.size, senses.size) >= length
    assert seen.size == stamps.size >= max(16, 2 * length)
    assert seen.size.bit_count() == 1


CHECKED = """
import json, sys
import numpy as np, pyarrow as pa
from moderation.text.ngrams import count_features
for line in sys.stdin:
    content = bytes.fromhex(line)
    offsets = np.array([0, len(content)], np.int64)
    text = pa.LargeStringArray.from_buffers(1, pa.py_buffer(offsets.tobytes()), pa.py_buffer(content))
    found = count_features(text, int(sys.argv[1]))
    print(json.dumps([found.indices.tolist(), found.counts.tolist()]))
"""


def test_uncompiled_kernel_never_leaves_its_arrays():
    """Run as plain Python the kernel raises IndexError wherever the compiled one would read or write elsewhere."""
    random = np.random.default_rng(20)
    pieces = [piece.encode() for piece in PIECES] + [b"\xf0\x9f", b"\xe2", b"\xff", b"\x80"]
    contents = [b"".join(pieces[k] for k in random.integers(0, len(pieces), random.integers(1, 25))) for _ in range(200)]
    contents += [piece * 15 for piece in pieces]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECKED, str(BITS)],
        input="\n".join(content.hex() for content in contents),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [Counter(dict(zip(*json.loads(line), strict=True))) for line in done.stdout.splitlines()]
    assert found == rows(as_array(contents))


# Wanted behaviour

MARKS = {"URL": URL, "USER": USER, "MAIL": MAIL, "NUMBER": NUMBER, "AMOUNT": AMOUNT, "PHONE": PHONE}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        # Disguise
        ("4nj1ng g0bl0k", "anjing goblok"),
        ("ku074 7374p m471", "kuota tetap mati"),
        ("5kali 2jam 350rb 8481", "NUMBER kali NUMBER jam NUMBER rb AMOUNT"),
        ("4NJ!NG", "anjing"),
        ("b@ngs@t k@u", "bangsat kau"),
        ("$etan", "setan"),
        ("b*ngs*t k*nt*l", "bangsat kontol"),
        ("G*BLOK!! anj*ng", "goblok ! anjing"),
        ("b**i f*ck t*l*l", "babi fuck tolol"),
        ("b4ngs*t", "bangsat"),
        ("tun*gu tu*ggu", "tungu tungu"),  # squeezed, like every word
        ("bl*zerk", "blazerk"),  # no known word: a likely letter
        ("zq*wvx", "zqwvx"),
        ("b***at", "bat"),
        ("*tebal* a*b 5*6 x2*y", "tebal ab NUMBER x NUMBER y"),
        ("a*n*j*i*n*g", "anjing"),
        ("g o b l o k", "goblok"),
        ("G.O.B.L.O.K kamu", "goblok kamu"),
        ("a-n-j-i-n-g", "anjing"),
        ("g 0 b l 0 k", "goblok"),
        ("d a s a r  l u", "dasar lu"),
        ("d a s a r g o b l o k", "dasar goblok"),
        ("d 4 s 4 r r e n d a h k a m u", "dasar rendah kamu"),
        ("x z q x z q x z", "xzqxzqxz"),
        ("anjiiiiing", "anjing"),
        ("GOBLOOOOOK!!!!!", "goblok !"),
        ("ＧＯＢＬＯＫ", "goblok"),
        ("𝓰𝓸𝓫𝓵𝓸𝓴", "goblok"),
        ("gоblоk", "goblok"),  # Cyrillic о
        ("go\u200bbl\u2060ok", "goblok"),
        ("góblök", "goblok"),
        # No disguise
        ("24jam", "NUMBER jam"),
        ("5g 3x", "NUMBER g NUMBER x"),
        ("100mbps", "NUMBER mbps"),
        ("HG8245H5", "hg AMOUNT h NUMBER"),
        ("lantai2", "lantai NUMBER"),
        ("a b", "a b"),
        ("1 2 3 4", "NUMBER"),
        ("don't jum'at", "dont jumat"),
        # Marks
        ("cek https://www.biznetnetworks.com/promo?x=1 ya", "cek biznetnetworks URL ya"),
        ("bit.ly/abc", "bit URL"),
        ("slot88.xyz", "slot NUMBER URL"),
        ("www.situs.apa", "situs URL"),
        ("oke.siap", "oke siap"),
        ("halo @biznet_cs kak", "halo USER kak"),
        ("kirim ke nama.saya@contoh.co.id.", "kirim ke MAIL"),
        ("nama_@contoh.id", "nama USER"),
        ("wa 0812-3456-7890", "wa PHONE"),
        ("Rp 1.500.000 lunas", "rp AMOUNT lunas"),
        ("pukul 19:30", "pukul AMOUNT"),
        # Escapes and entities
        (r"satu\ndua\ttiga", "satu dua tiga"),
        (r"lol \xf0\x9f\x98\x82", "lol 😂"),
        (r"\u0061nj\u0069ng", "anjing"),
        ("tom &amp; jerry", "tom jery"),
        ("&quot;apa&#63;&quot;", '" apa ? "'),
        ("r&b", "r b"),
        # Symbols
        ("😂😂😂 apa?!", "😂 apa ? !"),
        ("", ""),
        (" \t\n .,- ", ""),
    ],
)
def test_examples(text, folded):
    expected = " ".join(chr(MARKS[word]) if word in MARKS else word for word in folded.split())
    assert fold(text) == expected
    assert " ".join(reference.fold_words(text)) == expected


# Weights


@pytest.mark.parametrize("weight", [-2048, -1, 2047, None])
def test_sums_equal_the_matrix(weight):
    table = np.random.default_rng(0).integers(-2048, 2048, (2**BITS, ngrams.WEIGHT_COLUMNS)).astype(np.int16)
    if weight is not None:
        table[:] = weight
    texts = pa.array(["gue tau rumah lo", "", " ".join(f"kata{n} ke{n * 7919}" for n in range(700))])
    found = sum_weights(texts, pack_weights(table))
    assert found.features[-1] > 5 * 512  # more than a lane has room for
    wanted = [sum((table[bucket].astype(np.int64) * times for bucket, times in row.items()), np.zeros(6)) for row in rows(texts)]
    np.testing.assert_array_equal(found.sums, wanted)
