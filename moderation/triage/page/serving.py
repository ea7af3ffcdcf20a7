"""Listens, and tells whoever started it how to come in."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from moderation.classifier.model import Model
from moderation.errors import OutputError, UsageError
from moderation.triage.page.app import make_app
from moderation.triage.page.gates import Gate, Link, Passwords
from moderation.triage.queue import Queue

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def serve(
    queue: Queue,
    model: Model,
    say: Callable[[str], None],
    *,
    host: str = "127.0.0.1",
    port: int = 8300,
    names: Sequence[str] = (),
    passwords: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    lang: str = "id",
) -> None:
    """Serve the page until told to stop.

    Args:
        queue: Whose messages.
        model: Explains them.
        say: Tells a line to whoever started it.
        host: Address to listen on; loopback unless there are passwords.
        port: Port to listen on; 0 takes a free one.
        names: Further names that browsers may use for the server.
        passwords: Who may come in, see `gates.set_password`; without, a link that works once is said.
        certificate: For HTTPS, with ``key``.
        key: Of the certificate.
        lang: ``id`` or ``en``, until somebody chooses.

    Raises:
        UsageError: The address needs passwords, or a name.
        OutputError: The address cannot be listened on.
    """
    if passwords is None and not is_loopback(host):
        raise UsageError("an address that others can reach needs --passwords: moderation triage passwd makes the file")
    if is_wildcard(host) and not names:
        raise UsageError(f"{host} is no name: say with --name what browsers call this server")
    if (certificate is None) != (key is None):
        raise UsageError("--certificate and --key go together")
    with _listen(host, port) as listener:
        shown = names[0] if names else f"[{host}]" if ":" in host else host
        base = f"{'http' if certificate is None else 'https'}://{shown}:{listener.getsockname()[1]}"
        gate: Gate
        if passwords is None:
            gate = Link(lambda secret: say(f"To come in, once: {base}/login?link={secret}"))
        else:
            gate = Passwords(passwords)
            say(f"Listening on {base}")
            if certificate is None and not is_loopback(host):
                say("Passwords and messages travel in the clear: --certificate and --key encrypt them")
        known = {shown, *names, *(LOOPBACK if is_loopback(host) else ())}
        config = uvicorn.Config(
            make_app(queue, model, gate, known, lang=lang, secure=certificate is not None),
            access_log=False,  # the log of the store says who saw what
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_wildcard(host: str) -> bool:
    """Whether an address means all addresses of this computer."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OutputError(f"{host}:{port}: {error.strerror}") from None
