"""When a message was sent, in whatever way a file says so; and clocks."""

from __future__ import annotations

import math
import time
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

_LEAST_MILLISECONDS = 1e11
"""A number from here on counts milliseconds since 1970, one below seconds: 1973 the one way, the year 5138 the other."""


def milliseconds() -> int:
    """Now, in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def as_datetime(at: int) -> datetime:
    """Milliseconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC)


def parse_time(cell: object) -> int | None:
    """A time in milliseconds since 1970, or None where none can be seen.

    ISO 8601, the dates of mail, and seconds or milliseconds since 1970. One without a zone is in that of this computer.
    """
    if cell is None:
        return None
    try:
        if isinstance(cell, datetime):
            return round(cell.timestamp() * 1000)
        if isinstance(cell, date):
            return parse_time(datetime(cell.year, cell.month, cell.day))
        if isinstance(cell, str) and not _is_number(cell):
            return _parse_text(cell.strip())
        number = float(cell) if isinstance(cell, str | int | float) and not isinstance(cell, bool) else math.nan
        if not 0 <= number < _LEAST_MILLISECONDS * 100:
            return None
        return round(number if number >= _LEAST_MILLISECONDS else number * 1000)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _is_number(cell: str) -> bool:
    # A date such as 20251118 has eight digits, seconds since 1970 have had nine and more since 1973.
    whole = cell.strip().partition(".")[0]
    return len(whole) >= 9 and whole.isdecimal()


def _parse_text(cell: str) -> int:
    try:
        parsed = datetime.fromisoformat(cell)
    except ValueError:
        parsed = parsedate_to_datetime(cell)
    return round(parsed.timestamp() * 1000)
