"""Inputs to batches: files, folders and standard input, in the formats of `moderation.messages.sniffing`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

from moderation.errors import NoInputError, OutputError, UsageError
from moderation.limits import BLOCK_BYTES, PEEK_BYTES
from moderation.messages import delimited, json_lines, lines, parquet
from moderation.messages.arrays import repeated, scrub
from moderation.messages.batch import Batch, Readable, ReadProblems, Source
from moderation.messages.columns import free_name
from moderation.messages.decoding import check_encoding
from moderation.messages.sniffing import EXTENSIONS, INPUT_FORMATS, InputFormat, format_of

STDIN = "-"


class _Input(NamedTuple):
    path: Path | None  # None is standard input
    in_folder: bool


def read(
    inputs: Sequence[str],
    *,
    text_column: str | None,
    batch_rows: int = 20_000,
    input_format: str | None = None,
    encoding: str = "utf-8",
    problems: ReadProblems | None = None,
) -> Iterator[Batch]:
    """Read messages in batches, with bounded memory.

    Args:
        inputs: Files, folders (all supported files in them, sorted; their rows carry a ``path`` column first) and ``-``.
        text_column: The column that holds the messages; by default it is looked for.
        batch_rows: At most so many rows a batch. No batch spans two files.
        input_format: One of `INPUT_FORMATS`; by default each input's own.
        encoding: Of text files without a byte order mark.
        problems: Counts what was wrong, while the batches are read.

    Raises:
        UsageError: The format or the encoding is unknown.
        NoInputError: An input is not there or may not be read. All inputs are looked for before the first is read.
        DataError: An input cannot be understood (while reading).
        OutputError: Reading failed half-way (while reading).
    """
    if input_format is not None and input_format not in INPUT_FORMATS:
        raise UsageError(f"unknown input format {input_format!r}; known: {', '.join(INPUT_FORMATS)}")
    check_encoding(encoding)
    found = [file for name in inputs for file in _expand(name)]
    counts = ReadProblems() if problems is None else problems

    def source(name: str, stream: Readable) -> Source:
        return Source(name, stream, text_column, batch_rows, encoding, counts)

    return (batch for file in found for batch in _read_one(file, source, input_format))


def _expand(name: str) -> Iterator[_Input]:
    if name == STDIN:
        yield _Input(None, False)
        return
    path = Path(name)
    try:
        if not path.is_dir():
            path.stat()
            yield _Input(path, False)
            return
        inside = sorted(file for file in path.rglob("*") if _is_supported(file.relative_to(path)) and file.is_file())
    except (OSError, ValueError) as error:
        raise NoInputError(f"{name}: {_reason(error)}") from None
    if not inside:
        raise NoInputError(f"{name}: no file in this folder ends in {' '.join(EXTENSIONS)} .txt")
    for file in inside:
        yield _Input(file, True)


def _is_supported(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and (path.suffix.lower() in EXTENSIONS or path.suffix.lower() == ".txt")


def _read_one(file: _Input, make_source: Callable[[str, Readable], Source], wanted: InputFormat | None) -> Iterator[Batch]:
    name = "standard input" if file.path is None else scrub(str(file.path))
    try:
        with _opened(file.path, name) as stream:
            head = stream.read(PEEK_BYTES)
            if not head:
                return
            source = make_source(name, _Rewound(head, stream))
            form = wanted or format_of(name, head, source.encoding, source.text_column)
            for batch in _batches(form, source, stream):
                yield _with_path(batch, name) if file.in_folder else batch
    except OSError as error:
        raise OutputError(f"{name}: {_reason(error)}") from None


def _batches(form: InputFormat, source: Source, stream: BinaryIO) -> Iterator[Batch]:
    if form in ("csv", "tsv"):
        yield from delimited.read(source, "\t" if form == "tsv" else ",")
    elif form == "jsonl":
        yield from json_lines.read_lines(source)
    elif form == "json":
        yield from json_lines.read_document(source)
    elif form == "lines":
        yield from lines.read(source)
    elif stream.seekable():
        stream.seek(0)
        yield from parquet.read(source, stream)
    else:
        with TemporaryFile() as copy:
            while block := source.stream.read(BLOCK_BYTES):
                copy.write(block)
            yield from parquet.read(source, copy)


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


class _Rewound:
    """A stream from its first byte although its head was read already."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        head, self._head = self._head, b""
        return head or self._rest.read(size)


def _with_path(batch: Batch, path: str) -> Batch:
    names = ["path"]
    for name in batch.table.column_names:
        names.append(free_name(name, names))
    table = batch.table.rename_columns(names[1:]).add_column(0, "path", repeated(path, batch.table.num_rows))
    return replace(batch, table=table)
