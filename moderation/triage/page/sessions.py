"""Who is on the other side: visits by cookie, who is signed in, and tokens that tell our own forms from others'.

A visit is 256 random bits in a cookie. What it may do is kept here and nowhere else, so signing out ends it at once and a
restart ends all. The token of a form is an HMAC of the visit, hence there before anybody has signed in as well.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

COOKIE = "visit"
LASTS_SECONDS = 12 * 3600


class Notice(NamedTuple):
    """Something to say on the next page: key of the words, what goes into them, and whether an undo is offered."""

    key: str
    values: dict[str, Any]
    undo: bool = False


@dataclass
class Session:
    """A moderator at work.

    Attributes:
        reviewer: Pseudonym.
        until: When it ends, by the clock of `Sessions`.
        standing: What let the moderator in; the session ends when it changes.
        notices: What to say on the next page.
    """

    reviewer: str
    until: float
    standing: str
    notices: list[Notice] = field(default_factory=list)

    def notify(self, key: str, *, undo: bool = False, **values: Any) -> None:  # noqa: ANN401
        """Say something on the next page."""
        self.notices.append(Notice(key, values, undo))

    def take_notices(self) -> list[Notice]:
        """What there is to say, once."""
        told, self.notices = self.notices, []
        return told


class Sessions:
    """All sessions of one server.

    Args:
        standing: Of a moderator, as a `moderation.triage.page.gates.Gate` knows it.
        clock: Seconds.
    """

    def __init__(self, standing: Callable[[str], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._standing = standing
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._open: dict[str, Session] = {}

    @staticmethod
    def new_visit() -> str:
        """A name for a visit that nobody can guess."""
        return secrets.token_urlsafe(32)

    def token(self, visit: str) -> str:
        """What every form of a visit has to bring along."""
        return hmac.new(self._key, visit.encode(), hashlib.sha256).hexdigest()

    def is_token(self, visit: str, token: str) -> bool:
        """Whether a form is one of ours, made for this visit."""
        return bool(visit) and hmac.compare_digest(self.token(visit).encode(), token.encode())

    def sign_in(self, reviewer: str) -> str:
        """Begin a session under a new visit, so that nobody can have planted its name."""
        now = self._clock()
        for visit in [visit for visit, session in list(self._open.items()) if session.until <= now]:
            self._open.pop(visit, None)
        visit = self.new_visit()
        self._open[visit] = Session(reviewer, now + LASTS_SECONDS, self._standing(reviewer))
        return visit

    def get(self, visit: str) -> Session | None:
        """The session of a visit, if it has one that has not ended."""
        session = self._open.get(visit)
        if session is None or session.until <= self._clock() or session.standing != self._standing(session.reviewer):
            return None
        return session

    def sign_out(self, visit: str) -> None:
        """End a session."""
        self._open.pop(visit, None)
