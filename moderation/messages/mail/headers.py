"""The header of a mail or of one of its parts: fields, parameters and encoded words, each looked at up to a limit."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote_to_bytes

from moderation.limits import MAX_MAIL_HEADER_BYTES, MAX_MAIL_HEADERS, MAX_PARAMETERS
from moderation.messages.mail.charsets import decode
from moderation.messages.mail.problems import Problem
from moderation.messages.mail.transfer import from_base64

_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_ENVELOPE = re.compile(rb"(?:>?From [^\n]*+\n)*+")
_FOLDS = re.compile(r"\n[ \t\n]*+")
_MEDIA_TYPE = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)")
_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;]*+))')
_ESCAPE = re.compile(r"\\(.)")
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?")
_WORD = re.compile(r"=\?([^?\s*]{1,75})(?:\*[^?\s]{0,75})?\?([bBqQ])\?([^?]*)\?=")

_LONGEST_NAME = 1_000


@dataclass(frozen=True)
class Headers:
    """The first field of each name, by its lower-case name, as bytes cut to `MAX_MAIL_HEADER_BYTES`."""

    fields: dict[bytes, bytes]

    def text(self, name: bytes, problems: set[Problem], charset: str = "") -> str | None:
        """A field unfolded, its encoded words decoded; None when there is none or nothing in it.

        Args:
            name: In lower case.
            problems: Where a charset that is unknown or wrong is noted.
            charset: Of bytes that should have been encoded.
        """
        return decode_words(self._unfolded(name, problems, charset), problems).strip() or None

    def value(self, name: bytes, problems: set[Problem]) -> Value:
        """A field that has parameters, such as Content-Type."""
        head, semicolon, rest = self._unfolded(name, problems).partition(";")
        return Value(head.strip().lower(), dict(_parameters(semicolon + rest, problems)))

    def _unfolded(self, name: bytes, problems: set[Problem], charset: str = "") -> str:
        return _FOLDS.sub(" ", decode(self.fields.get(name, b""), charset, problems)).strip()


@dataclass(frozen=True)
class Value:
    """A field such as ``text/plain; charset=utf-8``: ``main`` in lower case, the parameters by their lower-case names."""

    main: str
    parameters: dict[str, str]

    @property
    def media_type(self) -> str:
        """The main value if it is a media type, else nothing."""
        match = _MEDIA_TYPE.match(self.main)
        return match[1] if match else ""


def split(data: bytes, start: int, end: int, problems: set[Problem]) -> tuple[Headers, int]:
    r"""Read the header that begins at `start` and tell where the body begins.

    The header ends at the first blank line, or at a line that can be no part of one, which then belongs to the body.

    Args:
        data: Lines that end in ``\n``.
        start: Where the header begins.
        end: Where its mail or part ends.
        problems: Where it is noted that not all was looked at.
    """
    position = _ENVELOPE.match(data, start, end).end()  # type: ignore[union-attr]
    fields: dict[bytes, bytes] = {}
    for _ in range(MAX_MAIL_HEADERS):
        match = _FIELD.match(data, position, end)
        if match is None:
            return Headers(fields), position + (data[position : position + 1] == b"\n" and position < end)
        begin, stop = match.span(2)
        if stop - begin > MAX_MAIL_HEADER_BYTES:
            problems.add(Problem.HEADERS)
            stop = begin + MAX_MAIL_HEADER_BYTES
        fields.setdefault(match[1].lower(), data[begin:stop])
        position = match.end()
    problems.add(Problem.HEADERS)
    blank = data.find(b"\n\n", position, end)
    return Headers(fields), end if blank < 0 else blank + 2


def decode_words(text: str, problems: set[Problem]) -> str:
    """Decode RFC 2047 words. Neighbours of one charset are joined first, for a character may be spread over two."""
    if "=?" not in text:
        return text
    decoded: list[str] = []
    held, held_charset = b"", ""
    position = 0
    for word in _WORD.finditer(text):
        between = text[position : word.start()]
        charset = word[1].lower()
        if held and (charset != held_charset or not (between.isspace() or not between)):
            decoded.append(decode(held, held_charset, problems))
            if between.strip():
                decoded.append(between)
            held = b""
        elif not held:
            decoded.append(between)
        held += _word_bytes(word[2], word[3], problems)
        held_charset = charset
        position = word.end()
    return "".join([*decoded, decode(held, held_charset, problems), text[position:]])


def _word_bytes(encoding: str, content: str, problems: set[Problem]) -> bytes:
    data = content.encode()
    return from_base64(data, problems) if encoding in "bB" else binascii.a2b_qp(data, header=True)


def _parameters(text: str, problems: set[Problem]) -> Iterator[tuple[str, str]]:
    """Parameters by name, those of RFC 2231 put together from their sections."""
    sections: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, quoted, bare in map(re.Match.groups, islice(_PARAMETER.finditer(text), MAX_PARAMETERS)):
        value = bare.strip() if quoted is None else _ESCAPE.sub(r"\1", quoted)
        section = _SECTION.fullmatch(name.lower())
        if section is None:
            continue
        sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), (bool(section[3]), value))
    for name, values in sections.items():
        extended, first = values.get(0, (False, ""))
        charset = ""
        if extended and first.count("'") >= 2:
            charset, _, first = first.split("'", 2)
            values[0] = (True, first)
        if len(values) == 1 and not extended:
            yield name, decode_words(first[:_LONGEST_NAME], problems)
        else:
            data = b"".join(unquote_to_bytes(v) if e else v.encode() for _, (e, v) in sorted(values.items()))
            yield name, decode(data, charset, problems)
