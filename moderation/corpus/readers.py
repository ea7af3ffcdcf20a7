"""One file of a source -> its rows as strings and numbers, columns as the source names them.

Bytes that cannot be decoded become blanks, as they do in the text kernel, and are counted.
"""

from __future__ import annotations

import csv
import email
import email.header
import email.policy
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from moderation.corpus.repair import strip_html
from moderation.errors import DataError

if TYPE_CHECKING:
    from moderation.corpus.sources import Source

MAX_HEADER = 8192
"""A header value is cut here before it is decoded; decoding takes time that grows faster than its length."""

MAX_PARTS = 1000
"""Parts of a mail that are looked at."""


class RawRows(NamedTuple):
    """Rows of a file and the number of places where its bytes could not be decoded."""

    rows: pd.DataFrame
    damaged: int


def decode(data: bytes, encoding: str) -> tuple[str, int]:
    """Text of the bytes with blanks where they make no sense, and the number of such places."""
    try:
        return data.decode(encoding), 0
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
    # A replacement character that the source itself holds is as much a scar as one that has just been made.
    return text.replace("\ufffd", " "), text.count("\ufffd")


def _delimited(path: Path, source: Source, separator: str) -> RawRows:
    text, damaged = decode(path.read_bytes(), source.encoding)
    rows = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        quoting=csv.QUOTE_NONE if source.quoting == "none" else csv.QUOTE_MINIMAL,
        names=list(source.columns) or None,
        header=None if source.columns else 0,
        keep_default_na=False,
        low_memory=False,
    )
    return RawRows(rows, damaged)


def read_csv(path: Path, source: Source) -> RawRows:
    """A comma-separated file."""
    return _delimited(path, source, ",")


def read_tsv(path: Path, source: Source) -> RawRows:
    """A tab-separated file."""
    return _delimited(path, source, "\t")


def read_jsonl(path: Path, source: Source) -> RawRows:
    """One JSON object a line."""
    text, damaged = decode(path.read_bytes(), source.encoding)
    return RawRows(pd.DataFrame([_json(line) for line in text.split("\n") if line.strip()]), damaged)


def read_lines(path: Path, source: Source) -> RawRows:
    """One text a line; the column is ``text``."""
    text, damaged = decode(path.read_bytes(), source.encoding)
    return RawRows(pd.DataFrame({"text": text.splitlines()}), damaged)


def read_paired(path: Path, source: Source) -> RawRows:
    """``x_text.txt`` with one text a line, ``x_labels.txt`` beside it with one whole number a line."""
    text, damaged = decode(path.read_bytes(), source.encoding)
    labels = path.with_name(path.name.replace("_text", "_labels")).read_text(encoding="ascii").split()
    # Only a line feed ends a line there; tweets hold other characters that `splitlines` would break at.
    texts = text.removesuffix("\n").split("\n")
    if len(texts) != len(labels):
        raise DataError(f"{path.name}: {len(texts)} texts, {len(labels)} labels")
    return RawRows(pd.DataFrame({"text": texts, "label": [int(label) for label in labels]}), damaged)


def read_clinc150(path: Path, source: Source) -> RawRows:
    """CLINC150's JSON: lists of (text, intent) by part."""
    text, damaged = decode(path.read_bytes(), source.encoding)
    parts: dict[str, list[tuple[str, str]]] = _json(text)
    return RawRows(pd.DataFrame([pair for part in parts.values() for pair in part], columns=["text", "intent"]), damaged)


def _json(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """JSON without lone surrogates, which load from an escape and cannot be written; a blank stands for each."""
    if "\\ud" in text.lower():
        text = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = text.replace("\ufffd", " ")
    return json.loads(text)


def read_mail(path: Path, source: Source) -> RawRows:
    """A zip of ``.eml`` files; columns ``file`` (name in the zip) and ``text`` (subject and first text part)."""
    names, texts, damaged = [], [], 0
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".eml"):
                text, scars = mail_text(archive.read(name), source.encoding)
                names.append(name)
                texts.append(text)
                damaged += scars
    return RawRows(pd.DataFrame({"file": names, "text": texts}), damaged)


def mail_text(data: bytes, fallback: str) -> tuple[str, int]:
    """Subject and first text part of a raw mail, plain text before HTML, and the number of undecodable places."""
    try:
        mail = email.message_from_bytes(data, policy=email.policy.compat32)
        parts = [part for _, part in zip(range(MAX_PARTS), mail.walk(), strict=False) if part.get_content_maintype() == "text"]
    except RecursionError:
        return "", 0
    subject = _header(mail)
    for wanted in ("plain", "html"):
        for part in parts:
            if part.get_content_subtype() == wanted:
                body, damaged = _body(part, fallback)
                return f"{subject}\n{strip_html(body) if wanted == 'html' else body}", damaged
    return subject, 0


def _header(mail: Message) -> str:
    value = str(mail.get("Subject", ""))[:MAX_HEADER]
    try:
        decoded = str(email.header.make_header(email.header.decode_header(value)))
    except (email.errors.HeaderParseError, LookupError, UnicodeError, ValueError):
        decoded = value
    return " ".join(decoded.split())


def _body(part: Message, fallback: str) -> tuple[str, int]:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return "", 0
    try:
        return decode(content, str(part.get_content_charset(fallback)))
    except (LookupError, ValueError):
        return decode(content, fallback)


READERS: Mapping[str, Callable[[Path, Source], RawRows]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "lines": read_lines,
    "paired": read_paired,
    "clinc150": read_clinc150,
    "mail": read_mail,
}
"""Readers by the name they have in the declaration."""
