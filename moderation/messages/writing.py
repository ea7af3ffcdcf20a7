"""Tables of verdicts to a file or standard output. A file gets its name only when it is whole."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import pyarrow as pa

from moderation.errors import CannotCreateError, InterruptedRunError, OutputError, UsageError
from moderation.messages.arrays import scrub
from moderation.messages.encoders import OUTPUT_FORMATS, Encoder, OutputFormat, encoder
from moderation.messages.journal import Facts, Journal, Progress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

STDOUT = "-"
JOURNAL_SECONDS = 1.0
"""How much work a run that is killed may lose; every entry waits for the disk."""


def format_for(target: str) -> OutputFormat:
    """The format that the extension of a target asks for; JSONL when it asks for none."""
    extension = Path(target).suffix.lower().removeprefix(".")
    return extension if extension in OUTPUT_FORMATS else "jsonl"


def open_writer(
    target: str,
    output_format: str | None = None,
    *,
    force: bool = False,
    facts: Facts | None = None,
    resume: bool = False,
) -> TableWriter:
    """Prepare to write tables; use the result with ``with``.

    The target appears when the block ends, and does not when it ends with an exception. A reader that goes away
    (``| head``) ends the block quietly.

    With ``facts`` a journal is kept beside a target that can be continued (see `TableWriter.can_resume`). Then what is
    written stays when the disk is full or the run is stopped, and a later writer with ``resume`` goes on behind it.

    Args:
        target: A path, or ``-`` for standard output. A pipe or a device is written to as it is.
        output_format: One of `OUTPUT_FORMATS`; by default the one of the extension.
        force: Replace a file that exists.
        facts: What has to be the same for an interrupted run to be continued.
        resume: Continue an interrupted run, if there was one.

    Raises:
        UsageError: The format is unknown.
        CannotCreateError: The target exists or cannot be made, another run is writing it, or the interrupted run was about
            something else. (Here, and on entering the block.)
    """
    if output_format is not None and output_format not in OUTPUT_FORMATS:
        raise UsageError(f"unknown output format {output_format!r}; known: {', '.join(OUTPUT_FORMATS)}")
    form = format_for(target) if output_format is None else output_format
    name = "standard output" if target == STDOUT else scrub(target)
    return TableWriter(None if target == STDOUT else _checked(Path(target), name, force), name, form, facts, resume=resume)


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
    """Writes tables to one target; made by `open_writer`.

    Attributes:
        done: What the interrupted run had written already, and this one since.
    """

    def __init__(self, path: Path | None, name: str, form: OutputFormat, facts: Facts | None, *, resume: bool) -> None:
        self._path = path
        self._name = name
        self._form: OutputFormat = form
        self._partial = None if path is None or _is_special(path) else path.with_name(f".{path.name}.partial")
        self._journal: Journal | None = None
        if path is not None and self._partial is not None and facts is not None and form != "parquet":
            self._journal = Journal(path.with_name(f".{path.name}.journal"), {**facts, "output format": form})
        self._resume = resume
        self._saved = 0.0
        self._file: BinaryIO
        self._encoder: Encoder
        self.done = Progress()

    @property
    def can_resume(self) -> bool:
        """Whether the run can be continued should it be stopped: into a file of lines, with facts to know it by."""
        return self._journal is not None

    def __enter__(self) -> Self:
        try:
            self._file = self._open()
        except (OSError, ValueError) as error:
            raise CannotCreateError(f"{self._name}: {_reason(error)}") from None
        except CannotCreateError as error:
            raise CannotCreateError(f"{self._name}: {error}") from None
        self._encoder = encoder(self._form, self._file)
        return self

    def _open(self) -> BinaryIO:
        if self._path is None:
            return sys.stdout.buffer
        if self._partial is None:
            return self._path.open("wb")
        # Beside the target, for a rename does not cross file systems.
        file = open_alone(self._partial)
        try:
            if self._journal is not None:
                kept = self._journal.load() if self._resume else None
                if kept is not None and kept.bytes <= os.fstat(file.fileno()).st_size:
                    self.done = kept
                self._journal.save(self.done)
            file.truncate(self.done.bytes)
            file.seek(self.done.bytes)
        except BaseException:
            file.close()
            raise
        return file

    def prime(self, first: pa.Table) -> None:
        """Show a continued output the columns of its first table, whose header it has already."""
        self._encoder.write(first.slice(0, 0))
        self._file.flush()
        self._file.truncate(self.done.bytes)
        self._file.seek(self.done.bytes)

    def write(self, table: pa.Table) -> None:
        """Write all rows of a table.

        Raises:
            DataError: Its columns are not those of the first table, and the format needs that.
            OutputError: The disk is full, or the like.
        """
        with self._told():
            self._encoder.write(table)
            if self._partial is None or self._journal is not None:
                self._file.flush()
            if self._journal is not None:
                self.done = Progress(self.done.batches + 1, self.done.rows + len(table), self._file.tell())
                if time.monotonic() - self._saved >= JOURNAL_SECONDS:
                    self._save_progress(self._journal)

    def _save_progress(self, journal: Journal) -> None:
        os.fsync(self._file.fileno())
        journal.save(self.done)
        self._saved = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        try:
            if error is None:
                with self._told():
                    self._finish()
        except BrokenPipeError as broken:
            error = broken
        except OutputError as failed:
            error = failed
            raise
        finally:
            self._clean_up(error)
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
            if self._journal is not None:
                self._journal.remove()
            if fcntl is None:
                self._file.close()  # Windows renames no open file
            self._partial.replace(self._path)
            _sync_folder(self._path.parent)

    def _clean_up(self, error: BaseException | None) -> None:
        """Leave nothing behind but what can be continued; after `_finish` there is nothing left to do."""
        if self._journal is not None and _may_be_continued(error):
            with contextlib.suppress(OSError):  # a full disk: then what was saved last counts
                self._save_progress(self._journal)
        elif self._partial is not None and error is not None:
            with contextlib.suppress(OSError):
                self._partial.unlink(missing_ok=True)
            if self._journal is not None:
                self._journal.remove()
            # What is still buffered cannot always be written, and nobody will read it.
            with contextlib.suppress(Exception):
                self._encoder.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Say which target an operating system error is about."""
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"{self._name}: {_reason(error)}") from None


def _may_be_continued(error: BaseException | None) -> bool:
    """Whether a run that ended so is worth continuing: the disk was full, or somebody stopped it; not for a bad input."""
    return isinstance(error, OutputError | InterruptedRunError) or not isinstance(error, Exception | None)


def _is_special(path: Path) -> bool:
    """Whether there is something at a path that is no file: a pipe, a device."""
    return path.exists() and not path.is_file()


def open_alone(path: Path) -> BinaryIO:
    """Open a file for reading and writing, made where there is none, that no other run has open.

    Raises:
        CannotCreateError: Another run has.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    file = os.fdopen(handle, "r+b")
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), path.stat()):  # the other run has just given it its name
            raise BlockingIOError
    except (BlockingIOError, FileNotFoundError):
        file.close()
        raise CannotCreateError("another run is writing it") from None
    return file


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
