"""Mails to messages: what one author wrote now, with what is quoted, signed and attached kept apart."""
