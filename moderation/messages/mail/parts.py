"""The parts of a mail as a tree, walked with limits; what its readers see of it is one text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from moderation.limits import MAX_MAIL_DEPTH, MAX_MAIL_PARTS, MAX_MAIL_TEXT_BYTES, MAX_SEARCHED_BYTES
from moderation.messages.mail import replies
from moderation.messages.mail.charsets import decode
from moderation.messages.mail.headers import Headers, Value, split
from moderation.messages.mail.html import seen
from moderation.messages.mail.problems import Problem
from moderation.messages.mail.transfer import undo

_GUESSED_BOUNDARY = re.compile(rb"(?:^|\n)--([^\n]{1,200})\nContent-", re.IGNORECASE)
_FILES = frozenset(
    f"text/{kind}" for kind in ("calendar", "css", "csv", "directory", "javascript", "rtf", "vcard", "x-vcard", "xml")
)
"""Text that nobody wrote to be read."""

_MARKED_UP = frozenset(("text/html", "application/xhtml+xml", "text/enriched", "text/richtext"))
_PAGE = re.compile(r"\s*<(?:html|!doctype html|body|head)\b", re.IGNORECASE)
_STUB = re.compile(r"\bhtml\b|\bbrowser\b|\bperamban\b", re.IGNORECASE)
_STUB_CHARACTERS = 500
_WORTH = 4
"""A plain alternative with so many times less text than the other one says something else, or nothing."""


class Content(NamedTuple):
    """The readable text below a part."""

    new: str = ""
    quoted: str = ""
    signature: str = ""
    from_html: bool = False

    @property
    def size(self) -> int:
        """How many characters there are."""
        return len(self.new) + len(self.quoted) + len(self.signature)


@dataclass
class PartReader:
    r"""Reads the parts of one mail.

    Attributes:
        data: The whole mail; its lines end in ``\n``.
        problems: What was repaired or cut so far.
        attachments: The names of what is no text so far, or their media types when they have none.
        charset: The first one that a part names.
    """

    data: bytes
    problems: set[Problem]
    attachments: list[str] = field(default_factory=list)
    charset: str = ""
    _parts: int = 0
    _text_left: int = MAX_MAIL_TEXT_BYTES
    _search_left: int = MAX_SEARCHED_BYTES

    def read(self, headers: Headers, start: int, end: int, usual: str = "text/plain", depth: int = 0) -> Content:
        """Read one part and all below it.

        Args:
            headers: Its header.
            start: Where its body begins.
            end: Where its body ends.
            usual: Its media type when it names none.
            depth: How many parts it is in.
        """
        kind = headers.value(b"content-type", self.problems)
        media_type = kind.media_type or usual
        if depth > MAX_MAIL_DEPTH or self._search_left <= 0:
            self.problems.add(Problem.NESTING)
            return Content()
        if media_type.startswith("multipart/"):
            parts = self._split(kind.parameters.get("boundary", ""), start, end)
            if parts:
                return self._multipart(media_type, parts, depth)
            self.problems.add(Problem.BOUNDARY)
            media_type = "text/plain"
        if media_type in ("message/rfc822", "message/global", "message/news"):
            return self._forwarded(headers, start, end, depth)
        disposition = headers.value(b"content-disposition", self.problems)
        is_text = (media_type.startswith(("text/", "message/")) and media_type not in _FILES) or media_type in _MARKED_UP
        if not is_text or disposition.main == "attachment":
            self.attachments.append(_name(kind, disposition) or media_type)
            return Content()
        text = self._text(headers, kind, start, end)
        if media_type in _MARKED_UP or _PAGE.match(text):
            page = seen(text)
            below = replies.split(page.new)
            signature = _together((below.signature, page.signature))
            return Content(below.new, _together((below.quoted, page.quoted)), signature, from_html=True)
        if media_type.startswith("message/"):
            return Content(quoted=text)
        return Content(*replies.split(text))

    def _text(self, headers: Headers, kind: Value, start: int, end: int) -> str:
        # Encoded, three bytes of it can be one of text.
        raw = self.data[start : min(end, start + 3 * self._text_left)]
        encoding = headers.value(b"content-transfer-encoding", self.problems).main
        data = undo(raw, encoding, self.problems)
        if len(raw) < end - start or len(data) > self._text_left:
            self.problems.add(Problem.LONG)
            data = data[: self._text_left]
        self._text_left -= len(data)
        charset = kind.parameters.get("charset", "")
        self.charset = self.charset or charset
        text = decode(data, charset, self.problems)
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _multipart(self, media_type: str, parts: list[tuple[int, int]], depth: int) -> Content:
        usual = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        contents = []
        for start, end in parts:
            headers, body = split(self.data, start, end, self.problems)
            contents.append(self.read(headers, body, end, usual, depth + 1))
        if media_type == "multipart/alternative":
            return _best(contents)
        return Content(
            _together(content.new for content in contents),
            _together(content.quoted for content in contents),
            _together(content.signature for content in contents),
            any(content.from_html for content in contents),
        )

    def _forwarded(self, headers: Headers, start: int, end: int, depth: int) -> Content:
        if headers.value(b"content-transfer-encoding", self.problems).main in ("base64", "quoted-printable"):
            # Not allowed, and a way to make one mail out of the bytes of another without end.
            self.attachments.append("message/rfc822")
            return Content()
        headers, body = split(self.data, start, end, self.problems)
        content = self.read(headers, body, end, depth=depth + 1)
        subject = headers.text(b"subject", self.problems) or ""
        return Content(quoted=_together((subject, content.new, content.quoted, content.signature)))

    def _split(self, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
        """Where the parts between the lines ``--boundary`` begin and end."""
        self._search_left -= end - start
        found = list(self._between(boundary.rstrip().encode(errors="replace"), start, end)) if boundary.strip() else []
        if not found and (guess := _GUESSED_BOUNDARY.search(self.data, start, end)):
            self.problems.add(Problem.BOUNDARY)
            found = list(self._between(guess[1].rstrip(), start, end))
        return found

    def _between(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        line = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*+(?:(?=\n)|\Z)")
        begin = -1
        for found in line.finditer(self.data, start - 1, end):
            if begin >= 0:
                yield min(begin, found.start()), found.start()
            if found[1]:
                return
            if self._parts == MAX_MAIL_PARTS:
                self.problems.add(Problem.PARTS)
                return
            begin = min(found.end() + 1, end)
            self._parts += 1
        if begin >= 0:
            yield begin, end


def _name(kind: Value, disposition: Value) -> str:
    name = disposition.parameters.get("filename") or kind.parameters.get("name") or ""
    return " ".join(name.split())


def _together(texts: Iterator[str] | tuple[str, ...]) -> str:
    return "\n\n".join(text for text in texts if text.strip())


def _best(contents: list[Content]) -> Content:
    """The alternative to read: the plain one, unless it only stands in for the other."""
    plain = max((content for content in contents if not content.from_html), key=lambda content: content.size, default=Content())
    rich = max((content for content in contents if content.from_html), key=lambda content: content.size, default=Content())
    is_stub = plain.size < _STUB_CHARACTERS and _STUB.search(plain.new) and rich.size > plain.size
    return rich if is_stub or plain.size * _WORTH < rich.size else plain
