"""The text kernel again in slow, plain Python: what the compiled kernel has to compute.

Written from the rules in the docstrings of `decoding` and `words` with strings and regular expressions, so that a mistake
in the compiled loops shows up as a difference. Only tables are shared: single characters, the known last labels, the known
units, the vocabulary, the thesaurus.

A message becomes a string of folded characters and beside it a shape of the same length, in which every letter is ``a``,
every digit ``0`` and every symbol beyond ASCII ``¤``. Most rules are patterns over the shape.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt

from moderation.text import codes, decoding, links, runs
from moderation.text.characters import (
    CLASS_SHIFT,
    CODE_MASK,
    DIGIT,
    LETTER,
    SPACE,
    SYMBOL,
    character_class,
    fold_character,
    load_table,
)
from moderation.text.thesaurus import load_thesaurus
from moderation.text.vocabulary import load_vocabulary

TABLE_UNICODE = "14.0.0"
"""Unicode version of the Python that built the shipped character table."""

MAX_CHARACTERS = decoding.MAX_CHARACTERS
LONGEST_HOST = 253
MAX_CODES = MAX_CHARACTERS + 10_000
"""A message is cut once it has this many folded characters: one character may stand for up to 18."""

# The hash layout: a feature number is made of the top bits of a hash started from one of these seeds.
PRIME = 0x9E3779B97F4A7C15
WORD_SEED = 0xA0761D6478BD642F
PAIR_SEED = 0xE7037ED1A0B428DB
SKELETON_SEED = 0x8EBC6AF09C88C6E3
RUN_SEED = 0
EDGE = 0x589965CC75374CC3
"""Stands in pairs for the word before the first and after the last one."""
NEAR_SEEDS = [0x1D8E4E27C47D124F, 0xEB44ACCAB455D165, 0x9C6E6877736C46E3, 0xD6E8FEB86659FD93, 0xA5CB9243F2CED2C5]
REACH = 10
CONCEPT_SEED = 0x2127599BF4325C37
FOLLOWING_SEED = 0x880355F21E6D1965
BEFORE_SEED = 0xC6A4A7935BD1E995
AFTER_SEED = 0xFF51AFD7ED558CCD
RUN_LENGTHS = (4, 5)

URL, USER, MAIL = (chr(mark) for mark in (codes.URL, codes.USER, codes.MAIL))
NUMBER, AMOUNT, PHONE = (chr(mark) for mark in (codes.NUMBER, codes.AMOUNT, codes.PHONE))

DISGUISES = str.maketrans("013456789", "oieasgtbg")
INSIDE_WORDS = str.maketrans("@$!", "asi", "'")
"""Symbols inside a word are letters; the last one vanishes."""

ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}


def _spelled(keys: npt.NDArray[np.uint64]) -> frozenset[str]:
    return frozenset(int(key).to_bytes(8, "big").lstrip(b"\0").decode() for key in keys)


UNITS = _spelled(runs.UNITS)
LAST_LABELS = _spelled(links.LAST_LABELS)

ESCAPE = re.compile(
    r"""\\(?P<blank>[nrt])
      | (?P<bytes>(?:\\x[0-9a-fA-F]{2})+)
      | (?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})
      | \\u(?P<unit>[0-9a-fA-F]{4})
      | &(?P<entity>amp|lt|gt|quot|apos|nbsp);
      | &\#(?P<decimal>[0-9]{1,7});
      | &\#[xX](?P<hexadecimal>[0-9a-fA-F]{1,6});
    """,
    re.VERBOSE,
)

SCHEME = re.compile(r"(?:https?://)?")
TO_BLANK = re.compile(r"\S*")

# Patterns over the shape.
WORD_START = re.compile(r"[a0]|\$aa")
WORD = re.compile(r"(?:[a0]|[@$!](?=a)|\*+(?=[a0])|'+(?=[a0]))+")
NUMERIC = re.compile(r"0+(?:[.,:/-]0+)*")
SPELT_OUT = re.compile(r"[a0]([ .\-_,/|~+])[a0](?![a0])(?:\1[a0](?![a0])){0,62}")
HANDLE = re.compile(r"@[a0](?:[a0_]|\.(?=[a0]))*")
MAIL_NAME = re.compile(r"[a0](?:[a0._+-]{0,62}[a0])?@")
HOST = re.compile(r"(?:[a0]+(?:[.-][a0]+)*)?")


def decode_bytes(content: bytes) -> str:
    """UTF-8 with one blank for every byte that is none."""
    return content.decode("utf-8", "blank-per-byte")


codecs.register_error("blank-per-byte", lambda error: (" ", error.start + 1))


def fold_words(text: str) -> list[str]:
    """Folded words of one message; marks are private-use characters."""
    words: list[str] = []
    for word in _split(*fold_characters(text)):
        is_mark_or_symbol = len(word) == 1 and character_class(word) != LETTER
        if not (is_mark_or_symbol and words and words[-1] == word):
            words.append(word)
    return words


def features(text: str, bits: int, *, concepts: bool = True) -> Counter[int]:
    """How often each of the ``2 ** bits`` feature numbers occurs in the message."""
    words = fold_words(text)
    counts: Counter[int] = Counter()
    senses = [_senses_of(word, concepts=concepts) for word in words]
    kinds = [kind for kind, _ in senses]
    for word in set(words):
        counts.update(_word_features(word, bits))
        first = words.index(word)
        for kind in {*kinds[max(0, first - REACH) : first + REACH + 1]} - {None}:
            counts[_lower(_mix(_hash(word, WORD_SEED) ^ NEAR_SEEDS[kind], 0), bits)] += 1
    counts.update(_lower(value, bits) for value in _concept_features(words, [some for _, some in senses]))
    if words:
        for before, after in pairwise([EDGE, *(_hash(word, WORD_SEED) for word in words), EDGE]):
            counts[_lower(_mix(_mix(PAIR_SEED, before), after), bits)] += 1
    return counts


def fold_characters(text: str) -> tuple[str, str]:
    """Undo escapes, fold, cut: the folded string and its shape."""
    folded, shape, length = [], [], 0
    for character in ESCAPE.sub(_undo_escape, text)[:MAX_CHARACTERS]:
        if length >= MAX_CODES:
            break
        codes, their_shape = fold_one(character)
        folded.append(codes)
        shape.append(their_shape)
        length += len(codes)
    return "".join(folded), "".join(shape)


@cache
def fold_one(character: str) -> tuple[str, str]:
    """Folded codes of one character and their shape. Blanks other than a space come back as tabs."""
    if "\ud800" <= character <= "\udfff":
        return " ", " "
    if unicodedata.unidata_version == TABLE_UNICODE:
        classes = [(code, character_class(code)) for code in fold_character(character)]
    else:
        # This Python knows other characters than the table does; `test_characters` compares the two where it can.
        classes = _shipped(character)
    shown = {LETTER: "a", DIGIT: "0", SPACE: "\t", SYMBOL: "¤"}
    codes = "".join("\t" if kind == SPACE and code != " " else code for code, kind in classes)
    shape = "".join(code if code.isascii() and kind not in (LETTER, DIGIT) else shown[kind] for code, kind in classes)
    return codes, shape


def _shipped(character: str) -> list[tuple[str, int]]:
    table, point = load_table(), ord(character)
    entry = int(table.entries[int(table.pages[point >> 8]) * 256 + (point & 255)])
    codes = [entry] if entry > 0 else []
    if entry < 0:
        codes = table.sequences[-entry : -entry + int(table.sequences[-1 - entry])].tolist()
    return [(chr(code & CODE_MASK), code >> CLASS_SHIFT) for code in codes]


def _undo_escape(match: re.Match[str]) -> str:
    kind, value = match.lastgroup, match[match.lastgroup]
    if kind == "blank":
        return " "
    if kind == "bytes":
        return decode_bytes(bytes.fromhex(value.replace("\\x", "")))
    if kind == "pair":
        return bytes.fromhex(value.replace("\\u", "")).decode("utf-16-be")
    if kind == "entity":
        return ENTITIES[value]
    point = int(value, 10 if kind == "decimal" else 16)
    return chr(point) if point <= 0x10FFFF else match[0]


def _split(text: str, shape: str) -> Iterator[str]:
    place, spelt_end = 0, -9
    while place < len(text):
        if shape[place] in '!?"¤':
            yield text[place]
            place += 1
        elif handle := HANDLE.match(shape, place):
            yield USER
            place = handle.end()
        elif link := _find_link(text, shape, place):
            host, label, place = link
            yield from _split_host(text[host:label], shape[host:label])
            yield URL
        elif end := _find_mail(shape, place):
            yield MAIL
            place = end
        elif end := _find_spelt_out(shape, place, least=2 if place - spelt_end <= 3 else 3):
            yield from _cut_spelt_out(text[place:end:2])
            place = spelt_end = end
        elif WORD_START.match(shape, place):
            words, place = _read_word(text, shape, place)
            yield from words
        else:
            place += 1


def _split_host(text: str, shape: str) -> Iterator[str]:
    """Words and numbers only."""
    place = 0
    while place < len(text):
        if WORD_START.match(shape, place):
            words, place = _read_word(text, shape, place)
            yield from words
        else:
            place += 1


def _find_link(text: str, shape: str, place: int) -> tuple[int, int, int] | None:
    """Start of the host, its end without the last label, end of the link."""
    if shape[place] not in "a0":
        return None
    start = SCHEME.match(text, place).end()
    if text.startswith("www.", start) and shape[start + 4 : start + 5] in ("a", "0"):
        start += 4
    sure = start > place
    end = HOST.match(shape, start, start + LONGEST_HOST).end()
    front, dot, label = text[start:end].rpartition(".")
    if not sure and not (dot and label in LAST_LABELS):
        return None
    label_start = start + len(front) if dot else end
    if sure or text[end : end + 1] in ("/", ":"):
        end = TO_BLANK.match(text, end).end()
    return start, label_start, end


def _find_mail(shape: str, place: int) -> int | None:
    name = MAIL_NAME.match(shape, place)
    host = HOST.match(shape, name.end(), name.end() + LONGEST_HOST) if name else None
    return host.end() if host and "." in host[0] else None


def _find_spelt_out(shape: str, place: int, least: int) -> int | None:
    spelt = SPELT_OUT.match(shape, place)
    if not spelt:
        return None
    characters = spelt[0][::2]
    enough = len(characters) >= least and 2 * characters.count("a") >= len(characters)
    return spelt.end() if enough else None


def _read_word(text: str, shape: str, place: int) -> tuple[list[str], int]:
    """Words and marks of the number or word that starts at ``place``, and where it ends."""
    end = WORD.match(shape, place).end()
    if word := _uncover(text[place:end], text[end : end + 1]):
        return [word], end
    number = NUMERIC.match(shape, place)
    if number:
        may_be_disguise = number[0] in ("0", "00") and shape[number.end() : number.end() + 1] == "a"
        if not may_be_disguise:
            return [_number_mark(number[0].count("0"))], number.end()
    return _unmask(text[place:end]), end


def _uncover(run: str, after: str) -> str | None:
    """A common word that has digits for letters."""
    if not re.fullmatch("[a-z013456789]{4,20}", run) or run.isalpha() or run.isdigit() or after in ("*", "'"):
        return None
    if re.sub("^[0-9]+", "", run) in UNITS:
        return None
    word = _squeeze(run.translate(DISGUISES))
    return word if _vocabulary()[1].get(_hash(word, WORD_SEED), 160) < 160 else None


def _unmask(run: str) -> list[str]:
    """Words and number marks of a run of letters, digits and symbols inside a word."""
    run = run.translate(INSIDE_WORDS)
    bare = run.replace("*", "")
    if _is_disguise(bare):
        run = run.translate(DISGUISES)
    may_be_masked = 4 <= len(run) <= 20 and 1 <= run.count("*") <= 2 and re.fullmatch("[a-z*]+", run)
    run = _fill_stars(run) if may_be_masked else run.replace("*", "")
    parts = re.findall("[0-9]+|[^0-9]+", run)
    return [_number_mark(len(part)) if part[0] in "0123456789" else _squeeze(part) for part in parts]


def _fill_stars(run: str) -> str:
    """What a word with one or two masked letters stands for."""
    ranks, letters = _vocabulary()[0], load_vocabulary().letters
    front, *rest = run.split("*")
    fitting = [
        front + "".join(map("".join, zip(tried, rest, strict=True))) for tried in product(ascii_lowercase, repeat=len(rest))
    ]
    known = [word for word in fitting if _hash(_squeeze(word), WORD_SEED) in ranks]
    if known:
        stars = [place for place, code in enumerate(run) if code == "*"]

        def order(word: str) -> tuple[bool, int]:
            doubled = any(word[place] in (word[place - 1], word[place + 1]) for place in stars)
            return doubled, ranks[_hash(_squeeze(word), WORD_SEED)]

        return min(known, key=order)
    while "*" in run:
        place = run.index("*")
        # The edge of a word, like a masked letter, is no letter.
        near = f"*{run}*"
        around = (near[place - 1], near[place], near[place + 2], near[place + 3 : place + 4] or "*")
        letter = int(letters[tuple("*abcdefghijklmnopqrstuvwxyz".index(c) for c in around)])
        run = run[:place] + (chr(96 + letter) if letter else "") + run[place + 1 :]
    return run


def _cut_spelt_out(run: str) -> list[str]:
    """The words of letters that were spelt out one after the other."""
    if _is_disguise(run):
        run = run.translate(DISGUISES)
    if len(run) < 7 or re.search("[0-9]", run):
        return _unmask(run)
    costs = _vocabulary()[1]

    @cache
    def cheapest(start: int) -> tuple[int, list[str]]:
        """Cost and words of the letters from ``start``; of two ways the one with the shorter first word."""
        ways = [(0, [])] if start == len(run) else []
        for end in range(start + 1, len(run) + 1):
            cost, words = cheapest(end)
            word = _squeeze(run[start:end])
            ways.append((costs.get(_hash(word, WORD_SEED), 160 + 32 * (end - start)) + cost, [word, *words]))
        return min(ways, key=lambda way: way[0])

    return cheapest(0)[1]


@cache
def _vocabulary() -> tuple[dict[int, int], dict[int, int]]:
    """Rank and cost of each word by its hash."""
    table = load_vocabulary()
    keys = table.keys.tolist()
    return tuple({key: figure for key, figure in zip(keys, column.tolist(), strict=True) if key} for column in table[1:3])


def _squeeze(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _is_disguise(run: str) -> bool:
    digits = re.findall("[0-9]", run)
    letters = len(run) - len(digits)
    if "2" in run:
        return False
    if re.search("[0-9][^0-9]", run) is None:
        return len(digits) == 1 and letters >= 3 and run[-1].translate(DISGUISES) in "aeiou"
    quantity = re.fullmatch("[0-9]+([^0-9]+)", run)
    return re.search("[0-9]{4}", run) is None and len(digits) <= 2 * letters + 1 and not (quantity and quantity[1] in UNITS)


def _number_mark(digits: int) -> str:
    return NUMBER if digits <= 3 else AMOUNT if digits <= 8 else PHONE


def _mix(value: int, code: int) -> int:
    return (value ^ code) * PRIME % 2**64


def _hash(characters: str, seed: int) -> int:
    for character in characters:
        seed = _mix(seed, ord(character))
    return seed


def _lower(value: int, bits: int) -> int:
    """Words, pairs and skeletons fall in the lower half of the numbers."""
    return value >> (65 - bits)


def _upper(value: int, bits: int) -> int:
    """Character runs fall in the upper half."""
    return 2 ** (bits - 1) + (value >> (65 - bits))


def _concept_features(words: list[str], concepts: list[list[int]]) -> Iterator[int]:
    """What the concepts of words give: alone, after each other, beside words."""
    for concept in {concept for some in concepts for concept in some}:
        yield _mix(concept, CONCEPT_SEED)
    for before, after in pairwise([some for some in concepts if some]):
        for one, other in product(before, after):
            yield _mix(_mix(one, FOLLOWING_SEED), other)
    hashes = [EDGE, *(_hash(word, WORD_SEED) for word in words)]
    for before, some in zip(hashes, concepts, strict=False):
        for concept in some:
            yield _mix(_mix(before, AFTER_SEED), concept)
    for some, word in zip(concepts, hashes[2:], strict=False):
        for concept in some:
            yield _mix(_mix(concept, BEFORE_SEED), word)


@cache
def _senses_of(word: str, *, concepts: bool = True) -> tuple[int | None, list[int]]:
    """The kind and the concepts of a folded word, or of its stem if it has neither."""
    listed = _listed()
    for stem in (word, *_stems(word)):
        packed = listed.get(_hash(stem, WORD_SEED) % 2**47, 0) & (2**17 - 1 if concepts else 7)
        if packed:
            kind, first, second = packed & 7, packed >> 3 & 127, packed >> 10 & 127
            return (kind - 1 if kind else None), [number for number in (first, second) if number]
    return None, []


@cache
def _listed() -> dict[int, int]:
    # The slot tells the first 17 bits of a hash, or nearly so; the others are in the entry.
    return {entry >> 17: entry & 2**17 - 1 for entry in load_thesaurus().tolist() if entry}


def _stems(word: str) -> Iterator[str]:
    """What an ending may have been put to; of two like letters one is written."""
    for ending in ("ku", "mu", "lu", "lo", "nya"):
        if word.endswith(ending):
            bare = word.removesuffix(ending)
            if len(bare) >= 3:
                yield bare
                yield bare + ending[0]


@cache
def _word_features(word: str, bits: int) -> tuple[int, ...]:
    """What a word gives the first time it stands in a message."""
    found = [_lower(_hash(word, WORD_SEED), bits)]
    skeleton = re.sub("[aeiou]", "", word)
    if 3 <= len(skeleton) < len(word):
        found.append(_lower(_hash(skeleton, SKELETON_SEED), bits))
    edged = f" {word} "
    for length in RUN_LENGTHS:
        runs = (edged[start : start + length] for start in range(len(edged) - length + 1))
        found += (_upper(_hash(run, RUN_SEED), bits) for run in runs)
    return tuple(found)
