"""Models that give themselves away: every weight is the version."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from moderation.classifier.calibration import Calibration
from moderation.classifier.model import Model, Thresholds, load_model, save_model
from moderation.registry.finding import load_named_model, read_pointer
from moderation.registry.history import read_history, standing
from moderation.registry.promoting import promote


def numbered(number: int, name: str = "m", **facts) -> Model:
    """A model with a number for version and weights."""
    return Model(
        name=name,
        version=str(number),
        weights=np.full((256, 6), number, np.int16),
        scale=np.ones(5),
        intercept=np.zeros(5),
        calibration=(Calibration(1, 0),) * 5,
        thresholds=(Thresholds(0.5, 0.9),) * 5,
        facts=facts,
        card=f"# Model {number}\n",
    )


def save(folder: Path, *numbers: int) -> None:
    """Numbered models, each in a folder of its number."""
    for number in numbers:
        save_model(numbered(number), folder / str(number))


def put(registry: Path, name: str | Path, **given):
    """Promote whatever it is."""
    return promote(registry, str(name), force=True, reason="because", by="ayu", **given)


def number_of(model: Model) -> int:
    """The number of a model that is of one piece."""
    assert (model.weights == int(model.version)).all()
    assert model.card == f"# Model {model.version}\n"
    return int(model.version)


def assert_whole(registry: Path) -> int:
    """A registry whose every part can be read and agrees with the others; the number of the model in use."""
    current = read_pointer(registry)
    promotions = standing(read_history(registry), current)
    assert (promotions[-1].version if promotions else None) == current
    for folder in (registry / "versions").glob("[!.]*"):
        assert folder.name == f"m-{number_of(load_model(folder))}"
    return number_of(load_named_model(None, registry))
