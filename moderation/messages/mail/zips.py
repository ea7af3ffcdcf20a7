"""A zip archive of mails to parsed mails with their paths; the chat in an archive that WhatsApp exports."""

from __future__ import annotations

import errno
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from lzma import LZMAError
from pathlib import PurePath
from typing import IO, BinaryIO, cast

from moderation.errors import DataError
from moderation.limits import MAX_ZIP_DIRECTORY_BYTES, MAX_ZIP_RATIO, PEEK_BYTES, ZIP_GRACE_BYTES
from moderation.messages.batch import ReadProblems, Rewound
from moderation.messages.mail.look import format_among_mails
from moderation.messages.mail.parsing import Mail
from moderation.messages.mail.problems import Problem
from moderation.messages.mail.sources import read_stream

_BROKEN = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
_END_BYTES = 22 + 65_535  # the record at the end of an archive, with the longest comment
_CHATS = ("_chat.txt", "whatsapp chat", "chat whatsapp")


def open_zip(file: BinaryIO, name: str) -> zipfile.ZipFile:
    """Open a zip archive.

    Raises:
        DataError: It is damaged, its members overlap, or there are too many of them.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    _, found, end = file.read().rpartition(b"PK\x05\x06")
    directory = int.from_bytes(end[8:12], "little") if found else 0
    if directory > MAX_ZIP_DIRECTORY_BYTES:
        raise DataError(f"{name}: a zip archive of too many files")
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        _reraise(error)
        raise DataError(f"{name}: is a damaged zip archive or spreadsheet") from None
    if sum(member.compress_size for member in archive.infolist()) > size:
        raise DataError(f"{name}: the files in this zip archive overlap")
    return archive


def chat_in(archive: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    """The chat in the archive that WhatsApp exports."""
    return next(
        (m for m in archive.infolist() if m.filename.lower().endswith(".txt") and m.filename.lower().startswith(_CHATS)), None
    )


@contextmanager
def open_chat(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Iterator[BinaryIO]:
    """The chat of an archive as a file.

    Raises:
        DataError: It is encrypted or damaged, or unpacks to far too much.
    """
    if _is_bomb(member):
        raise DataError(f"{name}: unpacks to far too much")
    try:
        with archive.open(member) as file:
            yield cast(BinaryIO, file)
    except _BROKEN as error:
        _reraise(error)
        raise DataError(f"{name}: the chat in this zip archive is damaged or encrypted") from None


def read_zip(archive: zipfile.ZipFile, name: str, problems: ReadProblems) -> Iterator[tuple[str, Mail]]:
    """Read the mails of an archive: their paths have ``!member`` behind the archive's. Archives in it are not opened.

    Raises:
        DataError: There are none.
    """
    found = False
    for member in archive.infolist():
        if member.filename.endswith("/") or any(part.startswith((".", "__MACOSX")) for part in PurePath(member.filename).parts):
            continue
        before = problems.left_out_files
        yield from _read_member(archive, member, f"{name}!{member.filename}", problems)
        found = found or problems.left_out_files == before
    if not found:
        raise DataError(f"{name}: a zip archive without mails: unpack it, or save a spreadsheet as CSV first")


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str, problems: ReadProblems
) -> Iterator[tuple[str, Mail]]:
    if member.flag_bits & 1:
        yield path, Mail(problems=(Problem.ENCRYPTED,))
        return
    if _is_bomb(member):
        yield path, Mail(problems=(Problem.BOMB,))
        return
    with closing(_Member(archive, member)) as stream:
        head = stream.read(PEEK_BYTES)
        form = format_among_mails(member.filename, head)
        if form is None and not stream.damaged:
            problems.left_out_files += 1
            return
        for each, mail in read_stream(form or "eml", Rewound(head, stream), path):
            yield each, replace(mail, problems=(*mail.problems, Problem.DAMAGED)) if stream.damaged else mail


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    return member.file_size > max(ZIP_GRACE_BYTES, MAX_ZIP_RATIO * member.compress_size)


class _Member:
    """The bytes of a member up to where it is damaged."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        self.damaged = False
        self._archive = archive
        self._member = member
        self._file: IO[bytes] | None = None

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes."""
        try:
            if self._file is None:
                self._file = self._archive.open(self._member)
            return b"" if self.damaged else self._file.read(size)
        except _BROKEN as error:
            _reraise(error)
            self.damaged = True
            return b""

    def close(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()


def _reraise(error: Exception) -> None:
    """Failing disks are no fault of the archive; places before its beginning are."""
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        raise error
