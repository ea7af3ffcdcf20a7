"""Who may come in: whoever follows a link that works once, or knows a password; and not after too many wrong ones."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from moderation.errors import CannotCreateError, DataError, ModerationError, NoInputError, UsageError

LEAST_PASSWORD = 10
MOST_SECRET = 1_000
MOST_FAILURES, FAILURE_SECONDS = 5, 60.0
_MOST_KEYS = 10_000


class Gate(Protocol):
    """Decides whether somebody who gives a pseudonym and a secret comes in."""

    @property
    def asks(self) -> str:
        """What the form asks for: a ``password``, or nothing beside a ``link``."""
        ...

    def admits(self, reviewer: str, secret: str) -> bool:
        """Whether they come in."""
        ...

    def standing(self, reviewer: str) -> str:
        """What their sessions hang on: whoever came in under another one has to come in anew."""
        ...


class Link:
    """A link that works once. When it was used, the next one is announced to whoever runs the server."""

    asks = "link"

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._lock = threading.Lock()
        self._renew()

    def admits(self, reviewer: str, secret: str) -> bool:
        """Whether this is the link that was announced last."""
        with self._lock:
            if not secrets.compare_digest(self._secret.encode(), secret.encode()):
                return False
            self._renew()
            return True

    def standing(self, reviewer: str) -> str:
        """Always the same: a link is used up, not taken back."""
        return ""

    def _renew(self) -> None:
        self._secret = secrets.token_urlsafe(32)
        self._announce(self._secret)


class Passwords:
    """A file of pseudonyms and argon2 hashes, read anew each time, so that changes count at once."""

    asks = "password"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex())
        self._one_at_a_time = threading.Lock()  # a hash takes 64 MiB, whoever asks for it
        if not read_passwords(path):
            raise DataError(f"{path} holds no passwords: moderation triage passwd sets one")

    def admits(self, reviewer: str, secret: str) -> bool:
        """Whether it is the moderator's password; takes as long for a moderator who is not there."""
        known = read_passwords(self._path).get(reviewer)
        try:
            with self._one_at_a_time:
                return self._hasher.verify(known or self._nobody, secret[:MOST_SECRET]) and known is not None
        except (VerificationError, InvalidHashError):
            return False

    def standing(self, reviewer: str) -> str:
        """The hash of the password: a new one, or none any more, ends their sessions; so does a file that cannot be read."""
        try:
            return read_passwords(self._path).get(reviewer, "")
        except ModerationError:
            return ""


def read_passwords(path: Path) -> dict[str, str]:
    """Hashes by pseudonym.

    Raises:
        NoInputError: There is no such file.
        DataError: It is not of our making.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoInputError(f"no passwords at {path}: moderation triage passwd makes the file") from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise DataError(f"{path} is no file of passwords")
    return found


def set_password(path: Path, reviewer: str, password: str) -> None:
    """Set a moderator's password, and make the file where there is none; only its owner can read it.

    Raises:
        UsageError: The password is too short or too long.
        DataError: The file is not of our making.
        CannotCreateError: It cannot be written.
    """
    if not LEAST_PASSWORD <= len(password) <= MOST_SECRET:
        raise UsageError(f"a password has {LEAST_PASSWORD} to {MOST_SECRET:,} characters")
    known = read_passwords(path) if path.exists() else {}
    known[reviewer] = PasswordHasher().hash(password)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CannotCreateError(f"{path}: {error.strerror}") from None


class Failures:
    """Counts wrong secrets by address and by pseudonym, and says when to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: dict[str, deque[float]] = {}

    def attempt(self, keys: Collection[str]) -> int:
        """For how many seconds nobody under one of the keys may try; 0 for now.

        Then it counts as a failure under each key until it is forgiven: of many tries at once, few are let through.
        """
        with self._lock:
            now = self._clock()
            recent = {key: self._recent(key, now) for key in keys}
            full = [times[0] for times in recent.values() if len(times) >= MOST_FAILURES]
            if full:
                return int(max(full) + FAILURE_SECONDS - now) + 1
            for key, times in recent.items():
                times.append(now)
                self._failed[key] = times
            while len(self._failed) > _MOST_KEYS:
                del self._failed[next(iter(self._failed))]
            return 0

    def forgive(self, keys: Collection[str]) -> None:
        """Take back the last attempt under each key, which was none."""
        with self._lock:
            for key in keys:
                if times := self._failed.get(key):
                    times.pop()

    def _recent(self, key: str, now: float) -> deque[float]:
        times = self._failed.get(key, deque())
        while times and times[0] <= now - FAILURE_SECONDS:
            times.popleft()
        return times
