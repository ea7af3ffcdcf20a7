"""``moderation triage serve`` and ``passwd``: the page, and who may come in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from moderation.cli.console import say
from moderation.cli.triage import DEFAULT_STORE, Store
from moderation.errors import UsageError

DEFAULT_PORT = 8300
DEFAULT_PASSWORDS = Path("triage-passwords.json")

Passwords = Annotated[
    Path | None,
    typer.Option("--passwords", envvar="MODERATION_PASSWORDS", help="File that triage passwd makes; else a link lets you in."),
]


def serve(
    *,
    store: Store = DEFAULT_STORE,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than loopback need --passwords.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port to listen on; 0 takes a free one.")] = DEFAULT_PORT,
    name: Annotated[list[str] | None, typer.Option("--name", help="What browsers call this server, if not --host.")] = None,
    passwords: Passwords = None,
    certificate: Annotated[Path | None, typer.Option("--certificate", help="For HTTPS, in PEM; with --key.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Of the certificate.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Explains the messages; the one in use when omitted.")] = None,
    lang: Annotated[str, typer.Option("--lang", help="id or en, until somebody chooses on the page.")] = "id",
) -> None:
    """Open the queue as a page in the browser.

    It listens on this computer only, and prints a link that lets one person in, once. With a file of passwords, moderators come
    in by pseudonym and password, and --host may be an address that others reach.

    Example: moderation triage serve --port 8300
    """
    from moderation.registry import load_named_model
    from moderation.triage.page.languages import LANGUAGES
    from moderation.triage.page.serving import serve as listen
    from moderation.triage.queue import open_queue

    if lang not in LANGUAGES:
        raise UsageError(f"--lang is one of {', '.join(LANGUAGES)}")
    with open_queue(store) as queue:
        listen(
            queue,
            load_named_model(model),
            say,
            host=host,
            port=port,
            names=name or (),
            passwords=passwords,
            certificate=certificate,
            key=key,
            lang=lang,
        )


def passwd(
    reviewer: Annotated[str, typer.Argument(help="Pseudonym of the moderator.", metavar="NAME")],
    *,
    passwords: Annotated[
        Path, typer.Option("--passwords", envvar="MODERATION_PASSWORDS", help="File to keep it in.")
    ] = DEFAULT_PASSWORDS,
) -> None:
    """Set a moderator's password, asked for twice, or one line of standard input.

    Example: moderation triage passwd rani
    """
    from moderation.triage.page.gates import set_password

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    set_password(passwords, reviewer.strip(), password)
    say(f"{passwords}: password of {reviewer.strip()} set")
