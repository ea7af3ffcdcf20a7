"""What a single character folds to: the table that the compiled kernel reads.

One character becomes zero or more folded codes. The rules, in order: compatibility decomposition (NFKD), case folding,
marks and invisible characters out, letters that look like Latin letters to those letters, what is left of the Latin,
Greek, Cyrillic, Armenian and Cherokee scripts through anyascii. Everything else (Arabic, Han, Thai, emoji) stays itself.

The finished table is shipped as ``characters.npz`` because it depends on the Unicode version of the Python that
built it: the same message must fold alike in training and in serving, on every Python. Rebuild it with
``python -m moderation.text.characters``; doing so changes features, so every model has to be trained again.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LETTER, DIGIT, SPACE, SYMBOL, PUNCTUATION = 1, 2, 3, 4, 5
"""Classes of folded codes, kept in the bits above the code point (see `CLASS_SHIFT`)."""

CLASS_SHIFT = 24
CODE_MASK = (1 << CLASS_SHIFT) - 1
TABLE_FILE = Path(__file__).with_name("characters.npz")

# Seen by a human reader as these Latin letters, whatever their sound: anyascii would say "r" for the Cyrillic "р".
_PAIRS = (
    "аa вb еe ёe кk мm нh оo рp сc тt уy хx іi їi јj ѕs ԁd һh ԛq ԝw ьb єe зz иu гr пn чu үy ұy өo әa ԍg ѵv ѡw "
    "αa βb εe ηn ιi κk μm νv οo ρp τt υu χx γy ωw ζz λl σo ςs πn ɡg ɑa ıi ǀl "
    "հh ոn սu ցg օo ղn եt զq յj աw ոn քp ԁd ꓐb ꓑp ꓒd ꓓd ꓔt ꓖg ꓗk ꓘk ꓙj ꓚc ꓝf ꓟm ꓠn ꓡl ꓢs ꓣr ꓪw ꓫx ꓬy ꓮa ꓰe ꓲi ꓳo ꓴu"
)
_LOOK_ALIKES = {pair[0]: pair[1] for pair in _PAIRS.split()}
# Letters by category that show nothing on a screen.
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u180e")
_PUNCTUATION = dict.fromkeys("“”„‟«»‹›〝〞", '"') | dict.fromkeys("‘’‛ʼ′`´ʹʻ", "'") | dict.fromkeys("‐‑‒–—―−﹘﹣", "-")
_LATINISED = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "LISU", "COPTIC", "MODIFIER LETTER", "TURNED")
_FRAMED = ("SQUARED", "CIRCLED", "PARENTHESIZED", "REGIONAL INDICATOR")


class CharacterTable(NamedTuple):
    """Two-level lookup: ``entries[pages[cp >> 8] * 256 + (cp & 255)]``.

    An entry of 0 drops the character; a positive one is the folded code with its class; a negative one is
    ``-1 - start``, a place in ``sequences`` where the length stands, followed by that many codes.
    """

    pages: npt.NDArray[np.uint16]
    entries: npt.NDArray[np.int32]
    sequences: npt.NDArray[np.int32]


def fold_character(character: str) -> str:
    """Fold one character by the rules of this module; the plain definition behind the table.

    A blank comes back as ``" "``; a character that is dropped as ``""``.
    """
    if character in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85":
        return " "
    if character in _PUNCTUATION:
        return _PUNCTUATION[character]
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(_fold_part(part) for part in unicodedata.normalize("NFC", _without_marks(decomposed)))


def _without_marks(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Me", "Cf") and c not in _INVISIBLE)


def _fold_part(character: str) -> str:
    if character in _PUNCTUATION:
        return _PUNCTUATION[character]
    if character.isascii():
        return " " if character == " " else character if character.isprintable() else ""
    if character in _LOOK_ALIKES:
        return _LOOK_ALIKES[character]
    category = unicodedata.category(character)
    if category in ("Cc", "Co", "Cs", "Sk"):
        return ""
    if category[0] == "Z" or category == "Cn" or character == "\u2800":
        return " "
    name = unicodedata.name(character, "")
    if name.startswith(_LATINISED) or any(frame in name for frame in _FRAMED):
        # Only the builder needs anyascii; a serving install reads the finished table.
        from anyascii import anyascii

        latin = anyascii(character).lower()
        if latin.isalnum():
            return str(latin)
    digit = unicodedata.digit(character, None) if category == "Nd" else None
    return character if digit is None else str(digit)


def character_class(code: str) -> int:
    """Class of one folded code: `LETTER`, `DIGIT`, `SPACE`, `SYMBOL` or `PUNCTUATION`."""
    if code in "0123456789":
        return DIGIT
    if code == " ":
        return SPACE
    if code in '!?"':
        return SYMBOL
    if code.isascii():
        return LETTER if code.isalpha() else PUNCTUATION
    category = unicodedata.category(code)
    if category[0] in "LMN":
        return LETTER
    return SYMBOL if category in ("So", "Sm", "Sc") else SPACE


def build_table() -> CharacterTable:
    """Fold every code point there is and pack the result; takes about ten seconds."""
    pages = np.zeros(0x1100, np.uint16)
    blocks: dict[bytes, int] = {}
    stored: list[npt.NDArray[np.int32]] = []
    sequences: list[int] = []
    starts: dict[str, int] = {}
    for page in range(0x1100):
        block = np.zeros(256, np.int32)
        for low in range(256):
            point = page << 8 | low
            folded = " " if 0xD800 <= point <= 0xDFFF else fold_character(chr(point))
            codes = [character_class(code) << CLASS_SHIFT | ord(code) for code in folded]
            if len(codes) == 1:
                block[low] = codes[0]
            elif codes:
                if folded not in starts:
                    starts[folded] = len(sequences)
                    sequences += [len(codes), *codes]
                block[low] = -1 - starts[folded]
        key = block.tobytes()
        if key not in blocks:
            blocks[key] = len(stored)
            stored.append(block)
        pages[page] = blocks[key]
    return CharacterTable(pages, np.concatenate(stored), np.array(sequences, np.int32))


@cache
def load_table() -> CharacterTable:
    """The shipped table."""
    with np.load(TABLE_FILE, allow_pickle=False) as archive:
        return CharacterTable(archive["pages"], archive["entries"], archive["sequences"])


if __name__ == "__main__":
    np.savez_compressed(TABLE_FILE, **build_table()._asdict())
    sys.stderr.write(f"{TABLE_FILE.name}: Unicode {unicodedata.unidata_version}, {TABLE_FILE.stat().st_size} bytes\n")
