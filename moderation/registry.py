"""Where models live: a name or a folder to a loaded model."""

from __future__ import annotations

from pathlib import Path

from moderation.classifier.model import Model, load_model
from moderation.errors import NoInputError

DEFAULT = "default"


def model_folder(name_or_folder: str | None = None) -> Path:
    """The folder that a name means: a path as it is, else ``models/NAME`` here, else the one that is shipped.

    Raises:
        NoInputError: There is none.
    """
    name = name_or_folder or DEFAULT
    package = Path(__file__).parent
    places = [Path(name)] if "/" in name or "\\" in name else []
    places += [Path("models") / name, package / "models" / name, package.parent / "models" / name, Path(name)]
    for place in places:
        if (place / "model.json").is_file():
            return place
    raise NoInputError(f"no model named {name}: looked for a folder with model.json there, under models/ and in the package")


def load_named_model(name_or_folder: str | None = None) -> Model:
    """Load the model that a name or folder means, the shipped one when omitted."""
    return load_model(model_folder(name_or_folder))


def known_models() -> dict[str, Path]:
    """Every model there is a name for, and its folder; a name here hides the same name in the package."""
    package = Path(__file__).parent
    found: dict[str, Path] = {}
    for home in (Path("models"), package / "models", package.parent / "models"):
        for entry in sorted(home.glob("*/model.json")):
            found.setdefault(entry.parent.name, entry.parent)
    return found
