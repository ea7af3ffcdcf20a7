"""Bytes to text when what a mail says about its charset may be missing, unknown, wrong or meant to harm."""

from __future__ import annotations

import re
from encodings import normalize_encoding
from encodings.aliases import aliases

from moderation.limits import MAX_MENDED_CHARACTERS
from moderation.messages.arrays import scrub
from moderation.messages.mail.problems import Problem

_TRANSFORMS = frozenset(
    ("base64_codec", "bz2_codec", "hex_codec", "mbcs", "quopri_codec", "rot_13", "tactis", "uu_codec", "zlib_codec")
)
_EBCDIC = frozenset(("cp037", "cp273", "cp424", "cp500", "cp1026", "cp1140"))
"""Not believed: the ASCII that stands there instead would become something else."""

_WIDER = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis_620": "cp874",
}
"""What programs that name the left one really write."""

_CHARSETS = {name: _WIDER.get(codec, codec) for name, codec in aliases.items() if codec not in _TRANSFORMS | _EBCDIC}
_CHARSETS |= {codec: codec for codec in _CHARSETS.values()} | _WIDER
_CHARSETS |= {"koi8_u": "koi8_u", "windows_874": "cp874", "x_sjis": "cp932", "x_gbk": "gb18030", "unicode_1_1_utf_7": "utf_7"}
_MANY_BYTES = re.compile(r"utf|big5|gb|cp9(?:32|49|50)|euc|iso2022|hz|johab|shift")
"""Charsets that other bytes than theirs seldom fit. Nearly any bytes fit the others, so that fitting proves nothing."""

_SEVEN_BITS = re.compile(r"utf_7|hz|iso2022")
"""Charsets in which ASCII may stand for something else."""

_MOJIBAKE = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac|\u00f0\u0178|\u00c3[\u0192\u2020\u201a\u0161]")


def decode(data: bytes, charset: str, problems: set[Problem]) -> str:
    """Decode text. It never fails: what is no text becomes U+FFFD.

    Args:
        data: The text's bytes.
        charset: What the mail says, or nothing.
        problems: Where a charset that is unknown or wrong is noted.
    """
    codec = _CHARSETS.get(normalize_encoding(charset.strip().lower()[:40]) if charset.isascii() else "")
    if data.isascii() and b"\0" not in data and not _SEVEN_BITS.match(codec or ""):
        return data.decode("ascii")
    if charset and codec is None:
        problems.add(Problem.CHARSET)
    for attempt in (codec, "utf-8") if codec and _MANY_BYTES.match(codec) else ("utf-8", codec):
        if attempt:
            try:
                text = data.decode(attempt)
            except (UnicodeError, ValueError):
                continue
            if codec and attempt != codec:
                problems.add(Problem.CHARSET)
            return scrub(text) if attempt == "utf_7" else text
    if codec != "cp1252":
        problems.add(Problem.CHARSET)
    return scrub(data.decode(codec or "cp1252", "replace"))


def mended(text: str) -> str:
    """Undo UTF-8 that was read as something else before it was sent, where it shows."""
    if not _MOJIBAKE.search(text):
        return text
    import ftfy  # half a second, for one mail in a thousand

    return str(ftfy.fix_encoding(text[:MAX_MENDED_CHARACTERS])) + text[MAX_MENDED_CHARACTERS:]
