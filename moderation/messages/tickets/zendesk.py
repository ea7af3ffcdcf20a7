"""Zendesk: tickets with their comments, as its export and tools write them, and the answers of its interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from moderation.messages.tickets.part import Part, Person, Ticket, moment, object_at, objects_at, opening, text_at, text_in

_SYSTEM = "-1"
_ROLES = {"end-user": "customer", "agent": "agent", "admin": "agent"}
_PEOPLE = ("requester", "submitter", "assignee")


def is_ticket(paths: Set[str]) -> bool:
    """Whether these are the paths in a ticket."""
    if "comments[].author_id" in paths and not paths.isdisjoint({"comments[].public", "comments[].via", "comments[].html_body"}):
        return True
    return {"requester_id", "via"} <= paths and not paths.isdisjoint({"description", "subject"})


def is_comment(paths: Set[str]) -> bool:
    """Whether these are the paths in a comment without its ticket."""
    return {"author_id", "body"} <= paths and not paths.isdisjoint({"html_body", "plain_body", "audit_id"})


def person(user: Ticket) -> Person:
    """A user."""
    return Person(text_at(user, "name", "email"), _ROLES.get(text_at(user, "role") or ""))


def ticket_parts(ticket: Ticket, people: Mapping[str, Person]) -> Iterator[Part]:
    """The comments of a ticket or, without any, its description, which is the first of them."""
    known = dict(people)
    for key in _PEOPLE:
        user = object_at(ticket, key)
        if number := text_at(user, "id"):
            known[number] = person(user)
    comments = objects_at(ticket, "comments")
    requester = text_at(ticket, "requester_id") or text_at(object_at(ticket, "requester"), "id")
    staff = {text_at(ticket, "assignee_id"), text_at(ticket, "submitter_id")}
    staff |= {text_at(comment, "author_id") for comment in comments if comment.get("public") is False}
    for number in staff - {requester, None}:
        known.setdefault(str(number), Person(None, "agent"))
    if not comments:
        comments = [{"author_id": requester, "body": ticket.get("description"), "created_at": ticket.get("created_at")}]
    subject = text_at(ticket, "subject", "raw_subject")
    for place, comment in enumerate(comments):
        part = _part(comment, known, requester)
        channel = part.channel or text_at(object_at(ticket, "via"), "channel")
        text = part.text if place or part.role != "customer" else opening(subject, part.text)
        yield part._replace(thread_id=text_at(ticket, "id"), channel=channel, subject=subject, text=text)


def comment_parts(comment: Ticket, people: Mapping[str, Person]) -> Iterator[Part]:
    """The one message of a comment without its ticket."""
    yield _part(comment, people, None)


def _part(comment: Ticket, people: Mapping[str, Person], requester: str | None) -> Part:
    author = text_at(comment, "author_id")
    name, role = people.get(author or "", Person(None, None))
    if author == _SYSTEM:
        role = "system"
    elif author is not None and author == requester:
        role = "customer"
    return Part(
        thread_id=text_at(comment, "ticket_id"),
        message_id=text_at(comment, "id"),
        author=name or author,
        role=role or "customer",
        kind="note" if comment.get("public") is False else "message",
        time=moment(text_at(comment, "created_at")),
        channel=text_at(object_at(comment, "via"), "channel"),
        text=text_at(comment, "plain_body", "body") or text_in(text_at(comment, "html_body")),
    )
