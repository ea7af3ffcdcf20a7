"""Bytes to lines of text: byte order marks understood, bad bytes replaced and counted, never a traceback."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator

from moderation.errors import DataError, UsageError
from moderation.limits import BLOCK_BYTES, MAX_BATCH_CHARACTERS, MAX_JSON_CHARACTERS, MAX_LINE_CHARACTERS
from moderation.messages.batch import Source

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""A UTF-32 mark begins like a UTF-16 one, so it is tried first."""


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that Python does not know or that is none of text.

    Raises:
        UsageError: So it is.
    """
    try:
        b"\0\0\0\0".decode(encoding, "replace")
        codecs.getincrementaldecoder(encoding)
    except (LookupError, ValueError):
        raise UsageError(f"unknown encoding {encoding!r}") from None


def encoding_of(head: bytes, usual: str) -> str:
    """The encoding that a byte order mark tells, or the usual one."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), usual)


def decoded(source: Source) -> Iterator[str]:
    """Decode the source block by block."""
    decoder: codecs.IncrementalDecoder | None = None
    while block := source.stream.read(BLOCK_BYTES):
        decoder = decoder or codecs.getincrementaldecoder(encoding_of(block, source.encoding))()
        yield _decode(decoder, block, source)
    if decoder is not None:
        yield _decode(decoder, b"", source)


def _decode(decoder: codecs.IncrementalDecoder, block: bytes, source: Source) -> str:
    final = not block
    state = decoder.getstate()
    try:
        decoder.errors = "strict"
        return decoder.decode(block, final)
    except UnicodeDecodeError:
        # What replacing adds to ignoring is what was replaced, whatever U+FFFD the input itself holds.
        decoder.setstate(state)
        decoder.errors = "ignore"
        kept = decoder.decode(block, final)
        decoder.setstate(state)
        decoder.errors = "replace"
        text = decoder.decode(block, final)
        source.problems.replaced_sequences += text.count("\ufffd") - kept.count("\ufffd")
        return text


def whole_document(source: Source) -> str:
    """All of a source at once, for a JSON document.

    Raises:
        DataError: It has more than `MAX_JSON_CHARACTERS`.
    """
    parts, size = [], 0
    for part in decoded(source):
        parts.append(part)
        size += len(part)
        if size > MAX_JSON_CHARACTERS:
            raise DataError(f"{source.name}: more than {MAX_JSON_CHARACTERS:,} characters in one JSON document; make it JSONL")
    return "".join(parts)


def line_batches(source: Source, newline: str) -> Iterator[list[str]]:
    r"""Split the source into lines, which keep their ends.

    Args:
        source: Where to read.
        newline: ``"\n"`` to end lines there only, ``""`` at ``"\r"`` and ``"\r\n"`` too.

    Yields:
        Up to ``source.batch_rows`` lines.

    Raises:
        DataError: A line has more than `MAX_LINE_CHARACTERS`.
    """
    pending: list[str] = []
    size = 0
    rest: list[str] = []  # the pieces of a line that has not ended; joined once, however many there are
    rest_size = 0
    for text in decoded(source):
        rest.append(text)
        rest_size += len(text)
        if "\n" in text or (newline == "" and ("\r" in text or rest[-2:-1] == ["\r"])):
            lines = list(io.StringIO("".join(rest), newline))
            # A closing "\r" may be half of a "\r\n".
            open_line = "" if lines[-1].endswith("\n") else lines.pop()
            rest = [open_line[:-1], "\r"] if open_line.endswith("\r") else [open_line]
            rest_size = len(open_line)
            pending += lines
        if rest_size > MAX_LINE_CHARACTERS:
            raise DataError(f"{source.name}: a line of more than {MAX_LINE_CHARACTERS:,} characters")
        size += len(text)
        start = 0
        while len(pending) - start >= source.batch_rows or (start < len(pending) and size > MAX_BATCH_CHARACTERS):
            batch = pending[start : start + source.batch_rows]
            yield batch
            start += len(batch)
            size -= sum(map(len, batch))
        del pending[:start]
    pending += io.StringIO("".join(rest), newline)
    if pending:
        yield pending
