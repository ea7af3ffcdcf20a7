"""Content-Transfer-Encoding undone. Broken encodings give what can be had of them."""

from __future__ import annotations

import binascii
import re

from moderation.messages.mail.problems import Problem

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_PROSE = re.compile(rb"[^A-Za-z0-9+/=\s]{4}|(?<!\S)[A-Za-z]{2,}+ ++[A-Za-z]{2,}+(?!\S)")
_BEGIN = re.compile(rb"^begin [^\n]*\n", re.MULTILINE)


def undo(data: bytes, encoding: str, problems: set[Problem]) -> bytes:
    """The bytes that were encoded; unknown encodings are none."""
    if encoding == "base64":
        return from_base64(data, problems)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _from_uu(data, problems)
    return data


def from_base64(data: bytes, problems: set[Problem]) -> bytes:
    """Base64 up to its padding. Lines that are none, such as the footer that a mailing list adds, stay as they are."""
    prose = _PROSE.search(data)
    plain = data.rfind(b"\n", 0, prose.start()) + 1 if prose else len(data)
    if prose:
        problems.add(Problem.ENCODING)
    try:
        return binascii.a2b_base64(data[:plain]) + data[plain:]
    except binascii.Error:
        problems.add(Problem.ENCODING)
    letters = _NOT_BASE64.sub(b"", data[:plain]).partition(b"=")[0]
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)) + data[plain:]


def _from_uu(data: bytes, problems: set[Problem]) -> bytes:
    begin = _BEGIN.search(data)
    if begin is None:
        problems.add(Problem.ENCODING)
        return data
    decoded = []
    for line in data[begin.end() :].split(b"\n"):
        if line.strip() == b"end":
            break
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            problems.add(Problem.ENCODING)
    return b"".join(decoded)
