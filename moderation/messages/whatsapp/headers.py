"""How a message begins in an export: ``[31/12/23, 22.15.07] Name: text`` on iPhones, ``31/12/23 22.15 - Name: text`` elsewhere.

Around that every phone has its own way: dots, slashes or dashes, seconds or none, a word like ``pukul`` before the time, a
no-break space before ``PM``, and marks for the direction of writing that nobody sees.
"""

from __future__ import annotations

import re
from datetime import time
from typing import NamedTuple

MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Characters that turn the direction of writing, and the byte order mark; exports have them at the start of lines and names."""

MAX_NAME_CHARACTERS = 100

_SPACE = "[ \u00a0\u202f]"
_DATE = rf"(\d{{1,4}})(?P<dash>{_SPACE}?[./-]{_SPACE}?)(\d{{1,2}})(?P=dash)(\d{{1,4}})\.?"
_WORD = rf"(?:(?:pukul|pkl\.?|jam|at|um|klo|kl\.?|à|às|alle){_SPACE})?"
_MORNING = ("am", "pg", "ص", "上午", "午前", "오전")
_PERIOD = rf"([ap]\.?{_SPACE}?m\.?|pt?g|[صم]|[上下]午|午[前後]|오[전후])"
_TIME = rf"(?:{_PERIOD}{_SPACE}?)?(\d{{1,2}})[:.](\d{{2}})(?:[:.](\d{{2}}))?(?:{_SPACE}?{_PERIOD})?"
_HEADER = re.compile(rf"[{MARKS}]*+(\[)?{_DATE}[,،]?{_SPACE}{_WORD}{_TIME}(?(1)\]{_SPACE}?|{_SPACE}[-–]{_SPACE})", re.IGNORECASE)
_NAME = re.compile(rf"([^:\n\"“]{{1,{MAX_NAME_CHARACTERS}}}):(?:{_SPACE}|(?=\r?\n|\Z))")
_STRIPPED = str.maketrans("", "", MARKS)


class Header(NamedTuple):
    """The beginning of a message.

    Attributes:
        date: Its three fields, digits as they stand, in an order to be found out.
        time: Local time of the phone that made the export.
        end: Where the name or, of a notice, the text begins in the line.
    """

    date: tuple[str, str, str]
    time: time
    end: int


def header_of(line: str) -> Header | None:
    """The header a line begins with, if it begins with one."""
    match = _HEADER.match(line)
    if match is None:
        return None
    _, first, _, second, third, before, hour, minute, seconds, after = match.groups()
    clock = _time(int(hour), int(minute), int(seconds or 0), before or after)
    return None if clock is None else Header((first, second, third), clock, match.end())


def split_name(rest: str) -> tuple[str | None, str]:
    """What follows a header as a name, without marks, and a text; None for a name that is not there."""
    match = _NAME.match(rest)
    name = match and without_marks(match[1]).strip()
    return (name, rest[match.end() :]) if match and name else (None, rest)


def without_marks(text: str) -> str:
    """A text without `MARKS`."""
    return text.translate(_STRIPPED)


def _time(hour: int, minute: int, second: int, period: str | None) -> time | None:
    if period is not None:
        if hour > 12:
            return None
        letters = re.sub(rf"\.|{_SPACE}", "", period).casefold()
        hour = hour % 12 + (0 if letters in _MORNING else 12)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None
