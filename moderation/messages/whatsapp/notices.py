"""What WhatsApp itself writes into a chat, in English and Indonesian, is not judged; what a person wrote always is.

So only whole known sentences count: a customer could end a threat like a notice. A notice that is not among them is judged, which
does no harm. Names of files that the phone made up are no text, names that a person gave are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from moderation.messages.whatsapp.headers import MARKS, split_name, without_marks

_SENTENCES = (
    "Messages and calls are end-to-end encrypted",
    "Messages to this chat and calls are now secured with end-to-end encryption",
    "Messages to this group and calls are now secured with end-to-end encryption",
    "No one outside of this chat, not even WhatsApp, can read or listen to them",
    "Only people in this chat can read, listen to, or share them",
    "Learn more",
    "Tap to learn more",
    "Tap for more info",
    "Pesan dan panggilan dienkripsi secara end-to-end",
    "Pesan dan panggilan terenkripsi secara end-to-end",
    "Pesan dan telepon terenkripsi secara end-to-end",
    "Tidak seorang pun di luar chat ini, bahkan WhatsApp, dapat membaca atau mendengarkannya",
    "Tidak seorang pun di luar chat ini, termasuk WhatsApp, yang dapat membaca atau mendengarkannya",
    "Hanya orang di chat ini yang dapat membaca, mendengarkan, atau membagikannya",
    "Hanya orang dalam chat ini yang dapat membaca, mendengarkan, atau membagikannya",
    "Ketuk untuk info selengkapnya",
    "Pelajari selengkapnya",
    "Missed voice call",
    "Missed video call",
    "Panggilan suara tak terjawab",
    "Panggilan video tak terjawab",
    "Waiting for this message",
    "This may take a while",
    "Menunggu pesan ini",
    "Ini mungkin membutuhkan waktu",
)
_ACTS = (
    "left",
    "was added",
    "was removed",
    "added *",
    "removed *",
    'created group "*"',
    "joined using this group's invite link",
    "joined using a group link",
    "joined using your invite link",
    "changed this group's icon",
    "changed the group description",
    "changed their phone number to a new number. Tap to message or add the new number",
    "pinned a message",
    "keluar",
    "telah keluar",
    "ditambahkan",
    "dikeluarkan",
    "menambahkan *",
    "mengeluarkan *",
    'membuat grup "*"',
    "bergabung menggunakan tautan undangan grup ini",
    "bergabung menggunakan tautan undangan",
    "mengubah ikon grup ini",
    "mengubah deskripsi grup",
    "mengganti nomor telepon. Ketuk untuk mengirim pesan atau menambahkan nomor baru",
    "menyematkan pesan",
)
_DELETED = (
    "This message was deleted",
    "You deleted this message",
    "Pesan ini telah dihapus",
    "Pesan ini dihapus",
    "Anda menghapus pesan ini",
    "Anda telah menghapus pesan ini",
)
_OMITTED = (
    *("<Media omitted>", "<Media tidak disertakan>", "null"),
    *(f"{what} omitted" for what in ("image", "video", "video note", "audio", "GIF", "sticker", "document", "Contact card")),
    *(
        f"{what} tidak disertakan"
        for what in ("gambar", "video", "catatan video", "audio", "GIF", "stiker", "dokumen", "kartu kontak")
    ),
)


def _any(phrases: tuple[str, ...]) -> str:
    return "|".join(re.escape(phrase).replace(r"\*", "[^:\n]{1,40}") for phrase in phrases)


_NOTICE = re.compile(rf"(?:{_any(_SENTENCES)})(?:\. (?:{_any(_SENTENCES)}))*\.?")
_ACT = re.compile(rf"([^:\n]{{1,40}}?) (?:{_any(_ACTS)})\.?")
_GONE = re.compile(rf"(?:{_any(_DELETED)})\.?")
_MEDIA = re.compile(_any(_OMITTED))
_FILE = re.compile(
    rf" ?[{MARKS}]{{0,3}}(?:<(?:attached|terlampir): \d{{8}}-(?:PHOTO|VIDEO|AUDIO|STICKER|GIF)-[\d-]{{8,24}}\.\w{{2,5}}>"
    r"|(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d{4}\.\w{2,5} \((?:file attached|file terlampir)\))(?:\r?\n)?"
)
_EDITED = re.compile(rf" ?[{MARKS}]{{0,3}}<(?:This message was edited|Pesan ini diedit)>\Z")


class Said(NamedTuple):
    """What stands behind a header.

    Attributes:
        author: The name as the phone shows it; None for a notice.
        kind: ``message``, ``media``, ``deleted`` or ``system``, which is what has no author.
        text: What a person wrote, None when that is nothing.
        raw: All there is, where that is more than the text; else None.
    """

    author: str | None
    kind: str
    text: str | None
    raw: str | None


def said(rest: str) -> Said:
    """Tell who said what, given all that follows a header."""
    bare = without_marks(rest).strip()
    if _NOTICE.fullmatch(bare) or _ACT.fullmatch(bare):
        return Said(None, "system", None, rest)
    author, text = split_name(rest)
    if author is None:
        return Said(None, "system", text, None)
    # iPhones put the name of the group, or of who did it, before a notice.
    bare = without_marks(text).strip()
    act = _ACT.fullmatch(bare)
    if _NOTICE.fullmatch(bare) or (act and act[1] == author):
        return Said(None, "system", None, rest)
    if _GONE.fullmatch(bare):
        return Said(author, "deleted", None, text)
    if _MEDIA.fullmatch(bare):
        return Said(author, "media", None, text)
    written, files = _FILE.subn("", text)
    written = _EDITED.sub("", written)
    raw = None if written == text else text
    return Said(author, "media" if files else "message", written if written.strip() or not files else None, raw)
