"""A stream of one mail or of an mbox to parsed mails with their paths."""

from __future__ import annotations

from collections.abc import Iterator

from moderation.limits import BLOCK_BYTES, MAX_MAIL_BYTES
from moderation.messages.batch import Readable
from moderation.messages.mail import mbox
from moderation.messages.mail.look import MailFormat
from moderation.messages.mail.parsing import Mail, parse_mail
from moderation.messages.mail.problems import Problem


def read_stream(form: MailFormat, stream: Readable, path: str) -> Iterator[tuple[str, Mail]]:
    """Read one mail, or those of an mbox, which have ``#n`` behind the path when there are several."""
    if form == "eml":
        yield path, parsed(_beginning(stream))
        return
    mails = mbox.mails(stream)
    held = next(mails, None)
    number = 0
    while held is not None:
        coming = next(mails, None)
        number += 1
        yield path if number == 1 and coming is None else f"{path}#{number}", parsed(held)
        held = coming


def parsed(data: bytes) -> Mail:
    """Parse a mail; one that brings the parser down costs its own row, not those of the others."""
    try:
        return parse_mail(data)
    except Exception:  # the last line of defence: no such mail is known
        return Mail(problems=(Problem.FAILED,))


def _beginning(stream: Readable) -> bytes:
    data = bytearray()
    while len(data) <= MAX_MAIL_BYTES and (block := stream.read(BLOCK_BYTES)):
        data += block
    return bytes(data)
