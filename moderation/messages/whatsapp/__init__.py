"""Chats as WhatsApp exports them: a text file of messages, each after a date, a time and a name, in the phone's language."""

from moderation.messages.whatsapp.reader import is_chat, read

__all__ = ["is_chat", "read"]
