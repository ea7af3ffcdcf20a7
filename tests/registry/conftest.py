"""A registry with numbered models beside it."""

from __future__ import annotations

from multiprocessing import forkserver
from pathlib import Path

import pytest

from tests.registry.helpers import save
from tests.registry.workers import PROCESSES


@pytest.fixture(scope="session", autouse=True)
def _ready_processes() -> None:
    """Another process starts with everything imported, from this checkout: else each of hundreds would spend a second on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        PROCESSES.set_forkserver_preload(["tests.registry.workers"])
        forkserver.ensure_running()


@pytest.fixture
def registry(tmp_path, monkeypatch) -> Path:
    """``models`` in the current folder, which it is not yet; candidates 1 to 5 lie in ``new``. The model 1 is the shipped one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("moderation.registry.finding._SHIPPED_HOMES", (tmp_path / "shipped",))
    save(tmp_path / "new", 1, 2, 3, 4, 5)
    (tmp_path / "shipped").mkdir()
    (tmp_path / "new" / "1").rename(tmp_path / "shipped" / "default")
    return Path("models")
