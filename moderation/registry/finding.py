"""A name or a folder to a loaded model. Light, since every scoring starts here."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from moderation.classifier.model import Model, load_model
from moderation.errors import ModelError, NoInputError

REGISTRY = Path("models")
SHIPPED = "default"
VERSIONS, POINTER = "versions", "current"
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_PACKAGE = Path(__file__).parents[1]
_SHIPPED_HOMES = (_PACKAGE / "models", _PACKAGE.parent / "models")
"""Where the shipped models are: in an installed package, and in a checkout."""


def model_folder(name_or_folder: str | None = None, registry: Path = REGISTRY) -> Path:
    """The folder that a name means.

    With a slash in it, it is a folder as it is. Else it is a model of the registry, one of its versions, a shipped model, or
    a folder here. Without a name, it is the version in use, or the shipped model where none was promoted.

    Raises:
        NoInputError: There is no such model.
        ModelError: What is in use cannot be told, or is not there.
    """
    if name_or_folder is None:
        return current_folder(registry) or shipped_folder(registry)
    name = name_or_folder
    if "/" in name or "\\" in name:
        places = [Path(name)]
    else:
        places = [home / name for home in (registry, registry / VERSIONS, *_SHIPPED_HOMES, Path())]
    for place in places:
        if (place / "model.json").is_file():
            return version_folder(registry, place.name) if place.parent == registry / VERSIONS else place
    raise NoInputError(f"no model named {name}: looked for a folder with model.json there, under {registry} and in the package")


def load_named_model(name_or_folder: str | None = None, registry: Path = REGISTRY) -> Model:
    """Load the model that a name or folder means, the one in use when omitted; raises what `model_folder` raises."""
    return load_model(model_folder(name_or_folder, registry))


def known_models(registry: Path = REGISTRY) -> dict[str, Path]:
    """Every model there is a name for, and its folder; a name of the registry hides the same name in the package."""
    found: dict[str, Path] = {}
    for home in (registry, registry / VERSIONS, *_SHIPPED_HOMES):
        for entry in sorted(home.glob("*/model.json")):
            if not entry.parent.name.startswith("."):
                found.setdefault(entry.parent.name, entry.parent)
    return found


def current_folder(registry: Path = REGISTRY) -> Path | None:
    """The folder of the version in use, None where none was promoted; raises `ModelError` as `model_folder` does."""
    version = read_pointer(registry)
    return None if version is None else version_folder(registry, version)


def shipped_folder(registry: Path = REGISTRY) -> Path:
    """The model used where none was promoted."""
    return model_folder(SHIPPED, registry)


def read_pointer(registry: Path) -> str | None:
    """The version in use, None where none was promoted.

    Raises:
        ModelError: There is a pointer, but it is not one line that names a version.
    """
    path = registry / POINTER
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ValueError
        with path.open("rb") as file:
            line = file.read(1000).decode("ascii")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        line = ""
    version = line.removesuffix("\n")
    if not _VERSION.fullmatch(version):
        raise ModelError(f"{path} names no model version; remove it to use the shipped model, then promote again")
    return version


def version_folder(registry: Path, version: str) -> Path:
    """The folder of a version, which lies in the registry itself.

    Raises:
        ModelError: There is none of that name, or a link leads elsewhere.
    """
    folder = registry / VERSIONS / version
    if not _VERSION.fullmatch(version) or not (folder / "model.json").is_file():
        raise ModelError(
            f"{registry / VERSIONS} has no version {version}; put it back, promote another, or moderation models rollback"
        )
    if folder.resolve() != registry.resolve() / VERSIONS / version or any(entry.is_symlink() for entry in folder.iterdir()):
        raise ModelError(f"{folder} is or holds a link; a version lies in the registry itself")
    return folder
