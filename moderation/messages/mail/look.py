"""Tell mails from other inputs by a look at their first bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from pathlib import PurePath
from typing import Literal

MailFormat = Literal["eml", "mbox"]

MBOX_LINE = re.compile(
    rb"From (?=[^\r\n]{0,500}? \d{1,2}:\d\d)[^\r\n]{1,1000}+\r?\n(?=>?[!-9;-~]{1,200}+:|>?From )",
)
"""The line above each mail of an mbox: sender and date, and a header right below."""

_FIELD = re.compile(rb"([!-9;-~]{1,200}+)[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z)")
_ENVELOPE = re.compile(rb">?From [^\n]*\n")
_TELLING = frozenset(
    b"return-path received delivered-to message-id mime-version content-type x-mailer dkim-signature content-transfer-encoding"
    b" authentication-results envelope-to x-originating-ip list-unsubscribe".split()
)
_USUAL = frozenset((b"from", b"to", b"subject", b"date", b"cc", b"bcc", b"reply-to", b"sender", b"in-reply-to", b"references"))


def is_mbox(head: bytes) -> bool:
    """Whether an input begins as an mbox does."""
    return bool(MBOX_LINE.match(head.removeprefix(codecs.BOM_UTF8)))


def is_mail(head: bytes) -> bool:
    """Whether an input begins with the header of a mail: a field that little else has, or two that all mails have."""
    head = head.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    envelope = _ENVELOPE.match(head)
    position = envelope.end() if envelope else 0
    usual = set()
    for _ in range(50):
        field = _FIELD.match(head, position)
        if field is None:
            return False
        name = field[1].lower()
        usual.update({name} & _USUAL)
        if name in _TELLING or len(usual) == 2:
            return True
        position = field.end()
    return False


def format_among_mails(name: str, head: bytes) -> MailFormat | None:
    """What a file in a folder or an archive of mails is; None when it is no mail.

    Args:
        name: Its path.
        head: Its first bytes.
    """
    extension = PurePath(name).suffix.lower()
    if extension == ".mbox" or (extension != ".eml" and is_mbox(head)):
        return "mbox"
    return "eml" if extension in (".eml", ".txt") or is_mail(head) else None


def has_mail_header(names: Collection[bytes]) -> bool:
    """Whether some name of a field, in lower case, is one of a mail's header."""
    return any(
        name in _USUAL or name in _TELLING or name.startswith((b"x-", b"content-", b"list-", b"resent-")) for name in names
    )
