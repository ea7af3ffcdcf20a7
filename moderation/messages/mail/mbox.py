"""An mbox to its mails: one after the other, each below a line that begins with ``From ``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from moderation.limits import BLOCK_BYTES, MAX_MAIL_BYTES
from moderation.messages.batch import Readable
from moderation.messages.mail.look import MBOX_LINE

_SEPARATOR = re.compile(rb"\n" + MBOX_LINE.pattern)
_AHEAD_BYTES = 2_000  # more than a separator is long
_ESCAPED = re.compile(rb"\n>(>*From )")


def mails(stream: Readable) -> Iterator[bytes]:
    """Read the mails of an mbox, at most one byte more than `MAX_MAIL_BYTES` of each.

    Only a line with a time in it and a header below it begins a mail: other lines that begin with ``From `` are text that
    somebody forgot to escape. What Content-Length says is not believed.
    """
    mail = _Kept()
    buffer = b"\n"
    block = b"\n"
    while block:
        block = stream.read(BLOCK_BYTES)
        buffer += block
        settled = max(0, len(buffer) - _AHEAD_BYTES) if block else len(buffer)
        place = 0
        for separator in _SEPARATOR.finditer(buffer):
            if separator.start() >= settled:
                break
            mail.add(buffer[place : separator.start() + 1])
            yield from mail.take()
            place = separator.start() + 1
        mail.add(buffer[place:settled])
        buffer = buffer[max(place, settled) :]
    yield from mail.take()


class _Kept:
    """The beginning of a mail, gathered piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._room = MAX_MAIL_BYTES + 1

    def add(self, piece: bytes) -> None:
        if self._room and piece:
            self._pieces.append(piece[: self._room])
            self._room -= len(self._pieces[-1])

    def take(self) -> Iterator[bytes]:
        """The mail, unless it is blank."""
        data = b"".join(self._pieces)
        self.__init__()  # type: ignore[misc]
        if data.strip():
            yield _ESCAPED.sub(rb"\n\1", data)
