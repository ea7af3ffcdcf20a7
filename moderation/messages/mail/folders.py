"""Which files of a folder are mails: those of a Maildir, and those of a folder in which most files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moderation.messages.mail.look import format_among_mails

_LOOKED_AT = 4_096


def mails_among(files: Sequence[Path]) -> list[Path]:
    """The mails among the files of a folder; none when fewer than half of them are, for then it is no folder of mails.

    In a Maildir that is what is in ``new`` and ``cur``, whatever it looks like.
    """
    delivered = [file for file in files if file.parent.name in ("new", "cur") and _is_maildir(file.parent.parent)]
    if delivered:
        return delivered
    mails = [file for file in files if format_among_mails(file.name, _head(file))]
    looked = [file for file in mails if file.suffix.lower() != ".txt" or format_among_mails("", _head(file))]
    return mails if 2 * len(looked) > len(files) else []


def _is_maildir(folder: Path) -> bool:
    return (folder / "new").is_dir() and (folder / "cur").is_dir()


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_LOOKED_AT)
    except OSError:
        return b""
