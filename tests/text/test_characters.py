"""The shipped character table against the rules it was built from."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from moderation.text import codes as marks_of
from moderation.text.characters import (
    CLASS_SHIFT,
    CODE_MASK,
    DIGIT,
    LETTER,
    PUNCTUATION,
    SPACE,
    SYMBOL,
    character_class,
    fold_character,
    load_table,
)
from tests.text.reference import TABLE_UNICODE

same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version != TABLE_UNICODE,
    reason=f"the table knows Unicode {TABLE_UNICODE}, this Python {unicodedata.unidata_version}",
)


@pytest.fixture(scope="module")
def shipped() -> list[tuple[int, ...]]:
    """The codes, class included, of every code point."""
    table = load_table()
    points = np.arange(0x110000)
    entries = table.entries[table.pages[points >> 8].astype(np.int64) * 256 + (points & 255)].tolist()
    sequences = table.sequences.tolist()
    return [
        () if entry == 0 else (entry,) if entry > 0 else tuple(sequences[-entry : -entry + sequences[-1 - entry]])
        for entry in entries
    ]


@pytest.fixture(scope="module")
def codes(shipped: list[tuple[int, ...]]) -> set[int]:
    return {code for entry in shipped for code in entry}


@same_unicode
def test_table_equals_the_rules_for_every_code_point(shipped):
    # Nine in ten code points are unassigned (a blank), private (nothing) or surrogates (a blank): no need to fold those.
    blank = (SPACE << CLASS_SHIFT | ord(" "),)
    by_category = {"Cn": blank, "Cs": blank, "Co": ()}
    for point, entry in enumerate(shipped):
        category = unicodedata.category(chr(point))
        if category in by_category:
            expected = by_category[category]
        else:
            expected = tuple(character_class(code) << CLASS_SHIFT | ord(code) for code in fold_character(chr(point)))
        assert entry == expected, f"U+{point:04X}"


@same_unicode
@pytest.mark.parametrize("character", ["\u0378", "\U000e0fff", "\uffff", "\ue001", "\U0010fffd"])
def test_unassigned_and_private_characters_fold_as_assumed_above(character):
    assert fold_character(character) == ("" if unicodedata.category(character) == "Co" else " ")


@same_unicode
def test_folding_a_folded_character_changes_nothing(codes):
    again = {code & CODE_MASK for code in codes if fold_character(chr(code & CODE_MASK)) != chr(code & CODE_MASK)}
    # These come out of a decomposition (a double prime is two primes) after the quotes and dashes have been dealt with.
    assert again <= {0x60, 0x2B9, 0x2BC, 0x2013, 0x2014, 0x2032, 0x2212}


def test_kernel_can_rely_on_what_codes_are(shipped, codes):
    assert all(LETTER <= code >> CLASS_SHIFT <= PUNCTUATION for code in codes)
    marks = {marks_of.URL, marks_of.USER, marks_of.MAIL, marks_of.NUMBER, marks_of.AMOUNT, marks_of.PHONE}
    assert not marks & {code & CODE_MASK for code in codes}, "a message could forge a mark"
    assert not any(chr(code & CODE_MASK).isupper() for code in codes if code & CODE_MASK < 128)
    digits = {code & CODE_MASK for code in codes if code >> CLASS_SHIFT == DIGIT}
    assert digits == set(range(ord("0"), ord("9") + 1))
    assert all(len(entry) <= 1 for entry in shipped[:128]), "decode handles ASCII as one code at most"


def test_kernel_can_rely_on_how_far_characters_expand(shipped):
    # `decode` keeps 32 codes in reserve; `workspace` makes room for 6 codes a byte.
    assert max(map(len, shipped)) <= 32
    for point, entry in enumerate(shipped):
        size = 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
        assert len(entry) <= 6 * size


@pytest.mark.parametrize(
    ("character", "folded"),
    [
        ("a", "a"),
        ("A", "a"),
        ("Ｇ", "g"),  # fullwidth
        ("𝓰", "g"),  # mathematical
        ("é", "e"),
        ("ß", "ss"),
        ("р", "p"),  # Cyrillic er
        ("ж", "zh"),
        ("²", "2"),
        ("٣", "3"),  # Arabic-Indic three
        ("“", '"'),
        ("’", "'"),
        ("—", "-"),
        ("\u200b", ""),  # zero width space
        ("\u0301", ""),  # combining acute
        ("\u00ad", ""),  # soft hyphen
        ("\u3164", ""),  # Hangul filler
        ("\x00", ""),
        ("\n", " "),
        ("\u00a0", " "),
        ("\u3000", " "),
        ("😀", "😀"),
        ("अ", "अ"),
        ("ﷺ", "صلى الله عليه وسلم"),
    ],
)
def test_fold_character(character, folded):
    assert fold_character(character) == folded


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a", LETTER),
        ("अ", LETTER),
        ("漢", LETTER),
        ("7", DIGIT),
        (" ", SPACE),
        ("。", SPACE),
        ("!", SYMBOL),
        ("?", SYMBOL),
        ('"', SYMBOL),
        ("😀", SYMBOL),
        ("€", SYMBOL),
        ("$", PUNCTUATION),
        (".", PUNCTUATION),
        ("_", PUNCTUATION),
    ],
)
def test_character_class(code, expected):
    assert character_class(code) == expected
