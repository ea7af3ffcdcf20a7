"""One message of a ticket, and how to take something from JSON that may hold anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

Ticket = dict[str, Any]
"""A JSON object; its numbers are text."""


class Part(NamedTuple):
    """One message of a ticket.

    Attributes:
        thread_id: The ticket or conversation.
        message_id: The message.
        author: Name, address or id, whichever comes first.
        role: ``customer``, ``agent``, ``bot`` or ``system``. Who is not known to be any of the others is a customer: a
            message too many does less harm than a threat nobody sees.
        kind: ``message``, or ``note`` when the customer cannot see it.
        time: In ISO 8601, of UTC and with a ``Z`` when the zone is known.
        channel: Where it came in, in the help desk's words.
        subject: Of the ticket.
        text: What was written, without markup; None when nothing was.
    """

    thread_id: str | None = None
    message_id: str | None = None
    author: str | None = None
    role: str | None = "customer"
    kind: str | None = "message"
    time: str | None = None
    channel: str | None = None
    subject: str | None = None
    text: str | None = None


class Person(NamedTuple):
    """Somebody with an id: a name or address, and a role where it is known."""

    name: str | None
    role: str | None


def text_at(value: Ticket, *keys: str) -> str | None:
    """The first of some keys that holds text; an empty one counts as none."""
    return next((found for key in keys if isinstance(found := value.get(key), str) and found.strip()), None)


def object_at(value: Ticket, key: str) -> Ticket:
    """The object at a key, or an empty one."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def objects_at(value: Ticket, key: str) -> list[Ticket]:
    """The objects in the list at a key."""
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text_in(html: str | None) -> str | None:
    """What a person reads of HTML."""
    if html is None:
        return None
    from moderation.messages.mail.html import text_of

    return text_of(html).strip() or None


def opening(subject: str | None, text: str | None) -> str | None:
    """What is scored of the message that opened a ticket: its subject too, unless the text begins with it."""
    if subject is None or (text or "").startswith(subject.removesuffix("...").rstrip()):
        return text
    return subject if text is None else f"{subject}\n{text}"


def moment(value: str | None) -> str | None:
    """A time, in seconds since 1970 or in ISO 8601, as the latter; what is neither stays as it is."""
    if value is None:
        return None
    try:
        time = datetime.fromtimestamp(int(value), UTC) if value.isdecimal() else datetime.fromisoformat(value)
        return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time.tzinfo else time.isoformat()
    except (ValueError, OverflowError, OSError):
        return value
