"""What can go wrong between two people at one queue."""

from __future__ import annotations

from moderation.errors import ModerationError


class ConflictError(ModerationError):
    """Somebody else was quicker, or may decide this and you may not. Names message numbers and pseudonyms, never texts."""

    exit_code = 1
