"""The date of a mail as ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_LONGEST = 100


def iso_time(text: str) -> str | None:
    """The time that a Date field names, in UTC to the second; None when it names none. Without a zone it is taken for UTC."""
    from email.utils import parsedate_tz

    try:
        parsed = parsedate_tz(text[:_LONGEST])
        if parsed is None:
            return None
        time = datetime(*parsed[:6], tzinfo=UTC) - timedelta(seconds=parsed[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time.year >= 1000 else None
