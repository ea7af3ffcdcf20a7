"""Every word on the page, from one file a language, and numbers and times as its readers write them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from moderation.triage.priority import HOUR

FOLDER = Path(__file__).with_name("strings")
LANGUAGES = ("id", "en")
_MINUTE = HOUR // 60


@dataclass(frozen=True)
class Language:
    """The words of one language.

    Attributes:
        code: As ISO 639 has it.
        words: By key, ``section.name``.
    """

    code: str
    words: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The words of a key with values filled in."""
        return self.words[key].format(**values)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with its marks for thousands and for decimals."""
        text = f"{value:,.{digits}f}"
        return text.translate(_SWAPPED) if self.words["number.decimal"] == "," else text

    def time(self, at: int) -> str:
        """A moment, milliseconds since 1970, by the clock of this computer."""
        moment = datetime.fromtimestamp(at / 1000).astimezone()
        month = self.words["time.months"].split()[moment.month - 1]
        return f"{moment.day} {month} {moment.year}, {moment:%H}{self.words['time.colon']}{moment:%M}"

    def span(self, milliseconds: float) -> str:
        """How long, in the one unit that tells most."""
        for unit, size, most in (("minutes", _MINUTE, 60), ("hours", HOUR, 48)):
            if milliseconds < size * most:
                return self(f"time.{unit}", n=self.number(milliseconds / size))
        return self("time.days", n=self.number(milliseconds / HOUR / 24))

    def due(self, due: int, now: int) -> str:
        """How long there is left to answer, or since when there is none."""
        return self("time.late" if due < now else "time.left", span=self.span(abs(due - now)))


_SWAPPED = str.maketrans(",.", ".,")


@cache
def language(code: str) -> Language:
    """The language of a code in `LANGUAGES`."""
    sections = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    words = {f"{section}.{name}": text for section, names in sections.items() for name, text in names.items()}
    return Language(code, words)
