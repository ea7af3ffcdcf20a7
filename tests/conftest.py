"""What several test folders need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moderation.classifier.model import Model
from moderation.labelled import LabelledRows
from moderation.training import TrainingConfig, train
from tests.authored import LABELS, TEXTS

TINY = TrainingConfig(name="tiny", bits=12, folds=2, review_false_positive_rate=0.1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data beside the repository."""
    folder = Path(__file__).parents[1] / "../shared"
    if not folder.is_dir():
        pytest.skip("no ../shared here")
    return folder


@pytest.fixture(scope="session")
def tiny_rows() -> LabelledRows:
    """Some sixty made-up messages, every label known."""
    return LabelledRows(pa.array(TEXTS, pa.large_string()), LABELS, np.ones(len(TEXTS)), {})


@pytest.fixture(scope="session")
def tiny_model(tiny_rows) -> Model:
    """A small model that knows the sixty messages; no test needs the shipped one."""
    return train(tiny_rows, TINY)
