"""Which format an input has: by its extension or, failing that, by a look at its first bytes."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Literal, get_args

from moderation.errors import DataError
from moderation.limits import PEEK_BYTES
from moderation.messages.columns import is_text_name
from moderation.messages.decoding import encoding_of
from moderation.messages.delimited import delimiter_of
from moderation.messages.mail.look import is_mail, is_mbox
from moderation.messages.tickets import is_export
from moderation.messages.whatsapp import is_chat

InputFormat = Literal[
    "csv", "tsv", "jsonl", "json", "parquet", "lines", "whatsapp", "tickets", "ticket-lines", "eml", "mbox", "zip"
]
INPUT_FORMATS: tuple[InputFormat, ...] = get_args(InputFormat)

EXTENSIONS: dict[str, InputFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".eml": "eml",
    ".mbox": "mbox",
}
"""``.txt`` is not among them: such a file is looked at. A folder is searched for these and ``.txt``."""

_REFUSED = (
    (b"\x1f\x8b", "is compressed: unpack it first"),
    (b"BZh", "is compressed: unpack it first"),
    (b"\xfd7zXZ\x00", "is compressed: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed: unpack it first"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Office file: save it as CSV first"),
    (b"%PDF-", "is a PDF file: save its text first"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OBJECT = re.compile(r'\{\s*"[^"]*"\s*:')
_ARRAY = re.compile(r"\[\s*(?:[{\"]|$)")


def format_of(name: str, head: bytes, encoding: str, text_column: str | None) -> InputFormat:
    """Tell the format of an input.

    Args:
        name: A path or anything without an extension.
        head: The first `PEEK_BYTES`, or all there are.
        encoding: Of text, unless a byte order mark tells another.
        text_column: The column the user named, if any.

    Raises:
        DataError: It is known to be none of the formats.
    """
    known = EXTENSIONS.get(PurePath(name).suffix.lower())
    if known in ("eml", "mbox"):
        return known
    if head.startswith(_ZIP):
        return "zip"
    for magic, reason in _REFUSED:
        if head.startswith(magic):
            raise DataError(f"{name} {reason}")
    if head[257:262] == b"ustar":
        raise DataError(f"{name} is a tar archive: unpack it first")
    if known is not None and known not in ("json", "jsonl"):
        return known
    if head.startswith(b"PAR1"):
        return "parquet"
    if known is None and (is_mbox(head) or is_mail(head)):
        return "mbox" if is_mbox(head) else "eml"
    text = head.decode(encoding_of(head, encoding), "replace").lstrip()
    line, end, _ = text.partition("\n")
    whole = bool(end) or len(head) < PEEK_BYTES
    form = known or _json_format(line, whole)
    if known == "json" and _parses_as(dict, line) and text.strip() != line.strip():
        form = "jsonl"
    if form is not None and is_export(text, text_column):
        whole_line = known == "jsonl" or not end or _parses_as(dict, line)
        return "ticket-lines" if form == "jsonl" and whole_line else "tickets"
    if form is None and is_chat(text):
        return "whatsapp"
    return form or _delimited_format(line, text_column) or "lines"


def _json_format(line: str, whole: bool) -> InputFormat | None:
    if line.startswith("{"):
        if _OBJECT.match(line) or _parses_as(dict, line):
            return "jsonl"
        return "json" if line.strip() == "{" else None
    if _ARRAY.match(line) and (not whole or _parses_as(list, line) or not line.rstrip().endswith("]")):
        return "json"
    return None


def _parses_as(kind: type, line: str) -> bool:
    try:
        return isinstance(json.loads(line), kind)
    except (ValueError, RecursionError):
        return False


def _delimited_format(line: str, text_column: str | None) -> InputFormat | None:
    delimiter = delimiter_of(line, "")
    cells = [cell.strip().strip('"') for cell in line.split(delimiter)] if delimiter else []
    if any(is_text_name(cell, text_column) for cell in cells):
        return "tsv" if delimiter == "\t" else "csv"
    return None
