"""A PostgreSQL server of our own: a folder, a socket, no port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote


def find(program: str) -> str | None:
    """Where a program of the server is; Debian keeps them off the PATH."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((found for home in homes if (found := shutil.which(program, path=home))), shutil.which(program))


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Start one and give its URL; it trusts whoever can reach its socket, and syncs to the disk only if told to."""
    initdb, pg_ctl = find("initdb"), find("pg_ctl")
    assert initdb
    assert pg_ctl
    owner = _owner()
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # short: a socket's path has at most 107 characters
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)

        def run(*command: str) -> None:
            user = None if owner is None else owner.pw_uid
            subprocess.run(command, check=True, cwd=folder, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        data = f"{folder}/data"
        run(initdb, "-D", data, "-U", "moderator", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync={'on' if durable else 'off'} -c max_connections=50"
        run(pg_ctl, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://moderator@/postgres?host={quote(folder, safe='')}"
        finally:
            run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")


def _owner() -> pwd.struct_passwd | None:
    """Whom the server runs as where we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]
