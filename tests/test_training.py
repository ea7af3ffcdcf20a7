"""Rows to a model and what is written down about it; figures against their definitions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from moderation.card import write_card
from moderation.categories import CATEGORIES
from moderation.classifier.model import Thresholds
from moderation.errors import DataError, NoInputError
from moderation.evaluation import evaluate, measure
from moderation.labelled import LabelledRows
from moderation.training import TrainingConfig, load_config, train
from tests.authored import LABELS, TEXTS
from tests.conftest import TINY


def with_facets(rows: LabelledRows, **facets) -> LabelledRows:
    return replace(rows, facets={name: np.array(values, object) for name, values in facets.items()})


# Training


def test_test_rows_and_rows_of_no_weight_teach_nothing(tiny_rows, tiny_model):
    extra = ["kata aneh sekali"] * 3
    rows = LabelledRows(
        pa.concat_arrays([tiny_rows.texts, pa.array(extra, pa.large_string())]),
        np.vstack([LABELS, np.ones((3, 5))]),
        np.append(np.ones(len(TEXTS)), [1, 1, 0]),
        {"split": np.array(["train"] * len(TEXTS) + ["test", "test", "train"], object)},
    )
    again = train(rows, TINY)
    np.testing.assert_array_equal(again.weights, tiny_model.weights)
    assert again.facts["rows"] == len(TEXTS)
    assert again.thresholds == tiny_model.thresholds


def test_facts_hold_figures_and_no_text(tiny_rows, tiny_model):
    sources = ["a"] * 30 + ["b"] * (len(TEXTS) - 30)
    licences = ["CC0"] * 30 + [""] * (len(TEXTS) - 30)
    model = train(with_facets(tiny_rows, source=sources, licence_class=licences), TINY)
    assert model.facts["sources"] == {"a": 30, "b": len(TEXTS) - 30}
    assert model.facts["licences"] == {"a": "CC0", "b": ""}
    assert model.version == model.facts["fingerprint"][:8]
    assert set(model.facts["out_of_fold"]) == set(CATEGORIES)
    written = json.dumps(model.facts, allow_nan=False)
    assert not any(text in written or text in model.card for text in TEXTS)
    assert "| a | 30 | CC0 |" in model.card
    assert "not stated" in model.card
    assert "| unnamed |" in tiny_model.card


def test_the_version_tells_trainings_apart(tiny_rows, tiny_model):
    others = [
        train(replace(tiny_rows, weights=np.linspace(0.5, 1, len(TEXTS))), TINY),
        train(with_facets(tiny_rows, group=[f"g{n // 2}" for n in range(len(TEXTS))]), TINY),
        train(tiny_rows, replace(TINY, C=0.2)),
        train(replace(tiny_rows, texts=pa.array([*TEXTS[:-1], "lain"], pa.large_string())), TINY),
    ]
    assert len({tiny_model.version, *(model.version for model in others)}) == 5


def test_too_little_to_learn_from(tiny_rows):
    nothing = with_facets(tiny_rows, split=["test"] * len(TEXTS))
    with pytest.raises(DataError, match="no rows to train on"):
        train(nothing, TINY)
    with pytest.raises(DataError, match="no rows to train on"):
        train(replace(tiny_rows, weights=np.zeros(len(TEXTS))), TINY)
    labels = LABELS.copy()
    labels[:, 3] = np.nan
    with pytest.raises(DataError, match="hate has 0 groups of rows labelled 1 and 0 labelled 0"):
        train(replace(tiny_rows, labels=labels), TINY)
    groups = [f"row {n}" if not LABELS[n, 2] else "chain letter" for n in range(len(TEXTS))]
    with pytest.raises(DataError, match="hoax has 1 groups"):
        train(with_facets(tiny_rows, group=groups), TINY)


def test_working_points_come_from_customers(tiny_rows):
    """A tenth of the clean rows may be flagged; which clean rows, customer_sources says."""
    sources = ["customers"] * 12 + ["web"] * (len(TEXTS) - 12)
    everyone = train(with_facets(tiny_rows, source=sources), TINY)
    customers = train(with_facets(tiny_rows, source=sources), replace(TINY, customer_sources=("customers",)))
    np.testing.assert_array_equal(everyone.weights, customers.weights)
    assert everyone.thresholds != customers.thresholds
    assert all(t.act == 1 for t in customers.thresholds)  # twelve clean rows prove nothing


# Config


def test_config(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('name = "x"\nbits = 12\ncustomer_sources = ["a"]\n[weights]\na = 0.5\n')
    assert load_config(path) == TrainingConfig(name="x", bits=12, customer_sources=("a",), weights={"a": 0.5})
    path.write_text("bist = 12\n")
    with pytest.raises(DataError, match="unknown key bist"):
        load_config(path)
    for content in (b"= 1", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="not TOML"):
            load_config(path)
    with pytest.raises(NoInputError):
        load_config(tmp_path / "none.toml")


# Figures


def test_figures_equal_their_definitions():
    p = np.array([0.1, 0.4, 0.6, 0.8, 0.9, 0.3])
    y = np.array([False, True, False, True, True, False])
    figures = measure("spam", "all", p, y, Thresholds(0.5, 0.85))
    assert (figures.rows, figures.positives) == (6, 3)
    assert figures.precision == pytest.approx(2 / 3)
    assert figures.recall == pytest.approx(2 / 3)
    assert figures.f1 == pytest.approx(2 / 3)
    assert figures.false_positive_rate == pytest.approx(1 / 3)
    assert (figures.act_precision, figures.act_recall) == (1, pytest.approx(1 / 3))
    assert figures.roc_auc == pytest.approx(8 / 9)


@pytest.mark.parametrize("truth", [True, False])
def test_figures_that_rows_do_not_allow_are_none(truth):
    figures = measure("spam", "all", np.array([0.2, 0.3]), np.array([truth] * 2), Thresholds(0.5, 0.9))
    assert figures.average_precision is figures.roc_auc is figures.precision is figures.act_precision is None
    assert figures.f1 == (0 if truth else None)
    assert figures.recall == (0 if truth else None)
    assert figures.false_positive_rate == (None if truth else 0)


def test_evaluation_slices_and_clean_rows(tiny_rows, tiny_model):
    langs = ["id"] * 40 + ["en"] * (len(TEXTS) - 40)
    found = evaluate(tiny_model, with_facets(tiny_rows, lang=langs, channel=["x"] + [""] * (len(TEXTS) - 1)))
    assert [f.category for f in found.overall()] == list(CATEGORIES)
    assert {f.slice for f in found.figures} == {"all", "lang=id", "lang=en"}  # one row is too few for a slice
    assert found.clean_rows == 12
    assert 0 <= found.clean_flagged <= 12
    assert found.model == f"tiny {tiny_model.version}"
    assert all((f.recall or 0) > 0.8 for f in found.overall())
    json.dumps(found.to_dict(), allow_nan=False)
    labels = LABELS.copy()
    labels[:, 1] = np.nan
    partly = evaluate(tiny_model, replace(tiny_rows, labels=labels))
    assert "threatening" not in {f.category for f in partly.figures}
    assert partly.clean_rows == 0


def test_card_says_what_matters(tiny_model):
    card = write_card(tiny_model)
    assert card == tiny_model.card
    assert card.startswith(f"# Model tiny {tiny_model.version}\n")
    for category, thresholds in zip(CATEGORIES, tiny_model.thresholds, strict=True):
        act = "none proven" if thresholds.act == 1 else f"{thresholds.act:.3f}"
        assert f"| {category} | {thresholds.review:.3f} | {act} |" in card
    assert "## Limits" in card
