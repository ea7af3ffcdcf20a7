"""Which help desk an object is from: by the paths to its values, down to those of the objects it holds.

A path is made of keys: ``via.channel`` is the value of ``channel`` in the object at ``via``, ``comments[].id`` that of ``id`` in
any object of the list at ``comments``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Set

from moderation.messages.tickets import freshdesk, intercom, zendesk
from moderation.messages.tickets.part import Part, Person, Ticket

PAGES = ("tickets", "requests", "comments", "conversations", "results")
"""Keys under which an answer of an interface holds a list of tickets or of messages. Such an answer has no id of its own."""

WRAPPERS = ("ticket", "conversation", "helpdesk_ticket", "request")
"""Keys of objects that hold nothing but a ticket."""

Parts = Callable[[Ticket, Mapping[str, Person]], Iterator[Part]]

_SHAPES: tuple[tuple[Callable[[Set[str]], bool], Parts], ...] = (
    (intercom.is_conversation, intercom.conversation_parts),
    (zendesk.is_ticket, zendesk.ticket_parts),
    (freshdesk.is_ticket, freshdesk.ticket_parts),
    (zendesk.is_comment, zendesk.comment_parts),
    (freshdesk.is_conversation, freshdesk.message_parts),
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]:,]', re.DOTALL)
_DEPTH = 6


def parts_of(ticket: Ticket) -> Parts | None:
    """How to take an object apart; None when it is from no known help desk."""
    return _parts(_paths_of(ticket))


def is_export(text: str, text_column: str | None) -> bool:
    """Whether JSON that begins with a text is tickets. Objects with the messages' column or a ``text`` of their own are not.

    Args:
        text: The beginning of a file, cut anywhere.
        text_column: The column the user named, if any.
    """
    paths = _paths_in(text)
    for start in ("", "[]", *(f"{key}[]" for key in PAGES)):
        for wrapper in ("", *WRAPPERS):
            prefix = ".".join(filter(None, (start, wrapper)))
            inner = {path[len(prefix) :].lstrip(".") for path in paths if not prefix or path.startswith(f"{prefix}.")}
            if _parts(inner):
                return inner.isdisjoint({"text", text_column})
    return False


def unwrapped(value: Ticket) -> Ticket:
    """The ticket in an object that holds nothing else, or the object."""
    inner = next(iter(value.values())) if len(value) == 1 and next(iter(value)) in WRAPPERS else None
    return inner if isinstance(inner, dict) else value


def _parts(paths: Set[str]) -> Parts | None:
    return next((parts for fits, parts in _SHAPES if fits(paths)), None)


def _paths_of(ticket: Ticket) -> set[str]:
    paths = set(ticket)
    for key, value in ticket.items():
        if isinstance(value, dict):
            paths.update(f"{key}.{inner}" for inner in value)
        elif isinstance(value, list):
            paths.update(f"{key}[].{inner}" for item in value[:1] if isinstance(item, dict) for inner in item)
    return paths


def _paths_in(text: str) -> set[str]:
    """The paths in the beginning of a JSON text, as far as it goes and is not nested too deeply."""
    paths: set[str] = set()
    containers = [""]
    here, string = "", ""
    for match in _TOKEN.finditer(text):
        sign = match[0]
        if sign[0] == '"':
            string = sign
        elif sign == ":":
            here = ".".join(filter(None, (containers[-1], _unquoted(string))))
            paths.add(here)
        elif sign == ",":
            here = containers[-1]
        elif sign in "{[":
            if len(containers) > _DEPTH:
                break
            containers.append(here if sign == "{" else f"{here}[]")
            here = containers[-1]
        elif len(containers) > 1:
            containers.pop()
    return paths


def _unquoted(string: str) -> str:
    try:
        return str(json.loads(string))
    except ValueError:
        return ""
