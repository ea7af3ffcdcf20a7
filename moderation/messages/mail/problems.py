"""What can be wrong with a mail: the names that stand in the column ``problems``."""

from __future__ import annotations

from enum import StrEnum


class Problem(StrEnum):
    """What was repaired, cut or given up; in one of `UNREADABLE` the mail as a whole."""

    LONG = "cut: too long"
    HEADERS = "cut: too many or too long headers"
    PARTS = "cut: too many parts"
    NESTING = "cut: nested too deeply"
    BOUNDARY = "boundary missing"
    ENCODING = "broken transfer encoding"
    CHARSET = "unknown or wrong charset"
    NO_MAIL = "no mail"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged archive member"
    BOMB = "unpacks to far too much"
    FAILED = "could not be parsed"


UNREADABLE = frozenset({Problem.NO_MAIL, Problem.ENCRYPTED, Problem.DAMAGED, Problem.BOMB, Problem.FAILED})
"""A mail with one of these gets no verdict."""
