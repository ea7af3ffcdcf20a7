"""One mail, whatever its state, to what is known of it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from moderation.limits import MAX_MAIL_BYTES
from moderation.messages.mail.charsets import mended
from moderation.messages.mail.dates import iso_time
from moderation.messages.mail.headers import Headers, split
from moderation.messages.mail.look import has_mail_header
from moderation.messages.mail.parts import PartReader
from moderation.messages.mail.problems import Problem

_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_WIDE = re.compile(rb"(?:[\t\n\r -~]\0){8}|(?:\0[\t\n\r -~]){8}")


@dataclass(frozen=True)
class Mail:
    """What is known of a mail.

    Attributes:
        message_id: Without angle brackets.
        thread_id: The id of the first mail of the conversation: the first of References, else In-Reply-To, else its own.
        author: The sender as he calls himself, name and address.
        time: When it was sent, as ISO 8601 in UTC; None when the mail does not say it in a way that can be read.
        subject: Decoded.
        text: Subject and new text, which is what is judged; None when there is neither. When nothing in the mail looks new,
            all of it is.
        quoted: Quoted replies and forwarded mails.
        signature: The signature, footers of mailing lists and lines like "Sent from my iPhone".
        attachments: The names of the attachments, or their media types; they are not unpacked.
        problems: What was repaired, cut or given up.
    """

    message_id: str | None = None
    thread_id: str | None = None
    author: str | None = None
    time: str | None = None
    subject: str | None = None
    text: str | None = None
    quoted: str | None = None
    signature: str | None = None
    attachments: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def parse_mail(data: bytes) -> Mail:
    """Parse one mail. Any bytes give a result, in time and memory that `moderation.limits` bounds.

    What has no header is a mail that is all text, unless it is binary: then it is `Problem.NO_MAIL`.
    """
    problems: set[Problem] = set()
    if len(data) > MAX_MAIL_BYTES:
        problems.add(Problem.LONG)
        data = data[:MAX_MAIL_BYTES]
    data = _lines(data, problems)
    headers, start = split(data, 0, len(data), problems)
    if not has_mail_header(headers.fields):
        if b"\0" in data:
            return Mail(problems=(Problem.NO_MAIL,))
        headers, start = Headers({}), 0
    parts = PartReader(data, problems)
    content = parts.read(headers, start, len(data))
    subject = headers.text(b"subject", problems, parts.charset)
    subject = mended(subject) if subject else None
    new, quoted, signature = content.new, content.quoted, content.signature
    if not new.strip():
        new, quoted = quoted, ""
    if not new.strip():
        new, signature = signature, ""
    new = mended(new.strip("\n"))
    message_id = _first_id(headers, b"message-id", problems)
    thread_id = _first_id(headers, b"references", problems) or _first_id(headers, b"in-reply-to", problems) or message_id
    return Mail(
        message_id,
        thread_id,
        headers.text(b"from", problems, parts.charset),
        iso_time(headers.text(b"date", problems) or ""),
        subject,
        "\n".join(part for part in (subject, new) if part and part.strip()) or None,
        quoted or None,
        signature or None,
        tuple(parts.attachments),
        tuple(sorted(problems)),
    )


def _lines(data: bytes, problems: set[Problem]) -> bytes:
    r"""The mail as bytes that ASCII is part of, its lines ended by ``\n``."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _WIDE.match(data):
        problems.add(Problem.CHARSET)
        codec = "utf-16" if data[:1] in b"\xff\xfe" else "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
        data = data.decode(codec, "replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")


def _first_id(headers: Headers, name: bytes, problems: set[Problem]) -> str | None:
    text = headers.text(name, problems)
    if text is None:
        return None
    match = _ID.search(text)
    return match[1] if match else text.split()[0]
