"""What makes a change to a folder whole: one writer at a time, and everything on the disk before it counts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moderation.errors import CannotCreateError

LOCK = ".lock"


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Make the folder and hold its lock; another writer waits. The system lets go of the lock of a process that dies.

    Raises:
        CannotCreateError: The folder or its lock cannot be made, or the system has no such locks.
    """
    try:
        import fcntl
    except ImportError:
        raise CannotCreateError("this system has no file locks; promote on Linux or macOS and copy the folder here") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / LOCK, "ab", opener=no_follow)  # noqa: SIM115 - Path.open has no opener
    except OSError as error:
        raise CannotCreateError(f"cannot write in {folder}: {error.strerror}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def no_follow(path: str, flags: int) -> int:
    """An opener that refuses a link."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and see it onto the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """See a folder's names onto the disk, after a rename."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
