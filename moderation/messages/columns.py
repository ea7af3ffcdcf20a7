"""Names of columns: which one holds the messages, and how none gets lost beside the columns of a verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from moderation.categories import CATEGORIES
from moderation.errors import DataError

VERDICT_COLUMNS = (*(f"p_{category}" for category in CATEGORIES), "flags", "action", "priority", "status", "model")
"""What a verdict adds to a row. An input column of such a name becomes ``input_<name>``."""

TEXT_NAMES = ("message", "body", "content", "comment", "tweet", "review", "pesan", "isi", "komentar", "ulasan", "keluhan")
"""Where messages are looked for, in this order, when no column is called ``text``."""

FACT_NAMES = {
    "author": ("author", "user", "username", "sender", "from", "pengirim"),
    "thread": ("thread_id", "thread", "conversation_id", "conversation", "ticket_id", "ticket"),
    "time": ("time", "created_at", "timestamp", "sent_at", "date", "waktu", "tanggal"),
    "channel": ("channel",),
    "lang": ("lang",),
}
"""Where author, conversation, time, channel and language are looked for, in this order and in any case."""

SHOWN_COLUMNS, SHOWN_CHARACTERS = 30, 40
"""How much of a header an error shows. A file without a header has messages in its place."""


def free_name(name: str, taken: Collection[str]) -> str:
    """A name that is neither taken nor one the verdict adds: ``input_<name>`` and ``name_2`` make room."""
    if name in VERDICT_COLUMNS:
        name = f"input_{name}"
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def free_names(originals: Iterable[str]) -> list[str]:
    """The names under which a whole header travels on."""
    names: dict[str, None] = {}
    for original in originals:
        names[free_name(original, names)] = None
    return list(names)


def find_text(originals: Sequence[str], wanted: str | None, source: str) -> int:
    """Tell which column holds the messages.

    That is `wanted`, or else ``text``, the only column, or the first of `TEXT_NAMES`, in any case.

    Args:
        originals: The header as it is in the input.
        wanted: What the user asked for.
        source: What errors call the input.

    Raises:
        DataError: There is no such column. Lists those there are.
    """
    if wanted is not None:
        for names in (originals, free_names(originals)):
            if wanted in names:
                return names.index(wanted)
        raise DataError(f"{source}: no column {wanted!r}; columns: {listed(originals)}")
    folded = [name.strip().casefold() for name in originals]
    if "text" not in folded and len(originals) == 1:
        return 0
    for name in ("text", *TEXT_NAMES):
        if name in folded:
            return folded.index(name)
    raise DataError(f"{source}: which column holds the messages? Name it with --text; columns: {listed(originals)}")


def is_text_name(name: str, wanted: str | None) -> bool:
    """Whether a header cell looks like the messages' column."""
    return name == wanted or name.strip().casefold() in ("text", *TEXT_NAMES)


def listed(names: Sequence[str]) -> str:
    """Column names for an error: not too many, not too long, and nothing that disturbs a terminal."""
    shown = [name if len(name) <= SHOWN_CHARACTERS else f"{name[:SHOWN_CHARACTERS]}..." for name in names[:SHOWN_COLUMNS]]
    if len(names) > SHOWN_COLUMNS:
        shown.append(f"and {len(names) - SHOWN_COLUMNS} more")
    return ", ".join(ascii_safe(name) for name in shown) or "none"


def ascii_safe(name: str) -> str:
    """A name without characters that would disturb a terminal."""
    return "".join(c if c.isprintable() else "?" for c in name)
