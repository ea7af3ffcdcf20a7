"""``moderation explain``: the words that push each category."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from moderation.cli.console import out, shown
from moderation.errors import DataError

READ, WORD = 500, 40
"""How many characters of the message and of a single word are shown."""


def explain(
    text: Annotated[str | None, typer.Argument(help="The message; read from standard input when omitted or -.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Name or folder; the one in use when omitted.")] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Mask mail addresses and telephone, identity, tax, card and customer numbers.")
    ] = False,
) -> None:
    """Show why a message gets its score: the words that push each category, strongest first.

    Example: moderation explain "teknisi lo g0bl0k, gue tau rumahnya"
    """
    message = sys.stdin.buffer.read().decode("utf-8", "replace") if text in (None, "-") else text
    if not message.strip():
        raise DataError("nothing to explain: the message is empty")
    show_reasons(message, model, redact=redact)


def show_reasons(message: str, model: str | None = None, *, redact: bool = False) -> None:
    """Print the explanation of one message, with ``redact`` without the personal data in it."""
    from rich.table import Table

    from moderation.classifier.explain import explain as explain_message
    from moderation.redaction import Redactor
    from moderation.scoring import load
    from moderation.text.ngrams import fold

    moderator = load(model)
    verdict = moderator.score([message]).to_pylist()[0]
    explanation = explain_message(moderator.model, message)
    redactor = Redactor() if redact else None
    table = Table(box=None, padding=(0, 1))
    table.add_column("category")
    table.add_column("probability", justify="right")
    table.add_column("")
    table.add_column("words that push it (log odds)")
    for policy in moderator.policy.categories:
        pushing = [reason for reason in explanation.of(policy.name) if reason.push >= 0.05]
        words = [redactor.mask_part(message, r.start, r.end) if redactor else r.text for r in pushing]
        reasons = ", ".join(f"{shown(word, WORD)} {r.push:+.1f}" for word, r in zip(words, pushing, strict=True))
        flag = "flagged" if policy.name in verdict["flags"] else ""
        table.add_row(policy.name, f"{verdict[f'p_{policy.name}']:.3f}", flag, reasons or "-")
    console = out()
    console.print(f"read as: {shown(fold(redactor.mask(message)) if redactor else explanation.folded, READ)}")
    console.print(table)
    console.print(
        f"action {verdict['action']}, priority {verdict['priority']:.0f}, status {verdict['status']}, model {verdict['model']}"
    )
