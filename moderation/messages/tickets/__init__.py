"""Tickets as help desks export them or their interfaces give them: Zendesk, Intercom and Freshdesk, as JSON or one a line."""

from moderation.messages.tickets.reader import read_document, read_lines
from moderation.messages.tickets.shapes import is_export

__all__ = ["is_export", "read_document", "read_lines"]
