"""Inputs to batches: files, folders and standard input, in the formats of `moderation.messages.sniffing`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from moderation.errors import DataError, ModerationError, NoInputError, OutputError, UsageError
from moderation.limits import BLOCK_BYTES, PEEK_BYTES
from moderation.messages import compressed, delimited, json_lines, lines, parquet, tickets, whatsapp
from moderation.messages.arrays import repeated, scrub, strings
from moderation.messages.batch import DATE_ORDERS, DEFAULTS, Batch, Readable, ReadOptions, ReadProblems, Rewound, Source
from moderation.messages.columns import free_name
from moderation.messages.decoding import check_encoding
from moderation.messages.finding import STDIN, InputFile, find_files, reason
from moderation.messages.mail.look import format_among_mails
from moderation.messages.mail.rows import MailRows
from moderation.messages.sniffing import INPUT_FORMATS, InputFormat, format_of
from moderation.messages.unifying import Columns

BATCH_ROWS = 20_000

MakeSource = Callable[[str, Readable], Source]


def read(
    inputs: Sequence[str],
    *,
    text_column: str | None,
    batch_rows: int = BATCH_ROWS,
    input_format: str | None = None,
    encoding: str = "utf-8",
    options: ReadOptions | None = None,
    problems: ReadProblems | None = None,
    mark_refused: bool = False,
) -> Iterator[Batch]:
    """Read messages in batches, with bounded memory.

    Args:
        inputs: Files, folders, patterns like ``logs/**/*.csv`` that no shell has expanded, and ``-``. Of a folder, and those in
            it, every file that holds messages is read in its own format, sorted by name: see
            `moderation.messages.mail.folders.files_to_read`. Others are counted. The rows have their file in ``path``.
        text_column: The column that holds the messages; by default it is looked for.
        batch_rows: At most so many rows a batch. No batch spans two files, unless they are mails.
        input_format: One of `INPUT_FORMATS`; by default each input's own.
        encoding: Of text files without a byte order mark.
        options: What was decided about chat and ticket exports.
        problems: Counts what was wrong, while the batches are read.
        mark_refused: A file of a folder that cannot be opened or understood, or only in part, is one unreadable row with its
            ``path``, and a line in ``problems.refused``; otherwise it is an error.

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
    found = find_files(inputs, counts)
    make_source = partial(
        Source, text_column=text_column, batch_rows=batch_rows, encoding=encoding, problems=counts, options=options
    )
    mails = MailRows(text_column, batch_rows, counts)
    return _read_all(found, make_source, input_format, mails, counts if mark_refused else None)


def columns_of(inputs: Sequence[str], *, text_column: str | None, encoding: str, options: ReadOptions) -> pa.Schema:
    """The columns of all rows that `read` will give of inputs that can be read twice: for files that need to know them first.

    Only JSON is read to its end for them, as a key may come up in any line. What is wrong is left to `read` to say.
    """
    columns = Columns()
    counts = ReadProblems()
    make_source = partial(
        Source,
        text_column=text_column,
        batch_rows=BATCH_ROWS,
        encoding=encoding,
        problems=counts,
        options=options,
        columns_only=True,
    )
    found = find_files(inputs, counts)
    for file in found:
        with suppress(ModerationError):
            for batch in _read_one(file, make_source, None, MailRows(text_column, 1, counts)):
                columns.add(batch.table.schema)
    if any(file.in_folder for file in found):
        columns.add(_refused("").table.schema)
    return columns.schema


def _read_all(
    found: Sequence[InputFile],
    make_source: MakeSource,
    wanted: InputFormat | None,
    mails: MailRows,
    refusals: ReadProblems | None,
) -> Iterator[Batch]:
    try:
        for file in found:
            try:
                yield from _read_one(file, make_source, wanted, mails)
            except (DataError, NoInputError) as error:
                if refusals is None or not file.in_folder:
                    raise
                yield from mails.rest()
                refusals.refuse(str(error))
                yield _refused(scrub(str(file.path)))
    except ModerationError:
        yield from mails.rest()
        raise
    yield from mails.rest()


def _refused(path: str) -> Batch:
    """The row of a file that could not be read."""
    return Batch(pa.Table.from_arrays([strings([path])], names=["path"]), strings([None]), np.ones(1, np.bool_))


def _read_one(file: InputFile, make_source: MakeSource, wanted: InputFormat | None, mails: MailRows) -> Iterator[Batch]:
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
            mail = (format_among_mails(inner, head) or "eml") if file.is_mail else None
            form = wanted or mail or format_of(inner, head, source.encoding, source.text_column)
            seekable = None if packed else stream
            most = None
            if source.columns_only and form not in ("json", "jsonl"):
                source, most = replace(source, batch_rows=1), 1
            if form in ("eml", "mbox", "zip"):
                yield from islice(_mail_batches(form, source, seekable, file, mails), most)
                return
            yield from mails.rest()
            if head:
                yield from islice(_in_place(_batches(form, source, seekable), file, name), most)
    except OSError as error:
        raise OutputError(f"{name}: {reason(error)}") from None


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


def _mail_batches(
    form: InputFormat, source: Source, stream: BinaryIO | None, file: InputFile, mails: MailRows
) -> Iterator[Batch]:
    """Read mails, or the chat in an archive, of a source; `stream` is the same bytes, which may be seekable."""
    from moderation.messages.mail import sources, zips

    path = source.name if file.path else STDIN
    if form != "zip":
        yield from mails.batches(sources.read_stream("mbox" if form == "mbox" else "eml", source.stream, path))
        return
    with _seekable(source, stream) as whole, zips.open_zip(whole, source.name) as archive:
        if chat := zips.chat_in(archive):
            yield from mails.rest()
            with zips.open_chat(archive, chat, source.name) as member:
                yield from _in_place(whatsapp.read(source, member), file, path)
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
        raise NoInputError(f"{name}: {reason(error)}") from None
    with stream:
        yield stream


def _in_place(batches: Iterator[Batch], file: InputFile, path: str) -> Iterator[Batch]:
    """The batches of a file with its path, where the user did not name it himself."""
    for batch in batches:
        if not file.in_folder:
            yield batch
            continue
        names = ["path"]
        for name in batch.table.column_names:
            names.append(free_name(name, names))
        table = batch.table.rename_columns(names[1:]).add_column(0, "path", repeated(path, batch.table.num_rows))
        yield replace(batch, table=table)
