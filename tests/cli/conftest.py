"""A saved model for the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.classifier.model import save_model


@pytest.fixture(scope="session")
def model(tiny_model, tmp_path_factory) -> Path:
    """The small model as a folder, for ``--model``."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(tiny_model, folder)
    return folder


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
