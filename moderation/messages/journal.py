"""How far an interrupted run came: a small file beside its output, with names, sizes and figures but nothing of a text."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from moderation.errors import CannotCreateError

Facts = dict[str, str]
"""What has to be the same for a run to be continued, by what people call it."""


@dataclass(frozen=True)
class Progress:
    """How much of a run is done: batches read and written, their rows, and the bytes of output they made."""

    batches: int = 0
    rows: int = 0
    bytes: int = 0


def input_facts(inputs: Sequence[str]) -> Facts:
    """Names, sizes and times of change of the inputs: one entry for each, and for a folder with all that is in it."""
    return {f"input {place}, {name}": _signature(name) for place, name in enumerate(inputs, 1)}


def can_be_read_again(name: str) -> bool:
    """Whether an input is a file, a folder or a pattern of files, and neither standard input nor a pipe."""
    files = _files(name)
    return bool(files) and all(file.is_file() for file in files)


def _files(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        inside = (file for file in path.rglob("*") if not any(part.startswith(".") for part in file.relative_to(path).parts))
        return sorted(file for file in inside if file.is_file())
    return [path] if path.exists() else sorted(map(Path, glob.glob(name, recursive=True)))  # noqa: PTH207 (as reading does)


def _signature(name: str) -> str:
    digest, size, files = hashlib.sha256(), 0, _files(name)
    for file in files:
        facts = file.stat()
        size += facts.st_size
        digest.update(json.dumps([str(file), facts.st_size, facts.st_mtime_ns]).encode())
    return f"{len(files)} files, {size} bytes, {digest.hexdigest()}"


class Journal:
    """The file that keeps what a run is about and its progress."""

    def __init__(self, path: Path, facts: Facts) -> None:
        self._path = path
        self._facts = facts

    def load(self) -> Progress | None:
        """The progress of the interrupted run; None where there was none.

        Raises:
            CannotCreateError: That was a run over something else.
        """
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            facts, progress = dict(kept["facts"]), Progress(**kept["progress"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            raise CannotCreateError(f"{self._path.name} is damaged: begin anew without --resume") from None
        for fact in {**self._facts, **facts}:
            if self._facts.get(fact) != facts.get(fact):
                raise CannotCreateError(
                    f"the interrupted run cannot be continued: not the same {fact}; begin anew without --resume"
                )
        return progress

    def save(self, progress: Progress) -> None:
        """Replace what is kept, or leave it as it was."""
        part = self._path.with_name(f"{self._path.name}~")
        with part.open("w", encoding="utf-8") as file:
            json.dump({"facts": self._facts, "progress": asdict(progress)}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)

    def remove(self) -> None:
        """The run is over."""
        with contextlib.suppress(OSError):
            self._path.with_name(f"{self._path.name}~").unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
