"""Which files of a folder are read, and which of them as mails because of what is around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from moderation.errors import DataError
from moderation.messages.batch import Rewound
from moderation.messages.compressed import Unpacked, codec_of, inner_name
from moderation.messages.mail.look import is_mail, is_mbox
from moderation.messages.sniffing import EXTENSIONS
from moderation.messages.whatsapp import is_chat

_LOOKED_AT = 4_096
_TYPE = re.compile(r"\.[a-z][a-z0-9]{0,4}", re.IGNORECASE)
"""An extension that says what a file is. Names of mails end in other things: ``00001.7848dde101aa``, ``1:2,S``."""


class FolderFile(NamedTuple):
    """A file to read, and whether it is a mail whatever it looks like."""

    path: Path
    is_mail: bool


class _Kind(Enum):
    MAIL = "a mail by its extension, its look or its place in a Maildir"
    OTHER_MESSAGES = "messages, in the format that its extension or its look tells"
    TEXT = "messages, or a mail without a header"
    NAMELESS = "nothing, or a mail without a header"
    NOTHING = "no messages"


def files_to_read(files: Sequence[Path]) -> list[FolderFile]:
    """The files of a folder that hold messages, in their order.

    Those with a known extension or the look of a mail, and ``.txt``. What a Maildir has delivered is mails. Where mails outnumber
    ``.txt`` files and those whose name says nothing of a type, these are mails too: one may be too broken to look like one.
    """
    maildirs = {folder.parent for folder in {file.parent for file in files} if _is_of_maildir(folder)}
    kinds = [_kind(file, maildirs) for file in files]
    among_mails = kinds.count(_Kind.MAIL) > kinds.count(_Kind.TEXT) + kinds.count(_Kind.NAMELESS)
    by_place = {_Kind.MAIL, _Kind.TEXT, _Kind.NAMELESS} if among_mails else {_Kind.MAIL}
    wanted = by_place | {_Kind.OTHER_MESSAGES, _Kind.TEXT}
    return [FolderFile(file, kind in by_place) for file, kind in zip(files, kinds, strict=True) if kind in wanted]


def _is_of_maildir(folder: Path) -> bool:
    return folder.name in ("new", "cur", "tmp") and all((folder.parent / name).is_dir() for name in ("new", "cur"))


def _kind(file: Path, maildirs: set[Path]) -> _Kind:
    if file.parent.parent in maildirs and file.parent.name in ("new", "cur", "tmp"):
        return _Kind.NOTHING if file.parent.name == "tmp" else _Kind.MAIL  # there it is not delivered yet
    head = _head(file)
    extension = Path(inner_name(file.name)).suffix.lower()
    if EXTENSIONS.get(extension) in ("eml", "mbox"):
        return _Kind.MAIL
    if extension in EXTENSIONS or extension == ".zip":
        return _Kind.OTHER_MESSAGES
    if is_mbox(head) or is_mail(head):
        return _Kind.MAIL
    if extension == ".txt":
        return _Kind.OTHER_MESSAGES if is_chat(head.decode(errors="replace").lstrip()) else _Kind.TEXT
    if _TYPE.fullmatch(extension) or file.parent in maildirs:
        return _Kind.NOTHING
    return _Kind.NAMELESS


def _head(file: Path) -> bytes:
    """The first bytes, unpacked; none where that cannot be done."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_LOOKED_AT)
            packed = codec_of(head)
            return Unpacked(Rewound(head, stream), packed, "").read(_LOOKED_AT) if packed else head
    except (OSError, DataError):
        return b""
