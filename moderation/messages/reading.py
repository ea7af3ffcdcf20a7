"""Inputs to batches: files, folders and standard input, in the formats of `moderation.messages.sniffing`."""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

from moderation.errors import ModerationError, NoInputError, OutputError, UsageError
from moderation.limits import BLOCK_BYTES, PEEK_BYTES
from moderation.messages import compressed, delimited, json_lines, lines, parquet, tickets, whatsapp
from moderation.messages.arrays import repeated, scrub
from moderation.messages.batch import DATE_ORDERS, DEFAULTS, Batch, Readable, ReadOptions, ReadProblems, Rewound, Source
from moderation.messages.columns import free_name
from moderation.messages.decoding import check_encoding
from moderation.messages.mail.folders import mails_among
from moderation.messages.mail.look import format_among_mails
from moderation.messages.mail.rows import MailRows
from moderation.messages.sniffing import EXTENSIONS, INPUT_FORMATS, InputFormat, format_of

STDIN = "-"


class _Input(NamedTuple):
    path: Path | None  # None is standard input
    in_folder: bool
    among_mails: bool = False


def read(
    inputs: Sequence[str],
    *,
    text_column: str | None,
    batch_rows: int = 20_000,
    input_format: str | None = None,
    encoding: str = "utf-8",
    options: ReadOptions | None = None,
    problems: ReadProblems | None = None,
) -> Iterator[Batch]:
    """Read messages in batches, with bounded memory.

    Args:
        inputs: Files, folders (all supported files in them, sorted; their rows carry a ``path`` column first), patterns like
            ``logs/**/*.csv`` that no shell has expanded, and ``-``. Of a folder in which most files are mails, and of a
            Maildir, only the mails are read.
        text_column: The column that holds the messages; by default it is looked for.
        batch_rows: At most so many rows a batch. No batch spans two files, unless they are mails.
        input_format: One of `INPUT_FORMATS`; by default each input's own.
        encoding: Of text files without a byte order mark.
        options: What was decided about chat and ticket exports.
        problems: Counts what was wrong, while the batches are read.

    Raises:
        UsageError: The format, the encoding or the order of dates is unknown.
        NoInputError: An input is not there or may not be read. All inputs are looked for before the first is read.
        DataError: An input cannot be understood (while reading).
        OutputError: Reading failed half-way (while reading).
    """
    if input_format is not None and input_format not in INPUT_FORMATS:
        raise UsageError(f"unknown input format {input_format!r}; known: {', '.join(INPUT_FORMATS)}")
    options = options or DEFAULTS
    if options.dates not in (None, *DATE_ORDERS):
        raise UsageError(f"unknown order of dates {options.dates!r}; known: {', '.join(DATE_ORDERS)}")
    check_encoding(encoding)
    counts = ReadProblems() if problems is None else problems
    found = [file for name in inputs for file in _expand(name, counts)]
    mails = MailRows(text_column, batch_rows, counts)

    def source(name: str, stream: Readable) -> Source:
        return Source(name, stream, text_column, batch_rows, encoding, counts, options)

    return _read_all(found, source, input_format, mails)


def _read_all(
    found: Sequence[_Input], make_source: Callable[[str, Readable], Source], wanted: InputFormat | None, mails: MailRows
) -> Iterator[Batch]:
    try:
        for file in found:
            yield from _read_one(file, make_source, wanted, mails)
    except ModerationError:
        yield from mails.rest()
        raise
    yield from mails.rest()


def _expand(name: str, counts: ReadProblems) -> Iterator[_Input]:
    if name == STDIN:
        yield _Input(None, False)
        return
    path = Path(name)
    try:
        if not path.is_dir():
            for file in _matches(path):
                yield _Input(file, False)
            return
        files = sorted(file for file in path.rglob("*") if not _is_hidden(file.relative_to(path)) and file.is_file())
    except (OSError, ValueError) as error:
        raise NoInputError(f"{name}: {_reason(error)}") from None
    if mails := mails_among(files):
        counts.left_out_files += len(files) - len(mails)
        yield from (_Input(file, True, among_mails=True) for file in mails)
        return
    inside = [file for file in files if _is_supported(file)]
    if not inside:
        raise NoInputError(f"{name}: no file in this folder ends in {' '.join(EXTENSIONS)} .txt")
    for file in inside:
        yield _Input(file, True)


def _matches(path: Path) -> list[Path]:
    """The file itself or, when there is none of this name, the files that it is a pattern of.

    Raises:
        OSError: There is neither.
    """
    try:
        path.stat()
    except OSError:
        # `Path.glob` finds no files for ``**`` before Python 3.13.
        found = sorted(file for file in map(Path, glob.glob(str(path), recursive=True)) if file.is_file())  # noqa: PTH207
        if not found:
            raise
        return found
    return [path]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_supported(path: Path) -> bool:
    extension = Path(compressed.inner_name(path.name)).suffix.lower()
    return extension in EXTENSIONS or extension == ".txt"


def _read_one(
    file: _Input, make_source: Callable[[str, Readable], Source], wanted: InputFormat | None, mails: MailRows
) -> Iterator[Batch]:
    name = "standard input" if file.path is None else scrub(str(file.path))
    try:
        with _opened(file.path, name) as stream:
            head = stream.read(PEEK_BYTES)
            source = make_source(name, Rewound(head, stream))
            packed = compressed.codec_of(head)
            if packed:
                unpacked = compressed.Unpacked(source.stream, packed, name)
                head = unpacked.read(PEEK_BYTES)
                source = replace(source, stream=Rewound(head, unpacked))
            inner = compressed.inner_name(name)
            among_mails = (format_among_mails(inner, head) or "eml") if file.among_mails else None
            form = wanted or among_mails or format_of(inner, head, source.encoding, source.text_column)
            seekable = None if packed else stream
            if form in ("eml", "mbox", "zip"):
                yield from _mail_batches(form, source, seekable, name if file.path else STDIN, mails)
                return
            yield from mails.rest()
            if not head:
                return
            for batch in _batches(form, source, seekable):
                yield _with_path(batch, name) if file.in_folder else batch
    except OSError as error:
        raise OutputError(f"{name}: {_reason(error)}") from None


def _batches(form: InputFormat, source: Source, stream: BinaryIO | None) -> Iterator[Batch]:
    """Read the source; `stream` is the same bytes, which may be seekable."""
    if form in ("csv", "tsv"):
        yield from delimited.read(source, "\t" if form == "tsv" else ",")
    elif form == "jsonl":
        yield from json_lines.read_lines(source)
    elif form == "json":
        yield from json_lines.read_document(source)
    elif form == "lines":
        yield from lines.read(source)
    elif form == "tickets":
        yield from tickets.read_document(source)
    elif form == "ticket-lines":
        yield from tickets.read_lines(source)
    else:
        with _seekable(source, stream) as file:
            yield from whatsapp.read(source, file) if form == "whatsapp" else parquet.read(source, file)


def _mail_batches(form: InputFormat, source: Source, stream: BinaryIO | None, path: str, mails: MailRows) -> Iterator[Batch]:
    """Read mails, or the chat in an archive, of a source; `stream` is the same bytes, which may be seekable."""
    from moderation.messages.mail import sources, zips

    if form != "zip":
        yield from mails.batches(sources.read_stream("mbox" if form == "mbox" else "eml", source.stream, path))
        return
    with _seekable(source, stream) as file, zips.open_zip(file, source.name) as archive:
        if chat := zips.chat_in(archive):
            yield from mails.rest()
            with zips.open_chat(archive, chat, source.name) as member:
                yield from whatsapp.read(source, member)
        else:
            yield from mails.batches(zips.read_zip(archive, path, source.problems))


@contextmanager
def _seekable(source: Source, stream: BinaryIO | None) -> Iterator[BinaryIO]:
    """The bytes of a source as a file at its beginning: the stream itself if it can be rewound, else a copy on disk."""
    if stream is not None and stream.seekable():
        stream.seek(0)
        yield stream
        return
    with TemporaryFile() as copy:
        while block := source.stream.read(BLOCK_BYTES):
            copy.write(block)
        copy.seek(0)
        yield copy


@contextmanager
def _opened(path: Path | None, name: str) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise NoInputError(f"{name}: {_reason(error)}") from None
    with stream:
        yield stream


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or "no such file"


def _with_path(batch: Batch, path: str) -> Batch:
    names = ["path"]
    for name in batch.table.column_names:
        names.append(free_name(name, names))
    table = batch.table.rename_columns(names[1:]).add_column(0, "path", repeated(path, batch.table.num_rows))
    return replace(batch, table=table)
