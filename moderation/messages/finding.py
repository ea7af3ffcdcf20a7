"""What a user names to the files that are read: themselves, those of a folder, those that a pattern fits."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from moderation.errors import NoInputError
from moderation.messages.batch import ReadProblems
from moderation.messages.mail.folders import files_to_read
from moderation.messages.sniffing import EXTENSIONS

STDIN = "-"


class InputFile(NamedTuple):
    """A file to read.

    Attributes:
        path: Where it is; None for standard input.
        in_folder: The user named the folder, not the file.
        is_mail: Whatever it looks like.
    """

    path: Path | None
    in_folder: bool = False
    is_mail: bool = False


def find_files(inputs: Sequence[str], counts: ReadProblems) -> list[InputFile]:
    """All files to read, in their order; those of folders that are none to read are counted.

    Raises:
        NoInputError: An input is not there, or a folder that holds no messages.
    """
    return [file for name in inputs for file in _expand(name, counts)]


def _expand(name: str, counts: ReadProblems) -> Iterator[InputFile]:
    if name == STDIN:
        yield InputFile(None)
        return
    path = Path(name)
    try:
        if not path.is_dir():
            for file in _matches(path):
                yield InputFile(file)
            return
        files = sorted(file for file in path.rglob("*") if not _is_hidden(file.relative_to(path)) and file.is_file())
    except (OSError, ValueError) as error:
        raise NoInputError(f"{name}: {reason(error)}") from None
    wanted = files_to_read(files)
    if not wanted:
        raise NoInputError(f"{name}: no mail in this folder and no file that ends in {' '.join(EXTENSIONS)} .txt .zip")
    counts.left_out_files += len(files) - len(wanted)
    for file, is_mail in wanted:
        yield InputFile(file, True, is_mail)


def _matches(path: Path) -> list[Path]:
    """The file itself or, when there is none of this name, the files that it is a pattern of.

    Raises:
        OSError: There is neither.
    """
    try:
        path.stat()
    except OSError:
        # `Path.glob` finds no files for ``**`` before Python 3.13.
        found = sorted(file for file in map(Path, glob.glob(str(path), recursive=True)) if file.is_file())  # noqa: PTH207
        if not found:
            raise
        return found
    return [path]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def reason(error: Exception) -> str:
    """What the system says of a path that cannot be read."""
    return (isinstance(error, OSError) and error.strerror) or "no such file"
