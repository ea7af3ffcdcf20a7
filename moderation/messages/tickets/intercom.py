"""Intercom: conversations, which begin with a source and go on with parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from moderation.messages.tickets.part import Part, Person, Ticket, moment, object_at, objects_at, opening, text_at, text_in

_ROLES = {"admin": "agent", "team": "agent", "teammate": "agent", "bot": "bot", "operator": "bot", "system": "system"}
_SAID = ("comment", "note", "note_and_reopen", "open", "quick_reply")  # parts of other types without a body are events


def is_conversation(paths: Set[str]) -> bool:
    """Whether these are the paths in a conversation."""
    known = {"conversation_parts.conversation_parts", "conversation_parts[].part_type", "conversation_message.author"}
    return not paths.isdisjoint(known) or {"source.author", "source.delivered_as"} <= paths


def conversation_parts(conversation: Ticket, _: Mapping[str, Person]) -> Iterator[Part]:
    """The source of a conversation and those of its parts that say something."""
    source = object_at(conversation, "source") or object_at(conversation, "conversation_message")
    parts = objects_at(object_at(conversation, "conversation_parts"), "conversation_parts")
    subject = text_in(text_at(source, "subject")) or text_at(conversation, "title")
    channel = text_at(source, "type")
    common = Part(text_at(conversation, "id"), channel="chat" if channel == "conversation" else channel, subject=subject)
    if source:
        first = _part(common, source, conversation)
        yield first._replace(text=opening(subject, first.text)) if first.role == "customer" else first
    for item in parts or objects_at(conversation, "conversation_parts"):
        part = _part(common, item, item)
        if part.text is not None or text_at(item, "part_type") in _SAID:
            yield part


def _part(common: Part, item: Ticket, timed: Ticket) -> Part:
    author = object_at(item, "author")
    return common._replace(
        message_id=text_at(item, "id"),
        author=text_at(author, "name", "email", "id"),
        role=_ROLES.get(text_at(author, "type") or "", "customer"),
        kind="note" if (text_at(item, "part_type") or "").startswith("note") else "message",
        time=moment(text_at(timed, "created_at")),
        text=text_in(text_at(item, "body")),
    )
