"""Tables of verdicts to a file or standard output. A file gets its name only when it is whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import pyarrow as pa

from moderation.errors import CannotCreateError, OutputError, UsageError
from moderation.messages.arrays import scrub
from moderation.messages.encoders import OUTPUT_FORMATS, Encoder, OutputFormat, encoder

STDOUT = "-"


def format_for(target: str) -> OutputFormat:
    """The format that the extension of a target asks for; JSONL when it asks for none."""
    extension = Path(target).suffix.lower().removeprefix(".")
    return extension if extension in OUTPUT_FORMATS else "jsonl"


def open_writer(target: str, output_format: str | None = None, *, force: bool = False) -> TableWriter:
    """Prepare to write tables; use the result with ``with``.

    The target appears when the block ends, and does not when it ends with an exception. A reader that goes away
    (``| head``) ends the block quietly.

    Args:
        target: A path, or ``-`` for standard output. A pipe or a device is written to as it is.
        output_format: One of `OUTPUT_FORMATS`; by default the one of the extension.
        force: Replace a file that exists.

    Raises:
        UsageError: The format is unknown.
        CannotCreateError: The target exists or cannot be made. (Here, and on entering the block.)
    """
    if output_format is not None and output_format not in OUTPUT_FORMATS:
        raise UsageError(f"unknown output format {output_format!r}; known: {', '.join(OUTPUT_FORMATS)}")
    form = format_for(target) if output_format is None else output_format
    name = "standard output" if target == STDOUT else scrub(target)
    return TableWriter(None if target == STDOUT else _checked(Path(target), name, force), name, form)


def _checked(path: Path, name: str, force: bool) -> Path:
    try:
        if path.is_dir():
            raise CannotCreateError(f"{name}: is a folder")
        if path.is_file() and not force:
            raise CannotCreateError(f"{name}: exists; --force replaces it")
        if not path.parent.is_dir():
            raise CannotCreateError(f"{name}: no such folder")
        return path.resolve() if path.is_file() or not path.exists() else path
    except (OSError, ValueError) as error:
        raise CannotCreateError(f"{name}: {_reason(error)}") from None


class TableWriter:
    """Writes tables to one target; made by `open_writer`."""

    def __init__(self, path: Path | None, name: str, form: OutputFormat) -> None:
        self._path = path
        self._name = name
        self._form: OutputFormat = form
        self._partial: Path | None = None
        self._file: BinaryIO
        self._encoder: Encoder

    def __enter__(self) -> Self:
        try:
            self._file = self._open()
        except (OSError, ValueError) as error:
            raise CannotCreateError(f"{self._name}: {_reason(error)}") from None
        self._encoder = encoder(self._form, self._file)
        return self

    def _open(self) -> BinaryIO:
        if self._path is None:
            return sys.stdout.buffer
        if self._path.exists() and not self._path.is_file():
            return self._path.open("wb")
        # Beside the target, for a rename does not cross file systems.
        self._partial = self._path.with_name(f".{secrets.token_hex(8)}.partial")
        return self._partial.open("xb")

    def write(self, table: pa.Table) -> None:
        """Write all rows of a table.

        Raises:
            DataError: Its columns are not those of the first table, and the format needs that.
            OutputError: The disk is full, or the like.
        """
        with self._told():
            self._encoder.write(table)
            if self._partial is None:
                self._file.flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        try:
            if error is None:
                with self._told():
                    self._finish()
        except BrokenPipeError as broken:
            error = broken
        finally:
            self._clean_up()
        if self._partial is None and isinstance(error, BrokenPipeError):
            if self._path is None:
                _mute_stdout()
            return True
        return False

    def _finish(self) -> None:
        self._encoder.close()
        self._file.flush()
        if self._partial is not None and self._path is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._partial.replace(self._path)
            _sync_folder(self._path.parent)

    def _clean_up(self) -> None:
        """Leave nothing behind; after `_finish` there is nothing left to do."""
        # What is still buffered cannot always be written, and nobody will read it.
        if self._partial is not None:
            with contextlib.suppress(Exception):
                self._encoder.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._partial is not None:
            with contextlib.suppress(OSError):
                self._partial.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Say which target an operating system error is about."""
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"{self._name}: {_reason(error)}") from None


def _mute_stdout() -> None:
    """Keep Python from trying once more, loudly, to write to a closed pipe when it exits."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system can
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or "cannot be written"
