"""The text of a mail to what its author wrote now, what is quoted or forwarded, and the signature."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_SIGNATURE_LINES = 15
MAX_SIGNATURE_CHARACTERS = 1_500
"""What is longer is no signature, whatever stands above it."""

MAX_ATTRIBUTION_CHARACTERS = 500

_QUOTED = re.compile(r"[ \t]{0,4}[A-Z]{0,4}>(?!From )")
_WROTE = re.compile(
    r"\b(?:wrote|writes|said|menulis|menuliskan|schrieb|écrit|escribió|schreef)\b.{0,80}:\Z|<[^<>\s]+@[^<>\s]+> ?:\Z",
    re.IGNORECASE,
)
_ON = re.compile(r"(?:on|pada)\b|20\d\d-\d\d-\d\d\b", re.IGNORECASE)
_TIME = re.compile(r"\b(?:(?:19|20)\d\d|\d{1,2}[:.]\d\d)\b")
_FORWARDED = re.compile(
    r"[- ]{2,}(?:original (?:message|appointment)|forwarded (?:message|by .*)|repl(?:y|ied) message|pesan (?:asli|terusan)"
    r"|pesan yang diteruskan|diteruskan oleh .*)[- ]{2,}"
    r"|begin forwarded message:|(?:awal|mulai) pesan (?:terusan|yang diteruskan):",
    re.IGNORECASE,
)
_SENDER = re.compile(r"\*?(?:from|dari|von|de|pengirim)\*? ?:", re.IGNORECASE)
_OTHERS = re.compile(
    r"\*?(?:(?P<date>sent|date|terkirim|dikirim|tanggal|hari)"
    r"|to|cc|subject|kepada|ke|untuk|tembusan|perihal|subjek|hal|judul)\*? ?:",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_\-=* ]{10,}")
_CLOSING = re.compile(
    r"(?:sent|dikirim|terkirim) (?:from|dari|using|via|with|by) (?:my |the )?"
    r"(?:yahoo|gmail|outlook|proton|mail\b|ponsel|hp\b|iphone|ipad|android|samsung|xiaomi|smartphone|mobile|perangkat|telkomsel|blackberry).{0,80}"
    r"|(?:get|dapatkan) outlook (?:for|untuk) .{0,30}|powered by telkomsel blackberry.{0,20}",
    re.IGNORECASE,
)
_LIST_FOOTER = re.compile(r"_{20,}")
_LIST = re.compile(r"mailing list|listinfo|unsubscribe|milis", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n{3,}")


class Split(NamedTuple):
    """The three parts of a text, without blank lines at their ends."""

    new: str
    quoted: str
    signature: str


def split(text: str) -> Split:
    r"""Tell the parts of a plain text apart. Each line is in one of them.

    Args:
        text: Lines that end in ``\n``.
    """
    lines = text.split("\n")
    new: list[str] = []
    quoted: list[str] = []
    place = 0
    while place < len(lines):
        length, to_end = _quote_at(lines, place)
        if to_end:
            quoted += lines[place:]
            break
        if length:
            quoted += lines[place : place + length]
        else:
            new.append(lines[place])
        place += max(length, 1)
    ending = _signature_at(new)
    return Split(_joined(new[:ending]), _joined(quoted), _joined(new[ending:]))


def _joined(lines: list[str]) -> str:
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")


def _quote_at(lines: list[str], place: int) -> tuple[int, bool]:
    """How many lines from `place` on are quoted, and whether all below them is."""
    line = lines[place].strip()
    if not line:
        return 0, False
    if _QUOTED.match(lines[place]):
        return 1, False
    if line[0] in "-bBaAmM" and _FORWARDED.fullmatch(line[:200]):
        return 1, True
    if _SENDER.match(line) and _is_header_block(lines, place):
        return 1, True
    if line[0] in "_-=*" and _RULE.fullmatch(line[:200]) and _is_header_block(lines, place + 1):
        return 1, True
    return _attribution_at(lines, place)


def _is_header_block(lines: list[str], place: int) -> bool:
    """Whether a sender, a date and something else of a header stand in a few lines, as programs write above a quoted mail."""
    head = [line.strip() for line in lines[place : place + 10] if line.strip()][:6]
    if not head or not _SENDER.match(head[0]):
        return False
    others = [match for line in head[1:] if (match := _OTHERS.match(line))]
    return len(others) >= 2 and any(match["date"] for match in others)


def _attribution_at(lines: list[str], place: int) -> tuple[int, bool]:
    """``On ... wrote:``, over up to three lines: what it stands above is quoted if it is marked, or if the line names a time."""
    for length in (1, 2, 3):
        last = lines[place + length - 1].strip() if place + length <= len(lines) else ""
        if not last:
            break
        if not last.endswith(":"):
            continue
        whole = " ".join(line.strip() for line in lines[place : place + length])
        if len(whole) > MAX_ATTRIBUTION_CHARACTERS or not _WROTE.search(whole):
            break
        dated = bool(_ON.match(whole) and _TIME.search(whole))
        follows = next((line for line in lines[place + length : place + length + 3] if line.strip()), "")
        if _QUOTED.match(follows):
            return (length, False) if dated or length == 1 else (0, False)
        return (length, True) if dated else (0, False)
    return 0, False


def _signature_at(lines: list[str]) -> int:
    """Where the signature begins; behind the last line when there is none."""
    end = len(lines)
    left, room = MAX_SIGNATURE_LINES, MAX_SIGNATURE_CHARACTERS
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place].strip()
        if line == "--" or (_LIST_FOOTER.fullmatch(line) and _LIST.search("\n".join(lines[place : place + 6]))):
            end = place
        left, room = left - bool(line), room - len(line)
        if left < 0 or room < 0:
            break
    while end and (not lines[end - 1].strip() or _CLOSING.fullmatch(lines[end - 1].strip(" .*_"))):
        end -= 1
    return end
