"""Freshdesk: tickets with a description and conversations, from its interface or its export of an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from moderation.messages.tickets.part import Part, Person, Ticket, moment, object_at, objects_at, opening, text_at, text_in

_CHANNELS = {"1": "email", "2": "portal", "3": "phone", "7": "chat", "9": "feedback", "10": "email"}
_OUTBOUND = "10"


def is_ticket(paths: Set[str]) -> bool:
    """Whether these are the paths in a ticket."""
    if not paths.isdisjoint({"conversations[].incoming", "notes[].incoming"}):
        return True
    return "requester_id" in paths and not paths.isdisjoint({"description_text", "responder_id"})


def is_conversation(paths: Set[str]) -> bool:
    """Whether these are the paths in one message without its ticket."""
    return {"incoming", "private"} <= paths and not paths.isdisjoint({"body", "body_text"})


def ticket_parts(ticket: Ticket, _: Mapping[str, Person]) -> Iterator[Part]:
    """The description of a ticket and the messages that followed it."""
    requester = object_at(ticket, "requester")
    subject = text_at(ticket, "subject")
    source = text_at(ticket, "source")
    role = "agent" if source == _OUTBOUND else "customer"
    text = text_at(ticket, "description_text") or text_in(text_at(ticket, "description_html", "description"))
    first = Part(
        thread_id=text_at(ticket, "display_id", "id"),
        author=text_at(requester, "name", "email") or text_at(ticket, "requester_name", "email", "requester_id"),
        role=role,
        time=moment(text_at(ticket, "created_at")),
        channel=_CHANNELS.get(source or "", source),
        subject=subject,
        text=opening(subject, text) if role == "customer" else text,
    )
    yield first
    for item in objects_at(ticket, "conversations") or objects_at(ticket, "notes"):
        (part,) = message_parts(item, {})
        by_requester = text_at(item, "user_id") == (text_at(ticket, "requester_id") or "")
        author = first.author if by_requester else part.author
        yield part._replace(thread_id=first.thread_id, author=author, channel=first.channel, subject=subject)


def message_parts(item: Ticket, _: Mapping[str, Person]) -> Iterator[Part]:
    """One message without its ticket."""
    yield Part(
        thread_id=text_at(item, "ticket_id"),
        message_id=text_at(item, "id"),
        author=text_at(item, "from_email", "user_id"),
        role="agent" if item.get("incoming") is False else "customer",
        kind="note" if item.get("private") is True else "message",
        time=moment(text_at(item, "created_at")),
        text=text_at(item, "body_text") or text_in(text_at(item, "body_html", "body")),
    )
